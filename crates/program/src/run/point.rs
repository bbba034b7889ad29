//! A single point: the program as a function of numbers.
//!
//! The unsafe code rests on the room that `fit` made, a number for every place, so steps run without bounds
//! checks.

use super::run_steps;
use super::target::{CallContext, Cause, Failures, Flip, Point, earlier};
use super::workspace::Workspace;
use crate::error::{Error, same_length};
use crate::lanes::{InstructionSet, Kernel1};
use crate::program::Program;

/// Whether a program holds at a point: what [`Program::eval_where_valid`] gives.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Validity {
    /// It holds, and its outputs were written.
    Valid,
    /// A comparison comes out differently from when it was recorded. The numbers in `out` are meaningless.
    Flipped,
}

impl Program {
    /// Runs the program at one point, with a number for each input in `x` and for each output in `out`. A
    /// sum over points is the value at the one point.
    ///
    /// The bits are those of [`Program::eval_batch`] at this point in any batch. Allocates nothing once
    /// the workspace fits, but for the machine code that the eighth call makes (see
    /// [`Setup::native`](crate::Setup::native) and [`Program::prepare`]).
    ///
    /// ```
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// let program = Program::from_fn(&[1.0, 2.0], |x| vec![x[0] * x[1]], &Options::new())?;
    /// let (mut out, mut workspace) = ([0.0], Workspace::new());
    /// for (x, want) in [([5.0, 7.0], 35.0), ([2.0, 3.0], 6.0)] {
    ///     program.eval(&x, &mut out, &mut workspace)?;
    ///     assert_eq!(out, [want]);
    /// }
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::OutOfMemory`], [`Error::NoMachineCode`]. [`Error::GuardFlipped`] and
    /// [`Error::External`]; the numbers in `out` are then meaningless.
    pub fn eval(&self, x: &[f64], out: &mut [f64], workspace: &mut Workspace) -> Result<(), Error> {
        match self.run(x, out, workspace)? {
            None => Ok(()),
            Some(guard) => Err(self.flipped(None, guard)),
        }
    }

    /// As [`Program::eval`], for a program that is tried at points where it may not hold: [`Validity::Flipped`], rather
    /// than an error, where a comparison comes out differently from when it was recorded. This allocates nothing, while
    /// [`Error::GuardFlipped`] names the comparison.
    ///
    /// ```
    /// use wengert::Expr;
    /// use wengert_program::{Options, Program, Validity, Workspace};
    ///
    /// fn absolute<'g>(x: &[Expr<'g>]) -> Vec<Expr<'g>> {
    ///     vec![if x[0] < 0.0 { -x[0] } else { x[0] }]
    /// }
    /// let program = Program::from_fn(&[1.0], absolute, &Options::new())?;
    /// let (mut out, mut workspace) = ([0.0], Workspace::new());
    /// assert_eq!(program.eval_where_valid(&[3.0], &mut out, &mut workspace)?, Validity::Valid);
    /// assert_eq!(out, [3.0]);
    /// assert_eq!(program.eval_where_valid(&[-3.0], &mut out, &mut workspace)?, Validity::Flipped);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::eval`], but for [`Error::GuardFlipped`].
    pub fn eval_where_valid(&self, x: &[f64], out: &mut [f64], workspace: &mut Workspace) -> Result<Validity, Error> {
        Ok(if self.run(x, out, workspace)?.is_none() { Validity::Valid } else { Validity::Flipped })
    }

    /// Runs the program at a point, and gives the first guard that flipped.
    ///
    /// # Errors
    /// As [`Program::eval_where_valid`].
    fn run(&self, x: &[f64], out: &mut [f64], workspace: &mut Workspace) -> Result<Option<usize>, Error> {
        let layout = self.layout();
        same_length(|| "numbers in `x`, one for each input".into(), layout.inputs as usize, x.len())?;
        same_length(|| "places in `out`, one for each output".into(), layout.outlets.len(), out.len())?;
        let code = self.machine_code(workspace)?;
        workspace.fit(self.id(), layout)?;
        if let Some(code) = code {
            workspace.fit_code(self.id(), code)?;
            // SAFETY: the code is of this layout; `fit_code` made a frame for it, and nobody else has it; there
            // is a number for every input and output; `machine_code` gives code only to workspaces whose
            // kernels are of its instruction set.
            let done =
                unsafe { code.run(layout, &workspace.kernels, workspace.frame.start(), &mut workspace.calls, x, out) };
            if done {
                return Ok(None);
            }
        }
        // SAFETY: `fit` made a number for every place, inputs first; nobody else has the arena.
        unsafe { std::ptr::copy_nonoverlapping(x.as_ptr(), workspace.point.start(), x.len()) };
        for &(cell, k) in &layout.uniform_inputs {
            workspace.set(layout.inputs + cell, x[k as usize]);
        }
        let failures = Failures::new();
        let context = self.context(workspace.isa, &workspace.kernels, &failures);
        let point =
            Point { numbers: workspace.point.start(), outputs: out.as_mut_ptr(), calls: workspace.calls.as_mut_ptr() };
        // SAFETY: the point has a number for every place and every output, and room for every call, as above.
        let run = |steps| unsafe { run_steps(&context, steps, &point) };
        // What the body does may have been recorded before what the prologue does.
        match earlier(run(&layout.prologue), run(&layout.body)) {
            Some(Flip { guard, cause: Cause::Guard, .. }) => Ok(Some(guard as usize)),
            Some(_) => Err(failed(None, failures)),
            None => Ok(None),
        }
    }

    /// The context of a call, with the kernels of this instruction set.
    pub(crate) fn context<'a>(
        &'a self,
        isa: InstructionSet,
        kernels: &'a [Kernel1],
        failures: &'a Failures,
    ) -> CallContext<'a> {
        CallContext { isa, layout: self.layout(), checks: &self.ir().checks, kernels, failures }
    }

    /// The result of a batch whose first flip, if any, is this.
    pub(crate) fn result(&self, flip: Option<Flip>, failures: Failures) -> Result<(), Error> {
        match flip {
            None => Ok(()),
            Some(Flip { point, cause: Cause::Function(_), .. }) => Err(failed(Some(point), failures)),
            Some(Flip { point, guard, cause: Cause::Guard }) => Err(self.flipped(Some(point), guard as usize)),
        }
    }
}

/// The error of a user's function.
fn failed(point: Option<usize>, failures: Failures) -> Error {
    Error::External { point, source: failures.into_first().expect("what failed was noted") }
}
