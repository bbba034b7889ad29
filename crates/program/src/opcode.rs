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
pub(crate) enum Code {
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

impl Code {
    /// The bit by which the interpreter finds one of the first [`HOT`] codes; none of the others.
    pub(crate) fn hot_bit(self) -> u16 {
        if (self as usize) < HOT { 1 << self as u16 } else { 0 }
    }
}

/// How an op runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Machine {
    /// By an arm of the interpreter, at the operands of the op.
    Native(Code),
    /// By an arm that is given this number as one more operand.
    WithConstant(Code, f64),
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

impl Machine {
    /// How many of the operands of an op it reads, the first ones, of so many.
    pub(crate) fn reads(self, operands: usize) -> usize {
        match self {
            Machine::Kernel(_) | Machine::Square | Machine::Times(_) => 1,
            Machine::Native(_) | Machine::WithConstant(..) | Machine::Scalar => operands,
        }
    }
}

/// How an op runs.
pub(crate) fn machine(op: Op, imm: Imm) -> Machine {
    use Machine::{Native, WithConstant};
    match op {
        Op::Neg => Native(Code::Neg),
        Op::Abs => Native(Code::Abs),
        Op::Recip => Native(Code::Recip),
        Op::Sqrt => Native(Code::Sqrt),
        Op::Sign => Native(Code::Sign),
        Op::Step => Native(Code::Step),
        Op::Relu => Native(Code::Relu),
        Op::Flat => Native(Code::Flat),
        Op::Floor => Native(Code::Floor),
        Op::Ceil => Native(Code::Ceil),
        Op::Trunc => Native(Code::Trunc),
        Op::Round => Native(Code::Round),
        Op::Fract => Native(Code::Fract),
        Op::Detach => Native(Code::Copy),
        Op::Add => Native(Code::Add),
        Op::Sub => Native(Code::Sub),
        Op::Mul => Native(Code::Mul),
        Op::Div => Native(Code::Div),
        Op::Max => Native(Code::Max),
        Op::Min => Native(Code::Min),
        Op::Copysign => Native(Code::Copysign),
        Op::Prefer => Native(Code::Prefer),
        Op::Gmul => Native(Code::Gmul),
        Op::Gdiv => Native(Code::Gdiv),
        Op::Lt => Native(Code::Lt),
        Op::Le => Native(Code::Le),
        Op::Gt => Native(Code::Gt),
        Op::Ge => Native(Code::Ge),
        Op::Eq => Native(Code::Eq),
        Op::Ne => Native(Code::Ne),
        Op::Select => Native(Code::Select),
        Op::MulAdd => Native(Code::MulAdd),
        Op::RecipPos => WithConstant(Code::RecipPos, imm[0]),
        Op::Powd => power(imm),
        Op::Gauss if imm == [1.0, 0.0] => Machine::Kernel(Unary::ErfD),
        Op::Gauss if imm == [0.5, 0.0] => Machine::Kernel(Unary::NormPdf),
        _ => Unary::from_name(op.name()).map_or(Machine::Scalar, Machine::Kernel),
    }
}

/// The `k`-th derivative of `x^p`: by one product where that is the whole of it, by few exact
/// operations where those serve most `x`.
fn power(imm: Imm) -> Machine {
    match easy_power(imm) {
        Some((1.0, 2.0)) => Machine::Square,
        Some((c, 1.0)) => Machine::Times(c),
        Some(_) => Machine::Native(Code::Power),
        None => Machine::Scalar,
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
    match machine(op, imm) {
        Machine::Native(_) | Machine::WithConstant(..) | Machine::Scalar => true,
        Machine::Square | Machine::Times(_) | Machine::Kernel(_) => false,
    }
}
