//! What the tests of pictures share: readers of DOT and of SVG that know nothing of how either was
//! written.

mod dot;
mod folder;
mod svg;

pub(crate) use dot::{fields, read};
pub(crate) use folder::Folder;
pub(crate) use svg::{Rect, Svg, texts};
