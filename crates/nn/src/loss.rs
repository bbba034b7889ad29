//! Losses: what training makes small. Each is a mean over examples, over any scalar. Read `train`
//! next.

use smallvec::SmallVec;
use wengert::Scalar;

/// The max-margin loss of a classifier whose classes are -1 and 1: the mean over the examples of
/// `relu(1 - target * score)`, 0 once every score is on its side by 1 or more.
///
/// # Panics
/// Where there are no examples, or not as many targets as scores.
#[track_caller]
pub fn max_margin<T: Scalar>(scores: &[T], targets: &[T]) -> T {
    mean(scores, targets, |score, target| (-target * score + 1.0).relu())
}

/// The mean over the examples of `(output - target)^2`.
///
/// # Panics
/// Where there are no examples, or not as many targets as outputs.
#[track_caller]
pub fn squared_error<T: Scalar>(outputs: &[T], targets: &[T]) -> T {
    mean(outputs, targets, |output, target| (output - target).powi(2))
}

/// The cross-entropy of one example: minus the logarithm of the probability that the softmax of
/// the logits gives to the right class, as `softplus(d)` of how far the other classes' `logsumexp` is
/// above the right logit. So no logit is too large, and small losses and slopes keep their digits, where
/// `logsumexp - logit` would cancel.
///
/// An infinite logit gives the limit: 0 where the right one is `inf`, `inf` where it is `-inf` or another
/// is `inf`; a class of `-inf` is no class. Where both sides of `d` are the same infinity, NaN.
///
/// The class is a plain number: in a loss that is compiled ([`Way::Compiled`](crate::Way::Compiled)),
/// the class of one example would be that of all. Let the example say it by a 1 among zeros, and take
/// [`shared_cross_entropy`].
///
/// ```
/// let loss = wengert_nn::cross_entropy(&[100.0, 0.0], 0);
/// assert!((loss / 3.720075976020836e-44 - 1.0).abs() < 1e-15);
/// ```
///
/// # Panics
/// Where there is no logit of that class.
#[track_caller]
pub fn cross_entropy<T: Scalar>(logits: &[T], class: usize) -> T {
    assert!(
        class < logits.len(),
        "class {class} has no logit among {}",
        logits.len()
    );
    let others: SmallVec<[T; 16]> = logits[..class].iter().chain(&logits[class + 1..]).copied().collect();
    if others.is_empty() {
        // The only class has the probability 1, unless its logit is NaN.
        return logits[class].flat();
    }
    (T::logsumexp(&others) - logits[class]).softplus()
}

/// The cross-entropy of one example whose classes are given by how much of it belongs to each: 1
/// for the right class and 0 for the others, or any shares that add up to 1. What
/// [`cross_entropy`] is where the class is not known while recording, but for the digits that
/// `logsumexp` minus the shared logits cancels: the error is one of the largest logit.
///
/// A share of 0 asks nothing of its logit, which may be `-inf`. A share of a logit of `-inf`, or a logit of
/// `inf` without one, gives `inf`; a share of a logit of `inf`, NaN.
///
/// # Panics
/// Where there are not as many shares as logits, or none.
#[track_caller]
pub fn shared_cross_entropy<T: Scalar>(logits: &[T], shares: &[T]) -> T {
    assert_eq!(logits.len(), shares.len(), "logits, and shares");
    T::logsumexp(logits) - total(logits.iter().zip(shares).map(|(&logit, &share)| share.gmul(logit)))
}

/// The sum of squares of the parameters times `strength`, to be added to a loss so that
/// parameters stay small. A strength of 0 is no penalty, however large the parameters are.
pub fn l2<T: Scalar>(parameters: &[T], strength: f64) -> T {
    if strength == 0.0 {
        return T::constant(0.0);
    }
    total(parameters.iter().map(|&p| p * p)) * strength
}

#[track_caller]
fn mean<T: Scalar>(given: &[T], targets: &[T], loss: impl Fn(T, T) -> T) -> T {
    assert!(!given.is_empty(), "a loss needs at least one example");
    assert_eq!(given.len(), targets.len(), "outputs, and targets");
    total(given.iter().zip(targets).map(|(&x, &y)| loss(x, y))) * (1.0 / given.len() as f64)
}

/// The sum from left to right: bit by bit what one op `sum` gives, without a list.
pub(crate) fn total<T: Scalar>(terms: impl Iterator<Item = T>) -> T {
    terms.reduce(|sum, term| sum + term).unwrap_or(T::constant(0.0))
}
