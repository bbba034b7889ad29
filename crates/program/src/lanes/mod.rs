//! Lanes: vectors of f64, and elementary functions over columns of them. The instruction set is chosen at
//! run time.
//!
//! ```text
//! let set = InstructionSet::best();                 // or one of InstructionSet::available()
//! let sin = set.unary(Unary::Sin, |x| x.sin());     // the function for lanes out of range
//! unsafe { sin.run(out, a, lanes) };                // columns of a multiple of MULTIPLE; out may be a
//! ```
//! Ops of a few instructions are functions of vectors ([`arith`], [`Simd`]) that the interpreter inlines in
//! its own loops. These are compiled for `Avx512`, `Avx2`, `Sse2` and `Portable`, and for `Solo`, which is one point.
//! Functions that take vectors must be inlined into code that is compiled for the instruction set, or each
//! instruction becomes a call. `#[inline(always)]` guarantees it; closures and functions passed as values
//! do not.
//!
//! - Every value is within 1.4 ulp of the true one over the whole range (the most measured is 1.327, of `exp_m1` at
//!   0.36842 with AVX2). For `erf`, `erfc` and `norm_cdf` the bound is 1.5, since their references are less exact.
//!   Subnormals, infinities, NaN and both zeros are as in the scalar functions. `tests.rs` checks each kernel against
//!   its own bound, and samples densely where it is worst.
//! - The bits of a lane depend on its operand and the instruction set alone: not on its place, its neighbors
//!   or the number of lanes. A branch that is taken for a whole vector changes no bits.
//! - AVX-512 and AVX2 have fused multiply-add and agree to the bit. They round the last place differently from the
//!   others. SSE2 and the portable lanes agree to the bit where the portable ones have no FMA.
//!
//! Each kernel is written once, over the trait [`Simd`]. `plain`, `x86` and `twin` are vectors;
//! `expo`, `log`, `trig`, `hyper` and `gauss` are functions; `entry` is the table of kernels.

pub(crate) mod arith;
mod entry;
mod expo;
mod gauss;
mod hyper;
mod log;
#[cfg(test)]
mod native;
mod plain;
#[cfg(test)]
mod reference;
mod simd;
#[cfg(test)]
mod tests;
mod trig;
#[cfg(target_arch = "x86_64")]
mod twin;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::fmt;

pub(crate) use entry::Unary;
use entry::{Both, Fn1, One};
#[cfg(all(feature = "native", target_arch = "x86_64", not(miri)))]
pub(crate) use entry::{CalledFn, called};
pub(crate) use plain::{Portable, Solo};
pub(crate) use simd::Simd;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512, Sse2};

/// The lanes of the longest vector: columns have a multiple of it.
pub(crate) const MULTIPLE: usize = 8;

/// A set of instructions that this processor has, for the lanes.
///
/// A program gives the same bits on all sets of the same [`rounding`](InstructionSet::rounding), always. Otherwise the
/// last place of `exp` and similar functions differs; the accuracy is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstructionSet(
    // Only `best` and `available` make one, so the processor has the instructions.
    Kind,
);

/// The instruction sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// AVX-512, for several points at a time. The interpreter runs a single point as with AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2Fma,
    #[cfg(target_arch = "x86_64")]
    Sse2,
    Portable,
}

impl InstructionSet {
    /// The best that this processor has: the default of a workspace.
    ///
    /// ```
    /// use wengert_program::InstructionSet;
    ///
    /// assert!(InstructionSet::available().contains(&InstructionSet::best()));
    /// ```
    pub fn best() -> Self {
        kinds().next().map(Self).expect("the portable set is there always")
    }

    /// All that this processor has, the best first, code without vectors last.
    ///
    /// ```
    /// use wengert_program::InstructionSet;
    ///
    /// let names: Vec<_> = InstructionSet::available().iter().map(|set| set.name()).collect();
    /// assert!(names.contains(&"portable"));
    /// ```
    pub fn available() -> Vec<Self> {
        kinds().map(Self).collect()
    }

