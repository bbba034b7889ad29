//! What can go wrong, each with a name and what to do about it.

use wengert::room::Refused;
use wengert::{NodeId, Op, Relation};

/// Why a program could not be made, run, saved or loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The graph refused a key.
    #[error(transparent)]
    Graph(#[from] wengert::Error),
    /// An input that is not a leaf.
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
    #[error("input {input} is {node}, which is already an input: list each leaf once")]
    RepeatedInput {
        /// The second of the two.
        input: usize,
        /// Their node.
        node: NodeId,
    },
    /// The outputs, or a comparison made while recording, depend on a leaf that is not an input.
    #[error(
        "the outputs, or a comparison made while recording, depend on the leaf {node}, which is not an input: list it, or make such leaves constants with Options::freeze_leaves"
    )]
    LooseLeaf {
        /// The leaf.
        node: NodeId,
    },
    /// A program without outputs.
    #[error("a program needs an output: list at least one node")]
    NoOutputs,
    /// More instructions than a program can number.
    #[error("too large for a program: {what}")]
    TooLarge {
        /// The limit that was exceeded.
        what: &'static str,
    },
    /// Running the program could read or write memory that is not its own, so it is refused. No graph and
    /// no file leads here unless this crate has a bug.
    #[error(
        "{what}: this is a bug in wengert-program, and the program was not made; please report it, and try Options::plain until it is fixed"
    )]
    Unsound {
        /// Which step, and what is wrong with it.
        what: String,
    },
    /// There is not enough memory. Graph, program and workspace can be used as before.
    #[error(
        "not enough memory for {bytes} bytes: compile less at a time; to run, use fewer lanes or threads (Setup), or run points one by one"
    )]
    OutOfMemory {
        /// How many bytes it asked for.
        bytes: usize,
    },
    /// More points in a batch than a column can hold.
    #[error("a batch of {points} points, but the most is {most}: run several")]
    TooManyPoints {
        /// How many points were given.
        points: usize,
        /// The most that a batch can have.
        most: usize,
    },
    /// Two lengths that must agree do not.
    #[error("{what}: {expected} expected, {given} given")]
    Length {
        /// What was counted.
        what: String,
        /// How many were expected.
        expected: usize,
        /// How many were given.
        given: usize,
    },
    /// Blocks of a batch, or sums over them, that do not fit together.
    #[error("{what}")]
    Blocks {
        /// What does not fit.
        what: String,
    },
    /// At this point a comparison comes out differently from when it was recorded, so the code that was
    /// recorded would compute something else there.
    #[error(
        "the comparison {left} {relation} {right} was {recorded} when it was recorded and is {}{}: record the expression again at this point, or run without guards (Program::without_guards)", !recorded, of_batch(" at point ", *point, "")
    )]
    GuardFlipped {
        /// Which guard, in the order of recording.
        guard: usize,
        /// Which point of the batch; `None` for a single point, and for a comparison that is the same at all points.
        point: Option<usize>,
        /// The left operand: its label, or else its [`wengert::Graph::name_of`].
        left: String,
        /// What was compared.
        relation: Relation,
        /// The right operand: its label, or else its [`wengert::Graph::name_of`].
        right: String,
        /// What the comparison gave when it was recorded.
        recorded: bool,
    },
    /// A user's function ([`wengert::External`]) failed.
    #[error("{}{source}", of_batch("at point ", *point, ": "))]
    External {
        /// Which point of the batch; `None` for a single point.
        point: Option<usize>,
        /// What the function said.
        source: wengert::Error,
    },
    /// The program calls a function that was not given to [`Program::from_bytes_with`](crate::Program::from_bytes_with),
    /// or one of another shape was.
    #[error(
        "the program calls the function {name:?} with {inputs} inputs: give one of that name and shape to Program::load_with or Program::from_bytes_with"
    )]
    UnknownExternal {
        /// The name.
        name: String,
        /// How many inputs it takes.
        inputs: usize,
    },
    /// Two functions of one name in a program to be saved.
    #[error("two functions are named {name:?}, so a file cannot tell them apart: give each a name of its own")]
    AmbiguousExternal {
        /// The name.
        name: String,
    },
    /// There is no machine code, but the workspace was made with [`Native::Always`](crate::Native::Always).
    #[error("no machine code, since {why}: use Native::Auto, which then runs the interpreter")]
    NoMachineCode {
        /// Why.
        why: String,
    },
    /// A name that cannot be that of a function.
    #[error(
        "{name:?} cannot be the name of a function in Rust and C: use ASCII letters, digits and `_`, no keyword, and no name that math.h declares or C reserves"
    )]
    FunctionName {
        /// The name.
        name: String,
    },
    /// Ops for which there is no C.
    #[error(
        "math.h has no function for {ops}, and there is no short formula: use Language::Rust, whose text calls the crate wengert"
    )]
    NotInC {
        /// The names of the ops.
        ops: String,
    },
    /// Source text cannot call a function of the user's own.
    #[error("source text cannot call the function {name:?} of the user's own: record what it computes as ops")]
    NoSourceForExternal {
        /// The name of the function.
        name: String,
    },
    /// Bytes that are not a program.
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
        /// The error of the system.
        source: std::io::Error,
    },
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Error {
        Error::OutOfMemory { bytes: refused.bytes }
    }
}

/// [`Error::Length`] if the two differ.
pub(crate) fn same_length(what: impl Fn() -> String, expected: usize, given: usize) -> Result<(), Error> {
    if expected == given { Ok(()) } else { Err(Error::Length { what: what(), expected, given }) }
}

/// Which point of a batch; nothing for a single point.
fn of_batch(before: &str, point: Option<usize>, after: &str) -> String {
    point.map_or_else(String::new, |point| format!("{before}{point}{after}"))
}
