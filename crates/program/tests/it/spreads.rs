//! Uniform inputs together with others: in every combination, equal points give equal outputs, the same as the point
//! run alone.

use wengert::{Graph, Imm, NO_IMM, NodeId, Op};
use wengert_program::{Input, Options, Output, Program};

use super::batches::check;
use super::dag;

const LANES: [usize; 7] = [1, 4, 8, 12, 64, 100, 1024];

/// Points of four inputs. The first is in the domain of every op.
fn points() -> Vec<Vec<f64>> {
    [
        [0.3, 0.7, 1.2, 0.9],
        [0.0, -0.0, 0.0, 1.0],
        [-2.5, 1e300, f64::INFINITY, -1e-310],
        [40.0, f64::NEG_INFINITY, 0.0, f64::NAN],
        [1.0, 1.0, 1.0, 1.0],
    ]
    .map(Vec::from)
    .into()
}

/// The program of these outputs. The inputs whose bit in `uniform` is set are uniform.
fn compile(graph: &Graph, inputs: &[NodeId], uniform: usize, outputs: &[Output], options: &Options) -> Program {
    let spread = |(k, &node): (usize, &NodeId)| match uniform >> k & 1 {
        1 => Input::uniform(node),
        _ => Input::per_point(node),
    };
    let inputs = inputs.iter().enumerate().map(spread);
    Program::compile(graph, inputs, outputs.iter().copied(), options).expect("compiles")
}

/// Every op of the table, with those that random programs leave out.
fn ops() -> Vec<(Op, usize, Imm)> {
    let mut ops = dag::ops();
    ops.extend([(Op::Sech2, 2), (Op::Copysign, 2), (Op::Unit, 3)].map(|(op, count)| (op, count, NO_IMM)));
    ops
}

#[test]
fn every_op_is_tested() {
    let here = ops();
    let missing = Op::ALL.iter().filter(|&&op| !here.iter().any(|&(known, ..)| known == op));
    assert_eq!(missing.collect::<Vec<_>>(), [&Op::Leaf, &Op::Const]);
}

#[test]
fn every_op_of_uniform_and_varying_operands_gives_equal_points_equal_outputs() {
    for (op, count, imm) in ops() {
        let graph = Graph::new();
        let inputs = graph.leaves(&points()[0][..count]);
        let y = graph.try_record(op, imm, &inputs).expect("a valid node");
        let z = graph.add(y, inputs[count - 1]);
        let outputs = [Output::per_point(y), Output::sum(y), Output::per_point(z), Output::sum(z)];
        for uniform in 0..1 << count {
            for options in [Options::new(), Options::plain()] {
                let program = compile(&graph, &inputs, uniform, &outputs, &options);
                for point in points() {
                    let point = vec![point[..count].to_vec()];
                    check(&program, &point, 67, &LANES, &[1]).unwrap_or_else(|what| {
                        panic!("{op}{imm:?}, uniform {uniform:b} at {point:?}: {what}\n{program}")
                    });
                }
                let points: Vec<Vec<f64>> = points().into_iter().map(|x| x[..count].to_vec()).collect();
                check(&program, &points, 131, &LANES, &[1])
                    .unwrap_or_else(|what| panic!("{op}{imm:?}, uniform {uniform:b}: {what}\n{program}"));
            }
        }
    }
}

/// With enough points that threads share them.
#[test]
#[cfg_attr(miri, ignore = "too many points for an interpreter")]
fn every_op_of_uniform_and_varying_operands_gives_the_same_on_threads() {
    for (op, count, imm) in ops() {
        let graph = Graph::new();
        let inputs = graph.leaves(&points()[0][..count]);
        let y = graph.try_record(op, imm, &inputs).expect("a valid node");
        let program = compile(&graph, &inputs, 0b0101, &[y.into(), Output::sum(y)], &Options::new());
        // A program has at least one step for each of the two outputs, so this is enough work for several threads.
        let point = vec![points()[0][..count].to_vec()];
        check(&program, &point, 130_000, &[64, 1024], &[1, 3])
            .unwrap_or_else(|what| panic!("{op}{imm:?}: {what}\n{program}"));
    }
}

/// Products that share a step with a sum or an output, with every combination of operands.
#[test]
fn pairs_of_uniform_and_varying_operands_give_equal_points_equal_outputs() {
    type Formula = fn(&Graph, NodeId, [NodeId; 4]) -> NodeId;
    let formulas: [Formula; 6] = [
        |g, p, [.., z, _]| g.add(p, z),
        |g, p, [.., z, _]| g.add(z, p),
        |g, p, [.., z, _]| g.sub(p, z),
        |g, p, [.., z, _]| g.sub(z, p),
        |_, p, _| p,
        |g, p, [.., z, w]| g.add(p, g.mul(z, w)),
    ];
    for (k, formula) in formulas.into_iter().enumerate() {
        for product in [Op::Mul, Op::Gmul] {
            for [a, b] in [[0, 1], [1, 0], [0, 0]] {
                let graph = Graph::new();
                let inputs = graph.leaves(&points()[0]);
                let p = graph.try_record(product, NO_IMM, &[inputs[a], inputs[b]]).expect("a product");
                let y = formula(&graph, p, [inputs[0], inputs[1], inputs[2], inputs[3]]);
                for output in [Output::per_point(y), Output::sum(y)] {
                    for uniform in 0..16 {
                        for options in [Options::new(), Options::fast(), Options::plain()] {
                            let program = compile(&graph, &inputs, uniform, &[output], &options);
                            check(&program, &points(), 67, &LANES, &[1])
                                .unwrap_or_else(|what| panic!("{k} {product}, uniform {uniform:b}: {what}\n{program}"));
                        }
                    }
                }
            }
        }
    }
}
