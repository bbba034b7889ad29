//! Derivatives along a direction: those of differences of gradients, and of a tape.

use crate::loops::{Logistic, Lorenz, Pendulum, Step, inputs_of, scan_of};
use wengert_scan::{Direction, Error, Inputs, Keep, Losses, Scan, Steps, Workspace};

/// A direction for a loop: numbers that have nothing to do with it.
fn direction_of<S: Step>(steps: usize) -> [Vec<f64>; 3] {
    let [state, params, inputs] = [S::STATE.len(), S::PARAMS.len(), S::INPUTS.len() * steps];
    let mut k = 0.0;
    [state, params, inputs].map(|length| {
        (0..length)
            .map(|_| {
                k += 1.0;
                f64::cos(1.7 * k)
            })
            .collect()
    })
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn agree<S: Step>() {
    let mut workspace = Workspace::new();
    for losses in [Losses::Every, Losses::Last] {
        let scan = scan_of::<S>(losses);
        for steps in [1, scan.block(), 2 * scan.block() + 3] {
            let inputs = inputs_of::<S>(steps);
            let [state, params, input] = direction_of::<S>(steps);
            let along = Direction { state: &state, params: &params, inputs: &input };
            let gradient =
                scan.value_and_gradient(steps, S::STATE, S::PARAMS, &inputs, Keep::All, &mut workspace).unwrap();
            let slope = dot(&gradient.state, &state) + dot(&gradient.params, &params) + dot(&gradient.inputs, &input);
            let what = format!("{losses:?} {steps}");

            let tangent = scan.jvp(steps, S::STATE, S::PARAMS, &inputs, along, &mut workspace).unwrap();
            assert_eq!(tangent.value.to_bits(), gradient.value.to_bits(), "{what}");
            assert_eq!((&tangent.end, tangent.steps), (&gradient.end, steps), "{what}");
            assert!((tangent.tangent - slope).abs() <= 1e-11 * slope.abs().max(1.0), "{what}");

            // Differences of gradients, of the fourth order.
            let at = |h: f64| {
                let moved = |x: &[f64], v: &[f64]| x.iter().zip(v).map(|(x, v)| x + h * v).collect::<Vec<f64>>();
                let [state, params, inputs] =
                    [moved(S::STATE, &state), moved(S::PARAMS, &params), moved(&inputs, &input)];
                let mut workspace = Workspace::new();
                let moved =
                    scan.value_and_gradient(steps, &state, &params, &inputs, Keep::All, &mut workspace).unwrap();
                [moved.state, moved.params, moved.inputs, moved.end].concat()
            };
            let h = 1e-4;
            let [a, b, c, d] = [at(-2.0 * h), at(-h), at(h), at(2.0 * h)];
            let differences: Vec<f64> =
                (0..a.len()).map(|k| (8.0 * (c[k] - b[k]) - (d[k] - a[k])) / (12.0 * h)).collect();
            let product = scan.hvp(steps, S::STATE, S::PARAMS, &inputs, along, Keep::All, &mut workspace).unwrap();
            let given = [&product.state[..], &product.params, &product.inputs, &tangent.end_tangent].concat();
            let scale = given.iter().fold(1.0_f64, |most, x| most.max(x.abs()));
            for (expected, given) in differences.iter().zip(&given) {
                assert!((expected - given).abs() < 1e-7 * scale, "{what}: {expected} {given}");
            }
            assert_eq!((product.gradient.value, product.tangent), (tangent.value, tangent.tangent), "{what}");
            for (expected, given) in gradient.state.iter().zip(&product.gradient.state) {
                assert!((expected - given).abs() <= 1e-12 * expected.abs().max(1.0), "{what}");
            }

            for keep in [Keep::Sqrt, Keep::Snapshots(1), Keep::Online(2)] {
                let mut other = scan.hvp(steps, S::STATE, S::PARAMS, &inputs, along, keep, &mut workspace).unwrap();
                other.gradient.work = product.gradient.work;
                assert_eq!(other, product, "{what} {keep:?}");
            }
        }
    }
}

#[test]
fn tangents_are_those_of_gradients_and_products_those_of_differences() {
    agree::<Logistic>();
    agree::<Pendulum>();
    agree::<Lorenz>();
}

#[test]
fn an_empty_direction_is_zero_and_a_wrong_one_is_refused() {
    let scan = scan_of::<Pendulum>(Losses::Every);
    let (state, params, inputs) = (Pendulum::STATE, Pendulum::PARAMS, inputs_of::<Pendulum>(4));
    let along = |direction, steps: Steps<'_>| {
        scan.jvp(steps, state, params, inputs.clone().as_slice(), direction, &mut Workspace::new())
            .map(|run| run.tangent)
    };
    let none = Direction::default();
    assert_eq!(along(none, 4.into()).unwrap(), 0.0);
    let wrong = [
        Direction { state: &[1.0], ..none },
        Direction { params: &[1.0; 3], ..none },
        Direction { inputs: &[1.0; 7], ..none },
    ];
    for direction in wrong {
        assert!(matches!(along(direction, 4.into()), Err(Error::Length { .. })), "{direction:?}");
    }
    let short = Direction { inputs: &[1.0; 2], ..none };
    let error = along(short, Steps::until(|_, _| false)).unwrap_err();
    assert!(matches!(error, Error::Length { what: "tangents of inputs", .. }), "{error}");
}

