//! Benchmarks of wengert: what is measured, against what, and how.
//!
//! A [`Workload`] is one function written three ways: generic over [`Number`] (every tape records this body), as a
//! plain `f64` function (P), and by hand with its gradient (H). An [`Engine`] is a tape that records a body and sweeps
//! it back. [`measure`] times engines against P and H in interleaved rounds, and [`report`] prints the results.
//! [`routes`] adds what does not record and sweep: compiled programs, duals, second derivatives. The binary `ratios`
//! and the criterion benches are two front ends of the same parts. [`plot`] draws the table of docs/performance.md.

#![forbid(unsafe_code)]

pub mod compiling;
pub mod derivatives;
pub mod engines;
pub mod fused;
pub mod measure;
pub mod number;
pub mod plot;
pub mod programs;
pub mod random;
pub mod report;
pub mod routes;
pub mod scaling;
pub mod threshold;
pub mod workloads;

pub use engines::Engine;
pub use number::Number;
pub use workloads::Workload;
