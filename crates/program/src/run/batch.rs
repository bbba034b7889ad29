//! Batches: the program at many points.
//!
//! The unsafe code rests on lengths, which are checked before anything runs, and on the room that
//! `fit_batches` made. Everything after that goes through pointers, unchecked.

use std::ops::Range;

use wengert::room::with_room;

use super::block::Call;
use super::run_steps;
use super::target::{Failures, Flip, Point, earlier};
use super::workspace::{Column, MOST_POINTS, Workspace, length};
use crate::blocks::{BlockSums, Blocks};
use crate::error::{Error, same_length};
use crate::options::Spread;
use crate::program::Program;

impl Program {
    /// Runs the program at many points. `inputs` has a column for each input: a number for each point, or
    /// one number for all points. An [`Input::uniform`](crate::Input::uniform) has exactly one. `outputs`
    /// has a column for each output: a number for each point, or one for a sum over the points
    /// ([`Output::sum`](crate::Output::sum)).
    ///
    /// The bits at a point depend on its inputs and the rounding of the instruction set alone: not on the other points, its
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
        self.check_inputs(points, inputs)?;
        let layout = self.layout();
        same_length(|| "columns in `outputs`, one for each output".into(), layout.outlets.len(), outputs.len())?;
        for (k, (&(spread, _), column)) in layout.outlets.iter().zip(&*outputs).enumerate() {
            same_length(|| format!("numbers of output {k}"), length(spread, points), column.len())?;
        }
        workspace.fit_batches(self.id(), layout)?;
        workspace.outputs.clear();
        workspace.outputs.extend(outputs.iter_mut().map(|column| Column(column.as_mut_ptr())));
        // SAFETY: the lengths agree, as just checked; nobody else has the columns of `outputs`.
        unsafe { self.call(0..points, Blocks::of(points).length(), inputs, workspace, Rows::Total)? };
        for (&(spread, number), column) in layout.outlets.iter().zip(outputs) {
            if spread == Spread::Uniform {
                let total = workspace.block_sums.at(number as usize);
                // SAFETY: the call wrote a total for each sum, unless there was nothing to add.
                column[0] = if points == 0 { 0.0 } else { unsafe { *total } };
            }
        }
        Ok(())
    }

    /// The sums over the points of some blocks. Those of all blocks, merged in any order, have the bits of
    /// [`Program::eval_batch`], however the blocks are shared between threads, processes or calls. (If they are cut by
    /// [`Blocks::of`]; the bits depend on how they are cut, and on the rounding of the instruction set.)
    ///
    /// Every output must be a sum ([`Output::sum`](crate::Output::sum)). `inputs` has a column for each input: a number
    /// for each point of `range`, or one number for all points. Runs on all cores if the workspace allows it and there is
    /// enough to do.
    ///
    /// ```
    /// use wengert_program::{Blocks, Options, Output, Program, Workspace};
    ///
    /// let g = wengert::Graph::new();
    /// let x = g.leaf(1.0);
    /// let program = Program::compile(&g, [x], [Output::sum(g.mul(x, x))], &Options::new())?;
    /// let sums = program.block_sums(Blocks::of(3), 0..1, &[&[1.0, 2.0, 3.0]], &mut Workspace::new())?;
    /// assert_eq!(sums.total()?, [14.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Blocks`] if the batch does not have these blocks, or an output is not a sum. Otherwise as
    /// [`Program::eval_batch`]; points are numbered as in the whole batch.
    pub fn block_sums(
        &self,
        blocks: Blocks,
        range: Range<usize>,
        inputs: &[&[f64]],
        workspace: &mut Workspace,
    ) -> Result<BlockSums, Error> {
        if range.start > range.end || range.end > blocks.count() {
            return Err(Error::Blocks { what: format!("blocks {range:?} of a batch that has {}", blocks.count()) });
        }
        let layout = self.layout();
        if let Some(k) = layout.outlets.iter().position(|&(spread, _)| spread != Spread::Uniform) {
            let what = format!("output {k} has a number for each point: blocks need sums, see Output::sum");
            return Err(Error::Blocks { what });
        }
        let own = blocks.points_of(range.clone());
        self.check_inputs(own.len(), inputs)?;
        workspace.fit_batches(self.id(), layout)?;
        workspace.outputs.clear();
        let width = layout.sums as usize;
        let at_a_time = workspace.block_sums.len() / width.max(1);
        let mut columns = with_room(inputs.len())?;
        let mut all = BlockSums::new(blocks, layout.outlets.len());
        for first in range.clone().step_by(at_a_time.max(1)) {
            let now = first..range.end.min(first + at_a_time);
            let points = blocks.points_of(now.clone());
            columns.clear();
            columns.extend(inputs.iter().map(|&column| match column.len() {
                1 => column,
                _ => &column[points.start - own.start..points.end - own.start],
            }));
            // SAFETY: the lengths agree, as just checked; no step stores to an output, since all are sums.
            unsafe { self.call(points.clone(), blocks.length(), &columns, workspace, Rows::OfEachBlock)? };
            for block in now.clone() {
                let row = workspace.block_sums.at((block - first) * width);
                // SAFETY: the call wrote a row for each block.
                let sum = |number: u32| unsafe { *row.add(number as usize) };
                let sums: Vec<f64> = layout.outlets.iter().map(|&(_, number)| sum(number)).collect();
                all.insert(block..block + 1, &sums)?;
            }
        }
        Ok(all)
    }

    fn check_inputs(&self, points: usize, inputs: &[&[f64]]) -> Result<(), Error> {
        if points > MOST_POINTS {
            return Err(Error::TooManyPoints { points, most: MOST_POINTS });
        }
        same_length(|| "columns in `inputs`, one for each input".into(), self.input_count(), inputs.len())?;
        for (k, (&spread, column)) in self.ir().inputs.iter().zip(inputs).enumerate() {
            if column.len() != 1 {
                same_length(|| format!("numbers of input {k}"), length(spread, points), column.len())?;
            }
        }
        Ok(())
    }

    /// Runs the program in a workspace that already fits it, in blocks of `length` points, and writes to
    /// `workspace.outputs`. `inputs` are those of the points `points` of a batch.
    ///
    /// # Safety
    /// `workspace.outputs` must have a pointer for each output that is valid for writing its numbers; they
    /// must not overlap each other or the inputs. Each of `inputs` must have one number, or, unless it is
    /// uniform, one for each point.
    unsafe fn call(
        &self,
        points: Range<usize>,
        length: usize,
        inputs: &[&[f64]],
        workspace: &mut Workspace,
        rows: Rows,
    ) -> Result<(), Error> {
        if points.is_empty() {
            return Ok(());
        }
        let layout = self.layout();
        for &(cell, k) in &layout.uniform_inputs {
            workspace.set(layout.inputs + cell, inputs[k as usize][0]);
        }
        let point = Point {
            numbers: workspace.point.start(),
            // The prologue stores nothing.
            outputs: std::ptr::null_mut(),
            calls: workspace.calls.as_mut_ptr(),
        };
        let failures = Failures::new();
        let context = self.context(workspace.isa, &workspace.kernels, &failures);
        // SAFETY: `fit_batches` made a number for every place and room for every call, and nobody else has the workspace.
        let before = unsafe { run_steps(&context, &layout.prologue, &point) };
        // What is the same at all points fails at the first one, where what the body does may have been recorded before.
        let run = if before.is_some() { 1 } else { points.len() };
        let call = Call {
            context: self.context(workspace.isa, &workspace.kernels, &failures),
            points: run,
            length,
            lanes: workspace.lanes,
            outputs: &workspace.outputs,
            inputs,
        };
        let sums = workspace.block_sums.start();
        // SAFETY: the caller's promise; `fit_batches` made room for the rows.
        let flip = unsafe {
            match rows {
                Rows::Total => call.run(&mut workspace.scratches, sums),
                Rows::OfEachBlock => call.run_each(&mut workspace.scratches, sums),
            }
        };
        let flip = earlier(before, flip);
        self.result(flip.map(|flip| Flip { point: points.start + flip.point, ..flip }), failures)
    }
}

/// Which sums a call leaves in the rows of the workspace.
enum Rows {
    /// One row, the sums over all points.
    Total,
    OfEachBlock,
}
