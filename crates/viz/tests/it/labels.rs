//! Any label comes out of Graphviz as it went in.

use crate::support::{graphviz, texts};
use wengert::{Graph, NodeId};
use wengert_viz::{Options, draw};

/// Draws a leaf for each label and checks that Graphviz draws the label, line by line, the two
/// numbers, and nothing else.
fn check(labels: &[&str]) {
    let g = Graph::new();
    let leaves: Vec<NodeId> = labels.iter().map(|_| g.leaf(1.5)).collect();
    for (&leaf, &label) in leaves.iter().zip(labels) {
        g.label(leaf, label);
    }
    let picture = Options::new().node_limit(usize::MAX).draw(&g, &leaves).unwrap();
    let got = texts(&graphviz("-Tsvg", &picture.dot()));
    let mut got = got.iter().map(String::as_str);
    for label in labels {
        // An empty field is drawn as a space, an empty line not at all.
        let lines = label.split('\n').filter(|line| !line.is_empty());
        for line in lines.chain(label.is_empty().then_some(" ")) {
            assert_eq!(got.next(), Some(line), "of {label:?}");
        }
        assert_eq!(
            (got.next(), got.next()),
            (Some("data 1.5000"), Some("grad 0.0000")),
            "after {label:?}"
        );
    }
    assert_eq!(got.next(), None);
}

#[test]
fn nasty_labels_come_out_as_they_went_in() {
    let nasty = [
        "|",
        "{",
        "}",
        "<",
        ">",
        "\"",
        "\\",
        "&",
        "a|b",
        "{a}",
        "<port> a",
        "a \"b\" c",
        "C:\\new\\N\\G\\L\\l\\r\\E\\T\\H",
        "\\\\",
        "\\\"",
        "a\\",
        "\\|",
        "\\{\\}",
        "&amp;",
        "&lt;b&gt;",
        "&#65;",
        "&#x41;",
        "&",
        "a;b,c=[d]",
        "/* no comment */",
        "// nor this",
        "# nor this",
        "<b>bold</b>",
        "<<html>>",
        "\\N",
        "%s %d %%",
        "$x$",
        "'",
        "`",
        "~",
        "w 1",
        "a b c",
        " leading",
        "trailing ",
        "two  spaces",
        "   ",
        " ",
        "",
        "graph",
        "digraph",
        "node",
        "strict",
        "->",
        "--",
        "日本語",
        "Ελληνικά",
        "naïve",
        "ñ",
        "😀",
        "∂L/∂a",
        "עברית",
        "e\u{301}",
        "−8",
        "\u{feff}bom",
        "line\nbreak",
        "a \n b",
        "\nfirst",
        "last\n",
        "a\n\nb",
        "\n",
        "}\n{",
        "0",
        "-1",
        "1e5",
        "a{b|c}d<e>f\"g\\h i",
        "\\ ",
        " \\",
        "\\\n\\",
        "]",
        "[",
        ")",
    ];
    for label in nasty {
        check(&[label]);
    }
    check(&nasty);
}

#[test]
fn every_short_mixture_of_special_characters_comes_out_as_it_went_in() {
    let special = ["\\", "|", "{", "}", "<", ">", "\"", " ", "\n", "&", ";", "n", "N", "é"];
    let mixtures: Vec<String> = special
        .iter()
        .flat_map(|a| special.iter().map(move |b| (a, b)))
        .flat_map(|(a, b)| ["", "\\", " ", "\""].map(|c| format!("{a}{b}{c}")))
        .collect();
    check(&mixtures.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn what_svg_may_not_contain_is_shown_as_a_sign() {
    let g = Graph::new();
    let x = g.leaf(1.5);
    g.label(x, "a\tb\0c\x1bd\x7f\r\ne\u{ffff}");
    let texts = texts(&graphviz("-Tsvg", &draw(&g, &[x]).unwrap().dot()));
    assert_eq!(texts[..2], ["a␉b␀c␛d␡", "e\u{fffd}"]);
}

#[test]
fn scopes_are_escaped_as_labels_are() {
    let g = Graph::new();
    let name = r#"a|b{c}<d>"e\f & g"#;
    let y = {
        let _scope = g.scope(name);
        g.sin(g.leaf(1.0))
    };
    let picture = Options::new().collapse_level(1).draw(&g, &[y]).unwrap();
    assert_eq!(texts(&picture.svg().unwrap()), [name, "2 nodes"]);
}
