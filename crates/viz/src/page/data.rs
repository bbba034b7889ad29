//! What a page knows of its graph: numbers in columns, and every scope laid out with those within it
//! closed. `page/layout.js` opens them.

use std::collections::{BTreeMap, HashMap, HashSet};

use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use serde::Serialize;
use wengert::{Graph, Imm, NodeId, Op};

use super::{column, group};
use crate::Direction;
use crate::formula;
use crate::graph::{Drawing, Link, ScopeBox, Story, Value, Vertex};
use crate::label::{inline, short};
use crate::layout::{
    At, Block, Boxed, Card, Entry, Figure, Frame, Inner, Manner, Plan, Strand, Tree, figures, frame, main_axis,
};
use crate::look::colors::LEGEND;

/// So many values may enter or leave a block with a port each; more of them go in bundles.
const MOST_PORTS: usize = 12;
/// How many times layers are reordered for few crossings, at most: many blocks are laid out.
const ROUNDS: usize = 8;
/// Fewer blocks than this are not worth a thread.
const LEAST_PART: usize = 100;
/// A window that most will look into.
const WINDOW: At = [1280.0, 700.0];
/// Up to so many boxes are laid out in both directions.
const FEW: usize = 3_000;

/// The data of a page.
#[derive(Serialize)]
pub(crate) struct Data {
    title: String,
    note: Option<String>,
    story: Option<Told>,
    /// What each class of box stands for.
    legend: [(&'static str, &'static str); 5],
    count: usize,
    ops: Vec<OpData>,
    columns: Columns,
    keys: Option<Vec<usize>>,
    labels: BTreeMap<usize, String>,
    /// Derivatives that come from outside of the picture: of the output, in the first place.
    seeds: Vec<(usize, f64)>,
    /// Ways to lay all of it out; a page takes the one that suits its window.
    layouts: Vec<LayoutData>,
    /// Boxes that are no values.
    fixed: Vec<CardData>,
}

#[derive(Serialize)]
struct LayoutData {
    /// The axis along which values flow: 0 for x.
    main: usize,
    blocks: Vec<BlockData>,
}

/// Where a number that is not finite was born.
#[derive(Serialize)]
struct Told {
    text: String,
    node: Option<usize>,
}

/// An op with its immediates.
#[derive(Serialize)]
struct OpData {
    name: &'static str,
    caption: String,
    size: At,
    /// Over `@0`, `@1`, ..., and the local derivatives in each; `@r` is the result.
    formula: Option<String>,
    partials: Option<Vec<String>>,
    ordered: bool,
}

/// Little-endian numbers in base 64.
#[derive(Serialize)]
struct Columns {
    value: String,
    grad: String,
    op: String,
    flags: String,
    /// For each value the block that it stands in, and where its operands start.
    home: String,
    start: String,
    operand: String,
    partial: String,
    /// Of each box: where its last two cells start, and its size.
    shape: String,
}

#[derive(Serialize)]
struct CardData {
    class: &'static str,
    bad: bool,
    size: At,
    texts: Vec<(f64, f64, String, bool)>,
    rules: Vec<[f64; 4]>,
    hint: String,
}

