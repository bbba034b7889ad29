//! What `backward` leaves: the gradients of the last sweep only, 0 where the output does not depend on the node, and
//! the right gradient of every leaf, whatever nodes lie between.

use wengert::{Dual, Error, Graph, NO_IMM, NodeId, Op, Scalar, Series};

fn grads(g: &Graph, nodes: &[NodeId]) -> Vec<f64> {
    nodes.iter().map(|&node| g.grad(node)).collect()
}

#[test]
fn a_gradient_is_0_before_any_sweep() {
    let g = Graph::new();
    let x = g.leaves(&[1.0, 2.0]);
    let l = g.mul(x[0], x[1]);
    assert_eq!(grads(&g, &[x[0], x[1], l]), [0.0; 3]);
    assert_eq!(g.expr(l).grad(), 0.0);
}

#[test]
fn a_gradient_is_0_for_what_the_output_does_not_depend_on() {
    let g = Graph::new();
    let x = g.leaves(&[1.0, 2.0, 3.0]);
    let unused = g.exp(x[2]);
    let l = g.mul(x[0], x[1]);
    let beyond = g.sin(l);
    g.backward(beyond);
    assert!(g.grad(x[0]) != 0.0 && g.grad(l) != 0.0 && g.grad(beyond) == 1.0);
    g.backward(l);
    assert_eq!(grads(&g, &[x[0], x[1], x[2], unused, l, beyond]), [2.0, 1.0, 0.0, 0.0, 1.0, 0.0]);
    let since = g.cos(l);
    let leaf = g.leaf(1.0);
    assert_eq!(grads(&g, &[since, leaf]), [0.0, 0.0], "recorded since");
}

#[test]
fn a_second_sweep_gives_the_same() {
    let g = Graph::new();
    let x = g.leaves(&[1.5, -0.5]);
    let l = g.tanh(g.add(g.mul(x[0], x[1]), g.mul_add(x[0], x[0], x[1])));
    g.backward(l);
    let nodes: Vec<NodeId> = g.nodes().map(|node| node.id).collect();
    let first = grads(&g, &nodes);
    for _ in 0..3 {
        g.backward(l);
        assert_eq!(grads(&g, &nodes), first);
    }
    // And after sweeps from other nodes, longer and shorter.
    let longer = g.sin(g.exp(l));
    g.backward(longer);
    g.backward(x[0]);
    assert_eq!(grads(&g, &x), [1.0, 0.0]);
    g.backward(l);
    assert_eq!(grads(&g, &nodes), first);
}

#[test]
fn gradients_stay_until_the_next_sweep() {
    let mut g = Graph::new();
    let x = g.leaf(3.0);
    let l = g.mul(x, x);
    g.backward(l);
    let mark = g.mark();
    g.exp(l);
    g.set(x, 4.0);
    g.forward().unwrap();
    g.rewind(mark);
    assert_eq!(g.grad(x), 6.0);
    assert_eq!(g.try_backward(NodeId::default()), Err(Error::NotInGraph { node: NodeId::default() }));
    g.set(x, 5.0);
    assert_eq!(g.try_backward(l), Err(Error::StaleValue { node: l, label: None }));
    assert_eq!(g.grad(x), 6.0, "a refused sweep leaves them");
    g.forward().unwrap();
    g.backward(l);
    assert_eq!(g.grad(x), 10.0);
    g.reset();
    assert_eq!(g.grad(g.leaf(1.0)), 0.0);
}

