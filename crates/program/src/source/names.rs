//! Identifiers and comments of labels, which may be any text.

use super::formulas::LIBRARY;

/// Words that mean something in Rust or in C.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "_", "Self", "abstract", "alignas", "alignof", "as", "asm", "async", "auto", "await", "become", "bool", "box", "break",
    "case", "char", "const", "constexpr", "continue", "crate", "default", "do", "double", "dyn", "else", "enum", "extern",
    "false", "final", "float", "fn", "for", "gen", "goto", "if", "impl", "in", "inline", "int", "let", "long", "loop",
    "macro", "match", "mod", "move", "mut", "nullptr", "override", "priv", "pub", "ref", "register", "restrict", "return",
    "self", "short", "signed", "sizeof", "static", "static_assert", "struct", "super", "switch", "thread_local", "trait",
    "true", "try", "type", "typedef", "typeof", "typeof_unqual", "union", "unsafe", "unsigned", "unsized", "use",
    "virtual", "void", "volatile", "where", "while", "yield",
    "fmod", "signbit",
];

/// Whether a function can have this name, in both languages.
pub(super) fn can_name_a_function(name: &str) -> bool {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let called = LIBRARY.iter().any(|row| row.2 == Some(name));
    starts
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !KEYWORDS.contains(&name)
        && !called
        && !name.starts_with("wengert_")
}

/// The name of a value: its number, then what of its label can stand in an identifier. The number alone tells values
/// apart, and makes it no keyword.
pub(super) fn identifier(value: usize, label: Option<&str>) -> String {
    let mut name = format!("v{value}");
    let words = label.unwrap_or("").split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    for word in words {
        if name.len() + word.len() > 60 {
            break;
        }
        name.push('_');
        name.push_str(word);
    }
    name
}

/// The text in quotes, without anything that ends or begins a comment.
pub(super) fn quoted(text: &str) -> String {
    format!("{text:?}").replace("*/", "*\\/").replace("/*", "/\\*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_keeps_what_it_can_of_a_label() {
        let cases = [
            (None, "v3"),
            (Some("price"), "v3_price"),
            (Some("fn"), "v3_fn"),
            (Some("2nd"), "v3_2nd"),
            (Some("größe x"), "v3_gr_e_x"),
            (Some("日本"), "v3"),
            (Some("net/layer[0].w"), "v3_net_layer_0_w"),
            (Some("__a__b__"), "v3_a_b"),
            (Some(""), "v3"),
        ];
        for (label, expected) in cases {
            assert_eq!(identifier(3, label), expected);
        }
        assert_eq!(identifier(3, Some(&"a".repeat(1000))), "v3");
    }

    #[test]
    fn a_comment_stays_one() {
        assert_eq!(quoted("a*/b"), r#""a*\/b""#);
        assert_eq!(quoted("*/*/ /*/ //*"), r#""*\/\*\/ /\*\/ //\*""#);
        assert_eq!(quoted("a\nb\u{2028}\u{202e}\\"), r#""a\nb\u{2028}\u{202e}\\""#);
    }

    #[test]
    fn a_function_has_an_ascii_name_that_means_nothing_else() {
        for name in ["f", "_f2", "value_and_gradient"] {
            assert!(can_name_a_function(name), "{name}");
        }
        for name in ["", "2f", "a b", "é", "fn", "double", "exp", "_", "wengert_gmul", "f()"] {
            assert!(!can_name_a_function(name), "{name}");
        }
    }
}
