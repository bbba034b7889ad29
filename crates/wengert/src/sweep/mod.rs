//! Walking the tape: forward to recompute values or carry tangents, back to carry adjoints. Read
//! [`crate::number::expr`] next.
//!
//! The loops are the rules of the table once more, unrolled into one match on the codes of the
//! ops, so that an op's operands are decoded and its rule applied without a call or a second match.

pub(crate) mod adjoints;
pub(crate) mod hvp;
pub(crate) mod plain;
mod replay;
mod reverse;
mod tangent;
#[cfg(test)]
mod tests;

use std::cell::Cell;

use crate::scalar::AdjointScalar;
use crate::tape::{Entry, Stored};

pub(crate) use replay::recompute;
pub(crate) use reverse::{back, back_dual};
pub(crate) use tangent::tangents;

/// The entry at `index` as the scalar that `at` makes of it. A tape's operands lie below what uses
/// them, so there always is one; `get` keeps a check that never fails from being a panic in the
/// middle of a loop.
#[inline(always)]
fn read<S: AdjointScalar>(entries: &[Cell<Stored>], index: u32, at: impl Fn(Entry, u32) -> S) -> S {
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
