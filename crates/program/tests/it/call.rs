//! Programs of graphs with statements: the body takes the place of the call.

use wengert::{Dual, Expr, Formula, Function, Graph, Real, Scalar, Statement};
use wengert_program::{Error, Native, Options, Program, Setup, Workspace};

use crate::native::is_possible;

/// Functions of two inputs.
#[derive(Clone, Copy, Debug)]
enum Body {
    Smooth,
    Branch,
    Nested,
    Constant,
    Folds,
}

impl Function for Body {
    fn call<T: Real>(&self, x: &[T]) -> T {
        let [a, b] = [x[0], x[1]];
        match self {
            Body::Smooth => (a * b).sin() + (a / (b + 2.0)).exp() * 0.5,
            Body::Branch => {
                if a > b {
                    a * a * b
                } else {
                    b.exp()
                }
            }
            Body::Nested => T::call(&statement(Body::Smooth), &[a, a * b]) * b + a.detach(),
            Body::Constant => T::constant(2.5),
            Body::Folds => T::dot(&[a, b, a], &[b, b, a]) * T::logsumexp(&[a, b]) + a.mul_add(b, a),
        }
    }
}

fn statement(body: Body) -> Statement<Body> {
    Statement::new("body", 2, body)
}

const ALL: [Body; 5] = [Body::Smooth, Body::Branch, Body::Nested, Body::Constant, Body::Folds];

/// The body twice, by calls or op by op.
fn around<T: Real>(body: Body, called: bool, x: &[T]) -> T {
    let f = statement(body);
    let call = |x: &[T]| if called { T::call(&f, x) } else { body.call(x) };
    let y = call(x);
    y * y + call(&[y * 0.3 + 5.0, x[1]]) + x[0]
}

fn compiled(body: Body, called: bool, options: &Options) -> Program {
    Program::value_and_gradient(&[0.7, 0.4], |x| around(body, called, x), options).unwrap()
}

#[test]
fn a_program_of_calls_has_the_values_of_the_ops_to_the_bit_interpreted_in_batches_and_as_machine_code() {
    for body in ALL {
        for options in [Options::new(), Options::plain(), Options::new().strict(true)] {
            let [call, ops] = [true, false].map(|called| compiled(body, called, &options));
            let points = 37;
            let columns =
                [0, 1].map(|k| (0..points).map(|p| 0.5 + 0.01 * (p + 20 * (1 - k)) as f64).collect::<Vec<_>>());
            let mut interpreted = None;
            for native in [Native::Never, if is_possible() { Native::Always } else { Native::Auto }] {
                let run = |program: &Program| {
                    let mut workspace = Workspace::with(Setup::new().native(native));
                    let mut all = vec![vec![0.0; points]; 3];
                    let mut out: Vec<&mut [f64]> = all.iter_mut().map(|column| &mut column[..]).collect();
                    program.eval_batch(points, &[&columns[0], &columns[1]], &mut out, &mut workspace).unwrap();
                    for (&a, &b) in columns[0].iter().zip(&columns[1]) {
                        let mut one = [0.0; 3];
                        program.eval(&[a, b], &mut one, &mut workspace).unwrap();
                        all.iter_mut().zip(one).for_each(|(column, one)| column.push(one));
                    }
                    all
                };
                let (call, ops) = (run(&call), run(&ops));
                assert_eq!(call[0], ops[0], "{body:?}");
                // At an input that is used outside too, parts of a derivative are added in another order.
                for (call, ops) in call[1..].concat().iter().zip(ops[1..].concat()) {
                    assert!((call - ops).abs() <= 1e-14 * (1.0 + ops.abs()), "{body:?}: {call} and {ops}");
                }
                assert_eq!(interpreted.get_or_insert_with(|| call.clone()), &call, "{body:?}");
            }
        }
    }
}

#[test]
fn a_program_of_calls_has_the_values_and_derivatives_of_the_graph() {
    for body in ALL {
        let program = compiled(body, true, &Options::new());
        let mut out = [0.0; 3];
        program.eval(&[0.9, 0.35], &mut out, &mut Workspace::new()).unwrap();
        let duals = [Dual::<2>::input(0.9, 0), Dual::input(0.35, 1)];
        let want = around(body, false, &duals);
        assert_eq!(out[0], want.value);
        for (partial, want) in out[1..].iter().zip(want.tangents) {
            assert!((partial - want).abs() <= 1e-14 * (1.0 + want.abs()), "{body:?}: {partial} and {want}");
        }
    }
}

