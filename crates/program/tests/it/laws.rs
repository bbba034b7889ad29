//! Laws for every program: passes, lanes, threads and files keep the bits, and the numbers are those of the
//! sweep, up to the accuracy of the kernels.

use std::collections::HashMap;

use crate::dag::{Recorded, bits, check_every_node, is_near, ops, record};
use proptest::prelude::*;
use wengert::{Graph, NodeId};
use wengert_program::{Input, InstructionSet, Options, Output, Program, Setup, Spread, Workspace};

/// A random program over three inputs: ops, and where their operands are.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    nodes: Vec<(usize, [usize; 4])>,
    constants: Vec<f64>,
    derive: bool,
}

pub(crate) fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -3.0..3.0f64,
        1 => prop::sample::select(vec![0.0, -0.0, 1.0, -1.0, 2.0, 0.5, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-310, 1e300, -700.0]),
    ]
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let node = (0..ops().len(), prop::array::uniform4(0..1000usize));
    (prop::collection::vec(node, 1..40), prop::collection::vec(number(), 1..4), any::<bool>())
        .prop_map(|(nodes, constants, derive)| Plan { nodes, constants, derive })
}

impl Plan {
    fn record(&self) -> Recorded {
        self.record_at(&[0.3, 1.2, -0.7])
    }

    pub(crate) fn record_at(&self, x: &[f64; 3]) -> Recorded {
        record(&self.nodes, &self.constants, self.derive, x)
    }
}

fn compile(recorded: &Recorded, whole: bool, options: &Options) -> Program {
    let spread = |(k, &node): (usize, &NodeId)| {
        if whole && k == 1 { Input::uniform(node) } else { Input::per_point(node) }
    };
    let inputs = recorded.inputs.iter().enumerate().map(spread);
    Program::compile(&recorded.graph, inputs, recorded.outputs.iter().copied(), options).expect("compiles")
}

/// The first difference of two runs, if any.
fn difference(a: &[u64], b: &[u64]) -> Option<(usize, f64, f64)> {
    (0..a.len()).find(|&k| a[k] != b[k]).map(|k| (k, f64::from_bits(a[k]), f64::from_bits(b[k])))
}

/// The outputs at the points, column after column. All NaNs count as the same.
fn run(program: &Program, columns: &[Vec<f64>; 3], setup: Setup) -> Vec<u64> {
    let points = columns[0].len();
    let inputs: Vec<&[f64]> = columns
        .iter()
        .enumerate()
        .map(|(k, column)| if program.input_spread(k) == Spread::Uniform { &column[..1] } else { &column[..] })
        .collect();
    let mut outputs = vec![vec![0.0; points]; program.output_count()];
    let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(|column| &mut column[..]).collect();
    program.eval_batch(points, &inputs, &mut slices, &mut Workspace::with(setup)).expect("runs");
    outputs.concat().into_iter().map(bits).collect()
}

