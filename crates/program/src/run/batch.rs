//! Batches: the program at many points.
//!
//! The unsafe code rests on lengths, which are checked before anything runs, and on the room that
//! `fit_batches` made. Everything after that goes through pointers, unchecked.

use super::block::Call;
use super::run_steps;
use super::target::{Failures, Point};
use super::workspace::{Column, MOST_POINTS, Workspace, length};
use crate::error::{Error, same_length};
use crate::options::Spread;
use crate::program::Program;

impl Program {
    /// Runs the program at many points. `inputs` has a column for each input: a number for each point, or
    /// one number for all points. An [`Input::uniform`](crate::Input::uniform) has exactly one. `outputs`
    /// has a column for each output: a number for each point, or one for a sum over the points
    /// ([`Output::sum`](crate::Output::sum)).
    ///
    /// The bits at a point depend on its inputs and the instruction set alone: not on the other points, its
    /// place among them, lanes or threads. The bits of a sum depend on the points and their order. Runs
    /// on all cores if the workspace allows it and the batch is large enough. Allocates nothing once the
    /// workspace fits, except what rayon allocates to run on several threads.
    ///
    /// ```
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// let program = Program::from_fn(&[1.0, 1.0], |x| vec![x[0] * x[1]], &Options::new())?;
    /// let mut products = [0.0; 3];
    /// program.eval_batch(3, &[&[1.0, 2.0, 3.0], &[5.0, 6.0, 7.0]], &mut [&mut products], &mut Workspace::new())?;
    /// assert_eq!(products, [5.0, 12.0, 21.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::TooManyPoints`], [`Error::OutOfMemory`]. [`Error::GuardFlipped`] with the
    /// first point at which a comparison comes out differently from when it was recorded, and [`Error::External`] with
    /// the first at which a user's function fails; the numbers in `outputs` are then meaningless.
    pub fn eval_batch(
        &self,
        points: usize,
        inputs: &[&[f64]],
        outputs: &mut [&mut [f64]],
        workspace: &mut Workspace,
    ) -> Result<(), Error> {
        if points > MOST_POINTS {
            return Err(Error::TooManyPoints { points, most: MOST_POINTS });
        }
        let layout = self.layout();
        same_length(|| "columns in `inputs`, one for each input".into(), layout.inputs as usize, inputs.len())?;
        same_length(|| "columns in `outputs`, one for each output".into(), layout.outlets.len(), outputs.len())?;
        for (k, (&spread, column)) in self.ir().inputs.iter().zip(inputs).enumerate() {
            if column.len() != 1 {
                same_length(|| format!("numbers of input {k}"), length(spread, points), column.len())?;
            }
        }
        for (k, (&(spread, _), column)) in layout.outlets.iter().zip(&*outputs).enumerate() {
            same_length(|| format!("numbers of output {k}"), length(spread, points), column.len())?;
        }
        workspace.fit_batches(self.id(), layout)?;
        workspace.outputs.clear();
        workspace.outputs.extend(outputs.iter_mut().map(|column| Column(column.as_mut_ptr())));
        // SAFETY: the lengths agree, as just checked; nobody else has the columns of `outputs`.
        unsafe { self.call(points, inputs, workspace) }
    }

    /// Runs the program in a workspace that already fits it, and writes to `workspace.outputs`.
    ///
    /// # Safety
    /// `workspace.outputs` must have a pointer for each output that is valid for writing its numbers; they
    /// must not overlap each other or the inputs. Each of `inputs` must have one number, or, unless it is
    /// uniform, one for each point.
    unsafe fn call(&self, points: usize, inputs: &[&[f64]], workspace: &mut Workspace) -> Result<(), Error> {
        let layout = self.layout();
        for &(cell, k) in &layout.uniform_inputs {
            workspace.set(layout.inputs + cell, inputs[k as usize][0]);
        }
        let point = Point {
            numbers: workspace.point.start(),
            // The prologue stores nothing.
            outputs: std::ptr::null_mut(),
        };
        let failures = Failures::new();
        let context = self.context(workspace.isa, &workspace.kernels, &failures);
        // SAFETY: `fit_batches` made a number for every place, and nobody else has the workspace.
        let flip = unsafe { run_steps(&context, &layout.prologue, &point) };
        if flip.is_some() {
            return self.result(flip, failures);
        }
        workspace.fill_cells(layout);
        let totals = workspace.block_sums.start();
        let call = Call {
            context: self.context(workspace.isa, &workspace.kernels, &failures),
            points,
            lanes: workspace.lanes,
            outputs: &workspace.outputs,
            inputs,
        };
        // SAFETY: the caller's promise; `fit_batches` made room for the sums of each block.
        let flip = unsafe { call.run(&mut workspace.scratches, totals) };
        let at_each_sum =
            layout.outlets.iter().zip(&workspace.outputs).filter(|((spread, _), _)| *spread == Spread::Uniform);
        for (&(_, number), out) in at_each_sum {
            // SAFETY: a sum's output has room for one number, and there is a total for each sum.
            unsafe { *out.0 = if points == 0 { 0.0 } else { *totals.add(number as usize) } };
        }
        self.result(flip, failures)
    }
}
