//! Residuals, or a system of equations.

use std::sync::Arc;

use wengert::{Expr, Sparse};

use crate::core::Core;
use crate::error::{Error, same_length};
use crate::recorded::Recorded;
use crate::shape::shape;

/// A function from variables to several numbers, such as residuals, with its Jacobian.
///
/// ```
/// use wengert_solve::System;
///
/// let mut f = System::new(|x| vec![x[0] * x[1], x[1].powi(2)], &[1.0, 1.0])?;
/// assert_eq!(f.values(&[2.0, 3.0])?, [6.0, 9.0]);
/// assert_eq!(f.jacobian(&[2.0, 3.0])?.to_dense(), [[3.0, 2.0], [0.0, 6.0]]);
/// # Ok::<(), wengert_solve::Error>(())
/// ```
///
/// Once the Jacobian was asked for, one evaluation at a new point computes it with the values, and more calls at the
/// same point cost nothing.
#[derive(Clone, Debug)]
pub struct System {
    core: Core,
}

shape!(System);

const VALUES: usize = 0;
const JACOBIAN: usize = 1;
const JVP: usize = 0;
const VJP: usize = 1;

impl System {
    /// The system that a closure computes. It is recorded at `start`, and at other points where it branches in another
    /// way.
    ///
    /// # Errors
    /// Those of recording and compiling: [`Error::Program`].
    pub fn new<F>(f: F, start: &[f64]) -> Result<System, Error>
    where
        F: for<'g> Fn(&[Expr<'g>]) -> Vec<Expr<'g>> + Send + Sync + 'static,
    {
        System::with_data(move |x, _| f(x), start, &[])
    }

    /// The system that a closure computes from variables and data. The data are numbers that can be set without
    /// recording again, such as observations.
    ///
    /// ```
    /// use wengert_solve::{Shape, System};
    ///
    /// let mut f = System::with_data(|x, data| data.iter().map(|d| x[0] - d).collect(), &[0.0], &[1.0, 3.0])?;
    /// assert_eq!(f.values(&[4.0])?, [3.0, 1.0]);
    /// f.set_data(&[1.0, 5.0])?;
    /// assert_eq!(f.values(&[4.0])?, [3.0, -1.0]);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`System::new`].
    pub fn with_data<F>(f: F, start: &[f64], data: &[f64]) -> Result<System, Error>
    where
        F: for<'g> Fn(&[Expr<'g>], &[Expr<'g>]) -> Vec<Expr<'g>> + Send + Sync + 'static,
    {
        let core = Core::new(
            Arc::new(f),
            start,
            data,
            &[Recorded::values, |r| r.jacobian(0, &r.variables)],
            &[|r| r.jvp(&r.variables), |r| r.vjp(&r.variables)],
        )?;
        Ok(System { core })
    }

    /// Computes the Jacobian with the values at each point, from the first on. Without this, the first call that asks for
    /// it evaluates its point again.
    ///
    /// ```
    /// use wengert_solve::{Shape, System};
    ///
    /// let mut f = System::new(|x| vec![x[0].sin()], &[1.0])?.with_jacobian();
    /// f.values(&[0.0])?;
    /// f.jacobian(&[0.0])?;
    /// assert_eq!(f.evaluations(), 1);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    pub fn with_jacobian(mut self) -> System {
        self.core.want(JACOBIAN);
        self
    }

    /// How many variables there are: the columns of the Jacobian.
    ///
    /// ```
    /// let f = wengert_solve::System::new(|x| vec![x[0] * x[1]], &[2.0, 3.0])?;
    /// assert_eq!((f.outputs(), f.variables()), (1, 2));
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    pub fn variables(&self) -> usize {
        self.core.variables()
    }

    /// How many outputs there are: the rows of the Jacobian.
    pub fn outputs(&self) -> usize {
        self.core.outputs()
    }

    /// The values at `x`.
    ///
    /// # Errors
    /// [`Error::Length`]; [`Error::Program`] where recording, compiling or running fails; [`Error::Outputs`];
    /// [`Error::NewEntry`].
    pub fn values(&mut self, x: &[f64]) -> Result<&[f64], Error> {
        Ok(self.core.at(&[x], VALUES)?.numbers())
    }

    /// The Jacobian at `x`.
    ///
    /// # Errors
    /// As [`System::values`].
    pub fn jacobian(&mut self, x: &[f64]) -> Result<&Sparse, Error> {
        Ok(self.core.at(&[x], JACOBIAN)?.matrix())
    }

    /// Writes the dense Jacobian at `x`, column after column.
    ///
    /// ```
    /// let mut f = wengert_solve::System::new(|x| vec![x[0] * x[1], x[1].powi(2)], &[1.0, 1.0])?;
    /// let mut jacobian = [0.0; 4];
    /// f.jacobian_into(&[2.0, 3.0], &mut jacobian)?;
    /// assert_eq!(jacobian, [3.0, 0.0, 2.0, 6.0]);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`System::values`].
    pub fn jacobian_into(&mut self, x: &[f64], jacobian: &mut [f64]) -> Result<(), Error> {
        let rows = self.core.outputs();
        same_length("places for the Jacobian", rows * self.core.variables(), jacobian.len())?;
        let matrix = self.jacobian(x)?;
        jacobian.fill(0.0);
        for (row, col, value) in matrix.triplets() {
            jacobian[col * rows + row] = value;
        }
        Ok(())
    }

    /// Writes the Jacobian at `x` times `vector` to `product`, without making the Jacobian.
    ///
    /// ```
    /// let mut f = wengert_solve::System::new(|x| vec![x[0] * x[1], x[1].powi(2)], &[1.0, 1.0])?;
    /// let mut product = [0.0; 2];
    /// f.jvp(&[2.0, 3.0], &[1.0, 10.0], &mut product)?;
    /// assert_eq!(product, [23.0, 60.0]);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`System::values`].
    pub fn jvp(&mut self, x: &[f64], vector: &[f64], product: &mut [f64]) -> Result<(), Error> {
        same_length("components of the vector, one for each variable", self.core.variables(), vector.len())?;
        same_length("places for the product, one for each output", self.core.outputs(), product.len())?;
        product.copy_from_slice(self.core.product(JVP, &[x], &[vector])?.numbers());
        Ok(())
    }

    /// Writes `vector` times the Jacobian at `x` to `product`, without making the Jacobian.
    ///
    /// ```
    /// let mut f = wengert_solve::System::new(|x| vec![x[0] * x[1], x[1].powi(2)], &[1.0, 1.0])?;
    /// let mut product = [0.0; 2];
    /// f.vjp(&[2.0, 3.0], &[1.0, 10.0], &mut product)?;
    /// assert_eq!(product, [3.0, 62.0]);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`System::values`].
    pub fn vjp(&mut self, x: &[f64], vector: &[f64], product: &mut [f64]) -> Result<(), Error> {
        same_length("components of the vector, one for each output", self.core.outputs(), vector.len())?;
        same_length("places for the product, one for each variable", self.core.variables(), product.len())?;
        product.copy_from_slice(self.core.product(VJP, &[x], &[vector])?.numbers());
        Ok(())
    }
}
