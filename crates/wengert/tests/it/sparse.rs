//! Sparse derivatives: patterns that are right at every input and have no needless entries, time that grows with the
//! graph, and values equal to the dense ones.

use proptest::prelude::*;
use wengert::{Error, Expr, Graph, NodeId, Op, Pattern, Sparse, sparse_hessian, sparse_jacobian};

/// `100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2`, chained.
fn rosenbrock<'g>(x: &[Expr<'g>]) -> Expr<'g> {
    let mut f = Expr::constant(0.0);
    for two in x.windows(2) {
        let (a, b) = (two[1] - two[0] * two[0], 1.0 - two[0]);
        f += 100.0 * a * a + b * b;
    }
    f
}

/// `sum_i exp(x_i + ... + x_{i+width})`: the second derivative of `exp` is nowhere 0.
fn banded<'g>(x: &[Expr<'g>], width: usize) -> Expr<'g> {
    let mut f = Expr::constant(0.0);
    for i in 0..x.len() {
        let window = &x[i..(i + width + 1).min(x.len())];
        f += window.iter().copied().sum::<Expr>().exp();
    }
    f
}

fn arrow<'g>(x: &[Expr<'g>]) -> Expr<'g> {
    x[0].ln() * x.iter().map(|&x| x * x).sum::<Expr>()
}

fn start(n: usize) -> Vec<f64> {
    (0..n).map(|k| 0.3 + 0.11 * (k % 13) as f64).collect()
}

fn assert_pattern(pattern: &Pattern, n: usize, there: impl Fn(usize, usize) -> bool, entries: usize) {
    assert_eq!((pattern.rows(), pattern.cols()), (n, n));
    assert!(pattern.iter().all(|(row, col)| there(row, col)));
    assert_eq!(pattern.len(), entries);
}

