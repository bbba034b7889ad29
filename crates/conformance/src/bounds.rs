//! The tolerances, and a tally of the numbers checked against them.
//!
//! The corpus gives with every number the first-order effect of a relative error
//! of 1 in every intermediate. If every op errs by a few [`U`], the error is a
//! small multiple of `U * bound`. The limits below are such multiples. An error
//! of 1e-13 in one derivative rule exceeds all of them.

use crate::dag::Expected;
use crate::ulp::{Exact, U};

/// A limit on errors, in units that depend on the number.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// The largest error allowed, in units.
    pub units: f64,
    /// The kind of number, for messages.
    pub what: &'static str,
}

/// Values of formulas, in `U * bound`.
pub const VALUE: Limit = limit(8.0, "value");
/// Gradients of formulas, in `U * bound`.
pub const GRADIENT: Limit = limit(4.0, "gradient");
/// Hessians of formulas, in `U * bound + 1e-13 / 64 * max|H|`.
pub const HESSIAN: Limit = limit(64.0, "hessian");
/// Values of single functions, in ulp.
pub const VALUE_ULP: Limit = limit(1.5, "value");
/// First partials of single functions, in ulp.
pub const FIRST_ULP: Limit = limit(4.0, "first partial");
/// Second partials of single functions, in ulp.
pub const SECOND_ULP: Limit = limit(8.0, "second partial");

/// Polygammas from order 3 on, in 1e-13 of the exact value.
pub const HIGH_POLYGAMMA: Limit = limit(1.0, "polygamma from order 3 on");

const fn limit(units: f64, what: &'static str) -> Limit {
    Limit { units, what }
}

/// The largest magnitude among expected numbers.
pub fn largest(numbers: &[Expected]) -> f64 {
    numbers.iter().fold(0.0, |most, n| n.exact.hi.abs().max(most))
}

impl Limit {
    /// The unit for the value or a component of the gradient of a formula.
    ///
    /// `largest` is the largest magnitude in the gradient: where the corpus has no
    /// bound, the whole limit is 1e-12 of it.
    pub fn unit(self, bound: f64, largest: f64) -> f64 {
        if bound < 0.0 { 1e-12 * largest / self.units } else { U * bound }
    }

    /// The unit for an entry of a Hessian whose largest magnitude is `largest`:
    /// without a bound the whole limit is 1e-11 of it.
    pub fn hessian_unit(self, bound: f64, largest: f64) -> f64 {
        if bound < 0.0 { 1e-11 * largest / self.units } else { U * bound + 1e-13 * largest / self.units }
    }
}

/// The numbers checked against one limit: their count, the worst, the failures.
#[derive(Debug)]
pub struct Tally {
    limit: Limit,
    /// The number of numbers checked.
    pub checked: usize,
    /// The largest error so far, in units.
    pub worst: f64,
    worst_at: String,
    failures: Vec<String>,
}

impl Tally {
    /// An empty tally.
    pub fn new(limit: Limit) -> Self {
        let worst_at = "nowhere".into();
        Self { limit, checked: 0, worst: 0.0, worst_at, failures: Vec::new() }
    }

    /// The limit checked against.
    pub fn limit(&self) -> Limit {
        self.limit
    }

    /// Checks one number of a formula, with its unit. Where the unit is 0, only an
    /// error of 0 passes.
    pub fn check(&mut self, at: impl Fn() -> String, actual: f64, exact: Exact, unit: f64) {
        let error = exact.error(actual).abs();
        let units = if error == 0.0 { 0.0 } else { error / unit };
        self.record(at, actual, exact, units);
    }

    /// Checks one number of a single function, in ulp.
    pub fn check_ulps(&mut self, at: impl Fn() -> String, actual: f64, exact: Exact) {
        self.record(at, actual, exact, exact.ulps(actual));
    }

    fn record(&mut self, at: impl Fn() -> String, actual: f64, exact: Exact, units: f64) {
        self.checked += 1;
        if units > self.worst || units.is_nan() {
            self.worst = units;
            self.worst_at = at();
        }
        // Written so that a NaN fails.
        if !matches!(units.partial_cmp(&self.limit.units), Some(o) if o.is_le()) {
            let Limit { units: limit, what } = self.limit;
            let (at, hi) = (at(), exact.hi);
            self.failures
                .push(format!("{at}: {what} {actual:e}, expected {hi:e}: off by {units:.3} units, {limit} allowed"));
        }
    }

    /// The failures so far, one line each.
    pub fn failures(&self) -> &[String] {
        &self.failures
    }

    /// One line with the count, the worst error and its place.
    pub fn summary(&self) -> String {
        let Self { limit, checked, worst, worst_at, failures } = self;
        let (what, allowed, failed) = (limit.what, limit.units, failures.len());
        format!("{what}: {checked} checked, {failed} failed, worst {worst:.3} of {allowed} ({worst_at})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(limit: Limit, actual: f64, exact: f64, unit: f64) -> Tally {
        let mut tally = Tally::new(limit);
        tally.check(|| "here".into(), actual, Exact::new(exact), unit);
        tally
    }

    #[test]
    fn a_limit_is_met_or_reported() {
        let unit = VALUE.unit(1.0, 0.0);
        assert!(check(VALUE, 1.0 + 8.0 * U, 1.0, unit).failures().is_empty());
        let failed = check(VALUE, 1.0 + 10.0 * U, 1.0, unit);
        assert!(failed.failures()[0].starts_with("here: value 1.000000000000001"));
        assert_eq!(failed.worst, 10.0);
        assert!(failed.summary().contains("1 checked, 1 failed, worst 10.000 of 8 (here)"));
    }

    #[test]
    fn nothing_slips_through_a_nan_or_a_unit_of_zero() {
        assert_eq!(check(VALUE, f64::NAN, 1.0, 1.0).failures().len(), 1);
        assert_eq!(check(VALUE, 1.0, 1.0, 0.0).failures().len(), 0);
        assert_eq!(check(VALUE, 1e-300, 0.0, 0.0).failures().len(), 1);
        assert_eq!(check(VALUE, 1.0, f64::NAN, 1.0).failures().len(), 1);
        assert_eq!(check(VALUE, f64::INFINITY, 1.0, f64::INFINITY).failures().len(), 1);
    }

    #[test]
    fn a_missing_bound_falls_back_to_the_largest() {
        assert_eq!(GRADIENT.unit(-1.0, 2.0) * GRADIENT.units, 2e-12);
        assert_eq!(HESSIAN.hessian_unit(-1.0, 2.0) * HESSIAN.units, 2e-11);
        let most = HESSIAN.hessian_unit(1.0, 2.0) * HESSIAN.units;
        assert!((most - (64.0 * U + 2e-13)).abs() < 1e-25);
    }
}
