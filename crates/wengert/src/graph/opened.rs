//! A copy of a graph in which computed nodes are inputs too: a leaf is added to each, and every user of the node uses
//! the sum.

use rustc_hash::FxHashMap;

use crate::error::Error;
use crate::graph::Graph;
use crate::node::NodeId;
use crate::op::Op;

/// The copy, and where the outputs and the inputs are in it.
pub(crate) struct Opened {
    pub(crate) graph: Graph,
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
        let mut leaves = Vec::with_capacity(nodes.len());
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
        for &node in wrt {
            let position = self.position(node)? as usize;
            let entry = self.tape.entry(position as u32);
            if position < end && entry.wants() && entry.op() != Op::Leaf {
                open.insert(position, NodeId::default());
            }
        }
        let graph = Graph::new();
        let mut copies: Vec<NodeId> = Vec::with_capacity(end);
        let mut operands = Vec::new();
        let mut call = NodeId::default();
        for position in 0..end {
            let entry = self.tape.entry(position as u32);
            let mut copy = match entry.op() {
                Op::Leaf => graph.leaf(entry.value),
                Op::Const => graph.constant(entry.value),
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
                *input = graph.leaf(-0.0);
                copy = graph.add(copy, *input);
            }
            copies.push(copy);
        }
        let inputs = wrt.iter().map(|&node| {
            let position = self.position(node)? as usize;
            Ok(match open.get(&position) {
                Some(&input) => input,
                None if position < end && self.tape.entry(position as u32).op() == Op::Leaf => copies[position],
                None => graph.leaf(0.0),
            })
        });
        Ok(Opened {
            inputs: inputs.collect::<Result<_, Error>>()?,
            outputs: outputs.into_iter().map(|output| copies[output]).collect(),
            graph,
        })
    }
}
