//! Which operands the value of an op depends on, and which operands interact. Both are read off the op's row of the
//! table.
//!
//! Two operands interact where the second derivative with respect to both can differ from 0: the partial with respect
//! to one depends on the other. To find out, the rule of the op is run over [`Support`], a scalar that knows only which
//! operands it depends on, and [`Reach`], which follows `bar` through the rule.
//!
//! The partial of a piecewise constant is 0, or NaN where its value is NaN. So an op has two interactions: one where
//! its value is a number, and one where it is NaN.

#[cfg(feature = "std")]
use alloc::vec::Vec;
use core::ops::{Add, Div, Mul, Neg, Sub};
#[cfg(feature = "std")]
use std::sync::OnceLock;

use smallvec::SmallVec;

use crate::hash::FxHashMap;
use crate::op::{Certain, Encoding, Imm, NO_IMM, Op};
use crate::room::{Refused, Room};
use crate::scalar::{Cotangent, Scalar, operators_by_apply, rule, value};

/// A set of operands: bit `k` for operand `k`.
type Mask = u32;

/// On which operands an op depends, and which of them interact. Operands come in lists. An op of any number of operands
/// treats all of a list alike, and has one list or two of equal length. In any other op, each operand is a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interaction {
    /// The lists that the value depends on.
    pub(crate) depends: Mask,
    /// For each list, a mask of lists: each operand interacts with the operand at the same index of those lists.
    pub(crate) same: [Mask; 3],
    /// For each list, a mask of lists: each operand interacts with the operands at other indices of those lists.
    pub(crate) other: [Mask; 3],
}

impl Interaction {
    /// The value depends on no operand.
    pub(crate) const NONE: Interaction = Interaction { depends: 0, same: [0; 3], other: [0; 3] };
    /// All operands are one list, and any two of them interact.
    const ALL: Interaction = Interaction { depends: 1, same: [1, 0, 0], other: [1, 0, 0] };
}

/// How the operands of an op interact where its value is a number, and where it is NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpInteractions {
    /// How many lists the operands are made of.
    pub(crate) lists: usize,
    pub(crate) number: Interaction,
    pub(crate) nan: Interaction,
}

/// The interactions of all ops, analyzed at first use. Without `std` nothing is kept from one plan to the next.
#[derive(Debug, Default)]
pub(crate) struct InteractionCache {
    /// For ops with immediates, since an immediate can change the interactions: a power of 1 is linear. Without `std`,
    /// for all ops.
    by_imm: FxHashMap<(Op, [u64; 2]), OpInteractions>,
}

impl InteractionCache {
    #[inline]
    pub(crate) fn of(&mut self, op: Op, imm: Imm) -> Result<OpInteractions, Refused> {
        if op == Op::External {
            return Ok(OpInteractions { lists: 1, number: Interaction::ALL, nan: Interaction::ALL });
        }
        #[cfg(feature = "std")]
        static PLAIN: OnceLock<Vec<OpInteractions>> = OnceLock::new();
        #[cfg(feature = "std")]
        if op.immediates() == 0 {
            let plain = PLAIN.get_or_init(|| Op::ALL.iter().map(|&op| both(op, NO_IMM)).collect());
            return Ok(plain[usize::from(op as u8)]);
        }
        let key = (op, imm.map(f64::to_bits));
        if let Some(&known) = self.by_imm.get(&key) {
            return Ok(known);
        }
        self.by_imm.room(1)?;
        Ok(*self.by_imm.entry(key).or_insert_with(|| both(op, imm)))
    }
}

fn both(op: Op, imm: Imm) -> OpInteractions {
    // Three operands in each list show what any number of them do.
    let (lists, length) = match op.encoding() {
        Encoding::Source => (0, 1),
        Encoding::Fixed { operands, .. } => (operands.into(), 1),
        Encoding::List => (op.lists(), 3),
    };
    let (number, nan) = (analyze(op, imm, lists, length, false), analyze(op, imm, lists, length, true));
    OpInteractions { lists, number, nan }
}

