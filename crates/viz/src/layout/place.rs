//! Where along cross each node of a layer stands: as near to its neighbors as its layer allows, with long wires
//! straight.
//!
//! A sweep gives each node the place it would like, the mean of its neighbors'. The places nearest to all of these that
//! keep the order and the distances within the layer are an isotonic regression (pool adjacent violators: Ayer, Brunk,
//! Ewing, Reid and Silverman 1955).

use super::layers::Spacing;
use super::order::Net;

/// How many sweeps look one way at a time; as many follow that look both ways. Fewer where there are many nodes.
const SWEEPS: usize = 8;
const FEW_SWEEPS: usize = 2;
const MANY: usize = 20_000;
/// The weight of keeping a long wire straight, relative to one link.
const STRAIGHT: f64 = 40.0;

/// The places of all nodes along cross, as centers.
pub(crate) fn places(net: &Net, spacing: &Spacing) -> Vec<f64> {
    let mut at = vec![0.0; net.nodes.len()];
    let gaps: Vec<Vec<f64>> = net.layers.iter().map(|layer| distances(net, layer, spacing)).collect();
    for (layer, gaps) in net.layers.iter().zip(&gaps) {
        let whole: f64 = gaps.iter().sum();
        let mut next = -whole / 2.0;
        for (&node, gap) in layer.iter().zip(gaps) {
            next += gap;
            at[node] = next;
        }
    }
    let both = [true, true];
    let mut lines: Vec<Option<f64>> = vec![None; net.nodes.len()];
    let sweeps = if net.nodes.len() > MANY { FEW_SWEEPS } else { SWEEPS };
    for sweep in 0..2 * sweeps {
        let (ahead, back) = match sweep < sweeps {
            true => ([true, false], [false, true]),
            false => (both, both),
        };
        align(net, &at, &mut lines);
        for (layer, gaps) in net.layers.iter().zip(&gaps) {
            settle(net, layer, gaps, ahead, &lines, &mut at);
        }
        align(net, &at, &mut lines);
        for (layer, gaps) in net.layers.iter().zip(&gaps).rev() {
            settle(net, layer, gaps, back, &lines, &mut at);
        }
    }
    at
}

/// The line that each trunk should follow: between what it links, where it has room.
fn align(net: &Net, at: &[f64], lines: &mut [Option<f64>]) {
    for trunk in &net.trunks {
        let mean = |places: &mut dyn ExactSizeIterator<Item = f64>| {
            let count = places.len() as f64;
            places.sum::<f64>() / count
        };
        let passed = mean(&mut trunk.nodes.iter().map(|&node| at[node]));
        let ends = mean(&mut trunk.ends.iter().map(|&(node, offset)| at[node] + offset));
        for &node in &trunk.nodes {
            lines[node] = Some(0.5 * (passed + ends));
        }
    }
}

/// How far each node is at least from the one before it.
fn distances(net: &Net, layer: &[usize], spacing: &Spacing) -> Vec<f64> {
    let mut before: Option<usize> = None;
    let distance = |&node: &usize| {
        let apart = before.map_or(0.0, |before| {
            let [a, b] = [before, node].map(|node| &net.nodes[node]);
            let gap = match (a.item, b.item) {
                (Some(_), Some(_)) => spacing.items,
                (None, None) => spacing.wires,
                _ => 0.5 * (spacing.items + spacing.wires),
            };
            0.5 * (a.cross + b.cross) + gap
        });
        before = Some(node);
        apart
    };
    layer.iter().map(distance).collect()
}

/// Puts the nodes of a layer as near as possible to their neighbors before and after it.
fn settle(net: &Net, layer: &[usize], gaps: &[f64], [before, after]: [bool; 2], lines: &[Option<f64>], at: &mut [f64]) {
    // Pools of nodes that stand as close as they may: how many, their weight, the mean they like.
    let mut pools: Vec<(usize, f64, f64)> = Vec::with_capacity(layer.len());
    let mut offset = 0.0;
    for (&node, gap) in layer.iter().zip(gaps) {
        offset += gap;
        // The sum of the places it likes, weighted, and of their weights.
        let mut liked = (0.0, 0.0);
        let mut likes = |place: f64| liked = (liked.0 + place, liked.1 + 1.0);
        for &link in net.into[node].iter().filter(|_| before) {
            let link = &net.links[link];
            likes(at[link.from] + link.leave - link.arrive.unwrap_or(0.0));
        }
        for &link in net.out[node].iter().filter(|_| after) {
            let link = &net.links[link];
            likes(at[link.to] + link.arrive.unwrap_or(0.0) - link.leave);
        }
        if let Some(line) = lines[node] {
            liked = (STRAIGHT * line, STRAIGHT);
        }
        // A node without neighbors stays, but yields to the others.
        if liked.1 == 0.0 {
            liked = (0.01 * at[node], 0.01);
        }
        let mut pool = (1, liked.1, liked.0 / liked.1 - offset);
        while let Some(&(count, weight, mean)) = pools.last()
            && mean > pool.2
        {
            pools.pop();
            let both = weight + pool.1;
            pool = (count + pool.0, both, (weight * mean + pool.1 * pool.2) / both);
        }
        pools.push(pool);
    }
    let means = pools.iter().flat_map(|&(count, _, mean)| std::iter::repeat_n(mean, count));
    let mut offset = 0.0;
    for ((&node, gap), mean) in layer.iter().zip(gaps).zip(means) {
        offset += gap;
        at[node] = mean + offset;
    }
}
