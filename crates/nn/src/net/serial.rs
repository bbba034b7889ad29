//! Nets in the formats of serde: as the text of a file, which has a version, is exact to the bit (JSON has no NaN) and is
//! checked when it is read.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::net::Mlp;

/// As a string, the text of a file: [`Mlp::text`].
impl Serialize for Mlp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

/// From a string that [`Mlp::parse`] reads, with its errors. Memory grows with the string, not with the numbers
/// in it.
impl<'de> Deserialize<'de> for Mlp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Mlp, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Mlp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the text of a net")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Mlp, E> {
                Mlp::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}
