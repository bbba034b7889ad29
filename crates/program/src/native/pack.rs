//! Pack: puts the steps of a layout in an order in which calls of one function stand together, so that a
//! lane kernel computes several at a time.
//!
//! The steps become nodes in SSA form again: a place that is used for several values is several nodes, so any
//! order in which operands come first is right. Steps go about in the order that the pass `order` has chosen: of the
//! next few whose operands are there, the one with the longest way to an end goes first. Calls of a function go when there
//! are as many as go at a time, and it is the turn of the first; when only calls are left, the function with the most of
//! them goes. What goes at once was ready at once, so no call of a group depends on another.
//!
//! A step that only a call of a kernel uses is joined to it where four such steps can be computed as vectors.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use wengert::room::{Grow, Refused, Room, collected, filled, with_room, zeroed};

use super::emit::formula;
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
    /// Whether it is computed with the call that uses it, so that no [`Work`] stands for it.
    pub(super) joined: bool,
}

impl Node {
    pub(super) fn operands(&self) -> &[u32] {
        &self.operands[..usize::from(self.count)]
    }

    fn leaf(kind: Kind) -> Node {
        Node { kind, aux: 0, operands: [NOTHING; 3], count: 0, asks: false, joined: false }
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

impl Packed {
    /// What the work of this node reads: its operands, or those of the step that is joined to it.
    pub(super) fn reads(&self, k: u32) -> &[u32] {
        reads_of(&self.nodes, k)
    }
}

/// The most calls at a time: two vectors of eight. What needs the first results then runs beside the next calls; 16
/// was the best of 8 to 512, by up to a tenth.
const MOST_CALLS: usize = 16;

/// How far before its turn a node may go: enough for a chain to run ahead of what hangs on it, and not so far that results
/// fill the registers.
const AHEAD: u32 = 8;

/// # Errors
/// [`Refused`].
pub(super) fn pack(layout: &Layout) -> Result<Packed, Refused> {
    let mut nodes = delayed(nodes(layout)?)?;
    ask(&mut nodes)?;
    join(&mut nodes)?;
    let (work, calls) = schedule(&mut nodes)?;
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
        let node = push(Node {
            kind: Kind::Step(step.opcode),
            aux: step.aux,
            operands,
            count: count as u8,
            asks: false,
            joined: false,
        })?;
        if gives(step.opcode) {
            holds[step.out as usize] = node;
        }
    }
    Ok(nodes)
}

/// The nodes in another order: of two kernels that batches compute together, the second waits for its first user. Here each
/// is a call of its own, and a result that waits takes a register.
fn delayed(nodes: Vec<Node>) -> Result<Vec<Node>, Refused> {
    let mut waits = zeroed::<bool>(nodes.len())?;
    for (k, pair) in nodes.windows(2).enumerate() {
        waits[k + 1] = !waits[k] && goes_with(&pair[0], &pair[1]);
    }
    let mut order: Vec<u32> = with_room(nodes.len())?;
    let mut now = filled(NOTHING, nodes.len())?;
    let mut place = |k: u32, order: &mut Vec<u32>| {
        if now[k as usize] == NOTHING {
            now[k as usize] = order.len() as u32;
            order.push(k);
        }
    };
    for (k, node) in (0..).zip(&nodes) {
        if !waits[k as usize] {
            node.operands().iter().for_each(|&x| place(x, &mut order));
            place(k, &mut order);
        }
    }
    (0..nodes.len() as u32).for_each(|k| place(k, &mut order));
    collected(order.iter().map(|&k| {
        let mut node = nodes[k as usize];
        node.operands.iter_mut().filter(|x| **x != NOTHING).for_each(|x| *x = now[*x as usize]);
        node
    }))
}

/// Whether both are kernels of one value that batches compute together.
fn goes_with(one: &Node, other: &Node) -> bool {
    [one, other].map(|node| node.kind) == [Kind::Step(Opcode::Kernel); 2]
        && one.operands[0] == other.operands[0]
        && Unary::ALL[one.aux as usize].goes_with(Unary::ALL[other.aux as usize])
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

/// Joins steps to the calls of kernels that alone use them.
fn join(nodes: &mut [Node]) -> Result<(), Refused> {
    let mut uses = zeroed::<u32>(nodes.len())?;
    nodes.iter().flat_map(Node::operands).for_each(|&x| uses[x as usize] += 1);
    for k in 0..nodes.len() {
        if nodes[k].kind == Kind::Step(Opcode::Kernel) {
            let x = nodes[k].operands[0] as usize;
            let step = &mut nodes[x];
            step.joined = uses[x] == 1 && !step.asks && matches!(step.kind, Kind::Step(op) if formula(op).is_some());
        }
    }
    Ok(())
}

fn reads_of(nodes: &[Node], k: u32) -> &[u32] {
    match nodes[k as usize].operands() {
        &[x] if nodes[x as usize].joined => nodes[x as usize].operands(),
        operands => operands,
    }
}

/// What four steps read as one of their operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Four {
    /// All the same.
    One(u32),
    /// Inputs, one after another, from this one on.
    Inputs(u32),
    Any([u32; 4]),
}

/// The operands with this number of the steps that are joined to four calls.
pub(super) fn four(nodes: &[Node], calls: [u32; 4], operand: usize) -> Four {
    let x = calls.map(|call| reads_of(nodes, call)[operand]);
    let inputs = x.map(|x| match nodes[x as usize].kind {
        Kind::Input(k) => Some(k),
        _ => None,
    });
    match inputs[0] {
        _ if x == [x[0]; 4] => Four::One(x[0]),
        Some(k) if (0..4).all(|lane| inputs[lane] == Some(k + lane as u32)) => Four::Inputs(k),
        _ => Four::Any(x),
    }
}

/// Whether the steps joined to four calls are of one op, and at most one of their operands has to be put together.
fn go_together(nodes: &[Node], calls: &[u32]) -> bool {
    let Ok(calls) = <[u32; 4]>::try_from(calls) else { return false };
    let steps = calls.map(|call| nodes[nodes[call as usize].operands[0] as usize]);
    let same = steps.iter().all(|step| step.joined && step.kind == steps[0].kind);
    same && (0..steps[0].operands().len()).filter(|&k| matches!(four(nodes, calls, k), Four::Any(_))).count() <= 1
}

/// About how many cycles a result takes.
fn latency(node: &Node) -> u32 {
    use Opcode::*;
    match node.kind {
        Kind::Input(_) | Kind::Constant(_) => 0,
        Kind::Step(Add | Sub) => 3,
        Kind::Step(Div | Gdiv | Recip | RecipPos | Power) => 14,
        Kind::Step(Sqrt) => 18,
        Kind::Step(MulThenAdd | GmulThenAdd | MulThenSub | GmulThenSub | SubMul | SubGmul) => 7,
        Kind::Step(Kernel | Scalar) => 60,
        Kind::Step(_) => 4,
    }
}

/// How long it takes from the start of each node to the end of what depends on it.
fn heights(nodes: &[Node]) -> Result<Vec<u32>, Refused> {
    let mut heights = zeroed::<u32>(nodes.len())?;
    for (k, node) in nodes.iter().enumerate().rev() {
        heights[k] = heights[k].saturating_add(latency(node));
        for &x in node.operands() {
            heights[x as usize] = heights[x as usize].max(heights[k]);
        }
    }
    Ok(heights)
}

/// The steps that the work of this node waits for.
fn awaited(nodes: &[Node], k: u32) -> impl Iterator<Item = usize> + '_ {
    let reads = if nodes[k as usize].joined { &[] } else { reads_of(nodes, k) };
    reads.iter().map(|&x| x as usize).filter(|&x| is_step(&nodes[x]))
}

