//! The whole text of the messages one meets most: each names what is wrong and says what to do, and a panic points to the
//! line of the call.

use crate::common::refusal;
use wengert::{Dual, Error, Expr, Graph, Op, Scalar};

/// The text of the panic of a call, which must point to the line of the macro.
macro_rules! refused {
    ($call:expr) => {{
        let (text, place) = refusal(|| $call).expect("the call is refused");
        assert_eq!(place, (file!().to_string(), line!()), "{text}");
        text
    }};
}

const FOREIGN: &str = "n0 is not a node of this graph: the key belongs to another graph, or is from long ago and its node was dropped; use a key that this graph returned";
const DROPPED: &str = "n1 is not a node of this graph any more: a reset or rewind dropped it; record it again and use the new key, or record it before the mark";

#[test]
fn expressions_of_two_graphs() {
    let (one, other) = (Graph::new(), Graph::new());
    let (x, y) = (one.var(1.0), other.var(2.0));
    let text = "expressions of two graphs cannot be combined: build both in one graph";
    assert_eq!(refused!(x + y), text);
    assert_eq!(refused!(x.max(y)), text);
    assert_eq!(refused!(x.clamp(0.0, y)), text);
    assert_eq!(refused!(Expr::dot(&[x], &[y])), text);
    assert_eq!(refused!(x < y), text);
    assert_eq!(refused!(Expr::sum(&[x, y])), text);
}

#[test]
fn the_key_of_a_free_constant() {
    assert_eq!(
        refused!(Expr::constant(2.0).id()),
        "a free constant belongs to no graph, so it has no key: make it with Graph::constant, or combine it with an expression first"
    );
}

#[test]
fn a_full_graph() {
    let g = Graph::with_limit(2);
    let (x, y) = (g.var(1.0), g.var(2.0));
    let text = "the graph is full: it reached its limit of 2 nodes, or that of operands or immediates; rewind or reset it, or make one with a higher limit (Graph::with_limit)";
    assert_eq!(refused!(x * y), text);
    assert_eq!(refused!(-x), text);
    assert_eq!(refused!(1.0 - x), text);
    assert_eq!(refused!(x.hypot(3.0)), text);
    assert_eq!(refused!(g.var(3.0)), text);
    assert_eq!(refused!(g.mul(x.id(), y.id())), text);
    assert_eq!(refused!(g.leaves(&[1.0])), text);
}

#[test]
fn lengths_that_do_not_agree() {
    let mut g = Graph::new();
    let x = g.leaves(&[1.0, 2.0]);
    let l = g.mul(x[0], x[1]);
    let direction = "components of the direction, one for each input: 2 expected, 1 given";
    assert_eq!(refused!(g.hvp(l, &x, &[1.0])), direction);
    assert_eq!(refused!(g.taylor::<2>(l, &x, &[1.0])), direction);
    assert_eq!(refused!(wengert::hvp(|x| x[0], &[1.0, 2.0], &[1.0])), direction);
    assert_eq!(refused!(wengert::jvp(|x| vec![x[0]], &[1.0, 2.0], &[1.0])), direction);
    assert_eq!(
        refused!(wengert::vjp(|x| vec![x[0]], &[1.0], &[1.0, 2.0])),
        "components of the seed, one for each output: 1 expected, 2 given"
    );
    assert_eq!(refused!(g.set_all(&x, &[1.0])), "values to set, one for each leaf: 2 expected, 1 given");
    assert_eq!(
        refused!(g.vjp_into(&[(l, 1.0)], &x, &mut [0.0])),
        "places for derivatives, one for each node of `wrt`: 2 expected, 1 given"
    );
    let evaluated = g.evaluate_into(&x, &[1.0, 2.0], &[l], &mut []).unwrap_err();
    assert_eq!(evaluated.to_string(), "places for values, one for each output: 1 expected, 0 given");
    let evaluated = g.evaluate_into(&x, &[1.0; 3], &[l], &mut [0.0]).unwrap_err();
    assert_eq!(evaluated.to_string(), "values to set, one for each leaf: 2 expected, 3 given");
    assert_eq!(
        refused!(g.sparse_jacobian(&[l], &x).times(&[1.0])),
        "components of the vector, one for each column: 2 expected, 1 given"
    );
}

