//! A spline fitted to data whose clock is wrong: its values at seven knots and the clock's shift are the parameters.
//! Gradient and Hessian of the sum of squares are checked against the formulas of nonlinear regression.

use nalgebra::{DMatrix, DVector};
use wengert::{Expr, Graph, Scalar};
use wengert_implicit::{Interpolation, Map, Outside, interp1_weights};
use wengert_program::{Options, Program, Workspace};

const KNOTS: [f64; 7] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
fn times_and_data() -> impl Iterator<Item = (f64, f64)> {
    (2..58).map(|k| 0.1 * f64::from(k)).map(|t| (t, (1.3 * t + 0.1).sin() + 0.05 * (17.0 * t).cos()))
}

/// The sum of squares, that of the shift included, so that it is not free.
fn misfit<'g>(weights: &Map, x: &[Expr<'g>]) -> Expr<'g> {
    let curve = |t: f64| Scalar::dot(&weights.call(&[x[7] + t])[..7], &x[..7]);
    times_and_data().map(|(t, measured)| (curve(t) - measured).powi(2)).sum::<Expr<'g>>() + x[7].powi(2)
}

/// Gradient and Hessian by hand, from the weights and their derivatives.
fn by_hand(weights: &Map, x: &[f64]) -> (DVector<f64>, DMatrix<f64>) {
    let (mut gradient, mut hessian) = (DVector::zeros(8), DMatrix::zeros(8, 8));
    (gradient[7], hessian[(7, 7)]) = (2.0 * x[7], 2.0);
    for (t, measured) in times_and_data() {
        let w = weights.call(&[x[7] + t]);
        let sum = |order: usize| (0..7).map(|k| w[7 * order + k] * x[k]).sum::<f64>();
        let (r, slope) = (sum(0) - measured, DVector::from_fn(8, |k, _| if k < 7 { w[k] } else { sum(1) }));
        let bend = |i: usize, k: usize| [0.0, [&w[7..14], &[sum(2)]].concat()[i.min(k)]][i.max(k) / 7];
        gradient += 2.0 * r * &slope;
        hessian += 2.0 * (&slope * slope.transpose() + r * DMatrix::from_fn(8, 8, bend));
    }
    (gradient, hessian)
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let weights = interp1_weights("weights", &KNOTS, Interpolation::Spline, Outside::Extend)?;
    let mut at = [&KNOTS.map(|t| (1.3 * t).sin())[..], &[0.02]].concat();
    let mut g = Graph::new();
    let x = g.leaves(&at);
    let l = misfit(&weights, &g.exprs(&x)).id();
    let program = Program::hessian(&at, |x| misfit(&weights, x), &Options::new())?;
    let loaded = Program::from_bytes_with(&program.to_bytes(), &weights.externals())?;
    for _ in 0..8 {
        let (gradient, hessian) = by_hand(&weights, &at);
        let mut compiled = vec![0.0; 64];
        loaded.eval(&at, &mut compiled, &mut Workspace::new())?;
        let found = [g.gradient(l, &x), g.hessian(l, &x).concat(), compiled].concat();
        for (found, expected) in found.iter().zip(gradient.iter().chain(&hessian).chain(&hessian)) {
            assert!((found - expected).abs() < 1e-9, "{found}, by hand {expected}");
        }
        let step = hessian.lu().solve(&gradient).ok_or("the Hessian is singular")?;
        at = (DVector::from_vec(at) - step).as_slice().to_vec();
        g.set_all(&x, &at);
        g.forward()?;
    }
    println!("values {at:.4?}, sum of squares {:.6}", g.value(l));
    assert!(g.gradient(l, &x).iter().all(|slope| slope.abs() < 1e-9));
    Ok(())
}
