//! The gradient as graph: the derivatives appended to the recording as nodes, then read.
//!
//! Hessians are gradients of the gradient's nodes. At later points the whole graph is recomputed
//! forward, with its derivatives. Where a recorded comparison has another result, the formula is
//! recorded again.

use wengert::{Error, Graph, NodeId};

use super::{
    Answer, Question, Route,
    sweep::{move_to, record},
};

/// The gradient as graph.
#[derive(Clone, Copy, Debug)]
pub struct Derive;

impl Route for Derive {
    fn name(&self) -> &str {
        "derive"
    }

    fn gives_hessians(&self) -> bool {
        true
    }

    fn sweeps_back(&self) -> bool {
        true
    }

    fn answer(&self, question: Question<'_>) -> Result<Vec<Vec<Answer>>, String> {
        let Some((first, others)) = question.points.split_first() else {
            return Ok(Vec::new());
        };
        let mut recording = Recording::at(question, first)?;
        let mut answers = vec![recording.read()?];
        for point in others {
            match move_to(&mut recording.graph, &recording.inputs, point) {
                Ok(()) => {}
                Err(Error::GuardFlipped { .. }) => recording = Recording::at(question, point)?,
                Err(error) => return Err(error.to_string()),
            }
            answers.push(recording.read()?);
        }
        Ok(answers)
    }
}

/// A formula and its derivatives, as nodes of one graph.
pub(super) struct Recording {
    pub(super) graph: Graph,
    pub(super) inputs: Vec<NodeId>,
    pub(super) outputs: Vec<Output>,
}

/// The nodes of one output.
pub(super) struct Output {
    pub(super) value: NodeId,
    pub(super) gradient: Vec<NodeId>,
    /// The lower triangle, row by row, if wanted.
    pub(super) hessian: Option<Vec<NodeId>>,
}

impl Recording {
    pub(super) fn at(question: Question<'_>, x: &[f64]) -> Result<Self, String> {
        let (graph, inputs, nodes) = record(question.formula, x)?;
        let gradient = |l, wrt: &[NodeId]| graph.try_gradient_nodes(l, wrt).map_err(|e| e.to_string());
        let mut outputs = Vec::with_capacity(question.outputs.len());
        for &k in question.outputs {
            let first = gradient(nodes[k], &inputs)?;
            let hessian = if question.hessian {
                let mut triangle = Vec::with_capacity(inputs.len() * (inputs.len() + 1) / 2);
                for (row, &partial) in first.iter().enumerate() {
                    triangle.extend(gradient(partial, &inputs[..=row])?);
                }
                Some(triangle)
            } else {
                None
            };
            outputs.push(Output { value: nodes[k], gradient: first, hessian });
        }
        Ok(Self { graph, inputs, outputs })
    }

    fn read(&self) -> Result<Vec<Answer>, String> {
        let values =
            |nodes: &[NodeId]| -> Result<Vec<f64>, Error> { nodes.iter().map(|&n| self.graph.try_value(n)).collect() };
        let answer = |output: &Output| {
            Ok(Answer {
                value: self.graph.try_value(output.value)?,
                gradient: values(&output.gradient)?,
                hessian: output.hessian.as_deref().map(values).transpose()?,
            })
        };
        let answers: Result<Vec<Answer>, Error> = self.outputs.iter().map(answer).collect();
        answers.map_err(|e| e.to_string())
    }
}
