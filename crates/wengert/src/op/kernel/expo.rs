//! Exponentials and logarithms.
//!
//! `exp` and `ln` are table-driven (Tang, 1989, 1990): 128 intervals and a short polynomial. Products that must be
//! exact have factors with few bits, since baseline processors lack fused multiply-add. Their cores also return the
//! rounding error, for functions built on them.

use super::core::{EXP2_128, LOG_128, LOG_OFFSET};
use super::dd::{Dd, LN_2, exp2i, fast_two_sum, two_sum};
use super::elementary;
use crate::cold::rarely;

/// For each `j`: the bits of `2^(j/128)` minus `j << 45` (adding `k << 45`, `k = 128 e + j`, gives `2^(k/128)`), and
/// the relative rounding error of `2^(j/128)`.
static EXP: [(u64, f64); 128] = {
    let mut t = [(0, 0.0); 128];
    let mut j = 0;
    while j < 128 {
        let p = EXP2_128[j];
        t[j] = (p.hi.to_bits() - ((j as u64) << 45), p.lo / p.hi);
        j += 1;
    }
    t
};

/// The exponential of `hi + lo` as `s (1 + q)`, `|q| < 0.003`, for `|hi| < 708` and `|lo|` of about an ulp at most. The
/// error of `q` is below 2^-60.
#[inline(always)]
pub(super) fn exp_parts(hi: f64, lo: f64) -> (f64, f64) {
    // Adding 1.5 * 2^52 rounds to a whole number and leaves it in the low bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const PER_STEP: f64 = 128.0 * core::f64::consts::LOG2_E;
    // ln 2 / 128 in two parts. The first ends in 18 zero bits, so its product with k is exact.
    const HIGH: f64 = f64::from_bits(LN_2.hi.to_bits() & !0x3_ffff) / 128.0;
    const LOW: f64 = ((LN_2.hi - 128.0 * HIGH) + LN_2.lo) / 128.0;
    let shifted = hi * PER_STEP + ROUND;
    let k = shifted - ROUND;
    let r = (hi - k * HIGH) - (k * LOW - lo);
    let bits = shifted.to_bits();
    let (base, tail) = EXP[(bits & 127) as usize];
    let s = f64::from_bits(base.wrapping_add(bits << 45));
    let r2 = r * r;
    let q = tail + r + r2 * (0.5 + r * (1.0 / 6.0)) + r2 * r2 * (1.0 / 24.0 + r * (1.0 / 120.0));
    (s, q)
}

/// `e^x`.
#[inline]
pub(crate) fn exp(x: f64) -> f64 {
    if x.abs() < 708.0 {
        let (s, q) = exp_parts(x, 0.0);
        s + s * q
    } else {
        rarely(move || elementary::exp(x))
    }
}

/// For each 1/128 of the mantissa: the short reciprocal of [`LOG_128`], and `-ln` of it as a multiple of 2^-42 and a
/// rest, so that `k ln 2 + ln c` is exact in the high words.
static LOG: [(f64, f64, f64); 128] = {
    let mut t = [(0.0, 0.0, 0.0); 128];
    let mut i = 0;
    while i < 128 {
        let (c, l) = LOG_128[i];
        let high = coarse(l.hi);
        t[i] = (c, high, (l.hi - high) + l.lo);
        i += 1;
    }
    t
};

/// `x`, `|x| < 1`, rounded to a multiple of 2^-42.
const fn coarse(x: f64) -> f64 {
    let shift = 1.5 * exp2i(10);
    (x + shift) - shift
}

const LN_2_HIGH: f64 = coarse(LN_2.hi);
const LN_2_LOW: f64 = (LN_2.hi - LN_2_HIGH) + LN_2.lo;

/// The bits of `z` and the whole `k` with `x = z 2^k`, and the row of the table for `z`.
#[inline(always)]
fn interval(x: f64) -> (u64, f64, (f64, f64, f64)) {
    let bits = x.to_bits();
    let from = bits.wrapping_sub(LOG_OFFSET);
    let exponent = from & 0xfff0_0000_0000_0000;
    (bits.wrapping_sub(exponent), (exponent as i64 >> 52) as f64, LOG[(from >> 45) as usize & 127])
}

/// `ln x` as a head and a rest, for a normal `x > 0`. The relative error is below 2^-60, near 1 too. Without `FINE`,
/// the rounding of the reduced argument adds up to a quarter of an ulp outside `[0.996, 1.008)`.
#[inline(always)]
fn ln_parts<const FINE: bool>(x: f64) -> Dd {
    let (z, k, (c, log_high, log_low)) = interval(x);
    // The two halves of z times the ten bits of c are exact.
    let head = f64::from_bits(z & 0xffff_ffff_0000_0000);
    let rest = (f64::from_bits(z) - head) * c;
    let head = head * c - 1.0;
    let r = head + rest;
    let r2 = r * r;
    let p = (-0.5 + r * (1.0 / 3.0)) + r2 * ((-0.25 + r * 0.2) + r2 * ((-1.0 / 6.0 + r * (1.0 / 7.0)) + r2 * -0.125));
    let base = k * LN_2_HIGH + log_high;
    let hi = base + r;
    let mut low = k * LN_2_LOW + log_low;
    if FINE {
        low += (head - r) + rest;
    }
    let lo = (((base - hi) + r) + low) + r2 * p;
    Dd { hi, lo }
}

