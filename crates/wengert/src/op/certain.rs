//! What can be said about an op's value when only some of its operands are known.

use crate::float;
use crate::op::{Imm, Op, kernel};

/// The value of an op, to the bit, for all values of its unknown operands. (The bits of a NaN do not count.)
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Certain {
    /// The value of the operand with this index.
    Operand(usize),
    /// This number.
    Number(f64),
    /// 0, of either sign.
    Zero,
}

impl Op {
    /// The op's value, if the known operands determine it. `number(k)` is the value of operand `k` if that is known.
    #[doc(hidden)]
    #[inline(always)]
    pub fn certain(self, imm: Imm, number: impl Fn(usize) -> Option<f64>) -> Option<Certain> {
        use Certain::{Number, Operand, Zero};
        let is = |k: usize, c: f64| number(k).is_some_and(|known| known.to_bits() == c.to_bits());
        let is_zero = |k: usize| number(k) == Some(0.0);
        match self {
            Op::Gmul if is_zero(0) || is_zero(1) => Some(Zero),
            Op::Gdiv if is_zero(0) => Some(Zero),
            Op::Mul | Op::Gmul if is(0, 1.0) => Some(Operand(1)),
            Op::Mul | Op::Gmul | Op::Div | Op::Gdiv if is(1, 1.0) => Some(Operand(0)),
            // x - 0 is x even for -0; x + 0 is not.
            Op::Sub if is(1, 0.0) => Some(Operand(0)),
            Op::Add if is(0, -0.0) => Some(Operand(1)),
            Op::Add if is(1, -0.0) => Some(Operand(0)),
            Op::Select => number(0).map(|c| Operand(if c != 0.0 { 1 } else { 2 })),
            Op::Powd if imm == [1.0, 0.0] => Some(Operand(0)),
            // High derivatives of a power with a whole exponent are constant, and x^0 is 1 even for NaN.
            Op::Powd if imm[1] >= imm[0] && imm[0] >= 0.0 && float::fract(imm[0]) == 0.0 => {
                Some(Number(kernel::powd(1.0, imm[0], imm[1])))
            }
            _ => None,
        }
    }
}
