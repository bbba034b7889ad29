//! The programs of a loop: a block of steps forward, and back.

use wengert::{Graph, NO_IMM, NodeId, Op};
use wengert_program::{Options, Program};

use crate::error::Error;

/// Which steps add to the loss of a loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Losses {
    /// The loss is the sum of those of all steps.
    #[default]
    Every,
    /// The loss is that of the last step.
    Last,
}

/// How many numbers there are of each sort: in a state, of parameters, of inputs of a step, of losses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Widths {
    pub(crate) state: usize,
    pub(crate) params: usize,
    pub(crate) inputs: usize,
    pub(crate) losses: usize,
}

impl Widths {
    /// The widths for numbers with their tangents.
    fn doubled(self) -> Widths {
        let [state, params, inputs, losses] =
            [self.state, self.params, self.inputs, self.losses].map(|numbers| 2 * numbers);
        Widths { state, params, inputs, losses }
    }
}

/// Steps that run together, forward and back.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) steps: usize,
    /// State, parameters, inputs of each step -> next state, losses.
    pub(crate) advance: Program,
    /// State, parameters, inputs of each step, adjoint of the next state, adjoints of the losses -> adjoints of the state, of
    /// the parameters, of the inputs of each step.
    pub(crate) reverse: Program,
}

/// The programs that a loop runs: with numbers, or with numbers and their tangents.
#[derive(Clone, Debug)]
pub(crate) struct Loop {
    pub(crate) widths: Widths,
    /// One step.
    pub(crate) one: Pair,
    /// As many steps as are worth a call.
    pub(crate) block: Pair,
    /// If a block has several steps, a block forward: state, parameters, inputs of each step -> state and losses after each
    /// step.
    pub(crate) trace: Option<Program>,
}

/// About how many instructions of a sweep are worth a call.
const WORTH_A_CALL: usize = 1000;

/// A recorded step, and numbers at which it was recorded.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) program: Program,
    pub(crate) at: Vec<f64>,
    pub(crate) widths: Widths,
    pub(crate) losses: Losses,
}

impl Step {
    /// The programs of a loop.
    ///
    /// The number of steps of a block depends on the step alone, so that every loop adds in the same order. If the step makes
    /// comparisons or calls user's functions, a block is one step. In a longer block, the second step would be recorded at
    /// computed numbers, and might branch otherwise.
    pub(crate) fn unrolled(&self) -> Result<Loop, Error> {
        let reverse = self.pair(1, false)?.0.reverse;
        let advance = self.program.clone();
        let is_pure = advance.report().guards == 0 && advance.instructions().all(|step| step.external.is_none());
        let one = Pair { steps: 1, advance, reverse };
        let steps = if is_pure { (WORTH_A_CALL / one.reverse.report().instructions.max(1)).max(1) } else { 1 };
        let (block, trace) = if steps == 1 { (one.clone(), None) } else { self.pair(steps, false)? };
        Ok(Loop { widths: self.widths, one, block, trace })
    }

    /// The programs of a loop over numbers and their tangents, in blocks of the same length.
    pub(crate) fn doubled(&self, steps: usize) -> Result<Loop, Error> {
        let one = self.pair(1, true)?.0;
        let (block, trace) = if steps == 1 { (one.clone(), None) } else { self.pair(steps, true)? };
        Ok(Loop { widths: self.widths.doubled(), one, block, trace })
    }

    /// `steps` steps forward and back. If there are several, also a program that gives the state and loss after each.
    fn pair(&self, steps: usize, with_tangents: bool) -> Result<(Pair, Option<Program>), Error> {
        let graph = Graph::new();
        let leaves = |numbers: &[f64]| numbers.iter().map(|&x| graph.try_leaf(x)).collect::<Result<Vec<NodeId>, _>>();
        let (state, rest) = self.at.split_at(self.widths.state);
        let (params, inputs) = rest.split_at(self.widths.params);
        let (state, params) = (leaves(state)?, leaves(params)?);
        let inputs = (0..steps).map(|_| leaves(inputs)).collect::<Result<Vec<_>, _>>()?;

        let (mut next, mut total, mut each) = (state.clone(), None, Vec::new());
        for inputs in &inputs {
            next = self.program.record(&graph, &[&next[..], &params, inputs].concat())?;
            each.extend_from_slice(&next);
            let loss = next.pop().expect("a step gives its loss last");
            total = Some(match total {
                Some(total) if self.losses == Losses::Every => graph.try_record(Op::Add, NO_IMM, &[total, loss])?,
                _ => loss,
            });
        }
        let total = total.expect("a block has at least one step");

        let adjoint = leaves(&vec![1.0; self.widths.state])?;
        let seed = graph.try_leaf(1.0)?;
        let results: Vec<NodeId> = next.iter().copied().chain([total]).collect();
        let seeds: Vec<NodeId> = adjoint.iter().copied().chain([seed]).collect();
        let wrt = [&state[..], &params, &inputs.concat()].concat();
        let pairs: Vec<_> = results.iter().copied().zip(seeds.iter().copied()).collect();
        let adjoints = graph.try_vjp_nodes(&pairs, &wrt)?;

        let compiled = |inputs: &[NodeId], outputs: &[NodeId]| {
            Program::compile(&graph, inputs.iter().copied(), outputs.iter().copied(), &Options::new())
        };
        let ahead = wrt.clone();
        let back = [&wrt[..], &seeds].concat();
        if !with_tangents {
            let [advance, reverse] = [compiled(&ahead, &results)?, compiled(&back, &adjoints)?];
            let trace = (steps > 1).then(|| compiled(&ahead, &each)).transpose()?;
            return Ok((Pair { steps, advance, reverse }, trace));
        }

        // State, parameters, and the inputs of each step are each followed by their tangents.
        let tangents = leaves(&vec![1.0; back.len()])?;
        let along: Vec<_> = back.iter().copied().zip(tangents.iter().copied()).collect();
        let sorts = [vec![state.len(), params.len()], vec![self.widths.inputs; steps]].concat();
        let of_seeds = [sorts.clone(), vec![state.len(), 1]].concat();
        let of_results = [state.len(), 1];
        let result_tangents = graph.try_jvp_nodes(&along[..ahead.len()], &results)?;
        let adjoint_tangents = graph.try_jvp_nodes(&along, &adjoints)?;
        let ahead_both = followed(&ahead, &tangents[..ahead.len()], &sorts);
        let advance = compiled(&ahead_both, &followed(&results, &result_tangents, &of_results))?;
        let reverse =
            compiled(&followed(&back, &tangents, &of_seeds), &followed(&adjoints, &adjoint_tangents, &sorts))?;
        let trace = match steps {
            1 => None,
            _ => {
                let each_tangents = graph.try_jvp_nodes(&along[..ahead.len()], &each)?;
                Some(compiled(&ahead_both, &followed(&each, &each_tangents, &of_results.repeat(steps)))?)
            }
        };
        Ok((Pair { steps, advance, reverse }, trace))
    }
}

/// Merges two lists: for each of `lengths`, that many nodes of the first list, then as many of the second.
fn followed(first: &[NodeId], second: &[NodeId], lengths: &[usize]) -> Vec<NodeId> {
    let mut both = Vec::with_capacity(2 * first.len());
    let mut start = 0;
    for length in lengths {
        both.extend_from_slice(&first[start..start + length]);
        both.extend_from_slice(&second[start..start + length]);
        start += length;
    }
    both
}