#[test]
fn a_computed_node_where_a_leaf_is_needed() {
    let mut g = Graph::new();
    let x = g.leaf(1.0);
    let y = g.sin(x);
    let text = "n1 is not a leaf, its op is sin: pass the key of a leaf";
    assert_eq!(refused!(g.set(y, 2.0)), text);
    assert_eq!(refused!(g.set_all(&[x, y], &[2.0, 2.0])), text);
    assert_eq!(g.plan_hessian(y, &[y]).unwrap_err().to_string(), text);
    g.label(y, "y");
    assert_eq!(refused!(g.set(y, 2.0)), "n1 \"y\" is not a leaf, its op is sin: pass the key of a leaf");
    let constant = g.constant(3.0);
    assert_eq!(
        refused!(g.set(constant, 2.0)),
        "n2 is a constant, not a leaf, so it never changes: make it with Graph::leaf or Graph::var, and pass that key"
    );
    // Derivatives are given with respect to computed nodes too.
    assert_eq!(g.hessian(y, &[y]), [[0.0]]);
}

#[test]
fn the_key_or_mark_of_another_graph() {
    let mut g = Graph::new();
    let x = g.leaf(1.0);
    let other = Graph::new();
    let foreign = other.leaf(1.0);
    other.leaf(2.0);
    assert_eq!(refused!(g.set_all(&[x, foreign], &[5.0, 5.0])), FOREIGN);
    assert_eq!(refused!(g.add(x, foreign)), FOREIGN);
    assert_eq!(refused!(g.hessian(foreign, &[x])), FOREIGN);
    let evaluated = g.evaluate_into(&[x], &[5.0], &[foreign], &mut [0.0]).unwrap_err();
    assert_eq!(evaluated.to_string(), FOREIGN);
    assert_eq!(g.value(x), 1.0);
    assert_eq!(
        refused!(g.rewind(other.mark())),
        "the mark is stale: the graph was reset or rewound past it, or the mark belongs to another graph; take a new mark"
    );
}

#[test]
fn the_key_of_a_dropped_node() {
    let mut g = Graph::new();
    let x = g.leaf(1.0);
    let mark = g.mark();
    let dropped = g.sin(x);
    for _ in 0..3 {
        g.rewind(mark);
        assert_eq!(refused!(g.value(dropped)), DROPPED);
        g.cos(x);
        assert_eq!(refused!(g.add(x, dropped)), DROPPED, "another node is in its place");
    }
    g.reset();
    assert_eq!(refused!(g.value(dropped)), DROPPED);
}

#[test]
fn operands_that_an_op_does_not_take() {
    let g = Graph::new();
    let x = g.leaves(&[1.0, 2.0, 3.0]);
    let text = "dot takes 2 lists of the same length, 5 operands in all were given: pass as many in each list";
    assert_eq!(refused!(g.dot(&x[..2], &x)), text);
    assert_eq!(refused!(Expr::dot(&g.exprs(&x[..2]), &g.exprs(&x))), text);
    assert_eq!(refused!(f64::dot(&[1.0, 2.0], &[1.0, 2.0, 3.0])), text);
    assert_eq!(refused!(Dual::<1>::dot(&[Dual::new(1.0); 2], &[Dual::new(1.0); 3])), text);
    assert_eq!(refused!(g.mean(&[])), "mean takes 1 operand or more, 0 were given");
    let error = g.try_record(Op::Mul, [0.0; 2], &x).unwrap_err();
    assert_eq!(error.to_string(), "mul takes 2 operands, 3 were given");
}

#[test]
fn values_that_are_no_longer_right() {
    let mut g = Graph::new();
    let (x, y) = {
        let x = g.var(1.0).named("x");
        let y = if x < 2.0 { x * 3.0 } else { x };
        (x.id(), y.named("y").id())
    };
    g.set(x, 5.0);
    let text = "the value of n2 \"y\" is stale, because a leaf was set since it was computed: call forward() first; if it failed, set leaves to other values and call it again, or record the formula again";
    assert_eq!(refused!(g.value(y)), text);
    assert_eq!(refused!(g.expr(y)), text);
    let flipped = g.forward().unwrap_err();
    assert_eq!(refused!(g.value(y)), text, "the message tells what to do after a failure too");
    assert!(matches!(flipped, Error::GuardFlipped { .. }));
    assert_eq!(
        flipped.to_string(),
        "the comparison n0 \"x\" < 2 was true when it was recorded and is false at the new values: record the expression again at these values"
    );
}
