//! Laws of derivatives that are recorded as graph nodes: for every op at special points, and on random graphs.

use std::collections::HashSet;

use proptest::prelude::*;
use wengert::{Arity, Form, Graph, Imm, Node, NodeId, Op};

/// Equal, up to the sign of zero and the kind of NaN.
fn same(a: f64, b: f64) -> bool {
    a == b || a.is_nan() && b.is_nan()
}

fn count(op: Op) -> usize {
    match op.arity() {
        Arity::Fixed(n) => n,
        _ => 4,
    }
}

fn immediates(op: Op) -> Imm {
    match op.immediates() {
        0 => [0.0; 2],
        1 => [2.0, 0.0],
        _ => [2.0, 1.0],
    }
}

const SPECIAL: [f64; 11] = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];

#[test]
fn special_points_agree_with_the_sweeps_to_the_second_order() {
    for &op in Op::ALL.iter().filter(|op| op.form() != Form::Source) {
        for a in SPECIAL {
            for b in SPECIAL {
                let g = Graph::new();
                let x = g.leaves(&[a, b, 1.5, -0.75][..count(op)]);
                let mut operands = x.clone();
                if op.name() == "sech2" {
                    operands[1] = g.tanh(x[0]);
                }
                if op.name() == "unit" {
                    operands[2] = g.hypot(x[0], x[1]);
                }
                let l = g.try_record(op, immediates(op), &operands).unwrap();
                let gradient = g.gradient_nodes(l, &x);
                g.backward(l);
                let swept: Vec<f64> = x.iter().map(|&x| g.grad(x)).collect();
                let hessian = g.hessian(l, &x);
                for (k, &first) in gradient.iter().enumerate() {
                    let (got, want) = (g.value(first), swept[k]);
                    assert!(same(got, want), "{op} d{k} at ({a}, {b}): {got} for {want}");
                    let second = g.gradient_nodes(first, &x);
                    g.backward(first);
                    for (j, &second) in second.iter().enumerate() {
                        let (got, swept) = (g.value(second), g.grad(x[j]));
                        assert!(same(got, swept), "{op} d{k}{j} at ({a}, {b}): {got} for {swept}");
                        // Where the value is NaN, one of the two ways may multiply by 0 before it meets the NaN.
                        let (dense, value) = (hessian[k][j], g.value(l));
                        let close = same(got, dense) || (got - dense).abs() <= 1e-14 * dense.abs();
                        assert!(close || value.is_nan(), "{op} d{k}{j} at ({a}, {b}): {got} for {dense}");
                    }
                }
                if count(op) == 1 {
                    break;
                }
            }
        }
    }
}

/// An op to record: which of the table, and at which of the nodes so far.
type Step = (prop::sample::Index, [prop::sample::Index; 4]);

fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((any::<prop::sample::Index>(), prop::array::uniform4(any::<prop::sample::Index>())), 1..most)
}

/// Records the steps: every op of the table may come. Returns all nodes, the leaves first.
fn grow(g: &Graph, leaves: &[NodeId], steps: &[Step]) -> Vec<NodeId> {
    // `sech2` needs a tanh as its second operand, and `unit` a hypotenuse as its third.
    let ops: Vec<Op> = Op::ALL
        .iter()
        .copied()
        .filter(|op| op.form() != Form::Source && !["sech2", "unit"].contains(&op.name()))
        .collect();
    let mut nodes = leaves.to_vec();
    for (which, at) in steps {
        let op = *which.get(&ops);
        let operands: Vec<NodeId> = (0..count(op)).map(|k| *at[k % 4].get(&nodes)).collect();
        nodes.push(g.try_record(op, immediates(op), &operands).unwrap());
    }
    nodes
}

