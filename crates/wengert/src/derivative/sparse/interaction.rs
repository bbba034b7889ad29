//! How the operands of an op act on its value and on one another, from the op's row of the table.
//! Read `depend.rs` next.
//!
//! The rule of the op is run over [`Known`], a scalar that knows only of which operands it is made
//! (or that it is a plain number), and [`Sent`], what becomes of `bar` on its way. An operand whose
//! partial is certainly 0 does not act on the value; two operands bend each other where the
//! partial of one is made of the other.
//!
//! The partial of a piecewise constant is 0, and NaN where its value is. So an op has two structures:
//! one for values that are numbers, and one for where its value is NaN.

use std::ops::{Add, Div, Mul, Neg, Sub};
use std::sync::OnceLock;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::op::{Certain, Encoding, Imm, NO_IMM, Op};
use crate::scalar::{Cotangent, Scalar, operators_by_apply, rule, value};

/// A set of operands: bit `k` for operand `k`.
type Mask = u32;

/// How the operands of an op act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Structure {
    /// Of an op of few operands.
    Few {
        /// The operands that the value changes with.
        moves: Mask,
        /// For every operand, those that its partial changes with.
        bends: [Mask; 3],
    },
    /// Of an op that takes any number of operands, all alike, in one or two lists of one length.
    Lists {
        /// The lists that the value changes with.
        moves: Mask,
        /// For every list, those whose operand of the same index its operands' partials change with.
        same: [Mask; 2],
        /// For every list, those whose operands of other indices they change with.
        other: [Mask; 2],
    },
}

const RIGID: Structure = Structure::Few {
    moves: 0,
    bends: [0; 3],
};

/// How the operands of an op act where its value is a number, and where it is NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Acts {
    pub(crate) number: Structure,
    pub(crate) nan: Structure,
}

/// The structures of all ops, as they are asked for.
#[derive(Debug, Default)]
pub(crate) struct Structures {
    /// Of ops with immediates: these may decide (a power of 1 does not bend).
    by_imm: FxHashMap<(Op, [u64; 2]), Acts>,
}

impl Structures {
    #[inline]
    pub(crate) fn of(&mut self, op: Op, imm: Imm) -> Acts {
        static PLAIN: OnceLock<Vec<Acts>> = OnceLock::new();
        if op.immediates() == 0 {
            let plain = PLAIN.get_or_init(|| Op::ALL.iter().map(|&op| both(op, NO_IMM)).collect());
            return plain[usize::from(op as u8)];
        }
        *self
            .by_imm
            .entry((op, imm.map(f64::to_bits)))
            .or_insert_with(|| both(op, imm))
    }
}

fn both(op: Op, imm: Imm) -> Acts {
    Acts {
        number: analyze::<false>(op, imm),
        nan: analyze::<true>(op, imm),
    }
}

/// Three operands of each list tell what any number do.
const SAMPLE: usize = 3;

fn analyze<const NAN: bool>(op: Op, imm: Imm) -> Structure {
    let operands = match op.encoding() {
        Encoding::Source => return RIGID,
        Encoding::Fixed { operands, .. } => operands,
        Encoding::List => SAMPLE * op.lists(),
    };
    let all: SmallVec<[Known<true, NAN>; 8]> = (0..operands).map(|k| Known::Of(1 << k)).collect();
    if op.stops_gradient() || folded(op, imm, &all).is_some() {
        return RIGID;
    }
    let moves = moving::<NAN>(op, imm, operands);
    let mut bends = [0; 2 * SAMPLE];
    rule::of(
        op,
        imm,
        &all,
        Known::Of(moves),
        |k| (moves & 1 << k != 0).then_some(Sent::Through(0)),
        |k, sent| {
            if let Sent::Through(mask) = sent {
                bends[k] |= mask;
            }
        },
    );
    if op.encoding() != Encoding::List {
        return Structure::Few {
            moves,
            bends: [bends[0], bends[1], bends[2]],
        };
    }
    let list = |k: usize| k / SAMPLE;
    let (mut moving_lists, mut same, mut other) = (0, [0; 2], [0; 2]);
    for k in 0..operands {
        moving_lists |= (moves >> k & 1) << list(k);
        for j in (0..operands).filter(|j| bends[k] & 1 << j != 0) {
            let kind = if k % SAMPLE == j % SAMPLE {
                &mut same
            } else {
                &mut other
            };
            kind[list(k)] |= 1 << list(j);
        }
    }
    Structure::Lists {
        moves: moving_lists,
        same,
        other,
    }
}

