//! The exponentials: exp, exp2, exp_m1, and the two-part e^x that the sigmoid and error functions use.
//!
//! x = k ln 2 + r with |r| <= ln 2 / 2 (Cody and Waite), e^r = 1 + r + r^2 Q(r) with a polynomial Q, and the
//! result is scaled by 2^k. This polynomial and all others here are weighted least-squares fits on Chebyshev
//! nodes, fitted again after rounding each coefficient.

use super::simd::{MAGIC, Pair, Simd, fast_two_sum, poly, pow2, scale};
use core::f64::consts::{LN_2, LOG2_E};

/// (e^r - 1 - r) / r^2 on |r| <= ln 2 / 2, with an error below 0.1 ulp of e^r.
const Q: [f64; 10] = [
    0.5000000000000004,
    0.16666666666666677,
    0.04166666666658322,
    0.008333333333321471,
    0.0013888888929873779,
    0.0001984126988645188,
    2.4801506989988777e-05,
    2.755724393393442e-06,
    2.762544236963844e-07,
    2.510911978640946e-08,
];
/// The same with an error below 0.01 ulp of e^r - 1.
const Q_FINE: [f64; 11] = [
    0.5,
    0.16666666666666677,
    0.04166666666666668,
    0.008333333333321471,
    0.0013888888888877468,
    0.0001984126988645188,
    2.4801587340527503e-05,
    2.755724393393442e-06,
    2.7557259313265326e-07,
    2.510911978640946e-08,
    2.091945964323636e-09,
];
/// ln 2 in 40 bits, so that k * LN2_HI is exact, and the rest.
pub(super) const LN2_HI: f64 = 0.6931471805601177;
pub(super) const LN2_LO: f64 = -1.7239444525614835e-13;

/// The nearest integer to x log2(e), and x - k LN2_HI, exact.
#[inline(always)]
fn reduce<V: Simd>(x: V) -> (V, V) {
    let magic = V::splat(MAGIC);
    let k = x.madd(V::splat(LOG2_E), magic) - magic;
    (k, k.nmadd(V::splat(LN2_HI), x))
}

/// e^x, also where it underflows or overflows.
#[inline(always)]
pub(super) fn exp<V: Simd>(x: V) -> V {
    if V::all(x.abs().lt(V::splat(708.0))) {
        let (p, k) = exp_scaled(x);
        return p * pow2(k);
    }
    let (p, k) = exp_scaled(V::splat(-760.0).max_or(V::splat(720.0).min_or(x)));
    scale(p, k)
}

/// e^x as (p, k) with e^x = p 2^k.
#[inline(always)]
fn exp_scaled<V: Simd>(x: V) -> (V, V) {
    let (k, r) = reduce(x);
    (exp_near_0(k.nmadd(V::splat(LN2_LO), r)), k)
}

/// e^r for |r| <= ln 2 / 2.
#[inline(always)]
fn exp_near_0<V: Simd>(r: V) -> V {
    (r * r).madd(poly(r, &Q), r) + V::splat(1.0)
}

/// 2^x.
#[inline(always)]
pub(super) fn exp2<V: Simd>(x: V) -> V {
    let magic = V::splat(MAGIC);
    let x = V::splat(-1100.0).max_or(V::splat(1100.0).min_or(x));
    let k = (x + magic) - magic;
    scale(exp_near_0((x - k) * V::splat(LN_2)), k)
}

/// e^(hi + lo) as a two-part p in about \[0.7, 1.42\] and k, for |hi| up to about 1400 and
/// |lo| up to an ulp of it.
#[inline(always)]
pub(super) fn exp_pair<V: Simd>(x: Pair<V>) -> (Pair<V>, V) {
    let m1 = Minus1::of(x.hi);
    let p = m1.plus_1();
    let lo = x.lo.madd(p.hi, p.lo);
    (Pair { hi: p.hi, lo }, m1.k)
}

/// e^x = 2^k (1 + r + rest), |r| <= ln 2 / 2, the rest small.
pub(super) struct Minus1<V> {
    pub(super) k: V,
    pub(super) r: V,
    pub(super) rest: V,
}

impl<V: Simd> Minus1<V> {
    #[inline(always)]
    pub(super) fn of(x: V) -> Self {
        let (k, r0) = reduce(x);
        let low = k * V::splat(LN2_LO);
        let r = r0 - low;
        let r_lo = (r0 - r) - low;
        Self { k, r, rest: (r * r).madd(poly(r, &Q_FINE), r_lo) }
    }

    /// e^x / 2^k in two parts.
    #[inline(always)]
    pub(super) fn plus_1(&self) -> Pair<V> {
        let p = fast_two_sum(V::splat(1.0), self.r);
        fast_two_sum(p.hi, p.lo + self.rest)
    }

    /// (e^x - 1) / 2^k in two parts; `unit` is 2^-k.
    #[inline(always)]
    pub(super) fn minus_1(&self, unit: V) -> Pair<V> {
        // 1 - 2^-k is 0 or at least 1/2. It is exact, or its error is negligible.
        let s = fast_two_sum(V::splat(1.0) - unit, self.r);
        Pair { hi: s.hi, lo: s.lo + self.rest }
    }
}

/// One number as a pair.
#[inline(always)]
pub(super) fn lone<V: Simd>(x: V) -> Pair<V> {
    Pair { hi: x, lo: V::splat(0.0) }
}

/// e^x - 1 without cancellation near 0.
#[inline(always)]
pub(super) fn exp_m1<V: Simd>(x: V) -> V {
    // At 710 it overflows however it is rounded; below -60 it is -1.
    let e = Minus1::of(V::splat(-60.0).max_or(V::splat(710.0).min_or(x)));
    let unit = pow2(-(V::splat(1000.0).min_or(e.k)));
    let p = e.minus_1(unit);
    // k may be 1024, and 2^1024 is not an f64, so double first.
    let y = p.hi + p.lo;
    ((y + y) * pow2(e.k - V::splat(1.0))).or(x.sign_bit())
}
