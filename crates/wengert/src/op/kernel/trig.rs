//! Circular functions and the derivatives of their inverses.
//!
//! `1 / sqrt(1 - x^2)` and the like correct for the rounding error of the square: second derivatives contain their
//! third power and must be within 8 ulps.

use super::dd::{Dd, two_prod, two_sum};
use super::elementary;
use crate::cold::rarely;
use crate::float;

/// Up to here no reduction is needed. Programs tend to stay on one side of this branch, so it is predicted well.
const SMALL: f64 = core::f64::consts::FRAC_PI_4;

/// Beyond this the reduction needs more of pi than three words.
const FAST_END: f64 = 1e5;

/// Sine, in radians. NaN at infinity.
#[inline]
pub(crate) fn sin(x: f64) -> f64 {
    let a = x.abs();
    if a < SMALL {
        // The sum below would lose the sign of -0.
        if a < 1e-9 { x } else { sin_near(x) }
    } else {
        sin_beyond(x)
    }
}

/// Out of line, so that a loop around [`sin`] keeps its registers while no reduction is needed.
#[inline(never)]
fn sin_beyond(x: f64) -> f64 {
    if x.abs() < FAST_END {
        let (quadrant, y, low) = reduce(x);
        turn(quadrant, sin_poly(y, low), cos_poly(y, low))
    } else {
        rarely(move || elementary::sin(x))
    }
}

/// Cosine, in radians. NaN at infinity.
#[inline]
pub(crate) fn cos(x: f64) -> f64 {
    let a = x.abs();
    if a < SMALL { cos_near(x) } else { cos_beyond(x) }
}

/// As [`sin_beyond`].
#[inline(never)]
fn cos_beyond(x: f64) -> f64 {
    if x.abs() < FAST_END {
        let (quadrant, y, low) = reduce(x);
        turn(quadrant.wrapping_add(1), sin_poly(y, low), cos_poly(y, low))
    } else {
        rarely(move || elementary::cos(x))
    }
}

/// The sine after this many quarter turns. Uses bit masks, since a branch would be mispredicted half of the time.
#[inline(always)]
fn turn(quarters: u64, sin: f64, cos: f64) -> f64 {
    let (s, c) = (sin.to_bits(), cos.to_bits());
    let odd = (quarters & 1).wrapping_neg();
    f64::from_bits((s ^ ((s ^ c) & odd)) ^ (quarters & 2) << 62)
}

/// The Cody-Waite reduction: the number of the quarter turn nearest to `x` (only its two lowest bits count), and the
/// rest of `x`, at most pi/4, in two words.
#[inline(always)]
fn reduce(x: f64) -> (u64, f64, f64) {
    // Adding 1.5 * 2^52 rounds to a whole number and leaves it in the low bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    // pi/2 in parts of 33, 33 and 53 bits: products of the first two with k < 2^20 are exact.
    const HALF_PI_1: f64 = f64::from_bits(0x3ff9_21fb_5440_0000);
    const HALF_PI_2: f64 = f64::from_bits(0x3dd0_b461_1a60_0000);
    const HALF_PI_3: f64 = f64::from_bits(0x3ba3_198a_2e03_7073);
    let shifted = x * core::f64::consts::FRAC_2_PI + ROUND;
    let k = shifted - ROUND;
    let a = x - k * HALF_PI_1;
    let b = k * HALF_PI_2;
    let head = a - b;
    let dropped = ((a - head) - b) - k * HALF_PI_3;
    let y = head + dropped;
    (shifted.to_bits(), y, (head - y) + dropped)
}

/// fdlibm's polynomial of the sine on `|x| <= pi/4`: the coefficients of `x^3`, `x^5` and so on.
const SIN: [f64; 6] = [
    -0.166_666_666_666_666_32,
    0.008_333_333_333_322_49,
    -0.000_198_412_698_298_579_5,
    2.755_731_370_707_006_8e-6,
    -2.505_076_025_340_686_3e-8,
    1.589_690_995_211_55e-10,
];

/// `sin(y + low)` for `|y| <= pi/4`.
#[inline(always)]
fn sin_poly(y: f64, low: f64) -> f64 {
    let z = y * y;
    let z2 = z * z;
    let y3 = z * y;
    let s = (SIN[1] + z * SIN[2]) + z2 * ((SIN[3] + z * SIN[4]) + z2 * SIN[5]);
    y - ((z * (0.5 * low - y3 * s) - low) - y3 * SIN[0])
}

/// `sin(x)` for `|x| <= pi/4`, as [`sin_poly`] with the shortest chain of dependent operations.
#[inline(always)]
fn sin_near(x: f64) -> f64 {
    let z = x * x;
    let z2 = z * z;
    let s = (SIN[0] + z * SIN[1]) + z2 * (SIN[2] + z * SIN[3]) + z2 * z2 * (SIN[4] + z * SIN[5]);
    x + z * x * s
}

/// `cos(x)` for `|x| <= pi/4`.
#[inline(always)]
fn cos_near(x: f64) -> f64 {
    let (head, rest, tail) = cos_parts(x);
    head + (rest + tail)
}

