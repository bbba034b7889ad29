//! Walking the tape: forward to recompute values or carry tangents, back to carry adjoints. Read
//! [`crate::expr`] next.
//!
//! The loops are the rules of the table once more, unrolled into one match on the codes of the
//! ops, so that an op's operands are decoded and its rule applied without a call or a second match.

mod back;
mod forward;

use std::cell::Cell;
use std::cmp::Ordering;

use crate::scalar::Scalar;
use crate::tape::{Entry, Stored};

pub(crate) use back::{back, back_dual};
pub(crate) use forward::{recompute, tangents};

/// A scalar whose sum starts from a zero, as adjoints do.
pub(crate) trait Number: Scalar {
    const ZERO: Self;
    /// Whether it and its tangents are 0, so that nothing need be sent on. An adjoint, which starts
    /// from 0 and is added to, is never -0.
    fn is_zero(&self) -> bool;
    /// Whether it or a tangent is NaN, or it has infinities of both signs.
    fn is_nan(&self) -> bool;
    /// Whether it is either: one question for both, since they are rare.
    #[inline(always)]
    fn is_zero_or_nan(&self) -> bool {
        self.is_zero() || self.is_nan()
    }
}

impl Number for f64 {
    const ZERO: f64 = 0.0;
    #[inline(always)]
    fn is_zero(&self) -> bool {
        *self == 0.0
    }
    #[inline(always)]
    fn is_nan(&self) -> bool {
        f64::is_nan(*self)
    }
    #[inline(always)]
    fn is_zero_or_nan(&self) -> bool {
        // One comparison and one jump, which `== 0.0 || is_nan()` is not.
        matches!(self.partial_cmp(&0.0), None | Some(Ordering::Equal))
    }
}

/// The entry at `index` as the scalar that `at` makes of it. A tape's operands lie below what uses
/// them, so there always is one; `get` keeps a check that never fails from being a panic in the
/// middle of a loop.
#[inline(always)]
fn read<S: Number>(entries: &[Cell<Stored>], index: u32, at: impl Fn(Entry, u32) -> S) -> S {
    entries
        .get(index as usize)
        .map_or(S::ZERO, |cell| at(cell.get().into(), index))
}

/// The value of an entry, for sweeps over plain numbers.
#[inline(always)]
fn plain(entry: Entry, _: u32) -> f64 {
    entry.value
}

/// The value at `index`.
#[inline(always)]
fn primal(entries: &[Cell<Stored>], index: u32) -> f64 {
    read(entries, index, plain)
}

#[inline(always)]
fn wants(entries: &[Cell<Stored>], index: u32) -> bool {
    entries
        .get(index as usize)
        .is_some_and(|cell| Entry::from(cell.get()).wants())
}
