//! Ops of a few instructions: guarded products, comparisons, kinks and rounding, which the interpreter
//! inlines. Their bits are those of the scalar ops on every instruction set, except for the payload of NaN.

use super::simd::{SIGN, Simd};

#[inline(always)]
fn one_where<V: Simd>(m: V::Mask) -> V {
    V::splat(1.0).and_mask(m)
}

/// `y` where `x` is a number, NaN elsewhere.
#[inline(always)]
fn unless_nan<V: Simd>(x: V, y: V) -> V {
    V::pick(x.nan(), x, y)
}

#[inline(always)]
pub(crate) fn neg<V: Simd>(x: V) -> V {
    -x
}
#[inline(always)]
pub(crate) fn abs<V: Simd>(x: V) -> V {
    x.abs()
}
#[inline(always)]
pub(crate) fn recip<V: Simd>(x: V) -> V {
    V::splat(1.0) / x
}
#[inline(always)]
pub(crate) fn sqrt<V: Simd>(x: V) -> V {
    x.sqrt()
}
#[inline(always)]
pub(crate) fn sign<V: Simd>(x: V) -> V {
    let y = V::splat(1.0).or(x.sign_bit());
    let y = V::pick(x.same(V::splat(0.0)), V::splat(0.0), y);
    unless_nan(x, y)
}
#[inline(always)]
pub(crate) fn step<V: Simd>(x: V) -> V {
    unless_nan(x, one_where(V::splat(0.0).lt(x)))
}
#[inline(always)]
pub(crate) fn relu<V: Simd>(x: V) -> V {
    // NaN takes the last operand.
    V::pick(x.le(V::splat(0.0)), V::splat(0.0), x)
}
#[inline(always)]
pub(crate) fn flat<V: Simd>(x: V) -> V {
    unless_nan(x, V::splat(0.0))
}
#[inline(always)]
pub(crate) fn floor<V: Simd>(x: V) -> V {
    x.floor()
}
#[inline(always)]
pub(crate) fn ceil<V: Simd>(x: V) -> V {
    x.ceil()
}
#[inline(always)]
pub(crate) fn trunc<V: Simd>(x: V) -> V {
    x.trunc()
}
#[inline(always)]
pub(crate) fn fract<V: Simd>(x: V) -> V {
    x - x.trunc()
}
/// Rounds halves away from zero. It adds the largest number below a half, so that this number itself
/// still rounds to 0.
#[inline(always)]
pub(crate) fn round<V: Simd>(x: V) -> V {
    let nearly_half = V::splat(0.5f64.next_down()).or(x.sign_bit());
    (x + nearly_half).trunc()
}

/// The instruction gives its second operand for ties and NaN. The bitwise `and` of both orders makes +0 the maximum.
#[inline(always)]
pub(crate) fn max<V: Simd>(x: V, y: V) -> V {
    let m = x.max_or(y).and(y.max_or(x));
    V::pick(x.nan() | y.nan(), x + y, m)
}
/// As `max`, but joined by `or`.
#[inline(always)]
pub(crate) fn min<V: Simd>(x: V, y: V) -> V {
    let m = x.min_or(y).or(y.min_or(x));
    V::pick(x.nan() | y.nan(), x + y, m)
}
#[inline(always)]
pub(crate) fn copysign<V: Simd>(x: V, y: V) -> V {
    x.abs().or(y.and(V::splat_bits(SIGN)))
}
#[inline(always)]
pub(crate) fn prefer<V: Simd>(x: V, y: V) -> V {
    let half = V::splat(0.5).and_mask(x.same(y));
    let share = V::pick(y.lt(x), V::splat(1.0), half);
    V::pick(x.nan() | y.nan(), x + y, share)
}
#[inline(always)]
pub(crate) fn recip_pos<V: Simd>(x: V, c: V) -> V {
    let q = c / x.abs();
    V::pick(V::splat(0.0).le(x), q, V::splat(f64::NAN))
}
/// Only a NaN takes the second path.
#[inline(always)]
pub(crate) fn gmul<V: Simd>(x: V, y: V) -> V {
    let p = x * y;
    let bad = p.nan();
    if V::any(bad) {
        let zero = V::splat(0.0);
        return V::pick(bad & (x.same(zero) | y.same(zero)), zero, p);
    }
    p
}
#[inline(always)]
pub(crate) fn lt<V: Simd>(x: V, y: V) -> V {
    one_where(x.lt(y))
}
#[inline(always)]
pub(crate) fn le<V: Simd>(x: V, y: V) -> V {
    one_where(x.le(y))
}
#[inline(always)]
pub(crate) fn gt<V: Simd>(x: V, y: V) -> V {
    one_where(y.lt(x))
}
#[inline(always)]
pub(crate) fn ge<V: Simd>(x: V, y: V) -> V {
    one_where(y.le(x))
}
#[inline(always)]
pub(crate) fn eq<V: Simd>(x: V, y: V) -> V {
    one_where(x.same(y))
}
#[inline(always)]
pub(crate) fn ne<V: Simd>(x: V, y: V) -> V {
    one_where(!x.same(y))
}

#[inline(always)]
pub(crate) fn select<V: Simd>(c: V, x: V, y: V) -> V {
    V::pick(c.same(V::splat(0.0)), y, x)
}
