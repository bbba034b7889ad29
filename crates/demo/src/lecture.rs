//! The lecture's expression, its values and its derivatives.

use std::error::Error;

use wengert::{Graph, Node, NodeId};

use crate::folder::Folder;
use crate::say;

/// Prints every value and gradient of `L = (a*b + c) * f`, and draws it.
pub(crate) fn show(folder: &mut Folder) -> Result<(), Box<dyn Error>> {
    let graph = Graph::new();
    let [a, b, c, f] =
        [("a", 2.0), ("b", -3.0), ("c", 10.0), ("f", -2.0)].map(|(name, value)| graph.var(value).named(name));
    let e = (a * b).named("e");
    let d = (e + c).named("d");
    let l = (d * f).named("L");
    l.backward();

    say!("The lecture: L = (a*b + c) * f");
    say!();
    say!("  node   is          value   gradient");
    say!("  ──────────────────────────────────");
    for node in graph.nodes() {
        let [value, gradient] = [node.value, graph.grad(node.id)].map(|x| format!("{x:.4}"));
        say!("  {:6} {:8} {value:>8}   {gradient:>8}", name(&graph, node.id), formula(&graph, &node));
    }
    say!();
    folder.draw("lecture.svg", "the lecture's expression", &wengert_viz::draw(&graph, &[l.id()])?)
}

fn name(graph: &Graph, node: NodeId) -> String {
    graph.label_of(node).unwrap_or_else(|| node.to_string())
}

fn formula(graph: &Graph, node: &Node) -> String {
    match node.operands[..] {
        [x, y] => format!("{} {} {}", name(graph, x), node.op.symbol(), name(graph, y)),
        _ => node.op.symbol().to_string(),
    }
}
