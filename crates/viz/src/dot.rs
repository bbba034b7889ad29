//! The look: a drawing as DOT text, as micrograd's `draw_dot` has it. Read [`crate::escape`] next,
//! for how labels survive it, or [`crate::graphviz`] for what lays it out.

use std::fmt::Write;

use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use wengert::{Arity, Op};

use crate::escape;
use crate::model::{Drawing, Link, Value, Vertex};
use crate::options::{Direction, Options};
use crate::select::Hidden;

/// Fill and outline of a box.
struct Paint {
    fill: &'static str,
    line: &'static str,
}

const fn paint(fill: &'static str, line: &'static str) -> Paint {
    Paint { fill, line }
}

const LEAF: Paint = paint("#e3f1e5", "#5f9a6b");
const CONSTANT: Paint = paint("#efefef", "#9a9a9a");
const RESULT: Paint = paint("#ffffff", "#6b7684");
const OUTPUT: Paint = paint("#fdedcf", "#c08a2d");
const SCOPE: Paint = paint("#e4ebf7", "#5a7ab0");
const INK: &str = "#1f2630";
const FAINT: &str = "#6b7684";

/// What stands for each kind of box, for the legend of a page.
pub(crate) fn legend() -> [(&'static str, &'static str, &'static str); 5] {
    [
        ("leaf", &LEAF),
        ("constant", &CONSTANT),
        ("result", &RESULT),
        ("output", &OUTPUT),
        ("scope", &SCOPE),
    ]
    .map(|(name, paint)| (name, paint.fill, paint.line))
}

/// The DOT text of a drawing.
pub(crate) fn write(drawing: &Drawing, hidden: Hidden, options: &Options) -> String {
    let mut dot = String::with_capacity(128 * (drawing.node_count() + 4));
    let rankdir = match options.direction {
        Direction::LeftToRight => "LR",
        Direction::TopToBottom => "TB",
    };
    let mut line = |text: std::fmt::Arguments<'_>| writeln!(dot, "{text}").expect("writing to a String never fails");
    line(format_args!("digraph wengert {{"));
    line(format_args!(
        "\tgraph [rankdir={rankdir} fontname=\"Helvetica,Arial,sans-serif\" fontsize=11 fontcolor=\"{FAINT}\" nodesep=0.22 ranksep=0.32 pad=0.2]"
    ));
    line(format_args!(
        "\tnode [fontname=\"Helvetica,Arial,sans-serif\" fontsize=11 fontcolor=\"{INK}\" color=\"{FAINT}\"]"
    ));
    line(format_args!(
        "\tedge [color=\"{FAINT}\" arrowsize=0.6 fontname=\"Helvetica,Arial,sans-serif\" fontsize=8 fontcolor=\"{FAINT}\" labeldistance=1.2 labelangle=30]"
    ));
    if let Some(note) = note(drawing, hidden, options) {
        line(format_args!("\tgraph [label=\"{}\" labelloc=b]", escape::text(&note)));
    }
    for index in drawing.node_indices() {
        let name = name(drawing, index);
        line(format_args!("\t{name} [{}]", vertex(&drawing[index])));
    }
    for edge in drawing.edge_references() {
        let [from, to] = [edge.source(), edge.target()].map(|end| name(drawing, end));
        match link(edge.weight(), &drawing[edge.target()]) {
            Some(look) => line(format_args!("\t{from} -> {to} [{look}]")),
            None => line(format_args!("\t{from} -> {to}")),
        }
    }
    dot.push_str("}\n");
    dot
}

/// The label and the look of a vertex.
fn vertex(vertex: &Vertex) -> String {
    match vertex {
        Vertex::Value(value) => {
            let (label, Paint { fill, line }) = (record(value), paint_of(value));
            format!("label=\"{label}\" shape=record style=filled fillcolor=\"{fill}\" color=\"{line}\"")
        }
        Vertex::Op(op) => {
            let label = escape::text(&op.op.caption(op.imm));
            format!("label=\"{label}\" margin=\"0.05,0.02\" height=0.3 width=0.4 ordering=in")
        }
        Vertex::Scope(scope) => {
            let (path, nodes) = (escape::field(&scope.path.join("/")), counted(scope.nodes, "node"));
            let (fill, line) = (SCOPE.fill, if scope.root { OUTPUT.line } else { SCOPE.line });
            format!(
                "label=\"{{ {path} | {nodes} }}\" shape=record style=\"filled,bold\" fillcolor=\"{fill}\" color=\"{line}\""
            )
        }
        Vertex::Cut { operands } => {
            let label = match operands {
                1 => "…".to_owned(),
                _ => format!("… {} operands", grouped(*operands)),
            };
            format!("label=\"{label}\" shape=plaintext fontcolor=\"{FAINT}\" margin=\"0.05,0.02\" height=0.2 width=0.2")
        }
    }
}

/// The look of an edge to this vertex, where it is not the usual one.
fn link(link: &Link, to: &Vertex) -> Option<String> {
    match *link {
        Link::Operand { position } if matches!(to, Vertex::Op(op) if order_matters(op.op)) => {
            Some(format!("headlabel={}", position + 1))
        }
        Link::Bundle { operands } if operands > 1 => Some(format!("label=\"×{}\" penwidth=1.6", grouped(operands))),
        Link::Cut => Some("style=dashed".to_owned()),
        _ => None,
    }
}

/// What the limits left out, in words, or that there is nothing to see.
pub(crate) fn note(drawing: &Drawing, hidden: Hidden, options: &Options) -> Option<String> {
    if hidden.nodes == 0 {
        return (drawing.node_count() == 0).then(|| "nothing to draw: no node was asked for".into());
    }
    let mut limits = Vec::new();
    if hidden.by_depth {
        limits.push(format!("depth limit {}", grouped(options.depth_limit)));
    }
    if hidden.by_count {
        limits.push(format!("node limit {}", grouped(options.node_limit)));
    }
    Some(format!(
        "… {} not shown ({})",
        counted(hidden.nodes, "node"),
        limits.join(", ")
    ))
}

/// Names that tell which node of the graph it is: the value `n7` is computed by `op7`.
fn name(drawing: &Drawing, index: NodeIndex) -> String {
    match &drawing[index] {
        Vertex::Value(value) => format!("n{}", value.id.index()),
        Vertex::Op(op) => format!("op{}", op.id.index()),
        Vertex::Scope(_) => format!("scope{}", index.index()),
        Vertex::Cut { .. } => format!("cut{}", index.index()),
    }
}

fn record(value: &Value) -> String {
    let numbers = format!("data {} | grad {}", number(value.data), number(value.grad));
    match &value.label {
        Some(label) => format!("{{ {} | {numbers} }}", escape::field(label)),
        None => format!("{{ {numbers} }}"),
    }
}

fn paint_of(value: &Value) -> &'static Paint {
    match value.op {
        _ if value.root => &OUTPUT,
        Op::Leaf => &LEAF,
        Op::Const => &CONSTANT,
        _ => &RESULT,
    }
}

/// As `%.4f` of C and Python.
fn number(x: f64) -> String {
    if x.is_nan() { "nan".into() } else { format!("{x:.4}") }
}

/// Whether the operands are numbered, since exchanging them would change the value. Those of n-ary
/// ops are not: the arrows of most arrive in order.
fn order_matters(op: Op) -> bool {
    matches!(op.arity(), Arity::Fixed(2..)) && !op.is_symmetric()
}

fn counted(count: usize, what: &str) -> String {
    format!("{} {what}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// A count with its thousands apart: 12,345.
pub(crate) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_in_c() {
        let cases = [
            (2.0, "2.0000"),
            (-0.0, "-0.0000"),
            (0.03125, "0.0312"),
            (0.09375, "0.0938"),
            (f64::NAN, "nan"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (1e-300, "0.0000"),
            (123456789.98765, "123456789.9877"),
        ];
        for (x, text) in cases {
            assert_eq!(number(x), text);
        }
    }

    #[test]
    fn counts_have_their_thousands_apart() {
        assert_eq!(
            [0, 999, 1000, 12_345, 1_234_567].map(grouped),
            ["0", "999", "1,000", "12,345", "1,234,567"]
        );
    }
}
