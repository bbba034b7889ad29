//! Texts about values and scopes that all formats share.

use wengert::Op;

use crate::graph::Value;

/// The most outputs of a collapsed scope that are listed.
pub(crate) const MOST_OUTPUTS: usize = 4;

/// What kind of box a value is drawn as.
pub(crate) fn class(value: &Value) -> &'static str {
    match value.op {
        _ if value.root => "output",
        Op::Leaf => "leaf",
        Op::Const => "constant",
        _ => "result",
    }
}

/// The derivative of a value, or a dash if it has none.
pub(crate) fn gradient(value: &Value) -> String {
    if value.wants_gradient { number(value.grad) } else { "-".to_owned() }
}

/// Like `%.4f` in C and Python.
pub(crate) fn number(x: f64) -> String {
    if x.is_nan() { "nan".into() } else { format!("{x:.4}") }
}

/// A count and what is counted: `1 node`, `12,345 nodes`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{} {what}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// A count of inputs and parameters.
pub(crate) fn counted_leaves(count: usize) -> String {
    match count {
        1 => "1 leaf".to_owned(),
        _ => format!("{} leaves", grouped(count)),
    }
}

/// A count with its thousands apart: 12,345.
pub(crate) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_in_c() {
        let cases = [
            (2.0, "2.0000"),
            (-0.0, "-0.0000"),
            (0.03125, "0.0312"),
            (0.09375, "0.0938"),
            (f64::NAN, "nan"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (1e-300, "0.0000"),
            (123456789.98765, "123456789.9877"),
        ];
        for (x, text) in cases {
            assert_eq!(number(x), text);
        }
    }

    #[test]
    fn counts_have_their_thousands_apart() {
        assert_eq!([0, 999, 1000, 12_345, 1_234_567].map(grouped), ["0", "999", "1,000", "12,345", "1,234,567"]);
    }
}
