//! Where along main each layer stands, and the way of each wire.
//!
//! Between layers a wire is a curve. Through a layer it is straight, at a place of its own, so no wire touches an item
//! of another.

use super::layers::{At, Bones, Item, Pin, Placed, Spacing, Step, Way, Wire};
use super::order::{Net, sort_by_number};
use super::rank::Ranks;
use super::wrap::{Rows, rows};

/// The layers along main.
pub(crate) struct Columns {
    /// From where to where each layer reaches; items end where it ends.
    pub(crate) span: Vec<(f64, f64)>,
    pub(crate) end: f64,
}

/// How far from a layer a wire turns around.
const AROUND: f64 = 12.0;

/// Everything's place, given where the nodes stand along cross.
pub(crate) fn placed(
    items: &[Item],
    wires: &[Wire],
    ranks: &Ranks,
    net: &mut Net,
    mut cross: Vec<f64>,
    spacing: &Spacing,
) -> Placed {
    arrivals(items, net, &cross);
    let mut columns = columns(items, wires, ranks, net, &cross, spacing);
    // A wire that runs back would have to climb from row to row.
    let ahead = !ranks.flipped.contains(&true);
    let rows = if ahead { rows(net, &columns, &mut cross, spacing) } else { None };
    if let Some(rows) = &rows {
        rows.move_columns(&mut columns);
    }
    // What wires of one port share is drawn once.
    let mut drawn = vec![false; net.links.len()];
    let ways = (0..wires.len())
        .map(|wire| {
            let run = &net.runs[wire];
            if ranks.flipped[wire] {
                return way_back(items, &wires[wire], net, &cross, &columns, run);
            }
            let shared = run[..run.len() - 1].iter().take_while(|&&link| drawn[link]).count();
            run.iter().for_each(|&link| drawn[link] = true);
            way(items, net, &cross, &columns, rows.as_ref(), &run[shared..])
        })
        .collect();
    let centers = (0..items.len())
        .map(|item| {
            let end = columns.span[ranks.rank[item]].1;
            [end - 0.5 * items[item].size[0], cross[item]]
        })
        .collect();
    let cut = rows.map(|rows| (rows.cut, rows.breaks()));
    let mut placed = Placed {
        centers,
        ways,
        extent: [columns.end, 0.0],
        cut,
        bones: bones(wires, ranks, net, &cross, columns.span),
    };
    from_zero(&mut placed, items, spacing);
    placed
}

fn bones(wires: &[Wire], ranks: &Ranks, net: &Net, cross: &[f64], span: Vec<(f64, f64)>) -> Bones {
    let passes = |(run, &flipped): (&Vec<usize>, &bool)| -> Vec<f64> {
        let nodes = run.iter().map(|&link| net.links[link].to);
        match flipped {
            true => [net.links[run[0]].from].into_iter().chain(nodes).map(|node| cross[node]).collect(),
            false => nodes.take(run.len() - 1).map(|node| cross[node]).collect(),
        }
    };
    let arrive = |((wire, run), &flipped): ((&Wire, &Vec<usize>), &bool)| match flipped {
        true => wire.to.port.unwrap_or(0.0),
        false => net.links[run[run.len() - 1]].arrive.unwrap_or(0.0),
    };
    Bones {
        rank: ranks.rank.clone(),
        span,
        passes: net.runs.iter().zip(&ranks.flipped).map(passes).collect(),
        arrive: wires.iter().zip(&net.runs).zip(&ranks.flipped).map(arrive).collect(),
        flipped: ranks.flipped.clone(),
    }
}

/// Where wires without a port arrive: spread around the center in the order they come from.
fn arrivals(items: &[Item], net: &mut Net, cross: &[f64]) {
    for (item, into) in items.iter().zip(&net.into) {
        let mut free: Vec<(f64, usize)> = into
            .iter()
            .filter(|&&link| net.links[link].arrive.is_none())
            .map(|&link| (cross[net.links[link].from] + net.links[link].leave, link))
            .collect();
        sort_by_number(&mut free, |&(from, _)| from);
        let gaps = free.len().saturating_sub(1) as f64;
        let apart = (2.0 * item.spread / gaps.max(1.0)).min(item.apart);
        for (k, &(_, link)) in free.iter().enumerate() {
            net.links[link].arrive = Some((k as f64 - 0.5 * gaps) * apart);
        }
    }
}

