//! A schedule as a picture.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::schedule::{Action, Schedule};

/// The area of the blocks.
const LEFT: f64 = 60.0;
const TOP: f64 = 40.0;
const WIDTH: f64 = 600.0;
/// The height of a row.
const ROW: f64 = 6.0;

/// A schedule of `blocks` blocks as SVG: blocks across, time down, one row for each run of blocks and each sweep. Blue runs
/// forward, orange sweeps back, and a gray line is a state while it is kept.
///
/// ```
/// use wengert_scan::{Schedule, schedule_svg};
///
/// let svg = schedule_svg(Schedule::binomial(20, 4), 20);
/// assert!(svg.starts_with("<svg ") && svg.contains("20 blocks, 4 states, 20 runs again"));
/// // std::fs::write("schedule.svg", svg)?;
/// ```
pub fn schedule_svg(mut schedule: Schedule, blocks: usize) -> String {
    let across = |block: usize| LEFT + WIDTH * block as f64 / blocks.max(1) as f64;
    let down = |row: usize| TOP + ROW * row as f64;
    let (mut runs, mut sweeps, mut states) = (String::new(), String::new(), String::new());
    let line = |lines: &mut String, [x1, y1, x2, y2]: [f64; 4]| {
        writeln!(lines, "<path d=\"M{x1:.1},{y1:.1}L{x2:.1},{y2:.1}\"/>").expect("a string grows");
    };
    let (mut row, mut frontier, mut again) = (0, 0, 0);
    // By slot: the block that the state comes before, and the row where it was kept.
    let mut kept: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    let mut most = 0;
    if blocks == 0 {
        schedule.end();
    }
    while let Some(action) = schedule.next() {
        match action {
            Action::Snapshot { slot, block } => {
                if let Some((block, since)) = kept.insert(slot, (block, row)) {
                    line(&mut states, [across(block), down(since), across(block), down(row)]);
                }
                most = most.max(kept.len());
            }
            Action::Restore { .. } => {}
            Action::Advance { from, to } => {
                again += frontier.min(to).saturating_sub(from);
                frontier = frontier.max(to);
                line(&mut runs, [across(from), down(row), across(to), down(row)]);
                row += 1;
                if to == blocks {
                    schedule.end();
                }
            }
            Action::Reverse { block } => {
                line(&mut sweeps, [across(block + 1), down(row), across(block), down(row)]);
                row += 1;
                let done: Vec<usize> =
                    kept.iter().filter(|(_, state)| state.0 >= block).map(|(&slot, _)| slot).collect();
                for (block, since) in done.into_iter().filter_map(|slot| kept.remove(&slot)) {
                    line(&mut states, [across(block), down(since), across(block), down(row)]);
                }
            }
        }
    }
    let (width, height) = (LEFT + WIDTH + 20.0, down(row) + 40.0);
    let (left, right, low) = (across(0), across(blocks), down(row) + 24.0);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
         <style>rect{{fill:#fff}}path{{fill:none;stroke-width:2}}.states{{stroke:#b4bac4}}.runs{{stroke:#2b6cb0}}\
         .sweeps{{stroke:#c2570c}}text{{font:13px sans-serif;fill:#333a45}}\
         @media (prefers-color-scheme:dark){{rect{{fill:#12161d}}.states{{stroke:#4a5462}}.runs{{stroke:#6ea8f0}}\
         .sweeps{{stroke:#f0954e}}text{{fill:#d5dae2}}}}</style>\n\
         <rect width=\"100%\" height=\"100%\"/>\n\
         <text x=\"{left}\" y=\"24\">{blocks} blocks, {most} states, {again} runs again</text>\n\
         <g class=\"states\">\n{states}</g>\n<g class=\"runs\">\n{runs}</g>\n<g class=\"sweeps\">\n{sweeps}</g>\n\
         <text x=\"{left}\" y=\"{low}\">0</text>\n\
         <text x=\"{right}\" y=\"{low}\" text-anchor=\"end\">{blocks}</text>\n</svg>\n"
    )
}
