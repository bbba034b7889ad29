//! The traits of numeric code for expressions, so that code generic over `num_traits::Float` can be recorded.
//!
//! Whatever turns a recorded value into a plain one (a comparison, a cast, a decoding) leaves a guard. So a
//! replay with another result is an error, not a wrong number.

use std::num::FpCategory;

use num_traits::{Float, FromPrimitive, Num, NumCast, One, ToPrimitive, Zero};

use crate::number::expr::Expr;
use crate::op::Relation;

impl Zero for Expr<'_> {
    #[track_caller]
    fn zero() -> Self {
        Expr::constant(0.0)
    }
    #[track_caller]
    fn is_zero(&self) -> bool {
        *self == 0.0
    }
}

impl One for Expr<'_> {
    #[track_caller]
    fn one() -> Self {
        Expr::constant(1.0)
    }
}

impl Num for Expr<'_> {
    type FromStrRadixErr = <f64 as Num>::FromStrRadixErr;
    #[track_caller]
    fn from_str_radix(str: &str, radix: u32) -> Result<Self, Self::FromStrRadixErr> {
        f64::from_str_radix(str, radix).map(Expr::constant)
    }
}

impl Expr<'_> {
    /// The value as a plain number. Leaves a guard that a replay has the same bits.
    #[track_caller]
    fn read(self) -> f64 {
        let value = self.value();
        self.guarded(Relation::SameBits, Expr::constant(value));
        value
    }
}

/// Casts read the value (for integers, its integer part) and leave a guard.
impl ToPrimitive for Expr<'_> {
    #[track_caller]
    fn to_i64(&self) -> Option<i64> {
        self.trunc().read().to_i64()
    }
    #[track_caller]
    fn to_u64(&self) -> Option<u64> {
        self.trunc().read().to_u64()
    }
    #[track_caller]
    fn to_i128(&self) -> Option<i128> {
        self.trunc().read().to_i128()
    }
    #[track_caller]
    fn to_u128(&self) -> Option<u128> {
        self.trunc().read().to_u128()
    }
    #[track_caller]
    fn to_f64(&self) -> Option<f64> {
        Some(self.read())
    }
    #[track_caller]
    fn to_f32(&self) -> Option<f32> {
        self.read().to_f32()
    }
}

impl NumCast for Expr<'_> {
    fn from<T: ToPrimitive>(n: T) -> Option<Self> {
        n.to_f64().map(Expr::constant)
    }
}

impl FromPrimitive for Expr<'_> {
    #[track_caller]
    fn from_i64(n: i64) -> Option<Self> {
        f64::from_i64(n).map(Expr::constant)
    }
    #[track_caller]
    fn from_u64(n: u64) -> Option<Self> {
        f64::from_u64(n).map(Expr::constant)
    }
    #[track_caller]
    fn from_f64(n: f64) -> Option<Self> {
        Some(Expr::constant(n))
    }
}

/// Functions that return a free constant.
macro_rules! constants {
    ($($name:ident = $value:expr;)+) => {$(
        #[track_caller]
        fn $name() -> Self {
            Expr::constant($value)
        }
    )+};
}

/// Methods that apply the op of the same name.
macro_rules! ops {
    ($($name:ident)+) => {$(
        #[track_caller]
        fn $name(self) -> Self {
            Expr::$name(self)
        }
    )+};
}

/// `max` and `min` give NaN where an operand is NaN (IEEE 754-2019 maximum and minimum). So a fold that starts
/// from NaN stays NaN, unlike with `f64`.
impl Float for Expr<'_> {
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
        floor ceil round trunc fract abs recip sqrt exp exp2 ln log2 log10 cbrt sin cos tan asin acos atan exp_m1 ln_1p
        sinh cosh tanh asinh acosh atanh
    }

    #[track_caller]
    fn is_nan(self) -> bool {
        self.guarded(Relation::Unordered, self)
    }
    #[track_caller]
    fn is_infinite(self) -> bool {
        self.abs() == f64::INFINITY
    }
    #[track_caller]
    fn is_finite(self) -> bool {
        self.abs() < f64::INFINITY
    }
    #[track_caller]
    fn is_normal(self) -> bool {
        self.classify() == FpCategory::Normal
    }
    #[track_caller]
    fn classify(self) -> FpCategory {
        if Float::is_nan(self) {
            FpCategory::Nan
        } else if Float::is_infinite(self) {
            FpCategory::Infinite
        } else if self.is_zero() {
            FpCategory::Zero
        } else if self.abs() < f64::MIN_POSITIVE {
            FpCategory::Subnormal
        } else {
            FpCategory::Normal
        }
    }
    #[track_caller]
    fn is_sign_positive(self) -> bool {
        self.guarded(Relation::SameSign, Expr::constant(0.0))
    }
    #[track_caller]
    fn is_sign_negative(self) -> bool {
        !Float::is_sign_positive(self)
    }

    /// As `f64::signum`: 1 or -1 by the sign bit, NaN for NaN.
    #[track_caller]
    fn signum(self) -> Self {
        Expr::constant(1.0).copysign(self) + self.flat()
    }
    #[track_caller]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Expr::mul_add(self, a, b)
    }
    #[track_caller]
    fn powi(self, n: i32) -> Self {
        Expr::powi(self, n)
    }
    #[track_caller]
    fn powf(self, n: Self) -> Self {
        self.pow(n)
    }
    #[track_caller]
    fn log(self, base: Self) -> Self {
        self.ln() / base.ln()
    }
    #[track_caller]
    fn max(self, other: Self) -> Self {
        Expr::max(self, other)
    }
    #[track_caller]
    fn min(self, other: Self) -> Self {
        Expr::min(self, other)
    }
    #[track_caller]
    fn clamp(self, low: Self, high: Self) -> Self {
        Expr::clamp(self, low, high)
    }
    #[track_caller]
    fn abs_sub(self, other: Self) -> Self {
        // 0 where they are equal infinities, NaN where either is.
        Expr::le(self, other).select(Expr::constant(0.0), self - other)
    }
    #[track_caller]
    fn hypot(self, other: Self) -> Self {
        Expr::hypot(self, other)
    }
    #[track_caller]
    fn atan2(self, other: Self) -> Self {
        Expr::atan2(self, other)
    }
    #[track_caller]
    fn sin_cos(self) -> (Self, Self) {
        (self.sin(), self.cos())
    }
    #[track_caller]
    fn copysign(self, sign: Self) -> Self {
        Expr::copysign(self, sign)
    }
    #[track_caller]
    fn to_degrees(self) -> Self {
        self * (180.0 / std::f64::consts::PI)
    }
    #[track_caller]
    fn to_radians(self) -> Self {
        self * (std::f64::consts::PI / 180.0)
    }
    #[track_caller]
    fn integer_decode(self) -> (u64, i16, i8) {
        Float::integer_decode(self.read())
    }
}
