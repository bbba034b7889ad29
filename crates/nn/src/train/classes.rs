//! From logits to classes.

use wengert::Scalar;

use crate::net::Outputs;

/// The probabilities of classes whose logits these are: `e^x` of each over the sum of them, without overflow, over
/// any scalar.
///
/// Logits that are `inf` share all of it, and a logit of `-inf` has none. Where all are `-inf` they share alike.
/// To train, take [`cross_entropy`](crate::cross_entropy) of the logits: the logarithm of a probability loses
/// digits that it keeps.
///
/// ```
/// assert_eq!(wengert_nn::softmax(&[1000.0, 1000.0]).to_vec(), [0.5, 0.5]);
/// ```
///
/// # Panics
/// Where there are no logits.
#[track_caller]
pub fn softmax<T: Scalar>(logits: &[T]) -> Outputs<T> {
    // Probabilities are the same whatever is subtracted from all logits, so no gradient has to pass the largest.
    let largest = T::max_of(logits).detach();
    let shares: Outputs<T> = logits.iter().map(|&x| x.exp_diff(largest)).collect();
    let sum = T::sum(&shares);
    shares.into_iter().map(|share| share / sum).collect()
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
