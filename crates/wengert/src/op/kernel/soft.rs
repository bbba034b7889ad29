//! Sigmoid, softplus, log-add-exp, softmax and `ln(1 - e^x)`, with accurate tails.
//!
//! `s(1 - s)` is 0 beyond 36.8, and `s(-x) - s(x)` cancels near 0, so each derivative has a form of its own.
//! Differences of arguments are exact.

use super::core::{diff, exp_big, ln_1p_dd, ln_dd};
use super::dd::{Big, Dd, LN_2, exp2i, fast_two_sum, two_sum};
use super::expo::{exp, exp_parts, ln, ln_1p_parts};
use super::fixed::{exp_sum_m1, exp_sum_near};
use super::{exp_m1, ln_1p};
use crate::cold::rarely;

/// `1 / (1 + exp(-x))`.
#[inline]
pub(crate) fn sigmoid(x: f64) -> f64 {
    logistic(Dd::new(x))
}

/// The derivative of the sigmoid, `s(x) s(-x)`.
#[inline]
pub(crate) fn sigmoid_d(x: f64) -> f64 {
    logistic_slope(Dd::new(x))
}

/// `1 / (1 + exp(-x))` of an argument in two words. With `e = exp(-|x|)` it is `1 / (1 + e)` or `e / (1 + e)`,
/// corrected for the rounding errors of numerator and denominator.
#[inline(always)]
fn logistic(x: Dd) -> f64 {
    let a = x.hi.abs();
    if a >= 708.0 || a.is_nan() {
        return logistic_far(x);
    }
    let left = x.hi < 0.0;
    let e = Halves::new(a, if left { x.lo } else { -x.lo });
    let (n, n_low) = if left { (e.e, e.e_low) } else { (1.0, 0.0) };
    let r = n / e.d;
    r + (n_low - r * e.d_low) / e.d
}

#[cold]
#[inline(never)]
fn logistic_far(x: Dd) -> f64 {
    if x.hi.is_nan() {
        x.hi
    } else if x.hi > 0.0 {
        1.0
    } else {
        exp_of(x)
    }
}

/// `exp(-a)` and `1 + exp(-a)`, each with its rounding error.
struct Halves {
    e: f64,
    e_low: f64,
    d: f64,
    d_low: f64,
}

impl Halves {
    /// For `0 <= a < 708`. The exponent is `-a + low`.
    #[inline(always)]
    fn new(a: f64, low: f64) -> Halves {
        let (s, q) = exp_parts(-a, low);
        let w = s * q;
        let e = s + w;
        let t = 1.0 + s;
        let rest = (s - (t - 1.0)) + w;
        let d = t + rest;
        Halves { e, e_low: (s - e) + w, d, d_low: (t - d) + rest }
    }
}

/// `s(x) s(-x) = e / (1 + e)^2` with `e = exp(-|x|)`, of an argument in two words.
#[inline(always)]
fn logistic_slope(x: Dd) -> f64 {
    let a = x.hi.abs();
    if a >= 708.0 || a.is_nan() {
        return rarely(move || exp_of(if x.hi > 0.0 { x.neg() } else { x }));
    }
    let e = Halves::new(a, if x.hi < 0.0 { x.lo } else { -x.lo });
    let r = e.e / (e.d * e.d);
    r - (2.0 * r) * (e.d_low / e.d)
}

/// `exp` of an argument in two words, over the whole range, infinities included.
#[inline]
fn exp_of(x: Dd) -> f64 {
    if x.hi.abs() < 708.0 {
        let (s, q) = exp_parts(x.hi, x.lo);
        return s + s * q;
    }
    if x.hi.is_nan() {
        return x.hi;
    }
    exp_big(x).value()
}

/// `ln(1 + exp(x))`.
#[inline]
pub(crate) fn softplus(x: f64) -> f64 {
    if x.abs() < 40.0 {
        let e = Halves::new(x.abs(), 0.0);
        let l = ln_1p_parts(e.e, e.e_low);
        let r = two_sum(x.max(0.0), l.hi);
        return r.hi + (r.lo + l.lo);
    }
    // One term is below 2^-53 of the other: the identity for large x, the exponential for small x.
    if x > 0.0 || x.is_nan() { x } else { exp(x) }
}

