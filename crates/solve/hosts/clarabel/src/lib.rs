//! Quadratic programs by [clarabel](https://docs.rs/clarabel/0.11) 0.11, from an [`Nlp`]: a program whose objective is
//! quadratic and whose constraint functions are linear, or the step of sequential quadratic programming (SQP) of any
//! other.
//!
//! ```
//! use clarabel::solver::{DefaultSettings, SolverStatus};
//! use wengert_clarabel::Subproblem;
//! use wengert_solve::Nlp;
//!
//! // The point of the half plane x + y >= 2 that is nearest to (0, 1).
//! let mut nlp = Nlp::new(|x| (x[0].powi(2) + (x[1] - 1.0).powi(2), vec![x[0] + x[1]]), &[0.0, 0.0])?;
//! let x = [0.0, 0.0];
//! let step = Subproblem::new(&mut nlp, &x, &[0.0], &[2.0..=f64::INFINITY])?.solve(DefaultSettings {
//!     verbose: false,
//!     ..Default::default()
//! })?;
//! assert_eq!(step.status, SolverStatus::Solved);
//! assert!((step.direction[0] - 0.5).abs() < 1e-7 && (step.direction[1] - 1.5).abs() < 1e-7);
//! # Ok::<(), wengert_clarabel::Error>(())
//! ```

use std::ops::RangeInclusive;

use clarabel::algebra::CscMatrix;
use clarabel::solver::{DefaultSettings, DefaultSolver, IPSolver, SolverError, SolverStatus, SupportedConeT};
use wengert::Sparse;
use wengert_solve::{Nlp, Shape, Triangle};