/// `ln x` for a normal `x > 0` with a relative error of 2^-66, as powers need it.
#[inline(always)]
pub(super) fn ln_fine(x: f64) -> Dd {
    let (z, k, (c, log_high, log_low)) = interval(x);
    // z c - 1 = h + l: h has at most 23 bits, so its square is exact, and so is its sum with the multiples of 2^-42.
    // Rounded to nearest, so that h is 0 if it would only cancel with l.
    let head = f64::from_bits(z.wrapping_add(0x8000_0000) & 0xffff_ffff_0000_0000);
    let l = (f64::from_bits(z) - head) * c;
    let h = head * c - 1.0;
    let r = h + l;
    let r2 = r * r;
    // ln(1 + r) = r - r^2/2 + r^3 p
    let p = (1.0 / 3.0 + r * -0.25)
        + r2 * ((0.2 + r * (-1.0 / 6.0)) + r2 * ((1.0 / 7.0 + r * -0.125) + r2 * (1.0 / 9.0 + r * -0.1)));
    let sum = two_sum((k * LN_2_HIGH + log_high) + h, l);
    let square = 0.5 * h * h;
    let hi = sum.hi - square;
    let dropped = ((sum.hi - hi) - square) + sum.lo;
    let small = ((k * LN_2_LOW + log_low) - (h + 0.5 * l) * l) + r * r2 * p;
    fast_two_sum(hi, dropped + small)
}

/// Whether `x` is positive, normal and finite. One comparison.
#[inline(always)]
pub(super) fn normal(x: f64) -> bool {
    x.to_bits().wrapping_sub(0x0010_0000_0000_0000) < 0x7fe0_0000_0000_0000
}

/// The natural logarithm. `-inf` at both zeros, NaN for `x < 0`.
#[inline]
pub(crate) fn ln(x: f64) -> f64 {
    if normal(x) {
        let l = ln_parts::<false>(x);
        l.hi + l.lo
    } else {
        rarely(move || elementary::ln(x))
    }
}

/// `ln(1 + e)` of `e = hi + lo`, `0 <= e <= 1`, as a head and a rest.
#[inline(always)]
pub(super) fn ln_1p_parts(hi: f64, lo: f64) -> Dd {
    let one_plus = fast_two_sum(1.0, hi);
    let l = ln_parts::<true>(one_plus.hi);
    Dd { hi: l.hi, lo: l.lo + (one_plus.lo + lo) / one_plus.hi }
}

#[cfg(test)]
mod tests {
    use super::super::{exp_m1, exp2, ln_1p, log2, log10};
    use super::*;
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;

    #[test]
    fn exponentials_have_their_limits() {
        assert_eq!((exp(-INF), exp(0.0), exp(INF)), (0.0, 1.0, INF));
        assert_eq!((exp2(-INF), exp2(3.0), exp2(INF)), (0.0, 8.0, INF));
        assert_eq!((exp_m1(-INF), exp_m1(INF)), (-1.0, INF));
        assert!(exp_m1(-0.0).is_sign_negative());
        assert_eq!((exp(710.0), exp(-746.0), exp(-745.0)), (INF, 0.0, f64::from_bits(1)));
        assert!(exp(NAN).is_nan() && exp2(NAN).is_nan() && exp_m1(NAN).is_nan());
    }

    #[test]
    fn logarithms_have_their_limits() {
        for f in [ln, log2, log10] {
            assert_eq!((f(0.0), f(-0.0), f(1.0), f(INF)), (-INF, -INF, 0.0, INF));
            assert!(f(-1.0).is_nan() && f(-INF).is_nan() && f(NAN).is_nan());
        }
        assert_eq!((ln_1p(-1.0), ln_1p(0.0), ln_1p(INF)), (-INF, 0.0, INF));
        assert!(ln_1p(-2.0).is_nan() && ln_1p(NAN).is_nan() && ln_1p(-0.0).is_sign_negative());
        assert_eq!((log2(1024.0), log10(1000.0)), (10.0, 3.0));
    }

    #[test]
    fn the_fast_cores_agree_with_the_correctly_rounded_ones_to_an_ulp() {
        // Steps of an irrational ratio visit every interval and the boundaries between them.
        let close = |a: f64, b: f64, x: f64| {
            assert!((a.to_bits() as i64 - b.to_bits() as i64).abs() <= 1, "{x:e}: {a:e} {b:e}");
        };
        for i in 0..20_000 {
            let x = -750.0 + f64::from(i) * 0.073_205_080_756_887_7;
            close(exp(x), elementary::exp(x), x);
            let y = f64::from_bits(0x000f_0000_0000_0000 + i as u64 * 0x0001_9e37_79b9_7f4a);
            close(ln(y), elementary::ln(y), y);
            let z = 0.9 + f64::from(i) * 1e-5;
            close(ln(z), elementary::ln(z), z);
        }
    }
}
