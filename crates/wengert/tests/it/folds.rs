//! Ops of any number of operands: without operands, with one, with lists of different lengths. Their values are those
//! of the fold from left to right, and their partials those of the chain of binary ops.

use crate::common::Faults;
use wengert::{Arity, Error, Expr, Graph, NO_IMM, NodeId, Op, Scalar};

const FOLDS: [Op; 8] = [Op::Sum, Op::Product, Op::Dot, Op::MaxOf, Op::MinOf, Op::Logsumexp, Op::Mean, Op::Norm];

#[test]
fn these_are_all() {
    let folds: Vec<Op> = Op::ALL.iter().copied().filter(|op| matches!(op.arity(), Arity::AtLeast(_))).collect();
    assert_eq!(folds, FOLDS);
}

#[test]
fn the_empty_sum_is_0_and_the_empty_product_1() {
    let g = Graph::new();
    let x = g.leaf(1.0);
    let empty: [(NodeId, f64); 4] =
        [(g.sum(&[]), 0.0), (g.product(&[]), 1.0), (g.dot(&[], &[]), 0.0), (g.norm(&[]), 0.0)];
    for (node, want) in empty {
        assert_eq!(g.value(node).to_bits(), want.to_bits(), "{}", g.node(node));
        assert!(g.node(node).operands.is_empty() && !g.node(node).wants_gradient);
        g.backward(node);
        assert_eq!(g.grad(x), 0.0);
    }
    let free = [Expr::sum(&[]), Expr::product(&[]), Expr::dot(&[], &[]), Expr::norm(&[])].map(Expr::value);
    assert_eq!(free, [0.0, 1.0, 0.0, 0.0]);
    assert_eq!(std::iter::empty::<Expr<'_>>().sum::<Expr<'_>>().value(), 0.0);
    assert_eq!(std::iter::empty::<Expr<'_>>().product::<Expr<'_>>().value(), 1.0);
    assert_eq!([f64::sum(&[]), f64::product(&[]), f64::dot(&[], &[]), f64::norm(&[])], [0.0, 1.0, 0.0, 0.0]);
}

#[test]
fn an_op_that_needs_an_operand_refuses_none() {
    let mut g = Graph::new();
    g.leaf(1.0);
    let mut faults = Faults::default();
    let refused = |op| Error::Operands { op, given: 0 };
    for op in [Op::MaxOf, Op::MinOf, Op::Logsumexp, Op::Mean] {
        faults.fails(op.name(), &mut g, &refused(op), |g| g.try_record(op, NO_IMM, &[]));
        assert_eq!(refused(op).to_string(), format!("{op} takes 1 operand or more, 0 were given"));
    }
    faults.panics("max_of", &mut g, &refused(Op::MaxOf), |g| g.max_of(&[]));
    faults.panics("min_of", &mut g, &refused(Op::MinOf), |g| g.min_of(&[]));
    faults.panics("logsumexp", &mut g, &refused(Op::Logsumexp), |g| g.logsumexp(&[]));
    faults.panics("mean", &mut g, &refused(Op::Mean), |g| g.mean(&[]));
    faults.panics("Expr max_of", &mut g, &refused(Op::MaxOf), |_| Expr::max_of(&[]).value());
    faults.panics("Expr min_of", &mut g, &refused(Op::MinOf), |_| Expr::min_of(&[]).value());
    faults.panics("Expr logsumexp", &mut g, &refused(Op::Logsumexp), |_| Expr::logsumexp(&[]).value());
    faults.panics("Expr mean", &mut g, &refused(Op::Mean), |_| Expr::mean(&[]).value());
    faults.panics("f64 mean", &mut g, &refused(Op::Mean), |_| f64::mean(&[]));
}

#[test]
fn a_dot_product_of_unequal_lists_is_refused() {
    let mut g = Graph::new();
    let x = g.leaves(&[1.0, 2.0, 3.0]);
    let mut faults = Faults::default();
    let refused = |given| Error::Operands { op: Op::Dot, given };
    faults.panics("2 and 3", &mut g, &refused(5), |g| g.dot(&x[..2], &x));
    faults.panics("3 and 1", &mut g, &refused(4), |g| g.dot(&x, &x[..1]));
    faults.panics("none and 2", &mut g, &refused(2), |g| g.dot(&[], &x[..2]));
    faults.panics("Expr", &mut g, &refused(4), |g| Expr::dot(&g.exprs(&x), &g.exprs(&x[..1])).value());
    faults.panics("f64", &mut g, &refused(3), |_| f64::dot(&[1.0, 2.0], &[1.0]));
    faults.fails("try_record", &mut g, &refused(3), |g| g.try_record(Op::Dot, NO_IMM, &x));
}

