//! A program laid out to run: steps over places of a workspace.
//!
//! Values that are the same at all points live in **cells**. The **prologue** computes them once per call, and every
//! group reads them as one number. The other values live in **slots**, with a lane for each
//! point of a group. The **body** computes them. Per-point inputs are read from the caller's memory.

pub(crate) mod assemble;
mod check;
mod slots;

use std::sync::Arc;

use wengert::{External, Imm, Op};

use crate::opcode::Opcode;
use crate::options::Spread;

/// One step: what to do, where the result goes, and where the operands are.
///
/// Places are numbered: inputs first, then cells, then slots.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) opcode: Opcode,
    /// Which operands are cells: bit 0 for `a`, 1 for `b`, 2 for `c`.
    pub(crate) cells: u8,
    /// [`Opcode::hot_bit`] of the opcode.
    pub(crate) hot: u16,
    pub(crate) out: u32,
    pub(crate) a: u32,
    pub(crate) b: u32,
    pub(crate) c: u32,
    pub(crate) aux: u32,
}

const _: () = assert!(size_of::<Step>() == 24);

/// Where the numbers of a call of a user's function are. Once they are there, no other value takes their places.
#[derive(Clone, Debug)]
pub(crate) struct SitePlaces {
    pub(crate) function: Arc<dyn External>,
    /// The places of the inputs, in order.
    pub(crate) inputs: Vec<u32>,
    /// The place of the first output. The others follow it.
    pub(crate) first: u32,
    pub(crate) outputs: u32,
    /// How many checks were recorded before it.
    pub(crate) checks: u32,
    /// How many numbers the calls before this one have.
    #[cfg_attr(
        not(all(feature = "native", target_arch = "x86_64", not(miri))),
        allow(dead_code, reason = "only machine code needs it")
    )]
    pub(crate) offset: usize,
}

impl SitePlaces {
    /// How many inputs and outputs it has.
    pub(crate) fn numbers(&self) -> usize {
        self.inputs.len() + self.outputs as usize
    }
}

/// A program laid out to run.
///
/// [`Layout::check`] lists what the interpreter relies on. Every layout passes it before it becomes a
/// program.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) prologue: Vec<Step>,
    pub(crate) body: Vec<Step>,
    pub(crate) inputs: u32,
    pub(crate) cells: u32,
    pub(crate) slots: u32,
    /// Cells that hold a constant.
    pub(crate) constants: Vec<(u32, f64)>,
    /// Cells that hold a uniform input: the cell, and which input.
    pub(crate) uniform_inputs: Vec<(u32, u32)>,
    /// What `Scalar` and `Power` steps compute.
    pub(crate) calls: Vec<(Op, Imm)>,
    /// The calls of user's functions. Their steps are `Scalar`: see [`crate::ir::Role`].
    pub(crate) sites: Vec<SitePlaces>,
    /// For each output, its spread, and its index among the outputs or among the sums.
    pub(crate) outlets: Vec<(Spread, u32)>,
    /// How many outputs are sums.
    pub(crate) sums: u32,
    /// The inputs to prefetch for the next group. Its points are a few cache lines in each of many columns.
    pub(crate) streams: Vec<u32>,
    /// The inputs with a number for each point.
    pub(crate) per_point_inputs: Vec<u32>,
    /// How many products share a step with a sum.
    pub(crate) paired: usize,
}
