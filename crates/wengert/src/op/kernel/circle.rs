//! Plane geometry: hypotenuse, angle, and every partial derivative of both.
//!
//! The derivatives are homogeneous polynomials of the coordinates, divided by a power of the hypotenuse. Both
//! coordinates are split into mantissa and exponent, so no intermediate result under- or overflows.

use alloc::vec;

use super::dd::{Big, Dd, exp2i, fast_two_sum, frexp, two_prod, two_sum};
use super::elementary;
use super::is_order;
use crate::float;

/// The angle of the point `(x, y)`, with the signed zeros of IEEE 754.
#[inline]
pub(crate) fn atan2(y: f64, x: f64) -> f64 {
    // The sign of `y` is kept when the result underflows.
    elementary::atan2(y, x).copysign(y)
}

/// `r (1 + c)` for a tiny `c`, with `c r` rounded separately. If `r` is 0 it keeps its sign.
#[inline(always)]
fn corrected(r: f64, c: f64) -> f64 {
    if r == 0.0 { r } else { r + r * c }
}

/// `u^2 + v^2` in two words, for points whose length and the powers of its square are well inside the range. `None` for
/// all others, such as the origin, infinity and NaN.
#[inline(always)]
fn square_of(u: f64, v: f64) -> Option<Dd> {
    let (a, b) = (u.abs(), v.abs());
    let longer = if a > b { a } else { b };
    // Also false if only one of them is NaN, since then the sum is NaN.
    if longer > 1e-60 && a + b < 1e60 {
        let (s, t) = (two_prod(a, a), two_prod(b, b));
        let sum = two_sum(s.hi, t.hi);
        Some(fast_two_sum(sum.hi, sum.lo + (s.lo + t.lo)))
    } else {
        None
    }
}

/// A point other than (0, 0) as `(u, v 2^-below) 2^scale`, with `1 <= |u| < 2` and `v` 0 or between `2^-100` and `|u|`.
/// If `swapped`, the abscissa of the point is the second of the two. To a relative 2^-200, a partial at a point with
/// `below > 0` is that at `(u, v)`, times `2^-below` for each factor `v` that it has.
struct Point {
    u: f64,
    v: f64,
    below: i32,
    scale: i32,
    swapped: bool,
    /// `u^2 + v^2`.
    square: Dd,
}

/// `Err` is the derivative itself, if it needs no arithmetic: NaN, or 0 at the origin.
fn normalize(u: f64, v: f64) -> Result<Point, f64> {
    if u.is_nan() || v.is_nan() {
        return Err(f64::NAN);
    }
    // At infinity only the direction matters. Two infinities are on the diagonal, as in atan2.
    let (u, v, far) = match (u.is_infinite(), v.is_infinite()) {
        (false, false) => (u, v, 0),
        (true, false) => (1f64.copysign(u), 0.0, 100_000),
        (false, true) => (0.0, 1f64.copysign(v), 100_000),
        (true, true) => (1f64.copysign(u), 1f64.copysign(v), 100_000),
    };
    if u == 0.0 && v == 0.0 {
        return Err(0.0);
    }
    let swapped = u.abs() < v.abs();
    let (u, v) = if swapped { (v, u) } else { (u, v) };
    let (u, scale) = frexp(u);
    let (v, e) = if v == 0.0 { (v, scale) } else { frexp(v) };
    let kept = (e - scale).max(-100);
    let v = v * exp2i(kept);
    let square = two_prod(u, u).add(two_prod(v, v));
    Ok(Point { u, v, below: kept - (e - scale), scale: scale + far, swapped, square })
}

impl Point {
    /// `(u + i v)^2`, of which the real part does not cancel.
    fn z_squared(&self) -> Complex {
        (two_sum(self.u, -self.v).mul(two_sum(self.u, self.v)), two_prod(self.u, self.v).scale(2.0))
    }

    /// `r 2^(scale * degree)`, with the factor `2^-below` as often as `v` is one. 0 has no sign.
    fn value(&self, r: Big, degree: i32, v_factors: i32) -> f64 {
        if r.m.hi == 0.0 {
            return 0.0;
        }
        Big { m: r.m, e: r.e + self.scale * degree - self.below * v_factors }.value()
    }
}

/// The real and the imaginary part.
pub(super) type Complex = (Dd, Dd);

pub(super) fn times(a: Complex, b: Complex) -> Complex {
    (a.0.mul(b.0).sub(a.1.mul(b.1)), a.0.mul(b.1).add(a.1.mul(b.0)))
}

