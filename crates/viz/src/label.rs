//! Labels as they can be shown: characters that SVG, HTML or DOT cannot hold are replaced by a sign, a long label is
//! cut and says so, and a change of writing direction ends with its line.

use unicode_width::UnicodeWidthChar;

use crate::words::counted;

/// The most characters of a label that are shown.
const MOST: usize = 400;

const ISOLATE: char = '\u{2068}';
const END_OF_ISOLATE: char = '\u{2069}';
const END_OF_OVERRIDE: char = '\u{202c}';

/// Text without characters that SVG, HTML or DOT cannot hold: line breaks of every kind become `\n`, other control
/// characters become Unicode's pictures of them.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\r' => {
                rest.next_if_eq(&'\n');
                shown.push('\n');
            }
            '\n' => shown.push(c),
            '\0'..'\x20' => shown.extend(char::from_u32(0x2400 + c as u32)),
            '\x7f' => shown.push('\u{2421}'),
            '\u{80}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => shown.push(char::REPLACEMENT_CHARACTER),
            _ => shown.push(c),
        }
    }
    shown
}

/// A label, printable and not too long.
pub(crate) fn short(label: &str) -> String {
    match label.char_indices().nth(MOST) {
        None => printable(label),
        Some((end, _)) => {
            let more = label[end..].chars().count();
            format!("{}\n… {}", printable(&label[..end]), counted(more, "more character"))
        }
    }
}

/// The lines of a label, none wider than `most` by `advance`. A change of writing direction ends with its line.
pub(crate) fn lines(label: &str, most: f64, advance: impl Fn(char) -> f64) -> Vec<String> {
    let text = short(label);
    let wrapped = text.split('\n').flat_map(|line| wrap(line, most, &advance));
    wrapped.map(|line| closed(&line)).collect()
}

/// Breaks a line after spaces, or within a word that is too long; never before a combining character.
fn wrap(line: &str, most: f64, advance: &impl Fn(char) -> f64) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut start, mut width) = (0, 0.0);
    // The last place to break, and the width up to there.
    let mut place = (0, 0.0);
    let mut before = None;
    for (at, c) in line.char_indices() {
        let joins = c.width().unwrap_or(0) == 0 || before == Some('\u{200d}');
        if before == Some(' ') && c != ' ' {
            place = (at, width);
        }
        if width + advance(c) > most && at > start && !joins {
            if place.0 <= start {
                place = (at, width);
            }
            lines.push(line[start..place.0].to_owned());
            start = place.0;
            width -= place.1;
        }
        width += advance(c);
        before = Some(c);
    }
    lines.push(line[start..].to_owned());
    lines
}

/// The line, with every change of direction that it opens also closed.
fn closed(line: &str) -> String {
    let mut open = Vec::new();
    for c in line.chars() {
        match c {
            '\u{202a}' | '\u{202b}' | '\u{202d}' | '\u{202e}' => open.push(END_OF_OVERRIDE),
            '\u{2066}'..='\u{2068}' => open.push(END_OF_ISOLATE),
            END_OF_OVERRIDE | END_OF_ISOLATE if open.last() == Some(&c) => {
                open.pop();
            }
            _ => {}
        }
    }
    line.chars().chain(open.into_iter().rev()).collect()
}

/// A label amid other text: on one line, and of its own direction.
pub(crate) fn inline(label: &str) -> String {
    let text = closed(&short(label).replace('\n', " ⏎ "));
    match text.is_ascii() {
        true => text,
        false => format!("{ISOLATE}{text}{END_OF_ISOLATE}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ten(label: &str) -> Vec<String> {
        lines(label, 10.0, |_| 1.0)
    }

    #[test]
    fn line_breaks_of_every_kind_are_line_breaks() {
        assert_eq!(printable("a\nb\r\nc\rd"), "a\nb\nc\nd");
    }

    #[test]
    fn control_characters_are_shown_as_pictures() {
        assert_eq!(printable("a\tb\0\x1b\x7f\u{85}\u{ffff}"), "a␉b␀␛␡\u{fffd}\u{fffd}");
    }

    #[test]
    fn long_lines_break_behind_spaces_or_where_they_must() {
        assert_eq!(ten("short"), ["short"]);
        assert_eq!(ten("a line of words"), ["a line of ", "words"]);
        assert_eq!(ten("abcdefghijklmnop"), ["abcdefghij", "klmnop"]);
        assert_eq!(ten("ab abcdefghijklmnop"), ["ab ", "abcdefghij", "klmnop"]);
        assert_eq!(ten(""), [""]);
        assert_eq!(ten("a\n\nb"), ["a", "", "b"]);
    }

    #[test]
    fn no_line_begins_with_an_accent() {
        let lines = lines("eeeee\u{301}", 5.0, |_| 1.0);
        assert_eq!(lines, ["eeeee\u{301}"]);
    }

    #[test]
    fn a_long_label_says_how_much_is_left_out() {
        let shown = short(&"x".repeat(1_000_400));
        assert_eq!(shown.chars().filter(|&c| c == 'x').count(), 400);
        assert!(shown.ends_with("\n… 1,000,000 more characters"));
    }

    #[test]
    fn a_change_of_direction_ends_with_its_line() {
        assert_eq!(lines("\u{202e}abc\nd", 99.0, |_| 1.0), ["\u{202e}abc\u{202c}", "d"]);
        assert_eq!(closed("\u{2067}a\u{2069}"), "\u{2067}a\u{2069}");
        assert_eq!(inline("\u{2067}a"), "\u{2068}\u{2067}a\u{2069}\u{2069}");
    }
}
