//! Functions of the user's own.
//!
//! [`External`] is what a user implements. `checked` calls it, and makes errors of what it does wrong. The tape stores
//! which function an entry calls ([`tape/calls.rs`](crate::tape::calls)), and each sweep has a step for it
//! ([`sweep/external.rs`](crate::sweep::external)).
//!
//! A [`Statement`](statement::Statement) is an [`External`] made of a function over [`Real`](crate::Real). Its partials are
//! on the tape. A [`Formula`](formula::Formula) is a function that computes its partials without a tape.

pub(crate) mod checked;
pub(crate) mod formula;
pub(crate) mod second;
pub(crate) mod statement;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use smallvec::{SmallVec, smallvec};

use crate::error::Error;
use crate::graph::Graph;
use crate::number::expr::Expr;

/// A function that the engine does not know: a table, a solver, a call into another library. It has `n` inputs and `m`
/// outputs, and says itself what its derivatives are. [`Graph::external`](crate::Graph::external) records it.
///
/// A call is a node for each output, however the function computes them. It is computed anew by
/// [`Graph::forward`](crate::Graph::forward), and both sweeps go through it.
///
/// | implemented | what works |
/// |--|--|
/// | `value`, `vjp` | values, replay, gradients, Jacobians, patterns |
/// | `jvp` | the same; sweeps forward cost one call instead of `m` |
/// | `hvp` | Hessians and Hessian-vector products as numbers |
/// | `pullback` | these too, derivatives as nodes ([`Graph::gradient_nodes`](crate::Graph::gradient_nodes)), of any order, and Taylor series |
///
/// If something is asked for that needs a method which is not implemented, that is an
/// [`Error::External`](crate::Error::External), which names the function.
///
/// The same inputs must give the same outputs: the engine may call the function as often as it likes, and from several
/// threads. Every buffer for results must be written in full; a result that is not written is an error. So is a NaN if all
/// numbers that the function got are finite: a function that has no value there returns an `Err` with a text that says
/// why. A panic passes through the engine, and leaves the graph as it was.
///
/// ```
/// use std::sync::Arc;
/// use wengert::{External, Graph};
///
/// /// Kepler's equation: the `e` for which `e - x[1] * sin(e)` is `x[0]`.
/// #[derive(Debug)]
/// struct Kepler;
///
/// impl External for Kepler {
///     fn name(&self) -> &str {
///         "kepler"
///     }
///     fn shape(&self) -> (usize, usize) {
///         (2, 1)
///     }
///     fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
///         let mut e = x[0];
///         for _ in 0..50 {
///             e -= (e - x[1] * e.sin() - x[0]) / (1.0 - x[1] * e.cos());
///         }
///         y[0] = e;
///         Ok(())
///     }
///     fn vjp(&self, x: &[f64], y: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
///         let slope = ybar[0] / (1.0 - x[1] * y[0].cos());
///         xbar.copy_from_slice(&[slope, slope * y[0].sin()]);
///         Ok(())
///     }
/// }
///
/// let g = Graph::new();
/// let [mean, eccentricity] = [g.var(1.0), g.var(0.3)];
/// let anomaly = g.external(Arc::new(Kepler), &[mean, eccentricity])[0];
/// assert!((anomaly - eccentricity * anomaly.sin() - mean).value().abs() < 1e-15);
/// anomaly.sin().backward();
/// assert!((mean.grad() - anomaly.value().cos() / (1.0 - 0.3 * anomaly.value().cos())).abs() < 1e-15);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a function with a derivative of its own",
    note = "implement `wengert::External`: a name, a shape, `value` and `vjp`",
    note = "a formula of the library's ops needs no `External`: call it, or make it a `wengert::Statement`"
)]
pub trait External: Send + Sync {
    /// The name, for messages, pictures and files.
    fn name(&self) -> &str;

    /// How many inputs and outputs there are. Must not change.
    fn shape(&self) -> (usize, usize);

    /// Writes the outputs at the inputs `x` to `y`.
    ///
    /// # Errors
    /// A text that says why there is no value at `x`.
    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String>;

