//! A loop as a function of the user's own.

use crate::loops::{Pendulum, Step, by_tape, inputs_of, scan_of};
use std::sync::Arc;
use wengert::{Expr, Graph};
use wengert_program::{Options, Program};
use wengert_scan::{Direction, Error, Keep, Losses, Scan, Workspace};

#[test]
fn a_loop_is_recorded_as_one_call_with_the_derivatives_of_a_tape() {
    let steps = 40;
    let inputs = inputs_of::<Pendulum>(steps);
    let scan = Arc::new(scan_of::<Pendulum>(Losses::Every));
    let loss = Arc::clone(&scan).function("pendulum", steps, Keep::Sqrt).unwrap();
    let graph = Graph::new();
    let at = [Pendulum::STATE, Pendulum::PARAMS, &inputs].concat();
    let x: Vec<Expr<'_>> = at.iter().map(|&x| graph.var(x)).collect();
    let l = loss.call(&x).sqrt();
    let (value, slopes) = by_tape::<Pendulum>(steps, &inputs, Losses::Every);
    assert!((l.value() - value.sqrt()).abs() < 1e-12 * value.sqrt());
    l.backward();
    for (x, slope) in x.iter().zip(slopes.concat()) {
        let expected = slope / (2.0 * value.sqrt());
        assert!((x.grad() - expected).abs() < 1e-11 * expected.abs().max(1.0));
    }
    assert!(graph.len() < at.len() + 10, "one box, not {} nodes", graph.len());
    // Second derivatives, against differences of gradients.
    let v: Vec<f64> = (0..at.len()).map(|k| (0.9 * k as f64).cos()).collect();
    let nodes: Vec<_> = x.iter().map(|x| x.id()).collect();
    let product = graph.hvp(l.id(), &nodes, &v);
    let slope = |h: f64| {
        let moved: Vec<f64> = at.iter().zip(&v).map(|(x, v)| x + h * v).collect();
        wengert::gradient(|x| loss.call(x).sqrt(), &moved)
    };
    let (above, below) = (slope(1e-5), slope(-1e-5));
    for k in 0..at.len() {
        let expected = (above[k] - below[k]) / 2e-5;
        assert!((product[k] - expected).abs() < 1e-6 * expected.abs().max(1.0), "{k}: {} {expected}", product[k]);
    }
}

#[test]
fn a_loop_is_compiled_with_its_derivatives() {
    let scan = Arc::new(scan_of::<Pendulum>(Losses::Last));
    let loss = Arc::clone(&scan).function("pendulum", 3, Keep::All).unwrap();
    let at = [Pendulum::STATE, Pendulum::PARAMS, &inputs_of::<Pendulum>(3)].concat();
    let program = Program::value_and_gradient(&at, |x| loss.call(x) * 2.0, &Options::new()).unwrap();
    let mut out = vec![0.0; at.len() + 1];
    program.eval(&at, &mut out, &mut wengert_program::Workspace::new()).unwrap();
    let (state, inputs) = (Pendulum::STATE, &at[4..]);
    let gradient =
        scan.value_and_gradient(3, state, Pendulum::PARAMS, inputs, Keep::All, &mut Workspace::new()).unwrap();
    assert_eq!(out[0], 2.0 * gradient.value);
    let slopes = [gradient.state, gradient.params, gradient.inputs].concat();
    assert_eq!(out[1..], slopes.iter().map(|slope| 2.0 * slope).collect::<Vec<_>>());
}

