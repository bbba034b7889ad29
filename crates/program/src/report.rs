//! What compiling did, pass by pass, and what a program takes to run.

use std::fmt;

/// What a pass did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pass {
    /// Its name.
    pub name: &'static str,
    /// What it does to an instruction, in one word.
    pub verb: &'static str,
    /// To how many it did that.
    pub count: usize,
    /// How many instructions there were before.
    pub before: usize,
    /// And after.
    pub after: usize,
}

/// What compiling did and what came of it. Displays as a table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The passes that ran, in order.
    pub passes: Vec<Pass>,
    /// The instructions, inputs and constants included.
    pub instructions: usize,
    /// The steps that run once a call: what is the same at all points.
    pub prologue_steps: usize,
    /// The steps that run for every block of points.
    pub body_steps: usize,
    /// How many products became one step with the sum they go to.
    pub paired: usize,
    /// Whether such a step rounds once, where the instruction set can.
    pub fused: bool,
    /// The guards that are checked at every point.
    pub guards: usize,
    /// The values alive at a time: slots of the workspace.
    pub slots: usize,
    /// The numbers that are the same at all points.
    pub cells: usize,
    /// The bytes of slots for each lane.
    pub bytes_per_lane: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for pass in &self.passes {
            writeln!(
                f,
                "{:<6} {:>8} {:<10} {:>9} -> {}",
                pass.name, pass.count, pass.verb, pass.before, pass.after
            )?;
        }
        let rounding = if self.fused {
            "rounding once where the processor can"
        } else {
            "rounding twice, as recorded"
        };
        writeln!(
            f,
            "{:<6} {:>8} products became one step with a sum, {rounding}",
            "fuse", self.paired
        )?;
        writeln!(
            f,
            "{} instructions: {} steps once a call, {} steps a block, {} guards",
            self.instructions, self.prologue_steps, self.body_steps, self.guards
        )?;
        write!(
            f,
            "{} slots, {} bytes a lane; {} cells",
            self.slots, self.bytes_per_lane, self.cells
        )
    }
}
