//! The error function, the normal distribution, and every derivative of the Gaussian.
//!
//! `exp(-x^2)` is never computed from a rounded square: half an ulp of `x^2 = 700` is 19 ulps of the result.

use super::core::exp_big;
use super::dd::{Big, Dd, exp2i, two_prod};
use super::elementary;
use super::expo::exp_parts;
use super::is_order;

/// The cumulative distribution function of the standard normal distribution, `erfc(-x / sqrt 2) / 2`, accurate in the
/// lower tail.
pub(crate) fn norm_cdf(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x.abs() > 40.0 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    // z = -x / sqrt 2 to twice the precision; erfc(zh + zl) = erfc(zh) - 2/sqrt(pi) exp(-zh^2) zl.
    const R: Dd = Dd { hi: core::f64::consts::FRAC_1_SQRT_2, lo: -4.833_646_656_726_457e-17 };
    let z = R.mul(Dd::new(-x));
    let slope = core::f64::consts::FRAC_2_SQRT_PI * elementary::exp(-z.hi * z.hi);
    0.5 * (elementary::erfc(z.hi) - slope * z.lo)
}

/// The `n`-th derivative of `k exp(-a x^2)`, where `k = 2/sqrt(pi)` for `a = 1` (so `n = 0` is the derivative of erf),
/// and `k = 1/sqrt(2 pi)` for any other `a` (so with `a = 1/2`, `n = 0` is the derivative of norm_cdf). For
/// `a > 0` it is 0 at both infinities. NaN where `n` is not an [order](is_order).
///
/// `p_0 = 1`, `p_(n+1) = -2a (x p_n + n p_(n-1))`: a Hermite polynomial times the Gaussian.
pub(crate) fn gauss(x: f64, a: f64, n: f64) -> f64 {
    const K_ERF: Dd = Dd { hi: core::f64::consts::FRAC_2_SQRT_PI, lo: 1.533_545_961_316_588e-17 };
    const K_NORM: Dd = Dd { hi: 0.398_942_280_401_432_7, lo: -2.492_327_202_277_73e-17 };
    if !is_order(n) {
        return f64::NAN;
    }
    let k = if a == 1.0 { K_ERF } else { K_NORM };
    if n <= 1.0 && (a == 1.0 || a == 0.5) {
        let exponent = two_prod(x, x).scale(-a);
        // Also false for NaN.
        if exponent.hi > -650.0 {
            let (s, q) = exp_parts(exponent.hi, exponent.lo);
            let g = s + s * (q + k.lo / k.hi);
            return if n == 0.0 { k.hi * g } else { k.hi * g * (-2.0 * a * x) };
        }
    }
    if x.is_nan() || a.is_nan() {
        return f64::NAN;
    }
    // The largest number decays, or grows, to the limit at infinity.
    let x = Big::of(x.clamp(-f64::MAX, f64::MAX));
    let step = Big::of(-2.0 * a);
    let (mut before, mut p) = (Big::of(0.0), Big::of(1.0));
    for i in 0..n as u32 {
        let next = step.mul(x.mul(p).add(Big::of(f64::from(i)).mul(before)));
        before = p;
        p = next;
    }
    // Beyond 2^20 the exponential decides, whatever the polynomial is.
    let exponent = x.mul(x).mul(step);
    let exponent = exponent.m.scale(0.5 * exp2i(exponent.e.clamp(-1000, 21)));
    p.mul(exp_big(exponent)).mul(Big::new(k, 0)).value()
}

#[cfg(test)]
mod tests {
    use super::super::{erf, erfc};
    use super::*;
    const INF: f64 = f64::INFINITY;

    #[test]
    fn distribution_functions_reach_their_limits() {
        assert_eq!((norm_cdf(-INF), norm_cdf(0.0), norm_cdf(INF)), (0.0, 0.5, 1.0));
        assert_eq!((erf(-INF), erf(0.0), erf(INF)), (-1.0, 0.0, 1.0));
        assert_eq!((erfc(-INF), erfc(INF)), (2.0, 0.0));
        assert!(norm_cdf(f64::NAN).is_nan() && gauss(f64::NAN, 1.0, 0.0).is_nan());
        assert_eq!(norm_cdf(-39.0), 0.0);
        assert!(norm_cdf(-38.0) > 0.0);
    }

    #[test]
    fn derivatives_that_underflow_keep_their_sign() {
        for a in [1.0, 0.5] {
            for n in 0..6 {
                for x in [60.0, 999.0, 1001.0, 1e300, INF] {
                    let right = gauss(x, a, f64::from(n));
                    let left = gauss(-x, a, f64::from(n));
                    assert_eq!((right, right.is_sign_negative()), (0.0, n % 2 == 1), "{a} {n} {x}");
                    assert_eq!((left, left.is_sign_negative()), (0.0, false), "{a} {n} {x}");
                }
            }
        }
    }
}
