//! Newton's method, for roots and for minima.

use nalgebra::{DMatrix, DVector};

use crate::equations::{Equations, Recorded, Stop};

/// What to look for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Method {
    Root,
    /// Subtracting the residuals leads near the root.
    FixedPoint,
    Minimum,
}

/// Steps of Newton's method.
const STEPS: usize = 100;
/// Plain iterations to a fixed point.
const ITERATIONS: usize = 1000;
/// A plain iteration that changes each unknown by less than this part of it is near enough.
const NEAR: f64 = 1e-6;
/// An unknown that goes to 0 is compared with its largest value in the last `WINDOW` iterations.
const WINDOW: usize = 100;
/// After a step that changes each unknown by less than this part of it, and is far shorter than the one before, the next would
/// only be rounding errors.
const FINE: f64 = 1e-12;
/// How much shorter such a step is than the one before. Steps of an unknown that is large beside the scale on which the
/// equations bend are small parts of it from the start.
const SHORTER: f64 = 0.01;
/// A step that changes each unknown by less than this part of it is one of rounding errors.
const FINEST: f64 = 4.0 * f64::EPSILON;
/// If no step is better, a step that would change each unknown by less than this part of it is taken for rounding errors.
const COARSE: f64 = 1e-8;
/// Changes of a value by less than this part of it may be rounding errors.
const ROUNDING: f64 = 64.0 * f64::EPSILON;
/// A step is halved this often at most.
const HALVINGS: usize = 60;

/// Moves `y` from the start to the solution.
pub(crate) fn solve(equations: &Equations, method: Method, p: &[f64], y: &mut [f64]) -> Result<(), String> {
    let start = y.to_vec();
    equations.with(&start, p, |recorded| {
        if !recorded.residuals().iter().all(|r| r.is_finite()) {
            return Err(format!("the equations are not finite at the start, {y:?}; choose another start"));
        }
        if method == Method::FixedPoint {
            iterate(equations, recorded, p, y)?;
        }
        newton(equations, recorded, p, y)
    })
}

fn norm(list: impl IntoIterator<Item = f64>) -> f64 {
    list.into_iter().fold(0.0, f64::hypot)
}

/// Whether each change is at most `part` times its number.
fn is_small(changes: &[f64], part: f64, numbers: &[f64]) -> bool {
    changes.iter().zip(numbers).all(|(change, number)| change.abs() <= part * number.abs())
}

/// Plain iterations, until one changes little.
fn iterate(e: &Equations, recorded: &mut Recorded, p: &[f64], y: &mut [f64]) -> Result<(), String> {
    let mut largest = vec![0f64; y.len()];
    for k in 1..=ITERATIONS {
        let change = recorded.residuals();
        y.iter_mut().zip(&change).for_each(|(y, change)| *y -= change);
        e.move_to(recorded, y, p)?;
        if !recorded.residuals().iter().all(|r| r.is_finite()) {
            return Err(format!("the iteration leaves the finite numbers at {y:?}; choose another start"));
        }
        // Each unknown is compared with its own size. The first window still contains the start, which may be far larger, so
        // it is not used.
        largest.iter_mut().zip(&*y).for_each(|(most, y)| *most = most.max(y.abs()));
        let is_full = k % WINDOW == 0;
        if is_small(&change, NEAR, if is_full && k > WINDOW { &largest } else { y }) {
            return Ok(());
        }
        if is_full {
            largest.copy_from_slice(y);
        }
    }
    Err(format!("the iteration did not settle in {ITERATIONS} steps, and is at {y:?}; use `root` instead"))
}

