//! Derivatives as graph nodes: ordinary nodes, of any order, equal to the results of the sweeps.

use wengert::{Error, Expr, Graph, Op};

/// Equal, up to the sign of zero and the kind of NaN.
fn same(a: f64, b: f64) -> bool {
    a == b || a.is_nan() && b.is_nan()
}

#[test]
fn a_cube_is_exact_to_the_fourth_derivative() {
    let by_power: fn(Expr<'_>) -> Expr<'_> = |x| x.powi(3);
    let by_products: fn(Expr<'_>) -> Expr<'_> = |x| x * x * x;
    for cube in [by_power, by_products] {
        let g = Graph::new();
        let x = g.var(2.0);
        let mut node = cube(x).id();
        let mut derivatives = Vec::new();
        for _ in 0..5 {
            derivatives.push(g.value(node));
            node = g.gradient_nodes(node, &[x.id()])[0];
        }
        assert_eq!(derivatives, [8.0, 12.0, 12.0, 6.0, 0.0]);
        assert_eq!(g.value(node), 0.0);
    }
}

#[test]
fn a_derivative_graph_is_right_at_other_values() {
    let mut g = Graph::new();
    let x = g.leaf(0.0);
    let l = g.mul(g.powi(x, 3), g.sin(x));
    let first = g.gradient_nodes(l, &[x])[0];
    let second = g.gradient_nodes(first, &[x])[0];
    for v in [-2.0, -0.0, 0.5, 1e3] {
        g.set(x, v);
        g.forward().unwrap();
        g.backward(l);
        assert!(same(g.value(first), g.grad(x)), "at {v}");
        g.backward(first);
        assert!(same(g.value(second), g.grad(x)), "at {v}");
        let dense = g.hessian(l, &[x])[0][0];
        assert!((g.value(second) - dense).abs() <= 1e-15 * dense.abs(), "at {v}: {} for {dense}", g.value(second));
    }
}

#[test]
fn inner_derivatives_do_not_see_outer_perturbations() {
    // d/dx [x * d/dy (x + y)] at 1 is 1.
    let g = Graph::new();
    let (x, y) = (g.leaf(1.0), g.leaf(1.0));
    let inner = g.gradient_nodes(g.add(x, y), &[y])[0];
    let outer = g.gradient_nodes(g.mul(x, inner), &[x])[0];
    assert_eq!(g.value(outer), 1.0);
    // d/dx [x * d/dy (x * y)] at 4 is 8.
    let g = Graph::new();
    let (x, y) = (g.leaf(4.0), g.leaf(3.0));
    let inner = g.gradient_nodes(g.mul(x, y), &[y])[0];
    let outer = g.gradient_nodes(g.mul(x, inner), &[x])[0];
    assert_eq!(g.value(outer), 8.0);
    // The same with `jvp_nodes` for both derivatives.
    let one = g.constant(1.0);
    let inner = g.jvp_nodes(&[(y, one)], &[g.mul(x, y)])[0];
    assert_eq!(g.value(g.jvp_nodes(&[(x, one)], &[g.mul(x, inner)])[0]), 8.0);
}

#[test]
fn an_output_that_depends_on_nothing_has_zeros_for_gradient() {
    let g = Graph::new();
    let (x, late) = (g.leaf(2.0), g.leaf(3.0));
    let l = g.sin(g.constant(1.0));
    for output in [l, late, g.floor(x), g.detach(x), g.less(x, late), g.sign(x)] {
        let before = g.len();
        let gradient = g.gradient_nodes(output, &[x])[0];
        assert_eq!(g.value(gradient), 0.0);
        assert!(g.len() <= before + 3, "at most three new nodes");
        assert_eq!(g.value(g.gradient_nodes(gradient, &[x])[0]), 0.0);
        assert_eq!(g.value(g.jvp_nodes(&[(x, l)], &[output])[0]), 0.0);
    }
    assert_eq!(g.gradient_nodes(l, &[]), []);
    assert_eq!(g.vjp_nodes(&[], &[x]).iter().map(|&n| g.value(n)).collect::<Vec<_>>(), [0.0]);
}

#[test]
fn the_same_node_twice_gives_the_same_derivative_twice() {
    let g = Graph::new();
    let (x, y) = (g.leaf(2.0), g.leaf(3.0));
    let l = g.mul(g.sin(x), y);
    let gradient = g.gradient_nodes(l, &[x, y, x]);
    assert_eq!(gradient[0], gradient[2]);
    assert_eq!(g.value(gradient[0]), 2.0f64.cos() * 3.0);
    assert_eq!(g.value(gradient[1]), 2.0f64.sin());
    let itself = g.gradient_nodes(x, &[x, l]);
    assert_eq!((g.value(itself[0]), g.value(itself[1])), (1.0, 0.0));
}

#[test]
fn a_computed_node_has_a_derivative_too() {
    let g = Graph::new();
    let x = g.leaf(0.5);
    let middle = g.exp(x);
    let l = g.mul(middle, g.sin(middle));
    let [by_x, by_middle] = g.gradient_nodes(l, &[x, middle])[..] else { unreachable!() };
    g.backward(l);
    assert_eq!((g.value(by_x), g.value(by_middle)), (g.grad(x), g.grad(middle)));
}

#[test]
fn nodes_that_want_no_gradient_have_none_by_any_route() {
    let g = Graph::new();
    let (x, c) = (g.leaf(2.0), g.constant(3.0));
    let (cut, root) = (g.detach(x), g.sqrt(c));
    let l = g.mul(g.mul(x, c), g.mul(cut, root));
    let inert = [c, cut, root];
    g.backward(l);
    assert_eq!(inert.map(|node| g.grad(node)), [0.0; 3]);
    assert_eq!(g.vjp(&[(l, 1.0)], &inert), [0.0; 3]);
    assert_eq!(g.gradient_nodes(l, &inert).iter().map(|&n| g.value(n)).collect::<Vec<_>>(), [0.0; 3]);
    for node in inert {
        assert_eq!(g.value(g.jvp_nodes(&[(node, x)], &[l])[0]), 0.0);
    }
    // As an output, too.
    assert_eq!(g.gradient_nodes(c, &[c, x]).iter().map(|&n| g.value(n)).collect::<Vec<_>>(), [0.0; 2]);
    // Nodes in `wrt` that want no gradient do not change the gradients of those that do.
    assert_eq!(g.value(g.gradient_nodes(l, &[c, x, cut])[1]), g.grad(x));
}

#[test]
fn keys_of_another_graph_are_refused() {
    let g = Graph::new();
    let x = g.leaf(2.0);
    let l = g.sin(x);
    let foreign = Graph::new().leaf(1.0);
    let refused = Err(Error::NotInGraph { node: foreign });
    let before = g.len();
    assert_eq!(g.try_gradient_nodes(l, &[foreign]), refused);
    assert_eq!(g.try_gradient_nodes(foreign, &[x]), refused);
    assert_eq!(g.try_vjp_nodes(&[(l, foreign)], &[x]), refused);
    assert_eq!(g.try_vjp_nodes(&[(foreign, l)], &[x]), refused);
    assert_eq!(g.try_jvp_nodes(&[(x, foreign)], &[l]), refused);
    assert_eq!(g.try_jvp_nodes(&[(foreign, x)], &[l]), refused);
    assert_eq!(g.try_jvp_nodes(&[(x, x)], &[foreign]), refused);
    assert_eq!(g.len(), before);
}

#[test]
fn stale_values_are_refused() {
    let mut g = Graph::new();
    let x = g.leaf(2.0);
    let l = g.sin(x);
    g.set(x, 1.0);
    assert_eq!(g.try_gradient_nodes(l, &[x]), Err(Error::StaleValue { node: l, label: None }));
    g.forward().unwrap();
    assert!(g.try_gradient_nodes(l, &[x]).is_ok());
}

#[test]
fn an_op_without_derivative_passes_none_and_harms_none() {
    let g = Graph::new();
    let x = g.leaf(2.5);
    let l = g.mul(g.floor(x), g.mul(x, g.select(g.greater(x, g.constant(0.0)), x, g.ln(g.neg(x)))));
    let first = g.gradient_nodes(l, &[x])[0];
    let second = g.gradient_nodes(first, &[x])[0];
    assert_eq!((g.value(l), g.value(first), g.value(second)), (12.5, 10.0, 4.0));
}

#[test]
fn seeds_weigh_outputs_and_are_differentiated_too() {
    let g = Graph::new();
    let (x, w) = (g.leaf(0.5), g.leaf(3.0));
    let (s, c) = (g.sin(x), g.cos(x));
    let two = g.constant(2.0);
    let pulled = g.vjp_nodes(&[(s, w), (c, two), (s, w)], &[x])[0];
    assert_eq!(g.value(pulled), 6.0 * 0.5f64.cos() + -(2.0 * 0.5f64.sin()));
    let by_seed = g.gradient_nodes(pulled, &[w])[0];
    assert_eq!(g.value(by_seed), 2.0 * 0.5f64.cos());
    let pushed = g.jvp_nodes(&[(x, w), (x, two)], &[s, c, x, w]);
    let pushed: Vec<f64> = pushed.iter().map(|&n| g.value(n)).collect();
    assert_eq!(pushed, [5.0 * 0.5f64.cos(), -(5.0 * 0.5f64.sin()), 5.0, 0.0]);
}

#[test]
fn certain_values_are_folded_and_equal_nodes_shared() {
    let g = Graph::new();
    let [x, y] = [2.0, 3.0].map(|v| g.leaf(v));
    // The partials of a product are its operands.
    let product = g.mul(x, y);
    let before = g.len();
    assert_eq!(g.gradient_nodes(product, &[x, y]), [y, x]);
    assert_eq!(g.len(), before, "nothing is recorded");
    // The derivative of exp is the node itself.
    let e = g.exp(x);
    let before = g.len();
    assert_eq!(g.gradient_nodes(e, &[x]), [e]);
    assert_eq!(g.len(), before);
    // A sum has the constant 1.
    let [one, same_one] = g.gradient_nodes(g.add(x, y), &[x, y])[..] else { unreachable!() };
    assert_eq!((one, g.value(one), g.node(one).op), (same_one, 1.0, Op::Const));
    // No node is recorded for adjoints that lead to no wanted node.
    let long = g.mul(g.sin(g.sin(g.sin(y))), x);
    let before = g.len();
    g.gradient_nodes(long, &[x]);
    assert_eq!(g.len(), before);
    // sin' = cos where cos is there already.
    let (_, cos) = (g.sin(y), g.cos(y));
    let before = g.len();
    assert_eq!(g.gradient_nodes(g.sin(y), &[y]), [cos]);
    assert!(g.len() <= before + 2);
}

/// The first of equal nodes is found, also where its op is one that few gradients record.
#[test]
fn nodes_of_ops_that_few_gradients_record_are_shared() {
    let g = Graph::new();
    let x = g.leaf(0.5);
    let (cosh, _) = (g.cosh(x), g.cosh(x));
    let density = g.gradient_nodes(g.norm_cdf(x), &[x])[0];
    let l = g.add(g.sinh(x), g.norm_cdf(x));
    let nodes = g.len();
    let slope = g.gradient_nodes(l, &[x])[0];
    assert_eq!(g.node(slope).operands[..], [density, cosh]);
    assert_eq!(g.nodes().skip(nodes).filter(|node| node.op != Op::Const).count(), 1, "a sum is recorded");
}

#[test]
fn a_full_graph_has_a_gradient_whose_nodes_are_there() {
    let g = Graph::with_limit(3);
    let x = g.leaf(0.5);
    let (cos, sin) = (g.cos(x), g.sin(x));
    assert_eq!(g.try_gradient_nodes(sin, &[x]), Ok(vec![cos]));
    assert_eq!(g.try_gradient_nodes(cos, &[x]), Err(Error::Full { limit: 3 }));
    assert_eq!(g.len(), 3);
}

/// An adjoint that is a number is kept beside adjoints that are nodes. No number is taken for a node.
#[test]
fn seeds_of_any_bits_are_numbers() {
    for bits in [u64::MAX, 0xffff_ffff << 32, 0xffff_ffff << 32 | 1, f64::NAN.to_bits(), 1, (-0.0f64).to_bits()] {
        let g = Graph::new();
        let [x, y] = [2.0, 3.0].map(|v| g.leaf(v));
        let (product, seed) = (g.mul(x, y), g.constant(f64::from_bits(bits)));
        let pulled = g.value(g.vjp_nodes(&[(product, seed)], &[x])[0]);
        let pushed = g.value(g.jvp_nodes(&[(x, seed)], &[product])[0]);
        // As in a sweep, adjoints begin with +0.
        let want = 0.0 + f64::from_bits(bits) * 3.0;
        for got in [pulled, pushed] {
            assert!(got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan(), "{bits:x}: {got}");
        }
        // An adjoint that gathers a number, then a node.
        let gathered = g.value(g.vjp_nodes(&[(x, seed), (product, seed)], &[x])[0]);
        let want = want + f64::from_bits(bits);
        assert!(gathered == want || gathered.is_nan() && want.is_nan(), "{bits:x}: {gathered}");
    }
}

/// The loss of a training step of a perceptron with 337 parameters, on `points` points.
fn perceptron<'g>(p: &[Expr<'g>], points: usize) -> Expr<'g> {
    let neuron = |p: &[Expr<'g>], inputs: &[Expr<'g>]| {
        let (weights, bias) = p.split_at(inputs.len());
        let mut sum = weights[0] * inputs[0];
        for (&w, &x) in weights.iter().zip(inputs).skip(1) {
            sum += w * x;
        }
        sum + bias[0]
    };
    let mut loss = Expr::constant(0.0);
    for k in 0..points {
        let (x, y) = ((k as f64 * 0.37).sin(), (k as f64 * 0.73).cos());
        let first: Vec<Expr> = (0..16).map(|j| (p[3 * j] * x + p[3 * j + 1] * y + p[3 * j + 2]).tanh()).collect();
        let second: Vec<Expr> = (0..16).map(|j| neuron(&p[48 + 17 * j..][..17], &first).tanh()).collect();
        let label = if x * y > 0.0 { 1.0 } else { -1.0 };
        loss += (1.0 - neuron(&p[320..], &second) * label).relu();
    }
    loss * (1.0 / points as f64) + p.iter().map(|&p| p * p).sum::<Expr>() * 1e-4
}

#[test]
fn the_gradient_of_a_perceptron_is_less_than_three_and_a_half_times_its_size() {
    let g = Graph::new();
    let parameters: Vec<f64> = (0..337).map(|k| (k as f64 * 1.7).sin()).collect();
    let p = g.leaves(&parameters);
    let l = perceptron(&g.exprs(&p), 100).id();
    let before = g.len();
    let gradient = g.gradient_nodes(l, &p);
    let ratio = g.len() as f64 / before as f64;
    assert!(ratio <= 3.5, "{ratio} times {before} nodes");
    g.backward(l);
    for (&node, &leaf) in gradient.iter().zip(&p) {
        assert!(same(g.value(node), g.grad(leaf)));
    }
}
