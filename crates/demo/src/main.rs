//! The tour that `cargo run --release` starts: an expression and its derivatives, a net trained with both
//! backends, pictures of both.
#![forbid(unsafe_code)]

mod arguments;
mod backends;
mod chart;
mod contour;
mod data;
mod folder;
mod journal;
mod lecture;
mod training;

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use wengert_nn::Backend;

use crate::arguments::{Arguments, HELP, Request};
use crate::data::Moons;
use crate::folder::Folder;
use crate::journal::Journal;

/// Prints a line. A closed pipe is ignored: the tour goes on and writes its files.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}
pub(crate) use say;

fn main() -> ExitCode {
    let arguments = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(Request::Tour(arguments)) => arguments,
        Ok(Request::Help) => {
            say!("{}", HELP.trim_end());
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("error: {message}\n       --help lists the options");
            return ExitCode::from(2);
        }
    };
    match tour(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn tour(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    let mut folder = Folder::open(&arguments.out)?;
    lecture::show(&mut folder)?;
    let moons = match arguments.seed {
        Some(seed) => Moons::generated(seed)?,
        None => Moons::of_micrograd()?,
    };
    training::announce(&moons, arguments.steps);
    let mut journal = Journal::new(&moons, arguments.steps);
    let run = training::train(&moons, Backend::Eager, arguments.steps, |watched| journal.note(watched, &mut folder))?;
    training::show(&moons, &run);
    let compiled = training::train(&moons, Backend::Compiled, arguments.steps, |_| Ok(()))?;
    backends::show(&run, &compiled);
    folder.write(
        "moons.svg",
        "the points, the score of the trained net, and its loss by step",
        &chart::draw(&moons, &run)?,
    )?;
    training::draw(&moons, &run, &mut folder)?;
    folder.list();
    say!("The tour took {:.1} s.", started.elapsed().as_secs_f64());
    Ok(())
}
