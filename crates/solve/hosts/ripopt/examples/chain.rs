//! A chain of 2,000 variables with 1,998 nonlinear equations: problem 5.1 of Luksan and Vlcek (1999), Rosenbrock's
//! function with trigonometric and exponential constraints. What is left of the conditions of Karush, Kuhn and Tucker
//! is below 1e-8.

use ripopt::{SolveStatus, SolverOptions};
use wengert::Expr;
use wengert_ripopt::{Error, Problem};
use wengert_solve::{Nlp, Shape};

fn chain<'g>(x: &[Expr<'g>]) -> (Expr<'g>, Vec<Expr<'g>>) {
    let objective = x.windows(2).map(|x| (x[0].powi(2) - x[1]).powi(2) * 100.0 + (x[0] - 1.0).powi(2)).sum();
    let equation = |x: &[Expr<'g>]| {
        let waves = (x[1] - x[2]).sin() * (x[1] + x[2]).sin();
        x[1].powi(3) * 3.0 + x[2] * 2.0 - 5.0 + waves + x[1] * 4.0 - x[0] * (x[0] - x[1]).exp() - 3.0
    };
    (objective, x.windows(3).map(equation).collect())
}

fn main() -> Result<(), Error> {
    let start = [-1.2, 1.0].repeat(1000);
    let problem = Problem::new(Nlp::new(chain, &start)?, &start)?;
    let options =
        SolverOptions { print_level: 0, tol: 1e-9, constr_viol_tol: 1e-9, dual_inf_tol: 1e-9, ..Default::default() };
    let result = problem.solve(&options)?;
    let (lagrangian, violation) = problem.with(|nlp| -> Result<(f64, f64), Error> {
        let mut slopes = nlp.gradient(&result.x)?.to_vec();
        for (row, col, slope) in nlp.jacobian(&result.x)?.triplets() {
            slopes[col] += slope * result.constraint_multipliers[row];
        }
        let largest = |numbers: &[f64]| numbers.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        Ok((largest(&slopes), largest(nlp.constraints(&result.x)?)))
    })?;
    let (evaluations, hessians) = problem.with(|nlp| (nlp.evaluations(), nlp.products()));
    println!("objective {:.6}, gradient {lagrangian:.0e}, constraints {violation:.0e}", result.objective);
    println!("{} iterations, {evaluations} evaluations, {hessians} Hessians", result.iterations);
    assert_eq!(result.status, SolveStatus::Optimal);
    assert!(lagrangian < 1e-8 && violation < 1e-8);
    Ok(())
}