#[test]
fn an_arrow_of_a_hundred_thousand_variables_has_exactly_its_pattern() {
    const N: usize = 100_000;
    let head = |row: usize, col: usize| row == 0 || col == 0 || row == col;
    let g = Graph::new();
    let x = g.leaves(&start(N));
    let e = g.exprs(&x);
    assert_pattern(&g.hessian_pattern(arrow(&e).id(), &x), N, head, 3 * N - 2);

    // The same with the sum as a chain of additions, and with the logarithm recorded after it and before it.
    let chain = |e: &[Expr<'_>]| e.iter().fold(Expr::constant(0.0), |sum, x| sum + x.powi(2)).id();
    let sum = g.expr(chain(&e));
    let after = (e[0].ln() * sum).id();
    assert_pattern(&g.hessian_pattern(after, &x), N, head, 3 * N - 2);
    let ln = e[0].ln();
    let before = (g.expr(chain(&e)) * ln).id();
    assert_pattern(&g.hessian_pattern(before, &x), N, head, 3 * N - 2);
}

#[test]
fn the_values_of_the_arrow_are_those_of_its_closed_form() {
    const N: usize = 100_000;
    let x = start(N);
    let h = sparse_hessian(arrow, &x);
    let sum: f64 = x.iter().map(|x| x * x).sum();
    for (row, col, value) in h.triplets() {
        let want = match (row, col) {
            (0, 0) => 2.0 * x[0].ln() + 4.0 - sum / (x[0] * x[0]),
            (0, k) | (k, 0) => 2.0 * x[k] / x[0],
            _ => 2.0 * x[0].ln(),
        };
        assert!((value - want).abs() <= 1e-14 * want.abs(), "({row}, {col}): {value} for {want}");
    }
}

#[test]
fn bands_have_exactly_their_pattern() {
    for (n, width) in [(4129, 2), (4203, 7), (4129, 40)] {
        let g = Graph::new();
        let x = g.leaves(&start(n));
        let l = banded(&g.exprs(&x), width).id();
        let within = |row: usize, col: usize| row.abs_diff(col) <= width;
        let entries = n * (2 * width + 1) - width * (width + 1);
        assert_pattern(&g.hessian_pattern(l, &x), n, within, entries);
        let colors = g.plan_hessian(l, &x).unwrap().colors();
        assert!(colors <= 2 * width + 1, "{colors} colors for a band of {width}");
    }
}

#[test]
fn a_chain_of_64_000_variables_has_exactly_its_pattern_and_three_colors() {
    const N: usize = 64_000;
    let g = Graph::new();
    let x = g.leaves(&start(N));
    let l = rosenbrock(&g.exprs(&x)).id();
    let mut plan = g.plan_hessian(l, &x).unwrap();
    assert_pattern(plan.pattern(), N, |row, col| row.abs_diff(col) <= 1, 3 * N - 2);
    assert_eq!(plan.colors(), 3);
    let h = plan.evaluate(&g).unwrap();
    let x = start(N);
    for (row, col, value) in h.triplets() {
        let want = if row == col {
            let left = if row > 0 { 200.0 } else { 0.0 };
            let right = if row + 1 < N { 1200.0 * x[row] * x[row] - 400.0 * x[row + 1] + 2.0 } else { 0.0 };
            left + right
        } else {
            -400.0 * x[row.min(col)]
        };
        assert!((value - want).abs() <= 1e-11, "({row}, {col}): {value} for {want}");
    }
}

#[test]
fn a_mean_under_a_root_costs_no_pair_of_its_terms() {
    // Its 200,000 terms would make 2e10 pairs.
    let g = Graph::new();
    let x = g.leaves(&start(20));
    let e = g.exprs(&x);
    let mut sum = Expr::constant(0.0);
    for k in 0..200_000 {
        sum += (e[k % 20] - e[(k * 7 + 3) % 20]).powi(2);
    }
    let pattern = g.hessian_pattern((sum / 200_000.0).sqrt().id(), &x);
    assert_eq!(pattern.len(), 400);
}

/// Asserts that sparse and dense values are the same, up to which of two mirrored entries is read.
fn assert_dense(g: &Graph, l: NodeId, x: &[NodeId]) {
    let (sparse, dense) = (g.sparse_hessian(l, x).to_dense(), g.hessian(l, x));
    for row in 0..x.len() {
        for col in 0..x.len() {
            let (got, want) = (sparse[row][col], [dense[row][col], dense[col][row]]);
            assert_eq!(got, sparse[col][row], "symmetric");
            assert!(want.contains(&got), "({row}, {col}): {got} for {want:?}");
        }
    }
}

#[test]
fn sparse_hessians_equal_the_dense_ones() {
    for n in [2, 3, 10, 137, 500] {
        let g = Graph::new();
        let x = g.leaves(&start(n));
        let e = g.exprs(&x);
        assert_dense(&g, rosenbrock(&e).id(), &x);
        assert_dense(&g, banded(&e, 3).id(), &x);
        assert_dense(&g, arrow(&e).id(), &x);
        let both = rosenbrock(&e) * e[n / 2].sin() + arrow(&e);
        assert_dense(&g, both.id(), &x);
    }
}

#[test]
fn sparse_jacobians_equal_the_dense_ones_forward_and_back() {
    // A band needs few colors in both directions, a dense column only forward, and a dense row only in reverse.
    for kind in 0..4 {
        let g = Graph::new();
        let x = g.leaves(&start(200));
        let e = g.exprs(&x);
        let outputs: Vec<NodeId> = (0..150)
            .map(|k| match kind {
                0 => e[k] * e[k + 1].sin() - e[k + 2].exp() * e[k],
                1 => e[0] * e[k + 1].sin(),
                2 if k == 0 => e.iter().copied().sum::<Expr>().sin(),
                2 => e[k] / e[k + 20],
                _ => Expr::constant(0.0) * e[k],
            })
            .map(Expr::id)
            .collect();
        let mut plan = g.plan_jacobian(&outputs, &x).unwrap();
        let sparse = plan.evaluate(&g).unwrap();
        let dense = g.jacobian(&outputs, &x);
        for (row, values) in dense.iter().enumerate() {
            for (col, &want) in values.iter().enumerate() {
                let got = sparse.get(row, col);
                assert!((got - want).abs() <= 4e-16 * want.abs(), "{kind} ({row}, {col}): {got} for {want}");
                assert!(want == 0.0 || plan.pattern().contains(row, col));
            }
        }
        let most = [4, 2, 22, 1][kind];
        assert!(plan.colors() <= most, "{kind}: {plan:?}");
        assert!(kind != 2 || !plan.is_forward());
        assert!(kind != 1 || plan.is_forward());
    }
}

const SPECIAL: [f64; 11] = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];

