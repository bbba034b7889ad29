//! Long loops: a step is recorded once, runs many times, and is swept back from checkpoints.
//!
//! A tape records every step of a loop, so a long loop does not fit. Here the step is compiled once, with its derivatives.
//! States are kept at some steps only, and the loop runs again between them on the way back.
//!
//! ```
//! use wengert_scan::{Keep, Scan, Workspace};
//!
//! // The logistic map: x becomes r x (1 - x). The loss is x after the last step.
//! let settings = wengert_scan::Settings::new().losses(wengert_scan::Losses::Last);
//! let scan = Scan::with(settings, &[0.2], &[2.7], &[], |x, r, _| {
//!     let next = r[0] * x[0] * (1.0 - x[0]);
//!     (vec![next], next)
//! })?;
//! let gradient = scan.value_and_gradient(1_000_000, &[0.2], &[2.7], (), Keep::Sqrt, &mut Workspace::new())?;
//!
//! // It ends at the fixed point 1 - 1/r, so the derivative is 1/r^2.
//! assert!((gradient.value - (1.0 - 1.0 / 2.7)).abs() < 1e-12);
//! assert!((gradient.params[0] - 1.0 / (2.7 * 2.7)).abs() < 1e-12);
//! assert!(gradient.work.states < 300);
//! # Ok::<(), wengert_scan::Error>(())
//! ```
//!
//! | file | holds |
//! |--|--|
//! | `scan.rs` | the step, and what is computed of a loop |
//! | `tangent.rs` | derivatives along a direction, of the loss and of its gradient |
//! | `unroll.rs` | the programs of one step and of a block of steps |
//! | `schedule/` | which blocks run, and which states are kept, in which order |
//! | `run/mod.rs` | blocks forward and back, as a schedule says |
//! | `run/resume.rs` | what is saved of a run, and how it goes on from there |
//! | `inputs.rs` | the inputs of each step, and when a loop ends, as users give them |
//! | `ends.rs` | reading the inputs, and testing for the end, while a loop runs |
//! | `function.rs` | a loop as a function of the user's own, for graphs and programs |
//! | `picture.rs` | a schedule as a picture |
//! | `watch.rs` | a callback while a loop runs, and a file to resume it from |
//! | `workspace.rs` | the memory that a loop runs in |
#![forbid(unsafe_code)]

mod ends;
mod error;
mod function;
mod inputs;
mod picture;
mod run;
mod scan;
mod schedule;
mod tangent;
mod unroll;
mod watch;
mod workspace;

pub use error::Error;
pub use function::LossFunction;
pub use inputs::{Inputs, Steps, Until};
pub use picture::schedule_svg;
pub use scan::{Gradient, Keep, Outcome, Scan, Settings, Work};
pub use schedule::{Action, Schedule, fewest_advances};
pub use tangent::{Direction, Product, Tangent};
pub use unroll::Losses;
pub use watch::Progress;
pub use workspace::Workspace;

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
