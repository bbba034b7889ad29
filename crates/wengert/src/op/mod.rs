//! What the ops are: names, arities, forms, and how they stand on a tape.

mod certain;
pub(crate) mod kernel;
mod relation;
mod table;

use std::fmt;

pub use certain::Certain;
pub use kernel::MAX_ORDER;
pub use relation::Relation;
pub(crate) use table::for_each_op;

/// The immediates of an op: numbers that belong to the op, not operands. Those it does not have are 0.
pub type Imm = [f64; 2];

/// The immediates of an op that has none.
pub const NO_IMM: Imm = [0.0; 2];

/// How an op is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// A value that stands for itself: a leaf or a constant.
    Source,
    /// Before its operand: `-x`.
    Prefix,
    /// Between its operands: `x + y`.
    Infix,
    /// Between its operand and its immediate: `x + 2`.
    BeforeConstant,
    /// Between its immediate and its operand: `2 - x`.
    AfterConstant,
    /// As a call: `sin(x)`.
    Call,
}

/// How many operands an op takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Arity {
    /// Just so many.
    Fixed(usize),
    /// Any number from this on.
    AtLeast(usize),
}

/// What an immediate of an op is, and so which numbers it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Immediate {
    /// An exponent, a scale, a constant: any number.
    Real,
    /// The order of a derivative: a whole number from 0 to [`MAX_ORDER`].
    Order,
}

/// How a node of the op is laid out on the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Source,
    /// Up to three operands, and how many immediates go with them.
    Fixed {
        operands: usize,
        imms: usize,
    },
    /// A list in the side pool.
    List,
}

/// How many identifiers were given.
macro_rules! count {
    ($($x:tt)*) => { <[&str]>::len(&[$(stringify!($x)),*]) };
}
pub(crate) use count;

macro_rules! immediate {
    (real) => {
        Immediate::Real
    };
    (order) => {
        Immediate::Order
    };
}

macro_rules! stops {
    (none) => {
        true
    };
    ($cost:ident) => {
        false
    };
}

macro_rules! form {
    (prefix) => {
        Form::Prefix
    };
    (infix) => {
        Form::Infix
    };
    (before_constant) => {
        Form::BeforeConstant
    };
    (after_constant) => {
        Form::AfterConstant
    };
    (call) => {
        Form::Call
    };
}

