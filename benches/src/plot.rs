//! The picture of the README: the first table of docs/performance.md as a plot, in multiples of wengert's time.

use std::fmt::Write as _;

const HEAD: &str = "| | `wengert` | `reverse` | `RustQuant` | `echidna` |";
const ENGINES: [&str; 4] = ["wengert", "reverse", "RustQuant", "echidna"];
const STYLE: &str = "text{font:13px sans-serif;fill:#333a45}.paper{fill:#fff}.grid{stroke:#d8dce3}.wengert{fill:#2b6cb0}\
    .reverse{fill:#c8454b}.RustQuant{fill:#b97f17}.echidna{fill:#4a8f5f}@media (prefers-color-scheme:dark){\
    text{fill:#e4e8ee}.paper{fill:#12161d}.grid{stroke:#2c3441}.wengert{fill:#6ea8f0}.reverse{fill:#f07b7f}\
    .RustQuant{fill:#e0b050}.echidna{fill:#7cc492}}";

/// A workload as the plot names it.
fn name(workload: &str) -> &str {
    match workload {
        "W1" => "expression of three ops",
        "W2" => "chain of 1e6 ops",
        "W2-5M" => "chain of 2e7 ops",
        "W3" => "Rosenbrock, 1e5 variables",
        "W4" => "step of a perceptron",
        "W4-dot" => "the same, with dot",
        "W5" => "path of an Asian option",
        "W6-2x5" => "Gaussian mixture, 2 x 5",
        "W6-10x25" => "Gaussian mixture, 10 x 25",
        other => other,
    }
}

/// The rows of the table: each workload, and the time of each engine for recording and sweeping together.
///
/// # Panics
/// If the text has no such table.
pub fn totals(performance: &str) -> Vec<(&str, [f64; 4])> {
    let table = performance.find(HEAD).expect("docs/performance.md has the table of tapes");
    let rows = performance[table..].lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let total = |cell: &str| cell.split(' ').next().and_then(|total| total.parse().ok()).expect("a time");
        (cells[0], std::array::from_fn(|k| total(cells[k + 1])))
    })
    .collect()
}

/// The plot as SVG text: a row for each workload, a dot for each engine at its multiple of wengert's time.
pub fn svg(rows: &[(&str, [f64; 4])]) -> String {
    let (left, top, step, unit) = (200.0, 66.0, 26.0, 150.0);
    let across = |ratio: f64| left + unit * ratio;
    let bottom = top + step * rows.len() as f64;
    let (width, height) = (across(3.5) + 30.0, bottom + 34.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <title>Time of a gradient, as a multiple of wengert's</title>\n<style>{STYLE}</style>\n\
         <rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n"
    );
    let mut write = |line: std::fmt::Arguments<'_>| writeln!(svg, "{line}").expect("strings take all");
    write(format_args!(
        "<text x=\"{left}\" y=\"22\">time of a gradient, as a multiple of wengert's (less is better)</text>"
    ));
    for (k, engine) in ENGINES.iter().enumerate() {
        let x = left + 120.0 * k as f64;
        write(format_args!("<circle class=\"{engine}\" cx=\"{}\" cy=\"42\" r=\"5\"/>", x + 5.0));
        write(format_args!("<text x=\"{}\" y=\"46\">{engine}</text>", x + 16.0));
    }
    for ratio in 0..=3 {
        let x = across(f64::from(ratio));
        write(format_args!("<path class=\"grid\" d=\"M{x} {top}V{bottom}\"/>"));
        write(format_args!("<text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{ratio}</text>", bottom + 20.0));
    }
    for (row, (workload, totals)) in rows.iter().enumerate() {
        let y = top + step * (row as f64 + 0.5);
        write(format_args!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            left - 14.0,
            y + 4.0,
            name(workload)
        ));
        for (engine, total) in ENGINES.iter().zip(totals).rev() {
            let x = across(total / totals[0]);
            write(format_args!("<circle class=\"{engine}\" cx=\"{x:.1}\" cy=\"{y}\" r=\"5\"/>"));
        }
    }
    svg + "</svg>\n"
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_picture_is_that_of_the_table() {
        let rows = super::totals(include_str!("../../docs/performance.md"));
        assert_eq!(rows.len(), 9);
        let picture = include_str!("../../docs/pictures/tapes.svg");
        assert!(picture == super::svg(&rows), "the table has changed: make the picture again by `just plot`");
    }
}
