//! The lanes of x86-64: two with SSE2, which every such processor has, and four with AVX2 and FMA.

use super::simd::Simd;
use core::arch::x86_64::*;
use core::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// Four f64 in an AVX register.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(__m256d);
/// A mask of four lanes: all bits of a lane are set, or none.
#[derive(Clone, Copy)]
pub(crate) struct Avx2Mask(__m256d);
/// Two f64 in an SSE register.
#[derive(Clone, Copy)]
pub(crate) struct Sse2(__m128d);
/// A mask of two lanes: all bits of a lane are set, or none.
#[derive(Clone, Copy)]
pub(crate) struct Sse2Mask(__m128d);

/// An instruction on registers.
macro_rules! hw {
    ($e:expr) => {
        // SAFETY: the processor has the instruction. SSE2 is part of x86-64. Only code compiled for AVX2
        // and FMA names `Avx2`, and it runs only if an `InstructionSet` found them.
        unsafe { $e }
    };
}

macro_rules! lanes {
    ($V:ident $M:ident add $add:ident sub $sub:ident mul $mul:ident div $div:ident
     xor $xor:ident and $and:ident or $or:ident splat $splat:ident) => {
        impl Add for $V {
            type Output = Self;
            #[inline(always)]
            fn add(self, b: Self) -> Self {
                Self(hw!($add(self.0, b.0)))
            }
        }
        impl Sub for $V {
            type Output = Self;
            #[inline(always)]
            fn sub(self, b: Self) -> Self {
                Self(hw!($sub(self.0, b.0)))
            }
        }
        impl Mul for $V {
            type Output = Self;
            #[inline(always)]
            fn mul(self, b: Self) -> Self {
                Self(hw!($mul(self.0, b.0)))
            }
        }
        impl Div for $V {
            type Output = Self;
            #[inline(always)]
            fn div(self, b: Self) -> Self {
                Self(hw!($div(self.0, b.0)))
            }
        }
        impl Neg for $V {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                Self(hw!($xor(self.0, $splat(-0.0))))
            }
        }
        impl BitAnd for $M {
            type Output = Self;
            #[inline(always)]
            fn bitand(self, b: Self) -> Self {
                Self(hw!($and(self.0, b.0)))
            }
        }
        impl BitOr for $M {
            type Output = Self;
            #[inline(always)]
            fn bitor(self, b: Self) -> Self {
                Self(hw!($or(self.0, b.0)))
            }
        }
        impl Not for $M {
            type Output = Self;
            #[inline(always)]
            fn not(self) -> Self {
                Self(hw!($xor(self.0, $splat(f64::from_bits(u64::MAX)))))
            }
        }
    };
}

lanes!(Avx2 Avx2Mask add _mm256_add_pd sub _mm256_sub_pd mul _mm256_mul_pd div _mm256_div_pd
       xor _mm256_xor_pd and _mm256_and_pd or _mm256_or_pd splat _mm256_set1_pd);
lanes!(Sse2 Sse2Mask add _mm_add_pd sub _mm_sub_pd mul _mm_mul_pd div _mm_div_pd
       xor _mm_xor_pd and _mm_and_pd or _mm_or_pd splat _mm_set1_pd);

impl Simd for Avx2 {
    const LANES: usize = 4;
    const FMA: bool = true;
    type Mask = Avx2Mask;

    #[inline(always)]
    unsafe fn load(p: *const f64) -> Self {
        // SAFETY: the caller promises four readable values; the instruction as in `hw!`.
        Self(unsafe { _mm256_loadu_pd(p) })
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f64) {
        // SAFETY: the caller promises room for four values; the instruction as in `hw!`.
        unsafe { _mm256_storeu_pd(p, self.0) }
    }
    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self(hw!(_mm256_set1_pd(x)))
    }
    #[inline(always)]
    fn madd(self, b: Self, c: Self) -> Self {
        Self(hw!(_mm256_fmadd_pd(self.0, b.0, c.0)))
    }
    #[inline(always)]
    fn nmadd(self, b: Self, c: Self) -> Self {
        Self(hw!(_mm256_fnmadd_pd(self.0, b.0, c.0)))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(hw!(_mm256_sqrt_pd(self.0)))
    }
    #[inline(always)]
    fn min_or(self, b: Self) -> Self {
        Self(hw!(_mm256_min_pd(self.0, b.0)))
    }
    #[inline(always)]
    fn max_or(self, b: Self) -> Self {
        Self(hw!(_mm256_max_pd(self.0, b.0)))
    }
    #[inline(always)]
    fn and(self, b: Self) -> Self {
        Self(hw!(_mm256_and_pd(self.0, b.0)))
    }
    #[inline(always)]
    fn or(self, b: Self) -> Self {
        Self(hw!(_mm256_or_pd(self.0, b.0)))
    }
    #[inline(always)]
    fn xor(self, b: Self) -> Self {
        Self(hw!(_mm256_xor_pd(self.0, b.0)))
    }
    #[inline(always)]
    fn add_bits(self, b: Self) -> Self {
        Self(hw!(_mm256_castsi256_pd(_mm256_add_epi64(
            _mm256_castpd_si256(self.0),
            _mm256_castpd_si256(b.0)
        ))))
    }
    #[inline(always)]
    fn shl<const N: i32>(self) -> Self {
        Self(hw!(_mm256_castsi256_pd(_mm256_slli_epi64::<N>(_mm256_castpd_si256(
            self.0
        )))))
    }
    #[inline(always)]
    fn shr<const N: i32>(self) -> Self {
        Self(hw!(_mm256_castsi256_pd(_mm256_srli_epi64::<N>(_mm256_castpd_si256(
            self.0
        )))))
    }
    #[inline(always)]
    fn lt(self, b: Self) -> Avx2Mask {
        Avx2Mask(hw!(_mm256_cmp_pd::<_CMP_LT_OQ>(self.0, b.0)))
    }
    #[inline(always)]
    fn le(self, b: Self) -> Avx2Mask {
        Avx2Mask(hw!(_mm256_cmp_pd::<_CMP_LE_OQ>(self.0, b.0)))
    }
    #[inline(always)]
    fn same(self, b: Self) -> Avx2Mask {
        Avx2Mask(hw!(_mm256_cmp_pd::<_CMP_EQ_OQ>(self.0, b.0)))
    }
    #[inline(always)]
    fn nan(self) -> Avx2Mask {
        Avx2Mask(hw!(_mm256_cmp_pd::<_CMP_UNORD_Q>(self.0, self.0)))
    }
    #[inline(always)]
    fn pick(m: Avx2Mask, yes: Self, no: Self) -> Self {
        Self(hw!(_mm256_blendv_pd(no.0, yes.0, m.0)))
    }
    #[inline(always)]
    fn and_mask(self, m: Avx2Mask) -> Self {
        Self(hw!(_mm256_and_pd(self.0, m.0)))
    }
    #[inline(always)]
    fn mask_bits(m: Avx2Mask) -> u32 {
        hw!(_mm256_movemask_pd(m.0)) as u32
    }
    #[inline(always)]
    fn trunc(self) -> Self {
        const MODE: i32 = _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC;
        Self(hw!(_mm256_round_pd::<MODE>(self.0)))
    }
    #[inline(always)]
    fn floor(self) -> Self {
        Self(hw!(_mm256_floor_pd(self.0)))
    }
    #[inline(always)]
    fn ceil(self) -> Self {
        Self(hw!(_mm256_ceil_pd(self.0)))
    }
}

