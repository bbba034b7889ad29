//! The logarithm of the normal distribution function, by Mills' ratio.
//!
//! In the left tail the distribution function is the density times Mills' ratio `R(t)`, the integral over `s > 0` of
//! `e^(-ts - s^2/2)`, where `t = -x`. The ratio is smooth and never underflows. So nothing cancels: the logarithm is
//! `-t^2/2 - ln sqrt(2 pi) + ln R`, its derivative `1 / R`. `Phi` and `phi` are the distribution function and the density.

use super::core::{exp_big, ln_dd};
use super::dd::{Big, Dd, exp2i, two_prod, two_sum};
use super::{MAX_ORDER, gauss, is_order, ln_1p};
use crate::float;

/// `ln sqrt(2 pi)`.
const LN_SQRT_TAU: Dd = Dd { hi: 0.918_938_533_204_672_8, lo: -3.878_294_158_067_242e-17 };
/// `1 / sqrt(2 pi)`.
const DENSITY: Dd = Dd { hi: 0.398_942_280_401_432_7, lo: -2.492_327_202_277_73e-17 };
/// `sqrt(pi / 2)`.
pub(super) const RATIO_AT_0: Dd = Dd { hi: 1.253_314_137_315_500_3, lo: -9.164_289_990_229_583e-17 };

/// The table of Mills' ratio ends here. Beyond, its continued fraction is quick.
const FAR: f64 = 8.0;
/// The table has a row for each step of 1/8, 0 and [`FAR`] included.
const ROWS: usize = 65;
/// The terms of each series: the last is below 2^-70 of the first.
const TERMS: usize = 16;

/// The Taylor series of Mills' ratio around a multiple of 1/8: the first two coefficients, then the others.
struct Row {
    first: [Dd; 2],
    rest: [f64; TERMS - 2],
}

/// The coefficients of Mills' ratio around `c`, where it is `r`: `R' = tR - 1`, so `(n + 1) r_(n+1) = c r_n + r_(n-1)`.
const fn coefficients(c: f64, r: Dd) -> [Dd; 30] {
    let mut a = [Dd::ZERO; 30];
    a[0] = r;
    a[1] = r.mul(Dd::new(c)).sub(Dd::ONE);
    let mut n = 1;
    while n < 29 {
        a[n + 1] = a[n].mul(Dd::new(c)).add(a[n - 1]).div(Dd::new((n + 1) as f64));
        n += 1;
    }
    a
}

/// Made from the right to the left, by the series of each row: that way an error shrinks.
static TABLE: [Row; ROWS] = {
    let mut table = [const { Row { first: [Dd::ZERO; 2], rest: [0.0; TERMS - 2] } }; ROWS];
    // Laplace's continued fraction: R(t) = 1/(t + 1/(t + 2/(t + 3/(t + ...)))).
    let mut r = Dd::new(FAR);
    let mut n = 60;
    while n > 0 {
        r = Dd::new(FAR).add(Dd::new(n as f64).div(r));
        n -= 1;
    }
    let mut r = Dd::ONE.div(r);
    let mut k = ROWS;
    while k > 0 {
        k -= 1;
        let a = coefficients(k as f64 / 8.0, r);
        table[k].first = [a[0], a[1]];
        let mut n = 2;
        while n < TERMS {
            table[k].rest[n - 2] = a[n].hi;
            n += 1;
        }
        r = Dd::ZERO;
        let mut n = 30;
        while n > 0 {
            n -= 1;
            r = r.scale(-0.125).add(a[n]);
        }
    }
    table
};

/// Mills' ratio and minus its derivative, for `0 <= t < 8`. The relative errors are about 2^-60 and 2^-52.
fn ratio(t: f64) -> (Dd, f64) {
    let k = (t * 8.0 + 0.5) as usize;
    let h = t - k as f64 / 8.0;
    let Row { first, rest } = &TABLE[k];
    let (mut r, mut slope) = (0.0, 0.0);
    for n in (0..TERMS - 2).rev() {
        slope = slope * h + rest[n] * (n + 2) as f64;
        r = r * h + rest[n];
    }
    let sum = first[0].add(first[1].mul(Dd::new(h))).add(Dd::new(r * h * h));
    (sum, -(first[1].hi + slope * h))
}