/// Columns of points. The second column has one number throughout, so that it can be uniform.
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
        let recorded = plan.record();
        let one = Setup::new().threads(1);
        let plain = run(&compile(&recorded, false, &Options::plain()), &columns, one);
        let alone: [fn(Options) -> Options; 6] =
            [|o| o.fold(true), |o| o.share(true), |o| o.dead(true), |o| o.order(true), |o| o.reuse(true), |o| o.pair(true)];
        for (k, pass) in alone.into_iter().enumerate() {
            let program = compile(&recorded, false, &pass(Options::plain()));
            prop_assert_eq!(difference(&run(&program, &columns, one), &plain), None, "pass {} of\n{}", k, program);
        }
        for whole in [false, true] {
            let program = compile(&recorded, whole, &Options::new());
            prop_assert_eq!(difference(&run(&program, &columns, one), &plain), None, "all passes, whole {}:\n{}", whole, program);
        }
    }

    #[test]
    fn lanes_threads_place_and_files_change_no_bit(plan in plan(), columns in columns(), whole: bool) {
        let recorded = plan.record();
        for options in [Options::new(), Options::fast()] {
            let program = compile(&recorded, whole, &options);
            let loaded = Program::from_bytes(&program.to_bytes()).expect("its own bytes load");
            let mut same_rounding = HashMap::new();
            for set in InstructionSet::available() {
                let setup = |lanes, threads| Setup::new().instructions(set).lanes(lanes).threads(threads);
                let expected = run(&program, &columns, setup(64, 1));
                let other = same_rounding.entry(set.rounding()).or_insert_with(|| expected.clone());
                prop_assert_eq!(difference(&expected, other), None, "{}", set);
                for (lanes, threads) in [(8, 1), (24, 2), (16, 1), (100, 3)] {
                    prop_assert_eq!(difference(&run(&program, &columns, setup(lanes, threads)), &expected), None, "{} lanes, {}", lanes, set);
                }
                prop_assert_eq!(difference(&run(&loaded, &columns, setup(64, 1)), &expected), None);
                // Each point by itself.
                let points = columns[0].len();
                let mut workspace = Workspace::with(setup(64, 1));
                for point in 0..points {
                    let mut out = vec![0.0; program.output_count()];
                    let x = [columns[0][point], columns[1][point], columns[2][point]];
                    program.eval(&x, &mut out, &mut workspace).expect("runs");
                    for (k, y) in out.into_iter().enumerate() {
                        prop_assert_eq!(bits(y), expected[k * points + point], "output {} of point {} alone, {}", k, point, set);
                    }
                }
            }
        }
    }

    #[test]
    fn a_point_gives_in_any_batch_what_it_gives_alone(
        plan in plan(),
        points in prop::collection::vec(prop::collection::vec(number(), 3), 1..4),
        whole in 0..8usize,
        sums: bool,
        lanes in 1..200usize,
    ) {
        let recorded = plan.record();
        let spread = |(k, &node)| if whole >> k & 1 == 1 { Input::uniform(node) } else { Input::per_point(node) };
        let output = |&node: &NodeId| if sums { Output::sum(node) } else { Output::per_point(node) };
        for options in [Options::new(), Options::fast()] {
            let inputs = recorded.inputs.iter().enumerate().map(spread);
            let outputs = recorded.outputs.iter().map(output);
            let program = Program::compile(&recorded.graph, inputs, outputs, &options).expect("compiles");
            prop_assert_eq!(crate::batches::check(&program, &points, 70, &[4, lanes], &[1, 2]), Ok(()), "\n{}", program);
        }
    }

    #[test]
    fn every_node_is_its_op_of_its_operands(plan in plan(), x in prop::array::uniform3(number())) {
        prop_assert_eq!(check_every_node(&plan.record(), &x), Ok(()));
    }

    /// One op at a time, so that a difference of lanes in the last place is not magnified.
    #[test]
    fn every_op_gives_the_number_of_the_sweep(op in any::<prop::sample::Index>(), x in prop::array::uniform4(number())) {
        let (op, count, imm) = *op.get(&ops());
        let graph = Graph::new();
        let inputs = graph.leaves(&x[..count]);
        let node = graph.try_record(op, imm, &inputs).expect("a valid node");
        let program = Program::compile(&graph, inputs, [node], &Options::new()).expect("compiles");
        for set in InstructionSet::available() {
            let mut out = [0.0];
            program.eval(&x[..count], &mut out, &mut Workspace::with(Setup::new().instructions(set))).expect("runs");
            let expected = graph.value(node);
            prop_assert!(is_near(op, &x[..count], out[0], expected), "{op}{imm:?} at {x:?}: {} for {expected}, {set}", out[0]);
        }
    }

    #[test]
    fn a_sum_over_points_depends_on_the_points_alone(xs in prop::collection::vec(-2.0..2.0f64, 0..400), lanes in 1..200usize, threads in 1..5usize) {
        let graph = Graph::new();
        let (w, x) = (graph.leaf(0.5), graph.leaf(2.0));
        let f = graph.mul(w, graph.exp(graph.mul(w, x)));
        let slope = graph.gradient_nodes(f, &[w])[0];
        let outputs = [f, slope].map(Output::sum);
        let program = Program::compile(&graph, [Input::uniform(w), Input::per_point(x)], outputs, &Options::fast()).expect("compiles");
        let run = |setup: Setup| {
            let (mut a, mut b) = ([0.0], [0.0]);
            program.eval_batch(xs.len(), &[&[0.7], &xs], &mut [&mut a, &mut b], &mut Workspace::with(setup)).expect("runs");
            [a[0].to_bits(), b[0].to_bits()]
        };
        prop_assert_eq!(run(Setup::new().lanes(lanes).threads(threads)), run(Setup::new().lanes(64).threads(1)));
    }
}
