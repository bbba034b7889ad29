//! A function over [`Real`](crate::Real) that is recorded as one node.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use crate::error::Error;
use crate::external::External;
use crate::external::checked::failed;
use crate::number::Function;
use crate::number::expr::Expr;

/// A function of several inputs that [`Graph::call`](crate::Graph::call) records as one node, with the partial
/// derivative with respect to each input. A reverse sweep then multiplies and adds once for each input, however many
/// operations the function has.
///
/// All else runs or records the function: recomputing, second derivatives, derivatives as nodes, programs.
///
/// The partials are computed by [`Function::value_and_gradient`]: over dual numbers for at most
/// [`FORWARD_UP_TO`](crate::FORWARD_UP_TO) inputs. For more inputs they come from a recording; a
/// [`Formula`](crate::Formula) is faster.
///
/// ```
/// use wengert::{Graph, Real, Scalar, Statement, function};
///
/// let area = Statement::new("area", 3, function!(|x| x[0] * x[1] * x[2].sin() * 0.5));
/// let g = Graph::new();
/// let [a, b, angle] = [g.var(2.0), g.var(3.0), g.var(0.5)];
/// let y = g.call(&area, &[a, b, angle]);
/// assert_eq!(g.len(), 4);
/// y.backward();
/// assert!((a.grad() - 3.0 * 0.5_f64.sin() * 0.5).abs() < 1e-15);
/// ```
pub struct Statement<F> {
    named: Arc<Named<F>>,
    /// The same function.
    external: Arc<dyn External>,
}

/// A function with its name and its number of inputs.
struct Named<F> {
    name: Box<str>,
    inputs: usize,
    function: F,
}

impl<F: Function + Send + Sync + 'static> Statement<F> {
    /// A function of `inputs` inputs. The name is for messages, listings and pictures.
    pub fn new(name: &str, inputs: usize, function: F) -> Statement<F> {
        let named = Arc::new(Named { name: name.into(), inputs, function });
        let external: Arc<dyn External> = Arc::<Named<F>>::clone(&named);
        Statement { named, external }
    }

    /// The function.
    ///
    /// ```
    /// use wengert::{Function, Real, Scalar, Statement, function};
    ///
    /// let square = Statement::new("square", 1, function!(|x| x[0] * x[0]));
    /// assert_eq!(square.function().call(&[3.0]), 9.0);
    /// ```
    #[inline(always)]
    pub fn function(&self) -> &F {
        &self.named.function
    }

    #[inline(always)]
    pub(crate) fn external(&self) -> &Arc<dyn External> {
        &self.external
    }

    /// The address of the function, which is that of [`Statement::external`] too.
    #[inline(always)]
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.named).cast::<()>() as usize
    }

    /// Checks the number of inputs.
    #[inline(always)]
    pub(crate) fn takes(&self, given: usize) -> Result<(), Error> {
        match given == self.named.inputs {
            true => Ok(()),
            false => Err(self.wrong_count(given)),
        }
    }

    #[cold]
    fn wrong_count(&self, given: usize) -> Error {
        failed(&*self.external, format!("expected {} inputs, got {given}", self.named.inputs))
    }
}

impl<F> Clone for Statement<F> {
    /// The same function. In a graph, clones are one function.
    fn clone(&self) -> Statement<F> {
        Statement { named: Arc::clone(&self.named), external: Arc::clone(&self.external) }
    }
}

impl<F> fmt::Debug for Statement<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Statement({:?}, {} inputs)", self.named.name, self.named.inputs)
    }
}

impl<F: Function + Send + Sync> External for Named<F> {
    fn name(&self) -> &str {
        &self.name
    }

    fn shape(&self) -> (usize, usize) {
        (self.inputs, 1)
    }

    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        y[0] = self.function.call(x);
        Ok(())
    }

    /// With `ybar` of 1, the partials.
    fn vjp(&self, x: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        xbar.fill(0.0);
        self.function.value_and_gradient(x, xbar);
        xbar.iter_mut().for_each(|bar| *bar = crate::op::kernel::gmul(ybar[0], *bar));
        Ok(())
    }

    fn body<'g>(&self, x: &[Expr<'g>]) -> Option<Expr<'g>> {
        Some(self.function.call(x))
    }

    fn is_statement(&self) -> bool {
        true
    }
}
