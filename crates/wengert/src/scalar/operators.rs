//! The operators of this crate's numbers.

/// Implements the operators between two numbers of a type, with `f64` on either side, by reference, and with
/// assignment. They call the methods of [`Scalar`](crate::Scalar). A constant operand becomes an immediate.
macro_rules! operators {
    ([$($generics:tt)*] $Type:ty) => {
        impl<$($generics)*> std::ops::Neg for $Type {
            type Output = Self;
            #[inline(always)]
            #[track_caller]
            fn neg(self) -> Self {
                $crate::Scalar::neg(self)
            }
        }
        impl<$($generics)*> std::ops::Neg for &$Type {
            type Output = $Type;
            #[inline(always)]
            #[track_caller]
            fn neg(self) -> $Type {
                $crate::Scalar::neg(*self)
            }
        }
        $crate::scalar::operators! { @references [$($generics)*] $Type, Add add AddAssign add_assign }
        $crate::scalar::operators! { @references [$($generics)*] $Type, Sub sub SubAssign sub_assign }
        $crate::scalar::operators! { @references [$($generics)*] $Type, Mul mul MulAssign mul_assign }
        $crate::scalar::operators! { @references [$($generics)*] $Type, Div div DivAssign div_assign }
        $crate::scalar::operators! { @references [$($generics)*] $Type, Rem rem RemAssign rem_assign }
        $crate::scalar::operators! { [$($generics)*] $Type, Add add AddAssign add_assign, add_c, add_c }
        $crate::scalar::operators! { [$($generics)*] $Type, Sub sub SubAssign sub_assign, sub_c, c_sub }
        $crate::scalar::operators! { [$($generics)*] $Type, Mul mul MulAssign mul_assign, mul_c, mul_c }
        $crate::scalar::operators! { [$($generics)*] $Type, Div div DivAssign div_assign, div_c, c_div }
        impl<$($generics)*> std::ops::Rem for $Type {
            type Output = Self;
            #[inline]
            #[track_caller]
            fn rem(self, rhs: Self) -> Self {
                $crate::Scalar::rem(self, rhs)
            }
        }
        impl<$($generics)*> std::ops::Rem<f64> for $Type {
            type Output = Self;
            #[inline]
            #[track_caller]
            fn rem(self, rhs: f64) -> Self {
                self % <$Type>::from(rhs)
            }
        }
        impl<$($generics)*> std::ops::Rem<$Type> for f64 {
            type Output = $Type;
            #[inline]
            #[track_caller]
            fn rem(self, rhs: $Type) -> $Type {
                <$Type>::from(self) % rhs
            }
        }
        impl<$($generics)*> std::ops::RemAssign for $Type {
            #[inline]
            #[track_caller]
            fn rem_assign(&mut self, rhs: Self) {
                *self = *self % rhs;
            }
        }
        impl<$($generics)*> std::ops::RemAssign<f64> for $Type {
            #[inline]
            #[track_caller]
            fn rem_assign(&mut self, rhs: f64) {
                *self = *self % rhs;
            }
        }
    };
    (@references [$($generics:tt)*] $Type:ty, $Trait:ident $method:ident $Assign:ident $assign:ident) => {
        $crate::scalar::operators! { @one [$($generics)*] $Trait $method, $Type, &$Type, $Type, |x, y| x, *y }
        $crate::scalar::operators! { @one [$($generics)*] $Trait $method, &$Type, $Type, $Type, |x, y| *x, y }
        $crate::scalar::operators! { @one [$($generics)*] $Trait $method, &$Type, &$Type, $Type, |x, y| *x, *y }
        $crate::scalar::operators! { @one [$($generics)*] $Trait $method, &$Type, f64, $Type, |x, y| *x, y }
        $crate::scalar::operators! { @one [$($generics)*] $Trait $method, f64, &$Type, $Type, |x, y| x, *y }
        impl<$($generics)*> std::ops::$Assign<&$Type> for $Type {
            #[inline(always)]
            #[track_caller]
            fn $assign(&mut self, rhs: &$Type) {
                *self = std::ops::$Trait::$method(*self, *rhs);
            }
        }
    };
    (@one [$($generics:tt)*] $Trait:ident $method:ident, $Left:ty, $Right:ty, $Type:ty, |$x:ident, $y:ident| $left:expr, $right:expr) => {
        impl<$($generics)*> std::ops::$Trait<$Right> for $Left {
            type Output = $Type;
            #[inline(always)]
            #[track_caller]
            fn $method(self, rhs: $Right) -> $Type {
                let ($x, $y) = (self, rhs);
                std::ops::$Trait::$method($left, $right)
            }
        }
    };
    ([$($generics:tt)*] $Type:ty, $Trait:ident $method:ident $Assign:ident $assign:ident, $with_c:ident, $c_first:ident) => {
        impl<$($generics)*> std::ops::$Trait for $Type {
            type Output = Self;
            #[inline(always)]
            #[track_caller]
            fn $method(self, rhs: Self) -> Self {
                $crate::Scalar::$method(self, rhs)
            }
        }
        impl<$($generics)*> std::ops::$Trait<f64> for $Type {
            type Output = Self;
            #[inline(always)]
            #[track_caller]
            fn $method(self, rhs: f64) -> Self {
                $crate::Scalar::$with_c(self, rhs)
            }
        }
        impl<$($generics)*> std::ops::$Trait<$Type> for f64 {
            type Output = $Type;
            #[inline(always)]
            #[track_caller]
            fn $method(self, rhs: $Type) -> $Type {
                $crate::Scalar::$c_first(rhs, self)
            }
        }
        impl<$($generics)*> std::ops::$Assign for $Type {
            #[inline(always)]
            #[track_caller]
            fn $assign(&mut self, rhs: Self) {
                *self = $crate::Scalar::$method(*self, rhs);
            }
        }
        impl<$($generics)*> std::ops::$Assign<f64> for $Type {
            #[inline(always)]
            #[track_caller]
            fn $assign(&mut self, rhs: f64) {
                *self = $crate::Scalar::$with_c(*self, rhs);
            }
        }
    };
}
pub(crate) use operators;

