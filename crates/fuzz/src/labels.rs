//! Any text as a label, a scope or a title comes out of pictures, pages, formulas and files as it went in.

use std::io::Read;
use std::sync::OnceLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use roxmltree::Document;
use serde_json::Value;
use wengert::{Graph, NO_IMM, NodeId, Op};
use wengert_nn::TrainingLog;
use wengert_program::{Options, Program};
use wengert_viz::{curve_svg, draw, page, summary, to_tex, training_page};

use crate::dot;

/// The most characters of a label that are shown.
const MOST: usize = 400;

/// The bytes are texts with a byte between them that no text contains, 255. The first names a scope, the others label
/// leaves.
pub fn labels(bytes: &[u8]) {
    let bytes = &bytes[..bytes.len().min(5000)];
    let texts: Vec<String> =
        bytes.split(|&byte| byte == 0xff).take(8).map(|text| String::from_utf8_lossy(text).into_owned()).collect();
    let (scope, labels) = texts.split_first().expect("there is always a first");
    let graph = Graph::new();
    let leaves: Vec<NodeId> = labels.iter().map(|_| graph.leaf(1.5)).collect();
    for (&leaf, label) in leaves.iter().zip(labels) {
        graph.label(leaf, label);
        assert_eq!(graph.label_of(leaf).as_ref(), Some(label));
    }
    let sum = {
        let _scope = graph.scope(scope);
        graph.try_record(Op::Sum, NO_IMM, &leaves).expect("right keys")
    };
    assert_eq!(graph.scope_of(sum), std::slice::from_ref(scope));
    graph.label(sum, scope);
    pictures(&graph, sum, scope, labels);
    pages(&graph, sum, scope, labels);
    formulas(&graph, sum);
    summary(&graph).to_string();
    files(&graph, &leaves, sum, scope);
    messages(graph, sum, scope);
}

/// DOT has every label. SVG is XML, and has every label, with signs for what XML may not contain.
fn pictures(graph: &Graph, sum: NodeId, scope: &str, labels: &[String]) {
    let picture = draw(graph, &[sum]).expect("it is small");
    let mut read: Vec<String> =
        dot::read(&picture.dot()).boxes.iter().map(|label| dot::fields(label).swap_remove(0)).collect();
    // DOT shows a space as a no-break space.
    let spaced = |label: &str| shown(label).replace('\u{a0}', " ");
    let mut expected: Vec<String> = labels.iter().map(|label| spaced(label)).chain([spaced(scope)]).collect();
    read.sort();
    expected.sort();
    assert_eq!(read, expected);
    let svg = picture.svg().expect("it is small");
    let svg = Document::parse(&svg).unwrap_or_else(|error| panic!("{error}"));
    let texts: Vec<&str> =
        svg.descendants().filter(|node| node.has_tag_name("text")).filter_map(|x| x.text()).collect();
    let all = unwrapped(&texts.concat());
    for label in labels {
        let label = unwrapped(&shown(label));
        assert!(all.contains(&label), "{label:?} in {texts:?}");
    }
    let curve = curve_svg(scope, &[1.0, 0.5, 0.25]);
    Document::parse(&curve).unwrap_or_else(|error| panic!("{error}"));
}

/// A text with signs for characters that XML may not contain, and lines that end in one way. A long one is cut.
fn shown(text: &str) -> String {
    let sign = |c: char| match c {
        '\n' => c,
        '\0'..' ' => char::from_u32(0x2400 + u32::from(c)).expect("a picture of the control character"),
        '\x7f' => '␡',
        '\u{80}'..'\u{a0}' | '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        _ => c,
    };
    let cut = match text.chars().count().saturating_sub(MOST) {
        0 => String::new(),
        1 => "\n… 1 more character".to_string(),
        more @ 2..1000 => format!("\n… {more} more characters"),
        more => format!("\n… {},{:03} more characters", more / 1000, more % 1000),
    };
    let text: String = text.chars().take(MOST).collect();
    text.replace("\r\n", "\n").replace('\r', "\n").chars().map(sign).chain(cut.chars()).collect()
}

/// A text without what layout adds: long lines are wrapped, and a change of writing direction ends with its line.
fn unwrapped(text: &str) -> String {
    let is_mark = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|&c| !c.is_whitespace() && !is_mark(c)).collect()
}

/// Pages hold the labels as data, and nothing in a label is read as HTML.
fn pages(graph: &Graph, sum: NodeId, scope: &str, labels: &[String]) {
    let html = page(graph, &[sum]).expect("it is small").html(scope).expect("it is small");
    let data = data(&html);
    for (k, label) in labels.iter().enumerate() {
        let read = data["labels"][k.to_string()].as_str().expect("every leaf has a label");
        assert_eq!(unwrapped(read), unwrapped(&shown(label)));
    }
    let mut log = TrainingLog::new(2);
    log.record(0, 1.0, None);
    let training = training_page(&log, scope);
    static PLAIN: OnceLock<[usize; 2]> = OnceLock::new();
    let plain = PLAIN.get_or_init(|| {
        let untitled = page(graph, &[sum]).expect("it is small").html("").expect("it is small");
        [elements(&untitled), elements(&training_page(&log, ""))]
    });
    assert_eq!([elements(&html), elements(&training)], *plain);
}

/// How many signs begin an element. Data are packed and have none, so every page of a kind has the same number, whatever
/// its title.
fn elements(html: &str) -> usize {
    html.matches('<').count()
}

/// The data of a page.
fn data(page: &str) -> Value {
    let (_, rest) = page.split_once(r#"<script id="data" type="text/plain">"#).expect("a page has data");
    let (packed, _) = rest.split_once("</script>").expect("it ends");
    let bytes = BASE64_STANDARD.decode(packed).expect("base 64");
    let mut json = String::new();
    flate2::read::ZlibDecoder::new(&bytes[..]).read_to_string(&mut json).expect("packed text");
    serde_json::from_str(&json).expect("JSON")
}

/// Formulas have balanced braces, whatever the names in them.
fn formulas(graph: &Graph, sum: NodeId) {
    let tex = to_tex(graph, sum).expect("a right key");
    let (mut depth, mut signs) = (0i64, tex.chars());
    while let Some(sign) = signs.next() {
        match sign {
            // What follows is escaped, or the name of a command.
            '\\' => drop(signs.next()),
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        assert!(depth >= 0, "{tex}");
    }
    assert_eq!(depth, 0, "{tex}");
}

/// Files keep the labels of inputs and outputs.
fn files(graph: &Graph, leaves: &[NodeId], sum: NodeId, scope: &str) {
    let program = Program::compile(graph, leaves.iter().copied(), [sum], &Options::new()).expect("compiles");
    let program = Program::from_bytes(&program.to_bytes()).expect("its own bytes");
    for (k, &leaf) in leaves.iter().enumerate() {
        assert_eq!(program.input_label(k), graph.label_of(leaf).as_deref());
    }
    assert_eq!(program.output_label(0), Some(scope));
}

/// Messages name a node by its label.
fn messages(mut graph: Graph, sum: NodeId, scope: &str) {
    let error = graph.try_set(sum, 1.0).expect_err("it is not a leaf");
    assert!(error.to_string().contains(&format!("{scope:?}")), "{error}");
}
