//! Random expressions: recipes of ops over earlier nodes, drawn by proptest from the whole table and
//! recorded by any front end.

use proptest::prelude::*;
use wengert::{Arity, Form, Graph, Imm, Immediate, NO_IMM, NodeId, Op, Scalar};

/// How many leaves a recipe begins with.
pub(crate) const LEAVES: usize = 4;

/// One op, the places of its operands, its immediates.
#[derive(Clone)]
pub(crate) struct Step {
    pub(crate) op: Op,
    pub(crate) imm: Imm,
    pub(crate) operands: Vec<usize>,
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{:?}{:?}", self.op, self.operands, self.imm)
    }
}

/// An expression: leaves, two constants, then one node per step.
#[derive(Clone)]
pub(crate) struct Recipe {
    pub(crate) leaves: [f64; LEAVES],
    pub(crate) constants: [f64; 2],
    pub(crate) steps: Vec<Step>,
}

impl std::fmt::Debug for Recipe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "leaves {:?}, constants {:?}, then {:?}", self.leaves, self.constants, self.steps)
    }
}

/// What a step is made of, before its operands are known to exist.
type Draw = (Op, [u16; 8], usize, [u8; 2], f64);

/// The immediates given to an op, chosen by two small numbers and one number between -2 and 2.
fn immediates(op: Op, small: [u8; 2], c: f64) -> Imm {
    let mut imm = NO_IMM;
    for (k, &kind) in op.immediate_kinds().iter().enumerate() {
        imm[k] = match (op, kind) {
            (_, Immediate::Order) => f64::from(small[k] % 3),
            (Op::Powd, _) => [-1.0, -0.5, 0.5, 2.0, 3.0, 2.5, c][usize::from(small[k]) % 7],
            (Op::Gauss, _) => [1.0, 0.5][usize::from(small[k]) % 2],
            _ => c,
        };
    }
    imm
}

/// Any op of the table that takes operands.
fn any_op() -> impl Strategy<Value = Op> {
    let ops: Vec<Op> = Op::ALL.iter().copied().filter(|op| op.form() != Form::Source).collect();
    prop::sample::select(ops)
}

fn draw() -> impl Strategy<Value = Draw> {
    (any_op(), any::<[u16; 8]>(), 1usize..=8, any::<[u8; 2]>(), -2.0..2.0f64)
}

/// Recipes of up to `most` steps, without those that `keeps` refuses: it is shown the op, its
/// immediates, the values of its operands, and its value.
pub(crate) fn recipes(most: usize, keeps: fn(Op, Imm, &[f64], f64) -> bool) -> impl Strategy<Value = Recipe> {
    let leaves = prop::array::uniform4(-2.0..2.0f64);
    let constants = prop::array::uniform2(-2.0..2.0f64);
    (leaves, constants, prop::collection::vec(draw(), 1..=most)).prop_map(move |(leaves, constants, draws)| {
        let mut values: Vec<f64> = leaves.into_iter().chain(constants).collect();
        let mut steps = Vec::new();
        for (op, at, count, small, c) in draws {
            let count = match op.arity() {
                Arity::Fixed(n) => n,
                Arity::AtLeast(n) => count.max(n).next_multiple_of(op.lists()),
                #[allow(unreachable_patterns, reason = "within the crate, arities are all known")]
                _ => continue,
            };
            // Every other operand is one of the last four nodes, so that expressions are deep.
            let place = |at: u16| match (usize::from(at / 2), values.len()) {
                (at, len) if at % 2 == 0 => len - 1 - at / 2 % 4,
                (at, len) => at % len,
            };
            let mut operands: Vec<usize> = at[..count].iter().map(|&at| place(at)).collect();
            if op == Op::Sech2 {
                // Its second operand is the hyperbolic tangent of the first.
                let x = values[operands[0]];
                steps.push(Step { op: Op::Tanh, imm: NO_IMM, operands: vec![operands[0]] });
                operands[1] = values.len();
                values.push(Scalar::tanh(x));
            }
            if op == Op::Unit {
                // Its third operand is the hypotenuse of the others.
                let [x, y] = [operands[0], operands[1]];
                steps.push(Step { op: Op::Hypot, imm: NO_IMM, operands: vec![x, y] });
                operands[2] = values.len();
                values.push(Scalar::hypot(values[x], values[y]));
            }
            let imm = immediates(op, small, c);
            let args: Vec<f64> = operands.iter().map(|&x| values[x]).collect();
            let value = f64::apply(op, imm, &args);
            if keeps(op, imm, &args, value) {
                steps.push(Step { op, imm, operands });
                values.push(value);
            }
        }
        Recipe { leaves, constants, steps }
    })
}

impl Recipe {
    /// The nodes that the given functions make: the leaves, the constants, then one node per step.
    pub(crate) fn run<N: Copy>(
        &self,
        leaf: impl Fn(f64, usize) -> N,
        constant: impl Fn(f64) -> N,
        apply: impl Fn(Op, Imm, &[N]) -> N,
    ) -> Vec<N> {
        let leaves = self.leaves.iter().enumerate().map(|(k, &v)| leaf(v, k));
        let mut nodes: Vec<N> = leaves.chain(self.constants.iter().map(|&c| constant(c))).collect();
        for Step { op, imm, operands } in &self.steps {
            let args: Vec<N> = operands.iter().map(|&x| nodes[x]).collect();
            nodes.push(apply(*op, *imm, &args));
        }
        nodes
    }

    /// The nodes, recorded by key.
    pub(crate) fn record(&self, g: &Graph) -> Vec<NodeId> {
        let apply = |op, imm, args: &[NodeId]| g.try_record(op, imm, args).expect("recipes are right");
        self.run(|v, _| g.leaf(v), |c| g.constant(c), apply)
    }
}
