//! A block laid out: its items in layers, room around them, a title above.

use super::card::{Card, TEXT};
use super::font::{advance, width};
use super::layers::{At, Bones, End, Item, Pin, Placed, Spacing, Step, Way, Wire};
use super::order::Net;
use super::place::places;
use super::rank::ranks;
use super::route::placed;
use super::tree::{Block, Entry, Strand, Tip};
use crate::Direction;
use crate::graph::Link;
use crate::label::lines;
use crate::words::grouped;

/// The size of text beside wires.
pub(crate) const SMALL: f64 = 9.0;
/// From one line of a title to the next.
pub(crate) const TITLE_LINE: f64 = 14.0;
/// Around what a cluster holds.
const PAD: f64 = 12.0;
/// Between an op and its value.
const RESULT: f64 = 16.0;
const LONGEST_TITLE: f64 = 260.0;
/// About how many nodes are put in order, over all rounds: large blocks get few rounds.
const WORK: usize = 150_000;

/// A box of the picture: a value with its op, a collapsed scope, a mark.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) card: Card,
    pub(crate) op: Option<Card>,
}

impl Figure {
    /// How much room it takes, along x and y.
    pub(crate) fn size(&self, direction: Direction) -> At {
        let [w, h] = self.card.size;
        match (&self.op, direction) {
            (None, _) => [w, h],
            (Some(op), Direction::LeftToRight) => [op.size[0] + RESULT + w, op.size[1].max(h)],
            (Some(op), Direction::TopToBottom) => [op.size[0].max(w), op.size[1] + RESULT + h],
        }
    }

    /// The upper left corners of the op and of the card, from that of the whole.
    pub(crate) fn corners(&self, direction: Direction) -> (At, At) {
        let size = self.size(direction);
        let Some(op) = &self.op else {
            return ([0.0; 2], [0.0; 2]);
        };
        let middle = |axis: usize, of: At| 0.5 * (size[axis] - of[axis]);
        match direction {
            Direction::LeftToRight => ([0.0, middle(1, op.size)], [op.size[0] + RESULT, middle(1, self.card.size)]),
            Direction::TopToBottom => ([middle(0, op.size), 0.0], [middle(0, self.card.size), op.size[1] + RESULT]),
        }
    }
}

/// A block laid out, in places from its upper left corner.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) size: At,
    pub(crate) title: Vec<String>,
    /// The center of each entry.
    pub(crate) centers: Vec<At>,
    /// The way of each strand.
    pub(crate) ways: Vec<Way>,
    /// If it was wrapped: how many wires continue in another row, and how many row breaks there are.
    pub(crate) cut: Option<(usize, usize)>,
    pub(crate) bones: Bones,
}

/// How blocks are laid out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    pub(crate) direction: Direction,
    /// How long a block may be before it continues in another row.
    pub(crate) wrap: f64,
    /// How many times layers are reordered, at most.
    pub(crate) rounds: usize,
}

