//! An engine map from a table: torque over speed and throttle, as a spline in both. Power and its derivatives are checked
//! against the polynomial that the table was made from, which a spline of cubics reproduces.

use wengert::{Expr, Graph};
use wengert_implicit::{Interpolation, Outside, interp2};
use wengert_program::{Options, Program, Workspace};

const SPEEDS: [f64; 6] = [0.8, 1.5, 2.5, 3.5, 4.5, 6.0]; // 1000 rpm
const THROTTLES: [f64; 5] = [0.0, 0.2, 0.5, 0.8, 1.0];

/// Torque in Nm.
fn polynomial<'g>(speed: Expr<'g>, throttle: Expr<'g>) -> Expr<'g> {
    let shape = throttle * throttle * (throttle * -2.0 + 3.0);
    (speed * 55.0 - speed * speed * 8.5 + speed * speed * speed * 0.2 + 60.0) * shape - speed * 4.0
}

/// Power in kW.
fn power<'g>(torque: Expr<'g>, speed: Expr<'g>) -> Expr<'g> {
    torque * speed * (std::f64::consts::PI / 30.0)
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let torque = |speed, throttle| polynomial(Expr::constant(speed), Expr::constant(throttle)).value();
    let values: Vec<f64> = SPEEDS.iter().flat_map(|&speed| THROTTLES.map(|throttle| torque(speed, throttle))).collect();
    let map = interp2("torque", &SPEEDS, &THROTTLES, &values, Interpolation::Spline, Outside::Error)?;

    let mut g = Graph::new();
    let x = g.leaves(&[3.0, 0.6]);
    let output = power(map.call(&g.exprs(&x))[0], g.expr(x[0])).id();
    let program = Program::hessian(&[3.0, 0.6], |x| power(map.call(x)[0], x[0]), &Options::new())?;
    let loaded = Program::from_bytes_with(&program.to_bytes(), &map.externals())?;
    for at in [[3.0, 0.6], [2.5, 0.5], [5.5, 0.95]] {
        g.set_all(&x, &at);
        g.forward()?;
        println!("{} rpm at {} %: {:.3} kW", 1000.0 * at[0], 100.0 * at[1], g.value(output));
        let found = [vec![g.value(output)], g.gradient(output, &x), g.hessian(output, &x).concat()].concat();
        let mut compiled = [0.0; 4];
        loaded.eval(&at, &mut compiled, &mut Workspace::new())?;
        let (value, gradient) = wengert::value_and_gradient(|x| power(polynomial(x[0], x[1]), x[0]), &at);
        let hessian = wengert::hessian(|x| power(polynomial(x[0], x[1]), x[0]), &at).concat();
        let expected = [&[value], &gradient[..], &hessian[..]].concat();
        for (found, expected) in found.iter().zip(&expected).chain(compiled.iter().zip(&hessian)) {
            assert!((found - expected).abs() < 1e-9 * (1.0 + expected.abs()), "{found}, expected {expected}");
        }
    }
    g.set(x[0], 7.0);
    let error = g.forward().expect_err("7000 rpm is not in the table");
    println!("{error}");
    assert!(error.to_string().contains("x = 7 is outside of the table"));
    Ok(())
}
