//! Every route of the engine against the corpus.

mod binary;
mod corpus;
mod dag;
mod docs;
mod micrograd;
mod points;
mod program;
mod special_points;
