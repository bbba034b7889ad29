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
//! # The folders
//!
//! In the order in which a value passes through them:
//!
//! | folder | holds |
//! |--|--|
//! | `recording/` | what was recorded: a list of ops, read from a graph |
//! | `ir/` | the list that runs, in SSA form |
//! | `passes/` | what makes that list shorter or better ordered, one file each |
//! | `layout/` | places for values, and steps over places |
//! | `run/` | the interpreter, for batches and for single points |
//! | `native/` | machine code, for single points |
//! | `lanes/` | vectors, and elementary functions over them |
//! | `source/` | a program as source text, in Rust or C |
//!
//! `options.rs` says what to compile and how, `opcode.rs` how each op runs, and `blocks.rs` how the points of a batch are
//! cut. `program.rs` is the program itself; `derive.rs` and `sparse.rs` make programs of derivatives. `save.rs`, `serial.rs`,
//! `record.rs` and `listing.rs` turn a program into a file, the formats of serde, nodes and text. Bytes and files are behind the feature `save`, which is on by
//! default; without it, the crate needs neither serde nor the crates for files.

mod blocks;
mod derive;
mod error;
mod ir;
mod lanes;
mod layout;
mod listing;
mod native;
mod opcode;
mod options;
mod passes;
mod program;
mod record;
mod recording;
mod report;
mod run;
#[cfg(feature = "save")]
pub mod save;
#[cfg(feature = "serde")]
mod serial;
mod source;
mod sparse;

pub use blocks::{BlockSums, Blocks, fold_blocks};
pub use derive::{hessian_nodes, jacobian_nodes};
pub use error::Error;
pub use ir::Value;
pub use lanes::InstructionSet;
pub use native::Native;
pub use options::{Input, Options, Output, Spread};
pub use program::{Instruction, Program};
pub use report::{MachineCode, Pass, Report};
pub use run::point::Validity;
pub use run::workspace::{Setup, Workspace};
pub use source::Language;
pub use sparse::SparseProgram;

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
