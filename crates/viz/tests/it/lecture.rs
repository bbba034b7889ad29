//! The picture of the lecture's expression is the one that micrograd draws, and what micrograd's picture does not show
//! is drawn right too.

use crate::support::{Svg, read, texts};
use wengert::{Expr, Graph, NO_IMM, Op};
use wengert_viz::{Direction, Link, Options, Vertex, draw, to_petgraph};

/// The lecture's expression, its nodes in the order of `NAMES`.
fn lecture(g: &Graph) -> [Expr<'_>; 7] {
    let [a, b, c, f] = [2.0, -3.0, 10.0, -2.0].map(|x| g.var(x));
    let e = a * b;
    let d = e + c;
    let l = d * f;
    l.backward();
    [a, b, c, d, e, f, l]
}

const NAMES: [&str; 7] = ["a", "b", "c", "d", "e", "f", "L"];
const MICROGRAD: &str = include_str!("data/micrograd_seed.dot");

#[test]
fn the_picture_of_the_lecture_is_that_of_micrograd() {
    let g = Graph::new();
    let l = lecture(&g)[6];
    let picture = draw(&g, &[l.id()]).unwrap();
    let (ours, micrograd) = (read(&picture.dot()), read(MICROGRAD));
    assert_eq!((micrograd.boxes.len(), micrograd.ops.len(), micrograd.edges.len()), (7, 3, 9));
    assert_eq!(ours.contents(), micrograd.contents());
    assert_eq!(picture.note(), None);
    assert_eq!(ours.graph["rankdir"], "LR");
}

#[test]
fn the_drawn_picture_of_the_lecture_is_that_of_micrograd() {
    let g = Graph::new();
    let l = lecture(&g)[6];
    let svg = Svg::read(&draw(&g, &[l.id()]).unwrap().svg().unwrap());
    assert_eq!(svg.faults(), [""; 0]);
    let micrograd = read(MICROGRAD);
    let mut boxes: Vec<String> = svg
        .boxes
        .iter()
        .filter(|(_, texts)| texts.len() > 1)
        .map(|(_, texts)| format!("{{ {} }}", texts.join(" | ")))
        .collect();
    boxes.sort();
    assert_eq!(boxes, micrograd.boxes);
    let ops = svg.boxes.iter().filter(|(_, texts)| texts.len() == 1);
    assert_eq!(ops.count(), micrograd.ops.len());
    // Every wire goes from the side of one box to that of another.
    let at = |place: &(f64, f64)| {
        let near = svg.boxes.iter().find(|(rect, _)| {
            (rect.x - 6.0..=rect.x + rect.w + 0.1).contains(&place.0) && (rect.y..=rect.y + rect.h).contains(&place.1)
        });
        near.unwrap_or_else(|| panic!("{place:?} is beside no box")).1.join(" | ")
    };
    let mut wires: Vec<(String, String)> =
        svg.wires.iter().map(|wire| (at(&wire[0]), at(wire.last().unwrap()))).collect();
    wires.sort();
    let plain = |label: &String| {
        let op = label.split(" -> ").next().unwrap();
        label.strip_prefix("{ ").filter(|_| op == label).map_or(op, |label| label.trim_end_matches(" }")).to_owned()
    };
    let mut edges: Vec<(String, String)> = micrograd.edges.iter().map(|(a, b)| (plain(a), plain(b))).collect();
    edges.sort();
    assert_eq!(wires, edges);
}

#[test]
fn labels_are_added_in_front() {
    let g = Graph::new();
    let nodes = lecture(&g);
    for (node, name) in nodes.into_iter().zip(NAMES) {
        node.named(name);
    }
    let dot = draw(&g, &[nodes[6].id()]).unwrap().dot();
    let boxes = [
        "{ L | data -8.0000 | grad 1.0000 }",
        "{ a | data 2.0000 | grad 6.0000 }",
        "{ b | data -3.0000 | grad -4.0000 }",
        "{ c | data 10.0000 | grad -2.0000 }",
        "{ d | data 4.0000 | grad -2.0000 }",
        "{ e | data -6.0000 | grad -2.0000 }",
        "{ f | data -2.0000 | grad 4.0000 }",
    ];
    assert_eq!(read(&dot).boxes, boxes);
    let without = NAMES.iter().fold(dot, |dot, name| dot.replace(&format!("{{ {name} | "), "{ "));
    assert_eq!(read(&without).contents(), read(MICROGRAD).contents());
}

#[test]
fn a_value_used_twice_has_two_edges() {
    let g = Graph::new();
    let x = g.var(3.0);
    let y = x + x;
    y.backward();
    let picture = draw(&g, &[y.id()]).unwrap();
    let (x, plus, y) =
        ("{ data 3.0000 | grad 2.0000 }", "+ -> { data 6.0000 | grad 1.0000 }", "{ data 6.0000 | grad 1.0000 }");
    let edge = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    assert_eq!(read(&picture.dot()).edges, [edge(plus, y), edge(x, plus), edge(x, plus)]);
}

