//! A number for [`nalgebra`] that records: derivatives through its vectors, rotations and
//! decompositions, by [`wengert`].
//!
//! nalgebra wants numbers that live for ever, and a [`wengert::Expr`] borrows its graph. A [`Var`]
//! is a key instead: 16 bytes, `Copy`, `'static`. What is done with it is recorded on the graph that
//! its thread [`record`]s on, and nowhere else:
//!
//! ```
//! use nalgebra::{Rotation2, Vector2};
//! use wengert::Graph;
//! use wengert_nalgebra::{Var, record};
//!
//! // Where the hand of an arm with two joints is.
//! let mut g = Graph::new();
//! let (joints, hand) = record(&mut g, || {
//!     let joints = [0.3, 0.5].map(Var::leaf);
//!     let link = |angle, length: f64| Rotation2::new(angle) * Vector2::new(length.into(), Var::from(0.0));
//!     let hand = link(joints[0], 2.0) + link(joints[0] + joints[1], 1.0);
//!     (joints, hand)
//! });
//!
//! // How its height moves with each joint.
//! g.backward(hand.y.id());
//! let slopes = joints.map(|joint| g.grad(joint.id()));
//! assert_eq!(slopes, [2.0 * 0.3f64.cos() + 0.8f64.cos(), 0.8f64.cos()]);
//! ```
//!
//! All of the graph is there before and afterwards: sweeps, Jacobians and Hessians by key, replay at
//! new values, compiled programs, pictures. Comparisons that decompositions branch on are guards
//! ([`Graph::forward`](wengert::Graph::forward)), so a replay that would pivot otherwise is an error, not a wrong number.
//!
//! A `Var` is looked up in the graph wherever it is used, which recording by expression spares: one of
//! another graph, or of before a reset, is refused with the engine's named error. Functions generic over
//! [`wengert::Real`] run over it too.
//!
//! In reading order: `session` where is recorded · `var` the number and its operators · `numeric` its
//! place among the traits of numeric code · `field` and among those of linear algebra.
// A trait declares two methods unsafe that `field` implements; nothing in them is.
#![deny(unsafe_code)]

mod field;
mod numeric;
mod session;
mod var;

pub use session::{record, with_graph};
pub use var::Var;