/// The operands that an op's value changes with: those whose partial is not certainly 0.
fn moving<const NAN: bool>(op: Op, imm: Imm, operands: usize) -> Mask {
    let all: SmallVec<[Known<false, NAN>; 8]> = (0..operands).map(|k| Known::Of(1 << k)).collect();
    let mut moves = 0;
    rule::of(
        op,
        imm,
        &all,
        Known::Of(0),
        |_| Some(Sent::Through(0)),
        |k, sent| {
            if let Sent::Through(_) = sent {
                moves |= 1 << k;
            }
        },
    );
    moves
}

/// What is certain of a value whatever the operands: the number it is.
fn folded<const DEEP: bool, const NAN: bool>(op: Op, imm: Imm, args: &[Known<DEEP, NAN>]) -> Option<f64> {
    let numbers: Option<SmallVec<[f64; 8]>> = args.iter().map(|x| x.number()).collect();
    match (op, numbers) {
        (_, Some(numbers)) => Some(value::of(op, imm, &numbers)),
        // The derivative of a piecewise constant.
        (Op::Flat, _) if !NAN => Some(0.0),
        _ => match op.certain(imm, |k| args[k].number())? {
            Certain::Number(c) => Some(c),
            Certain::Zero => Some(0.0),
            Certain::Operand(_) => None,
        },
    }
}

/// A number, or a value made of the operands in a mask. A `DEEP` one leaves out operands that the
/// ops on the way do not change with (the sign of `x` is not made of `x`); the other kind is what
/// finds that out, and stops there, since an op's derivatives may be ever new ops. Where `NAN`, values
/// may be NaN.
#[derive(Clone, Copy, Debug)]
enum Known<const DEEP: bool, const NAN: bool> {
    Number(f64),
    Of(Mask),
}

impl<const DEEP: bool, const NAN: bool> Known<DEEP, NAN> {
    fn number(self) -> Option<f64> {
        match self {
            Known::Number(c) => Some(c),
            Known::Of(_) => None,
        }
    }

    fn mask(self) -> Mask {
        match self {
            Known::Number(_) => 0,
            Known::Of(mask) => mask,
        }
    }
}

impl<const DEEP: bool, const NAN: bool> Scalar for Known<DEEP, NAN> {
    fn constant(c: f64) -> Self {
        Known::Number(c)
    }

    fn primal(self) -> f64 {
        match self {
            Known::Number(c) => c,
            Known::Of(_) => f64::NAN,
        }
    }

    fn apply(op: Op, imm: Imm, args: &[Self]) -> Self {
        if let Some(number) = folded(op, imm, args) {
            return Known::Number(number);
        }
        let moves = match DEEP {
            true if op.stops_gradient() => 0,
            true => moving::<NAN>(op, imm, args.len()),
            false => Mask::MAX,
        };
        let parts = args.iter().enumerate().filter(|(k, _)| moves & 1 << k != 0);
        Known::Of(parts.fold(0, |mask, (_, x)| mask | x.mask()))
    }
}

operators_by_apply! { [const DEEP: bool, const NAN: bool] Known<DEEP, NAN> }

/// What becomes of `bar`: nothing, or what went through partials made of some operands.
#[derive(Clone, Copy, Debug)]
enum Sent {
    Nothing,
    Through(Mask),
}

impl Sent {
    fn through(a: Mask, b: Mask) -> Sent {
        Sent::Through(a | b)
    }
}

impl<const DEEP: bool, const NAN: bool> Cotangent<Known<DEEP, NAN>> for Sent {}

impl Neg for Sent {
    type Output = Self;
    fn neg(self) -> Self {
        self
    }
}

impl Add for Sent {
    type Output = Self;
    fn add(self, rhs: Self) -> Self {
        match (self, rhs) {
            (Sent::Through(a), Sent::Through(b)) => Sent::through(a, b),
            (Sent::Nothing, x) | (x, Sent::Nothing) => x,
        }
    }
}

impl<const DEEP: bool, const NAN: bool> Mul<Known<DEEP, NAN>> for Sent {
    type Output = Self;
    fn mul(self, partial: Known<DEEP, NAN>) -> Self {
        match (self, partial) {
            (Sent::Nothing, _) | (_, Known::Number(0.0)) => Sent::Nothing,
            (Sent::Through(mask), partial) => Sent::through(mask, partial.mask()),
        }
    }
}

