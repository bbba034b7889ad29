//! Large graphs: limits that are said in the picture, scopes as boxes, no recursion.

use crate::support::{Svg, read, texts};
use wengert::{Expr, Graph, NodeId};
use wengert_viz::{Error, Link, Options, Picture, ScopeBox, Vertex, draw};

/// `sin` of `sin` of ... of a leaf, with this many ops.
fn chain(g: &Graph, ops: usize) -> NodeId {
    (0..ops).fold(g.leaf(0.5), |x, _| g.sin(x))
}

fn scopes(picture: &Picture) -> Vec<(String, usize, bool)> {
    let boxes = picture.petgraph().node_weights().filter_map(|vertex| match vertex {
        Vertex::Scope(ScopeBox { path, nodes, root, .. }) => Some((path.join("/"), *nodes, *root)),
        _ => None,
    });
    boxes.collect()
}

fn count(picture: &Picture, of: fn(&Vertex) -> bool) -> usize {
    picture.petgraph().node_weights().filter(|vertex| of(vertex)).count()
}

fn values(picture: &Picture) -> usize {
    count(picture, |vertex| matches!(vertex, Vertex::Value(_)))
}

fn ops(picture: &Picture) -> usize {
    count(picture, |vertex| matches!(vertex, Vertex::Op(_)))
}

/// A net of two inputs and layers of four, four and one neurons; each input, weight and bias is a leaf.
fn net(g: &Graph) -> Expr<'_> {
    let mut layer = vec![g.var(1.0), g.var(-0.5)];
    for (k, width) in [4, 4, 1].into_iter().enumerate() {
        let _layer = g.scope(format!("layer {}", k + 1));
        let neuron = |j: usize| {
            let _neuron = g.scope(format!("neuron {}", j + 1));
            let sum = layer.iter().fold(g.var(0.1 * j as f64), |sum, &x| sum + x * g.var(0.3));
            sum.tanh()
        };
        layer = (0..width).map(neuron).collect();
    }
    layer[0]
}

#[test]
fn a_depth_limit_shows_what_is_near_and_says_what_is_not() {
    let g = Graph::new();
    let l = chain(&g, 12_347);
    let picture = Options::new().depth_limit(2).draw(&g, &[l]).unwrap();
    assert_eq!((values(&picture), ops(&picture)), (3, 3));
    assert_eq!(picture.hidden_nodes(), 12_345);
    let texts = texts(&picture.svg().unwrap());
    assert!(texts.contains(&"… 12,345 nodes not shown (depth limit 2)".into()), "{texts:?}");
    assert!(texts.contains(&"…".into()), "the op whose operand is missing shows it: {texts:?}");
}

#[test]
fn a_depth_limit_of_nothing_shows_the_roots() {
    let g = Graph::new();
    let y = g.var(1.0) * g.var(2.0);
    let picture = Options::new().depth_limit(0).draw(&g, &[y.id()]).unwrap();
    assert_eq!((values(&picture), ops(&picture)), (1, 1));
    assert!(texts(&picture.svg().unwrap()).contains(&"… 2 operands".into()));
    assert_eq!(picture.note().unwrap(), "… 2 nodes not shown (depth limit 0)");
}

#[test]
fn depth_is_the_shortest_way_to_a_root() {
    let g = Graph::new();
    let x = g.var(0.5);
    let y = x.sin().cos() + x;
    let picture = Options::new().depth_limit(1).draw(&g, &[y.id()]).unwrap();
    // y, cos and x; sin is two steps away.
    assert_eq!(values(&picture), 3);
    assert_eq!(picture.note().unwrap(), "… 1 node not shown (depth limit 1)");
}

#[test]
fn a_node_limit_shows_the_nearest_and_says_what_is_not() {
    let g = Graph::new();
    let l = chain(&g, 2_000);
    let picture = Options::new().node_limit(10).draw(&g, &[l]).unwrap();
    assert_eq!((values(&picture), ops(&picture)), (10, 10));
    assert_eq!(picture.note().unwrap(), "… 1,991 nodes not shown (node limit 10)");
    let none = Options::new().node_limit(0).draw(&g, &[l]).unwrap();
    assert_eq!(texts(&none.svg().unwrap()), ["… 2,001 nodes not shown (node limit 0)"]);
    let both = Options::new().depth_limit(1).node_limit(2).draw(&g, &[l, chain(&g, 3)]).unwrap();
    assert_eq!(both.note().unwrap(), "… 2,003 nodes not shown (node limit 2)");
}

