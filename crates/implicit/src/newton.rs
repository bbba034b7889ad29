//! Newton's method, for roots and for minima.

use nalgebra::{DMatrix, DVector};

use crate::equations::{Equations, Recorded};

/// What to look for, and how to get near it.
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
/// A plain iteration that changes less than this, relative to the size of the numbers, is near enough.
const NEAR: f64 = 1e-6;
/// After a step of this size, relative to the size of the numbers, the next would only be rounding errors.
const FINE: f64 = 1e-12;
/// Where no step is better, this size or less, relative to the largest numbers met, is one of rounding errors.
const COARSE: f64 = 1e-8;
/// A step is halved this often at most.
const HALVINGS: usize = 60;

/// Moves `y` from the start to the solution.
pub(crate) fn solve(equations: &Equations, method: Method, p: &[f64], y: &mut [f64]) -> Result<(), String> {
    let start = y.to_vec();
    equations.with(&start, p, |recorded| {
        if !recorded.residuals().iter().all(|r| r.is_finite()) {
            return Err(format!("the equations are not finite at the start, {y:?}; choose another start"));
        }
        let mut size = y.iter().fold(0.0, |most: f64, y| most.max(y.abs()));
        if method == Method::FixedPoint {
            iterate(equations, recorded, p, y, &mut size)?;
        }
        newton(equations, recorded, p, y, &mut size)
    })
}

fn norm(list: &[f64]) -> f64 {
    list.iter().fold(0.0, |norm: f64, x| norm.hypot(*x))
}

/// Plain iterations, until one changes little.
fn iterate(e: &Equations, recorded: &mut Recorded, p: &[f64], y: &mut [f64], size: &mut f64) -> Result<(), String> {
    for _ in 0..ITERATIONS {
        let change = recorded.residuals();
        y.iter_mut().zip(&change).for_each(|(y, change)| *y -= change);
        e.move_to(recorded, y, p)?;
        if !recorded.residuals().iter().all(|r| r.is_finite()) {
            return Err(format!("the iteration leaves the finite numbers at {y:?}; choose another start"));
        }
        *size = size.max(norm(y));
        if norm(&change) <= NEAR * *size {
            return Ok(());
        }
    }
    Err(format!("the iteration did not settle in {ITERATIONS} steps, and is at {y:?}; use `root` instead"))
}

/// Steps of Newton's method, until one is as small as rounding errors.
fn newton(e: &Equations, recorded: &mut Recorded, p: &[f64], y: &mut [f64], size: &mut f64) -> Result<(), String> {
    let (mut next, mut definite) = (y.to_vec(), true);
    for _ in 0..STEPS {
        let residuals = recorded.residuals();
        let minimum = recorded.merit();
        if minimum.is_none() && residuals.iter().all(|&r| r == 0.0) {
            return Ok(());
        }
        let mut step = residuals.clone();
        definite = match minimum {
            None => {
                recorded.solve(false, &mut step).map_err(|error| format!("{error}; choose another start"))?;
                true
            }
            Some(_) => descend(recorded.jacobian()?, &mut step)?,
        };
        let length = norm(&step);
        *size = size.max(norm(y)).max(length.min(1.0));
        // A minimum is approached by smaller values, until they differ by rounding errors only.
        let slope: f64 = step.iter().zip(&residuals).map(|(step, slope)| step * slope).sum();
        let by_value = minimum.filter(|f| slope > 1e-6 * f.abs());
        let before = by_value.unwrap_or_else(|| norm(&residuals));
        let expected = if by_value.is_some() { slope } else { before };
        let mut part = 1.0;
        let better = (0..HALVINGS).any(|_| {
            next.iter_mut().zip(&*y).zip(&step).for_each(|((next, y), step)| *next = y - part * step);
            let after = e.move_to(recorded, &next, p).ok().map(|()| match by_value {
                Some(_) => recorded.merit().unwrap_or(f64::NAN),
                None => norm(&recorded.residuals()),
            });
            let better = after.is_some_and(|after| after <= before - 1e-4 * part * expected);
            part *= if better { 1.0 } else { 0.5 };
            better
        });
        if better {
            y.copy_from_slice(&next);
        }
        // Where no step is better, what is left are rounding errors.
        let converged = if better { length <= FINE * norm(y) } else { length <= COARSE * *size };
        if converged && definite {
            return e.move_to(recorded, y, p);
        }
        if !better {
            break;
        }
    }
    e.move_to(recorded, y, p)?;
    let left = norm(&recorded.residuals());
    let what = match recorded.merit() {
        None => "the residuals are",
        Some(_) if definite => "the gradient is",
        Some(_) => "the Hessian is not positive definite and the gradient is",
    };
    Err(format!("no convergence: after {STEPS} steps at most, {what} still {left:e} at {y:?}; choose another start"))
}

/// Solves `H step = step` in place for a Hessian, with a multiple of the identity added where it is not positive
/// definite. Returns whether it is.
fn descend(hessian: DMatrix<f64>, step: &mut [f64]) -> Result<bool, String> {
    let n = hessian.nrows();
    let largest = hessian.amax();
    let mut added = 0.0;
    // Doubles of the largest entry are enough: then the matrix is dominated by its diagonal.
    while added <= 4.0 * (n as f64 + 1.0) * largest.max(f64::MIN_POSITIVE) {
        let shifted = &hessian + DMatrix::identity(n, n) * added;
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
