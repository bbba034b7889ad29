//! The traits of `num_traits` for [`Var`], with the guards that they leave on expressions.

use std::f64::consts;
use std::num::FpCategory;

use num_traits::{
    Bounded, Float, FloatConst, FromPrimitive, Inv, MulAdd, MulAddAssign, Num, NumCast, One, Pow, Signed, ToPrimitive,
    Zero,
};
use wengert::Scalar;

use crate::var::{Var, expressions};

/// Functions that return a constant.
macro_rules! constants {
    ($($name:ident = $value:expr;)+) => {$(
        fn $name() -> Var {
            $value.into()
        }
    )+};
}

/// Methods that apply the op of the same name.
macro_rules! ops {
    ($($name:ident($($y:ident),*))+) => {$(
        #[track_caller]
        fn $name(self $(, $y: Var)*) -> Var {
            Scalar::$name(self $(, $y)*)
        }
    )+};
}

impl Zero for Var {
    constants! { zero = 0.0; }
    /// Leaves a guard.
    #[track_caller]
    fn is_zero(&self) -> bool {
        *self == 0.0
    }
}

impl One for Var {
    constants! { one = 1.0; }
}

/// 0.
impl Default for Var {
    fn default() -> Var {
        Var::zero()
    }
}

impl Num for Var {
    type FromStrRadixErr = <f64 as Num>::FromStrRadixErr;
    fn from_str_radix(text: &str, radix: u32) -> Result<Var, Self::FromStrRadixErr> {
        f64::from_str_radix(text, radix).map(Into::into)
    }
}

impl Bounded for Var {
    constants! {
        min_value = f64::MIN;
        max_value = f64::MAX;
    }
}

impl FromPrimitive for Var {
    fn from_i64(n: i64) -> Option<Var> {
        f64::from_i64(n).map(Into::into)
    }
    fn from_u64(n: u64) -> Option<Var> {
        f64::from_u64(n).map(Into::into)
    }
    fn from_i128(n: i128) -> Option<Var> {
        f64::from_i128(n).map(Into::into)
    }
    fn from_u128(n: u128) -> Option<Var> {
        f64::from_u128(n).map(Into::into)
    }
    fn from_f64(n: f64) -> Option<Var> {
        Some(n.into())
    }
}

/// Casts read the value, for integers its integer part. They leave a guard.
macro_rules! casts {
    ($($name:ident -> $Plain:ty;)+) => {$(
        #[track_caller]
        fn $name(&self) -> Option<$Plain> {
            expressions!(x = *self => x.$name())
        }
    )+};
}
impl ToPrimitive for Var {
    casts! {
        to_i64 -> i64;
        to_u64 -> u64;
        to_i128 -> i128;
        to_u128 -> u128;
        to_f32 -> f32;
        to_f64 -> f64;
    }
}

/// A number of another kind becomes a constant; so does a `Var`, which leaves a guard. To keep the derivative, use the
/// `Var` itself.
impl NumCast for Var {
    #[track_caller]
    fn from<T: ToPrimitive>(n: T) -> Option<Var> {
        n.to_f64().map(Into::into)
    }
}

/// Questions about a number. They leave a guard.
macro_rules! questions {
    ($($name:ident -> $Answer:ty;)+) => {$(
        #[track_caller]
        fn $name(self) -> $Answer {
            expressions!(x = self => Float::$name(x))
        }
    )+};
}

/// `max` and `min` give NaN if either operand is NaN (IEEE 754-2019 maximum and minimum). So, unlike with `f64`, a fold
/// that starts from NaN stays NaN.
impl Float for Var {
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

    questions! {
        is_nan -> bool;
        is_infinite -> bool;
        is_finite -> bool;
        is_normal -> bool;
        is_sign_positive -> bool;
        is_sign_negative -> bool;
        classify -> FpCategory;
        integer_decode -> (u64, i16, i8);
    }

    #[track_caller]
    fn signum(self) -> Var {
        Signed::signum(&self)
    }
    #[track_caller]
    fn powi(self, n: i32) -> Var {
        Scalar::powi(self, n)
    }
    #[track_caller]
    fn powf(self, n: Var) -> Var {
        Scalar::pow(self, n)
    }
    #[track_caller]
    fn log(self, base: Var) -> Var {
        self.ln() / base.ln()
    }
    #[track_caller]
    fn abs_sub(self, other: Var) -> Var {
        Signed::abs_sub(&self, &other)
    }
    #[track_caller]
    fn sin_cos(self) -> (Var, Var) {
        (self.sin(), self.cos())
    }
    #[track_caller]
    fn to_degrees(self) -> Var {
        self * (180.0 / consts::PI)
    }
    #[track_caller]
    fn to_radians(self) -> Var {
        self * (consts::PI / 180.0)
    }
}

/// Constants that the standard library has under the same names.
macro_rules! std_constants {
    ($($name:ident)+) => {
        constants! { $($name = consts::$name;)+ }
    };
}
impl FloatConst for Var {
    std_constants! {
        E FRAC_1_PI FRAC_1_SQRT_2 FRAC_2_PI FRAC_2_SQRT_PI FRAC_PI_2 FRAC_PI_3 FRAC_PI_4 FRAC_PI_6 FRAC_PI_8
        LN_10 LN_2 LOG10_E LOG2_E PI SQRT_2 TAU LOG10_2 LOG2_10
    }
}

impl Pow<Var> for Var {
    type Output = Var;
    #[track_caller]
    fn pow(self, n: Var) -> Var {
        Scalar::pow(self, n)
    }
}

impl Pow<f64> for Var {
    type Output = Var;
    #[track_caller]
    fn pow(self, n: f64) -> Var {
        Scalar::powf(self, n)
    }
}

impl Pow<i32> for Var {
    type Output = Var;
    #[track_caller]
    fn pow(self, n: i32) -> Var {
        Scalar::powi(self, n)
    }
}

impl Inv for Var {
    type Output = Var;
    #[track_caller]
    fn inv(self) -> Var {
        self.recip()
    }
}

impl MulAdd for Var {
    type Output = Var;
    #[track_caller]
    fn mul_add(self, a: Var, b: Var) -> Var {
        Scalar::mul_add(self, a, b)
    }
}

impl MulAddAssign for Var {
    #[track_caller]
    fn mul_add_assign(&mut self, a: Var, b: Var) {
        *self = Scalar::mul_add(*self, a, b);
    }
}

impl Signed for Var {
    #[track_caller]
    fn abs(&self) -> Var {
        Var::abs(*self)
    }
    #[track_caller]
    fn abs_sub(&self, other: &Var) -> Var {
        expressions!(x = *self, y = *other => Var::of(Float::abs_sub(x, y)))
    }
    /// 1 or -1 by the sign bit, NaN for NaN.
    #[track_caller]
    fn signum(&self) -> Var {
        expressions!(x = *self => Var::of(x.signum()))
    }
    /// Leaves a guard.
    #[track_caller]
    fn is_positive(&self) -> bool {
        expressions!(x = *self => x.is_sign_positive())
    }
    /// Leaves a guard.
    #[track_caller]
    fn is_negative(&self) -> bool {
        expressions!(x = *self => x.is_sign_negative())
    }
}
