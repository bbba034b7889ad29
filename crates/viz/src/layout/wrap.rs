//! Long graphs continue in another row below, like text: they are cut where few wires cross, which then run back to the
//! start of the next row.

use std::collections::HashMap;

use super::layers::{At, Spacing};
use super::order::{Net, sort_by_number};
use super::route::Columns;

/// The layers in rows.
pub(crate) struct Rows {
    /// The first layer of each row.
    firsts: Vec<usize>,
    /// How far each row is moved along main.
    moved: Vec<f64>,
    /// Where each row ends along main, and where along cross the room for wires below it begins.
    ends: Vec<f64>,
    below: Vec<f64>,
    /// For each link that continues in the next row, its lanes: on the way out, and on the way in.
    lanes: HashMap<usize, (f64, f64)>,
    /// How many wires continue in another row.
    pub(crate) cut: usize,
}

/// Between wires that run back.
const LANE: f64 = 7.0;
/// Around such wires.
const MARGIN: f64 = 16.0;
/// Between rows, beside the wires.
const BETWEEN: f64 = 26.0;

/// Cuts layers that are longer than `spacing.wrap` into rows, and moves their nodes there.
pub(crate) fn rows(net: &Net, columns: &Columns, cross: &mut [f64], spacing: &Spacing) -> Option<Rows> {
    if columns.end <= spacing.wrap {
        return None;
    }
    let depth = net.layers.len();
    let mut ways_out: Vec<Vec<usize>> = vec![Vec::new(); depth];
    for (index, link) in net.links.iter().enumerate() {
        ways_out[net.nodes[link.from].rank].push(index);
    }
    let mut firsts = vec![0];
    let mut first = 0;
    while columns.end - columns.span[first].0 > spacing.wrap {
        let length = |last: usize| columns.span[last].1 - columns.span[first].0;
        let fits = (first..depth).take_while(|&last| length(last) <= spacing.wrap);
        let Some(last) = fits
            .filter(|&last| last + 1 < depth && length(last) > 0.6 * spacing.wrap)
            .min_by_key(|&last| (ways_out[last].len(), usize::MAX - last))
        else {
            // A single layer may be longer than a row.
            if first + 1 == depth {
                break;
            }
            first += 1;
            firsts.push(first);
            continue;
        };
        first = last + 1;
        firsts.push(first);
    }
    let mut rows =
        Rows { moved: Vec::new(), ends: Vec::new(), below: Vec::new(), lanes: HashMap::new(), cut: 0, firsts };
    let mut top = 0.0;
    for row in 0..rows.firsts.len() {
        let layers = rows.firsts[row]..rows.firsts.get(row + 1).copied().unwrap_or(depth);
        let nodes = || net.layers[layers.clone()].iter().flatten();
        let reach = |side: f64| {
            nodes().map(|&node| side * cross[node] + 0.5 * net.nodes[node].cross).fold(f64::NEG_INFINITY, f64::max)
        };
        let (low, high) = (-reach(-1.0), reach(1.0));
        for &node in nodes() {
            cross[node] += top - low;
        }
        top += high - low;
        rows.moved.push(-columns.span[layers.start].0);
        rows.ends.push(columns.span[layers.end - 1].1 - columns.span[layers.start].0);
        let mut over = if layers.end < depth { ways_out[layers.end - 1].clone() } else { Vec::new() };
        // The lowest turns first and comes in last, so that none crosses another.
        sort_by_number(&mut over, |&link| -cross[net.links[link].from]);
        for (k, &link) in over.iter().enumerate() {
            let lane = |k: usize| MARGIN + LANE * k as f64;
            rows.lanes.insert(link, (lane(k), lane(over.len() - 1 - k)));
        }
        rows.cut += over.len();
        rows.below.push(top + 0.5 * BETWEEN - MARGIN);
        top += BETWEEN + LANE * over.len() as f64;
    }
    Some(rows)
}

impl Rows {
    /// How many times a row ends and another begins.
    pub(crate) fn breaks(&self) -> usize {
        self.firsts.len() - 1
    }

    fn row(&self, layer: usize) -> usize {
        self.firsts.partition_point(|&first| first <= layer) - 1
    }

    /// Moves the layers to the start of their rows.
    pub(crate) fn move_columns(&self, columns: &mut Columns) {
        for (layer, span) in columns.span.iter_mut().enumerate() {
            let moved = self.moved[self.row(layer)];
            span.0 += moved;
            span.1 += moved;
        }
        columns.end = self.ends.iter().copied().fold(0.0, f64::max);
    }

    /// The corners of the way from the end of a row to the start of the next, if the link continues there.
    pub(crate) fn turn(&self, layer: usize, link: usize, from: At, to: At) -> Option<[At; 4]> {
        let (out, into) = *self.lanes.get(&link)?;
        let row = self.row(layer);
        let (right, between) = (self.ends[row] + out, self.below[row] + out);
        Some([[right, from[1]], [right, between], [-into, between], [-into, to[1]]])
    }
}
