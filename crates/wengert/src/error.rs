//! What can go wrong. Each message says what happened and what to do about it.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use crate::node::NodeId;
use crate::op::{Arity, Imm, Immediate, MAX_ORDER, Op, Relation, kernel};
use crate::room::Refused;

/// Why the engine refused a call. Plain methods panic with the text of the error. Their `try_` forms return it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A key of another graph, or one that was made long ago and whose node was dropped. Where a function lists this error, it can return
    /// [`Error::Dropped`] too.
    NotInGraph {
        /// The key.
        node: NodeId,
    },
    /// A key of this graph, whose node was dropped by a reset or rewind. A graph knows the keys that it made since its 600th
    /// last reset or rewind, at least; older ones are [`Error::NotInGraph`].
    Dropped {
        /// The key.
        node: NodeId,
    },
    /// A value computed before the last [`Graph::set`](crate::Graph::set).
    StaleValue {
        /// The node whose value was asked for.
        node: NodeId,
        /// Its label, if it has one.
        label: Option<Box<str>>,
    },
    /// A mark of another graph, or from before a reset or a rewind past it.
    StaleMark,
    /// Expressions of two graphs in one op.
    MixedGraphs,
    /// A node that must be a leaf, but is not.
    NotALeaf {
        /// The node.
        node: NodeId,
        /// Its label, if it has one.
        label: Option<Box<str>>,
        /// Its op.
        op: Op,
    },
    /// Too few operands, too many, or lists of different lengths.
    Operands {
        /// The op.
        op: Op,
        /// How many operands were given.
        given: usize,
    },
    /// A number other than 0 in the place of an immediate that the op does not have.
    Immediates {
        /// The op.
        op: Op,
        /// The immediates that were given.
        given: Imm,
    },
    /// An immediate that must be the order of a derivative, but is not a whole number from 0 to [`MAX_ORDER`].
    /// Recording and loading refuse it, and so does differentiating when it raises an order too far.
    Order {
        /// The op.
        op: Op,
        /// The index of the immediate.
        immediate: usize,
        /// The number that was given.
        given: f64,
    },
    /// A name that no op has.
    UnknownOp {
        /// The name that was looked for.
        name: String,
    },
    /// The graph is full: it reached its limit of nodes, of operands in lists (2^28), or of immediates that do not fit in
    /// a node (2^27).
    Full {
        /// How many nodes it may hold.
        limit: usize,
    },
    /// The allocator has no memory left. The graph is as before, and can be used.
    OutOfMemory {
        /// How many items needed room: nodes, or numbers for them.
        nodes: usize,
    },
    /// A comparison whose result at the new values differs from the one recorded.
    GuardFlipped {
        /// The left operand of the comparison.
        left: NodeId,
        /// The relation that was tested.
        relation: Relation,
        /// The right operand.
        right: NodeId,
        /// The left and the right operand as the message names them: see [`Graph::name_of`](crate::Graph::name_of).
        names: [Box<str>; 2],
        /// The result when it was recorded.
        recorded: bool,
    },
    /// Two lengths that must agree, but do not.
    Length {
        /// What was counted.
        what: &'static str,
        /// How many are needed.
        expected: usize,
        /// How many were given.
        given: usize,
    },
    /// A function of the user's own ([`External`](crate::External)) failed, or lacks what was asked for.
    External {
        /// The name of the function.
        name: Box<str>,
        /// What happened.
        what: Box<str>,
    },
}

impl core::error::Error for Error {}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Error {
        Error::OutOfMemory { nodes: refused.items }
    }
}

/// A node as messages name it: `n3`, or `n3 "loss"` if it has a label.
pub(crate) struct Labeled<'l>(pub(crate) NodeId, pub(crate) Option<&'l str>);

impl fmt::Display for Labeled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        self.1.map_or(Ok(()), |label| write!(f, " {label:?}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NotInGraph { node } => write!(
                f,
                "{node} is not a node of this graph: the key belongs to another graph, or is from long ago and its node was dropped; use a key that this graph returned"
            ),
            Error::Dropped { node } => write!(
                f,
                "{node} is not a node of this graph any more: a reset or rewind dropped it; record it again and use the new key, or record it before the mark"
            ),
            Error::StaleValue { node, label } => write!(
                f,
                "the value of {} is stale, because a leaf was set since it was computed: call forward() first; if it failed, set leaves to other values and call it again, or record the formula again",
                Labeled(*node, label.as_deref())
            ),
            Error::StaleMark => f.write_str(
                "the mark is stale: the graph was reset or rewound past it, or the mark belongs to another graph; take a new mark",
            ),
            Error::MixedGraphs => f.write_str("expressions of two graphs cannot be combined: build both in one graph"),
            Error::NotALeaf { node, label, op: Op::Const } => write!(
                f,
                "{} is a constant, not a leaf, so it never changes: make it with Graph::leaf or Graph::var, and pass that key",
                Labeled(*node, label.as_deref())
            ),
            Error::NotALeaf { node, label, op } => write!(
                f,
                "{} is not a leaf, its op is {op}: pass the key of a leaf",
                Labeled(*node, label.as_deref())
            ),
            Error::Operands { op, given } => wrong_operands(f, *op, *given),
            Error::Immediates { op, given } => write!(
                f,
                "{op} has {} immediates, but {given:?} was given: the unused numbers must be 0",
                op.immediates()
            ),
            Error::Order { op, immediate, given } => write!(
                f,
                "immediate {immediate} of {op} is {given}, but it must be the order of a derivative: a whole number from 0 to {MAX_ORDER}"
            ),
            Error::UnknownOp { name } => write!(f, "no op has the name {name:?}: Op::ALL lists all ops"),
            Error::Full { limit } => write!(
                f,
                "the graph is full: it reached its limit of {limit} nodes, or that of operands or immediates; rewind or reset it, or make one with a higher limit (Graph::with_limit)"
            ),
            Error::OutOfMemory { nodes } => write!(
                f,
                "out of memory while making room for {nodes} items: record fewer nodes, or drop graphs that are no longer needed"
            ),
            Error::GuardFlipped {
                relation,
                names: [left, right],
                recorded,
                ..
            } => write!(
                f,
                "the comparison {left} {relation} {right} was {recorded} when it was recorded and is {} at the new values: record the expression again at these values",
                !recorded
            ),
            Error::External { name, what } => write!(f, "the function {name:?}: {what}"),
            Error::Length { what, expected, given } => {
                write!(f, "{what}: {expected} expected, {given} given")
            }
        }
    }
}

