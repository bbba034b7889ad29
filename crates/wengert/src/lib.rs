//! Exact derivatives of scalar expressions: an arena of nodes, a Wengert tape, a reverse sweep.
//!
//! ```
//! use wengert::Graph;
//!
//! let g = Graph::new();
//! let [a, b, c, f] = [2.0, -3.0, 10.0, -2.0].map(|v| g.var(v));
//! let l = (a * b + c) * f;
//! l.backward();
//! assert_eq!(l.value(), -8.0);
//! assert_eq!([a, b, c, f].map(|x| x.grad()), [6.0, -4.0, -2.0, 4.0]);
//! ```
//!
//! There are three front ends to one tape. With [`Expr`], you write formulas with operators. The methods of [`Graph`]
//! build nodes by key, to keep a model in a struct. Functions over closures do everything in one line.
//!
//! # I want a gradient
//!
//! ```
//! let (value, gradient) = wengert::value_and_gradient(|x| x[0] * x[1].sin(), &[2.0, 0.0]);
//! assert_eq!((value, gradient), (0.0, vec![0.0, 2.0]));
//! ```
//!
//! [`value_and_gradient`] records the closure and sweeps back once. With up to about 8 inputs, [`forward_gradient`] needs no
//! tape. Pass a function `f` that is generic over [`Real`] as `|x| f(x)`:
//!
//! ```
//! use wengert::Real;
//!
//! fn f<T: Real>(x: &[T]) -> T {
//!     T::constant(1.0) - x[0] * x[1].sin()
//! }
//! assert_eq!(wengert::gradient(|x| f(x), &[2.0, 0.0]), [0.0, -2.0]);
//! ```
//!
//! # I want a Jacobian
//!
//! ```
//! let j = wengert::jacobian(|x| vec![x[0] * x[1], x[1]], &[2.0, 3.0]);
//! assert_eq!(j, [[3.0, 2.0], [0.0, 1.0]]);
//! ```
//!
//! [`jacobian`], [`jvp`], [`vjp`], and [`sparse_jacobian`] where most entries are 0.
//!
//! # I want a Hessian
//!
//! ```
//! let h = wengert::hessian(|x| x[0] * x[0] * x[1], &[3.0, 5.0]);
//! assert_eq!(h, [[10.0, 6.0], [6.0, 0.0]]);
//! ```
//!
//! [`hessian`], [`hvp`], and [`sparse_hessian`] where most entries are 0. [`taylor`] has higher orders along a direction.
//!
//! # I want the derivative as graph
//!
//! ```
//! let g = wengert::Graph::new();
//! let x = g.leaf(3.0);
//! let slope = g.gradient_nodes(g.mul(x, x), &[x])[0]; // a node, to differentiate again
//! assert_eq!((g.value(slope), g.gradient(slope, &[x])), (6.0, vec![2.0]));
//! ```
//!
//! [`Graph::gradient_nodes`], [`Graph::vjp_nodes`], [`Graph::jvp_nodes`].
//!
//! # I want many points
//!
//! ```
//! let mut g = wengert::Graph::new();
//! let x = g.leaves(&[1.0, 2.0]);
//! let (output, mut value) = (g.mul(x[0], x[1]), [0.0]);
//! g.evaluate_into(&x, &[3.0, 5.0], &[output], &mut value)?;
//! assert_eq!(value, [15.0]);
//! # Ok::<(), wengert::Error>(())
//! ```
//!
//! [`Graph::evaluate_into`] evaluates the recorded nodes at other values, and [`Graph::forward`] does it after
//! [`Graph::set`]. From hundreds of points on, compile a program with the crate `wengert-program`.
//!
//! # I want a picture
//!
//! ```
//! let g = wengert::Graph::new();
//! let l = (g.var(2.0).named("a") * g.var(3.0).named("b")).named("L");
//! assert_eq!(g.label_of(l.id()).as_deref(), Some("L"));
//! ```
//!
//! [`Expr::named`], [`Graph::label`] and [`Graph::scope`] name nodes. The crate `wengert-viz` draws them as SVG, PNG and HTML.
//!
//! # I want nalgebra, or another generic crate
//!
//! The crate `wengert-var` has a number without a lifetime, which records on a [`Graph`]:
//!
//! ```text
//! let mut g = Graph::new();
//! let (x, l) = record(&mut g, || { let x = [3.0, 4.0].map(Var::leaf); (x, Vector2::from(x).norm_squared()) });
//! assert_eq!(g.gradient(l.id(), &x.map(Var::id)), [6.0, 8.0]);
//! ```
//!
//! The front page of that crate has the example with its imports. [`Dual`], [`Series`] and [`Expr`] implement
//! [`num_traits::Float`].
//!
//! # I want to know whether a gradient is right
//!
//! ```
//! let check = wengert::check_gradient(|x| x[0].sin() * x[1], &[0.5, 2.0]);
//! assert!(check.passes(), "{check}");
//! ```
//!
//! [`check_gradient`] compares it with differences of values.
//!
//! # I want a NaN explained
//!
//! ```
//! let g = wengert::Graph::new();
//! let l = g.var(-1.0).named("x").sqrt() + 1.0;
//! assert!(g.explain_nan(l.id()).unwrap().to_string().contains("x"));
//! ```
//!
//! [`Graph::explain_nan`] finds the first node that is not finite, and the way from it to the output.
//!
//! # Without the standard library
//!
//! With `default-features = false` the whole engine needs only `core` and `alloc`: duals, series, graphs, derivatives. Four
//! things differ. The functions behind `exp`, `sinh`, `erf`, `lgamma` and their like come from the crate `libm` instead of
//! `pxfm`, which needs `std`: they differ by at most 1 ulp, `atanh`, `erfc` and `lgamma` by 2. A [`Series`] computes the
//! recurrence of an op anew each time, since there are no thread-local variables. For the same reason, a
//! [`Statement`] of more than [`FORWARD_UP_TO`] inputs that is not a [`Formula`] takes a new graph at each call. And plans
//! of sparse derivatives analyze ops anew.
//!
//! # Saving a graph
//!
//! With the feature `serde`, a [`Graph`] is written and read in the formats of serde, with labels, scopes and guards.
//!
//! # Debug builds
//!
//! Without optimization, recording and sweeping take many times as long. Two lines in the `Cargo.toml` of your workspace
//! optimize the engine, and leave your own code as it is:
//!
//! ```toml
//! [profile.dev.package.wengert]
//! opt-level = 3
//! ```
//!
//! `[profile.dev.package."*"]` instead optimizes all dependencies, `wengert-program` and `wengert-nn` among them. A path
//! dependency outside your workspace counts as one.
//!
//! # What to watch for
//!
//! - A branch on [`Expr::value`] is taken once, while recording. Compare expressions themselves, which leaves a [`Guard`],
//!   or use the op `select`.
//! - An [`Expr`] borrows the graph, so none can be alive across [`Graph::set`], [`Graph::forward`] or [`Graph::reset`]. Keep
//!   its key: [`Expr::id`].
//! - A closure over expressions cannot call [`gradient`] on them. Use [`Graph::gradient_nodes`], [`Dual`] or [`Series`] for
//!   derivatives of derivatives.
//!
//! # The folders
//!
//! | folder | holds |
//! |--|--|
//! | `op/` | the table of ops, one row for each, and the accurate `f64` functions behind it |
//! | `scalar/` | the numbers that a formula can run over, and the derivative rules |
//! | `tape/` | how nodes are stored |
//! | `sweep/` | loops over the tape: back with adjoints, forward with tangents or values |
//! | `graph/` | the arena: keys, building, values, guards, labels, scopes |
//! | `number/` | expressions that record, and series |
//! | `external/` | functions of the user's own |
//! | `derivative/` | derivatives as numbers, as graph nodes, of closures, sparse |
//! | `diagnose/` | checking a gradient, explaining a NaN, auditing an output |
#![forbid(unsafe_code)]
#![cfg_attr(not(any(feature = "std", test)), no_std)]

