//! Chunks: the points of a batch cut into pieces. Each chunk runs on one thread, block by block.
//!
//! Where chunks begin depends only on the number of points, and so does the order in which sums over points are added:
//! each point is added to one of 16 strands, then the strands of a chunk are added in pairs, then the chunks in order.
//! So sums have the same bits for any number of threads and lanes.
//!
//! The unsafe code rests on two invariants. A workspace that fits has the room that `fit_batches` made. A
//! chunk belongs to one thread, and only that thread writes its points of the outputs and its sums. So
//! blocks read and write the caller's columns in place, and threads share outputs without a copy or a lock.

use super::run_steps;
use super::target::{Block, CallContext, Flip, MOST_CHUNKS, STRANDS, earlier};
use super::workspace::{Column, ThreadScratch};
use crate::layout::Layout;

/// The points of a chunk are a multiple of this, which is a multiple of the strands and of most numbers
/// of lanes.
const GRAIN: usize = 64;

/// A batch with fewer steps times points than this runs on one thread. This many take about 70 us; from there
/// on, two threads measured 1.6 times as fast as one.
#[cfg(feature = "parallel")]
const WORTH_SHARING: usize = 250_000;

/// How many points a chunk has in a batch of `points`. The last one may have fewer.
fn length(points: usize) -> usize {
    points.div_ceil(MOST_CHUNKS).next_multiple_of(GRAIN).max(GRAIN)
}

/// What the chunks of a call share.
pub(crate) struct Call<'a> {
    pub(crate) context: CallContext<'a>,
    pub(crate) points: usize,
    pub(crate) lanes: usize,
    pub(crate) outputs: &'a [Column],
    pub(crate) inputs: &'a [&'a [f64]],
}

