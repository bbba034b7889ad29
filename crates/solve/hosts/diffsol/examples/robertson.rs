//! Robertson's reactions (1966), which are stiff: concentrations as published (Hairer and Wanner, Solving Ordinary
//! Differential Equations II), and derivatives of one with respect to the rates by adjoints, against differences.

use std::error::Error;

use diffsol::{
    AdjointOdeSolverMethod, DenseMatrix, FaerMat, FaerSparseLU, FaerSparseMat, Matrix, OdeBuilder, OdeSolverMethod,
    OdeSolverState, Vector,
};
use wengert::Expr;
use wengert_diffsol::Rhs;
use wengert_solve::Ode;

type Lu = FaerSparseLU<f64>;
const START: [f64; 3] = [1.0, 0.0, 0.0];
const RATES: [f64; 3] = [0.04, 1e4, 3e7];

fn reactions<'g>(_time: Expr<'g>, y: &[Expr<'g>], k: &[Expr<'g>]) -> Vec<Expr<'g>> {
    let (first, second, third) = (k[0] * y[0], k[2] * y[1].powi(2), k[1] * y[1] * y[2]);
    vec![third - first, first - third - second, second]
}

/// The concentrations at time 40, and the derivatives of the first with respect to the rates.
fn solve(rates: [f64; 3]) -> Result<(Vec<f64>, Vec<f64>), Box<dyn Error>> {
    let rhs = Rhs::new(Ode::new(reactions, &START, &rates)?);
    let mut problem = OdeBuilder::<FaerSparseMat<f64>>::new()
        .p(rates)
        .rtol(1e-9)
        .atol([1e-10, 1e-12, 1e-10])
        .rhs_adjoint_implicit(rhs.value(), rhs.jvp(), rhs.negative_vjp(), rhs.negative_parameter_vjp())
        .init_adjoint(|_, _, y| y.copy_from_slice(&START), |_, _, _, y| y.fill(0.0), 3)
        .build()?;
    // The adjoints jump where the state is weighted, and first take tiny steps there.
    problem.ode_options.min_timestep = 1e-30;
    let mut forward = problem.bdf::<Lu>()?;
    let (checkpoints, y, _) = forward.solve_dense_with_checkpointing(&[40.0], None)?;
    let mut weights = FaerMat::<f64>::zeros(3, 1, *y.context());
    weights.set_index(0, 0, 1.0);
    let backward = problem.bdf_solver_adjoint::<Lu, _>(checkpoints, Some(forward), Some(1))?;
    let (state, _) = backward.solve_adjoint_backwards_pass(&[40.0], &[&weights])?;
    rhs.check()?;
    Ok(((0..3).map(|k| y.get_index(k, 0)).collect(), state.as_ref().sg.clone_as_vec()))
}

fn main() -> Result<(), Box<dyn Error>> {
    let (y, derivatives) = solve(RATES)?;
    println!("at 40: {:.4e} {:.4e} {:.4e}", y[0], y[1], y[2]);
    assert!(y.iter().zip([0.7158, 9.185e-6, 0.2842]).all(|(y, published)| (y / published - 1.0).abs() < 2e-4));
    for k in 0..3 {
        let at =
            |factor: f64| solve([0, 1, 2].map(|j| RATES[j] * if j == k { factor } else { 1.0 })).map(|(y, _)| y[0]);
        let difference = (at(1.001)? - at(0.999)?) / (0.002 * RATES[k]);
        println!("by rate {k}: adjoint {:.6e}, difference {difference:.6e}", derivatives[k]);
        assert!((derivatives[k] / difference - 1.0).abs() < 1e-4);
    }
    Ok(())
}