macro_rules! define_op {
    (
        ops { $($(#[doc = $doc:literal])+ $vis:vis $Op:ident = $name:ident($x:ident $(, $y:ident)* $(; $($k:ident: $kind:ident),+)?) -> $r:ident, $cost:ident $form:ident $symbol:literal, $value:block, $bar:ident => [$($pull:expr),*];)+ }
        folds { $($(#[doc = $fdoc:literal])+ $Fo:ident = $fname:ident($($fx:ident),+) -> $fr:ident, $fform:ident $fsym:literal, least $least:literal, $fval:block, $emit:ident => $partials:block;)+ }
    ) => {
        /// What a node computes. `docs/adding-an-op.md` shows how a row of the table becomes one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Op {
            $($(#[doc = $doc])+ $Op,)+
            $($(#[doc = $fdoc])+ $Fo,)+
            /// An input: its value is set from outside.
            Leaf,
            /// A number that never changes and wants no gradient.
            Const,
        }

        impl Op {
            /// Every op, in the order of the table; sources last.
            pub const ALL: &'static [Op] = &[$(Op::$Op,)+ $(Op::$Fo,)+ Op::Leaf, Op::Const];

            /// The name that files and [`Op::from_name`] use.
            #[allow(unreachable_patterns, reason = "comparisons have names of their own")]
            pub const fn name(self) -> &'static str {
                match self {
                    // As methods they have longer names: these would hide those of `PartialOrd`.
                    Op::Lt => "lt",
                    Op::Le => "le",
                    Op::Gt => "gt",
                    Op::Ge => "ge",
                    Op::Eq => "eq",
                    Op::Ne => "ne",
                    Op::Leaf => "leaf",
                    Op::Const => "const",
                    $(Op::$Op => stringify!($name),)+
                    $(Op::$Fo => stringify!($fname),)+
                }
            }

            /// The sign that formulas and pictures show.
            pub const fn symbol(self) -> &'static str {
                match self {
                    Op::Leaf => "leaf",
                    Op::Const => "const",
                    $(Op::$Op => $symbol,)+
                    $(Op::$Fo => $fsym,)+
                }
            }

            /// How the op is written.
            pub const fn form(self) -> Form {
                match self {
                    Op::Leaf | Op::Const => Form::Source,
                    $(Op::$Op => form!($form),)+
                    $(Op::$Fo => form!($fform),)+
                }
            }

            /// How many operands the op takes.
            pub const fn arity(self) -> Arity {
                match self {
                    Op::Leaf | Op::Const => Arity::Fixed(0),
                    $(Op::$Op => Arity::Fixed(count!($x $($y)*)),)+
                    $(Op::$Fo => Arity::AtLeast($least),)+
                }
            }

            /// How many immediates go with the op; a constant's number is not one.
            #[inline(always)]
            pub const fn immediates(self) -> usize {
                match self {
                    $(Op::$Op => count!($($($k)+)?),)+
                    _ => 0,
                }
            }

            /// What the immediates of the op are.
            #[inline(always)]
            pub const fn immediate_kinds(self) -> &'static [Immediate] {
                match self {
                    $(Op::$Op => &[$($(immediate!($kind)),+)?],)+
                    _ => &[],
                }
            }

            /// How many lists of one length the operands are made of: two for a dot product.
            pub const fn lists(self) -> usize {
                match self {
                    $(Op::$Fo => count!($($fx)+),)+
                    _ => 1,
                }
            }

            /// Whether no gradient passes through the op.
            #[inline(always)]
            pub const fn stops_gradient(self) -> bool {
                match self {
                    $(Op::$Op => stops!($cost),)+
                    _ => matches!(self, Op::Const),
                }
            }
        }

        /// The ops as the numbers that stand for them on a tape, to match on.
        #[allow(non_upper_case_globals, dead_code, reason = "named as the ops, all of them")]
        pub(crate) mod codes {
            use super::Op;
            $(pub(crate) const $Op: u8 = Op::$Op as u8;)+
            $(pub(crate) const $Fo: u8 = Op::$Fo as u8;)+
        }
    };
}
for_each_op!(define_op);

impl Op {
    /// The op of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Op> {
        Op::ALL.iter().copied().find(|op| op.name() == name)
    }

    /// Whether the op takes `count` operands.
    pub fn takes(self, count: usize) -> bool {
        match self.arity() {
            Arity::Fixed(n) => count == n,
            Arity::AtLeast(n) => count >= n && count.is_multiple_of(self.lists()),
        }
    }

    /// Whether its two operands may be exchanged: the value is the same to the bit. False for ops of
    /// one operand or of more than two.
    pub const fn is_symmetric(self) -> bool {
        matches!(
            self,
            Op::Add
                | Op::Mul
                | Op::Gmul
                | Op::Max
                | Op::Min
                | Op::Hypot
                | Op::Logaddexp
                | Op::Softmax2D
                | Op::Eq
                | Op::Ne
        )
    }

    /// The number of the op on a tape, below 128; those of leaves and constants are the highest.
    #[inline(always)]
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }

    /// The op of a code that came from [`Op::code`].
    #[inline(always)]
    pub(crate) fn from_code(code: u8) -> Op {
        Op::ALL[usize::from(code)]
    }

    pub(crate) const fn encoding(self) -> Encoding {
        match self.arity() {
            Arity::Fixed(0) => Encoding::Source,
            Arity::Fixed(operands) => Encoding::Fixed {
                operands,
                imms: self.immediates(),
            },
            Arity::AtLeast(_) => Encoding::List,
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A jump through a table is predicted badly on many machines, comparisons well. So the ops that
/// formulas are mostly made of are the first rows: the sweeps find them by two to four comparisons,
/// rely on this order, and jump for all others.
const _: () = assert!(
    codes::Mul == 0
        && codes::Add == 1
        && codes::Sub == 2
        && codes::MulC == 3
        && codes::AddC == 4
        && codes::SubC == 5
        && codes::CSub == 6
        && Op::ALL.len() <= 1 << 7
);

/// What a tape has a place for: see its layout.
const _: () = {
    let mut k = 0;
    while k < Op::ALL.len() {
        assert!(matches!(
            Op::ALL[k].encoding(),
            Encoding::Source
                | Encoding::List
                | Encoding::Fixed {
                    operands: 1,
                    imms: 0..=2
                }
                | Encoding::Fixed {
                    operands: 2,
                    imms: 0 | 2
                }
                | Encoding::Fixed { operands: 3, imms: 0 }
        ));
        k += 1;
    }
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Scalar;

    #[test]
    fn every_name_finds_its_op() {
        for (number, &op) in Op::ALL.iter().enumerate() {
            assert_eq!(Op::from_name(op.name()), Some(op));
            assert_eq!(op as usize, number);
        }
        assert_eq!(Op::from_name("sine"), None);
    }

    #[test]
    fn just_the_symmetric_ops_give_the_same_bits_with_their_operands_exchanged() {
        let numbers = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.3,
            0.7,
            2.5,
            -3.0,
            40.0,
            1e-310,
            1e300,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ];
        for &op in Op::ALL.iter().filter(|op| op.arity() == Arity::Fixed(2)) {
            // Twice in the first operand: some orders of derivatives treat both alike.
            let imm = if op.immediates() > 0 { [2.0, 0.0] } else { NO_IMM };
            let same = |x: f64, y: f64| {
                let [one, other] = [[x, y], [y, x]].map(|args| f64::apply(op, imm, &args));
                one.to_bits() == other.to_bits() || (one.is_nan() && other.is_nan())
            };
            let symmetric = numbers.iter().all(|&x| numbers.iter().all(|&y| same(x, y)));
            assert_eq!(symmetric, op.is_symmetric(), "{op}");
        }
    }
}
