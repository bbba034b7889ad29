//! Fits a normal distribution to a density that is known up to a factor, by gradients through random draws.
//!
//! A draw of rand_distr's `Normal::new(mean, deviation)` over `Var` is `mean + deviation * z`, with a constant `z`: it is
//! differentiated with respect to mean and deviation (reparameterization: Kingma and Welling, Auto-Encoding Variational
//! Bayes, 2014). What is made small is the mean of `ln q(x) - ln p(x)` over draws from `q`. `p` is normal here, so the
//! right answer is known.

use rand_distr::{Distribution, Normal};
use wengert::Graph;
use wengert_var::{Var, record};

/// Mean and deviation of the density that is to be found.
const TARGET: [f64; 2] = [1.0, 0.5];
const DRAWS: usize = 64;

pub(crate) fn main() {
    let mut rng = <rand::rngs::SmallRng as rand::SeedableRng>::seed_from_u64(1);
    let mut g = Graph::new();
    let parameters = g.leaves(&[-1.0, 0.5]); // mean, logarithm of the deviation
    let start = g.mark();
    let mut values = [-1.0, 0.5];
    for step in 0..400 {
        g.rewind(start);
        g.set(parameters[0], values[0]);
        g.set(parameters[1], values[1]);
        let loss = record(&mut g, || {
            let [mean, log_deviation] = [parameters[0], parameters[1]].map(Var::from);
            let normal = Normal::new(mean, log_deviation.exp()).expect("the deviation is finite");
            let draws = normal.sample_iter(&mut rng).take(DRAWS);
            // ln q is -log_deviation and what does not depend on the parameters.
            let ln_p = draws.map(|x| -((x - TARGET[0]) / TARGET[1]).powi(2) * 0.5).sum::<Var>() / DRAWS as f64;
            -log_deviation - ln_p
        });
        let gradient = g.gradient(loss.id(), &parameters);
        let rate = 0.1 / (1.0 + 0.02 * f64::from(step));
        for (value, slope) in values.iter_mut().zip(gradient) {
            *value -= rate * slope;
        }
        if step % 80 == 0 {
            println!("step {step}: mean {:.3}, deviation {:.3}", values[0], values[1].exp());
        }
    }
    println!("found {:.3}, {:.3}; right are {:.3}, {:.3}", values[0], values[1].exp(), TARGET[0], TARGET[1]);
    assert!((values[0] - TARGET[0]).abs() < 0.03 && (values[1].exp() - TARGET[1]).abs() < 0.03);
}
