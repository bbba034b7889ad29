//! The partial derivatives of `x^y` with respect to both variables, of any order.

use super::core::{exp_big, ln_dd};
use super::dd::{Big, Dd, two_prod, two_sum};
use super::fixed::one_plus_product;
use super::is_order;
use super::power::{fast, pow, powd};

/// `d^(j+k) / dx^j dy^k` of `x^y`.
///
/// NaN where `j` or `k` is not an [order](is_order).
///
/// For `x < 0` derivatives with respect to `x` are exact for whole `y`, and those with respect to `y` are NaN. For
/// `x = 0` they are the limits from above, and those with respect to `y` are 0 for `y >= 0`.
///
/// With `L = ln x` it is `x^(y-j) P(L)`, where `P = (y-j+1 + D) ... (y + D) L^k` and `D` is the derivative with respect
/// to `L`, because `x d/dx` turns `x^y P(L)` into `x^y (y P + P')`. `P` is evaluated in double-double, since its terms
/// cancel where `y ln x` is near `-k`.
pub(crate) fn pow_partial(x: f64, y: f64, j: f64, k: f64) -> f64 {
    if !is_order(j) || !is_order(k) {
        return f64::NAN;
    }
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
            // x^(y-1) (1 + y ln x), a difference that loses its digits near 0.
            let p = two_prod(y, f.ln.hi);
            let c = (1.0 + p.hi) + (p.lo + y * f.ln.lo);
            if c.abs() < 1e-3 { one_plus_product(x, y) } else { c }
        } else if nk == 1 {
            f.ln.hi
        } else {
            f.ln.hi * f.ln.hi
        };
        let m = c * f.s;
        return m + m * f.q;
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
        // The highest remaining power of L decides.
        let Some(top) = (0..=nk).rev().find(|&m| c[m].hi != 0.0) else {
            return 0.0;
        };
        let exponent = y - j;
        let to_zero = if x == 0.0 { exponent > 0.0 } else { exponent < 0.0 };
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
    if base == 1.0 {
        // x = 1, so L = 0, and P is its constant coefficient.
        return if k > j as usize { 0.0 } else { y.powi(j as i32 - k as i32) };
    }
    let negative = (y < 0.0 && j % 2 == 1) != (x < 1.0 && k % 2 == 1);
    if negative { -base } else { base }
}

#[cfg(test)]
mod tests {
    use super::*;
    const INF: f64 = f64::INFINITY;

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
    fn a_power_that_is_0_at_an_infinite_exponent_has_partials_0() {
        for (x, y) in [(0.5, INF), (2.0, -INF), (INF, -INF), (0.0, INF)] {
            assert_eq!(pow(x, y), 0.0);
            for (j, k) in [(1.0, 0.0), (0.0, 1.0), (2.0, 0.0), (1.0, 1.0), (0.0, 2.0)] {
                assert_eq!(pow_partial(x, y, j, k), 0.0, "{x} {y} {j} {k}");
            }
        }
    }

    #[test]
    fn mixed_partials_of_powers() {
        let (x, y) = (2.0_f64, 3.0_f64);
        let l = x.ln();
        let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-14, "{a} {b}");
        close(pow_partial(x, y, 0.0, 1.0), 8.0 * l);
        close(pow_partial(x, y, 1.0, 1.0), 4.0 * (1.0 + y * l));
        close(pow_partial(x, y, 0.0, 2.0), 8.0 * l * l);
        close(pow_partial(x, y, 2.0, 1.0), 2.0 * (2.0 * y - 1.0 + y * (y - 1.0) * l));
        close(pow_partial(x, y, 1.0, 2.0), 4.0 * (y * l * l + 2.0 * l));
    }

    #[test]
    fn a_nan_base_has_nan_partials() {
        for y in [0.0, 1.0, 0.3] {
            assert!(pow_partial(f64::NAN, y, 0.0, 1.0).is_nan() && pow_partial(f64::NAN, y, 1.0, 1.0).is_nan());
        }
    }
}
