//! Reads a recording off a graph.

use std::collections::BTreeMap;
use std::sync::Arc;

use wengert::room::{Grow, collected, filled, with_room, zeroed};
use wengert::{ExternalOutput, Graph, Guard, NO_IMM, NodeId, Op, TapeReader};

use super::{Check, NOTHING, Outlet, Recording, Site, newest};
use crate::error::Error;
use crate::native::Native;
use crate::options::{Input, Options, Output};
use crate::program::{Program, node};
use crate::run::workspace::{Setup, Workspace};

/// What `outputs` depend on, as a function of `inputs`. O(nodes up to the last output or operand of a guard).
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
        graph.try_grad(output.node)?;
        last = last.max(output.node.index());
    }
    // A comparison may choose between nodes that are older than it and its operands.
    let guards = if options.guards { graph.try_guards()? } else { Vec::new() };
    let operands = guards.iter().flat_map(|guard| [guard.left, guard.right]);
    last = operands.fold(last, |last, operand| last.max(operand.index()));
    let mut reader = Reader {
        graph,
        nodes: graph.reader(),
        needed: zeroed::<bool>(last + 1)?,
        value_of: filled(NOTHING, last + 1)?,
        recording: Recording::of(collected(inputs.iter().map(|input| input.spread))?)?,
    };
    for (k, input) in inputs.iter().enumerate() {
        let node = graph.try_node(input.node)?;
        if node.op != Op::Leaf {
            return Err(Error::NotALeaf { input: k, node: node.id, op: node.op });
        }
        // Nothing depends on an input recorded after all of it.
        if let Some(value) = reader.value_of.get_mut(node.id.index()) {
            *value = k as u32;
        }
    }
    refuse_repeated(inputs)?;

    outputs.iter().for_each(|output| reader.needed[output.node.index()] = true);
    let varies = reader.varying(&guards)?;
    let (guards, fixed) = split(guards, |guard| [guard.left, guard.right].iter().any(|x| varies[x.index()]))?;
    check_fixed(graph, &fixed)?;
    for guard in &guards {
        reader.needed[guard.left.index()] = true;
        reader.needed[guard.right.index()] = true;
    }
    let operands = reader.mark();
    reader.read(operands, options)?;

    let Reader { value_of, mut recording, .. } = reader;
    let value = |node: NodeId| value_of[node.index()];
    let name = |node: NodeId| graph.label_of(node).unwrap_or_else(|| graph.name_of(node));
    recording
        .outputs
        .try_extend(outputs.iter().map(|output| Outlet { value: value(output.node), spread: output.spread }))?;
    let inputs = inputs.iter().enumerate().map(|(k, input)| (k as u32, input.node));
    let outputs = outputs.iter().map(|output| (value(output.node), output.node));
    let labels: BTreeMap<u32, String> =
        inputs.chain(outputs).filter_map(|(value, node)| Some((value, graph.label_of(node)?))).collect();
    recording.labels.try_extend(labels)?;
    let of_bodies = recording.checks.len();
    for guard in &guards {
        recording.checks.try_push(Check {
            left: value(guard.left),
            right: value(guard.right),
            relation: guard.relation,
            recorded: guard.recorded,
        })?;
        recording.names.try_push([name(guard.left), name(guard.right)])?;
    }
    recording.merge_checks(of_bodies)?;
    Ok(recording)
}

/// The guards that meet a condition, and the others.
fn split(guards: Vec<Guard>, meets: impl Fn(&Guard) -> bool) -> Result<(Vec<Guard>, Vec<Guard>), Error> {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for guard in guards {
        if meets(&guard) { &mut first } else { &mut second }.try_push(guard)?;
    }
    Ok((first, second))
}

/// Checks guards that depend on no input at the values that leaves have now: a leaf may have been set since they were
/// recorded.
fn check_fixed(graph: &Graph, guards: &[Guard]) -> Result<(), Error> {
    let operands = || guards.iter().flat_map(|guard| [guard.left, guard.right]);
    let values = if graph.is_stale() && !guards.is_empty() {
        let options = Options::plain().guards(false).freeze_leaves(true);
        let outputs: Vec<Output> = collected(operands().map(Output::per_point))?;
        let mut values = zeroed::<f64>(outputs.len())?;
        let program = Program::of(recording(graph, &[], &outputs, &options)?, options)?;
        program.eval(&[], &mut values, &mut Workspace::with(Setup::new().native(Native::Never)))?;
        values
    } else {
        let mut values = with_room(2 * guards.len())?;
        for operand in operands() {
            values.push(graph.try_value(operand)?);
        }
        values
    };
    let flipped = |(guard, x): &(&Guard, &[f64; 2])| guard.relation.holds(x[0], x[1]) != guard.recorded;
    match guards.iter().zip(values.as_chunks().0).find(flipped) {
        Some((&Guard { left, relation, right, recorded, .. }, _)) => {
            let names = [left, right].map(|node| graph.name_of(node).into());
            Err(wengert::Error::GuardFlipped { left, relation, right, names, recorded }.into())
        }
        None => Ok(()),
    }
}

fn refuse_repeated(inputs: &[Input]) -> Result<(), Error> {
    let mut sorted = collected(inputs.iter().enumerate().map(|(k, input)| (input.node, k)))?;
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(Error::RepeatedInput { input: pair[1].1, node: pair[1].0 }),
        None => Ok(()),
    }
}

