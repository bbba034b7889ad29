//! The training loop. Parameters are the first leaves of a graph. Each step records a loss after them, sweeps
//! back, and drops what it recorded.

use wengert::{Expr, Graph, Mark, NodeId};

use crate::error::{Error, expect};
use crate::train::optimizer::Optimizer;

/// Parameters, and the graph in which their loss is recorded, step after step.
///
/// Any loss of a list of parameters can be trained. From the second step on, nodes and adjoints need no new
/// memory; a step allocates only its list of expressions.
///
/// ```
/// use wengert_nn::{Sgd, Trainer};
///
/// let mut trainer = Trainer::new(&[0.0]);
/// let mut optimizer = Sgd::new(0.25);
/// for _ in 0..40 {
///     trainer.step(&mut optimizer, |_, x| (x[0] - 3.0).powi(2));
/// }
/// assert!((trainer.parameters()[0] - 3.0).abs() < 1e-9);
/// ```
#[derive(Debug)]
pub struct Trainer {
    graph: Graph,
    leaves: Vec<NodeId>,
    mark: Mark,
    parameters: Vec<f64>,
    gradient: Vec<f64>,
}

impl Trainer {
    /// Starts from these values of the parameters.
    ///
    /// ```
    /// assert_eq!(wengert_nn::Trainer::new(&[3.0]).parameters(), [3.0]);
    /// ```
    ///
    /// # Panics
    /// Where there are more parameters than the 2^28 nodes that a graph can hold.
    #[track_caller]
    pub fn new(parameters: &[f64]) -> Trainer {
        let graph = Graph::new();
        let leaves = graph.leaves(parameters);
        let mark = graph.mark();
        let gradient = vec![0.0; parameters.len()];
        Trainer { graph, leaves, mark, parameters: parameters.to_vec(), gradient }
    }

    /// The values of the parameters.
    ///
    /// ```
    /// assert_eq!(wengert_nn::Trainer::new(&[3.0]).parameters(), [3.0]);
    /// ```
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    /// The derivative of the last loss with respect to each parameter; 0 before the first loss.
    ///
    /// ```
    /// let mut trainer = wengert_nn::Trainer::new(&[3.0]);
    /// trainer.record(|_, p| p[0] * p[0]);
    /// assert_eq!(trainer.gradient(), [6.0]);
    /// ```
    pub fn gradient(&self) -> &[f64] {
        &self.gradient
    }

    /// The graph, with what the last loss recorded.
    ///
    /// ```
    /// let mut trainer = wengert_nn::Trainer::new(&[3.0]);
    /// trainer.record(|_, p| p[0] * p[0]);
    /// assert_eq!(trainer.graph().len(), 2);
    /// ```
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The keys of the parameters, in order.
    ///
    /// ```
    /// let trainer = wengert_nn::Trainer::new(&[3.0]);
    /// assert_eq!(trainer.graph().value(trainer.leaves()[0]), 3.0);
    /// ```
    pub fn leaves(&self) -> &[NodeId] {
        &self.leaves
    }

