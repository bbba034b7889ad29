//! Slots: values that are not alive at the same time share a place in the workspace. Read
//! [`crate::code`] next, which asks for them.

/// A linear scan: places are handed out in running order, and taken back after the last use.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    free: Vec<u32>,
    count: u32,
}

impl Slots {
    /// A free place: the one given back last, whose numbers are still in the nearest cache.
    pub(crate) fn take(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| self.fresh())
    }

    /// A place that nothing ever had.
    pub(crate) fn fresh(&mut self) -> u32 {
        self.count += 1;
        self.count - 1
    }

    /// Gives a place back.
    pub(crate) fn give(&mut self, slot: u32) {
        self.free.push(slot);
    }

    /// How many places were ever taken at a time.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }
}
