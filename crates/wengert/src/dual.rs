//! Dual numbers: a value with `N` tangents, for derivatives in few inputs without a tape. Read
//! [`crate::numbers`] next.
//!
//! A dual applies an op by its value and its rule, both from the table; the rule is linear in what
//! it is sent, so one evaluation of the partials serves all tangents.

use std::cmp::Ordering;
use std::fmt;
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign};

use smallvec::SmallVec;

use crate::kernel;
use crate::op::{Imm, NO_IMM, Op, for_each_op};
use crate::scalar::{Bar, Scalar, imm, rule, value};
use crate::sweep::Number;

/// A value, and its derivatives in `N` directions.
#[derive(Clone, Copy, Debug)]
pub struct Dual<const N: usize> {
    /// The value.
    pub value: f64,
    /// The tangents: what the value's change is per unit of each direction.
    pub tangents: [f64; N],
}

/// The tangents of a dual, as a rule sends them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tangents<const N: usize>(pub(crate) [f64; N]);

impl<const N: usize> Tangents<N> {
    pub(crate) const ZERO: Self = Tangents([0.0; N]);
}

/// `f` of each tangent. (`array::map` is a call, not a loop, from five elements on.)
#[inline(always)]
fn each<const N: usize>(f: impl Fn(usize) -> f64) -> Tangents<N> {
    let mut tangents = [0.0; N];
    for (k, tangent) in tangents.iter_mut().enumerate() {
        *tangent = f(k);
    }
    Tangents(tangents)
}

/// `plain`, or `guarded` where any of it is NaN: one branch for all tangents.
#[inline(always)]
fn guarded<const N: usize>(plain: Tangents<N>, guarded: impl Fn(usize) -> f64) -> Tangents<N> {
    // The sum is NaN if any tangent is; infinities of both signs make it so needlessly.
    let sum: f64 = plain.0.iter().sum();
    if sum.is_nan() { rarely(|| each(guarded)) } else { plain }
}

/// Adds a part; the first is taken as it is.
#[inline(always)]
fn gather<const N: usize>(sum: &mut Option<Tangents<N>>, part: Tangents<N>) {
    *sum = Some(sum.map_or(part, |sum| sum + part));
}

#[cold]
#[inline(never)]
fn rarely<T>(f: impl FnOnce() -> T) -> T {
    f()
}

impl<const N: usize> Neg for Tangents<N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        each(|k| -self.0[k])
    }
}

impl<const N: usize> Add for Tangents<N> {
    type Output = Self;
    #[inline(always)]
    fn add(self, rhs: Self) -> Self {
        each(|k| self.0[k] + rhs.0[k])
    }
}

impl<const N: usize> Mul<f64> for Tangents<N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, partial: f64) -> Self {
        guarded(each(|k| self.0[k] * partial), |k| kernel::gmul(self.0[k], partial))
    }
}

impl<const N: usize> Div<f64> for Tangents<N> {
    type Output = Self;
    #[inline(always)]
    fn div(self, rhs: f64) -> Self {
        guarded(each(|k| self.0[k] / rhs), |k| kernel::gdiv(self.0[k], rhs))
    }
}

impl<const N: usize> Bar<f64> for Tangents<N> {}

impl<const N: usize> Dual<N> {
    /// The input with which direction `k` moves.
    ///
    /// # Panics
    /// Where `k` is not below `N`.
    pub fn input(value: f64, k: usize) -> Self {
        let mut tangents = [0.0; N];
        tangents[k] = 1.0;
        Dual { value, tangents }
    }

    /// A number that moves in no direction.
    #[inline(always)]
    pub const fn new(value: f64) -> Self {
        Dual {
            value,
            tangents: [0.0; N],
        }
    }

    #[inline(always)]
    fn bar(self) -> Tangents<N> {
        Tangents(self.tangents)
    }
}

impl<const N: usize> From<f64> for Dual<N> {
    #[inline(always)]
    fn from(value: f64) -> Self {
        Dual::new(value)
    }
}

impl<const N: usize> Number for Dual<N> {
    const ZERO: Self = Dual::new(0.0);
    #[inline(always)]
    fn is_zero(&self) -> bool {
        self.value == 0.0 && self.tangents.iter().all(|&t| t == 0.0)
    }
    #[inline(always)]
    fn is_nan(&self) -> bool {
        self.tangents.iter().fold(self.value, |sum, t| sum + t).is_nan()
    }
}

