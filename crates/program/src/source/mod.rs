//! A program as source text: one function, in Rust or C, that a build can include.
//!
//! `formulas.rs` says what the ops are in both languages, `names.rs` makes identifiers and comments of labels.

mod formulas;
mod names;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use wengert::{Form, Imm, Op, Relation};

use self::formulas::{FORMULAS, Formula, LIBRARY};
use self::names::{can_name_a_function, identifier, quoted};
use crate::error::Error;
use crate::options::Spread;
use crate::program::{Instruction, Program};
use crate::recording::Check;

/// What [`Program::source`] writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Language {
    /// Rust, 2021 or later.
    Rust,
    /// C, C99 or later.
    C,
}

impl Program {
    /// The program as source text: one function `name` over slices, that computes the outputs at one point, an
    /// instruction of [`Program::instructions`] per line. A sum over points is the value at the one point.
    ///
    /// | | Rust | C |
    /// |--|--|--|
    /// | signature | `pub fn name(x: &[f64; N], out: &mut [f64; M])` | `void name(const double x[N], double out[M])` |
    /// | with guards | `-> Result<(), usize>`: `Err(k)` | `int`: `k + 1`, or 0 |
    /// | needs | std; the crate `wengert` where the text says so | `math.h` |
    ///
    /// With guards, `k` is the first that flips, in the order of recording; `out` is then not written. Comments say
    /// what each compares.
    ///
    /// **The numbers** are not the bits of [`Program::eval`], since the standard libraries compute the elementary
    /// functions. Each instruction differs from that of the program by at most 1e-12 of its result (`logaddexp`, of its
    /// larger operand), where that is not subnormal, and is infinite, NaN or 0 where that is. Later instructions
    /// magnify a difference as they do any rounding error: where results cancel, or at a jump. So a guard that a
    /// recorded value is *identical to* a number may flip where it would not in the program. Compile without
    /// `-ffast-math`, and with `-ffp-contract=off` for the same numbers on every processor. [`Options::fuse`] has no
    /// effect.
    ///
    /// **What Rust needs.** Text that uses inverse hyperbolic functions, `erf`, `erfc`, `norm_cdf`, `lgamma`, `digamma`
    /// or derivatives of high order calls [`wengert::Scalar`].
    ///
    /// **What C lacks.** `math.h` has no `digamma`, and derivatives of high order have no short formula: see the errors.
    ///
    /// **Names.** A value is called by its number, and by its label where it is an input or output that has one:
    /// `v3_price`. What cannot stand in an identifier is left out. Comments have the labels as they are, in quotes and
    /// escaped.
    ///
    /// Several texts can be included in one file. O(instructions).
    ///
    /// ```
    /// use wengert_program::{Language, Options, Program};
    ///
    /// let circle = Program::from_fn(&[1.0], |r| vec![(r[0] * r[0] * 3.25).named("area")], &Options::new())?;
    /// let text = circle.source(Language::Rust, "area")?;
    /// assert!(text.contains("pub fn area(x: &[f64; 1], out: &mut [f64; 1]) {"));
    /// assert!(text.contains("let v3_area = v1 * 3.25;"));
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// A build script writes it into `OUT_DIR`, and the crate includes it from there: see `examples/embedded` of this crate.
    ///
    /// # Errors
    /// [`Error::FunctionName`] where `name` cannot be the name of a function in both languages. [`Error::NotInC`]
    /// lists the ops that the text cannot have. [`Error::NoSourceForExternal`] for a program that calls a function of the
    /// user's own.
    ///
    /// [`Options::fuse`]: crate::Options::fuse
    pub fn source(&self, language: Language, name: &str) -> Result<String, Error> {
        if !can_name_a_function(name) {
            return Err(Error::FunctionName { name: name.into() });
        }
        if let Some(site) = self.ir().sites.first() {
            return Err(Error::NoSourceForExternal { name: site.function.name().into() });
        }
        let mut writer = Writer::new(self, language);
        let body = writer.body();
        if !writer.refused.is_empty() {
            let ops: Vec<&str> = writer.refused.iter().map(|op| op.name()).collect();
            return Err(Error::NotInC { ops: ops.join(", ") });
        }
        Ok(writer.function(name, &body))
    }
}