impl Recording {
    /// Merges the first `of_bodies` checks, those of statements, with the others, into the order in which they
    /// were recorded.
    fn merge_checks(&mut self, of_bodies: usize) -> Result<(), Error> {
        if of_bodies == 0 || of_bodies == self.checks.len() {
            return Ok(());
        }
        let (bodies, own) = self.checks.split_at(of_bodies);
        let mut order = collected(newest(bodies).chain(newest(own)).zip(0..))?;
        order.sort_unstable();
        self.checks = collected(order.iter().map(|&(_, k)| self.checks[k]))?;
        self.names = collected(order.iter().map(|&(_, k)| std::mem::take(&mut self.names[k])))?;
        Ok(())
    }
}

struct Reader<'g> {
    graph: &'g Graph,
    nodes: TapeReader<'g>,
    /// For each position of the tape, whether outputs or guards depend on its node.
    needed: Vec<bool>,
    /// For each position of the tape, the value of its node.
    value_of: Vec<u32>,
    recording: Recording,
}

impl Reader<'_> {
    /// Whether each node depends on an input; empty if there are no guards, since only they ask.
    fn varying(&self, guards: &[Guard]) -> Result<Vec<bool>, Error> {
        if guards.is_empty() {
            return Ok(Vec::new());
        }
        let mut varies = collected(self.value_of.iter().map(|&value| value != NOTHING))?;
        for index in 0..varies.len() {
            let mut varying = varies[index];
            self.nodes.read(index, |x| varying |= varies[x]);
            varies[index] = varying;
        }
        Ok(varies)
    }

    /// Marks what the marked nodes depend on, and returns how many operands all of them have.
    fn mark(&mut self) -> usize {
        let mut operands = 0;
        for index in (0..self.needed.len()).rev() {
            if self.needed[index] {
                self.nodes.read(index, |x| {
                    self.needed[x] = true;
                    operands += 1;
                });
            }
        }
        operands
    }

    fn read(&mut self, operands: usize, options: &Options) -> Result<(), Error> {
        let count = self.needed.iter().filter(|&&needed| needed).count();
        self.recording.room(count, operands, 0)?;
        for index in 0..self.needed.len() {
            if !self.needed[index] || self.value_of[index] != NOTHING {
                continue;
            }
            if self.nodes.op(index) == Op::External
                && let Some(external) = self.graph.get(index).and_then(|node| node.external)
            {
                match external.function.is_statement() {
                    true => self.read_body(&external, options)?,
                    false => self.read_call(&external)?,
                }
                continue;
            }
            let operands = &mut self.recording.operands;
            let before = operands.len();
            let (op, imm, value) = self.nodes.read(index, |x| operands.push(self.value_of[x]));
            let (op, imm) = match op {
                Op::Leaf if !options.freeze => {
                    let node = self.graph.get(index).expect("it was read").id;
                    return Err(Error::LooseLeaf { node });
                }
                Op::Leaf | Op::Const => (Op::Const, [value, NO_IMM[1]]),
                Op::Gmul if options.strict => (Op::Mul, imm),
                Op::Gdiv if options.strict => (Op::Div, imm),
                op => (op, imm),
            };
            self.value_of[index] = self.recording.finish(op, imm, before)?;
        }
        Ok(())
    }

    /// Reads a call of a statement as its body, recorded in a graph of its own at the values of the call. If they are
    /// stale, it is refused: the body could take another branch than the derivatives of the call, recorded before.
    fn read_body(&mut self, call: &ExternalOutput, options: &Options) -> Result<(), Error> {
        self.graph.try_value(call.first)?;
        let (index, function) = (call.first.index(), &call.function);
        let (mut operands, mut inputs) = (Vec::new(), Vec::new());
        let graph = Graph::new();
        self.nodes.read(index, |x| {
            operands.push(self.value_of[x]);
            let input = graph.leaf(self.nodes.read(x, |_| ()).2);
            // Guards of the body name what it is called with.
            if let Some(label) = self.graph.get(x).and_then(|node| self.graph.label_of(node.id)) {
                graph.label(input, &label);
            }
            inputs.push(input);
        });
        let value = function.body(&graph.exprs(&inputs)).ok_or(Error::NoOutputs)?;
        let output = node(&graph, value)?;
        let inputs: Vec<Input> = inputs.into_iter().map(Input::per_point).collect();
        let body = recording(&graph, &inputs, &[Output::per_point(output)], options)?;
        self.value_of[index] = self.recording.append(&body, &operands, function.name())?;
        Ok(())
    }

    /// Reads a call with all its outputs.
    fn read_call(&mut self, external: &ExternalOutput) -> Result<(), Error> {
        let (mut site, first) = (Site::of(Arc::clone(&external.function)), external.first.index());
        let (mut operands, outputs) = (Vec::new(), site.outputs as usize);
        self.nodes.read(first, |x| operands.push(self.value_of[x]));
        site.inputs = operands.len() as u32;
        let value = self.recording.push_call(site, &operands)?;
        for (k, place) in self.value_of[first..].iter_mut().take(outputs).enumerate() {
            *place = value + k as u32;
        }
        Ok(())
    }
}
