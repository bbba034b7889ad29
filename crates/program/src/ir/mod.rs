//! The list of instructions to run, before it is laid out: values, each computed from earlier ones.
//!
//! The list is in SSA form and in running order: value `k` is what instruction `k` computes, and
//! an instruction names earlier values only. Every op has a fixed number of operands; n-ary ops (`sum`,
//! `dot`, ...) are unrolled from left to right when the list is made.
//!
//! An instruction names only the operands that its implementation **reads**: an operand that is there just to save the
//! scalar function work is left out. So liveness, sharing and layout see what the interpreter reads.

pub(crate) mod lower;

use std::fmt;

use wengert::room::{Refused, filled, with_room, zeroed};
use wengert::{Arity, Imm, NO_IMM, Op};

use crate::opcode::implementation;
use crate::options::Spread;
use crate::recording::{Check, NOTHING, Outlet, Site};

/// A value of a program: the number of the instruction that computes it. Prints as `v3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(pub(crate) u32);

impl Value {
    /// Its index in the list, from 0.
    ///
    /// ```
    /// use wengert_program::{Options, Program};
    ///
    /// let program = Program::from_fn(&[1.0, 2.0], |x| vec![x[0] * x[1]], &Options::new())?;
    /// let (value, _) = program.output(0);
    /// assert_eq!(value.index(), 2); // after the two inputs
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

/// The most operands an instruction has.
pub(crate) const MOST: usize = 3;

/// One instruction. Its immediates are in [`Ir::imms`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inst {
    /// The values it reads, then words of its own: for a leaf, which input it is; for a constant, the halves of its
    /// number; for an op with immediates, in the last word, where they are.
    words: [u32; MOST],
    pub(crate) op: Op,
    /// How many values it reads.
    reads: u8,
}

const _: () = assert!(size_of::<Inst>() == 16);

impl Inst {
    pub(crate) fn constant(c: f64) -> Inst {
        let bits = c.to_bits();
        Inst { op: Op::Const, words: [bits as u32, (bits >> 32) as u32, NOTHING], reads: 0 }
    }

    pub(crate) fn input(k: u32) -> Inst {
        Inst { op: Op::Leaf, words: [k, NOTHING, NOTHING], reads: 0 }
    }

    /// An instruction for this op without immediates, given all its operands. Keeps only those that its implementation
    /// reads.
    pub(crate) fn new(op: Op, operands: &[u32]) -> Inst {
        debug_assert!(!has_immediates(op));
        Inst::reading(op, NO_IMM, operands)
    }

    fn reading(op: Op, imm: Imm, operands: &[u32]) -> Inst {
        let reads = implementation(op, imm).reads(operands.len());
        let words = [0, 1, 2].map(|k| if k < reads { operands[k] } else { NOTHING });
        Inst { op, words, reads: reads as u8 }
    }

    /// The values it reads.
    #[inline]
    pub(crate) fn operands(&self) -> &[u32] {
        &self.words[..usize::from(self.reads)]
    }

    #[inline]
    pub(crate) fn operands_mut(&mut self) -> &mut [u32] {
        &mut self.words[..usize::from(self.reads)]
    }

    /// The values it reads, then [`NOTHING`].
    pub(crate) fn padded(&self) -> [u32; MOST] {
        let mut words = self.words;
        words[usize::from(self.reads)..].fill(NOTHING);
        words
    }

    /// Which input it is, if it is a leaf.
    pub(crate) fn as_input(&self) -> Option<u32> {
        (self.op == Op::Leaf).then_some(self.words[0])
    }

    /// Its number, if it is a constant.
    #[inline]
    pub(crate) fn as_constant(&self) -> Option<f64> {
        let bits = u64::from(self.words[0]) | u64::from(self.words[1]) << 32;
        (self.op == Op::Const).then_some(f64::from_bits(bits))
    }

    /// What makes two instructions of a list equal: the op and the words, with operands sorted where their order does
    /// not change the bits.
    #[inline(always)]
    pub(crate) fn key(&self) -> [u64; 2] {
        let [mut x, mut y, z] = self.words;
        if self.op.is_symmetric() && x > y {
            (x, y) = (y, x);
        }
        [u64::from(x) | u64::from(y) << 32, u64::from(z) | (self.op as u64) << 32]
    }
}

/// Whether instructions of this op, other than constants, have immediates. Those of a call are its [`Role`].
#[inline]
fn has_immediates(op: Op) -> bool {
    op.immediates() > 0 || op == Op::External
}

