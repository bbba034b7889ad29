//! How training went, as one picture: the points, the net's score over the plane, and the loss. Read `contour` next.

use std::error::Error;

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::contour::Grid;
use crate::data::Moons;
use crate::training::Run;

/// Plotters rounds to whole pixels: it draws on a canvas this many times as large as what is shown.
const FINE: u32 = 4;
const SIZE: (u32, u32) = (1200, 660);
/// How high the planes are, titles and axes included.
const PLANES: u32 = 432;
/// Height divided by width of the plotting area between the axes, so that a unit is equally long along both axes.
const SHAPE: f64 = 0.68;

const INK: RGBColor = RGBColor(0x33, 0x3a, 0x45);
const FAINT: RGBColor = RGBColor(0xd8, 0xdc, 0xe3);
const RED: RGBColor = RGBColor(0xc8, 0x45, 0x4b);
const BLUE: RGBColor = RGBColor(0x2b, 0x6c, 0xb0);

/// The color of the plane from each score upwards. Beyond the margin of 1, a point adds nothing to the loss.
const BANDS: [(f64, RGBColor); 6] = [
    (-1e300, RGBColor(0xf0, 0xb4, 0xb0)),
    (-3.0, RGBColor(0xf6, 0xcd, 0xc9)),
    (-1.0, RGBColor(0xfb, 0xe7, 0xe4)),
    (0.0, RGBColor(0xe4, 0xee, 0xf8)),
    (1.0, RGBColor(0xc6, 0xdc, 0xf0)),
    (3.0, RGBColor(0xa8, 0xc9, 0xe6)),
];

/// The colors of the bands in dark mode.
const NIGHT_BANDS: [RGBColor; 6] = [
    RGBColor(0x5a, 0x25, 0x29),
    RGBColor(0x43, 0x20, 0x25),
    RGBColor(0x2b, 0x1c, 0x22),
    RGBColor(0x18, 0x22, 0x30),
    RGBColor(0x1b, 0x2f, 0x47),
    RGBColor(0x20, 0x40, 0x63),
];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Plane<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// The picture as SVG text.
pub(crate) fn draw(moons: &Moons, run: &Run) -> Result<String, Box<dyn Error>> {
    let mut svg = String::new();
    {
        let (width, height) = (SIZE.0 * FINE, SIZE.1 * FINE);
        let root = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
        root.fill(&WHITE)?;
        let (above, below) = root.split_vertically(PLANES * FINE);
        let (left, right) = above.split_horizontally(width / 2);
        let mut plane = panel(&left, "The points", moons)?;
        points(&mut plane, moons)?;
        let right_share = run.accuracies.last().copied().unwrap_or(0.0);
        let learned = format!("What the net learned (accuracy {:.0} %)", 100.0 * right_share);
        let mut plane = panel(&right, &learned, moons)?;
        view(&mut plane, moons, run)?;
        points(&mut plane, moons)?;
        course(&below, run)?;
        root.present()?;
    }
    let [canvas, shown] =
        [FINE, 1].map(|scale| format!("<svg width=\"{}\" height=\"{}\"", SIZE.0 * scale, SIZE.1 * scale));
    let svg = svg.replacen(&canvas, &shown, 1);
    // The style goes right after the opening tag.
    let (start, rest) = svg.split_once(">\n").unwrap_or((&svg, ""));
    Ok(format!(
        "{start}>\n<style>:root{{max-width:100%;height:auto}}@media (prefers-color-scheme:dark){{{}}}</style>\n{rest}",
        night()
    ))
}

/// The dark-mode colors, as CSS rules that override the attributes of each shape.
fn night() -> String {
    let bands = BANDS.iter().map(|(_, color)| *color).zip(NIGHT_BANDS);
    let plain = [
        (WHITE, RGBColor(0x12, 0x16, 0x1d)),
        (INK, RGBColor(0xe4, 0xe8, 0xee)),
        (FAINT, RGBColor(0x2c, 0x34, 0x41)),
        (BLUE, RGBColor(0x6e, 0xa8, 0xf0)),
        (RED, RGBColor(0xf0, 0x7b, 0x7f)),
    ];
    let hex = |RGBColor(r, g, b): RGBColor| format!("#{r:02X}{g:02X}{b:02X}");
    let rules = plain.into_iter().chain(bands).map(|(day, night)| {
        let (day, night) = (hex(day), hex(night));
        format!("[fill=\"{day}\"]{{fill:{night}}}[stroke=\"{day}\"]{{stroke:{night}}}")
    });
    rules.collect()
}

