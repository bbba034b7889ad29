//! From a graph to a list: the nodes that outputs and guards depend on, in the order of the tape,
//! folds unrolled, constants beside operators as values. Read [`crate::passes`] next.

use wengert::{Graph, NO_IMM, Node, NodeId, Op};

use crate::error::Error;
use crate::ir::{Check, Inst, Ir, NOTHING, Outlet};
use crate::options::{Input, Options, Output};

/// The most values of a program: they are numbered by 32 bits, and a margin is left.
pub(crate) const MOST_VALUES: usize = 1 << 30;

/// Lowers what `outputs` depend on. O(nodes up to the last output).
pub(crate) fn lower(graph: &Graph, inputs: &[Input], outputs: &[Output], options: &Options) -> Result<Ir, Error> {
    if outputs.is_empty() {
        return Err(Error::NoOutputs);
    }
    let mut last = 0;
    for output in outputs {
        last = last.max(graph.try_node(output.node)?.id.index());
    }
    let mut lowering = Lowering {
        graph,
        needed: vec![false; last + 1],
        value_of: vec![NOTHING; last + 1],
        insts: Vec::new(),
    };
    for (k, input) in inputs.iter().enumerate() {
        let node = graph.try_node(input.node)?;
        if node.op != Op::Leaf {
            return Err(Error::NotALeaf {
                input: k,
                node: node.id,
                op: node.op,
            });
        }
        let value = lowering.push(Inst::input(k as u32))?;
        let index = node.id.index();
        if index > last {
            // Recorded after the outputs, which cannot depend on it.
            continue;
        }
        if lowering.value_of[index] != NOTHING {
            return Err(Error::RepeatedInput {
                input: k,
                node: node.id,
            });
        }
        lowering.value_of[index] = value;
    }
    refuse_repeated(inputs)?;

    outputs
        .iter()
        .for_each(|output| lowering.needed[output.node.index()] = true);
    // A comparison made after all outputs were recorded decided nothing about them.
    let mut guards = graph.guards();
    guards.retain(|guard| options.guards && guard.left.max(guard.right).index() <= last);
    let varies = lowering.varying(&guards);
    guards.retain(|guard| [guard.left, guard.right].iter().any(|x| varies[x.index()]));
    for guard in &guards {
        lowering.needed[guard.left.index()] = true;
        lowering.needed[guard.right.index()] = true;
    }
    lowering.mark();
    lowering.emit(options)?;

    let value = |node: NodeId| lowering.value_of[node.index()];
    let name = |node: NodeId| graph.label_of(node).unwrap_or_else(|| name_of(&graph.node(node)));
    Ok(Ir {
        inputs: inputs.iter().map(|input| input.spread).collect(),
        outputs: outputs
            .iter()
            .map(|output| Outlet {
                value: value(output.node),
                spread: output.spread,
            })
            .collect(),
        checks: guards
            .iter()
            .map(|guard| Check {
                left: value(guard.left),
                right: value(guard.right),
                relation: guard.relation,
                recorded: guard.recorded,
                names: [name(guard.left), name(guard.right)],
            })
            .collect(),
        insts: lowering.insts,
    })
}

/// Inputs recorded after the outputs escape the table of nodes.
fn refuse_repeated(inputs: &[Input]) -> Result<(), Error> {
    let mut sorted: Vec<(NodeId, usize)> = inputs.iter().enumerate().map(|(k, input)| (input.node, k)).collect();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(Error::RepeatedInput {
            input: pair[1].1,
            node: pair[1].0,
        }),
        None => Ok(()),
    }
}

/// What a message calls a node that has no label.
fn name_of(node: &Node) -> String {
    match node.op {
        Op::Const => node.value.to_string(),
        _ => node.id.to_string(),
    }
}

struct Lowering<'g> {
    graph: &'g Graph,
    /// Whether outputs or guards depend on the node at a position of the tape.
    needed: Vec<bool>,
    /// The value that the node at a position became.
    value_of: Vec<u32>,
    insts: Vec<Inst>,
}

