//! Taylor series: every op, against nested derivatives and closed forms.

use wengert::{Arity, Dual, Error, Form, Graph, Imm, Immediate, NodeId, Op, Real, Scalar, Series, taylor};

/// Inputs at which an op is smooth.
const POINTS: [[f64; 3]; 3] = [[0.75, 0.375, 1.25], [1.625, 2.25, -0.5], [-0.4375, 3.5, 0.875]];

fn count(op: Op) -> usize {
    match op.arity() {
        Arity::Fixed(n) => n,
        _ => 4,
    }
}

/// Immediates that make the op smooth and not a constant.
fn immediates(op: Op) -> Imm {
    let mut imm = [0.0; 2];
    for (imm, kind) in imm.iter_mut().zip(op.immediate_kinds()) {
        *imm = if *kind == Immediate::Order { 1.0 } else { 0.5 };
    }
    imm
}

fn close(got: f64, want: f64, scale: f64) -> bool {
    got == want || got.is_nan() && want.is_nan() || (got - want).abs() <= 1e-11 * scale
}

/// The derivatives of `l` of orders 0 to 4 along a leaf, by differentiating the graph four times.
fn nested(g: &Graph, l: NodeId, t: NodeId) -> [f64; 5] {
    let mut node = l;
    std::array::from_fn(|order| {
        if order > 0 {
            node = g.gradient_nodes(node, &[t])[0];
        }
        g.value(node)
    })
}

#[test]
fn every_op_agrees_with_nested_derivatives_to_the_fourth_order() {
    let mut tried = 0;
    for &op in Op::ALL.iter().filter(|op| op.form() != Form::Source) {
        for point in POINTS {
            // The operands move along lines at different speeds.
            let speeds = [1.0, -0.5, 0.25, 0.125];
            let g = Graph::new();
            let t = g.leaf(0.0);
            let mut operands: Vec<NodeId> = (0..count(op))
                .map(|k| {
                    let start = g.constant(point[k % 3] + 0.03125 * (k / 3) as f64);
                    g.mul_add(t, g.constant(speeds[k]), start)
                })
                .collect();
            if op.name() == "sech2" {
                operands[1] = g.tanh(operands[0]);
            }
            if op.name() == "unit" {
                operands[2] = g.hypot(operands[0], operands[1]);
            }
            let l = g.try_record(op, immediates(op), &operands).unwrap();
            let want = nested(&g, l, t);
            let got = g.taylor::<5>(l, &[t], &[1.0]);
            let mut factorial = 1.0;
            let scale = want.iter().fold(1.0, |s: f64, w| s.max(w.abs()));
            for k in 0..5 {
                if k > 0 {
                    factorial *= k as f64;
                }
                let got = got[k] * factorial;
                assert!(close(got, want[k], scale), "{op} order {k} at {point:?}: {got} for {}", want[k]);
            }
            tried += 1;
        }
    }
    assert!(tried > 200);
}

#[test]
fn the_first_order_is_the_tangent_of_a_dual_to_the_bit() {
    for &op in Op::ALL.iter().filter(|op| op.form() != Form::Source) {
        for point in POINTS {
            let x: Vec<(f64, f64)> = (0..count(op)).map(|k| (point[k % 3], 0.3 + 0.1 * k as f64)).collect();
            let duals: Vec<Dual<1>> = x.iter().map(|&(value, t)| Dual { value, tangents: [t] }).collect();
            let series: Vec<Series<2>> = x.iter().map(|&(value, t)| Series::moving(value, t)).collect();
            let dual = Dual::apply(op, immediates(op), &duals);
            let [value, speed] = Series::apply(op, immediates(op), &series).coefficients;
            assert!(value.to_bits() == dual.value.to_bits() || value.is_nan(), "{op}");
            let want = dual.tangents[0];
            assert!(speed == want || speed.is_nan() && want.is_nan(), "{op} at {point:?}: {speed} for {want}");
        }
    }
}

#[test]
fn a_cube_is_exact_to_the_fourth_order() {
    let by_power = taylor::<5>(|x| x[0].powi(3), &[2.0], &[1.0]);
    let by_products = taylor::<5>(|x| x[0] * x[0] * x[0], &[2.0], &[1.0]);
    assert_eq!(by_power, [8.0, 12.0, 6.0, 1.0, 0.0]);
    assert_eq!(by_products, by_power);
    let cube = Series { coefficients: by_power };
    assert_eq!([0, 1, 2, 3, 4].map(|k| cube.derivative(k)), [8.0, 12.0, 12.0, 6.0, 0.0]);
}