struct Writer<'p> {
    program: &'p Program,
    language: Language,
    /// How each value is written: its name, or its number if it is a constant.
    written: Vec<String>,
    /// The formulas that the text uses, by their places in the table.
    formulas: BTreeSet<usize>,
    needs_crate: bool,
    refused: BTreeSet<Op>,
}

impl<'p> Writer<'p> {
    fn new(program: &'p Program, language: Language) -> Writer<'p> {
        let mut labels: BTreeMap<u32, &str> = BTreeMap::new();
        for (k, outlet) in program.ir().outputs.iter().enumerate() {
            if let Some(label) = program.output_label(k) {
                labels.entry(outlet.value).or_insert(label);
            }
        }
        let written = program.instructions().enumerate().map(|(k, instruction)| match instruction.op {
            Op::Const => number(language, instruction.imm[0]),
            _ => {
                let input = instruction.input.and_then(|input| program.input_label(input));
                identifier(k, input.or_else(|| labels.get(&(k as u32)).copied()))
            }
        });
        let written = written.collect();
        let (formulas, refused) = (BTreeSet::new(), BTreeSet::new());
        Writer { program, language, written, formulas, needs_crate: false, refused }
    }

    /// Which values outputs and guards depend on. Without the pass `dead`, there are others.
    fn needed(&self) -> Vec<bool> {
        let ir = self.program.ir();
        let mut needed = vec![false; ir.insts.len()];
        let checks = ir.checks.iter().flat_map(|check| [check.left, check.right]);
        checks.chain(ir.outputs.iter().map(|outlet| outlet.value)).for_each(|x| needed[x as usize] = true);
        for k in (0..needed.len()).rev() {
            if needed[k] {
                ir.insts[k].operands().iter().for_each(|&x| needed[x as usize] = true);
            }
        }
        needed
    }

    fn body(&mut self) -> String {
        let mut text = String::new();
        let needed = self.needed();
        for (k, instruction) in self.program.instructions().enumerate() {
            if needed[k] && instruction.op != Op::Const {
                let value = self.value(&instruction);
                self.define(&mut text, k, &value, instruction.input.and_then(|input| self.program.input_label(input)));
            }
        }
        let (ir, recording) = (self.program.ir(), self.program.recording());
        for (k, (check, [left, right])) in ir.checks.iter().zip(&recording.names).enumerate() {
            let (left, right) = (quoted(left), quoted(right));
            let what = format!("Guard {k}: {left} {} {right} was {}.", check.relation, check.recorded);
            let _ = writeln!(text, "    {}", self.comment(&what));
            let flipped = self.flipped(check);
            let _ = match self.language {
                Language::Rust => writeln!(text, "    if {flipped} {{\n        return Err({k});\n    }}"),
                Language::C => writeln!(text, "    if ({flipped}) {{\n        return {};\n    }}", k + 1),
            };
        }
        for (k, outlet) in ir.outputs.iter().enumerate() {
            let _ = write!(text, "    out[{k}] = {};", self.written[outlet.value as usize]);
            let label = self.program.output_label(k).map(quoted);
            let sum = (outlet.spread == Spread::Uniform).then(|| "to be summed over the points".to_string());
            let notes: Vec<String> = label.into_iter().chain(sum).collect();
            self.finish_line(&mut text, &notes.join(", "));
        }
        text
    }

    fn define(&self, text: &mut String, k: usize, value: &str, label: Option<&str>) {
        let keyword = match self.language {
            Language::Rust => "let",
            Language::C => "const double",
        };
        let _ = write!(text, "    {keyword} {} = {value};", self.written[k]);
        self.finish_line(text, &label.map(quoted).unwrap_or_default());
    }

    fn finish_line(&self, text: &mut String, note: &str) {
        if !note.is_empty() {
            let _ = write!(text, " {}", self.comment(note));
        }
        text.push('\n');
    }

    fn comment(&self, text: &str) -> String {
        match self.language {
            Language::Rust => format!("// {text}"),
            Language::C => format!("/* {text} */"),
        }
    }

    /// The head of the text, the preamble, and the body as a function.
    fn function(&self, name: &str, body: &str) -> String {
        let (inputs, outputs) = (self.program.input_count(), self.program.output_count());
        let guards = self.program.ir().checks.len();
        let formulas: Vec<String> = self.formulas.iter().map(|&k| self.formula(&FORMULAS[k])).collect();
        let preamble = formulas.concat();
        match self.language {
            Language::Rust => {
                let needs = if self.needs_crate { " Needs the crate `wengert`." } else { "" };
                let fails =
                    if guards > 0 { "///\n/// # Errors\n/// The number of the first guard that flips.\n" } else { "" };
                let (result, end) = if guards > 0 { (" -> Result<(), usize>", "    Ok(())\n") } else { ("", "") };
                format!(
                    "/// {inputs} inputs, {outputs} outputs, {guards} guards. Written by wengert-program.{needs}\n{fails}\
                     #[allow(unused, unreachable_pub, non_snake_case, invalid_nan_comparisons, clippy::all, clippy::pedantic)]\n\
                     pub fn {name}(x: &[f64; {inputs}], out: &mut [f64; {outputs}]){result} {{\n{preamble}{body}{end}}}\n"
                )
            }
            Language::C => {
                let (result, end) = if guards > 0 { ("int", "    return 0;\n") } else { ("void", "") };
                let flag = if guards > 0 { "Returns 0, or 1 + the number of the first guard that flips. " } else { "" };
                // An array of no numbers is not C.
                let x = if inputs > 0 { format!("x[{inputs}]") } else { "*x".into() };
                let unused = if body.contains(" = x[") { "" } else { "    (void)x;\n" };
                format!(
                    "#include <math.h>\n\n{preamble}\
                     /* {inputs} inputs, {outputs} outputs, {guards} guards. {flag}Written by wengert-program. */\n\
                     {result} {name}(const double {x}, double out[{outputs}])\n{{\n{unused}{body}{end}}}\n"
                )
            }
        }
    }

    /// The expression of an instruction.
    fn value(&mut self, instruction: &Instruction) -> String {
        let x: Vec<String> = instruction.operands.iter().map(|x| self.written[x.index()].clone()).collect();
        let x: Vec<&str> = x.iter().map(String::as_str).collect();
        let (op, imm) = (instruction.op, instruction.imm);
        let rust = self.language == Language::Rust;
        match (op, op.form(), &x[..]) {
            (Op::Leaf, ..) => format!("x[{}]", instruction.input.unwrap_or(0)),
            (Op::Detach, _, [x]) => x.to_string(),
            (Op::Neg, _, [x]) => negative(x),
            (Op::Recip, _, [x]) => format!("1.0 / {x}"),
            (Op::Add | Op::Sub | Op::Mul | Op::Div, _, [x, y]) => format!("{x} {} {y}", op.symbol()),
            (Op::Rem, _, [x, y]) if rust => format!("{x} % {y}"),
            (Op::Rem, _, [x, y]) => format!("fmod({x}, {y})"),
            (Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Eq | Op::Ne, Form::Infix, [x, y]) => {
                let convert = if rust { "f64::from" } else { "(double)" };
                format!("{convert}({x} {} {y})", op.symbol())
            }
            (Op::Select, _, [x, y, z]) if rust => format!("if {x} != 0.0 {{ {y} }} else {{ {z} }}"),
            (Op::Select, _, [x, y, z]) => format!("{x} != 0.0 ? {y} : {z}"),
            _ => self.helper(op, imm, &x).unwrap_or_else(|| self.scalar_function(op, imm, &x)),
        }
    }

    /// The expression of an op by functions of the library and formulas, if there is one.
    fn helper(&mut self, op: Op, imm: Imm, x: &[&str]) -> Option<String> {
        use std::f64::consts::FRAC_2_SQRT_PI;
        /// `1 / sqrt(2 pi)`.
        const NORMAL: f64 = 0.398_942_280_401_432_7;

        let flipped: Vec<&str> = x.iter().rev().copied().collect();
        match (op, imm) {
            (Op::Powd, [p, k]) => self.power(x[0], p, k),
            (Op::CbrtD, [0.0, _]) => self.call("cbrt", x),
            (Op::CbrtD, [n, _]) => {
                let c = falling(1.0 / 3.0, n)?;
                let name = if n % 2.0 == 0.0 { "odd_power" } else { "even_power" };
                self.call_with(name, x, &[c, 1.0 / 3.0 - n])
            }
            (Op::Gauss, [1.0, 0.0]) => self.call_with("gauss_0", x, &[1.0, FRAC_2_SQRT_PI]),
            (Op::Gauss, [1.0, 1.0]) => self.call_with("gauss_1", x, &[1.0, FRAC_2_SQRT_PI]),
            (Op::Gauss, [0.5, 0.0]) => self.call_with("gauss_0", x, &[0.5, NORMAL]),
            (Op::Gauss, [0.5, 1.0]) => self.call_with("gauss_1", x, &[0.5, NORMAL]),
            (Op::PowPartial, [0.0, 0.0]) => self.call("pow", x),
            (Op::PowPartial, [1.0, 0.0]) => self.call("pow_1_0", x),
            (Op::PowPartial, [2.0, 0.0]) => self.call("pow_2_0", x),
            (Op::PowPartial, [0.0, 1.0]) => self.call("pow_0_1", x),
            (Op::Zpow, [n, k]) if n == 1.0 || n == 2.0 => {
                let value = match (n, k % 2.0) {
                    (1.0, 0.0) => self.call("inverse", x)?,
                    (1.0, _) => self.call("inverse", &flipped)?,
                    (_, 0.0) => self.call("inverse_2_0", x)?,
                    _ => self.call("inverse_2_1", x)?,
                };
                Some(if k % 4.0 < 2.0 { value } else { negative(&value) })
            }
            (Op::HypotPartial, [1.0, 0.0]) => self.call("hypot_1_0", x),
            (Op::HypotPartial, [0.0, 1.0]) => self.call("hypot_1_0", &flipped),
            (Op::HypotPartial, [2.0, 0.0]) => self.call("hypot_2_0", x),
            (Op::HypotPartial, [0.0, 2.0]) => self.call("hypot_2_0", &flipped),
            (Op::HypotPartial, [1.0, 1.0]) => self.call("hypot_1_1", x),
            (Op::RecipPos, [c, _]) => self.call_with("recip_pos", x, &[c]),
            // The second operand only saves the scalar function some work.
            (Op::Sech2, _) => self.call("sech2", &x[..1]),
            _ if op.immediates() == 0 => self.call(op.name(), x),
            _ => None,
        }
    }

    /// The `k`-th derivative of `x^p`.
    fn power(&mut self, x: &str, p: f64, k: f64) -> Option<String> {
        if p.fract() == 0.0 && 0.0 <= p && p <= k {
            let constant = if p == k { (1..=p as u32).map(f64::from).product() } else { 0.0 };
            return Some(number(self.language, constant));
        }
        match (p, k) {
            (1.0, 0.0) => Some(x.to_string()),
            (2.0, 0.0) => Some(format!("{x} * {x}")),
            (2.0, 1.0) => Some(format!("2.0 * {x}")),
            (3.0, 0.0) => Some(format!("{x} * {x} * {x}")),
            (3.0, 1.0) => Some(format!("3.0 * ({x} * {x})")),
            (-1.0, 0.0) => Some(format!("1.0 / {x}")),
            (0.5, 1.0) => {
                let root = self.call("sqrt", &[x])?;
                Some(format!("0.5 / {}", self.call("abs", &[&root])?))
            }
            (_, 0.0) => self.call_with("pow", &[x], &[p]),
            // Rounding made a whole number of the exponent, so a base below 0 would have a derivative.
            _ if (p - k).fract() == 0.0 && p.fract() != 0.0 => None,
            _ => self.call_with("power", &[x], &[falling(p, k)?, p - k]),
        }
    }

    /// The op by the crate `wengert`, in Rust; in C the op is refused.
    fn scalar_function(&mut self, op: Op, imm: Imm, x: &[&str]) -> String {
        match self.language {
            Language::Rust => self.needs_crate = true,
            Language::C => {
                self.refused.insert(op);
            }
        }
        let numbers = imm[..op.immediates()].iter().map(|&c| number(self.language, c));
        let arguments: Vec<String> = x.iter().map(|x| x.to_string()).chain(numbers).collect();
        format!("<f64 as wengert::Scalar>::{op}({})", arguments.join(", "))
    }

    fn call_with(&mut self, name: &'static str, x: &[&str], numbers: &[f64]) -> Option<String> {
        let numbers: Vec<String> = numbers.iter().map(|&c| number(self.language, c)).collect();
        let arguments: Vec<&str> = x.iter().copied().chain(numbers.iter().map(String::as_str)).collect();
        self.call(name, &arguments)
    }

    /// A call of a function of the library or a formula, if the language has it.
    fn call(&mut self, name: &str, arguments: &[&str]) -> Option<String> {
        if !available(self.language, name) {
            return None;
        }
        if library(self.language, name).is_none() {
            self.need(name);
        }
        Some(format!("{}({})", function_name(self.language, name), arguments.join(", ")))
    }

    /// Puts a formula and those that it uses into the preamble.
    fn need(&mut self, name: &str) {
        if let Some(k) = FORMULAS.iter().position(|formula| formula.name == name)
            && self.formulas.insert(k)
        {
            FORMULAS[k].uses().for_each(|used| self.need(used));
        }
    }

    /// A function of the preamble.
    fn formula(&self, formula: &Formula) -> String {
        let rust = self.language == Language::Rust;
        let name = function_name(self.language, formula.name);
        let (indent, number, keyword) = if rust { ("    ", "f64", "let") } else { ("", "double", "const double") };
        let parameter = |x: &&str| if rust { format!("{x}: f64") } else { format!("double {x}") };
        let parameters = formula.parameters.iter().map(parameter).collect::<Vec<_>>().join(", ");
        let mut text = String::new();
        let guard = name.to_uppercase();
        let _ = match self.language {
            Language::Rust => writeln!(text, "{indent}fn {name}({parameters}) -> {number} {{"),
            Language::C => {
                writeln!(text, "#ifndef {guard}\n#define {guard}\nstatic inline {number} {name}({parameters})\n{{")
            }
        };
        for line in formula.lines {
            let line = self.line(line);
            let _ = if let Some((condition, value)) = line.strip_prefix("if ").and_then(|rest| rest.split_once(": ")) {
                let (open, close) = if rust { ("", "") } else { ("(", ")") };
                writeln!(
                    text,
                    "{indent}    if {open}{condition}{close} {{\n{indent}        return {value};\n{indent}    }}"
                )
            } else if let Some(rest) = line.strip_prefix("let ") {
                writeln!(text, "{indent}    {keyword} {rest};")
            } else if rust {
                writeln!(text, "{indent}    {line}")
            } else {
                writeln!(text, "{indent}    return {line};")
            };
        }
        let _ = writeln!(text, "{indent}}}");
        if !rust {
            text.push_str("#endif\n\n");
        }
        text
    }

    /// A line of a formula, in the language.
    fn line(&self, line: &str) -> String {
        let mut pieces = line.split('$');
        let mut text = pieces.next().unwrap_or_default().to_string();
        for piece in pieces {
            let word = word(piece);
            text.push_str(&match word {
                "inf" => number(self.language, f64::INFINITY),
                "nan" => number(self.language, f64::NAN),
                name => function_name(self.language, name),
            });
            text.push_str(&piece[word.len()..]);
        }
        text
    }

    /// The condition under which a guard flips.
    fn flipped(&self, check: &Check) -> String {
        let (x, y) = (&self.written[check.left as usize], &self.written[check.right as usize]);
        let holds = match (check.relation, self.language) {
            (Relation::Less, _) => format!("{x} < {y}"),
            (Relation::LessEqual, _) => format!("{x} <= {y}"),
            (Relation::Equal, _) => format!("{x} == {y}"),
            (Relation::Unordered, Language::Rust) => format!("f64::is_nan({x}) || f64::is_nan({y})"),
            (Relation::Unordered, Language::C) => format!("isnan({x}) || isnan({y})"),
            (Relation::SameBits, Language::Rust) => format!("f64::to_bits({x}) == f64::to_bits({y})"),
            (Relation::SameBits, Language::C) => {
                format!("({x} == {y} && !signbit({x}) == !signbit({y})) || (isnan({x}) && isnan({y}))")
            }
            (Relation::SameSign, Language::Rust) => {
                format!("f64::is_sign_negative({x}) == f64::is_sign_negative({y})")
            }
            (Relation::SameSign, Language::C) => format!("!signbit({x}) == !signbit({y})"),
            (relation, _) => unreachable!("the relation {relation:?} has no text"),
        };
        if check.recorded { format!("!({holds})") } else { holds }
    }
}

impl Formula {
    /// The other functions that it calls.
    fn uses(&self) -> impl Iterator<Item = &'static str> {
        let name = self.name;
        let words = self.lines.iter().flat_map(|line| line.split('$').skip(1)).map(word);
        words.filter(move |&word| !matches!(word, "inf" | "nan") && word != name)
    }
}

