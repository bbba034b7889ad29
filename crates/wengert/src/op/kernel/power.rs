//! Powers: `x^p`, its derivatives of any order with respect to `x`, roots, and the derivatives of the cube root.
//!
//! A derivative is never computed as a coefficient times a rounded power. So `p x^(p-1)` keeps its digits where
//! `x^(p-1)` is subnormal, and the exponent `p - 1` is not rounded.

use super::arith::gmul;
use super::core::{exp_big, ln_dd};
use super::dd::{Big, Dd, fast_two_sum, frexp, ldexp, two_prod, two_sum};
use super::expo::{exp_parts, ln_fine, normal};
use super::{cbrt, is_order};
use crate::float;

/// `x^y` as in IEEE 754 and C: `pow(x, 0) = 1`, `pow(1, y) = 1`, NaN for `x < 0` if `y` is not whole.
#[inline]
pub(crate) fn pow(x: f64, y: f64) -> f64 {
    match fast(x, Dd::new(y)) {
        Some(f) => f.s + f.s * f.q,
        None => pow_far(x, y),
    }
}

/// `ln x`, and `x^p = s (1 + q)`.
pub(super) struct Fast {
    pub(super) ln: Dd,
    pub(super) s: f64,
    pub(super) q: f64,
}

/// Powers of positive normal numbers, if the power is well inside the range. That is nearly all of them.
#[inline(always)]
pub(super) fn fast(x: f64, p: Dd) -> Option<Fast> {
    if !normal(x) || p.hi.abs() > 1e20 {
        return None;
    }
    let ln = ln_fine(x);
    let product = two_prod(ln.hi, p.hi);
    let product = Dd { hi: product.hi, lo: product.lo + (ln.hi * p.lo + ln.lo * p.hi) };
    // Also false for NaN.
    if product.hi.abs() < 650.0 {
        let (s, q) = exp_parts(product.hi, product.lo);
        Some(Fast { ln, s, q })
    } else {
        None
    }
}

#[cold]
#[inline(never)]
fn pow_far(x: f64, y: f64) -> f64 {
    if y == 0.0 || x == 1.0 {
        return 1.0;
    }
    if x.is_nan() || y.is_nan() {
        return f64::NAN;
    }
    let sign = if x.is_sign_negative() && whole(y) && odd(y) { -1.0 } else { 1.0 };
    let a = x.abs();
    if a == 0.0 || a.is_infinite() {
        return sign * if (a == 0.0) == (y > 0.0) { 0.0 } else { f64::INFINITY };
    }
    if x < 0.0 && !whole(y) {
        return f64::NAN;
    }
    if y.abs() > 1e25 {
        // The distance of any other base from 1 is at least 2^-53.
        return if a == 1.0 {
            1.0
        } else if (a > 1.0) == (y > 0.0) {
            f64::INFINITY
        } else {
            0.0
        };
    }
    if let Some(f) = fast(a, Dd::new(y)) {
        return sign * (f.s + f.s * f.q);
    }
    sign * power_big(a, Dd::new(y)).value()
}

/// Whether `y` is a whole number. (Infinities are, as in `pow`.)
#[inline(always)]
fn whole(y: f64) -> bool {
    float::trunc(y) == y
}

/// Whether the whole number `y` is odd. Above 2^53 all are even.
#[inline(always)]
fn odd(y: f64) -> bool {
    y.abs() < 9_007_199_254_740_992.0 && float::trunc(y * 0.5) != y * 0.5
}

/// `p (p-1) ... (p-k+1)`. Above 1e150, where it matters only next to powers of 1, by rounded products.
fn falling(p: f64, k: u32) -> Big {
    if p.abs() > 1e150 {
        return Big::new(Dd::new((0..k).map(|i| p - f64::from(i)).product()), 0);
    }
    let mut c = Big { m: Dd::ONE, e: 0 };
    for i in 0..k {
        c.m = if i == 0 { Dd::new(p) } else { c.m.mul(two_sum(p, -f64::from(i))) };
        if c.m.hi.abs() > 1e140 {
            c = Big::new(c.m, c.e);
        }
    }
    c
}

