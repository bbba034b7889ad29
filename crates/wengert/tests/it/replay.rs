//! Laws of recording, on random expressions of all ops and any values: every front end records the same, and replaying
//! and recording again give the same bits.

use crate::common::dag::{LEAVES, Recipe, recipes};
use proptest::prelude::*;
use wengert::{Dual, Expr, Graph, Imm, NodeId, Op, Scalar, Series};

/// Recipes of up to 40 steps of all ops, whatever their values.
fn wild() -> impl Strategy<Value = Recipe> {
    recipes(40, |_, _, _, _| true)
}

/// Whether two numbers are the same to the bit, all NaN being one.
fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

/// A node: op, immediates, places of the operands, value, whether it wants a gradient.
type Shape = (Op, [u64; 2], Vec<usize>, u64, bool);

/// All that a recording shows, bits for numbers, places for keys.
fn shape(g: &Graph) -> Vec<Shape> {
    let bits = |x: f64| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() };
    g.nodes()
        .map(|node| {
            let operands = node.operands.iter().map(|x| x.index()).collect();
            (node.op, node.imm.map(bits), operands, bits(node.value), node.wants_gradient)
        })
        .collect()
}

fn values(g: &Graph, nodes: &[NodeId]) -> Vec<f64> {
    nodes.iter().map(|&node| g.value(node)).collect()
}

