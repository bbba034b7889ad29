//! Sigmoid, softplus, log-add-exp and softmax: smooth steps whose tails must stay exact.
//!
//! `s(1 - s)` is 0 past 36.8 and `s(-x) - s(x)` cancels near 0, so each derivative has a form of its own. Differences
//! of arguments are taken exactly. This is the last file of the kernel.

use super::core::{diff, exp_big, ln_1p_dd};
use super::dd::{Big, Dd};

/// `1 / (1 + exp(-x))`.
#[inline]
pub fn sigmoid(x: f64) -> f64 {
    logistic(Dd::new(x))
}

/// The derivative of the sigmoid, `s(x) s(-x)`.
#[inline]
pub fn sigmoid_d(x: f64) -> f64 {
    logistic_slope(Dd::new(x))
}

/// `1 / (1 + exp(-x))` of an exact argument.
fn logistic(x: Dd) -> f64 {
    if x.hi.is_nan() {
        return x.hi;
    }
    if x.hi >= 40.0 {
        return 1.0;
    }
    // In the left tail the exponential itself, which may be subnormal.
    let e = exp_big(if x.hi > 0.0 { x.neg() } else { x });
    if x.hi > 0.0 {
        let w = e.m.scale(super::dd::exp2i(e.e.max(-200)));
        return Dd::ONE.div(Dd::ONE.add(w)).value();
    }
    let w = if e.e < -200 {
        Dd::ZERO
    } else {
        e.m.scale(super::dd::exp2i(e.e))
    };
    e.div(Big::new(Dd::ONE.add(w), 0)).value()
}

/// `s(x) s(-x) = e / (1 + e)^2` with `e = exp(-|x|)`, of an exact argument.
fn logistic_slope(x: Dd) -> f64 {
    if x.hi.is_nan() {
        return x.hi;
    }
    let e = exp_big(if x.hi > 0.0 { x.neg() } else { x });
    let w = if e.e < -200 {
        Dd::ZERO
    } else {
        e.m.scale(super::dd::exp2i(e.e))
    };
    let d = Dd::ONE.add(w);
    e.div(Big::new(d.mul(d), 0)).value()
}

/// `ln(1 + exp(x))`.
pub fn softplus(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x > 50.0 {
        return x;
    }
    if x < -40.0 {
        return pxfm::f_exp(x);
    }
    log_1p_exp(Dd::new(-x.abs()))
        .add(Dd::new(x.max(0.0)))
        .value()
}

/// `ln(1 + exp(x))` for `-800 < x <= 0`.
fn log_1p_exp(x: Dd) -> Dd {
    let e = exp_big(x);
    if e.e < -200 {
        return Dd::new(e.value());
    }
    ln_1p_dd(e.m.scale(super::dd::exp2i(e.e)))
}

/// `ln(exp(a) + exp(b))`, also where the exponentials overflow and where the result is near 0.
pub fn logaddexp(a: f64, b: f64) -> f64 {
    if a == b {
        return if a.is_infinite() {
            a
        } else {
            Dd::new(a).add(super::dd::LN_2).value()
        };
    }
    if a.is_nan() || b.is_nan() {
        return f64::NAN;
    }
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    let d = diff(low, high);
    if d.hi < -745.2 {
        return high;
    }
    log_1p_exp(d).add(Dd::new(high)).value()
}

/// `exp(a) / (exp(a) + exp(b))`; 1/2 where `a == b`, infinities included.
pub fn softmax2(a: f64, b: f64) -> f64 {
    if a == b {
        return 0.5;
    }
    logistic(diff(a, b))
}

/// The derivative of [`softmax2`] in `a`: `s (1 - s)` without its cancellation; 1/4 where `a == b`.
pub fn softmax2_d(a: f64, b: f64) -> f64 {
    if a == b {
        return 0.25;
    }
    logistic_slope(diff(a, b))
}

/// `exp(x - y)` of the exact difference; 1 where `x == y`, infinities included.
pub fn exp_diff(x: f64, y: f64) -> f64 {
    if x == y {
        return 1.0;
    }
    let d = diff(x, y);
    if d.hi.is_nan() {
        return d.hi;
    }
    exp_big(d).value()
}

#[cfg(test)]
mod tests {
    use super::*;
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;

    #[test]
    fn sigmoid_reaches_its_limits_and_its_tail_is_the_exponential() {
        assert_eq!((sigmoid(-INF), sigmoid(0.0), sigmoid(INF)), (0.0, 0.5, 1.0));
        assert_eq!(sigmoid(-745.0), f64::from_bits(1));
        assert_eq!(
            (sigmoid_d(-INF), sigmoid_d(0.0), sigmoid_d(INF)),
            (0.0, 0.25, 0.0)
        );
        assert_eq!(sigmoid_d(700.0), sigmoid_d(-700.0));
        assert!(sigmoid_d(40.0) > 0.0);
        assert!(sigmoid(NAN).is_nan() && sigmoid_d(NAN).is_nan());
    }

    #[test]
    fn softplus_is_the_exponential_on_the_left_and_the_identity_on_the_right() {
        assert_eq!(softplus(0.0), std::f64::consts::LN_2);
        assert_eq!(
            (softplus(-INF), softplus(INF), softplus(1e300)),
            (0.0, INF, 1e300)
        );
        assert_eq!(softplus(-700.0), (-700f64).exp());
        assert!(softplus(NAN).is_nan());
    }

    #[test]
    fn logaddexp_of_infinities() {
        assert_eq!(logaddexp(INF, INF), INF);
        assert_eq!(logaddexp(-INF, -INF), -INF);
        assert_eq!(
            (
                logaddexp(INF, -INF),
                logaddexp(-INF, 2.0),
                logaddexp(2.0, -INF)
            ),
            (INF, 2.0, 2.0)
        );
        assert!(logaddexp(NAN, INF).is_nan());
        assert_eq!((softmax2(INF, INF), softmax2(-INF, -INF)), (0.5, 0.5));
        assert_eq!((softmax2(INF, 1.0), softmax2(1.0, INF)), (1.0, 0.0));
        assert_eq!(
            (
                softmax2_d(INF, INF),
                softmax2_d(INF, 1.0),
                softmax2_d(1.0, INF)
            ),
            (0.25, 0.0, 0.0)
        );
        assert!(softmax2(NAN, 1.0).is_nan() && softmax2_d(1.0, NAN).is_nan());
    }

    #[test]
    fn logaddexp_keeps_its_digits_near_zero() {
        // b = ln(1 - 1/e) to within half an ulp, so the sum is what the rounding of b leaves of 1.
        let b = -0.458_675_145_387_081_9;
        let r = logaddexp(-1.0, b);
        assert!(r.abs() < 1e-16 && r != 0.0);
        assert_eq!(logaddexp(1e-300, 1e-300), std::f64::consts::LN_2);
    }

    #[test]
    fn exponentials_of_differences() {
        assert_eq!(
            (exp_diff(INF, INF), exp_diff(-INF, -INF), exp_diff(7.0, 7.0)),
            (1.0, 1.0, 1.0)
        );
        assert_eq!(
            (exp_diff(INF, 1.0), exp_diff(-INF, 1.0), exp_diff(1.0, INF)),
            (INF, 0.0, 0.0)
        );
        assert!(exp_diff(NAN, NAN).is_nan());
        // The rounded difference is -710.0 exactly or not: the low half counts.
        let (x, y) = (1e-14, 700.0);
        assert_eq!(exp_diff(x, y), pxfm::f_exp(-700.0) * (1.0 + 1e-14));
    }
}
