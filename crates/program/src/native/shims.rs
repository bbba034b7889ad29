//! What machine code calls. A panic must not unwind through code that no compiler made, so a shim catches
//! it, and it goes on once the code has returned.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};

use wengert::{Imm, Op, apply_unchecked, call_external};

use crate::ir::{MOST, Role, operand_count};
use crate::lanes::{Kernel1, Unary};
use crate::layout::{Layout, SitePlaces};

/// What shims need of a call.
pub(crate) struct Context<'a> {
    kernels: &'a [Kernel1],
    /// The ops that run by their scalar functions.
    calls: &'a [(Op, Imm)],
    /// The calls of user's functions.
    sites: &'a [SitePlaces],
    /// The inputs and outputs of each of them.
    numbers: RefCell<&'a mut [f64]>,
    /// Whether one failed. The interpreter then runs the point again, and gets the error.
    failed: Cell<bool>,
    /// The first panic.
    panic: Cell<Option<Box<dyn Any + Send>>>,
}

impl<'a> Context<'a> {
    /// `numbers` has room for the inputs and outputs of all calls.
    pub(super) fn new(kernels: &'a [Kernel1], layout: &'a Layout, numbers: &'a mut [f64]) -> Context<'a> {
        let Layout { calls, sites, .. } = layout;
        Context {
            kernels,
            calls,
            sites,
            numbers: RefCell::new(numbers),
            failed: Cell::new(false),
            panic: Cell::new(None),
        }
    }

    /// Whether a user's function failed.
    pub(super) fn failed(&self) -> bool {
        self.failed.get()
    }

    /// A step of a call of a user's function, whose first operand is `x`.
    fn external(&self, imm: Imm, x: f64) -> f64 {
        let (site, role) = Role::of(imm);
        let site = &self.sites[site];
        let numbers = &mut self.numbers.borrow_mut()[site.offset..];
        let (inputs, outputs) = numbers.split_at_mut(site.inputs.len());
        match role {
            Role::Input(k) => inputs[k as usize] = x,
            Role::Output(k) => return outputs[k as usize],
            Role::Call if self.failed.get() => {}
            Role::Call => {
                let outputs = &mut outputs[..site.outputs as usize];
                self.failed.set(call_external(&*site.function, inputs, outputs).is_err());
            }
        }
        0.0
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
        match op {
            Op::External => context.external(imm, numbers[0]),
            _ => apply_unchecked(op, imm, &numbers[..operand_count(op, imm).unwrap_or(0)]),
        }
    });
}
