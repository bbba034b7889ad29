//! Random numbers of rand_distr as constants.

use rand_distr::{Distribution, Exp1, Open01, OpenClosed01, StandardNormal, StandardUniform};

use crate::var::Var;

/// What other distributions are made of, drawn as a plain number. So in `Normal::new(mean, deviation)?.sample(rng)` the
/// draw is a constant, and its derivatives are those with respect to mean and deviation, with the drawn number held
/// fixed.
macro_rules! constants {
    ($($Source:ident)+) => {$(
        impl Distribution<Var> for $Source {
            fn sample<R: rand::Rng + ?Sized>(&self, rng: &mut R) -> Var {
                Distribution::<f64>::sample(self, rng).into()
            }
        }
    )+};
}
constants! { StandardNormal Exp1 StandardUniform Open01 OpenClosed01 }
