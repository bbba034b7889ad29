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
//! build nodes by key. Functions over closures ([`value_and_gradient`], [`hessian`], [`jacobian`], ...) do everything
//! in one line.
//!
//! Pass a function `f` that is generic over [`Real`] to these functions as `|x| f(x)`:
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
//! | `derivative/` | derivatives as numbers, as graph nodes, of closures, sparse |
//! | `diagnose/` | checking a gradient, explaining a NaN |
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate self as wengert;

mod cold;
mod derivative;
mod diagnose;
mod error;
mod graph;
mod node;
mod number;
mod op;
mod scalar;
mod sweep;
mod tape;

pub use derivative::closures::{
    FORWARD_UP_TO, forward_gradient, function_gradient, gradient, hessian, hvp, jacobian, jvp, value_and_gradient,
    value_and_jacobian, value_gradient_hessian, vjp,
};
pub use derivative::sparse::{HessianPlan, JacobianPlan, Pattern, Sparse, sparse_hessian, sparse_jacobian};
pub use diagnose::check::{Component, GradientCheck, Verdict, check_gradient};
pub use diagnose::nan::{AdjointOrigin, NanOrigin, Operand, Site, ValueOrigin};
pub use error::Error;
pub use graph::guard::Guard;
pub use graph::scope::Scope;
pub use graph::{Graph, Mark};
pub use node::{Node, NodeId, Operands};
pub use number::expr::Expr;
pub use number::series::{Series, taylor};
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
#[doc = include_str!("../../../README.md")]
struct Readme;
