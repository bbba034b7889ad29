//! The targets, on the files that are checked in, on random bytes, and what serde reads on mutated ones.

mod corpus;
mod random;
mod serde;
