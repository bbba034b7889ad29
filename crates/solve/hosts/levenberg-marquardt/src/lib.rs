//! Least squares by [levenberg-marquardt](https://docs.rs/levenberg-marquardt/0.15) 0.15, with exact Jacobians of a
//! [`System`].
//!
//! ```
//! use levenberg_marquardt::LevenbergMarquardt;
//! use wengert_levenberg_marquardt::LeastSquares;
//! use wengert_solve::System;
//!
//! // Rosenbrock's function as residuals.
//! let system = System::new(|x| vec![(x[1] - x[0] * x[0]) * 10.0, 1.0 - x[0]], &[-1.2, 1.0])?;
//! let (problem, report) = LevenbergMarquardt::new().minimize(LeastSquares::new(system, &[-1.2, 1.0])?);
//! assert!(report.termination.was_successful());
//! assert!(problem.parameters().iter().all(|x| (x - 1.0).abs() < 1e-12));
//! # Ok::<(), wengert_solve::Error>(())
//! ```

use levenberg_marquardt::LeastSquaresProblem;
use nalgebra::storage::Owned;
use nalgebra::{DMatrix, DVector, Dyn};
use wengert_solve::{Error, Shape, System};

/// The sum of the squares of a system's outputs, to be minimized. A point costs one evaluation.
///
/// Residuals and Jacobians that are NaN or infinite are handed on: the solver takes a smaller step, or ends with
/// `TerminationReason::Numerical`. Where evaluating fails, it ends with `TerminationReason::User`.
/// [`LeastSquares::check`] says what happened.
#[derive(Debug)]
pub struct LeastSquares {
    system: System,
    parameters: DVector<f64>,
    residuals: DVector<f64>,
    jacobian: DMatrix<f64>,
    failed: Option<Error>,
}

impl LeastSquares {
    /// The problem that starts at these parameters.
    ///
    /// # Errors
    /// Those of evaluating there.
    pub fn new(system: System, start: &[f64]) -> Result<LeastSquares, Error> {
        let (rows, cols) = (system.outputs(), system.variables());
        let mut problem = LeastSquares {
            system: system.with_jacobian(),
            parameters: DVector::from_column_slice(start),
            residuals: DVector::zeros(rows),
            jacobian: DMatrix::zeros(rows, cols),
            failed: None,
        };
        problem.evaluate()?;
        Ok(problem)
    }

    fn evaluate(&mut self) -> Result<(), Error> {
        let x = self.parameters.as_slice();
        self.residuals.copy_from_slice(self.system.values(x)?);
        self.system.jacobian_into(x, self.jacobian.as_mut_slice())
    }

    /// The parameters.
    pub fn parameters(&self) -> &[f64] {
        self.parameters.as_slice()
    }

    /// Takes Gauss-Newton steps, as long as each changes the residuals less than the one before. Gives their number.
    ///
    /// The solver compares sums of squares, in which errors of parameters below about 1e-8 are lost to rounding. The
    /// steps find a zero of the gradient, which is not. They are for parameters that are nearly a solution, of as many
    /// residuals at least; where the Jacobian has dependent columns, no step is taken.
    ///
    /// ```
    /// use levenberg_marquardt::LevenbergMarquardt;
    /// use wengert_levenberg_marquardt::LeastSquares;
    /// use wengert_solve::System;
    ///
    /// // The mean of exp(x) at 1 and 4: x = ln(2.5).
    /// let system = System::new(|x| vec![x[0].exp() - 1.0, x[0].exp() - 4.0], &[1.0])?;
    /// let (mut problem, _) = LevenbergMarquardt::new().with_ftol(1e-4).minimize(LeastSquares::new(system, &[1.0])?);
    /// problem.refine()?;
    /// assert!((problem.parameters()[0] - 2.5_f64.ln()).abs() < 1e-15);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of evaluating.
    pub fn refine(&mut self) -> Result<usize, Error> {
        let (mut steps, mut last) = (0, f64::INFINITY);
        while self.jacobian.nrows() >= self.jacobian.ncols() {
            let qr = self.jacobian.clone().qr();
            // The part of the residuals that a linear change of the parameters can remove.
            let removed = qr.q().tr_mul(&self.residuals);
            let length = removed.norm();
            match qr.r().solve_upper_triangular(&removed) {
                Some(step) if length < last && length > 0.0 && step.iter().all(|x| x.is_finite()) => {
                    self.parameters -= step;
                    self.evaluate()?;
                    (steps, last) = (steps + 1, length);
                }
                _ => break,
            }
        }
        Ok(steps)
    }

    /// Whether the system could be evaluated at the parameters, and its values and derivatives are finite.
    ///
    /// ```
    /// use levenberg_marquardt::LevenbergMarquardt;
    /// use wengert_levenberg_marquardt::LeastSquares;
    /// use wengert_solve::System;
    ///
    /// let system = System::new(|x| vec![x[0].named("variance").ln()], &[1.0])?;
    /// let (problem, report) = LevenbergMarquardt::new().minimize(LeastSquares::new(system, &[-1.0])?);
    /// assert!(!report.termination.was_successful());
    /// assert!(problem.check().unwrap_err().to_string().contains("variance"));
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    ///
    /// # Errors
    /// The error of evaluating, or [`Error::NotFinite`], which says where a value stopped being finite.
    pub fn check(&self) -> Result<(), Error> {
        match &self.failed {
            // Errors are not `Clone`: evaluating again gives the same.
            Some(_) => self.system.clone().jacobian(self.parameters()).map(|_| ()),
            None => self.system.check_finite(self.parameters()),
        }
    }

    /// The system, for its counts.
    pub fn into_system(self) -> System {
        self.system
    }
}

impl LeastSquaresProblem<f64, Dyn, Dyn> for LeastSquares {
    type ResidualStorage = Owned<f64, Dyn>;
    type JacobianStorage = Owned<f64, Dyn, Dyn>;
    type ParameterStorage = Owned<f64, Dyn>;

    fn set_params(&mut self, x: &DVector<f64>) {
        self.parameters.copy_from(x);
        self.failed = self.evaluate().err();
    }

    fn params(&self) -> DVector<f64> {
        self.parameters.clone()
    }

    fn residuals(&self) -> Option<DVector<f64>> {
        self.failed.is_none().then(|| self.residuals.clone())
    }

    fn jacobian(&self) -> Option<DMatrix<f64>> {
        self.failed.is_none().then(|| self.jacobian.clone())
    }
}
