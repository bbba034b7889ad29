//! Any label comes out as it went in.

use crate::support::{Svg, fields, read, texts};
use wengert::{Graph, NodeId};
use wengert_viz::{Options, draw};

/// Draws a leaf for each label and checks that readers of DOT and of SVG see the label, line by
/// line, the two numbers, and nothing else.
fn check(labels: &[&str]) {
    let g = Graph::new();
    let leaves: Vec<NodeId> = labels.iter().map(|_| g.leaf(1.5)).collect();
    for (&leaf, &label) in leaves.iter().zip(labels) {
        g.label(leaf, label);
    }
    let picture = Options::new().node_limit(usize::MAX).draw(&g, &leaves).unwrap();
    let mut boxes: Vec<Vec<String>> = read(&picture.dot()).boxes.iter().map(|label| fields(label)).collect();
    let numbers = ["data 1.5000", "grad 0.0000"].map(str::to_owned);
    let whole = |label: &&str| [vec![label.to_string()], numbers.to_vec()].concat();
    let mut expected: Vec<Vec<String>> = labels.iter().map(whole).collect();
    boxes.sort();
    expected.sort();
    assert_eq!(boxes, expected);

    let svg = Svg::read(&picture.svg().unwrap());
    assert_eq!(svg.faults(), [""; 0]);
    let lines = |label: &&str| {
        let lines = label.split('\n').filter(|line| !line.is_empty()).map(str::to_owned);
        lines.chain(numbers.clone()).collect::<Vec<String>>()
    };
    let boxes: Vec<&Vec<String>> = svg.boxes.iter().map(|(_, texts)| texts).collect();
    let expected: Vec<Vec<String>> = labels.iter().map(lines).collect();
    assert_eq!(boxes, expected.iter().collect::<Vec<_>>());
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
    let texts = texts(&draw(&g, &[x]).unwrap().svg().unwrap());
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
    assert_eq!(texts(&picture.svg().unwrap()), [name, "2 nodes · 1 leaf", "data 0.8415  grad 0.0000"]);
    assert_eq!(fields(&read(&picture.dot()).boxes[0])[0], name);
    // And as the title of a cluster.
    let open = draw(&g, &[y]).unwrap();
    assert!(texts(&open.svg().unwrap()).contains(&name.to_owned()));
    assert_eq!(read(&open.dot()).clusters.len(), 1);
}

#[test]
fn hostile_labels_are_shown_as_text_in_every_form() {
    let hostile = [
        "<script>alert(1)</script>",
        "\"></text></svg><script>alert(1)</script>",
        "]]>",
        "<!-- ",
        "--><img src=x onerror=alert(1)>",
        "&lt;/title&gt;",
        "</title>",
        "</style>",
        "'\"`",
        "\u{202e}backwards",
        "\u{2067}isolated",
        "😀 👩\u{200d}👩\u{200d}👧",
        "\0",
    ];
    for label in hostile {
        let g = Graph::new();
        let y = {
            let _scope = g.scope(label);
            g.var(1.0).named(label).sin().named(label)
        };
        for picture in [draw(&g, &[y.id()]), Options::new().collapse_level(1).draw(&g, &[y.id()])] {
            let picture = picture.unwrap();
            let shown: String = label.replace('\0', "␀");
            assert!(texts(&picture.svg().unwrap()).concat().contains(&shown), "{label:?}");
            let dot = read(&picture.dot());
            assert!(dot.boxes.iter().any(|record| fields(record)[0] == shown), "{label:?}");
            let page = picture.html(label).unwrap();
            assert!(!page.contains("<script>alert") && !page.contains("<img") && !page.contains('\0'));
        }
    }
}

#[test]
fn a_change_of_the_direction_of_writing_ends_with_its_line() {
    let g = Graph::new();
    let x = g.var(1.0).named("\u{202e}backwards\u{2067}");
    let texts = texts(&draw(&g, &[x.id()]).unwrap().svg().unwrap());
    assert_eq!(texts[0], "\u{202e}backwards\u{2067}\u{2069}\u{202c}");
}

#[test]
fn a_label_of_a_megabyte_is_shown_as_far_as_can_be_read_and_says_so() {
    let g = Graph::new();
    let x = g.var(1.0).named(&"&<é".repeat(350_000));
    let picture = draw(&g, &[x.id()]).unwrap();
    let more = "… 1,049,600 more characters";
    let text = picture.svg().unwrap();
    assert!(text.contains(more) && text.len() < 100_000, "{}", text.len());
    assert!(picture.html("long").unwrap().len() < 200_000);
    let svg = Svg::read(&picture.svg().unwrap());
    assert!(svg.size.0 < 600.0, "{:?}", svg.size);
    let field = &fields(&read(&picture.dot()).boxes[0])[0];
    assert!(field.starts_with("&<é&<é") && field.ends_with(more), "{field}");
}
