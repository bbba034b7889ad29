//! A graph as a page to explore it in: a single file, which loads no other.
//!
//! The page is `graph/page.html` with its style, its scripts and its data written into it.

mod blocks;
mod data;
mod group;
#[cfg(feature = "training")]
mod training;
mod values;

use std::io::BufWriter;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde::Serialize;

#[cfg(feature = "training")]
pub use training::training_page;

use crate::graph::{Drawing, Story};
use crate::look::colors::{DAY, NIGHT, Theme};
use crate::look::escape::xml;

const PAGE: &str = include_str!("graph/page.html");
const STYLE: &str = include_str!("graph/page.css");
/// In this order, since each uses the ones before it.
const SCRIPTS: [&str; 9] = [
    include_str!("unpack.js"),
    include_str!("graph/model.js"),
    include_str!("graph/layout.js"),
    include_str!("graph/draw.js"),
    include_str!("graph/view.js"),
    include_str!("graph/play.js"),
    include_str!("graph/panel.js"),
    include_str!("graph/search.js"),
    include_str!("graph/main.js"),
];

/// The page of a drawing.
pub(crate) fn page(drawing: &Drawing, title: &str, note: Option<String>, story: Option<&Story>) -> String {
    let data = data::data(drawing, title, note, story);
    let style = style() + STYLE;
    filled(PAGE, &[("title", &xml(title)), ("style", &style), ("data", &packed(&data)), ("script", &SCRIPTS.concat())])
}

/// The colors of light and dark mode as variables: the mode is what the system prefers, or what was chosen in the page.
pub(crate) fn style() -> String {
    let (day, night) = (variables(&DAY, false), variables(&NIGHT, true));
    format!(
        ":root{{color-scheme:light;{day}}}\n@media (prefers-color-scheme:dark){{:root{{color-scheme:dark;{night}}}}}\n\
         :root[data-theme=light]{{color-scheme:light;{day}}}\n:root[data-theme=dark]{{color-scheme:dark;{night}}}\n{}",
        boxes()
    )
}

fn variables(theme: &Theme, dark: bool) -> String {
    let mut text = format!("--dark:{};", u8::from(dark));
    let plain = [
        ("paper", theme.paper),
        ("raised", theme.raised),
        ("ink", theme.ink),
        ("faint", theme.faint),
        ("line", theme.line),
        ("wire", theme.wire),
        ("accent", theme.accent),
        ("chosen", theme.chosen),
        ("positive", theme.positive),
        ("negative", theme.negative),
    ];
    for (name, color) in plain {
        text += &format!("--{name}:{color};");
    }
    let bad = ("bad", theme.bad.0, theme.bad.1);
    for (name, fill, line) in theme.boxes.iter().copied().chain([bad]) {
        text += &format!("--{name}-fill:{fill};--{name}-line:{line};");
    }
    text
}

/// Each class of box in its colors.
fn boxes() -> String {
    let names = DAY.boxes.iter().map(|(name, ..)| *name).chain(["bad"]);
    let rules = names.map(|name| {
        format!(
            ".{name} .box{{fill:var(--{name}-fill);stroke:var(--{name}-line)}}.{name} .rule{{stroke:var(--{name}-line)}}\
             #legend .{name}::before{{background:var(--{name}-fill);border-color:var(--{name}-line)}}\n"
        )
    });
    rules.collect::<String>() + ".output-scope>.box{stroke:var(--output-line)}\n"
}

/// Data as text that no reader of HTML takes for markup: JSON, compressed (RFC 1950), in base 64.
pub(crate) fn packed(data: &impl Serialize) -> String {
    let mut compressed = ZlibEncoder::new(Vec::new(), Compression::fast());
    let written = serde_json::to_writer(BufWriter::new(&mut compressed), data);
    written.expect("numbers, texts and lists of them are JSON");
    BASE64_STANDARD.encode(compressed.finish().expect("writing to a Vec never fails"))
}

/// Numbers as their bytes, in base 64.
pub(crate) fn column<const N: usize>(numbers: impl Iterator<Item = [u8; N]>) -> String {
    BASE64_STANDARD.encode(numbers.flatten().collect::<Vec<u8>>())
}

/// A text with every `{{name}}` replaced. Names in what is put in are left as they are.
pub(crate) fn filled(text: &str, values: &[(&str, &str)]) -> String {
    let mut whole = String::with_capacity(text.len() + values.iter().map(|(_, value)| value.len()).sum::<usize>());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        whole.push_str(before);
        let (name, after) = after.split_once("}}").expect("names are closed");
        let value = values.iter().find(|(known, _)| *known == name);
        whole.push_str(value.expect("every name has a value").1);
        rest = after;
    }
    whole + rest
}