#[test]
fn files_and_recordings_of_programs_need_no_function() {
    for body in ALL {
        let program = compiled(body, true, &Options::new());
        let loaded = Program::from_bytes(&program.to_bytes()).unwrap();
        let g = Graph::new();
        let nodes = loaded.record(&g, &g.leaves(&[0.9, 0.35])).unwrap();
        let (mut a, mut b) = ([0.0; 3], [0.0; 3]);
        program.eval(&[0.9, 0.35], &mut a, &mut Workspace::new()).unwrap();
        loaded.eval(&[0.9, 0.35], &mut b, &mut Workspace::new()).unwrap();
        assert_eq!(a, b);
        assert_eq!(nodes.iter().map(|&node| g.value(node)).collect::<Vec<_>>(), a);
        assert!(g.nodes().all(|node| node.external.is_none()));
    }
}

#[test]
fn a_comparison_in_a_body_is_checked_and_named() {
    let f = statement(Body::Branch);
    let program = Program::value_and_gradient(&[0.7, 0.4], |x| Expr::call(&f, x), &Options::new()).unwrap();
    let mut out = [0.0; 3];
    program.eval(&[3.0, 2.0], &mut out, &mut Workspace::new()).unwrap();
    assert_eq!(out, [18.0, 12.0, 9.0]);
    let error = program.eval(&[1.0, 2.0], &mut out, &mut Workspace::new()).unwrap_err();
    assert!(matches!(error, Error::GuardFlipped { .. }), "{error:?}");
    assert!(error.to_string().contains("of body"), "{error}");
    // By the labels of what it is called with.
    let g = Graph::new();
    let x = [g.var(0.7).named("strike"), g.var(0.4).named("spot")];
    let program = Program::compile(&g, x, [Expr::call(&f, &x)], &Options::new()).unwrap();
    let error = program.eval(&[1.0, 2.0], &mut [0.0], &mut Workspace::new()).unwrap_err().to_string();
    assert!(error.contains("strike of body") && error.contains("spot of body"), "{error}");
}

#[test]
fn hessians_of_statements_compile() {
    let f = Statement::new("product", 3, Formula::input(0) * Formula::input(1) * Formula::input(2).exp());
    let program = Program::hessian(&[1.0, 2.0, 0.0], |x| Expr::call(&f, x), &Options::new()).unwrap();
    let mut out = vec![0.0; program.output_count()];
    program.eval(&[1.0, 2.0, 0.0], &mut out, &mut Workspace::new()).unwrap();
    let want = wengert::hessian(|x| f.function().call(x), &[1.0, 2.0, 0.0]).concat();
    assert_eq!(out[out.len() - 9..], want);
}

#[test]
fn stale_graphs_with_calls_are_refused_and_compile_after_forward() {
    let f = statement(Body::Branch);
    let mut g = Graph::new();
    let [a, b] = [g.leaf(0.7), g.leaf(0.4)];
    let value = g.call(&f, &[g.expr(a), g.expr(b)]).id();
    let slopes = g.gradient_nodes(value, &[a, b]);
    let compile = |g: &Graph| Program::compile(g, [a, b], [value, slopes[0]], &Options::new().guards(false));
    g.set(a, 0.1);
    // The value would be that of one branch, the slope that of the other.
    let error = compile(&g).unwrap_err();
    assert!(matches!(&error, Error::Graph(wengert::Error::StaleValue { node, .. }) if *node == value), "{error:?}");
    assert!(error.to_string().contains("call forward()"), "{error}");
    g.forward().unwrap_err();
    compile(&g).unwrap_err();
    g.set(a, 0.9);
    g.forward().unwrap();
    let mut out = [0.0; 2];
    compile(&g).unwrap().eval(&[3.0, 5.0], &mut out, &mut Workspace::new()).unwrap();
    assert_eq!(out, [45.0, 30.0]);
    // A call recorded after the leaf was set has the values of now.
    g.set(a, 0.1);
    let later = g.call(&f, &[g.expr(a), g.expr(b)]).id();
    let program = Program::compile(&g, [a, b], [later], &Options::new().guards(false)).unwrap();
    program.eval(&[3.0, 0.0], &mut out[..1], &mut Workspace::new()).unwrap();
    assert_eq!(out[0], 1.0);
}
