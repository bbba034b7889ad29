//! Values of a page by number: their ops, operands, local derivatives, and what flows back from outside.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use wengert::{Graph, Imm, NodeId, Op};

use crate::formula;
use crate::graph::{Drawing, Operation, Value, Vertex};
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

/// In place of an operand that is not shown.
const HIDDEN: u32 = u32::MAX;

/// The operands of each value, each in its place.
pub(super) struct Operands {
    pub(super) start: Vec<u32>,
    pub(super) operand: Vec<u32>,
}

impl Operands {
    fn of(&self, value: usize) -> &[u32] {
        &self.operand[self.start[value] as usize..self.start[value + 1] as usize]
    }

    /// Whether all operands of a value are shown.
    fn are_shown(&self, value: usize) -> bool {
        !self.of(value).contains(&HIDDEN)
    }
}

/// The op of a box that is the result of one.
pub(super) fn operation<'d>(drawing: &'d Drawing, boxed: &Boxed) -> Option<&'d Operation> {
    match &drawing[boxed.op?] {
        Vertex::Op(op) => Some(op),
        _ => None,
    }
}

/// Every op that occurs, with its immediates and number of operands; and for each value, its op.
pub(super) fn ops(drawing: &Drawing, tree: &Tree) -> (Vec<OpData>, Vec<u32>) {
    let mut ops: Vec<OpData> = Vec::new();
    let mut known: HashMap<(Op, [u64; 2], usize, Option<String>), u32> = HashMap::new();
    let mut op_of = Vec::new();
    for boxed in &tree.boxes {
        let Vertex::Value(value) = &drawing[boxed.vertex] else {
            continue;
        };
        let operation = operation(drawing, boxed);
        let (op, imm) = operation.map_or((value.op, wengert::NO_IMM), |operation| (operation.op, operation.imm));
        let external = operation.filter(|operation| operation.external.is_some()).map(Operation::caption);
        let operands = operation.map_or(0, |operation| operation.operands.len());
        let ordered = operation.is_some_and(Operation::order_matters);
        let key = (op, imm.map(f64::to_bits), operands, external.clone());
        let index = *known.entry(key).or_insert_with(|| {
            ops.push(OpData { ordered, ..OpData::new(op, imm, operands, external.as_deref()) });
            (ops.len() - 1) as u32
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
                ordered: false,
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
            ordered: false,
        }
    }
}

/// The operands of each value, in order. Values are numbered by their keys.
pub(super) fn operands(drawing: &Drawing, tree: &Tree, number: &HashMap<NodeId, usize>) -> Operands {
    let mut start = vec![0];
    let mut operand = Vec::new();
    for boxed in &tree.boxes {
        if !matches!(drawing[boxed.vertex], Vertex::Value(_)) {
            continue;
        }
        let of = operation(drawing, boxed).map_or(&[][..], |operation| &operation.operands[..]);
        operand.extend(of.iter().map(|key| number.get(key).map_or(HIDDEN, |&number| number as u32)));
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
    // The outputs of a function of the user's own follow each other, so it is called once for all of them.
    let (mut call, mut leaves, mut outputs) = (None, Vec::new(), Vec::new());
    let shown = tree.boxes.iter().filter(|boxed| matches!(drawing[boxed.vertex], Vertex::Value(_)));
    for (value, boxed) in shown.enumerate() {
        let of = operands.of(value);
        let unknown = of.iter().map(|_| f64::NAN);
        let Some(operation) = operation(drawing, boxed).filter(|_| operands.are_shown(value)) else {
            partial.extend(unknown);
            continue;
        };
        let first = operation.external.as_ref().map(|external| external.first);
        if first.is_none() || first != call {
            graph.rewind(mark);
            leaves = of.iter().map(|&k| graph.leaf(values[k as usize].data)).collect::<Vec<NodeId>>();
            let recorded = match &operation.external {
                Some(external) => graph.try_external_nodes(Arc::clone(&external.function), &leaves),
                None => graph.try_record(operation.op, operation.imm, &leaves).map(|result| vec![result]),
            };
            (call, outputs) = (first, recorded.unwrap_or_default());
        }
        let output = operation.external.as_ref().map_or(0, |external| external.output);
        let gradient = outputs.get(output).and_then(|&output| graph.try_gradient(output, &leaves).ok());
        match gradient {
            Some(gradient) => partial.extend(gradient),
            None => partial.extend(unknown),
        }
    }
    partial
}

/// The part of each derivative that does not come from shown values: the seed of the output, and what flowed back from
/// outside the picture, or from an op of which not all operands are shown.
pub(super) fn seeds(values: &[&Value], operands: &Operands, partial: &[f64]) -> Vec<(usize, f64)> {
    let mut received = vec![(0.0f64, 0.0f64); values.len()];
    for k in (0..values.len()).rev().filter(|&k| operands.are_shown(k)) {
        let bar = values[k].grad;
        for (&operand, &partial) in operands.of(k).iter().zip(&partial[operands.start[k] as usize..]) {
            let part = if bar == 0.0 || partial == 0.0 { 0.0 } else { bar * partial };
            let sum = &mut received[operand as usize];
            *sum = (sum.0 + part, sum.1 + part.abs());
        }
    }
    let missing = |(k, (sum, size)): (usize, (f64, f64))| {
        let grad = values[k].grad;
        let rest = grad - sum;
        (rest.abs() > 1e-9 * size.max(grad.abs())).then_some((k, rest))
    };
    received.into_iter().enumerate().filter(|&(k, _)| values[k].wants_gradient).filter_map(missing).collect()
}
