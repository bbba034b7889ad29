//! Going back: marks nest, stale marks are refused, keys and gradients of the remaining nodes stay valid, and recording
//! again gives the same.

use crate::common::Faults;
use wengert::{Error, Graph, Mark};

fn assert_stale(what: &str, g: &mut Graph, mark: Mark) {
    let mut faults = Faults::default();
    faults.fails(what, g, &Error::StaleMark, |g| g.try_rewind(mark));
    faults.panics(what, g, &Error::StaleMark, |g| g.rewind(mark));
}

/// A graph of three leaves, and a mark after them.
fn parameters() -> (Graph, Mark) {
    let g = Graph::new();
    g.leaves(&[1.0, 2.0, 3.0]);
    let mark = g.mark();
    (g, mark)
}

#[test]
fn marks_nest() {
    let (mut g, outer) = parameters();
    let x = g.get(0).unwrap().id;
    let a = g.sin(x);
    let inner = g.mark();
    let b = g.cos(a);
    g.rewind(inner);
    assert_eq!(g.len(), 4);
    assert!(g.try_value(a).is_ok() && g.try_value(b).is_err());
    g.rewind(inner);
    let c = g.tan(a);
    g.rewind(inner);
    assert!(g.try_value(a).is_ok() && g.try_value(c).is_err());
    g.rewind(outer);
    assert_eq!(g.len(), 3);
    assert!(g.try_value(x).is_ok() && g.try_value(a).is_err());
    assert_stale("the inner mark", &mut g, inner);
    g.rewind(outer);
}

#[test]
fn a_mark_that_was_rewound_past_is_refused() {
    let (mut g, outer) = parameters();
    g.leaves(&[4.0, 5.0]);
    let inner = g.mark();
    g.rewind(outer);
    assert_stale("while the tape is shorter", &mut g, inner);
    g.leaves(&[4.0]);
    assert_stale("while the tape is still shorter", &mut g, inner);
    g.leaves(&[5.0]);
    assert_stale("where the tape is as long again", &mut g, inner);
    g.leaves(&[6.0]);
    assert_stale("where the tape is longer", &mut g, inner);
    let keys: Vec<_> = g.nodes().map(|node| node.id).collect();
    assert_eq!(keys.len(), 6);
    assert!(keys.iter().all(|&key| g.try_value(key).is_ok()), "nothing is lost");
}

#[test]
fn a_mark_of_before_a_reset_is_refused() {
    let (mut g, mark) = parameters();
    let start = Graph::new().mark();
    g.reset();
    assert_stale("on the empty graph", &mut g, mark);
    g.leaves(&[1.0, 2.0, 3.0, 4.0]);
    assert_stale("on the filled graph", &mut g, mark);
    assert_stale("of another graph's start", &mut g, start);
    let mut g = Graph::new();
    let start = g.mark();
    g.reset();
    assert_stale("of the start, from before a reset", &mut g, start);
}

#[test]
fn a_mark_of_another_graph_is_refused() {
    let (mut g, mark) = parameters();
    let (mut h, other) = parameters();
    assert_stale("as long", &mut g, other);
    assert_stale("as long", &mut h, mark);
    g.leaf(4.0);
    assert_stale("shorter", &mut g, other);
    let (mut empty, _) = (Graph::new(), ());
    assert_stale("longer", &mut empty, other);
    assert_stale("of an empty graph", &mut g, empty.mark());
    // After the other graph recorded and rewound.
    h.leaf(1.0);
    h.rewind(other);
    assert_stale("after a rewind", &mut g, h.mark());
}

#[test]
fn a_mark_of_the_empty_graph_serves_again_and_again() {
    let mut g = Graph::new();
    let mark = g.mark();
    for round in 0..5 {
        let x = g.leaf(f64::from(round));
        g.backward(g.exp(x));
        assert_eq!(g.try_rewind(mark), Ok(()), "round {round}");
        assert!(g.is_empty() && g.try_value(x).is_err());
    }
    g.rewind(mark);
    let again = g.mark();
    g.leaf(1.0);
    g.rewind(again);
    assert_eq!(g.try_rewind(mark), Ok(()));
}

#[test]
fn marks_at_one_place_are_one_mark() {
    let (mut g, first) = parameters();
    let x = g.get(0).unwrap().id;
    g.sin(x);
    g.rewind(first);
    let second = g.mark();
    g.cos(x);
    g.rewind(first);
    g.tan(x);
    assert_eq!(g.try_rewind(second), Ok(()), "nothing that the second mark keeps was dropped");
    g.exp(x);
    assert_eq!(g.try_rewind(first), Ok(()));
    assert_eq!(g.try_rewind(second), Ok(()));
}

#[test]
fn a_mark_whose_guards_were_dropped_is_refused() {
    let mut g = Graph::new();
    let x = g.leaf(1.0);
    // A guard between leaves adds no node, so both marks have the same position.
    let y = g.leaf(2.0);
    let before = g.mark();
    assert!(g.expr(x) < g.expr(y));
    let after = g.mark();
    g.rewind(before);
    assert_stale("its guard is gone", &mut g, after);
    let z = g.leaf(3.0);
    assert!(g.expr(x) < g.expr(z));
    assert_stale("its guard's place is taken by one between nodes that it does not keep", &mut g, after);
    g.rewind(before);
    assert!(g.guards().is_empty());
    assert_eq!(g.forward(), Ok(()));
}

