//! Stretches: the points of a batch cut into pieces, each run in blocks, on one thread or shared
//! out to several. Read [`crate::save`] next.
//!
//! Where stretches lie depends on the number of points alone, and so does the order in which sums
//! over points are made: each stretch adds its points to 16 strands, the strands in pairs, then the
//! stretches in order. So sums have the same bits for any number of threads and lanes.
//!
//! The unsafe code rests on two invariants: a workspace that fits has the room that `fit_batches` made, and
//! a stretch belongs to one thread, which alone writes its points of the outputs and its sums. It
//! buys that blocks read and write the caller's columns in place, and that threads share outputs
//! that are slices, without a copy or a lock.

use super::run_steps;
use super::target::{Block, Flip, MOST_STRETCHES, Machinery, STRANDS, earlier};
use super::workspace::{Bench, Column};
use crate::layout::Layout;

/// The points of a stretch are a multiple of this: of the strands, and of most numbers of lanes.
const GRAIN: usize = 64;

/// A batch with less work than so many steps times points runs on one thread: some 70 us. From there
/// on two threads measured 1.6 times as fast as one.
#[cfg(feature = "parallel")]
const WORTH_SHARING: usize = 250_000;

/// How many points a stretch of such a batch has; the last one may have fewer.
fn length(points: usize) -> usize {
    points.div_ceil(MOST_STRETCHES).next_multiple_of(GRAIN).max(GRAIN)
}

/// What the stretches of a call have in common.
pub(crate) struct Call<'a> {
    pub(crate) machinery: Machinery<'a>,
    pub(crate) points: usize,
    pub(crate) lanes: usize,
    pub(crate) outputs: &'a [Column],
    pub(crate) inputs: &'a [&'a [f64]],
}

impl Call<'_> {
    /// Runs the body at all points. `totals` has room for the sums, and for those of
    /// [`MOST_STRETCHES`] if there are several benches; the first of them become the totals.
    ///
    /// # Safety
    /// The workspace must fit the layout; `outputs` must have a pointer for each output, valid for
    /// writing its numbers and apart from all others and from the inputs; each of `inputs` must
    /// have one number, or one for each point and not be whole.
    pub(crate) unsafe fn run(&self, benches: &mut [Bench], totals: *mut f64) -> Option<Flip> {
        let sums = self.machinery.layout.sums as usize;
        match self.shared(benches) {
            // SAFETY: the caller's promise.
            Some(threads) => unsafe { self.on_threads(threads, totals, sums) },
            // SAFETY: the same.
            None => unsafe { self.on_one(&mut benches[0], totals, sums) },
        }
    }

    fn stretches(&self) -> usize {
        self.points.div_ceil(length(self.points))
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
    /// [`Call::run`].
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
    /// stretch; the first of them become the totals. Safety: as [`Call::run`].
    #[cfg(feature = "parallel")]
    unsafe fn on_threads(&self, benches: &mut [Bench], totals: *mut f64, sums: usize) -> Option<Flip> {
        use rayon::prelude::*;
        use std::sync::atomic::{AtomicUsize, Ordering};
        let next = AtomicUsize::new(0);
        let (stretches, threads) = (self.stretches(), benches.len());
        let totals = Column(totals);
        let work = |bench: &mut Bench| {
            // The whole `Column` goes to the thread, not the pointer in it.
            let totals: &Column = &totals;
            self.lay_out_single_numbers(bench);
            let mut first = None;
            let claim = |start| (start < stretches).then(|| start + run_length(stretches - start, threads));
            while let Ok(start) = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, claim) {
                for stretch in start..start + run_length(stretches - start, threads) {
                    // SAFETY: the caller's promise; no other thread has this stretch or this bench,
                    // so no other writes its points of the outputs, its slots or its sums.
                    let flip = unsafe { self.run_stretch(stretch, bench) };
                    first = earlier(first, flip);
                    for k in 0..sums {
                        // SAFETY: there is room for the sums of each stretch, and this one is ours.
                        unsafe { *totals.0.add(stretch * sums + k) = strand_sum(bench, k) };
                    }
                }
            }
            first
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
        for &k in &self.machinery.layout.columns {
            let k = k as usize;
            if let &[x] = self.inputs[k] {
                let pad = bench.pads.at(k * self.lanes);
                bench.table[k] = Column(pad);
                for fours in (0..lanes).step_by(4) {
                    // SAFETY: a pad has a number for each lane, a multiple of 4; it is ours.
                    unsafe { *pad.add(fours).cast::<[f64; 4]>() = [x; 4] };
                }
            }
        }
    }

    /// Runs a stretch; its sums are in the strands of the bench then. Safety: as
    /// [`Call::run`], of the points of this stretch.
    unsafe fn run_stretch(&self, stretch: usize, bench: &mut Bench) -> Option<Flip> {
        clear_strands(bench);
        let length = length(self.points);
        let start = stretch * length;
        let end = self.points.min(start + length);
        let mut flip = None;
        let mut first = start;
        while first < end {
            let active = self.lanes.min(end - first);
            self.lay_out_inputs(bench, first, active);
            let block = Block {
                // A `Column` is a pointer and laid out as one.
                table: bench.table.as_ptr().cast(),
                lanes: active.next_multiple_of(4),
                active,
                first,
                strand: (first - start) % STRANDS,
                outputs: self.outputs.as_ptr().cast(),
                sums: bench.sums.start(),
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
                    let points = &points[..block.lanes.min(points.len())];
                    // The last: columns need not begin with a line, and so end in one more.
                    points.iter().step_by(LINE).chain(points.last()).for_each(prefetch);
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
        for &k in &self.machinery.layout.columns {
            let k = k as usize;
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

/// How many stretches a thread takes at a time, of so many that are left: a run of neighbors,
/// which reads on where it fetched ahead and shares few pages with the others, yet no longer than
/// half of the thread's share, so that all end together.
#[cfg(feature = "parallel")]
fn run_length(left: usize, threads: usize) -> usize {
    left.div_ceil(2 * threads)
}

/// Lets the strands of all sums start: any number added to -0 is itself.
fn clear_strands(bench: &mut Bench) {
    for k in 0..bench.sums.len() {
        // SAFETY: within the arena, which is ours.
        unsafe { *bench.sums.start().add(k) = -0.0 };
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
