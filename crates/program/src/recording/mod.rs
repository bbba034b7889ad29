//! What was recorded: the nodes that outputs and guards depend on, as they stand on the tape.
//!
//! A program keeps this list beside [`crate::ir`], the one that runs. No pass touches it, since passes keep values but
//! not derivatives. So [`crate::Program::record`] reads this list, and so do files.

pub(crate) mod read;

use std::sync::Arc;

use wengert::room::{Grow, Room, collected};
use wengert::{External, Imm, Op, Relation};

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
}

impl Site {
    /// A call of the function, which has the shape that it says now.
    pub(crate) fn of(function: Arc<dyn External>) -> Site {
        let (inputs, outputs) = function.shape();
        Site { function, inputs: inputs as u32, outputs: outputs as u32 }
    }
}

/// What was recorded, in SSA form: the first values are the inputs, and each entry computes one more
/// from values before it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recording {
    pub(crate) inputs: Vec<Spread>,
    entries: Vec<Entry>,
    /// The operands of all entries, one after another.
    operands: Vec<u32>,
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

#[derive(Clone, Copy, Debug)]
struct Entry {
    imm: Imm,
    /// Where its operands end. They begin where those of the entry before end.
    end: u32,
    op: Op,
}

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

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.inputs.len() + self.entries.len()
    }

    /// Appends an op, and returns its value. The operands must exist and be as many as the op takes. The
    /// number of a constant is its first immediate.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::OutOfMemory`].
    pub(crate) fn push(&mut self, op: Op, imm: Imm, operands: &[u32]) -> Result<u32, Error> {
        self.operands.try_extend(operands.iter().copied())?;
        self.finish(op, imm)
    }

    /// As [`Recording::push`], where the operands were appended already.
    fn finish(&mut self, op: Op, imm: Imm) -> Result<u32, Error> {
        let (value, end) = (self.len(), self.operands.len());
        if value == MOST_VALUES || end > NOTHING as usize {
            return Err(too_large());
        }
        self.entries.try_push(Entry { imm, end: end as u32, op })?;
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
        value_of.room(other.entries.len())?;
        let sites = self.sites.len();
        self.sites.try_extend(other.sites.iter().cloned())?;
        for (op, mut imm, operands) in other.entries() {
            if op == Op::External {
                imm[0] += sites as f64;
            }
            self.operands.try_extend(operands.iter().map(|&x| value_of[x as usize]))?;
            value_of.push(self.finish(op, imm)?);
        }
        for (check, names) in other.checks.iter().zip(&other.names) {
            let [left, right] = [check.left, check.right].map(|x| value_of[x as usize]);
            self.checks.try_push(Check { left, right, ..*check })?;
            self.names.try_push(names.each_ref().map(|node| format!("{node} of {name}")))?;
        }
        Ok(value_of[other.outputs[0].value as usize])
    }

    /// The label of a value that is an input or an output.
    pub(crate) fn label(&self, value: u32) -> Option<&str> {
        let at = self.labels.binary_search_by_key(&value, |&(value, _)| value).ok()?;
        Some(&self.labels[at].1)
    }

    /// The ops after the inputs, with their immediates and operands.
    pub(crate) fn entries(&self) -> impl ExactSizeIterator<Item = (Op, Imm, &[u32])> {
        let mut start = 0;
        self.entries.iter().map(move |entry| {
            let operands = &self.operands[start..entry.end as usize];
            start = entry.end as usize;
            (entry.op, entry.imm, operands)
        })
    }
}

fn too_large() -> Error {
    Error::TooLarge { what: "more than 2^30 values" }
}