#[test]
fn seeds_add_up() {
    let g = Graph::new();
    let x = g.leaves(&[2.0, 3.0]);
    let (product, square) = (g.mul(x[0], x[1]), g.mul(x[0], x[0]));
    g.backward_seeded(&[(product, 10.0), (square, -1.0)]);
    assert_eq!(grads(&g, &[x[0], x[1], product, square]), [30.0 - 4.0, 20.0, 10.0, -1.0]);
    g.backward_seeded(&[(product, 1.0), (product, 2.0)]);
    assert_eq!(grads(&g, &x), [9.0, 6.0], "one output with two seeds");
    g.backward_seeded(&[(x[0], 5.0), (product, 1.0)]);
    assert_eq!(grads(&g, &x), [8.0, 2.0], "a leaf has a seed too");
    g.backward_seeded(&[(product, 0.0)]);
    assert_eq!(grads(&g, &x), [0.0, 0.0]);
    assert_eq!(g.vjp(&[(product, 10.0), (square, -1.0)], &x), [26.0, 20.0]);
    assert_eq!(grads(&g, &x), [26.0, 20.0]);
}

#[test]
fn a_node_used_twice_receives_both_shares() {
    let g = Graph::new();
    let x = g.leaf(3.0);
    let cases: [(NodeId, f64); 7] = [
        (g.add(x, x), 2.0),
        (g.sub(x, x), 0.0),
        (g.mul(x, x), 6.0),
        (g.div(x, x), 0.0),
        (g.max(x, x), 1.0),
        (g.mul_add(x, x, x), 7.0),
        (g.sum(&[x, x, x]), 3.0),
    ];
    for (l, want) in cases {
        g.backward(l);
        assert_eq!(g.grad(x), want, "{}", g.node(l));
    }
}

#[test]
fn doubling_sixty_times_gives_two_to_the_sixtieth_and_so_does_its_gradient() {
    let mut g = Graph::new();
    let x = g.leaf(1.0);
    let mut y = x;
    for _ in 0..60 {
        y = g.add(y, y);
    }
    let want = (1u64 << 60) as f64;
    g.backward(y);
    assert_eq!((g.value(y), g.grad(x)), (want, want));
    g.set(x, 3.0);
    g.forward().unwrap();
    assert_eq!(g.value(y), 3.0 * want);
    assert_eq!(g.jvp(&[(x, 1.0)], &[y]), [want]);
    let slope = g.gradient_nodes(y, &[x])[0];
    assert_eq!(g.value(slope), want);
    let e = (0..60).fold(g.expr(x), |y, _| y + y);
    e.backward();
    assert_eq!((e.value(), g.grad(x)), (3.0 * want, want));
}

#[test]
fn no_gradient_passes_what_stops_it() {
    let g = Graph::new();
    let x = g.leaf(0.5);
    let y = g.leaf(2.0);
    let stops = [
        g.detach(x),
        g.less(x, y),
        g.less_equal(x, y),
        g.greater(x, y),
        g.greater_equal(x, y),
        g.equal(x, y),
        g.not_equal(x, y),
        g.constant(3.0),
        g.exp(g.constant(1.0)),
    ];
    for stop in stops {
        assert!(!g.node(stop).wants_gradient);
        let l = g.mul(stop, y);
        g.backward(l);
        assert_eq!((g.grad(x), g.grad(y), g.grad(stop)), (0.0, g.value(stop), 0.0), "{}", g.node(stop));
        g.backward(stop);
        assert_eq!((g.grad(x), g.grad(stop)), (0.0, 0.0));
    }
}

#[test]
fn a_zero_adjoint_meets_no_infinity() {
    let g = Graph::new();
    let x = g.leaf(0.0);
    let zero = g.constant(0.0);
    let root = g.sqrt(x);
    let cases = [
        g.mul(zero, root),
        g.mul(root, root),
        g.select(g.greater(x, zero), root, zero),
        g.sqrt(g.mul(x, x)),
        g.mul(x, g.sqrt(x)),
    ];
    for l in cases {
        g.backward(l);
        assert_eq!(g.grad(x), 0.0, "{}", g.node(l));
        let slope = g.gradient_nodes(l, &[x])[0];
        assert_eq!(g.value(slope), 0.0, "{} as graph", g.node(l));
    }
    g.backward(root);
    assert_eq!(g.grad(x), f64::INFINITY);
}

