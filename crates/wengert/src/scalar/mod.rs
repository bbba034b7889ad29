//! What a formula runs over, and the values and rules of the ops.
//!
//! [`Scalar`] asks a type for two things: how to make a constant, and how to apply an op. `define_scalar` makes the
//! named methods from the table of ops, `op/table.rs`. `define_values` makes the derivative rules in [`rule`], each
//! written once for all scalars: over `f64` they compute numbers, over [`Expr`](crate::Expr) they record new nodes,
//! over [`Dual`](crate::Dual) they compute second derivatives.

pub(crate) mod apart;
mod cotangent;
pub(crate) mod dual;
pub(crate) mod folds;
#[cfg(mutate)]
mod mutate;
mod operators;
pub(crate) mod tangents;

use alloc::vec;
use alloc::vec::Vec;

use crate::float;
pub(crate) use cotangent::{Adjoint, AdjointScalar, Cotangent, Guarded, Unguarded, cotangent};
pub(crate) use operators::{define_number, operators, operators_by_apply};

use alloc::sync::Arc;
use core::fmt::Debug;
use core::ops::{Add, Div, Mul, Neg, Sub};

use smallvec::SmallVec;

use crate::error::{expect, operand_count};
use crate::external::External;
use crate::external::checked::{self, failed, outputs_of};
use crate::external::statement::Statement;
use crate::number::{Function, Real};
use crate::op::kernel;
use crate::op::{Imm, NO_IMM, Op, count, for_each_op};

/// A method of the trait. Helpers, whose rows are not `pub`, are hidden from its documentation.
macro_rules! shown {
    ([pub $Op:ident] $($method:tt)*) => {
        $($method)*
    };
    ([$Op:ident] $($method:tt)*) => {
        #[doc(hidden)]
        $($method)*
    };
}

macro_rules! op {
    (pub $Op:ident) => {
        Op::$Op
    };
    ($Op:ident) => {
        Op::$Op
    };
}

