//! Programs that call functions of the user's own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use wengert::{Expr, External, Graph, NodeId, Real, Scalar};
use wengert_program::{Error, Input, Language, Native, Options, Output, Program, Setup, Workspace};

use crate::native::is_possible;

/// Polar to Cartesian coordinates. Has no value at a negative radius, and panics at an angle above 100.
struct Polar;

impl External for Polar {
    fn name(&self) -> &str {
        "polar"
    }
    fn shape(&self) -> (usize, usize) {
        (2, 2)
    }
    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        assert!(x[1] <= 100.0, "an angle of {}", x[1]);
        if x[0] < 0.0 {
            return Err(format!("a radius of {}", x[0]));
        }
        y.copy_from_slice(&[x[0] * x[1].cos(), x[0] * x[1].sin()]);
        Ok(())
    }
    fn vjp(&self, x: &[f64], y: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        let (sin, cos) = x[1].sin_cos();
        xbar.copy_from_slice(&[ybar[0] * cos + ybar[1] * sin, ybar[1] * y[0] - ybar[0] * y[1]]);
        Ok(())
    }
    fn pullback<'g>(&self, x: &[Expr<'g>], y: &[Expr<'g>], ybar: &[Expr<'g>]) -> Option<Vec<Expr<'g>>> {
        Some(vec![ybar[0] * x[1].cos() + ybar[1] * x[1].sin(), ybar[1] * y[0] - ybar[0] * y[1]])
    }
}

/// The same, with a value and a `vjp` only.
struct Bare;

impl External for Bare {
    fn name(&self) -> &str {
        "bare"
    }
    fn shape(&self) -> (usize, usize) {
        (2, 2)
    }
    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        Polar.value(x, y)
    }
    fn vjp(&self, x: &[f64], y: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        Polar.vjp(x, y, ybar, xbar)
    }
}

/// The sum of 40 inputs and their number: more than a call has room for on the stack.
struct Wide(usize);

impl External for Wide {
    fn name(&self) -> &str {
        "wide"
    }
    fn shape(&self) -> (usize, usize) {
        (self.0, 2)
    }
    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        y.copy_from_slice(&[x.iter().sum(), x.len() as f64]);
        Ok(())
    }
    fn vjp(&self, _: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        xbar.fill(ybar[0]);
        Ok(())
    }
}

/// `x`, `y` and `w`, and outputs that use all of the function, one output of it, and it again with the inputs exchanged.
fn recorded(f: &Arc<dyn External>) -> (Graph, [NodeId; 3], Vec<NodeId>) {
    let g = Graph::new();
    let leaves = [g.var(0.5), g.var(1.25), g.var(0.75)];
    let [x, y, w] = leaves;
    let first = g.external(Arc::clone(f), &[x * x + w, y - w]);
    let second = g.external(Arc::clone(f), &[(y * y).exp(), first[1]]);
    let third = g.external(Arc::clone(f), &[w.exp(), w]);
    let outputs = vec![first[0] * y + second[1], second[1] - third[0], (third[1] + x.sin()) * w];
    let (leaves, outputs) = (leaves.map(Expr::id), outputs.into_iter().map(Expr::id).collect());
    (g, leaves, outputs)
}

fn both() -> [Arc<dyn External>; 2] {
    [Arc::new(Polar), Arc::new(Bare)]
}

/// What the graph gives at these points.
fn expected(g: &mut Graph, leaves: &[NodeId; 3], outputs: &[NodeId], at: [f64; 3]) -> Vec<f64> {
    let mut out = vec![0.0; outputs.len()];
    g.evaluate_into(leaves, &at, outputs, &mut out).unwrap();
    out
}

#[track_caller]
fn close(a: &[f64], b: &[f64]) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= 1e-13 * (1.0 + b.abs()), "{a} and {b}");
    }
}

fn every_option() -> Vec<Options> {
    let new = Options::new();
    vec![
        new,
        Options::plain(),
        Options::fast(),
        new.reuse(false),
        new.order(false),
        new.dead(false),
        new.share(false).fold(false),
    ]
}