#[test]
fn leaves_may_stand_anywhere_on_the_tape() {
    let g = Graph::new();
    let c = g.constant(2.0);
    let before = g.exp(c);
    let x = g.leaf(3.0);
    let y = g.mul(before, x);
    let z = g.leaf(5.0);
    let l = g.mul(g.mul(y, z), c);
    let last = g.leaf(7.0);
    g.backward(l);
    let e2 = g.value(before);
    assert_eq!((g.grad(x), g.grad(z), g.grad(last)), (2.0 * (e2 * 5.0), 2.0 * (e2 * 3.0), 0.0));
    assert_eq!((g.grad(before), g.grad(c)), (0.0, 0.0), "what wants no gradient has none");
    g.backward(last);
    assert_eq!((g.grad(last), g.grad(x)), (1.0, 0.0));
}

#[test]
fn a_sweep_reaches_every_form_of_node() {
    // One op of each layout, alone on the way from the leaf.
    let g = Graph::new();
    let x = g.leaf(0.75);
    let ops: [(Op, [f64; 2], usize, f64); 8] = [
        (Op::Neg, NO_IMM, 1, -1.0),
        (Op::AddC, [2.0, 0.0], 1, 1.0),
        (Op::Powd, [3.0, 0.0], 1, 3.0 * 0.75 * 0.75),
        (Op::Mul, NO_IMM, 2, 1.5),
        (Op::Zpow, [2.0, 0.0], 2, 0.0),
        (Op::MulAdd, NO_IMM, 3, 2.5),
        (Op::Mean, NO_IMM, 5, 1.0),
        (Op::Dot, NO_IMM, 4, 3.0),
    ];
    for (op, imm, count, slope) in ops {
        let l = g.try_record(op, imm, &vec![x; count]).unwrap();
        g.backward(l);
        assert!((g.grad(x) - slope).abs() < 1e-14, "{op}: {} for {slope}", g.grad(x));
        assert!((g.jvp(&[(x, 1.0)], &[l])[0] - slope).abs() < 1e-14, "{op}");
        let as_graph = g.gradient_nodes(l, &[x])[0];
        assert!((g.value(as_graph) - slope).abs() < 1e-14, "{op} as graph");
    }
}

/// A sweep runs again with guarded products if its unguarded products gave a NaN. Here they do: an adjoint overflows
/// and meets a factor of 0. The guarded product is 0, so no other result may change.
#[test]
fn a_sweep_that_had_to_be_guarded_has_the_bits_of_one_that_had_not() {
    let record = |spoilt: bool| {
        let g = Graph::new();
        let [x, y, z] = [0.7, -1.3, 2.0].map(|v| g.var(v));
        let mut l = (x * y).sin() + z.exp() * x / y + x.hypot(z) * 0.1;
        let mut other = y * z;
        if spoilt {
            let nothing = x * g.expr(g.constant(0.0)) * 1e300 * 1e300;
            l += nothing;
            other += nothing;
        }
        let (l, other, leaves) = (l.id(), other.id(), [x, y, z].map(|e| e.id()));
        (g, l, other, leaves)
    };
    let bits = |numbers: Vec<f64>| numbers.into_iter().map(f64::to_bits).collect::<Vec<_>>();
    let all = |spoilt: bool| {
        let (g, l, other, leaves) = record(spoilt);
        let mut seen = Vec::new();
        g.backward(l);
        seen.push(bits(leaves.map(|leaf| g.grad(leaf)).to_vec()));
        seen.push(bits(g.vjp(&[(l, 0.5), (other, -3.0)], &leaves)));
        seen.extend(g.jacobian(&[l], &leaves).into_iter().map(bits));
        seen.push(bits(g.hvp(l, &leaves, &[1.0, 0.5, -2.0])));
        seen.extend(g.hessian(l, &leaves).into_iter().map(bits));
        seen
    };
    assert_eq!(all(true), all(false));
}

