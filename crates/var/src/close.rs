//! The comparisons with a tolerance that linear algebra asks for.

use approx::{AbsDiffEq, RelativeEq, UlpsEq};
use num_traits::ToPrimitive;

use crate::var::{Var, expressions};

impl Var {
    /// The value as a plain number. Leaves a guard: a replay must have the same bits.
    #[track_caller]
    pub(crate) fn read(self) -> f64 {
        expressions!(x = self => x.to_f64().unwrap_or(f64::NAN))
    }
}

/// Leaves a guard.
impl AbsDiffEq for Var {
    type Epsilon = Var;
    fn default_epsilon() -> Var {
        f64::EPSILON.into()
    }
    #[track_caller]
    fn abs_diff_eq(&self, other: &Var, epsilon: Var) -> bool {
        (*self - *other).abs() <= epsilon
    }
}

/// Leaves guards.
impl RelativeEq for Var {
    fn default_max_relative() -> Var {
        f64::EPSILON.into()
    }
    #[track_caller]
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
    #[track_caller]
    fn ulps_eq(&self, other: &Var, epsilon: Var, max_ulps: u32) -> bool {
        self.read().ulps_eq(&other.read(), epsilon.read(), max_ulps)
    }
}
