//! The errors of making functions. Those of calling them are [`wengert::Error::External`].

/// Why a function could not be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An entry outside of a sparse matrix.
    #[error("the entry ({row}, {column}) is outside of a matrix of {n} rows and columns, which count from 0")]
    Outside {
        /// The row of the entry.
        row: usize,
        /// Its column.
        column: usize,
        /// How many rows and columns the matrix has.
        n: usize,
    },
    /// An entry of a sparse matrix that is given twice.
    #[error("the entry ({row}, {column}) is given twice; add the two up")]
    Twice {
        /// The row of the entry.
        row: usize,
        /// Its column.
        column: usize,
    },
    /// A table with too few knots.
    #[error("the table has {given} knots along {axis}, but needs at least {needed}")]
    TooFewKnots {
        /// The axis: x or y.
        axis: char,
        /// How many were given.
        given: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Knots that do not increase.
    #[error(
        "knot {at} of {axis} is {knot}, but the one before is {before}; knots must increase: sort the table by {axis}, and keep one value for each"
    )]
    Unsorted {
        /// The axis: x or y.
        axis: char,
        /// Which knot, from 0.
        at: usize,
        /// The knot.
        knot: f64,
        /// The knot before it.
        before: f64,
    },
    /// A number of a table that is NaN or infinite.
    #[error("number {at} of {list} is {number}; a table needs finite numbers")]
    NotFinite {
        /// The list: knots or values.
        list: &'static str,
        /// Which number, from 0.
        at: usize,
        /// The number.
        number: f64,
    },
    /// A table with more or fewer values than its knots need.
    #[error("the table has {given} values, but its knots need {expected}")]
    Values {
        /// How many are needed.
        expected: usize,
        /// How many were given.
        given: usize,
    },
    /// A table that is too steep for numbers.
    #[error("the polynomials of the table overflow next to knot {at} of {axis}: scale the knots or the values")]
    Overflows {
        /// The axis: x or y.
        axis: char,
        /// The knot, from 0, on the left.
        at: usize,
    },
    /// A monotone table whose values are not known, or with two inputs.
    #[error("a table of two inputs, and one whose values are not known, cannot be monotone; choose Linear or Spline")]
    Monotone,
    /// The allocator refused memory.
    #[error("out of memory")]
    OutOfMemory,
}
