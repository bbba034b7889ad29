//! Strict programs: 0 times infinity is NaN, as in `Graph::backward_strict`.

use proptest::prelude::*;
use wengert::{Graph, Imm, NO_IMM, NodeId, Op};
use wengert_program::{Native, Options, Program, Setup, Workspace};

use crate::dag::bits;
use crate::native::is_possible;

/// Ops that have the scalar bits in lanes, with infinite partials among them, and none with a partial that is always 0.
const OPS: [(Op, Imm); 18] = [
    (Op::Add, NO_IMM),
    (Op::Sub, NO_IMM),
    (Op::Mul, NO_IMM),
    (Op::Div, NO_IMM),
    (Op::Neg, NO_IMM),
    (Op::Sqrt, NO_IMM),
    (Op::Recip, NO_IMM),
    (Op::Abs, NO_IMM),
    (Op::Relu, NO_IMM),
    (Op::Max, NO_IMM),
    (Op::Min, NO_IMM),
    (Op::MulAdd, NO_IMM),
    (Op::Sum, NO_IMM),
    (Op::Dot, NO_IMM),
    (Op::Hypot, NO_IMM),
    (Op::Norm, NO_IMM),
    (Op::Powd, [0.5, 1.0]),
    (Op::Powd, [-1.0, 1.0]),
];

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        2 => -3.0..3.0f64,
        3 => prop::sample::select(vec![0.0, -0.0, 1.0, 4.0, f64::INFINITY, f64::NEG_INFINITY, 1e300, 1e-310]),
    ]
}

/// The bits of a number. All NaNs count as the same, and so do both zeros.
fn unsigned(x: f64) -> u64 {
    bits(if x == 0.0 { 0.0 } else { x })
}

/// The outputs at a point by the interpreter, by machine code where there can be some, and after saving and loading.
fn by_every_route(program: &Program, x: &[f64]) -> Vec<Vec<f64>> {
    let run = |program: &Program, native| {
        let mut out = vec![0.0; program.output_count()];
        program.eval(x, &mut out, &mut Workspace::with(Setup::new().native(native))).expect("runs");
        out
    };
    let loaded = Program::from_bytes(&program.to_bytes()).expect("loads");
    let code = if is_possible() { Native::Always } else { Native::Auto };
    vec![run(program, Native::Never), run(program, code), run(&loaded, Native::Never)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_strict_program_has_the_bits_of_the_strict_sweep(
        x in prop::array::uniform3(number()),
        steps in prop::collection::vec((0..OPS.len(), prop::array::uniform4(0..6usize)), 1..25),
    ) {
        let graph = Graph::new();
        let inputs = graph.leaves(&x);
        let mut nodes = inputs.clone();
        for (op, places) in steps {
            let (op, imm) = OPS[op];
            let count = (1..=4).rev().find(|&count| op.takes(count)).expect("up to four");
            let operands: Vec<NodeId> =
                places[..count].iter().map(|k| nodes[nodes.len() - 1 - k % nodes.len().min(6)]).collect();
            nodes.push(graph.try_record(op, imm, &operands).expect("a valid node"));
        }
        let l = *nodes.last().expect("there are inputs");
        // The adjoint of the output is an input, so that nothing is known to be 0 when the gradient is recorded.
        let seed = graph.leaf(1.0);
        let gradient = graph.vjp_nodes(&[(l, seed)], &inputs);
        let wrt = inputs.iter().copied().chain([seed]);
        let program = Program::compile(&graph, wrt, gradient, &Options::new().strict(true)).expect("compiles");
        graph.backward_strict(l);
        let sweep: Vec<u64> = inputs.iter().map(|&x| unsigned(graph.grad(x))).collect();
        for out in by_every_route(&program, &[x[0], x[1], x[2], 1.0]) {
            let out: Vec<u64> = out.into_iter().map(unsigned).collect();
            prop_assert_eq!(&out, &sweep, "{}", graph);
        }
    }
}

#[test]
fn zero_times_infinity_is_nan_in_strict_programs_alone() {
    let graph = Graph::new();
    let x = graph.leaf(4.0);
    let root = graph.sqrt(x);
    let l = graph.mul(root, root);
    let slope = graph.gradient_nodes(l, &[x]);
    let compile = |options: &Options| Program::compile(&graph, [x], slope.iter().copied(), options).expect("compiles");
    let (strict, usual) = (compile(&Options::new().strict(true)), compile(&Options::new()));
    for (at, expected, guarded) in [(4.0, 1.0, 1.0), (0.0, f64::NAN, 0.0)] {
        for out in by_every_route(&strict, &[at]) {
            assert_eq!(bits(out[0]), bits(expected), "at {at}");
        }
        for out in by_every_route(&usual, &[at]) {
            assert_eq!(out, [guarded], "at {at}");
        }
    }
    // What is recorded again is strict too.
    let again = Graph::new();
    let y = again.leaf(0.0);
    let slope = strict.record(&again, &[y]).expect("records")[0];
    assert!(again.value(slope).is_nan());
}
