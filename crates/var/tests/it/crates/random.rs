//! rand_distr: a draw is a constant, and parameters have derivatives (reparameterization).

use num_traits::{Float, FloatConst};
use rand::SeedableRng;
use rand_distr::{
    Cauchy, Distribution, Exp, Exp1, Frechet, Gumbel, LogNormal, Normal, Open01, OpenClosed01, Pareto, SkewNormal,
    StandardNormal, StandardUniform, Triangular, Weibull,
};
use wengert::Graph;
use wengert_var::{Var, record};

use super::check;

/// A generator whose numbers are the same at each call.
pub(crate) fn generator() -> impl rand::Rng {
    rand::rngs::SmallRng::seed_from_u64(7)
}

fn draws<T: Float + FloatConst>(x: &[T]) -> Vec<T>
where
    StandardNormal: Distribution<T>,
    Exp1: Distribution<T>,
    StandardUniform: Distribution<T>,
    Open01: Distribution<T>,
    OpenClosed01: Distribution<T>,
{
    let rng = &mut generator();
    let (place, scale, shape) = (x[0], x[1], x[2]);
    vec![
        Normal::new(place, scale).unwrap().sample(rng),
        Normal::from_mean_cv(place, shape).unwrap().sample(rng),
        LogNormal::new(place, scale).unwrap().sample(rng),
        Exp::new(shape).unwrap().sample(rng),
        Weibull::new(scale, shape).unwrap().sample(rng),
        Cauchy::new(place, scale).unwrap().sample(rng),
        Gumbel::new(place, scale).unwrap().sample(rng),
        Frechet::new(place, scale, shape).unwrap().sample(rng),
        Pareto::new(scale, shape).unwrap().sample(rng),
        SkewNormal::new(place, scale, shape).unwrap().sample(rng),
        Triangular::new(place, place + scale, place + scale * T::from(0.4).unwrap()).unwrap().sample(rng),
    ]
}

#[test]
fn parameters_of_distributions_have_derivatives() {
    check(draws, draws, &[0.5, 0.75, 1.5], &[&[0.25, 1.25, 1.75], &[1.5, 0.5, 2.0]]);
}

/// d/dm and d/ds of the mean of (m + s z)^2 over draws z are means of 2 (m + s z) and 2 (m + s z) z.
#[test]
fn a_normal_draw_is_differentiated_by_reparameterization() {
    const COUNT: usize = 500;
    let (mean, deviation) = (0.5, 1.5);
    let mut g = Graph::new();
    let (parameters, l) = record(&mut g, || {
        let [m, s] = [Var::leaf(mean), Var::leaf(deviation)];
        let normal = Normal::new(m, s).unwrap();
        let squares = normal.sample_iter(generator()).take(COUNT).map(|x| x * x);
        ([m.id(), s.id()], squares.sum::<Var>() / COUNT as f64)
    });
    let gradient = g.gradient(l.id(), &parameters);
    let z: Vec<f64> = StandardNormal.sample_iter(generator()).take(COUNT).collect();
    let expected =
        |of: fn(f64) -> f64| z.iter().map(|&z| 2.0 * (mean + deviation * z) * of(z)).sum::<f64>() / COUNT as f64;
    super::near(gradient[0], expected(|_| 1.0), 1e-13, "mean");
    super::near(gradient[1], expected(|z| z), 1e-13, "deviation");
}
