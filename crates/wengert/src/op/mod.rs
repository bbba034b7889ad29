//! The ops: their names, arities and forms, and how the tape encodes them.

mod certain;
pub(crate) mod kernel;
mod relation;
mod table;

use core::fmt;

pub use certain::Certain;
pub use kernel::MAX_ORDER;
pub use relation::Relation;
pub(crate) use table::for_each_op;

/// The immediates of an op: numbers that belong to the op and are not operands. The ones it does not have are 0.
pub type Imm = [f64; 2];

/// The immediates of an op without any.
pub const NO_IMM: Imm = [0.0; 2];

/// How an op is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// A leaf or a constant.
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

/// The words of the table.
#[allow(non_upper_case_globals, reason = "the table is in small letters")]
impl Form {
    const prefix: Form = Form::Prefix;
    const infix: Form = Form::Infix;
    const before_constant: Form = Form::BeforeConstant;
    const after_constant: Form = Form::AfterConstant;
    const call: Form = Form::Call;
}

/// How many operands an op takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Arity {
    /// Exactly this many.
    Fixed(usize),
    /// This many or more.
    AtLeast(usize),
}

/// What an immediate of an op means, and so which numbers are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Immediate {
    /// An exponent, a scale, a constant: any number.
    Real,
    /// The order of a derivative: a whole number from 0 to [`MAX_ORDER`].
    Order,
}

/// The words of the table.
#[allow(non_upper_case_globals, reason = "the table is in small letters")]
impl Immediate {
    const real: Immediate = Immediate::Real;
    const order: Immediate = Immediate::Order;
}

/// How the tape stores an entry of the op.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Source,
    /// One to three operands, with this many immediates.
    Fixed {
        operands: u8,
        imms: u8,
    },
    /// A list of operands in the side pool.
    List,
}

/// Counts identifiers.
macro_rules! count {
    ($($x:tt)*) => { <[&str]>::len(&[$(stringify!($x)),*]) };
}
pub(crate) use count;

macro_rules! is {
    (none none) => {
        true
    };
    (linear linear) => {
        true
    };
    ($cost:ident $other:ident) => {
        false
    };
}