/// `Re(i^k (u + i v)^-n)`: the partials of the angle. 0 at the origin; NaN where `n` or `k` is not an
/// [order](is_order).
///
/// The derivative of `atan2(y, x)` is `zpow(x, y, 1, 0) = x / (x^2 + y^2)` with respect to `y`, and
/// `-zpow(x, y, 1, 1) = -y / (x^2 + y^2)` with respect to `x`. The derivative of `zpow(u, v, n, k)` is
/// `-n zpow(u, v, n+1, k)` with respect to `u`, and `-n zpow(u, v, n+1, k+1)` with respect to `v`.
#[inline]
pub(crate) fn zpow(u: f64, v: f64, n: f64, k: f64) -> f64 {
    if !is_order(n) || !is_order(k) {
        return f64::NAN;
    }
    // If one coordinate is tiny, products of the two might underflow and lose digits.
    if (n == 1.0 || n == 2.0 && u.abs() > 1e-100 && v.abs() > 1e-100)
        && let Some(square) = square_of(u, v)
    {
        // (u - i v) / square for n = 1, the square of that for n = 2, each corrected for the rounding error of
        // `square`. The factor i^k comes last.
        let s = square.hi;
        let (re, im) = if n == 1.0 {
            let c = -(square.lo / s);
            (corrected(u / s, c), corrected(-v / s, c))
        } else {
            let c = -2.0 * (square.lo / s);
            let s2 = s * s;
            let (re, im) = ((u - v) * (u + v) / s2, -2.0 * (u * v) / s2);
            (corrected(re, c), corrected(im, c))
        };
        return match k as u32 % 4 {
            0 => re,
            1 => -im,
            2 => -re,
            _ => im,
        };
    }
    zpow_any(u, v, n, k)
}

/// [`zpow`] of any order and over the whole range: `i^k (u - i v)^n / (u^2 + v^2)^n`.
fn zpow_any(u: f64, v: f64, n: f64, k: f64) -> f64 {
    let mut p = match normalize(u, v) {
        Ok(p) => p,
        Err(r) => return r,
    };
    let (n, mut k) = (n as u32, k as u32);
    if p.swapped {
        // v + i u = i (u - i v)
        p.v = -p.v;
        k += 3 * n;
    }
    let mut power = if n % 2 == 1 { (Dd::new(p.u), Dd::new(p.v)) } else { (Dd::ONE, Dd::ZERO) };
    let (mut z, mut rest) = (p.z_squared(), n / 2);
    while rest > 0 {
        if rest % 2 == 1 {
            power = times(power, z);
        }
        z = times(z, z);
        rest /= 2;
    }
    let part = match k % 4 {
        0 => power.0,
        1 => power.1,
        2 => power.0.neg(),
        _ => power.1.neg(),
    };
    p.value(Big::new(part, 0).div(Big::new(p.square, 0).powi(n)), -(n as i32), (k % 2) as i32)
}

/// `d^(j+k) / du^j dv^k` of `hypot(u, v)`. 0 at the origin; NaN where `j` or `k` is not an [order](is_order).
///
/// With `z = u + i v` the hypotenuse is `(z z')^(1/2)`, and the partials are sums and differences of those with respect
/// to `z` and its conjugate `z'`. So with `n = j + k` it is `(-1)^(k/2) n! h^(1-n)` times the sum over `a` of
/// `r_a b_a b_(n-a) cos((n - 2a) angle)`, for odd `k` with the sine. `b_a` is the binomial coefficient of 1/2 over `a`,
/// and `r_a`, at most 1, that of `x^a` in `(1+x)^j (1-x)^k` divided by that of `(1+x)^n`. No term is far larger than the
/// sum.
#[inline]
pub(crate) fn hypot_partial(u: f64, v: f64, j: f64, k: f64) -> f64 {
    if !is_order(j) || !is_order(k) {
        return f64::NAN;
    }
    if j + k <= 2.0
        && j + k > 0.0
        && let Some(square) = square_of(u, v)
    {
        // The rounding error of the length h, relative to h: (h^2 - square) / 2 square.
        let h = float::sqrt(square.hi);
        let again = two_prod(h, h);
        let c = 0.5 * (((again.hi - square.hi) + (again.lo - square.lo)) / square.hi);
        if j + k == 1.0 {
            let r = if j == 1.0 { u / h } else { v / h };
            return corrected(r, c);
        }
        // If one coordinate is far below the other, products might underflow and lose digits.
        if u.abs() > 1e-100 && v.abs() > 1e-100 {
            let product = if j == 1.0 {
                -(u * v)
            } else if j == 2.0 {
                v * v
            } else {
                u * u
            };
            let r = product / (square.hi * h);
            return corrected(r, c - square.lo / square.hi);
        }
    }
    hypot_partial_any(u, v, j, k)
}

