//! Hyperbolic functions, and derivatives of them and of their inverses with accurate tails.
//!
//! Beyond 19, `1 - tanh(x)^2` is 0 or wrong by 1e17 ulps. `sqrt(x^2 - 1)` overflows. The forms used here avoid this.

use super::dd::{Dd, two_sum};
use super::elementary;
use super::expo::{exp, exp_parts};
use super::trig::{inverse, one_plus_square, rsqrt};

/// Hyperbolic sine.
#[inline]
pub(crate) fn sinh(x: f64) -> f64 {
    if x == 0.0 {
        return x;
    }
    elementary::sinh(x)
}

/// Where the table of tanh ends and `1 - 2 e/(1 + e)`, `e = exp(-2|x|)`, takes over.
const TABLE_END: f64 = 5.0;

/// For `a = i/32`: `tanh a`, its rounding error, and `1 - tanh(a)^2`.
static TANH: [(f64, f64, f64); 161] = {
    let mut t = [(0.0, 0.0, 1.0); 161];
    // exp(1/16) by its series, and exp(2a) by repeated multiplication.
    let mut root = Dd::ONE;
    let mut n = 20;
    while n > 0 {
        root = Dd::ONE.add(root.div(Dd::new(16.0 * n as f64)));
        n -= 1;
    }
    let mut e = root;
    let mut i = 1;
    while i < t.len() {
        let tanh = e.sub(Dd::ONE).div(e.add(Dd::ONE));
        let sech2 = e.scale(4.0).div(e.add(Dd::ONE).mul(e.add(Dd::ONE)));
        t[i] = (tanh.hi, tanh.lo, sech2.hi);
        e = e.mul(root);
        i += 1;
    }
    t
};

/// The point of the table nearest to `0 <= a <= 5`, and `tanh` of the distance to it, which is at most 1/64.
#[inline(always)]
fn tanh_step(a: f64) -> (&'static (f64, f64, f64), f64) {
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let shifted = a * 32.0 + ROUND;
    let h = a - (shifted - ROUND) * (1.0 / 32.0);
    let h2 = h * h;
    let t = h + h * h2 * (-1.0 / 3.0 + h2 * (2.0 / 15.0 + h2 * (-17.0 / 315.0)));
    // The mask changes nothing for a <= 5. It keeps a bounds check and its panic out.
    let i = (shifted.to_bits() & 0xff) as usize;
    (&TANH[if i < TANH.len() { i } else { 0 }], t)
}

/// Hyperbolic tangent.
///
/// For a point `a` of the table and `h = x - a`: `tanh x = tanh a + (1 - tanh(a)^2) tanh h / (1 + tanh a tanh h)`.
#[inline]
pub(crate) fn tanh(x: f64) -> f64 {
    let a = x.abs();
    if a < 0.125 {
        // The series of tan with alternating signs. The sum would lose the sign of -0.
        let s = x * x;
        let s2 = s * s;
        let s4 = s2 * s2;
        let p = (-1.0 / 3.0 + s * (2.0 / 15.0))
            + s2 * (-17.0 / 315.0 + s * (62.0 / 2835.0))
            + s4 * ((-1382.0 / 155_925.0 + s * (21_844.0 / 6_081_075.0)) + s2 * (-929_569.0 / 638_512_875.0));
        (x + x * s * p).copysign(x)
    } else if a < TABLE_END {
        let (&(tanh, low, slope), step) = tanh_step(a);
        let r = tanh + (low + slope * step / (1.0 + tanh * step));
        r.copysign(x)
    } else {
        tanh_far(x)
    }
}

#[inline]
fn tanh_far(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    let e = exp(-2.0 * x.abs());
    (1.0 - (e + e) / (1.0 + e)).copysign(x)
}

/// `1 - tanh(x)^2`, given `t = tanh(x)`. It is `(1-t)(1+t)` where that keeps its digits. Further out it comes from the
/// table of `tanh`, and then from `4e / (1 + e)^2` with `e = exp(-2|x|)`.
#[inline]
pub(crate) fn sech2(x: f64, t: f64) -> f64 {
    let a = x.abs();
    if t.abs() < 0.25 {
        (1.0 - t) * (1.0 + t)
    } else if a < TABLE_END {
        // (1 - s^2) / (1 + u)^2 with u = tanh(a) s, as 1 minus a small term.
        let (&(tanh, _, slope), step) = tanh_step(a);
        let u = tanh * step;
        let d = 1.0 + u;
        slope - slope * ((u + u + u * u + step * step) / (d * d))
    } else {
        sech2_far(x)
    }
}

#[inline]
fn sech2_far(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x.abs() < 350.0 {
        let (s, q) = exp_parts(-2.0 * x.abs(), 0.0);
        let e = s + s * q;
        let d = 1.0 + e;
        return 4.0 * e / (d * d);
    }
    // The denominator is 1 here. exp(-2|x|) alone may be subnormal where 4 exp(-2|x|) is not.
    let e = exp(-x.abs());
    (4.0 * e) * e
}

/// `1 / sqrt(1 + x^2)`, the derivative of the inverse hyperbolic sine. 0 at both infinities.
pub(crate) fn rsqrt1p(x: f64) -> f64 {
    let a = x.abs();
    if a < 1e-9 {
        return 1.0;
    }
    if a > 1e9 {
        return 1.0 / a;
    }
    rsqrt(one_plus_square(a))
}

/// `1 / sqrt(x^2 - 1)`, the derivative of the inverse hyperbolic cosine: `+inf` at 1, NaN below, 0 at infinity.
pub(crate) fn acosh_d(x: f64) -> f64 {
    if x <= 1.0 || x.is_nan() {
        return if x == 1.0 { f64::INFINITY } else { f64::NAN };
    }
    if x > 1e9 {
        return 1.0 / x;
    }
    rsqrt(two_sum(x, -1.0).mul(two_sum(x, 1.0)))
}

/// `1 / (1 - x^2)`, the derivative of the inverse hyperbolic tangent: `+inf` at both ends, NaN outside.
pub(crate) fn atanh_d(x: f64) -> f64 {
    let a = x.abs();
    if a >= 1.0 || a.is_nan() {
        return if a == 1.0 { f64::INFINITY } else { f64::NAN };
    }
    inverse(two_sum(1.0, -a).mul(two_sum(1.0, a)))
}

#[cfg(test)]
mod tests {
    use super::super::{acosh, asinh, atanh, cosh};
    use super::*;
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;

    #[test]
    fn hyperbolic_functions_reach_their_limits() {
        assert_eq!((sinh(-INF), cosh(-INF), tanh(-INF)), (-INF, INF, -1.0));
        assert_eq!((sinh(INF), cosh(INF), tanh(INF)), (INF, INF, 1.0));
        assert!(sinh(-0.0).is_sign_negative() && tanh(-0.0).is_sign_negative() && asinh(-0.0).is_sign_negative());
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
        // The two forms agree.
        let t = tanh(0.55);
        assert!((sech2(0.55, t) / ((1.0 - t) * (1.0 + t)) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn exact_triples() {
        assert_eq!((rsqrt1p(0.75), acosh_d(1.25)), (0.8, 4.0 / 3.0));
        assert_eq!(atanh_d(0.5), 4.0 / 3.0);
    }
}
