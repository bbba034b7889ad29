//! The look: colors, and a picture as SVG, PNG and DOT.

pub(crate) mod colors;
pub(crate) mod dot;
pub(crate) mod escape;
#[cfg(feature = "png")]
pub(crate) mod png;
pub(crate) mod svg;
