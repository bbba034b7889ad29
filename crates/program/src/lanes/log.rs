//! The logarithms: ln, ln_1p, log2, log10, and ln(1 + u) of a two-part u for softplus.
//!
//! x = 2^k m with m in \[1/sqrt 2, sqrt 2), f = m - 1, s = f / (2 + f), and
//! ln m = f - f^2/2 + s (f^2/2 + R(s^2)). This is the arrangement of FreeBSD's msun (e_log.c), with another
//! polynomial. Bases 2 and 10 follow its k_log.h: the leading part of ln m is cut to 21 bits, so that its
//! product with the leading part of the base's factor is exact.

use super::expo::{LN2_HI, LN2_LO};
use super::simd::{Pair, Simd, TWO_52, fast_two_sum, poly, pow2, two_sum};

/// R(z) / z, where 2 atanh(s) = 2 s + s R(s^2), for |s| <= (sqrt 2 - 1) / (sqrt 2 + 1).
const R: [f64; 7] = [
    0.6666666666666696,
    0.3999999999962894,
    0.28571428700171053,
    0.22222202511342626,
    0.18183375121664777,
    0.1531857863153822,
    0.14753196723586828,
];
/// log2(e) and log10(e) in 32 bits, and the rest.
const LOG2E_HI: f64 = 1.4426950407214463;
const LOG2E_LO: f64 = 1.6751713164886512e-10;
const LOG10E_HI: f64 = 0.4342944818781689;
const LOG10E_LO: f64 = 2.5082946711645275e-11;
/// log10(2) in 40 bits, and the rest.
const LOG10_2_HI: f64 = 0.3010299956640665;
const LOG10_2_LO: f64 = -8.532344317057107e-14;
const SQRT_HALF_BITS: u64 = 0x3fe6_a09e_667f_3bcd;
const ONE_BITS: u64 = 0x3ff0_0000_0000_0000;

/// (k, m) with x = 2^k m, m in \[1/sqrt 2, sqrt 2), for normal positive x.
#[inline(always)]
fn decompose<V: Simd>(x: V) -> (V, V) {
    let shifted = x.add_bits(V::splat_bits(ONE_BITS - SQRT_HALF_BITS));
    let biased = shifted.shr::<52>().or(V::splat(TWO_52));
    let m = shifted.and(V::splat_bits((1 << 52) - 1)).add_bits(V::splat_bits(SQRT_HALF_BITS));
    (biased - V::splat(TWO_52 + 1023.0), m)
}

/// f^2/2, s and R(s^2) of m = 1 + f.
#[inline(always)]
fn series<V: Simd>(f: V) -> (V, V, V) {
    let s = f / (V::splat(2.0) + f);
    let z = s * s;
    (V::splat(0.5) * f * f, s, z * poly(z, &R))
}

/// k ln 2 + ln(1 + f) + extra, for a tiny extra.
#[inline(always)]
fn assemble<V: Simd>(k: V, f: V, (half, s, r): (V, V, V), extra: V) -> V {
    let low = s.madd(half + r, k.madd(V::splat(LN2_LO), extra));
    k.madd(V::splat(LN2_HI), -((half - low) - f))
}

/// The bases, as const parameters: a closure might not be inlined.
const E: u8 = 0;
const TWO: u8 = 2;
const TEN: u8 = 10;

/// The logarithm to base `BASE` of 2^more x, for normal positive x.
#[inline(always)]
fn core<V: Simd, const BASE: u8>(x: V, more: V) -> V {
    let (k, m) = decompose(x);
    let k = k + more;
    match BASE {
        E => ln_core(k, m),
        TWO => log2_core(k, m),
        _ => log10_core(k, m),
    }
}

/// The logarithm to base `BASE` of any number.
#[inline(always)]
fn log<V: Simd, const BASE: u8>(x: V) -> V {
    let least = V::splat(f64::MIN_POSITIVE);
    let inf = V::splat(f64::INFINITY);
    let zero = V::splat(0.0);
    if V::all(least.le(x) & x.lt(inf)) {
        return core::<V, BASE>(x, zero);
    }
    let small = x.lt(least);
    let y = V::pick(small, x * V::splat(18014398509481984.0), x);
    let y = core::<V, BASE>(y, V::splat(-54.0).and_mask(small));
    // +inf and NaN give themselves, zero -inf, negative numbers NaN.
    let y = V::pick(x.lt(inf), y, x);
    let y = V::pick(x.same(zero), -inf, y);
    V::pick(x.lt(zero), V::splat(f64::NAN), y)
}

