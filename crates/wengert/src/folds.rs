//! Values and partials of the ops that take any number of operands, where a row of the table has
//! no room for them. Read [`crate::op`] for the rows that use these.

use smallvec::SmallVec;

use crate::kernel;
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
    let hits: SmallVec<[S; 8]> = xs.iter().map(|&x| x.eq(r)).collect();
    let ties = hits[1..].iter().fold(hits[0], |s, &hit| s + hit) + r.flat();
    for (k, &hit) in hits.iter().enumerate() {
        partial(k, hit / ties);
    }
}

/// The partials of the norm, `r`: the operand over it. At the origin that is `0 / inf`, so that
/// derivatives of every order are 0 there, as those of `hypot` are.
pub(crate) fn direction<S: Scalar>(xs: &[S], r: S, mut partial: impl FnMut(usize, S)) {
    let length = r.select(r, r.lift(f64::INFINITY));
    for (k, &x) in xs.iter().enumerate() {
        partial(k, x.gdiv(length));
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
