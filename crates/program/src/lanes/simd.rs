//! The trait that every kernel is written over, and exact sums, products and quotients on top of it.

use core::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// Implements operators of a type of vectors or masks, each by a formula.
macro_rules! operators {
    (@one [$($generics:tt)*] $T:ty, $Trait:ident $method:ident($a:ident $(, $b:ident)?) => $y:expr) => {
        impl<$($generics)*> core::ops::$Trait for $T {
            type Output = Self;
            #[inline(always)]
            fn $method(self $(, $b: Self)?) -> Self {
                let $a = self;
                $y
            }
        }
    };
    ($generics:tt $T:ty: $($Trait:ident $method:ident $operands:tt => $y:expr;)+) => {
        $(operators! { @one $generics $T, $Trait $method $operands => $y })+
    };
}
pub(super) use operators;

/// A vector of f64. Every method works lane by lane.
///
/// The x86 types must be used only on processors that have the instructions. Only the entry points of
/// kernels and of the interpreter name them.
pub(crate) trait Simd:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// f64 per vector: 1, 2, 4, 8 or 16.
    const LANES: usize;
    /// Whether `madd` and `nmadd` round once.
    const FMA: bool;
    /// A truth value for each lane.
    type Mask: Copy + BitAnd<Output = Self::Mask> + BitOr<Output = Self::Mask> + Not<Output = Self::Mask>;

    /// Reads `LANES` values. Safety: `p` must be valid for reading that many; no alignment needed.
    unsafe fn load(p: *const f64) -> Self;
    /// Writes `LANES` values. Safety: `p` must be valid for writing that many; no alignment needed.
    unsafe fn store(self, p: *mut f64);
    /// The same value in every lane.
    fn splat(x: f64) -> Self;
    /// The same bit pattern in every lane.
    #[inline(always)]
    fn splat_bits(x: u64) -> Self {
        Self::splat(f64::from_bits(x))
    }

    /// `self * b + c`, fused where `FMA`.
    fn madd(self, b: Self, c: Self) -> Self;
    /// `c - self * b`, fused where `FMA`.
    fn nmadd(self, b: Self, c: Self) -> Self;
    /// The square root, correctly rounded.
    fn sqrt(self) -> Self;
    /// `self` where `self < b`, else `b`; so NaN in either gives `b`.
    fn min_or(self, b: Self) -> Self;
    /// `self` where `self > b`, else `b`; so NaN in either gives `b`.
    fn max_or(self, b: Self) -> Self;

    /// Bitwise and.
    fn and(self, b: Self) -> Self;
    /// Bitwise or.
    fn or(self, b: Self) -> Self;
    /// Bitwise exclusive or.
    fn xor(self, b: Self) -> Self;
    /// Sum of the bit patterns as 64-bit integers, wrapping.
    fn add_bits(self, b: Self) -> Self;
    /// Bit pattern shifted left by `N`.
    fn shl<const N: i32>(self) -> Self;
    /// Bit pattern shifted right by `N`, filled with zeros.
    fn shr<const N: i32>(self) -> Self;

    /// `self < b`; false if either is NaN.
    fn lt(self, b: Self) -> Self::Mask;
    /// `self <= b`; false if either is NaN.
    fn le(self, b: Self) -> Self::Mask;
    /// `self == b`; false if either is NaN.
    fn same(self, b: Self) -> Self::Mask;
    /// `yes` where `m`, `no` elsewhere.
    fn pick(m: Self::Mask, yes: Self, no: Self) -> Self;
    /// One bit per lane, lane 0 lowest.
    fn mask_bits(m: Self::Mask) -> u32;

    /// True where `self` is NaN.
    #[inline(always)]
    fn nan(self) -> Self::Mask {
        !self.same(self)
    }
    /// Whether any lane is true.
    #[inline(always)]
    fn any(m: Self::Mask) -> bool {
        Self::mask_bits(m) != 0
    }
    /// Whether every lane is true.
    #[inline(always)]
    fn all(m: Self::Mask) -> bool {
        Self::mask_bits(m) == (1 << Self::LANES) - 1
    }
    /// The absolute value.
    #[inline(always)]
    fn abs(self) -> Self {
        self.and(Self::splat_bits(!SIGN))
    }
    /// Only its sign bit.
    #[inline(always)]
    fn sign_bit(self) -> Self {
        self.and(Self::splat_bits(SIGN))
    }
    /// Towards zero, keeping the sign of zero.
    #[inline(always)]
    fn trunc(self) -> Self {
        // |x| < 2^52: adding 2^52 rounds to an integer, at most 1 too high.
        let big = Self::splat(TWO_52);
        let a = self.abs();
        let near = (a + big) - big;
        let t = near - Self::splat(1.0).and_mask(a.lt(near));
        Self::pick(a.lt(big), t.or(self.sign_bit()), self)
    }
    /// Downwards, keeping the sign of zero.
    #[inline(always)]
    fn floor(self) -> Self {
        let t = self.trunc();
        Self::pick(self.lt(t), t - Self::splat(1.0), t)
    }
    /// Upwards, keeping the sign of zero.
    #[inline(always)]
    fn ceil(self) -> Self {
        let t = self.trunc();
        // -0.5 becomes -0 by `trunc`, not by the sum.
        Self::pick(t.lt(self), t + Self::splat(1.0), t)
    }
    /// `self` where `m`, +0 elsewhere.
    #[inline(always)]
    fn and_mask(self, m: Self::Mask) -> Self {
        Self::pick(m, self, Self::splat(0.0))
    }
}

