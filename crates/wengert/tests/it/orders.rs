//! Orders of derivatives are immediates of some ops. An invalid or too high order is a named error in a graph, and
//! gives NaN with numbers.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::common::Faults;
use wengert::{Arity, Dual, Error, Expr, Graph, Imm, Immediate, MAX_ORDER, Op, Scalar, Series};

const MOST: f64 = MAX_ORDER as f64;
const WRONG: [f64; 9] = [-1.0, -3.0, 0.5, 1.5, MOST + 1.0, 20_000.0, 1e9, f64::INFINITY, f64::NEG_INFINITY];

fn count(op: Op) -> usize {
    match op.arity() {
        Arity::Fixed(n) => n,
        _ => 4,
    }
}

/// Every immediate that is an order: its op, and which it is.
fn orders() -> Vec<(Op, usize)> {
    let orders = |&op: &Op| {
        let kinds = op.immediate_kinds().iter().enumerate();
        kinds.filter_map(move |(k, &kind)| (kind == Immediate::Order).then_some((op, k)))
    };
    Op::ALL.iter().flat_map(orders).collect()
}

/// The immediates of the op, of which one is `given` and the other 1.
fn with(op: Op, immediate: usize, given: f64) -> Imm {
    let mut imm = [0.0; 2];
    imm[..op.immediates()].fill(1.0);
    imm[immediate] = given;
    imm
}

#[test]
fn a_row_says_which_immediates_are_orders() {
    use Immediate::{Order, Real};
    for (op, kinds) in [
        (Op::Sin, &[][..]),
        (Op::MulC, &[Real]),
        (Op::Polygamma, &[Order]),
        (Op::CbrtD, &[Order]),
        (Op::SincD, &[Order]),
        (Op::LogNormCdfD, &[Order]),
        (Op::Powd, &[Real, Order]),
        (Op::Gauss, &[Real, Order]),
        (Op::PowPartial, &[Order, Order]),
        (Op::Zpow, &[Order, Order]),
        (Op::HypotPartial, &[Order, Order]),
    ] {
        assert_eq!(op.immediate_kinds(), kinds, "{op}");
    }
    assert_eq!(orders().len(), 12, "an order of an op that this test does not list");
}

#[test]
fn an_invalid_order_is_refused_by_every_way_to_record() {
    let mut g = Graph::new();
    let x = g.leaves(&[0.5, 0.25]);
    let mut faults = Faults::default();
    for (op, immediate) in orders() {
        for given in WRONG {
            let (imm, error) = (with(op, immediate, given), Error::Order { op, immediate, given });
            let operands = &x[..count(op)];
            faults.fails(op.name(), &mut g, &error, |g| g.try_record(op, imm, operands));
            faults.panics(op.name(), &mut g, &error, |g| {
                Expr::apply(op, imm, &g.exprs(operands));
            });
        }
        let nan = g.try_record(op, with(op, immediate, f64::NAN), &x[..count(op)]);
        assert!(matches!(nan, Err(Error::Order { given, .. }) if given.is_nan()), "{nan:?}");
        for given in [0.0, 1.0, MOST] {
            assert!(g.try_record(op, with(op, immediate, given), &x[..count(op)]).is_ok(), "{op} {given}");
        }
    }
    let error = Error::Order { op: Op::Powd, immediate: 1, given: 0.5 };
    assert_eq!(
        error.to_string(),
        "immediate 1 of powd is 0.5, but it must be the order of a derivative: a whole number from 0 to 170"
    );
}

#[test]
fn a_polygamma_of_too_high_an_order_is_refused_at_the_line_that_asked() {
    let g = Graph::new();
    let x = g.leaf(2.5);
    g.polygamma(x, MAX_ORDER);
    let refused = |ask: &dyn Fn(), line: u32| {
        let place = std::sync::Arc::new(std::sync::Mutex::new((String::new(), 0)));
        let told = std::sync::Arc::clone(&place);
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let at = info.location().expect("a panic has a place");
            *told.lock().expect("no panic within") = (at.file().into(), at.line());
        }));
        let result = catch_unwind(AssertUnwindSafe(ask));
        std::panic::set_hook(before);
        let text = *result.expect_err("refused").downcast::<String>().expect("a text");
        assert!(text.contains("polygamma_n is 171") && text.contains("170"), "{text}");
        let (file, at) = place.lock().expect("no panic within").clone();
        assert!(file.ends_with("orders.rs") && at == line, "{file}:{at}");
    };
    refused(&|| _ = g.polygamma(x, 171), line!());
    refused(&|| _ = g.expr(x).polygamma(171), line!());
}

