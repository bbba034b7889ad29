//! Few snapshots, an unknown number of blocks.
//!
//! Every state has a level. The first state has the highest, and the state after a kept one has level 0. A kept state is
//! dispensable if a later state has a higher level. If all slots are taken, the latest dispensable state gives up its slot.
//! If none is dispensable, the current state is not kept, and the next state gets the level of the current one plus 1.

use super::Action;
use super::binomial::Binomial;

#[derive(Clone, Copy, Debug)]
struct Kept {
    block: usize,
    slot: usize,
    level: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Online {
    snapshots: usize,
    /// In ascending order of their blocks.
    kept: Vec<Kept>,
    /// The current state is that before this block.
    at: usize,
    /// The level of the current state.
    level: u32,
    /// Whether it has been decided if the current state is kept.
    settled: bool,
    /// The level of the next state.
    next_level: u32,
}

impl Online {
    pub(super) fn new(snapshots: usize) -> Online {
        Online { snapshots, kept: Vec::new(), at: 0, level: u32::MAX, settled: false, next_level: 0 }
    }

    #[inline]
    pub(super) fn next(&mut self) -> Action {
        if !self.settled {
            self.settled = true;
            self.next_level = 0;
            match self.slot() {
                Some(slot) => {
                    self.kept.push(Kept { block: self.at, slot, level: self.level });
                    return Action::Snapshot { slot, block: self.at };
                }
                None => self.next_level = self.level + 1,
            }
        }
        let from = self.at;
        self.at += 1;
        self.level = self.next_level;
        self.settled = false;
        Action::Advance { from, to: self.at }
    }

    /// A slot for the current state, if it is to be kept.
    fn slot(&mut self) -> Option<usize> {
        if self.kept.len() < self.snapshots {
            return Some(self.kept.len());
        }
        let mut highest = self.level;
        let dispensable = self.kept.iter().rposition(|kept| {
            let is_lower = kept.level < highest;
            highest = highest.max(kept.level);
            is_lower
        })?;
        Some(self.kept.remove(dispensable).slot)
    }

    /// The rest of the schedule.
    pub(super) fn end(&self) -> Binomial {
        if self.at == 0 {
            return Binomial::new(0, self.snapshots);
        }
        // The state after the last block may be kept already, and is not needed.
        let kept = self.kept.iter().filter(|kept| kept.block < self.at);
        let kept: Vec<(usize, usize)> = kept.map(|kept| (kept.block, kept.slot)).collect();
        Binomial::resumed(self.at, &kept, self.snapshots)
    }
}
