//! Losses, over any scalar.

use smallvec::SmallVec;
use wengert::Scalar;

/// The max-margin loss of a classifier with classes -1 and 1: the mean over the examples of
/// `relu(1 - target * score)`. It is 0 once every score is on the right side by 1 or more.
///
/// ```
/// assert_eq!(wengert_nn::max_margin(&[0.5, -3.0], &[1.0, -1.0]), 0.25);
/// ```
///
/// # Panics
/// Where there are no examples, and where the numbers of scores and targets differ.
#[track_caller]
pub fn max_margin<T: Scalar>(scores: &[T], targets: &[T]) -> T {
    mean(scores, targets, |score, target| (-target * score + 1.0).relu())
}

/// The mean over the examples of `(output - target)^2`.
///
/// ```
/// assert_eq!(wengert_nn::squared_error(&[1.0, 5.0], &[2.0, 2.0]), 5.0);
/// ```
///
/// # Panics
/// Where there are no examples, and where the numbers of outputs and targets differ.
#[track_caller]
pub fn squared_error<T: Scalar>(outputs: &[T], targets: &[T]) -> T {
    mean(outputs, targets, |output, target| (output - target).powi(2))
}

/// The cross-entropy of one example: minus the logarithm of the probability that the softmax of the logits
/// gives to the right class.
///
/// Computed as `softplus(d)`, where `d` is the `logsumexp` of the other logits minus the right one. So large
/// logits do not overflow, and small losses and derivatives keep their digits; `logsumexp - logit` would cancel.
///
/// An infinite logit gives the limit: 0 where the right one is `inf`; `inf` where it is `-inf` or another is
/// `inf`. Another logit of `-inf` counts for nothing. Where both terms of `d` are the same infinity, the
/// result is NaN.
///
/// The class is a plain number. In a compiled loss ([`Backend::Compiled`](crate::Backend::Compiled)), the
/// class of the first example would be used for all of them. There, mark the class by a 1 among zeros in
/// the example and use [`shared_cross_entropy`].
///
/// ```
/// let loss = wengert_nn::cross_entropy(&[100.0, 0.0], 0);
/// assert!((loss / 3.720075976020836e-44 - 1.0).abs() < 1e-15);
/// ```
///
/// # Panics
/// Where `class` is not below the number of logits.
#[track_caller]
pub fn cross_entropy<T: Scalar>(logits: &[T], class: usize) -> T {
    assert!(class < logits.len(), "class {class} is not among the {} classes that have logits", logits.len());
    let others: SmallVec<[T; 16]> = logits[..class].iter().chain(&logits[class + 1..]).copied().collect();
    if others.is_empty() {
        // A single class has the probability 1, unless its logit is NaN.
        return logits[class].flat();
    }
    (T::logsumexp(&others) - logits[class]).softplus()
}

/// The cross-entropy of one example whose class is given by shares: 1 for the right class and 0 for the
/// others, or any shares that add up to 1.
///
/// Use it where the class is not known while recording. It is less accurate than [`cross_entropy`]:
/// `logsumexp` minus the shared logits cancels, so the error is relative to the largest logit.
///
/// A logit whose share is 0 may be `-inf`. The loss is `inf` where a logit of `-inf` has a share or a logit of
/// `inf` has none. It is NaN where a logit of `inf` has a share, and where all logits are `-inf`: then no class
/// has a probability.
///
/// ```
/// let loss = wengert_nn::shared_cross_entropy(&[1.0, 0.0], &[1.0, 0.0]);
/// assert!((loss - wengert_nn::cross_entropy(&[1.0, 0.0], 0)).abs() < 1e-15);
/// ```
///
/// # Panics
/// Where there are no logits, and where the numbers of logits and shares differ.
#[track_caller]
pub fn shared_cross_entropy<T: Scalar>(logits: &[T], shares: &[T]) -> T {
    assert_eq!(logits.len(), shares.len(), "number of logits, and number of shares");
    T::logsumexp(logits) - total(logits.iter().zip(shares).map(|(&logit, &share)| share.gmul(logit)))
}

/// An L2 penalty: the sum of squares of the parameters times `strength`. With strength 0 it is 0, however
/// large the parameters are.
///
/// ```
/// assert_eq!(wengert_nn::l2(&[3.0, 4.0], 0.5), 12.5);
/// ```
pub fn l2<T: Scalar>(parameters: &[T], strength: f64) -> T {
    if strength == 0.0 {
        return T::constant(0.0);
    }
    total(parameters.iter().map(|&p| p * p)) * strength
}

#[track_caller]
fn mean<T: Scalar>(given: &[T], targets: &[T], loss: impl Fn(T, T) -> T) -> T {
    assert!(!given.is_empty(), "a loss needs at least one example");
    assert_eq!(given.len(), targets.len(), "number of outputs, and number of targets");
    total(given.iter().zip(targets).map(|(&x, &y)| loss(x, y))) * (1.0 / given.len() as f64)
}

/// The sum from left to right, with the bits of the op `sum`, but without a list.
pub(crate) fn total<T: Scalar>(terms: impl Iterator<Item = T>) -> T {
    terms.reduce(|sum, term| sum + term).unwrap_or(T::constant(0.0))
}
