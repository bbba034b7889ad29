//! A curve fitted to data: Rat43, a problem of the highest difficulty level in the Statistical Reference Datasets of
//! the National Institute of Standards and Technology (itl.nist.gov/div898/strd), from the first of its two starting
//! points. The parameters are checked against the certified values to 10 digits, and their standard deviations to 9.

use nalgebra::{DMatrix, DVector};
use wengert::{Real, value_and_jacobian};

/// `(y, x)`: the weight of onion bulbs and tops, and growing time.
#[rustfmt::skip]
const DATA: [(f64, f64); 15] = [
    (16.08, 1.0), (33.83, 2.0), (65.80, 3.0), (97.20, 4.0), (191.55, 5.0), (326.20, 6.0), (386.87, 7.0), (520.53, 8.0),
    (590.03, 9.0), (651.92, 10.0), (724.93, 11.0), (699.56, 12.0), (689.96, 13.0), (637.56, 14.0), (717.41, 15.0),
];
const START: [f64; 4] = [100.0, 10.0, 1.0, 1.0];
const CERTIFIED: [f64; 4] = [6.9964151270e2, 5.2771253025, 7.5962938329e-1, 1.2792483859];
const DEVIATIONS: [f64; 4] = [1.6302297817e1, 2.0828735829, 1.9566123451e-1, 6.8761936385e-1];

fn residuals<T: Real>(b: &[T]) -> Vec<T> {
    let model = |x: f64| b[0] / ((b[1] - b[2] * x).exp() + 1.0).pow(T::constant(1.0) / b[3]);
    DATA.map(|(y, x)| model(x) - y).to_vec()
}

/// The residuals, and their derivatives with respect to the parameters.
fn linearized(b: &DVector<f64>) -> (DVector<f64>, DMatrix<f64>) {
    let (values, rows) = value_and_jacobian(|b| residuals(b), b.as_slice());
    (DVector::from(values), DMatrix::from_fn(rows.len(), b.len(), |i, k| rows[i][k]))
}

pub(crate) fn main() {
    let (mut b, mut damping) = (DVector::from_row_slice(&START), 1e-3);
    // Levenberg-Marquardt steps, then undamped ones.
    for step in 0..300 {
        let (r, j) = linearized(&b);
        let mut normal = j.tr_mul(&j);
        let scale = if step < 200 { 1.0 + damping } else { 1.0 };
        (0..4).for_each(|k| normal[(k, k)] *= scale);
        let next = &b - normal.cholesky().expect("the columns differ").solve(&j.tr_mul(&r));
        let better = DVector::from(residuals(next.as_slice())).norm() < r.norm();
        if better || step >= 200 {
            b = next;
        }
        damping = (damping * if better { 0.1 } else { 10.0 }).clamp(1e-12, 1e12);
    }

    let (r, j) = linearized(&b);
    let covariance = j.tr_mul(&j).try_inverse().expect("the columns differ") * (r.norm_squared() / 11.0);
    for k in 0..4 {
        let deviation = covariance[(k, k)].sqrt();
        println!("b{} = {:.10} +- {:.10}", k + 1, b[k], deviation);
        assert!((b[k] / CERTIFIED[k] - 1.0).abs() < 1e-10, "b{}: {}", k + 1, b[k]);
        assert!((deviation / DEVIATIONS[k] - 1.0).abs() < 1e-9, "its deviation: {deviation}");
    }
}
