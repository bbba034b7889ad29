//! Random numbers of rand_distr as constants.

use rand_distr::{Distribution, Exp1, Open01, OpenClosed01, StandardNormal, StandardUniform};

use crate::var::Var;

/// The distributions that others transform. Their draws are constants. So the derivatives of
/// `Normal::new(mean, deviation)?.sample(rng)` with respect to mean and deviation hold the draw fixed.
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