/// `phi(t) / Phi(-t)`, the inverse of Mills' ratio, and what it is above `t`, for `t >= 0`.
pub(super) fn inverse_ratio(t: f64) -> (Dd, f64) {
    if t < FAR {
        let (r, slope) = ratio(t);
        return (Dd::ONE.div(r), slope / r.hi);
    }
    // 1/(t + 2/(t + 3/(t + ...))).
    let mut above = t;
    for n in (2..=18).rev() {
        above = t + f64::from(n) / above;
    }
    let above = 1.0 / above;
    (two_sum(t, above), above)
}

/// `-ln Phi(-t)` for `0 <= t <= 1e10`, given the inverse of Mills' ratio. The relative error is about 2^-58.
pub(super) fn minus_ln(t: f64, inverse: Dd) -> Dd {
    let ln = ln_dd(inverse.hi).add(Dd::new(inverse.lo / inverse.hi));
    two_prod(0.5 * t, t).add(LN_SQRT_TAU).add(ln)
}

/// `Phi(-t)` for `t >= 0`, given the inverse of Mills' ratio.
fn tail(t: f64, inverse: Dd) -> Big {
    exp_big(two_prod(-0.5 * t, t)).mul(Big::new(DENSITY.div(inverse), 0))
}

/// `ln Phi(x)`.
pub(crate) fn log_norm_cdf(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    let t = x.abs();
    if x < 0.0 {
        // Far out the logarithms are below half an ulp of the square.
        return if t > 1e10 { -(0.5 * t * t) } else { -minus_ln(t, inverse_ratio(t).0).value() };
    }
    if x > 40.0 {
        return -0.0;
    }
    let q = tail(x, inverse_ratio(x).0);
    if x > 9.0 {
        return -q.value();
    }
    let q = q.m.scale(exp2i(q.e));
    ln_1p(-q.hi) - q.lo / (1.0 - q.hi)
}

/// The `n`-th derivative of [`log_norm_cdf`]. NaN where `n` is not an [order](is_order).
///
/// The first is `m = phi / Phi`, the second `-m (x + m)`. The others are the coefficients of the logarithm of a Taylor
/// series: of Mills' ratio in the left tail, else of the distribution function.
pub(crate) fn log_norm_cdf_d(x: f64, n: f64) -> f64 {
    if !is_order(n) || x.is_nan() {
        return f64::NAN;
    }
    if n == 0.0 {
        return log_norm_cdf(x);
    }
    if x > 20.0 || x > 9.0 && n <= 2.0 {
        // Phi is 1, to 2^-62.
        return gauss(x, 0.5, n - 1.0);
    }
    if n > 2.0 {
        return if x < -SERIES { in_the_tail(-x, n as u32) } else { by_the_density(x, n as u32) };
    }
    let (inverse, above) = inverse_ratio(x.abs());
    if x < 0.0 {
        return match n {
            1.0 => inverse.hi,
            // 1 - 1/x^2 rounds to 1.
            _ if x < -1e9 => -1.0,
            _ => -inverse.hi * above,
        };
    }
    let q = tail(x, inverse).value();
    let m = gauss(x, 0.5, 0.0) / (1.0 - q);
    if n == 1.0 { m } else { -m * (x + m) }
}

/// Up to here the power series of the distribution function has most of 106 bits, on both sides.
const SERIES: f64 = 2.5;

/// Derivatives from the third on for `-2.5 <= x <= 20`: those of the distribution function are Hermite polynomials times
/// the density.
#[cold]
#[inline(never)]
fn by_the_density(x: f64, n: u32) -> f64 {
    let growth = |x: f64| {
        let e = exp_big(two_prod(0.5 * x, x));
        e.m.scale(exp2i(e.e))
    };
    let m = if x <= SERIES {
        // Phi / phi = sqrt(pi/2) e^(x^2/2) + x + x^3/3 + x^5/15 + ... (Abramowitz and Stegun, 26.2.11)
        let square = two_prod(x, x);
        let sum = (0..40).rev().fold(Dd::ONE, |sum, k| Dd::ONE.add(sum.mul(square).div(Dd::new(f64::from(2 * k + 3)))));
        Dd::ONE.div(RATIO_AT_0.mul(growth(x)).add(sum.mul(Dd::new(x))))
    } else {
        let q = tail(x, inverse_ratio(x).0).value();
        DENSITY.div(growth(x)).div(two_sum(1.0, -q))
    };
    let mut a = [Dd::ZERO; MAX_ORDER as usize + 1];
    let (mut before, mut b) = (Dd::ZERO, Dd::ONE);
    for (k, a) in (0..n).map(f64::from).zip(&mut a[1..]) {
        *a = m.mul(b);
        let shrunk = before.mul(Dd::new(k)).div(Dd::new(k + 1.0));
        let next = b.mul(Dd::new(-x)).sub(shrunk).div(Dd::new(k + 2.0));
        (before, b) = (b, next);
    }
    of_logarithm(&a, n).value()
}

