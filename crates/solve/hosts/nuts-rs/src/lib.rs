//! Sampling by [nuts-rs](https://docs.rs/nuts-rs/0.19) 0.19, with exact gradients of a log-density.
//!
//! ```
//! use nuts_rs::DiagNutsSettings;
//! use wengert_nuts_rs::{LogDensity, Support, sample};
//!
//! // The exponential distribution, whose mean is 1.
//! let density = LogDensity::new(&[Support::Above(0.0)], |x| -x[0])?;
//! let settings = DiagNutsSettings { num_tune: 300, num_draws: 2000, num_chains: 2, ..Default::default() };
//! let chains = sample(&density, settings)?;
//! let draws: Vec<f64> = chains.iter().flatten().map(|draw| draw[0]).collect();
//! assert_eq!(draws.len(), 4000);
//! assert!((draws.iter().sum::<f64>() / 4000.0 - 1.0).abs() < 0.15);
//! # Ok::<(), wengert_nuts_rs::Error>(())
//! ```

mod transform;

use std::collections::HashMap;

use nuts_rs::rand::rngs::ChaCha8Rng;
use nuts_rs::rand::{Rng, RngExt, SeedableRng};
use nuts_rs::{Chain, CpuLogpFunc, CpuMath, CpuMathError, DiagNutsSettings, HasDims, LogpError, Settings};
use wengert::Expr;
use wengert_solve::{Objective, Order, Shape};

pub use transform::Support;

/// Why there is no log-density, or no sample.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Recording, compiling or running failed.
    #[error(transparent)]
    Solve(#[from] wengert_solve::Error),
    /// A parameter has bounds between which no number is.
    #[error("parameter {parameter} cannot be {support:?}: give finite bounds, the lower one first")]
    Support {
        /// Which parameter.
        parameter: usize,
        /// What it was said to be.
        support: Support,
    },
    /// The log-density or its gradient is NaN or infinite at a point. The sampler counts a divergence and goes on.
    #[error("the log-density or its gradient is not finite at {unconstrained:?}: see LogDensity::check_finite")]
    NotFinite {
        /// The point, in numbers without bounds.
        unconstrained: Vec<f64>,
    },
    /// The sampler failed.
    #[error("{0}")]
    Sampler(String),
}

impl LogpError for Error {
    fn is_recoverable(&self) -> bool {
        matches!(self, Error::NotFinite { .. })
    }
}

/// A log-density of parameters, up to a constant. The sampler sees numbers without bounds; the logarithm of the
/// derivative of the transform is added.
///
/// A clone is for another chain; see [`sample`].
#[derive(Clone, Debug)]
pub struct LogDensity {
    objective: Objective,
    supports: Vec<Support>,
}

impl LogDensity {
    /// The log-density that a closure computes from parameters with these supports.
    ///
    /// # Errors
    /// [`Error::Support`], and those of recording and compiling.
    pub fn new<F>(supports: &[Support], f: F) -> Result<LogDensity, Error>
    where
        F: for<'g> Fn(&[Expr<'g>]) -> Expr<'g> + Send + Sync + 'static,
    {
        LogDensity::with_data(supports, move |x, _| f(x), &[])
    }

    /// The same from parameters and data, which can be set without recording again.
    ///
    /// # Errors
    /// As [`LogDensity::new`].
    pub fn with_data<F>(supports: &[Support], f: F, data: &[f64]) -> Result<LogDensity, Error>
    where
        F: for<'g> Fn(&[Expr<'g>], &[Expr<'g>]) -> Expr<'g> + Send + Sync + 'static,
    {
        if let Some(parameter) = supports.iter().position(|support| !support.is_possible()) {
            return Err(Error::Support { parameter, support: supports[parameter] });
        }
        let of = supports.to_vec();
        let objective = Objective::with_data(
            move |u, data| {
                let mut parameters = Vec::with_capacity(u.len());
                let mut slopes = Expr::constant(0.0);
                for (support, &u) in of.iter().zip(u) {
                    let (parameter, log_slope) = support.constrained(u);
                    parameters.push(parameter);
                    slopes += log_slope;
                }
                f(&parameters, data) + slopes
            },
            &vec![0.0; supports.len()],
            data,
        )?;
        Ok(LogDensity { objective: objective.up_to(Order::Gradient), supports: supports.to_vec() })
    }

    /// The function of the numbers without bounds, for its counts and to set its data.
    pub fn objective(&mut self) -> &mut Objective {
        &mut self.objective
    }

    /// Where the log-density or its gradient stops being finite, as an error.
    ///
    /// # Errors
    /// [`wengert_solve::Error::NotFinite`], and those of recording.
    pub fn check_finite(&self, unconstrained: &[f64]) -> Result<(), Error> {
        Ok(self.objective.check_finite(unconstrained)?)
    }

    /// The parameters of numbers without bounds.
    fn constrained(&self, unconstrained: &[f64]) -> Vec<f64> {
        self.supports.iter().zip(unconstrained).map(|(support, &u)| support.constrained(u).0).collect()
    }
}

impl HasDims for LogDensity {
    fn dim_sizes(&self) -> HashMap<String, u64> {
        HashMap::from([("unconstrained_parameter".into(), self.supports.len() as u64)])
    }
}

impl CpuLogpFunc for LogDensity {
    type LogpError = Error;
    type FlowParameters = ();
    type ExpandedVector = Vec<f64>;

