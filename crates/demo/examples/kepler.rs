//! The position of a planet: Kepler's equation `E - e sin E = M` defines the anomaly `E`. It is solved anew wherever the
//! graph or a program is evaluated. Derivatives of orders one to three are checked against implicit differentiation by
//! hand (Battin, An Introduction to the Mathematics and Methods of Astrodynamics, section 5.1).

use wengert::Graph;
use wengert_implicit::root;
use wengert_program::{Options, Program, Workspace};

/// `E`, its gradient and Hessian with respect to `M` and `e`, and its third derivative in `M`.
fn by_hand(mean: f64, e: f64) -> [f64; 7] {
    let anomaly = (0..50).fold(mean, |y, _| y - (y - e * y.sin() - mean) / (1.0 - e * y.cos()));
    let (sin, cos) = anomaly.sin_cos();
    let d = 1.0 - e * cos;
    [
        anomaly,
        1.0 / d,
        sin / d,
        -e * sin / d.powi(3),
        (cos * d - e * sin * sin) / d.powi(3),
        sin * (2.0 * cos * d - e * sin * sin) / d.powi(3),
        (3.0 * (e * sin).powi(2) - e * cos * d) / d.powi(5),
    ]
}

fn assert_close(found: &[f64], expected: &[f64]) {
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-12 * (1.0 + expected.abs()), "{found}, by hand {expected}");
    }
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let kepler = root("kepler", &[1.0], 2, |y, p| vec![y[0] - p[1] * y[0].sin() - p[0]]);

    // In a graph, recorded once and replayed.
    let mut g = Graph::new();
    let x = g.leaves(&[1.3, 0.6]);
    let anomaly = kepler.call(&g.exprs(&x))[0].id();
    for at in [[1.3, 0.6], [0.4, 0.05], [2.5, 0.8]] {
        g.set_all(&x, &at);
        g.forward()?;
        let (gradient, hessian) = (g.gradient(anomaly, &x), g.hessian(anomaly, &x));
        let third = 6.0 * g.taylor::<4>(anomaly, &x, &[1.0, 0.0])[3];
        let found = [g.value(anomaly), gradient[0], gradient[1], hessian[0][0], hessian[0][1], hessian[1][1], third];
        println!("M = {}, e = {}: E = {:.12}, dE/dM = {:.12}", at[0], at[1], found[0], found[1]);
        assert_close(&found, &by_hand(at[0], at[1]));
    }

    // In a program that was saved and loaded; the file knows the function by its name.
    let program = Program::hessian(&[1.3, 0.6], |x| kepler.call(x)[0], &Options::new())?;
    let loaded = Program::from_bytes_with(&program.to_bytes(), &kepler.externals())?;
    let (mut hessian, expected) = ([0.0; 4], by_hand(2.5, 0.8));
    loaded.eval(&[2.5, 0.8], &mut hessian, &mut Workspace::new())?;
    assert_close(&hessian, &[expected[3], expected[4], expected[4], expected[5]]);
    Ok(())
}
