//! The traits of linear algebra for [`Var`]: a real field with one lane.

use std::f64::consts;

use super::simba::scalar::{ComplexField, Field, RealField, SubsetOf};
use super::simba::simd::{PrimitiveSimdValue, SimdValue};
use num_traits::{Float, Signed, Zero};
use wengert::Scalar;

use crate::var::{Var, expressions};

impl SubsetOf<Var> for Var {
    fn to_superset(&self) -> Var {
        *self
    }
    fn from_superset_unchecked(element: &Var) -> Var {
        *element
    }
    fn is_in_subset(_: &Var) -> bool {
        true
    }
}

/// Plain numbers become constants. The conversion back reads the value and leaves a guard.
macro_rules! plain_numbers {
    ($($Plain:ty)+) => {$(
        impl SubsetOf<Var> for $Plain {
            fn to_superset(&self) -> Var {
                f64::from(*self).into()
            }
            #[track_caller]
            fn from_superset_unchecked(element: &Var) -> $Plain {
                element.read() as $Plain
            }
            fn is_in_subset(_: &Var) -> bool {
                true
            }
        }
    )+};
}
plain_numbers! { f32 f64 }

#[allow(unsafe_code, reason = "the trait declares two methods unsafe; here they are as safe as the others")]
impl SimdValue for Var {
    const LANES: usize = 1;
    type Element = Var;
    type SimdBool = bool;

    fn splat(value: Var) -> Var {
        value
    }
    #[track_caller]
    fn extract(&self, lane: usize) -> Var {
        assert_eq!(lane, 0, "a Var has one lane");
        *self
    }
    unsafe fn extract_unchecked(&self, _: usize) -> Var {
        *self
    }
    #[track_caller]
    fn replace(&mut self, lane: usize, value: Var) {
        assert_eq!(lane, 0, "a Var has one lane");
        *self = value;
    }
    unsafe fn replace_unchecked(&mut self, _: usize, value: Var) {
        *self = value;
    }
    fn select(self, condition: bool, other: Var) -> Var {
        if condition { self } else { other }
    }
}

impl PrimitiveSimdValue for Var {}

impl Field for Var {}

/// Methods that apply the op of the same name.
macro_rules! ops {
    ($($name:ident)+) => {$(
        #[track_caller]
        fn $name(self) -> Var {
            Var::$name(self)
        }
    )+};
}

/// Methods that return the number itself.
macro_rules! itself {
    ($($name:ident)+) => {$(
        fn $name(self) -> Var {
            self
        }
    )+};
}

/// Functions that return a constant.
macro_rules! constants {
    ($($name:ident = $value:expr;)+) => {$(
        fn $name() -> Var {
            $value.into()
        }
    )+};
}

impl ComplexField for Var {
    type RealField = Var;

    itself! { real conjugate }

    ops! {
        floor ceil round trunc fract abs recip sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh
        ln ln_1p log2 log10 exp exp2 exp_m1 sqrt cbrt
    }

    fn from_real(re: Var) -> Var {
        re
    }
    fn imaginary(self) -> Var {
        Var::zero()
    }
    #[track_caller]
    fn modulus(self) -> Var {
        self.abs()
    }
    #[track_caller]
    fn modulus_squared(self) -> Var {
        self * self
    }
    #[track_caller]
    fn norm1(self) -> Var {
        self.abs()
    }
    /// Leaves a guard.
    #[track_caller]
    fn argument(self) -> Var {
        if self >= 0.0 { Var::zero() } else { Var::pi() }
    }
    #[track_caller]
    fn scale(self, factor: Var) -> Var {
        self * factor
    }
    #[track_caller]
    fn unscale(self, factor: Var) -> Var {
        self / factor
    }
    /// Leaves a guard.
    #[track_caller]
    fn to_exp(self) -> (Var, Var) {
        if self >= 0.0 { (self, 1.0.into()) } else { (-self, (-1.0).into()) }
    }
    #[track_caller]
    fn signum(self) -> Var {
        Signed::signum(&self)
    }
    #[track_caller]
    fn mul_add(self, a: Var, b: Var) -> Var {
        Var::mul_add(self, a, b)
    }
    #[track_caller]
    fn hypot(self, other: Var) -> Var {
        Var::hypot(self, other)
    }
    #[track_caller]
    fn sin_cos(self) -> (Var, Var) {
        (self.sin(), self.cos())
    }
    #[track_caller]
    fn log(self, base: Var) -> Var {
        self.ln() / base.ln()
    }
    #[track_caller]
    fn powi(self, n: i32) -> Var {
        Var::powi(self, n)
    }
    #[track_caller]
    fn powf(self, n: Var) -> Var {
        Scalar::pow(self, n)
    }
    #[track_caller]
    fn powc(self, n: Var) -> Var {
        Scalar::pow(self, n)
    }
    /// Leaves a guard.
    #[track_caller]
    fn is_finite(&self) -> bool {
        expressions!(x = *self => x.is_finite())
    }
    /// Leaves a guard.
    #[track_caller]
    fn try_sqrt(self) -> Option<Var> {
        (self >= 0.0).then(|| self.sqrt())
    }
}

impl RealField for Var {
    constants! {
        pi = consts::PI;
        two_pi = consts::TAU;
        frac_pi_2 = consts::FRAC_PI_2;
        frac_pi_3 = consts::FRAC_PI_3;
        frac_pi_4 = consts::FRAC_PI_4;
        frac_pi_6 = consts::FRAC_PI_6;
        frac_pi_8 = consts::FRAC_PI_8;
        frac_1_pi = consts::FRAC_1_PI;
        frac_2_pi = consts::FRAC_2_PI;
        frac_2_sqrt_pi = consts::FRAC_2_SQRT_PI;
        e = consts::E;
        log2_e = consts::LOG2_E;
        log10_e = consts::LOG10_E;
        ln_2 = consts::LN_2;
        ln_10 = consts::LN_10;
    }

    /// Leaves a guard.
    #[track_caller]
    fn is_sign_positive(&self) -> bool {
        Signed::is_positive(self)
    }
    /// Leaves a guard.
    #[track_caller]
    fn is_sign_negative(&self) -> bool {
        Signed::is_negative(self)
    }
    #[track_caller]
    fn copysign(self, sign: Var) -> Var {
        Var::copysign(self, sign)
    }
    /// NaN where either is: IEEE 754-2019's maximum.
    #[track_caller]
    fn max(self, other: Var) -> Var {
        Var::max(self, other)
    }
    /// NaN where either is: IEEE 754-2019's minimum.
    #[track_caller]
    fn min(self, other: Var) -> Var {
        Var::min(self, other)
    }
    #[track_caller]
    fn clamp(self, low: Var, high: Var) -> Var {
        Var::clamp(self, low, high)
    }
    #[track_caller]
    fn atan2(self, other: Var) -> Var {
        Var::atan2(self, other)
    }
    fn min_value() -> Option<Var> {
        Some(f64::MIN.into())
    }
    fn max_value() -> Option<Var> {
        Some(f64::MAX.into())
    }
}
