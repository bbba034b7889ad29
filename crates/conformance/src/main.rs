//! The binary, to check the engine against other reference values.

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use conformance::{command, route};

const HELP: &str = "\
Evaluates formulas through one route of the engine and prints the results as bits.

usage: conformance eval   --route ROUTE [--lanes L] FILE
       conformance points --route ROUTE [--lanes L] FILE

  eval    FILE holds formulas (crates/conformance/src/dag.rs says how they look);
          prints per case `case <id>`, for every output or point `y <bits>` and
          `g <bits>*`, where the case has a Hessian `h <bits>*` (the lower triangle,
          row by row), then `end`
  points  FILE holds functions at points, as data/unary.tsv and data/binary.tsv do;
          prints per line the key columns, the value, the first and the second partials
  ROUTE   sweep    the reverse sweep
          derive   the gradient as graph, and its gradients
          tangent  tangents forward, and through the reverse sweep
          dual     dual numbers
          program  the gradient as graph and its gradients, compiled once per formula, run at
                   all its points at a time; program-fused with products and sums fused;
                   program-sse2 and the like on other instructions than this processor's best
          native   the same, each point alone as machine code, where this processor can; native-fused
          sweep and dual give no second partials
  L       how many points a program runs at a time: 1 for each alone, else rounded up to a
          multiple of 8, 1024 at most; changes no bit
";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[OsString]) -> Result<(), String> {
    let mut words = Vec::new();
    let (mut name, mut lanes) = (None, None);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.to_str() {
            Some("-h" | "--help") => {
                // A closed pipe is not an error: the reader has read enough.
                let _ = io::stdout().write_all(HELP.as_bytes());
                return Ok(());
            }
            Some(option @ ("--route" | "--lanes")) => {
                let value = rest.next().and_then(|v| v.to_str());
                let value = value.ok_or_else(|| format!("{option} needs a value"))?;
                if option == "--route" {
                    name = Some(value);
                } else {
                    let count = value.parse().ok().filter(|&n: &usize| n > 0);
                    let bad = || format!("--lanes takes a whole number from 1 on, not {value:?}");
                    lanes = Some(count.ok_or_else(bad)?);
                }
            }
            Some(option) if option.starts_with('-') => {
                return Err(format!("unknown option {option}; --help explains"));
            }
            _ => words.push(argument),
        }
    }
    let [command, path] = words[..] else {
        return Err("a command and a file are needed; --help explains".into());
    };
    let work = match command.to_str() {
        Some("eval") => command::eval,
        Some("points") => command::points,
        _ => return Err(format!("unknown command {command:?}; --help explains")),
    };
    let route = route::named(name.ok_or("--route is needed; --help explains")?, lanes)?;
    let shown = path.display();
    let file = std::fs::read(path).map_err(|e| format!("{shown}: {e}"))?;
    let mut out = BufWriter::new(io::stdout().lock());
    work(&*route, &file, &mut out).map_err(|e| format!("{shown}: {e}"))
}
