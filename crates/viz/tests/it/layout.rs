//! Whatever is drawn: no box covers another, no wire crosses one, and what is first stays first.

use std::collections::BTreeMap;

use crate::support::{Rect, Svg};
use wengert::{Expr, Graph, NodeId};
use wengert_viz::{Direction, Options, draw};

/// Numbers that look random (SplitMix64: Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % most as u64) as usize
    }
}

/// A graph with ops of one to five operands, labels of any length and scopes within scopes, some
/// of them opened again; and its last node.
fn random(g: &Graph, seed: u64) -> NodeId {
    let mut random = Random(seed);
    let mut nodes: Vec<Expr<'_>> = (0..1 + random.below(4)).map(|k| g.var(0.3 * k as f64)).collect();
    let mut scopes = Vec::new();
    let near = 1 + random.below(20);
    for k in 0..random.below(60) {
        match random.below(8) {
            0 => scopes.push(g.scope(format!("scope {}", random.below(4)))),
            1 => drop(scopes.pop()),
            _ => {}
        }
        let mut operand = || nodes[nodes.len() - 1 - random.below(near.min(nodes.len()))];
        let (x, y) = (operand(), operand());
        let several = [x, y, operand(), operand(), operand()].map(|x| x.id());
        let node = match random.below(7) {
            0 => x + y,
            1 => x * y,
            2 => x - y,
            3 => x.softplus(),
            4 => x * 0.123456789,
            5 => g.expr(g.sum(&several)),
            _ => g.var(1.0),
        };
        if random.below(4) == 0 {
            node.named(&"a name ".repeat(random.below(12)));
        }
        nodes.push(if k % 5 == 0 { node + x } else { node });
    }
    nodes[nodes.len() - 1].id()
}

#[test]
fn two_hundred_random_graphs_are_drawn_without_overlap() {
    for seed in 0..200 {
        let g = Graph::new();
        let root = random(&g, seed);
        g.backward(root);
        let options = [
            Options::new(),
            Options::new().collapse_level(1),
            Options::new().collapse_level(2).direction(Direction::TopToBottom),
            Options::new().direction(Direction::TopToBottom),
            Options::new().direction(Direction::LeftToRight).node_limit(10),
            Options::new().page_width(400),
        ];
        for options in options {
            let svg = options.clone().draw(&g, &[root]).unwrap().svg().unwrap();
            let faults = Svg::read(&svg).faults();
            assert!(faults.is_empty(), "seed {seed}, {options:?}: {faults:?}");
        }
    }
}

#[test]
fn the_small_formulas_of_the_corpus_are_drawn_without_overlap() {
    let mut drawn = 0;
    for file in ["exprs.txt", "mgh_dags.txt"] {
        for case in conformance::dag::parse(&conformance::data(file)).unwrap() {
            if case.formula.code.len() > 60 {
                continue;
            }
            let (graph, _, nodes) = conformance::route::sweep::record(&case.formula, &case.points[0].x).unwrap();
            let root = nodes[nodes.len() - 1];
            graph.backward(root);
            let svg = Svg::read(&draw(&graph, &[root]).unwrap().svg().unwrap());
            assert_eq!(svg.faults(), [""; 0], "{}", case.id);
            drawn += 1;
        }
    }
    assert!(drawn > 300, "{drawn}");
}

/// The places of boxes by their first text.
fn places(svg: &Svg) -> BTreeMap<String, Rect> {
    svg.boxes.iter().map(|(rect, texts)| (texts[0].clone(), *rect)).collect()
}

#[test]
fn what_is_first_stays_first() {
    let g = Graph::new();
    let inputs: Vec<Expr<'_>> = (1..=3).map(|k| g.var(0.5).named(&format!("x{k}"))).collect();
    let neurons: Vec<Expr<'_>> = (1..=8)
        .map(|k| {
            let _scope = g.scope(format!("neuron {k}"));
            inputs.iter().fold(g.var(0.1).named("b"), |sum, &x| sum + x * g.var(0.2))
        })
        .collect();
    let ids: Vec<NodeId> = neurons.iter().map(|neuron| neuron.id()).collect();
    let picture = Options::new().collapse_level(1).direction(Direction::LeftToRight);
    let svg = Svg::read(&picture.draw(&g, &ids).unwrap().svg().unwrap());
    let places = places(&svg);
    let heights =
        |prefix: &str, count: usize| -> Vec<f64> { (1..=count).map(|k| places[&format!("{prefix}{k}")].y).collect() };
    assert!(heights("x", 3).is_sorted(), "{places:?}");
    assert!(heights("neuron ", 8).is_sorted(), "{places:?}");
}

