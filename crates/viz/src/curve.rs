//! A curve as SVG.

use crate::look::escape::xml;
use crate::scale::Scale;

const SIZE: (f64, f64) = (640.0, 320.0);
/// The area of the curve: left, top, right, bottom.
const AREA: [f64; 4] = [90.0, 40.0, 620.0, 280.0];

/// The numbers as a curve in SVG text, in the order given: the loss of each step of a training, for example. The scale
/// is logarithmic if all numbers are positive. A number that is not finite leaves a gap.
///
/// ```
/// let losses: Vec<f64> = (0..100).map(|step| (-0.05 * step as f64).exp()).collect();
/// let svg = wengert_viz::curve_svg("loss", &losses);
/// assert!(svg.starts_with("<svg ") && svg.contains("loss (logarithmic)"));
/// // std::fs::write("loss.svg", svg)?;
/// ```
pub fn curve_svg(title: &str, numbers: &[f64]) -> String {
    let scale = Scale::of(numbers);
    let [left, top, right, bottom] = AREA;
    let last = numbers.len().saturating_sub(1).max(1) as f64;
    let point = |(index, &x): (usize, &f64)| {
        let part = scale.map_or(0.5, |scale| scale.part(x));
        let across = left + (right - left) * index as f64 / last;
        format!("{across:.1},{:.1}", bottom - (bottom - top) * part)
    };
    let mut lines = String::new();
    let indexed: Vec<(usize, &f64)> = numbers.iter().enumerate().collect();
    for run in indexed.chunk_by(|(_, a), (_, b)| a.is_finite() == b.is_finite()) {
        if run[0].1.is_finite() {
            let mut points: Vec<String> = run.iter().copied().map(point).collect();
            if points.len() == 1 {
                // A line of no length is a dot, as its ends are round.
                points.push(points[0].clone());
            }
            lines += &format!("<polyline points=\"{}\"/>\n", points.join(" "));
        }
    }
    let mut marks = String::new();
    let mut mark = |x: f64, y: f64, anchor: &str, text: &str| {
        marks += &format!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>\n", xml(text));
    };
    let kind = if scale.is_some_and(Scale::is_logarithmic) { " (logarithmic)" } else { "" };
    mark(left, top - 16.0, "start", &format!("{title}{kind}"));
    match scale.map(Scale::marks) {
        Some((low, Some(high))) => {
            mark(left - 8.0, top + 4.0, "end", &high);
            mark(left - 8.0, bottom + 4.0, "end", &low);
        }
        Some((all, None)) => mark(left - 8.0, (top + bottom) / 2.0 + 4.0, "end", &all),
        None => {}
    }
    mark(left, bottom + 20.0, "start", "0");
    mark(right, bottom + 20.0, "end", &numbers.len().saturating_sub(1).to_string());
    let (width, height) = SIZE;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
         <style>rect{{fill:#fff}}path,polyline{{fill:none;stroke:#2b6cb0;stroke-width:1.5;stroke-linecap:round}}\
         path{{stroke:#d8dce3}}text{{font:13px sans-serif;fill:#333a45}}\
         @media (prefers-color-scheme:dark){{rect{{fill:#12161d}}polyline{{stroke:#6ea8f0}}path{{stroke:#2c3441}}\
         text{{fill:#e4e8ee}}}}</style>\n\
         <rect width=\"{width}\" height=\"{height}\"/>\n<path d=\"M{left} {top}V{bottom}H{right}\"/>\n{lines}{marks}</svg>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(svg: &str) -> Vec<Vec<(f64, f64)>> {
        let document = roxmltree::Document::parse(svg).expect("it is XML");
        let lines = document.descendants().filter(|node| node.has_tag_name("polyline"));
        let pair = |text: &str| {
            let (x, y) = text.split_once(',').expect("a pair");
            (x.parse().expect("a number"), y.parse().expect("a number"))
        };
        lines.map(|line| line.attribute("points").expect("points").split(' ').map(pair).collect()).collect()
    }

    #[test]
    fn positive_numbers_are_drawn_by_their_logarithms() {
        let svg = curve_svg("loss", &[1.0, 0.1, 0.01]);
        assert_eq!(points(&svg), [[(90.0, 40.0), (355.0, 160.0), (620.0, 280.0)]]);
        assert!(svg.contains("loss (logarithmic)") && svg.contains(">0.01<"), "{svg}");
        let svg = curve_svg("x", &[-1.0, 0.0, 1.0]);
        assert_eq!(points(&svg), [[(90.0, 280.0), (355.0, 160.0), (620.0, 40.0)]]);
        assert!(!svg.contains("logarithmic"));
    }

    #[test]
    fn a_number_that_is_not_finite_leaves_a_gap() {
        let svg = curve_svg("x", &[1.0, 2.0, f64::NAN, f64::INFINITY, 3.0]);
        assert_eq!(points(&svg).iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
        assert_eq!(points(&svg)[1][0], points(&svg)[1][1]);
        for numbers in [&[][..], &[f64::NAN], &[4.0], &[f64::MAX, -f64::MAX]] {
            let svg = curve_svg("<x>", numbers);
            let all = points(&svg);
            assert!(all.iter().flatten().all(|(x, y)| x.is_finite() && y.is_finite()), "{svg}");
            let shown = numbers.iter().filter(|x| x.is_finite()).count();
            assert_eq!(all.iter().flatten().count(), if shown == 1 { 2 } else { shown });
        }
    }
}
