//! Where everything stands: layers of boxes, wires that can be followed from one to the next, and
//! scopes as clusters (Sugiyama, Tagawa and Toda 1981, block by block).

mod card;
mod font;
mod frame;
mod layers;
mod order;
mod place;
mod rank;
mod route;
mod tree;
mod widths;
mod wrap;

pub(crate) use card::{Card, TEXT};
pub(crate) use font::{FAMILY, is_known, width};
pub(crate) use frame::{SMALL, TITLE_LINE, label};
pub(crate) use layers::{At, Step, Way};

use crate::Direction;
use crate::graph::{Drawing, Link, Vertex};
pub(crate) use frame::{Figure, Frame, Inner, Manner, frame, main_axis};
pub(crate) use tree::{Block, Boxed, Entry, Plan, Strand, Tree};

/// A box where it stands.
#[derive(Clone, Debug)]
pub(crate) struct PlacedCard {
    /// Its upper left corner.
    pub(crate) at: At,
    pub(crate) card: Card,
}

/// A value, with the op that it is the result of and the arrow between them; a collapsed scope; a
/// mark.
#[derive(Clone, Debug)]
pub(crate) struct PlacedFigure {
    pub(crate) card: PlacedCard,
    pub(crate) op: Option<PlacedCard>,
}

/// An open scope.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub(crate) at: At,
    pub(crate) size: At,
    pub(crate) title: Vec<String>,
}

/// A piece of a wire.
#[derive(Clone, Debug)]
pub(crate) struct PlacedWire {
    pub(crate) way: Way,
    /// The link that it draws, if it arrives at a box; `None` for a piece that ends at a port.
    pub(crate) link: Option<Link>,
    /// If the order of the operands matters: on which side of the wire, -1 or 1 along cross, its number has room; 0 on
    /// the wire.
    pub(crate) numbered: Option<f64>,
}

/// A picture whose every place is known.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) direction: Direction,
    pub(crate) size: At,
    pub(crate) figures: Vec<PlacedFigure>,
    /// Outer ones before those within them.
    pub(crate) clusters: Vec<Cluster>,
    pub(crate) wires: Vec<PlacedWire>,
}

/// How much narrower another way of drawing must be to be taken instead.
const NARROWER: f64 = 0.8;
/// How many times layers are reordered for few crossings, at most.
const ROUNDS: usize = 24;
/// The most wires, on average, that may turn at the end of a row.
const MOST_TURNS: f64 = 8.0;

/// Lays a drawing out: in the given direction, or in the one that suits a page of this width,
/// wrapped where it would be much too long.
pub(crate) fn lay_out(drawing: &Drawing, direction: Option<Direction>, page: f64) -> Layout {
    let plan = Plan { scopes: &|_, value| &value.scope, most_ports: usize::MAX };
    let tree = Tree::new(drawing, &plan);
    let figures = figures(drawing, &tree);
    let try_out = |direction, wrap| Attempt::new(&tree, &figures, direction, wrap);
    let attempt = match direction {
        Some(direction) => try_out(direction, f64::INFINITY),
        None => {
            let wide = try_out(Direction::LeftToRight, f64::INFINITY);
            if wide.width() <= page { wide } else { fitted(wide, try_out, page) }
        }
    };
    attempt.layout(drawing, &tree, &figures)
}

/// What each box shows.
pub(crate) fn figures(drawing: &Drawing, tree: &Tree) -> Vec<Figure> {
    let figure = |boxed: &Boxed| Figure {
        card: Card::new(&drawing[boxed.vertex]),
        op: boxed.op.map(|op| Card::new(&drawing[op])),
    };
    tree.boxes.iter().map(figure).collect()
}

