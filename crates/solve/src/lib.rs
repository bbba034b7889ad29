//! Objectives, systems, nonlinear programs and differential equations, with exact derivatives, in the shapes that
//! solvers ask for.
//!
//! ```
//! use wengert_solve::{Objective, Shape};
//!
//! let mut rosenbrock =
//!     Objective::new(|x| (1.0 - x[0]).powi(2) + (x[1] - x[0].powi(2)).powi(2) * 100.0, &[-1.2, 1.0])?;
//! let mut x = [-1.2, 1.0];
//! for _ in 0..7 {
//!     let gradient = rosenbrock.gradient(&x)?.to_vec();
//!     let h = rosenbrock.hessian(&x)?;
//!     let [a, b, c] = [h.get(0, 0), h.get(0, 1), h.get(1, 1)];
//!     x[0] -= (c * gradient[0] - b * gradient[1]) / (a * c - b * b);
//!     x[1] -= (a * gradient[1] - b * gradient[0]) / (a * c - b * b);
//! }
//! assert!((x[0] - 1.0).abs() < 1e-12 && (x[1] - 1.0).abs() < 1e-12);
//! # Ok::<(), wengert_solve::Error>(())
//! ```
//!
//! | shape | for |
//! |--|--|
//! | [`Objective`] | minimizing and sampling: value, gradient, Hessian, Hessian times vector |
//! | [`System`] | least squares and equations: values, Jacobian, its products with vectors |
//! | [`Nlp`] | minimizing under constraints: values, gradient, Jacobian, Hessian of the Lagrangian |
//! | [`Ode`] | differential equations: right-hand side, Jacobians by state and parameters, their products |
//!
//! All of them, by [`Shape`]:
//! - own what they need, and can be moved to another thread; [`Shape::shared`] serves several at a time;
//! - run compiled programs, as machine code where it is available, and record the closure again where it branches in
//!   another way;
//! - evaluate once at each point, whatever is asked for there;
//! - take data that can be set without recording again;
//! - allocate nothing in a call at a point whose branch is compiled, unless it is the first to ask for something.
//!
//! A branch on [`Expr::value`](wengert::Expr::value) is not seen: compare expressions themselves.

mod compiled;
mod core;
mod error;
mod nlp;
mod objective;
mod ode;
mod recorded;
mod shape;
mod shared;
mod system;

pub use error::Error;
pub use nlp::Nlp;
pub use objective::{Objective, Order};
pub use ode::Ode;
pub use recorded::Triangle;
pub use shape::Shape;
pub use shared::Shared;
pub use system::System;

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
