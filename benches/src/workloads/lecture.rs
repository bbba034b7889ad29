//! W1: the expression of Karpathy's micrograd lecture, `L = (a*b + c)*f`.
//!
//! Three operations: what is measured is the fixed cost of a repetition.

use super::Workload;
use crate::number::Number;

/// The lecture's expression at a = 2, b = -3, c = 10, f = -2.
#[derive(Clone, Copy, Debug)]
pub struct Lecture {
    inputs: [f64; 4],
}

impl Lecture {
    /// The expression at the lecture's point.
    pub fn new() -> Self {
        Self { inputs: [2.0, -3.0, 10.0, -2.0] }
    }
}

impl Default for Lecture {
    fn default() -> Self {
        Self::new()
    }
}

impl Workload for Lecture {
    type Scratch = ();

    fn name(&self) -> &'static str {
        "W1"
    }

    fn ops(&self) -> usize {
        3
    }

    fn inputs(&self) -> &[f64] {
        &self.inputs
    }

    #[inline]
    fn body<T: Number>(&self, _: usize, x: &[T]) -> T {
        (x[0] * x[1] + x[2]) * x[3]
    }

    fn scratch(&self) {}

    #[inline]
    fn plain(&self, _: usize, x: &[f64], (): &mut ()) -> f64 {
        (x[0] * x[1] + x[2]) * x[3]
    }

    #[inline]
    fn by_hand(&self, _: usize, x: &[f64], (): &mut (), gradient: &mut [f64]) -> f64 {
        let [a, b, c, f] = [x[0], x[1], x[2], x[3]];
        let d = a * b + c;
        gradient[0] = f * b;
        gradient[1] = f * a;
        gradient[2] = f;
        gradient[3] = d;
        d * f
    }
}
