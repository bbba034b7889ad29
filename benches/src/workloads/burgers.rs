//! W8: Burgers' equation on a ring of 64 cells, 500 steps of an explicit scheme; the sum of squares at the end.
//!
//! `u' = u - (r - l)*u*c + (r + l - 2u)*d`, with `l` and `r` the neighbors of `u`. Many steps of a few operations each:
//! what a simulation is made of.

use super::Workload;
use crate::number::Number;

/// The cells.
pub const CELLS: usize = 64;
/// Half of dt/dx.
pub const ADVECTION: f64 = 0.05;
/// Viscosity times dt/dx^2.
pub const DIFFUSION: f64 = 0.1;

/// The equation over some steps.
#[derive(Clone, Debug)]
pub struct Burgers {
    steps: usize,
    inputs: Vec<f64>,
}

impl Burgers {
    /// So many steps from a sine.
    pub fn new(steps: usize) -> Self {
        let angle = |k: usize| std::f64::consts::TAU * k as f64 / CELLS as f64;
        Self { steps, inputs: (0..CELLS).map(|k| 0.5 + angle(k).sin()).collect() }
    }

    /// The states, from the inputs on, by this update of a cell from its left neighbor, itself and its right neighbor.
    #[inline(always)]
    pub fn run<T: Copy>(&self, x: &[T], mut cell: impl FnMut(T, T, T) -> T) -> Vec<T> {
        let (mut u, mut next) = (x.to_vec(), x.to_vec());
        for _ in 0..self.steps {
            for k in 0..CELLS {
                next[k] = cell(u[(k + CELLS - 1) % CELLS], u[k], u[(k + 1) % CELLS]);
            }
            std::mem::swap(&mut u, &mut next);
        }
        u
    }
}

#[inline(always)]
fn cell<T: Number>(l: T, u: T, r: T) -> T {
    u - (r - l) * u * ADVECTION + (r + l - u * 2.0) * DIFFUSION
}

/// The sum of squares.
#[inline(always)]
pub fn energy<T: Number>(u: &[T]) -> T {
    u[1..].iter().fold(u[0] * u[0], |sum, &u| sum + u * u)
}

impl Workload for Burgers {
    /// The states of all steps.
    type Scratch = Vec<f64>;

    fn name(&self) -> &'static str {
        "W8"
    }

    fn ops(&self) -> usize {
        9 * CELLS * self.steps + 2 * CELLS - 1
    }

    fn inputs(&self) -> &[f64] {
        &self.inputs
    }

    #[inline]
    fn body<T: Number>(&self, _: usize, x: &[T]) -> T {
        energy(&self.run(x, cell))
    }

    fn scratch(&self) -> Vec<f64> {
        vec![0.0; CELLS * (self.steps + 1)]
    }

    fn plain(&self, _: usize, x: &[f64], states: &mut Vec<f64>) -> f64 {
        states[..CELLS].copy_from_slice(x);
        for step in 0..self.steps {
            let (before, after) = states[step * CELLS..][..2 * CELLS].split_at_mut(CELLS);
            after[0] = cell(before[CELLS - 1], before[0], before[1]);
            for k in 1..CELLS - 1 {
                after[k] = cell(before[k - 1], before[k], before[k + 1]);
            }
            after[CELLS - 1] = cell(before[CELLS - 2], before[CELLS - 1], before[0]);
        }
        energy(&states[self.steps * CELLS..])
    }

    fn by_hand(&self, case: usize, x: &[f64], states: &mut Vec<f64>, gradient: &mut [f64]) -> f64 {
        let value = self.plain(case, x, states);
        let mut bar: [f64; CELLS] = std::array::from_fn(|k| 2.0 * states[self.steps * CELLS + k]);
        for step in (0..self.steps).rev() {
            let u = &states[step * CELLS..][..CELLS];
            let mut before = [0.0; CELLS];
            for k in 0..CELLS {
                let (l, r) = ((k + CELLS - 1) % CELLS, (k + 1) % CELLS);
                let drift = u[k] * ADVECTION;
                before[l] += bar[k] * (drift + DIFFUSION);
                before[k] += bar[k] * (1.0 - (u[r] - u[l]) * ADVECTION - 2.0 * DIFFUSION);
                before[r] += bar[k] * (DIFFUSION - drift);
            }
            bar = before;
        }
        gradient.copy_from_slice(&bar);
        value
    }
}
