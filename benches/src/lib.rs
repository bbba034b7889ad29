//! Benchmarks of wengert: what is measured, against what, and how.
//!
//! A [`Workload`] is one function written three ways: generic over [`Number`] (every tape records
//! this body), as a plain `f64` function (P), and by hand with its gradient (H). An [`Engine`] is a
//! tape that records a body and sweeps it back. [`measure`] times engines against P and H in
//! interleaved rounds, and [`report`] prints what came out. The binary `ratios` and the criterion
//! benches are two front ends of the same parts.
//!
//! Read next: `random.rs`, `number.rs`, `workloads/mod.rs`, `engines/mod.rs`, `measure.rs`,
//! `report.rs`, then `bin/ratios.rs`.

#![forbid(unsafe_code)]

pub mod engines;
pub mod measure;
pub mod number;
pub mod random;
pub mod report;
pub mod scaling;
pub mod workloads;

pub use engines::Engine;
pub use number::Number;
pub use workloads::Workload;
