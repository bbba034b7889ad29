//! The table of kernels, each compiled for every instruction set: loops over columns around functions of one
//! vector.
//!
//! A row has the kernel in the enum, its name, and the function. A `total` function is right for every lane. A
//! `partial` one also returns the lanes that it is right for; the scalar function computes the others, one
//! by one.

use super::plain::{Portable, Solo};
use super::simd::Simd;
#[cfg(target_arch = "x86_64")]
use super::twin::Twin;
#[cfg(target_arch = "x86_64")]
use super::x86::{Avx2, Avx512, Sse2};
use super::{InstructionSet, Kind, MULTIPLE};
use super::{expo, gauss, hyper, log, trig};
#[cfg(all(feature = "native", target_arch = "x86_64", not(miri)))]
use crate::native::Context;
#[cfg(all(feature = "native", target_arch = "x86_64", not(miri)))]
use core::arch::x86_64::__m256d;

/// A kernel. Safety: `out` and `a` must be valid for `lanes` f64, a multiple of [`MULTIPLE`]. They must be the same or
/// not overlap. The processor must have the instructions.
pub(super) type Fn1 = unsafe fn(out: *mut f64, a: *const f64, lanes: usize, slow: fn(f64) -> f64);

/// A kernel of two results. Safety: as [`Fn1`], for each of `outs`, which must not be the same.
pub(super) type Fn2 = unsafe fn(outs: [*mut f64; 2], a: *const f64, lanes: usize, slow: [fn(f64) -> f64; 2]);

/// A kernel at one number. Safety: the processor must have the instructions.
pub(super) type One = unsafe fn(x: f64, slow: fn(f64) -> f64) -> f64;

/// A kernel of two results, as one of the two sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Both {
    pub(super) run: Fn2,
    pub(super) other: Unary,
    /// Whether the other one is the first result.
    pub(super) other_first: bool,
}

