//! What is laid out in layers: items of a size, wires between them, and the places of both. It does not depend on
//! values, scopes or pictures.
//!
//! Two axes: values flow along `main`; the items of a layer stand side by side along `cross`.

/// A place: main, cross.
pub(crate) type At = [f64; 2];

/// Whether an item must stand in the first layer or the last, which then hold such items alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pin {
    #[default]
    Free,
    First,
    Last,
}

/// Something that takes room. Items are given in the order that they should keep where it does
/// not matter to the wires.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Item {
    /// How long it is along each axis.
    pub(crate) size: At,
    pub(crate) pin: Pin,
    /// How far from its center, along cross, wires without a port may arrive.
    pub(crate) spread: f64,
    /// How far apart such wires arrive where there is room.
    pub(crate) apart: f64,
    /// Half the height of the round end that wires arrive at; 0 for a straight one.
    pub(crate) round: f64,
}

/// An end of a wire.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct End {
    pub(crate) item: usize,
    /// Where along cross it is attached, from the center of the item; none where any place will do.
    pub(crate) port: Option<f64>,
}

/// A wire. Those that leave the same end share their way for as long as they can.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire {
    pub(crate) from: End,
    pub(crate) to: End,
    /// How much room along main its label takes before its target.
    pub(crate) room: f64,
}

/// Distances.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spacing {
    /// Between layers at least.
    pub(crate) layers: f64,
    /// Between items of a layer.
    pub(crate) items: f64,
    /// Between wires that pass through a layer.
    pub(crate) wires: f64,
    /// The least extent of the whole.
    pub(crate) least: At,
    /// Layers that are longer than this continue in another row below.
    pub(crate) wrap: f64,
    /// How many times the layers are reordered, at most, to have fewer crossings.
    pub(crate) rounds: usize,
}

/// One step of a wire's way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Step {
    /// Straight to there.
    Line(At),
    /// To there on a curve that starts and ends along main.
    Curve(At),
    /// Straight to there, where it turns a rounded corner.
    Turn(At),
}

impl Step {
    pub(crate) fn end(self) -> At {
        match self {
            Step::Line(at) | Step::Curve(at) | Step::Turn(at) => at,
        }
    }

    pub(crate) fn end_mut(&mut self) -> &mut At {
        match self {
            Step::Line(at) | Step::Curve(at) | Step::Turn(at) => at,
        }
    }
}

/// The way of a wire.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Way {
    pub(crate) start: At,
    pub(crate) steps: Vec<Step>,
}

impl Way {
    pub(crate) fn end(&self) -> At {
        self.steps.last().map_or(self.start, |step| step.end())
    }

    /// Every place that it names.
    pub(crate) fn places_mut(&mut self) -> impl Iterator<Item = &mut At> {
        std::iter::once(&mut self.start).chain(self.steps.iter_mut().map(Step::end_mut))
    }
}

/// The places of everything.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    /// The center of each item.
    pub(crate) centers: Vec<At>,
    /// The way of each wire, in the direction of the wire.
    pub(crate) ways: Vec<Way>,
    /// Everything lies between 0 and this.
    pub(crate) extent: At,
    /// If the layers were wrapped: how many wires continue in another row, and how many row breaks there are.
    pub(crate) cut: Option<(usize, usize)>,
    pub(crate) bones: Bones,
}

/// What the paths of wires are computed from, for a page, which computes them again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bones {
    /// The layer of each item.
    pub(crate) rank: Vec<usize>,
    /// From where to where each layer reaches along main.
    pub(crate) span: Vec<(f64, f64)>,
    /// For each wire, where along cross it passes through each layer between its ends; one that
    /// runs back passes through those of its ends too.
    pub(crate) passes: Vec<Vec<f64>>,
    /// For each wire, how far from the center of its target it arrives.
    pub(crate) arrive: Vec<f64>,
    /// Which wires run back.
    pub(crate) flipped: Vec<bool>,
}