/// Sums and products over references, as over values.
macro_rules! sums_of_references {
    ([$($generics:tt)*] $Type:ty) => {
        impl<'a, $($generics)*> std::iter::Sum<&'a $Type> for $Type {
            #[track_caller]
            fn sum<I: Iterator<Item = &'a $Type>>(iter: I) -> Self {
                iter.copied().sum()
            }
        }
        impl<'a, $($generics)*> std::iter::Product<&'a $Type> for $Type {
            #[track_caller]
            fn product<I: Iterator<Item = &'a $Type>>(iter: I) -> Self {
                iter.copied().product()
            }
        }
    };
}
pub(crate) use sums_of_references;

/// Implements the operators of a scalar by [`Scalar::apply`](crate::Scalar::apply).
macro_rules! operators_by_apply {
    ([$($generics:tt)*] $Type:ty) => {
        impl<$($generics)*> Neg for $Type {
            type Output = Self;
            #[track_caller]
            fn neg(self) -> Self {
                Self::apply(Op::Neg, NO_IMM, &[self])
            }
        }
        operators_by_apply! { [$($generics)*] $Type, Add add Op::Add }
        operators_by_apply! { [$($generics)*] $Type, Sub sub Op::Sub }
        operators_by_apply! { [$($generics)*] $Type, Mul mul Op::Mul }
        operators_by_apply! { [$($generics)*] $Type, Div div Op::Div }
    };
    ([$($generics:tt)*] $Type:ty, $Trait:ident $method:ident $op:expr) => {
        impl<$($generics)*> $Trait for $Type {
            type Output = Self;
            #[track_caller]
            fn $method(self, rhs: Self) -> Self {
                Self::apply($op, NO_IMM, &[self, rhs])
            }
        }
        impl<$($generics)*> $Trait<f64> for $Type {
            type Output = Self;
            #[track_caller]
            fn $method(self, rhs: f64) -> Self {
                Self::apply($op, NO_IMM, &[self, Self::constant(rhs)])
            }
        }
    };
}
pub(crate) use operators_by_apply;

/// Implements comparisons by the values alone, without the derivatives.
macro_rules! compared_by_value {
    ([$($generics:tt)*] $Type:ty) => {
        /// Compares values.
        impl<$($generics)*> PartialEq for $Type {
            fn eq(&self, other: &Self) -> bool {
                self.primal() == other.primal()
            }
        }
        /// Compares values.
        impl<$($generics)*> PartialOrd for $Type {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                self.primal().partial_cmp(&other.primal())
            }
        }
        /// Compares values.
        impl<$($generics)*> PartialEq<f64> for $Type {
            fn eq(&self, other: &f64) -> bool {
                self.primal() == *other
            }
        }
        /// Compares values.
        impl<$($generics)*> PartialOrd<f64> for $Type {
            fn partial_cmp(&self, other: &f64) -> Option<std::cmp::Ordering> {
                self.primal().partial_cmp(other)
            }
        }
    };
}
pub(crate) use compared_by_value;
