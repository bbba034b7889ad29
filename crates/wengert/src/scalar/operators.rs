//! The operators of this crate's numbers, and what duals and series share.

/// Implements the operators between two numbers of a type, with `f64` on either side, by reference, and with
/// assignment. They call the methods of [`Scalar`](crate::Scalar). A constant operand becomes an immediate. Sums and
/// products over references are those over values.
macro_rules! operators {
    (@one [$($generics:tt)*] $Trait:ident $method:ident($x:ident: $Left:ty, $y:ident: $Right:ty) -> $Type:ty { $result:expr }) => {
        impl<$($generics)*> core::ops::$Trait<$Right> for $Left {
            type Output = $Type;
            #[inline(always)]
            #[track_caller]
            fn $method(self, $y: $Right) -> $Type {
                let $x = self;
                $result
            }
        }
    };
    (@assign [$($generics:tt)*] $Type:ty, $Right:ty, $Trait:ident $method:ident $Assign:ident $assign:ident) => {
        impl<$($generics)*> core::ops::$Assign<$Right> for $Type {
            #[inline(always)]
            #[track_caller]
            fn $assign(&mut self, rhs: $Right) {
                *self = core::ops::$Trait::$method(*self, rhs);
            }
        }
    };
    (@all $generics:tt $Type:ty, $Trait:ident $method:ident $Assign:ident $assign:ident, |$x:ident, $c:ident| $with_c:expr, $c_first:expr) => {
        operators! { @one $generics $Trait $method(x: $Type, y: $Type) -> $Type { $crate::Scalar::$method(x, y) } }
        operators! { @one $generics $Trait $method($x: $Type, $c: f64) -> $Type { $with_c } }
        operators! { @one $generics $Trait $method($c: f64, $x: $Type) -> $Type { $c_first } }
        operators! { @one $generics $Trait $method(x: $Type, y: &$Type) -> $Type { core::ops::$Trait::$method(x, *y) } }
        operators! { @one $generics $Trait $method(x: &$Type, y: $Type) -> $Type { core::ops::$Trait::$method(*x, y) } }
        operators! { @one $generics $Trait $method(x: &$Type, y: &$Type) -> $Type { core::ops::$Trait::$method(*x, *y) } }
        operators! { @one $generics $Trait $method(x: &$Type, c: f64) -> $Type { core::ops::$Trait::$method(*x, c) } }
        operators! { @one $generics $Trait $method(c: f64, x: &$Type) -> $Type { core::ops::$Trait::$method(c, *x) } }
        operators! { @assign $generics $Type, $Type, $Trait $method $Assign $assign }
        operators! { @assign $generics $Type, &$Type, $Trait $method $Assign $assign }
        operators! { @assign $generics $Type, f64, $Trait $method $Assign $assign }
    };
    (@neg [$($generics:tt)*] $Type:ty, $Operand:ty, |$x:ident| $value:expr) => {
        impl<$($generics)*> core::ops::Neg for $Operand {
            type Output = $Type;
            #[inline(always)]
            #[track_caller]
            fn neg(self) -> $Type {
                let $x = self;
                $crate::Scalar::neg($value)
            }
        }
    };
    (@over_references [$($generics:tt)*] $Type:ty, $Trait:ident $method:ident) => {
        impl<'a, $($generics)*> core::iter::$Trait<&'a $Type> for $Type {
            #[track_caller]
            fn $method<I: Iterator<Item = &'a $Type>>(iter: I) -> Self {
                iter.copied().$method()
            }
        }
    };
    ($generics:tt $Type:ty) => {
        operators! { @neg $generics $Type, $Type, |x| x }
        operators! { @neg $generics $Type, &$Type, |x| *x }
        operators! { @all $generics $Type, Add add AddAssign add_assign, |x, c| $crate::Scalar::add_c(x, c), $crate::Scalar::add_c(x, c) }
        operators! { @all $generics $Type, Sub sub SubAssign sub_assign, |x, c| $crate::Scalar::sub_c(x, c), $crate::Scalar::c_sub(x, c) }
        operators! { @all $generics $Type, Mul mul MulAssign mul_assign, |x, c| $crate::Scalar::mul_c(x, c), $crate::Scalar::mul_c(x, c) }
        operators! { @all $generics $Type, Div div DivAssign div_assign, |x, c| $crate::Scalar::div_c(x, c), $crate::Scalar::c_div(x, c) }
        operators! { @all $generics $Type, Rem rem RemAssign rem_assign, |x, c| x % <$Type>::from(c), <$Type>::from(c) % x }
        operators! { @over_references $generics $Type, Sum sum }
        operators! { @over_references $generics $Type, Product product }
    };
}
pub(crate) use operators;

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

/// Implements for a type of numbers that are not recorded: the ops as methods, operators, sums and products from left
/// to right, and comparisons by the values alone. The type has a function `new` that makes a constant.
macro_rules! define_number {
    (
        [$($generics:tt)*] $Type:ty;
        ops { $($(#[doc = $doc:literal])+ $vis:vis $Op:ident = $name:ident($x:ident $(, $y:ident)* $(; $($k:ident: $kind:ident),+)?) -> $r:ident, $cost:ident $form:ident $symbol:literal, $value:block, $bar:ident => [$($pull:expr),*];)+ }
        $($rest:tt)+
    ) => {
        /// The ops, one method each. An operand may be a number: `x.max(0.0)`.
        #[allow(clippy::should_implement_trait, reason = "the operators are implemented too, under the same names")]
        impl<$($generics)*> $Type {
            $($(#[doc = $doc])+
            #[inline(always)]
            #[allow(dead_code, reason = "helpers are methods of `Scalar`")]
            $vis fn $name(self $(, $y: impl Into<Self>)* $($(, $k: f64)+)?) -> Self {
                Scalar::$name(self $(, $y.into())* $($(, $k)+)?)
            })+

            /// `x` to the integer power `n`. All derivatives are exact, also at 0.
            #[inline(always)]
            pub fn powi(self, n: i32) -> Self {
                Scalar::powi(self, n)
            }

            /// `x` to the constant power `p`.
            #[inline(always)]
            pub fn powf(self, p: f64) -> Self {
                Scalar::powf(self, p)
            }

            /// `min(max(x, low), high)`.
            #[inline(always)]
            pub fn clamp(self, low: impl Into<Self>, high: impl Into<Self>) -> Self {
                Scalar::clamp(self, low.into(), high.into())
            }
        }

        operators! { [$($generics)*] $Type }

        impl<$($generics)*> From<f64> for $Type {
            #[inline(always)]
            fn from(value: f64) -> Self {
                Self::new(value)
            }
        }
        impl<$($generics)*> core::iter::Sum for $Type {
            fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
                iter.fold(Self::new(0.0), |sum, x| sum + x)
            }
        }
        impl<$($generics)*> core::iter::Product for $Type {
            fn product<I: Iterator<Item = Self>>(iter: I) -> Self {
                iter.fold(Self::new(1.0), |product, x| product * x)
            }
        }
        /// Compares values.
        impl<$($generics)*> PartialEq for $Type {
            fn eq(&self, other: &Self) -> bool {
                self.primal() == other.primal()
            }
        }
        /// Compares values.
        impl<$($generics)*> PartialOrd for $Type {
            fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
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
            fn partial_cmp(&self, other: &f64) -> Option<core::cmp::Ordering> {
                self.primal().partial_cmp(other)
            }
        }
    };
}
pub(crate) use define_number;
