//! The tour that `cargo run --release` starts: an expression and its derivatives, a net that
//! learns in two ways, pictures of both.
//!
//! In reading order: `arguments` what was asked for · `folder` where files go · `lecture` the
//! expression · `data` the points · `training` the net that learns them · `journal` how that is seen from
//! outside · `ways` the two
//! ways it is trained, side by side · `chart` how it went, with `contour` for lines of equal score.
#![forbid(unsafe_code)]

mod arguments;
mod chart;
mod contour;
mod data;
mod folder;
mod journal;
mod lecture;
mod training;
mod ways;

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use wengert_nn::Way;

use crate::arguments::{Arguments, HELP, Request};
use crate::data::Moons;
use crate::folder::Folder;
use crate::journal::Journal;

/// Prints a line. Where nobody reads the output any more, the tour goes on and its files are
/// written all the same.
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
    let run = training::train(&moons, Way::Eager, arguments.steps, |watched| {
        journal.note(watched, &mut folder)
    })?;
    training::show(&moons, &run);
    let compiled = training::train(&moons, Way::Compiled, arguments.steps, |_| Ok(()))?;
    ways::show(&run, &compiled);
    folder.write(
        "moons.svg",
        "the points, what the net made of them, and its way there",
        &chart::draw(&moons, &run)?,
    )?;
    training::draw(&moons, &run, &mut folder)?;
    folder.list();
    say!("The tour took {:.1} s.", started.elapsed().as_secs_f64());
    Ok(())
}
