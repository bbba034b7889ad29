//! Lanes in plain Rust: one for a single point, and four for processors that have no vectors in this crate, for Miri,
//! and as the reference for the others.
//!
//! The formulas are those of the vectors, and it rounds once where they do, so a point has the same bits alone as in a
//! batch.

use super::simd::{Simd, operators};

/// `N` f64. `FMA` says whether a product and sum round once. If so, it belongs in code that is compiled for the
/// instruction; elsewhere it would be a slow call.
#[derive(Clone, Copy)]
pub(crate) struct Plain<const N: usize, const FMA: bool>([f64; N]);

/// A mask of `N` lanes.
#[derive(Clone, Copy)]
pub(crate) struct Answers<const N: usize>([bool; N]);

/// One lane, for a single point.
pub(crate) type Solo<const FMA: bool> = Plain<1, FMA>;

/// Four lanes.
pub(crate) type Portable = Plain<4, { cfg!(any(target_arch = "aarch64", target_feature = "fma")) }>;

impl<const FMA: bool> Solo<FMA> {
    #[inline(always)]
    pub(super) fn new(x: f64) -> Self {
        Plain([x])
    }

    #[inline(always)]
    pub(super) fn get(self) -> f64 {
        self.0[0]
    }
}

/// The formula of lane `i` for every lane. A macro, since a closure may be compiled without the instructions.
macro_rules! each {
    ($Lanes:ident($none:expr), $i:ident => $y:expr) => {{
        let mut lanes = [$none; N];
        let mut $i = 0;
        while $i < N {
            lanes[$i] = $y;
            $i += 1;
        }
        $Lanes(lanes)
    }};
}

operators! { [const N: usize, const FMA: bool] Plain<N, FMA>:
    Add add(a, b) => each!(Plain(0.0), i => a.0[i] + b.0[i]);
    Sub sub(a, b) => each!(Plain(0.0), i => a.0[i] - b.0[i]);
    Mul mul(a, b) => each!(Plain(0.0), i => a.0[i] * b.0[i]);
    Div div(a, b) => each!(Plain(0.0), i => a.0[i] / b.0[i]);
    Neg neg(a) => each!(Plain(0.0), i => -a.0[i]);
}
operators! { [const N: usize] Answers<N>:
    BitAnd bitand(a, b) => each!(Answers(false), i => a.0[i] & b.0[i]);
    BitOr bitor(a, b) => each!(Answers(false), i => a.0[i] | b.0[i]);
    Not not(a) => each!(Answers(false), i => !a.0[i]);
}

/// Methods by their formula for one lane.
macro_rules! by_lane {
    ($Result:ty: $Lanes:ident($none:expr); $($name:ident($x:ident $(, $y:ident)*) => $formula:expr;)+) => {$(
        #[inline(always)]
        fn $name(self $(, $y: Self)*) -> $Result {
            each!($Lanes($none), i => {
                let $x = self.0[i];
                $(let $y = $y.0[i];)*
                $formula
            })
        }
    )+};
}

impl<const N: usize, const FMA: bool> Simd for Plain<N, FMA> {
    const LANES: usize = N;
    const FMA: bool = FMA;
    type Mask = Answers<N>;

    #[inline(always)]
    unsafe fn load(p: *const f64) -> Self {
        // SAFETY: the caller promises `N` readable values, and an unaligned read needs no alignment.
        Self(unsafe { p.cast::<[f64; N]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f64) {
        // SAFETY: the caller promises room for `N` values.
        unsafe { p.cast::<[f64; N]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self([x; N])
    }
    by_lane! { Self: Plain(0.0);
        madd(a, b, c) => if FMA { a.mul_add(b, c) } else { a * b + c };
        nmadd(a, b, c) => if FMA { (-a).mul_add(b, c) } else { c - a * b };
        sqrt(a) => a.sqrt();
        min_or(a, b) => if a < b { a } else { b };
        max_or(a, b) => if a > b { a } else { b };
        and(a, b) => f64::from_bits(a.to_bits() & b.to_bits());
        or(a, b) => f64::from_bits(a.to_bits() | b.to_bits());
        xor(a, b) => f64::from_bits(a.to_bits() ^ b.to_bits());
        add_bits(a, b) => f64::from_bits(a.to_bits().wrapping_add(b.to_bits()));
    }
    by_lane! { Self::Mask: Answers(false);
        lt(a, b) => a < b;
        le(a, b) => a <= b;
        same(a, b) => a == b;
        nan(a) => a.is_nan();
    }
    #[inline(always)]
    fn shl<const K: i32>(self) -> Self {
        each!(Plain(0.0), i => f64::from_bits(self.0[i].to_bits() << K))
    }
    #[inline(always)]
    fn shr<const K: i32>(self) -> Self {
        each!(Plain(0.0), i => f64::from_bits(self.0[i].to_bits() >> K))
    }
    #[inline(always)]
    fn pick(m: Self::Mask, yes: Self, no: Self) -> Self {
        each!(Plain(0.0), i => if m.0[i] { yes.0[i] } else { no.0[i] })
    }
    #[inline(always)]
    fn mask_bits(m: Self::Mask) -> u32 {
        m.0.iter().rev().fold(0, |bits, &b| bits << 1 | u32::from(b))
    }
}