/// Records ops that are exact, derivatives too, on small whole numbers.
fn grow_exact(g: &Graph, leaves: &[NodeId], steps: &[Step]) -> Vec<NodeId> {
    let mut nodes = leaves.to_vec();
    for (which, at) in steps {
        let [a, b, c, d] = [0, 1, 2, 3].map(|k| *at[k].get(&nodes));
        let small = [a, b, c, d].iter().all(|&n| g.value(n).abs() < 30.0);
        nodes.push(match which.index(16) {
            0..3 if small => g.mul(a, b),
            3 if small => g.powi(a, 2),
            4 if small => g.dot(&[a, c], &[b, d]),
            5 if small => g.product(&[a, b, leaves[0]]),
            6 if small => g.mul_add(a, b, c),
            7 => g.sub(a, b),
            8 => g.neg(a),
            9 => g.relu(a),
            10 => g.abs(a),
            11 => g.max(a, b),
            12 => g.select(g.less(a, b), c, d),
            13 => g.sum(&[a, b, c]),
            14 => g.min_of(&[a, b]),
            _ => g.add(a, b),
        });
    }
    nodes
}

/// What a node computes: its op, immediates and operands, sorted where their order does not matter.
fn computation(node: &Node) -> (Op, [u64; 2], Vec<usize>) {
    let mut operands: Vec<usize> = node.operands.iter().map(|operand| operand.index()).collect();
    if node.op.is_symmetric() {
        operands.sort_unstable();
    }
    (node.op, node.imm.map(f64::to_bits), operands)
}

/// Derives `l` with respect to `wrt`. Checks that no node is recorded that computes what a node up to `l` or another new
/// one computes. (Constants may be recorded again.)
#[track_caller]
fn derived_once(g: &Graph, l: NodeId, wrt: &[NodeId]) -> Vec<NodeId> {
    let mut seen: HashSet<_> = g.nodes().take(l.index() + 1).map(|node| computation(&node)).collect();
    let start = g.len();
    let gradient = g.gradient_nodes(l, wrt);
    for node in g.nodes().skip(start).filter(|node| node.op != Op::Const) {
        assert!(seen.insert(computation(&node)), "{node:?} is there already");
    }
    gradient
}

