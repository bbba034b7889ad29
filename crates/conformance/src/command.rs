//! The commands of the binary: evaluate a file through a route and print bits.
//!
//! The whole file is read and checked before anything is printed.

use std::io::{self, Write};

use crate::route::{Question, Route};
use crate::ulp::Bits;
use crate::{dag, table};

/// Evaluates a file of formulas and prints, per case, `case <id>`, for every
/// output at every point a `y` line, a `g` line and, where the case has a Hessian
/// and the route gives it, an `h` line, then `end`.
///
/// # Errors
/// A message for the user: what is malformed, what the engine refused, or why
/// writing failed.
pub fn eval(route: &dyn Route, file: &[u8], out: &mut dyn Write) -> Result<(), String> {
    for case in dag::parse(file).map_err(|e| e.to_string())? {
        let points: Vec<&[f64]> = case.points.iter().map(|point| &point.x[..]).collect();
        let question = Question {
            formula: &case.formula,
            outputs: &case.outputs,
            points: &points,
            hessian: case.hessian && route.gives_hessians(),
        };
        let answers = route.answer(question);
        let answers = answers.map_err(|e| format!("line {}: case {}: {e}", case.line, case.id))?;
        let print = |out: &mut dyn Write| -> io::Result<()> {
            writeln!(out, "case {}", case.id)?;
            for (point, answers) in case.points.iter().zip(&answers) {
                for asked in &point.outputs {
                    let answer = &answers[asked.output];
                    line(out, ' ', "y", &[answer.value])?;
                    line(out, ' ', "g", &answer.gradient)?;
                    if let Some(hessian) = &answer.hessian {
                        line(out, ' ', "h", hessian)?;
                    }
                }
            }
            writeln!(out, "end")
        };
        print(out).map_err(unwritten)?;
    }
    out.flush().map_err(unwritten)
}

/// One line of output: the key, then the numbers as bits.
fn line(out: &mut dyn Write, gap: char, key: &str, numbers: &[f64]) -> io::Result<()> {
    write!(out, "{key}")?;
    for &number in numbers {
        write!(out, "{gap}{}", Bits(number))?;
    }
    writeln!(out)
}

fn unwritten(error: io::Error) -> String {
    format!("writing failed: {error}")
}

/// Evaluates a file of points and prints, per line, the key columns, the value,
/// the first partials and, from a route that gives them, the second partials (row
/// by row of the lower triangle), tab separated.
///
/// # Errors
/// As for [`eval`].
pub fn points(route: &dyn Route, file: &[u8], out: &mut dyn Write) -> Result<(), String> {
    for row in table::parse(file).map_err(|e| e.to_string())? {
        let question = Question {
            formula: &row.formula,
            outputs: &[row.formula.code.len() - 1],
            points: &[&row.x],
            hessian: route.gives_hessians(),
        };
        let answers = route.answer(question);
        let answers = answers.map_err(|e| format!("line {}: {e}", row.line))?;
        let answer = &answers[0][0];
        let mut numbers = vec![answer.value];
        numbers.extend(&answer.gradient);
        numbers.extend(answer.hessian.iter().flatten());
        line(out, '\t', &row.key.join("\t"), &numbers).map_err(unwritten)?;
    }
    out.flush().map_err(unwritten)
}
