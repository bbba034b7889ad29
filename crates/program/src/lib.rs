//! Compiled replay of wengert graphs: record once, run at a million points, many at a time.
//!
//! ```
//! use wengert::Graph;
//! use wengert_program::{Options, Program, Workspace};
//!
//! // Record f(x, y) = x * sin(y), with its gradient as more graph.
//! let g = Graph::new();
//! let (x, y) = (g.leaf(0.5), g.leaf(2.0));
//! let f = g.mul(x, g.sin(y));
//! let gradient = g.gradient_nodes(f, &[x, y]);
//!
//! // Compile it, and run it at three points at once.
//! let program = Program::compile(&g, [x, y], [f, gradient[0], gradient[1]], &Options::new())?;
//! let (xs, ys) = ([0.5, 1.0, 1.5], [2.0, 0.0, -1.0]);
//! let (mut fs, mut dx, mut dy) = ([0.0; 3], [0.0; 3], [0.0; 3]);
//! let mut workspace = Workspace::new();
//! program.eval_batch(3, &[&xs, &ys], &mut [&mut fs, &mut dx, &mut dy], &mut workspace)?;
//! assert_eq!((fs[1], dx[1], dy[1]), (0.0, 0.0, 1.0));
//! # Ok::<(), wengert_program::Error>(())
//! ```
//!
//! In reading order: `recording` what was recorded · `ir` the list that runs · `lower` from the one
//! to the other · `passes` what is done to it, one file a pass · `machine` how each op runs over lanes · `slots` places
//! of values · `code` steps over places · `run` the interpreter · `lanes` its vector kernels ·
//! `arena`, `workspace` memory of the caller's · `point` one point · `batch`, `stretch` many, in
//! blocks · [`save`] files · `record` nodes again · [`report`], `listing` what a program says of
//! itself · [`options`], [`program`] the front · [`error`] what can go wrong.

mod arena;
mod batch;
mod code;
pub mod error;
mod ir;
mod lanes;
mod listing;
mod lower;
mod machine;
pub mod options;
mod passes;
mod point;
pub mod program;
mod record;
mod recording;
pub mod report;
mod run;
pub mod save;
mod slots;
mod stretch;
pub mod workspace;

pub use error::Error;
pub use ir::{Spread, Value};
pub use options::{Input, Options, Output};
pub use program::{Instruction, Program};
pub use report::Report;
pub use workspace::{InstructionSet, Setup, Workspace};