#[test]
fn each_op_is_right_for_one_operand() {
    let g = Graph::new();
    let x = g.leaf(-2.5);
    let one: [(NodeId, f64, f64); 7] = [
        (g.sum(&[x]), -2.5, 1.0),
        (g.product(&[x]), -2.5, 1.0),
        (g.max_of(&[x]), -2.5, 1.0),
        (g.min_of(&[x]), -2.5, 1.0),
        (g.logsumexp(&[x]), -2.5, 1.0),
        (g.mean(&[x]), -2.5, 1.0),
        (g.norm(&[x]), 2.5, -1.0),
    ];
    for (node, value, slope) in one {
        g.backward(node);
        assert_eq!((g.value(node), g.grad(x)), (value, slope), "{}", g.node(node));
    }
    let square = g.dot(&[x], &[x]);
    g.backward(square);
    assert_eq!((g.value(square), g.grad(x)), (6.25, -5.0));
}

/// Values that neither cancel nor tie, `n` of them.
fn numbers(n: usize) -> Vec<f64> {
    (0..n).map(|k| (k as f64 * 0.7).sin() * 1.5 + 0.1).collect()
}

#[test]
fn values_are_those_of_the_fold_from_left_to_right() {
    for n in [1, 2, 3, 8, 9, 33, 100] {
        let x = numbers(n);
        let g = Graph::new();
        let keys = g.leaves(&x);
        let reversed: Vec<NodeId> = keys.iter().rev().copied().collect();
        let sum: f64 = x.iter().fold(0.0, |s, x| s + x);
        let dot = x.iter().zip(x.iter().rev()).fold(0.0, |s, (a, b)| s + a * b);
        assert_eq!(g.value(g.sum(&keys)).to_bits(), sum.to_bits());
        assert_eq!(g.value(g.mean(&keys)).to_bits(), (sum / n as f64).to_bits());
        assert_eq!(g.value(g.product(&keys)).to_bits(), x.iter().fold(1.0, |s: f64, x| s * x).to_bits());
        assert_eq!(g.value(g.dot(&keys, &reversed)).to_bits(), dot.to_bits());
        assert_eq!(g.value(g.max_of(&keys)), x.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        assert_eq!(g.value(g.min_of(&keys)), x.iter().copied().fold(f64::INFINITY, f64::min));
        let hypot = keys.iter().skip(1).fold(g.abs(keys[0]), |s, &x| g.hypot(s, x));
        assert_eq!(g.value(g.norm(&keys)).to_bits(), g.value(hypot).to_bits());
        let close = |got: f64, want: f64| (got - want).abs() <= 1e-14 * want.abs().max(1.0);
        assert!(close(g.value(g.logsumexp(&keys)), x.iter().map(|x| x.exp()).sum::<f64>().ln()));
    }
}

#[test]
fn partials_are_those_of_the_chain_of_binary_ops() {
    for n in [1, 2, 3, 8, 9, 20] {
        let g = Graph::new();
        let x = g.leaves(&numbers(n));
        let y: Vec<NodeId> = x.iter().rev().copied().collect();
        let fold =
            |op: fn(&Graph, NodeId, NodeId) -> NodeId, of: &[NodeId]| of[1..].iter().fold(of[0], |s, &x| op(&g, s, x));
        let products: Vec<NodeId> = x.iter().zip(&y).map(|(&a, &b)| g.mul(a, b)).collect();
        let sum = fold(Graph::add, &x);
        let pairs = [
            (g.sum(&x), sum),
            (g.product(&x), fold(Graph::mul, &x)),
            (g.dot(&x, &y), fold(Graph::add, &products)),
            (g.max_of(&x), fold(Graph::max, &x)),
            (g.min_of(&x), fold(Graph::min, &x)),
            (g.logsumexp(&x), fold(Graph::logaddexp, &x)),
            (g.mean(&x), (g.expr(sum) / n as f64).id()),
            (g.norm(&x), g.sqrt(fold(Graph::add, &x.iter().map(|&x| g.mul(x, x)).collect::<Vec<_>>()))),
        ];
        for (short, long) in pairs {
            let [short, long] = [short, long].map(|l| (g.value(l), g.vjp(&[(l, 1.0)], &x), g.hessian(l, &x)));
            let scale = long.1.iter().fold(1e-300, |s: f64, p| s.max(p.abs()));
            assert!((short.0 - long.0).abs() <= 1e-13 * long.0.abs(), "{n}: {short:?} for {long:?}");
            for (p, q) in short.1.iter().zip(&long.1) {
                assert!((p - q).abs() <= 1e-13 * scale, "{n}: {short:?} for {long:?}");
            }
            let scale = long.2.iter().flatten().fold(1.0, |s: f64, h| s.max(h.abs()));
            for (p, q) in short.2.iter().flatten().zip(long.2.iter().flatten()) {
                assert!((p - q).abs() <= 1e-12 * scale, "{n}: {p} for {q}");
            }
        }
    }
}

#[test]
fn a_product_with_zeros_has_the_right_partials() {
    for (x, want) in [
        ([2.0, 0.0, 3.0, 5.0], [0.0, 30.0, 0.0, 0.0]),
        ([0.0, 2.0, 0.0, 5.0], [0.0; 4]),
        ([0.0, 2.0, 3.0, 5.0], [30.0, 0.0, 0.0, 0.0]),
        ([2.0, 3.0, 5.0, 0.0], [0.0, 0.0, 0.0, 30.0]),
    ] {
        let g = Graph::new();
        let keys = g.leaves(&x);
        assert_eq!(g.vjp(&[(g.product(&keys), 1.0)], &keys), want);
    }
}

#[test]
fn ties_share_and_nan_spreads() {
    let g = Graph::new();
    let x = g.leaves(&[1.0, 3.0, 3.0, -2.0, 3.0]);
    assert_eq!(g.vjp(&[(g.max_of(&x), 1.0)], &x), [0.0, 1.0 / 3.0, 1.0 / 3.0, 0.0, 1.0 / 3.0]);
    assert_eq!(g.vjp(&[(g.min_of(&x), 1.0)], &x), [0.0, 0.0, 0.0, 1.0, 0.0]);
    assert_eq!(g.vjp(&[(g.max_of(&[x[0], x[0]]), 1.0)], &x[..1]), [1.0], "one node twice is one");
    let with_nan = [x[0], g.leaf(f64::NAN), x[1]];
    for l in [g.max_of(&with_nan), g.min_of(&with_nan)] {
        assert!(g.value(l).is_nan());
        assert!(g.vjp(&[(l, 1.0)], &with_nan).iter().all(|p| p.is_nan()));
    }
}

/// Second derivatives computed in two ways: as numbers, and row by row as graph nodes.
fn hessians(g: &Graph, l: NodeId, x: &[NodeId]) -> [Vec<f64>; 2] {
    let rows = g.gradient_nodes(l, x).into_iter().flat_map(|slope| g.gradient_nodes(slope, x));
    let by_graph = rows.map(|node| g.value(node)).collect();
    [g.hessian(l, x).concat(), by_graph]
}

#[test]
fn second_derivatives_of_extremes_are_those_of_max_and_min() {
    let g = Graph::new();
    for values in [[2.0, 3.0], [3.0, 3.0], [f64::NAN, 3.0], [3.0, f64::NAN]] {
        let x = g.leaves(&values);
        for (one, many) in [(g.max(x[0], x[1]), g.max_of(&x)), (g.min(x[0], x[1]), g.min_of(&x))] {
            let [want, of_graph] = hessians(&g, one, &x);
            let nan = values.iter().any(|v| v.is_nan());
            assert!(want.iter().chain(&of_graph).all(|h| if nan { h.is_nan() } else { *h == 0.0 }));
            for got in hessians(&g, many, &x).concat() {
                assert!(if nan { got.is_nan() } else { got == 0.0 }, "{got} at {values:?}");
            }
        }
    }
}

#[test]
fn at_the_origin_a_norm_has_the_derivatives_of_hypot() {
    let g = Graph::new();
    let x = g.leaves(&[0.0, -0.0]);
    for l in [g.hypot(x[0], x[1]), g.norm(&x)] {
        assert_eq!(hessians(&g, l, &x).concat(), [0.0; 8]);
    }
    // Away from the origin, the derivatives are those of the chain of `hypot`.
    let x = g.leaves(&[3.0, -4.0, 12.0]);
    let chain = g.hypot(g.hypot(x[0], x[1]), x[2]);
    let [want, _] = hessians(&g, chain, &x);
    for got in hessians(&g, g.norm(&x), &x) {
        for (got, want) in got.iter().zip(&want) {
            assert!((got - want).abs() < 1e-16, "{got} for {want}");
        }
    }
}

#[test]
fn logsumexp_and_norm_do_not_overflow() {
    let inf = f64::INFINITY;
    let g = Graph::new();
    let gradient = |x: &[f64], op: Op| {
        let keys = g.leaves(x);
        let l = g.try_record(op, NO_IMM, &keys).unwrap();
        (g.value(l), g.vjp(&[(l, 1.0)], &keys))
    };
    let (value, partials) = gradient(&[1000.0, 1000.0, -1000.0], Op::Logsumexp);
    assert_eq!((value, &partials[..]), (1000.0 + 2f64.ln(), &[0.5, 0.5, 0.0][..]));
    assert_eq!(gradient(&[-inf, -inf], Op::Logsumexp), (-inf, vec![0.5, 0.5]));
    assert_eq!(gradient(&[inf, 1.0, inf], Op::Logsumexp), (inf, vec![0.5, 0.0, 0.5]));
    assert_eq!(gradient(&[-inf, 3.0], Op::Logsumexp), (3.0, vec![0.0, 1.0]));
    let (value, partials) = gradient(&[3e300, 4e300], Op::Norm);
    assert!((value / 5e300 - 1.0).abs() < 1e-15 && (partials[0] - 0.6).abs() < 1e-15);
    assert_eq!(gradient(&[0.0, 0.0], Op::Norm), (0.0, vec![0.0, 0.0]));
}

#[test]
fn a_node_may_stand_in_many_places_of_a_list() {
    let g = Graph::new();
    let x = g.leaf(3.0);
    let cases = [(g.sum(&[x; 5]), 15.0, 5.0), (g.product(&[x; 4]), 81.0, 108.0), (g.dot(&[x; 3], &[x; 3]), 27.0, 18.0)];
    for (l, value, slope) in cases {
        g.backward(l);
        assert_eq!((g.value(l), g.grad(x)), (value, slope));
    }
}

#[test]
fn a_list_may_be_long() {
    let g = Graph::new();
    let x = g.leaves(&vec![1.0; 100_000]);
    for (l, slope) in [(g.sum(&x), 1.0), (g.mean(&x), 1e-5), (g.product(&x), 1.0)] {
        g.backward(l);
        assert!(x.iter().all(|&x| g.grad(x) == slope));
    }
}

/// A sum that is corrected for its rounding errors (Neumaier).
fn exact_sum(x: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut low) = (0.0f64, 0.0);
    for x in x {
        let next = sum + x;
        low += if sum.abs() > x.abs() { (sum - next) + x } else { (x - next) + sum };
        sum = next;
    }
    sum + low
}

