//! Chunks: the points of a batch cut into pieces, each run in blocks, on one thread or shared
//! out to several. Read [`crate::save`] next.
//!
//! Where chunks lie depends on the number of points alone, and so does the order in which sums
//! over points are made: each chunk adds its points to 16 strands, the strands in pairs, then the
//! chunks in order. So sums have the same bits for any number of threads and lanes.
//!
//! The unsafe code rests on two invariants: a workspace that fits has the room that `fit_batches` made, and
//! a chunk belongs to one thread, which alone writes its points of the outputs and its sums. It
//! buys that blocks read and write the caller's columns in place, and that threads share outputs
//! that are slices, without a copy or a lock.

use super::run_steps;
use super::target::{Block, CallContext, Flip, MOST_CHUNKS, STRANDS, earlier};
use super::workspace::{Column, ThreadScratch};
use crate::layout::Layout;

/// The points of a chunk are a multiple of this: of the strands, and of most numbers of lanes.
const GRAIN: usize = 64;

/// A batch with less work than so many steps times points runs on one thread: some 70 us. From there
/// on two threads measured 1.6 times as fast as one.
#[cfg(feature = "parallel")]
const WORTH_SHARING: usize = 250_000;

/// How many points a chunk of such a batch has; the last one may have fewer.
fn length(points: usize) -> usize {
    points.div_ceil(MOST_CHUNKS).next_multiple_of(GRAIN).max(GRAIN)
}

/// What the chunks of a call have in common.
pub(crate) struct Call<'a> {
    pub(crate) context: CallContext<'a>,
    pub(crate) points: usize,
    pub(crate) lanes: usize,
    pub(crate) outputs: &'a [Column],
    pub(crate) inputs: &'a [&'a [f64]],
}

impl Call<'_> {
    /// Runs the body at all points. `totals` has room for the sums, and for those of
    /// [`MOST_CHUNKS`] if there are several scratches; the first of them become the totals.
    ///
    /// # Safety
    /// The workspace must fit the layout; `outputs` must have a pointer for each output, valid for
    /// writing its numbers and apart from all others and from the inputs; each of `inputs` must
    /// have one number, or one for each point unless it is uniform.
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

    /// The scratches to share the batch out to, if it is worth it.
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

    /// Shares the chunks out to a thread for each scratch. `totals` has room for the sums of each
    /// chunk; the first of them become the totals. Safety: as [`Call::run`].
    #[cfg(feature = "parallel")]
    unsafe fn on_threads(&self, scratches: &mut [ThreadScratch], totals: *mut f64, sums: usize) -> Option<Flip> {
        use rayon::prelude::*;
        use std::sync::atomic::{AtomicUsize, Ordering};
        let next = AtomicUsize::new(0);
        let (chunks, threads) = (self.chunks(), scratches.len());
        let totals = Column(totals);
        let work = |scratch: &mut ThreadScratch| {
            // The whole `Column` goes to the thread, not the pointer in it.
            let totals: &Column = &totals;
            self.lay_out_single_numbers(scratch);
            let mut first = None;
            let claim = |start| (start < chunks).then(|| start + run_length(chunks - start, threads));
            while let Ok(start) = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, claim) {
                for chunk in start..start + run_length(chunks - start, threads) {
                    // SAFETY: the caller's promise; no other thread has this chunk or this scratch,
                    // so no other writes its points of the outputs, its slots or its sums.
                    let flip = unsafe { self.run_chunk(chunk, scratch) };
                    first = earlier(first, flip);
                    for k in 0..sums {
                        // SAFETY: there is room for the sums of each chunk, and this one is ours.
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

    /// Fills the pads of inputs that are given as one number for all points.
    fn lay_out_single_numbers(&self, scratch: &mut ThreadScratch) {
        let lanes = self.lanes.min(self.points.next_multiple_of(4));
        for &k in &self.context.layout.per_point_inputs {
            let k = k as usize;
            if let &[x] = self.inputs[k] {
                let pad = scratch.pads.at(k * self.lanes);
                scratch.table[k] = Column(pad);
                for fours in (0..lanes).step_by(4) {
                    // SAFETY: a pad has a number for each lane, a multiple of 4; it is ours.
                    unsafe { *pad.add(fours).cast::<[f64; 4]>() = [x; 4] };
                }
            }
        }
    }

    /// Runs a chunk; its sums are in the strands of the scratch then. Safety: as
    /// [`Call::run`], of the points of this chunk.
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
                // A `Column` is a pointer and laid out as one.
                table: scratch.table.as_ptr().cast(),
                lanes: active.next_multiple_of(4),
                active,
                first,
                strand: (first - start) % STRANDS,
                outputs: self.outputs.as_ptr().cast(),
                sums: scratch.sums.start(),
            };
            // SAFETY: the table has a column of `lanes` numbers for every input, now, and for
            // every cell and slot by `fit_batches`; the rest is the caller's promise.
            flip = earlier(flip, unsafe { self.run_block(&block) });
            first += active;
        }
        flip
    }

    /// Runs the body, and between its steps fetches what the next block will read. Safety: as
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
                    // The last: columns need not begin with a line, and so end in one more.
                    points.iter().step_by(LINE).chain(points.last()).for_each(prefetch);
                }
            }
            // SAFETY: the caller's promise.
            flip = earlier(flip, unsafe { run_steps(&self.context, steps, block) });
        }
        flip
    }

    /// Lets the table point to the columns of these points: where the caller has them if they are
    /// a multiple of 4, to a copy filled up with the last point if not.
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
                // SAFETY: a pad has a number for each lane, and the scratch is ours.
                unsafe { *pad.add(lane) = points[lane.min(active - 1)] };
            }
            scratch.table[k] = Column(pad);
        }
    }
}

/// How many chunks a thread takes at a time, of so many that are left: a run of neighbors,
/// which reads on where it fetched ahead and shares few pages with the others, yet no longer than
/// half of the thread's share, so that all end together.
#[cfg(feature = "parallel")]
fn run_length(left: usize, threads: usize) -> usize {
    left.div_ceil(2 * threads)
}

/// Lets the strands of all sums start: any number added to -0 is itself.
fn clear_strands(scratch: &mut ThreadScratch) {
    for k in 0..scratch.sums.len() {
        // SAFETY: within the arena, which is ours.
        unsafe { *scratch.sums.start().add(k) = -0.0 };
    }
}

/// The sum of the strands, in pairs.
fn strand_sum(scratch: &ThreadScratch, sum: usize) -> f64 {
    // SAFETY: the arena has so many numbers for each sum, and nobody writes them now.
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
