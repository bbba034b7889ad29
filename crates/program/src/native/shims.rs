//! What machine code calls. A panic must not unwind through code that no compiler made, so a shim catches
//! it, and it goes on once the code has returned.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use wengert::{Imm, Op, apply_unchecked};

use crate::ir::{MOST, operand_count};
use crate::lanes::{Kernel1, Unary};

/// What shims need of a call.
pub(crate) struct Context<'a> {
    kernels: &'a [Kernel1],
    /// The ops that run by their scalar functions.
    calls: &'a [(Op, Imm)],
    /// The first panic.
    panic: Cell<Option<Box<dyn Any + Send>>>,
}

impl<'a> Context<'a> {
    pub(super) fn new(kernels: &'a [Kernel1], calls: &'a [(Op, Imm)]) -> Context<'a> {
        let panic = Cell::new(None);
        Context { kernels, calls, panic }
    }

    /// The first panic of a call.
    pub(super) fn into_panic(self) -> Option<Box<dyn Any + Send>> {
        self.panic.into_inner()
    }

    /// The kernel at a number beyond its reach: by its scalar function.
    #[cold]
    pub(crate) fn kernel(&self, kernel: Unary, x: f64) -> f64 {
        self.catch(|| self.kernels[kernel as usize].slow(x))
    }

    /// What `f` gives, or NaN if it panics.
    fn catch(&self, f: impl FnOnce() -> f64) -> f64 {
        catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| {
            let first = self.panic.take();
            self.panic.set(first.or(Some(panic)));
            f64::NAN
        })
    }
}

/// The scalar function of an op. The result replaces the first operand.
///
/// # Safety
/// `numbers` must be valid for reading and writing [`MOST`] numbers.
pub(super) unsafe extern "sysv64" fn scalar(context: &Context<'_>, numbers: *mut f64, call: u32, _: u32) {
    // SAFETY: the caller's promise; nobody else has these numbers.
    let numbers = unsafe { &mut *numbers.cast::<[f64; MOST]>() };
    numbers[0] = context.catch(|| {
        let (op, imm) = context.calls[call as usize];
        apply_unchecked(op, imm, &numbers[..operand_count(op).unwrap_or(0)])
    });
}
