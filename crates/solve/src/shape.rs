//! What all shapes can do, whatever they are asked for.

use wengert::NanOrigin;

use crate::core::Core;
use crate::error::Error;
use crate::shared::Shared;

/// What the shapes are made of. Private, so that they alone are shapes.
pub trait HasCore {
    /// The part that all shapes share.
    fn core(&self) -> &Core;
    /// The same, to change.
    fn core_mut(&mut self) -> &mut Core;
}

/// What [`Objective`](crate::Objective), [`System`](crate::System), [`Nlp`](crate::Nlp) and [`Ode`](crate::Ode) have in
/// common.
///
/// A shape owns all that it needs, so it can be moved to another thread. A clone has the programs that were compiled so
/// far, and memory of its own. It shares its counts with the original.
pub trait Shape: Clone + Send + HasCore {
    /// The data, as they were set last.
    ///
    /// ```
    /// use wengert_solve::{Objective, Shape};
    ///
    /// let distance = Objective::with_data(|x, data| (x[0] - data[0]).powi(2), &[1.0], &[3.0])?;
    /// assert_eq!(distance.data(), [3.0]);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    fn data(&self) -> &[f64] {
        self.core().data()
    }

    /// Sets the data. Nothing is recorded or compiled again for it, and data of the same bits change nothing.
    ///
    /// ```
    /// use wengert_solve::{Objective, Shape};
    ///
    /// let mut distance = Objective::with_data(|x, data| (x[0] - data[0]).powi(2), &[1.0], &[3.0])?;
    /// assert_eq!(distance.value(&[1.0])?, 4.0);
    /// distance.set_data(&[11.0])?;
    /// assert_eq!(distance.value(&[1.0])?, 100.0);
    /// assert_eq!(distance.recordings(), 1);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Length`] where there are not as many numbers as before; the data are then those of before.
    fn set_data(&mut self, data: &[f64]) -> Result<(), Error> {
        self.core_mut().set_data(data)
    }

    /// How many times the formula was evaluated, by this shape and its clones: usually once at each point, whatever was
    /// asked for there. Products with vectors are not counted here: see [`Shape::products`].
    ///
    /// ```
    /// use wengert_solve::{Objective, Order, Shape};
    ///
    /// let mut f = Objective::new(|x| x[0] * x[1].exp(), &[2.0, 0.0])?.up_to(Order::Hessian);
    /// for x in [[2.0, 0.0], [3.0, 1.0]] {
    ///     f.value(&x)?;
    ///     f.gradient(&x)?;
    ///     f.hessian(&x)?;
    /// }
    /// assert_eq!(f.evaluations(), 2);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    fn evaluations(&self) -> usize {
        self.core().evaluations()
    }

    /// How many products of a derivative with a vector, and Hessians of a Lagrangian, were computed by this shape and
    /// its clones.
    ///
    /// ```
    /// use wengert_solve::{Objective, Shape};
    ///
    /// let mut f = Objective::new(|x| x[0] * x[1], &[2.0, 3.0])?;
    /// let mut product = [0.0; 2];
    /// f.hvp(&[2.0, 3.0], &[1.0, 10.0], &mut product)?;
    /// assert_eq!((product, f.products(), f.evaluations()), ([10.0, 1.0], 1, 0));
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    fn products(&self) -> usize {
        self.core().products()
    }

    /// How many times the closure was called, by this shape and its clones: once to make the shape, and then where
    /// something is asked for that is not compiled for the branch that the closure takes there.
    ///
    /// ```
    /// use wengert_solve::{Objective, Shape};
    ///
    /// let mut f = Objective::new(|x| if x[0] < 0.0 { -x[0] } else { x[0].powi(2) }, &[1.0])?;
    /// let values = [3.0, -3.0, 4.0, -4.0].map(|x| f.value(&[x]).unwrap());
    /// assert_eq!(values, [9.0, 3.0, 16.0, 4.0]);
    /// assert_eq!((f.recordings(), f.branches()), (2, 2));
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    fn recordings(&self) -> usize {
        self.core().recordings()
    }

    /// How many branches of the closure are compiled.
    fn branches(&self) -> usize {
        self.core().branches()
    }

    /// Keeps at most `most` branches, and at least one; the default is 16. If there are more, the one that was not used for
    /// longest is forgotten, and recorded again when it is needed.
    ///
    /// ```
    /// use wengert_solve::{Objective, Shape};
    ///
    /// let mut f = Objective::new(|x| if x[0] < 0.0 { -x[0] } else { x[0] }, &[1.0])?.keep_branches(1);
    /// for x in [3.0, -3.0, 3.0] {
    ///     assert_eq!(f.value(&[x])?, 3.0);
    /// }
    /// assert_eq!((f.recordings(), f.branches()), (3, 1));
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    fn keep_branches(mut self, most: usize) -> Self {
        self.core_mut().keep_branches(most);
        self
    }

    /// From now on, a branch with an entry that no branch had so far is [`Error::NewEntry`]. For solvers that ask for a
    /// pattern once: usually after [`Shape::visit`] at a point of each branch.
    ///
    /// Without this, a branch with a new entry adds it to the pattern of the matrix.
    ///
    /// ```
    /// use wengert_solve::{Error, Objective, Shape};
    ///
    /// let mut f = Objective::new(|x| if x[0] < 0.0 { x[0] * x[1] } else { x[0].powi(2) }, &[1.0, 1.0])?;
    /// assert_eq!(f.hessian(&[1.0, 1.0])?.to_dense(), [[2.0, 0.0], [0.0, 0.0]]);
    /// f.fix_patterns();
    /// assert!(matches!(f.hessian(&[-1.0, 1.0]), Err(Error::NewEntry { row: 1, col: 0 })));
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    fn fix_patterns(&mut self) {
        self.core_mut().fix_patterns();
    }

    /// Records and compiles the branch that the closure takes at `x` for all that can be asked for, unless it is
    /// compiled. For [`Ode`](crate::Ode), `x` is the time and then the state.
    ///
    /// ```
    /// use wengert_solve::{Objective, Shape};
    ///
    /// let mut f = Objective::new(|x| if x[0] < 0.0 { x[0] * x[1] } else { x[0].powi(2) }, &[1.0, 1.0])?;
    /// f.visit(&[1.0, 1.0])?;
    /// f.visit(&[-1.0, 1.0])?;
    /// f.fix_patterns();
    /// assert_eq!(f.hessian(&[1.0, 1.0])?.pattern().len(), 3);
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    ///
    /// # Errors
    /// As evaluating there.
    fn visit(&mut self, x: &[f64]) -> Result<(), Error> {
        self.core_mut().visit(&[x])
    }

    /// Where a value or a first derivative at `x` stops being finite, with the output concerned; `None` if all are
    /// finite. Records the closure at `x`. For [`Ode`](crate::Ode), `x` is the time and then the state.
    ///
    /// A NaN or an infinity in values or derivatives is not an error by itself: many solvers take a smaller step
    /// then.
    ///
    /// ```
    /// use wengert_solve::{Objective, Shape};
    ///
    /// let mut f = Objective::new(|x| x[0].named("variance").ln(), &[1.0])?;
    /// assert_eq!(f.value(&[0.0])?, f64::NEG_INFINITY);
    /// let (output, origin) = f.explain_nan(&[0.0])?.expect("not finite");
    /// assert!(output == 0 && origin.to_string().contains("variance"));
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Length`], and those of recording.
    fn explain_nan(&self, x: &[f64]) -> Result<Option<(usize, NanOrigin)>, Error> {
        self.core().explain_nan(&[x])
    }

    /// [`Shape::explain_nan`] as an error, for solvers that go on with finite numbers only.
    ///
    /// ```
    /// use wengert_solve::{Error, Objective, Shape};
    ///
    /// let f = Objective::new(|x| x[0].ln(), &[1.0])?;
    /// assert!(f.check_finite(&[2.0]).is_ok());
    /// assert!(matches!(f.check_finite(&[-2.0]), Err(Error::NotFinite { output: 0, .. })));
    /// # Ok::<(), wengert_solve::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFinite`], and those of [`Shape::explain_nan`].
    fn check_finite(&self, x: &[f64]) -> Result<(), Error> {
        match self.explain_nan(x)? {
            None => Ok(()),
            Some((output, origin)) => Err(Error::NotFinite { output, origin: Box::new(origin) }),
        }
    }

    /// Lets several threads evaluate the shape by `&self`.
    fn shared(self) -> Shared<Self>
    where
        Self: Sized,
    {
        Shared::new(self)
    }
}

/// Makes a struct around a core a shape.
macro_rules! shape {
    ($name:ident) => {
        impl crate::shape::HasCore for $name {
            fn core(&self) -> &Core {
                &self.core
            }
            fn core_mut(&mut self) -> &mut Core {
                &mut self.core
            }
        }
        impl crate::shape::Shape for $name {}
    };
}
pub(crate) use shape;