/// A kernel as machine code calls it, on a multiple of 4 numbers that the results replace. Otherwise, safety as [`Fn1`].
#[cfg(all(feature = "native", target_arch = "x86_64", not(miri)))]
pub(crate) type CalledFn = unsafe extern "sysv64" fn(&Context<'_>, numbers: *mut f64, lanes: u32, u32);

/// The same at four numbers. Safety: as [`One`].
#[cfg(all(feature = "native", target_arch = "x86_64", not(miri)))]
#[allow(improper_ctypes_definitions, reason = "made code passes the register as this convention says")]
pub(crate) type CalledFour = unsafe extern "sysv64" fn(x: __m256d, &Context<'_>) -> __m256d;

/// The same at one number. Safety: as [`One`].
#[cfg(all(feature = "native", target_arch = "x86_64", not(miri)))]
pub(crate) type CalledOne = unsafe extern "sysv64" fn(x: f64, &Context<'_>) -> f64;

/// The loop of a kernel, for use in an unsafe function whose caller promises what [`Fn1`] asks. (It is a macro, because
/// a generic function would call the kernel through a shim that is compiled without the instructions.)
macro_rules! unary {
    ($how:ident $Wide:ty, $V:ty, $f:path, $out:ident $a:ident $lanes:ident $slow:ident) => {{
        let _ = $slow;
        let mut i = 0;
        while i + <$Wide>::LANES <= $lanes {
            unary!(@$how $Wide, $f, $out $a $slow i);
            i += <$Wide>::LANES;
        }
        // At most one vector is left, since `lanes` is a multiple of its length.
        if <$Wide>::LANES > <$V>::LANES && i < $lanes {
            unary!(@$how $V, $f, $out $a $slow i);
        }
    }};
    (@total $V:ty, $f:path, $out:ident $a:ident $slow:ident $i:ident) => {
        // SAFETY: i + LANES <= lanes, and the caller promises that both columns are valid for `lanes`. The
        // read comes before the write, so they may be the same.
        unsafe { $f(<$V>::load($a.add($i))).store($out.add($i)) }
    };
    (@partial $V:ty, $f:path, $out:ident $a:ident $slow:ident $i:ident) => {
        // SAFETY: as for `total`.
        let x = unsafe { <$V>::load($a.add($i)) };
        let (y, good) = $f(x);
        // SAFETY: as for `total`.
        unsafe { y.store($out.add($i)) };
        if !<$V>::all(good) {
            // SAFETY: as for `total`.
            unsafe { by_scalar(x, <$V>::mask_bits(good), $slow, $out.add($i)) };
        }
    };
}

/// A kernel at one number.
macro_rules! one {
    (total $fma:expr, $f:path, $x:ident $slow:ident) => {{
        let _ = $slow;
        $f(Solo::<{ $fma }>::new($x)).get()
    }};
    (partial $fma:expr, $f:path, $x:ident $slow:ident) => {{
        let (y, good) = $f(Solo::<{ $fma }>::new($x));
        if Solo::<{ $fma }>::all(good) { y.get() } else { $slow($x) }
    }};
}

/// A kernel at four numbers.
#[cfg(all(feature = "native", target_arch = "x86_64", not(miri)))]
macro_rules! four {
    (total $f:path, $x:ident $slow:ident) => {{
        let _ = $slow;
        $f(Avx2::of($x)).register()
    }};
    (partial $f:path, $x:ident $slow:ident) => {{
        let (y, good) = $f(Avx2::of($x));
        if Avx2::all(good) {
            return y.register();
        }
        let mut out = [0.0; 4];
        // SAFETY: there is room for four numbers.
        unsafe {
            y.store(out.as_mut_ptr());
            by_scalar(Avx2::of($x), Avx2::mask_bits(good), $slow, out.as_mut_ptr());
            Avx2::load(out.as_ptr()).register()
        }
    }};
}

/// The loop of a kernel of two results, as [`unary`].
macro_rules! both {
    ($how:ident $V:ty, $f:path, $outs:ident $a:ident $lanes:ident $slow:ident) => {{
        let _ = $slow;
        let mut i = 0;
        while i < $lanes {
            // SAFETY: as in `unary`. Both are written after the read, so either may be the operand.
            unsafe {
                let x = <$V>::load($a.add(i));
                both!(@$how $V, $f, $outs x $slow i);
            }
            i += <$V>::LANES;
        }
    }};
    (@total $V:ty, $f:path, $outs:ident $x:ident $slow:ident $i:ident) => {
        let [y, z] = $f($x);
        y.store($outs[0].add($i));
        z.store($outs[1].add($i));
    };
    (@partial $V:ty, $f:path, $outs:ident $x:ident $slow:ident $i:ident) => {
        let ([y, z], good) = $f($x);
        y.store($outs[0].add($i));
        z.store($outs[1].add($i));
        if !<$V>::all(good) {
            by_scalar($x, <$V>::mask_bits(good), $slow[0], $outs[0].add($i));
            by_scalar($x, <$V>::mask_bits(good), $slow[1], $outs[1].add($i));
        }
    };
}

/// Computes the lanes that are not in `good` by the scalar function. Safety: `out` must be valid for a
/// vector.
#[cold]
#[inline(never)]
unsafe fn by_scalar<V: Simd>(x: V, good: u32, slow: impl Fn(f64) -> f64, out: *mut f64) {
    let mut xs = [0.0; 2 * MULTIPLE];
    // SAFETY: a `Twin` of the longest vectors has as many lanes, and no other has more.
    unsafe { x.store(xs.as_mut_ptr()) };
    for (lane, &x) in xs[..V::LANES].iter().enumerate() {
        if good >> lane & 1 == 0 {
            // SAFETY: the caller promises room for `V::LANES`.
            unsafe { *out.add(lane) = slow(x) };
        }
    }
}

/// Every kernel compiled for one instruction set, and tables of them by number.
macro_rules! instruction_set {
    ($isa:ident $Wide:ty, $V:ty, $attr:meta, { $($n:ident $how:ident $($f:ident)::+;)* } { $($b:ident $bhow:ident $($g:ident)::+;)* }) => {
        mod $isa {
            use super::*;
            $(#[$attr] unsafe fn $n(out: *mut f64, a: *const f64, lanes: usize, slow: fn(f64) -> f64) {
                unary!($how $Wide, $V, $($f)::+, out a lanes slow)
            })*
            /// The same at one number.
            mod one {
                use super::*;
                $(#[$attr] pub(super) unsafe fn $n(x: f64, slow: fn(f64) -> f64) -> f64 {
                    one!($how <$V>::FMA, $($f)::+, x slow)
                })*
            }
            $(#[$attr] unsafe fn $b(outs: [*mut f64; 2], a: *const f64, lanes: usize, slow: [fn(f64) -> f64; 2]) {
                both!($bhow $V, $($g)::+, outs a lanes slow)
            })*
            pub(super) static KERNELS: &[(Fn1, One)] = &[$(($n, one::$n)),*];
            pub(super) static PAIRS: &[Fn2] = &[$($b),*];
        }
    };
}

