//! Lanes in plain Rust: one for a single point, and four for processors that have no vectors in this crate, for Miri,
//! and as the reference for the others.
//!
//! The formulas are those of the vectors, and it rounds once where they do, so a point has the same bits alone as in a
//! batch.

use super::simd::{Simd, operators};

/// One f64. `FMA` says whether a product and sum round once. If so, it belongs in code that is compiled for
/// the instruction; elsewhere it would be a slow call.
#[derive(Clone, Copy)]
pub(crate) struct Solo<const FMA: bool>(f64);

/// Four f64.
#[derive(Clone, Copy)]
pub(crate) struct Portable([f64; 4]);

/// A mask of four lanes.
#[derive(Clone, Copy)]
pub(crate) struct Answers([bool; 4]);

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

#[inline(always)]
fn each(f: impl Fn(usize) -> f64) -> Portable {
    Portable([f(0), f(1), f(2), f(3)])
}

#[inline(always)]
fn ask(f: impl Fn(usize) -> bool) -> Answers {
    Answers([f(0), f(1), f(2), f(3)])
}

operators! { [const FMA: bool] Solo<FMA>:
    Add add(a, b) => Self(a.0 + b.0);
    Sub sub(a, b) => Self(a.0 - b.0);
    Mul mul(a, b) => Self(a.0 * b.0);
    Div div(a, b) => Self(a.0 / b.0);
    Neg neg(a) => Self(-a.0);
}
operators! { [] Portable:
    Add add(a, b) => each(|i| a.0[i] + b.0[i]);
    Sub sub(a, b) => each(|i| a.0[i] - b.0[i]);
    Mul mul(a, b) => each(|i| a.0[i] * b.0[i]);
    Div div(a, b) => each(|i| a.0[i] / b.0[i]);
    Neg neg(a) => each(|i| -a.0[i]);
}
operators! { [] Answers:
    BitAnd bitand(a, b) => ask(|i| a.0[i] & b.0[i]);
    BitOr bitor(a, b) => ask(|i| a.0[i] | b.0[i]);
    Not not(a) => ask(|i| !a.0[i]);
}

/// Hands the methods that work lane by lane to macros, each by its formula for one lane.
macro_rules! formulas {
    ($number:ident, $answer:ident) => {
        $number! { madd(a, b, c) => if Self::FMA { a.mul_add(b, c) } else { a * b + c } }
        $number! { nmadd(a, b, c) => if Self::FMA { (-a).mul_add(b, c) } else { c - a * b } }
        $number! { sqrt(a) => a.sqrt() }
        $number! { min_or(a, b) => if a < b { a } else { b } }
        $number! { max_or(a, b) => if a > b { a } else { b } }
        $number! { and(a, b) => f64::from_bits(a.to_bits() & b.to_bits()) }
        $number! { or(a, b) => f64::from_bits(a.to_bits() | b.to_bits()) }
        $number! { xor(a, b) => f64::from_bits(a.to_bits() ^ b.to_bits()) }
        $number! { add_bits(a, b) => f64::from_bits(a.to_bits().wrapping_add(b.to_bits())) }
        $answer! { lt(a, b) => a < b }
        $answer! { le(a, b) => a <= b }
        $answer! { same(a, b) => a == b }
        $answer! { nan(a) => a.is_nan() }
    };
}

macro_rules! one_number {
    ($name:ident($x:ident $(, $y:ident)*) => $formula:expr) => {
        #[inline(always)]
        fn $name(self $(, $y: Self)*) -> Self {
            let ($x, $($y,)*) = (self.0, $($y.0,)*);
            Self($formula)
        }
    };
}

macro_rules! one_answer {
    ($name:ident($x:ident $(, $y:ident)*) => $formula:expr) => {
        #[inline(always)]
        fn $name(self $(, $y: Self)*) -> bool {
            let ($x, $($y,)*) = (self.0, $($y.0,)*);
            $formula
        }
    };
}

macro_rules! four_numbers {
    ($name:ident($x:ident $(, $y:ident)*) => $formula:expr) => {
        #[inline(always)]
        fn $name(self $(, $y: Self)*) -> Self {
            each(|i| {
                let ($x, $($y,)*) = (self.0[i], $($y.0[i],)*);
                $formula
            })
        }
    };
}

macro_rules! four_answers {
    ($name:ident($x:ident $(, $y:ident)*) => $formula:expr) => {
        #[inline(always)]
        fn $name(self $(, $y: Self)*) -> Answers {
            ask(|i| {
                let ($x, $($y,)*) = (self.0[i], $($y.0[i],)*);
                $formula
            })
        }
    };
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
    formulas!(one_number, one_answer);
    #[inline(always)]
    fn shl<const N: i32>(self) -> Self {
        Self(f64::from_bits(self.0.to_bits() << N))
    }
    #[inline(always)]
    fn shr<const N: i32>(self) -> Self {
        Self(f64::from_bits(self.0.to_bits() >> N))
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
    formulas!(four_numbers, four_answers);
    #[inline(always)]
    fn shl<const N: i32>(self) -> Self {
        each(|i| f64::from_bits(self.0[i].to_bits() << N))
    }
    #[inline(always)]
    fn shr<const N: i32>(self) -> Self {
        each(|i| f64::from_bits(self.0[i].to_bits() >> N))
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