impl Lowering<'_> {
    fn push(&mut self, inst: Inst) -> Result<u32, Error> {
        if self.insts.len() == MOST_VALUES {
            return Err(Error::TooLarge {
                what: "more than 2^30 values",
            });
        }
        self.insts.push(inst);
        Ok(self.insts.len() as u32 - 1)
    }

    fn node(&self, index: usize) -> Node {
        self.graph
            .get(index)
            .expect("positions up to the last output are on the tape")
    }

    /// Whether each node depends on an input; without guards nobody asks.
    fn varying(&self, guards: &[wengert::Guard]) -> Vec<bool> {
        if guards.is_empty() {
            return Vec::new();
        }
        let mut varies: Vec<bool> = self.value_of.iter().map(|&value| value != NOTHING).collect();
        for index in 0..varies.len() {
            varies[index] |= self.node(index).operands.iter().any(|x| varies[x.index()]);
        }
        varies
    }

    /// Marks what the marked nodes depend on.
    fn mark(&mut self) {
        for index in (0..self.needed.len()).rev() {
            if self.needed[index] {
                self.node(index)
                    .operands
                    .iter()
                    .for_each(|x| self.needed[x.index()] = true);
            }
        }
    }

    fn emit(&mut self, options: &Options) -> Result<(), Error> {
        let mut operands = Vec::new();
        for index in 0..self.needed.len() {
            if !self.needed[index] || self.value_of[index] != NOTHING {
                continue;
            }
            let node = self.node(index);
            operands.clear();
            operands.extend(node.operands.iter().map(|x| self.value_of[x.index()]));
            self.value_of[index] = match node.op {
                Op::Leaf if !options.freeze => return Err(Error::LooseLeaf { node: node.id }),
                Op::Leaf | Op::Const => self.push(Inst::constant(node.value))?,
                op => self.op(op, node.imm, &operands)?,
            };
        }
        Ok(())
    }

    fn op(&mut self, op: Op, imm: wengert::Imm, x: &[u32]) -> Result<u32, Error> {
        match op {
            Op::Sum => self.chain(0.0, Op::Add, x),
            Op::Product => self.chain(1.0, Op::Mul, x),
            Op::Norm => self.chain(0.0, Op::Hypot, x),
            Op::MaxOf => self.chain_from(x[0], Op::Max, &x[1..]),
            Op::MinOf => self.chain_from(x[0], Op::Min, &x[1..]),
            Op::Mean => {
                let sum = self.chain(0.0, Op::Add, x)?;
                let count = self.push(Inst::constant(x.len() as f64))?;
                self.push(Inst::new(Op::Div, NO_IMM, &[sum, count]))
            }
            Op::Dot => {
                let (xs, ys) = x.split_at(x.len() / 2);
                let mut sum = self.push(Inst::constant(0.0))?;
                for (&x, &y) in xs.iter().zip(ys) {
                    let product = self.push(Inst::new(Op::Mul, NO_IMM, &[x, y]))?;
                    sum = self.push(Inst::new(Op::Add, NO_IMM, &[sum, product]))?;
                }
                Ok(sum)
            }
            Op::Logsumexp => self.logsumexp(x),
            // Its second operand serves the derivatives alone.
            Op::Unit => self.push(Inst::new(Op::Gdiv, NO_IMM, &[x[0], x[2]])),
            Op::AddC => self.beside(Op::Add, x[0], imm[0]),
            Op::SubC => self.beside(Op::Sub, x[0], imm[0]),
            Op::MulC => self.beside(Op::Mul, x[0], imm[0]),
            Op::DivC => self.beside(Op::Div, x[0], imm[0]),
            Op::CSub => self.after(Op::Sub, imm[0], x[0]),
            Op::CDiv => self.after(Op::Div, imm[0], x[0]),
            _ => self.push(Inst::new(op, imm, x)),
        }
    }

    /// The op of a value and a constant: a value of its own, which folds, fuses and is shared.
    fn beside(&mut self, op: Op, x: u32, c: f64) -> Result<u32, Error> {
        let c = self.push(Inst::constant(c))?;
        self.push(Inst::new(op, NO_IMM, &[x, c]))
    }

    /// The op of a constant and a value.
    fn after(&mut self, op: Op, c: f64, x: u32) -> Result<u32, Error> {
        let c = self.push(Inst::constant(c))?;
        self.push(Inst::new(op, NO_IMM, &[c, x]))
    }

    /// The fold of the op over the operands, from a constant on.
    fn chain(&mut self, start: f64, op: Op, x: &[u32]) -> Result<u32, Error> {
        let start = self.push(Inst::constant(start))?;
        self.chain_from(start, op, x)
    }

    fn chain_from(&mut self, start: u32, op: Op, x: &[u32]) -> Result<u32, Error> {
        x.iter()
            .try_fold(start, |fold, &x| self.push(Inst::new(op, NO_IMM, &[fold, x])))
    }

    /// The largest, plus the logarithm of the sum of `e^(x - largest)`; the largest itself where
    /// that is not finite, told by its difference from itself.
    fn logsumexp(&mut self, x: &[u32]) -> Result<u32, Error> {
        let top = self.chain_from(x[0], Op::Max, &x[1..])?;
        let zero = self.push(Inst::constant(0.0))?;
        let mut sum = zero;
        for &x in x {
            let above = self.push(Inst::new(Op::Sub, NO_IMM, &[x, top]))?;
            let share = self.push(Inst::new(Op::Exp, NO_IMM, &[above]))?;
            sum = self.push(Inst::new(Op::Add, NO_IMM, &[sum, share]))?;
        }
        let log = self.push(Inst::new(Op::Ln, NO_IMM, &[sum]))?;
        let total = self.push(Inst::new(Op::Add, NO_IMM, &[top, log]))?;
        let difference = self.push(Inst::new(Op::Sub, NO_IMM, &[top, top]))?;
        let finite = self.push(Inst::new(Op::Eq, NO_IMM, &[difference, zero]))?;
        self.push(Inst::new(Op::Select, NO_IMM, &[finite, total, top]))
    }
}