/// The identifier that a text begins with.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// The function of the language's own library.
fn library(language: Language, name: &str) -> Option<&'static str> {
    let row = LIBRARY.iter().find(|row| row.0 == name)?;
    match language {
        Language::Rust => row.1,
        Language::C => row.2,
    }
}

fn available(language: Language, name: &str) -> bool {
    library(language, name).is_some()
        || FORMULAS.iter().any(|formula| formula.name == name && formula.uses().all(|used| available(language, used)))
}

fn function_name(language: Language, name: &str) -> String {
    match (language, library(language, name)) {
        (Language::Rust, Some(own)) => format!("f64::{own}"),
        (Language::C, Some(own)) => own.into(),
        (Language::Rust, None) => name.into(),
        (Language::C, None) => format!("wengert_{name}"),
    }
}

/// A number that both languages read as the same `f64`.
fn number(language: Language, c: f64) -> String {
    let sign = if c < 0.0 { "-" } else { "" };
    match language {
        _ if c.is_finite() => format!("{c:?}"),
        Language::Rust if c.is_nan() => "f64::NAN".into(),
        Language::C if c.is_nan() => "NAN".into(),
        Language::Rust => format!("{sign}f64::INFINITY"),
        Language::C => format!("{sign}INFINITY"),
    }
}

fn negative(x: &str) -> String {
    // Two minus signs in a row would decrement in C.
    if x.starts_with('-') { format!("-({x})") } else { format!("-{x}") }
}

/// `p (p-1) ... (p-k+1)`, unless it is so large or small that a product with a power could be.
fn falling(p: f64, k: f64) -> Option<f64> {
    let c: f64 = (0..k as u32).map(|i| p - f64::from(i)).product();
    (1e-100..1e100).contains(&c.abs()).then_some(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_uses_those_before_it() {
        for (k, formula) in FORMULAS.iter().enumerate() {
            for used in formula.uses() {
                let before = FORMULAS[..k].iter().any(|formula| formula.name == used);
                assert!(before || LIBRARY.iter().any(|row| row.0 == used), "{} uses {used}", formula.name);
            }
        }
    }
}
