//! Functions that equations, minima, matrices and tables define, on the tape of [`wengert`], with derivatives of any order.
//!
//! ```
//! use wengert::Graph;
//! use wengert_implicit::root;
//!
//! // Kepler's equation: the position of a planet on its ellipse.
//! let kepler = root("kepler", &[1.0], 2, |y, p| vec![y[0] - p[1] * y[0].sin() - p[0]]);
//!
//! let g = Graph::new();
//! let [mean, eccentricity] = [g.var(1.3), g.var(0.6)];
//! let anomaly = kepler.call(&[mean, eccentricity])[0];
//! anomaly.backward();
//! let slope = 1.0 / (1.0 - 0.6 * anomaly.value().cos());
//! assert!((mean.grad() - slope).abs() < 1e-15);
//! ```
//!
//! | function | value |
//! |--|--|
//! | [`root`], [`fixed_point`], [`minimize`] | a root, a fixed point or a minimizer of a closure, by Newton's method |
//! | [`linear_solve`], `sparse_solve` (feature `sparse`), [`inverse`], [`log_det`] | the solution, the inverse or the log-determinant of a matrix, by elimination |
//! | [`interp1`], [`interp2`], [`interp1_weights`] | the values or the weights of a table, between its knots |
//!
//! Each is a [`wengert::External`]: a call takes a node for each output, whatever it costs to compute. It is computed anew
//! when the graph is replayed, works in all sweeps and in programs (`wengert-program`), and is found by its name when a
//! program is loaded. If a call fails, the error names the function and says what to do.
#![forbid(unsafe_code)]

mod equations;
mod error;
mod inverse;
mod map;
mod matrix;
mod newton;
mod pieces;
mod pool;
mod root;
mod solve;
#[cfg(feature = "sparse")]
mod sparse;
mod table;

pub use error::Error;
pub use inverse::{inverse, log_det};
pub use map::Map;
pub use root::{fixed_point, minimize, root};
pub use solve::linear_solve;
#[cfg(feature = "sparse")]
pub use sparse::sparse_solve;
pub use table::{Interpolation, Outside, interp1, interp1_weights, interp2};

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