/// The `k`-th derivative of `x^p`: `p (p-1) ... (p-k+1) x^(p-k)`, with `p - k` and the coefficient kept unrounded.
///
/// The one-sided limit for `x = 0`. NaN for `x < 0` unless `p` is whole. If `p` is whole and `0 <= p <= k`, the
/// derivative is constant, even at NaN. NaN where `k` is not an [order](is_order).
#[inline]
pub(crate) fn powd(x: f64, p: f64, k: f64) -> f64 {
    // The most common cases, by operations that are right over the whole range.
    match (p, k) {
        (2.0, 0.0) => x * x,
        (2.0, 1.0) => x + x,
        // The root of -0 is -0, but the limit is the one from above.
        (0.5, 1.0) => 0.5 / float::sqrt(x).abs(),
        (3.0, 0.0) => x * x * x,
        (3.0, 1.0) => 3.0 * (x * x),
        (-1.0, 0.0) => 1.0 / x,
        (-1.0, 1.0) => -(1.0 / x / x),
        _ => powd_any(x, p, k),
    }
}

/// [`powd`] for any exponent and order.
fn powd_any(x: f64, p: f64, k: f64) -> f64 {
    if !is_order(k) {
        return f64::NAN;
    }
    // High derivatives of whole powers are a constant and then 0, for any `x`.
    if p >= 0.0 && k >= p && whole(p) {
        return falling(p, k as u32).value();
    }
    // Multiples of 1/2 up to 4: products are enough, and computing `c` and `p - k` rounds nothing.
    if p.abs() <= 4.0 && whole(p + p) && k <= 2.0 {
        let c = match k {
            0.0 => 1.0,
            1.0 => p,
            _ => p * (p - 1.0),
        };
        if let Some(r) = by_products(x, c, p - k) {
            return r;
        }
    }
    if k == 0.0 {
        return pow(x, p);
    }
    let c = falling(p, k as u32);
    if whole(p) && 0.0 <= p && p <= k {
        return c.value();
    }
    if x.is_nan() || x < 0.0 && !whole(p) {
        return f64::NAN;
    }
    power(x, c, two_sum(p, -k))
}

/// `c * x^p` for exponents that take one or two operations, if these and the result stay inside the range.
#[inline(always)]
fn by_products(x: f64, c: f64, p: f64) -> Option<f64> {
    // 2^-250 <= |x| < 2^250 and 2^-200 <= |c| < 2^200, one comparison each.
    let easy = |v: f64, e: u64| {
        let from = (1023 - e) << 52;
        (v.to_bits() & !(1 << 63)).wrapping_sub(from) < (2 * e) << 52
    };
    // Zeros are common in practice (a rectified value, the third derivative of a square), and easy too.
    if !(easy(x, 250) || x == 0.0 && p >= 0.0) {
        return None;
    }
    if !easy(c, 200) {
        return if c == 0.0 { Some(0.0) } else { None };
    }
    Some(match p {
        1.0 => c * x,
        2.0 => c * (x * x),
        0.0 => c,
        -1.0 => c / x,
        -0.5 if x > 0.0 => c / float::sqrt(x),
        3.0 => c * (x * x * x),
        -2.0 => c / (x * x),
        0.5 if x > 0.0 => c * float::sqrt(x),
        // The error is up to 2 ulps, which is allowed for a derivative but not for a value.
        -3.0 if c != 1.0 => c / (x * x * x),
        -1.5 if x > 0.0 && c != 1.0 => c / (x * float::sqrt(x)),
        4.0 => {
            // Squaring would double the rounding error of the square, to 2 ulps.
            let s = two_prod(x, x);
            c * (s.hi * s.hi + 2.0 * s.hi * s.lo)
        }
        _ => return None,
    })
}

/// `c * x^p` for any numbers, by exp and ln to 90 bits.
#[inline]
fn power(x: f64, c: Big, p: Dd) -> f64 {
    power_near(x, c, p).unwrap_or_else(|| power_far(x, c, p))
}

/// `c * x^p` for a positive normal `x`, if `c` and the power are well inside the range.
#[inline(always)]
fn power_near(x: f64, c: Big, p: Dd) -> Option<f64> {
    // Also false for NaN and 0.
    if c.e == 0 && c.m.hi.abs() > 1e-20 && c.m.hi.abs() < 1e20 {
        let f = fast(x, p)?;
        let m = c.m.hi * f.s;
        return Some(m + m * f.q);
    }
    None
}

