//! Running steps: an interpreter whose every arm is a loop over a column, compiled once for each
//! instruction set; and once more for a single point, where a column is one number and a loop one
//! turn. Read `arms.rs` next, then [`crate::batch`], which cuts batches into blocks.
//!
//! The unsafe code of the interpreter rests on two invariants. Of the steps: what
//! [`Layout::check`](crate::layout::Layout::check) checks before anything runs. Of the memory, [`Block`]'s and [`Point`]'s: there
//! is a column of at least `lanes` numbers at every place that the steps name. They buy that a step
//! is a jump and a loop, with no check of places and no slice made.

mod arena;
mod arms;
mod batch;
mod chunk;
mod columns;
mod point;
mod target;
pub(crate) mod workspace;

#[cfg(target_arch = "x86_64")]
use crate::lanes::{Avx2, Sse2};
use crate::lanes::{Kind, Portable, Simd, Solo};
use crate::layout::Step;
use arms::run;
use target::{Block, CallContext, Flip, Point};

/// Runs the steps on the block. Returns the flip of the first point that has one.
///
/// # Safety
/// The block must keep [`Block`]'s invariant for the layout of the context, and the steps must
/// be of that layout.
pub(crate) unsafe fn run_steps(context: &CallContext<'_>, steps: &[Step], block: &Block) -> Option<Flip> {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn avx2(context: &CallContext<'_>, steps: &[Step], block: &Block) -> Option<Flip> {
        // SAFETY: the caller's promise.
        unsafe { run::<Avx2, _>(context, steps, block) }
    }
    // SAFETY: an `InstructionSet` of a kind exists only where the processor has its instructions; the rest is
    // the caller's promise.
    unsafe {
        match context.isa.kind() {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2Fma => avx2(context, steps, block),
            #[cfg(target_arch = "x86_64")]
            Kind::Sse2 => run::<Sse2, _>(context, steps, block),
            Kind::Portable => run::<Portable, _>(context, steps, block),
        }
    }
}

/// Runs the steps at a single point. Returns the first flip, if there is one.
///
/// # Safety
/// The point must keep [`Point`]'s invariant for the layout of the context, and the steps must
/// be of that layout.
pub(crate) unsafe fn run_point(context: &CallContext<'_>, steps: &[Step], point: &Point) -> Option<Flip> {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn avx2(context: &CallContext<'_>, steps: &[Step], point: &Point) -> Option<Flip> {
        // SAFETY: the caller's promise.
        unsafe { run::<Solo<{ Avx2::FMA }>, _>(context, steps, point) }
    }
    // SAFETY: as in `run_steps`.
    unsafe {
        match context.isa.kind() {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2Fma => avx2(context, steps, point),
            #[cfg(target_arch = "x86_64")]
            Kind::Sse2 => run::<Solo<{ Sse2::FMA }>, _>(context, steps, point),
            Kind::Portable => run::<Solo<{ Portable::FMA }>, _>(context, steps, point),
        }
    }
}
