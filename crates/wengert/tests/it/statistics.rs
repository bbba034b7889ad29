//! Variance, standard deviation and logit.

use proptest::prelude::*;
use wengert::{Dual, Graph, gradient, hessian, logit, standard_deviation, value_and_gradient, variance};

const U: f64 = f64::EPSILON / 2.0;

fn bound(n: usize) -> f64 {
    let n = n as f64;
    (n + 2.0 * n.sqrt() + 5.0) * U
}

proptest! {
    #[test]
    fn a_variance_has_the_error_that_it_states(
        base in -(1i64 << 52)..1 << 52, e in -400..400i32, offsets in prop::collection::vec(0i64..1 << 20, 1..200),
    ) {
        // Whole numbers times 2^e: n^2 times their variance is a whole number too.
        let n = offsets.len() as i128;
        let (sum, squares) = offsets.iter().fold((0, 0), |(sum, squares), &d| {
            let d = i128::from(d);
            (sum + d, squares + d * d)
        });
        let unit = 2f64.powi(e);
        let exact = (n * squares - sum * sum) as f64 / (n * n) as f64 * unit * unit;
        let x: Vec<f64> = offsets.iter().map(|d| (base + d) as f64 * unit).collect();
        let (value, partials) = value_and_gradient(|x| variance(x), &x);
        // The exact value was rounded twice.
        prop_assert!((value - exact).abs() <= (bound(x.len()) + 2.0 * U) * exact, "{value:e} for {exact:e}");
        let [least, most] = [offsets.iter().min(), offsets.iter().max()].map(|d| *d.expect("not empty") as f64);
        for (&d, partial) in offsets.iter().zip(partials) {
            let deviation = (n * i128::from(d) - sum) as f64 / n as f64 * unit;
            let allowed = (n as f64 + 6.0) * U * (most - least) * unit;
            prop_assert!((partial * n as f64 / 2.0 - deviation).abs() <= allowed, "{partial:e} for {deviation:e}");
        }
    }

    #[test]
    fn a_standard_deviation_has_the_error_that_it_states_at_every_scale(
        base in -(1i64 << 52)..1 << 52, e in -1000..900i32, offsets in prop::collection::vec(0i64..1 << 20, 1..200),
    ) {
        let n = offsets.len() as i128;
        let (sum, squares) = offsets.iter().fold((0, 0), |(sum, squares), &d| {
            let d = i128::from(d);
            (sum + d, squares + d * d)
        });
        let unit = 2f64.powi(e);
        // Rounded twice; the root halves the first of these errors.
        let exact = ((n * squares - sum * sum) as f64).sqrt() / n as f64 * unit;
        let x: Vec<f64> = offsets.iter().map(|d| (base + d) as f64 * unit).collect();
        let (value, partials) = value_and_gradient(|x| standard_deviation(x), &x);
        let allowed = (4.0 * x.len() as f64 + 11.0) * U * exact;
        prop_assert!((value - exact).abs() <= allowed, "{value:e} for {exact:e}");
        // The gradient does not depend on the scale.
        if exact > 0.0 {
            let unscaled: Vec<f64> = offsets.iter().map(|d| (base + d) as f64).collect();
            for (&at_scale, without) in partials.iter().zip(gradient(|x| standard_deviation(x), &unscaled)) {
                prop_assert!((at_scale - without).abs() <= 1e-12, "{at_scale:e}, without scale {without:e}");
            }
        }
    }

    #[test]
    fn equal_numbers_have_no_variance_and_no_gradient(x in any::<f64>(), n in 1usize..40) {
        prop_assume!(x.is_finite());
        let x = vec![x; n];
        prop_assert_eq!(value_and_gradient(|x| variance(x), &x), (0.0, vec![0.0; n]));
        prop_assert_eq!(value_and_gradient(|x| standard_deviation(x), &x), (0.0, vec![0.0; n]));
        let forward = vec![Dual::<1>::input(x[0], 0); n];
        prop_assert_eq!(standard_deviation(&forward).tangents, [0.0]);
    }
}

#[test]
fn second_derivatives_of_a_variance_are_those_of_a_square() {
    let (n, x) = (4.0, [1e9, 1e9 + 1.0, 1e9 + 5.0, 1e9 - 2.0]);
    for (i, row) in hessian(|x| variance(x), &x).into_iter().enumerate() {
        for (j, got) in row.into_iter().enumerate() {
            assert_eq!(got, 2.0 / n * (f64::from(i == j) - 1.0 / n));
        }
    }
}

