//! What the shapes share: a formula, the point it was evaluated at last, and what is known there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wengert::NanOrigin;

use crate::compiled::Compiled;
use crate::error::{Error, same_length};
use crate::recorded::{Derive, Formula, Recorded};

/// How many branches are kept, unless [`Shape::keep_branches`](crate::Shape::keep_branches) sets another number.
pub(crate) const BRANCHES: usize = 16;

/// A formula with what was compiled of it.
#[derive(Clone)]
pub struct Core {
    formula: Formula,
    /// Variables, data, and further inputs of a product.
    inputs: Vec<f64>,
    variables: usize,
    data: usize,
    outputs: usize,
    /// One for each order. Each computes what the one before computes, and more.
    orders: Vec<Compiled>,
    products: Vec<Compiled>,
    /// The order that is computed at a new point: the highest that was asked for so far.
    wanted: usize,
    /// The order whose numbers are those at the variables in `inputs`.
    known: Option<usize>,
    most: usize,
    fixed: bool,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    evaluations: AtomicUsize,
    products: AtomicUsize,
    recordings: AtomicUsize,
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core")
            .field("variables", &self.variables)
            .field("data", &self.data)
            .field("outputs", &self.outputs)
            .field("orders", &self.orders)
            .field("products", &self.products)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl Core {
    pub(crate) fn new(
        formula: Formula,
        start: &[f64],
        data: &[f64],
        orders: &[Derive],
        products: &[Derive],
    ) -> Result<Core, Error> {
        let compiled = |derives: &[Derive]| derives.iter().map(|&derive| Compiled::new(derive)).collect();
        let mut core = Core {
            formula,
            inputs: [start, data].concat(),
            variables: start.len(),
            data: data.len(),
            outputs: 0,
            orders: compiled(orders),
            products: compiled(products),
            wanted: 0,
            known: None,
            most: BRANCHES,
            fixed: false,
            counts: Arc::default(),
        };
        let recorded = core.record()?;
        core.outputs = recorded.outputs.len();
        core.orders[0].add(&recorded, false)?;
        Ok(core)
    }

    pub(crate) fn variables(&self) -> usize {
        self.variables
    }

    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    pub(crate) fn data(&self) -> &[f64] {
        &self.inputs[self.variables..][..self.data]
    }

    pub(crate) fn set_data(&mut self, data: &[f64]) -> Result<(), Error> {
        same_length("numbers of data", self.data, data.len())?;
        self.replace(self.variables, data);
        Ok(())
    }

    pub(crate) fn evaluations(&self) -> usize {
        self.counts.evaluations.load(Ordering::Relaxed)
    }

    pub(crate) fn products(&self) -> usize {
        self.counts.products.load(Ordering::Relaxed)
    }

    pub(crate) fn recordings(&self) -> usize {
        self.counts.recordings.load(Ordering::Relaxed)
    }

    pub(crate) fn branches(&self) -> usize {
        self.orders.iter().chain(&self.products).map(Compiled::branches).max().unwrap_or(0)
    }

    pub(crate) fn keep_branches(&mut self, most: usize) {
        self.most = most;
        self.orders.iter_mut().chain(&mut self.products).for_each(|compiled| compiled.keep(most));
    }

    pub(crate) fn fix_patterns(&mut self) {
        self.fixed = true;
    }

    /// From the next point on, computes at least this order.
    pub(crate) fn want(&mut self, order: usize) {
        self.wanted = self.wanted.max(order);
    }

    /// The formula recorded at the point in `inputs`.
    fn record(&self) -> Result<Recorded, Error> {
        self.counts.recordings.fetch_add(1, Ordering::Relaxed);
        Recorded::at(&self.formula, &self.inputs[..self.variables], self.data())
    }

    /// Moves to a point, given in parts, unless it is the one in `inputs`.
    fn move_to(&mut self, point: &[&[f64]]) -> Result<(), Error> {
        same_length("variables", self.variables, point.iter().map(|part| part.len()).sum())?;
        let mut start = 0;
        for part in point {
            self.replace(start, part);
            start += part.len();
        }
        Ok(())
    }

    /// Sets inputs from `start` on. If they have the bits that they had, what is known stays known.
    fn replace(&mut self, start: usize, inputs: &[f64]) {
        let here = &mut self.inputs[start..start + inputs.len()];
        if here.iter().zip(inputs).any(|(here, there)| here.to_bits() != there.to_bits()) {
            self.known = None;
            here.copy_from_slice(inputs);
        }
    }

    /// What is known at a point, up to this order at least.
    pub(crate) fn at(&mut self, point: &[&[f64]], order: usize) -> Result<&Compiled, Error> {
        self.move_to(point)?;
        let known = match self.known {
            Some(known) if known >= order => known,
            _ => {
                self.known = None;
                self.inputs.truncate(self.variables + self.data);
                self.counts.evaluations.fetch_add(1, Ordering::Relaxed);
                let wanted = self.wanted.max(order);
                self.run(Kind::Order(wanted))?;
                self.wanted = wanted;
                *self.known.insert(wanted)
            }
        };
        Ok(&self.orders[known])
    }

    /// A product at a point, with a vector given in parts.
    pub(crate) fn product(&mut self, which: usize, point: &[&[f64]], vector: &[&[f64]]) -> Result<&Compiled, Error> {
        self.move_to(point)?;
        self.inputs.truncate(self.variables + self.data);
        vector.iter().for_each(|part| self.inputs.extend_from_slice(part));
        self.counts.products.fetch_add(1, Ordering::Relaxed);
        self.run(Kind::Product(which))?;
        Ok(&self.products[which])
    }

    /// Compiles the branch at a point for every order and product, unless it is there.
    pub(crate) fn visit(&mut self, point: &[&[f64]]) -> Result<(), Error> {
        self.move_to(point)?;
        self.known = None;
        for kind in (0..self.orders.len()).map(Kind::Order).chain((0..self.products.len()).map(Kind::Product)) {
            let further = kind.of(&mut self.orders, &mut self.products).further();
            self.inputs.truncate(self.variables + self.data);
            self.inputs.resize(self.variables + self.data + further, 0.0);
            if !kind.of(&mut self.orders, &mut self.products).eval(&self.inputs)? {
                let recorded = self.checked_recording()?;
                let compiled = kind.of(&mut self.orders, &mut self.products);
                compiled.add(&recorded, self.fixed)?;
                self.inputs.resize(self.variables + self.data + compiled.further(), 0.0);
                compiled.settle(&self.inputs, self.most)?;
            }
        }
        Ok(())
    }

    /// Evaluates at `inputs`, and records anew if no branch holds there.
    fn run(&mut self, kind: Kind) -> Result<(), Error> {
        if kind.of(&mut self.orders, &mut self.products).eval(&self.inputs)? {
            return Ok(());
        }
        let recorded = self.checked_recording()?;
        let compiled = kind.of(&mut self.orders, &mut self.products);
        compiled.add(&recorded, self.fixed)?;
        compiled.settle(&self.inputs, self.most)
    }

    fn checked_recording(&self) -> Result<Recorded, Error> {
        let recorded = self.record()?;
        match recorded.outputs.len() {
            given if given == self.outputs => Ok(recorded),
            given => Err(Error::Outputs { expected: self.outputs, given }),
        }
    }

    /// The first output that is not finite at a point, or has a derivative that is not, and why.
    pub(crate) fn explain_nan(&self, point: &[&[f64]]) -> Result<Option<(usize, NanOrigin)>, Error> {
        same_length("variables", self.variables, point.iter().map(|part| part.len()).sum())?;
        let recorded = Recorded::at(&self.formula, &point.concat(), self.data())?;
        for (output, &node) in recorded.outputs.iter().enumerate() {
            if let Some(origin) = recorded.graph.try_explain_nan(node)? {
                return Ok(Some((output, origin)));
            }
        }
        Ok(None)
    }
}

/// Which of the compiled results.
#[derive(Clone, Copy)]
enum Kind {
    Order(usize),
    Product(usize),
}

impl Kind {
    fn of<'c>(self, orders: &'c mut [Compiled], products: &'c mut [Compiled]) -> &'c mut Compiled {
        match self {
            Kind::Order(order) => &mut orders[order],
            Kind::Product(which) => &mut products[which],
        }
    }
}