/// The best way to draw what is too wide from left to right.
fn fitted(wide: Attempt, try_out: impl Fn(Direction, f64) -> Attempt, page: f64) -> Attempt {
    // Rows higher than a page is wide would not be read as rows.
    let low = wide.frames[0].size[1] <= page;
    let wrapped = low.then(|| try_out(Direction::LeftToRight, page));
    let turns =
        |wrapped: &Attempt| wrapped.frames[0].cut.map_or(f64::INFINITY, |(wires, rows)| wires as f64 / rows as f64);
    let wrapped = wrapped.filter(|wrapped| turns(wrapped) <= MOST_TURNS);
    // If only few wires turn, rows can be read line by line, like text.
    let text = |wrapped: &Attempt| turns(wrapped) <= 2.0 && wrapped.width() <= 1.2 * page;
    let wrapped = match wrapped {
        Some(wrapped) if text(&wrapped) => return wrapped,
        other => other,
    };
    let high = try_out(Direction::TopToBottom, f64::INFINITY);
    if high.width() <= page {
        return high;
    }
    let mut best = wide;
    for other in [high].into_iter().chain(wrapped) {
        if other.width() < NARROWER * best.width() {
            best = other;
        }
    }
    best
}

/// The frames of all blocks.
struct Attempt {
    direction: Direction,
    frames: Vec<Frame>,
}

impl Attempt {
    fn new(tree: &Tree, figures: &[Figure], direction: Direction, wrap: f64) -> Attempt {
        let mut frames: Vec<Option<Frame>> = vec![None; tree.blocks.len()];
        for number in (0..tree.blocks.len()).rev() {
            let inner = |number: usize| {
                let frame = frames[number].as_ref()?;
                Some(Inner::of(&tree.blocks[number], frame, direction))
            };
            // Ports are at both ends, so a row within a scope cannot be broken.
            let manner = Manner { direction, wrap: if number == 0 { wrap } else { f64::INFINITY }, rounds: ROUNDS };
            frames[number] = Some(frame(&tree.blocks[number], figures, inner, manner));
        }
        Attempt { direction, frames: frames.into_iter().flatten().collect() }
    }

    fn width(&self) -> f64 {
        self.frames[0].size[0]
    }

    /// All places from the upper left corner of the picture.
    fn layout(self, drawing: &Drawing, tree: &Tree, figures: &[Figure]) -> Layout {
        let direction = self.direction;
        let mut layout = Layout {
            direction,
            size: self.frames[0].size,
            figures: Vec::with_capacity(figures.len()),
            clusters: Vec::new(),
            wires: Vec::new(),
        };
        let sizes: Vec<At> = self.frames.iter().map(|frame| frame.size).collect();
        let mut corners = vec![[0.0; 2]; tree.blocks.len()];
        for (number, (block, frame)) in tree.blocks.iter().zip(self.frames).enumerate() {
            let corner: At = corners[number];
            let plus = |at: At| [corner[0] + at[0], corner[1] + at[1]];
            if number > 0 {
                layout.clusters.push(Cluster { at: corner, size: frame.size, title: frame.title.clone() });
            }
            for (entry, &center) in block.entries.iter().zip(&frame.centers) {
                match *entry {
                    Entry::Card(number) => {
                        let figure = &figures[number];
                        let size = figure.size(direction);
                        let at = plus([center[0] - 0.5 * size[0], center[1] - 0.5 * size[1]]);
                        let (op, card) = figure.corners(direction);
                        let place = |corner: At, card: &Card| PlacedCard {
                            at: [at[0] + corner[0], at[1] + corner[1]],
                            card: card.clone(),
                        };
                        layout.figures.push(PlacedFigure {
                            card: place(card, &figure.card),
                            op: figure.op.as_ref().map(|figure| place(op, figure)),
                        });
                    }
                    Entry::Block(number) => {
                        let size = sizes[number];
                        corners[number] = plus([center[0] - 0.5 * size[0], center[1] - 0.5 * size[1]]);
                    }
                    Entry::In | Entry::Out => {}
                }
            }
            for (strand, mut way) in block.strands.iter().zip(frame.ways) {
                way.places_mut().for_each(|at| *at = plus(*at));
                let numbered = match block.entries[strand.to.entry] {
                    Entry::Card(number) => {
                        let op = tree.boxes[number].op.map(|op| &drawing[op]);
                        let ordered = matches!(op, Some(Vertex::Op(op)) if op.order_matters());
                        let axis = 1 - main_axis(direction);
                        let aside = way.end()[axis] - plus(frame.centers[strand.to.entry])[axis];
                        ordered.then_some(if aside.abs() < 1.0 { 0.0 } else { aside.signum() })
                    }
                    _ => None,
                };
                layout.wires.push(PlacedWire { way, link: strand.link, numbered });
            }
        }
        layout
    }
}
