//! What machine code calls. A panic must not unwind through code that no compiler made, so a shim catches
//! it, and it goes on once the code has returned.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use wengert::{Imm, Op, apply_unchecked};

use crate::ir::{MOST, operand_count};
use crate::lanes::Kernel1;

/// What shims need of a call.
pub(super) struct Context<'a> {
    pub(super) kernels: &'a [Kernel1],
    /// The ops that run by their scalar functions.
    pub(super) calls: &'a [(Op, Imm)],
    /// The first panic.
    pub(super) panic: Option<Box<dyn Any + Send>>,
}

impl Context<'_> {
    /// Runs `f`, unless something panicked before.
    #[inline(always)]
    fn run(&mut self, f: impl FnOnce(&[Kernel1], &[(Op, Imm)])) {
        if self.panic.is_none() {
            let (kernels, calls) = (self.kernels, self.calls);
            self.panic = catch_unwind(AssertUnwindSafe(|| f(kernels, calls))).err();
        }
    }
}

/// A shim: the context, the operands, which the results replace, and two numbers.
pub(super) type Shim = unsafe extern "sysv64" fn(&mut Context<'_>, *mut f64, u32, u32);

/// The kernel at each of `lanes` numbers, a multiple of 4.
///
/// # Safety
/// `numbers` must be valid for reading and writing `lanes` numbers.
pub(super) unsafe extern "sysv64" fn kernel(context: &mut Context<'_>, numbers: *mut f64, kernel: u32, lanes: u32) {
    context.run(|kernels, _| {
        // SAFETY: the caller's promise.
        unsafe { kernels[kernel as usize].run(numbers, numbers, lanes as usize) }
    });
}

/// The kernel at one number.
///
/// # Safety
/// `numbers` must be valid for reading and writing a number.
pub(super) unsafe extern "sysv64" fn kernel_at_one(context: &mut Context<'_>, number: *mut f64, kernel: u32, _: u32) {
    context.run(|kernels, _| {
        // SAFETY: the caller's promise.
        unsafe { *number = kernels[kernel as usize].one(*number) }
    });
}

/// The scalar function of an op. The result replaces the first operand.
///
/// # Safety
/// `numbers` must be valid for reading and writing three numbers.
pub(super) unsafe extern "sysv64" fn scalar(context: &mut Context<'_>, numbers: *mut f64, call: u32, _: u32) {
    context.run(|_, calls| {
        let (op, imm) = calls[call as usize];
        // SAFETY: the caller's promise; nobody else has these numbers.
        let numbers = unsafe { &mut *numbers.cast::<[f64; MOST]>() };
        numbers[0] = apply_unchecked(op, imm, &numbers[..operand_count(op).unwrap_or(0)]);
    });
}