#[test]
fn the_exponential_has_itself_for_derivative() {
    let c = taylor::<8>(|x| x[0].exp(), &[0.0], &[1.0]);
    let mut want = 1.0;
    for (k, &c) in c.iter().enumerate() {
        want /= k.max(1) as f64;
        assert!((c - want).abs() <= 2e-16 * want, "{k}: {c}");
    }
}

#[test]
fn closed_forms_hold_to_a_high_order() {
    // 1/(1-t), -ln(1-t), (1+t)^(1/2), atan t, tanh t
    let recip = taylor::<12>(|x| 1.0 / (1.0 - x[0]), &[0.0], &[1.0]);
    assert_eq!(recip, [1.0; 12]);
    let ln = taylor::<12>(|x| -((1.0 - x[0]).ln()), &[0.0], &[1.0]);
    let root = taylor::<12>(|x| (x[0] + 1.0).sqrt(), &[0.0], &[1.0]);
    let mut binomial = 1.0;
    for k in 1..12 {
        assert!((ln[k] - 1.0 / k as f64).abs() < 1e-15, "{k}");
        binomial *= (0.5 - (k - 1) as f64) / k as f64;
        assert!((root[k] - binomial).abs() < 1e-15, "{k}: {} for {binomial}", root[k]);
    }
    let atan = taylor::<8>(|x| x[0].atan(), &[0.0], &[1.0]);
    let want = [0.0, 1.0, 0.0, -1.0 / 3.0, 0.0, 0.2, 0.0, -1.0 / 7.0];
    assert!(atan.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-15), "{atan:?}");
    let tanh = taylor::<8>(|x| x[0].tanh(), &[0.0], &[1.0]);
    let want = [0.0, 1.0, 0.0, -1.0 / 3.0, 0.0, 2.0 / 15.0, 0.0, -17.0 / 315.0];
    assert!(tanh.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-15), "{tanh:?}");
}

#[test]
fn an_identity_holds_for_random_lines() {
    // sin^2 + cos^2 = 1 and exp(ln x) = x, to order 9.
    for k in 0..50 {
        let (x, d) = (0.1 + 0.37 * k as f64, 1.0 - 0.03 * k as f64);
        let one = taylor::<10>(|x| x[0].sin() * x[0].sin() + x[0].cos() * x[0].cos(), &[x], &[d]);
        assert!((one[0] - 1.0).abs() < 1e-15 && one[1..].iter().all(|c| c.abs() < 1e-14), "{one:?}");
        let same = taylor::<6>(|x| x[0].ln().exp(), &[x], &[d]);
        assert!((same[0] - x).abs() < 1e-13 && (same[1] - d).abs() < 1e-13, "{same:?}");
        assert!(same[2..].iter().all(|c| c.abs() < 1e-7), "{same:?}");
    }
}

#[test]
fn special_points_follow_the_conventions() {
    let inf = f64::INFINITY;
    assert_eq!(taylor::<3>(|x| x[0].sqrt(), &[0.0], &[1.0]), [0.0, inf, -inf]);
    assert_eq!(taylor::<4>(|x| x[0].sqrt() * 0.0, &[0.0], &[1.0]), [0.0; 4]);
    assert_eq!(taylor::<2>(|x| (x[0] * x[0]).sqrt(), &[0.0], &[1.0]), [0.0, 0.0]);
    assert_eq!(taylor::<4>(|x| x[0].abs() + x[0].relu(), &[0.0], &[1.0]), [0.0; 4]);
    assert_eq!(taylor::<4>(|x| x[0].floor(), &[2.5], &[1.0]), [2.0, 0.0, 0.0, 0.0]);
    assert_eq!(taylor::<4>(|x| x[0].max(x[1]), &[1.0, 1.0], &[1.0, 3.0]), [1.0, 2.0, 0.0, 0.0]);
    assert_eq!(taylor::<4>(|x| x[0].powi(0), &[0.0], &[1.0]), [1.0, 0.0, 0.0, 0.0]);
    let unused = |x: &[Series<3>]| (x[0] * 0.0 + 1.0).select(Series::new(5.0), x[0].sqrt());
    assert_eq!(taylor::<3>(unused, &[-1.0], &[1.0]), [5.0, 0.0, 0.0]);
    assert!(taylor::<3>(|x| x[0].ln(), &[-1.0], &[1.0]).iter().all(|c| c.is_nan()));
}

