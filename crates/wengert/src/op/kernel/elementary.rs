//! Elementary functions from a library. With `std` it is pxfm, which needs `std`, and is within 1 ulp. Without, it is libm,
//! a port of musl's, and a `digamma` of our own. The test below compares the two.

#[cfg(feature = "std")]
pub(crate) use pxfm::{
    f_acos as acos, f_acosh as acosh, f_asinh as asinh, f_atan as atan, f_atan2 as atan2, f_atanh as atanh,
    f_cbrt as cbrt, f_cos as cos, f_cosh as cosh, f_digamma as digamma, f_erf as erf, f_erfc as erfc, f_exp as exp,
    f_exp2 as exp2, f_expm1 as exp_m1, f_hypot as hypot, f_lgamma as lgamma, f_log as ln, f_log1p as ln_1p,
    f_log2 as log2, f_log10 as log10, f_sin as sin, f_sinh as sinh, f_tan as tan, f_trigamma as trigamma,
};

#[cfg(not(feature = "std"))]
pub(crate) use libm::{atan2, hypot};
#[cfg(not(feature = "std"))]
pub(crate) use without_std::*;

#[cfg(any(not(feature = "std"), test))]
mod without_std {
    pub(crate) use libm::{
        acos, acosh, asinh, atan, atanh, cbrt, cos, cosh, erf, erfc, exp, exp2, expm1 as exp_m1, lgamma, log as ln,
        log1p as ln_1p, log2, log10, sin, sinh, tan,
    };

    use super::super::core::ln_dd;
    use super::super::dd::{Dd, two_sum};
    use super::super::gamma::BERNOULLI;
    use super::super::roots::{PI, cot_pi};
    use crate::float;

    /// The derivative of `lgamma` by its recurrence and Stirling's series (Abramowitz and Stegun, 6.3.5, 6.3.7, 6.3.18).
    pub(crate) fn digamma(x: f64) -> f64 {
        if x.is_nan() || x == f64::NEG_INFINITY {
            return f64::NAN;
        }
        if x.abs() < 1e-20 {
            return -1.0 / x;
        }
        if x < 0.0 {
            // The distance of x from 1 is exact in two words.
            let right = digamma_of(two_sum(1.0, -x));
            return right.sub(PI.mul(cot_pi(x - float::round_ties_even(x)))).hi;
        }
        digamma_of(Dd::new(x)).hi
    }

    /// The same at a positive number.
    fn digamma_of(x: Dd) -> Dd {
        let (mut z, mut steps) = (x, Dd::ZERO);
        while z.hi < 20.0 {
            steps = steps.add(Dd::ONE.div(z));
            z = z.add(Dd::ONE);
        }
        let inverse = Dd::ONE.div(z);
        let square = inverse.mul(inverse);
        let (mut sum, mut power) = (ln_dd(z.hi).add(Dd::new(z.lo / z.hi)).sub(inverse.scale(0.5)), square);
        for (j, (above, below)) in (1..).zip(BERNOULLI) {
            sum = sum.sub(power.mul(Dd::new(above).div(Dd::new(below * f64::from(2 * j)))));
            power = power.mul(square);
        }
        sum.sub(steps)
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    /// How far apart numbers are, in ulps of the second.
    fn ulps(x: f64, y: f64) -> f64 {
        if x == y || x.is_nan() && y.is_nan() { 0.0 } else { (x - y).abs() / (y.abs().next_up() - y.abs()) }
    }

    #[test]
    fn what_stands_in_without_std_differs_by_an_ulp_or_two() {
        macro_rules! functions {
            ($($name:ident from $low:literal to $high:literal within $bound:literal,)+) => {$({
                let step = ($high - $low) / 20_000.0;
                // Where digamma is near 0 on the left, `gamma.rs` does not use it.
                let points = (0..=20_000).map(|k| $low + step * f64::from(k)).filter(|&x| x > 0.0 || $name(x).abs() > 0.1 || stringify!($name) != "digamma");
                let worst = points.map(|x| ulps(without_std::$name(x), $name(x))).fold(0.0, f64::max);
                assert!(worst <= $bound, "{} {worst}", stringify!($name));
            })+};
        }
        functions! {
            acos from -1.0 to 1.0 within 1.0,
            acosh from 1.0 to 30.0 within 1.0,
            asinh from -30.0 to 30.0 within 1.0,
            atan from -30.0 to 30.0 within 1.0,
            atanh from -1.0 to 1.0 within 2.0,
            cbrt from -30.0 to 30.0 within 0.0,
            cos from -1e6 to 1e6 within 1.0,
            cosh from -30.0 to 30.0 within 1.0,
            erf from -6.0 to 6.0 within 1.0,
            erfc from -6.0 to 26.0 within 2.0,
            exp from -720.0 to 709.0 within 1.0,
            exp2 from -1040.0 to 1023.0 within 1.0,
            exp_m1 from -40.0 to 700.0 within 1.0,
            ln from 0.0 to 30.0 within 1.0,
            ln_1p from -1.0 to 30.0 within 1.0,
            log2 from 0.0 to 30.0 within 1.0,
            log10 from 0.0 to 30.0 within 1.0,
            sin from -1e6 to 1e6 within 1.0,
            sinh from -30.0 to 30.0 within 1.0,
            tan from -30.0 to 30.0 within 1.0,
            lgamma from 0.01 to 170.0 within 2.0,
            digamma from 0.01 to 170.0 within 1.0,
            digamma from -20.01 to 0.01 within 1.0,
        }
    }
}
