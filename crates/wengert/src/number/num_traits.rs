//! The traits of the crate `num_traits` for expressions, duals and series, so that code generic over
//! `num_traits::Float` works with them.
//!
//! Whatever turns a recorded value into a plain one (a comparison, a cast, a decoding) leaves a guard. So a
//! replay with another result is an error, not a wrong number.

use core::num::FpCategory;

use num_traits::{Float, FloatConst, FromPrimitive, Num, NumCast, One, ToPrimitive, Zero};

use crate::number::expr::Expr;
use crate::number::series::Series;
use crate::number::tracked;
use crate::op::Relation;
use crate::scalar::Scalar;
use crate::scalar::dual::Dual;

/// Reading a number as a plain one. An expression leaves a guard for it.
trait Observed: Scalar {
    tracked! {
        /// The value as a plain number. An expression leaves a guard: a replay in which the value has other bits is an
        /// error.
        fn read(self) -> f64 { self.primal() }
        /// Whether the value is NaN.
        fn reads_nan(self) -> bool { self.primal().is_nan() }
        /// Whether the sign bit of the value is clear.
        fn reads_positive(self) -> bool { self.primal().is_sign_positive() }
    }
}

impl<const N: usize> Observed for Dual<N> {}
impl<const K: usize> Observed for Series<K> {}

/// Each leaves a guard.
impl Observed for Expr<'_> {
    tracked! {
        fn read(self) -> f64 {
            let value = self.value();
            self.guarded(Relation::SameBits, Expr::constant(value));
            value
        }
        fn reads_nan(self) -> bool { self.guarded(Relation::Unordered, self) }
        fn reads_positive(self) -> bool { self.guarded(Relation::SameSign, Expr::constant(0.0)) }
    }
}

/// Functions that return a constant.
macro_rules! constants {
    ($($name:ident = $value:expr;)+) => {
        tracked! { $(fn $name() -> Self { Scalar::constant($value) })+ }
    };
}

/// Constants that the standard library has under the same names.
macro_rules! std_constants {
    ($($name:ident)+) => {
        constants! { $($name = core::f64::consts::$name;)+ }
    };
}

/// Methods that apply the op of the same name.
macro_rules! ops {
    ($($name:ident($($y:ident),*))+) => {$(
        #[track_caller]
        fn $name(self $(, $y: Self)*) -> Self {
            Scalar::$name(self $(, $y)*)
        }
    )+};
}

