//! Four lanes in plain Rust: for processors that have no vectors in this crate, for Miri, and as the reference for the
//! others.

use super::simd::Simd;
use core::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// Four f64.
#[derive(Clone, Copy)]
pub(crate) struct Portable([f64; 4]);

/// A mask of four lanes.
#[derive(Clone, Copy)]
pub(crate) struct Answers([bool; 4]);

#[inline(always)]
fn each(f: impl Fn(usize) -> f64) -> Portable {
    Portable([f(0), f(1), f(2), f(3)])
}

#[inline(always)]
fn ask(f: impl Fn(usize) -> bool) -> Answers {
    Answers([f(0), f(1), f(2), f(3)])
}

macro_rules! operator {
    ($($trait:ident $method:ident $op:tt),*) => {$(
        impl $trait for Portable {
            type Output = Self;
            #[inline(always)]
            fn $method(self, b: Self) -> Self {
                each(|i| self.0[i] $op b.0[i])
            }
        }
    )*};
}
operator!(Add add +, Sub sub -, Mul mul *, Div div /);

impl Neg for Portable {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        each(|i| -self.0[i])
    }
}

impl BitAnd for Answers {
    type Output = Self;
    #[inline(always)]
    fn bitand(self, b: Self) -> Self {
        ask(|i| self.0[i] & b.0[i])
    }
}

impl BitOr for Answers {
    type Output = Self;
    #[inline(always)]
    fn bitor(self, b: Self) -> Self {
        ask(|i| self.0[i] | b.0[i])
    }
}

impl Not for Answers {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        ask(|i| !self.0[i])
    }
}

impl Simd for Portable {
    const LANES: usize = 4;
    // Without the instruction, `f64::mul_add` is a slow call.
    const FMA: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));
    type Mask = Answers;

    #[inline(always)]
    unsafe fn load(p: *const f64) -> Self {
        // SAFETY: the caller promises four readable values, and an unaligned read needs no alignment.
        Self(unsafe { p.cast::<[f64; 4]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f64) {
        // SAFETY: the caller promises room for four values.
        unsafe { p.cast::<[f64; 4]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self([x; 4])
    }
    #[inline(always)]
    fn madd(self, b: Self, c: Self) -> Self {
        if Self::FMA { each(|i| self.0[i].mul_add(b.0[i], c.0[i])) } else { self * b + c }
    }
    #[inline(always)]
    fn nmadd(self, b: Self, c: Self) -> Self {
        if Self::FMA { each(|i| (-self.0[i]).mul_add(b.0[i], c.0[i])) } else { c - self * b }
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        each(|i| self.0[i].sqrt())
    }
    #[inline(always)]
    fn min_or(self, b: Self) -> Self {
        each(|i| if self.0[i] < b.0[i] { self.0[i] } else { b.0[i] })
    }
    #[inline(always)]
    fn max_or(self, b: Self) -> Self {
        each(|i| if self.0[i] > b.0[i] { self.0[i] } else { b.0[i] })
    }
    #[inline(always)]
    fn and(self, b: Self) -> Self {
        each(|i| f64::from_bits(self.0[i].to_bits() & b.0[i].to_bits()))
    }
    #[inline(always)]
    fn or(self, b: Self) -> Self {
        each(|i| f64::from_bits(self.0[i].to_bits() | b.0[i].to_bits()))
    }
    #[inline(always)]
    fn xor(self, b: Self) -> Self {
        each(|i| f64::from_bits(self.0[i].to_bits() ^ b.0[i].to_bits()))
    }
    #[inline(always)]
    fn add_bits(self, b: Self) -> Self {
        each(|i| f64::from_bits(self.0[i].to_bits().wrapping_add(b.0[i].to_bits())))
    }
    #[inline(always)]
    fn shl<const N: i32>(self) -> Self {
        each(|i| f64::from_bits(self.0[i].to_bits() << N))
    }
    #[inline(always)]
    fn shr<const N: i32>(self) -> Self {
        each(|i| f64::from_bits(self.0[i].to_bits() >> N))
    }
    #[inline(always)]
    fn lt(self, b: Self) -> Answers {
        ask(|i| self.0[i] < b.0[i])
    }
    #[inline(always)]
    fn le(self, b: Self) -> Answers {
        ask(|i| self.0[i] <= b.0[i])
    }
    #[inline(always)]
    fn same(self, b: Self) -> Answers {
        ask(|i| self.0[i] == b.0[i])
    }
    #[inline(always)]
    fn pick(m: Answers, yes: Self, no: Self) -> Self {
        each(|i| if m.0[i] { yes.0[i] } else { no.0[i] })
    }
    #[inline(always)]
    fn mask_bits(m: Answers) -> u32 {
        m.0.iter().rev().fold(0, |bits, &b| bits << 1 | u32::from(b))
    }
}
