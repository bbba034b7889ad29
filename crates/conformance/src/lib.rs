//! The reference corpus, run through every route of the engine.
//!
//! A *route* is a way to get numbers out of a formula: the eager sweep, the
//! gradient as graph, a compiled program. All of them must give the same
//! numbers, so all of them are asked through one trait and judged by one set of
//! tolerances. Nothing here knows a derivative: what is right stands in `data/`,
//! computed elsewhere to sixty digits.
//!
//! The modules, in reading order:
//! - [`ulp`]: numbers as bits, and how far one is from an exact value;
//! - [`words`]: the vocabulary of formulas;
//! - [`formula`]: straight-line code;
//! - [`dag`]: files of formulas with expected values;
//! - [`table`]: files of points of one function each;
//! - [`bounds`]: the tolerances and the tally of what was checked;
//! - [`route`]: the ways to evaluate, one file each;
//! - [`command`]: what the binary does.
//!
//! Next file: `ulp.rs`.

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
