//! Sparse Jacobians and Hessians: which entries can differ from 0, and the values of just those.
//!
//! A pattern is read off the graph and holds at every input. `interaction.rs` says what an op's row means for it,
//! `dependence.rs` which variables each node depends on; `jacobian.rs` and `hessian.rs` find the patterns. Then
//! `color.rs` puts columns into groups such that the sum of a group's columns still gives each of their entries, and
//! `plan.rs` sweeps each group as one direction, up to four groups at once. So the number of sweeps depends on the number
//! of groups, not on that of variables.

mod color;
mod dependence;
mod hessian;
mod interaction;
mod jacobian;
mod matrix;
mod plan;

pub use matrix::{Pattern, Sparse};
pub use plan::{HessianPlan, JacobianPlan, sparse_hessian, sparse_jacobian};