#[test]
fn a_standard_deviation_has_unit_slopes() {
    // The gradient is the deviation over n sigma: its norm is 1 / sqrt(n).
    let x = [1e8, 1e8 + 3.0, 1e8 - 4.0, 1e8 + 0.5, 1e8];
    let partials = gradient(|x| standard_deviation(x), &x);
    let norm = partials.iter().map(|p| p * p).sum::<f64>().sqrt();
    assert!((norm - 0.2f64.sqrt()).abs() < 1e-15 && partials.iter().sum::<f64>().abs() < 1e-15);
}

#[test]
fn a_variance_of_what_is_not_finite_is_nan() {
    for x in [[f64::NAN, 1.0, 2.0], [1.0, f64::NAN, 2.0], [f64::INFINITY, 1.0, 2.0], [1.0, 2.0, f64::NEG_INFINITY]] {
        assert!(variance(&x).is_nan() && standard_deviation(&x).is_nan(), "{x:?}");
    }
}

#[test]
#[should_panic = "a variance or standard deviation needs at least one number"]
fn a_variance_of_nothing_is_refused() {
    variance::<f64>(&[]);
}

/// How far apart numbers are, in ulps of the second.
fn ulps(x: f64, y: f64) -> f64 {
    if x == y { 0.0 } else { (x - y).abs() / (y.abs().next_up() - y.abs()) }
}

#[test]
fn a_logit_keeps_its_digits_near_0_a_half_and_1() {
    const INF: f64 = f64::INFINITY;
    // From arithmetic with 60 digits: p, value, first and second derivative.
    let rows = [
        (5e-324, -744.4400719213812, INF, -INF),
        (1e-310, -713.8013788281542, INF, -INF),
        (1e-300, -690.7755278982137, 9.999999999999999e299, -INF),
        (1e-17, -39.14394658089878, 1e17, -9.999999999999998e33),
        (1e-05, -11.512915464920228, 100001.00001000009, -9999999998.999979),
        (0.1, -2.197224577336219, 11.11111111111111, -98.76543209876542),
        (0.2499999999999999, -1.0986122886681102, 5.333333333333335, -14.222222222222237),
        (0.25, -1.0986122886681098, 5.333333333333333, -14.222222222222221),
        (0.3, -0.8472978603872037, 4.761904761904762, -9.070294784580499),
        (0.4999, -0.0004000000053332894, 4.000000160000006, -0.003200000255999663),
        (0.49999999999999994, -2.220446049250313e-16, 4.0, -1.7763568394002505e-15),
        (0.5, 0.0, 4.0, 0.0),
        (0.5000000000000001, 4.440892098500626e-16, 4.0, 3.552713678800501e-15),
        (0.500001, 4.000000000120356e-06, 4.000000000016, 3.200000000117618e-05),
        (0.75, 1.0986122886681098, 5.333333333333333, 14.222222222222221),
        (0.9, 2.1972245773362196, 11.111111111111112, 98.76543209876547),
        (0.999999, 13.815509557935018, 1000000.9999722444, 999999999941.4886),
        (0.9999999999999999, 36.7368005696771, 9007199254740994.0, 8.112963841460668e31),
    ];
    for (p, value, first, second) in rows {
        let g = Graph::new();
        let x = g.var(p);
        let slope = g.gradient_nodes(logit(x).id(), &[x.id()])[0];
        let got = [logit(p), g.value(slope), g.gradient(slope, &[x.id()])[0]];
        for ((got, want), allowed) in got.into_iter().zip([value, first, second]).zip([1.5, 4.0, 8.0]) {
            assert!(ulps(got, want) <= allowed, "{p:e}: {got:e}, not {want:e}");
        }
    }
}

#[test]
fn a_logit_has_its_limits_at_0_and_1_and_is_nan_outside() {
    let inf = f64::INFINITY;
    let all = |p: f64| value_and_gradient(|x| logit(x[0]), &[p]);
    assert_eq!([0.0, -0.0, 1.0].map(all), [(-inf, vec![inf]), (-inf, vec![inf]), (inf, vec![inf])]);
    for p in [-5e-324, -1.0, 1.0f64.next_up(), 2.0, inf, -inf, f64::NAN] {
        let (value, slope) = all(p);
        assert!(value.is_nan() && slope[0].is_nan(), "{p}: {value} {slope:?}");
    }
}
