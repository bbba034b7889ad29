//! Blocks: the points of a batch cut into pieces. Each block runs on one thread, group by group.
//!
//! Where blocks begin depends only on the number of points, so sums over points have the same bits for any number of
//! threads and lanes.
//!
//! The unsafe code rests on two invariants. A workspace that fits has the room that `fit_batches` made. A
//! block belongs to one thread, and only that thread writes its points of the outputs and its sums. So
//! groups read and write the caller's columns in place, and threads share outputs without a copy or a lock.

use super::run_steps;
use super::target::{CallContext, Flip, Group, STRANDS, earlier};
use super::workspace::{Column, ThreadScratch};
#[cfg(feature = "parallel")]
use crate::blocks;
use crate::blocks::{LEVELS, RowSum};
use crate::lanes::MULTIPLE;
use crate::layout::Layout;

/// A batch with fewer steps times points than this runs on one thread. This many take about 70 us; from there
/// on, two threads measured 1.6 times as fast as one.
#[cfg(feature = "parallel")]
const WORTH_SHARING: usize = 250_000;

/// What the blocks of a call share.
pub(crate) struct Call<'a> {
    pub(crate) context: CallContext<'a>,
    pub(crate) points: usize,
    /// How many points a block has.
    pub(crate) length: usize,
    pub(crate) lanes: usize,
    pub(crate) outputs: &'a [Column],
    pub(crate) inputs: &'a [&'a [f64]],
}

