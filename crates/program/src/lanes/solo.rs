//! One lane in plain Rust, for a single point.
//!
//! The formulas are those of the vectors, and it rounds once where they do, so a point has the same bits alone as in a
//! batch.

use super::simd::Simd;
use core::ops::{Add, Div, Mul, Neg, Sub};

/// One f64. `FMA` says whether a product and sum round once. If so, it belongs in code that is compiled for
/// the instruction; elsewhere it would be a slow call.
#[derive(Clone, Copy)]
pub(crate) struct Solo<const FMA: bool>(f64);

impl<const FMA: bool> Solo<FMA> {
    #[inline(always)]
    pub(super) fn new(x: f64) -> Self {
        Self(x)
    }

    #[inline(always)]
    pub(super) fn get(self) -> f64 {
        self.0
    }
}

macro_rules! operator {
    ($($trait:ident $method:ident $op:tt),*) => {$(
        impl<const FMA: bool> $trait for Solo<FMA> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, b: Self) -> Self {
                Self(self.0 $op b.0)
            }
        }
    )*};
}
operator!(Add add +, Sub sub -, Mul mul *, Div div /);

impl<const FMA: bool> Neg for Solo<FMA> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl<const FMA: bool> Simd for Solo<FMA> {
    const LANES: usize = 1;
    const FMA: bool = FMA;
    type Mask = bool;

    #[inline(always)]
    unsafe fn load(p: *const f64) -> Self {
        // SAFETY: the caller promises a readable value.
        Self(unsafe { *p })
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f64) {
        // SAFETY: the caller promises room for a value.
        unsafe { *p = self.0 }
    }
    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self(x)
    }
    #[inline(always)]
    fn madd(self, b: Self, c: Self) -> Self {
        Self(if FMA { self.0.mul_add(b.0, c.0) } else { self.0 * b.0 + c.0 })
    }
    #[inline(always)]
    fn nmadd(self, b: Self, c: Self) -> Self {
        Self(if FMA { (-self.0).mul_add(b.0, c.0) } else { c.0 - self.0 * b.0 })
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(self.0.sqrt())
    }
    #[inline(always)]
    fn min_or(self, b: Self) -> Self {
        if self.0 < b.0 { self } else { b }
    }
    #[inline(always)]
    fn max_or(self, b: Self) -> Self {
        if self.0 > b.0 { self } else { b }
    }
    #[inline(always)]
    fn and(self, b: Self) -> Self {
        Self(f64::from_bits(self.0.to_bits() & b.0.to_bits()))
    }
    #[inline(always)]
    fn or(self, b: Self) -> Self {
        Self(f64::from_bits(self.0.to_bits() | b.0.to_bits()))
    }
    #[inline(always)]
    fn xor(self, b: Self) -> Self {
        Self(f64::from_bits(self.0.to_bits() ^ b.0.to_bits()))
    }
    #[inline(always)]
    fn add_bits(self, b: Self) -> Self {
        Self(f64::from_bits(self.0.to_bits().wrapping_add(b.0.to_bits())))
    }
    #[inline(always)]
    fn shl<const N: i32>(self) -> Self {
        Self(f64::from_bits(self.0.to_bits() << N))
    }
    #[inline(always)]
    fn shr<const N: i32>(self) -> Self {
        Self(f64::from_bits(self.0.to_bits() >> N))
    }
    #[inline(always)]
    fn lt(self, b: Self) -> bool {
        self.0 < b.0
    }
    #[inline(always)]
    fn le(self, b: Self) -> bool {
        self.0 <= b.0
    }
    #[inline(always)]
    fn same(self, b: Self) -> bool {
        self.0 == b.0
    }
    #[inline(always)]
    fn nan(self) -> bool {
        self.0.is_nan()
    }
    #[inline(always)]
    fn pick(m: bool, yes: Self, no: Self) -> Self {
        if m { yes } else { no }
    }
    #[inline(always)]
    fn mask_bits(m: bool) -> u32 {
        u32::from(m)
    }
}
