//! Scopes: named stretches of recording, so that a picture can show a layer as one box.

use crate::graph::Graph;

/// An open scope, closed where this is dropped. Made by [`Graph::scope`].
#[derive(Debug)]
#[must_use = "the scope is closed where this is dropped"]
pub struct Scope<'g> {
    pub(crate) graph: &'g Graph,
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        self.graph.leave_scope();
    }
}

/// The scopes of a graph: a tree, and from where on the tape which of them was open.
#[derive(Debug, Default)]
pub(crate) struct Scopes {
    tree: Vec<Branch>,
    /// The open scope.
    open: Option<u32>,
    /// Position, and the scope that is open from there on.
    changes: Vec<(u32, Option<u32>)>,
}

#[derive(Debug)]
struct Branch {
    name: String,
    parent: Option<u32>,
}

impl Scopes {
    pub(crate) fn enter(&mut self, name: String, position: u32) {
        let id = self.tree.len() as u32;
        self.tree.push(Branch {
            name,
            parent: self.open,
        });
        self.change(position, Some(id));
    }

    pub(crate) fn leave(&mut self, position: u32) {
        let parent = self.open.and_then(|id| self.tree[id as usize].parent);
        self.change(position, parent);
    }

    fn change(&mut self, position: u32, open: Option<u32>) {
        self.open = open;
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

    /// Whether none was opened.
    pub(crate) fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }

    pub(crate) fn extent(&self) -> u32 {
        self.tree.len() as u32
    }

    /// Forgets the scopes opened since there were `extent`, on a tape cut to `len`. No scope is
    /// open while a graph is rewound, since its guard borrows the graph; one whose guard was
    /// leaked is closed.
    pub(crate) fn truncate(&mut self, extent: u32, len: u32) {
        self.changes
            .truncate(self.changes.partition_point(|&(from, _)| from < len));
        self.tree.truncate(extent as usize);
        self.open = None;
        if self.changes.last().is_some_and(|&(_, open)| open.is_some()) {
            self.changes.push((len, None));
        }
    }

    pub(crate) fn clear(&mut self) {
        self.truncate(0, 0);
    }
}
