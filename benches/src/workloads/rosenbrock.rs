//! W3: the Rosenbrock function `sum of 100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2`.
//!
//! Wide and cheap: many inputs, and only additions and products, so the cost is that of storage.

use super::Workload;
use crate::number::Number;

/// The function of many variables, at -1.2 and 1 in turn.
#[derive(Clone, Debug)]
pub struct Rosenbrock {
    name: &'static str,
    inputs: Vec<f64>,
}

impl Rosenbrock {
    /// W3, the function of `n` variables: `8(n - 1) - 1` operations.
    ///
    /// # Panics
    /// If `n` is less than 2.
    pub fn new(n: usize) -> Self {
        Self::named("W3", n)
    }

    /// The same by another name.
    ///
    /// # Panics
    /// If `n` is less than 2.
    pub fn named(name: &'static str, n: usize) -> Self {
        assert!(n >= 2, "the Rosenbrock function needs two variables");
        Self { name, inputs: (0..n).map(|i| if i % 2 == 0 { -1.2 } else { 1.0 }).collect() }
    }
}

#[inline(always)]
fn term<T: Number>(x: T, next: T) -> T {
    let valley = next - x * x;
    let slope = x.subtracted_from(1.0);
    valley * valley * 100.0 + slope * slope
}

impl Workload for Rosenbrock {
    type Scratch = ();

    fn name(&self) -> &'static str {
        self.name
    }

    fn ops(&self) -> usize {
        8 * (self.inputs.len() - 1) - 1
    }

    fn inputs(&self) -> &[f64] {
        &self.inputs
    }

    #[inline]
    fn body<T: Number>(&self, _: usize, x: &[T]) -> T {
        let mut sum = term(x[0], x[1]);
        for i in 1..x.len() - 1 {
            sum = sum + term(x[i], x[i + 1]);
        }
        sum
    }

    fn scratch(&self) {}

    fn plain(&self, _: usize, x: &[f64], (): &mut ()) -> f64 {
        let mut sum = 0.0;
        for i in 0..x.len() - 1 {
            let valley = x[i + 1] - x[i] * x[i];
            let slope = 1.0 - x[i];
            sum += 100.0 * valley * valley + slope * slope;
        }
        sum
    }

    fn by_hand(&self, _: usize, x: &[f64], (): &mut (), gradient: &mut [f64]) -> f64 {
        let mut sum = 0.0;
        gradient[0] = 0.0;
        for i in 0..x.len() - 1 {
            let valley = x[i + 1] - x[i] * x[i];
            let slope = 1.0 - x[i];
            sum += 100.0 * valley * valley + slope * slope;
            gradient[i] += -400.0 * valley * x[i] - 2.0 * slope;
            gradient[i + 1] = 200.0 * valley;
        }
        sum
    }
}
