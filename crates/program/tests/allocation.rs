//! Calls allocate nothing once the workspace fits.

use std::sync::Arc;

use allocation_counter::measure;
use wengert::{Expr, External, Scalar};
use wengert_program::{Input, Native, Options, Output, Program, Setup, Workspace};

#[test]
fn a_call_allocates_nothing_once_the_workspace_fits() {
    let graph = wengert::Graph::new();
    let (w, x) = (graph.leaf(0.5), graph.leaf(2.0));
    let f = graph.add(graph.tanh(graph.mul(w, x)), graph.pow(graph.exp(x), w));
    let slope = graph.gradient_nodes(f, &[w])[0];
    let outputs = [Output::per_point(f), Output::sum(slope)];
    let program =
        Program::compile(&graph, [Input::uniform(w), Input::per_point(x)], outputs, &Options::new()).expect("compiles");
    let xs = vec![0.25; 1003];
    let mut column = vec![0.0; 1003];
    let (mut sum, mut out) = ([0.0], [0.0; 2]);
    let mut workspace = Workspace::with(Setup::new().threads(1));
    let mut calls = |xs: &[f64], column: &mut [f64]| {
        program.eval_batch(xs.len(), &[&[0.5], xs], &mut [column, &mut sum], &mut workspace).expect("runs");
        program.eval(&[0.5, 0.25], &mut out, &mut workspace).expect("runs");
    };
    calls(&xs[..4], &mut column[..4]);
    let counted = measure(|| calls(&xs, &mut column));
    assert_eq!(counted.count_total, 0, "{counted:?}");
}

#[test]
fn only_the_call_that_makes_machine_code_allocates() {
    let program = Program::from_fn(&[0.5, 2.0], |x| vec![(x[0].tanh() * x[1]).sin() + x[0].lgamma()], &Options::new())
        .expect("compiles");
    let mut out = [0.0];
    let mut workspace = Workspace::with(Setup::new().threads(1));
    program.eval(&[0.5, 2.0], &mut out, &mut workspace).expect("runs");
    let mut calls: Vec<u64> = (2..=20)
        .map(|_| measure(|| program.eval(&[0.5, 2.0], &mut out, &mut workspace).expect("runs")).count_total)
        .collect();
    calls.retain(|&count| count > 0);
    assert!(calls.len() <= 1, "{calls:?}");
    // A point that the interpreter runs again.
    let counted = measure(|| program.eval(&[f64::NAN, 2.0], &mut out, &mut workspace).expect("runs"));
    assert_eq!((counted.count_total, out[0].is_nan()), (0, true));
    let mut never = Workspace::with(Setup::new().native(Native::Never));
    program.eval(&[0.5, 2.0], &mut out, &mut never).expect("runs");
    let counted = measure(|| program.eval(&[0.25, 2.0], &mut out, &mut never).expect("runs"));
    assert_eq!(counted.count_total, 0);
}

/// The sum of 40 inputs.
struct Wide;

impl External for Wide {
    fn name(&self) -> &str {
        "wide"
    }
    fn shape(&self) -> (usize, usize) {
        (40, 1)
    }
    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        y[0] = x.iter().sum();
        Ok(())
    }
    fn vjp(&self, _: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        xbar.fill(ybar[0]);
        Ok(())
    }
}

#[test]
fn calls_of_user_s_functions_allocate_nothing() {
    let wide: Arc<dyn External> = Arc::new(Wide);
    let program = Program::from_fn(
        &[1.0],
        |x| {
            let y = Expr::external(&wide, &[x[0]; 40])[0];
            vec![Expr::external(&wide, &(0..40).map(|k| y * f64::from(k)).collect::<Vec<_>>())[0]]
        },
        &Options::new(),
    )
    .expect("compiles");
    for native in [Native::Never, Native::Auto] {
        let mut workspace = Workspace::with(Setup::new().threads(1).native(native));
        let xs: Vec<f64> = (0..103).map(f64::from).collect();
        let (mut out, mut column) = ([0.0], [0.0; 103]);
        for _ in 0..10 {
            program.eval(&[1.0], &mut out, &mut workspace).expect("runs");
        }
        program.eval_batch(103, &[&xs], &mut [&mut column], &mut workspace).expect("runs");
        let counted = measure(|| {
            program.eval(&[2.0], &mut out, &mut workspace).expect("runs");
            program.eval_batch(103, &[&xs], &mut [&mut column], &mut workspace).expect("runs");
        });
        assert_eq!((counted.count_total, out[0], column[2]), (0, 62_400.0, 62_400.0), "{native:?}");
    }
}
