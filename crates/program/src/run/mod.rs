//! Running steps: an interpreter with one arm for each opcode. An arm is a loop over a column. It is compiled
//! for each instruction set, and again for a single point, where a column is one number and the loop runs
//! once.
//!
//! The unsafe code of the interpreter rests on two invariants. For the steps, it is what
//! [`Layout::check`](crate::layout::Layout::check) checks before anything runs. For memory, it is that of
//! [`Block`] and [`Point`]: there is a column of at least `lanes` numbers at every place that the steps name.
//! With these, a step is a jump and a loop, without bounds checks and without slices.

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

/// Runs the steps on the block. Returns the flip of the first point that has one, if any.
///
/// # Safety
/// The block must keep the invariant of [`Block`] for the layout of the context, and the steps must
/// be of that layout.
pub(crate) unsafe fn run_steps(context: &CallContext<'_>, steps: &[Step], block: &Block) -> Option<Flip> {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn avx2(context: &CallContext<'_>, steps: &[Step], block: &Block) -> Option<Flip> {
        // SAFETY: the caller's promise.
        unsafe { run::<Avx2, _>(context, steps, block) }
    }
    // SAFETY: an `InstructionSet` exists only where the processor has its instructions; the rest is the
    // caller's promise.
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

/// Runs the steps at a single point. Returns the first flip, if any.
///
/// # Safety
/// The point must keep the invariant of [`Point`] for the layout of the context, and the steps must
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
