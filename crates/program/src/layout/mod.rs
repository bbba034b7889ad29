//! A program laid out to run: steps over places of a workspace. Read [`crate::run`] next.
//!
//! Values that are the same at all points live in **cells** (of four equal lanes in a batch), are
//! computed once a call by the **prologue**, and are read by every block. The others live in **slots** (a
//! lane for each point of a block) and are computed by the **body**. Inputs that vary are read
//! from where the caller has them.

pub(crate) mod assemble;
mod check;
mod slots;

use wengert::{Imm, Op};

use crate::opcode::Opcode;
use crate::options::Spread;

/// One step: a number of what to do, where the result goes, where the operands are.
///
/// Places index the table of columns: inputs first, then cells, then slots.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) opcode: Opcode,
    /// Which operands are cells: bit 0 for `a`, 1 for `b`, 2 for `c`.
    pub(crate) cells: u8,
    /// The bit of the opcode: [`Opcode::hot_bit`].
    pub(crate) hot: u16,
    pub(crate) out: u32,
    pub(crate) a: u32,
    pub(crate) b: u32,
    pub(crate) c: u32,
    pub(crate) aux: u32,
}

const _: () = assert!(size_of::<Step>() == 24);

/// A program laid out to run.
///
/// What the interpreter relies on stands at [`Layout::check`], which every layout passes before it
/// becomes a program.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) prologue: Vec<Step>,
    pub(crate) body: Vec<Step>,
    pub(crate) inputs: u32,
    pub(crate) cells: u32,
    pub(crate) slots: u32,
    /// Cells that hold a constant.
    pub(crate) constants: Vec<(u32, f64)>,
    /// Cells that hold an input that is the same at all points: the cell and which input.
    pub(crate) uniform_inputs: Vec<(u32, u32)>,
    /// What `Scalar` steps call.
    pub(crate) calls: Vec<(Op, Imm)>,
    /// For each output, its number among those at each point, or among the sums.
    pub(crate) outlets: Vec<(Spread, u32)>,
    /// How many outputs are sums.
    pub(crate) sums: u32,
    /// The inputs to fetch ahead of the next block: the points of a block are a few lines of
    /// memory in each column, far apart.
    pub(crate) streams: Vec<u32>,
    /// The inputs that vary from point to point.
    pub(crate) per_point_inputs: Vec<u32>,
    /// How many products became one step with a sum.
    pub(crate) paired: usize,
}
