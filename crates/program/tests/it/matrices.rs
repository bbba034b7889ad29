//! Compiled Jacobians and Hessians, dense and sparse, and their products with vectors.

use proptest::prelude::*;
use wengert::{Expr, Graph, NodeId, Op};
use wengert_program::{Error, Input, Options, Program, SparseProgram, Workspace};

/// Functions of neighbors: a band. The last uses all.
fn band<'g>(x: &[Expr<'g>]) -> Vec<Expr<'g>> {
    let mut rows: Vec<_> = x.windows(2).map(|w| (w[0] * w[1]).sin() + w[1].powi(3)).collect();
    rows.push(x.iter().copied().sum::<Expr<'_>>().exp());
    rows
}

fn energy<'g>(x: &[Expr<'g>]) -> Expr<'g> {
    let bonds = x.windows(2).map(|w| (w[1] - w[0] * w[0]).powi(2) * 100.0 + (w[0] * w[1]).tanh());
    bonds.sum::<Expr<'_>>() + x[0] * x[x.len() - 1]
}

fn eval(program: &Program, x: &[f64]) -> Vec<f64> {
    let mut out = vec![f64::NAN; program.output_count()];
    program.eval(x, &mut out, &mut Workspace::new()).expect("runs");
    out
}

fn near(got: &[f64], expected: &[f64]) -> Result<(), TestCaseError> {
    prop_assert_eq!(got.len(), expected.len());
    let size = expected.iter().fold(1.0, |size: f64, y| size.max(y.abs()));
    for (got, expected) in got.iter().zip(expected) {
        prop_assert!((got - expected).abs() <= 1e-13 * size, "{got} for {expected}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn matrices_are_those_of_the_sweeps(x in prop::collection::vec(-1.0..1.0f64, 2..12), from in -1.0..1.0f64) {
        let at = vec![from; x.len()];
        let options = Options::new();
        let jacobian = wengert::jacobian(band, &x).concat();
        near(&eval(&Program::jacobian(&at, band, &options).expect("compiles"), &x), &jacobian)?;
        let hessian = wengert::hessian(energy, &x).concat();
        let compiled = eval(&Program::hessian(&at, energy, &options).expect("compiles"), &x);
        near(&compiled, &hessian)?;
        let n = x.len();
        for (row, col) in (0..n).flat_map(|row| (0..row).map(move |col| (row, col))) {
            prop_assert_eq!(compiled[row * n + col].to_bits(), compiled[col * n + row].to_bits());
        }
    }

    #[test]
    fn products_with_vectors_are_those_of_the_sweeps(x in prop::collection::vec((-1.0..1.0f64, -2.0..2.0f64), 2..12)) {
        let (x, v): (Vec<f64>, Vec<f64>) = x.into_iter().unzip();
        let at = vec![0.5; x.len()];
        let both = [&x[..], &v].concat();
        let options = Options::new();
        near(&eval(&Program::jvp(&at, band, &options).expect("compiles"), &both), &wengert::jvp(band, &x, &v))?;
        near(&eval(&Program::vjp(&at, band, &options).expect("compiles"), &both), &wengert::vjp(band, &x, &v))?;
    }

    #[test]
    fn sparse_matrices_have_the_pattern_and_the_entries_of_the_plans(x in prop::collection::vec(-1.0..1.0f64, 2..40)) {
        let at = vec![0.5; x.len()];
        let options = Options::new();
        for (compiled, expected) in [
            (SparseProgram::jacobian(&at, band, &options), wengert::sparse_jacobian(band, &x)),
            (SparseProgram::hessian(&at, energy, &options), wengert::sparse_hessian(energy, &x)),
        ] {
            let compiled = compiled.expect("compiles");
            prop_assert_eq!(compiled.pattern(), expected.pattern());
            let mut values = vec![f64::NAN; expected.values().len()];
            compiled.eval(&x, &mut values, &mut Workspace::new()).expect("runs");
            near(&values, expected.values())?;
        }
    }
}

#[test]
fn a_band_is_recorded_in_passes_that_do_not_grow_with_it() {
    let size = |n: usize| {
        let hessian = SparseProgram::hessian(&vec![0.5; n], energy, &Options::new()).expect("compiles");
        hessian.program().report().instructions as f64 / n as f64
    };
    let [small, large] = [size(50), size(500)];
    assert!(large < 1.2 * small, "{small} and {large} instructions a variable");
}

#[test]
fn what_has_no_entries_is_a_named_error_and_dense_a_matrix_of_zeros() {
    let options = Options::new();
    let constant = SparseProgram::jacobian(&[1.0], |_| vec![Expr::from(2.0)], &options);
    assert!(matches!(constant, Err(Error::NoOutputs)));
    let linear = SparseProgram::hessian(&[1.0, 2.0], |x| x[0] + x[1], &options);
    assert!(matches!(linear, Err(Error::NoOutputs)));
    let dense = Program::hessian(&[1.0, 2.0], |x| x[0] + x[1], &options).expect("compiles");
    assert_eq!(eval(&dense, &[1.0, 2.0]), [0.0; 4]);
}

#[test]
fn a_wrong_number_of_entries_is_a_named_error() {
    let hessian = SparseProgram::hessian(&[1.0, 2.0], |x| x[0] * x[1], &Options::new()).expect("compiles");
    let refused = hessian.eval(&[1.0, 2.0], &mut [0.0; 3], &mut Workspace::new());
    assert!(matches!(refused, Err(Error::Length { expected: 2, given: 3, .. })));
}

/// Two functions of two leaves and a parameter, which no derivative is taken with respect to.
fn nodes(graph: &Graph) -> ([NodeId; 2], NodeId, [NodeId; 2]) {
    let [x, y, c] = [1.5, 0.5, 2.0].map(|value| graph.leaf(value));
    ([x, y], c, [graph.mul(c, graph.mul(x, graph.sin(y))), graph.powi(x, 3)])
}

#[test]
fn matrices_of_nodes_are_those_of_the_sweeps_and_take_parameters() {
    let options = Options::new();
    let graph = Graph::new();
    let (wrt, c, outputs) = nodes(&graph);
    let inputs = || [Input::uniform(c), wrt[0].into(), wrt[1].into()];
    let at = [2.0, 1.5, 0.5];
    let jacobian = Program::compile_jacobian(&graph, inputs(), &outputs, &wrt, &options).expect("compiles");
    assert_eq!(eval(&jacobian, &at), graph.jacobian(&outputs, &wrt).concat());
    let hessian = Program::compile_hessian(&graph, inputs(), outputs[0], &wrt, &options).expect("compiles");
    assert_eq!(eval(&hessian, &at), graph.hessian(outputs[0], &wrt).concat());
    let vector = |v: &[f64]| [&at, v].concat();
    let jvp = Program::compile_jvp(&graph, inputs(), &outputs, &wrt, &options).expect("compiles");
    let tangents = [(wrt[0], 3.0), (wrt[1], -1.0)];
    near(&eval(&jvp, &vector(&[3.0, -1.0])), &graph.jvp(&tangents, &outputs)).expect("is near");
    let vjp = Program::compile_vjp(&graph, inputs(), &outputs, &wrt, &options).expect("compiles");
    let adjoints = [(outputs[0], 3.0), (outputs[1], -1.0)];
    near(&eval(&vjp, &vector(&[3.0, -1.0])), &graph.vjp(&adjoints, &wrt)).expect("is near");
}

#[test]
fn sparse_matrices_of_nodes_have_the_pattern_of_the_plans() {
    let options = Options::new();
    let graph = Graph::new();
    let (wrt, c, outputs) = nodes(&graph);
    let inputs = || [c, wrt[0], wrt[1]];
    let at = [2.0, 1.5, 0.5];
    let jacobian = SparseProgram::compile_jacobian(&graph, inputs(), &outputs, &wrt, &options).expect("compiles");
    assert_eq!(jacobian.pattern().iter().collect::<Vec<_>>(), [(0, 0), (1, 0), (0, 1)]);
    let dense = graph.jacobian(&outputs, &wrt);
    assert_eq!(eval(jacobian.program(), &at), [dense[0][0], dense[1][0], dense[0][1]]);
    let hessian = SparseProgram::compile_hessian(&graph, inputs(), outputs[1], &wrt, &options).expect("compiles");
    assert_eq!(hessian.pattern().iter().collect::<Vec<_>>(), [(0, 0)]);
    assert_eq!(eval(hessian.program(), &at), [9.0]);
}

#[test]
fn matrices_of_nodes_name_what_is_wrong() {
    let options = Options::new();
    let graph = Graph::new();
    let (wrt, c, outputs) = nodes(&graph);
    let loose = Program::compile_jacobian(&graph, wrt, &outputs, &wrt, &options);
    assert!(matches!(loose, Err(Error::LooseLeaf { node }) if node == c));
    let computed = Program::compile_hessian(&graph, [c, wrt[0], wrt[1]], outputs[0], &outputs, &options);
    assert!(matches!(computed, Err(Error::Graph(wengert::Error::NotALeaf { op: Op::Mul, .. }))), "{computed:?}");
    let (_, foreign, _) = nodes(&Graph::new());
    for refused in [
        Program::compile_jvp(&graph, wrt, &[foreign], &wrt, &options),
        Program::compile_vjp(&graph, wrt, &[foreign], &wrt, &options),
        Program::compile_jacobian(&graph, wrt, &[foreign], &wrt, &options),
        Program::compile_hessian(&graph, wrt, foreign, &wrt, &options),
    ] {
        assert!(matches!(refused, Err(Error::Graph(wengert::Error::NotInGraph { .. }))), "{refused:?}");
    }
    let no_rows = Program::compile_jacobian(&graph, wrt, &[], &wrt, &options);
    assert!(matches!(no_rows, Err(Error::NoOutputs)));
}

#[test]
fn a_graph_without_room_for_the_derivatives_is_an_error() {
    type Compile = fn(&Graph, [NodeId; 3], &[NodeId]) -> Result<(), Error>;
    let ways: [Compile; 6] = [
        |g, x, y| Program::compile_jacobian(g, x, y, &x, &Options::new()).map(drop),
        |g, x, y| Program::compile_hessian(g, x, y[0], &x, &Options::new()).map(drop),
        |g, x, y| Program::compile_jvp(g, x, y, &x, &Options::new()).map(drop),
        |g, x, y| Program::compile_vjp(g, x, y, &x, &Options::new()).map(drop),
        |g, x, y| SparseProgram::compile_jacobian(g, x, y, &x, &Options::new()).map(drop),
        |g, x, y| SparseProgram::compile_hessian(g, x, y[0], &x, &Options::new()).map(drop),
    ];
    for compile in ways {
        let full = |room: usize| {
            let taken = {
                let g = Graph::new();
                nodes(&g);
                g.len()
            };
            let g = Graph::with_limit(taken + room);
            let ([x, y], c, outputs) = nodes(&g);
            match compile(&g, [x, y, c], &outputs) {
                Ok(()) => false,
                Err(Error::Graph(wengert::Error::Full { .. })) => true,
                Err(other) => panic!("{other}"),
            }
        };
        let refused = (0..100).take_while(|&room| full(room)).count();
        assert!((1..100).contains(&refused), "{refused}");
    }
}

#[test]
fn a_dense_matrix_beyond_the_values_of_a_program_is_refused_and_the_sparse_one_compiles() {
    let g = Graph::new();
    let x = g.leaves(&vec![1.0; 40_000]);
    let sum = g.sum(&x.iter().map(|&x| g.powi(x, 3)).collect::<Vec<_>>());
    let nodes = g.len();
    let inputs = || x.iter().copied();
    let hessian = Program::compile_hessian(&g, inputs(), sum, &x, &Options::new()).unwrap_err();
    let jacobian = Program::compile_jacobian(&g, inputs(), &x, &x, &Options::new()).unwrap_err();
    for error in [hessian, jacobian] {
        assert!(matches!(error, Error::TooLarge { .. }), "{error}");
        assert!(error.to_string().contains("SparseProgram"), "{error}");
    }
    assert_eq!(g.len(), nodes, "nothing was recorded");
    let sparse = SparseProgram::compile_hessian(&g, inputs(), sum, &x, &Options::new()).unwrap();
    assert_eq!(sparse.pattern().len(), x.len());
}
