//! Hyperbolic functions, and derivatives of them and of their inverses that keep their tails.
//!
//! `1 - tanh(x)^2` is 0 or wrong by 1e17 ulps past 19, `sqrt(x^2 - 1)` overflows: each form here avoids one such trap.
//! Read `power.rs` next.

use super::core::exp_big;
use super::dd::{Big, Dd, two_prod, two_sum};
use super::trig::{inverse, product, rsqrt};

/// Hyperbolic sine.
#[inline]
pub fn sinh(x: f64) -> f64 {
    if x == 0.0 {
        return x;
    }
    pxfm::f_sinh(x)
}

/// Hyperbolic cosine.
#[inline]
pub fn cosh(x: f64) -> f64 {
    pxfm::f_cosh(x)
}

/// Hyperbolic tangent.
#[inline]
pub fn tanh(x: f64) -> f64 {
    pxfm::f_tanh(x)
}

/// Inverse hyperbolic sine.
#[inline]
pub fn asinh(x: f64) -> f64 {
    pxfm::f_asinh(x)
}

/// Inverse hyperbolic cosine; NaN below 1.
#[inline]
pub fn acosh(x: f64) -> f64 {
    pxfm::f_acosh(x)
}

/// Inverse hyperbolic tangent; NaN beyond [-1, 1].
#[inline]
pub fn atanh(x: f64) -> f64 {
    pxfm::f_atanh(x)
}

/// `1 - tanh(x)^2`, given `t = tanh(x)`: the product `(1-t)(1+t)` while it keeps its digits, then `4e / (1 + e)^2` with
/// `e = exp(-2|x|)`.
#[inline]
pub fn sech2(x: f64, t: f64) -> f64 {
    if t.abs() < 0.5 {
        return (1.0 - t) * (1.0 + t);
    }
    if x.is_nan() {
        return x;
    }
    let e = exp_big(Dd::new(-2.0 * x.abs()));
    let w = if e.e < -200 {
        Dd::ZERO
    } else {
        e.m.scale(super::dd::exp2i(e.e))
    };
    let d = Dd::ONE.add(w);
    let r = e.div(Big::new(d.mul(d), 0));
    if r.m.hi == 0.0 {
        0.0
    } else {
        Big { m: r.m, e: r.e + 2 }.value()
    }
}

/// `1 / sqrt(1 + x^2)`, the derivative of the inverse hyperbolic sine; 0 at both infinities.
pub fn rsqrt1p(x: f64) -> f64 {
    let a = x.abs();
    if a < 1e-9 {
        return 1.0;
    }
    if a > 1e9 {
        return 1.0 / a;
    }
    let s = two_prod(a, a);
    let t = two_sum(1.0, s.hi);
    rsqrt(Dd {
        hi: t.hi,
        lo: t.lo + s.lo,
    })
}

/// `1 / sqrt(x^2 - 1)`, the derivative of the inverse hyperbolic cosine: `+inf` at 1, NaN below, 0 at infinity.
pub fn acosh_d(x: f64) -> f64 {
    if x <= 1.0 || x.is_nan() {
        return if x == 1.0 { f64::INFINITY } else { f64::NAN };
    }
    if x > 1e9 {
        return 1.0 / x;
    }
    rsqrt(product(two_sum(x, -1.0), two_sum(x, 1.0)))
}

/// `1 / (1 - x^2)`, the derivative of the inverse hyperbolic tangent: `+inf` at both ends, NaN beyond.
pub fn atanh_d(x: f64) -> f64 {
    let a = x.abs();
    if a >= 1.0 || a.is_nan() {
        return if a == 1.0 { f64::INFINITY } else { f64::NAN };
    }
    inverse(product(two_sum(1.0, -a), two_sum(1.0, a)))
}

#[cfg(test)]
mod tests {
    use super::*;
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;

    #[test]
    fn hyperbolic_functions_reach_their_limits() {
        assert_eq!((sinh(-INF), cosh(-INF), tanh(-INF)), (-INF, INF, -1.0));
        assert_eq!((sinh(INF), cosh(INF), tanh(INF)), (INF, INF, 1.0));
        assert!(
            sinh(-0.0).is_sign_negative()
                && tanh(-0.0).is_sign_negative()
                && asinh(-0.0).is_sign_negative()
        );
        assert!(sinh(NAN).is_nan() && cosh(NAN).is_nan() && tanh(NAN).is_nan());
    }

    #[test]
    fn inverses_end_where_their_domains_end() {
        assert!(acosh(0.5).is_nan() && atanh(2.0).is_nan());
        assert!(acosh_d(0.5).is_nan() && atanh_d(2.0).is_nan() && acosh_d(NAN).is_nan());
        assert_eq!((acosh(1.0), atanh(1.0), atanh(-1.0)), (0.0, INF, -INF));
        assert_eq!((acosh_d(1.0), atanh_d(1.0), atanh_d(-1.0)), (INF, INF, INF));
        assert!((asinh(f64::MAX) - 710.475_860_073_943_9).abs() < 1e-12);
    }

    #[test]
    fn slopes_are_zero_at_infinity() {
        assert_eq!((sech2(INF, 1.0), sech2(-INF, -1.0)), (0.0, 0.0));
        assert_eq!((rsqrt1p(INF), rsqrt1p(-INF), acosh_d(INF)), (0.0, 0.0, 0.0));
        assert_eq!(rsqrt1p(f64::MAX), 1.0 / f64::MAX);
        assert!(sech2(NAN, NAN).is_nan() && rsqrt1p(NAN).is_nan());
    }

    #[test]
    fn the_tail_of_sech2_is_an_exponential() {
        assert_eq!(sech2(0.0, 0.0), 1.0);
        let x = 30.0_f64;
        assert!((sech2(x, 1.0) / (4.0 * (-2.0 * x).exp()) - 1.0).abs() < 1e-15);
        assert_eq!(sech2(372.0, 1.0), sech2(-372.0, -1.0));
        assert!(sech2(372.0, 1.0) > 0.0);
        // Both forms meet.
        let t = tanh(0.55);
        assert!((sech2(0.55, t) / ((1.0 - t) * (1.0 + t)) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn exact_triples() {
        assert_eq!((rsqrt1p(0.75), acosh_d(1.25)), (0.8, 4.0 / 3.0));
        assert_eq!(atanh_d(0.5), 4.0 / 3.0);
    }
}
