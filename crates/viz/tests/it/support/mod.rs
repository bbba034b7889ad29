//! What the tests of pictures share: readers of DOT and of SVG that know nothing of how either was
//! written.
#![allow(dead_code, unused_imports, reason = "each test program uses a part of it")]

mod dot;
mod folder;
mod svg;

pub(crate) use dot::{Read, fields, read};
pub(crate) use folder::Folder;
pub(crate) use svg::{Rect, Svg, texts};
