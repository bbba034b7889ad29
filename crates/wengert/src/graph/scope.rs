//! Scopes: named stretches of recording, so that a picture can show a layer as one box.

use crate::graph::Graph;

/// An open scope, closed where this is dropped. Made by [`Graph::scope`].
#[derive(Debug)]
#[must_use = "the scope is closed where this is dropped"]
pub struct Scope<'g> {
    pub(crate) graph: &'g Graph,
    /// Tells it from the other guards of the graph.
    pub(crate) guard: u32,
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        self.graph.leave_scope(self.guard);
    }
}

/// The scopes of a graph: a tree, and from where on the tape which of them was open.
#[derive(Debug, Default)]
pub(crate) struct Scopes {
    tree: Vec<Branch>,
    /// The scopes whose guards live, outermost first.
    open: Vec<Open>,
    /// The number of the next guard.
    next: u32,
    /// Position, and the branch that is recorded in from there on.
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
    /// Opens a scope in the one that is open; gives the number of its guard.
    pub(crate) fn enter(&mut self, name: String, position: u32) -> u32 {
        let guard = self.next;
        self.next = guard.wrapping_add(1);
        self.grow(guard, name);
        self.change(position);
        guard
    }

    /// Closes a scope. The ones opened in it that still are open go on without it.
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

    /// Adds a branch to the innermost open one, and opens it.
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
        self.open.clear();
        if self.changes.last().is_some_and(|&(_, open)| open.is_some()) {
            self.changes.push((len, None));
        }
    }

    pub(crate) fn clear(&mut self) {
        self.truncate(0, 0);
    }
}
