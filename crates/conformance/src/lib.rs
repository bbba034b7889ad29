//! The reference corpus, run through every route of the engine.
//!
//! A *route* is a way to evaluate a formula: the eager sweep, the gradient as graph, a compiled program. All must give
//! the same numbers, so all implement one trait and are checked against one set of tolerances. This crate computes no
//! derivatives: the reference values in `data/` were computed elsewhere, to sixty digits.
//!
//! - [`ulp`]: numbers as bits, and their distance from exact values;
//! - [`words`]: the vocabulary of formulas;
//! - [`formula`]: straight-line code;
//! - [`dag`]: files of formulas with expected values;
//! - [`table`]: files of points of one function each;
//! - [`bounds`]: the tolerances, and a tally of the numbers checked;
//! - [`route`]: the ways to evaluate, one file each;
//! - [`command`]: the commands of the binary.

pub mod bounds;
pub mod command;
pub mod dag;
pub mod formula;
pub mod route;
pub mod table;
pub mod ulp;
pub mod words;

/// The bytes of a file of the corpus.
///
/// # Panics
/// If the file is not there.
pub fn data(file: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(file);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