/// What an instruction of [`Op::External`] does. A call has any number of operands and results, and an instruction few
/// operands and one result. So a call is a chain of instructions, each of which uses the one before it: one takes each
/// input, one calls the function, and one gives each output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Takes input `k`. Operands: the input, and the instruction for the input before it, or the input again.
    Input(u32),
    /// Calls the function. Operand: the instruction of the last input, or anything uniform.
    Call,
    /// Gives output `k`. Operand: the call.
    Output(u32),
}

impl Role {
    /// The immediates of the instruction, in call number `site`.
    pub(crate) fn imm(self, site: u32) -> Imm {
        let role = match self {
            Role::Input(k) => f64::from(k),
            Role::Call => -1.0,
            Role::Output(k) => -2.0 - f64::from(k),
        };
        [f64::from(site), role]
    }

    /// The number of the call, and the role in it.
    pub(crate) fn of(imm: Imm) -> (usize, Role) {
        let role = match imm[1] {
            k if k >= 0.0 => Role::Input(k as u32),
            -1.0 => Role::Call,
            k => Role::Output((-2.0 - k) as u32),
        };
        (imm[0] as usize, role)
    }

    fn operand_count(self) -> usize {
        if matches!(self, Role::Input(_)) { 2 } else { 1 }
    }
}

/// How many operands an instruction of this op has; `None` for an n-ary op, which has no instruction.
pub(crate) fn operand_count(op: Op, imm: Imm) -> Option<usize> {
    match op.arity() {
        _ if op == Op::External => Some(Role::of(imm).1.operand_count()),
        Arity::Fixed(n) if n <= MOST => Some(n),
        _ => None,
    }
}

/// What runs, before it is laid out.
#[derive(Clone, Debug)]
pub(crate) struct Ir {
    pub(crate) insts: Vec<Inst>,
    /// The immediates of the instructions that have some, each once, except those of constants.
    imms: Vec<Imm>,
    pub(crate) inputs: Vec<Spread>,
    pub(crate) outputs: Vec<Outlet>,
    pub(crate) checks: Vec<Check>,
    /// The calls of user's functions.
    pub(crate) sites: Vec<Site>,
}

impl Ir {
    /// The immediates of an instruction. The first of a constant is its number.
    #[inline]
    pub(crate) fn imm(&self, inst: &Inst) -> Imm {
        match inst.as_constant() {
            Some(c) => [c, NO_IMM[1]],
            None if has_immediates(inst.op) => self.imms[inst.words[MOST - 1] as usize],
            None => NO_IMM,
        }
    }

    /// Whether each value is uniform: it depends on constants and uniform inputs alone. Of a call of a user's function,
    /// all instructions are, or none.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn uniform(&self) -> Result<Vec<bool>, Refused> {
        let mut uniform: Vec<bool> = with_room(self.insts.len())?;
        for inst in &self.insts {
            uniform.push(match inst.as_input() {
                Some(k) => self.inputs[k as usize] == Spread::Uniform,
                None => inst.operands().iter().all(|&x| uniform[x as usize]),
            });
        }
        let called = |inst: &Inst| (inst.op == Op::External).then(|| Role::of(self.imm(inst)));
        let mut varies = filled(false, self.sites.len())?;
        for (inst, &uniform) in self.insts.iter().zip(&uniform) {
            if let Some((site, _)) = called(inst) {
                varies[site] |= !uniform;
            }
        }
        if varies.contains(&true) {
            for (inst, uniform) in self.insts.iter().zip(&mut uniform) {
                *uniform &= !called(inst).is_some_and(|(site, _)| varies[site]);
            }
        }
        Ok(uniform)
    }

    /// Calls `f` with every value that outputs and checks name; `f` may change it.
    pub(crate) fn for_each_root(&mut self, mut f: impl FnMut(&mut u32)) {
        self.outputs.iter_mut().for_each(|outlet| f(&mut outlet.value));
        for check in &mut self.checks {
            f(&mut check.left);
            f(&mut check.right);
        }
    }

    /// What is known of each value.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn facts(&self) -> Result<Facts, Refused> {
        let mut uses = zeroed::<u32>(self.insts.len())?;
        for inst in &self.insts {
            inst.operands().iter().for_each(|&x| uses[x as usize] += 1);
        }
        let roots = self.checks.iter().flat_map(|check| [check.left, check.right]);
        roots.chain(self.outputs.iter().map(|outlet| outlet.value)).for_each(|x| uses[x as usize] += 1);
        Ok(Facts { uniform: self.uniform()?, uses })
    }
}

/// What passes ask of the values of a list.
pub(crate) struct Facts {
    /// Whether each is the same at all points: see [`Ir::uniform`].
    pub(crate) uniform: Vec<bool>,
    /// How often each is used: as an operand, by an output, by a check.
    pub(crate) uses: Vec<u32>,
}
