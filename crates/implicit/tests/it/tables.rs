//! Tables.

use proptest::prelude::*;
use wengert::{Expr, Graph, Scalar};
use wengert_implicit::{Error, Interpolation, Outside, interp1, interp1_weights, interp2};

use crate::routes::{agree, close};

const ALL: [Interpolation; 3] = [Interpolation::Linear, Interpolation::Monotone, Interpolation::Spline];
const KNOTS: [f64; 6] = [-1.0, 0.0, 0.5, 2.0, 3.0, 4.5];

fn cubic<T: Scalar>(x: T) -> T {
    ((x * 0.5 - 1.0) * x + 2.0) * x - 3.0
}

#[test]
fn the_spline_of_a_cubic_is_the_cubic() {
    let values = KNOTS.map(cubic);
    let table = interp1("cubic", &KNOTS, &values, Interpolation::Spline, Outside::Extend).unwrap();
    agree(
        &table.externals(),
        &[&[0.3], &[-0.9], &[4.4], &[1.0]],
        |x| table.call(&[x[0].sin() * 2.0])[0] * x[0],
        |x| cubic(x[0].sin() * 2.0) * x[0],
    );
    for x in [-5.0, -1.0, 0.0, 0.5, 0.7, 2.0, 4.5, 6.0] {
        let derivatives = [cubic(x), 1.5 * x * x - 2.0 * x + 2.0, 3.0 * x - 2.0, 3.0];
        close(&table.call(&[x]), &derivatives, "value and derivatives");
    }
    // Three knots give a parabola, two a line.
    let three = interp1("three", &KNOTS[..3], &[1.0, 0.0, 0.25], Interpolation::Spline, Outside::Extend).unwrap();
    close(&three.call(&[2.0]), &[4.0, 4.0, 2.0, 0.0], "parabola");
    let two = interp1("two", &[0.0, 2.0], &[1.0, 5.0], Interpolation::Spline, Outside::Extend).unwrap();
    close(&two.call(&[3.0]), &[7.0, 2.0, 0.0, 0.0], "line");
}

#[test]
fn every_table_goes_through_its_values() {
    let values = [1.0, 3.0, 3.0, -2.0, 0.0, 0.5];
    for interpolation in ALL {
        for outside in [Outside::Clamp, Outside::Extend, Outside::Error] {
            let table = interp1("table", &KNOTS, &values, interpolation, outside).unwrap();
            for (&knot, &value) in KNOTS.iter().zip(&values) {
                close(&table.call(&[knot])[..1], &[value], "value at a knot");
            }
        }
    }
}

#[test]
fn a_derivative_that_jumps_at_a_knot_is_the_mean_of_both_sides() {
    let table = |outside| interp1("bent", &[0.0, 1.0, 3.0], &[0.0, 2.0, 3.0], Interpolation::Linear, outside).unwrap();
    assert_eq!(table(Outside::Extend).call(&[1.0]), [2.0, 1.25]);
    assert_eq!(table(Outside::Extend).call(&[0.0]), [0.0, 2.0]);
    assert_eq!(table(Outside::Error).call(&[3.0]), [3.0, 0.5]);
    assert_eq!(table(Outside::Clamp).call(&[0.0]), [0.0, 1.0]);
    assert_eq!(table(Outside::Clamp).call(&[3.0]), [3.0, 0.25]);
    for (at, expected) in [(-1.0, [0.0, 0.0]), (f64::NEG_INFINITY, [0.0, 0.0]), (9.0, [3.0, 0.0])] {
        assert_eq!(table(Outside::Clamp).call(&[at]), expected);
    }
    assert_eq!(table(Outside::Extend).call(&[5.0]), [4.0, 0.5]);
    assert_eq!(table(Outside::Extend).call(&[-1.0]), [-2.0, 2.0]);
    assert!(table(Outside::Clamp).call(&[f64::NAN])[0].is_nan());
    let g = Graph::new();
    let (table, x) = (table(Outside::Error), g.leaf(3.5));
    let error = g.try_external_nodes(table.function().clone(), &[x]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the function \"bent\": value failed: x = 3.5 is outside of the table, which goes from 0 to 3"
    );
}

