//! The lanes of x86-64: two with SSE2, which every such processor has, four with AVX2 and FMA, eight with AVX-512.

use super::simd::{Simd, operators};
use core::arch::x86_64::*;

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
/// Eight f64 in an AVX-512 register.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(__m512d);
/// A mask of eight lanes, a bit for each.
#[derive(Clone, Copy)]
pub(crate) struct Avx512Mask(__mmask8);
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
        // and FMA names `Avx2`, only code compiled for AVX-512 names `Avx512`, and it runs only if an
        // `InstructionSet` found them.
        unsafe { $e }
    };
}

/// Methods that are one instruction.
macro_rules! instructions {
    ($Result:ident: $($name:ident($($b:ident),*) => $instruction:path;)+) => {$(
        #[inline(always)]
        fn $name(self $(, $b: Self)*) -> $Result {
            $Result(hw!($instruction(self.0 $(, $b.0)*)))
        }
    )+};
}

/// Everything in which they differ only by the names of the instructions.
macro_rules! lanes {
    ($V:ident $M:ident, $lanes:literal, fma $fma:literal, $add:ident $sub:ident $mul:ident $div:ident
     $sqrt:ident $min:ident $max:ident, $xor:ident $and:ident $or:ident $splat:ident $load:ident $store:ident,
     $bits:ident $numbers:ident $add_bits:ident $shl:ident $shr:ident, { $($rest:tt)+ }) => {
        operators! { [] $V:
            Add add(a, b) => Self(hw!($add(a.0, b.0)));
            Sub sub(a, b) => Self(hw!($sub(a.0, b.0)));
            Mul mul(a, b) => Self(hw!($mul(a.0, b.0)));
            Div div(a, b) => Self(hw!($div(a.0, b.0)));
            Neg neg(a) => Self(hw!($xor(a.0, $splat(-0.0))));
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
            instructions! { Self: sqrt() => $sqrt; min_or(b) => $min; max_or(b) => $max; }
            instructions! { Self: and(b) => $and; or(b) => $or; xor(b) => $xor; }
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
            $($rest)+
        }
    };
}

/// Masks that are vectors.
macro_rules! vector_masks {
    ($M:ident, $xor:ident $and:ident $or:ident $splat:ident) => {
        operators! { [] $M:
            BitAnd bitand(a, b) => Self(hw!($and(a.0, b.0)));
            BitOr bitor(a, b) => Self(hw!($or(a.0, b.0)));
            Not not(a) => Self(hw!($xor(a.0, $splat(f64::from_bits(u64::MAX)))));
        }
    };
}
vector_masks!(Avx2Mask, _mm256_xor_pd _mm256_and_pd _mm256_or_pd _mm256_set1_pd);
vector_masks!(Sse2Mask, _mm_xor_pd _mm_and_pd _mm_or_pd _mm_set1_pd);

operators! { [] Avx512Mask:
    BitAnd bitand(a, b) => Self(a.0 & b.0);
    BitOr bitor(a, b) => Self(a.0 | b.0);
    Not not(a) => Self(!a.0);
}

/// Shifts by a constant: here the intrinsics want an unsigned one.
#[inline(always)]
unsafe fn shl_512<const N: i32>(bits: __m512i) -> __m512i {
    hw!(_mm512_sllv_epi64(bits, _mm512_set1_epi64(N.into())))
}

#[inline(always)]
unsafe fn shr_512<const N: i32>(bits: __m512i) -> __m512i {
    hw!(_mm512_srlv_epi64(bits, _mm512_set1_epi64(N.into())))
}

lanes!(Avx512 Avx512Mask, 8, fma true, _mm512_add_pd _mm512_sub_pd _mm512_mul_pd _mm512_div_pd
       _mm512_sqrt_pd _mm512_min_pd _mm512_max_pd,
       _mm512_xor_pd _mm512_and_pd _mm512_or_pd _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd,
       _mm512_castpd_si512 _mm512_castsi512_pd _mm512_add_epi64 shl_512 shr_512, {
    instructions! { Self:
        madd(b, c) => _mm512_fmadd_pd;
        nmadd(b, c) => _mm512_fnmadd_pd;
        trunc() => _mm512_roundscale_pd::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>;
        floor() => _mm512_roundscale_pd::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>;
        ceil() => _mm512_roundscale_pd::<{ _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC }>;
    }
    instructions! { Avx512Mask:
        lt(b) => _mm512_cmp_pd_mask::<_CMP_LT_OQ>;
        le(b) => _mm512_cmp_pd_mask::<_CMP_LE_OQ>;
        same(b) => _mm512_cmp_pd_mask::<_CMP_EQ_OQ>;
    }
    #[inline(always)]
    fn nan(self) -> Avx512Mask {
        Avx512Mask(hw!(_mm512_cmp_pd_mask::<_CMP_UNORD_Q>(self.0, self.0)))
    }
    #[inline(always)]
    fn pick(m: Avx512Mask, yes: Self, no: Self) -> Self {
        Self(hw!(_mm512_mask_blend_pd(m.0, no.0, yes.0)))
    }
    #[inline(always)]
    fn and_mask(self, m: Avx512Mask) -> Self {
        Self(hw!(_mm512_maskz_mov_pd(m.0, self.0)))
    }
    #[inline(always)]
    fn mask_bits(m: Avx512Mask) -> u32 {
        u32::from(m.0)
    }
});

lanes!(Avx2 Avx2Mask, 4, fma true, _mm256_add_pd _mm256_sub_pd _mm256_mul_pd _mm256_div_pd
       _mm256_sqrt_pd _mm256_min_pd _mm256_max_pd,
       _mm256_xor_pd _mm256_and_pd _mm256_or_pd _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd,
       _mm256_castpd_si256 _mm256_castsi256_pd _mm256_add_epi64 _mm256_slli_epi64 _mm256_srli_epi64, {
    instructions! { Self:
        madd(b, c) => _mm256_fmadd_pd;
        nmadd(b, c) => _mm256_fnmadd_pd;
        trunc() => _mm256_round_pd::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>;
        floor() => _mm256_floor_pd;
        ceil() => _mm256_ceil_pd;
    }
    instructions! { Avx2Mask:
        lt(b) => _mm256_cmp_pd::<_CMP_LT_OQ>;
        le(b) => _mm256_cmp_pd::<_CMP_LE_OQ>;
        same(b) => _mm256_cmp_pd::<_CMP_EQ_OQ>;
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
});

lanes!(Sse2 Sse2Mask, 2, fma false, _mm_add_pd _mm_sub_pd _mm_mul_pd _mm_div_pd
       _mm_sqrt_pd _mm_min_pd _mm_max_pd,
       _mm_xor_pd _mm_and_pd _mm_or_pd _mm_set1_pd _mm_loadu_pd _mm_storeu_pd,
       _mm_castpd_si128 _mm_castsi128_pd _mm_add_epi64 _mm_slli_epi64 _mm_srli_epi64, {
    #[inline(always)]
    fn madd(self, b: Self, c: Self) -> Self {
        self * b + c
    }
    #[inline(always)]
    fn nmadd(self, b: Self, c: Self) -> Self {
        c - self * b
    }
    instructions! { Sse2Mask: lt(b) => _mm_cmplt_pd; le(b) => _mm_cmple_pd; same(b) => _mm_cmpeq_pd; }
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
});
