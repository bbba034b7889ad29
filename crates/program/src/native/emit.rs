//! Instructions for each node, in the packed order: the formulas of [`crate::lanes::arith`] and of the
//! interpreter's arms, operation by operation, so the bits are theirs.
//!
//! A result is written by the last instruction of a node, since its register may be that of an operand.

use wengert::Relation;
use wengert::room::{Grow, Refused, Room};

use super::calls::Slow;
use super::encode::{
    ADD, AND, ANDN, Base, Compare, DIV, Encoder, MADD, MAX, MIN, MSUB, MUL, NMADD, OR, Place, Rounding, SAME_BITS,
    SQRT, SUB, Three, XOR, Xmm,
};
use super::pack::{Kind, Node, Packed, Work, gives, power};
use super::registers::{FRAME_BIAS, REGISTERS, Registers, SCRATCH, offset};
use crate::ir::MOST;
use crate::layout::Layout;
use crate::opcode::Opcode;
use crate::recording::Check;

/// Machine code, and the memory it runs in.
#[derive(Debug)]
pub(super) struct Emitted {
    pub(super) bytes: Vec<u8>,
    /// How many numbers the frame has.
    pub(super) slots: u32,
    /// The numbers that it begins with.
    pub(super) constants: Vec<f64>,
    /// How many calls of kernels there are, and how many numbers they compute.
    pub(super) packs: usize,
    pub(super) packed: usize,
}

/// Constants that formulas need. They are the first numbers of the frame.
#[derive(Clone, Copy)]
#[repr(u32)]
enum Fixed {
    Zero,
    One,
    Half,
    NearlyHalf,
    Sign,
    NoSign,
    Low,
    High,
}

const FIXED: [f64; 8] =
    [0.0, 1.0, 0.5, 0.5f64.next_down(), f64::from_bits(1 << 63), f64::from_bits(!(1 << 63)), 1e-290, 1e290];

impl From<Fixed> for Place {
    fn from(fixed: Fixed) -> Place {
        Place::Memory(Base::Frame, offset(fixed as u32))
    }
}

pub(super) const S: Xmm = SCRATCH[0];
pub(super) const T: Xmm = SCRATCH[1];

/// The formula of a step that one or two instructions compute, for one number or for four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Formula {
    /// `x op y`.
    Two(Three),
    /// `x * y op z`.
    ProductFirst(Three),
    /// `z op x * y`.
    ProductLast(Three),
    /// `x * y` and `z`, rounded once.
    Fused(Three),
}

/// The formula of an opcode, if it has one.
pub(super) fn formula(opcode: Opcode) -> Option<Formula> {
    use Opcode::*;
    Some(match opcode {
        Add => Formula::Two(ADD),
        Mul | Gmul => Formula::Two(MUL),
        Sub => Formula::Two(SUB),
        Div | Gdiv => Formula::Two(DIV),
        MulThenAdd | GmulThenAdd => Formula::ProductFirst(ADD),
        MulThenSub | GmulThenSub => Formula::ProductFirst(SUB),
        SubMul | SubGmul => Formula::ProductLast(SUB),
        FusedMulAdd | FusedGmulAdd | MulAdd => Formula::Fused(MADD),
        FusedMulSub | FusedGmulSub => Formula::Fused(MSUB),
        FusedSubMul | FusedSubGmul => Formula::Fused(NMADD),
        _ => return None,
    })
}

pub(super) struct Emitter<'a> {
    layout: &'a Layout,
    checks: &'a [Check],
    pub(super) packed: &'a Packed,
    pub(super) code: Encoder,
    pub(super) registers: Registers,
    /// Where `save` keeps the registers, and then the operand.
    pub(super) saved: u32,
    /// Code that hardly ever runs, to be written after the rest.
    pub(super) slow: Vec<Slow>,
}

/// Code of more works than this asks for its own bytes before it comes to them: it runs from end to end, so that once it
/// is longer than a cache, no line is still there. Shorter code stays near, and would only take longer.
const WORK_NEAR: usize = 16_384;

/// The bytes of a line of a cache.
const LINE: usize = 64;

/// How far ahead.
const LINES_AHEAD: usize = 64;

