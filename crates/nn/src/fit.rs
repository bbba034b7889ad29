//! Training on examples, in either of two ways: recording every step, or running a program. Read
//! `optimize` next.

use std::fmt;

use smallvec::SmallVec;
use wengert::{Expr, Graph};
use wengert_program::Program;

use crate::compiled::Compiled;
use crate::error::Error;
use crate::examples::{Batch, Examples};
use crate::optimizer::Optimizer;
use crate::train::{Trainer, of_graph};

/// How a step of training gets at its loss and slopes. Both ways agree to rounding: they add up
/// examples in different orders, each always in the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// Records every example at every step and sweeps back: on one core, for losses of any kind.
    Eager,
    /// Compiles the loss of one example once, and runs it at all examples of a batch: many at a
    /// time, on all cores. The loss may look at no value while it is recorded: what
    /// [`Expr::value`](wengert::Expr::value) decides, as the index of a class, would be decided for all
    /// examples by one, and not noticed. Comparisons of expressions that it makes are checked at every example, and one that comes out otherwise is an error.
    /// `relu`, `abs`, `max` and `select` decide anew everywhere and are free of that.
    Compiled,
}

/// No penalty: what [`Fit::new`] begins with.
pub type NoPenalty = for<'g> fn(&[Expr<'g>]) -> Expr<'g>;

/// Parameters that learn from examples: a [`Trainer`] that knows its loss.
///
/// What is made small is the mean over a batch of a loss of the parameters and one example, plus
/// a penalty that depends on the parameters alone.
pub struct Fit<L, P = NoPenalty> {
    trainer: Trainer,
    compiled: Option<Compiled>,
    width: usize,
    loss: L,
    penalty: P,
}

