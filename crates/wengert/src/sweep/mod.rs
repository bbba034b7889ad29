//! The sweeps: loops over the tape that carry adjoints back, carry tangents forward, or recompute values.
//!
//! [`plain`] is the reverse sweep as in a textbook: read it first. [`reverse`](mod@reverse) computes the same bits,
//! fast. [`tangent`] carries tangents, [`replay`] recomputes values, and [`hvp`] combines a tangent and a reverse sweep
//! into Hessian-vector products. [`external`] has the steps at functions of the user's own. The loops that carry adjoints
//! and tangents find seven common ops by comparisons, and the others by one `match`; the rules are inlined.

pub(crate) mod adjoints;
mod external;
pub(crate) mod hvp;
pub(crate) mod plain;
mod replay;
mod reverse;
mod tangent;
#[cfg(test)]
mod tests;

use core::cell::Cell;

use crate::scalar::AdjointScalar;
use crate::tape::entry::{Entry, Stored};

pub(crate) use plain::strict;
pub(crate) use replay::recompute;
pub(crate) use reverse::{reverse, reverse_dual, reverse_without_failure};
pub(crate) use tangent::tangents;

/// Applies `at` to the entry at `index` and its position. Operands are below the entries that use them, so the
/// index is always in bounds. `get` keeps a panic out of the loops.
#[inline(always)]
fn read<S: AdjointScalar>(entries: &[Cell<Stored>], index: u32, at: impl At<S>) -> S {
    match (index as usize) < entries.len() {
        true => at.at(Entry::from(entries[index as usize].get()), index),
        false => S::ZERO,
    }
}

/// Gives the scalar of an entry at a position. (A closure would stay a call in debug builds.)
trait At<S>: Copy {
    fn at(self, entry: Entry, position: u32) -> S;
}

/// The values of entries, for sweeps over `f64`.
#[derive(Clone, Copy)]
struct Values;

impl At<f64> for Values {
    #[inline(always)]
    fn at(self, entry: Entry, _: u32) -> f64 {
        entry.value
    }
}

#[inline(always)]
fn primal(entries: &[Cell<Stored>], index: u32) -> f64 {
    read(entries, index, Values)
}

#[inline(always)]
fn wants(entries: &[Cell<Stored>], index: u32) -> bool {
    entries.get(index as usize).is_some_and(|cell| Entry::from(cell.get()).wants())
}
