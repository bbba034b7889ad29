//! The inverses of the error functions and of the normal distribution function, and their derivatives.
//!
//! All of them are the quantile `q` of a standard normal variable, except for a constant factor. In the middle it has a
//! power series. In a tail, `t = |q|` solves an equation between logarithms, which neither underflow nor cancel:
//! `-ln Phi(-t) = -ln s`, where `s` is the probability of the tail.
//!
//! Derivatives are `1 / phi(q)` and multiples of it. `e^(q^2/2)` would lose digits to the rounding of `q`. But the density is
//! `s I(t)`, where `I` is the inverse of Mills' ratio. It grows no faster than `t`, so the rounding of `t` costs nothing.

use core::f64::consts::{FRAC_1_SQRT_2, FRAC_PI_4};

use super::core::ln_dd;
use super::dd::{Dd, LN_2, fast_two_sum, two_prod};
use super::exp;
use super::mills::{RATIO_AT_0, inverse_ratio, minus_ln};
use crate::float;

/// `sqrt(pi) / 2`.
const HALF_SQRT_PI: f64 = 0.886_226_925_452_758;
/// `sqrt(2 pi)`.
const SQRT_TAU: f64 = 2.506_628_274_631_000_7;

/// `1 / sqrt(2)`.
const ROOT_OF_HALF: Dd = Dd { hi: FRAC_1_SQRT_2, lo: -4.833_646_656_726_457e-17 };

/// The terms of the series after the first. What is left out is below 2^-60 of the sum.
const TERMS: usize = 26;

/// The coefficients of `x^3, x^5, ..` in the power series of the inverse error function, over that of `x`:
/// `c_k (pi/4)^k / (2k + 1)`, where `c_0 = 1` and `c_k` is the sum of `c_m c_(k - 1 - m) / ((m + 1) (2m + 1))` over `m < k`
/// (L. Carlitz, The inverse of the error function, Pacific Journal of Mathematics 13, 1963).
static SERIES: [f64; TERMS] = {
    let mut c = [1.0; TERMS + 1];
    let mut series = [0.0; TERMS];
    let mut power = 1.0;
    let mut k = 1;
    while k <= TERMS {
        c[k] = 0.0;
        let mut m = 0;
        while m < k {
            c[k] += c[m] * c[k - 1 - m] / ((m + 1) * (2 * m + 1)) as f64;
            m += 1;
        }
        power *= FRAC_PI_4;
        series[k - 1] = c[k] * power / (2 * k + 1) as f64;
        k += 1;
    }
    series
};

/// A probability: `center` is the probability between `-q` and `q`, with the sign of `q`; `tails` is that outside.
#[derive(Clone, Copy)]
struct Probability {
    center: f64,
    tails: f64,
}

impl Probability {
    /// `erf(q / sqrt 2)`.
    fn of_erf(x: f64) -> Probability {
        Probability { center: x, tails: 1.0 - x.abs() }
    }

    /// `erfc(q / sqrt 2)`.
    fn of_erfc(x: f64) -> Probability {
        Probability { center: 1.0 - x, tails: x.min(2.0 - x) }
    }

    /// `Phi(q)`.
    fn of_norm_cdf(p: f64) -> Probability {
        Probability { center: 2.0 * p - 1.0, tails: 2.0 * p.min(1.0 - p) }
    }

    /// Differences are exact where they are used: `center` here, `tails` elsewhere.
    fn is_in_the_middle(self) -> bool {
        self.tails >= 0.5
    }

    /// What is infinite at the ends of the domain, and NaN outside, where no formula holds.
    fn at_an_end(self) -> Option<f64> {
        if self.tails > 0.0 {
            return None;
        }
        Some(if self.tails == 0.0 { f64::INFINITY } else { f64::NAN })
    }