impl<L> Fit<L>
where
    L: for<'g> Fn(&[Expr<'g>], &[Expr<'g>]) -> Expr<'g>,
{
    /// Starts from these values of the parameters. `loss(parameters, example)` is the loss of one
    /// example, whose numbers it gets as they stand in `examples`. The compiled way records it
    /// here, at the first of them.
    ///
    /// # Errors
    /// [`Error::Compiled`] where the loss is too large for a program, or depends on a leaf of its
    /// own; [`Error::ForeignLoss`] where it is of another graph. Never the eager way, which records
    /// nothing yet.
    ///
    /// # Panics
    /// Beyond the 2^28 nodes that a graph can hold, and where `loss` does.
    pub fn new(way: Way, parameters: &[f64], examples: &Examples, loss: L) -> Result<Fit<L>, Error> {
        let compiled = match way {
            Way::Eager => None,
            Way::Compiled => Some(Compiled::new(parameters, examples.all(), &loss)?),
        };
        Ok(Fit {
            trainer: Trainer::new(parameters),
            compiled,
            width: examples.width(),
            loss,
            penalty: |_| Expr::from(0.0),
        })
    }
}

impl<L, P> Fit<L, P>
where
    L: for<'g> Fn(&[Expr<'g>], &[Expr<'g>]) -> Expr<'g>,
    P: for<'g> Fn(&[Expr<'g>]) -> Expr<'g>,
{
    /// With this penalty in place of the one before, [`l2`](crate::l2) for one. It is recorded at
    /// every step, either way.
    pub fn penalty<Q>(self, penalty: Q) -> Fit<L, Q>
    where
        Q: for<'g> Fn(&[Expr<'g>]) -> Expr<'g>,
    {
        Fit {
            trainer: self.trainer,
            compiled: self.compiled,
            width: self.width,
            loss: self.loss,
            penalty,
        }
    }

    /// On so many threads, rather than one for each core. Changes no bit, and nothing of the
    /// eager way.
    pub fn threads(mut self, threads: usize) -> Fit<L, P> {
        if let Some(compiled) = &mut self.compiled {
            compiled.threads(threads);
        }
        self
    }

    /// The values of the parameters.
    pub fn parameters(&self) -> &[f64] {
        self.trainer.parameters()
    }

    /// The derivative of the last loss in every parameter; 0 before the first.
    pub fn gradient(&self) -> &[f64] {
        self.trainer.gradient()
    }

    /// The graph, with what the last loss recorded: all of it the eager way, the penalty alone the
    /// compiled way.
    pub fn graph(&self) -> &Graph {
        self.trainer.graph()
    }

    /// The program of the compiled way: the sums over the examples of the loss and of its slopes.
    pub fn program(&self) -> Option<&Program> {
        self.compiled.as_ref().map(Compiled::program)
    }

    /// The loss of the parameters as they are over a batch; its gradient is there then.
    ///
    /// # Errors
    /// [`Error::Columns`] where the batch has other columns than the first examples had;
    /// [`Error::Compiled`] where a comparison comes out otherwise than when the loss was compiled;
    /// [`Error::ForeignLoss`] where the loss or the penalty is of another graph.
    /// The parameters and the gradient are as before.
    ///
    /// # Panics
    /// Where the graph is full.
    pub fn record(&mut self, batch: Batch<'_>) -> Result<f64, Error> {
        self.check_width(batch)?;
        let share = 1.0 / batch.len() as f64;
        let Fit {
            trainer, loss, penalty, ..
        } = self;
        let Some(compiled) = &mut self.compiled else {
            return trainer.record_checked(|graph, parameters| {
                Ok(mean(graph, parameters, batch, loss)? + of_graph(graph, penalty(parameters))?)
            });
        };
        let (sum, slopes) = compiled.run(trainer.parameters(), batch)?;
        let penalty = trainer.try_record(|_, parameters| penalty(parameters))?;
        for (slope, more) in trainer.gradient_mut().iter_mut().zip(slopes) {
            *slope += more * share;
        }
        Ok(sum * share + penalty)
    }

    /// The loss of the parameters as they are over a batch, without its gradient: for examples that nothing is
    /// learned from. [`Fit::gradient`] stays as it is.
    ///
    /// The compiled way compiles the loss once more, without slopes, the first time.
    ///
    /// # Errors
    /// As [`Fit::record`].
    ///
    /// # Panics
    /// As [`Fit::record`].
    pub fn loss(&mut self, batch: Batch<'_>) -> Result<f64, Error> {
        self.check_width(batch)?;
        let share = 1.0 / batch.len() as f64;
        let Fit {
            trainer, loss, penalty, ..
        } = self;
        let Some(compiled) = &mut self.compiled else {
            return trainer.value_checked(|graph, parameters| {
                Ok(mean(graph, parameters, batch, loss)? + of_graph(graph, penalty(parameters))?)
            });
        };
        let sum = compiled.value(trainer.parameters(), batch, loss)?;
        Ok(sum * share + trainer.value(|_, parameters| penalty(parameters))?)
    }

    fn check_width(&self, batch: Batch<'_>) -> Result<(), Error> {
        match batch.width() == self.width {
            true => Ok(()),
            false => Err(Error::Columns {
                example: 1,
                expected: self.width,
                given: batch.width(),
            }),
        }
    }

    /// Moves the parameters by the gradient of the last loss.
    ///
    /// # Panics
    /// Where the optimizer refuses: see [`Optimizer::step`].
    #[track_caller]
    pub fn update(&mut self, optimizer: &mut impl Optimizer) {
        self.trainer.update(optimizer);
    }

    /// As [`Fit::update`].
    ///
    /// # Errors
    /// Those of [`Optimizer::try_step`]; the parameters and the optimizer are as before.
    pub fn try_update(&mut self, optimizer: &mut impl Optimizer) -> Result<(), Error> {
        self.trainer.try_update(optimizer)
    }

    /// One step of training: [`Fit::record`], then [`Fit::update`]. Gives the loss before the
    /// update.
    ///
    /// # Errors
    /// As [`Fit::record`] and [`Fit::try_update`]; the parameters are as before.
    ///
    /// # Panics
    /// As [`Fit::record`].
    pub fn step(&mut self, optimizer: &mut impl Optimizer, batch: Batch<'_>) -> Result<f64, Error> {
        let loss = self.record(batch)?;
        self.try_update(optimizer)?;
        Ok(loss)
    }
}

/// Without the loss and the penalty, which are code.
impl<L, P> fmt::Debug for Fit<L, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fit")
            .field("trainer", &self.trainer)
            .field("compiled", &self.compiled)
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}

/// The mean of the loss over a batch, recorded example by example.
fn mean<'g, L>(graph: &'g Graph, parameters: &[Expr<'g>], batch: Batch<'_>, loss: &L) -> Result<Expr<'g>, Error>
where
    L: Fn(&[Expr<'g>], &[Expr<'g>]) -> Expr<'g>,
{
    let of_example = |k| {
        let constants = batch.row(k).map(|x| graph.expr(graph.constant(x)));
        let example: SmallVec<[Expr<'g>; 16]> = constants.collect();
        of_graph(graph, loss(parameters, &example))
    };
    let mut sum = of_example(0)?;
    for k in 1..batch.len() {
        sum += of_example(k)?;
    }
    Ok(sum * (1.0 / batch.len() as f64))
}
