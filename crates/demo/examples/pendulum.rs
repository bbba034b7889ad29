//! A pendulum from its Lagrangian alone: the Euler-Lagrange equation of motion is built from its first and second
//! derivatives, so nobody has to derive it by hand. The period is checked against the closed form by the
//! arithmetic-geometric mean (Carvalhaes and Suppes, American Journal of Physics 76, 2008).

use wengert::{Real, value_gradient_hessian};

const LENGTH: f64 = 0.7;
const GRAVITY: f64 = 9.81;

/// Kinetic minus potential energy of a unit mass at the angle `x[0]`, turning at the rate `x[1]`.
fn lagrangian<T: Real>(x: &[T]) -> T {
    (x[1] * LENGTH).powi(2) * 0.5 + x[0].cos() * (GRAVITY * LENGTH)
}

/// How angle and rate change: `d/dt dL/drate = dL/dangle`, solved for the acceleration.
fn motion([angle, rate]: [f64; 2]) -> [f64; 2] {
    let (_, slope, bend) = value_gradient_hessian(|x| lagrangian(x), &[angle, rate]);
    [rate, (slope[0] - bend[1][0] * rate) / bend[1][1]]
}

/// A step of the classical Runge-Kutta method.
fn step(x: [f64; 2], h: f64) -> [f64; 2] {
    let moved = |k: [f64; 2], h: f64| [x[0] + h * k[0], x[1] + h * k[1]];
    let a = motion(x);
    let b = motion(moved(a, h / 2.0));
    let c = motion(moved(b, h / 2.0));
    let d = motion(moved(c, h));
    [0, 1].map(|k| x[k] + h / 6.0 * (a[k] + 2.0 * b[k] + 2.0 * c[k] + d[k]))
}

pub(crate) fn main() {
    let start = [2.0, 0.0];

    let (mut a, mut b) = (1.0, f64::cos(start[0] / 2.0));
    while (a - b).abs() > 1e-15 {
        (a, b) = ((a + b) / 2.0, f64::sqrt(a * b));
    }
    let period = std::f64::consts::TAU * (LENGTH / GRAVITY).sqrt() / a;

    let steps = 4000;
    let mut x = start;
    for k in 0..steps {
        if k % 400 == 0 {
            println!("{:>6.3} s  angle {:>9.6}  rate {:>9.6}", period * k as f64 / steps as f64, x[0], x[1]);
        }
        x = step(x, period / steps as f64);
    }
    println!("{period:>6.3} s  angle {:>9.6}  rate {:>9.6}: where it started", x[0], x[1]);
    assert!((x[0] - start[0]).abs() < 1e-9 && x[1].abs() < 1e-9, "{x:?}");
}
