//! Batches: points cut into stretches, stretches into blocks, blocks run one after another; and a
//! single point as a batch of one. Read [`crate::save`] next.
//!
//! Stretches are what threads share out. Where they lie depends on the number of points alone,
//! and so does the order in which sums over points are made: each stretch adds its points to 16
//! strands, the strands in pairs, then the stretches in order. So sums have the same bits for any
//! number of threads and lanes.

use crate::arena::Arena;
use crate::code::Layout;
use crate::error::{Error, same_length};
use crate::ir::Spread;
use crate::program::Program;
use crate::run::{Block, Columns, Flip, Machinery, STRANDS, run_steps};
use crate::workspace::{Bench, Column, Workspace, length};

/// The most stretches that a batch is cut into.
pub(crate) const MOST_STRETCHES: usize = 64;

/// The points of a stretch are a multiple of this: of the strands, and of most numbers of lanes.
const GRAIN: usize = 64;

/// A batch with less work than so many steps times points runs on one thread.
#[cfg(feature = "parallel")]
const WORTH_SHARING: usize = 1_000_000;

/// How many points a stretch of such a batch has; the last one may have fewer.
fn stretch(points: usize) -> usize {
    points.div_ceil(MOST_STRETCHES).next_multiple_of(GRAIN).max(GRAIN)
}

impl Program {
    /// Runs the program at one point: a number for each input in `x`, for each output in `out`. A
    /// sum over points is that of the one.
    ///
    /// The bits are those that [`Program::eval_batch`] gives at this point in any batch. Allocates
    /// nothing once the workspace fits.
    ///
    /// # Errors
    /// [`Error::Length`]; [`Error::GuardFlipped`], and what is in `out` is no result then.
    pub fn eval(&self, x: &[f64], workspace: &mut Workspace, out: &mut [f64]) -> Result<(), Error> {
        let layout = self.layout();
        same_length(|| "inputs".into(), layout.inputs as usize, x.len())?;
        same_length(|| "outputs".into(), layout.outlets.len(), out.len())?;
        workspace.fit(self.id(), layout);
        workspace.outputs.clear();
        // The pointer is made once, and each output's from it: the slice is not borrowed again.
        let start = out.as_mut_ptr();
        for k in 0..layout.outlets.len() {
            workspace.outputs.push(Column(start.wrapping_add(k)));
        }
        for (place, &x) in (0..).zip(x) {
            workspace.set(place, x);
        }
        for &(cell, k) in &layout.wholes {
            workspace.set(layout.inputs + cell, x[k as usize]);
        }
        let Workspace {
            isa,
            kernels,
            dense,
            benches,
            outputs,
            ..
        } = workspace;
        let machinery = Machinery {
            isa: *isa,
            layout,
            checks: &self.ir().checks,
            kernels,
        };
        let bench = &mut benches[0];
        clear_strands(bench);
        let block = dense_block(dense, bench, outputs);
        // SAFETY: `fit` made a dense column for every place, and room for the strands of every
        // sum; each output has room for one number.
        let flip = unsafe {
            run_steps(&machinery, &layout.prologue, &block).or_else(|| run_steps(&machinery, &layout.body, &block))
        };
        for (k, &(spread, number)) in layout.outlets.iter().enumerate() {
            if spread == Spread::Whole {
                // SAFETY: there are as many outputs.
                unsafe { *outputs[k].0 = strand_sum(bench, number as usize) };
            }
        }
        self.result(flip)
    }

