//! Scopes: named groups of nodes, so that a picture can show a layer as one box.

use crate::graph::Graph;

/// An open scope. Dropping it closes the scope. [`Graph::scope`] makes it.
#[derive(Debug)]
#[must_use = "dropping this closes the scope"]
pub struct Scope<'g> {
    pub(crate) graph: &'g Graph,
    /// Its number among the scopes that were opened.
    pub(crate) guard: u32,
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        self.graph.leave_scope(self.guard);
    }
}

/// The scopes of a graph: a tree, and which branch was open at which position of the tape.
#[derive(Debug, Default)]
pub(crate) struct Scopes {
    tree: Vec<Branch>,
    /// The open scopes, outermost first.
    open: Vec<Open>,
    /// The number of the next scope.
    next: u32,
    /// A position, and the branch that nodes from there on belong to.
    changes: Vec<(u32, Option<u32>)>,
}

#[derive(Debug)]
struct Branch {
    name: String,
    parent: Option<u32>,
}

#[derive(Debug)]
struct Open {
    guard: u32,
    branch: u32,
}

impl Scopes {
    /// Opens a scope in the innermost open one, and returns its number.
    pub(crate) fn enter(&mut self, name: String, position: u32) -> u32 {
        let guard = self.next;
        self.next = guard.wrapping_add(1);
        self.grow(guard, name);
        self.change(position);
        guard
    }

    /// Closes a scope. Scopes that were opened inside it and are still open stay open, but are no longer inside it.
    pub(crate) fn leave(&mut self, guard: u32, position: u32) {
        let Some(at) = self.open.iter().rposition(|open| open.guard == guard) else {
            return;
        };
        for Open { guard, branch } in self.open.split_off(at).into_iter().skip(1) {
            let name = self.tree[branch as usize].name.clone();
            self.grow(guard, name);
        }
        self.change(position);
    }

    /// Adds a branch to the innermost open one and opens it.
    fn grow(&mut self, guard: u32, name: String) {
        let branch = self.tree.len() as u32;
        let parent = self.innermost();
        self.tree.push(Branch { name, parent });
        self.open.push(Open { guard, branch });
    }

    fn innermost(&self) -> Option<u32> {
        self.open.last().map(|open| open.branch)
    }

    fn change(&mut self, position: u32) {
        let open = self.innermost();
        match self.changes.last_mut() {
            Some(last) if last.0 == position => last.1 = open,
            _ => self.changes.push((position, open)),
        }
    }

    pub(crate) fn path(&self, position: u32) -> Vec<String> {
        let after = self.changes.partition_point(|&(from, _)| from <= position);
        let mut next = after.checked_sub(1).and_then(|at| self.changes[at].1);
        let mut path = Vec::new();
        while let Some(id) = next {
            let branch = &self.tree[id as usize];
            path.push(branch.name.clone());
            next = branch.parent;
        }
        path.reverse();
        path
    }

    /// Whether no scope was ever opened.
    pub(crate) fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }

    pub(crate) fn extent(&self) -> u32 {
        self.tree.len() as u32
    }

    /// Keeps the first `extent` scopes, on a tape cut to `len`. Open scopes are closed: a [`Scope`] borrows the
    /// graph, so only leaked ones can be open during a rewind.
    pub(crate) fn truncate(&mut self, extent: u32, len: u32) {
        self.changes.truncate(self.changes.partition_point(|&(from, _)| from < len));
        self.tree.truncate(extent as usize);
        self.open.clear();
        if self.changes.last().is_some_and(|&(_, open)| open.is_some()) {
            self.changes.push((len, None));
        }
    }

    pub(crate) fn clear(&mut self) {
        self.truncate(0, 0);
    }
}