fn is_step(node: &Node) -> bool {
    matches!(node.kind, Kind::Step(_))
}

fn schedule(nodes: &mut [Node]) -> Result<(Vec<Work>, Vec<u32>), Refused> {
    let all = 0..nodes.len() as u32;
    // The users of each node, and for how many operands each node waits.
    let mut starts = zeroed::<u32>(nodes.len() + 1)?;
    let mut waits = zeroed::<u8>(nodes.len())?;
    for k in all.clone() {
        for x in awaited(nodes, k) {
            starts[x + 1] += 1;
            waits[k as usize] += 1;
        }
    }
    for k in 0..nodes.len() {
        starts[k + 1] += starts[k];
    }
    let (mut ends, mut users) = (collected(starts.iter().copied())?, zeroed::<u32>(starts[nodes.len()] as usize)?);
    for k in all.clone() {
        for x in awaited(nodes, k) {
            users[ends[x] as usize] = k;
            ends[x] += 1;
        }
    }
    let mut ready = Ready::new(heights(nodes)?);
    let begins = |k: &u32| waits[*k as usize] == 0 && is_step(&nodes[*k as usize]) && !nodes[*k as usize].joined;
    all.filter(begins).try_for_each(|k| ready.add(k, nodes))?;
    let (mut work, mut calls) = (with_room(nodes.len())?, Vec::new());
    loop {
        let first = calls.len();
        if let Some(group) = ready.full() {
            calls.try_extend(group)?;
        } else if let Some(k) = ready.plain() {
            work.push(Work::Step(k));
            calls.try_push(k)?;
        } else if let Some(group) = ready.calls.iter_mut().max_by_key(|calls| calls.len()).filter(|c| !c.is_empty()) {
            calls.try_extend(group.drain(..))?;
        } else {
            return Ok((work, calls));
        }
        for &k in &calls[first..] {
            let k = k as usize;
            for &user in &users[starts[k] as usize..starts[k + 1] as usize] {
                waits[user as usize] -= 1;
                if waits[user as usize] == 0 {
                    ready.add(user, nodes)?;
                }
            }
        }
        if sort(&nodes[calls[first] as usize]).is_none() {
            calls.truncate(first);
            continue;
        }
        for lanes in calls[first..].chunks(4) {
            if !go_together(nodes, lanes) {
                for &call in lanes {
                    let x = nodes[call as usize].operands[0];
                    if std::mem::take(&mut nodes[x as usize].joined) {
                        work.push(Work::Step(x));
                    }
                }
            }
        }
        work.push(Work::Calls(first..calls.len()));
    }
}

