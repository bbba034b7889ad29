//! What stands in a box, and how large the box is.

use super::font::{advance, width};
use super::layers::At;
use crate::graph::{Operation, ScopeBox, Value, Vertex};
use crate::label::{inline, lines};
use crate::words::{MOST_OUTPUTS, class, counted, counted_leaves, gradient, grouped, number};

/// The size of text in boxes.
pub(crate) const TEXT: f64 = 11.0;
/// From one line of text to the next.
const LINE: f64 = 14.0;
/// Around text.
const PAD: f64 = 8.0;
/// The most operands that the tooltip of an op lists.
const MOST_OPERANDS: usize = 12;
/// The longest line of a label.
const LONGEST: f64 = 220.0;

/// A line of text, centered at `at`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Text {
    pub(crate) at: At,
    pub(crate) text: String,
    /// Whether it is less important than the others, and so drawn faint.
    pub(crate) faint: bool,
}

/// A box with text; places are from its upper left corner.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Card {
    /// Its class in the style sheet.
    pub(crate) class: &'static str,
    /// Whether a number in it is not finite.
    pub(crate) bad: bool,
    pub(crate) size: At,
    pub(crate) texts: Vec<Text>,
    /// Lines between cells, from where to where.
    pub(crate) rules: Vec<(At, At)>,
    /// Its tooltip.
    pub(crate) hint: String,
}

impl Card {
    /// The card of a vertex.
    pub(crate) fn new(vertex: &Vertex) -> Card {
        match vertex {
            Vertex::Value(value) => Card::value(value),
            Vertex::Op(op) => Card::op(op),
            Vertex::Scope(scope) => Card::scope(scope),
            Vertex::Cut { operands } => Card::cut(*operands),
        }
    }

    /// Cells side by side: the label, the value, the derivative.
    fn value(value: &Value) -> Card {
        let mut cells = vec![vec![format!("data {}", number(value.data))], vec![format!("grad {}", gradient(value))]];
        if let Some(label) = &value.label {
            cells.insert(0, lines(label, LONGEST, |c| TEXT * advance(c)));
        }
        let most = cells.iter().map(Vec::len).max().unwrap_or(1) as f64;
        let height = LINE * most + 12.0;
        let (mut texts, mut rules) = (Vec::new(), Vec::new());
        let mut x = 0.0;
        for cell in cells {
            if x > 0.0 {
                rules.push(([x, 0.0], [x, height]));
            }
            let widest = cell.iter().map(|line| width(line, TEXT)).fold(0.0, f64::max);
            let wide = widest + 2.0 * PAD;
            let top = 0.5 * (height - LINE * cell.len() as f64);
            for (k, text) in cell.into_iter().enumerate() {
                texts.push(Text { at: [x + 0.5 * wide, top + LINE * (k as f64 + 0.5)], text, faint: false });
            }
            x += wide;
        }
        Card { class: class(value), bad: value.is_bad(), size: [x, height], texts, rules, hint: hint(value) }
    }

    fn op(op: &Operation) -> Card {
        let mut operands: Vec<String> = op.operands.iter().take(MOST_OPERANDS).map(ToString::to_string).collect();
        if op.operands.len() > MOST_OPERANDS {
            operands.push(format!("… {} more", grouped(op.operands.len() - MOST_OPERANDS)));
        }
        let hint = format!("{} = {}({})", op.id, op.name(), operands.join(", "));
        Card { hint, ..Card::of_op(op.caption()) }
    }

    /// The card of an op with this caption, whatever node it computes.
    pub(crate) fn of_op(text: String) -> Card {
        let wide = (width(&text, TEXT) + 14.0).max(24.0);
        Card {
            class: "op",
            bad: false,
            size: [wide, 24.0],
            texts: vec![Text { at: [0.5 * wide, 12.0], text, faint: false }],
            rules: Vec::new(),
            hint: String::new(),
        }
    }

    /// Rows: the name, how much is in it, what it yields.
    fn scope(scope: &ScopeBox) -> Card {
        let name = scope.path.last().map_or("", String::as_str);
        let mut rows = lines(name, LONGEST, |c| TEXT * advance(c));
        let titles = rows.len();
        let mut counts = counted(scope.nodes, "node");
        if scope.leaves > 0 {
            counts += &format!(" · {}", counted_leaves(scope.leaves));
        }
        rows.push(counts);
        for value in scope.outputs.iter().take(MOST_OUTPUTS) {
            let numbers = format!("data {}  grad {}", number(value.data), gradient(value));
            match &value.label {
                Some(label) => {
                    rows.extend(lines(&format!("{}  {numbers}", inline(label)), LONGEST, |c| TEXT * advance(c)))
                }
                None => rows.push(numbers),
            }
        }
        if scope.outputs.len() > MOST_OUTPUTS {
            rows.push(format!("… {} more", grouped(scope.outputs.len() - MOST_OUTPUTS)));
        }
        let wide = rows.iter().map(|row| width(row, TEXT)).fold(0.0, f64::max) + 2.0 * PAD + 4.0;
        let height = LINE * rows.len() as f64 + 16.0;
        let under_title = LINE * titles as f64 + 7.0;
        Card {
            class: if scope.root { "scope output-scope" } else { "scope" },
            bad: scope.outputs.iter().any(Value::is_bad),
            size: [wide, height],
            rules: vec![([0.0, under_title], [wide, under_title])],
            texts: rows
                .into_iter()
                .enumerate()
                .map(|(k, text)| Text {
                    at: [0.5 * wide, LINE * (k as f64 + 0.5) + if k < titles { 4.0 } else { 11.0 }],
                    text,
                    faint: k == titles,
                })
                .collect(),
            hint: format!("{}: {}", inline(&scope.path.join("/")), counted(scope.nodes, "node")),
        }
    }

    fn cut(operands: usize) -> Card {
        let text = match operands {
            1 => "…".to_owned(),
            _ => format!("… {} operands", grouped(operands)),
        };
        let wide = width(&text, TEXT) + 8.0;
        Card {
            class: "cut",
            bad: false,
            size: [wide, 20.0],
            texts: vec![Text { at: [0.5 * wide, 10.0], text, faint: true }],
            rules: Vec::new(),
            hint: "not shown".to_owned(),
        }
    }
}

/// All digits, and where it was recorded.
fn hint(value: &Value) -> String {
    let mut hint = value.id.to_string();
    if let Some(label) = &value.label {
        hint += &format!(" {}", inline(label));
    }
    hint += &format!(": {}, data {}", inline(value.op_name()), value.data);
    if value.wants_gradient {
        hint += &format!(", grad {}", value.grad);
    }
    if !value.scope.is_empty() {
        hint += &format!(", in {}", inline(&value.scope.join("/")));
    }
    hint
}
