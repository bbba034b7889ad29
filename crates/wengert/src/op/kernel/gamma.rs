//! The logarithm of the gamma function and its derivatives of any order.
//!
//! Polygammas of order 2 and higher are sums of powers (Hurwitz's zeta function) in double-double arithmetic. For
//! negative arguments they are reflected.

use super::core::ln_dd;
use super::dd::{Big, Dd, two_sum};
use super::elementary;
use super::is_order;
use super::roots::{digamma_left, digamma_near_zero, lgamma_near_zero};
use crate::float;

/// `ln |gamma(x)|`. `+inf` at 0 and the negative whole numbers.
#[inline]
pub(crate) fn lgamma(x: f64) -> f64 {
    if x.is_infinite() {
        return f64::INFINITY;
    }
    if x > 1e300 {
        // Stirling's formula to the last bit, without early overflow.
        let l = ln_dd(x).sub(Dd::ONE);
        return Big::of(x).mul(Big::new(l, 0)).value();
    }
    let r = elementary::lgamma(x);
    if x < -2.0 && r.abs() < 0.05 {
        return lgamma_near_zero(x, r);
    }
    r
}

/// The derivative of `ln |gamma(x)|`. The one-sided limit at 0 (`-inf` at +0, `+inf` at -0). NaN at the negative whole
/// numbers, where the two sides differ.
#[inline]
pub(crate) fn digamma(x: f64) -> f64 {
    if x == 0.0 {
        return -1.0 / x;
    }
    if x < 0.0 && float::trunc(x) == x {
        return f64::NAN;
    }
    if x > 1e17 {
        // ln x - 1/(2x) to the last bit.
        return super::expo::ln(x);
    }
    let r = elementary::digamma(x);
    if x < 0.0 && r.abs() < 0.1 {
        return digamma_left(x);
    }
    if r.abs() < 1e-3 {
        return digamma_near_zero(x, r);
    }
    r
}

/// The `n`-th derivative of [`digamma`]. The one-sided limits at the two zeros. NaN at the negative whole numbers,
/// where the digamma function itself is NaN. From order 3 on the relative error is within 1e-13, away from zeros. O(n).
/// NaN where `n` is not an [order](is_order).
pub(crate) fn polygamma(x: f64, n: f64) -> f64 {
    if !is_order(n) {
        return f64::NAN;
    }
    if n == 0.0 {
        return digamma(x);
    }
    if x.is_nan() || x == f64::NEG_INFINITY {
        return f64::NAN;
    }
    let order = n as u32;
    let sign = if order % 2 == 1 { 1.0 } else { -1.0 };
    if x == f64::INFINITY {
        return 0.0 * sign;
    }
    if x == 0.0 {
        return if order % 2 == 1 { f64::INFINITY } else { -1.0 / x };
    }
    if x < 0.0 && float::trunc(x) == x {
        return f64::NAN;
    }
    #[cfg(feature = "std")]
    if order == 1 && 1e-10 < x.abs() && x.abs() < 1e15 {
        return elementary::trigamma(x);
    }
    let mut factorial = Big::of(1.0);
    for i in 2..=order {
        factorial = factorial.mul(Big::of(f64::from(i)));
    }
    let sum = if x > 0.0 {
        zeta(order + 1, Dd::new(x))
    } else {
        // f is the distance of x from the whole number below it. The sum over both directions is a derivative of the
        // cotangent, and both of its halves are zeta functions:
        // zeta(x) = zeta(f) + (-1)^n (zeta(1 - x) - zeta(1 - f)).
        let f = two_sum(x, -float::floor(x));
        let g = Dd::ONE.sub(f);
        let right = zeta(order + 1, f);
        let left = zeta(order + 1, g).add(negate(zeta(order + 1, two_sum(1.0, -x))));
        right.add(if order % 2 == 1 { left } else { negate(left) })
    };
    sign * factorial.mul(sum).value()
}

#[inline]
fn negate(b: Big) -> Big {
    Big { m: b.m.neg(), e: b.e }
}

/// The Bernoulli numbers `B_2j` for j = 1, 2, ..., as fractions.
pub(super) const BERNOULLI: [(f64, f64); 16] = [
    (1.0, 6.0),
    (-1.0, 30.0),
    (1.0, 42.0),
    (-1.0, 30.0),
    (5.0, 66.0),
    (-691.0, 2730.0),
    (7.0, 6.0),
    (-3617.0, 510.0),
    (43_867.0, 798.0),
    (-174_611.0, 330.0),
    (854_513.0, 138.0),
    (-236_364_091.0, 2730.0),
    (8_553_103.0, 6.0),
    (-23_749_461_029.0, 870.0),
    (8_615_841_276_005.0, 14_322.0),
    (-7_709_321_041_217.0, 510.0),
];

/// `B_2j / (2j)!` for j = 1, 2, ...: the coefficients of the Euler-Maclaurin formula.
const EULER_MACLAURIN: [Dd; 16] = {
    let mut t = [Dd::ZERO; 16];
    let mut factorial = Dd::ONE;
    let mut j = 0;
    while j < 16 {
        let m = (2 * j + 1) as f64;
        factorial = factorial.mul(Dd::new(m * (m + 1.0)));
        t[j] = Dd::new(BERNOULLI[j].0).div(Dd::new(BERNOULLI[j].1)).div(factorial);
        j += 1;
    }
    t
};

