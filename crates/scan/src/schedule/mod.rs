//! Schedules: which blocks to run, which states to keep and which blocks to sweep, in which order. A schedule is an
//! iterator of actions and knows nothing of what a block computes.
//!
//! | file | holds |
//! |--|--|
//! | `stretches.rs` | every state kept, or that of every stretch of blocks |
//! | `binomial.rs` | few snapshots, a known number of blocks |
//! | `online.rs` | few snapshots, an unknown number of blocks |

mod binomial;
mod online;
mod stretches;

use binomial::Binomial;
use online::Online;
use stretches::Stretches;

pub use binomial::fewest_advances;

/// One action of a [`Schedule`]. There is always one current state, that before some block; copies of states are kept in
/// numbered slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Run the blocks `from..to`. The current state is that before `from`, and becomes that before `to`.
    Advance {
        /// The first block to run.
        from: usize,
        /// The block before which it stops.
        to: usize,
    },
    /// Copy the current state into a slot.
    Snapshot {
        /// Where to keep it.
        slot: usize,
        /// The block that it comes before.
        block: usize,
    },
    /// Make the state in a slot the current one.
    Restore {
        /// Where it is kept.
        slot: usize,
        /// The block that it comes before.
        block: usize,
    },
    /// Sweep back over a block. The current state is that before it, and is not needed afterwards.
    Reverse {
        /// The block.
        block: usize,
    },
}

/// An order in which to run blocks forward and sweep back over them, with few states kept.
///
/// It gives a [`Action::Reverse`] for every block, from the last to the first. Schedules without a known end give
/// [`Action::Advance`] of one block at a time until [`Schedule::end`] is called.
///
/// ```
/// use wengert_scan::{Action, Schedule};
///
/// let actions: Vec<Action> = Schedule::binomial(3, 1).collect();
/// assert_eq!(
///     actions,
///     [
///         Action::Snapshot { slot: 0, block: 0 },
///         Action::Advance { from: 0, to: 2 },
///         Action::Reverse { block: 2 },
///         Action::Restore { slot: 0, block: 0 },
///         Action::Advance { from: 0, to: 1 },
///         Action::Reverse { block: 1 },
///         Action::Restore { slot: 0, block: 0 },
///         Action::Reverse { block: 0 },
///     ],
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Schedule(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Stretches(Stretches),
    Binomial(Binomial),
    Online(Online),
}

impl Schedule {
    /// Every state is kept, and no block runs again before its sweep. The number of blocks need not be known: see
    /// [`Schedule::end`].
    ///
    /// ```
    /// use wengert_scan::{Action, Schedule};
    ///
    /// let mut schedule = Schedule::all();
    /// assert_eq!(schedule.next(), Some(Action::Snapshot { slot: 0, block: 0 }));
    /// assert_eq!(schedule.next(), Some(Action::Advance { from: 0, to: 1 }));
    /// schedule.end(); // block 0 was the last
    /// assert_eq!(schedule.next(), Some(Action::Reverse { block: 0 }));
    /// assert_eq!(schedule.next(), None);
    /// ```
    pub fn all() -> Schedule {
        Schedule(Kind::Stretches(Stretches::one()))
    }

    /// About `2 sqrt(blocks)` states are kept, and every block runs at most twice before its sweep.
    ///
    /// ```
    /// use wengert_scan::{Action, Schedule};
    ///
    /// let slots = Schedule::sqrt(100).filter_map(|action| match action {
    ///     Action::Snapshot { slot, .. } => Some(slot),
    ///     _ => None,
    /// });
    /// assert!(slots.max() < Some(20));
    /// ```
    pub fn sqrt(blocks: usize) -> Schedule {
        Schedule(Kind::Stretches(Stretches::of_sqrt(blocks)))
    }

    /// At most `snapshots` states are kept, the first state among them, and as few blocks run as is possible with them:
    /// [`fewest_advances`]. After Griewank and Walther, Algorithm 799: revolve (ACM Transactions on Mathematical Software
    /// 26, 2000).
    ///
    /// ```
    /// use wengert_scan::{Action, Schedule, fewest_advances};
    ///
    /// let run = Schedule::binomial(100, 5).map(|action| match action {
    ///     Action::Advance { from, to } => to - from,
    ///     _ => 0,
    /// });
    /// assert_eq!(run.sum::<usize>() as u128, fewest_advances(100, 5));
    /// ```
    ///
    /// # Panics
    /// If `snapshots` is 0.
    #[track_caller]
    pub fn binomial(blocks: usize, snapshots: usize) -> Schedule {
        assert!(snapshots > 0, "a schedule needs at least one snapshot, for the first state");
        Schedule(Kind::Binomial(Binomial::new(blocks, snapshots)))
    }

    /// At most `snapshots` states are kept, the first state among them, and the number of blocks is not known: see
    /// [`Schedule::end`]. No block runs more often than one does in a binomial schedule, which knows the end.
    /// After Wang, Moin and Iaccarino, Minimal repetition dynamic checkpointing algorithm for unsteady adjoint calculation
    /// (SIAM Journal on Scientific Computing 31, 2009). Once the end is known, what is left runs as in a binomial schedule.
    ///
    /// ```
    /// use wengert_scan::{Action, Schedule};
    ///
    /// let mut schedule = Schedule::online(3);
    /// while schedule.next() != Some(Action::Advance { from: 9, to: 10 }) {}
    /// schedule.end(); // block 9 was the last
    /// let reversed = schedule.filter(|action| matches!(action, Action::Reverse { .. }));
    /// assert_eq!(reversed.count(), 10);
    /// ```
    ///
    /// # Panics
    /// If `snapshots` is 0.
    #[track_caller]
    pub fn online(snapshots: usize) -> Schedule {
        assert!(snapshots > 0, "a schedule needs at least one snapshot, for the first state");
        Schedule(Kind::Online(Online::new(snapshots)))
    }

    /// Says that the block of the latest [`Action::Advance`] is the last block of the loop. The schedule goes on from the
    /// state before this block, as if it had not run. If there was no [`Action::Advance`], the loop has no block. Does nothing
    /// if the end is known.
    pub fn end(&mut self) {
        match &mut self.0 {
            Kind::Stretches(stretches) => stretches.end(),
            Kind::Binomial(_) => {}
            Kind::Online(online) => self.0 = Kind::Binomial(online.end()),
        }
    }
}

impl Iterator for Schedule {
    type Item = Action;

    #[inline]
    fn next(&mut self) -> Option<Action> {
        match &mut self.0 {
            Kind::Stretches(stretches) => stretches.next(),
            Kind::Binomial(binomial) => binomial.next(),
            Kind::Online(online) => Some(online.next()),
        }
    }
}
