//! How graphs and nodes read as text: one line a node, in the order of the tape.

use std::fmt;

use crate::graph::Graph;
use crate::node::Node;
use crate::op::Form;

/// The formula of the node over its operands: `n0 * n1`, `sin(n2)`, `n3 + 1`.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let symbol = self.op.symbol();
        let c = self.imm[0];
        match (self.op.form(), &self.operands[..]) {
            (Form::Prefix, [x]) => write!(f, "{symbol}{x}"),
            (Form::Infix, [x, y]) => write!(f, "{x} {symbol} {y}"),
            (Form::BeforeConstant, [x]) => write!(f, "{x} {symbol} {c}"),
            (Form::AfterConstant, [x]) => write!(f, "{c} {symbol} {x}"),
            (Form::Source, _) => f.write_str(symbol),
            (_, operands) => {
                write!(f, "{symbol}(")?;
                for (k, x) in operands.iter().enumerate() {
                    write!(f, "{}{x}", if k > 0 { ", " } else { "" })?;
                }
                for c in &self.imm[..self.op.immediates()] {
                    write!(f, ", {c}")?;
                }
                f.write_str(")")
            }
        }
    }
}

/// The listing of the tape: key, formula, value, gradient and label of every node.
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
impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let formula = |node: &Node| format!("{} = {node}", node.id);
        let width = self
            .nodes()
            .map(|node| formula(&node).chars().count())
            .max()
            .unwrap_or(0)
            .min(48);
        for node in self.nodes() {
            write!(
                f,
                "{:<width$}  value {}  grad {}",
                formula(&node),
                node.value,
                self.grad(node.id)
            )?;
            match self.label_of(node.id) {
                Some(label) => writeln!(f, "  {label}")?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}