    /// The quantile `q`, with a relative error of about 2^-57.
    fn quantile(self) -> Dd {
        if self.is_in_the_middle() {
            return middle(self.center);
        }
        let t = self.at_an_end().map_or_else(|| tail(LN_2.sub(ln_dd(self.tails))), Dd::new);
        if self.center < 0.0 { t.neg() } else { t }
    }

    /// `c / phi(q)`, where `c_sqrt_tau` is `c sqrt(2 pi)`.
    fn over_density(self, c: Dd, c_sqrt_tau: f64) -> f64 {
        if let Some(end) = self.at_an_end() {
            return end;
        }
        let q = self.quantile().hi;
        if self.is_in_the_middle() {
            return c_sqrt_tau * exp(0.5 * q * q);
        }
        // The density is tails I / 2.
        c.scale(2.0).div(inverse_ratio(q.abs()).0).value() / self.tails
    }
}

/// `sqrt(2)` times the inverse error function, for `1e-200 <= |x| <= 1/2`.
fn middle(x: f64) -> Dd {
    let square = x * x;
    let more = SERIES.iter().rev().fold(0.0, |sum, &c| sum * square + c) * square;
    let first = two_prod(x, RATIO_AT_0.hi);
    fast_two_sum(first.hi, first.lo + (x * RATIO_AT_0.lo + first.hi * more))
}

/// The solution `t` of `-ln Phi(-t) = l`, for a tail of at most 1/4.
fn tail(l: Dd) -> Dd {
    // Within 4.5e-4 (Abramowitz and Stegun, 26.2.23).
    let w = float::sqrt(2.0 * l.hi);
    let above = 2.515_517 + w * (0.802_853 + w * 0.010_328);
    let below = 1.0 + w * (1.432_788 + w * (0.189_269 + w * 0.001_308));
    let mut t = Dd::new(w - above / below);
    // Two steps of Halley's method, each of which triples the digits. The first derivative is I, the second I (I - t).
    for _ in 0..2 {
        let (inverse, above_t) = inverse_ratio(t.hi);
        let step = minus_ln(t.hi, inverse).sub(l).value() / inverse.hi;
        t = fast_two_sum(t.hi, -step / (1.0 - 0.5 * step * above_t));
    }
    t
}

/// `q / sqrt 2`.
fn over_sqrt_2(q: Dd) -> f64 {
    if q.hi.is_finite() { q.mul(ROOT_OF_HALF).value() } else { q.hi }
}

/// The inverse of `erf`. Infinite at -1 and 1, NaN beyond.
pub(crate) fn erf_inv(x: f64) -> f64 {
    // Here the low words of the series would be subnormal.
    if x.abs() < 1e-200 { x * HALF_SQRT_PI } else { over_sqrt_2(Probability::of_erf(x).quantile()) }
}

/// The derivative of [`erf_inv`].
pub(crate) fn erf_inv_d(x: f64) -> f64 {
    Probability::of_erf(x).over_density(ROOT_OF_HALF.scale(0.5), HALF_SQRT_PI)
}

/// The inverse of `erfc`. Infinite at 0 and 2, NaN beyond.
pub(crate) fn erfc_inv(x: f64) -> f64 {
    over_sqrt_2(Probability::of_erfc(x).quantile())
}

/// The derivative of [`erfc_inv`].
pub(crate) fn erfc_inv_d(x: f64) -> f64 {
    -Probability::of_erfc(x).over_density(ROOT_OF_HALF.scale(0.5), HALF_SQRT_PI)
}

/// The inverse of `norm_cdf`. Infinite at 0 and 1, NaN beyond.
pub(crate) fn norm_quantile(p: f64) -> f64 {
    Probability::of_norm_cdf(p).quantile().value()
}

/// The derivative of [`norm_quantile`].
pub(crate) fn norm_quantile_d(p: f64) -> f64 {
    Probability::of_norm_cdf(p).over_density(Dd::ONE, SQRT_TAU)
}

#[cfg(test)]
mod tests {
    use super::super::{erf, erfc, norm_cdf};
    use super::*;
    const INF: f64 = f64::INFINITY;