/// `ln(exp(a) + exp(b))`, accurate also where the exponentials overflow and where the result is near 0.
#[inline]
pub(crate) fn logaddexp(a: f64, b: f64) -> f64 {
    if a == b {
        return if a.is_infinite() { a } else { Dd::new(a).add(LN_2).value() };
    }
    if a.is_nan() || b.is_nan() {
        return f64::NAN;
    }
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    let d = diff(low, high);
    if d.hi < -745.2 {
        // The sum is above e^high, so -0 becomes +0.
        return high + 0.0;
    }
    if d.hi > -40.0 {
        let e = Halves::new(-d.hi, d.lo);
        let l = ln_1p_parts(e.e, e.e_low);
        let r = two_sum(high, l.hi);
        let sum = r.hi + (r.lo + l.lo);
        // The logarithm is about as large as e, with an error of about 2^-106 of it, which is enough here.
        if high > 0.0 || sum.abs() > 0.03 * e.e.max(3e-14) {
            return sum;
        }
    } else if high.abs() > 1.0 {
        return high;
    }
    logaddexp_near_zero(high, low, d)
}

/// [`logaddexp`] if the terms cancel, or if the smaller one barely counts. `high` is at most 0, and `d = low - high`.
#[cold]
#[inline(never)]
fn logaddexp_near_zero(high: f64, low: f64, d: Dd) -> f64 {
    let e = exp_big(d);
    // Below 2^-200, ln(1 + e) is e.
    let l = if e.e < -200 { e } else { Big::new(ln_1p_dd(e.m.scale(exp2i(e.e))), 0) };
    let r = l.add(Big::of(high));
    if r.m.hi != 0.0 && r.e > l.e - 10 {
        return r.value();
    }
    // Closer than that, the powers of e must be known to more than 100 bits.
    if low < -40.0 { exp_sum_near(high, low) } else { ln_1p(exp_sum_m1(high, low)) }
}

/// `exp(a) / (exp(a) + exp(b))`, and 1/2 where `a == b`, infinities included.
#[inline]
pub(crate) fn softmax2(a: f64, b: f64) -> f64 {
    if a == b {
        return 0.5;
    }
    logistic(diff(a, b))
}

/// The derivative of [`softmax2`] with respect to `a`: `s (1 - s)` without its cancellation, and 1/4 where `a == b`.
#[inline]
pub(crate) fn softmax2_d(a: f64, b: f64) -> f64 {
    if a == b {
        return 0.25;
    }
    logistic_slope(diff(a, b))
}

/// `ln(1 - exp(x))` for `x <= 0`, NaN elsewhere.
pub(crate) fn log1m_exp(x: f64) -> f64 {
    if x > -0.25 {
        // The logarithm is below -1.5, so the rounding error of its argument is at most half an ulp of it.
        return ln(-exp_m1(x));
    }
    if x < -40.0 || x.is_nan() {
        // The next term of -e^x - e^2x / 2 - ... is below 2^-53 of the first.
        return -exp(x);
    }
    let (s, q) = exp_parts(x, 0.0);
    let u = two_sum(1.0, -s);
    let u = fast_two_sum(u.hi, u.lo - s * q);
    let d = u.lo / u.hi;
    ln_dd(u.hi).add(Dd::new(d - 0.5 * d * d)).value()
}

/// `exp(x) / (exp(x) - 1)` for `x <= 0`, NaN elsewhere: the derivative of [`log1m_exp`].
pub(crate) fn log1m_exp_d(x: f64) -> f64 {
    match x {
        0.0 => f64::NEG_INFINITY,
        x if x < 0.0 => exp(x) / exp_m1(x),
        _ => f64::NAN,
    }
}

/// `exp(x - y)` of the exact difference, and 1 where `x == y`, infinities included.
#[inline]
pub(crate) fn exp_diff(x: f64, y: f64) -> f64 {
    if x == y {
        return 1.0;
    }
    exp_of(diff(x, y))
}

#[cfg(test)]
mod tests {
    use super::super::elementary;
    use super::*;
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;

