//! A function, with the functions that its derivatives call.

use std::sync::Arc;

use wengert::{External, Scalar};

/// A function that an equation, a minimum, a matrix or a table defines. [`root`](crate::root),
/// [`linear_solve`](crate::linear_solve) and the like make it once; then it is called any number of times, in any number of
/// graphs.
///
/// ```
/// use wengert::Graph;
/// use wengert_implicit::linear_solve;
///
/// let solve = linear_solve("solve", 2);
/// let g = Graph::new();
/// let x = [2.0, 0.0, 0.0, 4.0, 6.0, 8.0].map(|x| g.var(x)); // the rows of the matrix, then the right side
/// let y = solve.call(&x);
/// y[0].backward();
/// assert_eq!([y[0].value(), y[1].value(), x[4].grad()], [3.0, 2.0, 0.5]);
/// ```
#[derive(Clone, Debug)]
pub struct Map {
    function: Arc<dyn External>,
    helpers: Vec<Arc<dyn External>>,
}

impl Map {
    pub(crate) fn new(function: Arc<dyn External>, helpers: Vec<Arc<dyn External>>) -> Map {
        Map { function, helpers }
    }

    /// The outputs at `x`: values over `f64`, tangents over [`wengert::Dual`], a recorded call over [`wengert::Expr`].
    ///
    /// # Panics
    /// With the text of [`wengert::Error::External`] where there is no value, and on a wrong number of inputs.
    /// [`wengert::Graph::try_external`] of [`Map::function`] returns the error.
    #[track_caller]
    pub fn call<T: Scalar>(&self, x: &[T]) -> Vec<T> {
        T::external(&self.function, x)
    }

    /// The function itself, for [`wengert::Graph::external_nodes`] and the like.
    ///
    /// ```
    /// use wengert::Graph;
    /// use wengert_implicit::linear_solve;
    ///
    /// let solve = linear_solve("solve", 1);
    /// let g = Graph::new();
    /// let error = g.try_external_nodes(solve.function().clone(), &g.leaves(&[0.0, 1.0])).unwrap_err();
    /// assert!(error.to_string().contains("singular"));
    /// ```
    pub fn function(&self) -> &Arc<dyn External> {
        &self.function
    }

    /// The function and those that its derivatives call, for loading a program that calls them. Where the closure of an
    /// equation or a minimum calls other maps, the derivatives call those too: add what their `externals` list.
    ///
    /// ```
    /// use wengert_implicit::linear_solve;
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// let solve = linear_solve("solve", 1);
    /// let program = Program::value_and_gradient(&[2.0, 6.0], |x| solve.call(x)[0], &Options::new())?;
    /// let loaded = Program::from_bytes_with(&program.to_bytes(), &solve.externals())?;
    /// let mut out = [0.0; 3];
    /// loaded.eval(&[4.0, 8.0], &mut out, &mut Workspace::new())?;
    /// assert_eq!(out, [2.0, -0.5, 0.25]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn externals(&self) -> Vec<Arc<dyn External>> {
        [&self.function].into_iter().chain(&self.helpers).cloned().collect()
    }
}
