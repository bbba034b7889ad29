//! Functions that equations define: roots, fixed points, minimizers. The values come from [`newton`](crate::newton), the
//! derivatives from the equations.

use std::sync::Arc;

use wengert::{Expr, External, Graph};

use crate::equations::{Equations, Formula, Recording, Stop};
use crate::map::Map;
use crate::matrix::all_finite;
use crate::newton::{self, Method};

/// The solution `y` of `f(y, p) = 0`: as many equations as unknowns. Inputs: the `parameters` of `f`, `p`. Outputs: `y`.
///
/// Newton's method starts from `start` at every call, so the same parameters give the same solution. A step that does not
/// make the residuals smaller is halved. It ends where steps shrink fast and one changes each unknown by at most 1e-12 of it,
/// or where steps or residuals are rounding errors. The iterations are not recorded: a call takes a node for each unknown.
/// Derivatives follow from the equation by the implicit function theorem, `dy/dp = -(df/dy)^-1 df/dp`, and cost a
/// factorization of `df/dy`. Derivatives of every order are possible.
///
/// `f` is recorded in a graph of its own and replayed there; where it branches otherwise, it is recorded anew. It may not
/// capture expressions: what it depends on are its parameters. `name`: as of [`linear_solve`](crate::linear_solve).
/// It may call another [`Map`], and must do so where that has a value: while `f` is recorded, [`Map::call`] panics where
/// there is none, also below the `try_` forms. While it is replayed, that is an error of the call.
///
/// Derivatives as nodes call [`linear_solve`](crate::linear_solve) with the Jacobian. Recording them where it is singular
/// panics, also in `try_` forms; where it becomes singular later, replaying them is an error.
///
/// There is no value, but an error of the call, where the method does not converge, where the Jacobian is singular on the
/// way, and where `f` is not finite. The error says how many steps were taken, and what the residuals are. It is also one of
/// the call if `f` does not give as many equations as there are unknowns, in whatever branch it takes: they are counted
/// each time it is recorded.
///
/// ```
/// use wengert::Graph;
/// use wengert_implicit::root;
///
/// // The y for which y + e^y = x.
/// let y = root("y", &[0.0], 1, |y, x| vec![y[0] + y[0].exp() - x[0]]);
///
/// let mut g = Graph::new();
/// let x = g.leaf(1.0);
/// let l = y.call(&[g.expr(x)])[0].id();
/// assert_eq!((g.value(l), g.gradient(l, &[x]), g.hessian(l, &[x])), (0.0, vec![0.5], vec![vec![-0.125]]));
///
/// // It is solved again at other values.
/// g.set(x, 2.0 + 2f64.exp());
/// g.forward()?;
/// assert!((g.value(l) - 2.0).abs() < 1e-15);
/// # Ok::<(), wengert::Error>(())
/// ```
pub fn root<F>(name: &str, start: &[f64], parameters: usize, f: F) -> Map
where
    F: for<'g> Fn(&[Expr<'g>], &[Expr<'g>]) -> Vec<Expr<'g>> + Send + Sync + 'static,
{
    solved(name, start, parameters, Method::Root, Residuals(f))
}

/// The `y` with `f(y, p) = y` to which the iteration `y <- f(y, p)` leads from `start`. Inputs: the `parameters` of `f`,
/// `p`. Outputs: `y`.
///
/// Up to 1,000 iterations lead near the fixed point; Newton's method finishes. Everything else is as of [`root`].
///
/// ```
/// use wengert_implicit::fixed_point;
///
/// let y = fixed_point("y", &[1.0], 1, |y, p| vec![(y[0] * p[0]).cos()]);
/// let (value, gradient) = wengert::value_and_gradient(|p| y.call(p)[0], &[1.0]);
/// assert!((value - 0.7390851332151607).abs() < 1e-15);
/// assert!((gradient[0] + value * value.sin() / (1.0 + value.sin())).abs() < 1e-15);
/// ```
pub fn fixed_point<F>(name: &str, start: &[f64], parameters: usize, f: F) -> Map
where
    F: for<'g> Fn(&[Expr<'g>], &[Expr<'g>]) -> Vec<Expr<'g>> + Send + Sync + 'static,
{
    solved(name, start, parameters, Method::FixedPoint, Changes(f))
}

/// A local minimizer of `f(y, p)` over `y`. Inputs: the `parameters` of `f`, `p`. Outputs: `y`.
///
/// Newton's method with a line search starts from `start` at every call; where the Hessian is not positive definite, a
/// multiple of the identity is added. At the minimizer `df/dy = 0`, which has its derivatives as in [`root`]. So the
/// Hessian there must be positive definite, and `f` twice differentiable. Everything else is as of [`root`].
///
/// ```
/// use wengert_implicit::minimize;
///
/// let ridge = minimize("ridge", &[0.0], 2, |y, p| (y[0] - p[0]).powi(2) + y[0].powi(2) * p[1]);
/// let (value, gradient) = wengert::value_and_gradient(|p| ridge.call(p)[0], &[3.0, 0.5]);
/// assert_eq!((value, gradient[0]), (2.0, 1.0 / 1.5));
/// assert!((gradient[1] + 3.0 / 2.25).abs() < 1e-15);
/// ```
pub fn minimize<F>(name: &str, start: &[f64], parameters: usize, f: F) -> Map
where
    F: for<'g> Fn(&[Expr<'g>], &[Expr<'g>]) -> Expr<'g> + Send + Sync + 'static,
{
    solved(name, start, parameters, Method::Minimum, Objective(f))
}

fn solved(name: &str, start: &[f64], parameters: usize, method: Method, f: impl Formula + 'static) -> Map {
    let equations = Equations::new(name, start.len(), parameters, f);
    let helpers = equations.helpers();
    Map::new(Arc::new(Solution { name: name.into(), start: start.into(), method, equations }), helpers)
}

/// Equations written as they are.
struct Residuals<F>(F);

impl<F> Formula for Residuals<F>
where
    F: for<'g> Fn(&[Expr<'g>], &[Expr<'g>]) -> Vec<Expr<'g>> + Send + Sync,
{
    fn record<'g>(&self, _: &'g Graph, y: &[Expr<'g>], p: &[Expr<'g>]) -> Result<Recording<'g>, Stop> {
        Ok((self.0(y, p), None))
    }
}

