//! The steady temperature of a rod of 200 cells with a source, 0 at both ends: one sparse solve, where the conductivity
//! depends on two parameters. Derivatives are checked against the same elimination recorded op by op.

use wengert::{Expr, Graph};
use wengert_implicit::{Map, sparse_solve};
use wengert_program::{Options, Program, Workspace};

const N: usize = 200;
/// The diagonal, the entries beside it, and the sources, from the conductivities between neighbors.
fn system<'g>(p: &[Expr<'g>]) -> (Vec<Expr<'g>>, Vec<Expr<'g>>, Vec<Expr<'g>>) {
    let k: Vec<Expr<'g>> = (0..=N).map(|at| (p[1] * (at as f64 / N as f64)).exp() * p[0]).collect();
    let sources = (0..N).map(|cell| Expr::constant((cell as f64 * 0.05).sin() + 1.0)).collect();
    (k.windows(2).map(|k| k[0] + k[1]).collect(), k[1..N].iter().map(|&k| -k).collect(), sources)
}

/// Thomas's elimination, op by op.
fn eliminated<'g>(p: &[Expr<'g>]) -> Expr<'g> {
    let (mut diagonal, beside, mut t) = system(p);
    for cell in 1..N {
        let factor = beside[cell - 1] / diagonal[cell - 1];
        diagonal[cell] -= factor * beside[cell - 1];
        let above = t[cell - 1];
        t[cell] -= factor * above;
    }
    t[N - 1] /= diagonal[N - 1];
    for cell in (0..N - 1).rev() {
        t[cell] = (t[cell] - beside[cell] * t[cell + 1]) / diagonal[cell];
    }
    t[N / 2]
}

fn solved<'g>(solve: &Map, p: &[Expr<'g>]) -> Expr<'g> {
    let (diagonal, beside, sources) = system(p);
    let beside = beside.into_iter().flat_map(|k| [k, k]).collect();
    solve.call(&[diagonal, beside, sources].concat())[N / 2]
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let beside = |cell| [(cell, cell + 1), (cell + 1, cell)];
    let places: Vec<(usize, usize)> = (0..N).map(|cell| (cell, cell)).chain((0..N - 1).flat_map(beside)).collect();
    let solve = sparse_solve("rod", N, &places)?;
    let at = [2.0, 0.5];
    let (value, gradient) = wengert::value_and_gradient(eliminated, &at);
    let hessian = wengert::hessian(eliminated, &at).concat();
    let expected = [&[value], &gradient[..], &hessian[..]].concat();
    let g = Graph::new();
    let p = g.leaves(&at);
    let t = solved(&solve, &g.exprs(&p)).id();
    println!("{:.9}, {} nodes", g.value(t), g.len());
    let found = [vec![g.value(t)], g.gradient(t, &p), g.hessian(t, &p).concat()].concat();
    let program = Program::hessian(&at, |p| solved(&solve, p), &Options::new())?;
    let loaded = Program::from_bytes_with(&program.to_bytes(), &solve.externals())?;
    let mut compiled = [0.0; 4];
    loaded.eval(&at, &mut compiled, &mut Workspace::new())?;
    for (found, expected) in found.iter().zip(&expected).chain(compiled.iter().zip(&hessian)) {
        assert!((found / expected - 1.0).abs() < 1e-9, "{found}, op by op {expected}");
    }
    Ok(())
}
