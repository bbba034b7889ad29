//! The partial derivatives of `x^y` with respect to both variables, of any order.

use alloc::vec;
use alloc::vec::Vec;

use super::circle::{Complex, times};
use super::core::{exp_big, ln_dd};
use super::dd::{Big, Dd, exp2i, frexp, two_prod, two_sum};
use super::expo::{exp, ln};
use super::fixed::one_plus_product;
use super::is_order;
use super::power::{fast, pow, powd};
use super::roots::PI;
use crate::float;

/// `d^(j+k) / dx^j dy^k` of `x^y`.
///
/// NaN where `j` or `k` is not an [order](is_order).
///
/// For `x < 0` derivatives with respect to `x` are exact for whole `y`, and those with respect to `y` are NaN. For
/// `x = 0` they are the limits from above, and those with respect to `y` are 0 for `y >= 0`.
///
/// With `L = ln x` it is `x^(y-j) P(L)`, where `P = (y-j+1 + D) ... (y + D) L^k` and `D` is the derivative with respect
/// to `L`, because `x d/dx` turns `x^y P(L)` into `x^y (y P + P')`. `P` is evaluated in double-double, since its terms
/// cancel where `y ln x` is near `-k`. Those of high orders cancel beyond that: see [`around`].
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
    if nj.min(nk as u32) > 12 && nj + nk as u32 > 60 && x > 0.0 && x != 1.0 && x.is_finite() {
        let l = ln_dd(x);
        return around(l, y, nj, nk).mul(exp_big(l.mul(two_sum(y, -j)))).value();
    }
    // The coefficients of P, by powers of L.
    let mut c = vec![Big::of(0.0); nk + 1];
    c[nk] = Big::of(1.0);
    for i in 0..nj {
        let f = Big::new(two_sum(y, -f64::from(i)), 0);
        for m in 0..=nk {
            let down = match c.get(m + 1) {
                Some(up) => up.mul(Big::of((m + 1) as f64)),
                None => Big::of(0.0),
            };
            c[m] = c[m].mul(f).add(down);
        }
    }
    if x == 0.0 || x.is_infinite() {
        // The highest remaining power of L decides.
        let Some(top) = (0..=nk).rev().find(|&m| c[m].m.hi != 0.0) else {
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
            f64::INFINITY * c[top].m.hi * l
        };
    }
    let l = ln_dd(x);
    let mut p = Big::of(0.0);
    for m in (0..=nk).rev() {
        p = p.mul(Big::new(l, 0)).add(c[m]);
    }
    if p.m.hi == 0.0 {
        return 0.0;
    }
    if nj == 0 && y == 0.0 {
        return p.value();
    }
    p.mul(exp_big(l.mul(two_sum(y, -j)))).value()
}

/// `P` for high orders, where its terms cancel: `k!` times the coefficient of `t^k` in
/// `F(t) = (y-j+1 + t) ... (y + t) e^(L t)`, by Cauchy's integral over a circle. On the circle where `|F| / |t|^k` is
/// least for its radius, the integrand is larger than the integral by a few bits only (Bornemann, Found. Comput. Math.
/// 11, 2011).
fn around(l: Dd, y: f64, j: u32, k: usize) -> Big {
    let factors: Vec<Dd> = (0..j).map(|i| two_sum(y, -f64::from(i))).collect();
    let eighths: Vec<Complex> = (0..=8).map(|m| turn(PI.scale(f64::from(m) / 8.0))).collect();
    // ln |F| where it is largest on the circle of radius e^s.
    let size = |s: f64| {
        let r = exp(s);
        let at = |z: &Complex| {
            let (u, v) = (r * z.0.hi, r * z.1.hi);
            let squares = factors.chunks(4).map(|f| f.iter().map(|f| (f.hi + u) * (f.hi + u) + v * v).product::<f64>());
            l.hi * u + 0.5 * squares.map(|s| ln(s + f64::MIN_POSITIVE)).sum::<f64>()
        };
        eighths.iter().map(at).fold(f64::NEG_INFINITY, f64::max)
    };
    // It is a convex function of s. The circle is the one where its slope is k.
    let (mut s, mut step) = (24.0, 36.0);
    while step > 0.05 {
        step *= 0.5;
        s += if size(s + 0.02) - size(s - 0.02) > 0.04 * k as f64 { -step } else { step };
    }
    // With n points the coefficients of t^(k + n), t^(k + 2n), ... count too. As F grows, they are below 2^-70.
    let more = (size(s + core::f64::consts::LN_2) - size(s)) * core::f64::consts::LOG2_E + 70.0 - k as f64;
    let n = (k + 1).max(more as usize).next_power_of_two();
    let (r, mut sum) = (Dd::new(exp(s)), Big::of(0.0));
    let part = |m: usize| PI.mul(Dd::new((2 * (m % n)) as f64 / n as f64));
    let (mut z, step) = ((Dd::ONE, Dd::ZERO), turn(part(1)));
    for m in 0..=n / 2 {
        let t = (z.0.mul(r), z.1.mul(r));
        z = times(z, step);
        // F(t) / z^k. It counts twice, since the lower half of the circle has the conjugates.
        let (mut f, mut scale) = (turn(l.mul(t.1).sub(part(m * k))), exp_big(l.mul(t.0)));
        for four in factors.chunks(4) {
            f = four.iter().fold(f, |f, factor| times(f, (factor.add(t.0), t.1)));
            let (_, e) = frexp(f.0.hi.abs() + f.1.hi.abs() + f64::MIN_POSITIVE);
            f = (f.0.scale(exp2i(-e)), f.1.scale(exp2i(-e)));
            scale.e += e;
        }
        sum = sum.add(Big::new(f.0, if m % (n / 2) == 0 { 0 } else { 1 }).mul(scale));
    }
    let sum = (1..=k).fold(sum, |sum, i| sum.mul(Big::of(i as f64)));
    sum.div(Big::new(r, 0).powi(k as u32).mul(Big::of(n as f64)))
}

/// `e^(i angle)` to about 95 bits.
fn turn(angle: Dd) -> Complex {
    let angle = angle.sub(PI.scale(2.0).mul(Dd::new(float::round(angle.hi / core::f64::consts::TAU))));
    (1..=40).rev().fold((Dd::ONE, Dd::ZERO), |(re, im), n| {
        let step = angle.div(Dd::new(f64::from(n)));
        (Dd::ONE.sub(im.mul(step)), re.mul(step))
    })
}

/// [`pow_partial`] for exponents so large that `x^y` is 0, 1 or infinite.
fn far_partial(x: f64, y: f64, j: u32, k: usize) -> f64 {
    let base = pow(x, y);
    if base == 1.0 {
        // x = 1, so L = 0, and P is its constant coefficient, which is that of y^j in all digits.
        return powd(y, f64::from(j), k as f64);
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
        // d/dy y (y - 1)
        assert_eq!(pow_partial(1.0, 1e30, 2.0, 1.0), 2e30);
    }

    #[test]
    fn a_nan_base_has_nan_partials() {
        for y in [0.0, 1.0, 0.3] {
            assert!(pow_partial(f64::NAN, y, 0.0, 1.0).is_nan() && pow_partial(f64::NAN, y, 1.0, 1.0).is_nan());
        }
    }
}
