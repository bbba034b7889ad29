//! [`Sparse`] as the matrices of [faer](https://docs.rs/faer/0.24) 0.24,
//! [nalgebra-sparse](https://docs.rs/nalgebra-sparse/0.12) 0.12 and [sprs](https://docs.rs/sprs/0.11) 0.11, and back,
//! each with a feature of its name. No value changes, to the bit, and stored zeros stay.
//!
//! ```
//! use faer::prelude::Solve;
//!
//! // A step of Newton's method for x^2 + y = 3, x y = 2, from (2, 3).
//! let jacobian = wengert::sparse_jacobian(|x| vec![x[0] * x[0] + x[1], x[0] * x[1]], &[2.0, 3.0]);
//! let step = wengert_sparse::as_faer(&jacobian).sp_lu()?.solve(faer::col![-4.0, -4.0]);
//! assert!((step[0] + 0.8).abs() < 1e-15 && (step[1] + 0.8).abs() < 1e-15);
//! # Ok::<(), faer::sparse::linalg::LuError>(())
//! ```
//!
//! All of them are compressed by columns, so nothing is sorted: a copy costs O(entries + columns), and where a library
//! takes borrowed parts nothing is copied. What comes back may be compressed by rows (sprs), or have unsorted and
//! repeated entries (faer), whose values are added up in the order in which they are stored.

#[cfg(feature = "faer")]
mod faer;
#[cfg(feature = "nalgebra-sparse")]
mod nalgebra;
#[cfg(feature = "sprs")]
mod sprs;

#[cfg(feature = "faer")]
pub use crate::faer::{as_faer, from_faer, to_faer};
#[cfg(feature = "nalgebra-sparse")]
pub use crate::nalgebra::{from_nalgebra, to_nalgebra};
#[cfg(feature = "sprs")]
pub use crate::sprs::{as_sprs, from_sprs, to_sprs};

#[cfg(all(test, feature = "faer", feature = "nalgebra-sparse", feature = "sprs"))]
mod tests;
