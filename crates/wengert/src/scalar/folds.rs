//! Values and partials of ops with any number of operands, if they are too long for a row of the table.

use smallvec::{SmallVec, smallvec};

use crate::op::kernel;
use crate::scalar::Scalar;

/// `ln` of the sum of `e^x`: the largest operand plus the logarithm of the sum of `e^(x - largest)`, which
/// cannot overflow. If the largest is infinite or NaN, so is the result.
pub(crate) fn logsumexp(xs: &[f64]) -> f64 {
    let top = xs[1..].iter().fold(xs[0], |s, &x| kernel::max(s, x));
    if !top.is_finite() {
        return top;
    }
    let sum = xs.iter().fold(0.0, |s, &x| s + kernel::exp(x - top));
    top + kernel::ln(sum)
}

/// The partials of a product: the product of the operands on the left, times that of the operands on the right.
pub(crate) fn product<S: Scalar>(xs: &[S], r: S, partial: &mut dyn FnMut(usize, S)) {
    let mut right: SmallVec<[S; 8]> = SmallVec::with_capacity(xs.len());
    let mut tail = r.lift(1.0);
    for (k, &x) in xs.iter().enumerate().rev() {
        right.push(tail);
        tail = if k + 1 == xs.len() { x } else { x * tail };
    }
    let mut left = r.lift(1.0);
    for (k, &x) in xs.iter().enumerate() {
        let rest = right[xs.len() - 1 - k];
        partial(
            k,
            if k == 0 {
                rest
            } else if k + 1 == xs.len() {
                left
            } else {
                left * rest
            },
        );
        left = if k == 0 { x } else { left * x };
    }
}

/// The numerator of each partial, and the denominator of all.
pub(crate) type Shares<S> = (SmallVec<[S; 8]>, S);

/// The partials of the largest or smallest operand, `r`: one over the number of operands equal to it, 0 for
/// the others. If `r` is NaN, no operand equals it, and 0/0 makes every partial NaN. `flat` makes the
/// derivatives of the partials NaN too, as with `max` of two.
pub(crate) fn extreme<S: Scalar>(xs: &[S], r: S) -> Shares<S> {
    let hits: SmallVec<[S; 8]> = xs.iter().map(|&x| x.equal(r)).collect();
    let ties = hits[1..].iter().fold(hits[0], |s, &hit| s + hit) + r.flat();
    (hits, ties)
}

/// The partials of the norm `r`: each operand divided by it, or 0 where the operand is 0.
///
/// Their derivatives are written with the norm of the other operands, since `1 - (x/r)^2` loses its digits where
/// `x` is nearly the whole norm. If the norm is below 2^-500 or infinite, it is computed again from operands
/// scaled by a power of two.
pub(crate) fn direction<S: Scalar>(xs: &[S], r: S, partial: &mut dyn FnMut(usize, S)) {
    const LEAST: f64 = f64::from_bits((1023 - 500) << 52);
    const UP: f64 = f64::from_bits((1023 + 540) << 52);
    const DOWN: f64 = f64::from_bits((1023 - 600) << 52);
    if S::VALUE_ALONE && (LEAST..=f64::MAX).contains(&r.primal()) {
        for (k, &x) in xs.iter().enumerate() {
            partial(k, x.gdiv(r));
        }
        return;
    }
    let too_long = r.greater(r.lift(f64::MAX)).select(r.lift(DOWN), r.lift(1.0));
    let scale = r.less(r.lift(LEAST)).select(r.lift(UP), too_long);
    // The norms of the operands before each operand, and of those after it.
    let folded = |norms: &mut SmallVec<[S; 8]>, x: S| norms.push(norms[norms.len() - 1].hypot(x * scale));
    let (mut before, mut after) = (smallvec![r.lift(0.0)], smallvec![r.lift(0.0)]);
    xs.iter().for_each(|&x| folded(&mut before, x));
    xs.iter().rev().for_each(|&x| folded(&mut after, x));
    let n = xs.len();
    for (k, &x) in xs.iter().enumerate() {
        let others = before[k].hypot(after[n - 1 - k]);
        partial(k, (x * scale).unit(others, before[n]));
    }
}

/// The partials of `logsumexp`, whose value is `r`: `e^(x - r)` divided by the sum of all of these. That sum is
/// 1 except for rounding, and the number of ties if `r` is infinite.
pub(crate) fn softmax<S: Scalar>(xs: &[S], r: S) -> Shares<S> {
    let shares: SmallVec<[S; 8]> = xs.iter().map(|&x| x.exp_diff(r)).collect();
    let sum = shares[1..].iter().fold(shares[0], |s, &share| s + share);
    (shares, sum)
}