#[test]
fn two_calls_of_a_loop_and_their_gradient_are_saved_and_loaded() {
    let loss = Arc::new(scan_of::<Pendulum>(Losses::Every)).function("pendulum", 3, Keep::All).unwrap();
    let at = [Pendulum::STATE, Pendulum::PARAMS, &inputs_of::<Pendulum>(3)].concat();
    let program = Program::value_and_gradient(
        &at,
        |x| {
            let halves: Vec<_> = x.iter().map(|&x| x * 0.5).collect();
            loss.call(x) + loss.call(&halves)
        },
        &Options::new(),
    )
    .unwrap();
    let bytes = program.to_bytes();
    let run = |program: &Program| {
        let mut out = vec![0.0; at.len() + 1];
        program.eval(&at, &mut out, &mut wengert_program::Workspace::new()).unwrap();
        out
    };
    assert_eq!(run(&Program::from_bytes_with(&bytes, &loss.externals()).unwrap()), run(&program));
    // The function of another program, of the same loop, serves as well.
    let other = Arc::new(scan_of::<Pendulum>(Losses::Every)).function("pendulum", 3, Keep::Sqrt).unwrap();
    assert_eq!(run(&Program::from_bytes_with(&bytes, &other.externals()).unwrap()), run(&program));
    let missing = Program::from_bytes_with(&bytes, &loss.externals()[..1]).unwrap_err();
    assert!(missing.to_string().contains("slopes of pendulum"), "{missing}");
}

#[test]
fn derivatives_as_nodes_have_derivatives_too() {
    let scan = Arc::new(scan_of::<Pendulum>(Losses::Every));
    let loss = Arc::clone(&scan).function("pendulum", 3, Keep::All).unwrap();
    let at = [Pendulum::STATE, Pendulum::PARAMS, &inputs_of::<Pendulum>(3)].concat();
    let graph = Graph::new();
    let x = graph.leaves(&at);
    let l = graph.external_nodes(loss.function().clone(), &x)[0];
    let slopes = graph.gradient_nodes(graph.mul(l, l), &x);
    let v: Vec<f64> = (0..at.len()).map(|k| (0.9 * k as f64).cos()).collect();
    let along = Direction { state: &v[..2], params: &v[2..4], inputs: &v[4..] };
    let product =
        scan.hvp(3, Pendulum::STATE, Pendulum::PARAMS, &at[4..], along, Keep::All, &mut Workspace::new()).unwrap();
    let gradient = [product.gradient.state, product.gradient.params, product.gradient.inputs].concat();
    let rows = [product.state, product.params, product.inputs].concat();
    // The derivative of 2 l g along v is 2 l H v + 2 (g v) g. H is symmetric, so vjp and jvp agree.
    let expected: Vec<f64> = gradient
        .iter()
        .zip(&rows)
        .map(|(slope, row)| 2.0 * (product.gradient.value * row + product.tangent * slope))
        .collect();
    let tangents: Vec<_> = x.iter().copied().zip(v.iter().copied()).collect();
    let seeds: Vec<_> = slopes.iter().copied().zip(v.iter().copied()).collect();
    for given in [graph.jvp(&tangents, &slopes), graph.vjp(&seeds, &x)] {
        for (expected, given) in expected.iter().zip(&given) {
            assert!((expected - given).abs() < 1e-12 * expected.abs().max(1.0), "{expected} {given}");
        }
    }
}

#[test]
fn a_step_that_fails_is_an_error_of_the_graph_with_its_number() {
    let scan = Scan::new(&[0.0], &[], &[], |s, _, _| (vec![if s[0] < 4.5 { s[0] + 1.0 } else { s[0] }], s[0]));
    let count = Arc::new(scan.unwrap());
    let function = |steps, keep| Arc::clone(&count).function("count", steps, keep);
    assert!(matches!(function(0, Keep::All), Err(Error::NoSteps)));
    assert!(matches!(function(3, Keep::Snapshots(4)), Err(Error::TooManySnapshots { .. })));
    let graph = Graph::new();
    let start = graph.leaf(0.0);
    assert!(graph.try_external_nodes(function(4, Keep::All).unwrap().function().clone(), &[start]).is_ok());
    let error = graph.try_external_nodes(function(9, Keep::All).unwrap().function().clone(), &[start]).unwrap_err();
    assert!(error.to_string().contains("step 5"), "{error}");
}
