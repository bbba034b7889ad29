//! Differential equations by [diffsol](https://docs.rs/diffsol/0.18) 0.18, with exact Jacobians of an [`Ode`].
//!
//! ```
//! use diffsol::{DenseMatrix, FaerSparseLU, FaerSparseMat, OdeBuilder, OdeSolverMethod};
//! use wengert_diffsol::Rhs;
//! use wengert_solve::Ode;
//!
//! // Logistic growth.
//! let rhs = Rhs::new(Ode::new(|_, y, p| vec![p[0] * y[0] * (1.0 - y[0] / p[1])], &[0.1], &[1.0, 10.0])?);
//! let problem = OdeBuilder::<FaerSparseMat<f64>>::new()
//!     .p([1.0, 10.0])
//!     .rhs_implicit(rhs.value(), rhs.jvp())
//!     .init(|_, _, y| y[0] = 0.1, 1)
//!     .build()?;
//! let (y, _) = problem.bdf::<FaerSparseLU<f64>>()?.solve_dense(&[2.0])?;
//! rhs.check()?;
//! assert!((y.get_index(0, 0) - 10.0 / (1.0 + 99.0 * (-2.0_f64).exp())).abs() < 1e-3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | diffsol | is given |
//! |--|--|
//! | `rhs_implicit` | [`Rhs::value`], [`Rhs::jvp`] |
//! | `rhs_sens_implicit`, for forward sensitivities | those, and [`Rhs::parameter_jvp`] |
//! | `rhs_adjoint_implicit`, for adjoints | [`Rhs::value`], [`Rhs::jvp`], [`Rhs::negative_vjp`], [`Rhs::negative_parameter_vjp`] |

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wengert_solve::{Error, Ode, Shape};

/// A right-hand side as diffsol asks for it: closures over one equation, to be handed to `OdeBuilder`.
///
/// diffsol finds the pattern of a sparse matrix by products with vectors that are NaN in one component. These are
/// answered from the pattern of the formula, which has all entries that can differ from 0, also those that are 0 at the
/// first state. From then on, a branch with a further entry is [`Error::NewEntry`]: call [`Shape::visit`] at a point of
/// each branch first.
///
/// A closure of diffsol cannot fail. Where evaluating does, it gives NaN, so that the solver gives up, and
/// [`Rhs::check`] says what happened. Values that are NaN are handed on.
#[derive(Clone, Debug)]
pub struct Rhs(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    ode: Ode,
    /// Whether diffsol has asked for a pattern, and how often the formula had been recorded when it was seen to have no
    /// further entry.
    probed: Option<usize>,
    failed: Option<Error>,
}

/// What a vector is multiplied with.
#[derive(Clone, Copy)]
enum Product {
    Jvp,
    Vjp,
    ParameterJvp,
    ParameterVjp,
}

impl Rhs {
    /// The right-hand side of this equation.
    pub fn new(ode: Ode) -> Rhs {
        Rhs(Arc::new(Mutex::new(Inner { ode, probed: None, failed: None })))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the right-hand side, of state, parameters and time.
    pub fn value(&self) -> impl Fn(&[f64], &[f64], f64, &mut [f64]) + Clone + Send + Sync + use<> {
        let rhs = self.clone();
        move |y, p, t, value| {
            rhs.lock().keep(value, |inner, value| {
                inner.ode.set_data(p)?;
                value.copy_from_slice(inner.ode.rhs(t, y)?);
                Ok(())
            });
        }
    }

    /// Writes the Jacobian with respect to the state times a vector.
    pub fn jvp(&self) -> impl Fn(&[f64], &[f64], f64, &[f64], &mut [f64]) + Clone + Send + Sync + use<> {
        self.product(Product::Jvp, 1.0)
    }

    /// Writes minus a vector times the Jacobian with respect to the state. The sign is that of adjoint equations.
    pub fn negative_vjp(&self) -> impl Fn(&[f64], &[f64], f64, &[f64], &mut [f64]) + Clone + Send + Sync + use<> {
        self.product(Product::Vjp, -1.0)
    }

    /// Writes the Jacobian with respect to the parameters times a vector.
    pub fn parameter_jvp(&self) -> impl Fn(&[f64], &[f64], f64, &[f64], &mut [f64]) + Clone + Send + Sync + use<> {
        self.product(Product::ParameterJvp, 1.0)
    }

    /// Writes minus a vector times the Jacobian with respect to the parameters.
    pub fn negative_parameter_vjp(
        &self,
    ) -> impl Fn(&[f64], &[f64], f64, &[f64], &mut [f64]) + Clone + Send + Sync + use<> {
        self.product(Product::ParameterVjp, -1.0)
    }

    fn product(
        &self,
        which: Product,
        sign: f64,
    ) -> impl Fn(&[f64], &[f64], f64, &[f64], &mut [f64]) + Clone + Send + Sync + use<> {
        let rhs = self.clone();
        move |y, p, t, vector, product| {
            rhs.lock().keep(product, |inner, product| {
                inner.ode.set_data(p)?;
                // As diffsol probes: one component is NaN, and the others are 0.
                if vector.iter().filter(|&&v| v != 0.0).map(|v| v.is_nan()).eq([true]) {
                    return inner.probe(which, t, y, vector, product);
                }
                match which {
                    Product::Jvp => inner.ode.jvp(t, y, vector, product)?,
                    Product::Vjp => inner.ode.vjp(t, y, vector, product)?,
                    Product::ParameterJvp => inner.ode.parameter_jvp(t, y, vector, product)?,
                    Product::ParameterVjp => inner.ode.parameter_vjp(t, y, vector, product)?,
                }
                product.iter_mut().for_each(|x| *x *= sign);
                inner.refuse_new_entries(t, y)
            });
        }
    }

    /// Whether all evaluations up to now succeeded. An error is given once.
    ///
    /// ```
    /// use wengert_diffsol::Rhs;
    /// use wengert_solve::Ode;
    ///
    /// let rhs = Rhs::new(Ode::new(|_, y, p| vec![y[0] * p[0]], &[1.0], &[2.0])?);
    /// let mut value = [0.0];
    /// rhs.value()(&[3.0], &[], 0.0, &mut value); // without its parameter
    /// assert!(value[0].is_nan() && rhs.check().is_err());
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    ///
    /// # Errors
    /// The first error of evaluating since the last call.
    pub fn check(&self) -> Result<(), Error> {
        self.lock().failed.take().map_or(Ok(()), Err)
    }

    /// Calls `f` with the equation, for its counts, or where a value stopped being finite.
    pub fn with<R>(&self, f: impl FnOnce(&mut Ode) -> R) -> R {
        f(&mut self.lock().ode)
    }
}

impl Inner {
    /// Keeps the first error, and writes NaN then.
    fn keep(&mut self, output: &mut [f64], f: impl FnOnce(&mut Inner, &mut [f64]) -> Result<(), Error>) {
        if let Err(error) = f(self, output) {
            output.fill(f64::NAN);
            self.failed.get_or_insert(error);
        }
    }

