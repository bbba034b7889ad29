//! The order within each layer: neighbors near one another, few crossings, and the given order
//! wherever crossings leave a choice (Sugiyama, Tagawa and Toda 1981: barycenters).

use std::collections::HashMap;
use std::ops::RangeInclusive;

use super::layers::{Item, Wire};
use super::rank::{Ranks, ends};

/// A node of a layer: an item, or a place where a wire passes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub(crate) item: Option<usize>,
    pub(crate) rank: usize,
    /// How long it is along cross.
    pub(crate) cross: f64,
    /// The number of the item, or of the item that the wire comes from: the given order.
    key: usize,
}

/// A piece of a wire between neighboring layers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// Where it is attached, from the center of the node.
    pub(crate) leave: f64,
    pub(crate) arrive: Option<f64>,
}

/// The layers and what links them.
pub(crate) struct Net {
    pub(crate) nodes: Vec<Node>,
    pub(crate) links: Vec<Link>,
    /// For each node, the links that leave it, and those that arrive.
    pub(crate) out: Vec<Vec<usize>>,
    pub(crate) into: Vec<Vec<usize>>,
    /// The nodes of each layer in order.
    pub(crate) layers: Vec<Vec<usize>>,
    /// For each wire, the links that it is made of, from the lower layer to the higher. For a wire that runs against
    /// the layers, they lead past all its layers, those of its ends included.
    pub(crate) runs: Vec<Vec<usize>>,
    pub(crate) trunks: Vec<Trunk>,
}

/// The nodes where wires of one port pass, layer by layer, which should stand in a line.
#[derive(Clone)]
pub(crate) struct Trunk {
    pub(crate) nodes: Vec<usize>,
    /// The items that these wires link, and where they are attached to them.
    pub(crate) ends: Vec<(usize, f64)>,
}

/// The most rounds of sweeps without an improvement.
const PATIENCE: usize = 4;

impl Net {
    /// The layers in the given order.
    pub(crate) fn new(items: &[Item], wires: &[Wire], ranks: &Ranks) -> Net {
        let nodes: Vec<Node> = items
            .iter()
            .zip(&ranks.rank)
            .enumerate()
            .map(|(key, (item, &rank))| Node { item: Some(key), rank, cross: item.size[1], key })
            .collect();
        let depth = ranks.rank.iter().max().map_or(0, |&most| most + 1);
        let mut net = Net {
            out: vec![Vec::new(); nodes.len()],
            into: vec![Vec::new(); nodes.len()],
            nodes,
            links: Vec::new(),
            layers: vec![Vec::new(); depth],
            runs: Vec::with_capacity(wires.len()),
            trunks: Vec::new(),
        };
        // Wires that leave one port go through the same places.
        let mut trunks: HashMap<(usize, u64), Vec<usize>> = HashMap::new();
        let mut stretches: HashMap<(usize, usize), usize> = HashMap::new();
        for (wire, &flipped) in wires.iter().zip(&ranks.flipped) {
            let (from, to) = ends(wire, flipped);
            if flipped {
                net.pass_back(from, to, ranks.rank[from]..=ranks.rank[to]);
                continue;
            }
            let (leave, arrive) = (wire.from.port, wire.to.port);
            let leave = leave.unwrap_or(0.0);
            let trunk = trunks.entry((from, leave.to_bits())).or_insert_with(|| vec![from]);
            let last = ranks.rank[to] - ranks.rank[from];
            let mut run = Vec::with_capacity(last);
            for step in 1..=last {
                let leave = if step == 1 { leave } else { 0.0 };
                if step == last {
                    run.push(net.link(trunk[step - 1], to, leave, arrive));
                    break;
                }
                if trunk.len() == step {
                    trunk.push(net.pass(ranks.rank[from] + step, from));
                }
                let (a, b) = (trunk[step - 1], trunk[step]);
                let known = stretches.get(&(a, b)).copied();
                run.push(known.unwrap_or_else(|| {
                    let link = net.link(a, b, leave, Some(0.0));
                    stretches.insert((a, b), link);
                    link
                }));
            }
            net.runs.push(run);
        }
        let trunks = trunks.into_values().filter(|trunk| trunk.len() > 1);
        let mut trunks: Vec<Trunk> = trunks.map(|trunk| net.trunk(&trunk[1..])).collect();
        net.trunks.append(&mut trunks);
        sort_by_number(&mut net.trunks, |trunk| trunk.nodes[0] as f64);
        for (index, node) in net.nodes.iter().enumerate() {
            net.layers[node.rank].push(index);
        }
        for layer in &mut net.layers {
            sort_by_number(layer, |&node| net.nodes[node].key as f64);
        }
        net
    }