    /// Runs the program at many points. `inputs` has a column for each input: a number for each
    /// point, or one number, which is that of every point; just one where the input is
    /// [`Input::whole`](crate::Input::whole). `outputs` has a column for each output: a number for
    /// each point, or one for a sum over the points ([`Output::sum`](crate::Output::sum)).
    ///
    /// A point's bits depend on its inputs and the instruction set alone: not on the other
    /// points, its place among them, lanes or threads. A sum's depend on the points in their
    /// order. Runs on all cores if the workspace says so and the batch is large enough. Allocates
    /// nothing once the workspace fits (but for what rayon does to share a large batch out).
    ///
    /// # Errors
    /// [`Error::Length`]; [`Error::GuardFlipped`] with the first point at which a comparison comes
    /// out otherwise than recorded, and what is in `outputs` is no result then.
    pub fn eval_batch(
        &self,
        points: usize,
        inputs: &[&[f64]],
        outputs: &mut [&mut [f64]],
        workspace: &mut Workspace,
    ) -> Result<(), Error> {
        let layout = self.layout();
        same_length(|| "inputs".into(), layout.inputs as usize, inputs.len())?;
        same_length(|| "outputs".into(), layout.outlets.len(), outputs.len())?;
        for (k, (&spread, column)) in self.ir().inputs.iter().zip(inputs).enumerate() {
            if column.len() != 1 {
                same_length(|| format!("numbers of input {k}"), length(spread, points), column.len())?;
            }
        }
        for (k, (&(spread, _), column)) in layout.outlets.iter().zip(&*outputs).enumerate() {
            same_length(
                || format!("numbers of output {k}"),
                length(spread, points),
                column.len(),
            )?;
        }
        workspace.fit(self.id(), layout);
        workspace.outputs.clear();
        workspace
            .outputs
            .extend(outputs.iter_mut().map(|column| Column(column.as_mut_ptr())));
        // SAFETY: lengths agree, as just checked; the columns are borrowed to us alone.
        unsafe { self.call(points, inputs, workspace) }
    }

    /// Runs the program on the workspace, which fits, to its outputs.
    ///
    /// # Safety
    /// `workspace.outputs` must have a pointer for each output, valid for writing its numbers and
    /// apart from all others and from the inputs; each of `inputs` must have one number, or one for
    /// each point and not be whole.
    unsafe fn call(&self, points: usize, inputs: &[&[f64]], workspace: &mut Workspace) -> Result<(), Error> {
        let layout = self.layout();
        for &(cell, k) in &layout.wholes {
            workspace.set(layout.inputs + cell, inputs[k as usize][0]);
        }
        let Workspace {
            isa,
            kernels,
            lanes,
            dense,
            benches,
            stretch_sums,
            outputs,
            ..
        } = workspace;
        let call = Call {
            machinery: Machinery {
                isa: *isa,
                layout,
                checks: &self.ir().checks,
                kernels,
            },
            points,
            stretch: stretch(points),
            lanes: *lanes,
            outputs,
            inputs,
        };
        let block = dense_block(dense, &benches[0], outputs);
        // SAFETY: the prologue reads and writes cells, which are dense columns.
        let mut flip = unsafe { run_steps(&call.machinery, &layout.prologue, &block) };
        let sums = layout.sums as usize;
        let totals = stretch_sums.start();
        if flip.is_none() {
            flip = match call.shared(benches) {
                // SAFETY: the caller's promise; `fit` made room for the sums of each stretch.
                Some(threads) => unsafe { call.on_threads(threads, totals, sums) },
                // SAFETY: the same.
                None => unsafe { call.on_one(&mut benches[0], totals, sums) },
            };
        }
        let at_each_sum = layout
            .outlets
            .iter()
            .zip(&**outputs)
            .filter(|((spread, _), _)| *spread == Spread::Whole);
        for (&(_, number), out) in at_each_sum {
            // SAFETY: a sum's output has room for one number, and there is a total for each sum.
            unsafe { *out.0 = if points == 0 { 0.0 } else { *totals.add(number as usize) } };
        }
        self.result(flip)
    }

    fn result(&self, flip: Option<Flip>) -> Result<(), Error> {
        flip.map_or(Ok(()), |(point, guard)| Err(self.flipped(point, guard as usize)))
    }
}

/// The block of a single point, and of what is the same at all.
fn dense_block(dense: &Arena, bench: &Bench, outputs: &[Column]) -> Block {
    Block {
        columns: Columns::Dense(dense.start()),
        lanes: 4,
        active: 1,
        first: 0,
        strand: 0,
        // A `Column` is a pointer and laid out as one.
        outputs: outputs.as_ptr().cast(),
        sums: bench.sums.start(),
    }
}

