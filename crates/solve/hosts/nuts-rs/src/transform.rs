//! Parameters with bounds, from numbers without.

use wengert::Real;

/// Which values a parameter can have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Support {
    /// All numbers.
    Real,
    /// Numbers above a bound: the bound plus `exp(u)`.
    Above(f64),
    /// Numbers below a bound: the bound minus `exp(u)`.
    Below(f64),
    /// Numbers between two bounds: the lower plus the difference times the logistic function of `u`.
    Between(f64, f64),
}

impl Support {
    /// Whether the bounds are finite and numbers lie between them. The difference of two bounds must be finite too.
    pub(crate) fn is_possible(self) -> bool {
        match self {
            Support::Real => true,
            Support::Above(bound) | Support::Below(bound) => bound.is_finite(),
            Support::Between(low, high) => low < high && (high - low).is_finite(),
        }
    }

    /// The parameter of an unconstrained number `u`, and the logarithm of its derivative by `u`. The transforms are
    /// those of Stan (Stan Reference Manual, Constraint Transforms).
    ///
    /// ```
    /// use wengert_nuts_rs::Support;
    ///
    /// assert_eq!(Support::Above(2.0).constrained(0.0), (3.0, 0.0));
    /// let (x, log_slope) = Support::Between(0.0, 4.0).constrained(0.0);
    /// assert!(x == 2.0 && log_slope.abs() < 1e-15); // the slope is 4 * 1/2 * 1/2
    /// ```
    pub fn constrained<T: Real>(self, u: T) -> (T, T) {
        match self {
            Support::Real => (u, T::constant(0.0)),
            Support::Above(low) => (u.exp() + low, u),
            Support::Below(high) => (T::constant(high) - u.exp(), u),
            Support::Between(low, high) => {
                let slope = T::constant((high - low).ln()) - u.softplus() - (-u).softplus();
                (u.sigmoid() * (high - low) + low, slope)
            }
        }
    }
}
