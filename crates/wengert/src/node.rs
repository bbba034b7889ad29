//! Nodes as users see them, and their keys.

use alloc::sync::Arc;
use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};

use slotmap::{Key, KeyData, new_key_type};
use smallvec::SmallVec;

use crate::external::External;
use crate::op::{Imm, Op};

new_key_type! {
    /// The key of a node: its position on the tape, and the generation of the graph that recorded it.
    ///
    /// Every function refuses a key of another graph, and of a node that was dropped by a reset or rewind, in
    /// release builds too.
    ///
    /// There is one exception. Generations have 31 bits and come from one counter for the whole process. Every graph
    /// takes one when it is made, and one at each reset and each rewind that drops nodes. (It takes them in blocks of
    /// up to 64.) After 2^31 generations (for example, 2^30 graphs, each reset once) the counter starts over, and an
    /// invalid key that is exactly 2^31 generations old can be accepted. A valid key is never refused.
    pub struct NodeId;
}

impl NodeId {
    #[inline(always)]
    pub(crate) fn new(index: u32, generation: u32) -> NodeId {
        // slotmap's versions are odd.
        let version = u64::from(generation << 1 | 1);
        NodeId::of_word(version << 32 | u64::from(index))
    }

    #[inline(always)]
    pub(crate) fn position(self) -> u32 {
        self.0.as_ffi() as u32
    }

    #[inline(always)]
    pub(crate) fn generation(self) -> u32 {
        (self.0.as_ffi() >> 33) as u32
    }

    /// The key of another position, of the same generation.
    #[inline(always)]
    pub(crate) fn at(self, position: u32) -> NodeId {
        NodeId::of_word(self.word() >> 32 << 32 | u64::from(position))
    }

    /// The generation and the position as one word.
    #[inline(always)]
    pub(crate) fn word(self) -> u64 {
        self.0.as_ffi()
    }

    #[inline(always)]
    pub(crate) fn of_word(word: u64) -> NodeId {
        NodeId(KeyData::from_ffi(word))
    }

    /// The position of the node on the tape, from 0. Operands come before the nodes that use them.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// g.leaf(3.0);
    /// assert_eq!(g.leaf(4.0).index(), 1);
    /// ```
    #[inline]
    pub fn index(self) -> usize {
        self.position() as usize
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_null() { f.write_str("n-") } else { write!(f, "n{}", self.position()) }
    }
}

/// The operands of a node, in order.
pub type Operands = SmallVec<[NodeId; 2]>;

/// A node, as it was when it was read from the graph.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Node {
    /// The key.
    pub id: NodeId,
    /// What it computes.
    pub op: Op,
    /// The immediates of the op.
    pub imm: Imm,
    /// Its operands, in order. For a dot product, the first list and then the second.
    pub operands: Operands,
    /// Its value, from recording or from the last `forward`. For a leaf, as it was last set.
    pub value: f64,
    /// Whether it depends on a leaf through ops that let gradients pass.
    pub wants_gradient: bool,
    /// Which output of which function it is, for [`Op::External`].
    pub external: Option<ExternalOutput>,
}

/// Which output of which function a node is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExternalOutput {
    /// The function.
    pub function: Arc<dyn External>,
    /// The first output of the call. The others follow it on the tape.
    pub first: NodeId,
    /// Which output the node is, from 0.
    pub output: usize,
}

/// A panic in the function leaves nothing of the engine half done.
impl UnwindSafe for ExternalOutput {}
impl RefUnwindSafe for ExternalOutput {}

/// The same output of the same call.
impl PartialEq for ExternalOutput {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.function, &other.function) && self.first == other.first && self.output == other.output
    }
}