#[test]
fn limits_that_are_just_wide_enough_say_nothing() {
    let g = Graph::new();
    let l = chain(&g, 9);
    let picture = Options::new().node_limit(10).depth_limit(9).draw(&g, &[l]).unwrap();
    assert_eq!((picture.note(), values(&picture)), (None, 10));
    assert_eq!(picture.petgraph().node_count(), 19);
}

#[test]
fn what_is_drawn_by_default_can_be_looked_at() {
    let g = Graph::new();
    let picture = draw(&g, &[chain(&g, 100_000)]).unwrap();
    assert_eq!(values(&picture), 500);
    assert!(picture.svg().unwrap().contains("99,501 nodes not shown (node limit 500)"));
}

#[test]
fn a_chain_of_ten_million_nodes_is_drawn_on_a_small_stack() {
    let drawn = std::thread::Builder::new().stack_size(64 * 1024).spawn(|| {
        let g = Graph::new();
        let l = chain(&g, 10_000_000 - 1);
        let picture = Options::new().depth_limit(3).draw(&g, &[l]).unwrap();
        (values(&picture), picture.note().unwrap(), picture.dot().lines().count() < 30)
    });
    let (values, note, short) = drawn.unwrap().join().unwrap();
    assert_eq!((values, &note[..], short), (4, "… 9,999,996 nodes not shown (depth limit 3)", true));
}

#[test]
fn the_outermost_scopes_become_boxes() {
    let g = Graph::new();
    let y = net(&g);
    let picture = Options::new().collapse_level(1).draw(&g, &[y.id()]).unwrap();
    // A neuron of n inputs: a bias, n weights, n products, n sums, a tanh.
    let expected = [("layer 1", 4 * 8, false), ("layer 2", 4 * 14, false), ("layer 3", 14, true)];
    assert_eq!(scopes(&picture), expected.map(|(path, nodes, root)| (path.to_owned(), nodes, root)));
    assert_eq!((values(&picture), ops(&picture), picture.hidden_nodes()), (2, 0, 0));
    let mut bundles: Vec<usize> = picture
        .petgraph()
        .edge_weights()
        .map(|link| match link {
            Link::Bundle { operands } => *operands,
            other => panic!("{other:?}"),
        })
        .collect();
    bundles.sort_unstable();
    assert_eq!(bundles, [4, 4, 4, 16], "each input and the second layer's output flow along 4, the first's along 16");
    let texts = texts(&picture.svg().unwrap());
    for text in [
        "layer 1",
        "32 nodes · 12 leaves",
        "layer 2",
        "56 nodes · 20 leaves",
        "layer 3",
        "14 nodes · 5 leaves",
        "×4",
        "×16",
    ] {
        assert!(texts.contains(&text.into()), "{text}: {texts:?}");
    }
}

#[test]
fn inner_scopes_become_boxes_named_by_their_path() {
    let g = Graph::new();
    let y = net(&g);
    let picture = Options::new().collapse_level(2).draw(&g, &[y.id()]).unwrap();
    let scopes = scopes(&picture);
    assert_eq!(scopes.len(), 9);
    assert_eq!(scopes[5], ("layer 2/neuron 2".into(), 14, false));
    assert_eq!(picture.petgraph().edge_count(), 2 * 4 + 4 * 4 + 4);
    assert_eq!(read(&picture.dot()).boxes.len(), 11);
    assert_eq!(Svg::read(&picture.svg().unwrap()).faults(), [""; 0]);
}

#[test]
fn scopes_are_collapsed_by_path() {
    let g = Graph::new();
    let y = net(&g);
    let options = Options::new().collapse(["layer 2"]).collapse(["layer 1", "neuron 3"]);
    let picture = options.draw(&g, &[y.id()]).unwrap();
    assert_eq!(scopes(&picture), [("layer 1/neuron 3".into(), 8, false), ("layer 2".into(), 56, false)]);
    assert_eq!(values(&picture), 2 + 3 * 8 + 14);
    // The outer of two that contain a node counts.
    let nested = Options::new().collapse(["layer 1", "neuron 3"]).collapse(["layer 1"]).draw(&g, &[y.id()]).unwrap();
    assert_eq!(scopes(&nested), [("layer 1".into(), 32, false)]);
}

