//! Guards: the comparisons made while recording, which [`Graph::forward`] checks.

use alloc::vec::Vec;

use crate::error::{Error, expect};
use crate::graph::Graph;
use crate::node::NodeId;
use crate::op::Relation;
use crate::room::{Grow, collected};
use crate::tape::entry::Handle;

/// A comparison that was made while recording. [`Graph::guards`] lists them.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Guard {
    /// The left operand.
    pub left: NodeId,
    /// The relation that was tested.
    pub relation: Relation,
    /// The right operand.
    pub right: NodeId,
    /// The result of the comparison.
    pub recorded: bool,
}

/// A guard that holds positions instead of keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawGuard {
    pub(super) left: u32,
    pub(super) right: u32,
    pub(super) relation: Relation,
    pub(super) recorded: bool,
    /// A serial number. A guard that a rewind dropped and the one that later takes its index have different numbers.
    pub(super) serial: u32,
}

/// Guards.
impl Graph {
    /// The comparisons made while recording, in order.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y] = [g.var(1.0), g.var(2.0)];
    /// let larger = if x < y { y } else { x };
    /// assert_eq!(larger.value(), 2.0);
    /// assert_eq!(g.guards().len(), 1);
    /// ```
    pub fn guards(&self) -> Vec<Guard> {
        expect(self.try_guards())
    }

    /// As [`Graph::guards`].
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn try_guards(&self) -> Result<Vec<Guard>, Error> {
        let key = |position| self.generations.key(position);
        let public = |guard: &RawGuard| Guard {
            left: key(guard.left),
            relation: guard.relation,
            right: key(guard.right),
            recorded: guard.recorded,
        };
        Ok(collected(self.guards.borrow().iter().map(public))?)
    }

    /// Records a comparison and its result.
    #[track_caller]
    pub(crate) fn push_guard(&self, left: Handle, relation: Relation, right: Handle, recorded: bool) {
        let serial = self.next_guard.get();
        self.next_guard.set(serial.wrapping_add(1));
        let [left, right] = [left, right].map(Handle::index);
        let guard = RawGuard { left, right, relation, recorded, serial };
        expect(self.guards.borrow_mut().try_push(guard).map_err(Error::from));
    }

    /// The first comparison that has another result with these values of the nodes, as an error. One of nodes without a
    /// value is left out.
    pub(crate) fn first_flipped(&self, value: impl Fn(usize) -> Option<f64>) -> Option<Error> {
        let guards = self.guards.borrow();
        let flipped = |guard: &&RawGuard| match [guard.left, guard.right].map(|x| value(x as usize)) {
            [Some(left), Some(right)] => guard.relation.holds(left, right) != guard.recorded,
            _ => false,
        };
        guards.iter().find(flipped).map(|guard| {
            let [left, right] = [guard.left, guard.right].map(|x| self.generations.key(x));
            Error::GuardFlipped {
                left,
                relation: guard.relation,
                right,
                names: [left, right].map(|node| self.name_of(node).into()),
                recorded: guard.recorded,
            }
        })
    }
}
