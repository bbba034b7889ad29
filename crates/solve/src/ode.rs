//! A system of ordinary differential equations.

use std::sync::Arc;

use wengert::{Expr, Sparse};

use crate::core::Core;
use crate::error::{Error, same_length};
use crate::recorded::Recorded;
use crate::shape::shape;

/// The right-hand side `f(t, y; p)` of `dy/dt = f`, with its Jacobians with respect to the state `y` and the parameters
/// `p`. The parameters are the [data](crate::Shape::data) of the shape.
///
/// ```
/// use wengert_solve::Ode;
///
/// // A pendulum with friction.
/// let mut ode = Ode::new(|_, y, p| vec![y[1], -y[0].sin() - p[0] * y[1]], &[1.0, 0.0], &[0.1])?;
/// assert_eq!(ode.rhs(0.0, &[0.0, 2.0])?, [2.0, -0.2]);
/// assert_eq!(ode.jacobian(0.0, &[0.0, 2.0])?.to_dense(), [[0.0, 1.0], [-1.0, -0.1]]);
/// # Ok::<(), wengert_solve::Error>(())
/// ```
///
/// Products with the Jacobian have the signs of mathematics: some solvers ask for the negative of a transposed product.
#[derive(Clone, Debug)]
pub struct Ode {
    core: Core,
}

shape!(Ode);

const RHS: usize = 0;
const JACOBIAN: usize = 1;
const JVP: usize = 0;
const VJP: usize = 1;
const PARAMETER_JVP: usize = 2;
const PARAMETER_VJP: usize = 3;
const PARAMETER_JACOBIAN: usize = 4;