/// The sign bit of an f64.
pub(super) const SIGN: u64 = 1 << 63;
/// From here on every f64 is an integer.
pub(super) const TWO_52: f64 = 4503599627370496.0;
/// 1.5 * 2^52: adding it leaves the nearest integer in the low bits, for |x| < 2^51.
pub(super) const MAGIC: f64 = 6755399441055744.0;

/// A value in two parts, the second at most about half an ulp of the first.
#[derive(Clone, Copy)]
pub(super) struct Pair<V> {
    pub(super) hi: V,
    pub(super) lo: V,
}

/// a + b exactly, for |a| >= |b| or a = 0 (Dekker).
#[inline(always)]
pub(super) fn fast_two_sum<V: Simd>(a: V, b: V) -> Pair<V> {
    let hi = a + b;
    Pair { hi, lo: (a - hi) + b }
}

/// a + b exactly (Knuth).
#[inline(always)]
pub(super) fn two_sum<V: Simd>(a: V, b: V) -> Pair<V> {
    let hi = a + b;
    let from_b = hi - a;
    let from_a = hi - from_b;
    Pair { hi, lo: (a - from_a) + (b - from_b) }
}

/// a * b exactly, barring under- and overflow (Dekker, Veltkamp where there is no FMA).
#[inline(always)]
pub(super) fn two_prod<V: Simd>(a: V, b: V) -> Pair<V> {
    let hi = a * b;
    if V::FMA {
        return Pair { hi, lo: a.madd(b, -hi) };
    }
    let (a1, a2) = split(a);
    let (b1, b2) = split(b);
    Pair { hi, lo: a2 * b2 - (((hi - a1 * b1) - a2 * b1) - a1 * b2) }
}

/// The upper 26 bits and the rest.
#[inline(always)]
fn split<V: Simd>(a: V) -> (V, V) {
    let c = a * V::splat(134217729.0);
    let hi = c - (c - a);
    (hi, a - hi)
}

impl<V: Simd> Pair<V> {
    /// The quotient, within about half an ulp plus 2^-100.
    #[inline(always)]
    pub(super) fn over(self, d: Pair<V>) -> V {
        let inv = V::splat(1.0) / d.hi;
        let q = self.hi * inv;
        let rest = if V::FMA {
            q.nmadd(d.hi, self.hi)
        } else {
            let p = two_prod(q, d.hi);
            (self.hi - p.hi) - p.lo
        };
        let rest = rest + q.nmadd(d.lo, self.lo);
        rest.madd(inv, q)
    }

    /// The square, within about 2^-100.
    #[inline(always)]
    pub(super) fn square(self) -> Pair<V> {
        let square = two_prod(self.hi, self.hi);
        let cross = self.hi * self.lo;
        Pair { hi: square.hi, lo: square.lo + (cross + cross) }
    }

    /// The product, within about 2^-100.
    #[inline(always)]
    pub(super) fn times(self, b: Pair<V>) -> Pair<V> {
        let p = two_prod(self.hi, b.hi);
        let cross = self.hi.madd(b.lo, self.lo * b.hi);
        Pair { hi: p.hi, lo: p.lo + cross }
    }
}

/// c\[0\] + c\[1\] x + c\[2\] x^2 + ... up to 32 coefficients, by Estrin's scheme: neighbors are
/// joined with x, those pairs with x^2, and so on. That keeps the dependency chain short.
#[inline(always)]
pub(super) fn poly<V: Simd, const N: usize>(x: V, c: &[f64; N]) -> V {
    const { assert!(N <= 32) };
    let mut t = [V::splat(0.0); N];
    for i in 0..N {
        t[i] = V::splat(c[i]);
    }
    join(&mut t, N, x);
    let x = x * x;
    join(&mut t, N.div_ceil(2), x);
    let x = x * x;
    join(&mut t, N.div_ceil(4), x);
    let x = x * x;
    join(&mut t, N.div_ceil(8), x);
    let x = x * x;
    join(&mut t, N.div_ceil(16), x);
    t[0]
}

/// Joins the first `n` in pairs: t0 + x t1, t2 + x t3, ...; one left over stays.
#[inline(always)]
fn join<V: Simd>(t: &mut [V], n: usize, x: V) {
    for i in 0..n / 2 {
        t[i] = t[2 * i + 1].madd(x, t[2 * i]);
    }
    if n % 2 == 1 {
        t[n / 2] = t[n - 1];
    }
}

/// 2^k for integers k from -1022 to 1023.
#[inline(always)]
pub(super) fn pow2<V: Simd>(k: V) -> V {
    (k + V::splat(MAGIC + 1023.0)).shl::<52>()
}

/// p * 2^k for integers k from -2044 to 2046 and p between 1/8 and 8, rounded once. If one step would leave
/// the range, it takes two, of which the first is exact.
#[inline(always)]
pub(super) fn scale<V: Simd>(p: V, k: V) -> V {
    if V::all(k.abs().lt(V::splat(1000.0))) {
        return p * pow2(k);
    }
    let half = (k.madd(V::splat(0.5), V::splat(MAGIC))) - V::splat(MAGIC);
    p * pow2(half) * pow2(k - half)
}
