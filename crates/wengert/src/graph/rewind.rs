//! Going back to an earlier state, and keeping the memory.

use crate::error::{Error, expect};
use crate::graph::Graph;
use crate::tape::Extent;

/// A state of a graph that [`Graph::rewind`] goes back to. [`Graph::mark`] makes it.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    extent: Extent,
    stamp: u32,
    guards: u32,
    last_guard: Option<u32>,
    scopes: u32,
}

/// Marks, rewinding and resetting.
impl Graph {
    /// The present state, for [`Graph::rewind`].
    ///
    /// ```
    /// let mut g = wengert::Graph::new();
    /// let x = g.leaf(3.0);
    /// let parameters = g.mark();
    /// g.sin(x);
    /// g.rewind(parameters);
    /// assert_eq!(g.len(), 1);
    /// ```
    pub fn mark(&self) -> Mark {
        let guards = self.guards.borrow();
        Mark {
            extent: self.tape.extent(),
            stamp: self.generations.stamp(self.tape.len()),
            guards: guards.len() as u32,
            last_guard: guards.last().map(|guard| guard.serial),
            scopes: self.notes.borrow().scopes.extent(),
        }
    }

    /// Drops every node recorded since the mark, with its labels, scopes and guards. Keeps the memory.
    /// Keys of dropped nodes are refused from then on.
    ///
    /// ```
    /// let mut g = wengert::Graph::new();
    /// let x = g.leaf(3.0);
    /// let start = g.mark();
    /// let y = g.sin(x);
    /// g.rewind(start);
    /// assert!(g.try_value(x).is_ok());
    /// assert!(g.try_value(y).is_err());
    /// ```
    ///
    /// # Panics
    /// On a stale mark.
    #[track_caller]
    pub fn rewind(&mut self, mark: Mark) {
        expect(self.try_rewind(mark));
    }

    /// As [`Graph::rewind`].
    ///
    /// # Errors
    /// [`Error::StaleMark`], [`Error::OutOfMemory`]. On an error, the graph is unchanged.
    pub fn try_rewind(&mut self, mark: Mark) -> Result<(), Error> {
        let len = mark.extent.entries;
        let guards = self.guards.get_mut();
        let last_guard = mark.guards.checked_sub(1).and_then(|last| guards.get(last as usize));
        let last_guard = last_guard.map(|guard| guard.serial);
        if len > self.tape.len() || self.generations.stamp(len) != mark.stamp || last_guard != mark.last_guard {
            return Err(Error::StaleMark);
        }
        if len < self.tape.len() {
            self.generations.room()?;
            self.generations.cut(len);
        }
        self.tape.truncate(mark.extent);
        guards.truncate(mark.guards as usize);
        self.adjoints.truncate(len as usize);
        self.notes.get_mut().truncate(mark.scopes, len);
        self.limit_staleness();
        Ok(())
    }

    /// Drops what was recorded since the mark by a call that failed. No key of it was given out.
    pub(crate) fn undo(&self, mark: Mark) {
        self.tape.undo(mark.extent);
        self.guards.borrow_mut().truncate(mark.guards as usize);
        self.notes.borrow_mut().truncate(mark.scopes, mark.extent.entries);
    }

    /// Drops every node. Keeps the memory. Older keys and marks are refused from then on.
    ///
    /// ```
    /// let mut g = wengert::Graph::new();
    /// let x = g.leaf(3.0);
    /// g.reset();
    /// assert!(g.is_empty());
    /// assert!(g.try_value(x).is_err());
    /// ```
    pub fn reset(&mut self) {
        self.generations.restart();
        self.tape.clear();
        self.guards.get_mut().clear();
        self.notes.get_mut().clear();
        self.adjoints.truncate(0);
        self.refuse_stale_below(0);
        self.lowest_set = u32::MAX;
    }
}
