//! A picture as a page of its own: a title, what the colors mean, the SVG.

use std::fmt::Write;

use crate::look::colors::{DAY, LEGEND};
use crate::look::escape;

const STYLE: &str = include_str!("page.css");

/// The page around an SVG file; it needs no other file.
pub(crate) fn page(title: &str, svg: &str) -> String {
    // The prolog is of a file of its own, not of an element.
    let svg = svg.find("<svg").map_or(svg, |start| &svg[start..]);
    let title = escape::xml(title);
    let mut legend = String::new();
    for (class, meaning) in LEGEND {
        let (fill, line) = DAY.of(class);
        writeln!(
            legend,
            "<span><i style=\"background:{fill};border-color:{line}\"></i>{meaning}</span>"
        )
        .expect("writing to a String never fails");
    }
    format!(
        "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<title>{title}</title>
<style>
{STYLE}</style>
</head>
<body>
<header>
<h1>{title}</h1>
{legend}</header>
<main>
{svg}</main>
</body>
</html>
"
    )
}
