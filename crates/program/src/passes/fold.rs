//! Fold: computes what depends on constants alone, and drops operations whose result is known, such as `x * 1`.
//!
//! The rules keep the bits for every operand: `x - 0` is `x` even for -0, but `x + 0` is not. (Different NaNs count as
//! the same.) An op on constants is folded only if it has the same bits in lanes as in the scalar function, so that
//! folding does not change a result, and only up to a low order, so that loading a file takes time by its size.

use wengert::room::{Refused, collected};
use wengert::{Certain, Imm, Immediate, Op, Scalar};

use crate::ir::{Inst, Ir};
use crate::opcode;

/// What an instruction turns out to be.
enum Fold {
    /// An earlier value.
    Is(u32),
    /// A simpler instruction.
    Becomes(Inst),
}

/// Folds, and returns how many instructions it simplified.
pub(crate) fn fold(ir: &mut Ir) -> Result<usize, Refused> {
    let mut count = 0;
    let mut now = collected(0..ir.insts.len() as u32)?;
    for k in 0..ir.insts.len() {
        let operands = ir.insts[k].operands_mut().iter_mut();
        operands.for_each(|x| *x = now[*x as usize]);
        // A result may fold again. The loop ends, since each rule makes the instruction simpler.
        let mut simpler = false;
        while let Some(fold) = rule(ir, &ir.insts[k]) {
            simpler = true;
            match fold {
                Fold::Becomes(better) => ir.insts[k] = better,
                Fold::Is(value) => {
                    now[k] = value;
                    break;
                }
            }
        }
        count += usize::from(simpler);
    }
    ir.for_each_root(|value| *value = now[*value as usize]);
    Ok(count)
}

fn rule(ir: &Ir, inst: &Inst) -> Option<Fold> {
    use Fold::{Becomes, Is};
    if matches!(inst.op, Op::Leaf | Op::Const | Op::External) {
        return None;
    }
    let at = |x: u32| &ir.insts[x as usize];
    let constant = |x: u32| at(x).as_constant();
    let negated = |x: u32| (at(x).op == Op::Neg).then(|| at(x).operands()[0]);
    let (imm, operands) = (ir.imm(inst), inst.operands());

    let mut values = [0.0; crate::ir::MOST];
    let known = operands.iter().zip(&mut values).all(|(&x, value)| {
        *value = constant(x).unwrap_or(f64::NAN);
        constant(x).is_some()
    });
    if known && is_quick(inst.op, imm) && opcode::has_scalar_bits(inst.op, imm) {
        return Some(Becomes(Inst::constant(f64::apply(inst.op, imm, &values[..operands.len()]))));
    }

    match inst.op.certain(imm, |k| operands.get(k).and_then(|&x| constant(x))) {
        Some(Certain::Operand(k)) => return Some(Is(operands[k])),
        Some(Certain::Number(c)) => return Some(Becomes(Inst::constant(c))),
        // The sign of a zero matters here.
        Some(Certain::Zero) | None => {}
    }
    let becomes = |op: Op, operands: &[u32]| Some(Becomes(Inst::new(op, operands)));
    let is_minus_1 = |x: u32| constant(x) == Some(-1.0);
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
        (Op::Mul, &[x, y]) if is_minus_1(y) => becomes(Op::Neg, &[x]),
        (Op::Mul, &[x, y]) if is_minus_1(x) => becomes(Op::Neg, &[y]),
        (Op::Div, &[x, y]) if is_minus_1(y) => becomes(Op::Neg, &[x]),
        // The guard is for 0 times infinity, which needs a factor that is 0 or not finite, and two
        // different factors.
        (Op::Gmul, &[x, y]) if x == y || [x, y].iter().any(|&x| constant(x).is_some_and(harmless)) => {
            becomes(Op::Mul, &[x, y])
        }
        (Op::Gdiv, &[x, y]) if constant(y).is_some_and(harmless) => becomes(Op::Div, &[x, y]),
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