fn norm<T: Real>(x: &[T]) -> T {
    let mut sum: T = x.iter().map(|&x| x * x).sum();
    if sum < 1.0 {
        sum += 1.0;
    }
    sum.sqrt() / 2.0 - 1.0
}

#[test]
fn code_generic_over_the_number_runs_on_series() {
    let [value, slope, curve] = taylor::<3>(norm, &[3.0, 4.0], &[1.0, 0.0]);
    assert!(value == 1.5 && (slope - 0.3).abs() < 1e-16);
    // The second derivative of the norm along the first coordinate is (1 - 0.36) / 5.
    assert!((2.0 * curve - 0.5 * 0.64 / 5.0).abs() < 1e-16);
    assert_eq!(norm(&[3.0, 4.0]), 1.5);
}

#[test]
fn a_graph_gives_what_the_closure_gives() {
    let (x, d) = ([1.1, 2.2, -0.3], [0.4, -1.5, 2.0]);
    let f = |x: &[Series<6>]| (x[0] * x[1]).sin() / (x[2].exp() + x[0].powi(2)) + x[1].ln() * x[2].atan2(x[0]);
    let by_closure = taylor::<6>(f, &x, &d);
    let g = Graph::new();
    let leaves = g.leaves(&x);
    let e = g.exprs(&leaves);
    let l = (e[0] * e[1]).sin() / (e[2].exp() + e[0].powi(2)) + e[1].ln() * e[2].atan2(e[0]);
    let by_graph = g.taylor::<6>(l.id(), &leaves, &d);
    assert_eq!(by_graph, by_closure);
    let h = g.hvp(l.id(), &leaves, &d);
    let curvature: f64 = h.iter().zip(&d).map(|(h, d)| h * d).sum();
    assert!((2.0 * by_graph[2] - curvature).abs() < 1e-13 * curvature.abs());
}

#[test]
fn what_does_not_move_stays() {
    let g = Graph::new();
    let (x, y) = (g.leaf(2.0), g.leaf(3.0));
    let l = g.mul(g.detach(x), y);
    assert_eq!(g.taylor::<3>(l, &[x], &[1.0]), [6.0, 0.0, 0.0]);
    assert_eq!(g.taylor::<3>(l, &[], &[]), [6.0, 0.0, 0.0]);
    assert_eq!(g.taylor::<3>(l, &[y, y], &[1.0, 1.0]), [6.0, 4.0, 0.0], "twice the same leaf adds");
    assert_eq!(g.taylor::<1>(l, &[y], &[1.0]), [6.0]);
    assert_eq!(g.taylor::<3>(l, &[l], &[1.0]), [6.0, 1.0, 0.0]);
    assert!(matches!(g.try_taylor::<3>(l, &[x], &[]), Err(Error::Length { expected: 1, given: 0, .. })));
    let foreign = Graph::new().leaf(1.0);
    assert_eq!(g.try_taylor::<3>(l, &[foreign], &[1.0]), Err(Error::NotInGraph { node: foreign }));
}

#[test]
fn a_fold_over_many_operands_is_no_deeper_than_one_over_few() {
    let x = vec![1.0; 100_000];
    let d = vec![1e-5; 100_000];
    let c = taylor::<3>(Series::product, &x, &d);
    // (1 + t/n)^n
    assert!((c[1] - 1.0).abs() < 1e-9 && (c[2] - 0.5).abs() < 1e-4, "{c:?}");
}

#[test]
fn a_series_reads_as_one() {
    let x = Series { coefficients: [8.0, 12.5, -6.0] };
    assert_eq!(format!("{x:#}"), "8 + 12.5 t - 6 t^2");
    assert_eq!(format!("{x:#.1}"), "8.0 + 12.5 t - 6.0 t^2");
    assert_eq!(format!("{x:.2}"), "8.00");
    assert!(x > 7.0 && x == 8.0 && x < Series::new(9.0));
}