    type Function = fn(f64) -> f64;

    #[test]
    fn inverses_are_infinite_at_the_ends_and_nan_outside() {
        for (name, f, d, at_ends) in [
            ("erf_inv", erf_inv as Function, erf_inv_d as Function, [(-1.0, -INF, INF), (1.0, INF, INF)]),
            ("erfc_inv", erfc_inv, erfc_inv_d, [(0.0, INF, -INF), (2.0, -INF, -INF)]),
            ("norm_quantile", norm_quantile, norm_quantile_d, [(0.0, -INF, INF), (1.0, INF, INF)]),
        ] {
            for (x, value, slope) in at_ends {
                assert_eq!((f(x), d(x)), (value, slope), "{name} of {x}");
                let inside = if x == at_ends[0].0 { f(x.next_up()) } else { f(x.next_down()) };
                assert!(inside.is_finite(), "{name} next to {x}");
            }
            for x in [at_ends[0].0 - 1e-9, at_ends[1].0.next_up(), -INF, INF, f64::NAN] {
                assert!(f(x).is_nan() && d(x).is_nan(), "{name} of {x}");
            }
        }
        assert_eq!((erfc_inv(-0.0), norm_quantile(-0.0)), (INF, -INF));
        assert!(erfc_inv(-5e-324).is_nan() && norm_quantile(-5e-324).is_nan());
    }

    #[test]
    fn the_middle_is_exact() {
        assert_eq!((erf_inv(0.0).to_bits(), erf_inv(-0.0).to_bits()), (0, (-0.0f64).to_bits()));
        assert_eq!((erfc_inv(1.0), norm_quantile(0.5)), (0.0, 0.0));
        assert_eq!((erf_inv(5e-324), erf_inv(-1e-323)), (5e-324, -1e-323));
        assert_eq!((erf_inv_d(0.0), erfc_inv_d(1.0), norm_quantile_d(0.5)), (HALF_SQRT_PI, -HALF_SQRT_PI, SQRT_TAU));
    }

    #[test]
    fn the_least_numbers_have_quantiles() {
        let near = |x: f64, want: f64| assert!((x / want - 1.0).abs() < 3e-16, "{x} {want}");
        // From arithmetic with 1,400 bits.
        near(norm_quantile(5e-324), -38.467_405_617_144_34);
        near(erfc_inv(5e-324), 27.213_293_210_812_95);
        assert_eq!((norm_quantile_d(5e-324), erfc_inv_d(5e-324)), (INF, -INF));
    }

    #[test]
    fn inverses_undo_their_functions() {
        for k in 1..400 {
            let x = f64::from(k) / 400.0;
            let near = |a: f64, b: f64| assert!((a - b).abs() <= 4e-16 * b.abs() + 1e-16, "{x}: {a} {b}");
            near(erf(erf_inv(x)), x);
            near(erf(erf_inv(-x)), -x);
            near(erfc(erfc_inv(x)), x);
            near(erfc(erfc_inv(2.0 - x)), 2.0 - x);
            near(norm_cdf(norm_quantile(x)), x);
        }
    }

    #[test]
    fn values_and_slopes_agree_where_the_formula_changes() {
        for (f, d, at) in [
            (erf_inv as Function, erf_inv_d as Function, 0.5),
            (erf_inv, erf_inv_d, -0.5),
            (erfc_inv, erfc_inv_d, 0.5),
            (erfc_inv, erfc_inv_d, 1.5),
            (norm_quantile, norm_quantile_d, 0.25),
            (norm_quantile, norm_quantile_d, 0.75),
        ] {
            let (below, above) = (f64::next_down(at), f64::next_up(at));
            assert!((f(below) / f(above) - 1.0).abs() < 2e-15, "{at}: {} {}", f(below), f(above));
            assert!((d(below) / d(above) - 1.0).abs() < 2e-15, "{at}: {} {}", d(below), d(above));
        }
    }
}
