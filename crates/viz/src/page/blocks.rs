//! Blocks of a page, each laid out with those within it closed.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::thread;

use serde::Serialize;
use wengert::Op;

use crate::Direction;
use crate::graph::{Drawing, Link, ScopeBox, Vertex};
use crate::label::inline;
use crate::layout::{At, Block, Card, Entry, Figure, Frame, Inner, Manner, Strand, Tree, frame, main_axis};

/// How many times layers are reordered for few crossings, at most: many blocks are laid out.
const ROUNDS: usize = 8;
/// Fewer blocks than this are not worth a thread.
const LEAST_PART: usize = 100;

#[derive(Serialize)]
pub(super) struct CardData {
    class: &'static str,
    bad: bool,
    size: At,
    texts: Vec<(f64, f64, String, bool)>,
    rules: Vec<[f64; 4]>,
    hint: String,
}

#[derive(Serialize)]
pub(super) struct BlockData {
    name: String,
    parent: Option<(usize, usize)>,
    /// How it looks when it is closed.
    card: CardData,
    /// How large it is when it is open, with all within it closed.
    size: At,
    title: Vec<String>,
    /// From where to where each layer reaches along main.
    span: Vec<f64>,
    /// For each entry: kind, number, layer, center along cross.
    entries: Vec<f64>,
    /// For each wire: where it arrives from the center of its target, whether it runs back, how many
    /// layers it passes through, and where.
    wires: Vec<f64>,
    /// From which entry and port (or -1) to which, along which wire, which operand it is (or
    /// -1), and how many operands flow along it.
    strands: Vec<i64>,
}

/// A place to a tenth of a pixel: that is fewer characters.
pub(super) fn short_place(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
}

impl CardData {
    pub(super) fn new(card: &Card) -> CardData {
        CardData {
            class: card.class,
            bad: card.bad,
            size: card.size.map(short_place),
            texts: card
                .texts
                .iter()
                .map(|text| (short_place(text.at[0]), short_place(text.at[1]), text.text.clone(), text.faint))
                .collect(),
            rules: card.rules.iter().map(|(a, b)| [a[0], a[1], b[0], b[1]].map(short_place)).collect(),
            hint: card.hint.clone(),
        }
    }
}

/// How each block looks when it is closed.
pub(super) fn closed_cards(drawing: &Drawing, tree: &Tree) -> Vec<Card> {
    let mut boxes: Vec<ScopeBox> = tree
        .blocks
        .iter()
        .map(|block| ScopeBox { path: block.path.clone(), nodes: 0, leaves: 0, outputs: Vec::new(), root: false })
        .collect();
    let mut yields: Vec<HashSet<usize>> = vec![HashSet::new(); boxes.len()];
    for ends in drawing.edge_indices().filter_map(|edge| tree.ends(drawing, edge)) {
        tree.crossed(ends, |block, out| {
            if out {
                yields[block].insert(ends[0]);
            }
        });
    }
    for (number, boxed) in tree.boxes.iter().enumerate() {
        let Vertex::Value(value) = &drawing[boxed.vertex] else {
            continue;
        };
        let mut block = tree.homes[number].0;
        while block > 0 {
            let shown = &mut boxes[block];
            shown.nodes += 1;
            shown.leaves += usize::from(value.op == Op::Leaf);
            shown.root |= value.root;
            if value.root || yields[block].contains(&number) {
                shown.outputs.push(value.clone());
            }
            block = tree.parent(block).0;
        }
    }
    boxes.into_iter().map(|shown| Card::new(&Vertex::Scope(shown))).collect()
}