impl Call<'_> {
    /// Runs the body at all points. `totals` has room for the sums, and for those of [`MOST_CHUNKS`] chunks
    /// if there are several scratches; the first of them become the totals.
    ///
    /// # Safety
    /// The workspace must fit the layout. `outputs` must have a pointer for each output that is valid for
    /// writing its numbers; they must not overlap each other or the inputs. Each of `inputs` must have one
    /// number, or, unless it is uniform, one for each point.
    pub(crate) unsafe fn run(&self, scratches: &mut [ThreadScratch], totals: *mut f64) -> Option<Flip> {
        let sums = self.context.layout.sums as usize;
        match self.shared(scratches) {
            // SAFETY: the caller's promise.
            Some(threads) => unsafe { self.on_threads(threads, totals, sums) },
            // SAFETY: the same.
            None => unsafe { self.on_one(&mut scratches[0], totals, sums) },
        }
    }

    fn chunks(&self) -> usize {
        self.points.div_ceil(length(self.points))
    }

    /// The scratches of the threads to run on, if several are worth it.
    fn shared<'b>(&self, scratches: &'b mut [ThreadScratch]) -> Option<&'b mut [ThreadScratch]> {
        #[cfg(feature = "parallel")]
        {
            let work = self.points.saturating_mul(self.context.layout.body.len());
            let threads = scratches.len().min(self.chunks());
            (threads > 1 && work >= WORTH_SHARING).then(|| &mut scratches[..threads])
        }
        #[cfg(not(feature = "parallel"))]
        {
            let _ = scratches;
            None
        }
    }

    /// Runs all chunks in order on one scratch. `totals` has room for the sums. Safety: as
    /// [`Call::run`].
    unsafe fn on_one(&self, scratch: &mut ThreadScratch, totals: *mut f64, sums: usize) -> Option<Flip> {
        self.lay_out_single_numbers(scratch);
        for chunk in 0..self.chunks() {
            // SAFETY: the caller's promise.
            let flip = unsafe { self.run_chunk(chunk, scratch) };
            if flip.is_some() {
                return flip;
            }
            for k in 0..sums {
                let sum = strand_sum(scratch, k);
                // SAFETY: there is room for the sums.
                unsafe { *totals.add(k) = if chunk == 0 { sum } else { *totals.add(k) + sum } };
            }
        }
        None
    }

    /// Runs the chunks on a thread for each scratch. `totals` has room for the sums of each chunk; the
    /// first of them become the totals. Safety: as [`Call::run`].
    #[cfg(feature = "parallel")]
    unsafe fn on_threads(&self, scratches: &mut [ThreadScratch], totals: *mut f64, sums: usize) -> Option<Flip> {
        use rayon::prelude::*;
        use std::sync::atomic::{AtomicUsize, Ordering};
        let next = AtomicUsize::new(0);
        let (chunks, threads) = (self.chunks(), scratches.len());
        let totals = Column(totals);
        let work = |scratch: &mut ThreadScratch| {
            // The closure captures the `Column`, which is `Sync`, and not the pointer in it.
            let totals: &Column = &totals;
            self.lay_out_single_numbers(scratch);
            let mut first = None;
            let claim = |start| (start < chunks).then(|| start + run_length(chunks - start, threads));
            while let Ok(start) = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, claim) {
                for chunk in start..start + run_length(chunks - start, threads) {
                    // SAFETY: the caller's promise; no other thread has this chunk or this scratch, so
                    // no other writes its points of the outputs, its slots or its sums.
                    let flip = unsafe { self.run_chunk(chunk, scratch) };
                    first = earlier(first, flip);
                    for k in 0..sums {
                        // SAFETY: there is room for the sums of each chunk, and only this thread has
                        // this chunk.
                        unsafe { *totals.0.add(chunk * sums + k) = strand_sum(scratch, k) };
                    }
                }
            }
            first
        };
        let flip = scratches.par_iter_mut().map(work).reduce(|| None, earlier);
        for chunk in 1..self.chunks() {
            for k in 0..sums {
                // SAFETY: as above; the threads are done.
                unsafe { *totals.0.add(k) += *totals.0.add(chunk * sums + k) };
            }
        }
        flip
    }

    #[cfg(not(feature = "parallel"))]
    unsafe fn on_threads(&self, scratches: &mut [ThreadScratch], totals: *mut f64, sums: usize) -> Option<Flip> {
        // SAFETY: the caller's promise.
        unsafe { self.on_one(&mut scratches[0], totals, sums) }
    }

    /// Fills the pads of per-point inputs that are given as one number.
    fn lay_out_single_numbers(&self, scratch: &mut ThreadScratch) {
        let lanes = self.lanes.min(self.points.next_multiple_of(4));
        for &k in &self.context.layout.per_point_inputs {
            let k = k as usize;
            if let &[x] = self.inputs[k] {
                let pad = scratch.pads.at(k * self.lanes);
                scratch.table[k] = Column(pad);
                for fours in (0..lanes).step_by(4) {
                    // SAFETY: a pad has a number for each lane, a multiple of 4, and nobody else has it.
                    unsafe { *pad.add(fours).cast::<[f64; 4]>() = [x; 4] };
                }
            }
        }
    }

    /// Runs a chunk, and leaves its sums in the strands of the scratch. Safety: as [`Call::run`], for the
    /// points of this chunk.
    unsafe fn run_chunk(&self, chunk: usize, scratch: &mut ThreadScratch) -> Option<Flip> {
        clear_strands(scratch);
        let length = length(self.points);
        let start = chunk * length;
        let end = self.points.min(start + length);
        let mut flip = None;
        let mut first = start;
        while first < end {
            let active = self.lanes.min(end - first);
            self.lay_out_inputs(scratch, first, active);
            let block = Block {
                // A `Column` has the layout of a pointer.
                table: scratch.table.as_ptr().cast(),
                lanes: active.next_multiple_of(4),
                active,
                first,
                strand: (first - start) % STRANDS,
                outputs: self.outputs.as_ptr().cast(),
                sums: scratch.sums.start(),
            };
            // SAFETY: the table now has a column of `lanes` numbers for every input, and for every cell
            // and slot by `fit_batches`; the rest is the caller's promise.
            flip = earlier(flip, unsafe { self.run_block(&block) });
            first += active;
        }
        flip
    }

    /// Runs the body, and between its steps prefetches what the next block will read. Safety: as
    /// [`run_steps`].
    unsafe fn run_block(&self, block: &Block) -> Option<Flip> {
        let Layout { body, streams, .. } = self.context.layout;
        let next = block.first + block.lanes;
        let groups = streams.chunks(4);
        if groups.len() == 0 || next >= self.points {
            // SAFETY: the caller's promise.
            return unsafe { run_steps(&self.context, body, block) };
        }
        let mut flip = None;
        for (steps, group) in body.chunks(body.len().div_ceil(groups.len())).zip(groups) {
            for &k in group {
                if let Some(points) = self.inputs[k as usize].get(next..) {
                    let points = &points[..block.lanes.min(points.len())];
                    // The last one too, since a column need not begin at a cache line.
                    points.iter().step_by(LINE).chain(points.last()).for_each(prefetch);
                }
            }
            // SAFETY: the caller's promise.
            flip = earlier(flip, unsafe { run_steps(&self.context, steps, block) });
        }
        flip
    }

    /// Sets the inputs in the table to the columns of these points: to the caller's memory if the number of points is a
    /// multiple of 4, otherwise to a copy that repeats the last point.
    fn lay_out_inputs(&self, scratch: &mut ThreadScratch, first: usize, active: usize) {
        for &k in &self.context.layout.per_point_inputs {
            let k = k as usize;
            let column = self.inputs[k];
            if column.len() == 1 {
                continue;
            }
            let points = &column[first..first + active];
            if active.is_multiple_of(4) {
                scratch.table[k] = Column(points.as_ptr().cast_mut());
                continue;
            }
            let pad = scratch.pads.at(k * self.lanes);
            for lane in 0..active.next_multiple_of(4) {
                // SAFETY: a pad has a number for each lane, and nobody else has the scratch.
                unsafe { *pad.add(lane) = points[lane.min(active - 1)] };
            }
            scratch.table[k] = Column(pad);
        }
    }
}

/// How many chunks a thread takes at a time, of those that are left. They are neighbors, so that the thread reads what
/// it prefetched and shares few pages with other threads; but they are at most half of its share, so that all threads
/// end at about the same time.
#[cfg(feature = "parallel")]
fn run_length(left: usize, threads: usize) -> usize {
    left.div_ceil(2 * threads)
}

/// Sets the strands of all sums to -0, the neutral element of addition.
fn clear_strands(scratch: &mut ThreadScratch) {
    for k in 0..scratch.sums.len() {
        // SAFETY: within the arena, which nobody else has.
        unsafe { *scratch.sums.start().add(k) = -0.0 };
    }
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

/// How many numbers are in a cache line.
const LINE: usize = 8;

/// Prefetches the cache line of a number.
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
