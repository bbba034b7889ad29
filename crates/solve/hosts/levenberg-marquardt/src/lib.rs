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

use std::sync::Arc;

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
    failed: Option<Arc<Error>>,
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

    /// Takes Gauss-Newton steps, as long as each leaves less to remove from the residuals than there was. Gives their
    /// number. A step that does not is taken back.
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
    /// Those of evaluating. The parameters are then those of the last step that was kept.
    pub fn refine(&mut self) -> Result<usize, Error> {
        if self.failed.is_some() {
            self.evaluate()?;
            self.failed = None;
        }
        if self.residuals.len() < self.parameters.len() {
            return Ok(0);
        }
        let (mut steps, (mut length, mut step)) = (0, self.gauss_newton());
        while let Some(change) = step.take().filter(|_| length > 0.0) {
            let before = (self.parameters.clone(), self.residuals.clone(), self.jacobian.clone());
            self.parameters -= change;
            let evaluated = self.evaluate();
            let next = self.gauss_newton();
            // Not so where the new length is NaN.
            let better = evaluated.is_ok() && next.0 < length;
            if !better {
                (self.parameters, self.residuals, self.jacobian) = before;
                evaluated?;
                break;
            }
            steps += 1;
            (length, step) = next;
        }
        Ok(steps)
    }

    /// The norm of the part of the residuals that a linear change of the parameters can remove, and that change, if
    /// there is a finite one.
    fn gauss_newton(&self) -> (f64, Option<DVector<f64>>) {
        let qr = self.jacobian.clone().qr();
        let removed = qr.q().tr_mul(&self.residuals);
        let step = qr.r().solve_upper_triangular(&removed).filter(|step| step.iter().all(|x| x.is_finite()));
        (removed.norm(), step)
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
    pub fn check(&self) -> Result<(), Arc<Error>> {
        match &self.failed {
            Some(error) => Err(Arc::clone(error)),
            None => Ok(self.system.check_finite(self.parameters())?),
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
        self.failed = self.evaluate().err().map(Arc::new);
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use wengert::{Expr, External, Scalar};

    /// The identity, which has no value below 0 and while `fails` is set.
    #[derive(Default)]
    struct Fragile {
        fails: AtomicBool,
    }

    impl External for Fragile {
        fn name(&self) -> &str {
            "fragile"
        }

        fn shape(&self) -> (usize, usize) {
            (1, 1)
        }

        fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
            y[0] = x[0];
            match x[0] < 0.0 || self.fails.load(Ordering::Relaxed) {
                true => Err("no value here".into()),
                false => Ok(()),
            }
        }

        fn vjp(&self, _: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
            xbar[0] = ybar[0];
            Ok(())
        }

        fn pullback<'g>(&self, _: &[Expr<'g>], _: &[Expr<'g>], ybar: &[Expr<'g>]) -> Option<Vec<Expr<'g>>> {
            Some(ybar.to_vec())
        }
    }

    fn fragile() -> (Arc<Fragile>, LeastSquares) {
        let fragile = Arc::new(Fragile::default());
        let external: Arc<dyn External> = fragile.clone();
        let system = System::new(move |x| vec![Expr::external(&external, x)[0].ln()], &[3.0]).unwrap();
        (fragile, LeastSquares::new(system, &[3.0]).unwrap())
    }

    #[test]
    fn a_step_that_makes_it_worse_is_taken_back_and_not_counted() {
        // From 3, the step for ln(x) leads to -0.296; from 1.8 that for atan(x) leads to -2.6, where more is left.
        let ln = System::new(|x| vec![x[0].ln()], &[3.0]).unwrap();
        let atan = System::new(|x| vec![x[0].atan()], &[1.8]).unwrap();
        for (system, start) in [(ln, 3.0_f64), (atan, 1.8)] {
            let mut problem = LeastSquares::new(system, &[start]).unwrap();
            let (residuals, jacobian) = (problem.residuals(), problem.jacobian());
            assert_eq!(problem.refine().unwrap(), 0);
            assert_eq!(problem.parameters(), [start]);
            assert_eq!((problem.residuals(), problem.jacobian()), (residuals, jacobian));
            problem.check().unwrap();
        }
        let mut near = LeastSquares::new(System::new(|x| vec![x[0].ln()], &[1.2]).unwrap(), &[1.2]).unwrap();
        assert!(near.refine().unwrap() > 2);
        assert!((near.parameters()[0] - 1.0).abs() < 1e-15);
    }

    #[test]
    fn a_step_to_where_evaluating_fails_is_taken_back() {
        let (_, mut problem) = fragile();
        let (residuals, jacobian) = (problem.residuals(), problem.jacobian());
        assert!(problem.refine().unwrap_err().to_string().contains("no value here"));
        assert_eq!(problem.parameters(), [3.0]);
        assert_eq!((problem.residuals(), problem.jacobian()), (residuals, jacobian));
        problem.check().unwrap();
    }

    #[test]
    fn the_error_of_evaluating_is_kept_where_evaluating_again_would_not_fail() {
        let (fragile, mut problem) = fragile();
        fragile.fails.store(true, Ordering::Relaxed);
        problem.set_params(&DVector::from_element(1, 1.1));
        assert!(problem.residuals().is_none());
        fragile.fails.store(false, Ordering::Relaxed);
        for _ in 0..2 {
            assert!(problem.check().unwrap_err().to_string().contains("no value here"));
        }
        // Refining starts by evaluating there.
        assert!(problem.refine().unwrap() > 0);
        problem.check().unwrap();
        assert!((problem.parameters()[0] - 1.0).abs() < 1e-15);
    }
}