    fn dim(&self) -> usize {
        self.supports.len()
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> Result<f64, Error> {
        let value = self.objective.value_gradient(position, gradient)?;
        match value.is_finite() && gradient.iter().all(|slope| slope.is_finite()) {
            true => Ok(value),
            false => Err(Error::NotFinite { unconstrained: position.to_vec() }),
        }
    }

    fn expand_vector<R: Rng + ?Sized>(&mut self, _: &mut R, position: &[f64]) -> Result<Vec<f64>, CpuMathError> {
        Ok(self.constrained(position))
    }
}

/// Samples chains of parameters, each on a thread of its own: as many as `settings.num_chains`, with
/// `settings.num_draws` draws each after tuning. A chain starts where all numbers without bounds are uniform between -2
/// and 2, as in Stan. The seed determines the draws.
///
/// # Errors
/// [`Error::Sampler`] where 100 starts in a row have no finite log-density, where the settings are invalid, or where
/// the density fails.
///
/// # Panics
/// Where the closure of the density panics.
pub fn sample(density: &LogDensity, settings: DiagNutsSettings) -> Result<Vec<Vec<Vec<f64>>>, Error> {
    std::thread::scope(|threads| {
        let chain = |chain: u64| {
            let density = density.clone();
            threads.spawn(move || sample_chain(density, settings, chain))
        };
        let running: Vec<_> = (0..settings.num_chains as u64).map(chain).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        running.into_iter().map(join).collect()
    })
}

fn sample_chain(density: LogDensity, settings: DiagNutsSettings, chain: u64) -> Result<Vec<Vec<f64>>, Error> {
    const STARTS: usize = 100;
    let failed = |error: &dyn std::fmt::Display| Error::Sampler(format!("{error:#}"));
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    rng.set_stream(chain);
    let math = CpuMath::new(density.clone());
    let mut sampler = settings.new_chain(chain, math, &mut rng).map_err(|error| failed(&error))?;
    let mut start = || -> Vec<f64> { (0..density.supports.len()).map(|_| rng.random_range(-2.0..2.0)).collect() };
    let mut tried = sampler.set_position(&start());
    for _ in 1..STARTS {
        match tried {
            Ok(()) => break,
            Err(_) => tried = sampler.set_position(&start()),
        }
    }
    tried.map_err(|error| failed(&error))?;
    let mut draws = Vec::with_capacity(settings.num_draws as usize);
    for draw in 0..settings.num_tune + settings.num_draws {
        let (position, _) = sampler.draw().map_err(|error| failed(&error))?;
        if draw >= settings.num_tune {
            draws.push(density.constrained(&position));
        }
    }
    Ok(draws)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transforms_have_the_derivatives_that_they_say() {
        for support in [Support::Real, Support::Above(-3.0), Support::Below(5.0), Support::Between(-1.0, 7.0)] {
            for u in [-30.0, -1.5, 0.0, 0.7, 30.0] {
                let (_, gradient) = wengert::value_and_gradient(|u| support.constrained(u[0]).0, &[u]);
                let log_slope = support.constrained(u).1;
                assert!((gradient[0].abs().ln() - log_slope).abs() < 1e-12, "{support:?} at {u}");
            }
        }
    }

    #[test]
    fn bounds_that_no_number_is_between_are_refused() {
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        for support in [
            Support::Between(3.0, 1.0),
            Support::Between(1.0, 1.0),
            Support::Between(nan, 1.0),
            Support::Between(1.0, nan),
            Support::Between(0.0, inf),
            Support::Between(f64::MIN, f64::MAX),
            Support::Above(nan),
            Support::Above(-inf),
            Support::Below(nan),
            Support::Below(inf),
        ] {
            let error = LogDensity::new(&[Support::Real, support], |x| -x[0].powi(2)).unwrap_err();
            assert!(matches!(error, Error::Support { parameter: 1, .. }), "{error}");
            assert!(error.to_string().contains(&format!("{support:?}")), "{error}");
        }
        LogDensity::new(&[Support::Between(-1.0, -0.5), Support::Below(-2.0)], |x| x[0] * x[1]).unwrap();
    }

    #[test]
    fn the_seed_determines_the_draws() {
        let density = LogDensity::new(&[Support::Real, Support::Above(0.0)], |x| -x[0].powi(2) - x[1]).unwrap();
        let settings =
            |seed| DiagNutsSettings { num_tune: 50, num_draws: 20, num_chains: 2, seed, ..Default::default() };
        let draws = sample(&density, settings(1)).unwrap();
        assert_eq!(draws, sample(&density, settings(1)).unwrap());
        assert_ne!(draws, sample(&density, settings(2)).unwrap());
        assert_ne!(draws[0], draws[1]);
        assert!(draws.iter().flatten().all(|draw| draw[1] > 0.0));
    }

    #[test]
    fn a_density_that_is_nowhere_finite_is_an_error() {
        let density = LogDensity::new(&[Support::Real], |x| (x[0] * 0.0 - 1.0).ln()).unwrap();
        let settings = DiagNutsSettings { num_tune: 5, num_draws: 5, num_chains: 1, ..Default::default() };
        assert!(matches!(sample(&density, settings), Err(Error::Sampler(_))));
        assert!(density.check_finite(&[0.0]).is_err());
    }
}
