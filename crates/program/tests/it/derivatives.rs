//! A program that is recorded again has the derivatives of the graph that it was compiled from, no matter what
//! the passes did.

use proptest::prelude::*;
use wengert::{Graph, NodeId};
use wengert_program::{Options, Program};

use crate::dag::bits;
use crate::laws::{number, plan};

/// Value, gradient by a sweep, gradient as graph, and Hessian of a node.
fn derivatives(graph: &Graph, node: NodeId, inputs: &[NodeId]) -> [Vec<u64>; 4] {
    let value = graph.value(node);
    graph.backward(node);
    let sweep: Vec<f64> = inputs.iter().map(|&x| graph.grad(x)).collect();
    let hessian = graph.hessian(node, inputs).concat();
    let recorded = graph.gradient_nodes(node, inputs);
    let recorded = recorded.into_iter().map(|d| graph.value(d)).collect();
    [vec![value], sweep, recorded, hessian].map(|numbers| numbers.into_iter().map(bits).collect())
}

/// The program as compiled, as loaded from its bytes, and without its guards.
fn ways(program: &Program) -> [Program; 3] {
    let loaded = Program::from_bytes(&program.to_bytes()).expect("its own bytes load");
    [program.clone(), loaded, program.without_guards()]
}

/// The derivatives of the program's first output, recorded at these inputs.
fn recorded(program: &Program, x: &[f64]) -> [[Vec<u64>; 4]; 3] {
    ways(program).map(|program| {
        let graph = Graph::new();
        let inputs = graph.leaves(x);
        let output = program.record(&graph, &inputs).expect("records")[0];
        derivatives(&graph, output, &inputs)
    })
}

/// Asserts that a formula has this gradient at the point, and that its program, recorded again, has the same
/// derivatives to the bit.
#[track_caller]
fn assert_kept(x: &[f64], gradient: &[f64], formula: impl Fn(&Graph, &[NodeId]) -> NodeId) {
    let graph = Graph::new();
    let inputs = graph.leaves(x);
    let node = formula(&graph, &inputs);
    let program = Program::compile(&graph, inputs.iter().copied(), [node], &Options::new()).expect("compiles");
    let expected = derivatives(&graph, node, &inputs);
    let gradient: Vec<u64> = gradient.iter().map(|&x| bits(x)).collect();
    assert_eq!(expected[1], gradient, "of the graph itself");
    for got in recorded(&program, x) {
        assert_eq!(got, expected, "{program}");
    }
}

#[test]
fn no_gradient_passes_where_none_did() {
    assert_kept(&[3.0], &[3.0], |g, x| g.mul(x[0], g.detach(x[0])));
    assert_kept(&[3.0], &[1.0], |g, x| g.add(x[0], g.detach(g.mul(x[0], x[0]))));
}

#[test]
fn each_operand_in_a_tie_receives_its_share() {
    assert_kept(&[2.0; 3], &[1.0 / 3.0; 3], |g, x| g.max_of(x));
    assert_kept(&[2.0; 3], &[1.0 / 3.0; 3], |g, x| g.min_of(x));
    assert_kept(&[f64::INFINITY; 4], &[0.25; 4], |g, x| g.logsumexp(x));
    assert_kept(&[0.0; 3], &[0.0; 3], |g, x| g.norm(x));
}

#[test]
fn an_extreme_of_a_nan_with_itself_keeps_its_derivative_nan() {
    assert_kept(&[f64::NAN], &[f64::NAN], |g, x| g.max(x[0], x[0]));
    assert_kept(&[f64::NAN], &[f64::NAN], |g, x| g.min(x[0], x[0]));
}

#[test]
fn what_a_pass_shares_or_folds_is_differentiated_as_it_was_recorded() {
    // Each of two equal nodes receives its own adjoint; a single node would round their sum.
    assert_kept(&[0.1], &[0.1f64.cos() * 0.7 + 0.1f64.cos() * 0.1], |g, x| {
        let (a, b) = (g.constant(0.7), g.constant(0.1));
        g.add(g.mul(g.sin(x[0]), b), g.mul(g.sin(x[0]), a))
    });
    assert_kept(&[f64::NAN], &[1.0], |g, x| {
        let one = g.constant(1.0);
        g.select(one, x[0], x[0])
    });
    assert_kept(&[-0.5], &[-1.0], |g, x| g.abs(g.neg(x[0])));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_recorded_program_has_the_derivatives_of_its_graph_to_the_bit(
        plan in plan(),
        // Ties among the inputs in every third case.
        x in prop_oneof![2 => prop::array::uniform3(number()), 1 => number().prop_map(|x| [x; 3])],
    ) {
        let dag = plan.record_at(&x);
        let inputs = dag.inputs.iter().copied();
        let program = Program::compile(&dag.graph, inputs, dag.outputs.iter().copied(), &Options::new()).expect("compiles");
        let expected = derivatives(&dag.graph, dag.outputs[0], &dag.inputs);
        for got in recorded(&program, &x) {
            prop_assert_eq!(&got, &expected, "{}", program);
        }
    }
}