/// Writes the code of a program, unless it takes more bytes than this.
///
/// # Errors
/// [`Refused`].
pub(super) fn emit(
    layout: &Layout,
    checks: &[Check],
    packed: &Packed,
    most: usize,
) -> Result<Option<Emitted>, Refused> {
    // More than any one work takes.
    const BYTES_OF_WORK: usize = 8192;
    const BYTES_OF_SLOW: usize = 64;
    let mut constants = FIXED.to_vec();
    let mut settled = Vec::new();
    for (k, node) in packed.nodes.iter().enumerate() {
        if let Kind::Constant(c) = node.kind {
            settled.try_push((k as u32, constants.len() as u32))?;
            constants.try_push(c)?;
        }
    }
    let saved = constants.len() as u32;
    let mut registers = Registers::new(packed, saved + REGISTERS as u32 + MOST as u32)?;
    settled.into_iter().for_each(|(x, slot)| registers.settle_constant(x, slot));
    let mut fetched = if packed.work.len() > WORK_NEAR { 0 } else { usize::MAX };
    let mut emitter = Emitter { layout, checks, packed, code: Encoder::default(), registers, saved, slow: Vec::new() };
    let (mut packs, mut computed) = (0, 0);
    emitter.code.enter(FRAME_BIAS);
    for work in &packed.work {
        if emitter.code.here() > most {
            return Ok(None);
        }
        emitter.code.bytes.room(BYTES_OF_WORK)?;
        emitter.registers.room()?;
        emitter.slow.room(1)?;
        if emitter.code.here() >= fetched {
            emitter.code.fetch(LINES_AHEAD * LINE);
            fetched = emitter.code.here().next_multiple_of(LINE);
        }
        match work {
            Work::Step(node) => emitter.node(*node),
            Work::Calls(range) => {
                let group = &packed.calls[range.clone()];
                emitter.calls(group);
                if packed.nodes[group[0] as usize].kind == Kind::Step(Opcode::Kernel) {
                    packs += 1;
                    computed += group.len();
                }
            }
        }
    }
    emitter.code.bytes.room(BYTES_OF_WORK + emitter.slow.len() * BYTES_OF_SLOW)?;
    emitter.code.leave();
    emitter.slow();
    Ok(Some(Emitted {
        bytes: emitter.code.bytes,
        slots: emitter.registers.slots(),
        constants,
        packs,
        packed: computed,
    }))
}

