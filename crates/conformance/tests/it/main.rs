//! Every route of the engine against the corpus.

mod binary;
mod compiler;
mod corpus;
mod dag;
mod docs;
mod micrograd;
#[cfg(mutate)]
mod mutate;
mod points;
mod program;
mod rules;
mod special_points;
