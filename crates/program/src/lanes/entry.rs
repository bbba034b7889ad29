//! The list of kernels, and each of them compiled for every instruction set: loops over columns
//! around the one-vector functions of the families. Next: `tests.rs`.
//!
//! A row names the kernel in the enum, in the code, and the function: `partial` ones also say
//! which lanes they are right for, and the rest goes to the scalar function, one by one.

use super::portable::Portable;
use super::simd::Simd;
use super::solo::Solo;
#[cfg(target_arch = "x86_64")]
use super::twin::Twin;
#[cfg(target_arch = "x86_64")]
use super::x86::{Avx2, Sse2};
use super::{InstructionSet, Kind};
use super::{expo, gauss, hyper, log, trig};

/// A kernel. Safety: `out` and `a` must be valid for `lanes` f64, a multiple of 4,
/// and be the same or not overlap, and the processor must have the instructions.
pub(super) type Fn1 = unsafe fn(out: *mut f64, a: *const f64, lanes: usize, slow: fn(f64) -> f64);

/// A kernel at one number. Safety: the processor must have the instructions.
pub(super) type One = unsafe fn(x: f64, slow: fn(f64) -> f64) -> f64;

/// The loop of a kernel, in an unsafe function with the promise of [`Fn1`]. (Loops are macros: a
/// generic function taking the kernel as a closure would reach it through a shim that is compiled
/// without the instructions and may stay a call.)
macro_rules! unary {
    ($how:ident $Wide:ty, $V:ty, $f:path, $out:ident $a:ident $lanes:ident $slow:ident) => {{
        let _ = $slow;
        let mut i = 0;
        while i + <$Wide>::LANES <= $lanes {
            unary!(@$how $Wide, $f, $out $a $slow i);
            i += <$Wide>::LANES;
        }
        // What is left is at most one vector: 4 divides `lanes`.
        if <$Wide>::LANES > 4 && i < $lanes {
            unary!(@$how $V, $f, $out $a $slow i);
        }
    }};
    (@total $V:ty, $f:path, $out:ident $a:ident $slow:ident $i:ident) => {
        // SAFETY: i + LANES <= lanes, for which the caller promises that both columns are valid;
        // the read is done before the write, so they may be the same.
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
            unsafe { by_hand(x, <$V>::mask_bits(good), $slow, $out.add($i)) };
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
        if good { y.get() } else { $slow($x) }
    }};
}

/// Overwrites the lanes of `out` that are not in `good`. Safety: `out` must be valid for a vector.
#[cold]
#[inline(never)]
unsafe fn by_hand<V: Simd>(x: V, good: u32, slow: fn(f64) -> f64, out: *mut f64) {
    let mut xs = [0.0; 8];
    // SAFETY: no vector is longer than 8.
    unsafe { x.store(xs.as_mut_ptr()) };
    for (lane, &x) in xs[..V::LANES].iter().enumerate() {
        if good >> lane & 1 == 0 {
            // SAFETY: the caller promises room for `V::LANES`.
            unsafe { *out.add(lane) = slow(x) };
        }
    }
}

/// One instruction set: every kernel compiled for it, and a table of them by number.
macro_rules! instruction_set {
    ($isa:ident $Wide:ty, $V:ty, $attr:meta, $($n:ident $how:ident $($f:ident)::+;)*) => {
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
            pub(super) static KERNELS: &[(Fn1, One)] = &[$(($n, one::$n)),*];
        }
    };
}

macro_rules! kernels {
    ($($N:ident $n:ident $how:ident $($f:ident)::+;)*) => {
        /// The kernels.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Unary { $($N,)* }

        impl Unary {
            /// Every one of them.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$N),*];

            /// The name, that of the op it computes where there is such an op.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$N => stringify!($n),)* }
            }

            /// The kernel of that name.
            pub(crate) fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|k| k.name() == name)
            }
        }

        #[cfg(target_arch = "x86_64")]
        instruction_set! { avx2 Twin<Avx2>, Avx2, target_feature(enable = "avx2,fma"), $($n $how $($f)::+;)* }
        #[cfg(target_arch = "x86_64")]
        instruction_set! { sse2 Twin<Sse2>, Sse2, target_feature(enable = "sse2"), $($n $how $($f)::+;)* }
        instruction_set! { portable Portable, Portable, inline(never), $($n $how $($f)::+;)* }
    };
}

kernels! {
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

/// The kernel, compiled for the instruction set: over columns, and at one number.
pub(super) fn kernel(isa: InstructionSet, kernel: Unary) -> (Fn1, One) {
    let table = match isa.0 {
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2Fma => avx2::KERNELS,
        #[cfg(target_arch = "x86_64")]
        Kind::Sse2 => sse2::KERNELS,
        Kind::Portable => portable::KERNELS,
    };
    table[kernel as usize]
}
