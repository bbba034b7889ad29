//! What only a few nodes have: labels and scopes.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::error::{Labeled, expect};
use crate::graph::Graph;
use crate::graph::scope::{Scope, Scopes};
use crate::hash::FxHashMap;
use crate::node::NodeId;
use crate::op::Op;

/// The labels and scopes of a graph.
#[derive(Debug, Default)]
pub(super) struct Notes {
    labels: FxHashMap<NodeId, String>,
    /// One more than the highest position that has a label.
    labeled_below: u32,
    pub(super) scopes: Scopes,
}

impl Notes {
    /// After the tape was cut to `len`: keeps the first `scopes` scopes and the labels of the nodes that are left, and
    /// forgets the rest.
    pub(super) fn truncate(&mut self, scopes: u32, len: u32) {
        self.scopes.truncate(scopes, len);
        if self.labeled_below > len {
            self.labels.retain(|node, _| node.position() < len);
            self.labeled_below = len;
        }
    }

    /// The label of a node.
    #[cfg(feature = "serde")]
    pub(super) fn label(&self, node: NodeId) -> Option<&str> {
        self.labels.get(&node).map(String::as_str)
    }

    /// Makes room for one more label.
    #[cfg(feature = "serde")]
    pub(super) fn room(&mut self) -> Result<(), crate::room::Refused> {
        crate::room::Room::room(&mut self.labels, 1)
    }

    #[inline(always)]
    pub(super) fn clear(&mut self) {
        if self.labeled_below > 0 || !self.scopes.is_empty() {
            self.clear_all();
        }
    }

    #[inline(never)]
    fn clear_all(&mut self) {
        self.scopes.clear();
        self.labels.clear();
        self.labeled_below = 0;
    }
}

/// Labels and scopes.
impl Graph {
    /// Names a node, for pictures and messages. A second name replaces the first.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaf(3.0);
    /// g.label(x, "rate");
    /// assert_eq!(g.label_of(x).as_deref(), Some("rate"));
    /// ```
    ///
    /// # Panics
    /// On a wrong key.
    #[track_caller]
    pub fn label(&self, node: NodeId, label: impl Into<String>) {
        let label = label.into();
        let position = expect(self.position(node));
        let notes = &mut *self.notes.borrow_mut();
        notes.labels.insert(node, label);
        notes.labeled_below = notes.labeled_below.max(position + 1);
    }

    /// The node as messages name it: `n3`, `n3 "loss"` if it has a label, or the value of a constant without one.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, c] = [g.leaf(2.0), g.constant(5.0)];
    /// g.label(x, "x");
    /// assert_eq!([g.name_of(x), g.name_of(c)], ["n0 \"x\"", "5"]);
    /// ```
    ///
    /// # Panics
    /// On a wrong key.
    #[track_caller]
    pub fn name_of(&self, node: NodeId) -> String {
        let entry = self.tape.entry(expect(self.position(node)));
        match self.message_label(node) {
            None if entry.op() == Op::Const => entry.value.to_string(),
            label => Labeled(node, label.as_deref()).to_string(),
        }
    }

    /// The label of a node of this graph, for an error.
    pub(crate) fn message_label(&self, node: NodeId) -> Option<Box<str>> {
        self.notes.borrow().labels.get(&node).map(|label| label.as_str().into())
    }

    /// The label of a node, if it has one.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// assert_eq!(g.label_of(g.leaf(3.0)), None);
    /// ```
    ///
    /// # Panics
    /// On a wrong key.
    #[track_caller]
    pub fn label_of(&self, node: NodeId) -> Option<String> {
        expect(self.position(node));
        self.notes.borrow().labels.get(&node).cloned()
    }

    /// Opens a scope. Nodes recorded until the returned [`Scope`] is dropped belong to it.
    ///
    /// Scopes nest, and may be closed in any order. A node is in all scopes that were open when it was recorded, in the
    /// order in which they were opened. If the [`Scope`] is never dropped ([`std::mem::forget`]), it stays open until a
    /// reset or rewind.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let mut layer = g.scope("layer 1");
    /// let x = g.leaf(1.0);
    /// layer = g.scope("layer 2");
    /// let y = g.leaf(2.0);
    /// drop(layer);
    /// assert_eq!((g.scope_of(x), g.scope_of(y)), (vec!["layer 1".into()], vec!["layer 2".into()]));
    /// ```
    pub fn scope(&self, name: impl Into<String>) -> Scope<'_> {
        let name = name.into();
        let number = self.notes.borrow_mut().scopes.enter(name, self.tape.len());
        Scope { graph: self, number }
    }

    pub(super) fn leave_scope(&self, number: u32) {
        self.notes.borrow_mut().scopes.leave(number, self.tape.len());
    }

    /// The scopes that a node was recorded in, outermost first.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaf(3.0);
    /// let y = {
    ///     let _layer = g.scope("layer 1");
    ///     g.sin(x)
    /// };
    /// assert_eq!(g.scope_of(y), ["layer 1"]);
    /// assert!(g.scope_of(x).is_empty());
    /// ```
    ///
    /// # Panics
    /// On a wrong key.
    #[track_caller]
    pub fn scope_of(&self, node: NodeId) -> Vec<String> {
        let position = expect(self.position(node));
        self.notes.borrow().scopes.path(position)
    }
}