    /// The vector-Jacobian product: writes to `xbar[i]` the sum over the outputs `k` of `ybar[k] * dy[k]/dx[i]`. `y` are
    /// the outputs at `x`.
    ///
    /// # Errors
    /// A text that says why there is no derivative at `x`.
    fn vjp(&self, x: &[f64], y: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String>;

    /// The Jacobian-vector product: writes to `w[k]` the sum over the inputs `i` of `dy[k]/dx[i] * v[i]`. By default, it is
    /// computed by a `vjp` for each output, with memory for two lists.
    ///
    /// # Errors
    /// As [`External::vjp`].
    fn jvp(&self, x: &[f64], y: &[f64], v: &[f64], w: &mut [f64]) -> Result<(), String> {
        let mut ybar: SmallVec<[f64; 16]> = smallvec![0.0; y.len()];
        let mut xbar: SmallVec<[f64; 16]> = smallvec![0.0; x.len()];
        for k in 0..y.len() {
            xbar.fill(checked::UNWRITTEN);
            ybar[k] = 1.0;
            self.vjp(x, y, &ybar, &mut xbar)?;
            ybar[k] = 0.0;
            checked::written("vjp", &xbar)?;
            // A partial that meets no tangent does not matter, even if it is infinite.
            w[k] = xbar.iter().zip(v).filter(|(_, v)| **v != 0.0).fold(0.0, |sum, (partial, v)| sum + partial * v);
        }
        Ok(())
    }

    /// The derivative of [`External::vjp`] along `v`: writes to `xdot[i]` the sum over `k` and `j` of
    /// `ybar[k] * d2y[k]/dx[i]dx[j] * v[j]`. The default is `None`. Without this method, Hessians need
    /// [`External::pullback`].
    fn hvp(&self, x: &[f64], y: &[f64], ybar: &[f64], v: &[f64], xdot: &mut [f64]) -> Option<Result<(), String>> {
        let _ = (x, y, ybar, v, xdot);
        None
    }

    /// The vector-Jacobian product as expressions, one for each input, for derivatives as nodes and of higher order.
    /// They may use the inputs `x`, the outputs `y` and other externals. The default is `None`.
    ///
    /// It must be linear in `ybar`. As in any formula that is replayed, a branch on [`Expr::value`] is not checked.
    fn pullback<'g>(&self, x: &[Expr<'g>], y: &[Expr<'g>], ybar: &[Expr<'g>]) -> Option<Vec<Expr<'g>>> {
        let _ = (x, y, ybar);
        None
    }

    /// Whether the output can depend on the input, for sparse derivatives. Must hold at all inputs. By default, every
    /// output depends on every input.
    fn depends(&self, output: usize, input: usize) -> bool {
        let _ = (output, input);
        true
    }

    /// The value as an expression, for a [`Statement`](crate::Statement).
    #[doc(hidden)]
    fn body<'g>(&self, x: &[Expr<'g>]) -> Option<Expr<'g>> {
        let _ = x;
        None
    }

    /// Whether it is a [`Statement`](crate::Statement), which has a body and cannot fail.
    #[doc(hidden)]
    fn is_statement(&self) -> bool {
        false
    }
}

/// The name and the shape.
impl fmt::Debug for dyn External {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (inputs, outputs) = self.shape();
        write!(f, "External({:?}, {inputs} inputs, {outputs} outputs)", self.name())
    }
}

/// The pullback of the function, recorded in this graph. `None` where the function has none.
///
/// # Errors
/// [`Error::External`] on a wrong number of expressions, [`Error::MixedGraphs`] on one of another graph.
pub(crate) fn recorded<'g>(
    f: &dyn External,
    graph: &Graph,
    x: &[Expr<'g>],
    y: &[Expr<'g>],
    ybar: &[Expr<'g>],
) -> Result<Option<Vec<Expr<'g>>>, Error> {
    let Some(xbar) = f.pullback(x, y, ybar) else {
        return Ok(None);
    };
    if xbar.len() != x.len() {
        let what = format!("pullback returned {} expressions for {} inputs", xbar.len(), x.len());
        return Err(checked::failed(f, what));
    }
    match xbar.iter().filter_map(|bar| bar.graph()).all(|other| core::ptr::eq(other, graph)) {
        true => Ok(Some(xbar)),
        false => Err(Error::MixedGraphs),
    }
}
