//! erf, erfc, the normal distribution, and their derivatives.
//!
//! The tail is erfc(z) = e^(-z^2) R(z) P(t). R(z) = (z + 7/4) / (7/4 z^2 + 3 z + 7/4) is within 2 % of the
//! truth everywhere. t = (z - 3) / (z + 3) is the map of Shepherd and Laframboise (Math. Comp. 36, 1981). P
//! is one polynomial, fitted here, for all z in \[0, 27.3\]; beyond that erfc is 0. Since P is flat, its
//! rounding and that of t do not matter. Everything else is in two parts, so the result is rounded about
//! once.

use super::expo::{exp_pair, lone};
use super::simd::{Pair, Simd, fast_two_sum, poly, scale, two_prod, two_sum};

/// erf(x)/x - 1 as a polynomial in x^2, for |x| <= 1/2.
const ERF: [f64; 10] = [
    0.1283791670955126,
    -0.3761263890318405,
    0.11283791670975772,
    -0.02686617065168029,
    0.005223977737703615,
    -0.0008548338280497977,
    0.0001205600999964632,
    -1.4949457245375584e-05,
    1.6900006575672451e-06,
    -1.907130006664627e-07,
];
/// P(t) - 1, for t from -1 to 0.81; it is at most 2 %.
const TAIL: [f64; 24] = [
    -0.0013619986722455371,
    -0.029036653350405665,
    0.008871592451959804,
    0.025390237305821985,
    -0.024529242228402363,
    0.006345725931938078,
    0.006494786536745924,
    -0.00808026020994123,
    0.00423578736951654,
    -0.0010058302213856055,
    -7.074771817180335e-05,
    7.000915936730775e-05,
    2.7277124759872412e-05,
    -1.9690897835313677e-05,
    -2.124507861963524e-06,
    2.785116448000151e-06,
    6.951539092257704e-07,
    -4.97459189535071e-07,
    -1.769625877461678e-07,
    6.353850404288423e-08,
    4.315940919567163e-08,
    -2.088909652959846e-09,
    -6.1122260849478396e-09,
    -1.2296073447068525e-09,
];
/// Two-part constants.
const TWO_OVER_SQRT_PI: (f64, f64) = (core::f64::consts::FRAC_2_SQRT_PI, 1.533545961316588e-17);
const ONE_OVER_SQRT_TWO_PI: (f64, f64) = (0.3989422804014327, -2.49232720227773e-17);
const FRAC_1_SQRT_2: (f64, f64) = (core::f64::consts::FRAC_1_SQRT_2, -4.833646656726457e-17);

#[inline(always)]
fn pair<V: Simd>(c: (f64, f64)) -> Pair<V> {
    Pair { hi: V::splat(c.0), lo: V::splat(c.1) }
}

/// e^-sq as p 2^k.
#[inline(always)]
fn bell<V: Simd>(sq: Pair<V>) -> (Pair<V>, V) {
    exp_pair(Pair { hi: -sq.hi, lo: -sq.lo })
}

/// erfc(z) as q 2^k, from z in \[0, 28\] and its square.
#[inline(always)]
fn tail<V: Simd>(z: Pair<V>, sq: Pair<V>) -> (V, V) {
    let (three, seven_quarters) = (V::splat(3.0), V::splat(1.75));
    let t = (z.hi - three) / (z.hi + three);
    let sum = two_sum(z.hi, seven_quarters);
    let sum = Pair { hi: sum.hi, lo: sum.lo + z.lo };
    // 7/4 z^2 and 3 z are differences and sums of two exact parts.
    let square = fast_two_sum(sq.hi + sq.hi, V::splat(-0.25) * sq.hi);
    let line = fast_two_sum(z.hi + z.hi, z.hi);
    let curve = two_sum(square.hi, line.hi);
    let d = two_sum(curve.hi, seven_quarters);
    let below = sq.lo.madd(seven_quarters, z.lo.madd(three, (square.lo + line.lo) + curve.lo));
    let d = Pair { hi: d.hi, lo: d.lo + below };
    let (p, k) = bell(sq);
    let num = p.times(sum);
    let num = Pair { hi: num.hi, lo: poly(t, &TAIL).madd(num.hi + num.lo, num.lo) };
    (num.over(d), k)
}

/// erfc(a) for a in \[0, 28\], as q 2^k.
#[inline(always)]
fn erfc_tail<V: Simd>(a: V) -> (V, V) {
    tail(lone(a), two_prod(a, a))
}

/// x^2/2.
#[inline(always)]
fn half_square<V: Simd>(x: V) -> Pair<V> {
    let (sq, half) = (two_prod(x, x), V::splat(0.5));
    Pair { hi: sq.hi * half, lo: sq.lo * half }
}

/// The error function.
#[inline(always)]
pub(super) fn erf<V: Simd>(x: V) -> V {
    let one = V::splat(1.0);
    let a = x.abs();
    let near = a.lt(V::splat(0.5));
    let inner = a.madd(poly(a * a, &ERF), a);
    if V::all(near) {
        return inner.or(x.sign_bit());
    }
    // From 6 on it is 1.
    let (q, k) = erfc_tail(V::splat(6.0).min_or(a));
    V::pick(near, inner, one - scale(q, k)).or(x.sign_bit())
}

/// 1 - erf(x) without cancellation.
#[inline(always)]
pub(super) fn erfc<V: Simd>(x: V) -> V {
    let (q, k) = erfc_tail(V::splat(28.0).min_or(x.abs()));
    let y = scale(q, k);
    V::pick(x.lt(V::splat(0.0)), V::splat(2.0) - y, y)
}

/// The normal distribution function, erfc(-x / sqrt 2) / 2.
#[inline(always)]
pub(super) fn norm_cdf<V: Simd>(x: V) -> V {
    let a = V::splat(39.5).min_or(x.abs());
    let z = two_prod(a, V::splat(FRAC_1_SQRT_2.0));
    let z = Pair { hi: z.hi, lo: a.madd(V::splat(FRAC_1_SQRT_2.1), z.lo) };
    let (q, k) = tail(z, half_square(a));
    let q = q * V::splat(0.5);
    let y = scale(q, k);
    V::pick(V::splat(0.0).lt(x), V::splat(1.0) - y, y)
}

/// The derivative of erf, 2/sqrt(pi) e^(-x^2).
#[inline(always)]
pub(super) fn erf_d<V: Simd>(x: V) -> V {
    let a = V::splat(28.0).min_or(x.abs());
    let (p, k) = bell(two_prod(a, a));
    let y = p.times(pair(TWO_OVER_SQRT_PI));
    scale(y.hi + y.lo, k)
}

/// The normal density, e^(-x^2/2) / sqrt(2 pi).
#[inline(always)]
pub(super) fn norm_pdf<V: Simd>(x: V) -> V {
    let (p, k) = bell(half_square(V::splat(39.5).min_or(x.abs())));
    let y = p.times(pair(ONE_OVER_SQRT_TWO_PI));
    scale(y.hi + y.lo, k)
}
