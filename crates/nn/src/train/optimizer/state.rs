//! What an optimizer remembers, as text: exact to the bit, so that training that is stopped and resumed takes the
//! steps that it would have taken.
//!
//! ```text
//! wengert-nn optimizer 1
//! adam
//! rate 3fb999999999999a
//! ...
//! parameters 65
//! 3fce250d1d9dfc68 3f50624dd2f1a9fc 3ff0000000000000
//! ...
//! end
//! ```

use std::fmt::Write as _;
use std::path::Path;

use super::{Adam, Sgd, Square};
use crate::error::Error;
use crate::net::file::{Lines, load, save};

const FIRST: &str = "wengert-nn optimizer 1";

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Sgd {}
    impl Sealed for super::Adam {}
}

/// An optimizer whose settings and memory can be saved and resumed, exact to the bit.
///
/// ```
/// use wengert_nn::{Adam, Optimizer, SavedOptimizer};
///
/// let (mut adam, mut parameters) = (Adam::new(0.1), [1.0, 2.0]);
/// adam.step(&mut parameters, &[0.5, -0.3]);
/// let mut resumed = Adam::parse(&adam.text())?;
/// assert_eq!(resumed, adam);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub trait SavedOptimizer: sealed::Sealed + Sized {
    /// Settings and memory as the text of a file.
    fn text(&self) -> String;

    /// The optimizer that a text describes.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the number of the first line that is wrong.
    fn parse(text: &str) -> Result<Self, Error>;

    /// Writes settings and memory to a file, whole or not at all.
    ///
    /// # Errors
    /// [`Error::File`]; the file is as before.
    fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        save(path.as_ref(), &self.text())
    }

    /// Reads an optimizer from a file that [`SavedOptimizer::save`] wrote.
    ///
    /// # Errors
    /// [`Error::File`], and [`Error::InFile`] with what [`SavedOptimizer::parse`] says.
    fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        load(path.as_ref(), Self::parse)
    }
}

impl SavedOptimizer for Sgd {
    fn text(&self) -> String {
        let settings = [("rate", self.rate), ("momentum", self.momentum)];
        written("sgd", &settings, None, self.velocity.iter().map(|&v| [v]))
    }

    fn parse(text: &str) -> Result<Sgd, Error> {
        let mut lines = begun(text, "sgd")?;
        Ok(Sgd {
            rate: setting(&mut lines, "rate")?,
            momentum: setting(&mut lines, "momentum")?,
            velocity: memory(lines, |[v]| v.is_finite().then_some(v))?,
        })
    }
}

impl SavedOptimizer for Adam {
    fn text(&self) -> String {
        let settings = [("rate", self.rate), ("beta1", self.beta1), ("beta2", self.beta2), ("epsilon", self.epsilon)];
        let memory = self.mean.iter().zip(&self.square).map(|(&mean, square)| [mean, square.part, square.unit]);
        written("adam", &settings, Some(self.steps), memory)
    }

    fn parse(text: &str) -> Result<Adam, Error> {
        let mut lines = begun(text, "adam")?;
        let mut adam = Adam::new(setting(&mut lines, "rate")?);
        adam.beta1 = setting(&mut lines, "beta1")?;
        adam.beta2 = setting(&mut lines, "beta2")?;
        adam.epsilon = setting(&mut lines, "epsilon")?;
        let words = lines.next()?;
        let steps = i32::try_from(lines.number(words, "steps")?);
        adam.steps = steps.map_err(|_| lines.wrong(format!("the number of steps must be at most {}", i32::MAX)))?;
        let moments =
            memory(lines, |[mean, part, unit]| Some((Some(mean).filter(|x| x.is_finite())?, Square::of(part, unit)?)))?;
        (adam.mean, adam.square) = moments.into_iter().unzip();
        Ok(adam)
    }
}

fn written<const N: usize>(
    name: &str,
    settings: &[(&str, f64)],
    steps: Option<i32>,
    memory: impl ExactSizeIterator<Item = [f64; N]>,
) -> String {
    let mut text = format!("{FIRST}\n{name}\n");
    for (name, value) in settings {
        let _ = writeln!(text, "{name} {:016x}", value.to_bits());
    }
    if let Some(steps) = steps {
        let _ = writeln!(text, "steps {steps}");
    }
    let _ = writeln!(text, "parameters {}", memory.len());
    for numbers in memory {
        let words = numbers.map(|x| format!("{:016x}", x.to_bits()));
        let _ = writeln!(text, "{}", words.join(" "));
    }
    text + "end\n"
}

fn begun<'t>(text: &'t str, name: &str) -> Result<Lines<'t>, Error> {
    let mut lines = Lines::new(text);
    for expected in [FIRST, name] {
        if lines.next()? != expected {
            return Err(lines.wrong(format!("expected {expected:?}")));
        }
    }
    Ok(lines)
}

fn setting(lines: &mut Lines<'_>, name: &str) -> Result<f64, Error> {
    let words = lines.next()?;
    let digits = words.strip_prefix(name).and_then(|rest| rest.strip_prefix(' '));
    match digits {
        Some(digits) => lines.bits(digits),
        None => Err(lines.wrong(format!("expected \"{name}\" and its bits, not {words:?}"))),
    }
}

/// Reads `N` numbers for each parameter, and the end of the text. `meaning` is `None` for numbers that no step leaves behind.
fn memory<const N: usize, T>(mut lines: Lines<'_>, meaning: impl Fn([f64; N]) -> Option<T>) -> Result<Vec<T>, Error> {
    let words = lines.next()?;
    let count = lines.number(words, "parameters")?;
    let mut memory = Vec::new();
    for _ in 0..count {
        let line = lines.next()?;
        let mut words = line.split(' ');
        let mut numbers = [0.0; N];
        for number in &mut numbers {
            *number = lines.bits(words.next().unwrap_or(""))?;
        }
        if words.next().is_some() {
            return Err(lines.wrong(format!("expected {N} numbers, not {line:?}")));
        }
        let meant = meaning(numbers);
        memory.push(meant.ok_or_else(|| lines.wrong(format!("no step leaves {numbers:?} behind")))?);
    }
    lines.end()?;
    Ok(memory)
}