/// [`hypot_partial`] of any order and over the whole range.
fn hypot_partial_any(u: f64, v: f64, j: f64, k: f64) -> f64 {
    let p = match normalize(u, v) {
        Ok(p) => p,
        Err(r) => return r,
    };
    let (j, k) = if p.swapped { (k as usize, j as usize) } else { (j as usize, k as usize) };
    let order = j + k;
    // The only partials with a double zero at v = 0 are those with respect to u alone: of v^2 h^-3.
    let flat = k == 0 && j >= 2;
    let (j, exponent) = if flat { (j - 2, -1.5) } else { (j, 0.5) };
    let n = j + k;
    let mut b = vec![Dd::ONE];
    let mut factorial = Big::of(1.0);
    for a in 0..n {
        let next = (a + 1) as f64;
        b.push(b[a].mul(Dd::new(exponent - a as f64)).div(Dd::new(next)));
        factorial = factorial.mul(Big::of(next));
    }
    // (n - a) r_(a+1) = (j - k) r_a - a r_(a-1), up to the middle. The second half mirrors the first.
    let mut r = vec![Dd::ONE];
    for a in 0..n / 2 {
        let back = r[a.saturating_sub(1)].mul(Dd::new(a as f64));
        r.push(r[a].mul(Dd::new(j as f64 - k as f64)).sub(back).div(Dd::new((n - a) as f64)));
    }
    let h = p.square.sqrt();
    let (re, im) = p.z_squared();
    let turn = (re.div(p.square), im.div(p.square));
    let mut e = if n % 2 == 1 { (Dd::new(p.u).div(h), Dd::new(p.v).div(h)) } else { (Dd::ONE, Dd::ZERO) };
    let mut sum = Dd::ZERO;
    for a in (0..=n / 2).rev() {
        let weight = r[a].mul(b[a]).mul(b[n - a]).scale(if 2 * a == n { 1.0 } else { 2.0 });
        sum = sum.add(weight.mul(if k % 2 == 0 { e.0 } else { e.1 }));
        e = times(e, turn);
    }
    if k % 4 >= 2 {
        sum = sum.neg();
    }
    let (h, below) = (Big::new(h, 0), if flat { 2 } else { (k % 2) as i32 });
    let mut r = Big::new(sum, 0).mul(factorial).mul(h).div(h.powi(n as u32));
    if flat {
        r = r.mul(Big::new(two_prod(p.v, p.v), 0)).div(h.powi(4));
    }
    p.value(r, 1 - order as i32, below)
}

#[cfg(test)]
mod tests {
    use super::super::hypot;
    use super::*;
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;

    fn cosine(u: f64, v: f64) -> f64 {
        hypot_partial(u, v, 1.0, 0.0)
    }

    #[test]
    fn infinity_wins_over_nan_in_a_hypotenuse() {
        assert_eq!(hypot(INF, NAN), INF);
        assert_eq!(hypot(NAN, -INF), INF);
        assert_eq!(hypot(3.0, -4.0), 5.0);
        assert_eq!(hypot(3e300, 4e300), 5e300);
    }

    #[test]
    fn angles_know_the_sign_of_zero() {
        let pi = std::f64::consts::PI;
        assert_eq!((atan2(0.0, -1.0), atan2(-0.0, -1.0)), (pi, -pi));
        assert_eq!(atan2(0.0, 0.0), 0.0);
        assert!(atan2(-0.0, 0.0).is_sign_negative());
        assert_eq!((atan2(0.0, -0.0), atan2(-0.0, -0.0)), (pi, -pi));
    }