#[test]
fn an_invalid_order_gives_nan_with_numbers() {
    let x = [0.5, 0.25];
    for (op, immediate) in orders() {
        for given in WRONG.into_iter().chain([f64::NAN]) {
            let (imm, n) = (with(op, immediate, given), count(op));
            assert!(f64::apply(op, imm, &x[..n]).is_nan(), "{op}{imm:?}");
            // The derivative of what would be order -1 is of order 0, and must be NaN too.
            let dual = Dual::apply(op, imm, &[0, 1].map(|k| Dual::<2>::input(x[k], k))[..n]);
            let series = Series::apply(op, imm, &x.map(|x| Series::<3>::moving(x, 1.0))[..n]);
            assert!(dual.value.is_nan() && dual.tangents.iter().all(|t| t.is_nan()), "{op}{imm:?} {dual:?}");
            assert!(series.coefficients.iter().all(|c| c.is_nan()), "{op}{imm:?} {series:?}");
        }
    }
    assert!(2.5.polygamma(u32::MAX).is_nan());
    // Also for the exponents that `powd` treats as special cases.
    for p in [2.0, 3.0, 0.5, -1.0] {
        assert!(0.5f64.powd(p, -3.0).is_nan() && 0.5f64.powd(p, 0.5).is_nan(), "{p}");
    }
}

#[test]
fn order_0_of_a_family_is_the_function_itself() {
    let (x, y) = (0.6, 0.3);
    assert_eq!(x.cbrt_d(0.0), Scalar::cbrt(x));
    assert_eq!(x.polygamma_n(0.0), x.digamma());
    let hypot = Scalar::hypot(x, y);
    assert!((x.hypot_partial(y, 0.0, 0.0) - hypot).abs() <= 2e-16 * hypot);
    assert_eq!(x.pow_partial(y, 0.0, 0.0), x.pow(y));
    assert_eq!(x.powd(y, 0.0), x.powf(y));
}