/// `cos(y + low)` for `|y| <= pi/4`.
#[inline(always)]
fn cos_poly(y: f64, low: f64) -> f64 {
    let (head, rest, tail) = cos_parts(y);
    head + (rest + (tail - y * low))
}

/// `1 - y^2/2`, its rounding error, and the higher powers, by fdlibm's polynomial.
#[inline(always)]
fn cos_parts(y: f64) -> (f64, f64, f64) {
    let z = y * y;
    let z2 = z * z;
    let c = (0.041_666_666_666_666_6 + z * -0.001_388_888_888_887_411)
        + z2 * ((2.480_158_728_947_673e-5 + z * -2.755_731_435_139_066_3e-7)
            + z2 * (2.087_572_321_298_175e-9 + z * -1.135_964_755_778_819_5e-11));
    let half = 0.5 * z;
    let w = 1.0 - half;
    (w, (1.0 - w) - half, z2 * c)
}

/// Inverse sine. NaN outside [-1, 1].
///
/// fdlibm's rational approximation on [-1/2, 1/2]. Further out `asin x = pi/2 - 2 asin sqrt((1-x)/2)`, with the root in
/// two words.
#[inline]
pub(crate) fn asin(x: f64) -> f64 {
    const HALF_PI_LOW: f64 = 6.123_233_995_736_766e-17;
    const QUARTER_PI: f64 = core::f64::consts::FRAC_PI_4;
    let a = x.abs();
    if a < 0.5 {
        return x + x * asin_ratio(x * x);
    }
    if a > 1.0 || a.is_nan() {
        return f64::NAN;
    }
    let z = 0.5 * (1.0 - a);
    let s = float::sqrt(z);
    let r = asin_ratio(z);
    let angle = if a > 0.975 {
        2.0 * QUARTER_PI - (2.0 * (s + s * r) - HALF_PI_LOW)
    } else {
        let head = f64::from_bits(s.to_bits() & 0xffff_ffff_0000_0000);
        let rest = (z - head * head) / (s + head);
        let small = 2.0 * s * r - (HALF_PI_LOW - 2.0 * rest);
        QUARTER_PI - (small - (QUARTER_PI - 2.0 * head))
    };
    angle.copysign(x)
}

/// `(asin(x) - x) / x`, given `z = x^2 <= 1/4`.
#[inline(always)]
fn asin_ratio(z: f64) -> f64 {
    let z2 = z * z;
    let p = (0.166_666_666_666_666_66 + z * -0.325_565_818_622_400_9)
        + z2 * ((0.201_212_532_134_862_93 + z * -0.040_055_534_500_679_41)
            + z2 * (0.000_791_534_994_289_814_5 + z * 3.479_331_075_960_212e-5));
    let q = (1.0 + z * -2.403_394_911_734_414)
        + z2 * ((2.020_945_760_233_505_7 + z * -0.688_283_971_605_453_3) + z2 * 0.077_038_150_555_901_94);
    z * p / q
}

/// `1 + a^2` to about 100 bits, for `1e-9 <= a <= 1e9`.
#[inline(always)]
pub(super) fn one_plus_square(a: f64) -> Dd {
    let s = two_prod(a, a);
    let t = two_sum(1.0, s.hi);
    Dd { hi: t.hi, lo: t.lo + s.lo }
}

/// `1 / sqrt(t)`: a first guess and one Newton step with the exact square.
#[inline(always)]
pub(super) fn rsqrt(t: Dd) -> f64 {
    let r = 1.0 / float::sqrt(t.hi);
    // 1 - t r^2 cancels, so it is computed in double-double.
    let a = two_prod(t.hi, r);
    let b = two_prod(a.hi, r);
    let rest = ((1.0 - b.hi) - b.lo) - (a.lo + t.lo * r) * r;
    r + 0.5 * r * rest
}

/// `1 / t` with one Newton step.
#[inline(always)]
pub(super) fn inverse(t: Dd) -> f64 {
    let r = 1.0 / t.hi;
    let a = two_prod(t.hi, r);
    let rest = ((1.0 - a.hi) - a.lo) - t.lo * r;
    r + r * rest
}

/// `1 / sqrt(1 - x^2)`, the derivative of the inverse sine: `+inf` at both ends, NaN outside.
pub(crate) fn rsqrt1m(x: f64) -> f64 {
    let a = x.abs();
    if a >= 1.0 || a.is_nan() {
        return if a == 1.0 { f64::INFINITY } else { f64::NAN };
    }
    rsqrt(two_sum(1.0, -a).mul(two_sum(1.0, a)))
}

/// `1 / (1 + x^2)`, the derivative of the inverse tangent.
pub(crate) fn atan_d(x: f64) -> f64 {
    let a = x.abs();
    if a < 1e-9 {
        return 1.0;
    }
    if a > 1e9 {
        // x^2 + 1 is x^2 to 2^-59. Two quotients neither overflow nor lose subnormal results.
        return 1.0 / a / a;
    }
    inverse(one_plus_square(a))
}

#[cfg(test)]
mod tests {
    use super::super::{acos, atan, tan};
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
        // The expected values are from 100-digit arithmetic.
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
