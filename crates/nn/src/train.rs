//! The loop: parameters are leaves at the bottom of a graph, a step is recorded above them, swept,
//! and dropped. Read `examples` next.

use wengert::{Expr, Graph, Mark, NodeId};

use crate::optimise::Optimiser;

/// Parameters and the graph that a loss of theirs is recorded in, step after step.
///
/// Knows nothing of nets: any loss of a list of parameters can be trained. From the second step
/// on nodes and adjoints need no new memory; what a step allocates is its list of expressions.
#[derive(Debug)]
pub struct Trainer {
    graph: Graph,
    leaves: Vec<NodeId>,
    mark: Mark,
    parameters: Vec<f64>,
    gradient: Vec<f64>,
}

impl Trainer {
    /// Starts from these values.
    ///
    /// # Panics
    /// Beyond the 2^28 nodes that a graph can hold.
    pub fn new(parameters: &[f64]) -> Trainer {
        let graph = Graph::new();
        let leaves = graph.leaves(parameters);
        let mark = graph.mark();
        let gradient = vec![0.0; parameters.len()];
        Trainer {
            graph,
            leaves,
            mark,
            parameters: parameters.to_vec(),
            gradient,
        }
    }

    /// The values of the parameters.
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    /// The derivative of the last loss in every parameter; 0 before the first.
    pub fn gradient(&self) -> &[f64] {
        &self.gradient
    }

    /// The graph, with what the last loss recorded.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The keys of the parameters, in order.
    pub fn leaves(&self) -> &[NodeId] {
        &self.leaves
    }

    /// Records the loss of the parameters as they are, sweeps back from it and gives its value.
    /// Drops what was recorded before.
    ///
    /// # Panics
    /// Where the graph is full.
    pub fn record<F>(&mut self, loss: F) -> f64
    where
        F: for<'g> FnOnce(&'g Graph, &[Expr<'g>]) -> Expr<'g>,
    {
        self.graph.rewind(self.mark);
        for (&leaf, &value) in self.leaves.iter().zip(&self.parameters) {
            self.graph.set(leaf, value);
        }
        let loss = loss(&self.graph, &self.graph.exprs(&self.leaves));
        loss.backward();
        let free = loss.graph().is_none();
        for (slope, &leaf) in self.gradient.iter_mut().zip(&self.leaves) {
            *slope = if free { 0.0 } else { self.graph.grad(leaf) };
        }
        loss.value()
    }

    /// The gradient, for those who know more of it than was recorded.
    pub(crate) fn gradient_mut(&mut self) -> &mut [f64] {
        &mut self.gradient
    }

    /// Moves the parameters by the gradient of the last recorded loss.
    pub fn update(&mut self, optimiser: &mut impl Optimiser) {
        optimiser.step(&mut self.parameters, &self.gradient);
    }

    /// One step of training: [`Trainer::record`], then [`Trainer::update`]. Gives the loss before
    /// the update.
    ///
    /// # Panics
    /// As [`Trainer::record`].
    pub fn step<F>(&mut self, optimiser: &mut impl Optimiser, loss: F) -> f64
    where
        F: for<'g> FnOnce(&'g Graph, &[Expr<'g>]) -> Expr<'g>,
    {
        let loss = self.record(loss);
        self.update(optimiser);
        loss
    }
}
