//! `sin(x) / x` and its derivatives.
//!
//! Written with sines and cosines the derivatives cancel near 0 and next to their zeros, so both are known to 100 bits.

use super::dd::{Dd, two_prod, two_sum};
use super::{elementary, is_order};
use crate::float;

/// Beyond this the sine and the cosine are those of a library, rounded.
const FAST_END: f64 = 1e6;

/// `sin(x) / x`: 1 at both zeros, 0 at both infinities.
#[inline]
pub(crate) fn sinc(x: f64) -> f64 {
    if x.abs() < core::f64::consts::FRAC_PI_4 {
        let z = x * x;
        let rest = (1..9).rev().fold(0.0, |sum, k| (sum + COEFFICIENTS[2 * k + 1].hi) * z);
        return 1.0 + rest;
    }
    sinc_d(x, 0.0)
}

/// The `n`-th derivative of `sin(x) / x`. NaN where `n` is not an [order](is_order).
///
/// `x s_n + n s_(n-1)` is the `n`-th derivative of the sine, by Leibniz's rule. Forward this is stable while `n` is below
/// `x`, and backward from any start where it is above (Gautschi, "Computational aspects of three-term recurrence
/// relations", 1967).
pub(crate) fn sinc_d(x: f64, n: f64) -> f64 {
    if !is_order(n) || x.is_nan() {
        return f64::NAN;
    }
    let (a, order) = (x.abs(), n as u32);
    let s = if a < 1e-9 {
        // The first term of the series with a factor x^(0 or 1).
        let sign = if order.div_ceil(2) % 2 == 0 { 1.0 } else { -1.0 };
        if order % 2 == 0 { sign / (n + 1.0) } else { sign * a / (n + 2.0) }
    } else if a.is_infinite() {
        0.0
    } else {
        let (sin, cos) = sin_cos(a);
        let turned = |k: u32| match k % 4 {
            0 => sin,
            1 => cos,
            2 => sin.neg(),
            _ => cos.neg(),
        };
        if n <= a || n <= 2.0 && a > 0.01 { forward(a, order, turned) } else { backward(a, order, turned) }
    };
    if x < 0.0 && order % 2 == 1 { -s } else { s }
}

fn forward(a: f64, order: u32, turned: impl Fn(u32) -> Dd) -> f64 {
    if a >= FAST_END {
        return (1..=order).fold(turned(0).hi / a, |s, k| (turned(k).hi - s * f64::from(k)) / a);
    }
    let mut s = turned(0).div(Dd::new(a));
    for k in 1..=order {
        s = turned(k).sub(s.mul(Dd::new(f64::from(k)))).div(Dd::new(a));
    }
    s.hi
}

/// Starts from 0 at an order so high that the error of this does not matter: each step multiplies the error by `a / k`.
fn backward(a: f64, order: u32, turned: impl Fn(u32) -> Dd) -> f64 {
    let start = order + if a < 0.01 { 12 } else { 30 + (13.0 * float::sqrt(a)) as u32 };
    let mut s = Dd::ZERO;
    for k in (order + 1..=start).rev() {
        s = turned(k).sub(s.mul(Dd::new(a))).div(Dd::new(f64::from(k)));
    }
    s.hi
}

/// Sine and cosine of a finite `a >= 0`, to about 100 bits below [`FAST_END`].
fn sin_cos(a: f64) -> (Dd, Dd) {
    // pi/2 in parts of 33, 33, 53 and 53 bits: products of the first two with k < 2^20 are exact.
    const HALF_PI_1: f64 = f64::from_bits(0x3ff9_21fb_5440_0000);
    const HALF_PI_2: f64 = f64::from_bits(0x3dd0_b461_1a60_0000);
    const HALF_PI_3: f64 = f64::from_bits(0x3ba3_198a_2e03_7073);
    const HALF_PI_4: f64 = f64::from_bits(0x3841_2902_4e08_8a68);
    if a >= FAST_END {
        return (Dd::new(elementary::sin(a)), Dd::new(elementary::cos(a)));
    }
    let k = float::round_ties_even(a * core::f64::consts::FRAC_2_PI);
    let rest = two_sum(a - k * HALF_PI_1, -k * HALF_PI_2).sub(two_prod(k, HALF_PI_3)).add(Dd::new(-k * HALF_PI_4));
    let (sin, cos) = near(rest);
    match k as u32 % 4 {
        0 => (sin, cos),
        1 => (cos, sin.neg()),
        2 => (sin.neg(), cos.neg()),
        _ => (cos.neg(), sin),
    }
}

/// `1 / n!` with alternating signs of pairs: the coefficients of cosine and sine in turn.
const COEFFICIENTS: [Dd; 28] = {
    let mut c = [Dd::ONE; 28];
    let mut n = 1;
    while n < 28 {
        c[n] = c[n - 1].div(Dd::new(if n % 2 == 0 { -(n as f64) } else { n as f64 }));
        n += 1;
    }
    c
};

/// Sine and cosine by their series, for `|r| <= pi/4`.
fn near(r: Dd) -> (Dd, Dd) {
    let square = r.mul(r);
    let (mut sin, mut cos) = (0.0, 0.0);
    for k in (8..14).rev() {
        cos = cos * square.hi + COEFFICIENTS[2 * k].hi;
        sin = sin * square.hi + COEFFICIENTS[2 * k + 1].hi;
    }
    let (mut sin, mut cos) = (Dd::new(sin), Dd::new(cos));
    for k in (0..8).rev() {
        cos = cos.mul(square).add(COEFFICIENTS[2 * k]);
        sin = sin.mul(square).add(COEFFICIENTS[2 * k + 1]);
    }
    (sin.mul(r), cos)
}

#[cfg(test)]
mod tests {
    use super::*;
    const INF: f64 = f64::INFINITY;

    #[test]
    fn sinc_has_its_limits() {
        for x in [0.0, -0.0, 5e-324, -1e-300] {
            assert_eq!((sinc(x), sinc_d(x, 0.0), sinc_d(x, 2.0), sinc_d(x, 4.0)), (1.0, 1.0, -1.0 / 3.0, 0.2), "{x}");
        }
        assert_eq!((sinc_d(0.0, 1.0), sinc_d(3e-300, 1.0), sinc_d(-5e-300, 3.0)), (0.0, -1e-300, -1e-300));
        for n in 0..5 {
            assert_eq!((sinc_d(INF, f64::from(n)), sinc_d(-INF, f64::from(n))), (0.0, 0.0));
        }
        assert!(sinc(f64::NAN).is_nan() && sinc_d(f64::NAN, 1.0).is_nan());
        assert!(sinc_d(1.0, 171.0).is_nan() && sinc_d(1.0, 0.5).is_nan());
    }

    #[test]
    fn derivatives_are_even_or_odd_and_agree_where_the_formula_changes() {
        for n in 0..=170 {
            let n = f64::from(n);
            for at in [1e-9, 0.01, core::f64::consts::FRAC_PI_4, n.max(1.0)] {
                let at: f64 = at;
                let [below, above] = [at.next_down(), at.next_up()].map(|x| sinc_d(x, n));
                assert!((below - above).abs() <= 1e-15 * at.max(1.0) / (n + 1.0), "{n} {at} {below} {above}");
                assert_eq!(sinc_d(-at, n), if n % 2.0 == 0.0 { sinc_d(at, n) } else { -sinc_d(at, n) });
            }
        }
        let at = core::f64::consts::FRAC_PI_4;
        assert!((sinc(at.next_down()) - sinc(at)).abs() <= f64::EPSILON);
    }
}
