//! tanh, the sigmoid family and their derivatives: all from e^-|x| or e^(2|x|) - 1 in two parts and one
//! quotient.

use super::expo::{Minus1, exp_pair, lone};
use super::log::ln_1p_pair;
use super::simd::{Pair, Simd, fast_two_sum, pow2, scale, two_prod, two_sum};

/// The hyperbolic tangent: (e^2a - 1) / (e^2a + 1) for a = |x|.
#[inline(always)]
pub(super) fn tanh<V: Simd>(x: V) -> V {
    // From 22 on it is 1.
    let a = V::splat(22.0).min_or(x.abs());
    let e = Minus1::of(a + a);
    let unit = pow2(-e.k);
    let p = e.minus_1(unit);
    let p = fast_two_sum(p.hi, p.lo);
    let d = two_sum(unit + unit, p.hi);
    let d = Pair { hi: d.hi, lo: d.lo + p.lo };
    p.over(d).or(x.sign_bit())
}

/// e^-a for a >= 0 as p 2^k, and 1 + e^-a, both in two parts.
struct Logistic<V> {
    p: Pair<V>,
    k: V,
    /// e^-a, or a number below 2^-99 where it is smaller.
    e: Pair<V>,
    one_plus: Pair<V>,
}

#[inline(always)]
fn logistic<V: Simd>(a: V) -> Logistic<V> {
    // At 800 all results are 0 however they are rounded. NaN passes through.
    let (p, k) = exp_pair(lone(-(V::splat(800.0).min_or(a))));
    let unit = pow2(V::splat(-100.0).max_or(k));
    let e = Pair { hi: p.hi * unit, lo: p.lo * unit };
    let d = fast_two_sum(V::splat(1.0), e.hi);
    let one_plus = Pair { hi: d.hi, lo: d.lo + e.lo };
    Logistic { p, k, e, one_plus }
}

/// e^-a / (1 + e^-a)^2, times a small power of 2.
#[inline(always)]
fn bell<V: Simd>(a: V, factor: f64) -> V {
    let l = logistic(a);
    let square = two_prod(l.one_plus.hi, l.one_plus.hi);
    let cross = l.one_plus.hi * l.one_plus.lo;
    let d = Pair { hi: square.hi, lo: square.lo + (cross + cross) };
    scale(l.p.over(d) * V::splat(factor), l.k)
}

/// 1 - tanh(x)^2 = 4 e^-2a / (1 + e^-2a)^2 for a = |x|.
#[inline(always)]
pub(super) fn sech2<V: Simd>(x: V) -> V {
    let a = x.abs();
    bell(a + a, 4.0)
}

/// s(x) s(-x), the derivative of the logistic function s.
#[inline(always)]
pub(super) fn sigmoid_d<V: Simd>(x: V) -> V {
    bell(x.abs(), 1.0)
}

/// The logistic function 1 / (1 + e^-x).
#[inline(always)]
pub(super) fn sigmoid<V: Simd>(x: V) -> V {
    let l = logistic(x.abs());
    let negative = x.lt(V::splat(0.0));
    let num = Pair { hi: V::pick(negative, l.p.hi, V::splat(1.0)), lo: l.p.lo.and_mask(negative) };
    scale(num.over(l.one_plus), l.k.and_mask(negative))
}

/// ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|).
#[inline(always)]
pub(super) fn softplus<V: Simd>(x: V) -> V {
    let l = logistic(x.abs());
    let y = V::splat(0.0).max_or(x) + ln_1p_pair(l.e);
    let tail = x.lt(V::splat(-40.0));
    if V::any(tail) {
        // e^x (1 - e^x / 2 ...), the bracket within 2^-57 of 1.
        return V::pick(tail, scale(l.p.hi + l.p.lo, l.k), y);
    }
    y
}
