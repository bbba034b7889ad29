//! Reads a recording off a graph.

use std::collections::BTreeMap;
use std::sync::Arc;

use wengert::{ExternalOutput, Graph, NO_IMM, NodeId, Op};

use super::{Check, NOTHING, Outlet, Recording, Site};
use crate::error::Error;
use crate::options::{Input, Options, Output};

/// What `outputs` depend on, as a function of `inputs`. O(nodes up to the last output).
pub(crate) fn recording(
    graph: &Graph,
    inputs: &[Input],
    outputs: &[Output],
    options: &Options,
) -> Result<Recording, Error> {
    if outputs.is_empty() {
        return Err(Error::NoOutputs);
    }
    let mut last = 0;
    for output in outputs {
        last = last.max(graph.try_node(output.node)?.id.index());
    }
    let mut reader = Reader {
        graph,
        needed: vec![false; last + 1],
        value_of: vec![NOTHING; last + 1],
        recording: Recording::of(inputs.iter().map(|input| input.spread).collect())?,
    };
    for (k, input) in inputs.iter().enumerate() {
        let node = graph.try_node(input.node)?;
        if node.op != Op::Leaf {
            return Err(Error::NotALeaf { input: k, node: node.id, op: node.op });
        }
        // Outputs do not depend on an input recorded after them.
        if let Some(value) = reader.value_of.get_mut(node.id.index()) {
            *value = k as u32;
        }
    }
    refuse_repeated(inputs)?;

    outputs.iter().for_each(|output| reader.needed[output.node.index()] = true);
    // A comparison made after all outputs were recorded decided nothing about them.
    let mut guards = graph.guards();
    guards.retain(|guard| options.guards && guard.left.max(guard.right).index() <= last);
    let varies = reader.varying(&guards);
    guards.retain(|guard| [guard.left, guard.right].iter().any(|x| varies[x.index()]));
    for guard in &guards {
        reader.needed[guard.left.index()] = true;
        reader.needed[guard.right.index()] = true;
    }
    reader.mark();
    reader.read(options)?;

    let Reader { value_of, mut recording, .. } = reader;
    let value = |node: NodeId| value_of[node.index()];
    let name = |node: NodeId| graph.label_of(node).unwrap_or_else(|| graph.name_of(node));
    recording.outputs.extend(outputs.iter().map(|output| Outlet { value: value(output.node), spread: output.spread }));
    let inputs = inputs.iter().enumerate().map(|(k, input)| (k as u32, input.node));
    let outputs = outputs.iter().map(|output| (value(output.node), output.node));
    let labels: BTreeMap<u32, String> =
        inputs.chain(outputs).filter_map(|(value, node)| Some((value, graph.label_of(node)?))).collect();
    recording.labels.extend(labels);
    for guard in &guards {
        recording.checks.push(Check {
            left: value(guard.left),
            right: value(guard.right),
            relation: guard.relation,
            recorded: guard.recorded,
        });
        recording.names.push([name(guard.left), name(guard.right)]);
    }
    Ok(recording)
}

fn refuse_repeated(inputs: &[Input]) -> Result<(), Error> {
    let mut sorted: Vec<(NodeId, usize)> = inputs.iter().enumerate().map(|(k, input)| (input.node, k)).collect();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(Error::RepeatedInput { input: pair[1].1, node: pair[1].0 }),
        None => Ok(()),
    }
}

struct Reader<'g> {
    graph: &'g Graph,
    /// For each position of the tape, whether outputs or guards depend on its node.
    needed: Vec<bool>,
    /// For each position of the tape, the value of its node.
    value_of: Vec<u32>,
    recording: Recording,
}

impl Reader<'_> {
    /// Whether each node depends on an input; empty if there are no guards, since only they ask.
    fn varying(&self, guards: &[wengert::Guard]) -> Vec<bool> {
        if guards.is_empty() {
            return Vec::new();
        }
        let mut varies: Vec<bool> = self.value_of.iter().map(|&value| value != NOTHING).collect();
        for index in 0..varies.len() {
            let mut varying = varies[index];
            self.graph.read(index, |x| varying |= varies[x]);
            varies[index] = varying;
        }
        varies
    }

    /// Marks what the marked nodes depend on.
    fn mark(&mut self) {
        for index in (0..self.needed.len()).rev() {
            if self.needed[index] {
                self.graph.read(index, |x| self.needed[x] = true);
            }
        }
    }

    fn read(&mut self, options: &Options) -> Result<(), Error> {
        let count = self.needed.iter().filter(|&&needed| needed).count();
        self.recording.entries.reserve(count);
        self.recording.operands.reserve(2 * count);
        for index in 0..self.needed.len() {
            if !self.needed[index] || self.value_of[index] != NOTHING {
                continue;
            }
            if let Some(external) = self.external(index) {
                self.read_call(&external)?;
                continue;
            }
            let operands = &mut self.recording.operands;
            let (op, imm, value) = self.graph.read(index, |x| operands.push(self.value_of[x]));
            let (op, imm) = match op {
                Op::Leaf if !options.freeze => {
                    let node = self.graph.get(index).expect("it was read").id;
                    return Err(Error::LooseLeaf { node });
                }
                Op::Leaf | Op::Const => (Op::Const, [value, NO_IMM[1]]),
                op => (op, imm),
            };
            self.value_of[index] = self.recording.finish(op, imm)?;
        }
        Ok(())
    }

    /// The function that the node at a position is an output of.
    fn external(&self, index: usize) -> Option<ExternalOutput> {
        match self.graph.read(index, |_| ()).0 {
            Op::External => self.graph.get(index).and_then(|node| node.external),
            _ => None,
        }
    }

    /// Reads a call with all its outputs.
    fn read_call(&mut self, external: &ExternalOutput) -> Result<(), Error> {
        let (site, first) = (Site::of(Arc::clone(&external.function)), external.first.index());
        let (mut operands, outputs) = (Vec::new(), site.outputs as usize);
        self.graph.read(first, |x| operands.push(self.value_of[x]));
        let value = self.recording.push_call(site, &operands)?;
        for (k, place) in self.value_of[first..].iter_mut().take(outputs).enumerate() {
            *place = value + k as u32;
        }
        Ok(())
    }
}
