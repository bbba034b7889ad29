//! Exact derivatives of scalar expressions: an arena of nodes, a Wengert tape, a reverse sweep.
//!
//! In reading order: [`op`] the table of ops, one row each · `scalar` what a formula runs over ·
//! `kernel` accurate `f64` functions · `folds` n-ary ops · [`node`] keys and views · `tape` storage
//! · `generation` checking keys · [`graph`] the arena · `build` building by key · [`guard`]
//! recorded comparisons · `scope` named stretches · `sweep` forward and reverse, once · [`expr`]
//! operators that record · [`error`] what can go wrong.
#![forbid(unsafe_code)]

mod build;
mod derive;
pub mod dual;
pub mod error;
pub mod expr;
mod float;
mod folds;
pub mod functions;
mod generation;
pub mod graph;
pub mod guard;
pub mod kernel;
pub mod node;
mod numbers;
pub mod op;
mod real;
mod recurrence;
mod scalar;
mod scope;
pub mod series;
mod sweep;
mod tape;

pub use dual::Dual;
pub use error::Error;
pub use expr::Expr;
pub use functions::*;
pub use graph::{Graph, Mark};
pub use guard::{Guard, Relation};
pub use node::{Node, NodeId, Operands};
pub use op::{Arity, Form, Imm, NO_IMM, Op};
pub use real::{Function, Real};
pub use scalar::Scalar;
pub use scope::Scope;
pub use series::{Series, taylor};
