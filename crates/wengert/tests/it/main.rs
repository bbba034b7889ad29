//! The engine as its users call it.

mod bad_input;
mod check;
mod common;
mod comparisons;
mod depth;
mod derive;
mod derive_laws;
mod explain;
mod float;
mod folds;
mod growth;
mod guards;
mod handles;
mod labels;
mod laws;
mod lecture;
mod limits;
mod model;
mod operators;
mod orders;
mod replay;
mod rewind;
mod series;
mod sparse;
mod stale;
mod sweeps;
