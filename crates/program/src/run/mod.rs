//! Running steps over one block of points: an interpreter whose every arm is a loop over a column,
//! compiled once for each instruction set. Read `arms.rs` next, then [`crate::batch`], which cuts
//! batches into blocks.
//!
//! The unsafe code of the interpreter rests on one invariant, [`Block`]'s: there is a column of
//! at least `lanes` numbers at every place that the steps name. It buys that a step is a jump
//! and a loop, with no check of places and no slice made.

mod arms;
mod columns;

use wengert::Relation;

use crate::code::{Layout, Step};
use crate::ir::Check;
use crate::lanes::{Isa, Kernel1};
use arms::run;

/// Sums over points are kept in this many strands: point `k` of a stretch adds to strand `k` mod
/// 16, so that a sum's bits do not depend on how many lanes run at a time.
pub(crate) const STRANDS: usize = 16;

/// What is the same for every block of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machinery<'a> {
    pub(crate) isa: Isa,
    pub(crate) layout: &'a Layout,
    pub(crate) checks: &'a [Check],
    /// The lane kernels of the instruction set, by number.
    pub(crate) kernels: &'a [Kernel1],
}

/// Where the columns of a block are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Columns {
    /// At these addresses, one for each place.
    Table(*const *mut f64),
    /// One after another from here on, four lanes each.
    Dense(*mut f64),
}

impl Columns {
    /// The column at a place. Safety: there must be one.
    #[inline(always)]
    unsafe fn at<const FOUR: bool>(self, place: u32) -> *mut f64 {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Columns::Table(table) if !FOUR => *table.add(place as usize),
                Columns::Dense(start) if FOUR => start.add(4 * place as usize),
                _ => std::hint::unreachable_unchecked(),
            }
        }
    }
}

/// A block of points to run on.
///
/// Invariant, which whoever makes one keeps: there is a column at every place of the layout; each
/// is valid for reading `lanes` numbers, and for writing them where it is a cell or slot; no two
/// overlap unless they are inputs; `lanes` is a multiple of 4, and 4 if they are dense; `active` is
/// from 1 to `lanes`. Each of `outputs` that a step stores to is valid for writing `active` numbers
/// from `first` on, and `sums` for reading and writing [`STRANDS`] numbers for each sum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub(crate) columns: Columns,
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

/// A guard that came out otherwise than recorded: the point, then which guard.
pub(crate) type Flip = (usize, u32);

/// Runs the steps on the block. Returns the flip of the first point that has one.
///
/// # Safety
/// The block must keep [`Block`]'s invariant for the layout of the machinery, and the steps must
/// be of that layout.
pub(crate) unsafe fn run_steps(machinery: &Machinery<'_>, steps: &[Step], block: &Block) -> Option<Flip> {
    #[cfg(target_arch = "x86_64")]
    use crate::lanes::{Avx2, Sse2};
    use crate::lanes::{Kind, Portable};
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn avx2<const FOUR: bool>(machinery: &Machinery<'_>, steps: &[Step], block: &Block) -> Option<Flip> {
        // SAFETY: the caller's promise.
        unsafe { run::<Avx2, FOUR>(machinery, steps, block) }
    }
    // SAFETY: an `Isa` of a kind exists only where the processor has its instructions; the rest is
    // the caller's promise.
    unsafe {
        match (machinery.isa.kind(), block.columns) {
            #[cfg(target_arch = "x86_64")]
            (Kind::Avx2Fma, Columns::Table(_)) => avx2::<false>(machinery, steps, block),
            #[cfg(target_arch = "x86_64")]
            (Kind::Avx2Fma, Columns::Dense(_)) => avx2::<true>(machinery, steps, block),
            #[cfg(target_arch = "x86_64")]
            (Kind::Sse2, Columns::Table(_)) => run::<Sse2, false>(machinery, steps, block),
            #[cfg(target_arch = "x86_64")]
            (Kind::Sse2, Columns::Dense(_)) => run::<Sse2, true>(machinery, steps, block),
            (Kind::Portable, Columns::Table(_)) => run::<Portable, false>(machinery, steps, block),
            (Kind::Portable, Columns::Dense(_)) => run::<Portable, true>(machinery, steps, block),
        }
    }
}

/// The first lane, of so many, where the comparison does not come out as recorded.
fn first_flip(relation: Relation, recorded: bool, pairs: impl Iterator<Item = (f64, f64)>) -> Option<usize> {
    pairs.into_iter().position(|(x, y)| relation.holds(x, y) != recorded)
}