/// The node of the output is the latest operand of thousands of products, so they do not fit near one another.
#[test]
fn users_of_a_popular_node_are_shared() {
    let g = Graph::new();
    let leaves = g.leaves(&[0.01; 3000]);
    let terms: Vec<_> = leaves.iter().map(|&leaf| g.mul(leaf, leaf)).collect();
    derived_once(&g, g.exp(g.sum(&terms)), &leaves);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_the_graph_computes_already_is_not_recorded_again(
        steps in steps(40),
        values in prop::collection::vec(-3.0f64..3.0, 3),
    ) {
        let g = Graph::new();
        let nodes = grow(&g, &g.leaves(&values), &steps);
        let first = derived_once(&g, *nodes.last().unwrap(), &nodes);
        derived_once(&g, first[0], &nodes);
    }

    #[test]
    fn a_gradient_graph_has_the_bits_of_the_sweep(
        steps in steps(40),
        first in prop::collection::vec(-3.0f64..3.0, 5),
        second in prop::collection::vec(-3.0f64..3.0, 5),
    ) {
        let mut g = Graph::new();
        let leaves = g.leaves(&first);
        let nodes = grow(&g, &leaves, &steps);
        let l = *nodes.last().unwrap();
        let gradient = g.gradient_nodes(l, &nodes);
        for point in [&first, &second] {
            for (&leaf, &value) in leaves.iter().zip(point) {
                g.set(leaf, value);
            }
            g.forward().unwrap();
            g.backward(l);
            for (&derivative, &node) in gradient.iter().zip(&nodes) {
                // The sweep gives 0 to nodes that want no gradient.
                if g.node(node).wants_gradient {
                    let (got, want) = (g.value(derivative), g.grad(node));
                    prop_assert!(same(got, want), "{} {}: {got} for {want}", node, g.node(node).op);
                }
            }
        }
    }

    #[test]
    fn second_derivatives_of_the_graph_are_those_of_its_gradient(
        steps in steps(20),
        values in prop::collection::vec(-3.0f64..3.0, 3),
    ) {
        let g = Graph::new();
        let leaves = g.leaves(&values);
        let l = *grow(&g, &leaves, &steps).last().unwrap();
        for (k, &first) in g.gradient_nodes(l, &leaves).iter().enumerate() {
            let second = g.gradient_nodes(first, &leaves);
            g.backward(first);
            for (j, &node) in second.iter().enumerate() {
                let (got, want) = (g.value(node), g.grad(leaves[j]));
                prop_assert!(same(got, want), "d{k}{j}: {got} for {want}");
            }
        }
    }

    #[test]
    fn every_way_gives_the_same_where_arithmetic_is_exact(
        steps in steps(14),
        values in prop::collection::vec(-3i32..4, 4),
    ) {
        let g = Graph::new();
        let leaves = g.leaves(&values.into_iter().map(f64::from).collect::<Vec<_>>());
        let nodes = grow_exact(&g, &leaves, &steps);
        let outputs = &nodes[nodes.len() - nodes.len().min(3)..];
        let one = g.constant(1.0);
        let swept = g.jacobian(outputs, &leaves);
        for (o, &output) in outputs.iter().enumerate() {
            let row = g.vjp_nodes(&[(output, one)], &leaves);
            let hessian = g.hessian(output, &leaves);
            for (k, &x) in leaves.iter().enumerate() {
                let forward = g.jvp_nodes(&[(x, one)], &[output])[0];
                prop_assert_eq!(g.value(row[k]), swept[o][k]);
                prop_assert_eq!(g.value(forward), swept[o][k]);
                prop_assert_eq!(g.jvp(&[(x, 1.0)], &[output])[0], swept[o][k]);
                prop_assert_eq!(g.taylor::<2>(output, &[x], &[1.0])[1], swept[o][k]);
                for (j, &y) in leaves.iter().enumerate() {
                    let back = g.value(g.gradient_nodes(row[k], &[y])[0]);
                    let over = g.value(g.gradient_nodes(forward, &[y])[0]);
                    prop_assert_eq!((back, over), (hessian[k][j], hessian[k][j]), "d{}{}", k, j);
                }
                prop_assert_eq!(2.0 * g.taylor::<3>(output, &[x], &[1.0])[2], hessian[k][k]);
            }
        }
    }

    #[test]
    fn the_pushforward_is_the_pullback_transposed(
        steps in steps(40),
        values in prop::collection::vec(-3.0f64..3.0, 4),
    ) {
        let g = Graph::new();
        let leaves = g.leaves(&values);
        let nodes = grow(&g, &leaves, &steps);
        let outputs = &nodes[nodes.len() - nodes.len().min(3)..];
        let one = g.constant(1.0);
        for &output in outputs {
            let row = g.vjp_nodes(&[(output, one)], &leaves);
            let adjoints = g.vjp(&[(output, 1.0)], &nodes);
            for (&x, &back) in leaves.iter().zip(&row) {
                let back = g.value(back);
                let forward = g.value(g.jvp_nodes(&[(x, one)], &[output])[0]);
                let tangents = g.jvp(&[(x, 1.0)], &nodes);
                // The largest product of adjoint and tangent at any node: parts of this size may have canceled.
                let through = adjoints.iter().zip(&tangents).map(|(a, t)| (a * t).abs());
                let scale = through.fold(0.0, f64::max);
                // Infinities may meet in one direction and not in the other.
                if scale.is_finite() && back.is_finite() && forward.is_finite() {
                    prop_assert!((back - forward).abs() <= 1e-10 * scale, "{output} in {x}: {back} and {forward}");
                }
            }
        }
    }
}

#[test]
fn folds_of_one_operand_twice_have_the_bits_of_the_sweep() {
    let ways: [fn(&Graph, NodeId) -> NodeId; 5] = [
        |g, x| g.dot(&[x], &[x]),
        |g, x| g.sum(&[x, x]),
        |g, x| g.product(&[x, x]),
        |g, x| g.mul(x, x),
        |g, x| g.add(x, x),
    ];
    for way in ways {
        let g = Graph::new();
        let x = g.leaf(1.0);
        let inner = way(&g, x);
        // A large part reaches x first, so the order in which the others are added changes the sum.
        let l = g.add((g.expr(x) * 1e16).id(), inner);
        g.backward(l);
        let gradient = g.gradient_nodes(l, &[x])[0];
        assert_eq!(g.grad(x).to_bits(), g.value(gradient).to_bits());
    }
}
