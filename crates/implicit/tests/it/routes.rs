//! Compares two ways to write a formula through every route.

use std::sync::Arc;

use wengert::{Expr, External, Graph};
use wengert_program::{Options, Program, Setup, Workspace};

#[track_caller]
pub(crate) fn close(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (k, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= 1e-9 * (1.0 + b.abs()), "{what}, number {k}: {a}, expected {b}");
    }
}

/// Asserts that `f`, which calls `externals`, has the values and derivatives of `plain` at these points: recorded at the
/// first and replayed, as nodes, as series, and in programs that were saved and loaded.
#[track_caller]
pub(crate) fn agree<F, P>(externals: &[Arc<dyn External>], points: &[&[f64]], f: F, plain: P)
where
    F: for<'g> Fn(&[Expr<'g>]) -> Expr<'g>,
    P: for<'g> Fn(&[Expr<'g>]) -> Expr<'g>,
{
    let mut g = Graph::new();
    let x = g.leaves(points[0]);
    let l = f(&g.exprs(&x)).id();
    let slopes = g.gradient_nodes(l, &x);
    let direction: Vec<f64> = (0..x.len()).map(|k| 1.0 - 0.3 * k as f64).collect();
    let options = Options::new();
    let load = |program: Program| Program::from_bytes_with(&program.to_bytes(), externals).unwrap();
    let first = load(Program::value_and_gradient(points[0], |x| f(x), &options).unwrap());
    let second = load(Program::hessian(points[0], |x| f(x), &options).unwrap());
    let mut workspace = Workspace::new();
    for &at in points {
        let h = Graph::new();
        let z = h.leaves(at);
        let expected = plain(&h.exprs(&z)).id();
        let (value, gradient) = (h.value(expected), h.gradient(expected, &z));
        let hessian = h.hessian(expected, &z).concat();
        g.set_all(&x, at);
        g.forward().unwrap();
        close(&[g.value(l)], &[value], "value");
        close(&g.gradient(l, &x), &gradient, "gradient");
        let seeds: Vec<_> = x.iter().copied().zip(direction.iter().copied()).collect();
        let along: f64 = gradient.iter().zip(&direction).map(|(a, b)| a * b).sum();
        close(&g.jvp(&seeds, &[l]), &[along], "jvp");
        close(&g.hessian(l, &x).concat(), &hessian, "hessian");
        close(&slopes.iter().map(|&s| g.value(s)).collect::<Vec<_>>(), &gradient, "gradient as nodes");
        let rows: Vec<f64> = slopes.iter().flat_map(|&s| g.gradient(s, &x)).collect();
        close(&rows, &hessian, "hessian of the gradient as nodes");
        close(&g.taylor::<4>(l, &x, &direction), &h.taylor::<4>(expected, &z, &direction), "series");
        assert!(g.check_gradient(l, &x).unwrap().passes());

        let mut out = vec![0.0; 1 + x.len()];
        first.eval(at, &mut out, &mut workspace).unwrap();
        close(&out, &[&[value], &gradient[..]].concat(), "program of value and gradient");
        let mut out = vec![0.0; x.len() * x.len()];
        second.eval(at, &mut out, &mut workspace).unwrap();
        close(&out, &hessian, "program of the hessian");
    }
    // A batch on two threads has the bits of single points.
    let many: Vec<&[f64]> = (0..300).map(|k| points[k * k % points.len()]).collect();
    let columns: Vec<Vec<f64>> = (0..x.len()).map(|k| many.iter().map(|point| point[k]).collect()).collect();
    let mut results = vec![vec![0.0; many.len()]; 1 + x.len()];
    let mut outputs: Vec<&mut [f64]> = results.iter_mut().map(|column| &mut column[..]).collect();
    let inputs: Vec<&[f64]> = columns.iter().map(|column| &column[..]).collect();
    let mut threads = Workspace::with(Setup::new().threads(2));
    first.eval_batch(many.len(), &inputs, &mut outputs, &mut threads).unwrap();
    for (k, point) in many.iter().enumerate() {
        let mut out = vec![0.0; 1 + x.len()];
        first.eval(point, &mut out, &mut workspace).unwrap();
        let column: Vec<f64> = results.iter().map(|column| column[k]).collect();
        close(&column, &out, "batch");
    }
}
