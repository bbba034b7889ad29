//! Guards: those that no input decides, and those beside failing functions.

use std::sync::Arc;

use wengert::{Expr, External, Function, Graph, NodeId, Scalar, Statement, function};
use wengert_program::{Error, Input, Native, Options, Output, Program, Setup, Validity, Workspace};

use crate::native::is_possible;

/// `if t < 2 { x t } else { -x }`, recorded at `t = 1`, and a comparison of computed values: `t t < 3`.
fn recorded() -> (Graph, [NodeId; 2], NodeId) {
    let g = Graph::new();
    let [x, t] = [g.var(1.0), g.var(1.0)];
    let y = if t * t < 3.0 && t < 2.0 { x * t } else { -x };
    let (leaves, y) = ([x.id(), t.id()], y.id());
    (g, leaves, y)
}

#[test]
fn a_comparison_of_frozen_leaves_must_hold_at_their_values_of_now() {
    let frozen = Options::new().freeze_leaves(true);
    for forward in [false, true] {
        let (mut g, [x, t], y) = recorded();
        let eval = |g: &mut Graph, at: f64, options: &Options| {
            g.set(t, at);
            if forward {
                assert_eq!(g.forward().is_ok(), at < 2.0f64.min(3.0f64.sqrt()));
            }
            let mut out = [0.0];
            Program::compile(g, [x], [y], options)?.eval(&[5.0], &mut out, &mut Workspace::new())?;
            Ok::<f64, Error>(out[0])
        };
        assert_eq!(eval(&mut g, 1.5, &frozen).unwrap(), 7.5);
        for at in [1.8, 3.0, f64::NAN] {
            let error = eval(&mut g, at, &frozen).unwrap_err();
            let Error::Graph(wengert::Error::GuardFlipped { left, recorded: true, .. }) = &error else {
                panic!("{error:?}")
            };
            assert_ne!(*left, t, "the first comparison is of the square");
            assert!(error.to_string().contains("is false at the new values"), "{error}");
            assert_eq!(eval(&mut g, at, &frozen.guards(false)).unwrap().to_bits(), (5.0 * at).to_bits());
        }
        assert_eq!(eval(&mut g, -1.5, &frozen).unwrap(), -7.5);
    }
}

#[test]
fn a_comparison_of_leaves_that_are_not_inputs_must_hold_though_only_leaves_are_on_the_tape() {
    let mut g = Graph::new();
    let [x, t, u] = [g.leaf(1.0), g.leaf(1.0), g.leaf(2.0)];
    let y = if g.expr(t) < g.expr(u) { x } else { u };
    let options = Options::new();
    Program::compile(&g, [x], [y], &options).unwrap();
    g.set(t, 3.0);
    let error = Program::compile(&g, [x], [y], &options).unwrap_err();
    assert!(matches!(error, Error::Graph(wengert::Error::GuardFlipped { .. })), "{error:?}");
    // As an input, it is checked at each point.
    let program = Program::compile(&g, [x, t], [y], &options.freeze_leaves(true)).unwrap();
    let mut out = [0.0];
    program.eval(&[5.0, 1.0], &mut out, &mut Workspace::new()).unwrap();
    assert_eq!(out, [5.0]);
    assert!(matches!(program.eval(&[5.0, 3.0], &mut out, &mut Workspace::new()), Err(Error::GuardFlipped { .. })));
    // One with an input and another leaf needs both.
    let error = Program::compile(&g, [x, u], [y], &options).unwrap_err();
    assert!(matches!(error, Error::LooseLeaf { node } if node == t), "{error:?}");
    assert!(error.to_string().contains("or a comparison made while recording"), "{error}");
}

/// The square root, which fails below 0. It has this name.
struct Root(&'static str);

impl External for Root {
    fn name(&self) -> &str {
        self.0
    }
    fn shape(&self) -> (usize, usize) {
        (1, 1)
    }
    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        y[0] = x[0].sqrt();
        if x[0] < 0.0 { Err("negative".into()) } else { Ok(()) }
    }
    fn vjp(&self, _: &[f64], y: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        xbar[0] = ybar[0] * 0.5 / y[0];
        Ok(())
    }
}

fn root<'g>(x: Expr<'g>) -> Expr<'g> {
    let root: Arc<dyn External> = Arc::new(Root("root"));
    Expr::external(&root, &[x])[0]
}