macro_rules! define_op {
    (
        ops { $($(#[doc = $doc:literal])+ $vis:vis $Op:ident = $name:ident($x:ident $(, $y:ident)* $(; $($k:ident: $kind:ident),+)?) -> $r:ident, $cost:ident $form:ident $symbol:literal, $value:block, $bar:ident => [$($pull:expr),*];)+ }
        folds { $($(#[doc = $fdoc:literal])+ $Fo:ident = $fname:ident($($fx:ident),+) -> $fr:ident, $fform:ident $fsym:literal, least $least:literal, $fval:block, $emit:ident => $partials:block;)+ }
    ) => {
        /// What a node computes. Variants without a method on `Graph` and `Expr` are helpers. They are recorded by
        /// derivatives and by operators with a constant.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Op {
            $($(#[doc = $doc])+ $Op,)+
            $($(#[doc = $fdoc])+ $Fo,)+
            /// An input. Its value is set from outside.
            Leaf,
            /// A number that never changes and wants no gradient.
            Const,
            /// An output of a function of the user's own: see [`External`](crate::External).
            External,
        }

        impl Op {
            /// Every op that has a rule, in the order of the table, then leaf and constant. [`Op::External`] is not among
            /// them: what it computes is the user's.
            pub const ALL: &'static [Op] = &[$(Op::$Op,)+ $(Op::$Fo,)+ Op::Leaf, Op::Const];

            /// The name that files and [`Op::from_name`] use.
            ///
            /// ```
            /// use wengert::Op;
            ///
            /// assert_eq!([Op::Sin, Op::MulC].map(Op::name), ["sin", "mul_c"]);
            /// ```
            #[allow(unreachable_patterns, reason = "comparisons have names of their own")]
            pub const fn name(self) -> &'static str {
                match self {
                    // The methods have longer names, since methods with these names would hide those of `PartialOrd`.
                    Op::Lt => "lt",
                    Op::Le => "le",
                    Op::Gt => "gt",
                    Op::Ge => "ge",
                    Op::Eq => "eq",
                    Op::Ne => "ne",
                    Op::Leaf => "leaf",
                    Op::Const => "const",
                    Op::External => "external",
                    $(Op::$Op => stringify!($name),)+
                    $(Op::$Fo => stringify!($fname),)+
                }
            }

            /// The symbol in formulas and pictures.
            ///
            /// ```
            /// use wengert::Op;
            ///
            /// assert_eq!([Op::Mul, Op::Sin].map(Op::symbol), ["*", "sin"]);
            /// ```
            pub const fn symbol(self) -> &'static str {
                match self {
                    Op::Leaf => "leaf",
                    Op::Const => "const",
                    Op::External => "external",
                    $(Op::$Op => $symbol,)+
                    $(Op::$Fo => $fsym,)+
                }
            }

            /// How the op is written.
            ///
            /// ```
            /// use wengert::{Form, Op};
            ///
            /// assert_eq!([Op::Mul, Op::Sin].map(Op::form), [Form::Infix, Form::Call]);
            /// ```
            pub const fn form(self) -> Form {
                match self {
                    Op::Leaf | Op::Const => Form::Source,
                    Op::External => Form::Call,
                    $(Op::$Op => Form::$form,)+
                    $(Op::$Fo => Form::$fform,)+
                }
            }

            /// How many operands the op takes.
            ///
            /// ```
            /// use wengert::{Arity, Op};
            ///
            /// assert_eq!([Op::Mul, Op::Sum].map(Op::arity), [Arity::Fixed(2), Arity::AtLeast(0)]);
            /// ```
            pub const fn arity(self) -> Arity {
                match self {
                    Op::Leaf | Op::Const => Arity::Fixed(0),
                    Op::External => Arity::AtLeast(0),
                    $(Op::$Op => Arity::Fixed(count!($x $($y)*)),)+
                    $(Op::$Fo => Arity::AtLeast($least),)+
                }
            }

            /// How many immediates the op has. A constant's number is not an immediate.
            ///
            /// ```
            /// use wengert::Op;
            ///
            /// assert_eq!([Op::Mul, Op::MulC].map(Op::immediates), [0, 1]);
            /// ```
            #[inline(always)]
            pub const fn immediates(self) -> usize {
                match self {
                    $(Op::$Op => count!($($($k)+)?),)+
                    _ => 0,
                }
            }

            /// What each immediate of the op means.
            ///
            /// ```
            /// use wengert::{Immediate, Op};
            ///
            /// assert_eq!(Op::Polygamma.immediate_kinds(), [Immediate::Order]);
            /// ```
            #[inline(always)]
            pub const fn immediate_kinds(self) -> &'static [Immediate] {
                match self {
                    $(Op::$Op => &[$($(Immediate::$kind),+)?],)+
                    _ => &[],
                }
            }

            /// How many lists of the same length the operands form: 2 for a dot product, else 1.
            ///
            /// ```
            /// use wengert::Op;
            ///
            /// assert_eq!([Op::Sum, Op::Dot].map(Op::lists), [1, 2]);
            /// ```
            pub const fn lists(self) -> usize {
                match self {
                    $(Op::$Fo => count!($($fx)+),)+
                    _ => 1,
                }
            }

            /// Whether the op lets no gradient pass.
            ///
            /// ```
            /// use wengert::Op;
            ///
            /// assert!(Op::Detach.stops_gradient() && !Op::Abs.stops_gradient());
            /// ```
            #[inline(always)]
            pub const fn stops_gradient(self) -> bool {
                match self {
                    $(Op::$Op => is!($cost none),)+
                    _ => matches!(self, Op::Const),
                }
            }

            /// Whether the rule of the op reads only the adjoint, neither operands nor value.
            #[inline(always)]
            pub(crate) const fn is_linear(self) -> bool {
                match self {
                    $(Op::$Op => is!($cost linear),)+
                    _ => false,
                }
            }
        }

        /// The code of each op on the tape, for `match`.
        #[allow(non_upper_case_globals, dead_code, reason = "the codes have the names of the ops, and not all are used")]
        pub(crate) mod codes {
            use super::Op;
            $(pub(crate) const $Op: u8 = Op::$Op as u8;)+
            $(pub(crate) const $Fo: u8 = Op::$Fo as u8;)+
            pub(crate) const External: u8 = Op::External as u8;
        }
    };
}
for_each_op!(define_op);

impl Op {
    /// The op with this name, if any.
    ///
    /// ```
    /// use wengert::Op;
    ///
    /// assert_eq!(Op::from_name("sin"), Some(Op::Sin));
    /// assert_eq!(Op::from_name("sine"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Op> {
        Op::ALL.iter().copied().find(|op| op.name() == name)
    }

    /// Whether the op takes `count` operands.
    ///
    /// ```
    /// use wengert::Op;
    ///
    /// assert!(Op::Mul.takes(2) && !Op::Mul.takes(3));
    /// assert!(Op::Sum.takes(3));
    /// ```
    pub fn takes(self, count: usize) -> bool {
        match self.arity() {
            Arity::Fixed(n) => count == n,
            Arity::AtLeast(n) => count >= n && count.is_multiple_of(self.lists()),
        }
    }

    /// Whether its two operands can be exchanged without changing a bit of the value. False for ops of one
    /// operand, and of three or more.
    ///
    /// ```
    /// use wengert::Op;
    ///
    /// assert!(Op::Mul.is_symmetric() && !Op::Sub.is_symmetric());
    /// ```
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

    /// The code of the op on the tape, below 128.
    #[inline(always)]
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }

    /// The op with this code.
    #[inline(always)]
    pub(crate) fn from_code(code: u8) -> Op {
        match Op::ALL.get(usize::from(code)) {
            Some(&op) => op,
            None => Op::External,
        }
    }

    #[inline(always)]
    pub(crate) const fn encoding(self) -> Encoding {
        ENCODINGS[self as usize]
    }
}

/// The encoding of each op: a load, where a `match` would be a jump.
const ENCODINGS: [Encoding; Op::ALL.len() + 1] = {
    let mut encodings = [Encoding::List; Op::ALL.len() + 1];
    let mut k = 0;
    while k < Op::ALL.len() {
        encodings[k] = match Op::ALL[k].arity() {
            Arity::Fixed(0) => Encoding::Source,
            Arity::Fixed(operands) => Encoding::Fixed { operands: operands as u8, imms: Op::ALL[k].immediates() as u8 },
            Arity::AtLeast(_) => Encoding::List,
        };
        k += 1;
    }
    encodings
};

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether it is the code of an op that mostly derivatives use: a row between `powd` and `gdiv`. Of these, users record
/// only `polygamma`.
pub(crate) const fn is_derivative(code: u8) -> bool {
    code > codes::Powd && code <= codes::Gdiv
}

/// Many processors predict comparisons well and jumps through a table badly. So the most common ops are the first rows,
/// and the sweeps find them by two to four comparisons. They rely on this order. For all other ops they jump.
const _: () = assert!(
    codes::Mul == 0
        && codes::Add == 1
        && codes::Sub == 2
        && codes::MulC == 3
        && codes::AddC == 4
        && codes::SubC == 5
        && codes::CSub == 6
        && codes::External as usize == Op::ALL.len()
        && Op::ALL.len() < 1 << 7
);

/// The encodings that the tape supports: see the table in `tape/mod.rs`.
const _: () = {
    let mut k = 0;
    while k < Op::ALL.len() {
        assert!(matches!(
            Op::ALL[k].encoding(),
            Encoding::Source
                | Encoding::List
                | Encoding::Fixed { operands: 1, imms: 0..=2 }
                | Encoding::Fixed { operands: 2, imms: 0 | 2 }
                | Encoding::Fixed { operands: 3, imms: 0 }
        ));
        k += 1;
    }
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_its_op() {
        for (number, &op) in Op::ALL.iter().enumerate() {
            assert_eq!(Op::from_name(op.name()), Some(op));
            assert_eq!(op as usize, number);
        }
        assert_eq!(Op::from_name("sine"), None);
    }
}
