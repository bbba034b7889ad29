//! Nets through serde: as one string, the text of a file. It has a version, is exact to the bit in any format (JSON has no
//! NaN), and is checked when it is read.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::net::Mlp;
use crate::net::file::{parse, text};

/// As a string, the [`text`](crate::text()) of a file.
impl Serialize for Mlp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&text(self))
    }
}

/// From a string that [`parse`](crate::parse()) reads, with its errors. The length of the string bounds memory, whatever
/// counts it declares.
impl<'de> Deserialize<'de> for Mlp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Mlp, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Mlp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the text of a net")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Mlp, E> {
                parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}