impl<const DEEP: bool, const NAN: bool> Div<Known<DEEP, NAN>> for Sent {
    type Output = Self;
    fn div(self, by: Known<DEEP, NAN>) -> Self {
        match self {
            Sent::Nothing => Sent::Nothing,
            Sent::Through(mask) => Sent::through(mask, by.mask()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(op: Op, imm: Imm) -> Structure {
        Structures::default().of(op, imm).number
    }

    fn few(moves: Mask, bends: [Mask; 3]) -> Structure {
        Structure::Few { moves, bends }
    }

    #[test]
    fn linear_ops_move_and_do_not_bend() {
        for op in [Op::Neg, Op::Abs, Op::Relu, Op::Fract] {
            assert_eq!(of(op, NO_IMM), few(1, [0; 3]), "{op}");
        }
        for op in [Op::Add, Op::Sub, Op::Max, Op::Min, Op::Rem] {
            assert_eq!(of(op, NO_IMM), few(3, [0; 3]), "{op}");
        }
        assert_eq!(of(Op::Copysign, NO_IMM), few(1, [0; 3]));
        assert_eq!(of(Op::Select, NO_IMM), few(6, [0; 3]));
    }

    #[test]
    fn piecewise_constants_and_stops_are_rigid() {
        for op in [
            Op::Sign,
            Op::Step,
            Op::Floor,
            Op::Prefer,
            Op::Lt,
            Op::Detach,
            Op::Flat,
            Op::Leaf,
        ] {
            assert_eq!(of(op, NO_IMM), RIGID, "{op}");
        }
    }

    #[test]
    fn where_its_value_is_nan_a_piecewise_constant_moves_and_bends() {
        let nan = |op| Structures::default().of(op, NO_IMM).nan;
        for op in [
            Op::Sign,
            Op::Step,
            Op::Floor,
            Op::Round,
            Op::Flat,
            Op::Abs,
            Op::Relu,
            Op::Fract,
        ] {
            assert_eq!(nan(op), few(1, [1, 0, 0]), "{op}");
        }
        for op in [Op::Max, Op::Min, Op::Prefer] {
            assert_eq!(nan(op), few(3, [3, 3, 0]), "{op}");
        }
        for op in [Op::Lt, Op::Detach, Op::Leaf] {
            assert_eq!(nan(op), RIGID, "{op}");
        }
        for op in [Op::Add, Op::Mul, Op::Exp, Op::Tanh, Op::Select, Op::Sum] {
            assert_eq!(nan(op), of(op, NO_IMM), "{op}");
        }
    }

    #[test]
    fn products_bend_across_only() {
        assert_eq!(of(Op::Mul, NO_IMM), few(3, [2, 1, 0]));
        assert_eq!(of(Op::MulAdd, NO_IMM), few(7, [2, 1, 0]));
        assert_eq!(of(Op::Div, NO_IMM), few(3, [2, 3, 0]));
        assert_eq!(of(Op::Hypot, NO_IMM), few(3, [3, 3, 0]));
        assert_eq!(of(Op::Sech2, NO_IMM), few(1, [3, 0, 0]));
    }

    #[test]
    fn smooth_functions_of_one_operand_bend() {
        for op in [Op::Exp, Op::Tan, Op::Tanh, Op::Sqrt, Op::Erf, Op::Lgamma, Op::Softplus] {
            assert_eq!(of(op, NO_IMM), few(1, [1, 0, 0]), "{op}");
        }
    }

    #[test]
    fn a_power_of_one_is_linear_and_of_zero_a_constant() {
        assert_eq!(of(Op::Powd, [0.0, 0.0]), RIGID);
        assert_eq!(of(Op::Powd, [1.0, 0.0]), few(1, [0; 3]));
        assert_eq!(of(Op::Powd, [2.0, 0.0]), few(1, [1, 0, 0]));
        assert_eq!(of(Op::Powd, [2.0, 1.0]), few(1, [0, 0, 0]));
        assert_eq!(of(Op::Powd, [0.5, 0.0]), few(1, [1, 0, 0]));
    }

    #[test]
    fn folds_are_alike_in_all_operands() {
        let lists = |moves, same, other| Structure::Lists { moves, same, other };
        for op in [Op::Sum, Op::Mean, Op::MaxOf, Op::MinOf] {
            assert_eq!(of(op, NO_IMM), lists(1, [0; 2], [0; 2]), "{op}");
        }
        assert_eq!(of(Op::Product, NO_IMM), lists(1, [0, 0], [1, 0]));
        assert_eq!(of(Op::Dot, NO_IMM), lists(3, [2, 1], [0; 2]));
        for op in [Op::Norm, Op::Logsumexp] {
            assert_eq!(of(op, NO_IMM), lists(1, [1, 0], [1, 0]), "{op}");
        }
    }
}