macro_rules! define_dual {
    (
        ops { $($(#[doc = $odoc:literal])+ $Op:ident = $oname:ident($ox:ident $(, $oy:ident)*) -> $or:ident, $ocost:ident $oform:ident $osym:literal, $oval:block, $obar:ident => [$($opull:expr),+];)+ }
        helpers { $($(#[doc = $hdoc:literal])+ $He:ident = $hname:ident($hx:ident $(, $hy:ident)* $(; $($hk:ident),+)?) -> $hr:ident, $hcost:ident $hform:ident $hsym:literal, $hval:block, $hbar:ident => [$($hpull:expr),+];)+ }
        stops { $($(#[doc = $sdoc:literal])+ $St:ident = $sname:ident($sx:ident $(, $sy:ident)*), $sform:ident $ssym:literal, $sval:block;)+ }
        folds { $($frows:tt)+ }
    ) => {
        impl<const N: usize> Scalar for Dual<N> {
            #[inline(always)]
            fn constant(c: f64) -> Self {
                Dual::new(c)
            }

            #[inline(always)]
            fn primal(self) -> f64 {
                self.value
            }

            fn apply(op: Op, imm: Imm, args: &[Self]) -> Self {
                let values: SmallVec<[f64; 8]> = args.iter().map(|x| x.value).collect();
                let value = value::of(op, imm, &values);
                let mut sum = None;
                rule::of(op, imm, &values, value, |k| Some(args[k].bar()), |_, part| gather(&mut sum, part));
                Dual { value, tangents: sum.unwrap_or(Tangents::ZERO).0 }
            }

            $(#[inline(always)]
            fn $oname(self $(, $oy: Self)*) -> Self {
                let args = [self $(, $oy)*];
                let values = args.map(|x| x.value);
                let value = value::$oname(values, NO_IMM);
                let mut sum = None;
                rule::$oname(values, NO_IMM, value, |k| Some(args[k].bar()), |_, part| gather(&mut sum, part));
                Dual { value, tangents: sum.unwrap_or(Tangents::ZERO).0 }
            })+
            $(#[inline(always)]
            fn $hname(self $(, $hy: Self)* $($(, $hk: f64)+)?) -> Self {
                let imm = imm(&[$($($hk),+)?]);
                let args = [self $(, $hy)*];
                let values = args.map(|x| x.value);
                let value = value::$hname(values, imm);
                let mut sum = None;
                rule::$hname(values, imm, value, |k| Some(args[k].bar()), |_, part| gather(&mut sum, part));
                Dual { value, tangents: sum.unwrap_or(Tangents::ZERO).0 }
            })+
            $(#[inline(always)]
            fn $sname(self $(, $sy: Self)*) -> Self {
                Dual::new(value::$sname([self.value $(, $sy.value)*], NO_IMM))
            })+
        }

        /// The ops, one method each.
        #[allow(clippy::should_implement_trait, reason = "the operators are implemented too; a row has one name")]
        impl<const N: usize> Dual<N> {
            $($(#[doc = $odoc])+
            #[inline(always)]
            pub fn $oname(self $(, $oy: Self)*) -> Self {
                Scalar::$oname(self $(, $oy)*)
            })+
        }
    };
}
for_each_op!(define_dual);

impl<const N: usize> Dual<N> {
    /// `x` to the whole power `n`; every derivative is exact at 0 too.
    #[inline(always)]
    pub fn powi(self, n: i32) -> Self {
        Scalar::powi(self, n)
    }

    /// `x` to the constant power `p`.
    #[inline(always)]
    pub fn powf(self, p: f64) -> Self {
        Scalar::powf(self, p)
    }
}

impl<const N: usize> Neg for Dual<N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Scalar::neg(self)
    }
}

macro_rules! operators {
    ($($Trait:ident $method:ident $Assign:ident $assign:ident $with_c:ident $c_first:ident;)+) => {$(
        impl<const N: usize> $Trait for Dual<N> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, rhs: Self) -> Self {
                Scalar::$method(self, rhs)
            }
        }
        impl<const N: usize> $Trait<f64> for Dual<N> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, rhs: f64) -> Self {
                Scalar::$with_c(self, rhs)
            }
        }
        impl<const N: usize> $Trait<Dual<N>> for f64 {
            type Output = Dual<N>;
            #[inline(always)]
            fn $method(self, rhs: Dual<N>) -> Dual<N> {
                Scalar::$c_first(rhs, self)
            }
        }
        impl<const N: usize> $Assign for Dual<N> {
            #[inline(always)]
            fn $assign(&mut self, rhs: Self) {
                *self = Scalar::$method(*self, rhs);
            }
        }
        impl<const N: usize> $Assign<f64> for Dual<N> {
            #[inline(always)]
            fn $assign(&mut self, rhs: f64) {
                *self = Scalar::$with_c(*self, rhs);
            }
        }
    )+};
}
operators! {
    Add add AddAssign add_assign add_c add_c;
    Sub sub SubAssign sub_assign sub_c c_sub;
    Mul mul MulAssign mul_assign mul_c mul_c;
    Div div DivAssign div_assign div_c c_div;
}

impl<const N: usize> Rem for Dual<N> {
    type Output = Self;
    fn rem(self, rhs: Self) -> Self {
        Scalar::rem(self, rhs)
    }
}

impl<const N: usize> Rem<f64> for Dual<N> {
    type Output = Self;
    fn rem(self, rhs: f64) -> Self {
        Scalar::rem(self, Dual::new(rhs))
    }
}

impl<const N: usize> RemAssign for Dual<N> {
    fn rem_assign(&mut self, rhs: Self) {
        *self = Scalar::rem(*self, rhs);
    }
}

impl<const N: usize> Sum for Dual<N> {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Dual::new(0.0), |sum, x| sum + x)
    }
}

impl<const N: usize> Product for Dual<N> {
    fn product<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Dual::new(1.0), |product, x| product * x)
    }
}

/// Compares values.
impl<const N: usize> PartialEq for Dual<N> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// Compares values.
impl<const N: usize> PartialOrd for Dual<N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<const N: usize> PartialEq<f64> for Dual<N> {
    fn eq(&self, other: &f64) -> bool {
        self.value == *other
    }
}

impl<const N: usize> PartialOrd<f64> for Dual<N> {
    fn partial_cmp(&self, other: &f64) -> Option<Ordering> {
        self.value.partial_cmp(other)
    }
}

impl<const N: usize> fmt::Display for Dual<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}
