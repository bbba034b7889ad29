//! A laid out picture as SVG text.

use std::fmt::{self, Write};

use super::colors::{DAY, NIGHT};
use super::escape::xml;
use crate::Direction;
use crate::graph::Link;
use crate::layout::{
    At, Card, Cluster, FAMILY, Layout, PlacedCard, PlacedFigure, PlacedWire, SMALL, Step, TEXT, TITLE_LINE, Way,
    is_known, label, width,
};

/// Around the picture.
const MARGIN: f64 = 14.0;
/// The note below the picture.
const NOTE: f64 = 22.0;
/// How long the head of an arrow is.
const HEAD: f64 = 6.0;
/// The radius of corners: of boxes, clusters, wires.
const CORNER: f64 = 4.0;
const CLUSTER_CORNER: f64 = 8.0;
const BEND: f64 = 7.0;

/// The SVG of a picture, with a note below it.
pub(crate) fn write(layout: &Layout, note: Option<&str>) -> String {
    let mut svg = String::with_capacity(700 * layout.figures.len() + 4000);
    document(&mut svg, layout, note, size(layout, note)).expect("writing to a String never fails");
    svg
}

/// How large the picture is, in pixels.
pub(crate) fn size(layout: &Layout, note: Option<&str>) -> At {
    let note_size = note.map_or([0.0; 2], |note| [width(note, TEXT), NOTE]);
    let [w, h] = layout.size;
    [w.max(note_size[0]) + 2.0 * MARGIN, h + note_size[1] + 2.0 * MARGIN].map(f64::ceil)
}