#[test]
fn a_direction_as_long_as_a_loop_suits_a_condition_that_ends_it() {
    let scan = scan_of::<Pendulum>(Losses::Every);
    let (state, params) = (Pendulum::STATE, Pendulum::PARAMS);
    for end in [1, scan.block() - 1, scan.block(), 2 * scan.block() + 3] {
        let numbers = inputs_of::<Pendulum>(4 * scan.block());
        let far: Vec<f64> = (0..numbers.len()).map(|k| (0.7 * k as f64).sin()).collect();
        let run = |steps: Steps<'_>, inputs: &[f64], tangents: &[f64]| {
            let along = Direction { inputs: tangents, ..Direction::default() };
            let mut workspace = Workspace::new();
            let product = scan.hvp(steps, state, params, inputs, along, Keep::Online(2), &mut workspace)?;
            Ok::<_, Error>(product)
        };
        let known = run(end.into(), &numbers[..2 * end], &far[..2 * end]).unwrap();
        let until = || Steps::until(|steps, _| steps == end);
        for length in [2 * end, 2 * end + 1, far.len()] {
            assert_eq!(run(until(), &numbers, &far[..length]).unwrap(), known, "{end} {length}");
            let along = Direction { inputs: &far[..length], ..Direction::default() };
            let tangent = scan.jvp(until(), state, params, &numbers, along, &mut Workspace::new()).unwrap();
            assert_eq!((tangent.tangent, tangent.steps), (known.tangent, end));
        }
        for error in [
            run(until(), &numbers, &far[..2 * end - 1]).unwrap_err(),
            run(Steps::OfInputs, &numbers[..2 * end], &far[..2 * end + 1]).unwrap_err(),
        ] {
            let Error::Length { what: "tangents of inputs", expected, .. } = error else { panic!("{error}") };
            assert_eq!(expected, 2 * end);
        }
        let inputs = Inputs::from_iter(numbers[..2 * end].iter().copied());
        let along = Direction { inputs: &far, ..Direction::default() };
        let longer = scan.jvp(Steps::OfInputs, state, params, inputs, along, &mut Workspace::new());
        assert!(matches!(longer, Err(Error::Length { what: "tangents of inputs", .. })));
    }
}

#[test]
fn comparisons_are_checked_along_a_direction_too() {
    let scan = Scan::new(&[0.0], &[1.0], &[0.0], |s, p, x| {
        let next = if s[0] < 4.5 * p[0] { s[0] + p[0] + x[0] } else { s[0] * s[0] };
        (vec![next], next)
    })
    .unwrap();
    let along = Direction { params: &[1.0], ..Direction::default() };
    let numbers = [0.0; 9];
    let run = |steps: usize| {
        let inputs = Inputs::from(&numbers[..steps]);
        scan.hvp(steps, &[0.0], &[1.0], inputs, along, Keep::Sqrt, &mut Workspace::new())
    };
    assert_eq!(run(5).unwrap().tangent, 15.0);
    assert!(matches!(run(9), Err(Error::Step { step: 5, .. })));
}
