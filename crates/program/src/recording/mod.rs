//! What was recorded: the nodes that outputs and guards depend on, as they stand on the tape.
//!
//! A program keeps this list beside [`crate::ir`], the one that runs. No pass touches it, since passes keep values but
//! not derivatives. So [`crate::Program::record`] reads this list, and so do files.

pub(crate) mod read;

use std::sync::Arc;

use wengert::room::{Grow, Refused, Room, collected, zeroed};
use wengert::{Arity, External, Imm, NO_IMM, Op, Relation};

use crate::error::Error;
use crate::options::Spread;

/// The most values a program can have; 32 bits could number more.
pub(crate) const MOST_VALUES: usize = 1 << 30;

/// Stands for no value, such as an operand that an op does not have.
pub(crate) const NOTHING: u32 = u32::MAX;

/// An output: a value, and whether it is wanted at each point or summed over them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outlet {
    pub(crate) value: u32,
    pub(crate) spread: Spread,
}

/// A comparison that must come out as it did while recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Check {
    pub(crate) left: u32,
    pub(crate) right: u32,
    pub(crate) relation: Relation,
    pub(crate) recorded: bool,
}

/// A call of a user's function.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) function: Arc<dyn External>,
    pub(crate) inputs: u32,
    pub(crate) outputs: u32,
    /// How many checks were recorded before it, once [`Recording::count_checks`] ran.
    pub(crate) checks: u32,
}

impl Site {
    /// A call of the function, which has the shape that it says now.
    pub(crate) fn of(function: Arc<dyn External>) -> Site {
        let (inputs, outputs) = function.shape();
        Site { function, inputs: inputs as u32, outputs: outputs as u32, checks: 0 }
    }
}

/// What was recorded, in SSA form: the first values are the inputs, and each entry computes one more
/// from values before it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recording {
    pub(crate) inputs: Vec<Spread>,
    /// The op of each entry.
    ops: Vec<Op>,
    /// How many operands each entry of an n-ary op has.
    counts: Vec<u32>,
    /// The operands of all entries, one after another.
    operands: Vec<u32>,
    /// The immediates of all entries, one after another.
    imms: Vec<f64>,
    pub(crate) outputs: Vec<Outlet>,
    /// The labels that inputs and outputs had, in the order of the values.
    pub(crate) labels: Vec<(u32, String)>,
    pub(crate) checks: Vec<Check>,
    /// What the operands of each check were called where they were recorded.
    pub(crate) names: Vec<[String; 2]>,
    /// The calls of user's functions. Their outputs are entries one after another, with the number of the call and of
    /// the output as immediates. The first has the operands of all.
    pub(crate) sites: Vec<Site>,
}

/// How many immediates an entry of this op has. Those of a call are the number of the call and of the output.
#[inline]
fn immediates(op: Op) -> usize {
    SHAPES[op as usize].0.into()
}

/// How many operands an entry of this op has; `None` if each says it.
#[inline]
fn operand_count(op: Op) -> Option<usize> {
    SHAPES[op as usize].1.map(usize::from)
}

/// The immediates and operands of each op: a load, where a `match` would be a jump.
static SHAPES: [(u8, Option<u8>); Op::ALL.len() + 1] = {
    // The last entry, that of calls, keeps this.
    let mut shapes = [(2, None); Op::ALL.len() + 1];
    let mut k = 0;
    while k < Op::ALL.len() {
        let op = Op::ALL[k];
        let immediates = if matches!(op, Op::Const) { 1 } else { op.immediates() };
        let operands = match op.arity() {
            Arity::Fixed(count) => Some(count as u8),
            _ => None,
        };
        shapes[op as usize] = (immediates as u8, operands);
        k += 1;
    }
    shapes
};

