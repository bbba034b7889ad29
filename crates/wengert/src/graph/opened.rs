//! A copy of a graph in which computed nodes are inputs too: a leaf is added to each, and every user of the node uses
//! the sum.

use alloc::vec::Vec;

use crate::error::Error;
use crate::graph::Graph;
use crate::hash::FxHashMap;
use crate::node::NodeId;
use crate::op::{NO_IMM, Op};
use crate::room::{Room, collected, with_room};

/// The copy, and where the outputs and the inputs are in it.
pub(crate) struct Opened {
    pub(crate) graph: Graph,
    /// The copy of each node, or the sum where a leaf was added to it.
    pub(crate) nodes: Vec<NodeId>,
    pub(crate) outputs: Vec<NodeId>,
    /// A leaf for each node of `wrt`. If the node wants no gradient or comes after all outputs, nothing depends on its
    /// leaf.
    pub(crate) inputs: Vec<NodeId>,
}

impl Graph {
    /// The positions of these nodes; `None` unless all are leaves.
    pub(crate) fn leaf_positions(
        &self,
        nodes: impl ExactSizeIterator<Item = NodeId>,
    ) -> Result<Option<Vec<usize>>, Error> {
        let mut leaves = with_room(nodes.len())?;
        let mut all = true;
        for node in nodes {
            let position = self.position(node)?;
            all &= self.tape.entry(position).code() == Op::Leaf.code();
            leaves.push(position as usize);
        }
        Ok(all.then_some(leaves))
    }

    /// The graph up to `outputs`, opened at `wrt`. O(nodes up to `outputs`).
    pub(crate) fn opened(&self, outputs: &[NodeId], wrt: &[NodeId]) -> Result<Opened, Error> {
        let outputs = self.all_fresh(outputs)?;
        let end = outputs.iter().max().map_or(0, |&last| last + 1);
        let mut open = FxHashMap::default();
        open.room(wrt.len())?;
        for &node in wrt {
            let position = self.position(node)? as usize;
            let entry = self.tape.entry(position as u32);
            if position < end && entry.wants() && entry.op() != Op::Leaf {
                open.insert(position, NodeId::default());
            }
        }
        let graph = Graph::new();
        let mut copies: Vec<NodeId> = with_room(end)?;
        let mut operands = with_room(self.most_operands())?;
        let mut call = NodeId::default();
        for position in 0..end {
            let entry = self.tape.entry(position as u32);
            let mut copy = match entry.op() {
                Op::Leaf => graph.try_leaf(entry.value)?,
                Op::Const => graph.try_constant(entry.value)?,
                Op::External => {
                    let first = self.tape.view().call(entry).first;
                    // All outputs are copied with the first.
                    if first as usize == position {
                        call = self.copy_call(first, &graph, &copies)?;
                    }
                    call.at(call.position() + position as u32 - first)
                }
                op => {
                    operands.clear();
                    let imm = self.tape.operands(entry, |x| operands.push(copies[x as usize]));
                    graph.try_record(op, imm, &operands)?
                }
            };
            if let Some(input) = open.get_mut(&position) {
                // x + -0 is x, even where x is 0 or -0.
                *input = graph.try_leaf(-0.0)?;
                copy = graph.try_record(Op::Add, NO_IMM, &[copy, *input])?;
            }
            copies.push(copy);
        }
        let mut inputs = with_room(wrt.len())?;
        for &node in wrt {
            let position = self.position(node)? as usize;
            inputs.push(match open.get(&position) {
                Some(&input) => input,
                None if position < end && self.tape.entry(position as u32).op() == Op::Leaf => copies[position],
                None => graph.try_leaf(0.0)?,
            });
        }
        let outputs = collected(outputs.into_iter().map(|output| copies[output]))?;
        Ok(Opened { graph, outputs, inputs, nodes: copies })
    }
}
