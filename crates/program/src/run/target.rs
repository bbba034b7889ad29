//! What steps run on: a group of points, or a single one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(target_arch = "x86_64")]
use crate::lanes::{Avx2, Avx512, Sse2};
use crate::lanes::{InstructionSet, Kernel1, Portable, Simd, Solo};
use crate::layout::Layout;
use crate::recording::Check;

/// Sums over points are kept in this many strands: point `k` of a block adds to strand `k` mod 16. So
/// the bits of a sum do not depend on the number of lanes.
pub(crate) const STRANDS: usize = 16;

/// What all groups of a call share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallContext<'a> {
    pub(crate) isa: InstructionSet,
    pub(crate) layout: &'a Layout,
    pub(crate) checks: &'a [Check],
    /// The lane kernels of the instruction set, by number.
    pub(crate) kernels: &'a [Kernel1],
    pub(crate) failures: &'a Failures,
}

/// The failure of a user's function at the first point that has one.
#[derive(Debug)]
pub(crate) struct Failures {
    /// That point, or `usize::MAX`.
    point: AtomicUsize,
    error: Mutex<Option<(Flip, wengert::Error)>>,
}

impl Failures {
    pub(super) fn new() -> Failures {
        Failures { point: AtomicUsize::new(usize::MAX), error: Mutex::new(None) }
    }

    /// Whether a function failed at an earlier point, or in an earlier call at this one, so that this failure would not
    /// matter. What the call reads may be NaN then.
    pub(super) fn cover(&self, failure: Flip) -> bool {
        let first = self.point.load(Ordering::Relaxed);
        let same = || self.first().as_ref().is_some_and(|&(first, _)| first <= failure);
        failure.point > first || failure.point == first && same()
    }

    #[cold]
    pub(super) fn note(&self, failure: Flip, error: wengert::Error) {
        let mut first = self.first();
        if first.as_ref().is_none_or(|&(earlier, _)| failure < earlier) {
            *first = Some((failure, error));
            self.point.store(failure.point, Ordering::Relaxed);
        }
    }

    fn first(&self) -> MutexGuard<'_, Option<(Flip, wengert::Error)>> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn into_first(self) -> Option<wengert::Error> {
        self.error.into_inner().unwrap_or_else(PoisonError::into_inner).map(|(_, error)| error)
    }
}

/// What steps run on: a group of points, or a single point.
pub(super) trait Target {
    /// Whether it is a single point.
    const ONE: bool;
    /// The vectors of each instruction set.
    #[cfg(target_arch = "x86_64")]
    type Avx512: Simd;
    #[cfg(target_arch = "x86_64")]
    type Avx2: Simd;
    #[cfg(target_arch = "x86_64")]
    type Sse2: Simd;
    type Portable: Simd;

    /// The column at a place. Safety: there must be one.
    unsafe fn at(&self, place: u32) -> *mut f64;
    /// How many lanes a column has.
    #[inline(always)]
    fn lanes(&self) -> usize {
        1
    }
    /// How many lanes are points; the others hold copies that nobody reads.
    #[inline(always)]
    fn active(&self) -> usize {
        1
    }
    /// Which point of the batch the first lane is.
    #[inline(always)]
    fn first(&self) -> usize {
        0
    }
    /// Whether the sums begin here: their strands hold nothing yet, and the first lane adds to the first one.
    #[inline(always)]
    fn is_fresh(&self) -> bool {
        false
    }
    /// Where the first lane of an output goes. Safety: a step must store there.
    unsafe fn output(&self, output: u32) -> *mut f64;
    /// Room for the inputs and outputs of any call of a user's function.
    fn calls(&self) -> *mut f64;
    /// Where the strands of a sum are, and which of them the first lane adds to. `None` for a single
    /// point, which is its own sum. Safety: the sum must exist.
    unsafe fn strands(&self, sum: u32) -> Option<(*mut f64, usize)>;
}

