//! Derivatives with respect to computed nodes: those with respect to a number that is added to the node, by every
//! method that gives derivatives as numbers.

use wengert::{Graph, NodeId};

/// `n = exp(x)`, `l = n^2 x`, `m = sin(n) + x`: as functions of `x` and what is added to `n`.
fn recorded(g: &Graph) -> ([NodeId; 2], [NodeId; 2]) {
    let x = g.var(0.7);
    let n = x.exp();
    ([x.id(), n.id()], [(n * n * x).id(), (n.sin() + x).id()])
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-14 * b.abs().max(1.0), "{a}, {b}");
}

#[test]
fn a_hessian_with_respect_to_a_computed_node_moves_what_is_added_to_it() {
    let g = Graph::new();
    let (wrt, [l, _]) = recorded(&g);
    let (x, n) = (0.7_f64, 0.7_f64.exp());
    let want = [[4.0 * n * n * (x + 1.0), 2.0 * n * (x + 1.0)], [2.0 * n * (x + 1.0), 2.0 * x]];
    let hessian = g.hessian(l, &wrt);
    let before = g.len();
    for (i, row) in want.iter().enumerate() {
        let column = g.hvp(l, &wrt, &[f64::from(i == 0), f64::from(i == 1)]);
        for (j, &want) in row.iter().enumerate() {
            near(hessian[i][j], want);
            near(column[j], want);
        }
    }
    // The same node twice, and beyond what l depends on.
    let late = g.sin(l);
    let twice = g.hessian(l, &[wrt[1], wrt[1], late]);
    assert_eq!(twice[0][1], twice[0][0]);
    assert_eq!(twice[2], [0.0; 3]);
    assert_eq!(g.len(), before + 1, "the graph itself is as it was");
}

#[test]
fn jacobians_and_their_products_take_computed_nodes_as_gradients_do() {
    let g = Graph::new();
    let (wrt, outputs) = recorded(&g);
    let rows = g.jacobian(&outputs, &wrt);
    for (row, &output) in rows.iter().zip(&outputs) {
        for (&entry, want) in row.iter().zip(g.gradient(output, &wrt)) {
            near(entry, want);
        }
    }
    // By rows, where there are many columns.
    let many = [wrt[1], wrt[0], wrt[1], wrt[1], wrt[0], wrt[0]];
    assert_eq!(g.jacobian(&outputs[..1], &many), [g.gradient(outputs[0], &many)]);
    let product = g.jvp(&[(wrt[0], 2.0), (wrt[1], -3.0)], &outputs);
    for (product, row) in product.iter().zip(&rows) {
        near(*product, 2.0 * row[0] - 3.0 * row[1]);
    }
    let series: [f64; 2] = g.taylor(outputs[1], &wrt, &[2.0, -3.0]);
    near(series[1], product[1]);
}

#[test]
fn what_wants_no_gradient_has_none() {
    let g = Graph::new();
    let x = g.leaf(2.0);
    let [c, d] = [g.constant(3.0), g.detach(x)];
    let wrt = [c, d, g.mul(c, d)];
    let l = g.mul(g.mul(x, c), g.mul(x, wrt[2]));
    assert_eq!(g.gradient(l, &wrt), [0.0; 3]);
    assert_eq!(g.jacobian(&[l], &wrt), [[0.0; 3]]);
    assert_eq!(g.hessian(l, &wrt), [[0.0; 3]; 3]);
    assert_eq!(g.jvp(&[(d, 1.0)], &[l]), [0.0]);
}

#[test]
fn values_keep_their_bits_in_the_copy() {
    let mut g = Graph::new();
    let x = g.leaf(0.0);
    let n = g.neg(x);
    let l = g.recip(n);
    // 1 / -0: the sign of a zero decides.
    assert_eq!(g.taylor::<1>(l, &[n], &[1.0]), [f64::NEG_INFINITY]);
    // Stale operands, recorded again.
    g.set(x, 3.0);
    let m = g.powi(x, 2);
    let k = g.mul(m, x);
    assert_eq!(g.hessian(k, &[x, m]), [[18.0, 1.0], [1.0, 0.0]]);
    assert!(g.try_hessian(l, &[n]).is_err());
}

#[test]
fn value_and_derivatives_come_from_one_recording() {
    let count = std::cell::Cell::new(0);
    let f = |x: &[wengert::Expr<'_>]| count.set(count.get() + x.len() / 2);
    let (values, jacobian) = wengert::value_and_jacobian(
        |x| {
            f(x);
            vec![x[0] * x[1], x[1].exp()]
        },
        &[2.0, 0.0],
    );
    assert_eq!((values, jacobian), (vec![0.0, 1.0], vec![vec![0.0, 2.0], vec![0.0, 1.0]]));
    let (value, gradient, hessian) = wengert::value_gradient_hessian(
        |x| {
            f(x);
            x[0].powi(3) * x[1]
        },
        &[2.0, 5.0],
    );
    assert_eq!((value, gradient), (40.0, vec![60.0, 8.0]));
    assert_eq!(hessian, [[60.0, 12.0], [12.0, 0.0]]);
    assert_eq!(count.get(), 2);
}

#[test]
fn many_leaves_are_set_or_none() {
    let mut g = Graph::new();
    let x = g.leaves(&[1.0, 2.0]);
    let l = g.mul(x[0], x[1]);
    assert!(g.try_set_all(&[x[0], l], &[5.0, 6.0]).is_err());
    assert!(g.try_set_all(&x, &[5.0]).is_err());
    assert_eq!((g.value(x[0]), g.value(l)), (1.0, 2.0));
    let mut out = [0.0];
    assert!(g.evaluate_into(&x, &[5.0, 6.0], &[l], &mut []).is_err());
    assert_eq!(g.value(l), 2.0);
    g.evaluate_into(&x, &[5.0, 6.0], &[l], &mut out).unwrap();
    assert_eq!(out, [30.0]);
    let mut slopes = [0.0; 2];
    g.vjp_into(&[(l, 1.0)], &x, &mut slopes);
    assert_eq!(slopes, [6.0, 5.0]);
    let short = g.try_vjp_into(&[(l, 1.0)], &x, &mut slopes[..1]);
    let said = short.unwrap_err().to_string();
    assert!(said.contains("places for derivatives"), "{said}");
}
