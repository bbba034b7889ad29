//! Text as Graphviz and HTML read it back: any label comes out as it went in.
//!
//! A label passes three readers before it is drawn: the one of DOT strings, to which only `\"` and
//! a backslash before a line break mean something; the one of records, to which `{ } | < >` are
//! structure and plain spaces only separate words; and the one of texts, which knows `\n`, `\N`,
//! `\\` and entities such as `&lt;`.

/// A space that no reader drops. (The `\ ` of records is meant for it, but wanders from the start of
/// a field to its end: Graphviz 2.43.)
const HARD_SPACE: &str = "&#160;";

/// A label as a field of a record, to stand between quotes.
pub(crate) fn field(label: &str) -> String {
    let label = printable(label);
    let mut text = String::with_capacity(label.len());
    let mut rest = label.chars().peekable();
    let mut before = None;
    while let Some(c) = rest.next() {
        match c {
            '{' | '}' | '|' | '<' | '>' => text.extend(['\\', c]),
            // One between words is safe as it is; others are dropped, before a backslash too.
            ' ' if !(is_word(before) && is_word(rest.peek().copied())) => text.push_str(HARD_SPACE),
            _ => plain(c, &mut text),
        }
        before = Some(c);
    }
    text
}

/// Whether it is a character that no reader takes for a sign.
fn is_word(c: Option<char>) -> bool {
    c.is_some_and(char::is_alphanumeric)
}

/// A text outside records, to stand between quotes.
pub(crate) fn text(label: &str) -> String {
    let mut text = String::with_capacity(label.len());
    printable(label).chars().for_each(|c| plain(c, &mut text));
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

/// A text as the content of an HTML element.
pub(crate) fn html(text: &str) -> String {
    printable(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Line breaks as `\n`; what SVG may not contain as signs that it may: control characters as the
/// pictures that Unicode has for them.
fn printable(label: &str) -> String {
    let picture = |c: char| match c {
        '\n' => c,
        '\0'..'\x20' => char::from_u32(0x2400 + c as u32).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\x7f' => '\u{2421}',
        '\u{80}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        _ => c,
    };
    label
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .chars()
        .map(picture)
        .collect()
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
    fn line_breaks_of_every_kind_are_line_breaks() {
        assert_eq!(field("a\nb\r\nc\rd"), r"a\nb\nc\nd");
    }

    #[test]
    fn control_characters_are_shown_as_pictures() {
        assert_eq!(field("a\tb\0\x1b\x7f\u{85}\u{ffff}"), "a␉b␀␛␡\u{fffd}\u{fffd}");
    }

    #[test]
    fn html_is_escaped() {
        assert_eq!(html("<a> & \"b\""), "&lt;a&gt; &amp; \"b\"");
    }
}