impl Simd for Sse2 {
    const LANES: usize = 2;
    const FMA: bool = false;
    type Mask = Sse2Mask;

    #[inline(always)]
    unsafe fn load(p: *const f64) -> Self {
        // SAFETY: the caller promises two readable values.
        Self(unsafe { _mm_loadu_pd(p) })
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f64) {
        // SAFETY: the caller promises room for two values.
        unsafe { _mm_storeu_pd(p, self.0) }
    }
    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self(hw!(_mm_set1_pd(x)))
    }
    #[inline(always)]
    fn madd(self, b: Self, c: Self) -> Self {
        self * b + c
    }
    #[inline(always)]
    fn nmadd(self, b: Self, c: Self) -> Self {
        c - self * b
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(hw!(_mm_sqrt_pd(self.0)))
    }
    #[inline(always)]
    fn min_or(self, b: Self) -> Self {
        Self(hw!(_mm_min_pd(self.0, b.0)))
    }
    #[inline(always)]
    fn max_or(self, b: Self) -> Self {
        Self(hw!(_mm_max_pd(self.0, b.0)))
    }
    #[inline(always)]
    fn and(self, b: Self) -> Self {
        Self(hw!(_mm_and_pd(self.0, b.0)))
    }
    #[inline(always)]
    fn or(self, b: Self) -> Self {
        Self(hw!(_mm_or_pd(self.0, b.0)))
    }
    #[inline(always)]
    fn xor(self, b: Self) -> Self {
        Self(hw!(_mm_xor_pd(self.0, b.0)))
    }
    #[inline(always)]
    fn add_bits(self, b: Self) -> Self {
        Self(hw!(_mm_castsi128_pd(_mm_add_epi64(
            _mm_castpd_si128(self.0),
            _mm_castpd_si128(b.0)
        ))))
    }
    #[inline(always)]
    fn shl<const N: i32>(self) -> Self {
        Self(hw!(_mm_castsi128_pd(_mm_slli_epi64::<N>(_mm_castpd_si128(self.0)))))
    }
    #[inline(always)]
    fn shr<const N: i32>(self) -> Self {
        Self(hw!(_mm_castsi128_pd(_mm_srli_epi64::<N>(_mm_castpd_si128(self.0)))))
    }
    #[inline(always)]
    fn lt(self, b: Self) -> Sse2Mask {
        Sse2Mask(hw!(_mm_cmplt_pd(self.0, b.0)))
    }
    #[inline(always)]
    fn le(self, b: Self) -> Sse2Mask {
        Sse2Mask(hw!(_mm_cmple_pd(self.0, b.0)))
    }
    #[inline(always)]
    fn same(self, b: Self) -> Sse2Mask {
        Sse2Mask(hw!(_mm_cmpeq_pd(self.0, b.0)))
    }
    #[inline(always)]
    fn nan(self) -> Sse2Mask {
        Sse2Mask(hw!(_mm_cmpunord_pd(self.0, self.0)))
    }
    #[inline(always)]
    fn pick(m: Sse2Mask, yes: Self, no: Self) -> Self {
        // No blend before SSE4.1.
        Self(hw!(_mm_or_pd(_mm_and_pd(m.0, yes.0), _mm_andnot_pd(m.0, no.0))))
    }
    #[inline(always)]
    fn and_mask(self, m: Sse2Mask) -> Self {
        Self(hw!(_mm_and_pd(self.0, m.0)))
    }
    #[inline(always)]
    fn mask_bits(m: Sse2Mask) -> u32 {
        hw!(_mm_movemask_pd(m.0)) as u32
    }
}