    /// A place where the wire of an item passes through a layer.
    fn pass(&mut self, rank: usize, key: usize) -> usize {
        self.nodes.push(Node { item: None, rank, cross: 0.0, key });
        self.out.push(Vec::new());
        self.into.push(Vec::new());
        self.nodes.len() - 1
    }

    /// Leads a wire that runs against the layers past all of them, its ends' included.
    fn pass_back(&mut self, first: usize, last: usize, ranks: RangeInclusive<usize>) {
        let nodes: Vec<usize> = ranks.map(|rank| self.pass(rank, first)).collect();
        let links = nodes.windows(2).map(|pair| self.link(pair[0], pair[1], 0.0, Some(0.0)));
        let run = links.collect();
        self.runs.push(run);
        let ends = vec![(first, 0.0), (last, 0.0)];
        self.trunks.push(Trunk { nodes, ends });
    }

    /// The line of nodes that stand between items.
    fn trunk(&self, nodes: &[usize]) -> Trunk {
        let into = nodes.iter().flat_map(|&node| &self.into[node]).map(|&link| {
            let link = &self.links[link];
            (link.from, link.leave)
        });
        let out = nodes.iter().flat_map(|&node| &self.out[node]).map(|&link| {
            let link = &self.links[link];
            (link.to, link.arrive.unwrap_or(0.0))
        });
        Trunk {
            nodes: nodes.to_vec(),
            ends: into.chain(out).filter(|&(node, _)| self.nodes[node].item.is_some()).collect(),
        }
    }

    fn link(&mut self, from: usize, to: usize, leave: f64, arrive: Option<f64>) -> usize {
        let index = self.links.len();
        self.links.push(Link { from, to, leave, arrive });
        self.out[from].push(index);
        self.into[to].push(index);
        index
    }

    /// Reorders the layers for few crossings, in at most `rounds` rounds of sweeps.
    pub(crate) fn order(&mut self, rounds: usize) {
        let mut place = vec![0.0; self.nodes.len()];
        let number = |place: &mut Vec<f64>, layers: &[Vec<usize>]| {
            for layer in layers {
                for (at, &node) in layer.iter().enumerate() {
                    place[node] = at as f64;
                }
            }
        };
        number(&mut place, &self.layers);
        let mut best = (self.crossings(&place), self.layers.clone());
        let mut idle = 0;
        for round in 0..rounds {
            if best.0 == 0 || idle == PATIENCE {
                break;
            }
            // Backwards first: a value should stand beside what uses it.
            for backwards in [round % 2 == 0, round % 2 == 1] {
                self.sweep(&mut place, backwards);
            }
            self.swap(&mut place);
            let crossings = self.crossings(&place);
            idle += 1;
            if crossings < best.0 {
                (best, idle) = ((crossings, self.layers.clone()), 0);
            }
        }
        self.layers = best.1;
    }

    /// Puts each layer in the order of the mean places of its neighbors, those after it (or before).
    fn sweep(&mut self, place: &mut [f64], backwards: bool) {
        let depth = self.layers.len();
        for step in 0..depth {
            let at = if backwards { depth - 1 - step } else { step };
            let mut layer = std::mem::take(&mut self.layers[at]);
            sort_by_number(&mut layer, |&node| {
                let near = self.neighbors(node, backwards, place);
                let (sum, count) = near.fold((0.0, 0usize), |(sum, count), x| (sum + x, count + 1));
                if count == 0 { place[node] } else { sum / count as f64 }
            });
            for (at, &node) in layer.iter().enumerate() {
                place[node] = at as f64;
            }
            self.layers[at] = layer;
        }
    }

