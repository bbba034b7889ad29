//! Losses: what training makes small. Each is a mean over examples, over any scalar. Read `train`
//! next.

use wengert::Scalar;

/// The max-margin loss of a classifier whose classes are -1 and 1: the mean over the examples of
/// `relu(1 - target * score)`, 0 once every score is on its side by 1 or more.
///
/// # Panics
/// Where there are no examples, or not as many targets as scores.
pub fn max_margin<T: Scalar>(scores: &[T], targets: &[T]) -> T {
    mean(scores, targets, |score, target| (-target * score + 1.0).relu())
}

/// The mean over the examples of `(output - target)^2`.
///
/// # Panics
/// Where there are no examples, or not as many targets as outputs.
pub fn squared_error<T: Scalar>(outputs: &[T], targets: &[T]) -> T {
    mean(outputs, targets, |output, target| (output - target).powi(2))
}

/// The cross-entropy of one example: minus the logarithm of the probability that the softmax of
/// the logits gives to the right class. By `logsumexp`, so that no logit is too large.
///
/// The class is a plain number: in a loss that is compiled ([`Way::Compiled`](crate::Way::Compiled)),
/// the class of one example would be that of all. Let the example say it by a 1 among zeros, and take
/// [`shared_cross_entropy`].
///
/// # Panics
/// Where there is no logit of that class.
pub fn cross_entropy<T: Scalar>(logits: &[T], class: usize) -> T {
    T::logsumexp(logits) - logits[class]
}

/// The cross-entropy of one example whose classes are given by how much of it belongs to each: 1
/// for the right class and 0 for the others, or any shares that add up to 1. What
/// [`cross_entropy`] is where the class is not known while recording.
///
/// # Panics
/// Where there are not as many shares as logits.
pub fn shared_cross_entropy<T: Scalar>(logits: &[T], shares: &[T]) -> T {
    assert_eq!(logits.len(), shares.len(), "logits, and shares");
    T::logsumexp(logits) - total(logits.iter().zip(shares).map(|(&logit, &share)| share * logit))
}

/// The sum of squares of the parameters times `strength`, to be added to a loss so that
/// parameters stay small.
pub fn l2<T: Scalar>(parameters: &[T], strength: f64) -> T {
    total(parameters.iter().map(|&p| p * p)) * strength
}

fn mean<T: Scalar>(given: &[T], targets: &[T], loss: impl Fn(T, T) -> T) -> T {
    assert!(!given.is_empty(), "a loss needs at least one example");
    assert_eq!(given.len(), targets.len(), "outputs, and targets");
    total(given.iter().zip(targets).map(|(&x, &y)| loss(x, y))) * (1.0 / given.len() as f64)
}

/// The sum from left to right: bit by bit what one op `sum` gives, without a list.
pub(crate) fn total<T: Scalar>(terms: impl Iterator<Item = T>) -> T {
    terms.reduce(|sum, term| sum + term).unwrap_or(T::constant(0.0))
}