impl Emitter<'_> {
    /// A node that is a step, but no call.
    fn node(&mut self, k: u32) {
        let node = self.packed.nodes[k as usize];
        let Kind::Step(opcode) = node.kind else { unreachable!("inputs and constants are not work") };
        if gives(opcode) {
            let out = self.value(k, opcode, &node);
            if node.asks {
                self.flag_nan(out, out.into());
            }
            self.registers.end_step(Some(k));
        } else {
            match opcode {
                Opcode::Check => self.check(&node),
                _ => self.store(opcode, &node),
            }
            self.registers.end_step(None);
        }
    }

    fn register(&mut self, x: u32) -> Xmm {
        self.registers.register(x, &mut self.code)
    }

    fn place(&mut self, x: u32) -> Place {
        self.registers.place(x, &mut self.code)
    }

    /// The register of the result. The operands are in registers or in memory by now.
    fn result(&mut self, k: u32, node: &Node) -> Xmm {
        self.registers.consume(node.operands());
        self.registers.result(k, &mut self.code)
    }

    /// The one in a register, the other wherever it is. The order is kept unless they may be exchanged.
    fn two(&mut self, [x, y]: [u32; 2], exchange: bool) -> (Xmm, Place) {
        if exchange && !self.registers.is_held(x) && self.registers.is_held(y) {
            let y = self.register(y);
            return (y, self.place(x));
        }
        let x = self.register(x);
        (x, self.place(y))
    }

    /// A node with a value. Returns its register.
    fn value(&mut self, k: u32, opcode: Opcode, node: &Node) -> Xmm {
        use Opcode::*;
        let operands = node.operands();
        match formula(opcode) {
            Some(Formula::Two(op)) => return self.binary(op, k, node),
            Some(Formula::ProductFirst(op)) => return self.product_and(op, false, k, node),
            Some(Formula::ProductLast(op)) => return self.product_and(op, true, k, node),
            Some(Formula::Fused(op)) => return self.fused(op, k, node),
            None => {}
        }
        match opcode {
            Neg => self.with_fixed(XOR, Fixed::Sign, k, node),
            Abs => self.with_fixed(AND, Fixed::NoSign, k, node),
            Recip => {
                let x = self.place(operands[0]);
                self.code.load(T, Fixed::One.into());
                let out = self.result(k, node);
                self.code.three(DIV, out, T, x);
                out
            }
            Sqrt => {
                let x = self.register(operands[0]);
                let out = self.result(k, node);
                self.code.three(SQRT, out, x, x.into());
                out
            }
            Sign => {
                let x = self.register(operands[0]);
                self.code.three(AND, S, x, Fixed::Sign.into());
                self.code.three(OR, S, S, Fixed::One.into());
                self.code.compare(Compare::NotEqual, T, x, Fixed::Zero.into());
                self.code.three(AND, S, S, T.into());
                self.unless_nan(x, x.into(), k, node)
            }
            Step => {
                let x = self.register(operands[0]);
                self.code.compare(Compare::Greater, S, x, Fixed::Zero.into());
                self.code.three(AND, S, S, Fixed::One.into());
                self.unless_nan(x, x.into(), k, node)
            }
            Relu => {
                let x = self.register(operands[0]);
                self.code.compare(Compare::NotLessEqual, T, x, Fixed::Zero.into());
                let out = self.result(k, node);
                self.code.three(AND, out, x, T.into());
                out
            }
            Flat => {
                let x = self.register(operands[0]);
                self.code.compare(Compare::Unordered, T, x, x.into());
                let out = self.result(k, node);
                self.code.three(AND, out, x, T.into());
                out
            }
            Floor => self.rounded(Rounding::Floor, k, node),
            Ceil => self.rounded(Rounding::Ceil, k, node),
            Trunc => self.rounded(Rounding::Trunc, k, node),
            Round => {
                let x = self.register(operands[0]);
                self.code.three(AND, T, x, Fixed::Sign.into());
                self.code.three(OR, T, T, Fixed::NearlyHalf.into());
                self.code.three(ADD, T, x, T.into());
                let out = self.result(k, node);
                self.code.round(Rounding::Trunc, out, T);
                out
            }
            Fract => {
                let x = self.register(operands[0]);
                self.code.round(Rounding::Trunc, T, x);
                let out = self.result(k, node);
                self.code.three(SUB, out, x, T.into());
                out
            }
            Max => self.extremum(MAX, AND, k, node),
            Min => self.extremum(MIN, OR, k, node),
            Copysign => {
                let [x, y] = [self.register(operands[0]), self.register(operands[1])];
                // The sign of a NaN is not that of the interpreter.
                self.flag_nan(y, y.into());
                self.code.three(AND, S, x, Fixed::NoSign.into());
                self.code.three(AND, T, y, Fixed::Sign.into());
                let out = self.result(k, node);
                self.code.three(OR, out, S, T.into());
                out
            }
            Prefer => {
                let [x, y] = [self.register(operands[0]), self.register(operands[1])];
                self.code.compare(Compare::Equal, S, x, y.into());
                self.code.three(AND, S, S, Fixed::Half.into());
                self.code.compare(Compare::Less, T, y, x.into());
                self.code.three(AND, T, T, Fixed::One.into());
                self.code.three(OR, S, S, T.into());
                self.unless_nan(x, y.into(), k, node)
            }
            RecipPos => {
                let [x, c] = [self.register(operands[0]), self.register(operands[1])];
                self.code.three(AND, S, x, Fixed::NoSign.into());
                self.code.three(DIV, S, c, S.into());
                self.code.compare(Compare::NotGreaterEqual, T, x, Fixed::Zero.into());
                let out = self.result(k, node);
                self.code.three(OR, out, S, T.into());
                out
            }
            Lt => self.compared(Compare::Less, k, node),
            Le => self.compared(Compare::LessEqual, k, node),
            Gt => self.compared(Compare::Greater, k, node),
            Ge => self.compared(Compare::GreaterEqual, k, node),
            Eq => self.compared(Compare::Equal, k, node),
            Ne => self.compared(Compare::NotEqual, k, node),
            Select => {
                let [c, x, y] = [0, 1, 2].map(|j| self.register(operands[j]));
                self.code.compare(Compare::Equal, T, c, Fixed::Zero.into());
                let out = self.result(k, node);
                self.code.blend(out, x, y, T);
                out
            }
            Power => self.power(k, node),
            Add | Sub | Mul | Gmul | Div | Gdiv | MulThenAdd | GmulThenAdd | MulThenSub | GmulThenSub | SubMul
            | SubGmul | FusedMulAdd | FusedGmulAdd | MulAdd | FusedMulSub | FusedGmulSub | FusedSubMul
            | FusedSubGmul => {
                unreachable!("it is a formula")
            }
            Copy => unreachable!("a copy is not a node"),
            Kernel | Scalar => unreachable!("calls go in groups"),
            Store | Sum | SumMul | SumGmul | Check => unreachable!("it gives no value"),
        }
    }

    fn binary(&mut self, op: Three, k: u32, node: &Node) -> Xmm {
        let (x, y) = self.two([node.operands()[0], node.operands()[1]], op == ADD || op == MUL);
        let out = self.result(k, node);
        self.code.three(op, out, x, y);
        out
    }

    /// `x * y op z`, or `z op x * y`.
    fn product_and(&mut self, op: Three, product_last: bool, k: u32, node: &Node) -> Xmm {
        let &[x, y, z] = node.operands() else { unreachable!("three operands") };
        let (x, y) = self.two([x, y], true);
        self.code.three(MUL, T, x, y);
        let z = if product_last { self.register(z).into() } else { self.place(z) };
        let out = self.result(k, node);
        match (product_last, z) {
            (true, Place::Register(z)) => self.code.three(op, out, z, T.into()),
            _ => self.code.three(op, out, T, z),
        }
        out
    }

    /// `x * y` and `z`, rounded once.
    fn fused(&mut self, op: Three, k: u32, node: &Node) -> Xmm {
        let &[x, y, z] = node.operands() else { unreachable!("three operands") };
        let (x, y) = self.two([x, y], true);
        let z = self.place(z);
        self.code.load(T, z);
        self.code.three(op, T, x, y);
        let out = self.result(k, node);
        self.code.load(out, T.into());
        out
    }

    /// `x op fixed`, bit by bit.
    fn with_fixed(&mut self, op: Three, fixed: Fixed, k: u32, node: &Node) -> Xmm {
        let x = self.register(node.operands()[0]);
        let out = self.result(k, node);
        self.code.three(op, out, x, fixed.into());
        out
    }

    fn rounded(&mut self, how: Rounding, k: u32, node: &Node) -> Xmm {
        let x = self.register(node.operands()[0]);
        let out = self.result(k, node);
        self.code.round(how, out, x);
        out
    }

    /// What is in the first scratch register, or NaN where `x` or `y` is: all ones are a NaN.
    fn unless_nan(&mut self, x: Xmm, y: Place, k: u32, node: &Node) -> Xmm {
        self.code.compare(Compare::Unordered, T, x, y);
        let out = self.result(k, node);
        self.code.three(OR, out, S, T.into());
        out
    }

    /// The instruction gives its second operand for ties and NaN, so both orders are joined.
    fn extremum(&mut self, op: Three, join: Three, k: u32, node: &Node) -> Xmm {
        let [x, y] = [0, 1].map(|j| self.register(node.operands()[j]));
        self.code.three(op, S, x, y.into());
        self.code.three(op, T, y, x.into());
        self.code.three(join, S, S, T.into());
        self.unless_nan(x, y.into(), k, node)
    }

    /// 1 where it holds, else 0.
    fn compared(&mut self, how: Compare, k: u32, node: &Node) -> Xmm {
        let (x, y) = self.two([node.operands()[0], node.operands()[1]], false);
        self.code.compare(how, T, x, y);
        let out = self.result(k, node);
        self.code.three(AND, out, T, Fixed::One.into());
        out
    }

    /// A few exact operations where `x` is neither huge nor tiny, else the scalar function.
    fn power(&mut self, k: u32, node: &Node) -> Xmm {
        let [x, c] = [0, 1].map(|j| self.register(node.operands()[j]));
        let (_, q) = power(node.aux, self.layout);
        // Before the jumps, since it may spill.
        let out = self.result(k, node);
        let size = match q.abs() {
            0.5 => x,
            _ => {
                self.code.three(AND, S, x, Fixed::NoSign.into());
                S
            }
        };
        let from = [
            self.code.jump_unless_above(size, Fixed::Low.into()),
            self.code.jump_unless_below(size, Fixed::High.into()),
        ];
        let mut by = |op, first: Xmm, second: Xmm| self.code.three(op, T, first, second.into());
        match q {
            2.0 => by(MUL, x, x),
            3.0 => {
                by(MUL, x, x);
                by(MUL, T, x);
            }
            0.5 | -0.5 => by(SQRT, x, x),
            -2.0 => by(DIV, c, x),
            _ => {}
        }
        match q {
            2.0 | 3.0 | 0.5 => self.code.three(MUL, out, c, T.into()),
            -0.5 => self.code.three(DIV, out, c, T.into()),
            -2.0 => self.code.three(DIV, out, T, x.into()),
            _ => self.code.three(DIV, out, c, x.into()),
        }
        let back = self.code.here();
        self.slow.push(Slow { from, back, call: node.aux, x, out });
        out
    }

    fn store(&mut self, opcode: Opcode, node: &Node) {
        let operands = node.operands();
        let x = match opcode {
            Opcode::SumMul | Opcode::SumGmul => {
                let (x, y) = self.two([operands[0], operands[1]], true);
                self.code.three(MUL, T, x, y);
                T
            }
            _ => match self.registers.current(operands[0]) {
                Place::Register(x) => x,
                memory => {
                    self.code.load(T, memory);
                    T
                }
            },
        };
        self.code.store(x, Base::Outputs, 8 * node.aux as i32);
        self.registers.consume(operands);
    }

    /// Raises the flag if either is NaN.
    fn flag_nan(&mut self, x: Xmm, y: Place) {
        self.code.compare(Compare::Unordered, T, x, y);
        self.code.join_flags(T);
    }

    /// Raises the flag if the comparison comes out differently from when it was recorded.
    fn check(&mut self, node: &Node) {
        let check = &self.checks[node.aux as usize];
        let (x, y) = (self.register(node.operands()[0]), self.register(node.operands()[1]));
        let flips = match (check.relation, check.recorded) {
            (Relation::Less, true) => Some(Compare::NotLess),
            (Relation::Less, false) => Some(Compare::Less),
            (Relation::LessEqual, true) => Some(Compare::NotLessEqual),
            (Relation::LessEqual, false) => Some(Compare::LessEqual),
            (Relation::Equal, true) => Some(Compare::NotEqual),
            (Relation::Equal, false) => Some(Compare::Equal),
            (Relation::Unordered, true) => Some(Compare::Ordered),
            (Relation::Unordered, false) => Some(Compare::Unordered),
            // Bits of a NaN need not be those of the interpreter. Nor is a relation that is not known here.
            _ => {
                self.flag_nan(x, y.into());
                None
            }
        };
        match (flips, check.relation, check.recorded) {
            (Some(how), ..) => self.code.compare(how, T, x, y.into()),
            (None, Relation::SameBits, true) => self.code.three(XOR, T, x, y.into()),
            (None, Relation::SameBits, false) => self.code.three(SAME_BITS, T, x, y.into()),
            (None, Relation::SameSign, recorded) => {
                self.code.three(XOR, T, x, y.into());
                let op = if recorded { AND } else { ANDN };
                self.code.three(op, T, T, Fixed::Sign.into());
            }
            // Always.
            (None, ..) => self.code.compare(Compare::Equal, T, T, T.into()),
        }
        self.code.join_flags(T);
        self.registers.consume(node.operands());
    }
}