#[test]
fn points_batches_and_uniform_inputs_have_the_values_of_the_graph() {
    for f in both() {
        let (mut g, leaves, outputs) = recorded(&f);
        let [x, y, w] = leaves;
        let points = 1003;
        let xs: Vec<f64> = (0..points).map(|k| 0.001 * k as f64).collect();
        let ys: Vec<f64> = xs.iter().map(|x| 1.0 + x.sin()).collect();
        let want: Vec<Vec<f64>> =
            xs.iter().zip(&ys).map(|(&x, &y)| expected(&mut g, &leaves, &outputs, [x, y, 0.75])).collect();
        for options in every_option() {
            for uniform in [false, true] {
                let third = if uniform { Input::uniform(w) } else { Input::per_point(w) };
                let given = outputs.iter().map(|&output| Output::per_point(output));
                let given = given.chain([Output::sum(outputs[1])]);
                let program =
                    Program::compile(&g, [Input::per_point(x), Input::per_point(y), third], given, &options).unwrap();
                for lanes in [4, 12, 64] {
                    let mut workspace = Workspace::with(Setup::new().lanes(lanes).threads(2));
                    let mut columns = vec![vec![0.0; points]; 3];
                    let mut sum = [0.0];
                    let mut out: Vec<&mut [f64]> = columns.iter_mut().map(|column| &mut column[..]).collect();
                    out.push(&mut sum);
                    program.eval_batch(points, &[&xs, &ys, &[0.75]], &mut out, &mut workspace).unwrap();
                    for (k, want) in want.iter().enumerate() {
                        close(&columns.iter().map(|column| column[k]).collect::<Vec<_>>(), want);
                    }
                    close(&sum, &[want.iter().map(|want| want[1]).sum()]);
                }
                let mut one = [0.0; 4];
                for native in [Native::Never, Native::Auto] {
                    let mut workspace = Workspace::with(Setup::new().native(native));
                    for _ in 0..10 {
                        program.eval(&[xs[7], ys[7], 0.75], &mut one, &mut workspace).unwrap();
                        close(&one[..3], &want[7]);
                    }
                }
            }
        }
    }
}

#[test]
fn batches_have_the_bits_of_points() {
    for f in both() {
        let (g, leaves, outputs) = recorded(&f);
        let program = Program::compile(&g, leaves, outputs, &Options::new()).unwrap();
        let xs: Vec<f64> = (0..103).map(|k| 0.01 * f64::from(k)).collect();
        let ys: Vec<f64> = xs.iter().map(|x| 1.0 - 0.5 * x).collect();
        for lanes in [4, 12, 64] {
            let mut workspace = Workspace::with(Setup::new().lanes(lanes).threads(2));
            let mut columns = vec![vec![0.0; xs.len()]; 3];
            let mut out: Vec<&mut [f64]> = columns.iter_mut().map(|column| &mut column[..]).collect();
            program.eval_batch(xs.len(), &[&xs, &ys, &[0.75]], &mut out, &mut workspace).unwrap();
            for k in 0..xs.len() {
                let mut one = [0.0; 3];
                program.eval(&[xs[k], ys[k], 0.75], &mut one, &mut workspace).unwrap();
                assert_eq!(one.map(f64::to_bits), [0, 1, 2].map(|output| columns[output][k].to_bits()), "point {k}");
            }
        }
    }
}

#[test]
fn a_guard_beside_calls_is_checked_at_every_point() {
    let polar: Arc<dyn External> = Arc::new(Polar);
    let f = Program::from_fn(
        &[1.0, 0.5],
        |x| {
            let y = Expr::external(&polar, x);
            vec![if y[0] > y[1] { y[0] } else { y[1] }]
        },
        &Options::new(),
    );
    let program = f.unwrap();
    let angles: Vec<f64> = (0..100).map(|k| 0.01 * f64::from(k)).collect();
    let mut column = vec![0.0; 100];
    let error = program.eval_batch(100, &[&[2.0], &angles], &mut [&mut column], &mut Workspace::new()).unwrap_err();
    // The first beyond a quarter of pi.
    assert!(matches!(error, Error::GuardFlipped { point: Some(79), .. }), "{error}");
    program.eval_batch(79, &[&[2.0], &angles[..79]], &mut [&mut column[..79]], &mut Workspace::new()).unwrap();
    close(&column[..79], &angles[..79].iter().map(|angle| 2.0 * angle.cos()).collect::<Vec<_>>());
}