/// Derivatives from the third on for `x = -t`, `t > 2.5`. Those of Mills' ratio have alternating signs, and each is a
/// continued fraction times the one before. Scaled by `t^k`.
#[cold]
#[inline(never)]
fn in_the_tail(t: f64, n: u32) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    let root = float::sqrt(f64::from(n)) + 20.0 / t;
    let start = (root * root) as usize + 10;
    let inverse = Dd::ONE.div(Dd::new(t));
    let square = inverse.mul(inverse);
    let mut a = [Dd::ZERO; MAX_ORDER as usize + 1];
    let mut ratio = Dd::ONE;
    for k in (1..=start).rev() {
        ratio = Dd::ONE.div(Dd::ONE.add(square.mul(ratio).mul(Dd::new(k as f64 + 1.0))));
        if k <= n as usize {
            a[k] = ratio;
        }
    }
    for k in 2..=n as usize {
        a[k] = a[k].mul(a[k - 1]);
    }
    of_logarithm(&a, n).div(Big::of(t).powi(n)).value()
}

/// The `n`-th derivative at 0 of the logarithm of `1 + a_1 h + a_2 h^2 + ...`.
fn of_logarithm(a: &[Dd; MAX_ORDER as usize + 1], n: u32) -> Big {
    // d_k is k times the coefficient of the logarithm.
    let mut d = [Dd::ZERO; MAX_ORDER as usize + 1];
    let mut factorial = Big::of(1.0);
    for k in 1..=n as usize {
        let known = (1..k).fold(Dd::ZERO, |sum, j| sum.add(d[j].mul(a[k - j])));
        d[k] = a[k].mul(Dd::new(k as f64)).sub(known);
        if k > 1 {
            factorial = factorial.mul(Big::of(k as f64 - 1.0));
        }
    }
    Big::new(d[n as usize], 0).mul(factorial)
}

#[cfg(test)]
mod tests {
    use super::*;
    const INF: f64 = f64::INFINITY;

    #[test]
    fn the_logarithm_of_the_distribution_function_has_its_limits() {
        let all = |x: f64| [0.0, 1.0, 2.0, 3.0, 170.0].map(|n| log_norm_cdf_d(x, n));
        assert_eq!(all(-INF), [-INF, INF, -1.0, 0.0, 0.0]);
        assert_eq!(all(INF), [0.0; 5]);
        assert_eq!(all(-f64::MAX)[..3], [-INF, f64::MAX, -1.0]);
        for x in [0.0, -0.0, 5e-324, -5e-324] {
            let want = [-core::f64::consts::LN_2, 2.0 * DENSITY.hi, -core::f64::consts::FRAC_2_PI];
            for (n, want) in want.into_iter().enumerate() {
                assert!((log_norm_cdf_d(x, n as f64) - want).abs() < 2e-16, "{n} at {x}");
            }
        }
        assert!(all(f64::NAN).iter().all(|y| y.is_nan()));
        assert!(log_norm_cdf_d(1.0, 171.0).is_nan() && log_norm_cdf_d(1.0, 0.5).is_nan());
        // The logarithm underflows after the tail does.
        assert!(log_norm_cdf(38.4) < 0.0 && log_norm_cdf(38.6).to_bits() == (-0.0f64).to_bits());
        assert_eq!((log_norm_cdf(-1.8e154), log_norm_cdf(-1.9e154)), (-1.62e308, -INF));
    }

    #[test]
    fn derivatives_agree_where_the_formula_changes() {
        for at in [-1e10, -1e9, -FAR, -SERIES, -0.0625, 0.0, SERIES, FAR, 9.0, 20.0] {
            for n in 0..9 {
                let n = f64::from(n);
                let [below, above] = [f64::next_down(at), f64::next_up(at)].map(|x| log_norm_cdf_d(x, n));
                let slope = log_norm_cdf_d(at, n + 1.0).abs() * (at.abs().next_up() - at.abs()) * 4.0;
                assert!((below - above).abs() <= 4e-15 * below.abs() + slope, "{n} at {at}: {below} {above}");
            }
        }
    }
}
