//! Text as Graphviz, SVG and HTML read it back: any label comes out as it went in.
//!
//! A label passes three readers before it is drawn: the one of DOT strings, to which only `\"` and
//! a backslash before a line break mean something; the one of records, to which `{ } | < >` are
//! structure and plain spaces only separate words; and the one of texts, which knows `\n`, `\N`,
//! `\\` and entities such as `&lt;`.

use crate::label::{printable, short};

/// A space that no reader drops. (The `\ ` of records is meant for it, but wanders from the start of
/// a field to its end: Graphviz 2.43.)
const HARD_SPACE: &str = "&#160;";

/// A label as a field of a record, to stand between quotes.
pub(crate) fn field(label: &str) -> String {
    let label = short(label);
    let mut text = String::with_capacity(label.len());
    let mut rest = label.chars().peekable();
    let mut before = None;
    while let Some(c) = rest.next() {
        match c {
            '{' | '}' | '|' | '<' | '>' => text.extend(['\\', c]),
            // A single space between words is safe as it is; readers drop any other, even before a backslash.
            ' ' if !(is_word(before) && is_word(rest.peek().copied())) => text.push_str(HARD_SPACE),
            _ => plain(c, &mut text),
        }
        before = Some(c);
    }
    text
}

/// Whether it is a character without a special meaning to any reader.
fn is_word(c: Option<char>) -> bool {
    c.is_some_and(char::is_alphanumeric)
}

/// A text outside records, to stand between quotes.
pub(crate) fn text(label: &str) -> String {
    let mut text = String::with_capacity(label.len());
    short(label).chars().for_each(|c| plain(c, &mut text));
    text
}

/// What every label needs.
fn plain(c: char, text: &mut String) {
    match c {
        '"' => text.push_str("\\\""),
        '\\' => text.push_str("\\\\"),
        '&' => text.push_str("&amp;"),
        '\n' => text.push_str("\\n"),
        _ => text.push(c),
    }
}

/// A text as the content of an element, or in the quotes of an attribute, of XML and HTML.
pub(crate) fn xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            _ => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_to_graphviz_is_escaped() {
        assert_eq!(field(r#"a|b{c}<d>"e\f"#), r#"a\|b\{c\}\<d\>\"e\\f"#);
        assert_eq!(field("&lt;"), "&amp;lt;");
        assert_eq!(text(r#"<= "\N" {}"#), r#"<= \"\\N\" {}"#);
    }

    #[test]
    fn only_a_lone_space_between_words_is_left_as_it_is() {
        assert_eq!(field("w 1"), "w 1");
        assert_eq!(field(" w  1 "), "&#160;w&#160;&#160;1&#160;");
        assert_eq!(field("a \n b"), r"a&#160;\n&#160;b");
        assert_eq!(field(" "), "&#160;");
        assert_eq!(field(""), "");
    }

    #[test]
    fn markup_is_escaped() {
        assert_eq!(xml("<a b=\"c\"> & ]]>"), "&lt;a b=&quot;c&quot;&gt; &amp; ]]&gt;");
    }
}