/// The nodes whose operands are there.
struct Ready {
    heights: Vec<u32>,
    /// Those that call nothing, the earliest on top, but for the next few: at most [`AHEAD`].
    plain: BinaryHeap<Reverse<u32>>,
    next: Vec<u32>,
    /// The calls of each function, fewer than go at a time.
    calls: Vec<Vec<u32>>,
    /// Calls of one function that go at a time, in order; those whose first is the earliest on top.
    full: BinaryHeap<Reverse<[u32; MOST_CALLS]>>,
}

impl Ready {
    fn new(heights: Vec<u32>) -> Ready {
        let calls = vec![Vec::new(); Unary::ALL.len() + 1];
        let next = Vec::with_capacity(AHEAD as usize);
        Ready { heights, plain: BinaryHeap::new(), next, calls, full: BinaryHeap::new() }
    }

    fn add(&mut self, k: u32, nodes: &[Node]) -> Result<(), Refused> {
        let Some(sort) = sort(&nodes[k as usize]) else {
            self.plain.room(1 + self.next.len())?;
            self.plain.push(Reverse(k));
            return Ok(());
        };
        let calls = &mut self.calls[sort];
        calls.try_push(k)?;
        if let Ok(mut group) = <[u32; MOST_CALLS]>::try_from(&calls[..]) {
            calls.clear();
            group.sort_unstable();
            self.full.room(1)?;
            self.full.push(Reverse(group));
        }
        Ok(())
    }

    /// The earliest node that calls nothing.
    fn earliest(&self) -> Option<u32> {
        let top = self.plain.peek().map(|Reverse(k)| k);
        self.next.iter().chain(top).min().copied()
    }

    /// Calls that go at a time, if it is the turn of the first.
    fn full(&mut self) -> Option<[u32; MOST_CALLS]> {
        let Reverse([first, ..]) = self.full.peek()?;
        if self.earliest().is_some_and(|k| k < *first) {
            return None;
        }
        self.full.pop().map(|Reverse(group)| group)
    }

    /// Of the next nodes that call nothing, the one with the longest way to an end.
    fn plain(&mut self) -> Option<u32> {
        let most = self.earliest()? + AHEAD;
        // An earlier one has become ready since these were taken.
        for at in (0..self.next.len()).rev() {
            if self.next[at] >= most {
                self.plain.push(Reverse(self.next.swap_remove(at)));
            }
        }
        while let Some(Reverse(k)) = self.plain.peek().copied().filter(|&Reverse(k)| k < most) {
            self.plain.pop();
            self.next.push(k);
        }
        debug_assert!(self.next.len() <= AHEAD as usize, "all are compared for each step");
        let place =
            (0..self.next.len()).max_by_key(|&i| (self.heights[self.next[i] as usize], Reverse(self.next[i])))?;
        Some(self.next.swap_remove(place))
    }
}