#[test]
fn an_operand_that_is_a_scope_keeps_its_place() {
    let g = Graph::new();
    let [x, y] = [0.5, 0.25].map(|v| g.var(v));
    let inner = {
        let _scope = g.scope("inner");
        x.sin()
    };
    let picture = Options::new().collapse_level(1).draw(&g, &[(inner - y).id()]).unwrap();
    let drawing = picture.petgraph();
    let minus = drawing.node_indices().find(|&at| matches!(drawing[at], Vertex::Op(_))).unwrap();
    let mut operands: Vec<_> = drawing
        .edge_indices()
        .filter(|&edge| drawing.edge_endpoints(edge).unwrap().1 == minus)
        .map(|edge| (drawing[edge], matches!(drawing[drawing.edge_endpoints(edge).unwrap().0], Vertex::Scope(_))))
        .collect();
    operands.sort_by_key(|&(_, is_scope)| !is_scope);
    assert_eq!(operands, [(Link::Operand { position: 0 }, true), (Link::Operand { position: 1 }, false)]);
}

#[test]
fn a_scope_opened_again_is_the_same_box() {
    let g = Graph::new();
    let mut x = g.var(0.5);
    for round in 0..2 {
        {
            let _scope = g.scope("layer");
            x = x.sin();
        }
        x = if round == 0 { x.cos() } else { x };
    }
    // There and back again: a cycle between boxes, which is still drawn.
    let picture = Options::new().collapse_level(1).draw(&g, &[x.id()]).unwrap();
    assert_eq!(scopes(&picture), [("layer".into(), 2, true)]);
    assert_eq!(read(&picture.dot()).edges.len(), 4);
    assert_eq!(Svg::read(&picture.svg().unwrap()).faults(), [""; 0]);
}

#[test]
fn a_collapsed_scope_shows_what_it_yields() {
    let g = Graph::new();
    let x = g.var(2.0).named("x");
    let (a, b) = {
        let _scope = g.scope("part");
        let weight = g.var(3.0);
        let inner = weight * x;
        (inner.named("a"), (inner + 1.0).sin())
    };
    let l = a * b;
    l.backward();
    let picture = Options::new().collapse_level(1).draw(&g, &[l.id()]).unwrap();
    let shown = picture.petgraph().node_weights().find_map(|vertex| match vertex {
        Vertex::Scope(scope) => Some(scope.clone()),
        _ => None,
    });
    let scope = shown.unwrap();
    assert_eq!((scope.nodes, scope.leaves), (4, 1));
    let outputs: Vec<_> = scope.outputs.iter().map(|value| (value.id, value.data, value.grad)).collect();
    assert_eq!(outputs, [(a.id(), 6.0, a.grad()), (b.id(), 7f64.sin(), b.grad())], "the sum is used within alone");
    let texts = texts(&picture.svg().unwrap());
    assert!(texts.contains(&format!("a  data 6.0000  grad {:.4}", a.grad())), "{texts:?}");
}

#[test]
fn open_scopes_are_titled_clusters() {
    let g = Graph::new();
    let y = net(&g);
    let picture = draw(&g, &[y.id()]).unwrap();
    let svg = Svg::read(&picture.svg().unwrap());
    assert_eq!(svg.clusters.len(), 3 + 9);
    assert_eq!(svg.faults(), [""; 0]);
    let dot = read(&picture.dot());
    assert_eq!(dot.clusters[..3], ["layer 1", "neuron 1", "neuron 2"]);
    assert_eq!(dot.clusters.len(), 12);
}

#[test]
fn a_collapsed_scope_is_one_step() {
    let g = Graph::new();
    let x = g.var(0.5);
    let y = {
        let _scope = g.scope("long");
        (0..100).fold(x.exp(), |x, _| x.sin())
    };
    let options = Options::new().collapse_level(1);
    let whole = options.clone().depth_limit(2).draw(&g, &[y.cos().id()]).unwrap();
    assert_eq!((whole.note(), values(&whole)), (None, 2));
    let cut = options.depth_limit(1).draw(&g, &[y.cos().id()]).unwrap();
    assert_eq!(cut.note().unwrap(), "… 1 node not shown (depth limit 1)");
}

#[test]
fn a_scope_that_is_not_there_is_refused_by_name() {
    let g = Graph::new();
    let y = net(&g);
    let error = Options::new().collapse(["layer 1", "neuron 9"]).draw(&g, &[y.id()]).unwrap_err();
    assert!(matches!(&error, Error::NoSuchScope { path } if path == "layer 1/neuron 9"), "{error}");
    assert!(error.to_string().contains("\"layer 1/neuron 9\""));
}