/// Hurwitz's `zeta(s, a) = sum 1/(a+i)^s` over `i = 0, 1, ...`, for `s >= 2`, `a > 0`. The first terms are summed
/// directly, the rest by the Euler-Maclaurin formula.
fn zeta(s: u32, a: Dd) -> Big {
    let s_f = f64::from(s);
    // For arguments of at least `from`, the error of 16 terms of the formula is below 2^-104 of the sum. That is needed
    // near the zeros of even orders, where the result is a small difference of large sums.
    let from = 14.0 + 0.75 * s_f;
    let mut sum = Big::of(0.0);
    let one = Big::of(1.0);
    if a.hi > 1e15 {
        // a^(1-s) / (s-1) + a^-s / 2, where a may be near the end of the range.
        let b = Big::new(a, 0);
        let first = Big::new(Dd::ONE.div(Dd::new(s_f - 1.0)), 0).div(b.powi(s - 1));
        return first.add(Big::of(0.5).div(b.powi(s)));
    }
    let mut z = a;
    while z.hi < from {
        let term = one.div(Big::new(z, 0)).powi(s);
        if sum.m.hi != 0.0 && term.e < sum.e - 110 - 12 {
            // The rest, at most z / s terms of this size, is below the last bit of the sum.
            return sum;
        }
        sum = sum.add(term);
        z = z.add(Dd::ONE);
    }
    // integral + half the first term + corrections, all over z^s.
    let mut tail = z.div(Dd::new(s_f - 1.0)).add(Dd::new(0.5));
    let inverse = Dd::ONE.div(z);
    let square = inverse.mul(inverse);
    let mut factor = inverse.mul(Dd::new(s_f));
    let mut rising = s_f;
    for c in EULER_MACLAURIN {
        tail = tail.add(factor.mul(c));
        factor = factor.mul(square).mul(Dd::new((rising + 1.0) * (rising + 2.0)));
        rising += 2.0;
    }
    sum.add(Big::new(tail, 0).mul(one.div(Big::new(z, 0)).powi(s)))
}

#[cfg(test)]
mod tests {
    use super::*;
    const INF: f64 = f64::INFINITY;

    fn close(a: f64, b: f64) {
        assert!((a / b - 1.0).abs() < 1e-14, "{a} {b}");
    }

    #[test]
    fn known_values() {
        let pi = std::f64::consts::PI;
        assert_eq!((lgamma(1.0), lgamma(2.0)), (0.0, 0.0));
        close(lgamma(0.5), pi.sqrt().ln());
        close(digamma(1.0), -0.577_215_664_901_532_9);
        close(polygamma(1.0, 1.0), pi * pi / 6.0);
        close(polygamma(1.0, 2.0), -2.0 * 1.202_056_903_159_594_3);
        close(polygamma(1.0, 3.0), pi.powi(4) / 15.0);
        close(polygamma(0.5, 1.0), pi * pi / 2.0);
        close(polygamma(0.5, 3.0), pi.powi(4));
    }

    #[test]
    fn the_recurrence_holds_on_both_sides_of_zero() {
        for x in [0.3, 2.7, 40.1, -0.7, -3.2, -30.6] {
            for n in 1..9 {
                let step = (1..=n).product::<i32>() as f64 / f64::powi(x, n + 1) * if n % 2 == 1 { -1.0 } else { 1.0 };
                let n = f64::from(n);
                let (a, b) = (polygamma(x + 1.0, n), polygamma(x, n));
                let scale = a.abs().max(b.abs());
                assert!(((a - b) - step).abs() / scale < 1e-12, "{x} {n}");
            }
        }
    }

    #[test]
    fn poles() {
        assert_eq!((lgamma(0.0), lgamma(-3.0), lgamma(INF)), (INF, INF, INF));
        assert_eq!((digamma(0.0), digamma(-0.0)), (-INF, INF));
        assert!(digamma(-2.0).is_nan());
        assert_eq!((polygamma(0.0, 1.0), polygamma(-0.0, 1.0), polygamma(1e-200, 1.0)), (INF, INF, INF));
        assert_eq!((polygamma(0.0, 2.0), polygamma(-0.0, 2.0)), (-INF, INF));
        assert!(polygamma(-5.0, 1.0).is_nan() && polygamma(-5.0, 2.0).is_nan());
        assert!(polygamma(f64::NEG_INFINITY, 1.0).is_nan());
        assert_eq!(polygamma(1e-200, 2.0), -INF);
    }

    #[test]
    fn limits_at_infinity_are_zero() {
        for n in 1..5 {
            assert_eq!(polygamma(INF, f64::from(n)), 0.0);
        }
        close(polygamma(1e100, 1.0), 1e-100);
        close(polygamma(1e100, 2.0), -1e-200);
    }

    #[test]
    fn high_orders_neither_overflow_early_nor_hang() {
        assert_eq!(polygamma(0.5, 170.0), -INF);
        // From 120-digit arithmetic.
        assert!((polygamma(30.0, 170.0) / -1.882_115_140_823_985_3e54 - 1.0).abs() < 1e-13);
        assert!((polygamma(1e3, 170.0) / -4.642_275_481_885_541e-206 - 1.0).abs() < 1e-13);
    }
}
