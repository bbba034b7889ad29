//! The listing of a program: one instruction per line, as a formula.

use std::fmt;

use wengert::{Form, Op};

use crate::options::Spread;
use crate::program::{Instruction, Program};

/// A header, then a line for each instruction, guard and output. `*` marks what is computed once per call.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ir = self.ir();
        writeln!(
            f,
            "program: {} inputs, {} outputs, {} guards",
            self.input_count(),
            self.output_count(),
            ir.checks.len()
        )?;
        for instruction in self.instructions() {
            writeln!(f, "{instruction}")?;
        }
        for (check, [left, right]) in ir.checks.iter().zip(&self.recording().names) {
            let (a, b) = (check.left, check.right);
            writeln!(f, "guard v{a} {} v{b} is {} ({left}, {right})", check.relation, check.recorded)?;
        }
        for (k, outlet) in ir.outputs.iter().enumerate() {
            let sum = if outlet.spread == Spread::Uniform { "sum of " } else { "" };
            writeln!(f, "y{k} = {sum}v{}", outlet.value)?;
        }
        Ok(())
    }
}

impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let once = if self.spread == Spread::Uniform && self.op != Op::Const { "*" } else { "" };
        write!(f, "{}{once} = ", self.value)?;
        match (self.op, self.op.form(), &self.operands[..]) {
            (Op::Const, ..) => return write!(f, "{:?}", self.imm[0]),
            (Op::Leaf, ..) => return write!(f, "x{}", self.input.unwrap_or(0)),
            (op, Form::Prefix, [x]) => write!(f, "{}{x}", op.symbol())?,
            // Guarded products and quotients have the symbols of plain ones, so they are written by name.
            (op, Form::Infix, [x, y]) if !matches!(op, Op::Gmul | Op::Gdiv) => write!(f, "{x} {} {y}", op.symbol())?,
            (op, _, operands) => {
                match &self.external {
                    Some(external) => write!(f, "{external}(")?,
                    None => write!(f, "{op}(")?,
                }
                for (k, x) in operands.iter().enumerate() {
                    write!(f, "{}{x}", if k > 0 { ", " } else { "" })?;
                }
                f.write_str(")")?;
            }
        }
        match self.imm[..self.op.immediates()] {
            [] => Ok(()),
            ref imm => write!(f, "  {imm:?}"),
        }
    }
}
