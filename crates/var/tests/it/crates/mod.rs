//! Crates that are generic over their number, run over [`Var`]: values, gradients and programs against the same code
//! over plain numbers.

mod complex;
mod glm;
mod nalgebra;
mod ndarray;
mod random;
mod space;

use wengert::{Graph, NodeId};
use wengert_program::{Options, Program, Workspace};
use wengert_var::{Var, record};

/// Half of the largest step of a difference.
const STEP: f64 = 0.02;

/// Derivatives of `f` with respect to input `k`, by central differences of three steps, extrapolated (Richardson).
fn differences(f: fn(&[f64]) -> Vec<f64>, x: &[f64], k: usize) -> Vec<f64> {
    let central = |step: f64| -> Vec<f64> {
        let at = |step: f64| {
            let mut x = x.to_vec();
            x[k] += step;
            f(&x)
        };
        at(step).iter().zip(at(-step)).map(|(above, below)| (above - below) / (2.0 * step)).collect()
    };
    let halved = |wide: &[f64], narrow: &[f64], gain: f64| -> Vec<f64> {
        wide.iter().zip(narrow).map(|(wide, narrow)| (gain * narrow - wide) / (gain - 1.0)).collect()
    };
    let [a, b, c, d] = [STEP, STEP / 2.0, STEP / 4.0, STEP / 8.0].map(central);
    let [a, b, c] = [halved(&a, &b, 4.0), halved(&b, &c, 4.0), halved(&c, &d, 4.0)];
    let [a, b] = [halved(&a, &b, 16.0), halved(&b, &c, 16.0)];
    halved(&a, &b, 64.0)
}

#[track_caller]
fn near(actual: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((actual - expected).abs() <= tolerance * expected.abs().max(1.0), "{what}: {actual}, not {expected}");
}

/// Records `f` at `x`, and compares values and derivatives with those of the same code over plain numbers, at `x` and,
/// by a program, at `others`.
#[track_caller]
pub(crate) fn check(f: fn(&[Var]) -> Vec<Var>, plain: fn(&[f64]) -> Vec<f64>, x: &[f64], others: &[&[f64]]) {
    let mut g = Graph::new();
    let (inputs, outputs) = record(&mut g, || {
        let x: Vec<Var> = x.iter().map(|&x| Var::leaf(x)).collect();
        let y = f(&x);
        let ids = |list: Vec<Var>| list.into_iter().map(Var::id).collect::<Vec<NodeId>>();
        (ids(x), ids(y))
    });
    let expected = plain(x);
    assert_eq!(outputs.len(), expected.len());
    for (&output, expected) in outputs.iter().zip(&expected) {
        near(g.value(output), *expected, 1e-12, "value");
    }
    let jacobian = g.jacobian(&outputs, &inputs);
    for k in 0..x.len() {
        for (row, expected) in jacobian.iter().zip(differences(plain, x, k)) {
            near(row[k], expected, 1e-8, "derivative");
        }
    }
    let values = Program::compile(&g, inputs.iter().copied(), outputs.iter().copied(), &Options::new()).unwrap();
    let slopes = Program::compile_jacobian(&g, inputs.iter().copied(), &outputs, &inputs, &Options::new()).unwrap();
    let mut workspace = Workspace::new();
    let (mut y, mut jacobian) = (vec![0.0; outputs.len()], vec![0.0; outputs.len() * inputs.len()]);
    assert!(!others.is_empty());
    for x in others {
        values.eval(x, &mut y, &mut workspace).unwrap();
        slopes.eval(x, &mut jacobian, &mut workspace).unwrap();
        for (y, expected) in y.iter().zip(plain(x)) {
            near(*y, expected, 1e-12, "value of the program");
        }
        for k in 0..x.len() {
            for (row, expected) in jacobian.chunks(x.len()).zip(differences(plain, x, k)) {
                near(row[k], expected, 1e-8, "derivative of the program");
            }
        }
    }
}