#[test]
fn a_table_that_makes_no_sense_is_refused() {
    let make = |x: &[f64], y: &[f64]| interp1("t", x, y, Interpolation::Spline, Outside::Clamp).map(|_| ());
    assert_eq!(make(&[1.0], &[1.0]), Err(Error::TooFewKnots { axis: 'x', given: 1, needed: 2 }));
    assert_eq!(make(&[0.0, 1.0, 1.0], &[0.0; 3]), Err(Error::Unsorted { axis: 'x', at: 2, knot: 1.0, before: 1.0 }));
    assert_eq!(make(&[0.0, 1.0, 2.0], &[0.0; 2]), Err(Error::Values { expected: 3, given: 2 }));
    let error = make(&[0.0, f64::NAN], &[0.0; 2]).unwrap_err();
    assert_eq!(error.to_string(), "number 1 of the x knots is NaN; a table needs finite numbers");
    let error = make(&[0.0, 1.0], &[0.0, f64::INFINITY]).unwrap_err();
    assert_eq!(error.to_string(), "number 1 of the values is inf; a table needs finite numbers");
    let error = interp1_weights("w", &[0.0, 1.0], Interpolation::Monotone, Outside::Clamp).unwrap_err();
    assert_eq!(error, Error::Monotone);
    let surface = |y: &[f64], i| interp2("s", &[0.0, 1.0], y, &[0.0; 4], i, Outside::Clamp).map(|_| ());
    assert_eq!(surface(&[0.0, 1.0], Interpolation::Monotone), Err(Error::Monotone));
    let error = surface(&[1.0, 0.0], Interpolation::Linear).unwrap_err();
    assert_eq!(error, Error::Unsorted { axis: 'y', at: 1, knot: 0.0, before: 1.0 });
    assert_eq!(surface(&[0.0, 1.0, 2.0], Interpolation::Linear), Err(Error::Values { expected: 6, given: 4 }));
}

#[test]
fn the_weights_give_the_table_and_the_derivatives_of_its_values() {
    let values = [1.0, 3.0, 3.0, -2.0, 0.0, 0.5];
    for interpolation in [Interpolation::Linear, Interpolation::Spline] {
        let table = interp1("table", &KNOTS, &values, interpolation, Outside::Extend).unwrap();
        let weights = interp1_weights("weights", &KNOTS, interpolation, Outside::Extend).unwrap();
        let externals = [table.externals(), weights.externals()].concat();
        agree(
            &externals,
            &[&[0.3], &[-1.5], &[4.0]],
            |x| {
                let values = values.map(Expr::constant);
                Scalar::dot(&weights.call(&[x[0] * x[0]])[..6], &values)
            },
            |x| table.call(&[x[0] * x[0]])[0],
        );
    }
}

#[test]
fn a_surface_of_cubics_is_their_product() {
    let (x, y) = (&KNOTS[..5], [0.0, 1.0, 1.5, 3.0]);
    let product = |x: f64, y: f64| cubic(x) * (y * y - 2.0 * y * y * y);
    let values: Vec<f64> = x.iter().flat_map(|&x| y.map(|y| product(x, y))).collect();
    let surface = interp2("surface", x, &y, &values, Interpolation::Spline, Outside::Extend).unwrap();
    agree(
        &surface.externals(),
        &[&[0.3, 0.4], &[-0.7, 2.2], &[3.5, 4.0]],
        |x| surface.call(x)[0],
        |x| cubic(x[0]) * (x[1] * x[1] - x[1].powi(3) * 2.0),
    );
    // Bilinear: the values of each cell's corners.
    let values = [0.0, 1.0, 2.0, 5.0];
    let flat = interp2("flat", &[0.0, 2.0], &[0.0, 1.0], &values, Interpolation::Linear, Outside::Clamp).unwrap();
    assert_eq!(flat.call(&[1.0, 0.5]), [2.0, 2.0, 1.5, 1.0]);
    assert_eq!(flat.call(&[9.0, 0.5]), [3.5, 3.0, 0.0, 0.0]);
}

#[test]
fn a_table_ends_at_its_last_value() {
    let values = [1.0, 1e-20];
    for interpolation in ALL {
        let table = interp1("table", &[0.0, 1.0], &values, interpolation, Outside::Clamp).unwrap();
        assert_eq!([1.0, 1.5, f64::INFINITY].map(|x| table.call(&[x])[0]), [1e-20; 3], "{interpolation:?}");
    }
    for interpolation in [Interpolation::Linear, Interpolation::Spline] {
        let weights = interp1_weights("weights", &[0.0, 0.1, 0.3], interpolation, Outside::Extend).unwrap();
        assert_eq!(weights.call(&[0.3])[..3], [0.0, 0.0, 1.0], "{interpolation:?}");
        let surface = interp2("s", &[0.0, 1.0], &[0.0, 1.0], &[1.0, 2.0, 3.0, 1e-20], interpolation, Outside::Clamp);
        assert_eq!(surface.unwrap().call(&[2.0, 2.0])[0], 1e-20, "{interpolation:?}");
    }
}

