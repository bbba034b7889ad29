//! Sine, cosine and tangent.
//!
//! |x| up to 10^6 is reduced by k pi/2, with pi/2 in three or four parts (Cody and Waite). The two-part r in
//! \[-pi/4, pi/4\] is good to 2^-70 even next to a multiple of pi/2. Then both polynomials run, and each lane
//! picks one. The scalar function computes lanes beyond that, infinities and NaN, one by one.

use super::simd::{MAGIC, Pair, Simd, fast_two_sum, poly, two_prod, two_sum};
use core::f64::consts::{FRAC_2_PI, FRAC_PI_2};

/// (sin r - r) / r^3 as a polynomial in r^2, for |r| <= pi/4.
const S: [f64; 6] = [
    -0.1666666666666664,
    0.008333333333324075,
    -0.00019841269830902966,
    2.755731401836029e-06,
    -2.505080325988297e-08,
    1.5899152026537984e-10,
];
/// (cos r - 1 + r^2/2) / r^4 as a polynomial in r^2, for |r| <= pi/4.
const C: [f64; 6] = [
    0.04166666666666666,
    -0.0013888888888883275,
    2.4801587294748622e-05,
    -2.755731576666941e-07,
    2.087590330772054e-09,
    -1.1368430714055827e-11,
];
/// pi/2 in parts of 53 bits, whose products are exact with FMA, and in parts of 33 bits, whose products
/// with k < 2^20 are exact.
const PIO2: [f64; 3] = [FRAC_PI_2, 6.123233995736766e-17, -1.4973849048591698e-33];
const PIO2_33: [f64; 4] = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32];
/// Up to this, k < 2^20.
const LIMIT: f64 = 1e6;

/// x reduced: r in two parts, and k in the low bits of `quadrant`.
struct Reduced<V> {
    r: Pair<V>,
    quadrant: V,
}

#[inline(always)]
fn reduce<V: Simd>(x: V) -> Reduced<V> {
    let magic = V::splat(MAGIC);
    let quadrant = x.madd(V::splat(FRAC_2_PI), magic);
    let k = quadrant - magic;
    let r = if V::FMA {
        let r = k.nmadd(V::splat(PIO2[0]), x);
        let t = two_prod(k, V::splat(PIO2[1]));
        let r = two_sum(r, -t.hi);
        let lo = k.nmadd(V::splat(PIO2[2]), r.lo - t.lo);
        fast_two_sum(r.hi, lo)
    } else {
        let r = x - k * V::splat(PIO2_33[0]);
        let a = two_sum(r, -(k * V::splat(PIO2_33[1])));
        let b = two_sum(a.hi, -(k * V::splat(PIO2_33[2])));
        fast_two_sum(b.hi, (a.lo + b.lo) - k * V::splat(PIO2_33[3]))
    };
    Reduced { r, quadrant }
}

/// sin r as r + a small part.
#[inline(always)]
fn sin_near_0<V: Simd>(r: Pair<V>) -> Pair<V> {
    let z = r.hi * r.hi;
    let tilt = (V::splat(0.5) * z).nmadd(r.lo, r.lo);
    Pair { hi: r.hi, lo: (z * r.hi).madd(poly(z, &S), tilt) }
}

/// cos r as (1 - r^2/2) + a small part.
#[inline(always)]
fn cos_near_0<V: Simd>(r: Pair<V>) -> Pair<V> {
    let z = r.hi * r.hi;
    let half = V::splat(0.5) * z;
    let hi = V::splat(1.0) - half;
    let lost = (V::splat(1.0) - hi) - half;
    let tilt = r.hi.nmadd(r.lo, lost);
    Pair { hi, lo: (z * z).madd(poly(z, &C), tilt) }
}

/// A mask of the lanes whose quadrant plus `shift` is odd, and the sign bit of its second bit.
#[inline(always)]
fn quadrant<V: Simd>(q: V, shift: u64) -> (V::Mask, V) {
    let q = q.add_bits(V::splat_bits(shift));
    let odd = q.and(V::splat_bits(1)).shl::<62>();
    // Bit 62 alone is the number 2.
    let odd = odd.same(V::splat(2.0));
    (odd, q.shl::<62>().sign_bit())
}

#[inline(always)]
fn in_reach<V: Simd>(x: V) -> V::Mask {
    x.abs().le(V::splat(LIMIT))
}

/// Sine and cosine of x reduced, and its quadrant.
struct Wave<V> {
    sin: V,
    cos: V,
    quadrant: V,
}

impl<V: Simd> Wave<V> {
    #[inline(always)]
    fn of(x: V) -> Self {
        let Reduced { r, quadrant } = reduce(x);
        let (s, c) = (sin_near_0(r), cos_near_0(r));
        Self { sin: s.hi + s.lo, cos: c.hi + c.lo, quadrant }
    }

    /// The sine of x plus this many quadrants.
    #[inline(always)]
    fn at(&self, shift: u64) -> V {
        let (odd, sign) = quadrant(self.quadrant, shift);
        V::pick(odd, self.cos, self.sin).xor(sign)
    }

    /// The sine of x. Zero keeps its sign.
    #[inline(always)]
    fn sine(&self, x: V) -> V {
        V::pick(x.same(V::splat(0.0)), x, self.at(0))
    }
}

/// Sine, in radians, and which lanes it is right for.
#[inline(always)]
pub(super) fn sin<V: Simd>(x: V) -> (V, V::Mask) {
    (Wave::of(x).sine(x), in_reach(x))
}

/// Cosine, in radians, and which lanes it is right for.
#[inline(always)]
pub(super) fn cos<V: Simd>(x: V) -> (V, V::Mask) {
    (Wave::of(x).at(1), in_reach(x))
}

/// Both, for little more than the work of one, and which lanes they are right for.
#[inline(always)]
pub(super) fn sin_cos<V: Simd>(x: V) -> ([V; 2], V::Mask) {
    let wave = Wave::of(x);
    ([wave.sine(x), wave.at(1)], in_reach(x))
}

/// Tangent, in radians, and which lanes it is right for.
#[inline(always)]
pub(super) fn tan<V: Simd>(x: V) -> (V, V::Mask) {
    let Reduced { r, quadrant: q } = reduce(x);
    let (odd, _) = quadrant(q, 0);
    let (s, c) = (sin_near_0(r), cos_near_0(r));
    let (s, c) = (fast_two_sum(s.hi, s.lo), fast_two_sum(c.hi, c.lo));
    // tan = s / c in even quadrants, -c / s in odd ones.
    let num = Pair { hi: V::pick(odd, -c.hi, s.hi), lo: V::pick(odd, -c.lo, s.lo) };
    let den = Pair { hi: V::pick(odd, s.hi, c.hi), lo: V::pick(odd, s.lo, c.lo) };
    let y = V::pick(x.same(V::splat(0.0)), x, num.over(den));
    (y, in_reach(x))
}
