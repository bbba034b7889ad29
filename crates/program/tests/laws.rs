//! Laws that hold for every program: passes keep bits, lanes and threads and files change none,
//! and the numbers are those of the sweep within the accuracy of the kernels.

use proptest::prelude::*;
use wengert::{Arity, Graph, Imm, NodeId, Op};
use wengert_program::{Input, InstructionSet, Options, Output, Program, Setup, Workspace};

/// The ops that users record and derivatives are made of, with the immediates to try.
fn ops() -> Vec<(Op, usize, Imm)> {
    let mut ops = Vec::new();
    for &op in Op::ALL {
        let operands = match op.arity() {
            Arity::Fixed(0) => continue,
            Arity::Fixed(n) => n,
            Arity::AtLeast(_) => 4,
            _ => continue,
        };
        let imms: &[Imm] = match op.immediates() {
            0 => &[[0.0, 0.0]],
            // A bell has no other constants than these.
            _ if op == Op::Gauss => &[[1.0, 0.0], [0.5, 0.0], [1.0, 2.0], [0.5, 1.0]],
            1 => &[[1.0, 0.0], [2.0, 0.0]],
            // Both are orders of derivatives.
            _ if matches!(op, Op::PowPartial | Op::Zpow) => &[[1.0, 0.0], [1.0, 1.0], [2.0, 1.0]],
            _ => &[
                [2.0, 0.0],
                [1.0, 1.0],
                [0.0, 0.0],
                [3.0, 1.0],
                [0.5, 1.0],
                [-1.0, 0.0],
                [2.5, 1.0],
                [3.0, 3.0],
            ],
        };
        // The second operand of this op must be the tangent of the first.
        if op != Op::Sech2 {
            ops.extend(imms.iter().map(|&imm| (op, operands, imm)));
        }
    }
    ops
}

/// A random program over three inputs: which op, and where its operands stand.
#[derive(Clone, Debug)]
struct Plan {
    nodes: Vec<(usize, [usize; 4])>,
    constants: Vec<f64>,
    derive: bool,
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -3.0..3.0f64,
        1 => prop::sample::select(vec![0.0, -0.0, 1.0, -1.0, 2.0, 0.5, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-310, 1e300, -700.0]),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let node = (any::<prop::sample::Index>(), prop::array::uniform4(0..1000usize));
    let count = ops().len();
    (
        prop::collection::vec(node, 1..40),
        prop::collection::vec(number(), 1..4),
        any::<bool>(),
    )
        .prop_map(move |(nodes, constants, derive)| Plan {
            nodes: nodes
                .into_iter()
                .map(|(op, operands)| (op.index(count), operands))
                .collect(),
            constants,
            derive,
        })
}

struct Recorded {
    graph: Graph,
    inputs: Vec<NodeId>,
    outputs: Vec<NodeId>,
}

fn record(plan: &Plan) -> Recorded {
    let graph = Graph::new();
    let inputs = graph.leaves(&[0.3, 1.2, -0.7]);
    let mut nodes = inputs.clone();
    nodes.extend(plan.constants.iter().map(|&c| graph.constant(c)));
    let ops = ops();
    for (op, operands) in &plan.nodes {
        let (op, count, imm) = ops[*op];
        // Operands from the last few nodes, or from anywhere.
        let pick = |k: usize| {
            let near = nodes.len().min(6);
            if k.is_multiple_of(3) {
                nodes[k % nodes.len()]
            } else {
                nodes[nodes.len() - 1 - k % near]
            }
        };
        let operands: Vec<NodeId> = operands[..count].iter().map(|&k| pick(k)).collect();
        nodes.push(graph.try_record(op, imm, &operands).expect("a fair node"));
    }
    let last = *nodes.last().expect("there are inputs");
    let mut outputs = vec![last, nodes[nodes.len() / 2]];
    if plan.derive {
        outputs.extend(graph.gradient(last, &inputs));
    }
    Recorded { graph, inputs, outputs }
}

impl Recorded {
    fn compile(&self, whole: bool, options: &Options) -> Program {
        let spread = |(k, &node): (usize, &NodeId)| {
            if whole && k == 1 {
                Input::whole(node)
            } else {
                Input::column(node)
            }
        };
        Program::compile(
            &self.graph,
            self.inputs.iter().enumerate().map(spread),
            self.outputs.iter().copied(),
            options,
        )
        .expect("compiles")
    }
}

/// Where two runs differ first, if they do.
fn difference(a: &[u64], b: &[u64]) -> Option<(usize, f64, f64)> {
    (0..a.len())
        .find(|&k| a[k] != b[k])
        .map(|k| (k, f64::from_bits(a[k]), f64::from_bits(b[k])))
}

/// The outputs at the points, column after column; NaNs are all alike.
fn run(program: &Program, columns: &[Vec<f64>; 3], setup: Setup) -> Vec<u64> {
    let points = columns[0].len();
    let inputs: Vec<&[f64]> = columns
        .iter()
        .enumerate()
        .map(|(k, column)| {
            if program.input_spread(k) == wengert_program::Spread::Whole {
                &column[..1]
            } else {
                &column[..]
            }
        })
        .collect();
    let mut outputs = vec![vec![0.0; points]; program.outputs()];
    let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(|column| &mut column[..]).collect();
    program
        .eval_batch(points, &inputs, &mut slices, &mut Workspace::with(setup))
        .expect("runs");
    outputs.concat().into_iter().map(bits).collect()
}

