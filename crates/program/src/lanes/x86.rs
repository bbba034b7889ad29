//! The lanes of x86-64: two with SSE2, which every such processor has, and four with AVX2 and FMA.

use super::simd::Simd;
use core::arch::x86_64::*;
use core::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// Four f64 in an AVX register.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(__m256d);
impl Avx2 {
    /// The lanes of a register.
    #[cfg(all(feature = "native", not(miri)))]
    #[inline(always)]
    pub(super) fn of(register: __m256d) -> Avx2 {
        Avx2(register)
    }

    /// The register.
    #[cfg(all(feature = "native", not(miri)))]
    #[inline(always)]
    pub(super) fn register(self) -> __m256d {
        self.0
    }
}

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

/// Everything in which the two differ only by the names of the instructions.
macro_rules! lanes {
    ($V:ident $M:ident, $lanes:literal, fma $fma:literal, $add:ident $sub:ident $mul:ident $div:ident
     $sqrt:ident $min:ident $max:ident, $xor:ident $and:ident $or:ident $splat:ident $load:ident $store:ident $movemask:ident,
     $bits:ident $numbers:ident $add_bits:ident $shl:ident $shr:ident, { $($rest:tt)+ }) => {
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

        impl Simd for $V {
            const LANES: usize = $lanes;
            const FMA: bool = $fma;
            type Mask = $M;

            #[inline(always)]
            unsafe fn load(p: *const f64) -> Self {
                // SAFETY: the caller promises `LANES` readable values; the instruction as in `hw!`.
                Self(unsafe { $load(p) })
            }
            #[inline(always)]
            unsafe fn store(self, p: *mut f64) {
                // SAFETY: the caller promises room for `LANES` values; the instruction as in `hw!`.
                unsafe { $store(p, self.0) }
            }
            #[inline(always)]
            fn splat(x: f64) -> Self {
                Self(hw!($splat(x)))
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                Self(hw!($sqrt(self.0)))
            }
            #[inline(always)]
            fn min_or(self, b: Self) -> Self {
                Self(hw!($min(self.0, b.0)))
            }
            #[inline(always)]
            fn max_or(self, b: Self) -> Self {
                Self(hw!($max(self.0, b.0)))
            }
            #[inline(always)]
            fn and(self, b: Self) -> Self {
                Self(hw!($and(self.0, b.0)))
            }
            #[inline(always)]
            fn or(self, b: Self) -> Self {
                Self(hw!($or(self.0, b.0)))
            }
            #[inline(always)]
            fn xor(self, b: Self) -> Self {
                Self(hw!($xor(self.0, b.0)))
            }
            #[inline(always)]
            fn add_bits(self, b: Self) -> Self {
                Self(hw!($numbers($add_bits($bits(self.0), $bits(b.0)))))
            }
            #[inline(always)]
            fn shl<const N: i32>(self) -> Self {
                Self(hw!($numbers($shl::<N>($bits(self.0)))))
            }
            #[inline(always)]
            fn shr<const N: i32>(self) -> Self {
                Self(hw!($numbers($shr::<N>($bits(self.0)))))
            }
            #[inline(always)]
            fn and_mask(self, m: $M) -> Self {
                Self(hw!($and(self.0, m.0)))
            }
            #[inline(always)]
            fn mask_bits(m: $M) -> u32 {
                hw!($movemask(m.0)) as u32
            }
            $($rest)+
        }
    };
}

lanes!(Avx2 Avx2Mask, 4, fma true, _mm256_add_pd _mm256_sub_pd _mm256_mul_pd _mm256_div_pd
       _mm256_sqrt_pd _mm256_min_pd _mm256_max_pd,
       _mm256_xor_pd _mm256_and_pd _mm256_or_pd _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_movemask_pd,
       _mm256_castpd_si256 _mm256_castsi256_pd _mm256_add_epi64 _mm256_slli_epi64 _mm256_srli_epi64, {
    #[inline(always)]
    fn madd(self, b: Self, c: Self) -> Self {
        Self(hw!(_mm256_fmadd_pd(self.0, b.0, c.0)))
    }
    #[inline(always)]
    fn nmadd(self, b: Self, c: Self) -> Self {
        Self(hw!(_mm256_fnmadd_pd(self.0, b.0, c.0)))
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
});

lanes!(Sse2 Sse2Mask, 2, fma false, _mm_add_pd _mm_sub_pd _mm_mul_pd _mm_div_pd
       _mm_sqrt_pd _mm_min_pd _mm_max_pd,
       _mm_xor_pd _mm_and_pd _mm_or_pd _mm_set1_pd _mm_loadu_pd _mm_storeu_pd _mm_movemask_pd,
       _mm_castpd_si128 _mm_castsi128_pd _mm_add_epi64 _mm_slli_epi64 _mm_srli_epi64, {
    #[inline(always)]
    fn madd(self, b: Self, c: Self) -> Self {
        self * b + c
    }
    #[inline(always)]
    fn nmadd(self, b: Self, c: Self) -> Self {
        c - self * b
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
});