/// Implements the traits of `num_traits` for a number type of this crate.
macro_rules! numeric {
    ([$($generics:tt)*] $Type:ty) => {
        impl<$($generics)*> Zero for $Type {
            constants! { zero = 0.0; }
            tracked! { fn is_zero(&self) -> bool { *self == 0.0 } }
        }

        impl<$($generics)*> One for $Type {
            constants! { one = 1.0; }
        }

        impl<$($generics)*> Num for $Type {
            type FromStrRadixErr = <f64 as Num>::FromStrRadixErr;
            tracked! {
                fn from_str_radix(str: &str, radix: u32) -> Result<Self, Self::FromStrRadixErr> {
                    f64::from_str_radix(str, radix).map(Scalar::constant)
                }
            }
        }

        /// Casts read the value (for integers, its integer part). An expression leaves a guard.
        impl<$($generics)*> ToPrimitive for $Type {
            tracked! {
                fn to_i64(&self) -> Option<i64> { Scalar::trunc(*self).read().to_i64() }
                fn to_u64(&self) -> Option<u64> { Scalar::trunc(*self).read().to_u64() }
                fn to_i128(&self) -> Option<i128> { Scalar::trunc(*self).read().to_i128() }
                fn to_u128(&self) -> Option<u128> { Scalar::trunc(*self).read().to_u128() }
                fn to_f64(&self) -> Option<f64> { Some(Observed::read(*self)) }
                fn to_f32(&self) -> Option<f32> { Observed::read(*self).to_f32() }
            }
        }

        impl<$($generics)*> NumCast for $Type {
            fn from<T: ToPrimitive>(n: T) -> Option<Self> {
                n.to_f64().map(Scalar::constant)
            }
        }

        impl<$($generics)*> FromPrimitive for $Type {
            tracked! {
                fn from_i64(n: i64) -> Option<Self> { f64::from_i64(n).map(Scalar::constant) }
                fn from_u64(n: u64) -> Option<Self> { f64::from_u64(n).map(Scalar::constant) }
                fn from_f64(n: f64) -> Option<Self> { Some(Scalar::constant(n)) }
            }
        }

        /// `max` and `min` give NaN if either operand is NaN (IEEE 754-2019 maximum and minimum). So, unlike with
        /// `f64`, a fold that starts from NaN stays NaN.
        impl<$($generics)*> Float for $Type {
            constants! {
                nan = f64::NAN;
                infinity = f64::INFINITY;
                neg_infinity = f64::NEG_INFINITY;
                neg_zero = -0.0;
                min_value = f64::MIN;
                min_positive_value = f64::MIN_POSITIVE;
                epsilon = f64::EPSILON;
                max_value = f64::MAX;
            }

            ops! {
                floor() ceil() round() trunc() fract() abs() recip() sqrt() cbrt() exp() exp2() exp_m1()
                ln() ln_1p() log2() log10() sin() cos() tan() asin() acos() atan()
                sinh() cosh() tanh() asinh() acosh() atanh()
                max(other) min(other) hypot(other) atan2(other) copysign(sign) clamp(low, high) mul_add(a, b)
            }

            tracked! {
                fn is_nan(self) -> bool { self.reads_nan() }
                fn is_infinite(self) -> bool { Scalar::abs(self) == f64::INFINITY }
                fn is_finite(self) -> bool { Scalar::abs(self) < f64::INFINITY }
                fn is_normal(self) -> bool { self.classify() == FpCategory::Normal }
                fn is_sign_positive(self) -> bool { self.reads_positive() }
                fn is_sign_negative(self) -> bool { !Float::is_sign_positive(self) }
                fn classify(self) -> FpCategory {
                    if Float::is_nan(self) {
                        FpCategory::Nan
                    } else if Float::is_infinite(self) {
                        FpCategory::Infinite
                    } else if self.is_zero() {
                        FpCategory::Zero
                    } else if Scalar::abs(self) < f64::MIN_POSITIVE {
                        FpCategory::Subnormal
                    } else {
                        FpCategory::Normal
                    }
                }
                /// As `f64::signum`: 1 or -1 by the sign bit, NaN for NaN.
                fn signum(self) -> Self { Scalar::copysign(<$Type as Scalar>::constant(1.0), self) + self.flat() }
                fn powi(self, n: i32) -> Self { Scalar::powi(self, n) }
                fn powf(self, n: Self) -> Self { Scalar::pow(self, n) }
                fn log(self, base: Self) -> Self { Scalar::ln(self) / Scalar::ln(base) }
                fn abs_sub(self, other: Self) -> Self {
                    // 0 if both are the same infinity, NaN if either is NaN.
                    self.less_equal(other).select(<$Type as Scalar>::constant(0.0), self - other)
                }
                fn sin_cos(self) -> (Self, Self) { (Scalar::sin(self), Scalar::cos(self)) }
                fn to_degrees(self) -> Self { self * (180.0 / core::f64::consts::PI) }
                fn to_radians(self) -> Self { self * (core::f64::consts::PI / 180.0) }
                fn integer_decode(self) -> (u64, i16, i8) { Float::integer_decode(Observed::read(self)) }
            }
        }

        impl<$($generics)*> FloatConst for $Type {
            std_constants! {
                E FRAC_1_PI FRAC_1_SQRT_2 FRAC_2_PI FRAC_2_SQRT_PI FRAC_PI_2 FRAC_PI_3 FRAC_PI_4 FRAC_PI_6 FRAC_PI_8
                LN_10 LN_2 LOG10_E LOG2_E PI SQRT_2 TAU LOG10_2 LOG2_10
            }
        }
    };
}
numeric! { ['g] Expr<'g> }
numeric! { [const N: usize] Dual<N> }
numeric! { [const K: usize] Series<K> }
