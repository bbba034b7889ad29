//! What a derivative rule multiplies by its partials: an adjoint in a reverse sweep, tangents in a forward one.

use core::ops::{Add, Div, Mul, Neg};

use crate::error::Error;
use crate::external::{External, checked};
use crate::scalar::Scalar;

/// An adjoint (in a reverse sweep) or tangents (in a forward sweep). Except for [`Unguarded`] and `UnguardedTangents`,
/// products and quotients are guarded: they are 0 where `self` is 0, whatever the partial is. A product is also 0 where
/// the partial is 0, whatever `self` is.
pub(crate) trait Cotangent<S>:
    Copy + Neg<Output = Self> + Add<Output = Self> + Mul<S, Output = Self> + Div<S, Output = Self>
{
}

/// Makes a type a [`Cotangent`] by formulas for its negative, its sums, and its products and quotients with a scalar.
macro_rules! cotangent {
    ([$($generics:tt)*] $Type:ty, with $S:ty; -$a:ident => $negative:expr; $b:ident + $c:ident => $sum:expr; $d:ident * $s:ident => $product:expr; $e:ident / $t:ident => $quotient:expr;) => {
        impl<$($generics)*> core::ops::Neg for $Type {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                let $a = self;
                $negative
            }
        }
        impl<$($generics)*> core::ops::Add for $Type {
            type Output = Self;
            #[inline(always)]
            fn add(self, $c: Self) -> Self {
                let $b = self;
                $sum
            }
        }
        impl<$($generics)*> core::ops::Mul<$S> for $Type {
            type Output = Self;
            #[inline(always)]
            fn mul(self, $s: $S) -> Self {
                let $d = self;
                $product
            }
        }
        impl<$($generics)*> core::ops::Div<$S> for $Type {
            type Output = Self;
            #[inline(always)]
            fn div(self, $t: $S) -> Self {
                let $e = self;
                $quotient
            }
        }
        impl<$($generics)*> $crate::scalar::Cotangent<$S> for $Type {}
    };
}
pub(crate) use cotangent;

/// A cotangent that is one scalar: the adjoint in a reverse sweep.
pub(crate) trait Adjoint<S>: Cotangent<S> {
    const GUARDED: bool;
    fn of(adjoint: S) -> Self;
    fn get(self) -> S;
}

macro_rules! adjoint {
    ($(#[doc = $doc:literal])+ $Name:ident, guarded $guarded:literal: $x:ident * $s:ident is $product:expr, $y:ident / $t:ident is $quotient:expr) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $Name<S>(pub(crate) S);

        cotangent! { [S: Scalar] $Name<S>, with S;
            -a => $Name(-a.0);
            a + b => $Name(a.0 + b.0);
            bar * $s => { let $x = bar.0; $Name($product) };
            bar / $t => { let $y = bar.0; $Name($quotient) };
        }

        impl<S: Scalar> Adjoint<S> for $Name<S> {
            const GUARDED: bool = $guarded;
            #[inline(always)]
            fn of(adjoint: S) -> Self {
                $Name(adjoint)
            }
            #[inline(always)]
            fn get(self) -> S {
                self.0
            }
        }
    };
}

adjoint! {
    /// An adjoint or tangent whose products are guarded.
    Guarded, guarded true: bar * s is bar.gmul(s), bar / s is bar.gdiv(s)
}

adjoint! {
    /// An adjoint whose products are not guarded. If the result of a rule is not NaN, it is the result for
    /// [`Guarded`] too: a guard matters only for `0 * inf`, `0 / 0` and the like.
    Unguarded, guarded false: bar * s is bar * s, bar / s is bar / s
}

/// A scalar that adjoints can be made of.
pub(crate) trait AdjointScalar: Scalar {
    const ZERO: Self;
    /// Whether rules over it are long, so that sweeps call them where they would inline those of `f64`.
    const IS_LARGE: bool;
    /// The type over which sweeps run the rules of ops that mostly derivatives use.
    type Apart: Scalar + From<Self> + Into<Self>;
    /// Whether it and its tangents are 0, so that operands receive nothing. (An adjoint is a sum that starts
    /// from 0, so it is never -0.)
    fn is_zero(&self) -> bool;
    /// Whether it or a tangent is NaN. Also true if it has infinities of both signs.
    fn is_nan(&self) -> bool;
    /// Both tests in one, since both are rarely true.
    #[inline(always)]
    fn is_zero_or_nan(&self) -> bool {
        self.is_zero() || self.is_nan()
    }
    /// Writes to `xbar` what the outputs `y` of a function at `x` send to its inputs.
    fn pull_external(f: &dyn External, x: &[Self], y: &[Self], ybar: &[Self], xbar: &mut [Self]) -> Result<(), Error>;
    /// Writes the partials of a statement at `x`. Their values are there already.
    fn partials(f: &dyn External, x: &[Self], partials: &mut [Self]) -> Result<(), Error>;
}

impl AdjointScalar for f64 {
    const ZERO: f64 = 0.0;
    const IS_LARGE: bool = false;
    type Apart = f64;
    #[inline(always)]
    fn is_zero(&self) -> bool {
        *self == 0.0
    }
    #[inline(always)]
    fn is_nan(&self) -> bool {
        f64::is_nan(*self)
    }
    #[inline(always)]
    fn is_zero_or_nan(&self) -> bool {
        // One comparison and one jump. `== 0.0 || is_nan()` compiles to two.
        !((*self < 0.0) | (*self > 0.0))
    }
    fn pull_external(f: &dyn External, x: &[f64], y: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), Error> {
        checked::vjp(f, x, y, ybar, xbar)
    }
    fn partials(_: &dyn External, _: &[f64], _: &mut [f64]) -> Result<(), Error> {
        Ok(())
    }
}
