//! Running steps: an interpreter with one arm for each opcode. An arm is a loop over a column. It is compiled
//! for each instruction set, and again for a single point, where a column is one number and the loop runs
//! once.
//!
//! The unsafe code of the interpreter rests on two invariants. For the steps, it is what
//! [`Layout::check`](crate::layout::Layout::check) checks before anything runs. For memory, it is that of
//! [`Group`](target::Group) and [`Point`](target::Point): there is a column of at least `lanes` numbers at every
//! place that the steps name. With these, a step is a jump and a loop, without bounds checks and without slices.

mod arena;
mod arms;
mod batch;
mod block;
mod columns;
pub(crate) mod point;
mod target;
pub(crate) mod workspace;

use crate::lanes::Kind;
use crate::layout::Step;
use arms::run;
use target::{CallContext, Flip, Target};

/// Runs the steps on a group or at a point. Returns the flip of the first point that has one, if any.
///
/// # Safety
/// The target must keep its invariant for the layout of the context, and the steps must be of that layout.
unsafe fn run_steps<T: Target>(context: &CallContext<'_>, steps: &[Step], target: &T) -> Option<Flip> {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512dq,avx2,fma")]
    unsafe fn avx512<T: Target>(context: &CallContext<'_>, steps: &[Step], target: &T) -> Option<Flip> {
        // SAFETY: the caller's promise.
        unsafe { run::<T::Avx512, T>(context, steps, target) }
    }
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn avx2<T: Target>(context: &CallContext<'_>, steps: &[Step], target: &T) -> Option<Flip> {
        // SAFETY: the caller's promise.
        unsafe { run::<T::Avx2, T>(context, steps, target) }
    }
    // SAFETY: an `InstructionSet` exists only where the processor has its instructions; the rest is the
    // caller's promise.
    unsafe {
        match context.isa.kind() {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 if !T::ONE => avx512(context, steps, target),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 | Kind::Avx2Fma => avx2(context, steps, target),
            #[cfg(target_arch = "x86_64")]
            Kind::Sse2 => run::<T::Sse2, T>(context, steps, target),
            Kind::Portable => run::<T::Portable, T>(context, steps, target),
        }
    }
}
