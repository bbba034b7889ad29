//! Pack: puts the steps of a layout in an order in which calls of one function stand together, so that a
//! lane kernel computes several at a time.
//!
//! The steps become nodes in SSA form again: a place that is used for several values is several nodes, so any
//! order in which operands come first is right. Calls of a function go as soon as there are as many as go at a time.
//! Everything else goes as soon as its operands are there, in the order of the steps, which the pass `order` has chosen.
//! When only calls are left, the function with the most of them goes. What goes at once was ready at once, so no call of a
//! group depends on another.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use wengert::room::{Grow, Refused, Room, collected, filled, with_room, zeroed};

use crate::ir::operand_count;
use crate::lanes::Unary;
use crate::layout::{Layout, Step};
use crate::opcode::{Opcode, Reads, easy_power};
use crate::recording::NOTHING;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Input(u32),
    Constant(f64),
    Step(Opcode),
}

/// A value, or a step without one: a store or a check.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// That of the step.
    pub(super) aux: u32,
    operands: [u32; 3],
    count: u8,
    /// Whether a NaN of this guarded product might reach no output, so that the code must ask for it.
    pub(super) asks: bool,
}

impl Node {
    pub(super) fn operands(&self) -> &[u32] {
        &self.operands[..usize::from(self.count)]
    }

    fn leaf(kind: Kind) -> Node {
        Node { kind, aux: 0, operands: [NOTHING; 3], count: 0, asks: false }
    }
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Work {
    Step(u32),
    /// The calls in this range of [`Packed::calls`]: of the same kernel, or scalar functions.
    Calls(Range<usize>),
}

/// The nodes of a layout, and the order to run them in.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) nodes: Vec<Node>,
    pub(super) work: Vec<Work>,
    pub(super) calls: Vec<u32>,
}

/// The most calls at a time: two vectors of eight. What needs the first results then runs beside the next calls; 16
/// was the best of 8 to 512, by up to a tenth.
const MOST_CALLS: usize = 16;

/// # Errors
/// [`Refused`].
pub(super) fn pack(layout: &Layout) -> Result<Packed, Refused> {
    let mut nodes = nodes(layout)?;
    ask(&mut nodes)?;
    let (work, calls) = schedule(&nodes)?;
    Ok(Packed { nodes, work, calls })
}

/// The nodes of the steps, each after its operands. A step of the body follows those of the prologue.
fn nodes(layout: &Layout) -> Result<Vec<Node>, Refused> {
    let places = [layout.inputs, layout.cells, layout.slots];
    // The node whose value each place holds.
    let mut holds = filled(NOTHING, places.iter().map(|&count| count as usize).sum())?;
    let mut nodes = with_room(layout.prologue.len() + layout.body.len())?;
    let mut push = |node: Node| {
        nodes.try_push(node)?;
        Ok::<u32, Refused>(nodes.len() as u32 - 1)
    };
    for &(cell, c) in &layout.constants {
        holds[(layout.inputs + cell) as usize] = push(Node::leaf(Kind::Constant(c)))?;
    }
    for &(cell, k) in &layout.uniform_inputs {
        holds[(layout.inputs + cell) as usize] = push(Node::leaf(Kind::Input(k)))?;
    }
    for step in layout.prologue.iter().chain(&layout.body) {
        let places = [step.a, step.b, step.c];
        let mut operands = [NOTHING; 3];
        let mut count = reads(step, layout);
        for k in 0..count {
            let held = &mut holds[places[k] as usize];
            if *held == NOTHING && places[k] < layout.inputs {
                *held = push(Node::leaf(Kind::Input(places[k])))?;
            }
            assert_ne!(*held, NOTHING, "a layout reads what was written");
            operands[k] = *held;
        }
        if step.opcode == Opcode::Copy {
            holds[step.out as usize] = operands[0];
            continue;
        }
        if step.opcode == Opcode::Power {
            let (c, _) = power(step.aux, layout);
            (operands[1], count) = (push(Node::leaf(Kind::Constant(c)))?, 2);
        }
        let node =
            push(Node { kind: Kind::Step(step.opcode), aux: step.aux, operands, count: count as u8, asks: false })?;
        if gives(step.opcode) {
            holds[step.out as usize] = node;
        }
    }
    Ok(nodes)
}

/// The coefficient and exponent of a `Power` step.
pub(super) fn power(aux: u32, layout: &Layout) -> (f64, f64) {
    easy_power(layout.calls[aux as usize].1).expect("only easy powers have this opcode")
}

/// How many operands a step reads.
fn reads(step: &Step, layout: &Layout) -> usize {
    match (step.opcode, step.opcode.reads()) {
        (Opcode::Scalar, _) => {
            let (op, imm) = layout.calls[step.aux as usize];
            operand_count(op, imm).unwrap_or(0)
        }
        // Its second operand is the first.
        (Opcode::Sum, _) | (_, Reads::Column) => 1,
        (_, Reads::OneOfTwo) => 2,
        (_, Reads::Second) => 3,
        (_, Reads::Any(count)) => count,
    }
}