/// Equations `y - f(y, p) = 0`.
struct Changes<F>(F);

impl<F> Formula for Changes<F>
where
    F: for<'g> Fn(&[Expr<'g>], &[Expr<'g>]) -> Vec<Expr<'g>> + Send + Sync,
{
    fn record<'g>(&self, _: &'g Graph, y: &[Expr<'g>], p: &[Expr<'g>]) -> Result<Recording<'g>, Stop> {
        let next = self.0(y, p);
        match next.len() == y.len() {
            true => Ok((y.iter().zip(next).map(|(&y, next)| y - next).collect(), None)),
            false => Err(Stop::Always(format!("the closure gave {} numbers for {} unknowns", next.len(), y.len()))),
        }
    }
}

/// Equations `df/dy = 0`.
struct Objective<F>(F);

impl<F> Formula for Objective<F>
where
    F: for<'g> Fn(&[Expr<'g>], &[Expr<'g>]) -> Expr<'g> + Send + Sync,
{
    fn record<'g>(&self, graph: &'g Graph, y: &[Expr<'g>], p: &[Expr<'g>]) -> Result<Recording<'g>, Stop> {
        let f = self.0(y, p);
        if f.graph().is_none() {
            return Err(Stop::Always("the closure gave a constant, which has no minimum".into()));
        }
        let unknowns: Vec<_> = y.iter().map(|y| y.id()).collect();
        let slopes = graph.try_gradient_nodes(f.id(), &unknowns).map_err(|error| Stop::Here(error.to_string()))?;
        Ok((graph.exprs(&slopes), Some(f)))
    }
}

/// The function.
struct Solution {
    name: String,
    start: Vec<f64>,
    method: Method,
    equations: Equations,
}

impl External for Solution {
    fn name(&self) -> &str {
        &self.name
    }

    fn shape(&self) -> (usize, usize) {
        (self.equations.parameters, self.equations.unknowns)
    }

    fn value(&self, p: &[f64], y: &mut [f64]) -> Result<(), String> {
        if let Some(at) = p.iter().position(|p| !p.is_finite()) {
            return Err(format!("parameter {at} is {}, not a finite number", p[at]));
        }
        y.copy_from_slice(&self.start);
        newton::solve(&self.equations, self.method, p, y)
    }

    fn vjp(&self, p: &[f64], y: &[f64], ybar: &[f64], p_bar: &mut [f64]) -> Result<(), String> {
        if !all_finite(ybar) {
            p_bar.fill(f64::NAN);
            return Ok(());
        }
        self.equations.with(y, p, |recorded| {
            let mut u = ybar.to_vec();
            recorded.solve(true, &mut u)?;
            recorded.negative_vjp(&u, p_bar)
        })
    }

    fn jvp(&self, p: &[f64], y: &[f64], v: &[f64], w: &mut [f64]) -> Result<(), String> {
        if !all_finite(v) {
            w.fill(f64::NAN);
            return Ok(());
        }
        self.equations.with(y, p, |recorded| {
            recorded.negative_jvp(v, w)?;
            recorded.solve(false, w)
        })
    }

    fn pullback<'g>(&self, p: &[Expr<'g>], y: &[Expr<'g>], ybar: &[Expr<'g>]) -> Option<Vec<Expr<'g>>> {
        self.equations.pullback(p, y, ybar)
    }
}
