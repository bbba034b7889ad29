//! Fold: computes what depends on constants alone, and drops operations whose result is known, such as `x * 1`.
//!
//! The rules keep the bits for every operand: `x - 0` is `x` even for -0, but `x + 0` is not. (Different NaNs count as
//! the same.) An op on constants is folded only if it has the same bits in lanes as in the scalar function, so that
//! folding does not change a result, and only up to a low order, so that loading a file takes time by its size.

use wengert::{Certain, Imm, Immediate, Op, Scalar};

use crate::ir::{Inst, Ir, MOST};
use crate::opcode;

/// What an instruction turns out to be.
pub(crate) enum Fold {
    /// An earlier value.
    Is(u32),
    /// A simpler instruction.
    Becomes(Inst),
}

/// What an instruction for this list turns out to be, by one rule.
pub(crate) fn rule(ir: &Ir, inst: &Inst) -> Option<Fold> {
    use Fold::{Becomes, Is};
    if matches!(inst.op, Op::Leaf | Op::Const | Op::External) {
        return None;
    }
    let (imm, operands) = (ir.imm(inst), inst.operands());
    let at = |x: u32| &ir.insts[x as usize];
    let negated = |x: u32| (at(x).op == Op::Neg).then(|| at(x).operands()[0]);
    let mut constants = [None; MOST];
    constants.iter_mut().zip(operands).for_each(|(constant, &x)| *constant = at(x).as_constant());
    let constant = |k: usize| constants.get(k).copied().flatten();

    if constants[..operands.len()].iter().all(Option::is_some)
        && is_quick(inst.op, imm)
        && opcode::has_scalar_bits(inst.op, imm)
    {
        let values = constants.map(Option::unwrap_or_default);
        return Some(Becomes(Inst::constant(f64::apply(inst.op, imm, &values[..operands.len()]))));
    }

    match inst.op.certain(imm, constant) {
        Some(Certain::Operand(k)) => return Some(Is(operands[k])),
        Some(Certain::Number(c)) => return Some(Becomes(Inst::constant(c))),
        // The sign of a zero matters here.
        Some(Certain::Zero) | None => {}
    }
    let becomes = |op: Op, operands: &[u32]| Some(Becomes(Inst::new(op, operands)));
    let is_minus_1 = |k: usize| constant(k) == Some(-1.0);
    match (inst.op, operands) {
        (Op::Detach, &[x]) => Some(Is(x)),
        (Op::Neg, &[x]) => negated(x).map(Is),
        (Op::Abs, &[x]) => match at(x).op {
            Op::Abs => Some(Is(x)),
            Op::Neg => becomes(Op::Abs, at(x).operands()),
            _ => None,
        },
        (Op::Add, &[x, y]) => match (negated(x), negated(y)) {
            (_, Some(y)) => becomes(Op::Sub, &[x, y]),
            (Some(x), None) => becomes(Op::Sub, &[y, x]),
            (None, None) => None,
        },
        (Op::Sub, &[x, y]) => negated(y).and_then(|y| becomes(Op::Add, &[x, y])),
        (Op::Mul, &[x, _]) if is_minus_1(1) => becomes(Op::Neg, &[x]),
        (Op::Mul, &[_, y]) if is_minus_1(0) => becomes(Op::Neg, &[y]),
        (Op::Div, &[x, _]) if is_minus_1(1) => becomes(Op::Neg, &[x]),
        // The guard is for 0 times infinity, which needs a factor that is 0 or not finite, and two
        // different factors.
        (Op::Gmul, &[x, y]) if x == y || (0..2).any(|k| constant(k).is_some_and(harmless)) => becomes(Op::Mul, &[x, y]),
        (Op::Gdiv, &[x, y]) if constant(1).is_some_and(harmless) => becomes(Op::Div, &[x, y]),
        (Op::Max | Op::Min, &[x, y]) if x == y => Some(Is(x)),
        (Op::Select, &[_, x, y]) if x == y => Some(Is(x)),
        _ => None,
    }
}

/// Whether the scalar function takes about as long as other functions. A derivative of order `n` takes up to `n^2` times
/// as long.
fn is_quick(op: Op, imm: Imm) -> bool {
    const MOST_ORDERS: f64 = 4.0;
    let kinds = op.immediate_kinds().iter().zip(imm);
    kinds.filter(|(kind, _)| **kind == Immediate::Order).map(|(_, order)| order).sum::<f64>() <= MOST_ORDERS
}

fn harmless(factor: f64) -> bool {
    factor.is_finite() && factor != 0.0
}