/// The frames of blocks in which all inner blocks are closed.
pub(super) fn lay_out(
    tree: &Tree,
    figures: &[Figure],
    cards: &[Card],
    direction: Direction,
    blocks: Range<usize>,
) -> Vec<Frame> {
    let closed = |number: usize| Some(Inner { size: cards[number].size, ports: Vec::new() });
    let manner = Manner { direction, wrap: f64::INFINITY, rounds: ROUNDS };
    let one = |number: usize| frame(&merged(&tree.blocks[number]).0, figures, closed, manner);
    // Blocks do not depend on each other, so they are laid out on all cores, in parts that are joined in order.
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let part = blocks.len().div_ceil(cores).max(LEAST_PART);
    let starts: Vec<usize> = blocks.clone().step_by(part).collect();
    thread::scope(|scope| {
        let parts: Vec<_> = starts
            .into_iter()
            .map(|start| scope.spawn(move || (start..blocks.end.min(start + part)).map(one).collect::<Vec<Frame>>()))
            .collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// The block with all wires between the same two entries as one, where one of them is a block; and
/// for each of its strands which wire that is.
pub(super) fn merged(block: &Block) -> (Block, Vec<usize>) {
    let mut wires: Vec<Strand> = Vec::new();
    let mut known: HashMap<(usize, usize), usize> = HashMap::new();
    let is_block = |entry: usize| matches!(block.entries[entry], Entry::Block(_));
    let wire_of = block
        .strands
        .iter()
        .map(|strand| {
            let ends = (strand.from.entry, strand.to.entry);
            let shared = is_block(ends.0) || is_block(ends.1);
            if let Some(&wire) = known.get(&ends).filter(|_| shared) {
                wires[wire].operands += strand.operands;
                return wire;
            }
            wires.push(*strand);
            known.insert(ends, wires.len() - 1);
            wires.len() - 1
        })
        .collect();
    let block = block.with_strands(wires);
    (block, wire_of)
}

impl BlockData {
    pub(super) fn new(
        tree: &Tree,
        at: usize,
        block: &Block,
        frame: &Frame,
        card: &Card,
        (number, values): (&[usize], &[bool]),
        direction: Direction,
    ) -> BlockData {
        let across = 1 - main_axis(direction);
        let bones = &frame.bones;
        let mut entries = Vec::with_capacity(4 * block.entries.len());
        for (k, entry) in block.entries.iter().enumerate() {
            let (kind, of) = match *entry {
                // A box that is not a value has no op and no shape.
                Entry::Card(card) if values[card] => (0, number[card]),
                Entry::Card(card) => (4, number[card]),
                Entry::Block(block) => (1, block),
                Entry::In => (2, 0),
                Entry::Out => (3, 0),
            };
            entries.extend([kind as f64, of as f64, bones.rank[k] as f64]);
            entries.push(short_place(frame.centers[k][across]));
        }
        let mut wires = Vec::new();
        for (k, passes) in bones.passes.iter().enumerate() {
            let back = f64::from(u8::from(bones.flipped[k]));
            wires.extend([short_place(bones.arrive[k]), back, passes.len() as f64]);
            wires.extend(passes.iter().map(|&cross| short_place(cross)));
        }
        let (_, wire_of) = merged(block);
        let port = |port: Option<usize>| port.map_or(-1, |port| port as i64);
        let strand = |(strand, wire): (&Strand, usize)| {
            let (from, to) = (strand.from, strand.to);
            [
                from.entry as i64,
                port(from.port),
                to.entry as i64,
                port(to.port),
                wire as i64,
                match strand.link {
                    Some(Link::Operand { position }) => position as i64,
                    _ => -1,
                },
                strand.operands as i64,
            ]
        };
        BlockData {
            name: inline(block.path.last().map_or("", String::as_str)),
            parent: (at > 0).then(|| tree.parent(at)),
            card: CardData::new(card),
            size: frame.size.map(short_place),
            title: frame.title.clone(),
            span: bones.span.iter().flat_map(|&(left, right)| [short_place(left), short_place(right)]).collect(),
            entries,
            wires,
            strands: block.strands.iter().zip(wire_of).flat_map(strand).collect(),
        }
    }
}