    /// Exchanges neighbors of a layer wherever that has fewer crossings.
    fn swap(&mut self, place: &mut [f64]) {
        for at in 0..self.layers.len() {
            // Nothing else moves meanwhile, so what a node is linked to is sorted once.
            let links = |&node: &usize| {
                let sides = [false, true].map(|after| {
                    let mut near: Vec<f64> = self.neighbors(node, after, place).collect();
                    near.sort_unstable_by(f64::total_cmp);
                    near
                });
                (node, sides)
            };
            let mut layer: Vec<(usize, [Vec<f64>; 2])> = self.layers[at].iter().map(links).collect();
            for _ in 0..3 {
                let mut changed = false;
                for k in 1..layer.len() {
                    let (left, right) = (&layer[k - 1].1, &layer[k].1);
                    let crossings = |left: &[Vec<f64>; 2], right: &[Vec<f64>; 2]| {
                        inversions(&left[0], &right[0]) + inversions(&left[1], &right[1])
                    };
                    if crossings(right, left) < crossings(left, right) {
                        layer.swap(k - 1, k);
                        changed = true;
                    }
                }
                if !changed {
                    break;
                }
            }
            for (k, (slot, (node, _))) in self.layers[at].iter_mut().zip(layer).enumerate() {
                *slot = node;
                place[node] = k as f64;
            }
        }
    }

    /// Where the neighbors of a node stand in the layer after it, or before it: their places, and
    /// within them how far from the center the wire is attached.
    fn neighbors<'a>(&'a self, node: usize, after: bool, place: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        let links = if after { &self.out[node] } else { &self.into[node] };
        links.iter().map(move |&link| {
            let link = &self.links[link];
            let (node, offset) = if after { (link.to, link.arrive.unwrap_or(0.0)) } else { (link.from, link.leave) };
            place[node] + offset / (2.0 * self.nodes[node].cross).max(1.0)
        })
    }

    /// How many pairs of links cross.
    fn crossings(&self, place: &[f64]) -> usize {
        let mut total = 0;
        for layer in &self.layers {
            let mut ends: Vec<(f64, f64)> = Vec::new();
            for &node in layer {
                for &link in &self.out[node] {
                    let link = &self.links[link];
                    let of = |node: usize, offset: f64| place[node] + offset / (2.0 * self.nodes[node].cross).max(1.0);
                    ends.push((of(link.from, link.leave), of(link.to, link.arrive.unwrap_or(0.0))));
                }
            }
            ends.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
            let mut seconds: Vec<f64> = ends.into_iter().map(|(_, second)| second).collect();
            total += sort_counting(&mut seconds);
        }
        total
    }
}

/// Sorts by a number, and leaves those with the same number in their order. (A sort by any key would be compiled anew for
/// each caller.)
pub(crate) fn sort_by_number<T: Clone>(items: &mut Vec<T>, number: impl Fn(&T) -> f64) {
    let mut order: Vec<(f64, usize)> = items.iter().map(number).zip(0..).collect();
    sort_pairs(&mut order);
    *items = order.into_iter().map(|(_, k)| items[k].clone()).collect();
}

fn sort_pairs(pairs: &mut [(f64, usize)]) {
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
}

/// How many pairs of one of `left` and one of `right`, both sorted, are out of order.
fn inversions(left: &[f64], right: &[f64]) -> usize {
    let mut below = 0;
    let mut total = 0;
    for x in left {
        while below < right.len() && right[below] < *x {
            below += 1;
        }
        total += below;
    }
    total
}

/// Sorts, and counts the pairs that were out of order.
fn sort_counting(numbers: &mut [f64]) -> usize {
    let middle = numbers.len() / 2;
    if middle == 0 {
        return 0;
    }
    let (left, right) = numbers.split_at_mut(middle);
    let mut total = sort_counting(left) + sort_counting(right);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut a, mut b) = (left.iter().peekable(), right.iter().peekable());
    loop {
        match (a.peek(), b.peek()) {
            (Some(x), Some(y)) if y < x => {
                total += a.len();
                merged.extend(b.next());
            }
            (Some(_), _) => merged.extend(a.next()),
            (None, Some(_)) => merged.extend(b.next()),
            (None, None) => break,
        }
    }
    let merged: Vec<f64> = merged.into_iter().copied().collect();
    numbers.copy_from_slice(&merged);
    total
}
