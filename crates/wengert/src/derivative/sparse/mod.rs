//! Sparse Jacobians and Hessians: which entries can differ from 0, and the values of just those.
//! Read `structure.rs` for what an op's row says of it, `depend.rs`, `pattern.rs` and `push.rs` for
//! how patterns are found, `color.rs` for how columns are grouped, `plan.rs` for how they are swept.
//!
//! A pattern is read off the graph: it holds at every input, whatever the values. Columns that no
//! row shares are swept as one, so a Hessian takes as many sweeps as there are groups, be it of
//! three variables or of a hundred thousand.

mod color;
mod dependence;
mod hessian;
mod interaction;
mod jacobian;
mod matrix;
mod plan;

pub use matrix::{Pattern, Sparse};
pub use plan::{HessianPlan, JacobianPlan, sparse_hessian, sparse_jacobian};