macro_rules! define_scalar {
    (
        ops { $($(#[doc = $doc:literal])+ $($word:ident)+ = $name:ident($x:ident $(, $y:ident)* $(; $($k:ident: $kind:ident),+)?) -> $r:ident, $cost:ident $form:ident $symbol:literal, $value:block, $bar:ident => [$($pull:expr),*];)+ }
        folds { $($(#[doc = $fdoc:literal])+ $Fo:ident = $fname:ident($($fx:ident),+) -> $fr:ident, $fform:ident $fsym:literal, least $least:literal, $fval:block, $emit:ident => $partials:block;)+ }
    ) => {
        /// What a formula can run over: numbers, expressions that record, duals, series.
        ///
        /// An implementor says how to make a constant and how to apply an op. The named methods, one for each op, come
        /// with the trait. They take the operands first, then the immediates.
        ///
        /// ```
        /// use wengert::{Dual, Graph, Scalar};
        ///
        /// fn softsign<S: Scalar>(x: S) -> S {
        ///     x / (x.abs() + 1.0)
        /// }
        ///
        /// assert_eq!(softsign(-3.0), -0.75);
        /// assert_eq!(softsign(Dual::<1>::input(-3.0, 0)).tangents, [0.0625]);
        /// let g = Graph::new();
        /// assert_eq!(softsign(g.var(-3.0)).value(), -0.75);
        /// ```
        pub trait Scalar:
            Copy
            + Debug
            + Neg<Output = Self>
            + Add<Output = Self>
            + Sub<Output = Self>
            + Mul<Output = Self>
            + Div<Output = Self>
            + Add<f64, Output = Self>
            + Sub<f64, Output = Self>
            + Mul<f64, Output = Self>
            + Div<f64, Output = Self>
        {
            /// Whether it is a value without derivatives. Rules may then skip what only derivatives need.
            const VALUE_ALONE: bool = false;

            /// The number `c`, a constant.
            fn constant(c: f64) -> Self;

            /// The value of `op` at `args`.
            ///
            /// # Panics
            /// With the text of an [`Error`](crate::Error) if [`Op::check`] refuses: on a wrong number of
            /// operands, on a leaf or a constant, and on an immediate that the op does not have.
            #[track_caller]
            fn apply(op: Op, imm: Imm, args: &[Self]) -> Self;

            /// The value as a number.
            fn primal(self) -> f64;

            /// The outputs of a function of the user's own, at `x`: values over `f64`, tangents over
            /// [`Dual`](crate::Dual), a call that is recorded over [`Expr`](crate::Expr).
            ///
            /// # Panics
            /// With the text of an [`Error`](crate::Error) where the function fails or lacks what is needed, and
            /// where there are not as many inputs as it takes. A type that does not implement this always panics.
            #[track_caller]
            fn external(f: &Arc<dyn External>, x: &[Self]) -> Vec<Self> {
                let _ = x;
                failed(&**f, "this type of number does not implement Scalar::external").panic()
            }

            /// The value of a statement at `x`: recorded as one node over [`Expr`](crate::Expr), else computed by its
            /// function.
            ///
            /// # Panics
            /// With the text of an [`Error`](crate::Error) on a wrong number of inputs.
            #[inline(always)]
            #[track_caller]
            fn call<F: Function + Send + Sync + 'static>(f: &Statement<F>, x: &[Self]) -> Self
            where
                Self: Real,
            {
                expect(f.takes(x.len()));
                f.function().call(x)
            }

            /// The number `c`, as a scalar of the type of `self`.
            #[inline(always)]
            fn lift(self, c: f64) -> Self {
                Self::constant(c)
            }

            /// `x` to the integer power `n`. All derivatives are exact, even at 0.
            #[inline(always)]
            #[track_caller]
            fn powi(self, n: i32) -> Self {
                self.powd(f64::from(n), 0.0)
            }

            /// `x` to the constant power `p`.
            #[inline(always)]
            #[track_caller]
            fn powf(self, p: f64) -> Self {
                self.powd(p, 0.0)
            }

            /// The `n`-th derivative of `digamma`, which is `digamma` itself for `n = 0`. If `n` is above
            /// [`MAX_ORDER`](crate::MAX_ORDER), numbers are NaN and expressions panic.
            #[inline(always)]
            #[track_caller]
            fn polygamma(self, n: u32) -> Self {
                if n == 0 { self.digamma() } else { self.polygamma_n(f64::from(n)) }
            }

            /// `min(max(x, low), high)`.
            #[inline(always)]
            #[track_caller]
            fn clamp(self, low: impl Into<Self>, high: impl Into<Self>) -> Self {
                Scalar::min(Scalar::max(self, low), high)
            }

            $(shown! {
                [$($word)+]
                $(#[doc = $doc])+
                #[inline(always)]
                #[track_caller]
                fn $name(self $(, $y: impl Into<Self>)* $($(, $k: f64)+)?) -> Self {
                    Self::apply(op!($($word)+), imm(&[$($($k),+)?]), &[self $(, $y.into())*])
                }
            })+
            $($(#[doc = $fdoc])+
            ///
            /// # Panics
            /// If there are fewer operands than the op takes, or if lists differ in length.
            #[track_caller]
            fn $fname($($fx: &[Self]),+) -> Self {
                Self::apply(Op::$Fo, NO_IMM, &joined(Op::$Fo, [$($fx),+]))
            })+
        }
    };
}
for_each_op!(define_scalar);

/// A part that a rule sends to an operand. `--cfg mutate` makes one of them wrong: see `mutate.rs`.
macro_rules! part {
    ($Op:ident, $k:expr, $r:expr, $bar:expr, $part:expr) => {{
        #[cfg(mutate)]
        let part = mutate::part(Op::$Op, $k, $r, $bar, $part);
        #[cfg(not(mutate))]
        let part = $part;
        part
    }};
}

macro_rules! define_values {
    (
        ops { $($(#[doc = $doc:literal])+ $vis:vis $Op:ident = $name:ident($x:ident $(, $y:ident)* $(; $($k:ident: $kind:ident),+)?) -> $r:ident, $cost:ident $form:ident $symbol:literal, $value:block, $bar:ident => [$($pull:expr),*];)+ }
        folds { $($(#[doc = $fdoc:literal])+ $Fo:ident = $fname:ident($($fx:ident),+) -> $fr:ident, $fform:ident $fsym:literal, least $least:literal, $fval:block, $emit:ident => $partials:block;)+ }
    ) => {
        impl Scalar for f64 {
            const VALUE_ALONE: bool = true;

            #[inline(always)]
            fn constant(c: f64) -> f64 {
                c
            }

            #[track_caller]
            fn apply(op: Op, imm: Imm, args: &[f64]) -> f64 {
                expect(op.check(imm, args.len()));
                value::of(op, imm, args)
            }

            #[inline(always)]
            fn primal(self) -> f64 {
                self
            }

            #[track_caller]
            fn external(f: &Arc<dyn External>, x: &[f64]) -> Vec<f64> {
                let mut y = vec![0.0; expect(outputs_of(&**f, x.len()))];
                expect(checked::value(&**f, x, &mut y));
                y
            }

            $(#[inline(always)]
            #[track_caller]
            fn $name(self $(, $y: impl Into<f64>)* $($(, $k: f64)+)?) -> f64 {
                value::$name([self $(, $y.into())*], imm(&[$($($k),+)?]))
            })+
        }

        /// The value of every op over `f64`, one function for each row.
        #[allow(clippy::should_implement_trait, unused_variables, reason = "the names come from the rows, and not every row uses all of its operands")]
        pub(crate) mod value {
            use super::*;

            /// The value of any op, given as many operands as it takes.
            pub(crate) fn of(op: Op, imm: Imm, args: &[f64]) -> f64 {
                match op {
                    Op::Leaf | Op::Const | Op::External => f64::NAN,
                    $(Op::$Op => $name(fixed(args), imm),)+
                    $(Op::$Fo => $fname(args),)+
                }
            }

            $(#[inline(always)]
            #[track_caller]
            pub(crate) fn $name([$x $(, $y)*]: [f64; count!($x $($y)*)], imm: Imm) -> f64 {
                $(let [$($k,)+ ..] = imm;)?
                $value
            })+
            $(#[inline(always)]
            #[track_caller]
            pub(crate) fn $fname(args: &[f64]) -> f64 {
                let [$($fx),+] = lists(args);
                $fval
            })+
        }

        /// The derivative rule of every op, one function for each row, over any scalar.
        ///
        /// A rule takes the cotangent `bars(k)` for each operand `k`, or skips the operand if that is `None`. It
        /// multiplies it by the partial derivative and passes the product to `emit(k, ..)`. In a reverse sweep
        /// `bars(k)` is the adjoint of the node, the same for all operands. In a tangent sweep it is the tangent of
        /// operand `k`. Rules of folds give only the partial of each operand.
        ///
        /// The rule of `mul` is `if let Some(bar) = bars(0) { emit(0, bar * y) }`, and the same for operand 1 and
        /// `bar * x`.
        #[allow(unused_variables, unused_assignments, unused_mut, reason = "not every row uses all arguments")]
        pub(crate) mod rule {
            use super::*;

            /// The rule of any op, in one copy for all callers. Ops that let no gradient pass emit nothing.
            pub(crate) fn of<S: Scalar, B: Cotangent<S>>(op: Op, imm: Imm, args: &[S], r: S, bars: &dyn Fn(usize) -> Option<B>, emit: &mut dyn FnMut(usize, B)) {
                match op {
                    $(Op::$Op => $name(fixed(args), imm, r, bars, emit),)+
                    $(Op::$Fo => $fname(args, r, |k, partial| if let Some(bar) = bars(k) { emit(k, bar * partial) }),)+
                    Op::Leaf | Op::Const | Op::External => {}
                }
            }

            $(#[inline(always)]
            #[track_caller]
            pub(crate) fn $name<S: Scalar, B: Cotangent<S>>([$x $(, $y)*]: [S; count!($x $($y)*)], imm: Imm, $r: S, bars: impl Fn(usize) -> Option<B>, mut emit: impl FnMut(usize, B)) {
                $(let [$($k,)+ ..] = imm;)?
                let mut operand = 0;
                $(if let Some($bar) = bars(operand) {
                    emit(operand, part!($Op, operand, $r, $bar, $pull));
                }
                operand += 1;)*
            })+
            $(#[inline(always)]
            #[track_caller]
            pub(crate) fn $fname<S: Scalar>(args: &[S], $fr: S, mut $emit: impl FnMut(usize, S)) {
                let [$($fx),+] = lists(args);
                #[cfg(mutate)]
                let mut $emit = |k, partial| $emit(k, mutate::part(Op::$Fo, k * Op::$Fo.lists() / args.len(), $fr, partial, partial));
                $partials
            })+
        }
    };
}
for_each_op!(define_values);

macro_rules! define_parts {
    (
        ops { $($(#[doc = $doc:literal])+ $vis:vis $Op:ident = $name:ident($x:ident $(, $y:ident)* $(; $($k:ident: $kind:ident),+)?) -> $r:ident, $cost:ident $form:ident $symbol:literal, $value:block, $bar:ident => [$($pull:expr),*];)+ }
        $($folds:tt)+
    ) => {
        /// The rules with one cotangent for all operands: the part of each operand. Reverse sweeps use them where a rule is
        /// short, since closures would stay calls in debug builds.
        #[allow(dead_code, unused_variables, reason = "costly rows run `rule`, and not every row uses all arguments")]
        pub(crate) mod parts {
            use super::*;

            $(parts_of! { $Op = $name($x $(, $y)* $(; $($k),+)?) -> $r, $bar => [$($pull),*] })+
        }
    };
}

/// The parts of a row. Ops that let no gradient pass have none.
macro_rules! parts_of {
    ($Op:ident = $name:ident($($x:ident),+) -> $r:ident, $bar:ident => []) => {};
    ($Op:ident = $name:ident($($x:ident),+ $(; $($k:ident),+)?) -> $r:ident, $bar:ident => [$($pull:expr),+]) => {
        #[inline(always)]
        #[track_caller]
        pub(crate) fn $name<S: Scalar, B: Cotangent<S>>([$($x),+]: [S; count!($($x)+)], imm: Imm, $r: S, $bar: B) -> [B; count!($($x)+)] {
            $(let [$($k,)+ ..] = imm;)?
            parts_of!(@ $Op $r $bar [$($pull),+])
        }
    };
    (@ $Op:ident $r:ident $bar:ident [$p:expr]) => {
        [part!($Op, 0, $r, $bar, $p)]
    };
    (@ $Op:ident $r:ident $bar:ident [$p:expr, $q:expr]) => {
        [part!($Op, 0, $r, $bar, $p), part!($Op, 1, $r, $bar, $q)]
    };
    (@ $Op:ident $r:ident $bar:ident [$p:expr, $q:expr, $s:expr]) => {
        [part!($Op, 0, $r, $bar, $p), part!($Op, 1, $r, $bar, $q), part!($Op, 2, $r, $bar, $s)]
    };
}
for_each_op!(define_parts);

/// The first `N` of `args`, which must have at least `N` elements.
#[inline(always)]
pub(crate) fn fixed<T: Copy, const N: usize>(args: &[T]) -> [T; N] {
    *args.first_chunk().expect("an op is given its operands")
}

/// Splits `args` into `N` lists of the same length.
#[inline(always)]
fn lists<T, const N: usize>(args: &[T]) -> [&[T]; N] {
    let length = args.len() / N;
    core::array::from_fn(|k| &args[k * length..(k + 1) * length])
}

/// Joins lists of the same length.
///
/// # Panics
/// With [`Error::Operands`](crate::Error::Operands) if the lengths differ, or if the op does not take that number of
/// operands.
#[track_caller]
pub(crate) fn joined<T: Copy, const N: usize>(op: Op, lists: [&[T]; N]) -> SmallVec<[T; 8]> {
    let given = expect(operand_count(op, &lists.map(<[T]>::len)));
    let mut all = SmallVec::with_capacity(given);
    for list in lists {
        all.extend_from_slice(list);
    }
    all
}

/// The value of `op`, for callers that have checked its immediates and the number of operands:
/// [`Scalar::apply`] checks them at each call.
#[doc(hidden)]
pub fn apply_unchecked(op: Op, imm: Imm, args: &[f64]) -> f64 {
    value::of(op, imm, args)
}

/// The immediates given to a method, and 0 for the missing ones.
#[inline(always)]
pub(crate) fn imm<const N: usize>(given: &[f64; N]) -> Imm {
    let mut imm = NO_IMM;
    let mut k = 0;
    while k < N {
        imm[k] = given[k];
        k += 1;
    }
    imm
}
