//! Optimization by [argmin](https://docs.rs/argmin/0.11) 0.11, with exact derivatives of an [`Objective`] or a
//! [`System`].
//!
//! ```
//! use argmin::core::Executor;
//! use argmin::solver::linesearch::MoreThuenteLineSearch;
//! use argmin::solver::quasinewton::LBFGS;
//! use wengert_argmin::Minimize;
//! use wengert_solve::Objective;
//!
//! let f = Objective::new(|x| (1.0 - x[0]).powi(2) + (x[1] - x[0].powi(2)).powi(2) * 100.0, &[-1.2, 1.0])?;
//! let solver = LBFGS::new(MoreThuenteLineSearch::new(), 7);
//! let result = Executor::new(Minimize::new(f), solver)
//!     .configure(|state| state.param(vec![-1.2, 1.0]).max_iters(100))
//!     .run()?;
//! let x = result.state.best_param.unwrap();
//! assert!((x[0] - 1.0).abs() < 1e-6 && (x[1] - 1.0).abs() < 1e-6);
//! # Ok::<(), argmin::core::Error>(())
//! ```

use argmin::core::{CostFunction, Error, Gradient, Hessian, Jacobian, Operator};
use argmin_math::ArgminDot;
use wengert::Sparse;
use wengert_solve::{Objective, Shape, Shared, System};

/// An objective as argmin asks for it: cost, gradient, and a sparse Hessian. A point costs one evaluation.
///
/// A cost that is NaN is handed on as infinity, so that line searches step back. A gradient or Hessian that is not
/// finite is an error that says where it stopped being finite, or which entry is not.
#[derive(Debug)]
pub struct Minimize(Shared<Objective>);

/// A system as argmin asks for it: outputs and a sparse Jacobian. A point costs one evaluation.
///
/// Outputs and Jacobians that are not finite are an error that says where they stopped being finite, or which entry is
/// not.
#[derive(Debug)]
pub struct Equations(Shared<System>);

/// A sparse matrix that argmin multiplies with vectors.
#[derive(Clone, Debug)]
pub struct Matrix(pub Sparse);

/// The product with a vector.
impl ArgminDot<Vec<f64>, Vec<f64>> for Matrix {
    fn dot(&self, other: &Vec<f64>) -> Vec<f64> {
        self.0.times(other)
    }
}

impl Minimize {
    /// The problem to minimize this objective.
    pub fn new(objective: Objective) -> Minimize {
        Minimize(objective.shared())
    }

    /// How many times the objective was evaluated.
    pub fn evaluations(&self) -> usize {
        self.0.with(|f| f.evaluations())
    }
}

impl Equations {
    /// The problem of this system.
    pub fn new(system: System) -> Equations {
        Equations(system.with_jacobian().shared())
    }

    /// How many times the system was evaluated.
    pub fn evaluations(&self) -> usize {
        self.0.with(|f| f.evaluations())
    }
}

/// The error of numbers at `x` that are not finite: where the formula or a first derivative stopped being finite, or
/// else, as for second derivatives, the place of the number.
fn finite<S: Shape>(shape: &S, x: &[f64], numbers: &[f64], place: impl FnOnce(usize) -> String) -> Result<(), Error> {
    let Some(k) = numbers.iter().position(|number| !number.is_finite()) else { return Ok(()) };
    shape.check_finite(x)?;
    Err(Error::msg(format!("{} is {} at {x:?}", place(k), numbers[k])))
}

/// As [`finite`], of a matrix.
fn finite_matrix<S: Shape>(shape: &S, x: &[f64], what: &str, matrix: &Sparse) -> Result<(), Error> {
    finite(shape, x, matrix.values(), |k| {
        let (row, col) = matrix.pattern().iter().nth(k).expect("each value has an entry");
        format!("the {what} at row {row}, column {col}")
    })
}

impl CostFunction for Minimize {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        let value = self.0.with(|f| f.value(x))?;
        Ok(if value.is_nan() { f64::INFINITY } else { value })
    }
}

impl Gradient for Minimize {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        self.0.with(|f| {
            let gradient = f.gradient(x)?.to_vec();
            finite(f, x, &gradient, |k| format!("component {k} of the gradient"))?;
            Ok(gradient)
        })
    }
}

impl Hessian for Minimize {
    type Param = Vec<f64>;
    type Hessian = Matrix;

    fn hessian(&self, x: &Vec<f64>) -> Result<Matrix, Error> {
        self.0.with(|f| {
            let hessian = f.hessian(x)?.clone();
            finite_matrix(f, x, "Hessian", &hessian)?;
            Ok(Matrix(hessian))
        })
    }
}

impl Operator for Equations {
    type Param = Vec<f64>;
    type Output = Vec<f64>;

    fn apply(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        self.0.with(|f| {
            let values = f.values(x)?.to_vec();
            finite(f, x, &values, |k| format!("output {k}"))?;
            Ok(values)
        })
    }
}

impl Jacobian for Equations {
    type Param = Vec<f64>;
    type Jacobian = Matrix;

    fn jacobian(&self, x: &Vec<f64>) -> Result<Matrix, Error> {
        self.0.with(|f| {
            let jacobian = f.jacobian(x)?.clone();
            finite_matrix(f, x, "Jacobian", &jacobian)?;
            Ok(Matrix(jacobian))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_where_the_objective_is_nan_has_an_infinite_cost_and_an_error_for_a_gradient() {
        let f = Minimize::new(Objective::new(|x| x[0].named("variance").ln(), &[1.0]).unwrap());
        assert_eq!(f.cost(&vec![-1.0]).unwrap(), f64::INFINITY);
        assert!(f.gradient(&vec![-1.0]).unwrap_err().to_string().contains("variance"));
        assert_eq!(f.gradient(&vec![2.0]).unwrap(), [0.5]);
    }

    #[test]
    fn a_hessian_that_is_not_finite_is_an_error_where_the_gradient_is_finite() {
        let f = Minimize::new(Objective::new(|x| x[0].powi(2) + x[1].powf(1.5), &[1.0, 1.0]).unwrap());
        let x = vec![1.0, 0.0];
        assert_eq!(f.gradient(&x).unwrap(), [2.0, 0.0]);
        let error = f.hessian(&x).unwrap_err().to_string();
        assert_eq!(error, "the Hessian at row 1, column 1 is inf at [1.0, 0.0]");
        assert_eq!(f.hessian(&vec![1.0, 1.0]).unwrap().dot(&vec![1.0, 4.0]), [2.0, 3.0]);
    }

    #[test]
    fn a_system_has_outputs_and_a_jacobian_for_one_evaluation() {
        let f = Equations::new(System::new(|x| vec![x[0] * x[1], x[1].ln()], &[1.0, 1.0]).unwrap());
        let x = vec![2.0, 1.0];
        assert_eq!(f.apply(&x).unwrap(), [2.0, 0.0]);
        assert_eq!(f.jacobian(&x).unwrap().dot(&vec![1.0, 10.0]), [21.0, 10.0]);
        assert_eq!(f.evaluations(), 1);
        assert!(f.apply(&vec![2.0, -1.0]).unwrap_err().to_string().contains("output 1"));
    }
}