#[test]
fn high_orders_have_their_digits() {
    // From arithmetic with 3,000 bits.
    let inf = f64::INFINITY;
    let rows: &[(Op, [f64; 2], &[f64], f64)] = &[
        (Op::Gauss, [1.0, 1.0], &[0.7], -0.967784804574754),
        (Op::Gauss, [1.0, 2.0], &[0.7], -0.027650994416421718),
        (Op::Gauss, [0.5, 3.0], &[0.7], 0.5486301609253995),
        (Op::Gauss, [1.0, 170.0], &[0.3], -2.0456635193149006e178),
        (Op::Gauss, [1.0, 170.0], &[33.0], 2.032618208085869e-167),
        (Op::Gauss, [1.0, 170.0], &[35.0], 9.191483175558312e-222),
        (Op::Gauss, [1.0, 140.0], &[100.0], 0.0),
        (Op::Gauss, [0.5, 100.0], &[900.0], 0.0),
        // Also of other constants than those of erf and norm_cdf.
        (Op::Gauss, [1e-6, 0.0], &[2000.0], 0.007306882745280778),
        (Op::Gauss, [1e-6, 3.0], &[2000.0], -2.9227530981123107e-10),
        (Op::Gauss, [3.7, 67.0], &[0.75], -9.390051204366144e74),
        (Op::Gauss, [-1.0, 3.0], &[5.0], 30449346666236.27),
        (Op::Gauss, [1e-300, 3.0], &[1e200], 0.0),
        (Op::Gauss, [-1.0, 3.0], &[-inf], -inf),
        (Op::HypotPartial, [85.0, 85.0], &[-0.85, 15.297217621650645], -1.0387007670699442e101),
        (Op::HypotPartial, [170.0, 170.0], &[17.82398273473973, 1.1e-160], 3.731468873844339e286),
        (Op::HypotPartial, [170.0, 0.0], &[0.5, 0.25], inf),
        (Op::HypotPartial, [9.0, 0.0], &[1.0, 1e-150], -1.8144e-295),
        (Op::HypotPartial, [20.0, 1.0], &[-1.0, 1e-200], 2.43290200817664e-182),
        (Op::HypotPartial, [3.0, 2.0], &[1e-200, -1.0], -3.5999999999999997e-199),
        (Op::HypotPartial, [2.0, 3.0], &[1e-200, -1.0], 6.0),
        (Op::HypotPartial, [0.0, 3.0], &[2.0, 1e-140], -3.7499999999999996e-141),
        (Op::HypotPartial, [3.0, 2.0], &[2.0, 1e-140], -0.375),
        (Op::Zpow, [170.0, 0.0], &[1.0000000000000084, -1.000000000000008], 9.757521466772858e-40),
        (Op::Zpow, [170.0, 170.0], &[0.5, 0.25], 8.326489970713153e42),
        (Op::Zpow, [7.0, 0.0], &[1e-200, -3.0], -1.066910531931108e-203),
        (Op::Zpow, [170.0, 1.0], &[3.0, 1e-200], 4.3925262375703953e-280),
        (Op::Powd, [1e18, 20.0], &[-0.9999999999999992], 3.057642500549215e22),
        (Op::Powd, [200.5, 170.0], &[0.999], inf),
        (Op::Powd, [0.5, 100.0], &[1.5], -7.960722771515765e136),
        (Op::SincD, [3.0, 0.0], &[0.003], 0.0005999993571430822),
        (Op::SincD, [8.0, 0.0], &[7.5], 0.07747987618903344),
        (Op::SincD, [40.0, 0.0], &[39.5], 0.00908278018538635),
        (Op::SincD, [77.0, 0.0], &[90.25], -0.008348831689075999),
        (Op::SincD, [120.0, 0.0], &[0.5], 0.007268865852537773),
        (Op::SincD, [170.0, 0.0], &[150.5], -0.002312452705727142),
        (Op::SincD, [170.0, 0.0], &[171.5], -0.001998691054249177),
        (Op::SincD, [170.0, 0.0], &[-12.5], -0.0057765528489345),
        (Op::SincD, [170.0, 0.0], &[50000.0], 1.9997789620705595e-05),
        (Op::LogNormCdfD, [3.0, 0.0], &[-40.0], 3.101744039648625e-05),
        (Op::LogNormCdfD, [5.0, 0.0], &[-1000000.0], 2.399999999928e-29),
        (Op::LogNormCdfD, [10.0, 0.0], &[-12.0], 2.8566759223390396e-06),
        (Op::LogNormCdfD, [60.0, 0.0], &[-5.0], 3.964880813298812e27),
        (Op::LogNormCdfD, [170.0, 0.0], &[-3.5], -2.318472328186606e171),
        (Op::LogNormCdfD, [7.0, 0.0], &[-1.25], -0.025175899780357027),
        (Op::LogNormCdfD, [10.0, 0.0], &[-0.9], -0.0074707558759607405),
        (Op::LogNormCdfD, [120.0, 0.0], &[0.5], -1.302454586811062e137),
        (Op::LogNormCdfD, [20.0, 0.0], &[2.75], -92057847.41144465),
        (Op::LogNormCdfD, [3.0, 0.0], &[8.5], 5.818442887564555e-15),
        (Op::LogNormCdfD, [170.0, 0.0], &[12.0], 1.025538287393774e144),
        (Op::LogNormCdfD, [60.0, 0.0], &[30.0], -2.714599056009354e-110),
        (Op::CbrtD, [101.0, 0.0], &[-2.5], 4.31303274897574e116),
        (Op::CbrtD, [30.0, 0.0], &[1e10], -1.5204344615912116e-267),
        (Op::CbrtD, [160.0, 0.0], &[3.0], -8.832746158373754e204),
        (Op::CbrtD, [170.0, 0.0], &[0.5], -inf),
        (Op::PowPartial, [12.0, 9.0], &[2.5, 3.25], 97176.57922511724),
        (Op::PowPartial, [170.0, 1.0], &[1.000000000000003, 170.87754990977066], inf),
        (Op::PowPartial, [100.0, 100.0], &[7.626357766632445, -22.582641766480585], -1.1853682143357772e81),
        (Op::PowPartial, [170.0, 170.0], &[1.5, 2.5], -2.7511774075628315e285),
        (Op::PowPartial, [170.0, 29.0], &[3.25, 40.5], -9.294077397556673e211),
        (Op::PowPartial, [60.0, 90.0], &[0.75, -12.5], 5.670552697421621e105),
        (Op::PowPartial, [31.0, 31.0], &[1.0000000000000004, 1000000000000000.0], 2.71319899606399e36),
        (Op::PowPartial, [27.0, 114.0], &[0.40908570621064005, 169.0], -2.341664465036502e-17),
        (Op::PowPartial, [120.0, 28.0], &[0.1430861054380188, 126.89024351815232], 1.054848114315262e202),
        (Op::PowPartial, [40.0, 50.0], &[1.0, 7.5], 0.0),
        (Op::PowPartial, [50.0, 40.0], &[1.0, 7.5], 7.865819349993763e69),
    ];
    for &(op, imm, x, want) in rows {
        let got = f64::apply(op, imm, x);
        assert!(got == want || (got - want).abs() <= 4e-16 * want.abs(), "{op}{imm:?} of {x:?}: {got:e}, not {want:e}");
    }
    // Those of a polygamma keep 13 digits.
    for (x, n, want) in [
        (0.75, 50, -7.160616905382796e70),
        (2.5, 100, -5.998777844943402e117),
        (30.0, 170, -1.8821151408239853e54),
        (1e3, 170, -4.642275481885541e-206),
        (0.5, 170, -inf),
    ] {
        let got = Scalar::polygamma(x, n);
        assert!(got == want || (got / want - 1.0).abs() < 1e-13, "{n} of {x}: {got:e}, not {want:e}");
    }
}

