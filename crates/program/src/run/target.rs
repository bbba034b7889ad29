//! What steps run on: a block of points, or a single one.

use crate::lanes::{InstructionSet, Kernel1};
use crate::layout::Layout;
use crate::recording::Check;

/// Sums over points are kept in this many strands: point `k` of a chunk adds to strand `k` mod
/// 16, so that a sum's bits do not depend on how many lanes run at a time.
pub(crate) const STRANDS: usize = 16;

/// The most chunks that a batch is cut into.
pub(crate) const MOST_CHUNKS: usize = 64;

/// What is the same for every block of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallContext<'a> {
    pub(crate) isa: InstructionSet,
    pub(crate) layout: &'a Layout,
    pub(crate) checks: &'a [Check],
    /// The lane kernels of the instruction set, by number.
    pub(crate) kernels: &'a [Kernel1],
}

/// What steps run on: a block of points or a single one. Safety: whoever makes one keeps its
/// invariant.
pub(super) trait Target {
    /// Whether it is a single point.
    const ONE: bool;

    /// The column at a place. Safety: there must be one.
    unsafe fn at(&self, place: u32) -> *mut f64;
    /// How many lanes a column has.
    fn lanes(&self) -> usize;
    /// How many lanes are points; the others are filled up with copies, and nobody reads them.
    fn active(&self) -> usize;
    /// Which point of the batch the first lane is.
    fn first(&self) -> usize;
    /// Where the numbers of an output go from the first lane on. Safety: a step must store there.
    unsafe fn output(&self, output: u32) -> *mut f64;
    /// Where the strands of a sum are, and which of them the first lane adds to; none for a single
    /// point, whose sums are itself. Safety: there must be so many sums.
    unsafe fn strands(&self, sum: u32) -> Option<(*mut f64, usize)>;
}

/// A block of points to run on.
///
/// Invariant, which whoever makes one keeps: there is a column at every place of the layout; each
/// is valid for reading `lanes` numbers (four, of a cell), and for writing them where it is a
/// slot; no two overlap unless they are inputs; `lanes` is a multiple of 4; `active` is from 1 to
/// `lanes`. Each of `outputs` that a step stores to is valid for writing `active` numbers from
/// `first` on, and `sums` for reading and writing [`STRANDS`] numbers for each sum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    /// The column at every place.
    pub(crate) table: *const *mut f64,
    pub(crate) lanes: usize,
    /// How many lanes are points; the others are filled up with copies, and nobody reads them.
    pub(crate) active: usize,
    /// Which point of the batch the first lane is.
    pub(crate) first: usize,
    /// Which strand the first lane adds to.
    pub(crate) strand: usize,
    pub(crate) outputs: *const *mut f64,
    pub(crate) sums: *mut f64,
}

impl Target for Block {
    const ONE: bool = false;

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
    unsafe fn output(&self, output: u32) -> *mut f64 {
        // SAFETY: the caller's promise.
        unsafe { (*self.outputs.add(output as usize)).add(self.first) }
    }
    #[inline(always)]
    unsafe fn strands(&self, sum: u32) -> Option<(*mut f64, usize)> {
        // SAFETY: the caller's promise.
        Some((unsafe { self.sums.add(sum as usize * STRANDS) }, self.strand))
    }
}

/// A single point to run on, or what is the same at all points.
///
/// Invariant, which whoever makes one keeps: `numbers` is valid for reading and writing a number
/// for every place of the layout, and `outputs`, apart from them, for writing one for every output
/// that a step stores to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) numbers: *mut f64,
    pub(crate) outputs: *mut f64,
}

impl Target for Point {
    const ONE: bool = true;

    #[inline(always)]
    unsafe fn at(&self, place: u32) -> *mut f64 {
        // SAFETY: the caller's promise.
        unsafe { self.numbers.add(place as usize) }
    }
    #[inline(always)]
    fn lanes(&self) -> usize {
        1
    }
    #[inline(always)]
    fn active(&self) -> usize {
        1
    }
    #[inline(always)]
    fn first(&self) -> usize {
        0
    }
    #[inline(always)]
    unsafe fn output(&self, output: u32) -> *mut f64 {
        // SAFETY: the caller's promise.
        unsafe { self.outputs.add(output as usize) }
    }
    #[inline(always)]
    unsafe fn strands(&self, _: u32) -> Option<(*mut f64, usize)> {
        None
    }
}

/// A guard that came out otherwise than recorded: the point, then which guard.
pub(crate) type Flip = (usize, u32);

/// The earlier of two flips.
pub(crate) fn earlier(a: Option<Flip>, b: Option<Flip>) -> Option<Flip> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        _ => a.or(b),
    }
}
