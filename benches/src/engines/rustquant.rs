//! The crate `RustQuant_autodiff`: a list of (partials, parents), 32 bytes a node.
//!
//! The graph is cleared and reused; its sweep allocates a fresh adjoint vector each time.

use super::{Engine, Inputs, entered};
use crate::number::Number;
use crate::workloads::Workload;
use RustQuant_autodiff::{Accumulate, Gradient, Graph, Max, Variable};

impl Number for Variable<'_> {
    #[inline(always)]
    fn value(self) -> f64 {
        self.value
    }
    #[inline(always)]
    fn subtracted_from(self, c: f64) -> Self {
        c - self
    }
    #[inline(always)]
    fn sin(self) -> Self {
        Variable::sin(self)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        Variable::exp(self)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        Variable::ln(self)
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        Variable::tanh(self)
    }
    #[inline(always)]
    fn relu(self) -> Self {
        Max::max(&self, 0.0)
    }
}

/// The crate's graph, kept from one repetition to the next.
#[derive(Debug)]
pub struct RustQuant {
    graph: Graph,
}

impl RustQuant {
    #[inline(always)]
    fn enter<'t>(&'t self, x: &[f64], inputs: &mut Inputs<Variable<'t>>) {
        self.graph.clear();
        entered(inputs, x, |x| self.graph.var(x));
    }
}

impl Engine for RustQuant {
    const NAME: &'static str = "RustQuant";

    fn new(ops: usize) -> Self {
        Self { graph: Graph::with_capacity(ops) }
    }

    #[inline(always)]
    fn record<W: Workload>(&mut self, workload: &W, case: usize) -> f64 {
        let mut inputs = Inputs::new();
        self.enter(workload.inputs(), &mut inputs);
        workload.body(case, &inputs).value
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
        let adjoints = output.accumulate();
        for (g, x) in gradient.iter_mut().zip(&inputs) {
            *g = adjoints.wrt(x);
        }
        output.value
    }

    /// A vertex is two partials and two indices; an adjoint is one `f64`.
    fn bytes<W: Workload>(&self, _: &W) -> usize {
        self.graph.len() * (32 + 8)
    }
}
