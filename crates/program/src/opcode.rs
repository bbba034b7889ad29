//! Opcodes: how each op runs over lanes. It is inlined in the interpreter, or a lane kernel, or the scalar
//! function called lane by lane.
//!
//! An op that is not named here runs by its scalar function, so a new row of the table of ops needs no change here.

use wengert::{Imm, Op};

use crate::lanes::Unary;

/// What the arm of an opcode reads in a group. A *column* is a per-point input or a slot, with as
/// many lanes as the group; a *cell* is one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// The first operand, a column.
    Column,
    /// Two operands, of which at least one is a column.
    OneOfTwo,
    /// Three operands; the second is a column.
    Second,
    /// This many operands, columns or cells.
    Any(usize),
}

/// Hands the table of opcodes to a macro. A row of `arms` has an arm in the interpreter: the opcode, what the arm
/// reads, and the op that it computes, if there is one. The first [`HOT`] are the opcodes that most programs consist
/// of. The other rows are ops of one, two or three operands, each with its function in [`crate::lanes::arith`]; the
/// interpreter generates their arms from these rows.
macro_rules! for_each_opcode {
    ($consumer:ident) => {
        $consumer! {
            arms {
                Add [OneOfTwo] Add,
                Gmul [OneOfTwo] Gmul,
                Mul [OneOfTwo] Mul,
                /// `a * b + c` of a guarded product, rounded twice.
                GmulThenAdd [Second],
                /// The same of a plain product.
                MulThenAdd [Second],
                /// The two above, rounded once where the instruction set can.
                FusedGmulAdd [Second],
                FusedMulAdd [Second],
                Sub [OneOfTwo] Sub,
                /// A lane kernel; `aux` is its number.
                Kernel [Column],
                Neg [Column] Neg,
                Div [Any(2)] Div,
                /// Adds to an output that is summed over the points.
                SumGmul [Any(2)],
                SumMul [Any(2)],
                Sum [Any(2)],
                /// Writes an output at each point.
                Store [Any(1)],
                /// A power that takes a few basic operations where `x` is neither huge nor tiny.
                Power [Column],
                Copy [Column] Detach,
                /// The second operand is the numerator.
                RecipPos [Any(2)],
                Gdiv [Any(2)] Gdiv,
                MulAdd [Any(3)] MulAdd,
                /// `a * b - c`, rounded twice.
                MulThenSub [Any(3)],
                /// `c - a * b`, rounded twice.
                SubMul [Any(3)],
                /// The same of a guarded product.
                GmulThenSub [Any(3)],
                SubGmul [Any(3)],
                /// The four above, rounded once where the instruction set can.
                FusedMulSub [Any(3)],
                FusedSubMul [Any(3)],
                FusedGmulSub [Any(3)],
                FusedSubGmul [Any(3)],
                /// The scalar function, lane by lane, of as many operands as its op has; `aux` says which.
                Scalar [Any(3)],
                /// A comparison; `aux` says which.
                Check [Any(2)],
            }
            one {
                Abs abs, Recip recip, Sqrt sqrt, Sign sign, Step step, Relu relu, Flat flat,
                Floor floor, Ceil ceil, Trunc trunc, Round round, Fract fract,
            }
            two {
                Max max, Min min, Copysign copysign, Prefer prefer,
                Lt lt, Le le, Gt gt, Ge ge, Eq eq, Ne ne,
            }
            three {
                Select select,
            }
        }
    };
}
pub(crate) use for_each_opcode;

