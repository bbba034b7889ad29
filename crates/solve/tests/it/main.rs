//! The shapes as a solver meets them.

mod bad_input;
mod branches;
mod laws;
mod not_finite;
mod threads;
mod zero;