fn analyze(op: Op, imm: Imm, lists: usize, length: usize, nan: bool) -> Interaction {
    let operands = lists * length;
    let mode = Mode { deep: true, nan };
    let all = mode.operands(operands);
    if operands == 0 || op.stops_gradient() || folded(op, imm, &all, nan).is_some() {
        return Interaction::NONE;
    }
    let depends = depends_on(op, imm, operands, nan);
    let mut interacts: SmallVec<[Mask; 8]> = SmallVec::from_elem(0, operands);
    rule::of(
        op,
        imm,
        &all,
        Support::Of(depends, mode),
        &|k| (depends & 1 << k != 0).then_some(Reach::Through(0)),
        &mut |k, reach| {
            if let Reach::Through(mask) = reach {
                interacts[k] |= mask;
            }
        },
    );
    let mut found = Interaction::NONE;
    for k in 0..operands {
        let list = k / length;
        found.depends |= (depends >> k & 1) << list;
        for j in (0..operands).filter(|j| interacts[k] & 1 << j != 0) {
            let kind = if k % length == j % length { &mut found.same } else { &mut found.other };
            kind[list] |= 1 << (j / length);
        }
    }
    found
}

/// The operands that an op's value depends on: those whose partial is not certainly 0.
fn depends_on(op: Op, imm: Imm, operands: usize, nan: bool) -> Mask {
    let mode = Mode { deep: false, nan };
    let mut depends = 0;
    rule::of(op, imm, &mode.operands(operands), Support::Of(0, mode), &|_| Some(Reach::Through(0)), &mut |k, reach| {
        if let Reach::Through(_) = reach {
            depends |= 1 << k;
        }
    });
    depends
}

/// The value of the op, if it is the same number for all values of the unknown operands.
fn folded(op: Op, imm: Imm, args: &[Support], nan: bool) -> Option<f64> {
    let numbers: Option<SmallVec<[f64; 8]>> = args.iter().map(|x| x.number()).collect();
    match (op, numbers) {
        (_, Some(numbers)) => Some(value::of(op, imm, &numbers)),
        // The derivative of a piecewise constant.
        (Op::Flat, _) if !nan => Some(0.0),
        _ => match op.certain(imm, |k| args[k].number())? {
            Certain::Number(c) => Some(c),
            Certain::Zero => Some(0.0),
            Certain::Operand(_) => None,
        },
    }
}

/// How the rules are run.
///
/// If `deep`, operands that an op on the way does not depend on are left out: the sign of `x` does not depend on `x`.
/// [`depends_on`] finds those operands. It runs with `deep` false. With `deep` true it might not end, since each derivative
/// of an op can be a new op. If `nan`, values may be NaN.
#[derive(Clone, Copy, Debug)]
struct Mode {
    deep: bool,
    nan: bool,
}

impl Mode {
    /// This many unknown operands.
    fn operands(self, count: usize) -> SmallVec<[Support; 8]> {
        (0..count).map(|k| Support::Of(1 << k, self)).collect()
    }
}

/// A number, or a value that depends on the operands in a mask.
#[derive(Clone, Copy, Debug)]
enum Support {
    Number(f64),
    Of(Mask, Mode),
}

impl Support {
    fn number(self) -> Option<f64> {
        match self {
            Support::Number(c) => Some(c),
            Support::Of(..) => None,
        }
    }

    fn mask(self) -> Mask {
        match self {
            Support::Number(_) => 0,
            Support::Of(mask, _) => mask,
        }
    }

    fn mode(self) -> Option<Mode> {
        match self {
            Support::Number(_) => None,
            Support::Of(_, mode) => Some(mode),
        }
    }
}

impl Scalar for Support {
    fn constant(c: f64) -> Self {
        Support::Number(c)
    }

    fn primal(self) -> f64 {
        self.number().unwrap_or(f64::NAN)
    }

    fn apply(op: Op, imm: Imm, args: &[Self]) -> Self {
        let mode = args.iter().find_map(|x| x.mode()).unwrap_or(Mode { deep: false, nan: false });
        if let Some(number) = folded(op, imm, args, mode.nan) {
            return Support::Number(number);
        }
        let depends = match mode.deep {
            true if op.stops_gradient() => 0,
            true => depends_on(op, imm, args.len(), mode.nan),
            false => Mask::MAX,
        };
        let parts = args.iter().enumerate().filter(|(k, _)| depends & 1 << k != 0);
        Support::Of(parts.fold(0, |mask, (_, x)| mask | x.mask()), mode)
    }
}

operators_by_apply! { [] Support }

/// What is left of `bar`: nothing, or its product with partials that depend on the operands in the mask.
#[derive(Clone, Copy, Debug)]
enum Reach {
    Nothing,
    Through(Mask),
}

