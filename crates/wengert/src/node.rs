//! Nodes as users see them, and their keys.

use std::fmt;

use slotmap::{Key, KeyData, new_key_type};
use smallvec::SmallVec;

use crate::op::{Imm, Op};

new_key_type! {
    /// The key of a node: where it stands on the tape, and the generation of the graph it is of.
    ///
    /// A key of another graph, of before a reset, or of beyond a rewind is refused wherever it is
    /// used, in release builds too.
    ///
    /// The one exception: generations have 31 bits and come from one counter of the process. Every graph
    /// takes one when it is made and one at each reset and each rewind that drops nodes (in blocks of at
    /// most 64). After 2^31 of them, so after 2^30 graphs made and reset once, they come round again,
    /// and a wrong key that is just as old as that may be taken for a right one. A right key is never refused.
    pub struct NodeId;
}

impl NodeId {
    #[inline(always)]
    pub(crate) fn new(index: u32, generation: u32) -> NodeId {
        // slotmap's versions are odd.
        let version = u64::from(generation << 1 | 1);
        NodeId(KeyData::from_ffi(version << 32 | u64::from(index)))
    }

    #[inline(always)]
    pub(crate) fn position(self) -> u32 {
        self.0.as_ffi() as u32
    }

    #[inline(always)]
    pub(crate) fn generation(self) -> u32 {
        (self.0.as_ffi() >> 33) as u32
    }

    /// Where the node stands on the tape, from 0. Operands stand before what uses them.
    #[inline]
    pub fn index(self) -> usize {
        self.position() as usize
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_null() {
            f.write_str("n-")
        } else {
            write!(f, "n{}", self.position())
        }
    }
}

/// Operands, in order.
pub type Operands = SmallVec<[NodeId; 2]>;

/// A node as it stands in the graph now.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Node {
    /// Its key.
    pub id: NodeId,
    /// What it computes.
    pub op: Op,
    /// The immediates of the op.
    pub imm: Imm,
    /// Its operands, in order; for a dot product the first list, then the second.
    pub operands: Operands,
    /// Its value: of the last recording or `forward`; of a leaf, as last set.
    pub value: f64,
    /// Whether it depends on a leaf through ops that let gradients pass.
    pub wants_gradient: bool,
}
