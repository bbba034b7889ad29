//! What a program is before it is laid out: a flat list of values, each made from earlier ones.
//! Read [`crate::lower`] next, which makes one from a graph.
//!
//! The list is in SSA form and in running order: value `k` is what instruction `k` computes, and
//! an instruction names earlier values only. Every op is one of wengert's table with a fixed
//! number of operands; folds (`sum`, `dot`, ...) were unrolled, left to right, when it was made.

use std::fmt;

use wengert::{Arity, Imm, NO_IMM, Op, Relation};

/// A value of a program: the number of the instruction that computes it. Prints as `v3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(pub(crate) u32);

impl Value {
    /// Its place in the list, from 0.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

/// What stands for an operand that an op does not have.
pub(crate) const NOTHING: u32 = u32::MAX;

/// The most operands an instruction has.
pub(crate) const MOST: usize = 3;

/// One instruction: a leaf is an input, whose number is in `args[0]`; a constant's number is
/// `imm[0]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inst {
    pub(crate) imm: Imm,
    pub(crate) args: [u32; MOST],
    pub(crate) op: Op,
}

impl Inst {
    pub(crate) fn constant(c: f64) -> Inst {
        Inst {
            op: Op::Const,
            imm: [c, 0.0],
            args: [NOTHING; MOST],
        }
    }

    pub(crate) fn input(k: u32) -> Inst {
        Inst {
            op: Op::Leaf,
            imm: NO_IMM,
            args: [k, NOTHING, NOTHING],
        }
    }

    /// An op of the table at these values; there are as many as it takes.
    pub(crate) fn new(op: Op, imm: Imm, operands: &[u32]) -> Inst {
        let mut args = [NOTHING; MOST];
        args[..operands.len()].copy_from_slice(operands);
        Inst { op, imm, args }
    }

    /// The values it is made from.
    #[inline]
    pub(crate) fn operands(&self) -> &[u32] {
        &self.args[..operand_count(self.op).unwrap_or(0)]
    }

    #[inline]
    pub(crate) fn operands_mut(&mut self) -> &mut [u32] {
        &mut self.args[..operand_count(self.op).unwrap_or(0)]
    }

    /// Its number, of a constant.
    #[inline]
    pub(crate) fn as_constant(&self) -> Option<f64> {
        (self.op == Op::Const).then_some(self.imm[0])
    }
}

/// How many operands an instruction of this op has; none of an op that has no instruction.
pub(crate) fn operand_count(op: Op) -> Option<usize> {
    match op.arity() {
        Arity::Fixed(n) if n <= MOST => Some(n),
        _ => None,
    }
}

/// How an input or output goes with the points of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Spread {
    /// A number for each point.
    Column,
    /// One number for all points: of an input, the same at each; of an output, the sum over them.
    Whole,
}

/// An output: a value, and whether it is wanted at each point or summed over them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outlet {
    pub(crate) value: u32,
    pub(crate) spread: Spread,
}

/// A comparison that must come out as it did while recording.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Check {
    pub(crate) left: u32,
    pub(crate) right: u32,
    pub(crate) relation: Relation,
    pub(crate) recorded: bool,
    /// What the operands were called where they were recorded.
    pub(crate) names: [String; 2],
}

/// A program before it is laid out.
#[derive(Clone, Debug)]
pub(crate) struct Ir {
    pub(crate) insts: Vec<Inst>,
    pub(crate) inputs: Vec<Spread>,
    pub(crate) outputs: Vec<Outlet>,
    pub(crate) checks: Vec<Check>,
}

impl Ir {
    /// Whether each value is the same at all points: made of constants and whole inputs alone.
    pub(crate) fn wholes(&self) -> Vec<bool> {
        let mut whole: Vec<bool> = Vec::with_capacity(self.insts.len());
        for inst in &self.insts {
            whole.push(match inst.op {
                Op::Leaf => self.inputs[inst.args[0] as usize] == Spread::Whole,
                _ => inst.operands().iter().all(|&x| whole[x as usize]),
            });
        }
        whole
    }

    /// Hands every value that outputs and checks name to `f`, which may change it.
    pub(crate) fn for_each_root(&mut self, mut f: impl FnMut(&mut u32)) {
        self.outputs.iter_mut().for_each(|outlet| f(&mut outlet.value));
        for check in &mut self.checks {
            f(&mut check.left);
            f(&mut check.right);
        }
    }

    /// How often each value is used: as an operand, by an output, by a check.
    pub(crate) fn uses(&self) -> Vec<u32> {
        let mut uses = vec![0; self.insts.len()];
        for inst in &self.insts {
            inst.operands().iter().for_each(|&x| uses[x as usize] += 1);
        }
        let roots = self.checks.iter().flat_map(|check| [check.left, check.right]);
        roots
            .chain(self.outputs.iter().map(|outlet| outlet.value))
            .for_each(|x| uses[x as usize] += 1);
        uses
    }
}