#[test]
fn every_op_gives_something_of_any_numbers_and_any_immediates() {
    let numbers =
        [0.0, -0.0, 1.0, -1.0, 0.3, -2.5, 7.0, 170.0, 171.0, 1e9, -1e9, 1e-310, -1e300, f64::INFINITY, f64::NAN];
    for &op in Op::ALL.iter().filter(|op| op.immediates() > 0) {
        let seconds = if op.immediates() == 2 { &numbers[..] } else { &[0.0] };
        for first in numbers {
            for &second in seconds {
                for x in numbers {
                    for y in numbers {
                        // It does not overflow, run out of memory, or go on for long.
                        let value = f64::apply(op, [first, second], &[x, y][..count(op)]);
                        assert!(op.check_immediates([first, second]).is_ok() || value.is_nan(), "{op}");
                    }
                }
            }
        }
    }
}

#[test]
fn differentiating_beyond_the_highest_order_is_an_error_in_a_graph_and_nan_with_numbers() {
    let mut faults = Faults::default();
    for (op, immediate) in orders() {
        let mut g = Graph::new();
        let x = g.leaves(&[0.5, 0.25][..count(op)]);
        // The exponents are not whole numbers, since high derivatives of a whole power are constant.
        let mut imm = with(op, immediate, MOST);
        if op.immediate_kinds()[0] == Immediate::Real {
            imm[0] = 0.5;
        }
        let top = g.try_record(op, imm, &x).unwrap();
        let error = Error::Order { op, immediate, given: MOST + 1.0 };
        faults.fails(op.name(), &mut g, &error, |g| g.try_gradient_nodes(top, &x));
        faults.panics(op.name(), &mut g, &error, |g| {
            g.gradient_nodes(top, &x);
        });
        let seeds: Vec<_> = x.iter().map(|&x| (x, x)).collect();
        faults.fails(op.name(), &mut g, &error, |g| g.try_jvp_nodes(&seeds, &[top]));
        g.backward(top);
        // With respect to the operand whose order it is.
        assert!(g.grad(x[immediate.min(x.len() - 1)]).is_nan(), "{op}");
    }
}

#[test]
fn whole_powers_can_be_differentiated_without_end() {
    let g = Graph::new();
    let x = g.leaf(2.0);
    let mut y = g.powi(x, 3);
    for _ in 0..2 * MAX_ORDER {
        y = g.gradient_nodes(y, &[x])[0];
    }
    assert_eq!(g.value(y), 0.0);
}