/// The price of a call (Black and Scholes 1973): 21 nodes.
fn black_scholes(g: &Graph) -> Expr<'_> {
    let [s, k, r, v, t] = [100.0, 105.0, 0.05, 0.2, 1.0].map(|x| g.var(x));
    let root = v * t.sqrt();
    let d1 = ((s / k).ln() + (r + v * v * 0.5) * t) / root;
    s * d1.norm_cdf() - k * (-r * t).exp() * (d1 - root).norm_cdf()
}

#[test]
fn a_formula_fits_a_page() {
    let g = Graph::new();
    let svg = Svg::read(&draw(&g, &[black_scholes(&g).id()]).unwrap().svg().unwrap());
    assert!(svg.size.0 <= 1200.0, "{:?}", svg.size);
    assert_eq!(svg.faults(), [""; 0]);
}

#[test]
fn a_long_chain_goes_on_in_the_next_row() {
    let g = Graph::new();
    let y = (0..200).fold(g.var(0.5), |x, _| x.sin());
    let svg = Svg::read(&draw(&g, &[y.id()]).unwrap().svg().unwrap());
    assert!(svg.size.0 < 1300.0 && svg.size.1 < 4000.0, "{:?}", svg.size);
    assert_eq!(svg.faults(), [""; 0]);
}

#[test]
fn the_same_graph_gives_the_same_picture() {
    let svg = || {
        let g = Graph::new();
        draw(&g, &[random(&g, 7)]).unwrap().svg().unwrap()
    };
    assert_eq!(svg(), svg());
}

#[test]
fn a_number_that_is_not_finite_is_marked() {
    let g = Graph::new();
    let x = g.var(0.0).named("x");
    let y = x.ln().named("y");
    y.backward();
    let svg = draw(&g, &[y.id()]).unwrap().svg().unwrap();
    assert_eq!(svg.matches(" bad\"").count(), 2, "the value of one, the gradient of the other");
}

#[test]
fn a_single_node_is_a_picture() {
    let g = Graph::new();
    let svg = Svg::read(&draw(&g, &[g.leaf(1.0)]).unwrap().svg().unwrap());
    assert_eq!((svg.boxes.len(), svg.wires.len()), (1, 0));
    assert!(svg.size.0 < 300.0 && svg.size.1 < 80.0, "{:?}", svg.size);
}

#[test]
fn a_picture_is_dark_where_its_viewer_is() {
    let g = Graph::new();
    let svg = draw(&g, &[g.leaf(1.0)]).unwrap().svg().unwrap();
    assert!(svg.contains("@media (prefers-color-scheme:dark)"));
}

#[test]
fn the_reader_of_these_tests_sees_what_is_wrong() {
    let svg = |inside: &str| {
        let text = format!(r#"<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{inside}</svg>"#);
        Svg::read(&text).faults().len()
    };
    let a_box = r#"<g><rect class="box" x="0" y="0" width="20" height="20" rx="4"/></g>"#;
    assert_eq!(svg(a_box), 0);
    assert_eq!(svg(&a_box.repeat(2)), 1);
    for (wire, faults) in [("M-9 10L0 10", 0), ("M-9 10L29 10", 1), ("M-9 -9C40 10 -20 10 29 29", 1), ("M-9 0L0 -9", 0)]
    {
        assert_eq!(svg(&format!(r#"{a_box}<path class="wire" d="{wire}"/>"#)), faults, "{wire}");
    }
    let cluster = |x: f64| format!(r#"{a_box}<rect class="area" x="{x}" y="-1" width="30" height="30" rx="4"/>"#);
    assert_eq!((svg(&cluster(-1.0)), svg(&cluster(5.0)), svg(&cluster(20.0))), (0, 1, 0));
}
