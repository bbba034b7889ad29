//! Files come out whole or not at all, and what goes wrong has a name.

use std::fs;

use crate::support::Folder;
#[cfg(feature = "png")]
use crate::support::Svg;
use wengert::Graph;
#[cfg(feature = "png")]
use wengert_viz::Direction;
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
    let png = cfg!(feature = "png").then_some("a.png");
    let names = ["B.SVG", "a.dot", "a.html"].into_iter().chain(png).chain(["a.svg"]);
    for name in names.clone() {
        picture.save(folder.path().join(name)).unwrap();
    }
    assert_eq!(folder.names(), names.collect::<Vec<_>>(), "and no other file is left");
    let text = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(text("a.dot"), picture.to_string());
    assert!(text("a.svg").contains("<svg") && text("a.svg").trim_end().ends_with("</svg>"));
    assert_eq!(text("a.svg"), text("B.SVG"));
    if let Some(png) = png {
        assert_eq!(&fs::read(folder.path().join(png)).unwrap()[..8], b"\x89PNG\r\n\x1a\n");
    }
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
fn more_boxes_than_can_be_looked_at_are_refused() {
    let picture = chain(10_000, Options::new());
    let error = picture.svg().unwrap_err();
    assert!(matches!(&error, Error::TooLarge { boxes: 20_001, limit: 20_000 }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("20,001 boxes") && text.contains("lower node_limit") && text.contains("collapse scopes"),
        "{text}"
    );
    assert_eq!(picture.dot().matches("shape=record").count(), 10_001, "DOT text has no such limit");
}

#[cfg(feature = "png")]
#[test]
fn a_bitmap_too_large_to_be_made_is_refused() {
    let error = chain(3_000, Options::new().direction(Direction::LeftToRight)).png().unwrap_err();
    assert!(matches!(error, Error::TooLargeForPng), "{error}");
}

#[cfg(feature = "png")]
#[test]
fn a_bitmap_has_two_pixels_to_each_of_the_svg() {
    let picture = picture(Options::new());
    let (width, height) = Svg::read(&picture.svg().unwrap()).size;
    let png = picture.png().unwrap();
    let side = |at: usize| f64::from(u32::from_be_bytes(png[at..at + 4].try_into().unwrap()));
    assert_eq!((side(16), side(20)), (2.0 * width, 2.0 * height));
}

#[cfg(not(feature = "png"))]
#[test]
fn a_build_without_bitmaps_says_so() {
    let error = picture(Options::new()).save("x.png").unwrap_err();
    assert!(matches!(error, Error::PngNotBuilt), "{error}");
    assert!(error.to_string().contains("feature `png`"));
}

#[test]
fn a_key_of_another_graph_or_from_before_a_reset_is_refused_by_name() {
    let mut g = Graph::new();
    let other = Graph::new().leaf(1.0);
    let old = g.leaf(1.0);
    g.reset();
    let x = g.leaf(1.0);
    for wrong in [other, old] {
        let refused = |error: &Error| matches!(error, Error::Graph(wengert::Error::NotInGraph { node } | wengert::Error::Dropped { node }) if *node == wrong);
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
    assert!(matches!(error, Error::Graph(wengert::Error::StaleValue { node, .. }) if node == y), "{error}");
    g.forward().unwrap();
    assert!(draw(&g, &[y]).unwrap().dot().contains("data 0.9093"));
}