#[derive(Serialize)]
struct BlockData {
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
fn short_place(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
}

impl CardData {
    fn new(card: &Card) -> CardData {
        CardData {
            class: card.class,
            bad: card.bad,
            size: card.size.map(short_place),
            texts: card
                .texts
                .iter()
                .map(|text| {
                    (
                        short_place(text.at[0]),
                        short_place(text.at[1]),
                        text.text.clone(),
                        text.faint,
                    )
                })
                .collect(),
            rules: card
                .rules
                .iter()
                .map(|(a, b)| [a[0], a[1], b[0], b[1]].map(short_place))
                .collect(),
            hint: card.hint.clone(),
        }
    }
}

/// The operands of each value, as far as they are shown.
struct Operands {
    start: Vec<u32>,
    operand: Vec<u32>,
}

pub(crate) fn data(drawing: &Drawing, title: &str, note: Option<String>, story: Option<&Story>) -> Data {
    let paths = group::paths(drawing);
    let plan = Plan {
        scopes: &|vertex, _| &paths[&vertex],
        most_ports: MOST_PORTS,
    };
    let tree = Tree::new(drawing, &plan);
    let figures = figures(drawing, &tree);
    let cards = closed_cards(drawing, &tree);
    // Where there are many, one direction has to do: the one in which the whole is larger in a window.
    let scale = |direction| {
        let [w, h] = lay_out(&tree, &figures, &cards, direction, 0..1)[0].size;
        (WINDOW[0] / w).min(WINDOW[1] / h)
    };
    let [ahead, down] = [Direction::LeftToRight, Direction::TopToBottom];
    let directions = match tree.boxes.len() {
        0..=FEW => vec![ahead, down],
        _ => vec![if scale(ahead) >= scale(down) { ahead } else { down }],
    };

    // Values by number; boxes of other kinds by theirs.
    let mut values: Vec<&Value> = Vec::new();
    let mut number = vec![usize::MAX; tree.boxes.len()];
    let mut fixed = Vec::new();
    for (k, (boxed, figure)) in tree.boxes.iter().zip(&figures).enumerate() {
        match &drawing[boxed.vertex] {
            Vertex::Value(value) => {
                number[k] = values.len();
                values.push(value);
            }
            _ => {
                number[k] = fixed.len();
                fixed.push(CardData::new(&figure.card));
            }
        }
    }
    let is_value: Vec<bool> = tree
        .boxes
        .iter()
        .map(|boxed| matches!(drawing[boxed.vertex], Vertex::Value(_)))
        .collect();
    let (ops, op_of) = ops(drawing, &tree);
    let operands = operands(drawing, &tree, &number);
    let partial = partials(drawing, &tree, &values, &operands);
    let seeds = seeds(&values, &operands, &partial);
    let by_key: HashMap<NodeId, usize> = values.iter().enumerate().map(|(k, value)| (value.id, k)).collect();
    let shapes = figures.iter().zip(&is_value).filter(|(_, is)| **is);
    let shape = shapes.map(|(figure, _)| {
        let card = &figure.card;
        let last = card.rules.len() - 1;
        let first = if last == 0 { 0.0 } else { card.rules[0].0[0] };
        [first, card.rules[last].0[0], card.size[0], card.size[1]].map(|x| x as f32)
    });
    let is_label = |card: &Card| card.rules.len() == 2;
    let labels = figures.iter().enumerate().filter(|(k, _)| is_value[*k]);
    let labels = labels.filter(|(_, figure)| is_label(&figure.card)).map(|(k, figure)| {
        let texts = &figure.card.texts;
        let lines: Vec<&str> = texts[..texts.len() - 2].iter().map(|text| &text.text[..]).collect();
        (number[k], lines.join("\n"))
    });
    let labels: BTreeMap<usize, String> = labels.collect();
    let contiguous = values.iter().enumerate().all(|(k, value)| value.id.index() == k);
    let homes = tree
        .homes
        .iter()
        .zip(&is_value)
        .filter(|(_, is)| **is)
        .map(|((block, _), _)| *block);
    let layout = |direction: Direction| {
        let frames = lay_out(&tree, &figures, &cards, direction, 0..tree.blocks.len());
        let blocks = tree.blocks.iter().zip(&frames).enumerate();
        LayoutData {
            main: main_axis(direction),
            blocks: blocks
                .map(|(at, (block, frame))| {
                    BlockData::new(&tree, at, block, frame, &cards[at], (&number, &is_value), direction)
                })
                .collect(),
        }
    };
    Data {
        title: short(title),
        note,
        story: story.map(|story| Told {
            text: story.text.clone(),
            node: by_key.get(&story.node).copied(),
        }),
        legend: LEGEND,
        count: values.len(),
        ops,
        columns: Columns {
            value: column(values.iter().map(|value| value.data.to_le_bytes())),
            grad: column(values.iter().map(|value| value.grad.to_le_bytes())),
            op: column(op_of.iter().map(|op| op.to_le_bytes())),
            flags: column(values.iter().map(|value| [flags(value)])),
            home: column(homes.map(|home| (home as u32).to_le_bytes())),
            start: column(operands.start.iter().map(|start| start.to_le_bytes())),
            operand: column(operands.operand.iter().map(|operand| operand.to_le_bytes())),
            partial: column(partial.iter().map(|partial| partial.to_le_bytes())),
            shape: column(shape.flatten().map(f32::to_le_bytes)),
        },
        keys: (!contiguous).then(|| values.iter().map(|value| value.id.index()).collect()),
        labels,
        seeds,
        layouts: directions.into_iter().map(layout).collect(),
        fixed,
    }
}

fn flags(value: &Value) -> u8 {
    let flag = |bit: u8, is: bool| u8::from(is) << bit;
    flag(0, value.wants_gradient) | flag(1, value.root) | flag(2, value.op == Op::Leaf) | flag(3, value.op == Op::Const)
}

/// How each block looks when it is closed.
fn closed_cards(drawing: &Drawing, tree: &Tree) -> Vec<Card> {
    let mut boxes: Vec<ScopeBox> = tree
        .blocks
        .iter()
        .map(|block| ScopeBox {
            path: block.path.clone(),
            nodes: 0,
            leaves: 0,
            outputs: Vec::new(),
            root: false,
        })
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
    boxes
        .into_iter()
        .map(|shown| Card::new(&Vertex::Scope(shown)))
        .collect()
}

/// The frames of blocks in which all inner blocks are closed.
fn lay_out(
    tree: &Tree,
    figures: &[Figure],
    cards: &[Card],
    direction: Direction,
    blocks: std::ops::Range<usize>,
) -> Vec<Frame> {
    let closed = |number: usize| {
        Some(Inner {
            size: cards[number].size,
            ports: Vec::new(),
        })
    };
    let manner = Manner {
        direction,
        wrap: f64::INFINITY,
        rounds: ROUNDS,
    };
    let one = |number: usize| frame(&merged(&tree.blocks[number]).0, figures, closed, manner);
    // Each block is for itself: on all cores, in parts that are joined in order.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let part = blocks.len().div_ceil(cores).max(LEAST_PART);
    let starts: Vec<usize> = blocks.clone().step_by(part).collect();
    std::thread::scope(|scope| {
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
fn merged(block: &Block) -> (Block, Vec<usize>) {
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
    fn new(
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
                // A box that is no value has no op and no shape.
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
            span: bones
                .span
                .iter()
                .flat_map(|&(left, right)| [short_place(left), short_place(right)])
                .collect(),
            entries,
            wires,
            strands: block.strands.iter().zip(wire_of).flat_map(strand).collect(),
        }
    }
}

/// The op of a box that is the result of one.
fn operation(drawing: &Drawing, boxed: &Boxed) -> Option<(Op, Imm)> {
    match &drawing[boxed.op?] {
        Vertex::Op(op) => Some((op.op, op.imm)),
        _ => None,
    }
}

/// Every op that occurs, with its immediates and how many operands it has; and for each value which.
fn ops(drawing: &Drawing, tree: &Tree) -> (Vec<OpData>, Vec<u16>) {
    let mut ops: Vec<OpData> = Vec::new();
    let mut known: HashMap<(Op, [u64; 2], usize), u16> = HashMap::new();
    let mut op_of = Vec::new();
    for boxed in &tree.boxes {
        let Vertex::Value(value) = &drawing[boxed.vertex] else {
            continue;
        };
        let (op, imm) = operation(drawing, boxed).unwrap_or((value.op, wengert::NO_IMM));
        let operands = boxed.op.map_or(0, |op| {
            let into = drawing.edges_directed(op, petgraph::Direction::Incoming);
            into.map(|edge| edge.weight().operands()).sum()
        });
        let key = (op, imm.map(f64::to_bits), operands);
        // More kinds than a number of 16 bits holds, and all that follow look like the last.
        let most = usize::from(u16::MAX);
        let index = *known.entry(key).or_insert_with(|| {
            if ops.len() < most {
                ops.push(OpData::new(op, imm, operands));
            }
            (ops.len() - 1) as u16
        });
        op_of.push(index);
    }
    (ops, op_of)
}

impl OpData {
    fn new(op: Op, imm: Imm, operands: usize) -> OpData {
        // What is longer than a line says less than its numbers.
        let line = |text: &String| text.len() <= 60;
        let few = (1..=3).contains(&operands);
        OpData {
            name: op.name(),
            caption: op.caption(imm),
            size: Card::of_op(op, imm).size,
            formula: few.then(|| formula::pattern(op, imm, operands)).filter(line),
            partials: few
                .then(|| formula::partials(op, imm, operands))
                .flatten()
                .filter(|partials| partials.iter().all(line)),
            ordered: operands > 1 && !op.is_symmetric(),
        }
    }
}

/// The operands of each value that are shown, in order.
fn operands(drawing: &Drawing, tree: &Tree, number: &[usize]) -> Operands {
    let mut start = vec![0];
    let mut operand = Vec::new();
    for boxed in &tree.boxes {
        if !matches!(drawing[boxed.vertex], Vertex::Value(_)) {
            continue;
        }
        if let Some(op) = boxed.op {
            let mut into: Vec<(usize, NodeIndex)> = drawing
                .edges_directed(op, petgraph::Direction::Incoming)
                .filter_map(|edge| match edge.weight() {
                    Link::Operand { position } => Some((*position, edge.source())),
                    _ => None,
                })
                .filter(|&(_, source)| matches!(drawing[source], Vertex::Value(_)))
                .collect();
            into.sort_unstable_by_key(|&(position, _)| position);
            operand.extend(
                into.iter()
                    .map(|(_, source)| number[tree.box_of[source.index()]] as u32),
            );
        }
        start.push(operand.len() as u32);
    }
    Operands { start, operand }
}

/// The local derivative of each value in each of its operands, by the engine; NaN where not all
/// operands are shown.
fn partials(drawing: &Drawing, tree: &Tree, values: &[&Value], operands: &Operands) -> Vec<f64> {
    let mut graph = Graph::new();
    let mark = graph.mark();
    let mut partial = Vec::with_capacity(operands.operand.len());
    let mut value = 0;
    for boxed in &tree.boxes {
        if !matches!(drawing[boxed.vertex], Vertex::Value(_)) {
            continue;
        }
        let of = &operands.operand[operands.start[value] as usize..operands.start[value + 1] as usize];
        value += 1;
        let Some((op, imm)) = operation(drawing, boxed) else {
            continue;
        };
        let into = boxed
            .op
            .map(|op| drawing.edges_directed(op, petgraph::Direction::Incoming));
        let all: usize = into.into_iter().flatten().map(|edge| edge.weight().operands()).sum();
        graph.rewind(mark);
        let leaves: Vec<NodeId> = of.iter().map(|&k| graph.leaf(values[k as usize].data)).collect();
        match graph.try_record(op, imm, &leaves) {
            Ok(result) if all == of.len() => {
                graph.backward(result);
                partial.extend(leaves.iter().map(|&leaf| graph.grad(leaf)));
            }
            _ => partial.extend(of.iter().map(|_| f64::NAN)),
        }
    }
    partial
}

/// What of each derivative does not come from what is shown: the seed of the output, and what flowed
/// back from outside.
fn seeds(values: &[&Value], operands: &Operands, partial: &[f64]) -> Vec<(usize, f64)> {
    let mut received = vec![(0.0f64, 0.0f64); values.len()];
    for k in (0..values.len()).rev() {
        let bar = values[k].grad;
        for at in operands.start[k] as usize..operands.start[k + 1] as usize {
            let part = if bar == 0.0 || partial[at] == 0.0 {
                0.0
            } else {
                bar * partial[at]
            };
            let sum = &mut received[operands.operand[at] as usize];
            *sum = (sum.0 + part, sum.1 + part.abs());
        }
    }
    let missing = |(k, (sum, size)): (usize, (f64, f64))| {
        let grad = values[k].grad;
        let rest = grad - sum;
        (rest.abs() > 1e-9 * size.max(grad.abs())).then_some((k, rest))
    };
    received.into_iter().enumerate().filter_map(missing).collect()
}
