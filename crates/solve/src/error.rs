//! What can go wrong, each with a name and what to do about it.

use wengert::NanOrigin;

/// Why a shape could not be made or evaluated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Recording, compiling or running failed.
    #[error(transparent)]
    Program(#[from] wengert_program::Error),
    /// Two lengths that must agree do not.
    #[error("{what}: {expected} expected, {given} given")]
    Length {
        /// What was counted.
        what: &'static str,
        /// How many were expected.
        expected: usize,
        /// How many were given.
        given: usize,
    },
    /// The closure gave another number of outputs than when it was recorded first.
    #[error(
        "the formula had {expected} outputs when it was recorded first and has {given} at this point: give as many on every branch"
    )]
    Outputs {
        /// How many it gave first.
        expected: usize,
        /// How many it gave now.
        given: usize,
    },
    /// A branch has an entry that the patterns did not have when they were fixed.
    #[error(
        "the formula takes a branch with an entry at row {row}, column {col}, which the fixed pattern lacks: call Shape::visit at a point of each branch before Shape::fix_patterns"
    )]
    NewEntry {
        /// The row of the entry.
        row: usize,
        /// Its column.
        col: usize,
    },
    /// A value or a derivative is NaN or infinite.
    #[error("output {output} or a derivative of it is not finite: {origin}")]
    NotFinite {
        /// Which output of the formula.
        output: usize,
        /// Where it stopped being finite.
        origin: Box<NanOrigin>,
    },
}

impl From<wengert::Error> for Error {
    fn from(error: wengert::Error) -> Error {
        Error::Program(error.into())
    }
}

/// [`Error::Length`] if the two differ.
pub(crate) fn same_length(what: &'static str, expected: usize, given: usize) -> Result<(), Error> {
    if expected == given { Ok(()) } else { Err(Error::Length { what, expected, given }) }
}
