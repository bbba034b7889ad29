//! Random programs, from numbers that a test or a fuzzer chooses, and what holds for each.

use wengert::{Arity, Graph, Imm, Immediate, NO_IMM, NodeId, Op, Scalar};
use wengert_program::{InstructionSet, Options, Program, Setup, Workspace};

/// The ops that take any operands, each with an operand count and immediates to try.
pub(crate) fn ops() -> Vec<(Op, usize, Imm)> {
    let mut ops = Vec::new();
    for &op in Op::ALL {
        let operands = match op.arity() {
            Arity::Fixed(0) => continue,
            Arity::Fixed(n) => n,
            Arity::AtLeast(_) => 4,
            _ => continue,
        };
        let choices = |k: usize| -> &[f64] {
            match op.immediate_kinds().get(k) {
                None => &[0.0],
                Some(Immediate::Order) => &[0.0, 1.0, 3.0],
                // These are the only constants of a bell.
                Some(_) if op == Op::Gauss => &[1.0, 0.5],
                Some(_) => &[2.0, 0.0, 3.0, 0.5, -1.0, 2.5],
            }
        };
        let imms = choices(0).iter().flat_map(|&first| choices(1).iter().map(move |&second| [first, second]));
        // `record` says what these need.
        if !matches!(op, Op::Sech2 | Op::Unit | Op::Copysign) {
            ops.extend(imms.map(|imm| (op, operands, imm)));
        }
    }
    ops
}

/// A graph over three inputs.
pub(crate) struct Recorded {
    pub(crate) graph: Graph,
    pub(crate) inputs: Vec<NodeId>,
    /// The last node, a middle one, and, if asked for, the gradient of the last.
    pub(crate) outputs: Vec<NodeId>,
}

/// Records a node for each choice of an op and four operands, at these inputs. The numbers of a choice can be
/// anything.
pub(crate) fn record(choices: &[(usize, [usize; 4])], constants: &[f64], derive: bool, x: &[f64; 3]) -> Recorded {
    let graph = Graph::new();
    let inputs = graph.leaves(x);
    let mut nodes = inputs.clone();
    nodes.extend(constants.iter().map(|&c| graph.constant(c)));
    let mut ops = ops();
    ops.extend([(Op::Sech2, 2, NO_IMM), (Op::Unit, 3, NO_IMM), (Op::Copysign, 2, NO_IMM)]);
    for (op, operands) in choices {
        let (op, count, imm) = ops[op % ops.len()];
        // Operands from the last few nodes, or from anywhere.
        let pick = |k: usize| {
            let near = nodes.len().min(6);
            if k.is_multiple_of(3) { nodes[k % nodes.len()] } else { nodes[nodes.len() - 1 - k % near] }
        };
        let mut operands: Vec<NodeId> = operands[..count].iter().map(|&k| pick(k)).collect();
        match op {
            // Their last operands must be the hyperbolic tangent, and the norm, of the others.
            Op::Sech2 => operands[1] = graph.tanh(operands[0]),
            Op::Unit => operands[2] = graph.hypot(operands[0], operands[1]),
            // It would show the sign of a NaN, which arithmetic does not guarantee.
            Op::Copysign => {
                let is_number = graph.equal(operands[1], operands[1]);
                operands[1] = graph.select(is_number, operands[1], is_number);
            }
            _ => {}
        }
        nodes.push(graph.try_record(op, imm, &operands).expect("a valid node"));
    }
    let last = *nodes.last().expect("there are inputs");
    let mut outputs = vec![last, nodes[nodes.len() / 2]];
    if derive {
        outputs.extend(graph.gradient_nodes(last, &inputs));
    }
    Recorded { graph, inputs, outputs }
}

/// The bits of a number. All NaNs count as the same.
pub(crate) fn bits(x: f64) -> u64 {
    if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }
}

/// Whether lanes may give `got` where the scalar op gives `expected`: they have the same bits, or differ in
/// the last few places.
pub(crate) fn is_near(op: Op, operands: &[f64], got: f64, expected: f64) -> bool {
    let size = match op {
        // After cancellation, what counts is the last place of the operands.
        Op::Logsumexp => operands.iter().fold(expected.abs(), |size, x| size.max(x.abs())),
        _ => expected.abs(),
    };
    let near = (got - expected).abs() <= 4.0 * f64::EPSILON * size.max(f64::MIN_POSITIVE);
    bits(got) == bits(expected) || near && got.is_sign_negative() == expected.is_sign_negative()
}

/// Checks at a point that the value of every node is what its scalar op gives for the values of its operands, up to the
/// last few places. Each op starts from the program's own operands, so differences are not magnified.
///
/// # Errors
/// The first node that is not.
pub(crate) fn check_every_node(recorded: &Recorded, x: &[f64; 3]) -> Result<(), String> {
    let nodes: Vec<_> = recorded.graph.nodes().collect();
    let keys = nodes.iter().map(|node| node.id);
    let options = Options::new().guards(false);
    let program = Program::compile(&recorded.graph, recorded.inputs.iter().copied(), keys, &options)
        .map_err(|error| error.to_string())?;
    for set in InstructionSet::available() {
        let mut values = vec![0.0; nodes.len()];
        let mut workspace = Workspace::with(Setup::new().instructions(set));
        program.eval(x, &mut values, &mut workspace).map_err(|error| error.to_string())?;
        for node in nodes.iter().filter(|node| !matches!(node.op, Op::Leaf | Op::Const)) {
            let operands: Vec<f64> = node.operands.iter().map(|x| values[x.index()]).collect();
            let expected = f64::apply(node.op, node.imm, &operands);
            let got = values[node.id.index()];
            if !is_near(node.op, &operands, got, expected) {
                return Err(format!(
                    "{} = {}{operands:?} {:?} is {got}, not {expected}, on {set}",
                    node.id, node.op, node.imm
                ));
            }
        }
    }
    Ok(())
}