macro_rules! prop_assert_same {
    ($got:expr, $want:expr, $($what:tt)+) => {
        for (k, (got, want)) in $got.iter().zip(&$want).enumerate() {
            prop_assert!(same(*got, *want), "{}, number {k}: {got:?} for {want:?}", format!($($what)+));
        }
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn expressions_and_keys_record_the_same(recipe in wild()) {
        let (by_key, by_expr) = (Graph::new(), Graph::new());
        recipe.record(&by_key);
        let constant = |c| by_expr.expr(by_expr.constant(c));
        recipe.run(|v, _| by_expr.var(v), constant, |op, imm, args: &[Expr<'_>]| Expr::apply(op, imm, args));
        prop_assert_eq!(shape(&by_expr), shape(&by_key));
    }

    #[test]
    fn every_kind_of_number_has_the_same_values(recipe in wild()) {
        let g = Graph::new();
        let want = values(&g, &recipe.record(&g));
        let plain = recipe.run(|v, _| v, |c| c, f64::apply);
        let duals = recipe.run(Dual::<LEAVES>::input, Dual::new, Dual::apply);
        let series = recipe.run(|v, _| Series::<2>::moving(v, 1.0), Series::new, Series::apply);
        let free = recipe.run(|v, _| Expr::constant(v), Expr::constant, |op, imm, args: &[Expr<'_>]| Expr::apply(op, imm, args));
        prop_assert_same!(plain, want, "f64");
        prop_assert_same!(duals.iter().map(|x| x.value).collect::<Vec<_>>(), want, "Dual");
        prop_assert_same!(series.iter().map(|x| x.coefficients[0]).collect::<Vec<_>>(), want, "Series");
        prop_assert_same!(free.iter().map(|x| x.value()).collect::<Vec<_>>(), want, "free constants");
    }

    #[test]
    fn forward_reproduces_what_was_recorded(recipe in wild()) {
        let mut g = Graph::new();
        let nodes = recipe.record(&g);
        let before = shape(&g);
        g.forward().unwrap();
        prop_assert_eq!(shape(&g), before.clone());
        for &leaf in &nodes[..LEAVES] {
            g.set(leaf, g.value(leaf) + 1.0);
        }
        g.forward().unwrap();
        for (&leaf, &value) in nodes.iter().zip(&recipe.leaves) {
            g.set(leaf, value);
        }
        g.forward().unwrap();
        prop_assert_eq!(shape(&g), before);
    }

    #[test]
    fn replaying_at_other_values_is_recording_there(recipe in wild(), leaves in prop::array::uniform4(-3.0..3.0f64)) {
        let mut g = Graph::new();
        let nodes = recipe.record(&g);
        for (&leaf, &value) in nodes.iter().zip(&leaves) {
            g.set(leaf, value);
        }
        g.forward().unwrap();
        let there = Graph::new();
        Recipe { leaves, ..recipe }.record(&there);
        prop_assert_eq!(shape(&g), shape(&there));
    }

    #[test]
    fn what_is_rewound_and_recorded_anew_is_the_same(recipe in wild(), keep in 0usize..40) {
        let mut g = Graph::new();
        // Something before it, so that places differ from those in the recipe, and immediates are shared.
        let x = g.leaf(0.25);
        let _ = g.expr(x) * recipe.constants[0] + 2.0;
        let mark = g.mark();
        let nodes = recipe.record(&g);
        let sweep = |g: &Graph, nodes: &[NodeId]| {
            g.backward(nodes[nodes.len() - 1]);
            nodes.iter().map(|&node| g.grad(node)).collect::<Vec<_>>()
        };
        let (first, grads) = (shape(&g), sweep(&g, &nodes));
        g.rewind(mark);
        prop_assert!(nodes.iter().all(|&node| g.try_value(node).is_err() || node == g.constant(recipe.constants[0])));
        let nodes = recipe.record(&g);
        prop_assert_eq!(shape(&g), first.clone());
        prop_assert_same!(sweep(&g, &nodes), grads, "gradient after a rewind");
        // The same in two parts, with nodes between them that are dropped.
        g.reset();
        g.leaf(0.25);
        let first = {
            let plain = Graph::new();
            plain.leaf(0.25);
            recipe.record(&plain);
            shape(&plain)
        };
        let keep = keep.min(recipe.steps.len());
        let half = Recipe { steps: recipe.steps[..keep].to_vec(), ..recipe.clone() };
        let mut nodes = half.record(&g);
        let between = g.mark();
        g.exp(g.mul(nodes[0], g.constant(123.0)));
        g.rewind(between);
        for step in &recipe.steps[keep..] {
            let args: Vec<NodeId> = step.operands.iter().map(|&x| nodes[x]).collect();
            nodes.push(g.try_record(step.op, step.imm, &args).unwrap());
        }
        prop_assert_eq!(shape(&g), first);
        prop_assert_same!(sweep(&g, &nodes), grads, "gradient of two stretches");
    }

    #[test]
    fn a_second_sweep_is_the_first(recipe in wild(), other: prop::sample::Index) {
        let g = Graph::new();
        let nodes = recipe.record(&g);
        let l = nodes[nodes.len() - 1];
        let first = g.vjp(&[(l, 1.0)], &nodes);
        prop_assert_same!(g.vjp(&[(l, 1.0)], &nodes), first, "again");
        g.backward(*other.get(&nodes));
        prop_assert_same!(g.vjp(&[(l, 1.0)], &nodes), first, "after another");
    }
}

/// A named method records its op with its immediates, and `apply` of that op gives the same value.
#[test]
fn named_methods_are_their_ops() {
    let g = Graph::new();
    let (x, y) = (g.var(0.75), g.var(1.5));
    let pairs: [(Expr<'_>, Op, Imm); 5] = [
        (x * 2.5, Op::MulC, [2.5, 0.0]),
        (2.5 - x, Op::CSub, [2.5, 0.0]),
        (2.5 / x, Op::CDiv, [2.5, 0.0]),
        (x.powi(3), Op::Powd, [3.0, 0.0]),
        (x.polygamma(2), Op::Polygamma, [2.0, 0.0]),
    ];
    for (e, op, imm) in pairs {
        let node = g.node(e.id());
        assert_eq!((node.op, node.imm, &node.operands[..]), (op, imm, &[x.id()][..]));
        assert!(same(e.value(), f64::apply(op, imm, &[x.value()])));
    }
    assert_eq!(g.node((x + y).id()).op, Op::Add);
}
