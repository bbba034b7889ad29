//! W7: a formula of five variables, as options are priced by: the value with five derivatives.
//!
//! `d = (ln s - ln k + (r + v^2/2)*t)*exp(t*v)`, `e = d - v*t`,
//! `y = s*tanh(d) - k*exp(-r*t)*tanh(e) + d*e`. Small, and most of its time in functions.

use super::Workload;
use crate::number::Number;

/// The formula at one point.
#[derive(Clone, Copy, Debug)]
pub struct Formula {
    inputs: [f64; 5],
}

impl Formula {
    /// The formula at s = 1.1, k = 1, r = 0.03, v = 0.2, t = 1.5.
    pub fn new() -> Self {
        Self { inputs: [1.1, 1.0, 0.03, 0.2, 1.5] }
    }
}

impl Default for Formula {
    fn default() -> Self {
        Self::new()
    }
}

#[inline(always)]
fn formula<T: Number>(x: &[T]) -> T {
    let [s, k, r, v, t] = [x[0], x[1], x[2], x[3], x[4]];
    let d = (s.ln() - k.ln() + (r + v * v * 0.5) * t) * (t * v).exp();
    let e = d - v * t;
    s * d.tanh() - k * (-r * t).exp() * e.tanh() + d * e
}

impl Workload for Formula {
    type Scratch = ();

    fn name(&self) -> &'static str {
        "W7"
    }

    fn ops(&self) -> usize {
        24
    }

    fn inputs(&self) -> &[f64] {
        &self.inputs
    }

    #[inline]
    fn body<T: Number>(&self, _: usize, x: &[T]) -> T {
        formula(x)
    }

    fn scratch(&self) {}

    #[inline]
    fn plain(&self, _: usize, x: &[f64], (): &mut ()) -> f64 {
        formula(x)
    }

    #[inline]
    fn by_hand(&self, _: usize, x: &[f64], (): &mut (), gradient: &mut [f64]) -> f64 {
        let [s, k, r, v, t] = [x[0], x[1], x[2], x[3], x[4]];
        let drift = r + v * v * 0.5;
        let a = s.ln() - k.ln() + drift * t;
        let growth = (t * v).exp();
        let d = a * growth;
        let e = d - v * t;
        let (first, second) = (d.tanh(), e.tanh());
        let discount = (-r * t).exp();

        let e_bar = d - k * discount * (1.0 - second * second);
        let d_bar = e + s * (1.0 - first * first) + e_bar;
        let (a_bar, exponent_bar) = (d_bar * growth, d_bar * d);
        let rate_bar = k * discount * second;
        gradient[0] = first + a_bar / s;
        gradient[1] = -discount * second - a_bar / k;
        gradient[2] = a_bar * t + rate_bar * t;
        gradient[3] = a_bar * v * t - e_bar * t + exponent_bar * t;
        gradient[4] = a_bar * drift - e_bar * v + exponent_bar * v + rate_bar * r;
        s * first - k * discount * second + d * e
    }
}