/// The difference, if there is one: the sign of a zero and the kind of NaN do not count. A sparse Hessian is symmetric:
/// where the triangles of a dense one differ, in the last place or by a NaN, either value is right.
fn difference(sparse: &Sparse, dense: &[Vec<f64>], symmetric: bool) -> Option<String> {
    let same = |a: f64, b: f64| a == b || a.is_nan() && b.is_nan();
    for (row, values) in sparse.to_dense().iter().enumerate() {
        for (col, &got) in values.iter().enumerate() {
            let want = dense[row][col];
            let mirrored = symmetric && same(got, dense[col][row]);
            if !same(got, want) && !mirrored {
                return Some(format!("({row}, {col}) is {got} for {want}"));
            }
        }
    }
    None
}

#[test]
fn sparse_derivatives_of_every_op_equal_the_dense_ones_at_special_points() {
    let mut faults = Vec::new();
    let mut compared = 0;
    for &op in Op::ALL.iter().filter(|&&op| !matches!(op, Op::Leaf | Op::Const)) {
        let count = (1..=4).rev().find(|&count| op.takes(count)).expect("some count");
        let immediates: &[[f64; 2]] = match op.immediates() {
            0 => &[[0.0; 2]],
            1 => &[[2.0, 0.0], [0.0, 0.0]],
            _ => &[[2.0, 1.0], [0.0, 0.0], [1.0, 0.0], [3.0, 2.0], [3.0, 3.0]],
        };
        for &imm in immediates {
            let mut g = Graph::new();
            let x = g.leaves(&[0.3, 0.6, 1.5, -0.75]);
            let mut operands = x[..count].to_vec();
            if op == Op::Sech2 {
                operands[1] = g.tanh(x[0]);
            }
            let l = g.try_record(op, imm, &operands).unwrap();
            let outputs = [l, g.mul(l, x[3]), g.sin(x[1]), g.add(x[0], g.floor(l))];
            let sum = g.sum(&outputs);
            let mut jacobian = g.plan_jacobian(&outputs, &x).unwrap();
            let mut hessians = [l, outputs[1], sum].map(|l| (l, g.plan_hessian(l, &x).unwrap()));
            for a in SPECIAL {
                for b in SPECIAL {
                    g.set(x[0], a);
                    g.set(x[1], b);
                    g.forward().unwrap();
                    let dense = g.jacobian(&outputs, &x);
                    let mut hold = |what: &str, sparse: &Sparse, dense: &[Vec<f64>]| {
                        compared += 1;
                        if let Some(difference) = difference(sparse, dense, what.starts_with("hessian")) {
                            faults.push(format!("{op} {imm:?} {what} at ({a}, {b}): {difference}"));
                        }
                    };
                    hold("jacobian", &g.sparse_jacobian(&outputs, &x), &dense);
                    hold("jacobian by a plan", &jacobian.evaluate(&g).unwrap(), &dense);
                    for (l, plan) in &mut hessians {
                        let dense = g.hessian(*l, &x);
                        hold("hessian", &g.sparse_hessian(*l, &x), &dense);
                        hold("hessian by a plan", &plan.evaluate(&g).unwrap(), &dense);
                    }
                    if count == 1 {
                        break;
                    }
                }
            }
        }
    }
    assert!(compared > 50_000, "{compared}");
    assert!(faults.is_empty(), "{} of {compared}:\n{}", faults.len(), faults[..faults.len().min(40)].join("\n"));
}

#[test]
fn where_nan_partials_meet_parts_that_cancel_routes_differ() {
    let g = Graph::new();
    let y = g.leaf(-1.0);
    let root = g.sqrt(y);
    let l = g.sub(root, root);
    assert!(g.jvp(&[(y, 1.0)], &[l])[0].is_nan());
    assert_eq!(g.gradient(l, &[y]), [0.0]);
    let x = g.leaves(&[-1.0, 0.0, f64::NAN]);
    let hessian = g.hessian(g.norm(&x), &x);
    assert!(hessian[0][1].is_nan());
    assert_eq!(hessian[1][0], 0.0);
}

