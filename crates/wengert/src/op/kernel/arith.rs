//! The arithmetic that needs care: guarded products, reciprocals, kinks and ties.
//!
//! The guarded product is the multiplication of every chain rule: an adjoint of 0 times anything is 0, so an unused
//! branch never makes a NaN.

/// Guarded product: `a * b`, but 0 where either factor is 0, even if the other is infinite or NaN.
#[inline(always)]
pub(crate) fn gmul(a: f64, b: f64) -> f64 {
    let p = a * b;
    // The fast path is one multiplication and one branch that is never taken. Without the call, the compiler
    // makes four dependent mask operations of it.
    if p.is_nan() { not_a_product(a, b, p) } else { p }
}

#[cold]
#[inline(never)]
fn not_a_product(a: f64, b: f64, p: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 0.0 } else { p }
}

/// Guarded quotient: `a / b`, but 0 where `a` is 0, whatever `b` is.
#[inline(always)]
pub(crate) fn gdiv(a: f64, b: f64) -> f64 {
    let q = a / b;
    if q.is_nan() { not_a_product(a, 1.0, q) } else { q }
}

/// `c / x` for `x >= 0`, where both zeros give `+inf` for `c > 0`. NaN for `x < 0`. The derivative of logarithms, which
/// exists only where they do.
#[inline(always)]
pub(crate) fn recip_pos(x: f64, c: f64) -> f64 {
    // abs() turns -0 into +0: the one-sided limit.
    if x >= 0.0 { c / x.abs() } else { f64::NAN }
}

/// IEEE 754-2019 maximum: NaN if either is NaN, and +0 is above -0.
#[inline(always)]
pub(crate) fn max(x: f64, y: f64) -> f64 {
    // The larger one without a branch. It is `y` for a tie or a NaN, and a branch handles these rare cases.
    let larger = if x > y { x } else { y };
    if x == y {
        f64::from_bits(x.to_bits() & y.to_bits())
    } else if x.is_nan() {
        x
    } else {
        larger
    }
}

/// IEEE 754-2019 minimum: NaN if either is NaN, and -0 is below +0.
#[inline(always)]
pub(crate) fn min(x: f64, y: f64) -> f64 {
    let smaller = if x < y { x } else { y };
    if x == y {
        f64::from_bits(x.to_bits() | y.to_bits())
    } else if x.is_nan() {
        x
    } else {
        smaller
    }
}

/// The derivative of `max(a, b)` with respect to `a`: 1 where `a > b`, 1/2 at a tie, 0 where `a < b`, NaN if either is
/// NaN.
#[inline(always)]
pub(crate) fn prefer(a: f64, b: f64) -> f64 {
    if a > b {
        1.0
    } else if a < b {
        0.0
    } else if a == b {
        0.5
    } else {
        f64::NAN
    }
}

/// `max(x, 0)`, NaN for NaN.
#[inline(always)]
pub(crate) fn relu(x: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { x }
}

/// 1 where `x > 0`, else 0 (at both zeros too). NaN for NaN.
#[inline(always)]
pub(crate) fn step(x: f64) -> f64 {
    if x > 0.0 {
        1.0
    } else if x <= 0.0 {
        0.0
    } else {
        f64::NAN
    }
}

/// -1, 0 or 1. It is 0 at both zeros, and NaN for NaN.
#[inline(always)]
pub(crate) fn sign(x: f64) -> f64 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else if x == 0.0 {
        0.0
    } else {
        f64::NAN
    }
}

/// The derivative of a piecewise constant function: 0, or NaN where `x` is NaN.
#[inline(always)]
pub(crate) fn flat(x: f64) -> f64 {
    if !x.is_nan() { 0.0 } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;

    #[test]
    fn a_zero_factor_wins_over_anything() {
        for w in [INF, -INF, NAN, 1.0, 0.0] {
            assert_eq!(gmul(0.0, w), 0.0);
            assert_eq!(gmul(w, -0.0), 0.0);
            assert_eq!(gdiv(0.0, w), 0.0);
        }
        assert_eq!(gmul(3.0, 4.0), 12.0);
        assert_eq!(gdiv(3.0, 0.0), INF);
        assert!(gmul(NAN, 1.0).is_nan() && gdiv(1.0, NAN).is_nan());
        assert!(gdiv(INF, INF).is_nan());
    }

    #[test]
    fn maximum_and_minimum_propagate_nan_and_order_the_zeros() {
        assert!(max(NAN, 1.0).is_nan() && max(1.0, NAN).is_nan());
        assert!(min(NAN, 1.0).is_nan() && min(1.0, NAN).is_nan());
        assert!(max(-0.0, 0.0).is_sign_positive() && max(0.0, -0.0).is_sign_positive());
        assert!(min(-0.0, 0.0).is_sign_negative() && min(0.0, -0.0).is_sign_negative());
        assert_eq!((max(-INF, 2.0), min(INF, 2.0)), (2.0, 2.0));
    }

    #[test]
    fn a_tie_is_shared() {
        assert_eq!(prefer(2.0, 1.0), 1.0);
        assert_eq!(prefer(1.0, 2.0), 0.0);
        assert_eq!(prefer(0.0, -0.0), 0.5);
        assert_eq!(prefer(INF, INF), 0.5);
        assert!(prefer(NAN, 1.0).is_nan());
    }

    #[test]
    fn kinks_have_slope_zero() {
        for z in [0.0, -0.0] {
            assert_eq!((relu(z), step(z), sign(z), flat(z)), (0.0, 0.0, 0.0, 0.0));
        }
        assert_eq!((step(3.0), step(-3.0), sign(-3.0)), (1.0, 0.0, -1.0));
        assert!(relu(NAN).is_nan() && step(NAN).is_nan() && sign(NAN).is_nan() && flat(NAN).is_nan());
        assert_eq!(flat(INF), 0.0);
    }

    #[test]
    fn the_slope_of_a_logarithm_lives_where_the_logarithm_does() {
        assert_eq!(recip_pos(0.0, 1.0), INF);
        assert_eq!(recip_pos(-0.0, 1.0), INF);
        assert_eq!(recip_pos(4.0, 1.0), 0.25);
        assert_eq!(recip_pos(INF, 1.0), 0.0);
        assert!(recip_pos(-1.0, 1.0).is_nan() && recip_pos(NAN, 1.0).is_nan());
    }
}
