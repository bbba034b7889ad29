//! The formula, which the build script records.

use wengert::Expr;

/// Where it is recorded.
pub(crate) const AT: [f64; 3] = [1.0, 0.5, 2.0];

/// The energy of a pendulum with friction: angle, speed and length are the inputs.
pub(crate) fn energy<'g>(x: &[Expr<'g>]) -> Expr<'g> {
    let [angle, speed, length] = [x[0].named("angle"), x[1].named("speed"), x[2].named("length")];
    let kinetic = (length * speed).powi(2) * 0.5;
    let potential = length * (1.0 - angle.cos()) * 9.81;
    (kinetic + potential + speed.tanh() * 0.1).named("energy")
}