    /// Records the loss at the current parameters, sweeps back, and returns the value of the loss. Drops what
    /// was recorded before.
    ///
    /// ```
    /// let mut trainer = wengert_nn::Trainer::new(&[2.0, 5.0]);
    /// assert_eq!(trainer.record(|_, p| p[0] * p[1]), 10.0);
    /// assert_eq!(trainer.gradient(), [5.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// Where the loss is an expression of another graph, where the sweep back fails, and where the graph is full.
    #[track_caller]
    pub fn record<F>(&mut self, loss: F) -> f64
    where
        F: for<'g> FnOnce(&'g Graph, &[Expr<'g>]) -> Expr<'g>,
    {
        expect(self.try_record(loss))
    }

    /// As [`Trainer::record`].
    ///
    /// # Errors
    /// [`Error::ForeignLoss`]; [`Error::Sweep`] where a function of the user's own ([`wengert::External`]) has no derivative
    /// there. The parameters and the gradient are as before.
    ///
    /// # Panics
    /// Where the graph is full.
    pub fn try_record<F>(&mut self, loss: F) -> Result<f64, Error>
    where
        F: for<'g> FnOnce(&'g Graph, &[Expr<'g>]) -> Expr<'g>,
    {
        self.record_checked(|graph, parameters| Ok(loss(graph, parameters)))
    }

    /// The value of a loss at the current parameters, without its gradient: [`Trainer::gradient`] stays as it is. Drops
    /// what was recorded before.
    ///
    /// ```
    /// use wengert_nn::Trainer;
    ///
    /// let mut trainer = Trainer::new(&[3.0]);
    /// assert_eq!(trainer.value(|_, parameters| parameters[0] * parameters[0])?, 9.0);
    /// assert_eq!(trainer.gradient(), [0.0]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::ForeignLoss`].
    ///
    /// # Panics
    /// Where the graph is full.
    pub fn value<F>(&mut self, loss: F) -> Result<f64, Error>
    where
        F: for<'g> FnOnce(&'g Graph, &[Expr<'g>]) -> Expr<'g>,
    {
        self.value_checked(|graph, parameters| Ok(loss(graph, parameters)))
    }

    /// As [`Trainer::value`], of a loss that may fail.
    pub(crate) fn value_checked<F>(&mut self, loss: F) -> Result<f64, Error>
    where
        F: for<'g> FnOnce(&'g Graph, &[Expr<'g>]) -> Result<Expr<'g>, Error>,
    {
        self.begin();
        Ok(of_graph(&self.graph, loss(&self.graph, &self.graph.exprs(&self.leaves))?)?.value())
    }

    /// Drops what was recorded, and gives the leaves their values.
    fn begin(&mut self) {
        self.graph.rewind(self.mark);
        for (&leaf, &value) in self.leaves.iter().zip(&self.parameters) {
            self.graph.set(leaf, value);
        }
    }

    /// As [`Trainer::try_record`], of a loss that may fail.
    pub(crate) fn record_checked<F>(&mut self, loss: F) -> Result<f64, Error>
    where
        F: for<'g> FnOnce(&'g Graph, &[Expr<'g>]) -> Result<Expr<'g>, Error>,
    {
        self.begin();
        let loss = of_graph(&self.graph, loss(&self.graph, &self.graph.exprs(&self.leaves))?)?;
        let free = loss.graph().is_none();
        if !free {
            self.graph.try_backward(loss.id())?;
        }
        for (slope, &leaf) in self.gradient.iter_mut().zip(&self.leaves) {
            *slope = if free { 0.0 } else { self.graph.grad(leaf) };
        }
        Ok(loss.value())
    }

    /// Sets the parameters, for example to those of training that is resumed.
    ///
    /// ```
    /// let mut trainer = wengert_nn::Trainer::new(&[3.0]);
    /// trainer.set_parameters(&[2.0])?;
    /// assert_eq!(trainer.record(|_, p| p[0] * p[0]), 4.0);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Parameters`] where there are more or fewer; they are as before.
    pub fn set_parameters(&mut self, parameters: &[f64]) -> Result<(), Error> {
        let (expected, given) = (self.parameters.len(), parameters.len());
        if expected != given {
            return Err(Error::Parameters { expected, given });
        }
        self.parameters.copy_from_slice(parameters);
        Ok(())
    }

    /// The gradient, so that slopes computed elsewhere can be added to it.
    pub(crate) fn gradient_mut(&mut self) -> &mut [f64] {
        &mut self.gradient
    }

    /// Takes a step of the optimizer by the gradient of the last recorded loss.
    ///
    /// ```
    /// use wengert_nn::{Sgd, Trainer};
    ///
    /// let mut trainer = Trainer::new(&[3.0]);
    /// trainer.record(|_, p| p[0] * p[0]);
    /// trainer.update(&mut Sgd::new(0.5));
    /// assert_eq!(trainer.parameters(), [0.0]);
    /// ```
    ///
    /// # Panics
    /// Where the optimizer refuses the step: see [`Optimizer::step`].
    #[track_caller]
    pub fn update(&mut self, optimizer: &mut impl Optimizer) {
        expect(self.try_update(optimizer));
    }

    /// As [`Trainer::update`].
    ///
    /// # Errors
    /// Those of [`Optimizer::try_step`]; the parameters and the optimizer are as before.
    pub fn try_update(&mut self, optimizer: &mut impl Optimizer) -> Result<(), Error> {
        optimizer.try_step(&mut self.parameters, &self.gradient)
    }

    /// One step of training: [`Trainer::record`], then [`Trainer::update`]. Returns the loss before the
    /// update.
    ///
    /// ```
    /// use wengert_nn::{Sgd, Trainer};
    ///
    /// let mut trainer = Trainer::new(&[3.0]);
    /// assert_eq!(trainer.step(&mut Sgd::new(0.5), |_, p| p[0] * p[0]), 9.0);
    /// assert_eq!(trainer.parameters(), [0.0]);
    /// ```
    ///
    /// # Panics
    /// As [`Trainer::record`] and [`Trainer::update`].
    #[track_caller]
    pub fn step<F>(&mut self, optimizer: &mut impl Optimizer, loss: F) -> f64
    where
        F: for<'g> FnOnce(&'g Graph, &[Expr<'g>]) -> Expr<'g>,
    {
        expect(self.try_step(optimizer, loss))
    }

    /// As [`Trainer::step`].
    ///
    /// # Errors
    /// Those of [`Trainer::try_record`] and [`Trainer::try_update`]; the parameters are as before.
    pub fn try_step<F>(&mut self, optimizer: &mut impl Optimizer, loss: F) -> Result<f64, Error>
    where
        F: for<'g> FnOnce(&'g Graph, &[Expr<'g>]) -> Expr<'g>,
    {
        let loss = self.try_record(loss)?;
        self.try_update(optimizer)?;
        Ok(loss)
    }
}

/// The expression, if it is of this graph or a free constant.
pub(crate) fn of_graph<'g>(graph: &Graph, x: Expr<'g>) -> Result<Expr<'g>, Error> {
    match x.graph() {
        Some(other) if !std::ptr::eq(graph, other) => Err(Error::ForeignLoss),
        _ => Ok(x),
    }
}
