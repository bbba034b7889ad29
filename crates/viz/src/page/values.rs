//! Values of a page by number: their ops, operands, local derivatives, and what flows back from outside.

use std::collections::HashMap;
use std::sync::Arc;

use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use serde::Serialize;
use wengert::{Graph, Imm, NodeId, Op};

use crate::formula;
use crate::graph::{Drawing, Link, Operation, Value, Vertex};
use crate::layout::{At, Boxed, Card, Tree};

/// An op with its immediates.
#[derive(Serialize)]
pub(super) struct OpData {
    name: String,
    caption: String,
    size: At,
    /// The formula over `@0`, `@1`, ..., and its local derivatives with respect to each; `@r` is the result.
    formula: Option<String>,
    partials: Option<Vec<String>>,
    ordered: bool,
}

/// The operands of each value, as far as they are shown.
pub(super) struct Operands {
    pub(super) start: Vec<u32>,
    pub(super) operand: Vec<u32>,
}

/// The op of a box that is the result of one.
pub(super) fn operation<'d>(drawing: &'d Drawing, boxed: &Boxed) -> Option<&'d Operation> {
    match &drawing[boxed.op?] {
        Vertex::Op(op) => Some(op),
        _ => None,
    }
}

/// Every op that occurs, with its immediates and number of operands; and for each value, its op.
pub(super) fn ops(drawing: &Drawing, tree: &Tree) -> (Vec<OpData>, Vec<u16>) {
    let mut ops: Vec<OpData> = Vec::new();
    let mut known: HashMap<(Op, [u64; 2], usize, Option<String>), u16> = HashMap::new();
    let mut op_of = Vec::new();
    for boxed in &tree.boxes {
        let Vertex::Value(value) = &drawing[boxed.vertex] else {
            continue;
        };
        let operation = operation(drawing, boxed);
        let (op, imm) = operation.map_or((value.op, wengert::NO_IMM), |operation| (operation.op, operation.imm));
        let external = operation.filter(|operation| operation.external.is_some()).map(Operation::caption);
        let operands = boxed.op.map_or(0, |op| {
            let into = drawing.edges_directed(op, petgraph::Direction::Incoming);
            into.map(|edge| edge.weight().operands()).sum()
        });
        let key = (op, imm.map(f64::to_bits), operands, external.clone());
        // If there are more kinds than 16 bits can number, all further ones are shown as the last.
        let most = usize::from(u16::MAX);
        let index = *known.entry(key).or_insert_with(|| {
            if ops.len() < most {
                ops.push(OpData::new(op, imm, operands, external.as_deref()));
            }
            (ops.len() - 1) as u16
        });
        op_of.push(index);
    }
    (ops, op_of)
}

impl OpData {
    fn new(op: Op, imm: Imm, operands: usize, external: Option<&str>) -> OpData {
        if let Some(name) = external {
            return OpData {
                name: name.into(),
                caption: name.into(),
                size: Card::of_op(name.into()).size,
                formula: None,
                partials: None,
                ordered: operands > 1,
            };
        }
        // A formula that is longer than a line is left out: its numbers alone say more.
        let line = |text: &String| text.len() <= 60;
        let few = (1..=3).contains(&operands);
        OpData {
            name: op.name().into(),
            caption: op.caption(imm),
            size: Card::of_op(op.caption(imm)).size,
            formula: few.then(|| formula::pattern(op, imm, operands)).filter(line),
            partials: few
                .then(|| formula::partials(op, imm, operands))
                .flatten()
                .filter(|partials| partials.iter().all(line)),
            ordered: operands > 1 && !op.is_symmetric(),
        }
    }
}

/// The operands of each value that are shown, in order.
pub(super) fn operands(drawing: &Drawing, tree: &Tree, number: &[usize]) -> Operands {
    let mut start = vec![0];
    let mut operand = Vec::new();
    for boxed in &tree.boxes {
        if !matches!(drawing[boxed.vertex], Vertex::Value(_)) {
            continue;
        }
        if let Some(op) = boxed.op {
            let mut into: Vec<(usize, NodeIndex)> = drawing
                .edges_directed(op, petgraph::Direction::Incoming)
                .filter_map(|edge| match edge.weight() {
                    Link::Operand { position } => Some((*position, edge.source())),
                    _ => None,
                })
                .filter(|&(_, source)| matches!(drawing[source], Vertex::Value(_)))
                .collect();
            into.sort_unstable_by_key(|&(position, _)| position);
            operand.extend(into.iter().map(|(_, source)| number[tree.box_of[source.index()]] as u32));
        }
        start.push(operand.len() as u32);
    }
    Operands { start, operand }
}

/// The local derivative of each value with respect to each of its operands, by the engine; NaN where not all operands
/// are shown.
pub(super) fn partials(drawing: &Drawing, tree: &Tree, values: &[&Value], operands: &Operands) -> Vec<f64> {
    let mut graph = Graph::new();
    let mark = graph.mark();
    let mut partial = Vec::with_capacity(operands.operand.len());
    let mut value = 0;
    for boxed in &tree.boxes {
        if !matches!(drawing[boxed.vertex], Vertex::Value(_)) {
            continue;
        }
        let of = &operands.operand[operands.start[value] as usize..operands.start[value + 1] as usize];
        value += 1;
        let Some(operation) = operation(drawing, boxed) else {
            continue;
        };
        let into = boxed.op.map(|op| drawing.edges_directed(op, petgraph::Direction::Incoming));
        let all: usize = into.into_iter().flatten().map(|edge| edge.weight().operands()).sum();
        graph.rewind(mark);
        let leaves: Vec<NodeId> = of.iter().map(|&k| graph.leaf(values[k as usize].data)).collect();
        let recorded = match &operation.external {
            // A function of the user's own takes all its inputs or none.
            Some(_) if all != of.len() => Err(()),
            Some(external) => {
                let outputs = graph.try_external_nodes(Arc::clone(&external.function), &leaves);
                outputs.map(|outputs| outputs[external.output]).map_err(drop)
            }
            None => graph.try_record(operation.op, operation.imm, &leaves).map_err(drop),
        };
        match recorded.and_then(|result| graph.try_gradient(result, &leaves).map_err(drop)) {
            Ok(gradient) if all == of.len() => partial.extend(gradient),
            _ => partial.extend(of.iter().map(|_| f64::NAN)),
        }
    }
    partial
}

/// The part of each derivative that does not come from shown values: the seed of the output, and what flowed back from
/// outside the picture.
pub(super) fn seeds(values: &[&Value], operands: &Operands, partial: &[f64]) -> Vec<(usize, f64)> {
    let mut received = vec![(0.0f64, 0.0f64); values.len()];
    for k in (0..values.len()).rev() {
        let bar = values[k].grad;
        for at in operands.start[k] as usize..operands.start[k + 1] as usize {
            let part = if bar == 0.0 || partial[at] == 0.0 { 0.0 } else { bar * partial[at] };
            let sum = &mut received[operands.operand[at] as usize];
            *sum = (sum.0 + part, sum.1 + part.abs());
        }
    }
    let missing = |(k, (sum, size)): (usize, (f64, f64))| {
        let grad = values[k].grad;
        let rest = grad - sum;
        (rest.abs() > 1e-9 * size.max(grad.abs())).then_some((k, rest))
    };
    received.into_iter().enumerate().filter_map(missing).collect()
}
