//! From logits to classes.

use wengert::Scalar;

use crate::net::Outputs;

/// The probabilities of classes whose logits these are: `e^x` of each, divided by their sum. Does not overflow.
///
/// If some logits are `inf`, these share the whole probability equally; a logit of `-inf` has probability 0. If all are
/// `-inf`, they share it equally. For training, use [`cross_entropy`](crate::cross_entropy) of the logits: it keeps
/// digits that the logarithm of a probability would lose.
///
/// ```
/// assert_eq!(wengert_nn::softmax(&[1000.0, 1000.0]).to_vec(), [0.5, 0.5]);
/// ```
///
/// # Panics
/// Where there are no logits.
#[track_caller]
pub fn softmax<T: Scalar>(logits: &[T]) -> Outputs<T> {
    // Subtracting one number from all logits does not change the probabilities, so no gradient needs to go through it.
    let largest = T::max_of(logits).detach();
    let shares: Outputs<T> = logits.iter().map(|&x| x.exp_diff(largest)).collect();
    let sum = T::sum(&shares);
    shares.into_iter().map(|share| share / sum).collect()
}

/// The logarithms of the probabilities of classes whose logits these are. The digits of small ones are kept, and those of
/// probabilities near 1: minus the [`cross_entropy`](crate::cross_entropy) of each class, in six ops a class.
///
/// Each is `-softplus(d)`, where `d` is the `logsumexp` of the other logits minus its own. An infinite logit gives the limit;
/// where both terms of `d` are the same infinity, NaN.
///
/// ```
/// let p = wengert_nn::log_softmax(&[100.0, 0.0]);
/// assert!((p[0] / -3.720075976020836e-44 - 1.0).abs() < 1e-15);
/// assert_eq!(p[1], -100.0);
/// ```
///
/// # Panics
/// Where there are no logits.
#[track_caller]
pub fn log_softmax<T: Scalar>(logits: &[T]) -> Outputs<T> {
    assert!(!logits.is_empty(), "log_softmax needs at least one logit");
    let nothing = T::constant(f64::NEG_INFINITY);
    // The logsumexp of the logits after each.
    let mut after = Outputs::from_elem(nothing, logits.len());
    for k in (1..logits.len()).rev() {
        after[k - 1] = after[k].logaddexp(logits[k]);
    }
    let mut before = nothing;
    let each = logits.iter().zip(after).map(|(&logit, after)| {
        let others = before.logaddexp(after);
        before = before.logaddexp(logit);
        -(others - logit).softplus()
    });
    each.collect()
}

/// Which number is the largest, counted from 0: the first of those that tie. NaN is never the largest unless all
/// numbers are.
///
/// ```
/// assert_eq!(wengert_nn::argmax(&[0.5, 2.0, -1.0, 2.0]), 1);
/// ```
///
/// # Panics
/// Where there are no numbers.
#[track_caller]
pub fn argmax(numbers: &[f64]) -> usize {
    assert!(!numbers.is_empty(), "argmax needs at least one number");
    let mut best = 0;
    for (k, &x) in numbers.iter().enumerate() {
        if x > numbers[best] || numbers[best].is_nan() && !x.is_nan() {
            best = k;
        }
    }
    best
}
