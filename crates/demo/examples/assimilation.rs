//! 4D-Var on Lorenz's equations of 1963 (Journal of the Atmospheric Sciences 20): the state that a chaotic system started
//! in is found from what was seen of it later. Newton's method, with a column of the Hessian from each product.

use nalgebra::{Matrix3, Vector3};
use wengert::Real;
use wengert_scan::{Direction, Error, Keep, Scan, Workspace};

const STEPS: usize = 400;

/// How fast the three numbers change.
fn slope<T: Real>(s: [T; 3]) -> [T; 3] {
    [(s[1] - s[0]) * 10.0, s[0] * (-s[2] + 28.0) - s[1], s[0] * s[1] - s[2] * (8.0 / 3.0)]
}

/// A step of the classical Runge-Kutta method.
fn step<T: Real>(s: [T; 3]) -> [T; 3] {
    let moved = |k: [T; 3], h: f64| [0, 1, 2].map(|i| s[i] + k[i] * h);
    let a = slope(s);
    let b = slope(moved(a, 0.0025));
    let c = slope(moved(b, 0.0025));
    let d = slope(moved(c, 0.005));
    [0, 1, 2].map(|i| s[i] + (a[i] + b[i] * 2.0 + c[i] * 2.0 + d[i]) * (0.005 / 6.0))
}

pub(crate) fn main() -> Result<(), Error> {
    // The first of the three numbers is seen every twentieth step: an input of each step, and whether it counts.
    let truth = [1.5, -1.5, 25.0];
    let mut state = truth;
    let mut seen = Vec::new();
    for k in 1..=STEPS {
        state = step(state);
        seen.extend([state[0], f64::from(u8::from(k % 20 == 0))]);
    }

    let scan = Scan::new(&truth, &[], &[0.0, 1.0], |s, _, x| {
        let next = step([s[0], s[1], s[2]]);
        (next.to_vec(), x[1] * (next[0] - x[0]).powi(2))
    })?;
    let mut workspace = Workspace::new();
    let mut guess = Vector3::new(1.9, -1.2, 24.4);
    for round in 0..12 {
        let mut column = |along: &[f64]| {
            let along = Direction { state: along, ..Direction::default() };
            scan.hvp(STEPS, guess.as_slice(), &[], &seen, along, Keep::Sqrt, &mut workspace)
        };
        let columns = [column(&[1.0, 0.0, 0.0])?, column(&[0.0, 1.0, 0.0])?, column(&[0.0, 0.0, 1.0])?];
        let gradient = Vector3::from_column_slice(&columns[0].gradient.state);
        println!("{round:>2}  loss {:9.2e}  state {:9.6?}", columns[0].gradient.value, guess.as_slice());
        let hessian = Matrix3::from_iterator(columns.iter().flat_map(|column| column.state.iter().copied()));
        let Some(inverse) = (hessian + Matrix3::identity() * 1e-9).try_inverse() else { break };
        let change = inverse * gradient;
        guess -= change * (1.0 / change.norm()).min(1.0);
    }
    assert!((guess - Vector3::from(truth)).norm() < 1e-6, "{guess}");
    Ok(())
}
