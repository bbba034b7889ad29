//! Tangents swept forward over the tape, one input at a time; Hessians by tangents through the
//! reverse sweep.

use wengert::{Graph, NodeId};

use super::{Answer, Question, Route, sweep::at_every_point};

/// The tangent sweep.
#[derive(Clone, Copy, Debug)]
pub struct Tangent;

impl Route for Tangent {
    fn name(&self) -> &str {
        "tangent"
    }

    fn gives_hessians(&self) -> bool {
        true
    }

    fn sweeps_back(&self) -> bool {
        false
    }

    fn answer(&self, question: Question<'_>) -> Result<Vec<Vec<Answer>>, String> {
        at_every_point(question, |graph, inputs, outputs| at_this_point(graph, inputs, outputs, question.hessian))
    }
}

fn at_this_point(graph: &Graph, inputs: &[NodeId], outputs: &[NodeId], hessian: bool) -> Result<Vec<Answer>, String> {
    let mut answers = Vec::with_capacity(outputs.len());
    for &output in outputs {
        let second = hessian.then(|| graph.try_hessian(output, inputs));
        let second = second.transpose().map_err(|e| e.to_string())?;
        let triangle = |rows: Vec<Vec<f64>>| -> Vec<f64> {
            let rows = rows.into_iter().enumerate();
            rows.flat_map(|(k, row)| row.into_iter().take(k + 1)).collect()
        };
        answers.push(Answer {
            value: graph.value(output),
            gradient: Vec::with_capacity(inputs.len()),
            hessian: second.map(triangle),
        });
    }
    for &input in inputs {
        let partials = graph.try_jvp(&[(input, 1.0)], outputs);
        let partials = partials.map_err(|e| e.to_string())?;
        for (answer, partial) in answers.iter_mut().zip(partials) {
            answer.gradient.push(partial);
        }
    }
    Ok(answers)
}
