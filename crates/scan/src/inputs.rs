//! The inputs of each step, and how many steps there are.

use std::fmt;

use wengert::room::Grow;

use crate::error::Error;

/// When a loop ends. A number of steps becomes [`Steps::Exactly`].
pub enum Steps<'a> {
    /// After this number of steps.
    Exactly(usize),
    /// After the step for which this is true: see [`Steps::until`].
    Until(Box<Until<'a>>),
    /// Where the inputs end.
    OfInputs,
}

/// Whether a loop ends after a number of steps, given that number and the state after them.
pub type Until<'a> = dyn FnMut(usize, &[f64]) -> bool + 'a;

impl<'a> Steps<'a> {
    /// Until a condition holds, or the inputs end. It gets the number of steps so far and the state after them, and is
    /// asked once for each step, in order. Inputs may be read for some steps after the last.
    ///
    /// A condition that never holds gives a loop without an end. Comparisons with NaN are false, so bound the steps too:
    /// `|steps, s| steps == 1_000_000 || s[0] > 100.0`. [`Workspace::on_progress`](crate::Workspace::on_progress) can stop
    /// such a loop.
    ///
    /// It must be a function of its arguments alone: a run that [goes on from a file](crate::Workspace::save_to) asks it
    /// about later steps only, so what it counted or remembered before is lost.
    ///
    /// ```
    /// use wengert_scan::{Keep, Scan, Steps, Workspace};
    ///
    /// let scan = Scan::new(&[1.0], &[2.0], &[], |s, p, _| (vec![p[0] * s[0]], s[0]))?;
    /// let steps = Steps::until(|_, s| s[0] > 100.0);
    /// let gradient = scan.value_and_gradient(steps, &[1.0], &[2.0], (), Keep::Online(4), &mut Workspace::new())?;
    /// assert_eq!((gradient.steps, gradient.value), (7, 127.0));
    /// # Ok::<(), wengert_scan::Error>(())
    /// ```
    pub fn until(condition: impl FnMut(usize, &[f64]) -> bool + 'a) -> Steps<'a> {
        Steps::Until(Box::new(condition))
    }
}

impl fmt::Debug for Steps<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Steps::Exactly(steps) => f.debug_tuple("Exactly").field(steps).finish(),
            Steps::Until(_) => f.debug_tuple("Until").finish_non_exhaustive(),
            Steps::OfInputs => f.write_str("OfInputs"),
        }
    }
}

impl From<usize> for Steps<'_> {
    fn from(steps: usize) -> Self {
        Steps::Exactly(steps)
    }
}

/// The inputs of each step. A slice has those of the first step, then those of the second, and so on; `()` is for steps
/// without inputs.
pub struct Inputs<'a> {
    source: Source<'a>,
    pub(crate) is_frozen: bool,
}

/// Writes the inputs of a step.
type Write<'a> = dyn FnMut(usize, &mut [f64]) + 'a;