/// Whether steps with this opcode give a value, rather than an output or a check.
pub(super) fn gives(opcode: Opcode) -> bool {
    use Opcode::{Check, Store, Sum, SumGmul, SumMul};
    !matches!(opcode, Check | Store | Sum | SumGmul | SumMul)
}

/// Marks guarded products whose NaN might reach no output. The code multiplies plainly, so it gives NaN where
/// 0 is right, and a NaN among the outputs makes the interpreter run the point again.
fn ask(nodes: &mut [Node]) -> Result<(), Refused> {
    use Opcode::*;
    let mut seen = zeroed::<bool>(nodes.len())?;
    for k in (0..nodes.len()).rev() {
        let Kind::Step(opcode) = nodes[k].kind else { continue };
        let guarded = matches!(
            opcode,
            Gmul | Gdiv | GmulThenAdd | GmulThenSub | SubGmul | FusedGmulAdd | FusedGmulSub | FusedSubGmul
        );
        nodes[k].asks = guarded && !seen[k];
        // Whether a NaN operand surely makes a NaN result.
        let swallows = matches!(opcode, Scalar | Check | Copysign | Lt | Le | Gt | Ge | Eq | Ne | Select);
        let stored = matches!(opcode, Store | Sum | SumMul | SumGmul);
        if !swallows && (seen[k] || stored || nodes[k].asks) {
            nodes[k].operands().iter().for_each(|&x| seen[x as usize] = true);
        }
    }
    Ok(())
}

/// The function that a node calls, if it does: a kernel, or one more for all scalar functions.
fn sort(node: &Node) -> Option<usize> {
    match node.kind {
        Kind::Step(Opcode::Kernel) => Some(node.aux as usize),
        Kind::Step(Opcode::Scalar) => Some(Unary::ALL.len()),
        _ => None,
    }
}

fn schedule(nodes: &[Node]) -> Result<(Vec<Work>, Vec<u32>), Refused> {
    let steps = |x: u32| matches!(nodes[x as usize].kind, Kind::Step(_));
    // The users of each node, and for how many operands each node waits.
    let mut starts = zeroed::<u32>(nodes.len() + 1)?;
    let mut waits = zeroed::<u8>(nodes.len())?;
    for (k, node) in nodes.iter().enumerate() {
        for &x in node.operands().iter().filter(|&&x| steps(x)) {
            starts[x as usize + 1] += 1;
            waits[k] += 1;
        }
    }
    for k in 0..nodes.len() {
        starts[k + 1] += starts[k];
    }
    let (mut ends, mut users) = (collected(starts.iter().copied())?, zeroed::<u32>(starts[nodes.len()] as usize)?);
    for (k, node) in nodes.iter().enumerate() {
        for &x in node.operands().iter().filter(|&&x| steps(x)) {
            let end = &mut ends[x as usize];
            users[*end as usize] = k as u32;
            *end += 1;
        }
    }
    let mut ready =
        Ready { nodes, plain: BinaryHeap::new(), calls: vec![Vec::new(); Unary::ALL.len() + 1], full: Vec::new() };
    (0..nodes.len() as u32).filter(|&k| steps(k) && waits[k as usize] == 0).try_for_each(|k| ready.add(k))?;
    let (mut work, mut calls) = (with_room(nodes.len())?, Vec::new());
    loop {
        let first = calls.len();
        if let Some(full) = ready.full.pop() {
            calls.try_extend(ready.calls[full].drain(..MOST_CALLS))?;
            work.push(Work::Calls(first..first + MOST_CALLS));
        } else if let Some(Reverse(k)) = ready.plain.pop() {
            work.push(Work::Step(k));
            calls.try_push(k)?;
        } else if let Some(group) = ready.calls.iter_mut().max_by_key(|calls| calls.len()).filter(|c| !c.is_empty()) {
            calls.try_extend(group.drain(..))?;
            work.push(Work::Calls(first..calls.len()));
        } else {
            return Ok((work, calls));
        }
        for &k in &calls[first..] {
            let k = k as usize;
            for &user in &users[starts[k] as usize..starts[k + 1] as usize] {
                waits[user as usize] -= 1;
                if waits[user as usize] == 0 {
                    ready.add(user)?;
                }
            }
        }
        if let Some(Work::Step(_)) = work.last() {
            calls.truncate(first);
        }
    }
}

/// The nodes whose operands are there.
struct Ready<'a> {
    nodes: &'a [Node],
    /// Those that call nothing, the earliest on top.
    plain: BinaryHeap<Reverse<u32>>,
    /// The calls of each function.
    calls: Vec<Vec<u32>>,
    /// The functions with as many calls as go at a time, once for each time.
    full: Vec<usize>,
}

impl Ready<'_> {
    fn add(&mut self, k: u32) -> Result<(), Refused> {
        match sort(&self.nodes[k as usize]) {
            Some(sort) => {
                self.calls[sort].try_push(k)?;
                if self.calls[sort].len().is_multiple_of(MOST_CALLS) {
                    self.full.try_push(sort)?;
                }
            }
            None => {
                self.plain.room(1)?;
                self.plain.push(Reverse(k));
            }
        }
        Ok(())
    }
}
