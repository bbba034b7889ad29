//! Powers: `x^p`, its derivatives of any order in either variable, roots, and the cube root's derivatives.
//!
//! A derivative is computed whole, never as a coefficient times a rounded power: `p x^(p-1)` keeps its digits where
//! `x^(p-1)` is subnormal, and the exponent `p - 1` is never rounded. Read `gamma.rs` next.

use super::core::{exp_big, ln_dd};
use super::dd::{Big, Dd, fast_two_sum, frexp, ldexp, two_prod, two_sum};
use super::expo::{exp_parts, ln_fine, normal};

/// `x^y` as IEEE 754 and C have it: `pow(x, 0) = 1`, `pow(1, y) = 1`, NaN for `x < 0` and `y` not whole.
#[inline]
pub fn pow(x: f64, y: f64) -> f64 {
    match fast(x, Dd::new(y)) {
        Some(f) => f.s + f.s * f.q,
        None => pow_far(x, y),
    }
}

/// `ln x`, and `x^p = s (1 + q)`.
struct Fast {
    ln: Dd,
    s: f64,
    q: f64,
}

/// Positive normal numbers to exponents that keep the power in the middle of the range: nearly all there are.
#[inline(always)]
fn fast(x: f64, p: Dd) -> Option<Fast> {
    if !normal(x) || p.hi.abs() > 1e20 {
        return None;
    }
    let ln = ln_fine(x);
    let product = two_prod(ln.hi, p.hi);
    let product = Dd {
        hi: product.hi,
        lo: product.lo + (ln.hi * p.lo + ln.lo * p.hi),
    };
    // False for NaN too.
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
    let sign = if x.is_sign_negative() && whole(y) && odd(y) {
        -1.0
    } else {
        1.0
    };
    let a = x.abs();
    if a == 0.0 || a.is_infinite() {
        return sign
            * if (a == 0.0) == (y > 0.0) {
                0.0
            } else {
                f64::INFINITY
            };
    }
    if x < 0.0 && !whole(y) {
        return f64::NAN;
    }
    if y.abs() > 1e25 {
        // The base nearest to 1 is 2^-53 off.
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

/// `sqrt(x)`, correctly rounded; `sqrt(-0) = -0`.
#[inline(always)]
pub fn sqrt(x: f64) -> f64 {
    x.sqrt()
}

/// The cube root.
#[inline]
pub fn cbrt(x: f64) -> f64 {
    pxfm::f_cbrt(x)
}

/// Is `y` a whole number? (Infinite ones count, as in `pow`.)
#[inline(always)]
fn whole(y: f64) -> bool {
    y.trunc() == y
}

/// Is the whole number `y` odd? Above 2^53 all are even.
#[inline(always)]
fn odd(y: f64) -> bool {
    y.abs() < 9_007_199_254_740_992.0 && (y * 0.5).trunc() != y * 0.5
}

/// `p (p-1) ... (p-k+1)`.
fn falling(p: f64, k: u32) -> Dd {
    if k == 0 {
        return Dd::ONE;
    }
    if p.abs() > 1e150 {
        return Dd::new((0..k).map(|i| p - f64::from(i)).product());
    }
    let mut c = Dd::ONE;
    for i in 0..k {
        c = c.mul(two_sum(p, -f64::from(i)));
        if c.hi.abs() > 1e140 {
            return Dd::new((i + 1..k).fold(c.hi, |c, i| c * (p - f64::from(i))));
        }
    }
    c
}

/// `c * x^p`, where `p` is exactly what its bits say.
///
/// 0 where `c` is 0, unless `x` is NaN and `p` is not 0. NaN for `x < 0` unless `p` is whole.
#[inline]
pub fn powc(x: f64, c: f64, p: f64) -> f64 {
    if let Some(r) = by_products(x, c, p) {
        return r;
    }
    power(x, Dd::new(c), Dd::new(p))
}

/// The `k`-th derivative of `x^p`: `p (p-1) ... (p-k+1) x^(p-k)`, with `p - k` and the coefficient kept unrounded.
///
/// 0 where the coefficient is 0, unless `x` is NaN. `x = 0`: the one-sided limit. NaN for `x < 0` unless `p` is whole.
#[inline]
pub fn powd(x: f64, p: f64, k: f64) -> f64 {
    // Half a whole number up to 4: what products serve, and small enough that nothing here rounds.
    if p.abs() <= 4.0 && k <= 2.0 {
        let c = if k == 0.0 {
            1.0
        } else if k == 1.0 {
            p
        } else {
            p * (p - 1.0)
        };
        if let Some(r) = by_products(x, c, p - k) {
            return r;
        }
    }
    power(x, falling(p, k as u32), two_sum(p, -k))
}

/// `c * x^p` for the exponents that one or two operations serve, where neither they nor the result leave the range.
#[inline(always)]
fn by_products(x: f64, c: f64, p: f64) -> Option<f64> {
    // 2^-250 <= |x| < 2^250 and 2^-200 <= |c| < 2^200, one comparison each.
    let easy = |v: f64, e: u64| {
        let from = (1023 - e) << 52;
        (v.to_bits() & !(1 << 63)).wrapping_sub(from) < (2 * e) << 52
    };
    if !easy(x, 250) || !easy(c, 200) {
        return None;
    }
    let r = if p == 1.0 {
        c * x
    } else if p == 2.0 {
        c * (x * x)
    } else if p == 0.0 {
        c
    } else if p == -1.0 {
        c / x
    } else if p == -0.5 && x > 0.0 {
        c / x.sqrt()
    } else if p == 3.0 {
        c * (x * x * x)
    } else if p == -2.0 {
        c / (x * x)
    } else if p == 0.5 && x > 0.0 {
        c * x.sqrt()
    } else if p == -3.0 {
        c / (x * x * x)
    } else if p == -1.5 && x > 0.0 {
        c / (x * x.sqrt())
    } else if p == 4.0 {
        // The square's rounding error, doubled by squaring, would leave 2 ulps.
        let s = two_prod(x, x);
        c * (s.hi * s.hi + 2.0 * s.hi * s.lo)
    } else {
        return None;
    };
    Some(r)
}

/// `c * x^p` for any numbers, by exp and ln to 90 bits.
#[inline]
fn power(x: f64, c: Dd, p: Dd) -> f64 {
    // Also false for NaN and 0.
    if c.hi.abs() > 1e-20
        && c.hi.abs() < 1e20
        && let Some(f) = fast(x, p)
    {
        let m = c.hi * f.s;
        return m + m * f.q;
    }
    power_far(x, c, p)
}

#[inline(never)]
fn power_far(x: f64, c: Dd, p: Dd) -> f64 {
    if p.hi == 0.0 {
        return c.value();
    }
    if x.is_nan() || p.hi.is_nan() || c.hi.is_nan() {
        return f64::NAN;
    }
    if c.hi == 0.0 {
        return 0.0;
    }
    if c.hi.is_infinite() {
        return c.hi * pow(x, p.hi);
    }
    if x == 0.0 || x.is_infinite() || p.hi.is_infinite() || p.hi.abs() > 1e25 {
        return c.hi * pow(x, p.hi);
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
    if let (true, Some(f)) = (c.hi.abs() > 1e-20 && c.hi.abs() < 1e20, fast(x, p)) {
        let m = sign * c.hi * f.s;
        return m + m * f.q;
    }
    sign * Big::new(c, 0).mul(power_big(x, p)).value()
}

/// `x^p` for a finite `x > 0` and `|p| <= 1e25`.
fn power_big(x: f64, p: Dd) -> Big {
    let (m, e) = frexp(x);
    if m == 1.0 && p.lo == 0.0 && whole(p.hi) && p.hi.abs() < 1e5 {
        // A whole power of a power of two is exact.
        return Big {
            m: Dd::ONE,
            e: e * p.hi as i32,
        };
    }
    exp_big(ln_dd(x).mul(p))
}

/// `d^(j+k) / dx^j dy^k` of `x^y`.
///
/// `x < 0`: exact in `x` for whole `y`, NaN in `y`. `x = 0`: the limits from above, and 0 in `y` for `y >= 0`.
///
/// With `L = ln x` it is `x^(y-j) P(L)`, `P` = (y-j+1 + D) ... (y + D) L^k, `D` the derivative in `L`: `x d/dx` takes
/// `x^y P(L)` to `x^y (y P + P')`. `P` is evaluated in double-double, as its terms cancel where `y ln x` is near `-k`.
pub fn pow_partial(x: f64, y: f64, j: f64, k: f64) -> f64 {
    let (nj, nk) = (j as u32, k as usize);
    if nk == 0 {
        return powd(x, y, j);
    }
    if x.is_nan() || y.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    if x == 0.0 && nj == 0 && y >= 0.0 {
        return 0.0;
    }
    if nj + nk as u32 <= 2
        && let Some(f) = fast(x, two_sum(y, -j))
    {
        let c = if nj == 1 {
            // x^(y-1) (1 + y ln x)
            1.0 + y * f.ln.hi
        } else if nk == 1 {
            f.ln.hi
        } else {
            f.ln.hi * f.ln.hi
        };
        // Next to 0 the factor is a difference that has lost its digits.
        if nj == 0 || c.abs() > 0.5 {
            let m = c * f.s;
            return m + m * f.q;
        }
    }
    if y.abs() > 1e25 {
        return far_partial(x, y, nj, nk);
    }
    // The coefficients of P, by powers of L.
    let mut c = vec![Dd::ZERO; nk + 1];
    c[nk] = Dd::ONE;
    for i in 0..nj {
        let f = two_sum(y, -f64::from(i));
        for m in 0..=nk {
            let down = match c.get(m + 1) {
                Some(up) => up.mul(Dd::new((m + 1) as f64)),
                None => Dd::ZERO,
            };
            c[m] = c[m].mul(f).add(down);
        }
    }
    if x == 0.0 || x.is_infinite() {
        // The highest power of L that is left decides.
        let Some(top) = (0..=nk).rev().find(|&m| c[m].hi != 0.0) else {
            return 0.0;
        };
        let exponent = y - j;
        let to_zero = if x == 0.0 {
            exponent > 0.0
        } else {
            exponent < 0.0
        };
        return if to_zero {
            0.0
        } else if exponent == 0.0 && top == 0 {
            c[0].value()
        } else {
            let l = if x == 0.0 && top % 2 == 1 { -1.0 } else { 1.0 };
            f64::INFINITY * c[top].hi * l
        };
    }
    let l = ln_dd(x);
    let mut p = Dd::ZERO;
    for m in (0..=nk).rev() {
        p = p.mul(l).add(c[m]);
    }
    let p = Big::new(p, 0);
    if !p.m.hi.is_finite() {
        return p.m.hi * pow(x, y - j);
    }
    if p.m.hi == 0.0 {
        return 0.0;
    }
    if nj == 0 && y == 0.0 {
        return p.value();
    }
    p.mul(exp_big(l.mul(two_sum(y, -j)))).value()
}

/// [`pow_partial`] for exponents so large that `x^y` is 0, 1 or infinite.
fn far_partial(x: f64, y: f64, j: u32, k: usize) -> f64 {
    let base = pow(x, y);
    if base == 0.0 {
        return 0.0;
    }
    if base == 1.0 {
        // x = 1, where L = 0: what is left of P is its constant coefficient.
        return if k > j as usize {
            0.0
        } else {
            y.powi(j as i32 - k as i32)
        };
    }
    let negative = (y < 0.0 && j % 2 == 1) != (x < 1.0 && k % 2 == 1);
    if negative { -base } else { base }
}

/// `c * cbrt(x)^k`: the cube root's derivatives (`c = 1/3`, `k = -2` is the first). Odd and even `k` carry the sign of
/// `x` as the root does; `x = 0` with `k < 0` gives the limit `+-inf` (from above).
pub fn cbrt_pow(x: f64, c: f64, k: f64) -> f64 {
    if c == 0.0 && !x.is_nan() {
        return 0.0;
    }
    if x == 0.0 || !x.is_finite() {
        // +0 and -0 share the limit: the root's graph is vertical at 0, whichever side it is seen from.
        let x = if x == 0.0 && k < 0.0 { 0.0 } else { x };
        return c * pow(x, k);
    }
    let (m, e) = frexp(x);
    // x = (m 2^rest) 2^(3q), so the root of the first factor is near 1 and the second's is exact.
    let (q, rest) = (e.div_euclid(3), e.rem_euclid(3));
    let m = m * f64::from(1 << rest);
    let r = cbrt(m);
    // What the rounding of the root dropped, relative to the root: (m - r^3) / (3 m).
    let square = two_prod(r, r);
    let cube = two_prod(square.hi, r);
    let dropped = (((m - cube.hi) - cube.lo) - square.lo * r) / (3.0 * m);
    let n = k as i32;
    if k == -2.0 {
        let p = c / (r * r);
        let error = square.lo / square.hi + 2.0 * dropped;
        return ldexp(p - p * error, -2 * q);
    }
    let p = Big::new(fast_two_sum(r, r * dropped), q).powi(n.unsigned_abs());
    let p = if n < 0 {
        Big { m: Dd::ONE, e: 0 }.div(p)
    } else {
        p
    };
    let p = Big::new(Dd::new(c), 0).mul(p);
    ldexp(p.m.value(), p.e)
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
            assert_eq!(powc(x, 0.0, -1.0), 0.0);
            assert_eq!(powd(x, 0.0, 1.0), 0.0);
            assert_eq!(powd(x, 2.0, 3.0), 0.0);
        }
        assert!(powc(NAN, 0.0, -1.0).is_nan());
        assert_eq!(powc(NAN, 1.0, 0.0), 1.0);
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
        // 0.1 * x^(0.1 - 1) at 1e300, where rounding 0.1 - 1 first costs hundreds of ulps.
        let x = 1e300;
        let want = 0.1 * pow(x, 0.1) / x;
        assert!((powd(x, 0.1, 1.0) / want - 1.0).abs() < 5e-16);
    }

    #[test]
    fn the_table_of_power_derivatives_at_zero() {
        let dx = |y| pow_partial(0.0, y, 1.0, 0.0);
        let dy = |y| pow_partial(0.0, y, 0.0, 1.0);
        assert_eq!((dx(0.0), dx(0.5), dx(1.0), dx(1.5)), (0.0, INF, 1.0, 0.0));
        assert_eq!((dy(0.0), dy(0.5), dy(2.0)), (0.0, 0.0, 0.0));
        assert_eq!(dy(-1.0), -INF);
        assert_eq!(pow_partial(-2.0, 3.0, 1.0, 0.0), 12.0);
        assert!(pow_partial(-2.0, 3.0, 0.0, 1.0).is_nan());
        assert!(pow_partial(-2.0, 2.5, 1.0, 0.0).is_nan());
    }

    #[test]
    fn mixed_partials_of_powers() {
        let (x, y) = (2.0_f64, 3.0_f64);
        let l = x.ln();
        let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-14, "{a} {b}");
        close(pow_partial(x, y, 0.0, 1.0), 8.0 * l);
        close(pow_partial(x, y, 1.0, 1.0), 4.0 * (1.0 + y * l));
        close(pow_partial(x, y, 0.0, 2.0), 8.0 * l * l);
        close(
            pow_partial(x, y, 2.0, 1.0),
            2.0 * (2.0 * y - 1.0 + y * (y - 1.0) * l),
        );
        close(pow_partial(x, y, 1.0, 2.0), 4.0 * (y * l * l + 2.0 * l));
    }

    #[test]
    fn cube_roots_are_odd_and_steep_at_zero() {
        assert_eq!(cbrt_pow(8.0, 3.0, -2.0), 0.75);
        assert_eq!(cbrt_pow(-8.0, 3.0, -2.0), 0.75);
        assert_eq!(cbrt_pow(-8.0, 1.0, -5.0), -1.0 / 32.0);
        assert_eq!(cbrt_pow(0.0, 1.0 / 3.0, -2.0), INF);
        assert_eq!(cbrt_pow(-0.0, 1.0 / 3.0, -2.0), INF);
        assert_eq!(cbrt_pow(INF, 1.0 / 3.0, -2.0), 0.0);
        assert!(cbrt_pow(NAN, 0.0, -2.0).is_nan());
    }
}
