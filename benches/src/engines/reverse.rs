//! The crate `reverse`: a list of (partials, operands), 32 bytes a node.
//!
//! The tape is cleared and reused; its sweep allocates a fresh adjoint vector each time; its
//! interface offers no other way. It has no relu, so a branch is used, as a user would.

use super::{Engine, Inputs, entered};
use crate::number::Number;
use crate::workloads::Workload;
use reverse::{Gradient, Tape, Var};

impl Number for Var<'_> {
    #[inline(always)]
    fn value(self) -> f64 {
        self.val
    }
    #[inline(always)]
    fn subtracted_from(self, c: f64) -> Self {
        c - self
    }
    #[inline(always)]
    fn sin(self) -> Self {
        Var::sin(&self)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        Var::exp(&self)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        Var::ln(&self)
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        Var::tanh(&self)
    }
    #[inline(always)]
    fn relu(self) -> Self {
        if self.val > 0.0 { self } else { self.tape.add_var(0.0) }
    }
}

/// The crate's tape, kept from one repetition to the next.
#[derive(Debug)]
pub struct Reverse {
    tape: Tape,
}

impl Reverse {
    #[inline(always)]
    fn enter<'t>(&'t self, x: &[f64], inputs: &mut Inputs<Var<'t>>) {
        self.tape.clear();
        entered(inputs, x, |x| self.tape.add_var(x));
    }
}

impl Engine for Reverse {
    const NAME: &'static str = "reverse";

    fn new(_: usize) -> Self {
        Self { tape: Tape::new() }
    }

    #[inline(always)]
    fn record<W: Workload>(&mut self, workload: &W, case: usize) -> f64 {
        let mut inputs = Inputs::new();
        self.enter(workload.inputs(), &mut inputs);
        workload.body(case, &inputs).val
    }

    #[inline(always)]
    fn gradient<W: Workload>(
        &mut self,
        workload: &W,
        case: usize,
        gradient: &mut [f64],
        recorded: impl FnOnce(),
    ) -> f64 {
        let mut inputs = Inputs::new();
        self.enter(workload.inputs(), &mut inputs);
        let output = workload.body(case, &inputs);
        recorded();
        let adjoints = output.grad();
        for (g, x) in gradient.iter_mut().zip(&inputs) {
            *g = adjoints.wrt(x);
        }
        output.val
    }

    /// A node is two partials and two indices; an adjoint is one `f64`.
    fn bytes<W: Workload>(&self, _: &W) -> usize {
        self.tape.len() * (32 + 8)
    }
}