enum Source<'a> {
    Slice(&'a [f64]),
    By(Box<Write<'a>>),
    Iterator { rest: Box<dyn Iterator<Item = f64> + 'a>, read: Vec<f64> },
}

impl<'a> Inputs<'a> {
    fn of(source: Source<'a>) -> Inputs<'a> {
        Inputs { source, is_frozen: false }
    }

    /// Inputs that a closure writes: it gets the number of the step, from 0, and room for its inputs. An input that it does
    /// not write is NaN. It is called again for steps that run again, and must then write the same numbers.
    ///
    /// ```
    /// use wengert_scan::{Inputs, Keep, Scan, Workspace};
    ///
    /// // The sum of x^2 for x = 0, 1, 2.
    /// let scan = Scan::new(&[0.0], &[], &[1.0], |s, _, x| (vec![s[0] + x[0]], x[0] * x[0]))?;
    /// let inputs = Inputs::by(|step, x| x[0] = step as f64);
    /// let sum = scan.value_and_gradient(3, &[0.0], &[], inputs, Keep::Sqrt, &mut Workspace::new())?;
    /// assert_eq!((sum.value, sum.inputs), (5.0, vec![0.0, 2.0, 4.0]));
    /// # Ok::<(), wengert_scan::Error>(())
    /// ```
    pub fn by(write: impl FnMut(usize, &mut [f64]) + 'a) -> Inputs<'a> {
        Inputs::of(Source::By(Box::new(write)))
    }

    /// Inputs from an iterator, which gives those of the first step, then those of the second, and so on. What it gave is
    /// kept, since steps run again. If the number of steps is known, all are read before the first step runs.
    ///
    /// Numbers that are left over are [`Error::InputsLeft`], unless the iterator says that it never ends, as
    /// [`std::iter::repeat`] does by its `size_hint`.
    ///
    /// ```
    /// use wengert_scan::{Inputs, Keep, Scan, Steps, Workspace};
    ///
    /// let scan = Scan::new(&[0.0], &[], &[1.0], |s, _, x| (vec![s[0] + x[0]], s[0] * x[0]))?;
    /// let inputs = Inputs::from_iter([1.0, 2.0, 4.0].into_iter().filter(|&x| x > 1.0));
    /// let sum = scan.value_and_gradient(Steps::OfInputs, &[1.0], &[], inputs, Keep::All, &mut Workspace::new())?;
    /// assert_eq!((sum.steps, sum.value), (2, 1.0 * 2.0 + 3.0 * 4.0));
    /// # Ok::<(), wengert_scan::Error>(())
    /// ```
    #[allow(clippy::should_implement_trait, reason = "the trait cannot take an iterator with a lifetime")]
    pub fn from_iter(numbers: impl IntoIterator<Item = f64, IntoIter: 'a>) -> Inputs<'a> {
        Inputs::of(Source::Iterator { rest: Box::new(numbers.into_iter().fuse()), read: Vec::new() })
    }

    /// The same inputs, without derivatives with respect to them: [`Gradient::inputs`](crate::Gradient::inputs) is then
    /// empty. This saves the memory of one number for each input of each step.
    ///
    /// ```
    /// use wengert_scan::{Inputs, Keep, Scan, Workspace};
    ///
    /// let scan = Scan::new(&[0.0], &[], &[1.0], |s, _, x| (vec![s[0] + x[0]], s[0] * x[0]))?;
    /// let inputs = Inputs::from(&[2.0, 4.0]).frozen();
    /// let sum = scan.value_and_gradient(2, &[1.0], &[], inputs, Keep::All, &mut Workspace::new())?;
    /// assert_eq!((sum.state, sum.inputs), (vec![6.0], vec![]));
    /// # Ok::<(), wengert_scan::Error>(())
    /// ```
    #[must_use]
    pub fn frozen(self) -> Inputs<'a> {
        Inputs { is_frozen: true, ..self }
    }

    /// Whether there are inputs for every step.
    pub(crate) fn is_endless(&self) -> bool {
        match &self.source {
            Source::Slice(_) => false,
            Source::By(_) => true,
            Source::Iterator { rest, .. } => rest.size_hint().0 == usize::MAX,
        }
    }

    /// For how many steps of `width` inputs there are inputs, if that is known.
    pub(crate) fn steps(&self, width: usize) -> Option<usize> {
        match self.source {
            Source::Slice(numbers) if width > 0 => Some(numbers.len() / width),
            _ => None,
        }
    }

    /// Reads the inputs of all steps, if their number is known.
    ///
    /// # Errors
    /// If there are not enough, or some are left over.
    pub(crate) fn check(&mut self, width: usize, steps: Option<usize>) -> Result<(), Error> {
        if let Some(steps) = steps
            && !self.has(steps - 1, width)?
        {
            let given = match &self.source {
                Source::Slice(numbers) => numbers.len() / width,
                Source::By(_) => unreachable!("a closure writes the inputs of every step"),
                Source::Iterator { read, .. } => read.len() / width,
            };
            return Err(Error::InputsEnd { steps, given });
        }
        let may_go_on = self.is_endless() && width > 0;
        // How many numbers the loop takes.
        let taken = if width == 0 { Some(0) } else { steps.map(|steps| steps.saturating_mul(width)) };
        let is_left = match (&mut self.source, taken) {
            // An error if the slice ends within a step.
            (&mut Source::Slice(numbers), None) => self.has(numbers.len(), width)?,
            (Source::Slice(numbers), Some(taken)) => numbers.len() > taken,
            (Source::Iterator { rest, .. }, Some(_)) => !may_go_on && rest.next().is_some(),
            (Source::Iterator { .. }, None) | (Source::By(_), _) => false,
        };
        if is_left { Err(Error::InputsLeft { steps: steps.unwrap_or(0), width }) } else { Ok(()) }
    }

    /// Whether there are inputs for a step.
    ///
    /// # Errors
    /// If the inputs end within a step, or what an iterator gave cannot be kept.
    pub(crate) fn has(&mut self, step: usize, width: usize) -> Result<bool, Error> {
        let count = match &mut self.source {
            Source::By(_) => return Ok(true),
            _ if width == 0 => return Ok(true),
            Source::Slice(numbers) => numbers.len(),
            Source::Iterator { rest, read } => {
                while read.len() / width <= step {
                    match rest.next() {
                        Some(number) => read.try_push(number)?,
                        None => break,
                    }
                }
                read.len()
            }
        };
        match step < count / width {
            false if count % width > 0 => Err(Error::InputsLeft { steps: count / width, width }),
            is_there => Ok(is_there),
        }
    }

    /// Writes the inputs of a step. There must be some: see [`Inputs::has`].
    #[inline]
    pub(crate) fn write(&mut self, step: usize, x: &mut [f64]) {
        let at = step * x.len();
        match &mut self.source {
            _ if x.is_empty() => {}
            Source::Slice(numbers) => x.copy_from_slice(&numbers[at..at + x.len()]),
            Source::By(write) => {
                x.fill(f64::NAN);
                write(step, x);
            }
            Source::Iterator { read, .. } => x.copy_from_slice(&read[at..at + x.len()]),
        }
    }
}

impl fmt::Debug for Inputs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source: &dyn fmt::Debug = match &self.source {
            Source::Slice(numbers) => numbers,
            Source::By(_) => &"a closure",
            Source::Iterator { .. } => &"an iterator",
        };
        f.debug_struct("Inputs").field("source", source).field("is_frozen", &self.is_frozen).finish()
    }
}

impl From<()> for Inputs<'_> {
    fn from((): ()) -> Self {
        Inputs::of(Source::Slice(&[]))
    }
}

impl<'a> From<&'a [f64]> for Inputs<'a> {
    fn from(numbers: &'a [f64]) -> Self {
        Inputs::of(Source::Slice(numbers))
    }
}

impl<'a, const N: usize> From<&'a [f64; N]> for Inputs<'a> {
    fn from(numbers: &'a [f64; N]) -> Self {
        Inputs::of(Source::Slice(numbers))
    }
}

impl<'a> From<&'a Vec<f64>> for Inputs<'a> {
    fn from(numbers: &'a Vec<f64>) -> Self {
        Inputs::of(Source::Slice(numbers))
    }
}