/// A group of points.
///
/// Whoever makes one keeps this invariant. There is a column at every place of the layout. Each is valid for reading
/// `lanes` numbers (one if it is a cell), and for writing them if it is a slot. No two overlap unless both are inputs.
/// `lanes` is a multiple of [`MULTIPLE`](crate::lanes::MULTIPLE), and `active` is from 1 to `lanes`. Each of `outputs` that
/// a step stores to is valid for writing `active` numbers from `first` on. `sums` is valid for reading and writing
/// [`STRANDS`] numbers for each sum, and `calls` the numbers of any call of a user's function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    pub(crate) table: *const *mut f64,
    pub(crate) lanes: usize,
    pub(crate) active: usize,
    pub(crate) first: usize,
    /// Which strand the first lane adds to.
    pub(crate) strand: usize,
    /// Whether it is the first of a block, where the sums begin.
    pub(crate) fresh: bool,
    pub(crate) outputs: *const *mut f64,
    pub(crate) sums: *mut f64,
    pub(crate) calls: *mut f64,
}

impl Target for Group {
    const ONE: bool = false;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = Avx512;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = Avx2;
    #[cfg(target_arch = "x86_64")]
    type Sse2 = Sse2;
    type Portable = Portable;

    #[inline(always)]
    unsafe fn at(&self, place: u32) -> *mut f64 {
        // SAFETY: the caller's promise.
        unsafe { *self.table.add(place as usize) }
    }
    #[inline(always)]
    fn lanes(&self) -> usize {
        self.lanes
    }
    #[inline(always)]
    fn active(&self) -> usize {
        self.active
    }
    #[inline(always)]
    fn first(&self) -> usize {
        self.first
    }
    #[inline(always)]
    fn is_fresh(&self) -> bool {
        self.fresh
    }
    #[inline(always)]
    unsafe fn output(&self, output: u32) -> *mut f64 {
        // SAFETY: the caller's promise.
        unsafe { (*self.outputs.add(output as usize)).add(self.first) }
    }
    #[inline(always)]
    fn calls(&self) -> *mut f64 {
        self.calls
    }
    #[inline(always)]
    unsafe fn strands(&self, sum: u32) -> Option<(*mut f64, usize)> {
        // SAFETY: the caller's promise.
        Some((unsafe { self.sums.add(sum as usize * STRANDS) }, self.strand))
    }
}

/// A single point, or what is the same at all points.
///
/// Whoever makes one keeps this invariant. `numbers` is valid for reading and writing a number for every
/// place of the layout. `outputs` does not overlap it, and is valid for writing a number for every output
/// that a step stores to. `calls` is valid for reading and writing the numbers of any call of a user's function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) numbers: *mut f64,
    pub(crate) outputs: *mut f64,
    pub(crate) calls: *mut f64,
}

impl Target for Point {
    const ONE: bool = true;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = Self::Avx2;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = Solo<{ Avx2::FMA }>;
    #[cfg(target_arch = "x86_64")]
    type Sse2 = Solo<{ Sse2::FMA }>;
    type Portable = Solo<{ Portable::FMA }>;

    #[inline(always)]
    unsafe fn at(&self, place: u32) -> *mut f64 {
        // SAFETY: the caller's promise.
        unsafe { self.numbers.add(place as usize) }
    }
    #[inline(always)]
    unsafe fn output(&self, output: u32) -> *mut f64 {
        // SAFETY: the caller's promise.
        unsafe { self.outputs.add(output as usize) }
    }
    #[inline(always)]
    fn calls(&self) -> *mut f64 {
        self.calls
    }
    #[inline(always)]
    unsafe fn strands(&self, _: u32) -> Option<(*mut f64, usize)> {
        None
    }
}

/// A guard that came out differently from when it was recorded, or a user's function that failed. The order is that of the
/// points, then that of recording: a guard may have flipped because a call before it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Flip {
    pub(crate) point: usize,
    /// Which guard; of a function, the first guard that may have been recorded after its call.
    pub(crate) guard: u32,
    pub(crate) cause: Cause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// The call with this number.
    Function(u32),
    Guard,
}

/// The earlier of two flips.
pub(crate) fn earlier(a: Option<Flip>, b: Option<Flip>) -> Option<Flip> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        _ => a.or(b),
    }
}