extern crate alloc;

#[cfg(test)]
extern crate self as wengert;

mod array;
mod cold;
mod derivative;
mod diagnose;
mod error;
mod external;
mod float;
mod graph;
mod hash;
mod node;
mod number;
mod op;
#[doc(hidden)]
pub mod room;
mod scalar;
mod sweep;
mod tape;

pub use derivative::closures::{
    forward_gradient, function_gradient, gradient, hessian, hvp, jacobian, jvp, value_and_gradient, value_and_jacobian,
    value_gradient_hessian, vjp,
};
pub use derivative::sparse::{HessianPlan, JacobianPlan, Pattern, Sparse, sparse_hessian, sparse_jacobian};
pub use diagnose::audit::{Audit, Concern, Finding};
pub use diagnose::check::{Component, GradientCheck, Verdict, check_gradient};
pub use diagnose::nan::{AdjointOrigin, NanOrigin, Operand, Site, ValueOrigin};
pub use error::Error;
pub use external::External;
#[doc(hidden)]
pub use external::checked::value as call_external;
pub use external::formula::Formula;
pub use external::statement::Statement;
pub use graph::guard::Guard;
#[doc(hidden)]
pub use graph::reader::TapeReader;
pub use graph::scope::Scope;
pub use graph::{Graph, Mark};
pub use node::{ExternalOutput, Node, NodeId, Operands};
pub use number::expr::Expr;
pub use number::partials::FORWARD_UP_TO;
pub use number::series::{Series, taylor};
pub use number::statistics::{logit, standard_deviation, variance};
pub use number::{Function, Real};
#[doc(hidden)]
pub use op::Certain;
pub use op::{Arity, Form, Imm, Immediate, MAX_ORDER, NO_IMM, Op, Relation};
pub use scalar::Scalar;
#[doc(hidden)]
pub use scalar::apply_unchecked;
pub use scalar::dual::Dual;

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