/// Steps of Newton's method, until one is as small as rounding errors.
fn newton(e: &Equations, recorded: &mut Recorded, p: &[f64], y: &mut [f64]) -> Result<(), String> {
    let (mut next, mut definite, mut last) = (y.to_vec(), true, f64::INFINITY);
    let (first, mut steps) = (norm(recorded.residuals()), 0);
    while steps < STEPS {
        let residuals = recorded.residuals();
        let minimum = recorded.merit();
        if minimum.is_none() && residuals.iter().all(|&r| r == 0.0) {
            return Ok(());
        }
        let left = norm(residuals.iter().copied());
        let what = if minimum.is_some() { "gradient is" } else { "residuals are" };
        let elsewhere =
            |error: String| format!("{error}; choose another start (after {steps} steps the {what} {left:e})");
        let jacobian = recorded.jacobian().map_err(elsewhere)?;
        let mut step = residuals.clone();
        definite = match minimum {
            None => {
                recorded.factor(jacobian.clone()).map_err(elsewhere)?;
                recorded.solve(false, &mut step).map_err(elsewhere)?;
                true
            }
            Some(_) => descend(&jacobian, &mut step)?,
        };
        // Each residual is divided by the sum of the terms of its linear equation, so that equations of any size count alike.
        let largest: Vec<f64> = y.iter().zip(&step).map(|(y, step)| y.abs().max(step.abs())).collect();
        let terms = |row: usize| jacobian.row(row).iter().zip(&largest).map(|(a, y)| (a * y).abs()).sum::<f64>();
        let sizes: Vec<f64> = (0..y.len()).map(|row| terms(row).clamp(f64::MIN_POSITIVE, f64::MAX)).collect();
        let measure = |residuals: &[f64]| norm(residuals.iter().zip(&sizes).map(|(r, size)| r / size));
        let before = measure(&residuals);
        let slope: f64 = step.iter().zip(&residuals).map(|(step, slope)| step * slope).sum();
        let (mut part, mut better) = (1.0, false);
        for _ in 0..HALVINGS {
            next.iter_mut().zip(&*y).zip(&step).for_each(|((next, y), step)| *next = y - part * step);
            let moved = match e.move_to(recorded, &next, p) {
                Err(Stop::Always(what)) => return Err(what),
                moved => moved.is_ok(),
            };
            better = moved && {
                let nearer = measure(&recorded.residuals()) <= before * (1.0 - 1e-4 * part);
                match (minimum, recorded.merit()) {
                    // A minimum is approached by smaller values, until they differ by rounding errors only.
                    (Some(f), Some(after)) => {
                        after <= f - 1e-4 * part * slope && slope > ROUNDING * f.abs()
                            || nearer && after <= f + ROUNDING * f.abs()
                    }
                    _ => nearer,
                }
            };
            if better {
                break;
            }
            part *= 0.5;
        }
        // A step that is not much shorter than the last may be rounding errors, and so may one that is not better.
        let length = norm(step.iter().zip(&*y).map(|(step, y)| step / y.abs().max(f64::MIN_POSITIVE)));
        let is_slow = !better || length > 0.1 * last;
        let fine = match better {
            false => COARSE,
            true if last.is_finite() && length <= SHORTER * last => FINE,
            true => FINEST,
        };
        last = length;
        if better {
            y.copy_from_slice(&next);
            steps += 1;
        }
        let mut converged = is_small(&step, fine, y);
        if !converged && is_slow {
            e.move_to(recorded, y, p)?;
            let rounding = recorded.rounding()?;
            converged = is_small(&recorded.residuals(), 1.0, &rounding);
        }
        if converged && definite {
            return Ok(e.move_to(recorded, y, p)?);
        }
        if !better {
            break;
        }
    }
    e.move_to(recorded, y, p)?;
    let left = norm(recorded.residuals());
    let what = match recorded.merit() {
        None => "the residuals are",
        Some(_) if definite => "the gradient is",
        Some(_) => "the Hessian is not positive definite and the gradient is",
    };
    Err(format!(
        "no convergence: after {steps} steps {what} still {left:e} at {y:?}, and {first:e} at the start; choose another start, nearer to the solution, if there is one"
    ))
}

/// Replaces `step`, the gradient, by `H^-1` times it, for the Hessian `H`. If `H` is not positive definite, a multiple of
/// the identity is added first. Returns whether `H` is positive definite.
fn descend(hessian: &DMatrix<f64>, step: &mut [f64]) -> Result<bool, String> {
    let n = hessian.nrows();
    let largest = hessian.amax();
    let mut added = 0.0;
    // A multiple of about `n` times the largest entry is enough: then the diagonal dominates the matrix.
    while added <= 4.0 * (n as f64 + 1.0) * largest.max(f64::MIN_POSITIVE) {
        let shifted = hessian + DMatrix::identity(n, n) * added;
        if let Some(factors) = shifted.cholesky() {
            let mut solved = DVector::from_column_slice(step);
            factors.solve_mut(&mut solved);
            if solved.iter().all(|x| x.is_finite()) {
                step.copy_from_slice(solved.as_slice());
                return Ok(added == 0.0);
            }
        }
        added = if added == 0.0 { 1e-3 * largest.max(1e-3) } else { 4.0 * added };
    }
    Err("the Hessian is not positive definite, and its multiples of the identity overflow".into())
}
