//! A portfolio of 30 uncorrelated assets without short sales (Markowitz 1952), against its closed form: the weight of an
//! asset is `max(0, return - level) / (aversion * variance)`, with the level at which weights add up to 1.

use clarabel::solver::{DefaultSettings, SolverStatus};
use wengert_clarabel::{Error, Subproblem};
use wengert_solve::Nlp;

const ASSETS: usize = 30;
const AVERSION: f64 = 4.0;

fn returns(k: usize) -> f64 {
    0.02 + 0.004 * k as f64
}

fn variance(k: usize) -> f64 {
    (0.05 + 0.01 * k as f64).powi(2)
}

fn main() -> Result<(), Error> {
    let mut nlp = Nlp::new(
        |w| {
            let risk = (0..ASSETS).map(|k| w[k].powi(2) * variance(k)).sum::<wengert::Expr<'_>>();
            let gain = (0..ASSETS).map(|k| w[k] * returns(k)).sum::<wengert::Expr<'_>>();
            let budget = w.iter().copied().sum();
            (risk * (AVERSION / 2.0) - gain, [vec![budget], w.to_vec()].concat())
        },
        &[0.0; ASSETS],
    )?;
    let ranges = [vec![1.0..=1.0], vec![0.0..=f64::INFINITY; ASSETS]].concat();
    let step = Subproblem::new(&mut nlp, &[0.0; ASSETS], &[0.0; ASSETS + 1], &ranges)?.solve(DefaultSettings {
        verbose: false,
        tol_gap_abs: 1e-12,
        tol_gap_rel: 1e-12,
        tol_feas: 1e-12,
        ..Default::default()
    })?;
    assert_eq!(step.status, SolverStatus::Solved);
    let level = step.multipliers[0];
    let exact: Vec<f64> = (0..ASSETS).map(|k| (returns(k) - level).max(0.0) / (AVERSION * variance(k))).collect();
    let error = step.direction.iter().zip(&exact).map(|(w, exact)| (w - exact).abs()).fold(0.0, f64::max);
    println!("level {level:.6}, {} assets held, error {error:.0e}", exact.iter().filter(|&&w| w > 0.0).count());
    assert!(error < 1e-8 && (exact.iter().sum::<f64>() - 1.0).abs() < 1e-8);
    Ok(())
}
