//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
A tour of wengert: the lecture's expression with its derivatives, a net that learns to classify two
half moons, and pictures of both. The net is trained twice from the same start: eagerly (every step
is recorded and swept back) and compiled (a program is made once and run on all cores). The tour
prints the speed of both. It needs no network and no input files.

usage: cargo run --release [-- OPTIONS]

  --out DIR    the folder for the pictures; created if missing (default: out)
  --steps N    the number of training steps with each backend, 1 to 100000 (default: 100)
  --seed N     generate the points and the untrained net from this seed
               (default: the points and the net of micrograd's demo)
  -h, --help   this text
";

/// What to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Request {
    Help,
    Tour(Arguments),
}

/// The options of the tour.
#[derive(Debug, PartialEq)]
pub(crate) struct Arguments {
    pub(crate) out: PathBuf,
    pub(crate) steps: usize,
    pub(crate) seed: Option<u64>,
}

/// Parses the arguments; the error names the first that is wrong.
pub(crate) fn parse(given: impl IntoIterator<Item = OsString>) -> Result<Request, String> {
    let mut arguments = Arguments { out: PathBuf::from("out"), steps: 100, seed: None };
    let mut given = given.into_iter();
    while let Some(option) = given.next() {
        let name = option.to_string_lossy().into_owned();
        let mut value = || given.next().ok_or_else(|| format!("{name} needs a value"));
        match &name[..] {
            "-h" | "--help" => return Ok(Request::Help),
            "--out" => {
                arguments.out = value()?.into();
                if arguments.out.as_os_str().is_empty() {
                    return Err("--out needs the name of a folder".to_string());
                }
            }
            "--steps" => {
                let text = value()?;
                let steps = text.to_str().and_then(|text| text.parse().ok());
                let steps = steps.filter(|steps| (1..=100_000).contains(steps));
                arguments.steps = steps
                    .ok_or_else(|| format!("--steps needs a whole number from 1 to 100000, {text:?} was given"))?;
            }
            "--seed" => {
                let text = value()?;
                let seed = text.to_str().and_then(|text| text.parse().ok());
                arguments.seed = Some(seed.ok_or_else(|| {
                    format!("--seed needs a whole number from 0 to {}, {text:?} was given", u64::MAX)
                })?);
            }
            _ => return Err(format!("unknown argument {name:?}")),
        }
    }
    Ok(Request::Tour(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Request, String> {
        parse(words.iter().map(OsString::from))
    }

    #[test]
    fn options_may_come_in_any_order() {
        let expected = Arguments { out: "here".into(), steps: 7, seed: Some(3) };
        assert_eq!(parsed(&["--seed", "3", "--out", "here", "--steps", "7"]), Ok(Request::Tour(expected)));
        assert_eq!(parsed(&["--steps", "7", "-h"]), Ok(Request::Help));
    }

    #[test]
    fn the_error_names_the_wrong_argument() {
        for (words, named) in [
            (&["--out"][..], "--out"),
            (&["--out", ""], "--out"),
            (&["--steps", "0"], "\"0\""),
            (&["--steps", "many"], "\"many\""),
            (&["--seed", "-1"], "\"-1\""),
            (&["--fast"], "\"--fast\""),
            (&["out"], "\"out\""),
        ] {
            let message = parsed(words).unwrap_err();
            assert!(message.contains(named), "{words:?}: {message}");
        }
    }
}