/// The natural logarithm.
#[inline(always)]
pub(super) fn ln<V: Simd>(x: V) -> V {
    log::<V, E>(x)
}

#[inline(always)]
fn ln_core<V: Simd>(k: V, m: V) -> V {
    let f = m - V::splat(1.0);
    assemble(k, f, series(f), V::splat(0.0))
}

/// ln(1 + f) in two parts, the first of 21 bits.
#[inline(always)]
fn two_part_ln<V: Simd>(m: V) -> Pair<V> {
    let f = m - V::splat(1.0);
    let (half, s, r) = series(f);
    let hi = (f - half).and(V::splat_bits(!0xffff_ffff));
    let lo = s.madd(half + r, (f - hi) - half);
    Pair { hi, lo }
}

/// The logarithm to base 2; exact at powers of 2.
#[inline(always)]
pub(super) fn log2<V: Simd>(x: V) -> V {
    log::<V, TWO>(x)
}

#[inline(always)]
fn log2_core<V: Simd>(k: V, m: V) -> V {
    let l = two_part_ln(m);
    let sum = fast_two_sum(k, l.hi * V::splat(LOG2E_HI));
    let low = l.lo.madd(V::splat(LOG2E_HI), (l.lo + l.hi).madd(V::splat(LOG2E_LO), sum.lo));
    sum.hi + low
}

/// The logarithm to base 10.
#[inline(always)]
pub(super) fn log10<V: Simd>(x: V) -> V {
    log::<V, TEN>(x)
}

#[inline(always)]
fn log10_core<V: Simd>(k: V, m: V) -> V {
    let l = two_part_ln(m);
    let sum = fast_two_sum(k * V::splat(LOG10_2_HI), l.hi * V::splat(LOG10E_HI));
    let low = k.madd(V::splat(LOG10_2_LO), (l.lo + l.hi).madd(V::splat(LOG10E_LO), sum.lo));
    sum.hi + l.lo.madd(V::splat(LOG10E_HI), low)
}

/// k ln 2 + ln(1 + f + c) for |c| at most an ulp of f or of 1.
#[inline(always)]
fn corrected<V: Simd>(k: V, f: V, c: V) -> V {
    let (half, s, r) = series(f);
    // c / (1 + f) = c (1 - s) / (1 + s), to a hundredth.
    let two_s = s + s;
    let c = two_s.nmadd(V::splat(1.0) - s, V::splat(1.0)) * c;
    assemble(k, f, (half, s, r), c)
}

/// ln(1 + x) without cancellation near 0.
#[inline(always)]
pub(super) fn ln_1p<V: Simd>(x: V) -> V {
    let (one, inf) = (V::splat(1.0), V::splat(f64::INFINITY));
    let u = two_sum(one, x);
    let (k, m) = decompose(u.hi);
    // If 1 + x needs no scaling, f is x exactly. If k is huge, c is negligible.
    let near = k.same(V::splat(0.0));
    let f = V::pick(near, x, m - one);
    let c = V::pick(near, V::splat(0.0), u.lo * pow2(-(V::splat(1000.0).min_or(k))));
    // Zero keeps its sign.
    let y = corrected(k, f, c).or(x.sign_bit());
    let good = V::splat(-1.0).lt(x) & x.lt(inf);
    if V::all(good) {
        return y;
    }
    let y = V::pick(x.lt(inf), y, x);
    let y = V::pick(x.same(V::splat(-1.0)), -inf, y);
    V::pick(x.lt(V::splat(-1.0)), V::splat(f64::NAN), y)
}

/// ln(1 + u) for a two-part u whose first part is 0, or above 2^-200 and at most 1.
#[inline(always)]
pub(super) fn ln_1p_pair<V: Simd>(u: Pair<V>) -> V {
    let one = V::splat(1.0);
    let m = fast_two_sum(one, u.hi);
    let far = V::splat(core::f64::consts::SQRT_2).lt(m.hi);
    let half = V::splat(0.5);
    let f = V::pick(far, half.madd(m.hi, -one), u.hi);
    let c = V::pick(far, half * (m.lo + u.lo), u.lo);
    corrected(one.and_mask(far), f, c)
}
