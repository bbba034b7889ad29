//! The eager sweep: record at the first point, recompute forward at the others, sweep
//! backward from each output.

use wengert::{Error, Graph, NO_IMM, NodeId, Op};

use super::{Answer, Question, Route};
use crate::formula::{Formula, Instruction};

/// The eager sweep.
#[derive(Clone, Copy, Debug)]
pub struct Sweep;

impl Route for Sweep {
    fn name(&self) -> &str {
        "sweep"
    }

    fn gives_hessians(&self) -> bool {
        false
    }

    fn sweeps_back(&self) -> bool {
        true
    }

    fn answer(&self, question: Question<'_>) -> Result<Vec<Vec<Answer>>, String> {
        at_every_point(question, at_this_point)
    }
}

/// The results of `read(graph, inputs, outputs)` at every point of the question. The formula is recorded at
/// the first point and recomputed forward at the others.
///
/// # Errors
/// The error of the engine or of `read`, in words.
pub(super) fn at_every_point(
    question: Question<'_>,
    read: impl Fn(&Graph, &[NodeId], &[NodeId]) -> Result<Vec<Answer>, String>,
) -> Result<Vec<Vec<Answer>>, String> {
    let Some((first, others)) = question.points.split_first() else {
        return Ok(Vec::new());
    };
    let (mut graph, inputs, nodes) = record(question.formula, first)?;
    let outputs: Vec<NodeId> = question.outputs.iter().map(|&k| nodes[k]).collect();
    let mut answers = vec![read(&graph, &inputs, &outputs)?];
    for point in others {
        move_to(&mut graph, &inputs, point).map_err(|e| e.to_string())?;
        answers.push(read(&graph, &inputs, &outputs)?);
    }
    Ok(answers)
}

/// Recomputes a recording at another point.
///
/// # Errors
/// The error of the engine.
pub(super) fn move_to(graph: &mut Graph, inputs: &[NodeId], x: &[f64]) -> Result<(), Error> {
    for (&input, &x) in inputs.iter().zip(x) {
        graph.try_set(input, x)?;
    }
    graph.forward()
}

fn at_this_point(graph: &Graph, inputs: &[NodeId], outputs: &[NodeId]) -> Result<Vec<Answer>, String> {
    let answer = |&output: &NodeId| {
        graph.try_backward(output).map_err(|e| e.to_string())?;
        let gradient = inputs.iter().map(|&input| graph.grad(input)).collect();
        Ok(Answer { value: graph.value(output), gradient, hessian: None })
    };
    outputs.iter().map(answer).collect()
}

/// Records a formula at a point: the graph, the leaf of each input, the node of
/// each instruction.
///
/// # Errors
/// The error of the engine, in words.
pub fn record(formula: &Formula, x: &[f64]) -> Result<(Graph, Vec<NodeId>, Vec<NodeId>), String> {
    let graph = Graph::with_capacity(formula.inputs + formula.code.len());
    // A leaf for every input: an unused one has the derivative 0.
    let inputs: Vec<NodeId> = x.iter().map(|&x| graph.leaf(x)).collect();
    let mut nodes: Vec<NodeId> = Vec::with_capacity(formula.code.len());
    for instruction in &formula.code {
        let node = match instruction {
            Instruction::Input(k) => inputs[*k],
            Instruction::Const(value) => graph.constant(*value),
            Instruction::Apply { word, operands, integer } => {
                let operands: Vec<NodeId> = operands.iter().map(|&k| nodes[k]).collect();
                apply(&graph, word.name, &operands, *integer)?
            }
        };
        nodes.push(node);
    }
    Ok((graph, inputs, nodes))
}

fn apply(graph: &Graph, name: &str, operands: &[NodeId], integer: i32) -> Result<NodeId, String> {
    match (name, operands) {
        ("powi", &[x]) => Ok(graph.powi(x, integer)),
        ("polygamma", &[x]) => Ok(graph.polygamma(x, order(integer)?)),
        ("clamp", &[x, low, high]) => Ok(graph.clamp(x, low, high)),
        _ => {
            let op = Op::from_name(name).ok_or_else(|| format!("the engine has no op {name}"))?;
            graph.try_record(op, NO_IMM, operands).map_err(|e| e.to_string())
        }
    }
}

/// The order of a polygamma.
pub(super) fn order(integer: i32) -> Result<u32, String> {
    u32::try_from(integer).map_err(|_| format!("polygamma has no order {integer}"))
}
