//! Reading the inputs of each step with their tangents, and testing for the end, while a loop runs.

use crc32fast::Hasher;

use crate::error::{Error, same_length};
use crate::inputs::{Inputs, Steps, Until};

/// The inputs of a loop, and where it ends.
pub(crate) struct Ends<'a> {
    steps: Option<usize>,
    until: Option<Box<Until<'a>>>,
    inputs: Inputs<'a>,
    /// How many inputs a step has.
    width: usize,
    /// The tangents of the inputs: none for numbers alone, an empty list for zeros.
    tangents: Option<&'a [f64]>,
    /// The checksum of the inputs that were written, if one is kept.
    seen: Option<Seen>,
}

/// The checksum of the inputs of the first steps, with their tangents.
#[derive(Default)]
struct Seen {
    steps: usize,
    sum: Hasher,
}

impl Seen {
    /// Adds the inputs of the steps from `start` on, `width` numbers each. Skips steps that it has seen.
    fn look(&mut self, start: usize, width: usize, x: &[f64]) {
        for step in x.chunks_exact(width).skip(self.steps.saturating_sub(start)) {
            step.iter().for_each(|number| self.sum.update(&number.to_le_bytes()));
            self.steps += 1;
        }
    }
}

impl<'a> Ends<'a> {
    /// # Errors
    /// If there is no step, no end, or a wrong number of inputs.
    pub(crate) fn of(steps: Steps<'a>, inputs: Inputs<'a>, width: usize) -> Result<Ends<'a>, Error> {
        Ends::with_tangents(steps, inputs, width, None)
    }

    /// As [`Ends::of`], for numbers and their tangents.
    pub(crate) fn with_tangents(
        steps: Steps<'a>,
        mut inputs: Inputs<'a>,
        width: usize,
        tangents: Option<&'a [f64]>,
    ) -> Result<Ends<'a>, Error> {
        let (steps, until) = match steps {
            Steps::Exactly(0) => return Err(Error::NoSteps),
            Steps::Exactly(steps) => (Some(steps), None),
            Steps::Until(until) => (None, Some(until)),
            Steps::OfInputs if width == 0 || inputs.is_endless() => return Err(Error::NoEnd),
            Steps::OfInputs => (inputs.steps(width), None),
        };
        if steps.unwrap_or(0) == 0 && !inputs.has(0, width)? {
            return Err(Error::NoSteps);
        }
        inputs.check(width, steps)?;
        if let Some(steps) = steps
            && let Some(tangents @ [_, ..]) = tangents
        {
            same_length("tangents of inputs", steps.saturating_mul(width), tangents.len())?;
        }
        Ok(Ends { steps, until, inputs, width, tangents, seen: None })
    }

    /// How many steps there are, if that is known.
    pub(crate) fn steps(&self) -> Option<usize> {
        self.steps
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.inputs.is_frozen
    }

    pub(crate) fn has_tangents(&self) -> bool {
        self.tangents.is_some()
    }

    pub(crate) fn has_condition(&self) -> bool {
        self.until.is_some()
    }

    /// Whether there is a condition that holds after `steps` steps, in the state after them.
    pub(crate) fn is_met(&mut self, steps: usize, state: &[f64]) -> bool {
        self.until.as_mut().is_some_and(|until| until(steps, state))
    }

    /// Whether there are inputs for a step.
    pub(crate) fn has(&mut self, step: usize) -> Result<bool, Error> {
        self.inputs.has(step, self.width)
    }

    /// For how many of the steps from `start` on there are inputs, at most `most`.
    pub(crate) fn steps_from(&mut self, start: usize, most: usize) -> Result<usize, Error> {
        let mut count = most;
        if !self.has(start + most - 1)? {
            count = 0;
            while self.has(start + count)? {
                count += 1;
            }
        }
        Ok(count)
    }

    /// Checks the tangents of inputs of a loop that ends after `steps` steps.
    ///
    /// # Errors
    /// If there are too few or, without a condition, too many. A condition may end the loop before its inputs end.
    pub(crate) fn check_tangents(&self, steps: usize) -> Result<(), Error> {
        let expected = steps.saturating_mul(self.width);
        match self.tangents {
            Some(tangents @ [_, ..]) if tangents.len() < expected || self.until.is_none() => {
                same_length("tangents of inputs", expected, tangents.len())
            }
            _ => Ok(()),
        }
    }

    /// Writes the inputs of a step, without tangents.
    pub(crate) fn write_inputs(&mut self, step: usize, x: &mut [f64]) {
        self.inputs.write(step, x);
    }

    /// Writes the inputs of these steps, each followed by its tangents if there are any.
    pub(crate) fn write(&mut self, start: usize, steps: usize, x: &mut [f64]) {
        let width = self.width;
        if width == 0 {
            return;
        }
        let of_step = if self.tangents.is_some() { 2 * width } else { width };
        let x = &mut x[..steps * of_step];
        for (step, x) in (start..).zip(x.chunks_exact_mut(of_step)) {
            let (x, dx) = x.split_at_mut(width);
            self.inputs.write(step, x);
            let Some(tangents) = self.tangents else { continue };
            match tangents.get(step * width..(step + 1) * width) {
                Some(tangents) => dx.copy_from_slice(tangents),
                // There are none, or the step is beyond the end, which may not be known yet.
                None => dx.fill(0.0),
            }
        }
        if let Some(seen) = &mut self.seen {
            seen.look(start, of_step, x);
        }
    }

    /// From now on, keeps a checksum of the inputs that are written.
    pub(crate) fn keep_checksum(&mut self) {
        self.seen = Some(Seen::default());
    }

    /// For how many steps inputs were written, and the checksum of these inputs.
    pub(crate) fn checksum(&self) -> (usize, u32) {
        self.seen.as_ref().map_or((0, 0), |seen| (seen.steps, seen.sum.clone().finalize()))
    }

    /// Whether the inputs of the first `steps` steps have this checksum. It reads them, and so brings an iterator to where the
    /// saved run was.
    pub(crate) fn have_checksum(&mut self, steps: usize, sum: u32) -> Result<bool, Error> {
        self.keep_checksum();
        if steps > 0 && !self.has(steps - 1)? {
            return Ok(false);
        }
        let mut x = vec![0.0; 2 * self.width];
        for step in 0..steps {
            self.write(step, 1, &mut x);
        }
        Ok(self.checksum() == (steps, sum))
    }
}
