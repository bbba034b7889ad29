//! tanh, the sigmoid family and their derivatives: all from e^-|x| or e^(2|x|) - 1 in two parts and one
//! quotient.

use super::expo::{Minus1, exp_pair, lone};
use super::log::ln_1p_pair;
use super::simd::{Pair, Simd, fast_two_sum, pow2, scale, two_sum};

/// e^2a for a = |x|.
struct Squared<V> {
    e: Minus1<V>,
    /// 2^-k, or 2^-100 where it is smaller.
    unit: V,
}

impl<V: Simd> Squared<V> {
    #[inline(always)]
    fn of(x: V) -> Self {
        // At 400 all results are 0 or 1 however they are rounded. NaN passes through.
        let a = V::splat(400.0).min_or(x.abs());
        let e = Minus1::of(a + a);
        let unit = pow2(V::splat(-100.0).max_or(-e.k));
        Self { e, unit }
    }

    /// (e^2a - 1) / (e^2a + 1), with the sign of x.
    #[inline(always)]
    fn tanh(&self, x: V) -> V {
        let p = self.e.minus_1(self.unit);
        let p = fast_two_sum(p.hi, p.lo);
        let d = two_sum(self.unit + self.unit, p.hi);
        p.over(Pair { hi: d.hi, lo: d.lo + p.lo }).or(x.sign_bit())
    }

    /// 4 e^2a / (e^2a + 1)^2.
    #[inline(always)]
    fn sech2(&self) -> V {
        let p = self.e.plus_1();
        let d = fast_two_sum(p.hi, self.unit);
        let d = Pair { hi: d.hi, lo: d.lo + p.lo };
        scale(p.over(d.square()) * V::splat(4.0), -self.e.k)
    }
}

/// The hyperbolic tangent.
#[inline(always)]
pub(super) fn tanh<V: Simd>(x: V) -> V {
    Squared::of(x).tanh(x)
}

/// 1 - tanh(x)^2.
#[inline(always)]
pub(super) fn sech2<V: Simd>(x: V) -> V {
    Squared::of(x).sech2()
}

/// Both, for half of the work.
#[inline(always)]
pub(super) fn tanh_sech2<V: Simd>(x: V) -> [V; 2] {
    let e = Squared::of(x);
    [e.tanh(x), e.sech2()]
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

impl<V: Simd> Logistic<V> {
    /// 1 / (1 + e^-x), of x with a = |x|.
    #[inline(always)]
    fn sigmoid(&self, x: V) -> V {
        let negative = x.lt(V::splat(0.0));
        let num = Pair { hi: V::pick(negative, self.p.hi, V::splat(1.0)), lo: self.p.lo.and_mask(negative) };
        scale(num.over(self.one_plus), self.k.and_mask(negative))
    }

    /// e^-a / (1 + e^-a)^2.
    #[inline(always)]
    fn sigmoid_d(&self) -> V {
        scale(self.p.over(self.one_plus.square()), self.k)
    }
}

/// The logistic function.
#[inline(always)]
pub(super) fn sigmoid<V: Simd>(x: V) -> V {
    logistic(x.abs()).sigmoid(x)
}

/// s(x) s(-x), the derivative of the logistic function s.
#[inline(always)]
pub(super) fn sigmoid_d<V: Simd>(x: V) -> V {
    logistic(x.abs()).sigmoid_d()
}

/// Both.
#[inline(always)]
pub(super) fn sigmoid_and_d<V: Simd>(x: V) -> [V; 2] {
    let l = logistic(x.abs());
    [l.sigmoid(x), l.sigmoid_d()]
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
