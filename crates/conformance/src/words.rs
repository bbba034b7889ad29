//! The vocabulary of formulas: which op names a file may use, and with what operands.
//!
//! The list is written out, not taken from the engine: otherwise nobody would notice a name that is missing there.

/// The number of operands of an op.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operands {
    /// This many.
    Exactly(usize),
    /// Any number from this one on.
    AtLeast(usize),
}

/// An op as files name it.
#[derive(Debug, PartialEq, Eq)]
pub struct Word {
    /// The name, which is also the engine's name.
    pub name: &'static str,
    /// The operands after the name.
    pub operands: Operands,
    /// Whether an integer follows the operands (an exponent, an order).
    pub integer: bool,
}

const fn word(name: &'static str, count: usize) -> Word {
    Word { name, operands: Operands::Exactly(count), integer: false }
}

const fn with_integer(name: &'static str) -> Word {
    Word { name, operands: Operands::Exactly(1), integer: true }
}

const fn many(name: &'static str, least: usize) -> Word {
    Word { name, operands: Operands::AtLeast(least), integer: false }
}

/// Every op a formula may apply. The first two groups are those of the corpus.
#[rustfmt::skip]
pub const WORDS: &[Word] = &[
    word("neg", 1), word("recip", 1), word("sqrt", 1), word("cbrt", 1),
    word("exp", 1), word("exp2", 1), word("exp_m1", 1),
    word("ln", 1), word("log2", 1), word("log10", 1), word("ln_1p", 1),
    word("sin", 1), word("cos", 1), word("tan", 1), word("sinc", 1),
    word("asin", 1), word("acos", 1), word("atan", 1),
    word("sinh", 1), word("cosh", 1), word("tanh", 1),
    word("asinh", 1), word("acosh", 1), word("atanh", 1),
    word("abs", 1), with_integer("powi"),
    word("sigmoid", 1), word("softplus", 1), word("log1m_exp", 1), word("relu", 1),
    word("erf", 1), word("erfc", 1), word("norm_cdf", 1), word("log_norm_cdf", 1),
    word("erf_inv", 1), word("erfc_inv", 1), word("norm_quantile", 1),
    word("lgamma", 1), word("digamma", 1),

    word("add", 2), word("sub", 2), word("mul", 2), word("div", 2), word("pow", 2),
    word("atan2", 2), word("hypot", 2), word("max", 2), word("min", 2), word("logaddexp", 2),
    word("xlogy", 2), word("xlog1py", 2),

    word("sign", 1), word("step", 1), word("floor", 1), word("ceil", 1), word("round", 1),
    word("trunc", 1), word("fract", 1), word("detach", 1), with_integer("polygamma"),
    word("rem", 2), word("copysign", 2),
    word("lt", 2), word("le", 2), word("gt", 2), word("ge", 2), word("eq", 2), word("ne", 2),
    word("clamp", 3), word("mul_add", 3), word("select", 3),

    many("sum", 0), many("product", 0), many("norm", 0), many("mean", 1),
    many("max_of", 1), many("min_of", 1), many("logsumexp", 1),
];

/// The op of that name.
pub fn find(name: &str) -> Option<&'static Word> {
    WORDS.iter().find(|word| word.name == name)
}
