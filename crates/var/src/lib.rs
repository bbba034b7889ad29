//! A number for generic code that records: derivatives through other crates' vectors, matrices, transforms and
//! statistics, by [`wengert`].
//!
//! ```
//! use wengert::Graph;
//! use wengert_var::{Var, record};
//!
//! // Any function over num_traits::Float.
//! fn logistic<T: num_traits::Float>(x: T) -> T {
//!     T::one() / (T::one() + (-x).exp())
//! }
//!
//! let mut g = Graph::new();
//! let (x, y) = record(&mut g, || {
//!     let x = Var::leaf(0.0);
//!     (x, logistic(x))
//! });
//! assert_eq!(g.gradient(y.id(), &[x.id()]), [0.25]);
//! ```
//!
//! Generic crates want numbers that are `Copy` and `'static`, and a [`wengert::Expr`] borrows its graph. A [`Var`] is a
//! key instead: 16 bytes, `Copy`, `Send`, `'static`. Ops on it are recorded on the graph that its thread [`record`]s on.
//! Before and after a recording, everything that a graph offers is there: sweeps, Jacobians and Hessians by key, replay
//! at new values, compiled programs, pictures.
//!
//! # Crates it runs through
//!
//! A `Var` implements `Float`, `FloatConst`, `Num`, `NumAssign`, `NumCast`, `FromPrimitive`, `Signed`, `Bounded`, `Pow`
//! and `MulAdd` of num_traits, `Sum` and `Product`, and [`wengert::Real`]. Features add the traits that other crates
//! define, each for one version. Any number of them may be on.
//!
//! | crate | feature | what runs |
//! |--|--|--|
//! | [nalgebra](https://nalgebra.rs) 0.34, 0.35; nalgebra-glm | `nalgebra-0_34`, `nalgebra-0_35` | matrices, rotations, decompositions |
//! | ndarray 0.16, 0.17 | `ndarray-0_16`, `ndarray-0_17` for operators with a number, as in `&a * x` | sums, products, means, deviations |
//! | rand_distr 0.6 | `rand_distr-0_6` | distributions that transform one draw |
//! | num-complex, rustfft | none | complex functions; transforms of any length |
//! | euclid | none | vectors, points, matrices; an `Angle` only if it was made without `euclid::Trig` |
//!
//! With `rand_distr`, a draw is a constant, and derivatives hold it fixed (reparameterization). So those with respect to
//! the parameters are right where a distribution transforms one draw: `Normal`, `LogNormal`, `Exp`, `Weibull`, `Gumbel`,
//! `Frechet`, `Pareto`, `Cauchy`, `Triangular`, `SkewNormal`. A distribution that rejects draws, as `Gamma` and those made
//! of it do (`ChiSquared`, `Beta`, `StudentT`), also changes which draw is taken. That part is missing, so a mean of its
//! derivatives is not the derivative of the mean.
//!
//! These do not run. Each needs a trait that a `Var` does not have:
//!
//! | crate | bound | what it is for |
//! |--|--|--|
//! | euclid | `euclid::Trig` | rotations by an `Angle` |
//! | geo | `geo::GeoNum` | predicates, hulls, distances of shapes |
//! | ndarray | `Ord`, as of ndarray-stats' quantiles | a `Var` is not ordered totally: it may be NaN |
//!
//! # Branches
//!
//! Comparisons that a crate branches on become guards ([`Graph::forward`](wengert::Graph::forward)). So a replay that
//! would choose another pivot is an error, not a wrong number. A derivative is that of the branch that was taken. Where
//! code tests for exactly 0, that branch may have another derivative than the function. In nalgebra:
//!
//! | at | derivative | to get that of the function |
//! |--|--|--|
//! | `Rotation3::new(v)`, `UnitQuaternion::new(v)` at `v = 0` | 0: the identity, which does not depend on `v` | `UnitQuaternion::new_normalize(Quaternion::from_parts(1.0.into(), v * Var::from(0.5)))`, which at 0 has the value and first derivative of the rotation |
//! | eigenvalues of a diagonal matrix | first ones are right if no two eigenvalues are equal; second ones with respect to elements beside the diagonal are 0 | `(v.transpose() * a * v)[0]`, with `v` the eigenvector computed from plain numbers, has the same first derivatives and leaves no guards; for second ones, add 1e-4 to an element beside the diagonal |
//! | eigenvectors of a diagonal matrix | 0 | the same |
//! | `v.norm()` at `v = 0` | 0, as [`sqrt(x * x)`](https://docs.rs/wengert) at 0 | there is none: the norm has a kink; `v.norm_squared()` has derivatives of any order |
//! | `v.normalize()` at `v = 0` | not finite; its value is NaN | `v.try_normalize(..)` |
//!
//! If such a test found 0, its guard makes a replay at a point other than 0 an error.
//!
//! Iterations stop by a tolerance, so a replay of an eigenvalue or a singular value holds near the point of the recording,
//! where it takes as many steps. `Matrix::exp` chooses its order by plain numbers, so a replay of it holds at the same
//! point only. Record these again at each point.
//!
//! # Cost
//!
//! Each use of a `Var` looks up its key in the graph; an expression needs no such lookup. A key of another graph, or from
//! before a reset, is refused with the engine's named error.
// `field` implements a trait with two unsafe methods; their bodies need no unsafe code.
#![deny(unsafe_code)]

#[cfg(any(feature = "nalgebra-0_34", feature = "nalgebra-0_35"))]
mod close;
mod numeric;
#[cfg(feature = "rand_distr-0_6")]
mod random;
mod session;
mod var;

/// The traits of nalgebra, in two versions that differ in nothing that a number implements.
#[cfg(feature = "nalgebra-0_34")]
#[path = "."]
mod nalgebra_0_34 {
    use simba_0_9 as simba;
    mod field;
}
#[cfg(feature = "nalgebra-0_35")]
#[path = "."]
#[allow(clippy::duplicate_mod, reason = "the same source fits both versions")]
mod nalgebra_0_35 {
    use simba_0_10 as simba;
    mod field;
}

#[cfg(feature = "ndarray-0_16")]
impl ndarray_0_16::ScalarOperand for Var {}
#[cfg(feature = "ndarray-0_17")]
impl ndarray_0_17::ScalarOperand for Var {}

pub use session::{record, with_graph};
pub use var::Var;

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
