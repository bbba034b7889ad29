//! Programs in the formats of serde: as the bytes of a file, which have a version and are checked when they are read.

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::program::Program;

/// As bytes, those of [`Program::to_bytes`].
///
/// # Errors
/// Where two of the user's functions that it calls have the same name.
impl Serialize for Program {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.try_to_bytes().map_err(S::Error::custom)?)
    }
}

/// From bytes that [`Program::from_bytes`] reads, with its errors and its bounds. Formats without bytes, such as JSON, have
/// a list of numbers, two to four characters for each byte; reading it takes up to 3 more bytes of memory for each.
///
/// A program that calls the user's functions is an error: read the bytes, and give them to
/// [`Program::from_bytes_with`].
impl<'de> Deserialize<'de> for Program {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Program, D::Error> {
        struct Bytes;
        impl<'de> Visitor<'de> for Bytes {
            type Value = Program;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the bytes of a program")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Program, E> {
                Program::from_bytes(bytes).map_err(E::custom)
            }

            /// Formats without bytes have a list of numbers. Its length is not trusted.
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Program, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = items.next_element()? {
                    bytes.try_reserve(1).map_err(A::Error::custom)?;
                    bytes.push(byte);
                }
                self.visit_bytes(&bytes)
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}