#[test]
fn machine_code_calls_the_function() {
    if !is_possible() {
        return;
    }
    for f in both() {
        let (mut g, leaves, outputs) = recorded(&f);
        let program = Program::compile(&g, leaves, outputs.clone(), &Options::new()).unwrap();
        let mut workspace = Workspace::with(Setup::new().native(Native::Always));
        let mut plain = Workspace::with(Setup::new().native(Native::Never));
        let (mut out, mut same) = ([0.0; 3], [0.0; 3]);
        for k in 0..50 {
            let at = [0.1 * f64::from(k), 1.0 - 0.03 * f64::from(k), 0.02 * f64::from(k)];
            program.eval(&at, &mut out, &mut workspace).unwrap();
            program.eval(&at, &mut same, &mut plain).unwrap();
            assert_eq!(out.map(f64::to_bits), same.map(f64::to_bits));
            close(&out, &expected(&mut g, &leaves, &outputs, at));
        }
        // A failure, a panic, and the next point.
        let error = program.eval(&[0.0, 1.0, -1.0], &mut out, &mut workspace).unwrap_err();
        assert!(error.to_string().contains("a radius of -1"), "{error}");
        let panic = catch_unwind(AssertUnwindSafe(|| program.eval(&[0.0, 200.0, 0.5], &mut out, &mut workspace)));
        assert!(panic.is_err());
        program.eval(&[0.5, 1.25, 0.75], &mut out, &mut workspace).unwrap();
        close(&out, &expected(&mut g, &leaves, &outputs, [0.5, 1.25, 0.75]));
    }
}

#[test]
fn a_failure_names_the_function_and_the_first_point() {
    let polar: Arc<dyn External> = Arc::new(Polar);
    for input in [0.3, 2.0] {
        let program = Program::from_fn(&[1.0, input], |x| Expr::external(&polar, x), &Options::new()).unwrap();
        let radii: Vec<f64> = (0..500).map(|k| if k % 7 == 5 && k > 100 { -f64::from(k) } else { 1.0 }).collect();
        for threads in [1, 2] {
            let mut workspace = Workspace::with(Setup::new().threads(threads).lanes(16));
            let mut columns = [vec![0.0; 500], vec![0.0; 500]];
            let [a, b] = &mut columns;
            let error = program.eval_batch(500, &[&radii, &[input]], &mut [a, b], &mut workspace).unwrap_err();
            assert!(matches!(error, Error::External { point: Some(103), .. }), "{error}");
            assert_eq!(error.to_string(), "at point 103: the function \"polar\": value failed: a radius of -103");
            let ones = vec![1.0; 500];
            let [a, b] = &mut columns;
            program.eval_batch(500, &[&ones, &[input]], &mut [a, b], &mut workspace).unwrap();
            close(&[columns[1][499]], &[input.sin()]);
        }
        let mut out = [0.0; 2];
        let mut workspace = Workspace::new();
        let error = program.eval(&[-1.0, input], &mut out, &mut workspace).unwrap_err();
        assert!(matches!(error, Error::External { point: None, .. }), "{error}");
        // Not by guards, so it fails without them too.
        assert!(program.without_guards().eval(&[-1.0, input], &mut out, &mut workspace).is_err());
        program.eval(&[2.0, 0.0], &mut out, &mut workspace).unwrap();
        assert_eq!(out, [2.0, 0.0]);
    }
    // Where all its inputs are uniform, it is called once.
    let (g, polar) = (Graph::new(), Arc::new(Polar));
    let [x, y] = [g.leaf(1.0), g.leaf(2.0)];
    let outputs = g.external_nodes(polar, &[x, y]);
    let program =
        Program::compile(&g, [x, y].map(Input::uniform), outputs.into_iter().map(Output::per_point), &Options::new());
    let program = program.unwrap();
    assert_eq!(program.report().body_steps, 2, "{program}");
    let mut columns = [vec![0.0; 9], vec![0.0; 9]];
    let [a, b] = &mut columns;
    let error = program.eval_batch(9, &[&[-1.0], &[0.0]], &mut [a, b], &mut Workspace::new()).unwrap_err();
    assert!(matches!(error, Error::External { point: Some(0), .. }), "{error}");
    let [a, b] = &mut columns;
    program.eval_batch(9, &[&[3.0], &[0.0]], &mut [a, b], &mut Workspace::new()).unwrap();
    assert_eq!((columns[0][8], columns[1][8]), (3.0, 0.0));
}

