//! Graphs as formulas: TeX of a node, and the local derivatives of an op as text.

mod term;

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use wengert::{Graph, Imm, Node, NodeId, Op};

use crate::error::Error;
use crate::label::printable;
pub(crate) use term::{Style, Term, Writer};

/// A formula longer than this gets a name if it is used more than once.
const WORTH_A_NAME: usize = 10;
/// A formula longer than this is split, so that its lines stay readable.
const LONGEST: usize = 120;

/// A node as a formula in TeX, for use in math mode: `L = \left(a \, b + c\right) \, f`.
///
/// Leaves go by their labels, or else by their keys: `n_{3}`. Where a label would be written as another node is, its key is
/// added: `\text{x (n5)}`. The result of an op gets a line of its own if it is
/// labeled, too long, or used more than once and not short. Several lines are an `aligned`, with the node itself last.
/// Derivatives are nodes too: give it what [`Graph::gradient_nodes`] gave. O(nodes up to the node).
///
/// ```
/// use wengert::Graph;
///
/// let g = Graph::new();
/// let [x, y] = [("x", 3.0), ("y", 2.0)].map(|(name, value)| g.var(value).named(name));
/// let f = (x.powi(2) + 1.0) / y.sqrt();
/// assert_eq!(wengert_viz::to_tex(&g, f.id())?, r"\frac{x^{2} + 1}{\sqrt{y}}");
/// let slope = g.gradient_nodes(f.id(), &[x.id()])[0];
/// assert_eq!(wengert_viz::to_tex(&g, slope)?, r"\frac{1}{\sqrt{y}} \cdot 2 \, x");
/// # Ok::<(), wengert_viz::Error>(())
/// ```
///
/// # Errors
/// [`Error::Graph`] where the node is of another graph or was dropped.
pub fn to_tex(graph: &Graph, node: NodeId) -> Result<String, Error> {
    graph.try_node(node)?;
    let cone = cone(graph, node);
    let mut uses: HashMap<usize, usize> = HashMap::new();
    for node in &cone {
        for operand in &node.operands {
            *uses.entry(operand.index()).or_default() += 1;
        }
    }
    let writer = Writer(Style::Tex);
    let mut names = Names::new(graph, &cone);
    let mut terms: HashMap<usize, Term> = HashMap::new();
    let mut lines: Vec<(String, String)> = Vec::new();
    for node_here in &cone {
        let at = node_here.id.index();
        let label = names.of.remove(&at);
        let term = match node_here.op {
            Op::Leaf => Term::atom(label.unwrap_or_default()),
            Op::Const => Term::number(node_here.value, Style::Tex),
            op => {
                let args: Vec<Term> = node_here.operands.iter().map(|x| terms[&x.index()].clone()).collect();
                let term = match &node_here.external {
                    Some(external) => {
                        writer.call("", &format!("\\mathrm{{{}}}", escaped(&external.to_string())), &args)
                    }
                    None => writer.op(op, node_here.imm, &args),
                };
                let used = uses.get(&at).copied().unwrap_or(0);
                let long = term.text.len() > LONGEST || (used > 1 && term.text.len() > WORTH_A_NAME);
                match label {
                    label if node_here.id == node => {
                        if label.is_some() || !lines.is_empty() {
                            lines.push((label.unwrap_or_default(), term.text.clone()));
                        }
                        term
                    }
                    Some(label) => define(&mut lines, label, term),
                    None if long => define(&mut lines, names.new_one(), term),
                    None => term,
                }
            }
        };
        terms.insert(at, term);
    }
    Ok(match &lines[..] {
        [] => terms[&node.index()].text.clone(),
        [(name, formula)] => format!("{name} = {formula}"),
        lines => {
            let mut tex = String::from("\\begin{aligned}\n");
            for (k, (name, formula)) in lines.iter().enumerate() {
                let (is, end) =
                    (if name.is_empty() { "" } else { "=" }, if k + 1 < lines.len() { " \\\\" } else { "" });
                writeln!(tex, "{name} &{is} {formula}{end}").expect("writing to a String never fails");
            }
            tex + "\\end{aligned}"
        }
    })
}

/// The names of nodes, no two the same.
struct Names {
    /// For each leaf, and each node with a label, by position.
    of: HashMap<usize, String>,
    taken: HashSet<String>,
    count: usize,
}

impl Names {
    fn new(graph: &Graph, cone: &[Node]) -> Names {
        let mut names = Names { of: HashMap::new(), taken: HashSet::new(), count: 0 };
        let label = |node: &Node| graph.label_of(node.id).filter(|label| !label.trim().is_empty());
        // Keys first: a label that reads like one of them gets another name.
        for node in cone.iter().filter(|node| node.op == Op::Leaf && label(node).is_none()) {
            names.give(node, format!("n_{{{}}}", node.id.index()));
        }
        for node in cone.iter().filter(|node| node.op != Op::Const) {
            let Some(label) = label(node) else { continue };
            let mut name = symbol(&label);
            let mut written = label;
            while names.taken.contains(&name) {
                written += &format!(" ({})", node.id);
                name = format!("\\text{{{}}}", escaped(&written));
            }
            names.give(node, name);
        }
        names
    }

    fn give(&mut self, node: &Node, name: String) {
        self.taken.insert(name.clone());
        self.of.insert(node.id.index(), name);
    }

