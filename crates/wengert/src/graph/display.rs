//! Ops, nodes and graphs as text.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::graph::Graph;
use crate::node::{ExternalOutput, Node};
use crate::op::{Form, Imm, Op};

/// A number in full, or with an exponent if that avoids a long row of zeros: 0.5, 1e300.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let x = self.0;
        if x == 0.0 || !x.is_finite() || (1e-5..1e16).contains(&x.abs()) {
            write!(f, "{x}")
        } else {
            write!(f, "{x:e}")
        }
    }
}

/// The form and symbol of an op with these immediates. Both come from its row, with one exception: what `powi` and
/// `powf` record is `powd` of order 0, and is written as a power.
fn reading(op: Op, imm: Imm) -> (Form, &'static str) {
    match (op, imm) {
        (Op::Powd, [_, 0.0]) => (Form::BeforeConstant, "^"),
        _ => (op.form(), op.symbol()),
    }
}

/// Writes the formula of an op, with at most `most` of its operands.
pub(crate) fn formula(
    f: &mut fmt::Formatter<'_>,
    (op, imm, external): (Op, Imm, Option<&ExternalOutput>),
    operands: &[impl fmt::Display],
    most: usize,
) -> fmt::Result {
    let (form, symbol) = reading(op, imm);
    let symbol = external.map_or(symbol, |external| external.function.name());
    let c = Short(imm[0]);
    match (form, operands) {
        (Form::Prefix, [x]) => write!(f, "{symbol}{x}"),
        (Form::Infix, [x, y]) => write!(f, "{x} {symbol} {y}"),
        (Form::BeforeConstant, [x]) => write!(f, "{x} {symbol} {c}"),
        (Form::AfterConstant, [x]) => write!(f, "{c} {symbol} {x}"),
        (Form::Source, _) => f.write_str(symbol),
        (_, operands) => {
            write!(f, "{symbol}(")?;
            for (k, x) in operands.iter().take(most).enumerate() {
                write!(f, "{}{x}", if k > 0 { ", " } else { "" })?;
            }
            if operands.len() > most {
                f.write_str(", ...")?;
            }
            for &c in &imm[..op.immediates()] {
                write!(f, ", {}", Short(c))?;
            }
            f.write_str(")")?;
            external.map_or(Ok(()), |external| external.index(f))
        }
    }
}

impl Op {
    /// The label of the op in a picture, which shows the operands elsewhere: the symbol and the immediates.
    ///
    /// ```
    /// use wengert::{NO_IMM, Op};
    /// assert_eq!(Op::Add.caption(NO_IMM), "+");
    /// assert_eq!(Op::from_name("c_div").unwrap().caption([2.0, 0.0]), "2 /");
    /// assert_eq!(Op::from_name("powd").unwrap().caption([3.0, 0.0]), "^ 3");
    /// ```
    pub fn caption(self, imm: Imm) -> String {
        let (form, symbol) = reading(self, imm);
        match (form, &imm[..self.immediates()]) {
            (_, []) => symbol.to_string(),
            (Form::BeforeConstant, &[c, ..]) => format!("{symbol} {}", Short(c)),
            (Form::AfterConstant, &[c, ..]) => format!("{} {symbol}", Short(c)),
            (_, imm) => {
                let imm: Vec<String> = imm.iter().map(|&c| Short(c).to_string()).collect();
                format!("{symbol}({})", imm.join(", "))
            }
        }
    }
}

/// The formula of the node: `n0 * n1`, `sin(n2)`, `n3 + 1`, `n4 ^ 2`.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        formula(f, (self.op, self.imm, self.external.as_ref()), &self.operands, usize::MAX)
    }
}

impl Node {
    /// The label of the op in a picture: see [`Op::caption`]. Of a function of the user's own, its name, and the number
    /// of the output where there are several.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// assert_eq!(g.node(g.powi(g.leaf(2.0), 3)).caption(), "^ 3");
    /// ```
    pub fn caption(&self) -> String {
        match &self.external {
            Some(external) => external.to_string(),
            None => self.op.caption(self.imm),
        }
    }
}

impl ExternalOutput {
    /// Writes the number of the output, where there are several.
    fn index(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.function.shape() {
            (_, 0 | 1) => Ok(()),
            _ => write!(f, "[{}]", self.output),
        }
    }
}

/// The name of the function, and the number of the output where there are several: `polar[1]`.
impl fmt::Display for ExternalOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.function.name())?;
        self.index(f)
    }
}

/// Lists the tape, one line for each node: key, formula, value, gradient and label.
///
/// ```
/// let g = wengert::Graph::new();
/// let a = g.var(2.0).named("a");
/// let l = (a * a + 1.0).named("l");
/// l.backward();
/// assert_eq!(g.to_string(), "\
/// n0 = leaf     value 2  grad 4  a
/// n1 = n0 * n0  value 4  grad 1
/// n2 = n1 + 1   value 5  grad 1  l
/// ");
/// ```
///
/// Stale values are shown as `stale`. Gradients are those of the last sweep.
impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |node: &Node| format!("{} = {node}", node.id);
        let width = self.nodes().map(|node| line(&node).chars().count()).max().unwrap_or(0).min(48);
        for node in self.nodes() {
            write!(f, "{:<width$}  value ", line(&node))?;
            match self.try_value(node.id) {
                Ok(value) => write!(f, "{}", Short(value))?,
                Err(_) => f.write_str("stale")?,
            }
            write!(f, "  grad {}", Short(self.grad(node.id)))?;
            match self.label_of(node.id) {
                Some(label) => writeln!(f, "  {label}")?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_and_constants_read_as_they_were_written() {
        let g = Graph::new();
        let x = g.var(2.0);
        let _ = [x.powi(3), x.powf(-0.5), 1.0 / x, x - 2.5, x * 1e300, -x];
        let formulas: Vec<String> = g.nodes().skip(1).map(|node| node.to_string()).collect();
        assert_eq!(formulas, ["n0 ^ 3", "n0 ^ -0.5", "1 / n0", "n0 - 2.5", "n0 * 1e300", "-n0"]);
        let captions: Vec<String> = g.nodes().skip(1).map(|node| node.op.caption(node.imm)).collect();
        assert_eq!(captions, ["^ 3", "^ -0.5", "1 /", "- 2.5", "* 1e300", "-"]);
    }

    #[test]
    fn stale_values_are_called_stale() {
        let mut g = Graph::new();
        let x = g.leaf(2.0);
        let l = g.mul(x, x);
        g.backward(l);
        g.set(x, 3.0);
        assert_eq!(g.to_string(), "n0 = leaf     value 3  grad 4\nn1 = n0 * n0  value stale  grad 1\n");
    }

    #[test]
    fn orders_and_factors_of_helpers_are_shown() {
        assert_eq!(Op::Powd.caption([-0.5, 1.0]), "powd(-0.5, 1)");
        assert_eq!(Op::Gauss.caption([1.0, 2.0]), "gauss(1, 2)");
        assert_eq!(Op::Sin.caption([0.0; 2]), "sin");
    }
}
