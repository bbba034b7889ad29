//! Tools for derivatives that are wrong or NaN.

pub(crate) mod audit;
pub(crate) mod check;
pub(crate) mod nan;
mod story;