impl Recording {
    /// A recording of these inputs and nothing else yet.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub(crate) fn of(inputs: Vec<Spread>) -> Result<Recording, Error> {
        if inputs.len() > MOST_VALUES {
            return Err(too_large());
        }
        Ok(Recording { inputs, ..Recording::default() })
    }

    /// Makes room for this many entries, operands and immediates.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn room(&mut self, entries: usize, operands: usize, imms: usize) -> Result<(), Refused> {
        self.ops.room(entries)?;
        self.operands.room(operands)?;
        self.imms.room(imms)
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.inputs.len() + self.ops.len()
    }

    /// Appends an op, and returns its value. The operands must exist and be as many as the op takes. The
    /// number of a constant is its first immediate.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::OutOfMemory`].
    pub(crate) fn push(&mut self, op: Op, imm: Imm, operands: &[u32]) -> Result<u32, Error> {
        let before = self.operands.len();
        self.operands.try_extend(operands.iter().copied())?;
        self.finish(op, imm, before)
    }

    /// As [`Recording::push`], where the operands were appended already: there were `before` before them.
    fn finish(&mut self, op: Op, imm: Imm, before: usize) -> Result<u32, Error> {
        let value = self.len();
        if value == MOST_VALUES || self.operands.len() > NOTHING as usize {
            return Err(too_large());
        }
        if operand_count(op).is_none() {
            self.counts.try_push((self.operands.len() - before) as u32)?;
        }
        for &imm in &imm[..immediates(op)] {
            self.imms.try_push(imm)?;
        }
        self.ops.try_push(op)?;
        Ok(value as u32)
    }

    /// Appends a call, and returns the value of its first output. The others follow it.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub(crate) fn push_call(&mut self, site: Site, operands: &[u32]) -> Result<u32, Error> {
        let (number, first, outputs) = (self.sites.len(), self.len() as u32, site.outputs);
        self.sites.push(site);
        for k in 0..outputs {
            self.push(Op::External, [number as f64, f64::from(k)], if k == 0 { operands } else { &[] })?;
        }
        Ok(first)
    }

    /// Appends what another recording computes from these operands, with its checks, and returns the value of its first
    /// output. `name` is added to what its checks compare.
    ///
    /// # Errors
    /// As [`Recording::push`].
    pub(crate) fn append(&mut self, other: &Recording, operands: &[u32], name: &str) -> Result<u32, Error> {
        let mut value_of = collected(operands.iter().copied())?;
        value_of.room(other.ops.len())?;
        let sites = self.sites.len();
        self.sites.try_extend(other.sites.iter().cloned())?;
        for (op, mut imm, operands) in other.entries() {
            if op == Op::External {
                imm[0] += sites as f64;
            }
            let before = self.operands.len();
            self.operands.try_extend(operands.iter().map(|&x| value_of[x as usize]))?;
            value_of.push(self.finish(op, imm, before)?);
        }
        for (check, names) in other.checks.iter().zip(&other.names) {
            let [left, right] = [check.left, check.right].map(|x| value_of[x as usize]);
            self.checks.try_push(Check { left, right, ..*check })?;
            self.names.try_push(names.each_ref().map(|node| format!("{node} of {name}")))?;
        }
        Ok(value_of[other.outputs[0].value as usize])
    }

    /// Counts the checks before each call, as far as their operands tell it. Of the others, one may compare what the call
    /// gave.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub(crate) fn count_checks(&mut self) -> Result<(), Error> {
        if self.sites.is_empty() {
            return Ok(());
        }
        let newest = collected(newest(&self.checks))?;
        let mut counts = zeroed::<u32>(self.sites.len())?;
        for (value, (op, imm, _)) in (self.inputs.len() as u32..).zip(self.entries()) {
            if op == Op::External && imm[1] == 0.0 {
                counts[imm[0] as usize] = newest.partition_point(|&newest| newest < value) as u32;
            }
        }
        self.sites.iter_mut().zip(counts).for_each(|(site, count)| site.checks = count);
        Ok(())
    }

    /// The label of a value that is an input or an output.
    pub(crate) fn label(&self, value: u32) -> Option<&str> {
        let at = self.labels.binary_search_by_key(&value, |&(value, _)| value).ok()?;
        Some(&self.labels[at].1)
    }

    /// The ops after the inputs, with how many operands they have.
    pub(crate) fn shapes(&self) -> impl ExactSizeIterator<Item = (Op, usize)> {
        let mut counts = &self.counts[..];
        self.ops.iter().map(move |&op| (op, operand_count(op).unwrap_or_else(|| next(&mut counts, 1)[0] as usize)))
    }

    /// The ops after the inputs, with their immediates and operands.
    pub(crate) fn entries(&self) -> impl ExactSizeIterator<Item = (Op, Imm, &[u32])> {
        let (mut operands, mut imms) = (&self.operands[..], &self.imms[..]);
        self.shapes().map(move |(op, count)| {
            let mut imm = NO_IMM;
            let given = next(&mut imms, immediates(op));
            imm.iter_mut().zip(given).for_each(|(imm, given)| *imm = *given);
            (op, imm, next(&mut operands, count))
        })
    }
}

/// Takes the first `count` items.
fn next<'a, T>(list: &mut &'a [T], count: usize) -> &'a [T] {
    let (taken, rest) = list.split_at(count);
    *list = rest;
    taken
}

/// The newest operand of each check and those before it. What was recorded before that operand was recorded before the
/// check.
fn newest(checks: &[Check]) -> impl ExactSizeIterator<Item = u32> {
    let mut newest = 0;
    checks.iter().map(move |check| {
        newest = newest.max(check.left).max(check.right);
        newest
    })
}

fn too_large() -> Error {
    Error::TooLarge { what: "more than 2^30 values" }
}
