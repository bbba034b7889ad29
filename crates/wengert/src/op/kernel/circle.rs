//! Plane geometry: hypotenuse, angle, and every partial derivative of both.
//!
//! The derivatives are homogeneous polynomials of the coordinates, divided by a power of the hypotenuse. Both
//! coordinates are split into mantissa and exponent, so no intermediate result under- or overflows.

use super::dd::{Big, Dd, fast_two_sum, frexp, two_prod, two_sum};
use super::is_order;

/// `sqrt(x^2 + y^2)` without intermediate overflow. Infinite if either is, even if the other is NaN.
#[inline]
pub(crate) fn hypot(x: f64, y: f64) -> f64 {
    pxfm::f_hypot(x, y)
}

/// The angle of the point `(x, y)`, with the signed zeros of IEEE 754.
#[inline]
pub(crate) fn atan2(y: f64, x: f64) -> f64 {
    // The sign of `y` is kept when the result underflows.
    pxfm::f_atan2(y, x).copysign(y)
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

/// A point other than (0, 0), as `(u, v) 2^scale` with `(u, v)` near the unit circle, and the square of the length of
/// `(u, v)`.
struct Point {
    u: Big,
    v: Big,
    square: Dd,
    scale: i32,
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
    let scale = if u.abs() > v.abs() { frexp(u).1 } else { frexp(v).1 };
    let down = |x: f64| {
        let b = Big::of(x);
        Big { m: b.m, e: b.e - scale }
    };
    let (u, v) = (down(u), down(v));
    // A coordinate of 2^-200 times the other does not change the sum of squares.
    let square = |b: &Big| {
        if b.e < -200 {
            return Dd::ZERO;
        }
        let s = super::dd::exp2i(2 * b.e);
        let p = two_prod(b.m.hi, b.m.hi);
        p.scale(s)
    };
    let square = square(&u).add(square(&v));
    Ok(Point { u, v, square, scale: scale + far })
}

/// `sum c_b u^(n-b) v^b / d`, times `2^(scale * degree)`.
fn homogeneous(p: &Point, c: &[f64], d: Big, degree: i32) -> f64 {
    let n = c.len() - 1;
    // The common factor comes first, in numbers with separate exponents. Only the rest may underflow, harmlessly.
    let Some(low) = c.iter().position(|&x| x != 0.0) else {
        return 0.0;
    };
    let high = c.iter().rposition(|&x| x != 0.0).unwrap_or(low);
    let common = p.u.powi((n - high) as u32).mul(p.v.powi(low as u32));
    let mut sum = Big::of(0.0);
    let mut v_power = Big::of(1.0);
    for (i, &x) in c[low..=high].iter().enumerate() {
        if x != 0.0 {
            sum = sum.add(Big::of(x).mul(p.u.powi((high - low - i) as u32)).mul(v_power));
        }
        v_power = v_power.mul(p.v);
    }
    let r = common.mul(sum).div(d);
    if r.m.hi == 0.0 {
        return 0.0;
    }
    Big { m: r.m, e: r.e + p.scale * degree }.value()
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

/// [`zpow`] of any order and over the whole range.
fn zpow_any(u: f64, v: f64, n: f64, k: f64) -> f64 {
    let p = match normalize(u, v) {
        Ok(p) => p,
        Err(r) => return r,
    };
    let (n, k) = (n as u32, k as u32);
    let d = Big::new(p.square, 0).powi(n);
    if n == 2 && k % 2 == 0 && p.u.e >= -1 && p.v.e >= -1 {
        // (u - v)(u + v), since the difference of the squares would cancel.
        let (a, b) = (p.u.value(), p.v.value());
        let r = Big::new(two_sum(a, -b), 0).mul(Big::new(two_sum(a, b), 0)).div(d);
        let r = if k % 4 == 0 { r } else { Big { m: r.m.neg(), e: r.e } };
        return if r.m.hi == 0.0 { 0.0 } else { Big { m: r.m, e: r.e - 2 * p.scale }.value() };
    }
    // i^k (u - i v)^n = sum binomial(n, b) i^(k - b) u^(n-b) v^b, of which the even powers of i are real.
    let mut c = vec![0.0; n as usize + 1];
    let mut binomial = 1.0;
    for b in 0..=n {
        c[b as usize] = match (k + 3 * b) % 4 {
            0 => binomial,
            2 => -binomial,
            _ => 0.0,
        };
        binomial = binomial * f64::from(n - b) / f64::from(b + 1);
    }
    homogeneous(&p, &c, d, -(n as i32))
}

/// `d^(j+k) / du^j dv^k` of `hypot(u, v)`. 0 at the origin; NaN where `j` or `k` is not an [order](is_order).
///
/// With the hypotenuse `h` and `n = j + k`, it is `h^(1-2n) P(u, v)`, where `P` is homogeneous of degree `n`.
/// Differentiating with respect to `u` turns `P` into `(1-2n) u P + (u^2 + v^2) P_u`.
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
        let h = square.hi.sqrt();
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
    let (j, k) = (j as usize, k as usize);
    let order = j + k;
    // c[b] is the coefficient of u^(n-b) v^b. With respect to u: (1-2n) u P + u^2 P_u + v^2 P_u. With respect to v,
    // the same with u and v exchanged.
    let mut c = vec![1.0];
    for n in 0..order {
        let mut next = vec![0.0; n + 2];
        for (b, &x) in c.iter().enumerate() {
            let (in_u, in_v, m) = ((n - b) as f64, b as f64, 1.0 - 2.0 * n as f64);
            if n < j {
                next[b] += (m + in_u) * x;
                if b < n {
                    next[b + 2] += in_u * x;
                }
            } else {
                next[b + 1] += (m + in_v) * x;
                if b > 0 {
                    next[b - 1] += in_v * x;
                }
            }
        }
        c = next;
    }
    // h^(2 order - 1) = square^order / h
    let h = Big::new(p.square.sqrt(), 0);
    let d = Big::new(p.square, 0).powi(order as u32).div(h);
    homogeneous(&p, &c, d, 1 - order as i32)
}

#[cfg(test)]
mod tests {
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
