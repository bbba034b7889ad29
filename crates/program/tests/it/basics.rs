//! What a program computes: the same as its graph.

use wengert::Graph;
use wengert_program::{Error, Input, InstructionSet, Options, Output, Program, Setup, Workspace};

fn one_core() -> Workspace {
    Workspace::with(Setup::new().threads(1))
}

/// A function with every kind of step.
fn tour() -> Program {
    Program::value_and_gradient(
        &[0.3, 1.7, -0.4],
        |x| {
            let [x, y, z] = [x[0], x[1], x[2]];
            let folds = [x * y, y.exp(), z.sin()].into_iter().sum::<wengert::Expr<'_>>();
            let mixed = (x.atan2(y) + z.abs()).max(y.powi(3)) - y.sqrt() / (z * z + 1.0);
            mixed * folds + (x - y).tanh() * z.sigmoid()
        },
        &Options::new(),
    )
    .expect("compiles")
}

#[test]
fn a_program_gives_the_value_and_gradient_of_its_graph() {
    let g = Graph::new();
    let (x, y) = (g.leaf(0.5), g.leaf(2.0));
    let f = g.mul(g.add(x, g.sin(y)), g.ln(y));
    let grad = g.gradient_nodes(f, &[x, y]);
    let program = Program::compile(&g, [x, y], [f, grad[0], grad[1]], &Options::new()).unwrap();
    let mut out = [0.0; 3];
    program.eval(&[0.5, 2.0], &mut out, &mut one_core()).unwrap();
    for (got, node) in out.into_iter().zip([f, grad[0], grad[1]]) {
        let expected = g.value(node);
        assert!((got - expected).abs() <= 4.0 * f64::EPSILON * expected.abs(), "{got} {expected}");
    }
}

#[test]
fn a_point_has_the_same_bits_anywhere() {
    let program = tour();
    // Enough points that threads share them, but few for Miri, which is slow.
    let points = if cfg!(miri) { 7 } else { 5_003 };
    let columns: Vec<Vec<f64>> = (0..3)
        .map(|k| (0..points).map(|i| ((i * 7 + k * 31) % 97) as f64 * 0.05 - 1.3 + k as f64 * 1.2).collect())
        .collect();
    let inputs: Vec<&[f64]> = columns.iter().map(|c| &c[..]).collect();
    let mut alone = vec![vec![0.0; points]; 4];
    let mut workspace = one_core();
    for i in 0..points {
        let mut out = [0.0; 4];
        program.eval(&[columns[0][i], columns[1][i], columns[2][i]], &mut out, &mut workspace).unwrap();
        for k in 0..4 {
            alone[k][i] = out[k];
        }
    }
    let all = [4, 8, 12, 16, 28, 64, 256];
    for &lanes in if cfg!(miri) { &all[..2] } else { &all } {
        for threads in [1, 2, 3] {
            let mut outputs = vec![vec![0.0; points]; 4];
            let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(|c| &mut c[..]).collect();
            let mut workspace = Workspace::with(Setup::new().lanes(lanes).threads(threads));
            program.eval_batch(points, &inputs, &mut slices, &mut workspace).unwrap();
            for k in 0..4 {
                for i in 0..points {
                    assert_eq!(outputs[k][i].to_bits(), alone[k][i].to_bits(), "lanes {lanes} output {k} point {i}");
                }
            }
        }
    }
}

#[test]
fn a_sum_has_the_same_bits_for_any_lanes_and_threads() {
    let g = Graph::new();
    let (w, x) = (g.leaf(0.5), g.leaf(2.0));
    let f = g.mul(w, g.tanh(g.mul(w, x)));
    let grad = g.gradient_nodes(f, &[w]);
    let program = Program::compile(
        &g,
        [Input::uniform(w), Input::per_point(x)],
        [Output::sum(f), Output::sum(grad[0])],
        &Options::new(),
    )
    .unwrap();
    let all = [0, 1, 3, 64, 100, 1000, 123_457];
    for &points in if cfg!(miri) { &all[..3] } else { &all[..] } {
        let xs: Vec<f64> = (0..points).map(|i| (i as f64 * 0.37).sin()).collect();
        let run = |setup: Setup| {
            let (mut value, mut slope) = ([0.0], [0.0]);
            program
                .eval_batch(points, &[&[0.7], &xs], &mut [&mut value, &mut slope], &mut Workspace::with(setup))
                .unwrap();
            [value[0].to_bits(), slope[0].to_bits()]
        };
        let expected = run(Setup::new().lanes(64).threads(1));
        for lanes in [4, 8, 12, 20, 64, 256] {
            for threads in [1, 2, 5] {
                assert_eq!(
                    run(Setup::new().lanes(lanes).threads(threads)),
                    expected,
                    "{points} points, {lanes} lanes, {threads} threads"
                );
            }
        }
        let about: f64 = xs.iter().map(|x| 0.7 * (0.7 * x).tanh()).sum();
        assert!((f64::from_bits(expected[0]) - about).abs() < 1e-12 * points.max(1) as f64);
    }
}

