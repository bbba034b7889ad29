//! The effect of coaching in eight schools (Rubin 1981), non-centered: four chains on threads, against the means of
//! long runs.

use nuts_rs::DiagNutsSettings;
use wengert_nuts_rs::{Error, LogDensity, Support, sample};
use wengert_solve::Shape;

const EFFECT: [f64; 8] = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0];
const ERROR: [f64; 8] = [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0];

fn main() -> Result<(), Error> {
    // mu, tau, and the standardized effect of each school.
    let mut supports = [Support::Real; 10];
    supports[1] = Support::Above(0.0);
    let mut density = LogDensity::new(&supports, |x| {
        let (mu, tau, standard) = (x[0], x[1], &x[2..]);
        let mut log_density = (mu / 5.0).powi(2) * -0.5 - ((tau / 5.0).powi(2) + 1.0).ln();
        for ((&effect, &error), &z) in EFFECT.iter().zip(&ERROR).zip(standard) {
            log_density -= z.powi(2) * 0.5 + ((mu + tau * z - effect) / error).powi(2) * 0.5;
        }
        log_density
    })?;
    let settings = DiagNutsSettings { num_tune: 1000, num_draws: 10_000, num_chains: 4, seed: 1, ..Default::default() };
    let chains = sample(&density, settings)?;
    let mean = |of: fn(&[f64]) -> f64| {
        let draws = chains.iter().flatten();
        draws.map(|draw| of(draw)).sum::<f64>() / 40_000.0
    };
    let means = [mean(|x| x[0]), mean(|x| x[1]), mean(|x| x[0] + x[1] * x[2])];
    println!("means of mu, tau, theta_1: {means:.2?}, {} gradients", density.objective().evaluations());
    for (mean, published) in means.iter().zip([4.4, 3.6, 6.2]) {
        assert!((mean - published).abs() < 0.3);
    }
    Ok(())
}
