//! Sums of a program over the points of a file, as separate jobs: `sums` makes the sums of some blocks of the points, and
//! `fold` adds up those of all jobs, to the bits of one run of `Program::eval_batch`.
//!
//! `arguments.rs` is the command line, `sums.rs` and `fold.rs` are the two commands, `points.rs` reads points,
//! `parameters.rs` the shared inputs, and `part.rs` is the file that one command hands to the other.
#![forbid(unsafe_code)]

mod arguments;
mod error;
mod fold;
mod parameters;
mod part;
mod points;
mod sums;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Job};

fn main() -> ExitCode {
    // Bad arguments end here, with status 2.
    let done = match Arguments::parse().job {
        Job::Sums(arguments) => sums::run(&arguments),
        Job::Fold(arguments) => fold::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