#[test]
fn constants_are_shown() {
    let g = Graph::new();
    let y = g.mul(g.leaf(3.0), g.constant(7.0));
    g.backward(y);
    let by_key = read(&draw(&g, &[y]).unwrap().dot());
    assert!(by_key.boxes.contains(&"{ data 7.0000 | grad - }".into()), "{by_key:?}");
    // An operator keeps its constant with the op.
    let y = g.var(3.0) * 7.0;
    y.backward();
    let by_operator = read(&draw(&g, &[y.id()]).unwrap().dot());
    assert!(by_operator.ops.iter().any(|op| op.starts_with("* 7 ->")), "{by_operator:?}");
}

#[test]
fn only_what_the_roots_depend_on_is_shown() {
    let g = Graph::new();
    let [x, y] = [1.0, 2.0].map(|v| g.leaf(v));
    let (sin, cos) = (g.sin(x), g.cos(y));
    let whole = to_petgraph(&g, &[sin, cos]).unwrap();
    assert_eq!((whole.node_count(), whole.edge_count()), (6, 4));
    let part = to_petgraph(&g, &[sin, sin, x]).unwrap();
    let ids: Vec<_> = part
        .node_weights()
        .map(|vertex| match vertex {
            Vertex::Value(value) => (value.id, value.root),
            Vertex::Op(op) => (op.id, false),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids, [(x, true), (sin, true), (sin, false)]);
}

#[test]
fn no_root_is_an_empty_picture_that_says_so() {
    let g = Graph::new();
    lecture(&g);
    let picture = draw(&g, &[]).unwrap();
    assert_eq!(picture.petgraph().node_count(), 0);
    assert_eq!(texts(&picture.svg().unwrap()), ["nothing to draw: no node was asked for"]);
}

#[test]
fn the_petgraph_has_operands_in_order() {
    let g = Graph::new();
    let [x, y] = [5.0, 2.0].map(|v| g.leaf(v));
    let z = g.sub(y, x);
    let drawing = to_petgraph(&g, &[z]).unwrap();
    let operands: Vec<_> = drawing
        .edge_indices()
        .filter_map(|edge| match (drawing[edge], &drawing[drawing.edge_endpoints(edge).unwrap().0]) {
            (Link::Operand { position }, Vertex::Value(value)) => Some((position, value.id)),
            _ => None,
        })
        .collect();
    assert_eq!(operands, [(0, y), (1, x)]);
}

#[test]
fn operands_are_numbered_where_their_order_matters() {
    let g = Graph::new();
    let [x, y] = [5.0, 2.0].map(|v| g.var(v));
    let numbers = |z: Expr<'_>| {
        let texts = texts(&draw(&g, &[z.id()]).unwrap().svg().unwrap());
        texts.into_iter().filter(|text| ["1", "2"].contains(&&text[..])).count()
    };
    assert_eq!([x - y, x / y, x.pow(y), x + y, x * y].map(numbers), [2, 2, 2, 0, 0]);
}

#[test]
fn the_same_graph_gives_the_same_text() {
    let text = || {
        let g = Graph::new();
        let l = lecture(&g)[6];
        let _scope = g.scope("late");
        draw(&g, &[(l + l).sin().id()]).unwrap().dot()
    };
    assert_eq!(text(), text());
}

#[test]
fn top_to_bottom_is_narrower_and_higher() {
    let g = Graph::new();
    let l = lecture(&g)[6].id();
    let size = |direction| {
        let picture = Options::new().direction(direction).draw(&g, &[l]).unwrap();
        Svg::read(&picture.svg().unwrap()).size
    };
    let (wide, high) = (size(Direction::LeftToRight), size(Direction::TopToBottom));
    assert!(high.0 < 0.7 * wide.0 && high.1 > 2.0 * wide.1, "{wide:?} {high:?}");
}

#[test]
fn every_op_can_be_drawn() {
    let g = Graph::new();
    let inputs = g.leaves(&[0.5, 0.25, 0.75]);
    let mut roots = Vec::new();
    let mut signs = Vec::new();
    for &op in Op::ALL {
        let count = (1..=3).find(|&count| op.takes(count));
        let Some(count) = count else { continue };
        let mut imm = NO_IMM;
        imm[..op.immediates()].copy_from_slice(&[2.0, 1.0][..op.immediates()]);
        roots.push(g.try_record(op, imm, &inputs[..count]).unwrap());
        signs.push(op.caption(imm));
    }
    assert_eq!(signs.len(), Op::ALL.len() - 2, "leaf and const have no op node");
    let read = read(&draw(&g, &roots).unwrap().dot());
    for sign in signs {
        assert!(read.ops.iter().any(|op| op.starts_with(&sign)), "{sign}: {:?}", read.ops);
    }
}

#[test]
fn a_whole_power_reads_as_a_power() {
    let g = Graph::new();
    let y = g.var(2.0).powi(3);
    assert_eq!(read(&draw(&g, &[y.id()]).unwrap().dot()).ops, ["^ 3 -> { data 8.0000 | grad 0.0000 }"]);
}