    #[test]
    fn what_underflows_keeps_its_sign() {
        let zero = |x: f64| x.to_bits() << 1 == 0;
        for v in [1e50, 1.1e50, 1.3e50, 1.7e50, 2.9e50, 7.3e50] {
            let results = [
                atan2(-5e-324, v),
                zpow(-5e-324, v, 1.0, 0.0),
                zpow(-5e-324, v * 1e50, 1.0, 0.0),
                zpow(v, -5e-324, 1.0, 1.0),
                hypot_partial(-5e-324, v, 1.0, 0.0),
                hypot_partial(v, -5e-324, 0.0, 1.0),
                hypot_partial(5e-324, v, 1.0, 1.0),
            ];
            for (k, r) in results.into_iter().enumerate() {
                assert!(zero(r) && r.is_sign_negative(), "{k} at {v}: {r}");
            }
        }
    }

    #[test]
    fn partials_vanish_at_the_origin() {
        for (u, v) in [(0.0, 0.0), (-0.0, 0.0)] {
            assert_eq!(zpow(u, v, 1.0, 0.0), 0.0);
            assert_eq!(zpow(u, v, 2.0, 1.0), 0.0);
            assert_eq!(hypot_partial(u, v, 1.0, 0.0), 0.0);
            assert_eq!(hypot_partial(u, v, 0.0, 2.0), 0.0);
        }
    }

    #[test]
    fn the_quick_forms_agree_with_those_of_any_order() {
        let close = |a: f64, b: f64| assert!((a - b).abs() <= 8e-16 * b.abs(), "{a:e} {b:e}");
        for (u, v) in [(0.3, -0.7), (1e-30, 2e20), (-5.0, 1e-40), (7e10, 7.000_000_1e10), (0.0, 3.0), (2.0, 0.0)] {
            for (j, k) in [(1.0, 0.0), (0.0, 1.0), (2.0, 0.0), (1.0, 1.0), (0.0, 2.0)] {
                close(hypot_partial(u, v, j, k), hypot_partial_any(u, v, j, k));
            }
            for n in [1.0, 2.0] {
                for k in [0.0, 1.0, 2.0, 3.0, 4.0] {
                    close(zpow(u, v, n, k), zpow_any(u, v, n, k));
                }
            }
        }
    }

    #[test]
    fn the_sides_of_3_4_5() {
        assert_eq!(cosine(3.0, 4.0), 0.6);
        assert_eq!(hypot_partial(3.0, 4.0, 0.0, 1.0), 0.8);
        assert_eq!(hypot_partial(3.0, 4.0, 2.0, 0.0), 16.0 / 125.0);
        assert_eq!(hypot_partial(3.0, 4.0, 1.0, 1.0), -12.0 / 125.0);
        assert_eq!(hypot_partial(3.0, 4.0, 3.0, 0.0), -3.0 * 3.0 * 16.0 / 3125.0);
        assert_eq!(zpow(3.0, 4.0, 1.0, 0.0), 3.0 / 25.0);
        assert_eq!(zpow(3.0, 4.0, 1.0, 1.0), 4.0 / 25.0);
        assert_eq!(zpow(3.0, 4.0, 2.0, 0.0), -7.0 / 625.0);
        assert_eq!(zpow(3.0, 4.0, 2.0, 1.0), 24.0 / 625.0);
        assert_eq!(zpow(3.0, 4.0, 2.0, 2.0), 7.0 / 625.0);
    }

    #[test]
    fn directions_at_infinity() {
        assert_eq!((cosine(INF, 1.0), cosine(1.0, INF), cosine(-INF, 1.0)), (1.0, 0.0, -1.0));
        assert_eq!(cosine(INF, -INF), std::f64::consts::FRAC_1_SQRT_2);
        assert_eq!(hypot_partial(INF, 1.0, 0.0, 2.0), 0.0);
        assert_eq!(zpow(INF, 1.0, 1.0, 0.0), 0.0);
        assert!(cosine(NAN, INF).is_nan() && zpow(1.0, NAN, 1.0, 0.0).is_nan());
    }

    #[test]
    fn nothing_overflows_between_the_ends_of_the_range() {
        assert_eq!(cosine(3e307, 4e307), 0.6);
        assert_eq!(cosine(f64::MAX, f64::MAX), std::f64::consts::FRAC_1_SQRT_2);
        assert_eq!(zpow(1e-200, 0.0, 1.0, 0.0), 1e200);
        assert_eq!(zpow(5e-324, 5e-324, 1.0, 0.0), INF);
        // v^2 / u^3, where v^2 alone is 0.
        let tiny = hypot_partial(1e-150, 1e-250, 2.0, 0.0);
        assert!((tiny / 1e-50 - 1.0).abs() < 1e-14);
    }
}