#[test]
fn a_panic_in_a_batch_passes_and_the_workspace_works_on() {
    let polar: Arc<dyn External> = Arc::new(Polar);
    let program = Program::from_fn(&[1.0, 0.5], |x| Expr::external(&polar, x), &Options::new()).unwrap();
    let mut workspace = Workspace::new();
    let angles: Vec<f64> = (0..300).map(f64::from).collect();
    let mut columns = [vec![0.0; 300], vec![0.0; 300]];
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let [a, b] = &mut columns;
        program.eval_batch(300, &[&[1.0], &angles], &mut [a, b], &mut workspace)
    }));
    assert!(panic.is_err());
    let [a, b] = &mut columns;
    program.eval_batch(300, &[&[2.0], &[0.0]], &mut [a, b], &mut workspace).unwrap();
    assert_eq!((columns[0][299], columns[1][299]), (2.0, 0.0));
}

#[test]
fn a_program_recorded_again_has_the_values_and_derivatives() {
    let polar: Arc<dyn External> = Arc::new(Polar);
    let (g, leaves, outputs) = recorded(&polar);
    let program = Program::compile(&g, leaves, outputs.clone(), &Options::new()).unwrap();
    let h = Graph::new();
    let x = h.leaves(&[0.5, 1.25, 0.75]);
    let again = program.record(&h, &x).unwrap();
    for (&old, &new) in outputs.iter().zip(&again) {
        assert_eq!(g.value(old), h.value(new));
        assert_eq!(g.gradient(old, &leaves), h.gradient(new, &x));
    }
    assert_eq!(h.hessian(again[1], &x), g.hessian(outputs[1], &leaves));
    let failing = Graph::new();
    let x = failing.leaves(&[0.0, 1.0, -1.0]);
    let error = program.record(&failing, &x).unwrap_err();
    assert!(error.to_string().contains("a radius of -1"), "{error}");
}

#[test]
fn gradients_compile_by_the_pullback() {
    let polar: Arc<dyn External> = Arc::new(Polar);
    fn f<T: Real>(polar: &Arc<dyn External>, x: &[T]) -> T {
        let y = T::external(polar, &[x[0] * x[1], x[1]]);
        y[0] * y[1] + y[0].exp()
    }
    let program = Program::value_and_gradient(&[0.5, 1.0], |x| f(&polar, x), &Options::new()).unwrap();
    let mut out = [0.0; 3];
    for at in [[0.5, 1.0], [2.0, 0.3]] {
        program.eval(&at, &mut out, &mut Workspace::new()).unwrap();
        let (value, gradient) = wengert::value_and_gradient(|x| f(&polar, x), &at);
        close(&out, &[value, gradient[0], gradient[1]]);
    }
    let bare: Arc<dyn External> = Arc::new(Bare);
    let error = Program::value_and_gradient(&[0.5, 1.0], |x| Expr::external(&bare, x)[0], &Options::new());
    assert!(error.unwrap_err().to_string().contains("\"bare\": it has no derivative as nodes"));
}

#[test]
fn many_inputs_and_constants_go_through() {
    let wide: Arc<dyn External> = Arc::new(Wide(40));
    let options = Options::new();
    let program = Program::from_fn(
        &[1.0, 2.0],
        |x| {
            let x: Vec<Expr<'_>> = (0..40).map(|k| if k % 2 == 0 { x[0] * f64::from(k) } else { 3.0.into() }).collect();
            Expr::external(&wide, &x)
        },
        &options,
    )
    .unwrap();
    let (mut out, mut workspace) = ([0.0; 2], Workspace::new());
    for _ in 0..10 {
        program.eval(&[0.5, 0.0], &mut out, &mut workspace).unwrap();
        assert_eq!(out, [0.5 * 380.0 + 60.0, 40.0]);
    }
    let none: Arc<dyn External> = Arc::new(Wide(0));
    let program =
        Program::from_fn(&[1.0], |x| vec![x[0] + x[0].graph().unwrap().external(none.clone(), &[])[1]], &options);
    program.unwrap().eval(&[2.0], &mut out[..1], &mut workspace).unwrap();
    assert_eq!(out[0], 2.0);
}

