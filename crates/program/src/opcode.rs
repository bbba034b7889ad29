//! How each op runs over lanes: inlined in the interpreter, by a lane kernel, or by the scalar
//! function lane by lane. Read [`crate::code`] next.
//!
//! An op without an entry here runs by its scalar function, so a new row of the table needs
//! nothing; it may get a kernel later.

use wengert::{Imm, Op};

use crate::lanes::Unary;

/// What a step does; the interpreter has an arm for each. The first [`HOT`] are what most programs
/// are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Opcode {
    Add,
    Gmul,
    Mul,
    /// `a * b + c`, rounding both, of a guarded product.
    GmulThenAdd,
    /// The same of a plain one.
    MulThenAdd,
    /// The two, rounding once where the instruction set can.
    FusedGmulAdd,
    FusedMulAdd,
    Sub,
    /// A lane kernel; `aux` is its number.
    Kernel,
    Neg,
    Div,
    /// To an output that is summed over the points.
    SumGmul,
    SumMul,
    Sum,
    /// To an output at each point.
    Store,
    /// A power whose exponent one or two exact operations serve, where `x` is of middling size.
    Power,
    Copy,
    Abs,
    Recip,
    Sqrt,
    Sign,
    Step,
    Relu,
    Flat,
    Floor,
    Ceil,
    Trunc,
    Round,
    Fract,
    Max,
    Min,
    Copysign,
    Prefer,
    /// The second operand is the numerator.
    RecipPos,
    Gdiv,
    Lt,
    Le,
    Gt,
    Ge,
    Eq,
    Ne,
    Select,
    MulAdd,
    /// `a * b - c`, rounding both.
    MulThenSub,
    /// `c - a * b`.
    SubMul,
    /// The same of a guarded product.
    GmulThenSub,
    SubGmul,
    /// The four, rounding once where the instruction set can.
    FusedMulSub,
    FusedSubMul,
    FusedGmulSub,
    FusedSubGmul,
    /// The scalar function, lane by lane; `aux` says which.
    Scalar,
    /// A comparison; `aux` says which.
    Check,
}

/// How many codes the interpreter finds by branches rather than by a jump table.
const HOT: usize = 16;

impl Opcode {
    /// The bit by which the interpreter finds one of the first [`HOT`] codes; none of the others.
    pub(crate) fn hot_bit(self) -> u16 {
        if (self as usize) < HOT { 1 << self as u16 } else { 0 }
    }
}

/// How an op runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Implementation {
    /// By an arm of the interpreter, at the operands of the op.
    Arm(Opcode),
    /// By an arm that is given this number as one more operand.
    ArmWithConstant(Opcode, f64),
    /// By the square: one product.
    Square,
    /// By the product with this number.
    Times(f64),
    /// By a kernel of the first operand. Of an op of two, the other only spares the scalar function
    /// some work: that of `sech2` is the tangent of the first.
    Kernel(Unary),
    /// By the scalar function.
    Scalar,
}

impl Implementation {
    /// How many of the operands of an op it reads, the first ones, of so many.
    pub(crate) fn reads(self, operands: usize) -> usize {
        match self {
            Implementation::Kernel(_) | Implementation::Square | Implementation::Times(_) => 1,
            Implementation::Arm(_) | Implementation::ArmWithConstant(..) | Implementation::Scalar => operands,
        }
    }
}

/// How an op runs.
pub(crate) fn implementation(op: Op, imm: Imm) -> Implementation {
    use Implementation::{Arm, ArmWithConstant};
    match op {
        Op::Neg => Arm(Opcode::Neg),
        Op::Abs => Arm(Opcode::Abs),
        Op::Recip => Arm(Opcode::Recip),
        Op::Sqrt => Arm(Opcode::Sqrt),
        Op::Sign => Arm(Opcode::Sign),
        Op::Step => Arm(Opcode::Step),
        Op::Relu => Arm(Opcode::Relu),
        Op::Flat => Arm(Opcode::Flat),
        Op::Floor => Arm(Opcode::Floor),
        Op::Ceil => Arm(Opcode::Ceil),
        Op::Trunc => Arm(Opcode::Trunc),
        Op::Round => Arm(Opcode::Round),
        Op::Fract => Arm(Opcode::Fract),
        Op::Detach => Arm(Opcode::Copy),
        Op::Add => Arm(Opcode::Add),
        Op::Sub => Arm(Opcode::Sub),
        Op::Mul => Arm(Opcode::Mul),
        Op::Div => Arm(Opcode::Div),
        Op::Max => Arm(Opcode::Max),
        Op::Min => Arm(Opcode::Min),
        Op::Copysign => Arm(Opcode::Copysign),
        Op::Prefer => Arm(Opcode::Prefer),
        Op::Gmul => Arm(Opcode::Gmul),
        Op::Gdiv => Arm(Opcode::Gdiv),
        Op::Lt => Arm(Opcode::Lt),
        Op::Le => Arm(Opcode::Le),
        Op::Gt => Arm(Opcode::Gt),
        Op::Ge => Arm(Opcode::Ge),
        Op::Eq => Arm(Opcode::Eq),
        Op::Ne => Arm(Opcode::Ne),
        Op::Select => Arm(Opcode::Select),
        Op::MulAdd => Arm(Opcode::MulAdd),
        Op::RecipPos => ArmWithConstant(Opcode::RecipPos, imm[0]),
        Op::Powd => power(imm),
        Op::Gauss if imm == [1.0, 0.0] => Implementation::Kernel(Unary::ErfD),
        Op::Gauss if imm == [0.5, 0.0] => Implementation::Kernel(Unary::NormPdf),
        _ => Unary::from_name(op.name()).map_or(Implementation::Scalar, Implementation::Kernel),
    }
}

/// The `k`-th derivative of `x^p`: by one product where that is the whole of it, by few exact
/// operations where those serve most `x`.
fn power(imm: Imm) -> Implementation {
    match easy_power(imm) {
        Some((1.0, 2.0)) => Implementation::Square,
        Some((c, 1.0)) => Implementation::Times(c),
        Some(_) => Implementation::Arm(Opcode::Power),
        None => Implementation::Scalar,
    }
}

/// The coefficient and the exponent of the `k`-th derivative of `x^p`, where few exact operations
/// serve `x` of middling size.
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

/// Whether the lanes give the bits of the scalar op, on every instruction set.
pub(crate) fn has_scalar_bits(op: Op, imm: Imm) -> bool {
    match implementation(op, imm) {
        Implementation::Arm(_) | Implementation::ArmWithConstant(..) | Implementation::Scalar => true,
        Implementation::Square | Implementation::Times(_) | Implementation::Kernel(_) => false,
    }
}
