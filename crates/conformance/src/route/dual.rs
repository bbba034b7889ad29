//! Dual numbers: the formula evaluated over values with tangents, without a tape.

use wengert::{Dual, NO_IMM, Op, Scalar};

use super::{Answer, Question, Route, sweep::order};
use crate::formula::{Formula, Instruction};

/// Dual numbers.
#[derive(Clone, Copy, Debug)]
pub struct Duals;

/// The number of inputs with tangents in one evaluation.
const LANES: usize = 4;

impl Route for Duals {
    fn name(&self) -> &str {
        "dual"
    }

    fn gives_hessians(&self) -> bool {
        false
    }

    fn sweeps_back(&self) -> bool {
        false
    }

    fn answer(&self, question: Question<'_>) -> Result<Vec<Vec<Answer>>, String> {
        let points = question.points.iter();
        points.map(|x| at(question, x)).collect()
    }
}

fn at(question: Question<'_>, x: &[f64]) -> Result<Vec<Answer>, String> {
    let mut answers = vec![Answer::default(); question.outputs.len()];
    // At least once: a formula without inputs has a value too.
    for batch in 0..x.len().div_ceil(LANES).max(1) {
        let moving = batch * LANES..x.len().min((batch + 1) * LANES);
        let inputs: Vec<Dual<LANES>> = (0..x.len())
            .map(|k| if moving.contains(&k) { Dual::input(x[k], k - moving.start) } else { Dual::new(x[k]) })
            .collect();
        let values = evaluate(question.formula, &inputs)?;
        for (answer, &k) in answers.iter_mut().zip(question.outputs) {
            answer.value = values[k].value;
            answer.gradient.extend(&values[k].tangents[..moving.len()]);
        }
    }
    Ok(answers)
}

/// The value of every instruction, over any kind of number.
///
/// # Errors
/// A message, where the engine has no such op.
pub fn evaluate<S: Scalar>(formula: &Formula, inputs: &[S]) -> Result<Vec<S>, String> {
    let mut values: Vec<S> = Vec::with_capacity(formula.code.len());
    for instruction in &formula.code {
        let value = match instruction {
            Instruction::Input(k) => inputs[*k],
            Instruction::Const(value) => S::constant(*value),
            Instruction::Apply { word, operands, integer } => {
                let operands: Vec<S> = operands.iter().map(|&k| values[k]).collect();
                match (word.name, &operands[..]) {
                    ("powi", &[x]) => x.powi(*integer),
                    ("polygamma", &[x]) => x.polygamma(order(*integer)?),
                    ("clamp", &[x, low, high]) => x.clamp(low, high),
                    (name, operands) => {
                        let op = Op::from_name(name);
                        let op = op.ok_or_else(|| format!("the engine has no op {name}"))?;
                        S::apply(op, NO_IMM, operands)
                    }
                }
            }
        };
        values.push(value);
    }
    Ok(values)
}