/// The part of the plane that is shown, as a range of x and a range of y: the points and some room around them, widened
/// so that a unit is equally long along both axes.
pub(crate) fn shown(moons: &Moons) -> [(f64, f64); 2] {
    let [(x0, x1), (y0, y1)] = [0, 1].map(|axis| {
        let along = moons.points.iter().map(|point| point[axis]);
        let (low, high) = along.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        (low - 0.5, high + 0.5)
    });
    let (width, height) = (x1 - x0, y1 - y0);
    let (more_x, more_y) = ((height / SHAPE - width).max(0.0) / 2.0, (width * SHAPE - height).max(0.0) / 2.0);
    [(x0 - more_x, x1 + more_x), (y0 - more_y, y1 + more_y)]
}

/// An empty plane with its axes.
fn panel<'a, 'b>(area: &'a Area<'b>, title: &str, moons: &Moons) -> Result<Plane<'a, 'b>, Box<dyn Error>> {
    let [(x0, x1), (y0, y1)] = shown(moons);
    let mut chart = ChartBuilder::on(area)
        .caption(title, text(19))
        .margin(14 * FINE)
        .margin_right(22 * FINE)
        .x_label_area_size(26 * FINE)
        .y_label_area_size(36 * FINE)
        .build_cartesian_2d(x0..x1, y0..y1)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .axis_style(FAINT.stroke_width(FINE))
        .label_style(text(13))
        .set_all_tick_mark_size(4 * FINE)
        .x_labels(6)
        .y_labels(6)
        .draw()?;
    Ok(chart)
}

fn points(plane: &mut Plane<'_, '_>, moons: &Moons) -> Result<(), Box<dyn Error>> {
    for (point, &class) in moons.points.iter().zip(&moons.classes) {
        let at = (point[0], point[1]);
        let color = if class > 0.0 { BLUE } else { RED };
        plane.draw_series([
            Circle::new(at, 5 * FINE + FINE / 2, WHITE.filled()),
            Circle::new(at, 4 * FINE + FINE / 2, color.filled()),
        ])?;
    }
    Ok(())
}

/// The plane in the colors of the net's score, and the line where it is 0.
fn view(plane: &mut Plane<'_, '_>, moons: &Moons, run: &Run) -> Result<(), Box<dyn Error>> {
    let score = |x, y| run.net.predict(&[x, y])[0];
    let [xs, ys] = shown(moons);
    let grid = Grid::sample(xs, ys, [120, 80], score);
    for (level, color) in BANDS {
        let area = grid.area(level);
        if !area.is_empty() {
            plane.draw_series([Polygon::new(area, color.filled())])?;
        }
    }
    for level in [-1.0, 1.0] {
        let lines = grid.lines(level).into_iter().map(|line| PathElement::new(line, WHITE.stroke_width(FINE)));
        plane.draw_series(lines)?;
    }
    let boundary = grid.lines(0.0).into_iter().map(|line| PathElement::new(line, INK.stroke_width(2 * FINE)));
    plane.draw_series(boundary)?;
    Ok(())
}

/// The loss by step, on a logarithmic scale.
fn course(area: &Area<'_>, run: &Run) -> Result<(), Box<dyn Error>> {
    // A picture needs no more points than it has pixels.
    let stride = run.losses.len().div_ceil(1000);
    let last = run.losses.len() - 1;
    let visible = |k: &usize| k.is_multiple_of(stride) || *k == last;
    let losses: Vec<(f64, f64)> = (0..=last)
        .filter(visible)
        .filter(|&k| run.losses[k].is_finite())
        .map(|k| (k as f64, run.losses[k].max(1e-6)))
        .collect();
    let low = losses.iter().map(|&(_, loss)| loss).fold(1.0, f64::min);
    let high = losses.iter().map(|&(_, loss)| loss).fold(1.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption("Loss", text(19))
        .margin(14 * FINE)
        .margin_right(22 * FINE)
        .x_label_area_size(34 * FINE)
        .y_label_area_size(46 * FINE)
        .build_cartesian_2d(0.0..last as f64, (low * 0.7..high * 1.4).log_scale())?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(FAINT.stroke_width(FINE))
        .light_line_style(TRANSPARENT)
        .axis_style(FAINT.stroke_width(FINE))
        .label_style(text(13))
        .x_desc("step")
        // No labels between whole steps: they would be rounded to the same number.
        .x_labels(run.losses.len().min(11))
        .y_labels(5)
        .x_label_formatter(&|step| format!("{step:.0}"))
        .draw()?;
    chart.draw_series(LineSeries::new(losses, BLUE.stroke_width(2 * FINE)))?;
    Ok(())
}

fn text(points: u32) -> TextStyle<'static> {
    ("Helvetica, Arial, sans-serif", points * FINE).into_font().color(&INK)
}
