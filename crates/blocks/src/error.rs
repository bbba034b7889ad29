//! What can go wrong, and what to do about it.

use std::io;
use std::ops::Range;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{}: {source}", path.display())]
    Program { path: PathBuf, source: wengert_program::Error },
    #[error("{}: the program calls the function {name:?}, which is not here: call Program::block_sums from Rust", path.display())]
    External { path: PathBuf, name: String },
    #[error(
        "{}: output {output} has a number for each point, and only sums can be folded: compile the program with Output::sum", path.display()
    )]
    NotASum { path: PathBuf, output: usize },
    #[error(
        "{}: all inputs of the program are uniform, so there are no points to share: run it with Program::eval_batch", path.display()
    )]
    NoPointInputs { path: PathBuf },
    #[error("{place}: {text:?} is not NAME=NUMBER, as in rate=0.03")]
    Setting { place: String, text: String },
    #[error("{place}: the program has no input {name:?}; its uniform inputs are {known}")]
    UnknownInput { place: String, name: String, known: String },
    #[error("{place}: input {name:?} has a number for each point: give it as a column of the points")]
    PointInput { place: String, name: String },
    #[error("{place}: input {name:?} was set before: set it once")]
    SetTwice { place: String, name: String },
    #[error(
        "{place}: inputs {first} and {second} both have the label {name:?}: set them by their places, as in {first}=0.5"
    )]
    SameLabel { place: String, name: String, first: usize, second: usize },
    #[error("no number for the uniform inputs {names}: give each with --set NAME=NUMBER")]
    NotSet { names: String },
    #[error(
        "with {inputs}, the comparison {comparison} is {}, and it was {recorded} when the program was recorded: set other numbers, or record it with numbers like these", !recorded
    )]
    UniformFlipped { comparison: String, recorded: bool, inputs: String },
    #[error("this processor does not have the instructions {name:?}; it has {known}")]
    Instructions { name: String, known: String },
    #[error("part {part} of {of}: parts are counted from 0 to {}", of - 1)]
    NoSuchPart { part: usize, of: usize },
    #[error("blocks {}..{} were asked for, but the {points} points are cut into {count} blocks: end at {count}", asked.start, asked.end)]
    NoSuchBlocks { asked: Range<usize>, points: usize, count: usize },
    #[error("{}: not a regular file, and points are read more than once: copy them to a file first", path.display())]
    NotRegular { path: PathBuf },
    #[error("{}: there are no points: was the file cut short?", path.display())]
    NoPoints { path: PathBuf },
    #[error(
        "{}: {bytes} bytes are not a whole number of points with {columns} numbers of 8 bytes: it was cut short, or is of another program", path.display()
    )]
    Size { path: PathBuf, bytes: u64, columns: usize },
    #[error("{}: it changed while it was read: make the part again", path.display())]
    Changed { path: PathBuf },
    #[error("{}, line {line}: {what}", path.display())]
    Line { path: PathBuf, line: u64, what: String },
    #[error("{}: not a part that this version reads ({what}): make it again with wengert-blocks sums", path.display())]
    Part { path: PathBuf, what: String },
    #[error(
        "{} and {} are of different {what} ({first_is}; {second_is}): make all parts from one", first.display(), second.display()
    )]
    Different { first: PathBuf, second: PathBuf, what: &'static str, first_is: String, second_is: String },
    #[error("{} and {} both have block {block}: give each block once", first.display(), second.display())]
    Overlap { first: PathBuf, second: PathBuf, block: usize },
    #[error("blocks {} are missing: give their parts too, or make them with --blocks {} --cut {most}", list(missing), list(&missing[..1]))]
    Missing { missing: Vec<Range<usize>>, most: usize },
    #[error("standard output: {0}")]
    Printing(io::Error),
}

fn list(ranges: &[Range<usize>]) -> String {
    ranges.iter().map(|range| format!("{}..{}", range.start, range.end)).collect::<Vec<_>>().join(", ")
}
