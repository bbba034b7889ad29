//! Which layer each item stands in: the one after everything that flows into it (longest paths); sources stand right
//! before what uses them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::layers::{Item, Pin, Wire};

/// Layers, and which wires run against them because they close a cycle.
pub(crate) struct Ranks {
    pub(crate) rank: Vec<usize>,
    pub(crate) flipped: Vec<bool>,
}

/// Ranks the items from 0. Every wire leads to a higher rank, or to a lower one if it is flipped.
/// O((items + wires) log items).
pub(crate) fn ranks(items: &[Item], wires: &[Wire]) -> Ranks {
    let (order, flipped) = topological(items.len(), wires);
    let mut targets = vec![Vec::new(); items.len()];
    let mut sources = vec![0usize; items.len()];
    for (wire, &flipped) in wires.iter().zip(&flipped) {
        let (from, to) = ends(wire, flipped);
        targets[from].push(to);
        sources[to] += 1;
    }
    let base = usize::from(items.iter().any(|item| item.pin == Pin::First));
    let mut rank: Vec<usize> = items.iter().map(|item| if item.pin == Pin::First { 0 } else { base }).collect();
    for &item in &order {
        for &to in &targets[item] {
            rank[to] = rank[to].max(rank[item] + 1);
        }
    }
    for &item in order.iter().rev() {
        if sources[item] == 0 && items[item].pin == Pin::Free {
            let next = targets[item].iter().map(|&to| rank[to]).min();
            rank[item] = next.map_or(rank[item], |next| next - 1);
        }
    }
    let last =
        items.iter().zip(&rank).filter(|(item, _)| item.pin != Pin::Last).map(|(_, &rank)| rank + 1).max().unwrap_or(0);
    for (item, rank) in items.iter().zip(&mut rank) {
        if item.pin == Pin::Last {
            *rank = last;
        }
    }
    Ranks { rank, flipped }
}

/// The ends of a wire in the direction of the layers.
pub(crate) fn ends(wire: &Wire, flipped: bool) -> (usize, usize) {
    match flipped {
        false => (wire.from.item, wire.to.item),
        true => (wire.to.item, wire.from.item),
    }
}

/// The items in topological order, lower numbers first where there is a choice; and which wires still lead back.
fn topological(count: usize, wires: &[Wire]) -> (Vec<usize>, Vec<bool>) {
    let mut waits = vec![0usize; count];
    let mut targets = vec![Vec::new(); count];
    for wire in wires {
        targets[wire.from.item].push(wire.to.item);
        waits[wire.to.item] += 1;
    }
    let mut ready: BinaryHeap<Reverse<usize>> = (0..count).filter(|&item| waits[item] == 0).map(Reverse).collect();
    let mut place = vec![usize::MAX; count];
    let mut order = Vec::with_capacity(count);
    let mut oldest = 0;
    while order.len() < count {
        let item = match ready.pop() {
            Some(Reverse(item)) => item,
            // The rest is in cycles or after them: its first item comes next.
            None => {
                while place[oldest] != usize::MAX {
                    oldest += 1;
                }
                oldest
            }
        };
        if place[item] != usize::MAX {
            continue;
        }
        place[item] = order.len();
        order.push(item);
        for &to in &targets[item] {
            waits[to] -= 1;
            if waits[to] == 0 && place[to] == usize::MAX {
                ready.push(Reverse(to));
            }
        }
    }
    let flipped = wires.iter().map(|wire| place[wire.from.item] > place[wire.to.item]);
    let flipped = flipped.collect();
    (order, flipped)
}
