//! Relations between two values.

use std::fmt;

/// What a guard compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Relation {
    /// `x < y`
    Less,
    /// `x <= y`
    LessEqual,
    /// `x == y`
    Equal,
    /// At least one of them is NaN.
    Unordered,
    /// `x` and `y` have the same bits. Guards a recorded value that was read as a plain number.
    SameBits,
    /// `x` and `y` have the same sign bit.
    SameSign,
}

impl Relation {
    /// Whether the relation holds.
    pub fn holds(self, x: f64, y: f64) -> bool {
        match self {
            Relation::Less => x < y,
            Relation::LessEqual => x <= y,
            Relation::Equal => x == y,
            Relation::Unordered => x.is_nan() || y.is_nan(),
            Relation::SameBits => x.to_bits() == y.to_bits(),
            Relation::SameSign => x.is_sign_negative() == y.is_sign_negative(),
        }
    }

    /// The name that files use.
    pub const fn name(self) -> &'static str {
        match self {
            Relation::Less => "lt",
            Relation::LessEqual => "le",
            Relation::Equal => "eq",
            Relation::Unordered => "unordered",
            Relation::SameBits => "same_bits",
            Relation::SameSign => "same_sign",
        }
    }

    /// Every relation.
    pub const ALL: &'static [Relation] = &[
        Relation::Less,
        Relation::LessEqual,
        Relation::Equal,
        Relation::Unordered,
        Relation::SameBits,
        Relation::SameSign,
    ];
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Relation::Less => "<",
            Relation::LessEqual => "<=",
            Relation::Equal => "==",
            Relation::Unordered => "unordered with",
            Relation::SameBits => "identical to",
            Relation::SameSign => "of the same sign as",
        })
    }
}
