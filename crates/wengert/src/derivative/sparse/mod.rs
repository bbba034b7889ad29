//! Sparse Jacobians and Hessians: which entries can differ from 0, and the values of just those.
//!
//! A pattern is read off the graph and holds at every input. `interaction.rs` says what an op's row means for it,
//! `dependence.rs` which variables each node depends on; `jacobian.rs` and `hessian.rs` find the patterns. Then
//! `color.rs` groups columns that have no row in common, and `plan.rs` sweeps each group as one direction. So a Hessian
//! takes as many sweeps as there are groups, whether it has three variables or a hundred thousand.

mod color;
mod dependence;
mod hessian;
mod interaction;
mod jacobian;
mod matrix;
mod plan;

pub use matrix::{Pattern, Sparse};
pub use plan::{HessianPlan, JacobianPlan, sparse_hessian, sparse_jacobian};