impl Reach {
    /// What is left after a product or quotient with something that depends on the operands in a mask.
    fn with(self, mask: Mask) -> Reach {
        match self {
            Reach::Nothing => Reach::Nothing,
            Reach::Through(all) => Reach::Through(all | mask),
        }
    }
}

impl Neg for Reach {
    type Output = Self;
    fn neg(self) -> Self {
        self
    }
}

impl Add for Reach {
    type Output = Self;
    fn add(self, rhs: Self) -> Self {
        match (self, rhs) {
            (Reach::Through(_), Reach::Through(mask)) => self.with(mask),
            (Reach::Nothing, x) | (x, Reach::Nothing) => x,
        }
    }
}

impl Mul<Support> for Reach {
    type Output = Self;
    fn mul(self, partial: Support) -> Self {
        match partial {
            Support::Number(0.0) => Reach::Nothing,
            partial => self.with(partial.mask()),
        }
    }
}

impl Div<Support> for Reach {
    type Output = Self;
    fn div(self, by: Support) -> Self {
        self.with(by.mask())
    }
}

impl Cotangent<Support> for Reach {}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(op: Op, imm: Imm) -> Interaction {
        InteractionCache::default().of(op, imm).unwrap().number
    }

    fn few(depends: Mask, interacts: [Mask; 3]) -> Interaction {
        Interaction { depends, same: interacts, other: [0; 3] }
    }

    #[test]
    fn a_linear_op_depends_on_its_operands_and_none_interact() {
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
    fn piecewise_constants_and_stops_depend_on_nothing() {
        for op in [Op::Sign, Op::Step, Op::Floor, Op::Prefer, Op::Lt, Op::Detach, Op::Flat, Op::Leaf] {
            assert_eq!(of(op, NO_IMM), Interaction::NONE, "{op}");
        }
    }

    #[test]
    fn where_its_value_is_nan_a_piecewise_constant_depends_and_interacts() {
        let nan = |op| InteractionCache::default().of(op, NO_IMM).unwrap().nan;
        for op in [Op::Sign, Op::Step, Op::Floor, Op::Round, Op::Flat, Op::Abs, Op::Relu, Op::Fract] {
            assert_eq!(nan(op), few(1, [1, 0, 0]), "{op}");
        }
        for op in [Op::Max, Op::Min, Op::Prefer] {
            assert_eq!(nan(op), few(3, [3, 3, 0]), "{op}");
        }
        for op in [Op::Lt, Op::Detach, Op::Leaf] {
            assert_eq!(nan(op), Interaction::NONE, "{op}");
        }
        for op in [Op::Add, Op::Mul, Op::Exp, Op::Tanh, Op::Select, Op::Sum] {
            assert_eq!(nan(op), of(op, NO_IMM), "{op}");
        }
    }

    #[test]
    fn the_factors_of_a_product_interact_with_one_another_only() {
        assert_eq!(of(Op::Mul, NO_IMM), few(3, [2, 1, 0]));
        assert_eq!(of(Op::MulAdd, NO_IMM), few(7, [2, 1, 0]));
        assert_eq!(of(Op::Div, NO_IMM), few(3, [2, 3, 0]));
        assert_eq!(of(Op::Hypot, NO_IMM), few(3, [3, 3, 0]));
        assert_eq!(of(Op::Sech2, NO_IMM), few(1, [3, 0, 0]));
    }

    #[test]
    fn the_operand_of_a_smooth_function_interacts_with_itself() {
        for op in [Op::Exp, Op::Tan, Op::Tanh, Op::Sqrt, Op::Erf, Op::Lgamma, Op::Softplus] {
            assert_eq!(of(op, NO_IMM), few(1, [1, 0, 0]), "{op}");
        }
    }

    #[test]
    fn a_power_of_one_is_linear_and_of_zero_a_constant() {
        assert_eq!(of(Op::Powd, [0.0, 0.0]), Interaction::NONE);
        assert_eq!(of(Op::Powd, [1.0, 0.0]), few(1, [0; 3]));
        assert_eq!(of(Op::Powd, [2.0, 0.0]), few(1, [1, 0, 0]));
        assert_eq!(of(Op::Powd, [2.0, 1.0]), few(1, [0, 0, 0]));
        assert_eq!(of(Op::Powd, [0.5, 0.0]), few(1, [1, 0, 0]));
    }

    #[test]
    fn folds_are_alike_in_all_operands() {
        let lists =
            |depends, [a, b]: [Mask; 2], [c, d]: [Mask; 2]| Interaction { depends, same: [a, b, 0], other: [c, d, 0] };
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
