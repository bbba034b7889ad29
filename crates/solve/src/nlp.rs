//! A nonlinear program: an objective and constraints.

use std::sync::Arc;

use wengert::{Expr, Sparse};

use crate::core::Core;
use crate::error::{Error, same_length};
use crate::recorded::{Derive, Recorded, Triangle};
use crate::shape::shape;

/// An objective and constraint functions of the same variables, with what interior point and SQP methods ask for.
/// Bounds are given to the solver.
///
/// ```
/// use wengert_solve::{Nlp, Triangle};
///
/// let mut nlp = Nlp::new(|x| (x[0] + x[1], vec![x[0].powi(2) + x[1].powi(2)]), &[1.0, 1.0])?;
/// let x = [3.0, 4.0];
/// assert_eq!(nlp.objective(&x)?, 7.0);
/// assert_eq!(nlp.constraints(&x)?, [25.0]);
/// assert_eq!(nlp.gradient(&x)?, [1.0, 1.0]);
/// assert_eq!(nlp.jacobian(&x)?.to_dense(), [[6.0, 8.0]]);
/// assert_eq!(nlp.hessian(&x, 1.0, &[0.5], Triangle::Lower)?.to_dense(), [[1.0, 0.0], [0.0, 1.0]]);
/// # Ok::<(), wengert_solve::Error>(())
/// ```
///
/// Once a derivative was asked for, one evaluation at a new point computes values, gradient and Jacobian, and more
/// calls at the same point cost nothing. The Hessian depends on multipliers too, so each call computes it.
#[derive(Clone, Debug)]
pub struct Nlp {
    core: Core,
}

shape!(Nlp);

const VALUES: usize = 0;
const DERIVATIVES: usize = 1;

impl Nlp {
    /// The objective and the constraint functions that a closure computes. It is recorded at `start`, and at other
    /// points where it branches in another way.
    ///
    /// # Errors
    /// Those of recording and compiling: [`Error::Program`].
    pub fn new<F>(f: F, start: &[f64]) -> Result<Nlp, Error>
    where
        F: for<'g> Fn(&[Expr<'g>]) -> (Expr<'g>, Vec<Expr<'g>>) + Send + Sync + 'static,
    {
        Nlp::with_data(move |x, _| f(x), start, &[])
    }

    /// As [`Nlp::new`], with data: numbers that can be set without recording again.
    ///
    /// ```
    /// use wengert_solve::{Nlp, Shape};
    ///
    /// let mut nlp = Nlp::with_data(|x, p| (p[0] * x[0], vec![x[0] - p[1]]), &[1.0], &[2.0, 3.0])?;
    /// nlp.set_data(&[10.0, 3.0])?;
    /// assert_eq!(nlp.gradient(&[1.0])?, [10.0]);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Nlp::new`].
    pub fn with_data<F>(f: F, start: &[f64], data: &[f64]) -> Result<Nlp, Error>
    where
        F: for<'g> Fn(&[Expr<'g>], &[Expr<'g>]) -> (Expr<'g>, Vec<Expr<'g>>) + Send + Sync + 'static,
    {
        let derivatives: Derive = |r| {
            let mut derived = r.jacobian(1, &r.variables)?;
            let gradient = r.graph.try_gradient_nodes(r.outputs[0], &r.variables)?;
            let values = r.outputs.len();
            derived.outputs.splice(values..values, gradient);
            Ok(derived)
        };
        let core = Core::new(
            Arc::new(move |x, data| {
                let (objective, constraints) = f(x, data);
                [vec![objective], constraints].concat()
            }),
            start,
            data,
            &[Recorded::values, derivatives],
            &[|r| r.lagrangian(Triangle::Lower), |r| r.lagrangian(Triangle::Upper), |r| r.lagrangian(Triangle::Both)],
        )?;
        Ok(Nlp { core })
    }

    /// Computes gradient and Jacobian with the values at each point, from the first on. Without this, the first call that
    /// asks for one of them evaluates its point again.
    ///
    /// ```
    /// use wengert_solve::{Nlp, Shape};
    ///
    /// let mut nlp = Nlp::new(|x| (x[0], vec![x[0].powi(2)]), &[1.0])?.with_derivatives();
    /// nlp.objective(&[3.0])?;
    /// nlp.jacobian(&[3.0])?;
    /// assert_eq!(nlp.evaluations(), 1);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    pub fn with_derivatives(mut self) -> Nlp {
        self.core.want(DERIVATIVES);
        self
    }

    /// How many variables there are.
    ///
    /// ```
    /// let nlp = wengert_solve::Nlp::new(|x| (x[0] * x[1], vec![x[0]]), &[2.0, 3.0])?;
    /// assert_eq!((nlp.variables(), nlp.constraint_count()), (2, 1));
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    pub fn variables(&self) -> usize {
        self.core.variables()
    }

    /// How many constraint functions there are.
    pub fn constraint_count(&self) -> usize {
        self.core.outputs() - 1
    }

    /// The objective at `x`.
    ///
    /// # Errors
    /// [`Error::Length`]; [`Error::Program`] where recording, compiling or running fails; [`Error::Outputs`];
    /// [`Error::NewEntry`].
    pub fn objective(&mut self, x: &[f64]) -> Result<f64, Error> {
        Ok(self.core.at(&[x], VALUES)?.numbers()[0])
    }

    /// The constraint functions at `x`.
    ///
    /// # Errors
    /// As [`Nlp::objective`].
    pub fn constraints(&mut self, x: &[f64]) -> Result<&[f64], Error> {
        let outputs = self.core.outputs();
        Ok(&self.core.at(&[x], VALUES)?.numbers()[1..outputs])
    }

    /// The gradient of the objective at `x`.
    ///
    /// # Errors
    /// As [`Nlp::objective`].
    pub fn gradient(&mut self, x: &[f64]) -> Result<&[f64], Error> {
        let outputs = self.core.outputs();
        Ok(&self.core.at(&[x], DERIVATIVES)?.numbers()[outputs..])
    }

    /// The Jacobian of the constraint functions at `x`: a row for each.
    ///
    /// # Errors
    /// As [`Nlp::objective`].
    pub fn jacobian(&mut self, x: &[f64]) -> Result<&Sparse, Error> {
        Ok(self.core.at(&[x], DERIVATIVES)?.matrix())
    }

    /// A triangle of the Hessian of `sigma` times the objective plus the constraint functions times `multipliers`.
    ///
    /// # Errors
    /// As [`Nlp::objective`].
    pub fn hessian(
        &mut self,
        x: &[f64],
        sigma: f64,
        multipliers: &[f64],
        triangle: Triangle,
    ) -> Result<&Sparse, Error> {
        same_length("multipliers, one for each constraint", self.constraint_count(), multipliers.len())?;
        Ok(self.core.product(triangle as usize, &[x], &[&[sigma], multipliers])?.matrix())
    }
}