#[inline(never)]
fn power_far(x: f64, c: Big, p: Dd) -> f64 {
    if p.hi == 0.0 {
        return c.value();
    }
    if x.is_nan() || p.hi.is_nan() || c.m.hi.is_nan() {
        return f64::NAN;
    }
    if c.m.hi == 0.0 {
        return 0.0;
    }
    if x == 0.0 || x.is_infinite() || p.hi.abs() > 1e25 {
        // A power that is 0 with such an exponent is so far below the range that no coefficient brings it back.
        return gmul(pow(x, p.hi), c.value());
    }
    let sign = if x > 0.0 {
        1.0
    } else if !whole(p.hi) || !whole(p.lo) {
        return f64::NAN;
    } else if odd(p.hi) != odd(p.lo) {
        -1.0
    } else {
        1.0
    };
    let x = x.abs();
    if let Some(r) = power_near(x, c, p) {
        return sign * r;
    }
    sign * Big::new(c.m, c.e).mul(power_big(x, p)).value()
}

/// `x^p` for a finite `x > 0` and `|p| <= 1e25`.
fn power_big(x: f64, p: Dd) -> Big {
    let (m, e) = frexp(x);
    if m == 1.0 && p.lo == 0.0 && whole(p.hi) && p.hi.abs() < 1e5 {
        // A whole power of a power of two is exact.
        return Big { m: Dd::ONE, e: e * p.hi as i32 };
    }
    exp_big(ln_dd(x).mul(p))
}

/// The `n`-th derivative of the cube root. NaN where `n` is not an [order](is_order).
pub(crate) fn cbrt_d(x: f64, n: f64) -> f64 {
    if !is_order(n) {
        return f64::NAN;
    }
    if n == 0.0 {
        return cbrt(x);
    }
    // In thirds the exponents are whole numbers.
    let third = Dd::ONE.div(Dd::new(3.0));
    let (mut c, mut k) = (Big::new(third, 0), -2.0);
    for _ in 1..n as u32 {
        c = c.mul(Big::of(k)).mul(Big::new(third, 0));
        k -= 3.0;
    }
    cbrt_pow(x, c, k)
}

/// `c * cbrt(x)^k`: the derivatives of the cube root (the first has `c = 1/3`, `k = -2`). The sign is that of the power
/// of the root. For `k < 0`, the value at +0 is the limit from above, and the value at -0 the limit from below.
fn cbrt_pow(x: f64, c: Big, k: f64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return c.value() * pow(x, k);
    }
    let (m, e) = frexp(x);
    // x = (m 2^rest) 2^(3q): the root of the first factor is near 1, and that of the second is exact.
    let (q, rest) = (e.div_euclid(3), e.rem_euclid(3));
    let m = m * f64::from(1 << rest);
    let r = cbrt(m);
    // The relative rounding error of the root: (m - r^3) / (3 m).
    let square = two_prod(r, r);
    let cube = two_prod(square.hi, r);
    let dropped = (((m - cube.hi) - cube.lo) - square.lo * r) / (3.0 * m);
    let n = k as i32;
    if k == -2.0 {
        let p = c.value() / (r * r);
        let error = square.lo / square.hi + 2.0 * dropped;
        return ldexp(p - p * error, -2 * q);
    }
    let p = Big::new(fast_two_sum(r, r * dropped), q).powi(n.unsigned_abs());
    let p = if n < 0 { Big { m: Dd::ONE, e: 0 }.div(p) } else { p };
    c.mul(p).value()
}

#[cfg(test)]
mod tests {
    use super::*;
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;

    #[test]
    fn powers_have_the_special_values_of_ieee_754() {
        assert_eq!(pow(NAN, 0.0), 1.0);
        assert_eq!(pow(1.0, NAN), 1.0);
        assert_eq!(pow(-8.0, 3.0), -512.0);
        assert!(pow(-8.0, 1.0 / 3.0).is_nan());
        assert_eq!(pow(0.0, -1.0), INF);
        assert_eq!(pow(-0.0, -1.0), -INF);
    }

    #[test]
    fn a_zero_coefficient_is_zero_unless_x_is_nan() {
        for x in [0.0, -0.0, 3.0, -3.0, INF, -INF] {
            assert_eq!(powd(x, 0.0, 1.0), 0.0);
            assert_eq!(powd(x, 2.0, 3.0), 0.0);
        }
    }