#[test]
fn constants_beside_operators_are_values_like_others() {
    let program =
        Program::from_fn(&[0.5], |x| vec![(6.0 / x[0]) * (5.0 - ((x[0] * 3.0 + 2.0) / 4.0 - 1.0))], &Options::new())
            .unwrap();
    for instruction in program.instructions() {
        assert!(!instruction.op.name().contains("_c") && !instruction.op.name().contains("c_"), "{instruction}");
    }
    assert_eq!(program.report().paired, 1, "x * 3 + 2 is one step:\n{program}");
    let mut out = [0.0];
    program.eval(&[0.7], &mut out, &mut one_core()).unwrap();
    assert_eq!(out[0], (6.0 / 0.7) * (5.0 - ((0.7 * 3.0 + 2.0) / 4.0 - 1.0)));
}

#[test]
fn a_guard_that_flips_is_named_with_its_point() {
    let program = Program::from_fn(
        &[1.0, 2.0],
        |x| {
            let big = if x[0].named("left") < x[1] { x[1] } else { x[0] };
            vec![big * 2.0]
        },
        &Options::new(),
    )
    .unwrap();
    let (xs, ys) = ([0.0, 1.0, 2.0, 5.0, 9.0], [1.0, 2.0, 3.0, 4.0, 1.0]);
    let mut out = [0.0; 5];
    let error = program.eval_batch(5, &[&xs, &ys], &mut [&mut out], &mut one_core()).unwrap_err();
    let Error::GuardFlipped { guard: 0, point: Some(3), ref left, recorded: true, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(left, "left");
    let text = error.to_string();
    assert!(text.starts_with("the comparison left "), "{text}");
    assert!(text.contains(" was true when it was recorded and is false at point 3"), "{text}");
    program.without_guards().eval_batch(5, &[&xs, &ys], &mut [&mut out], &mut one_core()).unwrap();
    assert_eq!(out, [2.0, 4.0, 6.0, 8.0, 2.0]);
}

#[test]
fn a_program_records_as_the_graph_it_was_compiled_from() {
    let program = tour();
    let graph = Graph::new();
    let x = graph.leaves(&[0.1, 0.9, 3.0]);
    let recorded = program.record(&graph, &x).unwrap();
    let again = Program::compile(&graph, x.iter().copied(), recorded.iter().copied(), &Options::new()).unwrap();
    assert_eq!(again.to_string(), program.to_string());
    assert_eq!(again.to_bytes(), program.to_bytes());
    let (mut a, mut b) = ([0.0; 4], [0.0; 4]);
    program.eval(&[0.1, 0.9, 3.0], &mut a, &mut one_core()).unwrap();
    again.eval(&[0.1, 0.9, 3.0], &mut b, &mut one_core()).unwrap();
    assert_eq!(a.map(f64::to_bits), b.map(f64::to_bits));
    for (node, a) in recorded.into_iter().zip(a) {
        let value = graph.value(node);
        assert!((value - a).abs() <= 1e-14 * a.abs(), "{value} {a}");
    }
    assert!(matches!(program.record(&graph, &x[..2]), Err(Error::Length { expected: 3, given: 2, .. })));
    let other = Graph::new();
    assert!(matches!(program.record(&other, &x), Err(Error::Graph(_))));
}

#[test]
fn what_cannot_be_compiled_or_run_is_a_named_error() {
    let g = Graph::new();
    let other = Graph::new();
    let (x, y) = (g.leaf(1.0), g.leaf(2.0));
    let f = g.mul(x, y);
    let o = Options::new();
    let none: [wengert::NodeId; 0] = [];
    assert!(matches!(Program::compile(&g, [x, y], none, &o), Err(Error::NoOutputs)));
    assert!(matches!(Program::compile(&g, [x], [f], &o), Err(Error::LooseLeaf { node }) if node == y));
    assert!(matches!(Program::compile(&g, [x, f], [f], &o), Err(Error::NotALeaf { input: 1, .. })));
    assert!(matches!(Program::compile(&g, [x, y, x], [f], &o), Err(Error::RepeatedInput { input: 2, .. })));
    assert!(matches!(Program::compile(&g, [x, y], [other.leaf(0.0)], &o), Err(Error::Graph(_))));
    let frozen = Program::compile(&g, [x], [f], &o.freeze_leaves(true)).unwrap();
    let mut out = [0.0];
    frozen.eval(&[21.0], &mut out, &mut one_core()).unwrap();
    assert_eq!(out, [42.0]);
    assert!(matches!(frozen.eval(&[1.0, 2.0], &mut out, &mut one_core()), Err(Error::Length { .. })));
    assert!(matches!(frozen.eval(&[1.0], &mut [], &mut one_core()), Err(Error::Length { .. })));
    let mut short = [0.0; 2];
    let ragged = frozen.eval_batch(3, &[&[1.0; 3]], &mut [&mut short], &mut one_core());
    assert!(matches!(ragged, Err(Error::Length { expected: 3, given: 2, .. })));
    let ragged = frozen.eval_batch(2, &[&[1.0; 3]], &mut [&mut short], &mut one_core());
    assert!(matches!(ragged, Err(Error::Length { expected: 2, given: 3, .. })));
}

#[test]
fn outputs_may_be_inputs_and_constants() {
    let g = Graph::new();
    let (x, w) = (g.leaf(1.0), g.leaf(2.0));
    let c = g.constant(7.0);
    let twice = g.add(w, w);
    let outputs = [
        Output::per_point(x),
        Output::per_point(c),
        Output::per_point(w),
        Output::per_point(twice),
        Output::sum(x),
        Output::sum(c),
        Output::per_point(x),
    ];
    let program = Program::compile(&g, [Input::per_point(x), Input::uniform(w)], outputs, &Options::new()).unwrap();
    let mut columns = [[0.0; 3]; 5];
    let [a, b, c, d, e] = &mut columns;
    let (mut s, mut t) = ([0.0], [0.0]);
    program.eval_batch(3, &[&[1.0, 2.0, 3.0], &[5.0]], &mut [a, b, c, d, &mut s, &mut t, e], &mut one_core()).unwrap();
    assert_eq!(columns, [[1.0, 2.0, 3.0], [7.0; 3], [5.0; 3], [10.0; 3], [1.0, 2.0, 3.0]]);
    assert_eq!((s, t), ([6.0], [21.0]));
}

#[test]
fn a_saved_program_gives_the_same_bits() {
    let folder = std::env::temp_dir().join(format!("wengert-program-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("tour.program");
    let program = tour();
    program.save(&path).unwrap();
    let loaded = Program::load(&path).unwrap();
    let files = std::fs::read_dir(&folder).unwrap().count();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(files, 1, "nothing but the file is left");
    assert_eq!(loaded.to_bytes(), program.to_bytes());
    assert_eq!(loaded.to_string(), program.to_string());
    let (mut a, mut b) = ([0.0; 4], [0.0; 4]);
    let mut workspace = one_core();
    program.eval(&[0.1, 0.9, 3.0], &mut a, &mut workspace).unwrap();
    loaded.eval(&[0.1, 0.9, 3.0], &mut b, &mut workspace).unwrap();
    assert_eq!(a.map(f64::to_bits), b.map(f64::to_bits));
    assert!(matches!(Program::load(folder.join("absent")), Err(Error::File { .. })));
}

#[test]
fn counts_out_of_bounds_are_named_errors_or_are_clamped() {
    let g = Graph::new();
    let (w, x) = (g.leaf(1.0), g.leaf(2.0));
    let outputs = [Output::sum(g.mul(w, w))];
    let program = Program::compile(&g, [Input::uniform(w), Input::per_point(x)], outputs, &Options::new()).unwrap();
    let run = |points, workspace: &mut Workspace| {
        let mut sum = [0.0];
        let result = program.eval_batch(points, &[&[3.0], &[1.0]], &mut [&mut sum], workspace);
        result.map(|()| sum[0])
    };
    let mut extremes = Vec::new();
    for count in [0, usize::MAX] {
        extremes.push(Workspace::with(Setup::new().lanes(count)));
        extremes.push(Workspace::with(Setup::new().threads(count).lanes(4)));
        extremes.push(Workspace::with(Setup::new().threads(count).lanes(count)));
    }
    for workspace in &mut extremes {
        assert_eq!(run(5, workspace).unwrap(), 45.0);
        assert_eq!(run(0, workspace).unwrap(), 0.0);
        assert!((8..=1024).contains(&workspace.lanes()));
        for points in [usize::MAX, usize::MAX - 3, 1 << 60] {
            let error = run(points, workspace).unwrap_err();
            assert!(matches!(error, Error::TooManyPoints { points: given, .. } if given == points));
            assert!(error.to_string().contains("run several"), "{error}");
        }
        assert_eq!(run(5, workspace).unwrap(), 45.0, "after an error");
    }
}

#[test]
fn an_output_out_of_range_panics_at_the_caller_s_line() {
    use std::panic::{catch_unwind, set_hook, take_hook};
    let program = tour();
    let this = std::thread::current().id();
    let (send, told) = std::sync::mpsc::channel();
    let before = std::sync::Arc::new(take_hook());
    let other = std::sync::Arc::clone(&before);
    // The hook is that of the process, where other tests may panic at the same time.
    set_hook(Box::new(move |info| match std::thread::current().id() == this {
        true => {
            let place = info.location().map(|place| (place.file().to_string(), place.line()));
            let _ = send.send((place, info.to_string()));
        }
        false => other(info),
    }));
    let line = line!();
    let output = catch_unwind(|| program.output(4)).is_err();
    let input = catch_unwind(|| program.input_spread(3)).is_err();
    set_hook(Box::new(move |info| before(info)));
    assert!(output && input);
    for (after, expected) in [(1, "no output 4: there are 4"), (2, "no input 3: there are 3")] {
        let (place, message) = told.recv().unwrap();
        assert_eq!(place, Some((file!().to_string(), line + after)), "{message}");
        assert!(message.contains(expected), "{message}");
    }
}

/// The slots without and with reordering, where all terms are recorded before their sum.
fn terms_then_sum(count: usize) -> (usize, usize) {
    let graph = Graph::new();
    let x = graph.leaf(0.5);
    let terms: Vec<_> = (0..count)
        .map(|k| {
            let factor = graph.constant(k as f64);
            graph.exp(graph.mul(graph.sin(x), factor))
        })
        .collect();
    let sum = graph.sum(&terms);
    let slots = |order: bool| {
        let options = Options::new().order(order);
        Program::compile(&graph, [x], [sum], &options).map_or(0, |program| program.report().slots)
    };
    (slots(false), slots(true))
}

#[test]
fn terms_that_are_summed_later_are_computed_when_the_sum_needs_them() {
    let (before, after) = terms_then_sum(100);
    assert!(before >= 100 && after <= 4, "{before} {after}");
}

#[test]
fn a_batch_after_a_point_of_another_program_has_its_own_uniform_values() {
    // Of different sizes, so that the memory of one is not that of the other.
    let scaled = |count: usize| {
        let g = Graph::new();
        let (w, x) = (g.leaves(&vec![0.5; count]), g.leaf(0.5));
        let outputs: Vec<_> = w.iter().map(|&w| (g.expr(w) * 2.0 * g.expr(x) + 3.0).id()).collect();
        let inputs = w.iter().map(|&w| Input::uniform(w)).chain([x.into()]);
        Program::compile(&g, inputs, outputs, &Options::new()).expect("compiles")
    };
    let (small, large) = (scaled(2), scaled(100));
    let mut workspace = Workspace::with(Setup::new().threads(1).native(wengert_program::Native::Never));
    for _ in 0..3 {
        let (mut a, mut b) = ([0.0; 3], [0.0; 3]);
        let inputs: [&[f64]; 3] = [&[0.5], &[1.0], &[1.0, 2.0, 3.0]];
        small.eval_batch(3, &inputs, &mut [&mut a, &mut b], &mut workspace).expect("runs");
        assert_eq!((a, b), ([4.0, 5.0, 6.0], [5.0, 7.0, 9.0]));
        large.eval(&[0.25; 101], &mut [0.0; 100], &mut workspace).expect("runs");
    }
}

#[test]
fn a_clone_of_a_workspace_has_its_setup_and_memory_of_its_own() {
    let program = Program::from_fn(&[0.5], |x| vec![x[0].exp() * 2.0], &Options::new()).expect("compiles");
    let set = *InstructionSet::available().last().expect("one at least");
    let mut workspace = Workspace::with(Setup::new().instructions(set).lanes(12).threads(1));
    let (mut out, mut column) = ([0.0], [0.0; 5]);
    program.eval(&[0.5], &mut out, &mut workspace).expect("runs");
    let mut clone = workspace.clone();
    assert_eq!((clone.instructions(), clone.bytes()), (set, 0));
    program.eval_batch(5, &[&[0.5; 5]], &mut [&mut column], &mut clone).expect("runs");
    assert_eq!((column, clone.lanes(), workspace.lanes()), ([out[0]; 5], 16, 0));
}

#[test]
fn a_rule_sees_that_its_operands_are_computed_alike() {
    let program = Program::from_fn(&[0.5], |x| vec![x[0].sin().max(x[0].sin())], &Options::new()).expect("compiles");
    assert_eq!(program.instructions().len(), 2, "{program}");
    assert_eq!(program.report().slots, 1);
}