/// Every kernel as machine code calls it. The scalar function may panic, which the context catches.
#[cfg(all(feature = "native", target_arch = "x86_64", not(miri)))]
macro_rules! called_by_code {
    ($($N:ident $n:ident $how:ident $($f:ident)::+;)*) => {
        #[allow(improper_ctypes_definitions, reason = "made code passes registers as this convention says")]
        mod called {
            use super::*;

            $(#[target_feature(enable = "avx2,fma")]
            unsafe extern "sysv64" fn $n(context: &Context<'_>, numbers: *mut f64, lanes: u32, _: u32) {
                let (numbers, lanes, slow) = (numbers, lanes as usize, |x| context.kernel(Unary::$N, x));
                let a = numbers.cast_const();
                unary!($how Twin<Avx2>, Avx2, $($f)::+, numbers a lanes slow)
            })*
            mod one {
                use super::*;
                $(#[target_feature(enable = "avx2,fma")]
                pub(super) unsafe extern "sysv64" fn $n(x: f64, context: &Context<'_>) -> f64 {
                    let slow = |x| context.kernel(Unary::$N, x);
                    one!($how true, $($f)::+, x slow)
                })*
            }
            mod four {
                use super::*;
                $(#[target_feature(enable = "avx2,fma")]
                pub(super) unsafe extern "sysv64" fn $n(x: __m256d, context: &Context<'_>) -> __m256d {
                    let slow = |x| context.kernel(Unary::$N, x);
                    four!($how $($f)::+, x slow)
                })*
            }
            pub(super) static KERNELS: &[Called] = &[
                $(Called { many: $n, four: four::$n, one: one::$n }),*
            ];
        }
    };
}

macro_rules! kernels {
    (one { $($N:ident $n:ident $how:ident $($f:ident)::+;)* } both { $($P:ident $Q:ident $b:ident $bhow:ident $($g:ident)::+;)* }) => {
        /// The kernels.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Unary { $($N,)* }

        impl Unary {
            /// All kernels.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$N),*];

            /// The kernels that are computed together.
            const PAIRS: &'static [[Self; 2]] = &[$([Self::$P, Self::$Q]),*];

            /// Whether a kernel computes this one and another one together.
            pub(crate) fn has_partner(self) -> bool {
                Self::PAIRS.iter().any(|pair| pair.contains(&self))
            }

            /// Whether a kernel computes both together.
            pub(crate) fn goes_with(self, other: Self) -> bool {
                Self::PAIRS.iter().any(|&[p, q]| (p, q) == (self, other) || (q, p) == (self, other))
            }

            /// The name: that of the op it computes, if there is one.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$N => stringify!($n),)* }
            }

            /// The kernel with this name.
            pub(crate) const fn from_name(name: &str) -> Option<Self> {
                let mut k = 0;
                while k < Self::ALL.len() {
                    if same(Self::ALL[k].name().as_bytes(), name.as_bytes()) {
                        return Some(Self::ALL[k]);
                    }
                    k += 1;
                }
                None
            }
        }

        #[cfg(target_arch = "x86_64")]
        instruction_set! { avx512 Twin<Avx512>, Avx512, target_feature(enable = "avx512f,avx512dq,avx2,fma"), { $($n $how $($f)::+;)* } { $($b $bhow $($g)::+;)* } }
        #[cfg(target_arch = "x86_64")]
        instruction_set! { avx2 Twin<Avx2>, Avx2, target_feature(enable = "avx2,fma"), { $($n $how $($f)::+;)* } { $($b $bhow $($g)::+;)* } }
        #[cfg(target_arch = "x86_64")]
        instruction_set! { sse2 Twin<Sse2>, Sse2, target_feature(enable = "sse2"), { $($n $how $($f)::+;)* } { $($b $bhow $($g)::+;)* } }
        #[cfg(all(feature = "native", target_arch = "x86_64", not(miri)))]
        called_by_code! { $($N $n $how $($f)::+;)* }
        instruction_set! { portable Portable, Portable, inline(never), { $($n $how $($f)::+;)* } { $($b $bhow $($g)::+;)* } }
    };
}

