//! A function to minimize.

use std::sync::Arc;

use wengert::{Expr, Function, Sparse};

use crate::core::Core;
use crate::error::{Error, same_length};
use crate::recorded::Recorded;
use crate::shape::shape;

/// A function from variables to a number, with its gradient and Hessian.
///
/// ```
/// use wengert_solve::{Objective, Shape};
///
/// let mut f = Objective::new(|x| (x[0] - 1.0).powi(2) + x[1].powi(4), &[0.0, 0.0])?;
/// assert_eq!(f.value(&[3.0, 1.0])?, 5.0);
/// assert_eq!(f.gradient(&[3.0, 1.0])?, [4.0, 4.0]);
/// assert_eq!(f.hessian(&[3.0, 1.0])?.to_dense(), [[2.0, 0.0], [0.0, 12.0]]);
/// # Ok::<(), wengert_solve::Error>(())
/// ```
///
/// At a new point, one evaluation computes everything up to the highest [`Order`] that was asked for so far, and more
/// calls at the same point cost nothing.
#[derive(Clone, Debug)]
pub struct Objective {
    core: Core,
}

shape!(Objective);

/// How much is computed at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// The value.
    Value,
    /// The value and the gradient.
    Gradient,
    /// The value, the gradient and the Hessian.
    Hessian,
}

const HVP: usize = 0;

impl Objective {
    /// The objective that a closure computes. It is recorded at `start`, and at other points where it branches in
    /// another way (see [`Shape::recordings`](crate::Shape::recordings)).
    ///
    /// # Errors
    /// Those of recording and compiling: [`Error::Program`].
    pub fn new<F>(f: F, start: &[f64]) -> Result<Objective, Error>
    where
        F: for<'g> Fn(&[Expr<'g>]) -> Expr<'g> + Send + Sync + 'static,
    {
        Objective::with_data(move |x, _| f(x), start, &[])
    }

    /// The objective that a closure computes from variables and data. The data are numbers that can be set without
    /// recording again, such as observations.
    ///
    /// ```
    /// use wengert_solve::{Objective, Shape};
    ///
    /// let mut f = Objective::with_data(|x, data| data.iter().map(|d| (x[0] - d).powi(2)).sum(), &[0.0], &[1.0, 3.0])?;
    /// assert_eq!(f.gradient(&[0.0])?, [-8.0]);
    /// f.set_data(&[1.0, 5.0])?;
    /// assert_eq!(f.gradient(&[0.0])?, [-12.0]);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Objective::new`].
    pub fn with_data<F>(f: F, start: &[f64], data: &[f64]) -> Result<Objective, Error>
    where
        F: for<'g> Fn(&[Expr<'g>], &[Expr<'g>]) -> Expr<'g> + Send + Sync + 'static,
    {
        let orders = [Recorded::values, Recorded::gradient, Recorded::hessian];
        let core = Core::new(Arc::new(move |x, data| vec![f(x, data)]), start, data, &orders, &[Recorded::hvp])?;
        Ok(Objective { core })
    }

    /// The objective that a [`Function`] computes.
    ///
    /// ```
    /// use wengert::{Real, Scalar, function};
    /// use wengert_solve::Objective;
    ///
    /// let mut f = Objective::of(function!(|x| x[0] * x[1].exp()), &[0.0, 0.0])?;
    /// assert_eq!(f.gradient(&[2.0, 0.0])?, [1.0, 2.0]);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Objective::new`].
    pub fn of(f: impl Function + Send + Sync + 'static, start: &[f64]) -> Result<Objective, Error> {
        Objective::new(move |x| f.call(x), start)
    }

    /// Computes everything up to this order at each point, from the first on. Without this, the first call that asks for a
    /// higher order evaluates its point again.
    pub fn up_to(mut self, order: Order) -> Objective {
        self.core.want(order as usize);
        self
    }

    /// How many variables there are.
    ///
    /// ```
    /// let f = wengert_solve::Objective::new(|x| x[0] * x[1], &[2.0, 3.0])?;
    /// assert_eq!(f.variables(), 2);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    pub fn variables(&self) -> usize {
        self.core.variables()
    }

    /// The value at `x`.
    ///
    /// # Errors
    /// [`Error::Length`]; [`Error::Program`] where recording, compiling or running fails; [`Error::Outputs`];
    /// [`Error::NewEntry`].
    pub fn value(&mut self, x: &[f64]) -> Result<f64, Error> {
        Ok(self.core.at(&[x], Order::Value as usize)?.numbers()[0])
    }

    /// The gradient at `x`.
    ///
    /// # Errors
    /// As [`Objective::value`].
    pub fn gradient(&mut self, x: &[f64]) -> Result<&[f64], Error> {
        let variables = self.core.variables();
        Ok(&self.core.at(&[x], Order::Gradient as usize)?.numbers()[1..=variables])
    }

    /// The value at `x`; the gradient is written to `gradient`.
    ///
    /// ```
    /// let mut f = wengert_solve::Objective::new(|x| x[0] * x[1], &[2.0, 3.0])?;
    /// let mut gradient = [0.0; 2];
    /// assert_eq!(f.value_gradient(&[5.0, 7.0], &mut gradient)?, 35.0);
    /// assert_eq!(gradient, [7.0, 5.0]);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Objective::value`].
    pub fn value_gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> Result<f64, Error> {
        same_length("places for the gradient", self.core.variables(), gradient.len())?;
        let numbers = self.core.at(&[x], Order::Gradient as usize)?.numbers();
        gradient.copy_from_slice(&numbers[1..=gradient.len()]);
        Ok(numbers[0])
    }

    /// The Hessian at `x`, both triangles.
    ///
    /// # Errors
    /// As [`Objective::value`].
    pub fn hessian(&mut self, x: &[f64]) -> Result<&Sparse, Error> {
        Ok(self.core.at(&[x], Order::Hessian as usize)?.matrix())
    }

    /// Writes the Hessian at `x` times `vector` to `product`, without making the Hessian.
    ///
    /// # Errors
    /// As [`Objective::value`].
    pub fn hvp(&mut self, x: &[f64], vector: &[f64], product: &mut [f64]) -> Result<(), Error> {
        same_length("components of the vector", self.core.variables(), vector.len())?;
        same_length("places for the product", self.core.variables(), product.len())?;
        product.copy_from_slice(self.core.product(HVP, &[x], &[vector])?.numbers());
        Ok(())
    }
}
