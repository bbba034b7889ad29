//! What can go wrong, each with a name and what to do about it.

use crate::node::NodeId;
use crate::op::{Arity, Imm, Immediate, MAX_ORDER, Op, Relation, kernel};

/// Why the engine refused. Plain builders panic with the text of one of these; their `try_` forms
/// return it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A key that no node of this graph has.
    #[error(
        "{node} is not a node of this graph: its key is of another graph, or was dropped by a reset or rewind; use keys this graph gave out since"
    )]
    NotInGraph {
        /// The key.
        node: NodeId,
    },
    /// A value from before the last `set`.
    #[error("the value of {node} is stale: a leaf was set since; call forward() first")]
    StaleValue {
        /// The node whose value was asked for.
        node: NodeId,
    },
    /// A mark that was rewound past, or is of another graph.
    #[error("the mark is stale: the graph was reset or rewound past it, or it is of another graph; take a new mark")]
    StaleMark,
    /// Expressions of two graphs in one op.
    #[error("an expression of one graph was combined with one of another; build both in one graph")]
    MixedGraphs,
    /// Only leaves can be set.
    #[error("{node} is no leaf but {op}: only leaves can be set")]
    NotALeaf {
        /// The node.
        node: NodeId,
        /// Its op.
        op: Op,
    },
    /// An op with too few, too many or unequal lists of operands.
    #[error("{op} does not take {given} operands{}", operands_hint(*.op))]
    Operands {
        /// The op.
        op: Op,
        /// How many operands it was given.
        given: usize,
    },
    /// Numbers beside an op that has fewer of them.
    #[error("{op} has {} immediates, but was given {given:?}: the others must be 0", .op.immediates())]
    Immediates {
        /// The op.
        op: Op,
        /// The immediates it was given.
        given: Imm,
    },
    /// An immediate that must be the order of a derivative, and is not one, or is too high: what
    /// recording and loading refuse, and differentiating where it goes on for too long.
    #[error(
        "immediate {immediate} of {op} is {given}, and has to be the order of a derivative: a whole number from 0 to {MAX_ORDER}"
    )]
    Order {
        /// The op.
        op: Op,
        /// Which of its immediates, from 0.
        immediate: usize,
        /// What it was given.
        given: f64,
    },
    /// No op has this name.
    #[error("there is no op named {name:?}; Op::ALL lists them")]
    UnknownOp {
        /// The name that was looked for.
        name: String,
    },
    /// The graph holds as many nodes, operands of n-ary ops (2^28) or long immediates (2^27) as it may.
    #[error("the graph is full: it may hold {limit} nodes; rewind or reset it, or make one with a higher limit")]
    Full {
        /// The limit.
        limit: usize,
    },
    /// The allocator had no memory left.
    #[error("no memory for {nodes} nodes")]
    OutOfMemory {
        /// For how many nodes there had to be room.
        nodes: usize,
    },
    /// A comparison that held while recording does not hold now, or the other way round.
    #[error(
        "recorded was {left} {relation} {right} = {recorded}, which the new values change: record the expression anew at these values"
    )]
    GuardFlipped {
        /// The left operand of the comparison.
        left: NodeId,
        /// What was compared.
        relation: Relation,
        /// The right operand.
        right: NodeId,
        /// What the comparison gave when it was recorded.
        recorded: bool,
    },
    /// Two lengths that must agree do not.
    #[error("{what}: expected {expected}, got {got}")]
    Length {
        /// What was counted.
        what: &'static str,
        /// How many there had to be.
        expected: usize,
        /// How many there were.
        got: usize,
    },
}

fn operands_hint(op: Op) -> String {
    match op.arity() {
        Arity::Fixed(0) => ", or any: Graph::leaf and Graph::constant make these".into(),
        Arity::Fixed(n) => format!(" but {n}"),
        Arity::AtLeast(n) if op.lists() > 1 => {
            format!(" but {} lists of one length, {n} or more each", op.lists())
        }
        Arity::AtLeast(n) => format!(" but {n} or more"),
    }
}

/// The error of a length, where the two differ.
pub(crate) fn same_length(what: &'static str, expected: usize, got: usize) -> Result<(), Error> {
    match expected == got {
        true => Ok(()),
        false => Err(Error::Length { what, expected, got }),
    }
}

/// As [`same_length`], of a direction: a component for every input.
pub(crate) fn direction_length(expected: usize, got: usize) -> Result<(), Error> {
    same_length("components of the direction", expected, got)
}

/// How many operands there are in lists of these lengths, if the op takes as many.
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
    /// Whether the op can be applied to as many operands with these immediates: what
    /// [`Graph::try_record`](crate::Graph::try_record) and every [`Scalar::apply`](crate::Scalar::apply)
    /// ask first.
    ///
    /// # Errors
    /// [`Error::Operands`] where it takes fewer or more operands, and for a leaf or a constant, which
    /// is applied to nothing; [`Error::Immediates`] where an immediate that it does not have is not 0.
    #[inline]
    pub fn check(self, imm: Imm, operands: usize) -> Result<(), Error> {
        if matches!(self, Op::Leaf | Op::Const) || !self.takes(operands) {
            return Err(Error::Operands {
                op: self,
                given: operands,
            });
        }
        // A NaN is not 0 either.
        if !imm[self.immediates()..].iter().all(|&c| c == 0.0) {
            return Err(Error::Immediates { op: self, given: imm });
        }
        Ok(())
    }

    /// Whether these may be the immediates of the op: orders of derivatives are whole numbers from
    /// 0 to [`MAX_ORDER`]. Recording and loading refuse all others.
    ///
    /// # Errors
    /// [`Error::Order`] with the first that is not.
    #[inline]
    pub fn check_immediates(self, imm: Imm) -> Result<(), Error> {
        for (immediate, kind) in self.immediate_kinds().iter().enumerate() {
            if *kind == Immediate::Order && !kernel::is_order(imm[immediate]) {
                return Err(Error::Order {
                    op: self,
                    immediate,
                    given: imm[immediate],
                });
            }
        }
        Ok(())
    }
}

impl Error {
    /// Panics with the text of the error: what every plain builder does where its `try_` form
    /// would return it.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub(crate) fn panic(self) -> ! {
        panic!("{self}")
    }
}

/// The value, or a panic with the error's text.
#[track_caller]
#[inline(always)]
pub(crate) fn expect<T>(result: Result<T, Error>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => error.panic(),
    }
}