fn bits(x: f64) -> u64 {
    if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }
}

/// Columns of points; the second column is one number throughout, so that it may be whole.
fn columns() -> impl Strategy<Value = [Vec<f64>; 3]> {
    (1..80usize, number()).prop_flat_map(|(points, middle)| {
        let column = || prop::collection::vec(number(), points);
        (column(), Just(vec![middle; points]), column()).prop_map(|(x, y, z)| [x, y, z])
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_pass_keeps_every_bit(plan in plan(), columns in columns()) {
        let recorded = record(&plan);
        let one = Setup::new().threads(1);
        let plain = run(&recorded.compile(false, &Options::plain()), &columns, one);
        let alone: [fn(Options) -> Options; 6] =
            [|o| o.fold(true), |o| o.share(true), |o| o.dead(true), |o| o.order(true), |o| o.reuse(true), |o| o.pair(true)];
        for (k, pass) in alone.into_iter().enumerate() {
            let program = recorded.compile(false, &pass(Options::plain()));
            prop_assert_eq!(difference(&run(&program, &columns, one), &plain), None, "pass {} of\n{}", k, program);
        }
        for whole in [false, true] {
            let program = recorded.compile(whole, &Options::new());
            prop_assert_eq!(difference(&run(&program, &columns, one), &plain), None, "all passes, whole {}:\n{}", whole, program);
        }
    }

    #[test]
    fn lanes_threads_place_and_files_change_no_bit(plan in plan(), columns in columns(), whole: bool) {
        let recorded = record(&plan);
        for options in [Options::new(), Options::fast()] {
            let program = recorded.compile(whole, &options);
            let loaded = Program::from_bytes(&program.to_bytes()).expect("its own bytes load");
            for set in InstructionSet::available() {
                let setup = |lanes, threads| Setup::new().instructions(set).lanes(lanes).threads(threads);
                let expected = run(&program, &columns, setup(64, 1));
                for (lanes, threads) in [(4, 1), (12, 2), (16, 1), (100, 3)] {
                    prop_assert_eq!(difference(&run(&program, &columns, setup(lanes, threads)), &expected), None, "{} lanes, {}", lanes, set);
                }
                prop_assert_eq!(difference(&run(&loaded, &columns, setup(64, 1)), &expected), None);
                // Each point alone.
                let points = columns[0].len();
                let mut workspace = Workspace::with(setup(64, 1));
                for point in 0..points {
                    let mut out = vec![0.0; program.outputs()];
                    let x = [columns[0][point], columns[1][point], columns[2][point]];
                    program.eval(&x, &mut workspace, &mut out).expect("runs");
                    for (k, y) in out.into_iter().enumerate() {
                        prop_assert_eq!(bits(y), expected[k * points + point], "output {} of point {} alone, {}", k, point, set);
                    }
                }
            }
        }
    }

    /// One op at a time, so that nothing magnifies the last place that lanes may differ in.
    #[test]
    fn every_op_gives_the_number_of_the_sweep(op in any::<prop::sample::Index>(), x in prop::array::uniform4(number())) {
        let (op, count, imm) = *op.get(&ops());
        let graph = Graph::new();
        let inputs = graph.leaves(&x[..count]);
        let node = graph.try_record(op, imm, &inputs).expect("a fair node");
        let program = Program::compile(&graph, inputs, [node], &Options::new()).expect("compiles");
        for set in InstructionSet::available() {
            let mut out = [0.0];
            program.eval(&x[..count], &mut Workspace::with(Setup::new().instructions(set)), &mut out).expect("runs");
            let expected = graph.value(node);
            let near = (out[0] - expected).abs() <= 3.0 * f64::EPSILON * expected.abs().max(f64::MIN_POSITIVE);
            prop_assert!(bits(out[0]) == bits(expected) || out[0] == expected || near, "{op}{:?} at {x:?}: {} for {expected}, {set}", imm, out[0]);
            prop_assert!(out[0] != 0.0 || expected != 0.0 || out[0].to_bits() == expected.to_bits(), "{op} at {x:?}: the sign of zero, {set}");
        }
    }

    #[test]
    fn a_sum_over_points_depends_on_the_points_alone(xs in prop::collection::vec(-2.0..2.0f64, 0..400), lanes in 1..200usize, threads in 1..5usize) {
        let graph = Graph::new();
        let (w, x) = (graph.leaf(0.5), graph.leaf(2.0));
        let f = graph.mul(w, graph.exp(graph.mul(w, x)));
        let slope = graph.gradient(f, &[w])[0];
        let outputs = [f, slope].map(Output::sum);
        let program = Program::compile(&graph, [Input::whole(w), Input::column(x)], outputs, &Options::fast()).expect("compiles");
        let run = |setup: Setup| {
            let (mut a, mut b) = ([0.0], [0.0]);
            program.eval_batch(xs.len(), &[&[0.7], &xs], &mut [&mut a, &mut b], &mut Workspace::with(setup)).expect("runs");
            [a[0].to_bits(), b[0].to_bits()]
        };
        prop_assert_eq!(run(Setup::new().lanes(lanes).threads(threads)), run(Setup::new().lanes(64).threads(1)));
    }
}
