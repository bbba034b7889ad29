//! The traits of numeric code for [`Var`].

use approx::{AbsDiffEq, RelativeEq, UlpsEq};
use num_traits::{Float, FromPrimitive, Num, One, Signed, ToPrimitive, Zero};

use crate::var::Var;

impl Zero for Var {
    fn zero() -> Var {
        0.0.into()
    }
    /// Leaves a guard.
    fn is_zero(&self) -> bool {
        *self == 0.0
    }
}

impl One for Var {
    fn one() -> Var {
        1.0.into()
    }
}

impl Num for Var {
    type FromStrRadixErr = <f64 as Num>::FromStrRadixErr;
    fn from_str_radix(text: &str, radix: u32) -> Result<Var, Self::FromStrRadixErr> {
        f64::from_str_radix(text, radix).map(Var::from)
    }
}

impl FromPrimitive for Var {
    fn from_i64(n: i64) -> Option<Var> {
        f64::from_i64(n).map(Var::from)
    }
    fn from_u64(n: u64) -> Option<Var> {
        f64::from_u64(n).map(Var::from)
    }
    fn from_f64(n: f64) -> Option<Var> {
        Some(n.into())
    }
}

impl Var {
    /// The value as a plain number. Leaves a guard: a replay must have the same bits.
    pub(crate) fn read(self) -> f64 {
        self.with(|x| x.to_f64().unwrap_or(f64::NAN))
    }
}

impl Signed for Var {
    fn abs(&self) -> Var {
        Var::abs(*self)
    }
    fn abs_sub(&self, other: &Var) -> Var {
        self.zip(*other, |x, y| Float::abs_sub(x, y))
    }
    /// 1 or -1 by the sign bit, NaN for NaN.
    fn signum(&self) -> Var {
        self.map(|x| x.signum())
    }
    /// Leaves a guard.
    fn is_positive(&self) -> bool {
        self.with(|x| x.is_sign_positive())
    }
    /// Leaves a guard.
    fn is_negative(&self) -> bool {
        self.with(|x| x.is_sign_negative())
    }
}

/// Leaves a guard.
impl AbsDiffEq for Var {
    type Epsilon = Var;
    fn default_epsilon() -> Var {
        f64::EPSILON.into()
    }
    fn abs_diff_eq(&self, other: &Var, epsilon: Var) -> bool {
        (*self - *other).abs() <= epsilon
    }
}

/// Leaves guards.
impl RelativeEq for Var {
    fn default_max_relative() -> Var {
        f64::EPSILON.into()
    }
    fn relative_eq(&self, other: &Var, epsilon: Var, max_relative: Var) -> bool {
        if self == other {
            return true;
        }
        let (difference, [x, y]) = ((*self - *other).abs(), [*self, *other].map(Var::abs));
        // A finite number is not close to an infinite one, whatever the tolerance.
        difference < f64::INFINITY && (difference <= epsilon || difference <= x.max(y) * max_relative)
    }
}

/// Leaves guards: a replay must have the same bits.
impl UlpsEq for Var {
    fn default_max_ulps() -> u32 {
        f64::default_max_ulps()
    }
    fn ulps_eq(&self, other: &Var, epsilon: Var, max_ulps: u32) -> bool {
        self.read().ulps_eq(&other.read(), epsilon.read(), max_ulps)
    }
}