#[test]
fn a_table_far_outside_has_a_value_or_says_that_it_overflows() {
    let line = interp1("line", &[0.0, 1.0], &[1.0, 3.0], Interpolation::Linear, Outside::Extend).unwrap();
    assert_eq!(line.call(&[1e103]), [2e103, 2.0]);
    assert_eq!(line.call(&[1e300]), [2e300, 2.0]);
    let straight = interp1("straight", &[0.0, 1.0], &[1.0, 3.0], Interpolation::Spline, Outside::Extend).unwrap();
    assert_eq!(straight.call(&[1e200]), [2e200, 2.0, 0.0, 0.0]);
    let bent = interp1("bent", &[0.0, 1.0, 2.0, 3.0], &[0.0, 0.0, 9.0, 33.0], Interpolation::Spline, Outside::Extend);
    let g = Graph::new();
    let error = g.try_external_nodes(bent.unwrap().function().clone(), &[g.leaf(-1e200)]).unwrap_err().to_string();
    assert!(error.contains("the polynomials of the table overflow at [-1e200]"), "{error}");
}

#[test]
fn a_table_too_steep_for_numbers_is_refused() {
    for interpolation in ALL {
        let table = interp1("table", &[0.0, 1e-320, 1.0], &[0.0, 1.0, 2.0], interpolation, Outside::Clamp);
        assert_eq!(table.unwrap_err(), Error::Overflows { axis: 'x', at: 0 }, "{interpolation:?}");
    }
    let weights = interp1_weights("w", &[0.0, 1e-320], Interpolation::Linear, Outside::Clamp).unwrap_err();
    assert_eq!(weights, Error::Overflows { axis: 'x', at: 0 });
    let steep = |x: &[f64], y: &[f64]| interp2("s", x, y, &[0.0, 1.0, 2.0, 4.0], Interpolation::Linear, Outside::Clamp);
    let (plain, close) = ([0.0, 1.0], [0.0, 1e-320]);
    assert_eq!(steep(&close, &plain).unwrap_err(), Error::Overflows { axis: 'x', at: 0 });
    assert_eq!(steep(&plain, &close).unwrap_err(), Error::Overflows { axis: 'y', at: 0 });
}

#[test]
fn the_shape_of_a_monotone_table_does_not_depend_on_the_size_of_its_values() {
    let slope = |size: f64| {
        let values = [0.0, size, 3.0 * size];
        let table = interp1("table", &[0.0, 1.0, 2.0], &values, Interpolation::Monotone, Outside::Extend).unwrap();
        table.call(&[0.0])[1] / size
    };
    assert_eq!([1e-200, 1.0, 1e200].map(slope), [0.5; 3]);
}

#[test]
fn weights_take_memory_for_what_they_are() {
    // A spline of so many would take 288 TB.
    let knots: Vec<f64> = (0..3_000_000).map(f64::from).collect();
    let spline = interp1_weights("weights", &knots, Interpolation::Spline, Outside::Clamp);
    assert_eq!(spline.unwrap_err(), Error::OutOfMemory);
    let linear = interp1_weights("weights", &knots[..200_000], Interpolation::Linear, Outside::Clamp).unwrap();
    let out = linear.call(&[1234.25]);
    assert_eq!(out[1234..1236], [0.75, 0.25]);
    assert_eq!(out[..200_000].iter().sum::<f64>(), 1.0);
    assert_eq!(out[200_000 + 1234..200_000 + 1236], [-1.0, 1.0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_monotone_table_rises_where_its_values_do(
        steps in prop::collection::vec((0.01f64..10.0, 0.0f64..10.0), 2..12),
        at in prop::collection::vec(0.0f64..1.0, 20),
    ) {
        let (mut x, mut y) = (vec![0.0], vec![0.0]);
        for (h, rise) in steps {
            x.push(x[x.len() - 1] + h);
            y.push(y[y.len() - 1] + rise);
        }
        let table = interp1("rising", &x, &y, Interpolation::Monotone, Outside::Error).unwrap();
        let end = x[x.len() - 1];
        for part in at {
            let out = table.call(&[part * end]);
            let size = 1e-12 * (1.0 + y[y.len() - 1]);
            prop_assert!(out[1] >= -size / 0.01, "{out:?}");
            let interval = x.partition_point(|&knot| knot <= part * end).clamp(1, x.len() - 1) - 1;
            prop_assert!(out[0] >= y[interval] - size && out[0] <= y[interval + 1] + size, "{out:?}");
        }
    }

    #[test]
    fn derivatives_are_continuous_across_knots(values in prop::collection::vec(-5.0f64..5.0, 6)) {
        let near = 1e-9;
        for (interpolation, orders) in [(Interpolation::Linear, 1), (Interpolation::Monotone, 2), (Interpolation::Spline, 3)] {
            let table = interp1("table", &KNOTS, &values, interpolation, Outside::Extend).unwrap();
            for &knot in &KNOTS[1..5] {
                let [left, here, right] = [knot - near, knot, knot + near].map(|x| table.call(&[x]));
                for order in 0..orders {
                    prop_assert!((left[order] - right[order]).abs() < 1e-5, "order {order} at {knot}");
                }
                for order in 0..here.len() {
                    let mean = 0.5 * (left[order] + right[order]);
                    prop_assert!((here[order] - mean).abs() < 1e-5, "order {order} at {knot}");
                }
            }
        }
    }
}