/// A product that is corrected for its rounding errors.
fn exact_product(x: &[f64]) -> f64 {
    let (mut product, mut low) = (1.0f64, 0.0);
    for &x in x {
        let next = product * x;
        low = low * x + product.mul_add(x, -next);
        product = next;
    }
    product + low
}

#[test]
fn the_error_of_long_lists_grows_with_the_root_of_their_length() {
    let u = f64::EPSILON / 2.0;
    for n in [2, 10, 100, 1000, 10_000] {
        let x: Vec<f64> = (0..n).map(|k| 1.0 + 0.1 * (k as f64 * 0.7).sin()).collect();
        // The certain bound grows like n, but rounding errors partly cancel. The references are right to within 3
        // rounding errors.
        let limit = (4.0 + (n as f64).sqrt()) * u;
        let check = |what: &str, unit: f64, got: &[f64], want: &[f64]| {
            let errors = got.iter().zip(want).map(|(g, w)| (g - w).abs() / (unit * w.abs()).max(unit));
            let worst = errors.fold(0.0, f64::max);
            println!("{what} of {n}: {:.1} of {:.0} roundings", worst / u, limit / u);
            assert!(worst <= limit, "{what} of {n}: {} of {} roundings", worst / u, limit / u);
        };
        let relative = |what: &str, got: &[f64], want: &[f64]| {
            let ratios: Vec<f64> = got.iter().zip(want).map(|(g, w)| g / w).collect();
            check(what, 1.0, &ratios, &vec![1.0; got.len()]);
        };
        let g = Graph::new();
        let keys = g.leaves(&x);
        let partials = |l: NodeId| g.vjp(&[(l, 1.0)], &keys);

        let norm = exact_sum(x.iter().flat_map(|x| [x * x, x.mul_add(*x, -(x * x))])).sqrt();
        let l = g.norm(&keys);
        relative("norm", &[g.value(l)], &[norm]);
        relative("partials of norm", &partials(l), &x.iter().map(|x| x / norm).collect::<Vec<_>>());

        let product = exact_product(&x);
        let l = g.product(&keys);
        relative("product", &[g.value(l)], &[product]);
        relative("partials of product", &partials(l), &x.iter().map(|x| product / x).collect::<Vec<_>>());

        let shares: Vec<f64> = x.iter().map(|&x| Scalar::exp(x)).collect();
        let sum = exact_sum(shares.iter().copied());
        let l = g.logsumexp(&keys);
        check("logsumexp", 1.0, &[g.value(l)], &[sum.ln()]);
        relative("partials of logsumexp", &partials(l), &shares.iter().map(|s| s / sum).collect::<Vec<_>>());
    }
}