impl Ode {
    /// The right-hand side that a closure computes from time, state and parameters. It is recorded at time 0, `state`
    /// and `parameters`, and at other points where it branches in another way.
    ///
    /// # Errors
    /// [`Error::Length`] where there is not one output for each component of the state, and those of recording and
    /// compiling: [`Error::Program`].
    pub fn new<F>(f: F, state: &[f64], parameters: &[f64]) -> Result<Ode, Error>
    where
        F: for<'g> Fn(Expr<'g>, &[Expr<'g>], &[Expr<'g>]) -> Vec<Expr<'g>> + Send + Sync + 'static,
    {
        let core = Core::new(
            Arc::new(move |x, parameters| f(x[0], &x[1..], parameters)),
            &[&[0.0], state].concat(),
            parameters,
            &[Recorded::values, |r| r.jacobian(0, &r.variables[1..])],
            &[
                |r| r.jvp(&r.variables[1..]),
                |r| r.vjp(&r.variables[1..]),
                |r| r.jvp(&r.data),
                |r| r.vjp(&r.data),
                |r| r.jacobian(0, &r.data),
            ],
        )?;
        same_length("outputs, one for each component of the state", state.len(), core.outputs())?;
        Ok(Ode { core })
    }

    /// How many components the state has.
    ///
    /// ```
    /// let ode = wengert_solve::Ode::new(|_, y, p| vec![p[0] * y[0]], &[1.0], &[0.5])?;
    /// assert_eq!(ode.states(), 1);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    pub fn states(&self) -> usize {
        self.core.outputs()
    }

    /// The right-hand side.
    ///
    /// # Errors
    /// [`Error::Length`]; [`Error::Program`] where recording, compiling or running fails; [`Error::Outputs`];
    /// [`Error::NewEntry`].
    pub fn rhs(&mut self, time: f64, state: &[f64]) -> Result<&[f64], Error> {
        Ok(self.core.at(&[&[time], state], RHS)?.numbers())
    }

    /// The Jacobian with respect to the state. Where right-hand side and Jacobian are wanted at the same points, one
    /// evaluation computes both from the second point on.
    ///
    /// # Errors
    /// As [`Ode::rhs`].
    pub fn jacobian(&mut self, time: f64, state: &[f64]) -> Result<&Sparse, Error> {
        Ok(self.core.at(&[&[time], state], JACOBIAN)?.matrix())
    }

    /// The Jacobian with respect to the parameters. [`Shape::products`](crate::Shape::products) counts it.
    ///
    /// ```
    /// let mut ode = wengert_solve::Ode::new(|_, y, p| vec![p[0] * y[0].powi(2) + p[1]], &[1.0], &[0.5, 0.0])?;
    /// assert_eq!(ode.parameter_jacobian(0.0, &[3.0])?.to_dense(), [[9.0, 1.0]]);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Ode::rhs`].
    pub fn parameter_jacobian(&mut self, time: f64, state: &[f64]) -> Result<&Sparse, Error> {
        Ok(self.core.product(PARAMETER_JACOBIAN, &[&[time], state], &[])?.matrix())
    }

    /// Writes the Jacobian with respect to the state times `vector`.
    ///
    /// ```
    /// let mut ode = wengert_solve::Ode::new(|_, y, p| vec![p[0] * y[0].powi(2)], &[1.0], &[0.5])?;
    /// let mut product = [0.0];
    /// ode.jvp(0.0, &[3.0], &[10.0], &mut product)?;
    /// assert_eq!(product, [30.0]);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Ode::rhs`].
    pub fn jvp(&mut self, time: f64, state: &[f64], vector: &[f64], product: &mut [f64]) -> Result<(), Error> {
        self.product(JVP, (time, state), vector, product)
    }

    /// Writes `vector` times the Jacobian with respect to the state.
    ///
    /// ```
    /// let mut ode = wengert_solve::Ode::new(|_, y, _| vec![y[0] * y[1], y[1]], &[1.0, 1.0], &[])?;
    /// let mut product = [0.0; 2];
    /// ode.vjp(0.0, &[2.0, 3.0], &[1.0, 10.0], &mut product)?;
    /// assert_eq!(product, [3.0, 12.0]);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Ode::rhs`].
    pub fn vjp(&mut self, time: f64, state: &[f64], vector: &[f64], product: &mut [f64]) -> Result<(), Error> {
        self.product(VJP, (time, state), vector, product)
    }

    /// Writes the Jacobian with respect to the parameters times `vector`.
    ///
    /// ```
    /// let mut ode = wengert_solve::Ode::new(|_, y, p| vec![p[0] * y[0].powi(2)], &[1.0], &[0.5])?;
    /// let mut product = [0.0];
    /// ode.parameter_jvp(0.0, &[3.0], &[10.0], &mut product)?;
    /// assert_eq!(product, [90.0]);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Ode::rhs`].
    pub fn parameter_jvp(
        &mut self,
        time: f64,
        state: &[f64],
        vector: &[f64],
        product: &mut [f64],
    ) -> Result<(), Error> {
        self.product(PARAMETER_JVP, (time, state), vector, product)
    }

    /// Writes `vector` times the Jacobian with respect to the parameters.
    ///
    /// ```
    /// let mut ode = wengert_solve::Ode::new(|_, y, p| vec![p[0] * y[0] + p[1]], &[1.0], &[0.5, 0.0])?;
    /// let mut product = [0.0; 2];
    /// ode.parameter_vjp(0.0, &[3.0], &[10.0], &mut product)?;
    /// assert_eq!(product, [30.0, 10.0]);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Ode::rhs`].
    pub fn parameter_vjp(
        &mut self,
        time: f64,
        state: &[f64],
        vector: &[f64],
        product: &mut [f64],
    ) -> Result<(), Error> {
        self.product(PARAMETER_VJP, (time, state), vector, product)
    }

    fn product(
        &mut self,
        which: usize,
        (time, state): (f64, &[f64]),
        vector: &[f64],
        product: &mut [f64],
    ) -> Result<(), Error> {
        let (states, parameters) = (self.states(), self.core.data().len());
        let (of_vector, of_product) = match which {
            PARAMETER_JVP => (parameters, states),
            PARAMETER_VJP => (states, parameters),
            _ => (states, states),
        };
        same_length("components of the vector", of_vector, vector.len())?;
        same_length("places for the product", of_product, product.len())?;
        product.copy_from_slice(self.core.product(which, &[&[time], state], &[vector])?.numbers());
        Ok(())
    }
}