    #[test]
    fn whole_powers_at_zero_have_the_derivatives_of_polynomials() {
        assert_eq!(powd(0.0, 1.0, 1.0), 1.0);
        assert_eq!(powd(0.0, 2.0, 1.0), 0.0);
        assert_eq!(powd(0.0, 2.0, 2.0), 2.0);
        assert_eq!(powd(-2.0, 3.0, 1.0), 12.0);
        assert_eq!(powd(2.0, 3.0, 3.0), 6.0);
        assert_eq!(powd(0.0, 0.5, 1.0), INF);
        assert_eq!(powd(-0.0, 0.5, 1.0), INF);
        assert_eq!(powd(INF, 0.5, 1.0), 0.0);
        assert!(powd(-1.0, 0.5, 1.0).is_nan() && powd(-INF, 0.5, 1.0).is_nan());
    }

    #[test]
    fn the_quick_forms_agree_with_those_of_any_exponent() {
        let close = |a: f64, b: f64| a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= 5e-16 * b.abs();
        let tiny = f64::from_bits(1);
        for x in [0.0, -0.0, 0.7, -0.7, 3e10, -1e200, 1e-200, -1e-310, 1e160, tiny, f64::MAX, INF, -INF, NAN] {
            for p in [2.0, 0.5, 3.0, -1.0] {
                for k in [0.0, 1.0] {
                    let (a, b) = (powd(x, p, k), powd_any(x, p, k));
                    assert!(close(a, b), "{x:e}^{p}, order {k}: {a:e} {b:e}");
                }
            }
        }
    }

    #[test]
    fn any_exponent_of_an_i32_works() {
        let n = f64::from(i32::MIN);
        assert_eq!(powd(1.0, n, 0.0), 1.0);
        assert_eq!(powd(-1.0, n, 0.0), 1.0);
        assert_eq!(powd(-1.0, n, 1.0), 2_147_483_648.0);
        assert_eq!(powd(2.0, n, 1.0), 0.0);
        assert_eq!(powd(0.5, n, 1.0), -INF);
        assert_eq!(powd(-1.0, f64::from(i32::MAX), 0.0), -1.0);
    }

    #[test]
    fn a_rounded_exponent_does_not_spoil_a_derivative() {
        // 0.1 * x^(0.1 - 1) at 1e300: an exponent 0.1 - 1 that was rounded would cost hundreds of ulps.
        let x = 1e300;
        let want = 0.1 * pow(x, 0.1) / x;
        assert!((powd(x, 0.1, 1.0) / want - 1.0).abs() < 5e-16);
    }

    #[test]
    fn a_nan_base_has_a_nan_derivative_unless_it_is_constant() {
        for (p, k) in [(2.0, 1.0), (0.3, 1.0), (-1.0, 2.0), (3.0, 2.0)] {
            assert!(powd(NAN, p, k).is_nan());
        }
        for (p, k, want) in [(0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 1.0, 1.0), (2.0, 2.0, 2.0), (2.0, 3.0, 0.0)] {
            assert_eq!(powd(NAN, p, k), want);
        }
    }

    #[test]
    fn huge_powers_of_numbers_next_to_one() {
        // From 60-digit arithmetic.
        let close = |x: f64, y: f64, want: f64| assert!((pow(x, y) / want - 1.0).abs() < 3e-16, "{x} {y}");
        close(0.999_999_999_999_999_1, 1.398e17, 1.187_977_103_493_262_8e-54);
        close(1.000_000_000_000_000_2, 1e18, 2.708_611_108_976_671_7e96);
        close(0.999_999_9, 1e9, 3.720_057_571_493_637e-44);
    }

    #[test]
    fn cube_roots_are_odd_and_steep_at_zero() {
        assert_eq!((cbrt_d(8.0, 1.0), cbrt_d(-8.0, 1.0)), (1.0 / 12.0, 1.0 / 12.0));
        assert_eq!((cbrt_d(8.0, 2.0), cbrt_d(-8.0, 2.0)), (-1.0 / 144.0, 1.0 / 144.0));
        assert_eq!((cbrt_d(0.0, 1.0), cbrt_d(-0.0, 1.0)), (INF, INF));
        assert_eq!((cbrt_d(0.0, 2.0), cbrt_d(-0.0, 2.0)), (-INF, INF));
        assert_eq!(cbrt_d(INF, 1.0), 0.0);
        assert!(cbrt_d(NAN, 1.0).is_nan());
    }
}
