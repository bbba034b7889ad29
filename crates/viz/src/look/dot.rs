//! A drawing as DOT text, as micrograd's `draw_dot` has it, for Graphviz and other tools that read it.

use std::fmt::Write;

use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::colors::DAY;
use super::escape;
use crate::Direction;
use crate::graph::{Drawing, Link, ScopeBox, Value, Vertex};
use crate::words::{MOST_OUTPUTS, class, counted, counted_leaves, gradient, grouped, number};

/// The DOT text of a drawing.
pub(crate) fn write(drawing: &Drawing, note: Option<&str>, direction: Direction) -> String {
    let mut dot = String::with_capacity(128 * (drawing.node_count() + 4));
    let rankdir = match direction {
        Direction::LeftToRight => "LR",
        Direction::TopToBottom => "TB",
    };
    let (ink, faint) = (DAY.ink, DAY.faint);
    let mut line = |text: std::fmt::Arguments<'_>| writeln!(dot, "{text}").expect("writing to a String never fails");
    line(format_args!("digraph wengert {{"));
    line(format_args!(
        "\tgraph [rankdir={rankdir} fontname=\"Helvetica,Arial,sans-serif\" fontsize=11 fontcolor=\"{faint}\" nodesep=0.22 ranksep=0.32 pad=0.2]"
    ));
    line(format_args!(
        "\tnode [fontname=\"Helvetica,Arial,sans-serif\" fontsize=11 fontcolor=\"{ink}\" color=\"{faint}\"]"
    ));
    line(format_args!(
        "\tedge [color=\"{faint}\" arrowsize=0.6 fontname=\"Helvetica,Arial,sans-serif\" fontsize=8 fontcolor=\"{faint}\" labeldistance=1.2 labelangle=30]"
    ));
    if let Some(note) = note {
        line(format_args!("\tgraph [label=\"{}\" labelloc=b]", escape::text(note)));
    }
    for index in drawing.node_indices() {
        let name = name(drawing, index);
        line(format_args!("\t{name} [{}]", vertex(&drawing[index])));
    }
    clusters(drawing, &mut line);
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

/// Open scopes as clusters: paths in order, so that what is within a scope stands together.
fn clusters(drawing: &Drawing, line: &mut impl FnMut(std::fmt::Arguments<'_>)) {
    let mut places: Vec<(&[String], NodeIndex)> = drawing
        .node_indices()
        .map(|vertex| (scope_of(drawing, vertex), vertex))
        .filter(|(path, _)| !path.is_empty())
        .collect();
    places.sort_unstable();
    let mut open: &[String] = &[];
    let mut count = 0;
    for (path, vertex) in places {
        while !path.starts_with(open) {
            line(format_args!("\t}}"));
            open = &open[..open.len() - 1];
        }
        for name in &path[open.len()..] {
            count += 1;
            let (label, color) = (escape::text(name), DAY.cluster.1);
            line(format_args!("\tsubgraph cluster{count} {{ label=\"{label}\" color=\"{color}\" style=rounded"));
        }
        open = path;
        line(format_args!("\t{}", name(drawing, vertex)));
    }
    open.iter().for_each(|_| line(format_args!("\t}}")));
}

/// The open scopes that a vertex stands in.
fn scope_of(drawing: &Drawing, vertex: NodeIndex) -> &[String] {
    match &drawing[vertex] {
        Vertex::Value(value) => &value.scope,
        Vertex::Scope(scope) => &scope.path[..scope.path.len() - 1],
        Vertex::Op(_) | Vertex::Cut { .. } => match drawing.neighbors(vertex).next() {
            Some(next) => scope_of(drawing, next),
            None => &[],
        },
    }
}

/// The label and the look of a vertex.
fn vertex(vertex: &Vertex) -> String {
    match vertex {
        Vertex::Value(value) => {
            let (label, (fill, line)) = (record(value), DAY.of(class(value)));
            format!("label=\"{label}\" shape=record style=filled fillcolor=\"{fill}\" color=\"{line}\"")
        }
        Vertex::Op(op) => {
            let label = escape::text(&op.caption());
            format!("label=\"{label}\" margin=\"0.05,0.02\" height=0.3 width=0.4 ordering=in")
        }
        Vertex::Scope(scope) => {
            let (fill, line) = DAY.of("scope");
            let line = if scope.root { DAY.of("output").1 } else { line };
            let label = fields(scope);
            format!("label=\"{label}\" shape=record style=\"filled,bold\" fillcolor=\"{fill}\" color=\"{line}\"")
        }
        Vertex::Cut { operands } => {
            let label = match operands {
                1 => "…".to_owned(),
                _ => format!("… {} operands", grouped(*operands)),
            };
            let faint = DAY.faint;
            format!("label=\"{label}\" shape=plaintext fontcolor=\"{faint}\" margin=\"0.05,0.02\" height=0.2 width=0.2")
        }
    }
}

/// The look of an edge to this vertex, where it is not the usual one.
fn link(link: &Link, to: &Vertex) -> Option<String> {
    match *link {
        Link::Operand { position } if matches!(to, Vertex::Op(op) if op.order_matters()) => {
            Some(format!("headlabel={}", position + 1))
        }
        Link::Bundle { operands } if operands > 1 => Some(format!("label=\"×{}\" penwidth=1.6", grouped(operands))),
        Link::Cut => Some("style=dashed".to_owned()),
        _ => None,
    }
}

/// Names with the key of the node: the value `n7` is computed by `op7`.
fn name(drawing: &Drawing, index: NodeIndex) -> String {
    match &drawing[index] {
        Vertex::Value(value) => format!("n{}", value.id.index()),
        Vertex::Op(op) => format!("op{}", op.id.index()),
        Vertex::Scope(_) => format!("scope{}", index.index()),
        Vertex::Cut { .. } => format!("cut{}", index.index()),
    }
}

fn record(value: &Value) -> String {
    let numbers = numbers(value);
    match &value.label {
        Some(label) => format!("{{ {} | {numbers} }}", escape::field(label)),
        None => format!("{{ {numbers} }}"),
    }
}

fn numbers(value: &Value) -> String {
    format!("data {} | grad {}", number(value.data), gradient(value))
}

/// The name of a scope, how much is in it, and what it yields.
fn fields(scope: &ScopeBox) -> String {
    let mut fields = format!(
        "{{ {} | {} | {}",
        escape::field(scope.path.last().map_or("", String::as_str)),
        counted(scope.nodes, "node"),
        counted_leaves(scope.leaves)
    );
    for value in scope.outputs.iter().take(MOST_OUTPUTS) {
        fields += &format!(" | {}", record(value));
    }
    if scope.outputs.len() > MOST_OUTPUTS {
        fields += &format!(" | … {} more", grouped(scope.outputs.len() - MOST_OUTPUTS));
    }
    fields + " }"
}