/// Lets the strands of all sums start: any number added to -0 is itself.
fn clear_strands(bench: &mut Bench) {
    for k in 0..bench.sums.len() {
        // SAFETY: within the arena, which is ours.
        unsafe { *bench.sums.start().add(k) = -0.0 };
    }
}

/// What the stretches of a call have in common.
struct Call<'a> {
    machinery: Machinery<'a>,
    points: usize,
    stretch: usize,
    lanes: usize,
    outputs: &'a [Column],
    inputs: &'a [&'a [f64]],
}

impl Call<'_> {
    fn stretches(&self) -> usize {
        self.points.div_ceil(self.stretch)
    }

    /// The benches to share the batch out to, if it is worth it.
    fn shared<'b>(&self, benches: &'b mut [Bench]) -> Option<&'b mut [Bench]> {
        #[cfg(feature = "parallel")]
        {
            let work = self.points.saturating_mul(self.machinery.layout.body.len());
            let threads = benches.len().min(self.stretches());
            (threads > 1 && work >= WORTH_SHARING).then(|| &mut benches[..threads])
        }
        #[cfg(not(feature = "parallel"))]
        {
            let _ = benches;
            None
        }
    }

    /// Runs all stretches in order on one bench. `totals` has room for the sums. Safety: as
    /// [`Program::call`].
    unsafe fn on_one(&self, bench: &mut Bench, totals: *mut f64, sums: usize) -> Option<Flip> {
        self.lay_out_single_numbers(bench);
        for stretch in 0..self.stretches() {
            // SAFETY: the caller's promise.
            let flip = unsafe { self.run_stretch(stretch, bench) };
            if flip.is_some() {
                return flip;
            }
            for k in 0..sums {
                let sum = strand_sum(bench, k);
                // SAFETY: there is room for the sums.
                unsafe { *totals.add(k) = if stretch == 0 { sum } else { *totals.add(k) + sum } };
            }
        }
        None
    }

    /// Shares the stretches out to a thread for each bench. `totals` has room for the sums of each
    /// stretch; the first of them become the totals. Safety: as [`Program::call`].
    #[cfg(feature = "parallel")]
    unsafe fn on_threads(&self, benches: &mut [Bench], totals: *mut f64, sums: usize) -> Option<Flip> {
        use rayon::prelude::*;
        use std::sync::atomic::{AtomicUsize, Ordering};
        let next = AtomicUsize::new(0);
        let totals = Column(totals);
        let work = |bench: &mut Bench| {
            // The whole `Column` goes to the thread, not the pointer in it.
            let totals: &Column = &totals;
            self.lay_out_single_numbers(bench);
            let mut first = None;
            loop {
                let stretch = next.fetch_add(1, Ordering::Relaxed);
                if stretch >= self.stretches() {
                    return first;
                }
                // SAFETY: the caller's promise; no other thread has this stretch or this bench, so
                // no other writes its points of the outputs, its slots or its sums.
                let flip = unsafe { self.run_stretch(stretch, bench) };
                first = earlier(first, flip);
                for k in 0..sums {
                    // SAFETY: there is room for the sums of each stretch, and this one is ours.
                    unsafe { *totals.0.add(stretch * sums + k) = strand_sum(bench, k) };
                }
            }
        };
        let flip = benches.par_iter_mut().map(work).reduce(|| None, earlier);
        for stretch in 1..self.stretches() {
            for k in 0..sums {
                // SAFETY: as above; the threads are done.
                unsafe { *totals.0.add(k) += *totals.0.add(stretch * sums + k) };
            }
        }
        flip
    }

    #[cfg(not(feature = "parallel"))]
    unsafe fn on_threads(&self, benches: &mut [Bench], totals: *mut f64, sums: usize) -> Option<Flip> {
        // SAFETY: the caller's promise.
        unsafe { self.on_one(&mut benches[0], totals, sums) }
    }

    /// Fills the pads of inputs that are given as one number for all points.
    fn lay_out_single_numbers(&self, bench: &mut Bench) {
        let lanes = self.lanes.min(self.points.next_multiple_of(4));
        for (k, column) in bench.table[..self.machinery.layout.inputs as usize]
            .iter_mut()
            .enumerate()
        {
            if let &[x] = self.inputs[k] {
                *column = Column(bench.pads.at(k * self.lanes));
                for fours in (0..lanes).step_by(4) {
                    // SAFETY: a pad has a number for each lane, a multiple of 4; it is ours.
                    unsafe { *column.0.add(fours).cast::<[f64; 4]>() = [x; 4] };
                }
            }
        }
    }

    /// Runs a stretch; its sums are in the strands of the bench then. Safety: as
    /// [`Program::call`], of the points of this stretch.
    unsafe fn run_stretch(&self, stretch: usize, bench: &mut Bench) -> Option<Flip> {
        clear_strands(bench);
        let start = stretch * self.stretch;
        let end = self.points.min(start + self.stretch);
        let mut flip = None;
        let mut first = start;
        while first < end {
            let active = self.lanes.min(end - first);
            self.lay_out_inputs(bench, first, active);
            let block = Block {
                columns: Columns::Table(bench.table.as_ptr().cast()),
                lanes: active.next_multiple_of(4),
                active,
                first,
                strand: (first - start) % STRANDS,
                outputs: self.outputs.as_ptr().cast(),
                sums: bench.sums.start(),
            };
            // SAFETY: the table has a column of `lanes` numbers for every input, now, and for
            // every cell and slot by `fit`; the rest is the caller's promise.
            flip = earlier(flip, unsafe { self.run_block(&block) });
            first += active;
        }
        flip
    }

    /// Runs the body, and between its steps fetches what the next block will read. Safety: as
    /// [`run_steps`].
    unsafe fn run_block(&self, block: &Block) -> Option<Flip> {
        let Layout { body, streams, .. } = self.machinery.layout;
        let next = block.first + block.lanes;
        let groups = streams.chunks(4);
        if groups.len() == 0 || next >= self.points {
            // SAFETY: the caller's promise.
            return unsafe { run_steps(&self.machinery, body, block) };
        }
        let mut flip = None;
        for (steps, group) in body.chunks(body.len().div_ceil(groups.len())).zip(groups) {
            for &k in group {
                if let Some(points) = self.inputs[k as usize].get(next..) {
                    points.iter().take(block.lanes).step_by(LINE).for_each(prefetch);
                }
            }
            // SAFETY: the caller's promise.
            flip = earlier(flip, unsafe { run_steps(&self.machinery, steps, block) });
        }
        flip
    }

    /// Lets the table point to the columns of these points: where the caller has them if they are
    /// a multiple of 4, to a copy filled up with the last point if not.
    fn lay_out_inputs(&self, bench: &mut Bench, first: usize, active: usize) {
        for k in 0..self.machinery.layout.inputs as usize {
            let column = self.inputs[k];
            if column.len() == 1 {
                continue;
            }
            let points = &column[first..first + active];
            if active.is_multiple_of(4) {
                bench.table[k] = Column(points.as_ptr().cast_mut());
                continue;
            }
            let pad = bench.pads.at(k * self.lanes);
            for lane in 0..active.next_multiple_of(4) {
                // SAFETY: a pad has a number for each lane, and the bench is ours.
                unsafe { *pad.add(lane) = points[lane.min(active - 1)] };
            }
            bench.table[k] = Column(pad);
        }
    }
}

/// The sum of the strands, in pairs.
fn strand_sum(bench: &Bench, sum: usize) -> f64 {
    // SAFETY: the arena has so many numbers for each sum, and nobody writes them now.
    let mut strands: [f64; STRANDS] = unsafe { *bench.sums.at(sum * STRANDS).cast() };
    let mut width = STRANDS / 2;
    while width > 0 {
        for k in 0..width {
            strands[k] += strands[k + width];
        }
        width /= 2;
    }
    strands[0]
}

/// The numbers of a cache line.
const LINE: usize = 8;

/// Asks for the cache line of a number.
#[inline(always)]
fn prefetch(number: &f64) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint, which every such processor has. It buys that blocks do not wait for
        // memory: with 252 columns, a quarter of the time.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(number).cast()) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = number;
}

fn earlier(a: Option<Flip>, b: Option<Flip>) -> Option<Flip> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        _ => a.or(b),
    }
}