impl Call<'_> {
    /// Runs the body at all points. `rows` has room for [`LEVELS`] rows of sums, and for one for each block
    /// if there are several scratches. The first row becomes the totals.
    ///
    /// # Safety
    /// The workspace must fit the layout. `outputs` must have a pointer for each output that is valid for
    /// writing its numbers; they must not overlap each other or the inputs. Each of `inputs` must have one
    /// number, or, unless it is uniform, one for each point.
    pub(crate) unsafe fn run(&self, scratches: &mut [ThreadScratch], rows: *mut f64) -> Option<Flip> {
        let sums = self.sums();
        #[cfg(feature = "parallel")]
        if let Some(scratches) = self.worth_sharing(scratches) {
            // SAFETY: the caller's promise.
            let flip = unsafe { self.on_threads(scratches, rows) };
            // SAFETY: there is room for a row for each block, and each was written.
            blocks::fold_rows(unsafe { std::slice::from_raw_parts_mut(rows, self.count() * sums) }, sums);
            return flip;
        }
        let scratch = &mut scratches[0];
        // SAFETY: there is room for them, and nobody else has it. Numbers may have any bits.
        let rows = unsafe { std::slice::from_raw_parts_mut(rows, LEVELS * sums) };
        self.lay_out_single_numbers(scratch);
        let mut total = RowSum::new();
        for block in 0..self.count() {
            // SAFETY: the caller's promise.
            let flip = unsafe { self.run_block(block, scratch) };
            if flip.is_some() {
                return flip;
            }
            total.add(rows, sums, |k| strand_sum(scratch, k));
        }
        total.finish(rows, sums);
        None
    }

    /// As [`Call::run`], except that there is a row for each block afterwards, in order, and `rows` needs room for no
    /// more.
    ///
    /// # Safety
    /// As [`Call::run`].
    pub(crate) unsafe fn run_each(&self, scratches: &mut [ThreadScratch], rows: *mut f64) -> Option<Flip> {
        #[cfg(feature = "parallel")]
        if let Some(scratches) = self.worth_sharing(scratches) {
            // SAFETY: the caller's promise.
            return unsafe { self.on_threads(scratches, rows) };
        }
        let scratch = &mut scratches[0];
        self.lay_out_single_numbers(scratch);
        let mut flip = None;
        for block in 0..self.count() {
            // SAFETY: the caller's promise.
            flip = earlier(flip, unsafe { self.run_block(block, scratch) });
            // SAFETY: there is room for a row for each block.
            unsafe { self.write_row(rows, block, scratch) };
        }
        flip
    }

    fn count(&self) -> usize {
        self.points.div_ceil(self.length)
    }

    fn sums(&self) -> usize {
        self.context.layout.sums as usize
    }

    /// The scratches of the threads that should share the blocks, if several should.
    #[cfg(feature = "parallel")]
    fn worth_sharing<'s>(&self, scratches: &'s mut [ThreadScratch]) -> Option<&'s mut [ThreadScratch]> {
        let work = self.points.saturating_mul(self.context.layout.body.len());
        let threads = scratches.len().min(self.count());
        (threads > 1 && work >= WORTH_SHARING).then(|| &mut scratches[..threads])
    }

    /// Runs the blocks on a thread for each scratch, and writes a row for each. Safety: as [`Call::run`].
    #[cfg(feature = "parallel")]
    unsafe fn on_threads(&self, scratches: &mut [ThreadScratch], rows: *mut f64) -> Option<Flip> {
        use rayon::prelude::*;
        use std::sync::atomic::{AtomicUsize, Ordering};
        let next = AtomicUsize::new(0);
        let (count, threads) = (self.count(), scratches.len());
        let rows = Column(rows);
        let work = |scratch: &mut ThreadScratch| {
            // The closure captures the `Column`, which is `Sync`, and not the pointer in it.
            let rows: &Column = &rows;
            self.lay_out_single_numbers(scratch);
            let mut first = None;
            let claim = |start| (start < count).then(|| start + run_length(count - start, threads));
            while let Ok(start) = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, claim) {
                for block in start..start + run_length(count - start, threads) {
                    // SAFETY: the caller's promise; no other thread has this block or this scratch, so
                    // no other writes its points of the outputs, its slots or its sums.
                    let flip = unsafe { self.run_block(block, scratch) };
                    first = earlier(first, flip);
                    // SAFETY: there is room for a row for each block, and only this thread has this one.
                    unsafe { self.write_row(rows.0, block, scratch) };
                }
            }
            first
        };
        scratches.par_iter_mut().map(work).reduce(|| None, earlier)
    }

    /// Writes the sums of the block that just ran. Safety: `rows` must have room for the row.
    unsafe fn write_row(&self, rows: *mut f64, block: usize, scratch: &ThreadScratch) {
        let sums = self.sums();
        for k in 0..sums {
            // SAFETY: the caller's promise.
            unsafe { *rows.add(block * sums + k) = strand_sum(scratch, k) };
        }
    }

    /// Fills the pads of per-point inputs that are given as one number.
    fn lay_out_single_numbers(&self, scratch: &mut ThreadScratch) {
        let lanes = self.lanes.min(self.points.next_multiple_of(MULTIPLE));
        for &k in &self.context.layout.per_point_inputs {
            let k = k as usize;
            if let &[x] = self.inputs[k] {
                let pad = scratch.pads.at(k * self.lanes);
                scratch.table[k] = Column(pad);
                for first in (0..lanes).step_by(MULTIPLE) {
                    // SAFETY: a pad has a number for each lane, a multiple of these, and nobody else has it.
                    unsafe { *pad.add(first).cast() = [x; MULTIPLE] };
                }
            }
        }
    }

    /// Runs a block of one point or more, and leaves its sums in the strands of the scratch. Safety: as [`Call::run`], for the
    /// points of this block.
    unsafe fn run_block(&self, block: usize, scratch: &mut ThreadScratch) -> Option<Flip> {
        let start = block * self.length;
        let end = self.points.min(start + self.length);
        let mut flip = None;
        let mut first = start;
        while first < end {
            let active = self.lanes.min(end - first);
            self.lay_out_inputs(scratch, first, active);
            let group = Group {
                // A `Column` has the layout of a pointer.
                table: scratch.table.as_ptr().cast(),
                lanes: active.next_multiple_of(MULTIPLE),
                active,
                first,
                strand: (first - start) % STRANDS,
                fresh: first == start,
                outputs: self.outputs.as_ptr().cast(),
                sums: scratch.sums.start(),
                calls: scratch.calls.as_mut_ptr(),
            };
            // SAFETY: the table now has a column of `lanes` numbers for every input, and for every cell
            // and slot by `fit_batches`; the rest is the caller's promise.
            flip = earlier(flip, unsafe { self.run_group(&group) });
            first += active;
        }
        flip
    }

    /// Runs the body, and between its steps prefetches what the next group will read. Safety: as
    /// [`run_steps`].
    unsafe fn run_group(&self, group: &Group) -> Option<Flip> {
        let Layout { body, streams, .. } = self.context.layout;
        let next = group.first + group.lanes;
        let parts = streams.chunks(4);
        if parts.len() == 0 || next >= self.points {
            // SAFETY: the caller's promise.
            return unsafe { run_steps(&self.context, body, group) };
        }
        let mut flip = None;
        for (steps, part) in body.chunks(body.len().div_ceil(parts.len())).zip(parts) {
            for &k in part {
                if let Some(points) = self.inputs[k as usize].get(next..) {
                    let points = &points[..group.lanes.min(points.len())];
                    // The last one too, since a column need not begin at a cache line.
                    points.iter().step_by(LINE).chain(points.last()).for_each(prefetch);
                }
            }
            // SAFETY: the caller's promise.
            flip = earlier(flip, unsafe { run_steps(&self.context, steps, group) });
        }
        flip
    }

    /// Sets the inputs in the table to the columns of these points: to the caller's memory if the number of points is a
    /// multiple of [`MULTIPLE`], otherwise to a copy that repeats the last point.
    fn lay_out_inputs(&self, scratch: &mut ThreadScratch, first: usize, active: usize) {
        for &k in &self.context.layout.per_point_inputs {
            let k = k as usize;
            let column = self.inputs[k];
            if column.len() == 1 {
                continue;
            }
            let points = &column[first..first + active];
            if active.is_multiple_of(MULTIPLE) {
                scratch.table[k] = Column(points.as_ptr().cast_mut());
                continue;
            }
            let pad = scratch.pads.at(k * self.lanes);
            for lane in 0..active.next_multiple_of(MULTIPLE) {
                // SAFETY: a pad has a number for each lane, and nobody else has the scratch.
                unsafe { *pad.add(lane) = points[lane.min(active - 1)] };
            }
            scratch.table[k] = Column(pad);
        }
    }
}

/// How many blocks a thread takes at a time, of those that are left. They are neighbors, so that the thread reads what
/// it prefetched and shares few pages with other threads; but they are at most half of its share, so that all threads
/// end at about the same time.
#[cfg(feature = "parallel")]
fn run_length(left: usize, threads: usize) -> usize {
    left.div_ceil(2 * threads)
}

/// The sum of the strands, in pairs.
fn strand_sum(scratch: &ThreadScratch, sum: usize) -> f64 {
    // SAFETY: the arena has `STRANDS` numbers for each sum, and nobody writes them now.
    let mut strands: [f64; STRANDS] = unsafe { *scratch.sums.at(sum * STRANDS).cast() };
    let mut width = STRANDS / 2;
    while width > 0 {
        for k in 0..width {
            strands[k] += strands[k + width];
        }
        width /= 2;
    }
    strands[0]
}

/// Numbers of a cache line.
const LINE: usize = 8;

#[inline(always)]
fn prefetch(number: &f64) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint, which every such processor has. With 252 columns it saves a quarter of the
        // time.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(number).cast()) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = number;
}
