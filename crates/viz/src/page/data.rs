//! The data of a page: numbers in columns, and every scope laid out with those within it closed. `graph/layout.js`
//! opens them.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use wengert::{NodeId, Op};

use super::blocks::{BlockData, CardData, closed_cards, lay_out};
use super::values::{OpData, operands, ops, partials, seeds};
use super::{column, group};
use crate::Direction;
use crate::graph::{Drawing, Story, Value, Vertex};
use crate::label::short;
use crate::layout::{At, Card, Plan, Tree, figures, main_axis};
use crate::look::colors::LEGEND;

/// The most values that enter or leave a block by ports of their own; more of them go in bundles.
const MOST_PORTS: usize = 12;
/// A typical window size.
const WINDOW: At = [1280.0, 700.0];
/// The most boxes that are laid out in both directions.
const FEW: usize = 3_000;

/// The data of a page.
#[derive(Serialize)]
pub(crate) struct Data {
    title: String,
    note: Option<String>,
    story: Option<Told>,
    /// What each class of box means.
    legend: [(&'static str, &'static str); 5],
    count: usize,
    ops: Vec<OpData>,
    columns: Columns,
    keys: Option<Vec<usize>>,
    labels: BTreeMap<usize, String>,
    /// Derivatives that come from outside the picture, such as the seed of the output.
    seeds: Vec<(usize, f64)>,
    /// Ways to lay all of it out; a page takes the one that suits its window.
    layouts: Vec<LayoutData>,
    /// Boxes that are not values.
    fixed: Vec<CardData>,
}

#[derive(Serialize)]
struct LayoutData {
    /// The axis along which values flow: 0 for x.
    main: usize,
    blocks: Vec<BlockData>,
}

/// Where a number that is not finite began.
#[derive(Serialize)]
struct Told {
    text: String,
    node: Option<usize>,
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

pub(crate) fn data(drawing: &Drawing, title: &str, note: Option<String>, story: Option<&Story>) -> Data {
    let paths = group::paths(drawing);
    let plan = Plan { scopes: &|vertex, _| &paths[&vertex], most_ports: MOST_PORTS };
    let tree = Tree::new(drawing, &plan);
    let figures = figures(drawing, &tree);
    let cards = closed_cards(drawing, &tree);
    // With many boxes, only one direction is laid out: the one in which the whole is shown larger in a window.
    let scale = |direction| {
        let [w, h] = lay_out(&tree, &figures, &cards, direction, 0..1)[0].size;
        (WINDOW[0] / w).min(WINDOW[1] / h)
    };
    let [ahead, down] = [Direction::LeftToRight, Direction::TopToBottom];
    let directions = match tree.boxes.len() {
        0..=FEW => vec![ahead, down],
        _ => vec![if scale(ahead) >= scale(down) { ahead } else { down }],
    };

    // Numbers the values, and separately the boxes of other kinds.
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
    let is_value: Vec<bool> =
        tree.boxes.iter().map(|boxed| matches!(drawing[boxed.vertex], Vertex::Value(_))).collect();
    let (ops, op_of) = ops(drawing, &tree);
    let by_key: HashMap<NodeId, usize> = values.iter().enumerate().map(|(k, value)| (value.id, k)).collect();
    let operands = operands(drawing, &tree, &by_key);
    let partial = partials(drawing, &tree, &values, &operands);
    let seeds = seeds(&values, &operands, &partial);
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
    let homes = tree.homes.iter().zip(&is_value).filter(|(_, is)| **is).map(|((block, _), _)| *block);
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
        story: story.map(|story| Told { text: story.text.clone(), node: by_key.get(&story.node).copied() }),
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
