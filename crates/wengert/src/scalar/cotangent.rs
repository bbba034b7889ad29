//! What a derivative rule multiplies by its partials: an adjoint in a reverse sweep, tangents in a forward one.

use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg};

use crate::scalar::Scalar;

/// An adjoint (in a reverse sweep) or tangents (in a forward sweep). Except for [`Unguarded`] and `UnguardedTangents`,
/// products and quotients are guarded: they are 0 where `self` is 0, whatever the partial is. A product is also 0 where
/// the partial is 0, whatever `self` is.
pub(crate) trait Cotangent<S>:
    Copy + Neg<Output = Self> + Add<Output = Self> + Mul<S, Output = Self> + Div<S, Output = Self>
{
}

/// A cotangent that is one scalar: the adjoint in a reverse sweep.
pub(crate) trait Adjoint<S>: Cotangent<S> {
    /// Whether products and quotients are guarded.
    const GUARDED: bool;
    fn of(adjoint: S) -> Self;
    fn get(self) -> S;
}

macro_rules! adjoint {
    ($(#[doc = $doc:literal])+ $Name:ident, guarded $guarded:literal: $x:ident * $s:ident is $product:expr, $y:ident / $t:ident is $quotient:expr) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $Name<S>(pub(crate) S);

        impl<S: Scalar> Neg for $Name<S> {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                $Name(-self.0)
            }
        }

        impl<S: Scalar> Add for $Name<S> {
            type Output = Self;
            #[inline(always)]
            fn add(self, rhs: Self) -> Self {
                $Name(self.0 + rhs.0)
            }
        }

        impl<S: Scalar> Mul<S> for $Name<S> {
            type Output = Self;
            #[inline(always)]
            fn mul(self, $s: S) -> Self {
                let $x = self.0;
                $Name($product)
            }
        }

        impl<S: Scalar> Div<S> for $Name<S> {
            type Output = Self;
            #[inline(always)]
            fn div(self, $t: S) -> Self {
                let $y = self.0;
                $Name($quotient)
            }
        }

        impl<S: Scalar> Cotangent<S> for $Name<S> {}

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
}

impl AdjointScalar for f64 {
    const ZERO: f64 = 0.0;
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
        matches!(self.partial_cmp(&0.0), None | Some(Ordering::Equal))
    }
}
