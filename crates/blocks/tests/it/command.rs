//! Runs the command, and makes its files.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use wengert_program::{Input, Options, Program};

pub(crate) fn command(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wengert-blocks"));
    command.current_dir(folder).args(arguments.split_whitespace());
    command
}

fn run(folder: &Path, arguments: &str) -> Output {
    command(folder, arguments).output().expect("starts")
}

/// Runs it, and returns its standard output. Standard error must be empty: nobody watches, so there is no progress.
#[track_caller]
pub(crate) fn succeed(folder: &Path, arguments: &str) -> String {
    let output = run(folder, arguments);
    assert_eq!((String::from_utf8_lossy(&output.stderr).as_ref(), output.status.code()), ("", Some(0)), "{arguments}");
    String::from_utf8(output.stdout).expect("is text")
}

/// Runs it, and returns its standard error.
#[track_caller]
pub(crate) fn fail(folder: &Path, arguments: &str, status: i32) -> String {
    let output = run(folder, arguments);
    let text = String::from_utf8(output.stderr).expect("is text");
    assert_eq!((output.stdout, output.status.code()), (Vec::new(), Some(status)), "{arguments}: {text}");
    text
}

/// The sums and the means of a fold that printed CSV.
pub(crate) fn numbers(csv: &str) -> (Vec<u64>, Vec<u64>) {
    let field = |line: &str, k: usize| line.split(',').nth(k).expect("four fields").parse::<f64>().expect("a number");
    let column = |k| csv.lines().skip(1).map(|line| field(line, k).to_bits()).collect();
    (column(2), column(3))
}

/// Saves a program of exp(a) x y and of x, summed over the points (x, y).
pub(crate) fn save_small(path: &Path) -> Program {
    let g = wengert::Graph::new();
    let [a, x, y] = [g.var(0.5).named("a"), g.var(1.0).named("x"), g.var(2.0).named("y")];
    let outputs = [(a.exp() * x * y).id(), x.id()].map(wengert_program::Output::sum);
    let program = Program::compile(&g, [Input::uniform(a.id()), x.into(), y.into()], outputs, &Options::new());
    let program = program.expect("compiles");
    program.save(path).expect("is written");
    program
}

/// Points (x, y) in CSV, whose sums depend on the order of addition.
pub(crate) fn small_points(count: usize) -> String {
    (0..count).map(|k| format!("{:?},{:?}\n", 1.0 / (k as f64 + 0.3), (k as f64).sqrt())).collect()
}

/// A folder with a program and its points.
pub(crate) fn small(count: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("is made");
    save_small(&folder.path().join("small.program"));
    fs::write(folder.path().join("points.csv"), small_points(count)).expect("is written");
    folder
}

/// Makes a part of the files of [`small`].
#[track_caller]
pub(crate) fn small_part(folder: &Path, which: &str, part: &str) {
    succeed(folder, &format!("sums small.program points.csv --set a=0.7 {which} -o {part}"));
}