/// `0 * inf` is sent to the first leaf, to a computed node, or to a later leaf, with `between` nodes
/// after it. It is noticed, and 0 is sent.
#[test]
fn zero_times_infinity_is_noticed_wherever_it_would_land() {
    for kind in 0..3 {
        for between in [0, 1, 5] {
            let g = Graph::new();
            let a = g.var(2.0);
            let node = match kind {
                0 => a,
                1 => a + 1.0,
                _ => {
                    let _ = a * 3.0;
                    g.var(5.0)
                }
            };
            let filler = (0..between).fold(a, |sum, _| sum + 1.0);
            let zero = g.expr(g.constant(0.0));
            let l = node * zero * 1e300 * 1e300 + node + filler;
            l.backward();
            let of_a = if kind < 2 { 2.0 } else { 1.0 };
            assert_eq!((node.grad(), a.grad()), (if kind == 0 { 2.0 } else { 1.0 }, of_a), "{kind} {between}");
        }
    }
}

/// Runs of `dead` nodes that receive no adjoint, with nodes that do receive one below, between and above them. The
/// gradients are as if the runs were not there.
#[test]
fn runs_of_zero_adjoints_of_any_length_are_stepped_over() {
    for dead in 0..6 {
        for live in 0..4 {
            let g = Graph::new();
            let x = g.leaves(&[0.75, -1.25]);
            let chain = |mut y: NodeId, links: usize| {
                for _ in 0..links {
                    y = g.mul(g.sin(y), x[1]);
                }
                y
            };
            let below = chain(x[0], live);
            let mut unused = x[0];
            for _ in 0..dead {
                unused = g.exp(unused);
            }
            // The relu is flat here, so its operand receives 0 and sends 0 to the run.
            let flat = g.relu(g.sub(g.constant(0.0), g.exp(unused)));
            let between = chain(below, live);
            let mut second = between;
            for _ in 0..dead {
                second = g.cosh(second);
            }
            let above = chain(between, live);
            g.backward(g.add(above, g.mul(flat, second)));

            let plain = Graph::new();
            let y = plain.leaves(&[0.75, -1.25]);
            let mut l = y[0];
            for _ in 0..3 * live {
                l = plain.mul(plain.sin(l), y[1]);
            }
            plain.backward(l);
            assert_eq!(grads(&g, &x), grads(&plain, &y), "{dead} dead, {live} live");
        }
    }
}

/// A NaN below a run of zeros is found, and reaches the leaf.
#[test]
fn a_nan_below_a_run_of_zeros_reaches_its_leaf() {
    for dead in 0..5 {
        let g = Graph::new();
        let (x, y) = (g.leaf(-1.0), g.leaf(2.0));
        let nan = g.ln(x);
        let mut unused = y;
        for _ in 0..dead {
            unused = g.exp(unused);
        }
        g.backward(g.mul(nan, y));
        assert!(g.grad(x).is_nan() && g.grad(y).is_nan(), "{dead}");
        // If it receives nothing, it sends nothing.
        g.backward(unused);
        assert_eq!(g.grad(x), 0.0, "{dead}");
    }
}

/// Adjoints move to a larger buffer while the graph is borrowed by `&`. Those of the last sweep stay readable after a
/// call that takes `&mut`.
#[test]
fn gradients_are_right_while_the_graph_grows_between_sweeps() {
    let mut g = Graph::new();
    let x = g.leaf(1.0);
    let mark = g.mark();
    for round in 0..3 {
        let mut l = x;
        for links in 1..=300 {
            l = g.add(l, x);
            g.backward(l);
            assert_eq!(g.grad(x), f64::from(links + 1), "round {round}");
            assert_eq!(g.grad(l), 1.0);
        }
        g.rewind(mark);
        assert_eq!(g.grad(x), 301.0, "it stays after rewinding");
    }
    g.reset();
    assert_eq!(g.grad(g.leaf(1.0)), 0.0);
}

/// `sqrt(mean(x^2) - mean(x)^2)`.
fn deviation<T: Scalar>(x: &[T]) -> T {
    let squares: Vec<T> = x.iter().map(|&x| x * x).collect();
    let mean = T::mean(x);
    (T::mean(&squares) - mean * mean).sqrt()
}