#[test]
fn a_rewind_to_where_the_graph_is_changes_nothing() {
    let (mut g, _) = parameters();
    let x = g.get(0).unwrap().id;
    let y = g.sin(x);
    g.label(y, "y");
    g.backward(y);
    let before = g.to_string();
    let here = g.mark();
    g.rewind(here);
    g.rewind(here);
    assert_eq!(g.to_string(), before);
    assert_eq!(g.value(y), 1f64.sin(), "its keys stay");
}

#[test]
fn keys_of_every_stretch_that_is_kept_stay() {
    let mut g = Graph::new();
    let mut kept = Vec::new();
    let mut marks = Vec::new();
    for round in 0..40 {
        marks.push(g.mark());
        kept.push(g.leaf(f64::from(round)));
        let mark = g.mark();
        let x = kept[kept.len() / 2];
        g.rewind(mark);
        g.mul(x, x);
    }
    for back in (0..40).rev().step_by(3) {
        g.rewind(marks[back]);
        let (stay, gone) = kept.split_at(back);
        assert!(stay.iter().enumerate().all(|(k, &key)| g.value(key) == k as f64), "{back}");
        assert!(gone.iter().all(|&key| g.try_value(key).is_err()), "{back}");
    }
}

#[test]
fn gradients_of_what_is_kept_stay_readable() {
    let (mut g, mark) = parameters();
    let p: Vec<_> = g.nodes().map(|node| node.id).collect();
    let l = g.product(&p);
    g.backward(l);
    g.rewind(mark);
    let want = [6.0, 3.0, 2.0];
    let grads = |g: &Graph| [p[0], p[1], p[2]].map(|p| g.grad(p));
    assert_eq!(grads(&g), want);
    let fresh = g.sin(p[0]);
    assert_eq!(g.grad(fresh), 0.0, "what stands in the place of swept nodes was not swept");
    assert_eq!(grads(&g), want);
    g.set(p[1], 7.0);
    assert_eq!(grads(&g), want);
    g.forward().unwrap();
    assert_eq!(grads(&g), want);
    g.backward(fresh);
    assert_eq!(grads(&g), [1f64.cos(), 0.0, 0.0]);
    g.reset();
    let x = g.leaf(1.0);
    assert_eq!(g.grad(x), 0.0);
}

/// A little of everything that has a place in the side pools: immediates, lists, constants.
fn step(g: &Graph) -> f64 {
    let p: Vec<_> = g.nodes().take(3).map(|node| node.id).collect();
    let e = g.exprs(&p);
    let l = (e[0] * 1.1 + e[1].powi(3)).max(g.expr(g.constant(0.25))) - 7.25 / e[2];
    let l = l + g.expr(g.dot(&p, &[p[2], p[0], p[1]])) * e[0].mul_add(e[1], e[2]).hypot(e[1]);
    let l = g.logsumexp(&[l.id(), p[0], p[1]]);
    g.backward(l);
    g.value(l)
}

#[test]
fn what_is_recorded_anew_is_the_same_to_the_bit() {
    let (mut g, mark) = parameters();
    let shapes = |g: &Graph| -> Vec<_> {
        g.nodes().map(|node| (node.op, node.imm, node.value.to_bits(), g.grad(node.id).to_bits())).collect()
    };
    let value = step(&g);
    let first = shapes(&g);
    let memory = g.memory();
    for _ in 0..5 {
        g.rewind(mark);
        assert_eq!(step(&g).to_bits(), value.to_bits());
        assert_eq!(shapes(&g), first);
        assert_eq!(g.memory(), memory, "side pools are cut too");
    }
}

#[test]
fn a_shared_constant_that_is_dropped_is_not_found_again() {
    let (mut g, mark) = parameters();
    let x = g.get(0).unwrap().id;
    let old = g.constant(42.0);
    assert_eq!(g.constant(42.0), old, "equal constants are one node");
    let sum = g.expr(x) + 41.1;
    assert_eq!(sum.value(), 42.1);
    g.rewind(mark);
    // A leaf of that value takes the place of the constant, and another immediate that of 41.1.
    let leaf = g.leaf(42.0);
    let product = (g.expr(x) * 40.1).id();
    let fresh = g.constant(42.0);
    assert_ne!(fresh, leaf);
    assert_eq!(g.node(fresh).op, wengert::Op::Const);
    let sum = (g.expr(x) + 41.1).id();
    assert_eq!((g.value(product), g.value(sum)), (40.1, 42.1));
    g.forward().unwrap();
    assert_eq!((g.value(product), g.value(sum), g.value(fresh)), (40.1, 42.1, 42.0));
    g.reset();
    let x = g.leaf(2.0);
    let (c, sum) = (g.constant(42.0), (g.expr(x) + 41.1).id());
    g.forward().unwrap();
    assert_eq!((g.value(c), g.value(sum)), (42.0, 43.1));
}

#[test]
fn a_mark_before_leaves_drops_them() {
    let mut g = Graph::new();
    g.constant(1.0);
    let mark = g.mark();
    let x = g.leaf(2.0);
    g.backward(g.sin(x));
    g.rewind(mark);
    // No leaf is left; what is recorded now wants no gradient, and sweeping it is harmless.
    let c = g.constant(1.0);
    let y = g.exp(c);
    assert!(!g.node(y).wants_gradient);
    g.backward(y);
    assert_eq!(g.grad(c), 0.0);
    let late = g.leaf(3.0);
    let l = g.mul(y, late);
    g.backward(l);
    assert_eq!((g.grad(late), g.grad(y)), (g.value(y), 0.0));
}