fn were(count: usize) -> &'static str {
    if count == 1 { "was" } else { "were" }
}

fn wrong_operands(f: &mut fmt::Formatter<'_>, op: Op, given: usize) -> fmt::Result {
    let s = |n: usize| if n == 1 { "" } else { "s" };
    match op.arity() {
        _ if op == Op::External => {
            return f.write_str(
                "external cannot be applied like other ops: record a function of your own with Graph::external",
            );
        }
        Arity::Fixed(0) => {
            return write!(
                f,
                "{op} cannot be applied like other ops: make the node with Graph::leaf or Graph::constant"
            );
        }
        Arity::Fixed(n) => write!(f, "{op} takes {n} operand{}", s(n))?,
        Arity::AtLeast(_) if op.lists() > 1 => write!(f, "{op} takes {} lists of the same length", op.lists())?,
        Arity::AtLeast(n) => write!(f, "{op} takes {n} operand{} or more", s(n))?,
    }
    match op.lists() > 1 {
        true => write!(f, ", {given} operands in all {} given: pass as many in each list", were(given)),
        false => write!(f, ", {given} {} given", were(given)),
    }
}

/// Checks that two lengths agree.
///
/// # Errors
/// [`Error::Length`].
pub(crate) fn same_length(what: &'static str, expected: usize, given: usize) -> Result<(), Error> {
    match expected == given {
        true => Ok(()),
        false => Err(Error::Length { what, expected, given }),
    }
}

/// Checks that a direction has a component for every input.
///
/// # Errors
/// [`Error::Length`].
pub(crate) fn direction_length(expected: usize, given: usize) -> Result<(), Error> {
    same_length("components of the direction, one for each input", expected, given)
}

/// The total number of operands in lists of these lengths.
///
/// # Errors
/// [`Error::Operands`] if the lengths differ, or if the op does not take that number of operands.
#[inline]
pub(crate) fn operand_count(op: Op, lengths: &[usize]) -> Result<usize, Error> {
    let given = lengths.iter().sum();
    let alike = lengths.windows(2).all(|pair| pair[0] == pair[1]);
    match alike && op.takes(given) {
        true => Ok(given),
        false => Err(Error::Operands { op, given }),
    }
}

impl Op {
    /// Checks that the op can be applied to this number of operands with these immediates.
    /// [`Graph::try_record`](crate::Graph::try_record) and [`Scalar::apply`](crate::Scalar::apply) call this first.
    ///
    /// ```
    /// use wengert::{NO_IMM, Op};
    ///
    /// assert!(Op::Mul.check(NO_IMM, 2).is_ok());
    /// assert!(Op::Mul.check(NO_IMM, 3).is_err());
    /// ```
    ///
    /// # Errors
    /// [`Error::Operands`] if it takes fewer or more operands, and for [`Op::Leaf`], [`Op::Const`] and [`Op::External`],
    /// which cannot be applied like other ops. [`Error::Immediates`] if an immediate that it does not have is not 0.
    #[inline]
    pub fn check(self, imm: Imm, operands: usize) -> Result<(), Error> {
        if matches!(self, Op::Leaf | Op::Const | Op::External) || !self.takes(operands) {
            return Err(Error::Operands { op: self, given: operands });
        }
        if !imm[self.immediates()..].iter().all(|&c| c == 0.0) {
            return Err(Error::Immediates { op: self, given: imm });
        }
        Ok(())
    }

    /// Checks the values of the op's immediates: the order of a derivative must be a whole number from 0
    /// to [`MAX_ORDER`]. Recording and loading call this.
    ///
    /// ```
    /// use wengert::Op;
    ///
    /// assert!(Op::Polygamma.check_immediates([2.0, 0.0]).is_ok());
    /// assert!(Op::Polygamma.check_immediates([0.5, 0.0]).is_err());
    /// ```
    ///
    /// # Errors
    /// [`Error::Order`] for the first immediate that is wrong.
    #[inline]
    pub fn check_immediates(self, imm: Imm) -> Result<(), Error> {
        for (immediate, kind) in self.immediate_kinds().iter().enumerate() {
            if *kind == Immediate::Order && !kernel::is_order(imm[immediate]) {
                return Err(Error::Order { op: self, immediate, given: imm[immediate] });
            }
        }
        Ok(())
    }
}

impl Error {
    /// Panics with the text of the error. Plain methods do this where their `try_` forms return it.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub(crate) fn panic(self) -> ! {
        panic!("{self}")
    }
}

/// The value, or a panic with the text of the error.
#[track_caller]
#[inline(always)]
pub(crate) fn expect<T>(result: Result<T, Error>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => error.panic(),
    }
}