macro_rules! opcodes {
    (
        arms { $($(#[$doc:meta])* $Arm:ident [$($reads:tt)+] $($op:ident)?,)+ }
        one { $($One:ident $one:ident,)+ }
        two { $($Two:ident $two:ident,)+ }
        three { $($Three:ident $three:ident,)+ }
    ) => {
        /// What a step does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub(crate) enum Opcode { $($(#[$doc])* $Arm,)+ $($One,)+ $($Two,)+ $($Three,)+ }

        impl Opcode {
            /// The opcode whose arm computes the op.
            const fn of(op: Op) -> Option<Opcode> {
                match op {
                    $($(Op::$op => Some(Opcode::$Arm),)?)+
                    $(Op::$One => Some(Opcode::$One),)+
                    $(Op::$Two => Some(Opcode::$Two),)+
                    $(Op::$Three => Some(Opcode::$Three),)+
                    _ => None,
                }
            }

            /// What its arm reads.
            pub(crate) fn reads(self) -> Reads {
                use Reads::{Any, Column, OneOfTwo, Second};
                match self {
                    $(Opcode::$Arm => $($reads)+,)+
                    $(Opcode::$One)|+ => Column,
                    $(Opcode::$Two)|+ => Any(2),
                    $(Opcode::$Three)|+ => Any(3),
                }
            }
        }
    };
}
for_each_opcode!(opcodes);

/// How many opcodes the interpreter finds by branches rather than by a jump table.
const HOT: usize = 16;

impl Opcode {
    /// The bit by which the interpreter finds one of the first [`HOT`] opcodes; 0 for the others.
    pub(crate) fn hot_bit(self) -> u16 {
        if (self as usize) < HOT { 1 << self as u16 } else { 0 }
    }
}

/// How an op runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Implementation {
    /// By an arm of the interpreter.
    Arm(Opcode),
    /// By an arm that takes this number as one more operand.
    ArmWithConstant(Opcode, f64),
    /// By multiplying the operand by itself.
    Square,
    /// By multiplying by this number.
    Times(f64),
    /// By a kernel of the first operand. A second operand only saves the scalar function some work: that
    /// of `sech2` is the hyperbolic tangent of the first.
    Kernel(Unary),
    /// By the scalar function.
    Scalar,
}

impl Implementation {
    /// How many of an op's operands it reads; they are the first ones.
    pub(crate) fn reads(self, operands: usize) -> usize {
        match self {
            Implementation::Kernel(_) | Implementation::Square | Implementation::Times(_) => 1,
            Implementation::Arm(_) | Implementation::ArmWithConstant(..) | Implementation::Scalar => operands,
        }
    }
}

/// How an op runs.
#[inline]
pub(crate) fn implementation(op: Op, imm: Imm) -> Implementation {
    match op {
        Op::RecipPos => Implementation::ArmWithConstant(Opcode::RecipPos, imm[0]),
        Op::Powd => power(imm),
        Op::Gauss if imm == [1.0, 0.0] => Implementation::Kernel(Unary::ErfD),
        Op::Gauss if imm == [0.5, 0.0] => Implementation::Kernel(Unary::NormPdf),
        _ => BY_OP[op as usize],
    }
}

/// How each op runs if its immediates do not matter. The last entry is for calls of user's functions.
static BY_OP: [Implementation; Op::ALL.len() + 1] = {
    let mut by_op = [Implementation::Scalar; Op::ALL.len() + 1];
    let mut k = 0;
    while k < Op::ALL.len() {
        let op = Op::ALL[k];
        by_op[op as usize] = match (Opcode::of(op), Unary::from_name(op.name())) {
            (Some(opcode), _) => Implementation::Arm(opcode),
            (None, Some(kernel)) => Implementation::Kernel(kernel),
            (None, None) => Implementation::Scalar,
        };
        k += 1;
    }
    by_op
};

/// How the `k`-th derivative of `x^p` runs: by a product, a few basic operations for most `x`, or the scalar function.
fn power(imm: Imm) -> Implementation {
    match easy_power(imm) {
        Some((1.0, 2.0)) => Implementation::Square,
        Some((c, 1.0)) => Implementation::Times(c),
        Some(_) => Implementation::Arm(Opcode::Power),
        None => Implementation::Scalar,
    }
}

/// The coefficient and the exponent of the `k`-th derivative of `x^p`, if a few basic operations compute it where `x`
/// is neither huge nor tiny.
pub(crate) fn easy_power([p, k]: Imm) -> Option<(f64, f64)> {
    let q = p - k;
    let c = match k {
        0.0 => 1.0,
        1.0 => p,
        2.0 => p * (p - 1.0),
        _ => return None,
    };
    let easy = q + k == p && c.abs() > 1e-6 && c.abs() < 1e6 && [1.0, 2.0, 3.0, 0.5, -0.5, -1.0, -2.0].contains(&q);
    easy.then_some((c, q))
}

/// Whether lanes have the bits of the scalar function, on every instruction set.
pub(crate) fn has_scalar_bits(op: Op, imm: Imm) -> bool {
    match implementation(op, imm) {
        Implementation::Arm(_) | Implementation::ArmWithConstant(..) | Implementation::Scalar => true,
        Implementation::Square | Implementation::Times(_) | Implementation::Kernel(_) => false,
    }
}