/// Checks that a point alone, at a place of a batch and on every route fails by the function, or else by a guard.
#[track_caller]
fn fails(program: &Program, at: &[f64], function: bool) {
    let ways = [Some(Native::Never), is_possible().then_some(Native::Always)];
    let mut out = vec![0.0; program.output_count()];
    for native in ways.into_iter().flatten() {
        let mut workspace = Workspace::with(Setup::new().native(native));
        let error = program.eval(at, &mut out, &mut workspace).unwrap_err();
        assert_eq!(matches!(error, Error::External { point: None, .. }), function, "{error}");
        assert_eq!(matches!(error, Error::GuardFlipped { point: None, .. }), !function, "{error}");
        match program.eval_where_valid(at, &mut out, &mut workspace) {
            Ok(validity) => assert_eq!((validity, function), (Validity::Flipped, false)),
            Err(error) => assert!(function, "{error}"),
        }
    }
    let mut columns = vec![vec![0.0; 9]; out.len()];
    let mut columns: Vec<&mut [f64]> = columns.iter_mut().map(|column| &mut column[..]).collect();
    let inputs: Vec<&[f64]> = at.chunks(1).collect();
    let error = program.eval_batch(9, &inputs, &mut columns, &mut Workspace::new()).unwrap_err();
    assert_eq!(matches!(error, Error::External { point: Some(0), .. }), function, "{error}");
    assert_eq!(matches!(error, Error::GuardFlipped { point: Some(0), .. }), !function, "{error}");
}

fn compiled(at: &[f64], f: impl for<'g> Fn(&[Expr<'g>]) -> Expr<'g>, options: &Options) -> Program {
    Program::from_fn(at, |x| vec![f(x)], options).unwrap()
}

#[test]
fn a_guard_wins_over_a_failing_call_only_if_it_was_recorded_before_it() {
    for options in [Options::new(), Options::plain()] {
        // It compares what the call gave: NaN where it failed.
        let later = compiled(
            &[4.0],
            |x| {
                let y = root(x[0]);
                if y > 1.0 { y * 2.0 } else { y }
            },
            &options,
        );
        fails(&later, &[-1.0], true);
        fails(&later, &[0.25], false);
        let before = compiled(&[4.0], |x| if x[0] < 0.0 { -x[0] } else { root(x[0]) }, &options);
        fails(&before, &[-1.0], false);
        // Two calls, and a comparison between them.
        let between = compiled(
            &[4.0, 4.0],
            |x| {
                let y = root(x[0]);
                if y > 1.0 { root(x[1]) + y } else { y }
            },
            &options,
        );
        fails(&between, &[-1.0, -1.0], true);
        fails(&between, &[-1.0, 4.0], true);
        fails(&between, &[0.25, -1.0], false);
        fails(&between, &[4.0, -1.0], true);
    }
}

#[test]
fn a_guard_of_points_wins_over_a_later_call_of_uniform_inputs() {
    let g = Graph::new();
    let [x, p] = [g.var(1.0), g.var(1.0)];
    let y = if x < 0.0 { -x } else { root(p) * x };
    let program =
        Program::compile(&g, [Input::per_point(x.id()), Input::uniform(p.id())], [y], &Options::new()).unwrap();
    fails(&program, &[-1.0, -1.0], false);
    fails(&program, &[1.0, -1.0], true);
    let run = |xs: &[f64], p: f64| {
        program.eval_batch(3, &[xs, &[p]], &mut [&mut [0.0; 3]], &mut Workspace::new()).map_err(|e| e.to_string())
    };
    // The call fails at all points, so at the first.
    assert!(run(&[1.0, -1.0, 1.0], -1.0).unwrap_err().starts_with("at point 0: the function \"root\""));
    assert!(run(&[1.0, -1.0, 1.0], 1.0).unwrap_err().contains("at point 1"));
}