fn columns(items: &[Item], wires: &[Wire], ranks: &Ranks, net: &Net, cross: &[f64], spacing: &Spacing) -> Columns {
    let depth = net.layers.len();
    let mut width = vec![0.0f64; depth];
    for (item, &rank) in items.iter().zip(&ranks.rank) {
        width[rank] = width[rank].max(item.size[0]);
    }
    // What stands between a layer and the next: more where wires climb far, or carry labels.
    let mut gap = vec![0.0f64; depth];
    for link in &net.links {
        let climb = (cross[link.to] - cross[link.from]).abs();
        let gap = &mut gap[net.nodes[link.from].rank];
        *gap = gap.max(spacing.layers + (0.1 * climb).min(2.0 * spacing.layers));
    }
    for (wire, run) in wires.iter().zip(&net.runs) {
        if let Some(&last) = run.last() {
            let gap = &mut gap[net.nodes[net.links[last].from].rank];
            *gap = gap.max(wire.room + 0.5 * spacing.layers);
        }
    }
    let mut span = Vec::with_capacity(depth);
    let mut start = 0.0;
    for rank in 0..depth {
        span.push((start, start + width[rank]));
        start += width[rank] + gap[rank];
    }
    let mut end = span.last().map_or(0.0, |&(_, end)| end);
    if end < spacing.least[0] {
        end = spacing.least[0];
        if items.iter().any(|item| item.pin == Pin::Last) {
            span[depth - 1] = (end, end);
        }
    }
    Columns { span, end }
}

/// The way along links that follow one another.
fn way(items: &[Item], net: &Net, cross: &[f64], columns: &Columns, rows: Option<&Rows>, run: &[usize]) -> Way {
    let first = &net.links[run[0]];
    let start = [columns.span[net.nodes[first.from].rank].1, cross[first.from] + first.leave];
    let mut steps = Vec::with_capacity(2 * run.len());
    let mut here = start;
    for &index in run {
        let link = &net.links[index];
        let (left, right) = columns.span[net.nodes[link.to].rank];
        let to = [left, cross[link.to] + link.arrive.unwrap_or(0.0)];
        match rows.and_then(|rows| rows.turn(net.nodes[link.from].rank, index, here, to)) {
            Some(corners) => {
                steps.extend(corners.map(Step::Turn));
                steps.push(Step::Line(to));
            }
            None => steps.push(Step::Curve(to)),
        }
        here = match net.nodes[link.to].item {
            Some(item) => {
                let Item { size, round, .. } = items[item];
                let offset = link.arrive.unwrap_or(0.0).clamp(-round, round);
                [right - size[0] + round - (round * round - offset * offset).sqrt(), to[1]]
            }
            None => [right, to[1]],
        };
        if here[0] - to[0] > 0.01 {
            steps.push(Step::Line(here));
        }
    }
    Way { start, steps }
}

/// The way of a wire that runs against the layers: out of its source, around, back past all layers, and around again.
fn way_back(items: &[Item], wire: &Wire, net: &Net, cross: &[f64], columns: &Columns, run: &[usize]) -> Way {
    let span = |node: usize| columns.span[net.nodes[node].rank];
    let (source, target) = (wire.from.item, wire.to.item);
    let start = [span(source).1, cross[source] + wire.from.port.unwrap_or(0.0)];
    let last = net.links[run[run.len() - 1]].to;
    let (out, back) = (start[0] + AROUND, cross[last]);
    let mut steps = vec![Step::Turn([out, start[1]]), Step::Turn([out, back])];
    steps.push(Step::Line([span(last).1, back]));
    let mut here = last;
    for &link in run.iter().rev() {
        let before = net.links[link].from;
        steps.push(Step::Line([span(here).0, cross[here]]));
        steps.push(Step::Curve([span(before).1, cross[before]]));
        here = before;
    }
    let into = cross[target] + wire.to.port.unwrap_or(0.0);
    let (left, right) = span(target);
    steps.push(Step::Turn([left - AROUND, cross[here]]));
    steps.push(Step::Turn([left - AROUND, into]));
    steps.push(Step::Line([right - items[target].size[0], into]));
    Way { start, steps }
}

/// Moves everything so that it starts at 0.
fn from_zero(placed: &mut Placed, items: &[Item], spacing: &Spacing) {
    let (mut low, mut high): (At, At) = ([0.0, f64::INFINITY], [placed.extent[0], f64::NEG_INFINITY]);
    let mut reach = |at: At, size: At| {
        for axis in 0..2 {
            low[axis] = low[axis].min(at[axis] - 0.5 * size[axis]);
            high[axis] = high[axis].max(at[axis] + 0.5 * size[axis]);
        }
    };
    for (&center, item) in placed.centers.iter().zip(items) {
        reach(center, item.size);
    }
    for way in &mut placed.ways {
        way.places_mut().for_each(|at| reach(*at, [0.0; 2]));
    }
    if low[1] > high[1] {
        (low[1], high[1]) = (0.0, 0.0);
    }
    let spare = 0.5 * (spacing.least[1] - (high[1] - low[1])).max(0.0);
    let shift = [-low[0], spare - low[1]];
    let shifted = |at: &mut At| {
        for axis in 0..2 {
            at[axis] += shift[axis];
        }
    };
    placed.centers.iter_mut().for_each(shifted);
    placed.ways.iter_mut().flat_map(Way::places_mut).for_each(shifted);
    for span in &mut placed.bones.span {
        *span = (span.0 + shift[0], span.1 + shift[0]);
    }
    placed.bones.passes.iter_mut().flatten().for_each(|cross| *cross += shift[1]);
    placed.extent = [high[0] - low[0], high[1] - low[1] + 2.0 * spare];
}
