//! Files come out whole or not at all, and what goes wrong has a name.

use std::fs;
use std::time::Duration;

use crate::support::Folder;
use wengert::Graph;
use wengert_viz::{Error, Options, Picture, draw, to_petgraph};

fn picture(options: Options) -> Picture {
    let g = Graph::new();
    let y = (g.var(2.0).named("x") * 3.0).sin();
    y.backward();
    options.draw(&g, &[y.id()]).unwrap()
}

fn chain(ops: usize, options: Options) -> Picture {
    let g = Graph::new();
    let y = (0..ops).fold(g.leaf(0.5), |x, _| g.sin(x));
    options.node_limit(usize::MAX).draw(&g, &[y]).unwrap()
}

#[test]
fn the_ending_of_the_name_tells_the_form() {
    let folder = Folder::new();
    let picture = picture(Options::new());
    for name in ["a.dot", "a.svg", "a.png", "a.html", "B.SVG"] {
        picture.save(folder.path().join(name)).unwrap();
    }
    assert_eq!(
        folder.names(),
        ["B.SVG", "a.dot", "a.html", "a.png", "a.svg"],
        "and no other file is left"
    );
    let text = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(text("a.dot"), picture.to_string());
    assert!(text("a.svg").contains("<svg") && text("a.svg").trim_end().ends_with("</svg>"));
    assert_eq!(text("a.svg"), text("B.SVG"));
    assert_eq!(
        &fs::read(folder.path().join("a.png")).unwrap()[..8],
        b"\x89PNG\r\n\x1a\n"
    );
}

#[test]
fn a_page_holds_the_picture_and_a_safe_title() {
    let page = picture(Options::new()).html("<b> & {svg}").unwrap();
    assert!(page.starts_with("<!doctype html>"));
    assert!(page.contains("<title>&lt;b&gt; &amp; {svg}</title>"));
    assert_eq!((page.matches("<svg").count(), page.matches("</svg>").count()), (1, 1));
    assert!(!page.contains("<?xml") && !page.contains("<!DOCTYPE svg"));
    assert!(
        !page.contains("href=\"http") && !page.contains("src="),
        "it needs no other file"
    );
}

#[test]
fn a_file_that_was_there_is_replaced() {
    let folder = Folder::new();
    let path = folder.path().join("a.dot");
    fs::write(&path, "x".repeat(100_000)).unwrap();
    let picture = picture(Options::new());
    picture.save(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), picture.dot());
}

#[test]
fn a_name_without_a_known_ending_is_refused() {
    let folder = Folder::new();
    for name in ["picture", "picture.jpeg", ".svg", ""] {
        let error = picture(Options::new()).save(folder.path().join(name)).unwrap_err();
        assert!(matches!(error, Error::UnknownFormat { .. }), "{name}: {error}");
        assert!(error.to_string().contains(".dot, .svg, .png or .html"));
    }
    assert!(folder.names().is_empty());
}

#[test]
fn a_path_that_cannot_be_written_is_refused_and_nothing_is_left() {
    let folder = Folder::new();
    fs::write(folder.path().join("file"), "").unwrap();
    fs::create_dir_all(folder.path().join("folder.dot/inside")).unwrap();
    for name in ["missing/a.dot", "file/a.svg", "folder.dot"] {
        let error = picture(Options::new()).save(folder.path().join(name)).unwrap_err();
        assert!(matches!(&error, Error::Unwritable { .. }), "{name}: {error}");
        assert!(error.to_string().contains(name), "{error}");
    }
    assert_eq!(folder.names(), ["file", "folder.dot"]);
}

#[test]
fn graphviz_that_is_not_installed_is_said() {
    let folder = Folder::new();
    fs::write(folder.path().join("a.svg"), "before").unwrap();
    let picture = picture(Options::new().graphviz("no-such-command-dot"));
    for name in ["a.svg", "a.png", "a.html"] {
        let error = picture.save(folder.path().join(name)).unwrap_err();
        assert!(matches!(&error, Error::GraphvizMissing { .. }), "{error}");
        assert!(
            error.to_string().contains("no-such-command-dot") && error.to_string().contains("install Graphviz"),
            "{error}"
        );
    }
    assert_eq!(folder.names(), ["a.svg"]);
    assert_eq!(fs::read_to_string(folder.path().join("a.svg")).unwrap(), "before");
    picture.save(folder.path().join("a.dot")).unwrap();
}

#[cfg(unix)]
#[test]
fn graphviz_that_fails_is_said_with_its_reason() {
    // It takes no such option, and says so.
    let error = picture(Options::new().graphviz("cat")).svg().unwrap_err();
    let Error::GraphvizFailed { message, status, .. } = &error else {
        panic!("{error}")
    };
    assert!(!status.success() && message.contains("option"), "{error}");
    // It succeeds and gives nothing.
    let error = picture(Options::new().graphviz("true")).svg().unwrap_err();
    assert!(matches!(&error, Error::GraphvizFailed { .. }), "{error}");
}

#[test]
fn graphviz_that_takes_too_long_is_stopped() {
    let error = chain(1_500, Options::new().time_limit(Duration::from_millis(1)))
        .svg()
        .unwrap_err();
    assert!(matches!(&error, Error::TooSlow { boxes: 3_001, .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("3,001 boxes after 1ms") && text.contains("collapse scopes"),
        "{text}"
    );
}

#[test]
fn more_boxes_than_graphviz_can_take_are_refused_before_it_starts() {
    let picture = chain(3_000, Options::new().graphviz("no-such-command-dot"));
    let error = picture.svg().unwrap_err();
    assert!(
        matches!(
            &error,
            Error::TooLarge {
                boxes: 6_001,
                limit: 5_000
            }
        ),
        "{error}"
    );
    let text = error.to_string();
    assert!(
        text.contains("6,001 boxes") && text.contains("lower node_limit") && text.contains("collapse scopes"),
        "{text}"
    );
    assert_eq!(
        picture.dot().matches("shape=record").count(),
        3_001,
        "as text it can be had"
    );
}

#[test]
fn a_bitmap_too_wide_to_be_read_is_refused() {
    let error = chain(800, Options::new()).png().unwrap_err();
    assert!(matches!(error, Error::TooLargeForPng), "{error}");
}

#[test]
fn a_key_of_another_graph_or_from_before_a_reset_is_refused_by_name() {
    let mut g = Graph::new();
    let other = Graph::new().leaf(1.0);
    let old = g.leaf(1.0);
    g.reset();
    let x = g.leaf(1.0);
    for wrong in [other, old] {
        let refused =
            |error: &Error| matches!(error, Error::Graph(wengert::Error::NotInGraph { node }) if *node == wrong);
        let error = draw(&g, &[x, wrong]).unwrap_err();
        assert!(refused(&error), "{error}");
        assert!(error.to_string().contains("is not a node of this graph"), "{error}");
        assert!(refused(&to_petgraph(&g, &[wrong]).unwrap_err()));
    }
}

#[test]
fn stale_values_are_not_drawn() {
    let mut g = Graph::new();
    let x = g.leaf(1.0);
    let y = g.sin(x);
    g.set(x, 2.0);
    assert!(draw(&g, &[x]).is_ok());
    let error = draw(&g, &[y]).unwrap_err();
    assert!(
        matches!(error, Error::Graph(wengert::Error::StaleValue { node, .. }) if node == y),
        "{error}"
    );
    g.forward().unwrap();
    assert!(draw(&g, &[y]).unwrap().dot().contains("data 0.9093"));
}
