//! The targets, on the files that are checked in.

mod corpus;
mod random;
