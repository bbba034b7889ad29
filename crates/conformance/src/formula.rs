//! Straight-line code: what a formula is, and how its instructions are read.
//!
//! An instruction is `input k`, `const <bits>`, `powi a n`, `<op> a`, `<op> a b`
//! and so on. Instructions are numbered from 0 and refer to earlier ones only, so a
//! formula can be run from its first line to its last.

use std::fmt;

use crate::ulp::from_bits;
use crate::words::{self, Operands, Word};

/// An error in a file, and its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for Malformed {}

/// One line of straight-line code.
#[derive(Clone, Debug, PartialEq)]
pub enum Instruction {
    /// The k-th input.
    Input(usize),
    /// A constant.
    Const(f64),
    /// An op applied to earlier instructions.
    Apply {
        /// Which op.
        word: &'static Word,
        /// Its operands: earlier instructions.
        operands: Vec<usize>,
        /// The integer, for ops that take one; else 0.
        integer: i32,
    },
}

/// Straight-line code over a number of inputs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Formula {
    /// The number of inputs, used or not.
    pub inputs: usize,
    /// The code; operands come before the instructions that use them.
    pub code: Vec<Instruction>,
}

impl Formula {
    /// A formula of `inputs` input instructions, followed by the instructions of `code`, which are separated by `;`.
    /// The first of those has the index `inputs`.
    ///
    /// # Errors
    /// As for an instruction in a file; the line is the instruction's place in `code`.
    pub fn parse(inputs: usize, code: &str) -> Result<Self, Malformed> {
        let mut formula = Self { inputs, code: (0..inputs).map(Instruction::Input).collect() };
        for (k, text) in code.split(';').enumerate() {
            let fields: Vec<&str> = text.split_ascii_whitespace().collect();
            formula.push(&fields).map_err(|what| Malformed { line: k + 1, what })?;
        }
        Ok(formula)
    }

    /// Appends the instruction in `fields`.
    pub(crate) fn push(&mut self, fields: &[&str]) -> Result<(), String> {
        let (&name, rest) = fields.split_first().ok_or("an instruction without a name")?;
        let instruction = match name {
            "input" => {
                let [k] = rest else {
                    return Err("`input` takes one number".into());
                };
                let k = integer(k)?;
                if k >= self.inputs {
                    return Err(format!("input {k}, but there are {} inputs", self.inputs));
                }
                Instruction::Input(k)
            }
            "const" => {
                let [value] = rest else {
                    return Err("`const` takes one value".into());
                };
                Instruction::Const(bits(value)?)
            }
            _ => self.apply(name, rest)?,
        };
        self.code.push(instruction);
        Ok(())
    }

    fn apply(&self, name: &str, rest: &[&str]) -> Result<Instruction, String> {
        let word = words::find(name).ok_or_else(|| format!("no op is called {name:?}"))?;
        let (operands, number) = match rest.split_last() {
            Some((last, others)) if word.integer => (others, integer(last)?),
            None if word.integer => return Err(format!("{name} takes an operand and an integer")),
            _ => (rest, 0),
        };
        let found = operands.len();
        match word.operands {
            Operands::Exactly(n) if found != n => {
                return Err(format!("{name} takes {n} operands, {found} given"));
            }
            Operands::AtLeast(n) if found < n => {
                return Err(format!("{name} takes at least {n} operands, {found} given"));
            }
            _ => {}
        }
        let earlier = |text: &&str| {
            let index: usize = integer(text)?;
            let here = self.code.len();
            (index < here)
                .then_some(index)
                .ok_or_else(|| format!("instruction {here} takes {index}, which does not come before it"))
        };
        let operands = operands.iter().map(earlier).collect::<Result<_, String>>()?;
        Ok(Instruction::Apply { word, operands, integer: number })
    }
}

/// Reads the bits of a number.
pub(crate) fn bits(text: &str) -> Result<f64, String> {
    from_bits(text).ok_or_else(|| format!("16 hexadecimal digits expected, {text:?} found"))
}

/// Reads a decimal integer. Unlike the standard library, refuses `+1`.
pub(crate) fn integer<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    let plain = !text.starts_with('+');
    let value = plain.then(|| text.parse().ok()).flatten();
    value.ok_or_else(|| format!("an integer in range expected, {text:?} found"))
}
