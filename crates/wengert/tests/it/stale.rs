//! Stale values: after `set`, values computed before cannot be read, recorded on or swept until `forward`. Leaves are
//! never stale.

use crate::common::Faults;
use crate::common::methods::Form;
use wengert::{Error, Graph, NO_IMM, Node, NodeId, Op};

/// Two leaves, a constant, and computed nodes: a product, its sine, a sum of all.
fn filled(g: &Graph) -> ([NodeId; 2], [NodeId; 3]) {
    let [x, y] = [2.0, 3.0].map(|v| g.leaf(v));
    let product = g.mul(x, y);
    let sine = g.sin(product);
    let c = g.constant(10.0);
    let sum = g.sum(&[x, product, sine, c]);
    g.label(sine, "sine");
    ([x, y], [product, sine, sum])
}

#[test]
fn every_method_that_reads_a_value_refuses_a_stale_one() {
    let mut g = Graph::new();
    let ([x, _], computed) = filled(&g);
    g.backward(computed[2]);
    g.set(x, 5.0);
    let mut faults = Faults::default();
    for node in computed {
        let label = g.label_of(node).map(Into::into);
        let error = Error::StaleValue { node, label };
        for method in crate::common::methods::all().iter().filter(|method| method.reads) {
            match method.form {
                Form::Panics(call) => faults.panics(method.name, &mut g, &error, |g| call(g, node)),
                Form::Fails(call) => faults.fails(method.name, &mut g, &error, |g| call(g, node)),
            }
        }
    }
}

#[test]
fn what_reads_no_value_works_on_a_stale_graph() {
    let mut g = Graph::new();
    let ([x, y], [product, sine, sum]) = filled(&g);
    g.backward(sum);
    let slope = g.grad(x);
    g.set(x, 5.0);
    assert!(g.is_stale());
    assert_eq!(g.grad(x), slope, "gradients stay those of the last sweep");
    assert_eq!(g.grad(product), 1.0 + 6f64.cos());
    assert_eq!(g.label_of(sine).as_deref(), Some("sine"));
    g.label(product, "product");
    assert_eq!(g.scope_of(product), [""; 0]);
    let Node { op, operands, value, .. } = g.node(product);
    assert_eq!((op, &operands[..], value), (Op::Mul, &[x, y][..], 6.0));
    assert_eq!(g.nodes().count(), 6);
}

#[test]
fn leaves_may_be_read_and_set_one_after_another() {
    let mut g = Graph::new();
    let ([x, y], [product, ..]) = filled(&g);
    for step in 0..5 {
        g.set(x, g.value(x) - 0.5);
        g.set(y, g.value(y) + g.value(x));
        assert!(g.try_value(product).is_err(), "step {step}");
    }
    assert_eq!((g.value(x), g.value(y)), (-0.5, 3.0 + 1.5 + 1.0 + 0.5 + 0.0 - 0.5));
    g.forward().unwrap();
    assert_eq!(g.value(product), -0.5 * 5.5);
}

#[test]
fn constants_are_never_stale() {
    let mut g = Graph::new();
    let ([x, _], _) = filled(&g);
    let c = g.constant(10.0);
    g.set(x, 1.0);
    assert_eq!(g.value(c), 10.0);
    assert_eq!(g.value(g.constant(10.0)), 10.0);
}

#[test]
fn a_graph_of_parameters_alone_is_never_stale() {
    let mut g = Graph::new();
    let p = g.leaves(&[1.0, 2.0, 3.0]);
    g.constant(4.0);
    let mark = g.mark();
    for step in 1..4 {
        let l = g.norm(&p);
        g.backward(l);
        g.rewind(mark);
        for &p in &p {
            g.set(p, g.value(p) - 0.1 * g.grad(p));
            assert!(!g.is_stale(), "step {step}");
        }
    }
}

#[test]
fn parameters_set_before_the_rewind_do_no_harm() {
    let mut g = Graph::new();
    let p = g.leaf(1.0);
    let mark = g.mark();
    g.sin(p);
    g.set(p, 2.0);
    assert!(g.is_stale());
    g.rewind(mark);
    assert!(!g.is_stale());
    assert_eq!(g.value(g.sin(p)), 2f64.sin());
}

