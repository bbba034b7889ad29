//! Derivatives of a quantity that an equation defines: Kepler's equation `E - e sin E = M` gives the position of a
//! planet. It is solved with plain numbers; two Newton steps recorded from the solution then have its derivatives, of
//! orders one to three. They are checked against implicit differentiation by hand (Battin, An Introduction to the
//! Mathematics and Methods of Astrodynamics, section 5.1).

use wengert::{Graph, Real};

/// What is 0 at the solution, and its derivative with respect to `anomaly`.
fn kepler<T: Real>(anomaly: T, mean: T, e: T) -> (T, T) {
    (anomaly - e * anomaly.sin() - mean, T::constant(1.0) - e * anomaly.cos())
}

fn newton<T: Real>(anomaly: T, mean: T, e: T) -> T {
    let (miss, slope) = kepler(anomaly, mean, e);
    anomaly - miss / slope
}

pub(crate) fn main() {
    let (mean, e) = (1.3, 0.6);
    let solution = (0..20).fold(mean, |anomaly, _| newton(anomaly, mean, e));

    let g = Graph::new();
    let (m, ecc) = (g.var(mean), g.var(e));
    // Each step doubles the number of correct Taylor coefficients: 1 at the start, then 2, then 4 (orders 0 to 3).
    let anomaly = newton(newton(solution.into(), m, ecc), m, ecc);
    let wrt = [m.id(), ecc.id()];
    let gradient = g.gradient(anomaly.id(), &wrt);
    let hessian = g.hessian(anomaly.id(), &wrt);
    let along: [f64; 4] = g.taylor(anomaly.id(), &wrt, &[1.0, 0.0]);

    let (sin, cos) = solution.sin_cos();
    let d = 1.0 - e * cos;
    let table = [
        ("E", anomaly.value(), solution),
        ("dE/dM", gradient[0], 1.0 / d),
        ("dE/de", gradient[1], sin / d),
        ("d2E/dM2", hessian[0][0], -e * sin / d.powi(3)),
        ("d2E/dMde", hessian[0][1], (cos * d - e * sin * sin) / d.powi(3)),
        ("d2E/de2", hessian[1][1], sin * (2.0 * cos * d - e * sin * sin) / d.powi(3)),
        ("d3E/dM3", 6.0 * along[3], (3.0 * (e * sin).powi(2) - e * cos * d) / d.powi(5)),
    ];
    for (name, found, by_hand) in table {
        println!("{name:>9} {found:>19.15}");
        assert!((found - by_hand).abs() < 1e-13, "{name}: {found}, by hand {by_hand}");
    }
}