#[test]
fn a_deviation_of_equal_numbers_has_the_slope_0_forward_and_nan_back() {
    // Forward, tangents cancel before they reach the root. Back, the root sends infinities of both signs.
    let g = Graph::new();
    let x = g.leaves(&[2.0, 2.0]);
    let l = deviation(&g.exprs(&x)).id();
    assert_eq!(g.value(l), 0.0);
    assert_eq!(g.jvp(&[(x[0], 1.0)], &[l]), [0.0]);
    let dual = deviation(&[Dual::<1>::input(2.0, 0), Dual::new(2.0)]);
    assert_eq!((dual.value, dual.tangents), (0.0, [0.0]));
    let series = deviation(&[Series::<2>::new(2.0), Series::<2>::new(2.0)]);
    assert_eq!(series.value(), 0.0);
    let one = g.constant(1.0);
    assert_eq!(g.value(g.jvp_nodes(&[(x[0], one)], &[l])[0]), 0.0);
    assert!(g.vjp(&[(l, 1.0)], &x).iter().all(|slope| slope.is_nan()));
    assert!(g.gradient_nodes(l, &x).iter().all(|&slope| g.value(slope).is_nan()));
    // For numbers that differ, the routes agree.
    let (value, slopes) = wengert::value_and_gradient(|x| deviation(x), &[1.0, 3.0]);
    assert_eq!((value, slopes), (1.0, vec![-0.5, 0.5]));
    assert_eq!(wengert::jvp(|x| vec![deviation(x)], &[1.0, 3.0], &[1.0, 0.0]), [-0.5]);
}

#[test]
fn a_tangent_of_nan_is_no_probe_for_what_depends_on_what() {
    let g = Graph::new();
    let x = g.leaves(&[2.0, 0.0, -1.0]);
    let outputs = [g.mul(x[0], x[1]), g.relu(x[2]), g.powi(x[1], 2), g.exp(x[0])];
    let probe = |leaf| g.jvp(&[(leaf, f64::NAN)], &outputs).iter().map(|t| t.is_nan()).collect::<Vec<_>>();
    // The products with 0 are missed, though the pattern has them.
    assert_eq!(probe(x[0]), [false, false, false, true]);
    assert_eq!(probe(x[1]), [true, false, false, false]);
    assert_eq!(probe(x[2]), [false; 4]);
    let pattern = g.jacobian_pattern(&outputs, &x);
    assert_eq!(pattern.iter().collect::<Vec<_>>(), [(0, 0), (3, 0), (0, 1), (2, 1), (1, 2)]);
    let nan = g.constant(f64::NAN);
    let pushed = g.jvp_nodes(&[(x[0], nan)], &outputs);
    assert_eq!(pushed.iter().map(|&t| g.value(t).is_nan()).collect::<Vec<_>>(), [false, false, false, true]);
}

#[test]
fn a_row_of_a_jacobian_is_the_gradient_of_its_output_wherever_leaves_and_outputs_stand() {
    let g = Graph::new();
    let (mut leaves, mut outputs) = (Vec::new(), Vec::new());
    for k in 0..6 {
        leaves.push(g.leaf(0.3 + f64::from(k)));
        outputs.push(g.product(&leaves));
    }
    // A leaf is an output too, recorded before most others.
    outputs.push(leaves[0]);
    // One row, two rows in both orders, and so on: with few and with many leaves for each output.
    for first in 0..outputs.len() {
        for second in 0..outputs.len() {
            for chosen in [vec![outputs[first]], vec![outputs[first], outputs[second]], outputs.clone()] {
                let rows: Vec<_> = chosen.iter().map(|&output| g.gradient(output, &leaves)).collect();
                assert_eq!(g.jacobian(&chosen, &leaves), rows, "{chosen:?}");
                assert_eq!(g.sparse_jacobian(&chosen, &leaves).to_dense(), rows, "{chosen:?}");
            }
        }
    }
}