    /// Its name: `avx512`, `avx2+fma`, `sse2`, `portable`.
    ///
    /// ```
    /// use wengert_program::InstructionSet;
    ///
    /// assert!(["avx512", "avx2+fma", "sse2", "portable"].contains(&InstructionSet::best().name()));
    /// ```
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2Fma => "avx2+fma",
            #[cfg(target_arch = "x86_64")]
            Kind::Sse2 => "sse2",
            Kind::Portable => "portable",
        }
    }

    /// How it rounds sums of products: `fused`, once, on `avx512` and `avx2+fma`; `plain`, twice, on other sets of x86-64;
    /// `portable` on other processors, which have but one set.
    ///
    /// ```
    /// use wengert_program::InstructionSet;
    ///
    /// for set in InstructionSet::available() {
    ///     assert!(["fused", "plain", "portable"].contains(&set.rounding()));
    /// }
    /// ```
    pub fn rounding(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 | Kind::Avx2Fma => "fused",
            #[cfg(target_arch = "x86_64")]
            Kind::Sse2 => "plain",
            Kind::Portable if !cfg!(target_arch = "x86_64") => "portable",
            Kind::Portable if Portable::FMA => "fused",
            Kind::Portable => "plain",
        }
    }

    /// Which of the compiled sets this is.
    pub(crate) fn kind(self) -> Kind {
        self.0
    }

    /// A kernel. `slow` is the scalar function, for lanes outside the kernel's range.
    pub(crate) fn unary(self, kernel: Unary, slow: fn(f64) -> f64) -> Kernel1 {
        let (run, one) = entry::kernel(self, kernel);
        Kernel1 { run, one, slow, both: entry::both(self, kernel) }
    }
}

impl fmt::Display for InstructionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The sets that this processor has, the best first.
#[cfg(all(target_arch = "x86_64", not(miri)))]
fn kinds() -> impl Iterator<Item = Kind> {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    // Processors without `avx512vbmi2` are older than Ice Lake, and slow down their clock for AVX-512.
    let avx512 = avx2
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vbmi2");
    [(Kind::Avx512, avx512), (Kind::Avx2Fma, avx2), (Kind::Sse2, true), (Kind::Portable, true)]
        .into_iter()
        .filter_map(|(kind, here)| here.then_some(kind))
}

/// The sets that this processor has, the best first.
#[cfg(not(all(target_arch = "x86_64", not(miri))))]
fn kinds() -> impl Iterator<Item = Kind> {
    [Kind::Portable].into_iter()
}

/// A kernel that this processor can run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kernel1 {
    run: Fn1,
    one: One,
    slow: fn(f64) -> f64,
    both: Option<Both>,
}

impl Kernel1 {
    /// The same, except that it panics where it is run alone.
    #[cfg(test)]
    pub(crate) fn never_alone(self) -> Kernel1 {
        unsafe fn run(_: *mut f64, _: *const f64, _: usize, _: fn(f64) -> f64) {
            panic!("a kernel ran alone")
        }
        Kernel1 { run, ..self }
    }

    /// `out = kernel(a)` and `other_out = other(a)`, if there is a kernel that computes both together. Otherwise nothing,
    /// and false.
    ///
    /// # Safety
    /// As [`Kernel1::run`], for both results, which must not be the same column.
    #[inline(always)]
    pub(crate) unsafe fn run_both(
        self,
        (other, number): (Kernel1, u32),
        [out, other_out]: [*mut f64; 2],
        a: *const f64,
        lanes: usize,
    ) -> bool {
        let Some(both) = self.both.filter(|both| both.other as u32 == number) else { return false };
        let (mut outs, mut slow) = ([out, other_out], [self.slow, other.slow]);
        if both.other_first {
            outs.reverse();
            slow.reverse();
        }
        // SAFETY: as in `run`.
        unsafe { (both.run)(outs, a, lanes, slow) };
        true
    }

    /// `out = kernel(a)`, on columns of `lanes` numbers.
    ///
    /// # Safety
    /// `out` must be valid for writing and `a` for reading `lanes` numbers, a multiple of [`MULTIPLE`]. They must be the
    /// same or not overlap.
    #[inline(always)]
    pub(crate) unsafe fn run(self, out: *mut f64, a: *const f64, lanes: usize) {
        // SAFETY: the caller's promise; only an `InstructionSet` of this processor makes a kernel.
        unsafe { (self.run)(out, a, lanes, self.slow) }
    }

    /// The scalar function, for numbers outside the kernel's range.
    #[cfg(all(feature = "native", target_arch = "x86_64", not(miri)))]
    pub(crate) fn slow(self, x: f64) -> f64 {
        (self.slow)(x)
    }

    /// The kernel at one number, with the bits of a lane.
    #[inline(always)]
    pub(crate) fn one(self, x: f64) -> f64 {
        // SAFETY: only an `InstructionSet` of this processor makes a kernel.
        unsafe { (self.one)(x, self.slow) }
    }
}

/// The exponential, as [`Unary::Exp`], of one vector.
#[inline(always)]
pub(crate) fn exp<V: Simd>(x: V) -> V {
    expo::exp(x)
}
