//! Scopes: named groups of nodes, so that a picture can show a layer as one box.

use alloc::string::String;
use alloc::vec::Vec;

use crate::graph::Graph;

/// An open scope. Dropping it closes the scope. [`Graph::scope`] makes it.
#[derive(Debug)]
#[must_use = "dropping this closes the scope"]
pub struct Scope<'g> {
    pub(crate) graph: &'g Graph,
    /// Its number among the scopes that were opened.
    pub(crate) number: u32,
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        self.graph.leave_scope(self.number);
    }
}

/// The scopes of a graph, and the innermost one at each position of the tape.
#[derive(Debug, Default)]
pub(crate) struct Scopes {
    /// All scopes, in the order in which they were opened.
    all: Vec<Stretch>,
    /// The scopes that were opened, outermost first. Closed ones are dropped once they are last, so the last one is open.
    open: Vec<u32>,
    /// A position, and the innermost open scope from there on.
    changes: Vec<(u32, Option<u32>)>,
}

/// A scope and the stretch of the tape that was recorded in it.
///
/// The scopes of a position are the innermost one, its parent, the parent of that one and so on, without those that were
/// closed by then. An enclosing scope was already open when the inner one was opened, so the chain of parents reaches it.
#[derive(Debug)]
struct Stretch {
    name: String,
    /// The innermost scope that was open when this one was opened.
    parent: Option<u32>,
    start: u32,
    /// Where it was closed, or [`OPEN`].
    end: u32,
}

const OPEN: u32 = u32::MAX;

impl Scopes {
    /// Opens a scope in the innermost open one, and returns its number.
    pub(crate) fn enter(&mut self, name: String, position: u32) -> u32 {
        let scope = self.extent();
        let parent = self.open.last().copied();
        self.all.push(Stretch { name, parent, start: position, end: OPEN });
        self.open.push(scope);
        self.change(position);
        scope
    }

    /// Closes a scope. Scopes that were opened inside it and are still open stay open, but are no longer inside it.
    pub(crate) fn leave(&mut self, scope: u32, position: u32) {
        let Some(closed) = self.all.get_mut(scope as usize) else {
            return;
        };
        closed.end = position;
        let (start, mut parent) = (closed.start, closed.parent);
        // A parent that was closed before this scope began holds none of its nodes, so it is skipped from now on.
        while let Some(outer) = parent
            && self.all[outer as usize].end <= start
        {
            parent = self.all[outer as usize].parent;
        }
        self.all[scope as usize].parent = parent;
        while self.open.pop_if(|&mut last| self.all[last as usize].end != OPEN).is_some() {}
        self.change(position);
    }

    fn change(&mut self, position: u32) {
        let innermost = self.open.last().copied();
        match self.changes.last_mut() {
            Some(last) if last.0 == position => last.1 = innermost,
            _ => self.changes.push((position, innermost)),
        }
    }

    pub(crate) fn path(&self, position: u32) -> Vec<String> {
        self.at(position).into_iter().map(|scope| self.name(scope).into()).collect()
    }

    /// The scopes of a position, outermost first.
    pub(crate) fn at(&self, position: u32) -> Vec<u32> {
        let after = self.changes.partition_point(|&(from, _)| from <= position);
        let mut next = after.checked_sub(1).and_then(|at| self.changes[at].1);
        let mut inside = Vec::new();
        while let Some(scope) = next {
            let Stretch { parent, end, .. } = self.all[scope as usize];
            if position < end {
                inside.push(scope);
            }
            next = parent;
        }
        inside.reverse();
        inside
    }

    pub(crate) fn name(&self, scope: u32) -> &str {
        &self.all[scope as usize].name
    }

    /// Whether there is a scope of this number, and it is open.
    #[cfg(feature = "serde")]
    pub(crate) fn is_open(&self, scope: u32) -> bool {
        self.all.get(scope as usize).is_some_and(|stretch| stretch.end == OPEN)
    }

    /// Whether a scope is open.
    #[cfg(feature = "serde")]
    pub(crate) fn any_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Makes room for exactly this many more scopes.
    #[cfg(feature = "serde")]
    pub(crate) fn room(&mut self, more: usize) -> Result<(), alloc::collections::TryReserveError> {
        self.all.try_reserve_exact(more)?;
        self.open.try_reserve_exact(more)
    }

    /// Whether no scope was ever opened.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(crate) fn extent(&self) -> u32 {
        self.all.len() as u32
    }

    /// Keeps the first `extent` scopes, on a tape cut to `len`. Open scopes are closed: a [`Scope`] borrows the
    /// graph, so only leaked ones can be open during a rewind.
    pub(crate) fn truncate(&mut self, extent: u32, len: u32) {
        self.changes.truncate(self.changes.partition_point(|&(from, _)| from < len));
        self.all.truncate(extent as usize);
        self.open.clear();
        if self.changes.last().is_some_and(|&(_, open)| open.is_some()) {
            self.changes.push((len, None));
        }
    }

    pub(crate) fn clear(&mut self) {
        self.truncate(0, 0);
    }
}
