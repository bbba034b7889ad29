//! Comparisons made while recording. A program that branched on recorded values is right only for
//! values that branch alike, so each comparison leaves a guard, and replaying checks it.

use crate::node::NodeId;
use crate::op::Relation;

/// A comparison that was made while recording, as [`crate::Graph::guards`] lists them.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Guard {
    /// The left operand.
    pub left: NodeId,
    /// What was compared.
    pub relation: Relation,
    /// The right operand.
    pub right: NodeId,
    /// What the comparison gave.
    pub recorded: bool,
}