#[test]
fn a_rewind_leaves_stale_what_it_keeps() {
    let mut g = Graph::new();
    let x = g.leaf(1.0);
    let kept = g.exp(x);
    let mark = g.mark();
    g.sin(kept);
    g.set(x, 2.0);
    g.rewind(mark);
    assert_eq!(g.try_value(kept), Err(Error::StaleValue { node: kept, label: None }));
    let fresh = g.cos(x);
    assert_eq!(g.value(fresh), 2f64.cos());
    g.forward().unwrap();
    assert_eq!(g.value(kept), g.value(g.exp(x)));
}

#[test]
fn what_is_recorded_on_set_leaves_is_fresh_and_forward_frees_the_rest() {
    let mut g = Graph::new();
    let ([x, y], [product, sine, sum]) = filled(&g);
    g.set(x, 7.0);
    let again = g.mul(x, y);
    assert_eq!(g.value(again), 21.0);
    g.backward(again);
    assert_eq!((g.grad(x), g.grad(y)), (3.0, 7.0));
    assert_eq!(g.try_record(Op::Add, NO_IMM, &[again, product]), Err(Error::StaleValue { node: product, label: None }));
    g.set(y, 1.0);
    assert_eq!(g.try_value(again), Err(Error::StaleValue { node: again, label: None }), "stale from the next set on");
    g.forward().unwrap();
    assert!(!g.is_stale());
    assert_eq!([again, product, sine, sum].map(|n| g.value(n)), [7.0, 7.0, 7f64.sin(), 7.0 + 7.0 + 7f64.sin() + 10.0]);
}

#[test]
fn setting_the_value_a_leaf_has_counts_as_setting() {
    let mut g = Graph::new();
    let ([x, _], [product, ..]) = filled(&g);
    g.set(x, g.value(x));
    assert_eq!(g.try_value(product), Err(Error::StaleValue { node: product, label: None }));
}

#[test]
fn a_leaf_recorded_late_makes_stale_too() {
    let mut g = Graph::new();
    let (_, [product, ..]) = filled(&g);
    let late = g.leaf(1.0);
    g.set(late, 2.0);
    assert!(g.is_stale());
    assert_eq!(g.try_value(product), Err(Error::StaleValue { node: product, label: None }));
    assert_eq!(g.value(late), 2.0);
    g.forward().unwrap();
    assert_eq!(g.value(product), 6.0);
}

#[test]
fn a_refused_set_makes_nothing_stale() {
    let mut g = Graph::new();
    let (_, [product, ..]) = filled(&g);
    assert_eq!(g.try_set(product, 1.0), Err(Error::NotALeaf { node: product, label: None, op: Op::Mul }));
    assert!(!g.is_stale());
    assert_eq!(g.value(product), 6.0);
}

#[test]
fn a_reset_frees_everything() {
    let mut g = Graph::new();
    let ([x, _], _) = filled(&g);
    g.set(x, 1.0);
    g.reset();
    assert!(!g.is_stale());
    let ([x, y], [product, ..]) = filled(&g);
    assert_eq!(g.value(product), g.value(x) * g.value(y));
}

#[test]
fn a_gradient_as_graph_shares_no_node_that_is_stale() {
    let mut g = Graph::new();
    let x = g.leaf(1.0);
    // The derivative of the sine would share this cosine, but it is at the old value of x.
    let old = g.cos(x);
    g.set(x, 2.0);
    let l = g.powi(g.sin(x), 2);
    let [slope] = g.gradient_nodes(l, &[x])[..] else { panic!("one input, one slope") };
    let want = 2.0 * 2f64.sin() * 2f64.cos();
    assert!((g.value(slope) - want).abs() < 1e-15, "{} for {want}", g.value(slope));
    let [tangent] = g.jvp_nodes(&[(x, g.constant(1.0))], &[l])[..] else { panic!("one output, one tangent") };
    assert!((g.value(tangent) - want).abs() < 1e-15, "{} for {want}", g.value(tangent));
    assert_eq!(g.try_value(old), Err(Error::StaleValue { node: old, label: None }));
}

#[test]
fn forward_on_fresh_values_changes_nothing() {
    let mut g = Graph::new();
    filled(&g);
    let before = g.to_string();
    g.forward().unwrap();
    assert_eq!(g.to_string(), before);
}