kernels! {
    one {
        Exp exp total expo::exp;
        Exp2 exp2 total expo::exp2;
        ExpM1 exp_m1 total expo::exp_m1;
        Ln ln total log::ln;
        Ln1p ln_1p total log::ln_1p;
        Log2 log2 total log::log2;
        Log10 log10 total log::log10;
        Sin sin partial trig::sin;
        Cos cos partial trig::cos;
        Tan tan partial trig::tan;
        Tanh tanh total hyper::tanh;
        Sech2 sech2 total hyper::sech2;
        Sigmoid sigmoid total hyper::sigmoid;
        SigmoidD sigmoid_d total hyper::sigmoid_d;
        Softplus softplus total hyper::softplus;
        Erf erf total gauss::erf;
        Erfc erfc total gauss::erfc;
        NormCdf norm_cdf total gauss::norm_cdf;
        ErfD erf_d total gauss::erf_d;
        NormPdf norm_pdf total gauss::norm_pdf;
    }
    both {
        Tanh Sech2 tanh_sech2 total hyper::tanh_sech2;
        Sigmoid SigmoidD sigmoid_and_d total hyper::sigmoid_and_d;
        Sin Cos sin_cos partial trig::sin_cos;
    }
}

/// A kernel as machine code calls it, with AVX2 and FMA.
#[cfg(all(feature = "native", target_arch = "x86_64", not(miri)))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Called {
    pub(crate) many: CalledFn,
    pub(crate) four: CalledFour,
    pub(crate) one: CalledOne,
}

/// The kernel with this number, as machine code calls it.
#[cfg(all(feature = "native", target_arch = "x86_64", not(miri)))]
pub(crate) fn called(kernel: u32) -> Called {
    called::KERNELS[kernel as usize]
}

/// The kernel, compiled for the instruction set: over columns, and at one number.
pub(super) fn kernel(isa: InstructionSet, kernel: Unary) -> (Fn1, One) {
    tables(isa).0[kernel as usize]
}

/// The kernel that computes this one and another one together.
pub(super) fn both(isa: InstructionSet, kernel: Unary) -> Option<Both> {
    let number = Unary::PAIRS.iter().position(|pair| pair.contains(&kernel))?;
    let [first, second] = Unary::PAIRS[number];
    let other_first = kernel == second;
    Some(Both { run: tables(isa).1[number], other: if other_first { first } else { second }, other_first })
}

fn tables(isa: InstructionSet) -> (&'static [(Fn1, One)], &'static [Fn2]) {
    match isa.0 {
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512 => (avx512::KERNELS, avx512::PAIRS),
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2Fma => (avx2::KERNELS, avx2::PAIRS),
        #[cfg(target_arch = "x86_64")]
        Kind::Sse2 => (sse2::KERNELS, sse2::PAIRS),
        Kind::Portable => (portable::KERNELS, portable::PAIRS),
    }
}

/// Whether two names are equal. (`==` cannot be used in constants.)
const fn same(mut x: &[u8], mut y: &[u8]) -> bool {
    while let ([a, rest @ ..], [b, others @ ..]) = (x, y) {
        if *a != *b {
            return false;
        }
        (x, y) = (rest, others);
    }
    x.is_empty() && y.is_empty()
}
