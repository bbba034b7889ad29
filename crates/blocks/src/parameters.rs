//! The uniform inputs: from `--set`, and from a file of lines of the same form.

use std::fs;

use wengert_program::{Program, Spread};

use crate::arguments::Sums;
use crate::error::Error;

/// The number of each uniform input, in order.
pub(crate) fn parameters(program: &Program, arguments: &Sums) -> Result<Vec<f64>, Error> {
    let mut numbers = vec![None; program.input_count()];
    for text in &arguments.set {
        set(program, &mut numbers, "--set", text)?;
    }
    if let Some(path) = &arguments.parameters {
        let text = fs::read_to_string(path).map_err(|source| Error::File { path: path.clone(), source })?;
        for (line, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
            set(program, &mut numbers, &format!("{}, line {}", path.display(), line + 1), text)?;
        }
    }
    let names: Vec<String> = uniform(program).filter(|&k| numbers[k].is_none()).map(|k| name(program, k)).collect();
    match names.is_empty() {
        true => Ok(numbers.into_iter().flatten().collect()),
        false => Err(Error::NotSet { names: names.join(", ") }),
    }
}

/// The uniform inputs with their numbers, as `--set` takes them.
pub(crate) fn settings(program: &Program, numbers: &[f64]) -> String {
    let settings = uniform(program).zip(numbers).map(|(k, number)| format!("{}={number:?}", name(program, k)));
    settings.collect::<Vec<_>>().join(", ")
}

fn set(program: &Program, numbers: &mut [Option<f64>], place: &str, text: &str) -> Result<(), Error> {
    // A label may have an equals sign, a number does not.
    let setting = text.rsplit_once('=').and_then(|(name, number)| Some((name.trim(), number.trim().parse().ok()?)));
    let (name, number) = setting.ok_or_else(|| Error::Setting { place: place.into(), text: text.into() })?;
    let labeled: Vec<usize> = (0..numbers.len()).filter(|&k| program.input_label(k) == Some(name)).collect();
    if let [first, second, ..] = labeled[..] {
        return Err(Error::SameLabel { place: place.into(), name: name.into(), first, second });
    }
    let numbered = || name.parse().ok().filter(|&k: &usize| k < numbers.len());
    let (place, name) = (place.to_owned(), name.to_owned());
    let Some(input) = labeled.first().copied().or_else(numbered) else {
        let known: Vec<String> = uniform(program).map(|k| self::name(program, k)).collect();
        return Err(Error::UnknownInput { place, name, known: known.join(", ") });
    };
    if program.input_spread(input) == Spread::PerPoint {
        return Err(Error::PointInput { place, name });
    }
    match numbers[input].replace(number) {
        None => Ok(()),
        Some(_) => Err(Error::SetTwice { place, name }),
    }
}

fn uniform(program: &Program) -> impl Iterator<Item = usize> {
    (0..program.input_count()).filter(|&k| program.input_spread(k) != Spread::PerPoint)
}

/// What `--set` calls an input: its label, or its place if another has the same label.
fn name(program: &Program, input: usize) -> String {
    let label = program.input_label(input);
    let shared = (0..program.input_count()).any(|k| k != input && program.input_label(k) == label);
    label.filter(|_| !shared).map_or_else(|| input.to_string(), str::to_owned)
}