/// Why there is no subproblem, or no step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Recording, compiling or running failed, lengths do not agree, or a number is not finite.
    #[error(transparent)]
    Solve(#[from] wengert_solve::Error),
    /// The solver refused its input.
    #[error(transparent)]
    Solver(#[from] SolverError),
    /// A range has no finite number in it.
    #[error("the range of constraint {index} is {range:?}: give one with a finite number in it")]
    Range {
        /// Which constraint.
        index: usize,
        /// Its range.
        range: RangeInclusive<f64>,
    },
}

/// The quadratic model of a nonlinear program at a point: to minimize `H d d / 2 + q d` over steps `d` under linear
/// constraints, where `H` is the Hessian of the Lagrangian, `q` the gradient of the objective, and each constraint
/// function, made linear, is in its range. The exact program where the objective is quadratic and the functions are
/// linear.
///
/// The solver needs an `H` that is positive semidefinite.
#[derive(Clone, Debug)]
pub struct Subproblem {
    hessian: CscMatrix<f64>,
    gradient: Vec<f64>,
    rows: CscMatrix<f64>,
    limits: Vec<f64>,
    cones: [SupportedConeT<f64>; 2],
    /// For each row, its constraint and the sign of its multiplier.
    places: Vec<(usize, f64)>,
    constraints: usize,
}

/// What the solver found.
#[derive(Clone, Debug)]
pub struct Step {
    /// The step `d`.
    pub direction: Vec<f64>,
    /// The multiplier of each constraint: those of the Lagrangian `f + multipliers * g`, so positive at upper ends and
    /// negative at lower ones.
    pub multipliers: Vec<f64>,
    /// Whether `direction` is a solution.
    pub status: SolverStatus,
}

impl Subproblem {
    /// The model at `x` with these multipliers of the constraints, and ranges of the constraint functions: `c..=c` for
    /// an equation, infinite ends for none.
    ///
    /// ```
    /// use wengert_clarabel::{Error, Subproblem};
    /// use wengert_solve::Nlp;
    ///
    /// let mut nlp = Nlp::new(|x| (x[0].powi(2), vec![x[0]]), &[1.0])?;
    /// let refused = Subproblem::new(&mut nlp, &[1.0], &[0.0], &[2.0..=1.0]);
    /// assert!(matches!(refused, Err(Error::Range { index: 0, .. })));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of evaluating at `x`, [`wengert_solve::Error::NotFinite`], [`wengert_solve::Error::Length`], and
    /// [`Error::Range`].
    pub fn new(
        nlp: &mut Nlp,
        x: &[f64],
        multipliers: &[f64],
        ranges: &[RangeInclusive<f64>],
    ) -> Result<Subproblem, Error> {
        let constraints = nlp.constraint_count();
        if ranges.len() != constraints {
            let what = "ranges, one for each constraint";
            Err(wengert_solve::Error::Length { what, expected: constraints, given: ranges.len() })?;
        }
        if let Some(index) = ranges.iter().position(|range| !has_numbers(range)) {
            return Err(Error::Range { index, range: ranges[index].clone() });
        }
        let gradient = nlp.gradient(x)?.to_vec();
        let values = nlp.constraints(x)?.to_vec();
        let jacobian = nlp.jacobian(x)?.clone();
        let hessian = nlp.hessian(x, 1.0, multipliers, Triangle::Upper)?.clone();
        let numbers = [&gradient, &values, jacobian.values(), hessian.values()];
        if !numbers.into_iter().flatten().all(|number| number.is_finite()) {
            nlp.check_finite(x)?;
        }

        // Equations first, then inequalities, each as `row * d <= limit`.
        let equations = (0..constraints).filter(|&k| ranges[k].start() == ranges[k].end());
        let upper = (0..constraints).filter(|&k| ranges[k].start() != ranges[k].end() && ranges[k].end().is_finite());
        let lower = (0..constraints).filter(|&k| ranges[k].start() != ranges[k].end() && ranges[k].start().is_finite());
        let count = equations.clone().count();
        let upper = equations.chain(upper).map(|k| (k, 1.0, ranges[k].end() - values[k]));
        let lower = lower.map(|k| (k, -1.0, values[k] - ranges[k].start()));
        let (places, limits): (Vec<_>, Vec<_>) = upper.chain(lower).map(|(k, sign, limit)| ((k, sign), limit)).unzip();
        let cones = [SupportedConeT::ZeroConeT(count), SupportedConeT::NonnegativeConeT(places.len() - count)];
        let rows = rows(&jacobian, &places);
        Ok(Subproblem { hessian: matrix(&hessian), gradient, rows, limits, cones, places, constraints })
    }

    /// Runs the solver.
    ///
    /// # Errors
    /// Those of the solver for its input and its settings. Where it finds no solution, [`Step::status`] says so.
    pub fn solve(&self, settings: DefaultSettings<f64>) -> Result<Step, Error> {
        let Subproblem { hessian, gradient, rows, limits, cones, .. } = self;
        let mut solver = DefaultSolver::new(hessian, gradient, rows, limits, cones, settings)?;
        solver.solve();
        let mut multipliers = vec![0.0; self.constraints];
        for (&(constraint, sign), multiplier) in self.places.iter().zip(&solver.solution.z) {
            multipliers[constraint] += sign * multiplier;
        }
        Ok(Step { direction: solver.solution.x, multipliers, status: solver.solution.status })
    }
}

/// Whether a range has a finite number in it.
fn has_numbers(range: &RangeInclusive<f64>) -> bool {
    range.start() <= range.end() && *range.start() < f64::INFINITY && *range.end() > f64::NEG_INFINITY
}

/// The matrix for clarabel.
fn matrix(matrix: &Sparse) -> CscMatrix<f64> {
    let (starts, indices) = (matrix.col_starts().to_vec(), matrix.row_indices().to_vec());
    CscMatrix::new(matrix.rows(), matrix.cols(), starts, indices, matrix.values().to_vec())
}

/// The rows of the Jacobian, each times its sign.
fn rows(jacobian: &Sparse, places: &[(usize, f64)]) -> CscMatrix<f64> {
    let mut of_constraint = vec![Vec::new(); jacobian.rows()];
    for (row, &(constraint, sign)) in places.iter().enumerate() {
        of_constraint[constraint].push((row, sign));
    }
    let (mut rows, mut cols, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (constraint, col, value) in jacobian.triplets() {
        for &(row, sign) in &of_constraint[constraint] {
            rows.push(row);
            cols.push(col);
            values.push(sign * value);
        }
    }
    CscMatrix::new_from_triplets(places.len(), jacobian.cols(), rows, cols, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn solve(nlp: &mut Nlp, x: &[f64], multipliers: &[f64], ranges: &[RangeInclusive<f64>]) -> Step {
        let settings = DefaultSettings { verbose: false, ..Default::default() };
        Subproblem::new(nlp, x, multipliers, ranges).unwrap().solve(settings).unwrap()
    }

    #[test]
    fn steps_lead_to_the_solution_of_a_nonlinear_program_that_branches() {
        // The nearest point to (2, 1) of the unit circle, which is one formula above the axis and another below.
        let mut nlp = Nlp::new(
            |x| {
                let circle = if x[1] > 0.0 { x[0].powi(2) + x[1].powi(2) } else { x[0] * x[0] + x[1] * x[1] };
                ((x[0] - 2.0).powi(2) + (x[1] - 1.0).powi(2), vec![circle])
            },
            &[1.0, -0.1],
        )
        .unwrap();
        let (mut x, mut multipliers) = (vec![1.0, -0.1], vec![0.0]);
        for _ in 0..20 {
            let step = solve(&mut nlp, &x, &multipliers, &[1.0..=1.0]);
            assert_eq!(step.status, SolverStatus::Solved);
            x.iter_mut().zip(&step.direction).for_each(|(x, d)| *x += d);
            multipliers = step.multipliers;
        }
        let root = 5.0_f64.sqrt();
        assert!((x[0] - 2.0 / root).abs() < 1e-7 && (x[1] - 1.0 / root).abs() < 1e-7, "{x:?}");
        assert!((multipliers[0] - (root - 1.0)).abs() < 1e-6, "{multipliers:?}");
        assert_eq!(nlp.branches(), 2);
    }

    #[test]
    fn multipliers_have_the_sign_of_the_end_that_holds() {
        for (center, expected) in [(3.0, 4.0), (-3.0, -4.0), (0.5, 0.0)] {
            let mut nlp = Nlp::new(move |x| ((x[0] - center).powi(2), vec![x[0]]), &[0.0]).unwrap();
            let step = solve(&mut nlp, &[0.0], &[0.0], &[-1.0..=1.0]);
            assert!((step.multipliers[0] - expected).abs() < 1e-6, "{step:?}");
        }
    }

    #[test]
    fn a_program_without_constraints_is_a_step_of_newtons_method() {
        let mut nlp = Nlp::new(|x| (x[0].powi(2) + x[0] * x[1] + x[1].powi(2), vec![]), &[0.0; 2]).unwrap();
        let step = solve(&mut nlp, &[3.0, -5.0], &[], &[]);
        assert!((step.direction[0] + 3.0).abs() < 1e-7 && (step.direction[1] - 5.0).abs() < 1e-7, "{step:?}");
    }

    #[test]
    fn a_program_without_variables_has_an_empty_step() {
        let mut nlp = Nlp::new(|_| (3.0.into(), vec![1.0.into()]), &[]).unwrap();
        let step = solve(&mut nlp, &[], &[0.0], &[0.0..=2.0]);
        assert_eq!((step.direction.len(), step.status), (0, SolverStatus::Solved));
    }

    #[test]
    fn ranges_that_contradict_one_another_are_infeasible() {
        let mut nlp = Nlp::new(|x| (x[0].powi(2), vec![x[0], x[0]]), &[0.0]).unwrap();
        let step = solve(&mut nlp, &[0.0], &[0.0; 2], &[2.0..=3.0, 0.0..=1.0]);
        assert_eq!(step.status, SolverStatus::PrimalInfeasible);
    }

    #[test]
    fn a_point_where_a_derivative_is_not_finite_is_named() {
        let mut nlp = Nlp::new(|x| (x[0].named("weight").ln(), vec![x[0]]), &[1.0]).unwrap();
        let error = Subproblem::new(&mut nlp, &[-1.0], &[0.0], &[0.0..=1.0]).unwrap_err();
        assert!(error.to_string().contains("weight"));
        assert!(Subproblem::new(&mut nlp, &[1.0], &[0.0], &[]).is_err());
        assert!(Subproblem::new(&mut nlp, &[1.0], &[0.0], &[f64::INFINITY..=f64::INFINITY]).is_err());
        assert!(Subproblem::new(&mut nlp, &[1.0], &[], &[0.0..=1.0]).is_err());
    }
}
