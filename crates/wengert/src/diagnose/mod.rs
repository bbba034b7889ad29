//! What helps where a derivative is not what one takes it for.

pub(crate) mod check;
pub(crate) mod nan;
mod story;
