//! W5: one Monte-Carlo path of an arithmetic Asian call, with its Greeks.
//!
//! `S *= exp((r - sigma^2/2)*dt + sigma*sqrt(dt)*z)` over 252 days from S = 100 with r = 0.03 and sigma = 0.2; the
//! payoff `exp(-r)*max(mean(S) - 100, 0)`; the gradient in S, r and sigma. It is small enough to stay in the L1 cache,
//! and half of its time goes into `exp`.

use super::Workload;
use crate::number::Number;
use crate::random::SplitMix64;
use std::ops::Mul;

/// Steps of a path.
pub const STEPS: usize = 252;
const DT: f64 = 1.0 / STEPS as f64;
const STRIKE: f64 = 100.0;

/// The option on many paths, one path a repetition.
#[derive(Clone, Debug)]
pub struct Asian {
    inputs: [f64; 3],
    /// Standard normals, path after path.
    normals: Vec<f64>,
}

impl Asian {
    /// The option on `paths` paths, 1,270 operations each.
    pub fn new(paths: usize) -> Self {
        let mut random = SplitMix64::new(3);
        Self { inputs: [100.0, 0.03, 0.2], normals: (0..paths * STEPS).map(|_| random.normal()).collect() }
    }

    /// The normals of one path.
    #[inline]
    pub fn path(&self, case: usize) -> &[f64] {
        &self.normals[case * STEPS..][..STEPS]
    }

    /// The discounted payoff of a path, whose normals may be variables too.
    #[inline]
    pub fn payoff<Z: Copy, T: Number + Mul<Z, Output = T>>(x: &[T], path: &[Z]) -> T {
        let [mut s, r, sigma] = [x[0], x[1], x[2]];
        let drift = (r - sigma * sigma * 0.5) * DT;
        let volatility = sigma * DT.sqrt();
        let mut sum = None;
        for &z in path {
            s = s * (volatility * z + drift).exp();
            sum = Some(sum.map_or(s, |sum| sum + s));
        }
        let mean = sum.expect("a path has steps") * DT;
        (-r).exp() * (mean - STRIKE).relu()
    }
}

impl Workload for Asian {
    /// The prices along the path.
    type Scratch = [f64; STEPS];

    fn name(&self) -> &'static str {
        "W5"
    }

    fn ops(&self) -> usize {
        5 * STEPS + 10
    }

    fn cases(&self) -> usize {
        self.normals.len() / STEPS
    }

    fn inputs(&self) -> &[f64] {
        &self.inputs
    }

    #[inline]
    fn body<T: Number>(&self, case: usize, x: &[T]) -> T {
        Self::payoff(x, self.path(case))
    }

    fn scratch(&self) -> [f64; STEPS] {
        [0.0; STEPS]
    }

    fn plain(&self, case: usize, x: &[f64], _: &mut [f64; STEPS]) -> f64 {
        let [mut s, r, sigma] = [x[0], x[1], x[2]];
        let drift = (r - sigma * sigma * 0.5) * DT;
        let volatility = sigma * DT.sqrt();
        let mut sum = 0.0;
        for &z in self.path(case) {
            s *= (volatility * z + drift).exp();
            sum += s;
        }
        (-r).exp() * (sum * DT - STRIKE).max(0.0)
    }

    fn by_hand(&self, case: usize, x: &[f64], prices: &mut [f64; STEPS], gradient: &mut [f64]) -> f64 {
        let [s0, r, sigma] = [x[0], x[1], x[2]];
        let path = self.path(case);
        let drift = (r - sigma * sigma * 0.5) * DT;
        let volatility = sigma * DT.sqrt();
        let mut s = s0;
        let mut sum = 0.0;
        for i in 0..STEPS {
            s *= (volatility * path[i] + drift).exp();
            prices[i] = s;
            sum += s;
        }
        let discount = (-r).exp();
        let payoff = (sum * DT - STRIKE).max(0.0);
        let value = discount * payoff;

        // Backwards over the logarithm of the price, whose adjoint at a step is the sum of
        // price * price_bar from there on.
        let price_bar = if payoff > 0.0 { discount * DT } else { 0.0 };
        let (mut log_bar, mut drift_bar, mut volatility_bar) = (0.0, 0.0, 0.0);
        for i in (0..STEPS).rev() {
            log_bar += price_bar * prices[i];
            drift_bar += log_bar;
            volatility_bar += log_bar * path[i];
        }
        gradient[0] = log_bar / s0;
        gradient[1] = drift_bar * DT - value;
        gradient[2] = volatility_bar * DT.sqrt() - drift_bar * sigma * DT;
        value
    }
}
