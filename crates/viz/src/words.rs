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

/// With four decimals, like `%.4f` in C and Python, or more where these would be fewer than four significant digits. Very
/// small and very large numbers have an exponent. `model.js` writes the same.
pub(crate) fn number(x: f64) -> String {
    match x.abs() {
        size if size.is_nan() => "nan".into(),
        0.0 | 0.1..1e9 | f64::INFINITY => format!("{x:.4}"),
        0.01..0.1 => format!("{x:.5}"),
        1e-3..0.01 => format!("{x:.6}"),
        _ => format!("{x:.3e}"),
    }
}

/// A number rounded to so many significant digits, without zeros at its end.
pub(crate) fn rounded(x: f64, digits: usize) -> String {
    if x == 0.0 || !x.is_finite() {
        return number(x).trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let text = format!("{x:.*e}", digits - 1);
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    match power {
        // A place before the point that is not known would look known.
        _ if power >= -3 && power < digits as i32 => {
            trimmed(&format!("{x:.*}", (digits as i32 - 1 - power).max(0) as usize))
        }
        _ => format!("{}e{power}", trimmed(mantissa)),
    }
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
    fn numbers_have_four_significant_digits_or_four_decimals() {
        let cases = [
            (2.0, "2.0000"),
            (-0.0, "-0.0000"),
            (0.5, "0.5000"),
            (2.03125, "2.0312"),
            (2.09375, "2.0938"),
            (0.03125, "0.03125"),
            (-0.0078125, "-0.007812"),
            (1e-7, "1.000e-7"),
            (1234500000000.0, "1.234e12"),
            (1235500000000.0, "1.236e12"),
            (f64::MAX, "1.798e308"),
            (f64::NAN, "nan"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (1e-300, "1.000e-300"),
            (123456789.98765, "123456789.9877"),
        ];
        for (x, text) in cases {
            assert_eq!(number(x), text);
        }
    }

    #[test]
    fn rounded_numbers_are_short_and_finite() {
        let cases = [
            (0.0, "0"),
            (1.0, "1"),
            (100.0, "100"),
            (-0.5, "-0.5"),
            (0.012345678, "0.012346"),
            (99999.9, "1e5"),
            (12345.6, "12346"),
            (123456.0, "1.2346e5"),
            (1e305, "1e305"),
            (f64::MAX, "1.7977e308"),
            (-2.5e-9, "-2.5e-9"),
        ];
        for (x, text) in cases {
            assert_eq!(rounded(x, 5), text);
        }
        assert_eq!(rounded(123456.0, 9), "123456");
    }

    #[test]
    fn counts_have_their_thousands_apart() {
        assert_eq!([0, 999, 1000, 12_345, 1_234_567].map(grouped), ["0", "999", "1,000", "12,345", "1,234,567"]);
    }
}
