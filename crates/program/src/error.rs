//! What can go wrong, each with a name and what to do about it.

use wengert::{NodeId, Op, Relation};

/// Why a program could not be made, run, saved or loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The graph refused a key.
    #[error(transparent)]
    Graph(#[from] wengert::Error),
    /// An input that is no leaf.
    #[error("input {input} is {node}, a {op}: only leaves can be inputs")]
    NotALeaf {
        /// Which input.
        input: usize,
        /// Its node.
        node: NodeId,
        /// What it computes.
        op: Op,
    },
    /// The same leaf as two inputs.
    #[error("input {input} is {node}, which is an input already")]
    RepeatedInput {
        /// The second of the two.
        input: usize,
        /// Their node.
        node: NodeId,
    },
    /// The outputs depend on a leaf that is no input.
    #[error(
        "the outputs depend on the leaf {node}, which is no input: list it, or let Options::freeze_leaves make constants of such leaves"
    )]
    LooseLeaf {
        /// The leaf.
        node: NodeId,
    },
    /// A program without outputs.
    #[error("a program needs an output")]
    NoOutputs,
    /// More instructions than a program can number.
    #[error("too large for a program: {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
    },
    /// A program that is laid out so that running it could read or write what is not its own. It is
    /// refused before anything runs. No graph and no file makes one: it is a fault of this crate.
    #[error(
        "{what}: this is a fault of wengert-program, and the program was not made; please report it, and compile with Options::plain meanwhile"
    )]
    Unsound {
        /// Which step, and what is wrong with it.
        what: String,
    },
    /// The system has no memory for what a workspace holds.
    #[error(
        "no memory for {bytes} bytes of a workspace: take fewer lanes or threads (Setup), or run points one by one"
    )]
    OutOfMemory {
        /// How many it asked for.
        bytes: usize,
    },
    /// More points in a batch than a column can hold.
    #[error("a batch of {points} points, and it may have {most} at most: run several")]
    TooManyPoints {
        /// How many there were to be.
        points: usize,
        /// How many a batch may have.
        most: usize,
    },
    /// Two lengths that must agree do not.
    #[error("{what}: {expected} expected, {given} given")]
    Length {
        /// What was counted.
        what: String,
        /// How many there had to be.
        expected: usize,
        /// How many there were.
        given: usize,
    },
    /// At this point a comparison comes out otherwise than while recording, so that the program
    /// is not what the recorded code would compute there.
    #[error(
        "guard {guard} at point {point}: recorded was {left} {relation} {right} = {recorded}, which comes out otherwise there: record anew at that point, or run without guards (Program::without_guards)"
    )]
    GuardFlipped {
        /// Which guard, in the order of recording.
        guard: usize,
        /// Which point of the batch.
        point: usize,
        /// The left operand, by its label or node.
        left: String,
        /// What was compared.
        relation: Relation,
        /// The right operand, by its label or node.
        right: String,
        /// What the comparison gave when it was recorded.
        recorded: bool,
    },
    /// Bytes that are no program.
    #[error("not a program of this format: {what}")]
    Malformed {
        /// What is wrong with them.
        what: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The error of a length, where the two differ.
pub(crate) fn same_length(what: impl Fn() -> String, expected: usize, given: usize) -> Result<(), Error> {
    if expected == given {
        Ok(())
    } else {
        Err(Error::Length {
            what: what(),
            expected,
            given,
        })
    }
}