#[test]
fn where_infinite_partials_meet_parts_that_cancel_a_jacobian_is_that_of_its_direction() {
    let deviation = |x: &[Expr<'_>]| {
        let mean = (x[0] + x[1]) / 2.0;
        ((x[0].powi(2) + x[1].powi(2)) / 2.0 - mean * mean).sqrt().id()
    };
    type Formula<'f> = &'f dyn Fn(&[Expr<'_>]) -> NodeId;
    let cases: [(&str, f64, Formula<'_>, [f64; 2]); 3] = [
        ("logarithm of a difference", 1.0, &|x| (x[0] - x[0]).ln().id(), [0.0, f64::NAN]),
        ("standard deviation of equal numbers", 3.0, &deviation, [0.0, f64::NAN]),
        ("NaN over infinity", f64::NAN, &|x| (x[0].relu() / f64::INFINITY).id(), [f64::NAN, 0.0]),
    ];
    let same = |a: f64, b: f64| a == b || a.is_nan() && b.is_nan();
    for (what, at, f, [forward, reverse]) in cases {
        let g = Graph::new();
        let x = g.leaves(&[at, at]);
        let l = f(&g.exprs(&x));
        // One row is swept in reverse, two rows that overlap are swept forward.
        for (outputs, is_forward) in [(vec![l], false), (vec![l, l], true)] {
            let mut plan = g.plan_jacobian(&outputs, &x).unwrap();
            assert_eq!(plan.is_forward(), is_forward, "{what}");
            let (got, want) = (plan.evaluate(&g).unwrap().get(0, 0), if is_forward { forward } else { reverse });
            assert!(same(got, want), "{what}: {got} for {want}");
        }
        let (swept, dense) = (g.vjp(&[(l, 1.0)], &x)[0], g.jacobian(&[l], &x)[0][0]);
        assert!(same(swept, reverse) && same(dense, forward), "{what}: {swept} in reverse, {dense} forward");
    }
}

#[test]
fn a_plan_keeps_its_pattern_but_for_a_matrix_of_nan() {
    let mut g = Graph::new();
    let x = g.leaves(&[0.5, 1.5]);
    let outputs = [g.floor(x[0]), g.mul(x[0], x[1])];
    let mut plan = g.plan_jacobian(&outputs, &x).unwrap();
    assert_eq!(plan.pattern().len(), 2);
    g.set(x[0], f64::NAN);
    g.forward().unwrap();
    let at_nan = plan.evaluate(&g).unwrap();
    assert!(at_nan.get(0, 0).is_nan() && at_nan.get(1, 1).is_nan());
    assert_eq!((at_nan.get(1, 0), at_nan.pattern().len(), plan.pattern().len()), (1.5, 3, 2));
    g.set(x[0], 0.5);
    g.forward().unwrap();
    assert_eq!(plan.evaluate(&g).unwrap().pattern(), plan.pattern());
}

#[test]
fn an_output_of_many_variables_is_followed_to_all_of_them() {
    let n = 3000;
    let sparse = sparse_jacobian(
        |x| {
            let mut running = Expr::constant(0.0);
            let sums: Vec<Expr> = x
                .iter()
                .map(|&x| {
                    running += x;
                    running
                })
                .collect();
            vec![sums[n - 1], sums[99] * x[n - 1], sums[0], Expr::constant(1.0)]
        },
        &start(n),
    );
    assert_eq!(sparse.triplets().filter(|&(row, ..)| row == 0).count(), n);
    assert_eq!(sparse.triplets().filter(|&(row, ..)| row == 1).count(), 101);
    assert_eq!(sparse.triplets().filter(|&(row, ..)| row == 2).count(), 1);
    assert_eq!(sparse.triplets().filter(|&(row, ..)| row == 3).count(), 0);
}

#[test]
fn a_plan_is_evaluated_again_at_new_values() {
    let mut g = Graph::new();
    let x = g.leaves(&start(30));
    let l = rosenbrock(&g.exprs(&x)).id();
    let mut plan = g.plan_hessian(l, &x).unwrap();
    let mut jacobian = g.plan_jacobian(&[l], &x).unwrap();
    for round in 0..3 {
        for (k, &leaf) in x.iter().enumerate() {
            g.set(leaf, (round * k) as f64 * 0.1);
        }
        assert_eq!(plan.evaluate(&g), Err(Error::StaleValue { node: l, label: None }));
        assert_eq!(jacobian.evaluate(&g), Err(Error::StaleValue { node: l, label: None }));
        g.forward().unwrap();
        assert_eq!(plan.evaluate(&g).unwrap(), g.sparse_hessian(l, &x));
        assert_eq!(jacobian.evaluate(&g).unwrap().to_dense(), g.jacobian(&[l], &x));
    }
    let other = Graph::new();
    assert_eq!(plan.evaluate(&other), Err(Error::NotInGraph { node: l }));
    g.reset();
    assert_eq!(plan.evaluate(&g), Err(Error::Dropped { node: l }));
}

#[test]
fn linear_and_piecewise_constant_functions_have_empty_patterns() {
    let g = Graph::new();
    let x = g.leaves(&[1.0, -2.0, 3.0]);
    let e = g.exprs(&x);
    let linear = 3.0 * e[0] - e[1] / 2.0 + e[2].max(e[0]).abs() + (-e[1]).relu() + e[2].powi(1);
    assert!(g.hessian_pattern(linear.id(), &x).is_empty());
    assert_eq!(g.jacobian_pattern(&[linear.id()], &x).len(), 3);
    let steps = e[0].floor() * e[1].sign() + e[2].powi(0);
    assert!(g.jacobian_pattern(&[steps.id()], &x).is_empty());
    assert!(g.hessian_pattern(steps.id(), &x).is_empty());
    assert_eq!(g.sparse_hessian(steps.id(), &x).to_dense(), vec![vec![0.0; 3]; 3]);
    let chosen = g.select(g.less(x[0], x[1]), g.mul(x[0], x[0]), g.sin(x[1]));
    let pattern = g.hessian_pattern(chosen, &x);
    assert_eq!(pattern.iter().collect::<Vec<_>>(), [(0, 0), (1, 1)], "both branches, not the condition");
}

#[test]
fn folds_bend_the_operands_that_they_do() {
    let g = Graph::new();
    let x = g.leaves(&[1.0, 2.0, 3.0, 4.0]);
    let entries = |l| g.hessian_pattern(l, &x).iter().filter(|(row, col)| row <= col).collect::<Vec<_>>();
    assert_eq!(entries(g.dot(&x[..2], &x[2..])), [(0, 2), (1, 3)]);
    assert_eq!(entries(g.dot(&x[..2], &x[..2])), [(0, 0), (1, 1)]);
    assert_eq!(entries(g.product(&x[..3])), [(0, 1), (0, 2), (1, 2)]);
    assert_eq!(entries(g.product(&[x[0], x[1], x[0]])), [(0, 0), (0, 1)]);
    assert_eq!(entries(g.logsumexp(&x[..2])), [(0, 0), (0, 1), (1, 1)]);
    assert_eq!(entries(g.sum(&[x[0], g.mean(&x)])), []);
    assert_eq!(entries(g.mul(g.sum(&[]), x[0])), []);
}

#[test]
fn wrt_may_name_a_leaf_twice_or_one_that_does_not_matter() {
    let g = Graph::new();
    let x = g.leaves(&[2.0, 3.0, 5.0]);
    let l = g.mul(g.powi(x[0], 2), x[1]);
    let late = g.leaf(7.0);
    let wrt = [x[1], x[0], x[1], x[2], late, x[0]];
    assert_eq!(g.sparse_hessian(l, &wrt).to_dense(), g.hessian(l, &wrt));
    assert_eq!(g.sparse_jacobian(&[l, l, x[1]], &wrt).to_dense(), g.jacobian(&[l, l, x[1]], &wrt));
    assert_eq!(g.sparse_hessian(l, &[]).to_dense(), Vec::<Vec<f64>>::new());
    assert_eq!(g.sparse_jacobian(&[], &wrt).rows(), 0);
}

#[test]
fn wrong_keys_are_refused() {
    let g = Graph::new();
    let x = g.leaf(2.0);
    let l = g.sin(x);
    let foreign = Graph::new().leaf(1.0);
    assert_eq!(g.try_hessian_pattern(foreign, &[x]), Err(Error::NotInGraph { node: foreign }));
    assert_eq!(g.try_sparse_hessian(l, &[foreign]), Err(Error::NotInGraph { node: foreign }));
    // A plan is evaluated on this graph at other values of leaves.
    assert!(matches!(g.plan_hessian(l, &[l]), Err(Error::NotALeaf { .. })));
    assert!(matches!(g.plan_jacobian(&[l], &[l]), Err(Error::NotALeaf { .. })));
    assert_eq!(g.try_sparse_jacobian(&[foreign], &[x]), Err(Error::NotInGraph { node: foreign }));
}

#[test]
fn a_sparse_matrix_can_be_read_in_every_way() {
    let h = sparse_hessian(|x| x[0] * x[1] * x[2] + x[3].exp(), &[2.0, 3.0, 5.0, 0.0]);
    assert_eq!(h.col_starts(), [0, 2, 4, 6, 7]);
    assert_eq!(h.row_indices(), [1, 2, 0, 2, 0, 1, 3]);
    assert_eq!(h.values(), [5.0, 3.0, 5.0, 2.0, 3.0, 2.0, 1.0]);
    assert_eq!((h.get(0, 1), h.get(0, 0)), (5.0, 0.0));
    assert_eq!(h.times(&[1.0, 1.0, 1.0, 2.0]), [8.0, 7.0, 5.0, 2.0]);
    assert_eq!(h.pattern().transposed(), *h.pattern());
    assert_eq!(format!("{:?}", h.pattern()), "Pattern(4 x 4, 7 entries)");
    let j = sparse_jacobian(|x| vec![x[1] * 2.0, x[0] - x[1]], &[1.0, 1.0]);
    assert_eq!(j.to_dense(), [[0.0, 2.0], [1.0, -1.0]]);
}

/// An op to record: which, and at which of the nodes so far.
fn step() -> impl Strategy<Value = (u8, [prop::sample::Index; 3])> {
    (0u8..16, prop::array::uniform3(any::<prop::sample::Index>()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_pattern_holds_every_entry_that_is_not_zero_at_any_input(
        steps in prop::collection::vec(step(), 1..60),
        inputs in prop::collection::vec(prop::collection::vec(-2.0f64..2.0, 6), 3),
    ) {
        let mut g = Graph::new();
        let x = g.leaves(&inputs[0]);
        let mut nodes = x.clone();
        for (op, at) in &steps {
            let [a, b, c] = [0, 1, 2].map(|k| *at[k].get(&nodes));
            nodes.push(match op {
                0 | 1 => g.add(a, b),
                2 => g.sub(a, b),
                3 | 4 => g.mul(a, b),
                5 => g.div(a, b),
                6 => g.sin(a),
                7 => g.relu(a),
                8 => g.abs(a),
                9 => g.max(a, b),
                10 => g.select(g.less(a, b), b, c),
                11 => g.tanh(a),
                12 => g.powi(a, 2),
                13 => g.floor(a),
                14 => g.logaddexp(a, b),
                _ => g.mul_add(a, b, c),
            });
        }
        let l = *nodes.last().unwrap();
        let (pattern, jacobian) = (g.hessian_pattern(l, &x), g.jacobian_pattern(&nodes, &x));
        for input in &inputs {
            for (&leaf, &value) in x.iter().zip(input) {
                g.set(leaf, value);
            }
            g.forward().unwrap();
            let (h, j) = (g.hessian(l, &x), g.jacobian(&nodes, &x));
            let sparse = g.sparse_hessian(l, &x);
            let same = |a: f64, b: f64| a == b || a.is_nan() && b.is_nan();
            for (row, values) in h.iter().enumerate() {
                for (col, &value) in values.iter().enumerate() {
                    // Where a value is NaN, even a piecewise constant has a NaN derivative. Patterns do not consider
                    // NaN.
                    if value.is_nan() && !pattern.contains(row, col) {
                        continue;
                    }
                    prop_assert!(value == 0.0 || pattern.contains(row, col), "H({row}, {col}) is {value}");
                    let got = sparse.get(row, col);
                    prop_assert!(same(got, value) || same(got, h[col][row]), "({row}, {col}): {got} for {value}");
                }
            }
            for (row, values) in j.iter().enumerate() {
                for (col, &value) in values.iter().enumerate() {
                    let none = value == 0.0 || value.is_nan();
                    prop_assert!(none || jacobian.contains(row, col), "J({row}, {col}) is {value}");
                }
            }
        }
    }
}