#[test]
fn files_name_the_function_and_loading_finds_it() {
    let polar: Arc<dyn External> = Arc::new(Polar);
    let (mut g, leaves, outputs) = recorded(&polar);
    let program = Program::compile(&g, leaves, outputs.clone(), &Options::new()).unwrap();
    let bytes = program.to_bytes();
    let error = Program::from_bytes(&bytes).unwrap_err();
    assert!(matches!(&error, Error::UnknownExternal { name, inputs: 2 } if name == "polar"), "{error}");
    let other: Arc<dyn External> = Arc::new(Bare);
    assert!(Program::from_bytes_with(&bytes, &[Arc::clone(&other)]).is_err());
    let loaded = Program::from_bytes_with(&bytes, &[other, Arc::clone(&polar)]).unwrap();
    assert_eq!(loaded.to_bytes(), bytes);
    let mut out = [0.0; 3];
    loaded.eval(&[0.3, 1.0, 0.2], &mut out, &mut Workspace::new()).unwrap();
    close(&out, &expected(&mut g, &leaves, &outputs, [0.3, 1.0, 0.2]));
    // The name with another shape.
    struct Imposter;
    impl External for Imposter {
        fn name(&self) -> &str {
            "polar"
        }
        fn shape(&self) -> (usize, usize) {
            (3, 2)
        }
        fn value(&self, _: &[f64], y: &mut [f64]) -> Result<(), String> {
            y.fill(0.0);
            Ok(())
        }
        fn vjp(&self, _: &[f64], _: &[f64], _: &[f64], xbar: &mut [f64]) -> Result<(), String> {
            xbar.fill(0.0);
            Ok(())
        }
    }
    let imposter: Arc<dyn External> = Arc::new(Imposter);
    assert!(matches!(Program::from_bytes_with(&bytes, &[Arc::clone(&imposter)]), Err(Error::UnknownExternal { .. })));
    // Two functions of one name.
    let program = Program::from_fn(
        &[1.0, 2.0, 3.0],
        |x| vec![Expr::external(&polar, &x[..2])[0] + Expr::external(&imposter, x)[0]],
        &Options::new(),
    )
    .unwrap();
    let path = std::env::temp_dir().join(format!("wengert-external-{}", std::process::id()));
    assert!(matches!(program.save(&path), Err(Error::AmbiguousExternal { name }) if name == "polar"));
    assert!(!path.exists());
    assert!(catch_unwind(AssertUnwindSafe(|| program.to_bytes())).is_err());
    loaded.save(&path).unwrap();
    assert!(Program::load(&path).is_err());
    assert_eq!(Program::load_with(&path, &[polar]).unwrap().to_bytes(), bytes);
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn the_listing_names_the_function() {
    let polar: Arc<dyn External> = Arc::new(Polar);
    let program = Program::from_fn(&[1.0, 2.0], |x| vec![Expr::external(&polar, x)[1]], &Options::new()).unwrap();
    assert_eq!(
        program.to_string(),
        "program: 2 inputs, 1 outputs, 0 guards
v0 = x0
v1 = x1
v2 = input 0 of polar(v0, v0)
v3 = input 1 of polar(v1, v2)
v4 = polar(v3)
v5 = output 1 of polar(v4)
y0 = v5
"
    );
}

#[test]
fn source_text_refuses_the_function_by_name() {
    let (g, leaves, outputs) = recorded(&both()[0]);
    let program = Program::compile(&g, leaves, outputs, &Options::new()).unwrap();
    for language in [Language::Rust, Language::C] {
        let refused = program.source(language, "f").unwrap_err();
        assert!(matches!(&refused, Error::NoSourceForExternal { name } if name == "polar"), "{refused}");
    }
}

#[test]
fn two_functions_keep_their_numbers_apart() {
    let polar: Arc<dyn External> = Arc::new(Polar);
    let wide: Arc<dyn External> = Arc::new(Wide(2));
    for options in every_option() {
        fn f<'g>(polar: &Arc<dyn External>, wide: &Arc<dyn External>, x: &[Expr<'g>]) -> Vec<Expr<'g>> {
            let a = Expr::external(polar, &[x[0], x[1]]);
            let b = Expr::external(wide, &[x[0], x[1]]);
            let c = Expr::external(polar, &[x[0], x[1]]);
            vec![a[0] - c[0], b[0] + a[1], Expr::external(wide, &[b[0], c[1]])[0]]
        }
        let program = Program::from_fn(&[1.0, 2.0], |x| f(&polar, &wide, x), &options).unwrap();
        let mut out = [0.0; 3];
        let mut workspace = Workspace::new();
        for _ in 0..10 {
            program.eval(&[2.0, 0.5], &mut out, &mut workspace).unwrap();
            let sin = 2.0 * 0.5f64.sin();
            close(&out, &[0.0, 2.5 + sin, 2.5 + sin]);
        }
    }
}
