//! Places for values: values that are not alive at the same time share one.

use wengert::room::{Grow, Refused};

/// A linear scan: a value takes a place when it is computed, and gives it back after its last use.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    free: Vec<u32>,
    count: u32,
}

impl Slots {
    /// A free place: the one that was given back last, since it is most likely in cache.
    pub(crate) fn take(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| self.fresh())
    }

    /// A place that was never used.
    pub(crate) fn fresh(&mut self) -> u32 {
        self.count += 1;
        self.count - 1
    }

    /// This many neighboring places that were never used: the first of them.
    pub(crate) fn fresh_row(&mut self, length: u32) -> u32 {
        self.count += length;
        self.count - length
    }

    /// Takes a place back.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn give(&mut self, slot: u32) -> Result<(), Refused> {
        self.free.try_push(slot)
    }

    pub(crate) fn count(&self) -> u32 {
        self.count
    }
}