fn document(svg: &mut String, layout: &Layout, note: Option<&str>, [w, h]: At) -> fmt::Result {
    writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img" aria-label="a computation graph" xml:space="preserve">"#
    )?;
    let (day, night) = (DAY.rules(), NIGHT.rules());
    writeln!(
        svg,
        "<style>:root{{max-width:100%;height:auto}}text{{font:{TEXT}px {FAMILY};text-anchor:middle;white-space:pre}}.small{{font-size:{SMALL}px}}.start{{text-anchor:start}}\
         .wire{{fill:none;stroke-width:1.1}}.bundle{{stroke-width:2}}.missing{{stroke-dasharray:4 3}}\
         .box,.area{{stroke-width:1}}.scope>.box,.output>.box,.bad>.box{{stroke-width:1.5}}.rule{{stroke-width:.6;stroke-opacity:.6}}\
         .cluster>.area{{fill-opacity:.06;stroke-opacity:.55}}.cut>.box{{fill:none;stroke:none}}\n{day}\n@media (prefers-color-scheme:dark){{{night}}}</style>"
    )?;
    writeln!(svg, r#"<rect class="paper" width="{w}" height="{h}" rx="{CLUSTER_CORNER}"/>"#)?;
    let left = MARGIN + 0.5 * (w - 2.0 * MARGIN - layout.size[0]).floor();
    writeln!(svg, r#"<g transform="translate({left} {MARGIN})">"#)?;
    for cluster in &layout.clusters {
        self::cluster(svg, cluster)?;
    }
    for wire in &layout.wires {
        self::wire(svg, wire, layout.direction)?;
    }
    for figure in &layout.figures {
        self::figure(svg, figure, layout.direction)?;
    }
    for wire in &layout.wires {
        beside(svg, wire, layout.direction)?;
    }
    for cluster in &layout.clusters {
        title(svg, cluster)?;
    }
    svg.write_str("</g>\n")?;
    if let Some(note) = note {
        let (x, y) = (0.5 * w, h - MARGIN - 2.0);
        writeln!(svg, r#"<text class="faint note" x="{x}" y="{y}">{}</text>"#, xml(note))?;
    }
    svg.write_str("</svg>\n")
}

fn cluster(svg: &mut String, cluster: &Cluster) -> fmt::Result {
    let [x, y] = cluster.at.map(Short);
    let [w, h] = cluster.size.map(Short);
    writeln!(
        svg,
        r#"<g class="cluster"><rect class="area" x="{x}" y="{y}" width="{w}" height="{h}" rx="{CLUSTER_CORNER}"/></g>"#
    )
}

/// The name of a cluster, above all else: wires may pass behind it.
fn title(svg: &mut String, cluster: &Cluster) -> fmt::Result {
    svg.write_str("<g class=\"cluster\">")?;
    for (k, line) in cluster.title.iter().enumerate() {
        let at = [cluster.at[0] + 10.0, cluster.at[1] + 5.0 + TITLE_LINE * (k as f64 + 0.5)];
        text(svg, at, line, "start", TEXT)?;
    }
    svg.write_str("</g>\n")
}

fn figure(svg: &mut String, figure: &PlacedFigure, direction: Direction) -> fmt::Result {
    if let Some(op) = &figure.op {
        let middle = |placed: &PlacedCard, side: [f64; 2]| {
            [0, 1].map(|axis| placed.at[axis] + side[axis] * placed.card.size[axis])
        };
        let (out, into) = match direction {
            Direction::LeftToRight => ([1.0, 0.5], [0.0, 0.5]),
            Direction::TopToBottom => ([0.5, 1.0], [0.5, 0.0]),
        };
        let way = Way { start: middle(op, out), steps: vec![Step::Line(middle(&figure.card, into))] };
        arrow(svg, &way, "wire", direction)?;
        card(svg, op, 0.5 * op.card.size[1])?;
    }
    card(svg, &figure.card, CORNER)
}

fn card(svg: &mut String, PlacedCard { at, card }: &PlacedCard, corner: f64) -> fmt::Result {
    let Card { class, bad, size, .. } = card;
    let bad = if *bad { " bad" } else { "" };
    write!(svg, r#"<g class="{class}{bad}"><title>{}</title>"#, xml(&card.hint))?;
    let ([x, y], [w, h]) = (at.map(Short), size.map(Short));
    write!(svg, r#"<rect class="box" x="{x}" y="{y}" width="{w}" height="{h}" rx="{}"/>"#, Short(corner))?;
    for (from, to) in &card.rules {
        let [a, b] = [from, to].map(|end| [0, 1].map(|axis| Short(at[axis] + end[axis])));
        write!(svg, r#"<path class="rule" d="M{} {}L{} {}"/>"#, a[0], a[1], b[0], b[1])?;
    }
    for line in &card.texts {
        let class = if line.faint { "faint" } else { "" };
        text(svg, [at[0] + line.at[0], at[1] + line.at[1]], &line.text, class, TEXT)?;
    }
    svg.write_str("</g>\n")
}

/// A line of text whose middle is at this height.
fn text(svg: &mut String, at: At, text: &str, class: &str, size: f64) -> fmt::Result {
    if text.is_empty() {
        return Ok(());
    }
    write!(svg, "<text")?;
    if !class.is_empty() {
        write!(svg, r#" class="{class}""#)?;
    }
    write!(svg, r#" x="{}" y="{}""#, Short(at[0]), Short(at[1] + 0.36 * size))?;
    // Fixes the width of a text whose width is only guessed.
    if !is_known(text) {
        write!(svg, r#" textLength="{}" lengthAdjust="spacingAndGlyphs""#, Short(width(text, size)))?;
    }
    write!(svg, ">{}</text>", xml(text))
}

fn wire(svg: &mut String, wire: &PlacedWire, direction: Direction) -> fmt::Result {
    let class = match wire.link {
        Some(Link::Cut) => "wire missing",
        Some(Link::Bundle { operands }) if operands > 1 => "wire bundle",
        _ => "wire",
    };
    match wire.link {
        Some(_) => arrow(svg, &wire.way, class, direction),
        None => {
            write!(svg, r#"<path class="{class}" d=""#)?;
            path(svg, &wire.way, 0.0, direction)?;
            svg.write_str("\"/>\n")
        }
    }
}

/// A wire that ends in an arrow.
fn arrow(svg: &mut String, way: &Way, class: &str, direction: Direction) -> fmt::Result {
    write!(svg, r#"<path class="{class}" d=""#)?;
    path(svg, way, HEAD - 1.0, direction)?;
    svg.write_str("\"/>")?;
    let [x, y] = way.end();
    let ahead = heading(way, direction);
    let back = [x - HEAD * ahead[0], y - HEAD * ahead[1]];
    let aside = [-0.42 * HEAD * ahead[1], 0.42 * HEAD * ahead[0]];
    writeln!(
        svg,
        r#"<path class="head" d="M{} {}L{} {}L{} {}z"/>"#,
        Short(x),
        Short(y),
        Short(back[0] + aside[0]),
        Short(back[1] + aside[1]),
        Short(back[0] - aside[0]),
        Short(back[1] - aside[1]),
    )
}

/// Where a way points at its end: a unit along an axis.
fn heading(way: &Way, direction: Direction) -> At {
    let along = match direction {
        Direction::LeftToRight => [1.0, 0.0],
        Direction::TopToBottom => [0.0, 1.0],
    };
    let before = way.steps.len().checked_sub(2).map_or(way.start, |k| way.steps[k].end());
    let end = way.end();
    let forth = (end[0] - before[0]) * along[0] + (end[1] - before[1]) * along[1];
    if forth < 0.0 { along.map(|x| -x) } else { along }
}

/// The commands of a path along a way, which stops `short` before its end.
fn path(svg: &mut String, way: &Way, short: f64, direction: Direction) -> fmt::Result {
    write!(svg, "M{} {}", Short(way.start[0]), Short(way.start[1]))?;
    let ahead = heading(way, direction);
    let across = match direction {
        Direction::LeftToRight => 1,
        Direction::TopToBottom => 0,
    };
    let mut here = way.start;
    let count = way.steps.len();
    for (k, step) in way.steps.iter().enumerate() {
        let mut to = step.end();
        if k + 1 == count {
            to = [to[0] - short * ahead[0], to[1] - short * ahead[1]];
        }
        let straight = |to: At| (here[across] - to[across]).abs() < 0.05;
        match step {
            Step::Turn(_) => {
                let next = way.steps[k + 1].end();
                let [a, b, c] = [toward(to, here), to, toward(to, next)].map(|at| at.map(Short));
                write!(svg, "L{} {}Q{} {} {} {}", a[0], a[1], b[0], b[1], c[0], c[1])?;
            }
            Step::Curve(_) if !straight(to) => {
                let middle = 0.5 * (here[1 - across] + to[1 - across]);
                let (mut a, mut b) = (here, to);
                (a[1 - across], b[1 - across]) = (middle, middle);
                let [a, b, c] = [a, b, to].map(|at| at.map(Short));
                write!(svg, "C{} {} {} {} {} {}", a[0], a[1], b[0], b[1], c[0], c[1])?;
            }
            // Straight pieces that continue one another are drawn as one line.
            _ => match way.steps.get(k + 1) {
                Some(next) if !matches!(next, Step::Turn(_)) && straight(to) && straight(next.end()) => continue,
                _ => write!(svg, "L{} {}", Short(to[0]), Short(to[1]))?,
            },
        }
        here = to;
    }
    Ok(())
}

/// From a corner a bit toward another place.
fn toward(corner: At, other: At) -> At {
    let [x, y] = [other[0] - corner[0], other[1] - corner[1]];
    let length = x.hypot(y);
    let part = if length > 0.0 { BEND.min(0.5 * length) / length } else { 0.0 };
    [corner[0] + part * x, corner[1] + part * y]
}

/// What is written beside the end of a wire: how many operands it carries, or which one it is.
fn beside(svg: &mut String, wire: &PlacedWire, direction: Direction) -> fmt::Result {
    let end = wire.way.end();
    let ahead = heading(&wire.way, direction);
    match wire.link {
        Some(Link::Operand { position }) if wire.numbered.is_some() => {
            let side = wire.numbered.unwrap_or(0.0);
            let number = (position + 1).to_string();
            if side == 0.0 {
                let room = 3.0 * HEAD;
                return on_wire(svg, [0, 1].map(|axis| end[axis] - room * ahead[axis]), &number, "small faint");
            }
            let at = match direction {
                Direction::LeftToRight => [end[0] - 9.0, end[1] + 7.0 * side],
                Direction::TopToBottom => [end[0] + 7.0 * side, end[1] - 5.0],
            };
            text(svg, at, &number, "small faint", SMALL)?;
            svg.write_str("\n")
        }
        Some(link) => {
            let Some(label) = label(&link) else { return Ok(()) };
            let room = match direction {
                Direction::LeftToRight => 0.5 * width(&label, SMALL) + HEAD + 3.0,
                Direction::TopToBottom => HEAD + 8.0,
            };
            on_wire(svg, [0, 1].map(|axis| end[axis] - room * ahead[axis]), &label, "small")
        }
        None => Ok(()),
    }
}

/// A text on a wire, which it covers.
fn on_wire(svg: &mut String, at: At, label: &str, class: &str) -> fmt::Result {
    let (w, h) = (width(label, SMALL) + 4.0, SMALL + 2.0);
    write!(
        svg,
        r#"<rect class="halo" x="{}" y="{}" width="{}" height="{}" rx="2"/>"#,
        Short(at[0] - 0.5 * w),
        Short(at[1] - 0.5 * h),
        Short(w),
        Short(h)
    )?;
    text(svg, at, label, class, SMALL)?;
    svg.write_str("\n")
}

/// A place to a hundredth of a pixel.
#[derive(Clone, Copy)]
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Adding 0 makes -0 a 0.
        write!(f, "{}", (self.0 * 100.0).round() / 100.0 + 0.0)
    }
}
