//! `x ln y` and `x ln(1 + y)`, 0 where `x` is 0.
//!
//! The logarithm is a sum of two words, so that its rounding is not magnified by that of the product.

use super::core::ln_dd;
use super::dd::{Dd, fast_two_sum, two_sum};
use super::expo::{ln, ln_fine, normal};
use super::ln_1p;

/// `x ln y`, and 0 where `x` is 0, unless `y` is NaN.
pub(crate) fn xlogy(x: f64, y: f64) -> f64 {
    if normal(y) {
        times(x, ln_fine(y))
    } else if y > 0.0 && y.is_finite() {
        times(x, ln_dd(y))
    } else {
        guarded(x, ln(y), y)
    }
}

/// `x ln(1 + y)`, and 0 where `x` is 0, unless `y` is NaN.
pub(crate) fn xlog1py(x: f64, y: f64) -> f64 {
    if !(y > -1.0 && y.is_finite()) {
        return guarded(x, ln_1p(y), y);
    }
    let u = two_sum(1.0, y);
    let d = u.lo / u.hi;
    times(x, ln_dd(u.hi).add(fast_two_sum(d, -0.5 * d * d)))
}

/// `x l` for a finite `l`.
#[inline]
fn times(x: f64, l: Dd) -> f64 {
    if x == 0.0 {
        return 0.0;
    }
    let p = x * l.hi;
    // An infinity keeps its sign.
    if p.is_finite() { p + x * l.lo } else { p }
}

/// `x l` for a logarithm `l` of a number at an end of its domain, or outside.
#[cold]
fn guarded(x: f64, l: f64, y: f64) -> f64 {
    if x == 0.0 && !y.is_nan() { 0.0 } else { x * l }
}

#[cfg(test)]
mod tests {
    use super::*;
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;

    #[test]
    fn a_factor_of_zero_wins_over_any_logarithm_but_that_of_nan() {
        for x in [0.0, -0.0] {
            for y in [0.0, -0.0, 1.0, -3.0, 5e-324, INF, -INF] {
                assert_eq!((xlogy(x, y), xlog1py(x, y)), (0.0, 0.0), "{x} {y}");
            }
            assert!(xlogy(x, NAN).is_nan() && xlog1py(x, NAN).is_nan());
        }
    }

    #[test]
    fn products_with_logarithms_have_their_limits() {
        assert_eq!((xlogy(2.0, 0.0), xlogy(-2.0, -0.0), xlogy(2.0, INF)), (-INF, INF, INF));
        assert_eq!((xlog1py(2.0, -1.0), xlog1py(-2.0, -1.0), xlog1py(-2.0, INF)), (-INF, INF, -INF));
        assert_eq!((xlogy(INF, 2.0), xlogy(INF, 0.5), xlogy(-INF, 2.0)), (INF, -INF, -INF));
        assert_eq!((xlog1py(INF, 2.0), xlog1py(INF, -0.5)), (INF, -INF));
        assert_eq!((xlogy(3.0, 1.0), xlog1py(3.0, 0.0), xlog1py(1.0, 5e-324)), (0.0, 0.0, 5e-324));
        for (x, y) in [(1.0, -1.0), (1.0, -INF), (NAN, 2.0), (NAN, 0.0), (2.0, NAN), (INF, 1.0)] {
            assert!(xlogy(x, y).is_nan(), "{x} {y}");
        }
        for (x, y) in [(1.0, -2.0), (1.0, -INF), (NAN, 2.0), (NAN, -1.0), (2.0, NAN), (INF, 0.0)] {
            assert!(xlog1py(x, y).is_nan(), "{x} {y}");
        }
    }
}