/// Lays out a block whose inner blocks are laid out already.
pub(crate) fn frame(
    block: &Block,
    figures: &[Figure],
    inner: impl Fn(usize) -> Option<Inner>,
    manner: Manner,
) -> Frame {
    let direction = manner.direction;
    let title = match block.path.last() {
        Some(name) => lines(name, LONGEST_TITLE, |c| TEXT * advance(c)),
        None => Vec::new(),
    };
    let title_size = [title.iter().map(|line| width(line, TEXT)).fold(0.0, f64::max), TITLE_LINE * title.len() as f64];
    let inside = !block.path.is_empty();
    // The room at the upper left and at the lower right. Ports lie on the border along main.
    let (mut before, mut after) = ([0.0; 2], [0.0; 2]);
    if inside {
        (before, after) = ([PAD; 2], [PAD; 2]);
        before[1] += title_size[1] + 2.0;
    }
    let main = main_axis(direction);
    let has = |entry: Entry| block.entries.contains(&entry);
    // Where wires enter, no padding is added: they start at the border, below the title.
    if has(Entry::In) {
        before[main] = [0.0, title_size[1] + 2.0][main];
    }
    if has(Entry::Out) {
        after[main] = 0.0;
    }
    let turned = |[x, y]: At| match direction {
        Direction::LeftToRight => [x, y],
        Direction::TopToBottom => [y, x],
    };
    let entries: Vec<Option<Inner>> = block
        .entries
        .iter()
        .map(|entry| match *entry {
            Entry::Block(number) => inner(number),
            _ => None,
        })
        .collect();
    let items: Vec<Item> = block
        .entries
        .iter()
        .zip(&entries)
        .map(|(entry, inner)| match (*entry, inner) {
            (Entry::Card(number), _) => item_of(&figures[number], direction),
            (Entry::Block(_), Some(inner)) => Item {
                size: turned(inner.size),
                spread: 0.4 * turned(inner.size)[1],
                apart: [14.0, 34.0][main],
                ..Item::default()
            },
            (Entry::In, _) => Item { pin: Pin::First, ..Item::default() },
            _ => Item { pin: Pin::Last, ..Item::default() },
        })
        .collect();
    let end = |tip: Tip| End {
        item: tip.entry,
        port: match (&entries[tip.entry], tip.port) {
            (Some(inner), Some(port)) => inner.ports.get(port).copied().flatten(),
            _ => None,
        },
    };
    // What is written beside a wire: also where it ends at a closed block.
    let beside = |strand: &Strand| {
        let closed = entries[strand.to.entry].as_ref().is_some_and(|inner| inner.ports.is_empty());
        let bundle = closed.then_some(Link::Bundle { operands: strand.operands });
        label(&strand.link.or(bundle)?)
    };
    let wires: Vec<Wire> = block
        .strands
        .iter()
        .map(|strand| Wire {
            from: end(strand.from),
            to: end(strand.to),
            room: beside(strand).map_or(0.0, |text| match direction {
                Direction::LeftToRight => width(&text, SMALL) + 6.0,
                Direction::TopToBottom => SMALL + 6.0,
            }),
        })
        .collect();
    let least = match inside {
        true => [title_size[0] + 2.0 * PAD - before[0] - after[0], 0.0],
        false => [0.0; 2],
    };
    let least = turned(least).map(|least| least.max(0.0));
    let spacing = Spacing {
        layers: match direction {
            Direction::LeftToRight => 30.0,
            Direction::TopToBottom => 24.0,
        },
        items: 14.0,
        wires: 8.0,
        least,
        wrap: manner.wrap,
        rounds: manner.rounds,
    };
    let mut placed = layered(&items, &wires, &spacing);
    for center in &mut placed.centers {
        *center = turned(*center);
    }
    for at in placed.ways.iter_mut().flat_map(Way::places_mut) {
        *at = turned(*at);
    }
    let shifted = |at: &mut At| (0..2).for_each(|axis| at[axis] += before[axis]);
    placed.centers.iter_mut().for_each(shifted);
    placed.ways.iter_mut().flat_map(Way::places_mut).for_each(shifted);
    for span in &mut placed.bones.span {
        *span = (span.0 + before[main], span.1 + before[main]);
    }
    placed.bones.passes.iter_mut().flatten().for_each(|cross| *cross += before[1 - main]);
    let extent = turned(placed.extent);
    if main == 1 {
        for (way, strand) in placed.ways.iter_mut().zip(&block.strands) {
            let begins = way.start[1] <= before[1];
            if begins && block.entries[strand.from.entry] == Entry::In {
                way.steps.insert(0, Step::Line(way.start));
                way.start[1] = 0.0;
            }
        }
    }
    Frame {
        size: [0, 1].map(|axis| extent[axis] + before[axis] + after[axis]),
        title,
        centers: placed.centers,
        ways: placed.ways,
        cut: placed.cut,
        bones: placed.bones,
    }
}

/// What a block needs to know of one within it.
pub(crate) struct Inner {
    pub(crate) size: At,
    /// For each entry of it that is a port, how far from its center it is.
    pub(crate) ports: Vec<Option<f64>>,
}

impl Inner {
    /// Of a block that is open.
    pub(crate) fn of(block: &Block, frame: &Frame, direction: Direction) -> Inner {
        let across = 1 - main_axis(direction);
        let port = |(entry, center): (&Entry, &At)| {
            matches!(entry, Entry::In | Entry::Out).then(|| center[across] - 0.5 * frame.size[across])
        };
        Inner { size: frame.size, ports: block.entries.iter().zip(&frame.centers).map(port).collect() }
    }
}

/// The axis along which values flow.
pub(crate) fn main_axis(direction: Direction) -> usize {
    match direction {
        Direction::LeftToRight => 0,
        Direction::TopToBottom => 1,
    }
}

/// What is written beside a wire.
pub(crate) fn label(link: &Link) -> Option<String> {
    match *link {
        Link::Bundle { operands } if operands > 1 => Some(format!("×{}", grouped(operands))),
        _ => None,
    }
}

fn item_of(figure: &Figure, direction: Direction) -> Item {
    let [w, h] = figure.size(direction);
    let across = |card: &Card| card.size[1 - main_axis(direction)];
    let (spread, apart, round) = match (&figure.op, direction) {
        // The border of an op is a half circle at both ends along x.
        (Some(op), Direction::LeftToRight) => (0.3 * across(op), 7.0, 0.5 * across(op)),
        (Some(op), Direction::TopToBottom) => (0.5 * (across(op) - op.size[1]) + 5.0, 7.0, 0.0),
        // Leaves room for a label beside each wire.
        (None, Direction::LeftToRight) => (0.4 * across(&figure.card), SMALL + 5.0, 0.0),
        (None, Direction::TopToBottom) => (0.4 * across(&figure.card), 30.0, 0.0),
    };
    Item {
        size: match direction {
            Direction::LeftToRight => [w, h],
            Direction::TopToBottom => [h, w],
        },
        pin: Pin::Free,
        spread,
        apart,
        round,
    }
}

fn layered(items: &[Item], wires: &[Wire], spacing: &Spacing) -> Placed {
    let ranks = ranks(items, wires);
    let mut net = Net::new(items, wires, &ranks);
    net.order(spacing.rounds.min((WORK / net.nodes.len().max(1)).max(1)));
    let cross = places(&net, spacing);
    placed(items, wires, &ranks, &mut net, cross, spacing)
}
