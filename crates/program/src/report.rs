//! What compiling did, pass by pass, and what a program takes to run.

use std::fmt;

/// What one pass did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pass {
    /// Its name.
    pub name: &'static str,
    /// What it did to instructions, such as `dropped`.
    pub verb: &'static str,
    /// To how many instructions it did that.
    pub count: usize,
    /// The number of instructions before.
    pub before: usize,
    /// The number of instructions after.
    pub after: usize,
}

/// What compiling did, and what the program needs to run. Displays as a table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The passes that ran. `fold` and `share` run together; their counts are as if one ran after the other.
    pub passes: Vec<Pass>,
    /// The number of instructions, with inputs and constants.
    pub instructions: usize,
    /// The steps that run once per call: they compute what is the same at all points.
    pub prologue_steps: usize,
    /// The steps that run for every group of points.
    pub body_steps: usize,
    /// How many products share a step with a sum.
    pub paired: usize,
    /// Whether such a step rounds once, where the instruction set can.
    pub fused: bool,
    /// The number of guards, which are checked at every point.
    pub guards: usize,
    /// The slots of the workspace: the most values that are alive at a time.
    pub slots: usize,
    /// The cells of the workspace, for values that are the same at all points.
    pub cells: usize,
    /// The bytes of slots for each lane.
    pub bytes_per_lane: usize,
    /// The machine code for single points.
    pub machine_code: MachineCode,
}

/// The machine code of a program, which runs single points.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MachineCode {
    /// It is not made yet: see [`Native`](crate::Native) and [`Program::prepare`](crate::Program::prepare).
    NotYet,
    /// It is there.
    #[non_exhaustive]
    Made {
        /// Its size.
        bytes: usize,
        /// How often it calls a lane kernel.
        packs: usize,
        /// How many instructions these calls compute.
        packed: usize,
    },
    /// There is none, and the interpreter runs single points.
    #[non_exhaustive]
    Refused {
        /// Why.
        why: String,
    },
}

impl fmt::Display for MachineCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MachineCode::NotYet => f.write_str("machine code: not made yet"),
            MachineCode::Made { bytes, packs, packed } => {
                write!(f, "machine code: {bytes} bytes; {packed} kernels in {packs} calls")
            }
            MachineCode::Refused { why } => write!(f, "machine code: none, since {why}"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for pass in &self.passes {
            writeln!(f, "{:<6} {:>8} {:<10} {:>9} -> {}", pass.name, pass.count, pass.verb, pass.before, pass.after)?;
        }
        let rounding = if self.fused { "rounding once where the processor can" } else { "rounding twice, as recorded" };
        writeln!(f, "{:<6} {:>8} products share a step with a sum, {rounding}", "fuse", self.paired)?;
        writeln!(
            f,
            "{} instructions: {} steps per call, {} steps per group, {} guards",
            self.instructions, self.prologue_steps, self.body_steps, self.guards
        )?;
        writeln!(f, "{} slots, {} bytes per lane; {} cells", self.slots, self.bytes_per_lane, self.cells)?;
        write!(f, "{}", self.machine_code)
    }
}