    /// NaN where a product can depend on the component of the vector that is NaN, and 0 elsewhere.
    fn probe(&mut self, which: Product, t: f64, y: &[f64], vector: &[f64], product: &mut [f64]) -> Result<(), Error> {
        if self.probed.is_none() {
            self.ode.jacobian(t, y)?;
            self.ode.parameter_jacobian(t, y)?;
            self.ode.fix_patterns();
            self.probed = Some(self.ode.recordings());
        }
        let matrix = match which {
            Product::Jvp | Product::Vjp => self.ode.jacobian(t, y)?,
            Product::ParameterJvp | Product::ParameterVjp => self.ode.parameter_jacobian(t, y)?,
        };
        product.fill(0.0);
        for (row, col) in matrix.pattern().iter() {
            let (from, to) = match which {
                Product::Jvp | Product::ParameterJvp => (col, row),
                Product::Vjp | Product::ParameterVjp => (row, col),
            };
            if vector[from].is_nan() {
                product[to] = f64::NAN;
            }
        }
        Ok(())
    }

    /// Products do not show a new entry, but the matrices do. They are asked for where the formula was recorded again.
    fn refuse_new_entries(&mut self, t: f64, y: &[f64]) -> Result<(), Error> {
        if self.probed.is_some_and(|seen| seen != self.ode.recordings()) {
            self.ode.jacobian(t, y)?;
            self.ode.parameter_jacobian(t, y)?;
            self.probed = Some(self.ode.recordings());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use diffsol::jacobian::{find_adjoint_non_zeros, find_jacobian_non_zeros};
    use diffsol::{
        DenseMatrix, FaerSparseLU, FaerSparseMat, OdeBuilder, OdeEquations, OdeSolverMethod,
        SensitivitiesOdeSolverMethod, Vector,
    };

    use super::*;

    type Sparse = FaerSparseMat<f64>;
    type Lu = FaerSparseLU<f64>;

    #[test]
    fn a_probe_finds_entries_that_are_zero_at_the_first_state() {
        let ode = Ode::new(|_, y, p| vec![y[0] * y[1] * p[0], y[0]], &[0.0; 2], &[0.0; 2]).unwrap();
        let rhs = Rhs::new(ode);
        let problem = OdeBuilder::<Sparse>::new()
            .p([0.0, 0.0])
            .rhs_adjoint_implicit(rhs.value(), rhs.jvp(), rhs.negative_vjp(), rhs.negative_parameter_vjp())
            .init_adjoint(|_, _, y| y.fill(0.0), |_, _, _, y| y.fill(0.0), 2)
            .build()
            .unwrap();
        let y = diffsol::FaerVec::from_vec(vec![0.0, 0.0], *problem.context());
        let mut found = find_jacobian_non_zeros(&problem.eqn.rhs(), &y, 0.0);
        found.sort_unstable();
        assert_eq!(found, [(0, 0), (0, 1), (1, 0)]);
        let mut found = find_adjoint_non_zeros(&problem.eqn.rhs(), &y, 0.0);
        found.sort_unstable();
        assert_eq!(found, [(0, 0), (0, 1), (1, 0)]);
        let mut product = [7.0; 2];
        rhs.negative_parameter_vjp()(&[0.0; 2], &[0.0; 2], 0.0, &[f64::NAN, 0.0], &mut product);
        assert!(product[0].is_nan() && product[1] == 0.0);
    }

    #[test]
    fn adjoint_products_have_the_sign_that_diffsol_asks_for() {
        let rhs = Rhs::new(Ode::new(|_, y, p| vec![y[0] * y[1], y[1] * p[0]], &[1.0; 2], &[1.0]).unwrap());
        let (y, p, mut product) = ([2.0, 3.0], [5.0], [0.0; 2]);
        rhs.jvp()(&y, &p, 0.0, &[1.0, 10.0], &mut product);
        assert_eq!(product, [23.0, 50.0]);
        rhs.negative_vjp()(&y, &p, 0.0, &[1.0, 10.0], &mut product);
        assert_eq!(product, [-3.0, -52.0]);
        rhs.parameter_jvp()(&y, &p, 0.0, &[10.0], &mut product);
        assert_eq!(product, [0.0, 30.0]);
        rhs.negative_parameter_vjp()(&y, &p, 0.0, &[1.0, 10.0], &mut product[..1]);
        assert_eq!(product[0], -30.0);
        // This is not a probe.
        rhs.jvp()(&y, &p, 0.0, &[f64::NAN, 1.0], &mut product);
        assert!(product[0].is_nan() && product[1] == 5.0);
        assert!(rhs.check().is_ok());
    }

    #[test]
    fn a_branch_with_a_new_entry_is_an_error_unless_it_was_visited() {
        let formula = || {
            let f = |t: wengert::Expr<'_>| t < 0.5;
            Ode::new(move |t, y, _| if f(t) { vec![y[0], y[1]] } else { vec![y[1], y[1]] }, &[1.0; 2], &[]).unwrap()
        };
        let (y, mut product) = ([1.0, 2.0], [0.0; 2]);
        for visited in [false, true] {
            let mut ode = formula();
            if visited {
                ode.visit(&[1.0, 1.0, 1.0]).unwrap();
            }
            let rhs = Rhs::new(ode);
            rhs.jvp()(&y, &[], 0.0, &[f64::NAN, 0.0], &mut product);
            assert!(product[0].is_nan() && product[1] == 0.0);
            rhs.jvp()(&y, &[], 1.0, &[0.0, 1.0], &mut product);
            match visited {
                true => assert_eq!(product, [1.0, 1.0]),
                false => assert!(product[0].is_nan()),
            }
            match rhs.check() {
                Err(Error::NewEntry { row: 0, col: 1 }) => assert!(!visited),
                other => assert!(visited && other.is_ok()),
            }
        }
    }

    #[test]
    fn forward_sensitivities_of_a_decay_are_those_of_its_closed_form_on_another_thread() {
        let rhs = Rhs::new(Ode::new(|_, y, p| vec![-p[0] * y[0]], &[1.0], &[0.5]).unwrap());
        std::thread::spawn(move || {
            let problem = OdeBuilder::<Sparse>::new()
                .p([0.5])
                .rtol(1e-8)
                .atol([1e-10])
                .sens_rtol(1e-8)
                .sens_atol([1e-10])
                .rhs_sens_implicit(rhs.value(), rhs.jvp(), rhs.parameter_jvp())
                .init_sens(|_, _, y| y[0] = 1.0, |_, _, _, y| y[0] = 0.0, 1)
                .build()
                .unwrap();
            let mut solver = problem.bdf_sens::<Lu>().unwrap();
            let (y, sens, _) = solver.solve_dense_sensitivities(&[2.0]).unwrap();
            rhs.check().unwrap();
            let exact = (-1.0_f64).exp();
            assert!((y.get_index(0, 0) - exact).abs() < 1e-6, "{}", y.get_index(0, 0));
            assert!((sens[0].get_index(0, 0) + 2.0 * exact).abs() < 1e-5, "{}", sens[0].get_index(0, 0));
        })
        .join()
        .unwrap();
    }

    #[test]
    fn a_right_hand_side_that_is_nan_fails_the_solver_and_can_be_explained() {
        let rhs = Rhs::new(Ode::new(|_, y, _| vec![y[0].named("depth").sqrt() - 1.0], &[0.5], &[]).unwrap());
        let problem = OdeBuilder::<Sparse>::new()
            .rhs_implicit(rhs.value(), rhs.jvp())
            .init(|_, _, y| y[0] = -1.0, 1)
            .build()
            .unwrap();
        let solved = problem.bdf::<Lu>().and_then(|mut solver| solver.solve_dense(&[1.0]).map(|_| ()));
        assert!(solved.is_err());
        assert!(rhs.check().is_ok());
        let (_, origin) = rhs.with(|ode| ode.explain_nan(&[0.0, -1.0])).unwrap().unwrap();
        assert!(origin.to_string().contains("depth"));
    }
}
