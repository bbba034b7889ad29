//! Ops of a few instructions: guarded products, comparisons, kinks and rounding, which the interpreter
//! inlines. Their bits are those of the scalar ops on every instruction set, except for the payload of NaN.

use super::simd::Simd;

#[inline(always)]
fn one_where<V: Simd>(m: V::Mask) -> V {
    V::splat(1.0).and_mask(m)
}

/// `y` where `x` is a number, NaN elsewhere.
#[inline(always)]
fn unless_nan<V: Simd>(x: V, y: V) -> V {
    V::pick(x.nan(), x, y)
}

/// The ops, each by a formula that names its operands.
macro_rules! ops {
    ($($name:ident($($x:ident),+) => $y:expr;)+) => {$(
        #[inline(always)]
        pub(crate) fn $name<V: Simd>($($x: V),+) -> V {
            $y
        }
    )+};
}

ops! {
    neg(x) => -x;
    abs(x) => x.abs();
    recip(x) => V::splat(1.0) / x;
    sqrt(x) => x.sqrt();
    step(x) => unless_nan(x, one_where(V::splat(0.0).lt(x)));
    // NaN takes the last operand.
    relu(x) => V::pick(x.le(V::splat(0.0)), V::splat(0.0), x);
    flat(x) => unless_nan(x, V::splat(0.0));
    floor(x) => x.floor();
    ceil(x) => x.ceil();
    trunc(x) => x.trunc();
    fract(x) => x - x.trunc();
    copysign(x, y) => x.abs().or(y.sign_bit());
    recip_pos(x, c) => V::pick(V::splat(0.0).le(x), c / x.abs(), V::splat(f64::NAN));
    lt(x, y) => one_where(x.lt(y));
    le(x, y) => one_where(x.le(y));
    gt(x, y) => one_where(y.lt(x));
    ge(x, y) => one_where(y.le(x));
    eq(x, y) => one_where(x.same(y));
    ne(x, y) => one_where(!x.same(y));
    select(c, x, y) => V::pick(c.same(V::splat(0.0)), y, x);
}

#[inline(always)]
pub(crate) fn sign<V: Simd>(x: V) -> V {
    let y = V::splat(1.0).or(x.sign_bit());
    let y = V::pick(x.same(V::splat(0.0)), V::splat(0.0), y);
    unless_nan(x, y)
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
pub(crate) fn prefer<V: Simd>(x: V, y: V) -> V {
    let half = V::splat(0.5).and_mask(x.same(y));
    let share = V::pick(y.lt(x), V::splat(1.0), half);
    V::pick(x.nan() | y.nan(), x + y, share)
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
