//! Files of formulas: straight-line code, the points to evaluate it at, and what is expected.
//!
//! A file is a list of cases, fields separated by spaces:
//! ```text
//! case <id> <tier> <inputs> <instructions> <outputs or points> <has hessian>
//! x <bits>*                        one point
//! i input k | i const <bits> | i powi a n | i <op> a | i <op> a b
//! y <instruction> <bits> <lo bits> <bound> [same|flip]     one output at that point
//! g (<bits> <lo bits> <bound>)*    its gradient, one triple per input
//! h (<bits> <lo bits> <bound>)*    its Hessian, lower triangle row by row
//! v <bits>*   a <bits>*            node values and adjoints: checked, not kept
//! end
//! ```
//! Instructions are numbered from 0 and refer to earlier ones only. Each `x` line
//! starts a new point. The expected values may be left out, since evaluation does
//! not need them: `y 29` asks for instruction 29, and a point without a `y` for
//! the last instruction.
//!
//! Input is not trusted: a count in a header is checked against the lines, and
//! every error has its line number.

use crate::formula::{Formula, Malformed, bits, integer};
use crate::ulp::Exact;

/// An expected number, and the size of its natural error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// The exact value.
    pub exact: Exact,
    /// The first-order effect of a relative error of 1 in every intermediate;
    /// negative where it was not computed.
    pub bound: f64,
}

/// One output at one point, with the expected values if the file has them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// The index of the output in the case.
    pub output: usize,
    /// The value.
    pub value: Option<Expected>,
    /// The gradient, one entry per input.
    pub gradient: Option<Vec<Expected>>,
    /// The Hessian's lower triangle, row by row.
    pub hessian: Option<Vec<Expected>>,
    /// Whether a max, min, abs or relu is on another side than at the first point.
    pub flips: bool,
}

/// A point of a case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Point {
    /// One number per input.
    pub x: Vec<f64>,
    /// The outputs asked for there, in file order.
    pub outputs: Vec<Output>,
}

/// A formula with its points.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The name, free of spaces.
    pub id: String,
    /// The family the case belongs to.
    pub tier: String,
    /// The line of the `case` line.
    pub line: usize,
    /// The code.
    pub formula: Formula,
    /// The instructions asked for at any point, in order of first mention.
    pub outputs: Vec<usize>,
    /// Whether the Hessian is asked for.
    pub hessian: bool,
    /// The points, in file order.
    pub points: Vec<Point>,
}

/// Reads a whole file.
///
/// # Errors
/// The first thing wrong with it.
pub fn parse(file: &[u8]) -> Result<Vec<Case>, Malformed> {
    let mut cases = Vec::new();
    let mut open: Option<Reader> = None;
    let mut line = 0;
    for bytes in file.split(|&b| b == b'\n') {
        line += 1;
        let fail = |what: String| Malformed { line, what };
        let text = std::str::from_utf8(bytes).map_err(|_| fail("not UTF-8 text".into()))?;
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let Some((&key, rest)) = fields.split_first() else {
            continue;
        };
        match (&mut open, key) {
            (None, "case") => open = Some(Reader::new(rest, line).map_err(fail)?),
            (None, _) => return Err(fail(format!("`case` expected, {key:?} found"))),
            (Some(_), "end") if rest.is_empty() => {
                cases.extend(open.take().map(Reader::finish).transpose()?);
            }
            (Some(reader), _) => reader.line(key, rest, line).map_err(fail)?,
        }
    }
    match open {
        Some(reader) => {
            let what = format!("the file ends within case {:?}", reader.case.id);
            Err(Malformed { line, what })
        }
        None => Ok(cases),
    }
}

/// A case being read.
struct Reader {
    case: Case,
    instructions: usize,
    announced: usize,
    /// The lines of the `y`s, whose instructions can only be checked at the end.
    asked: Vec<usize>,
}

impl Reader {
    fn new(fields: &[&str], line: usize) -> Result<Self, String> {
        let &[id, tier, inputs, instructions, announced, hessian] = fields else {
            return Err(format!("`case` takes 6 fields, {} found", fields.len()));
        };
        let hessian = match hessian {
            "0" => false,
            "1" => true,
            _ => return Err(format!("0 or 1 expected, {hessian:?} found")),
        };
        let case = Case {
            id: id.into(),
            tier: tier.into(),
            line,
            formula: Formula { inputs: integer(inputs)?, code: Vec::new() },
            outputs: Vec::new(),
            hessian,
            points: Vec::new(),
        };
        let (instructions, announced) = (integer(instructions)?, integer(announced)?);
        Ok(Self { case, instructions, announced, asked: Vec::new() })
    }

