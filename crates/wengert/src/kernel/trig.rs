//! Circular functions and the derivatives of their inverses.
//!
//! `1 / sqrt(1 - x^2)` and its kin keep the squares' rounding errors: their third powers make second derivatives, and
//! those have 8 ulps to spend. Read `hyper.rs` next.

use super::dd::{Dd, fast_two_sum, two_prod, two_sum};

/// Sine, in radians; NaN at infinity.
#[inline]
pub fn sin(x: f64) -> f64 {
    pxfm::f_sin(x)
}

/// Cosine, in radians; NaN at infinity.
#[inline]
pub fn cos(x: f64) -> f64 {
    pxfm::f_cos(x)
}

/// Tangent, in radians; NaN at infinity.
#[inline]
pub fn tan(x: f64) -> f64 {
    pxfm::f_tan(x)
}

/// Inverse sine; NaN beyond [-1, 1].
#[inline]
pub fn asin(x: f64) -> f64 {
    pxfm::f_asin(x)
}

/// Inverse cosine; NaN beyond [-1, 1].
#[inline]
pub fn acos(x: f64) -> f64 {
    pxfm::f_acos(x)
}

/// Inverse tangent.
#[inline]
pub fn atan(x: f64) -> f64 {
    pxfm::f_atan(x)
}

/// `a * b` of two exact sums, to about 100 bits.
#[inline(always)]
pub(super) fn product(a: Dd, b: Dd) -> Dd {
    let p = two_prod(a.hi, b.hi);
    fast_two_sum(p.hi, p.lo + (a.hi * b.lo + a.lo * b.hi))
}

/// `1 / sqrt(t)`: a first guess and one step of Newton on the exact square.
#[inline(always)]
pub(super) fn rsqrt(t: Dd) -> f64 {
    let r = 1.0 / t.hi.sqrt();
    // 1 - t r^2, which cancels: all of it in double-double.
    let a = two_prod(t.hi, r);
    let b = two_prod(a.hi, r);
    let rest = ((1.0 - b.hi) - b.lo) - (a.lo + t.lo * r) * r;
    r + 0.5 * r * rest
}

/// `1 / t` with one step of Newton.
#[inline(always)]
pub(super) fn inverse(t: Dd) -> f64 {
    let r = 1.0 / t.hi;
    let a = two_prod(t.hi, r);
    let rest = ((1.0 - a.hi) - a.lo) - t.lo * r;
    r + r * rest
}

/// `1 / sqrt(1 - x^2)`, the derivative of the inverse sine: `+inf` at both ends, NaN beyond.
pub fn rsqrt1m(x: f64) -> f64 {
    let a = x.abs();
    if a >= 1.0 || a.is_nan() {
        return if a == 1.0 { f64::INFINITY } else { f64::NAN };
    }
    rsqrt(product(two_sum(1.0, -a), two_sum(1.0, a)))
}

/// `1 / (1 + x^2)`, the derivative of the inverse tangent.
pub fn atan_d(x: f64) -> f64 {
    let a = x.abs();
    if a < 1e-9 {
        return 1.0;
    }
    if a > 1e9 {
        // x^2 + 1 is x^2 to 2^-59; in two steps it neither overflows nor loses the subnormals.
        return 1.0 / a / a;
    }
    let s = two_prod(a, a);
    let t = two_sum(1.0, s.hi);
    inverse(Dd {
        hi: t.hi,
        lo: t.lo + s.lo,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;

    #[test]
    fn circular_functions_are_nan_at_infinity() {
        for f in [sin, cos, tan] {
            assert!(f(INF).is_nan() && f(-INF).is_nan() && f(NAN).is_nan());
        }
        assert!(sin(-0.0).is_sign_negative() && tan(-0.0).is_sign_negative());
        assert_eq!((sin(0.0), cos(0.0), tan(0.0)), (0.0, 1.0, 0.0));
    }

    #[test]
    fn huge_arguments_are_reduced_exactly() {
        // 2^1023 and 1e22: sines from 100-digit arithmetic.
        assert_eq!(sin(1e22), -0.852_200_849_767_188_8);
        assert_eq!(cos(1e22), 0.523_214_785_395_139);
    }

    #[test]
    fn inverses_end_where_their_domains_end() {
        assert!(asin(1.1).is_nan() && acos(-1.1).is_nan());
        assert!(rsqrt1m(1.1).is_nan() && rsqrt1m(-INF).is_nan() && rsqrt1m(NAN).is_nan());
        assert_eq!((rsqrt1m(1.0), rsqrt1m(-1.0), rsqrt1m(0.0)), (INF, INF, 1.0));
        assert_eq!(rsqrt1m(0.6), 1.25);
        let pi = std::f64::consts::PI;
        assert_eq!((acos(-1.0), atan(INF), asin(1.0)), (pi, pi / 2.0, pi / 2.0));
    }

    #[test]
    fn the_slope_of_the_angle_dies_out_quadratically() {
        assert_eq!((atan_d(0.0), atan_d(1.0), atan_d(-3.0)), (1.0, 0.5, 0.1));
        assert_eq!((atan_d(INF), atan_d(f64::MAX)), (0.0, 0.0));
        assert!(atan_d(1e160) > 0.0 && atan_d(NAN).is_nan());
    }
}
