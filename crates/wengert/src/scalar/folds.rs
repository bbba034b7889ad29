//! Values and partials of the ops that take any number of operands, where a row of the table has
//! no room for them. Read [`crate::op`] for the rows that use these.

use smallvec::{SmallVec, smallvec};

use crate::op::kernel;
use crate::scalar::Scalar;

/// `ln` of the sum of `e^x`: the largest plus the logarithm of the sum of `e^(x - largest)`, which
/// cannot overflow. Infinite where the largest is.
pub(crate) fn logsumexp(xs: &[f64]) -> f64 {
    let top = xs[1..].iter().fold(xs[0], |s, &x| kernel::max(s, x));
    if !top.is_finite() {
        return top;
    }
    let sum = xs.iter().fold(0.0, |s, &x| s + kernel::exp(x - top));
    top + kernel::ln(sum)
}

/// The partials of a product: what stands left of the operand times what stands right of it.
pub(crate) fn product<S: Scalar>(xs: &[S], r: S, mut partial: impl FnMut(usize, S)) {
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

/// The partials of the largest or smallest, `r`: one over the number of operands that tie for it.
/// Where `r` is NaN no operand equals it, and 0/0 makes every partial NaN; `flat` does the same for
/// the derivatives of partials, as with `max` of two.
pub(crate) fn extreme<S: Scalar>(xs: &[S], r: S, mut partial: impl FnMut(usize, S)) {
    let hits: SmallVec<[S; 8]> = xs.iter().map(|&x| x.equal(r)).collect();
    let ties = hits[1..].iter().fold(hits[0], |s, &hit| s + hit) + r.flat();
    for (k, &hit) in hits.iter().enumerate() {
        partial(k, hit / ties);
    }
}

/// The partials of the norm, `r`: each operand over it, 0 where that is 0.
///
/// Their derivatives are made of the norm of the other operands, since `1 - (x/r)^2` loses its digits where `x` is nearly
/// all of the norm. A norm below 2^-500 or beyond the largest number is taken again of operands that a power of two
/// brings into the range.
pub(crate) fn direction<S: Scalar>(xs: &[S], r: S, mut partial: impl FnMut(usize, S)) {
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
    // The norms of the operands before each, and of those behind it.
    let folded = |norms: &mut SmallVec<[S; 8]>, x: S| norms.push(norms[norms.len() - 1].hypot(x * scale));
    let (mut before, mut behind) = (smallvec![r.lift(0.0)], smallvec![r.lift(0.0)]);
    xs.iter().for_each(|&x| folded(&mut before, x));
    xs.iter().rev().for_each(|&x| folded(&mut behind, x));
    let n = xs.len();
    for (k, &x) in xs.iter().enumerate() {
        let others = before[k].hypot(behind[n - 1 - k]);
        partial(k, (x * scale).unit(others, before[n]));
    }
}

/// The partials of `logsumexp`, whose value is `r`: `e^(x - r)` over their sum, which is 1 but
/// for rounding, and the number of ties where `r` is infinite.
pub(crate) fn softmax<S: Scalar>(xs: &[S], r: S, mut partial: impl FnMut(usize, S)) {
    let shares: SmallVec<[S; 8]> = xs.iter().map(|&x| x.exp_diff(r)).collect();
    let sum = shares[1..].iter().fold(shares[0], |s, &share| s + share);
    for (k, &share) in shares.iter().enumerate() {
        partial(k, share / sum);
    }
}
