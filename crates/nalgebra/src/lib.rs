//! A number for [`nalgebra`] that records: derivatives through its vectors, rotations and
//! decompositions, by [`wengert`].
//!
//! ```
//! use nalgebra::Vector2;
//! use wengert::Graph;
//! use wengert_nalgebra::{Var, record};
//!
//! let mut g = Graph::new();
//! let (x, l) = record(&mut g, || { let x = [3.0, 4.0].map(Var::leaf); (x, Vector2::from(x).norm_squared()) });
//! assert_eq!(g.gradient(l.id(), &x.map(Var::id)), [6.0, 8.0]);
//! ```
//!
//! nalgebra needs numbers that are `'static`, and a [`wengert::Expr`] borrows its graph. A [`Var`] is a key
//! instead: 16 bytes, `Copy`, `'static`. Ops on it are recorded on the graph that its thread [`record`]s
//! on:
//!
//! ```
//! use nalgebra::{Rotation2, Vector2};
//! use wengert::Graph;
//! use wengert_nalgebra::{Var, record};
//!
//! // The position of the hand of an arm with two joints.
//! let mut g = Graph::new();
//! let (joints, hand) = record(&mut g, || {
//!     let joints = [0.3, 0.5].map(Var::leaf);
//!     let link = |angle, length: f64| Rotation2::new(angle) * Vector2::new(length.into(), Var::from(0.0));
//!     let hand = link(joints[0], 2.0) + link(joints[0] + joints[1], 1.0);
//!     (joints, hand)
//! });
//!
//! // The derivative of its height with respect to each joint.
//! g.backward(hand.y.id());
//! let slopes = joints.map(|joint| g.grad(joint.id()));
//! assert_eq!(slopes, [2.0 * 0.3f64.cos() + 0.8f64.cos(), 0.8f64.cos()]);
//! ```
//!
//! Before and after a recording, everything that a graph offers is there: sweeps, Jacobians and Hessians by
//! key, replay at new values, compiled programs, pictures. Comparisons that decompositions branch on become
//! guards ([`Graph::forward`](wengert::Graph::forward)). So a replay that would choose another pivot is an
//! error, not a wrong number.
//!
//! Each use of a `Var` looks up its key in the graph; an expression needs no such lookup. A key of another graph, or
//! from before a reset, is refused with the engine's named error. Functions generic over [`wengert::Real`] run over
//! `Var` too.
// `field` implements a trait with two unsafe methods; their bodies need no unsafe code.
#![deny(unsafe_code)]

mod field;
mod numeric;
mod session;
mod var;

pub use session::{record, with_graph};
pub use var::Var;

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