    /// A name for a formula without a label.
    fn new_one(&mut self) -> String {
        loop {
            self.count += 1;
            let name = format!("t_{{{}}}", self.count);
            if !self.taken.contains(&name) {
                return name;
            }
        }
    }
}

/// Gives a formula a line of its own.
fn define(lines: &mut Vec<(String, String)>, name: String, term: Term) -> Term {
    lines.push((name.clone(), term.text));
    Term::atom(name)
}

/// What a node depends on, itself included, in the order of the tape.
fn cone(graph: &Graph, node: NodeId) -> Vec<Node> {
    let mut reached = vec![false; node.index() + 1];
    reached[node.index()] = true;
    let mut cone = Vec::new();
    for at in (0..reached.len()).rev().filter(|&at| at <= node.index()) {
        if reached[at] {
            let node = graph.get(at).expect("operands stand on the tape");
            for operand in &node.operands {
                reached[operand.index()] = true;
            }
            cone.push(node);
        }
    }
    cone.reverse();
    cone
}

/// A label as a symbol: a letter as it is, a letter and digits with an index, else as text.
fn symbol(label: &str) -> String {
    let digits = label.trim_start_matches(|c: char| c.is_alphabetic());
    let letters = &label[..label.len() - digits.len()];
    let single = letters.chars().count() == 1;
    let name = if single { letters.to_owned() } else { format!("\\mathrm{{{letters}}}") };
    let index = digits.strip_prefix('_').unwrap_or(digits);
    let plain = index.chars().all(|c| c.is_ascii_alphanumeric());
    match (letters, index) {
        ("", _) => format!("\\text{{{}}}", escaped(label)),
        (_, "") if digits.is_empty() => name,
        _ if plain && !index.is_empty() => format!("{name}_{{{index}}}"),
        _ => format!("\\text{{{}}}", escaped(label)),
    }
}

/// A label within `\text{}`.
fn escaped(label: &str) -> String {
    let mut text = String::new();
    for c in printable(label).chars() {
        match c {
            '\\' => text.push_str("\\textbackslash{}"),
            '^' => text.push_str("\\textasciicircum{}"),
            '~' => text.push_str("\\textasciitilde{}"),
            '{' | '}' | '$' | '&' | '#' | '_' | '%' => text.extend(['\\', c]),
            '\n' => text.push(' '),
            _ => text.push(c),
        }
    }
    text
}

/// A placeholder in a formula that a page fills in for many nodes: `@0`, `@1` are the operands, `@r` is the result.
fn place(name: &str) -> Term {
    Term::atom(format!("@{name}"))
}

/// The op over its operands, as text.
pub(crate) fn pattern(op: Op, imm: Imm, operands: usize) -> String {
    let args: Vec<Term> = (0..operands).map(|k| place(&k.to_string())).collect();
    Writer(Style::Text).op(op, imm, &args).text
}

/// The local derivatives of an op with respect to each operand, as text. They are recorded by the engine's own rules
/// and read from the graph.
pub(crate) fn partials(op: Op, imm: Imm, operands: usize) -> Option<Vec<String>> {
    let graph = Graph::new();
    let leaves: Vec<NodeId> = (0..operands).map(|k| graph.leaf(0.3 + 0.1 * k as f64)).collect();
    let result = graph.try_record(op, imm, &leaves).ok()?;
    let slopes = graph.try_gradient_nodes(result, &leaves).ok()?;
    let written = slopes.into_iter().map(|slope| {
        let mut terms: HashMap<usize, Term> = HashMap::new();
        for node in cone(&graph, slope) {
            let at = node.id.index();
            let term = match node.op {
                Op::Leaf => place(&at.to_string()),
                Op::Const => Term::number(node.value, Style::Text),
                _ if node.id == result => place("r"),
                op => {
                    let args: Vec<Term> = node.operands.iter().map(|x| terms[&x.index()].clone()).collect();
                    Writer(Style::Text).op(op, node.imm, &args)
                }
            };
            terms.insert(at, term);
        }
        terms[&slope.index()].text.clone()
    });
    Some(written.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wengert::NO_IMM;

    #[test]
    fn local_derivatives_read_as_rules() {
        let of = |op, imm, operands| partials(op, imm, operands).unwrap();
        assert_eq!(of(Op::Mul, NO_IMM, 2), ["@1", "@0"]);
        assert_eq!(of(Op::Add, NO_IMM, 2), ["1", "1"]);
        assert_eq!(of(Op::Sub, NO_IMM, 2), ["1", "-1"]);
        assert_eq!(of(Op::Tanh, NO_IMM, 1), ["sech²(@0)"]);
        assert_eq!(of(Op::Exp, NO_IMM, 1), ["@r"]);
        assert_eq!(of(Op::Powd, [3.0, 0.0], 1), ["3 * @0^2"]);
        assert_eq!(of(Op::Ln, NO_IMM, 1), ["1 / @0"]);
        assert_eq!(of(Op::Relu, NO_IMM, 1), ["[@0 > 0]"]);
    }

    #[test]
    fn labels_are_symbols_where_they_can_be() {
        let cases = [
            ("x", "x"),
            ("x1", "x_{1}"),
            ("x_max", "x_{max}"),
            ("loss", "\\mathrm{loss}"),
            ("σ", "σ"),
            ("a & b", "\\text{a \\& b}"),
            ("\\input{x}", "\\text{\\textbackslash{}input\\{x\\}}"),
            ("3", "\\text{3}"),
        ];
        for (label, tex) in cases {
            assert_eq!(symbol(label), tex);
        }
    }
}