    #[test]
    fn sigmoid_reaches_its_limits_and_its_tail_is_the_exponential() {
        assert_eq!((sigmoid(-INF), sigmoid(0.0), sigmoid(INF)), (0.0, 0.5, 1.0));
        assert_eq!(sigmoid(-745.0), f64::from_bits(1));
        assert_eq!((sigmoid_d(-INF), sigmoid_d(0.0), sigmoid_d(INF)), (0.0, 0.25, 0.0));
        assert_eq!(sigmoid_d(700.0), sigmoid_d(-700.0));
        assert!(sigmoid_d(40.0) > 0.0);
        assert!(sigmoid(NAN).is_nan() && sigmoid_d(NAN).is_nan());
    }

    #[test]
    fn softplus_is_the_exponential_on_the_left_and_the_identity_on_the_right() {
        assert_eq!(softplus(0.0), std::f64::consts::LN_2);
        assert_eq!((softplus(-INF), softplus(INF), softplus(1e300)), (0.0, INF, 1e300));
        assert_eq!(softplus(-700.0), (-700f64).exp());
        assert!(softplus(NAN).is_nan());
    }

    #[test]
    fn logaddexp_of_infinities() {
        assert_eq!(logaddexp(INF, INF), INF);
        assert_eq!(logaddexp(-INF, -INF), -INF);
        assert_eq!((logaddexp(INF, -INF), logaddexp(-INF, 2.0), logaddexp(2.0, -INF)), (INF, 2.0, 2.0));
        assert!(logaddexp(NAN, INF).is_nan());
        assert_eq!((softmax2(INF, INF), softmax2(-INF, -INF)), (0.5, 0.5));
        assert_eq!((softmax2(INF, 1.0), softmax2(1.0, INF)), (1.0, 0.0));
        assert_eq!((softmax2_d(INF, INF), softmax2_d(INF, 1.0), softmax2_d(1.0, INF)), (0.25, 0.0, 0.0));
        assert!(softmax2(NAN, 1.0).is_nan() && softmax2_d(1.0, NAN).is_nan());
    }

    #[test]
    fn logaddexp_keeps_its_digits_near_zero() {
        // b = ln(1 - 1/e) to within half an ulp, so the result comes from the rounding error of b alone.
        let b = -0.458_675_145_387_081_9;
        let r = logaddexp(-1.0, b);
        assert!(r.abs() < 1e-16 && r != 0.0);
        assert_eq!(logaddexp(1e-300, 1e-300), std::f64::consts::LN_2);
        // ln(1 + a positive number that underflows)
        assert!(logaddexp(-0.0, -800.0).is_sign_positive() && logaddexp(-INF, -0.0).is_sign_positive());
    }

    #[test]
    fn the_logarithm_of_a_complement_has_its_limits() {
        assert_eq!((log1m_exp(-INF), log1m_exp(-0.0), log1m_exp(0.0)), (0.0, -INF, -INF));
        assert_eq!((log1m_exp_d(-INF), log1m_exp_d(-0.0), log1m_exp_d(0.0)), (0.0, -INF, -INF));
        assert_eq!((log1m_exp(-700.0), log1m_exp(-1e-300)), (-(-700f64).exp(), 1e-300f64.ln()));
        for x in [NAN, INF, 5e-324, 1.0] {
            assert!(log1m_exp(x).is_nan() && log1m_exp_d(x).is_nan(), "{x}");
        }
        // Where the formula changes, both forms agree.
        for at in [-0.25f64, -40.0] {
            let [below, above] = [at.next_down(), at.next_up()].map(log1m_exp);
            assert!((below - above).abs() <= 6.0 * f64::EPSILON * below.abs() * at.abs().max(1.0), "{below} {above}");
        }
    }

    #[test]
    fn exponentials_of_differences() {
        assert_eq!((exp_diff(INF, INF), exp_diff(-INF, -INF), exp_diff(7.0, 7.0)), (1.0, 1.0, 1.0));
        assert_eq!((exp_diff(INF, 1.0), exp_diff(-INF, 1.0), exp_diff(1.0, INF)), (INF, 0.0, 0.0));
        assert!(exp_diff(NAN, NAN).is_nan());
        // The rounded difference is -700.0, so the low half of the difference counts.
        let (x, y) = (1e-14, 700.0);
        assert_eq!(exp_diff(x, y), elementary::exp(-700.0) * (1.0 + 1e-14));
    }
}
