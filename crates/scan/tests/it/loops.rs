//! Loops that several tests run, as a scan and on a tape.

use wengert::{Expr, Graph, Real};
use wengert_scan::{Losses, Scan, Settings};

/// A step of one of the loops: from state, parameters and inputs to the next state and a loss.
pub(crate) trait Step {
    const STATE: &'static [f64];
    const PARAMS: &'static [f64];
    const INPUTS: &'static [f64];
    fn step<T: Real>(s: &[T], p: &[T], x: &[T]) -> (Vec<T>, T);
}

/// The logistic map, in steps so small that a block has many of them.
pub(crate) struct Logistic;

impl Step for Logistic {
    const STATE: &'static [f64] = &[0.2];
    const PARAMS: &'static [f64] = &[2.7];
    const INPUTS: &'static [f64] = &[];
    fn step<T: Real>(s: &[T], p: &[T], _: &[T]) -> (Vec<T>, T) {
        let next = p[0] * s[0] * (-s[0] + 1.0);
        (vec![next], (next - 0.5).powi(2))
    }
}

/// A driven pendulum with friction: the force is an input.
pub(crate) struct Pendulum;

impl Step for Pendulum {
    const STATE: &'static [f64] = &[0.7, -0.2];
    const PARAMS: &'static [f64] = &[0.3, 9.8];
    const INPUTS: &'static [f64] = &[0.1, 0.0];
    fn step<T: Real>(s: &[T], p: &[T], x: &[T]) -> (Vec<T>, T) {
        let rate = s[1] + (x[0] - p[0] * s[1] - p[1] * s[0].sin()) * 0.02;
        let angle = s[0] + rate * 0.02;
        (vec![angle, rate], angle * angle * (x[1] + 1.0) + x[0] * x[0] * 0.01)
    }
}

/// Lorenz's equations of 1963 by Heun's method: a step alone is a long block.
pub(crate) struct Lorenz;

impl Step for Lorenz {
    const STATE: &'static [f64] = &[1.0, 2.0, 20.0];
    const PARAMS: &'static [f64] = &[10.0, 28.0, 8.0 / 3.0];
    const INPUTS: &'static [f64] = &[];
    fn step<T: Real>(s: &[T], p: &[T], _: &[T]) -> (Vec<T>, T) {
        let slope = |s: &[T]| [p[0] * (s[1] - s[0]), s[0] * (p[1] - s[2]) - s[1], s[0] * s[1] - p[2] * s[2]];
        let a = slope(s);
        let middle: Vec<T> = (0..3).map(|k| s[k] + a[k] * 0.002).collect();
        let b = slope(&middle);
        let next: Vec<T> = (0..3).map(|k| s[k] + (a[k] + b[k]) * 0.001).collect();
        let loss = next[0] * next[2] * 0.1;
        (next, loss)
    }
}

pub(crate) fn scan_of<S: Step>(losses: Losses) -> Scan {
    let settings = Settings::new().losses(losses);
    Scan::with(settings, S::STATE, S::PARAMS, S::INPUTS, |s, p, x| S::step(s, p, x)).unwrap()
}

/// Inputs that differ from step to step.
pub(crate) fn inputs_of<S: Step>(steps: usize) -> Vec<f64> {
    let width = S::INPUTS.len();
    (0..steps * width).map(|k| S::INPUTS[k % width] + (0.37 * k as f64).sin()).collect()
}

/// The loss with its derivatives with respect to first state, parameters and inputs, from one tape of all steps.
pub(crate) fn by_tape<S: Step>(steps: usize, inputs: &[f64], losses: Losses) -> (f64, [Vec<f64>; 3]) {
    let graph = Graph::new();
    let leaves = |numbers: &[f64]| numbers.iter().map(|&x| graph.var(x)).collect::<Vec<Expr<'_>>>();
    let (state, params, inputs) = (leaves(S::STATE), leaves(S::PARAMS), leaves(inputs));
    let (mut next, mut total) = (state.clone(), None);
    for step in 0..steps {
        let width = S::INPUTS.len();
        let (after, loss) = S::step(&next, &params, &inputs[step * width..][..width]);
        next = after;
        total = Some(match total {
            Some(total) if losses == Losses::Every => total + loss,
            _ => loss,
        });
    }
    let total: Expr<'_> = total.unwrap();
    total.backward();
    let slopes = [state, params, inputs].map(|list| list.iter().map(|x| x.grad()).collect());
    (total.value(), slopes)
}