    fn line(&mut self, key: &str, rest: &[&str], line: usize) -> Result<(), String> {
        let inputs = self.case.formula.inputs;
        match key {
            "i" if !self.asked.is_empty() => Err("an instruction after a result".into()),
            "i" if self.case.formula.code.len() == self.instructions => {
                Err(format!("more than the {} instructions announced", self.instructions))
            }
            "i" => self.case.formula.push(rest),
            "x" => {
                let x: Vec<f64> = rest.iter().map(|t| bits(t)).collect::<Result<_, _>>()?;
                if x.len() != inputs {
                    return Err(format!("{inputs} inputs expected, {} found", x.len()));
                }
                self.case.points.push(Point { x, outputs: Vec::new() });
                Ok(())
            }
            "y" => {
                let output = self.output(rest)?;
                let point = self.case.points.last_mut().ok_or("`y` before any `x`")?;
                point.outputs.push(output);
                self.asked.push(line);
                Ok(())
            }
            "g" => {
                let gradient = triples(rest, Some(inputs))?;
                let slot = self.unfilled("g", |o| o.gradient.is_none())?;
                slot.gradient = Some(gradient);
                Ok(())
            }
            "h" => {
                let entries = inputs.checked_add(1).and_then(|n| n.checked_mul(inputs));
                let hessian = triples(rest, entries.map(|n| n / 2))?;
                let slot = self.unfilled("h", |o| o.hessian.is_none())?;
                slot.hessian = Some(hessian);
                Ok(())
            }
            "v" | "a" => rest.iter().try_for_each(|t| bits(t).map(drop)),
            "case" => Err(format!("`end` of case {:?} is missing", self.case.id)),
            _ => Err(format!("unknown line {key:?}")),
        }
    }

    /// The first output of the newest point that still lacks something.
    fn unfilled(&mut self, key: &str, lacks: fn(&Output) -> bool) -> Result<&mut Output, String> {
        let outputs = self.case.points.last_mut().map(|point| &mut point.outputs);
        let slot = outputs.and_then(|outputs| outputs.iter_mut().find(|o| lacks(o)));
        slot.ok_or_else(|| format!("`{key}` without a `y` of its own"))
    }

    fn output(&mut self, fields: &[&str]) -> Result<Output, String> {
        let (fields, flips) = match fields {
            [others @ .., "flip"] => (others, true),
            [others @ .., "same"] => (others, false),
            _ => (fields, false),
        };
        let (index, expected) = fields.split_first().ok_or("`y` without an instruction")?;
        let output = self.output_of(integer(index)?);
        let value = match expected {
            [] => None,
            _ => triples(expected, Some(1))?.pop(),
        };
        Ok(Output { output, value, flips, ..Output::default() })
    }

    /// The index of an instruction among the outputs.
    fn output_of(&mut self, instruction: usize) -> usize {
        let outputs = &mut self.case.outputs;
        outputs.iter().position(|&o| o == instruction).unwrap_or_else(|| {
            outputs.push(instruction);
            outputs.len() - 1
        })
    }

    fn finish(mut self) -> Result<Case, Malformed> {
        let code = self.case.formula.code.len();
        let fail = |line, what| Err(Malformed { line, what });
        let first = self.case.line;
        if code != self.instructions {
            return fail(first, format!("{} instructions announced, {code} found", self.instructions));
        }
        if code == 0 || self.case.points.is_empty() {
            return fail(first, "a case needs an instruction and an `x` line".into());
        }
        let asked = self.case.points.iter().flat_map(|p| &p.outputs);
        for (output, &line) in asked.zip(&self.asked) {
            let instruction = self.case.outputs[output.output];
            if instruction >= code {
                return fail(line, format!("no instruction {instruction}: the code has {code}"));
            }
        }
        for k in 0..self.case.points.len() {
            if self.case.points[k].outputs.is_empty() {
                let output = self.output_of(code - 1);
                self.case.points[k].outputs.push(Output { output, ..Output::default() });
            }
        }
        // The header counts outputs where there is one point and points where there are several.
        let results: usize = self.case.points.iter().map(|p| p.outputs.len()).sum();
        let counts = [results, self.case.points.len(), self.case.outputs.len()];
        if !counts.contains(&self.announced) {
            let announced = self.announced;
            return fail(first, format!("{announced} results announced, {results} found"));
        }
        Ok(self.case)
    }
}

/// Reads (bits, lo bits, bound) triples: none, or the expected number.
fn triples(fields: &[&str], expected: Option<usize>) -> Result<Vec<Expected>, String> {
    let (triples, rest) = fields.as_chunks::<3>();
    if !rest.is_empty() || (Some(triples.len()) != expected) {
        let expected = expected.map_or("countless".into(), |n| n.to_string());
        return Err(format!("{expected} triples expected, {} fields found", fields.len()));
    }
    let read = |[hi, lo, bound]: &[&str; 3]| {
        let exact = Exact { hi: bits(hi)?, lo: bits(lo)? };
        let bound: f64 = bound.parse().map_err(|_| format!("{bound:?} is not a number"))?;
        Ok(Expected { exact, bound })
    };
    triples.iter().map(read).collect()
}
