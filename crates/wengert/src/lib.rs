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
//! Three front ends share one tape: [`Expr`] writes formulas with operators, the methods of
//! [`Graph`] build by key, and the functions over closures ([`value_and_gradient`], [`hessian`],
//! [`jacobian`], ...) do it all in one line.
//!
//! # The files, in reading order
//!
//! | file | its idea |
//! |--|--|
//! | [`op`] | the table of ops: one op, one row |
//! | `scalar` | what a formula runs over, and the rules of the table over all of it |
//! | [`kernel`] | accurate `f64` functions |
//! | `folds` | ops of any number of operands |
//! | [`node`] | keys and views of nodes |
//! | `cold` | what hardly runs, kept out of the way |
//! | `cells` | lists that grow behind a shared reference |
//! | `code` | the numbers that stand for ops on a tape |
//! | `tape` | how nodes are stored |
//! | `view` | a tape as it is read |
//! | `generation` | how a wrong key is told from a right one |
//! | `adjoints` | what a sweep leaves |
//! | [`graph`] | the arena, and what can be asked of it |
//! | `build` | building by key |
//! | [`guard`] | comparisons that were recorded |
//! | `scope` | named stretches of recording |
//! | `display` | graphs as text |
//! | `sweep` | walking the tape, forward and back |
//! | [`expr`] | operators that record |
//! | `real` | what a user's function is generic over |
//! | `float` | expressions among the traits of numeric code |
//! | `share` | nodes found again by what they compute |
//! | `term` | numbers and nodes that record what a rule does to them |
//! | `derive` | derivatives as graph |
//! | [`dual`] | tangents without a tape |
//! | `numbers` | Jacobians, Hessians and products as numbers |
//! | [`functions`] | derivatives of closures, in one line |
//! | [`series`] | Taylor series: derivatives of any order along a line |
//! | `recurrence` | how an op acts on a series |
//! | `symbols` | the recurrence of an op, from its row |
//! | [`sparse`] | sparse Jacobians and Hessians: patterns, colours, plans |
//! | [`check`] | a gradient against differences of values |
//! | [`explain`] | where a NaN comes from |
//! | `story` | how that is told |
//! | [`error`] | what can go wrong |
#![forbid(unsafe_code)]

pub mod op;
mod scalar;
pub mod kernel;
mod folds;
pub mod node;
mod cold;
mod cells;
mod code;
mod tape;
mod view;
mod generation;
mod adjoints;
pub mod graph;
mod build;
pub mod guard;
mod scope;
mod display;
mod sweep;
pub mod expr;
mod real;
mod float;
mod share;
mod term;
mod derive;
pub mod dual;
mod numbers;
pub mod functions;
pub mod series;
mod recurrence;
mod symbols;
pub mod sparse;
pub mod check;
pub mod explain;
mod story;
pub mod error;

pub use check::{Component, GradientCheck, Verdict, check_gradient};
pub use dual::Dual;
pub use error::Error;
pub use explain::{AdjointOrigin, NanOrigin, Operand, Site, ValueOrigin};
pub use expr::Expr;
pub use functions::*;
pub use graph::{Graph, Mark};
pub use guard::{Guard, Relation};
pub use node::{Node, NodeId, Operands};
pub use op::{Arity, Form, Imm, Immediate, MAX_ORDER, NO_IMM, Op};
pub use real::{Function, Real};
pub use scalar::Scalar;
pub use scope::Scope;
pub use series::{Series, taylor};
pub use sparse::{HessianPlan, JacobianPlan, Pattern, Sparse, sparse_hessian, sparse_jacobian};

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
