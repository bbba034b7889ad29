//! The extended Rosenbrock function of 1,000 variables (More, Garbow, Hillstrom 1981), whose minimum is 0 at (1, ...,
//! 1), by L-BFGS, by Newton's method with conjugate gradients, and by a trust region.

use argmin::core::{Error, Executor, IterState, OptimizationResult, Solver};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::newton::NewtonCG;
use argmin::solver::quasinewton::LBFGS;
use argmin::solver::trustregion::{Steihaug, TrustRegion};
use wengert::Expr;
use wengert_argmin::Minimize;
use wengert_solve::{Objective, Order};

fn rosenbrock<'g>(x: &[Expr<'g>]) -> Expr<'g> {
    x.chunks(2).map(|x| (x[1] - x[0].powi(2)).powi(2) * 100.0 + (1.0 - x[0]).powi(2)).sum()
}

fn minimize<S, H>(name: &str, solver: S, order: Order, scale: f64) -> Result<(), Error>
where
    S: Solver<Minimize, IterState<Vec<f64>, Vec<f64>, (), H, (), f64>>,
    IterState<Vec<f64>, Vec<f64>, (), H, (), f64>: argmin::core::State<Param = Vec<f64>, Float = f64>,
{
    let start = [-1.2, 1.0].repeat(500);
    let f = Minimize::new(Objective::new(move |x| rosenbrock(x) * scale, &start)?.up_to(order));
    let OptimizationResult { problem, state, .. } =
        Executor::new(f, solver).configure(|state| state.param(start).max_iters(100)).run()?;
    let x = state.best_param.expect("an iteration was made");
    let error = x.iter().map(|x| (x - 1.0).abs()).fold(0.0, f64::max);
    let evaluations = problem.problem.expect("argmin gives it back").evaluations();
    let calls: u64 = problem.counts.values().sum();
    println!("{name:13} error {error:.0e}, {} iterations, {calls} calls, {evaluations} evaluations", state.iter);
    assert!(error < 1e-6);
    Ok(())
}

fn main() -> Result<(), Error> {
    minimize("L-BFGS", LBFGS::new(MoreThuenteLineSearch::new(), 7), Order::Gradient, 1.0)?;
    // Newton-CG stops conjugate gradients at a residual whose square is about the norm of the gradient: a larger scale
    // makes its steps more accurate.
    let newton = NewtonCG::new(MoreThuenteLineSearch::new()).with_tolerance(1e-9)?;
    minimize("Newton-CG", newton, Order::Hessian, 1e6)?;
    minimize("trust region", TrustRegion::new(Steihaug::new().with_max_iters(1000)), Order::Hessian, 1.0)
}
