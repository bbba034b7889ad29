//! Functions of statistics that are written with ops, so that they keep the digits which the usual formulas lose.

use smallvec::SmallVec;

use crate::float;
use crate::scalar::Scalar;

/// The variance of a population: the mean of the squared deviations from the mean. That of a sample, which estimates the
/// variance of what the sample was taken from, is `n / (n - 1)` times as large:
///
/// ```
/// use wengert::variance;
///
/// let x: [f64; 5] = [1.0, 2.0, 3.0, 4.0, 5.0];
/// let n = x.len() as f64;
/// assert_eq!(variance(&x) * (n / (n - 1.0)), 2.5);
/// ```
///
/// The deviations are computed first, so a large mean costs no digits. The relative error is at most `(n + 2 sqrt(n) + 5) u` to
/// first order in `u = 2^-53`, for up to 2^24 numbers whose squares neither under- nor overflow. Of equal numbers it is exactly
/// 0, as is its gradient. NaN where a number is NaN or infinite.
///
/// The partial with respect to a number is `2/n` times its deviation, with an absolute error of at most `(n + 4) u` times
/// `2/n` times the range of the numbers.
///
/// Records `2 n + 4` nodes.
///
/// ```
/// use wengert::variance;
///
/// assert_eq!(variance(&[1e15 + 1.0, 1e15 + 2.0, 1e15 + 3.0, 1e15 + 4.0]), 1.25);
/// assert_eq!(wengert::gradient(|x| variance(x), &[1.0, 2.0, 3.0, 4.0]), [-0.75, -0.25, 0.25, 0.75]);
/// ```
///
/// # Panics
/// Where there are no numbers.
#[track_caller]
pub fn variance<T: Scalar>(xs: &[T]) -> T {
    let deviations = deviations(xs);
    T::dot(&deviations, &deviations) / xs.len() as f64
}

/// The deviations from the mean.
#[track_caller]
fn deviations<T: Scalar>(xs: &[T]) -> SmallVec<[T; 8]> {
    assert!(!xs.is_empty(), "a variance or standard deviation needs at least one number");
    // A number that is subtracted from all of them changes no derivative. This one makes the sums of equal numbers exact.
    let first = xs[0].detach();
    let shifted: SmallVec<[T; 8]> = xs.iter().map(|&x| x - first).collect();
    let mean = T::mean(&shifted);
    shifted.into_iter().map(|x| x - mean).collect()
}

/// The standard deviation of a population: the root of the [`variance`], as the norm of the deviations over the root of their
/// number. So nothing is squared, and it is right where the count of the numbers times their range is finite. Its relative
/// error is at most `(4 n + 8) u` to first order, for deviations that are not subnormal. Of equal numbers it is 0, as is its
/// gradient.
///
/// That of a sample is `sqrt(n / (n - 1))` times as large.
///
/// ```
/// use wengert::standard_deviation;
///
/// assert_eq!(standard_deviation(&[1.0, 1.0, 5.0, 5.0]), 2.0);
/// assert_eq!(standard_deviation(&[1e200, 1e200, 5e200, 5e200]), 2e200);
/// assert_eq!(wengert::gradient(|x| standard_deviation(x), &[0.1, 0.1, 0.1]), [0.0; 3]);
/// ```
///
/// # Panics
/// Where there are no numbers.
#[track_caller]
pub fn standard_deviation<T: Scalar>(xs: &[T]) -> T {
    let deviations = deviations(xs);
    // Where a number is infinite, a deviation is NaN; but the norm of an infinity and a NaN is infinite.
    T::norm(&deviations) / float::sqrt(xs.len() as f64) + T::mean(&deviations).flat()
}

/// The logarithm of the odds, `ln(p / (1 - p))`: the inverse of `sigmoid`. Accurate near 0, 1/2 and 1.
///
/// -inf at 0, inf at 1, NaN outside of `[0, 1]`.
///
/// ```
/// use wengert::logit;
///
/// assert_eq!([0.0, 0.5, 1.0].map(logit), [f64::NEG_INFINITY, 0.0, f64::INFINITY]);
/// let p = 0.5 + 1e-12;
/// assert!((logit(p) / (4.0 * (p - 0.5)) - 1.0).abs() < 1e-15);
/// ```
#[track_caller]
pub fn logit<T: Scalar>(p: T) -> T {
    // Here 2p - 1 is exact.
    let above = (p * 2.0 - 1.0).atanh() * 2.0;
    let below = p.ln() - (-p).ln_1p();
    p.less(T::constant(0.25)).select(below, above)
}
