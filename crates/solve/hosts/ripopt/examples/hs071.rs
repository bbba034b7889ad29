//! Problem 71 of Hock and Schittkowski (1981), with their solution.

use ripopt::{SolveStatus, SolverOptions};
use wengert_ripopt::{Error, Problem};
use wengert_solve::Nlp;

fn main() -> Result<(), Error> {
    let start = [1.0, 5.0, 5.0, 1.0];
    let nlp = Nlp::new(
        |x| {
            let squares = x.iter().map(|x| x.powi(2)).sum();
            (x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2], vec![x[0] * x[1] * x[2] * x[3], squares])
        },
        &start,
    )?;
    let problem = Problem::new(nlp, &start)?.variables(&vec![1.0..=5.0; 4])?;
    let problem = problem.constraints(&[25.0..=f64::INFINITY, 40.0..=40.0])?;
    let result = problem.solve(&SolverOptions { print_level: 0, ..Default::default() })?;
    println!("{:.7} at {:.8?}, {} iterations", result.objective, result.x, result.iterations);
    assert_eq!(result.status, SolveStatus::Optimal);
    assert!((result.objective - 17.0140173).abs() < 1e-6);
    for (x, published) in result.x.iter().zip([1.0, 4.74299963, 3.82114998, 1.37940829]) {
        assert!((x - published).abs() < 1e-6);
    }
    Ok(())
}
