//! Fuzz targets: functions that take any bytes and panic where something does not hold.
//!
//! A fuzzer looks for bytes that make them panic: `just fuzz api 30` runs one for half an hour, `just fuzz-smoke` each
//! for ten seconds. `cargo test -p fuzz-targets` runs them on the files in `corpus/`, so whatever a fuzzer once found
//! is tested everywhere. `libfuzzer/` wraps them for cargo-fuzz, and contains nothing else.
//!
//! - [`api`]: sequences of calls on two graphs, compared with a model, functions of a user's own among them;
//! - [`routes`]: random graphs of every op, through every way to evaluate them;
//! - [`bytes`]: files of programs, nets, optimizers and formulas;
//! - [`labels`]: any text as a label, in pictures, pages and formulas.
//!
//! Structured input is read by [`arbitrary`] from the front, a byte or a number at a time, so that a file of the corpus
//! can be written by hand.

mod api;
mod bytes;
mod calls;
mod functions;
mod labels;
mod model;
mod routes;

pub use api::api;
pub use bytes::bytes;
pub use labels::labels;
pub use routes::routes;

// Shared with the tests of the crates they belong to.
#[path = "../../program/tests/it/batches/mod.rs"]
mod batches;
#[path = "../../program/tests/it/dag/mod.rs"]
mod dag;
#[allow(dead_code, reason = "the tests of pictures use all of it")]
#[path = "../../viz/tests/it/support/dot.rs"]
mod dot;

/// A target.
pub type Target = fn(&[u8]);

/// Every target and its name, which is also that of its folder of files.
pub const TARGETS: [(&str, Target); 4] = [("api", api), ("bytes", bytes), ("labels", labels), ("routes", routes)];