#[test]
fn comparisons_in_statements_stand_among_the_others_in_the_order_of_recording() {
    let branch = Statement::new("branch", 1, function!(|u| if u[0] > 1.0 { u[0] * 2.0 } else { u[0] }));
    fn f<'g>(branch: &Statement<impl Function + Send + Sync + 'static>, x: &[Expr<'g>]) -> Vec<Expr<'g>> {
        if x[0] > 9.0 || x[0] < 0.0 {
            return vec![-x[0]];
        }
        vec![Expr::call(branch, &[root(x[0])])]
    }
    let program = Program::from_fn(&[4.0], |x| f(&branch, x), &Options::new()).unwrap();
    fails(&program, &[-1.0], false);
    fails(&program, &[0.25], false);
    let error = program.eval(&[-1.0], &mut [0.0], &mut Workspace::new()).unwrap_err();
    assert!(matches!(error, Error::GuardFlipped { guard: 1, .. }), "{error}");
    let error = program.eval(&[0.25], &mut [0.0], &mut Workspace::new()).unwrap_err();
    assert!(matches!(error, Error::GuardFlipped { guard: 2, .. }), "{error}");
    // Read from a file, the order stays.
    fails(&Program::from_bytes_with(&program.to_bytes(), &[Arc::new(Root("root"))]).unwrap(), &[-1.0], false);
    // After the call, all lose.
    let after = Program::from_fn(
        &[4.0],
        |x| {
            let y = Expr::call(&branch, &[root(x[0])]);
            vec![if y > 3.0 { y } else { x[0] }]
        },
        &Options::new(),
    );
    fails(&after.unwrap(), &[-1.0], true);
}

#[test]
fn a_batch_of_no_points_checks_and_calls_nothing() {
    let g = Graph::new();
    let [x, p] = [g.var(1.0), g.var(1.0)];
    let y = if p < 0.0 { x } else { root(p) * x };
    let inputs = [Input::per_point(x.id()), Input::uniform(p.id())];
    for guards in [true, false] {
        let outputs = [Output::per_point(y.id()), Output::sum(y.id())];
        let program = Program::compile(&g, inputs, outputs, &Options::new().guards(guards)).unwrap();
        let (mut sum, mut workspace) = ([1.0], Workspace::new());
        program.eval_batch(0, &[&[], &[-1.0]], &mut [&mut [], &mut sum], &mut workspace).unwrap();
        assert_eq!(sum, [0.0]);
        let one = program.eval_batch(1, &[&[1.0], &[-1.0]], &mut [&mut [0.0], &mut sum], &mut workspace).unwrap_err();
        assert_eq!(matches!(one, Error::GuardFlipped { .. }), guards, "{one}");
    }
}

#[test]
fn a_comparison_that_is_the_same_at_all_points_flips_at_none_of_them() {
    let g = Graph::new();
    let [a, x] = [g.var(0.5), g.var(1.0)];
    let y = if a < 1.0 { x } else { -x };
    let y = if x < 2.0 { y } else { -y };
    let program =
        Program::compile(&g, [Input::uniform(a.id()), x.id().into()], [y], &Options::new()).expect("compiles");
    let flipped_at =
        |a: f64, x: [f64; 2]| match program.eval_batch(2, &[&[a], &x], &mut [&mut [0.0; 2]], &mut Workspace::new()) {
            Err(Error::GuardFlipped { guard, point, .. }) => Some((guard, point)),
            other => other.map(|()| None).expect("no other error"),
        };
    assert_eq!(flipped_at(0.5, [1.0, 1.0]), None);
    assert_eq!(flipped_at(0.5, [1.0, 3.0]), Some((1, Some(1))));
    assert_eq!(flipped_at(1.5, [1.0, 1.0]), Some((0, None)));
    assert_eq!(flipped_at(1.5, [1.0, 3.0]), Some((0, None)));
}

#[test]
fn of_two_comparisons_or_failures_the_one_recorded_first_is_the_error_whichever_is_uniform() {
    // The body compares first.
    let g = Graph::new();
    let [a, x] = [g.var(0.5), g.var(1.0)];
    let y = if x < 2.0 { x } else { -x };
    let y = if a < 1.0 { y } else { -y };
    let inputs = [Input::uniform(a.id()), Input::per_point(x.id())];
    let program = Program::compile(&g, inputs, [y], &Options::new()).expect("compiles");
    let error = program.eval(&[1.5, 3.0], &mut [0.0], &mut Workspace::new());
    assert!(matches!(error, Err(Error::GuardFlipped { guard: 0, .. })), "{error:?}");
    let error = program.eval_batch(1, &[&[1.5], &[3.0]], &mut [&mut [0.0]], &mut Workspace::new());
    assert!(matches!(error, Err(Error::GuardFlipped { guard: 0, point: Some(0), .. })), "{error:?}");
    // The body calls first.
    let g = Graph::new();
    let [a, x] = [g.var(0.5), g.var(1.0)];
    let [f, h] = ["first", "second"].map(|name| Arc::new(Root(name)) as Arc<dyn External>);
    let y = Expr::external(&f, &[x])[0] + Expr::external(&h, &[a])[0];
    let inputs = [Input::uniform(a.id()), Input::per_point(x.id())];
    let program = Program::compile(&g, inputs, [y], &Options::new()).expect("compiles");
    for error in [
        program.eval(&[-1.0, -1.0], &mut [0.0], &mut Workspace::new()),
        program.eval_batch(1, &[&[-1.0], &[-1.0]], &mut [&mut [0.0]], &mut Workspace::new()),
    ] {
        assert!(error.as_ref().is_err_and(|error| error.to_string().contains("first")), "{error:?}");
    }
}
