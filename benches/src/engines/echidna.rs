//! The crate `echidna`, eager mode: an Adept-style tape of statements, partials and indices.
//!
//! The tape is thread-local while it records. Here it is kept and cleared, as in the crate's own `grad`, but without
//! the copies that `grad` makes. Its sweep allocates a fresh adjoint vector each time.

use super::{Engine, Inputs, entered};
use crate::number::Number;
use crate::workloads::Workload;
use echidna::Scalar;
use echidna::tape::{CONSTANT, Tape, TapeGuard};
use num_traits::Float;

type Real = echidna::Reverse<f64>;

impl Number for Real {
    #[inline(always)]
    fn value(self) -> f64 {
        Scalar::value(&self)
    }
    #[inline(always)]
    fn subtracted_from(self, c: f64) -> Self {
        c - self
    }
    #[inline(always)]
    fn sin(self) -> Self {
        Float::sin(self)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        Float::exp(self)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        Float::ln(self)
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        Float::tanh(self)
    }
    /// A constant takes no statement on this tape; the crate's `max` would take one.
    #[inline(always)]
    fn relu(self) -> Self {
        if Scalar::value(&self) > 0.0 { self } else { Real::constant(0.0) }
    }
}

/// The crate's tape, kept from one repetition to the next.
pub struct Echidna {
    tape: Tape<f64>,
}

impl std::fmt::Debug for Echidna {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Echidna")
    }
}

impl Echidna {
    #[inline(always)]
    fn enter(&mut self, x: &[f64], inputs: &mut Inputs<Real>) {
        self.tape.clear();
        entered(inputs, x, |x| {
            let (index, value) = self.tape.new_variable(x);
            Real::from_tape(value, index)
        });
    }

    #[inline(always)]
    fn output<W: Workload>(&mut self, workload: &W, case: usize) -> Real {
        let mut inputs = Inputs::new();
        self.enter(workload.inputs(), &mut inputs);
        let _recording = TapeGuard::new(&mut self.tape);
        workload.body(case, &inputs)
    }
}

impl Engine for Echidna {
    const NAME: &'static str = "echidna";

    fn new(ops: usize) -> Self {
        Self { tape: Tape::with_capacity(ops) }
    }

    #[inline(always)]
    fn record<W: Workload>(&mut self, workload: &W, case: usize) -> f64 {
        Scalar::value(&self.output(workload, case))
    }

    #[inline(always)]
    fn gradient<W: Workload>(
        &mut self,
        workload: &W,
        case: usize,
        gradient: &mut [f64],
        recorded: impl FnOnce(),
    ) -> f64 {
        let output = self.output(workload, case);
        recorded();
        if output.index() == CONSTANT {
            gradient.fill(0.0);
        } else {
            let adjoints = self.tape.reverse(output.index());
            gradient.copy_from_slice(&adjoints[..gradient.len()]);
        }
        Scalar::value(&output)
    }

    /// A statement takes two 32-bit indices, an operand takes an `f64` and a 32-bit index, and an adjoint takes an
    /// `f64`. The tape does not report its lengths, so the operations of the body are counted.
    fn bytes<W: Workload>(&self, workload: &W) -> usize {
        let count = workload.count();
        let adjoints = workload.inputs().len() + count.folded;
        8 * (1 + count.folded) + 12 * count.operands + 8 * adjoints
    }
}
