//! Training on examples, by either backend: recording every step, or running a compiled program.

use std::fmt;

use smallvec::SmallVec;
use wengert::{Expr, Graph};
use wengert_program::Program;

use crate::error::Error;
use crate::train::compiled::Compiled;
use crate::train::examples::{Batch, Examples};
use crate::train::optimizer::Optimizer;
use crate::train::trainer::{Trainer, of_graph};

/// How a training step computes its loss and gradient.
///
/// Both backends agree up to rounding. Each adds up the examples in a fixed order, but the orders differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backend {
    /// Records every example at every step and sweeps back. Runs on one core, and any loss will do.
    Eager,
    /// Compiles the loss of one example once, and runs it at all examples of a batch: many at a time, on all
    /// cores.
    ///
    /// The loss must not branch on plain values. A choice that it makes by [`Expr::value`](wengert::Expr::value), such
    /// as the index of a class, is made at the first example and kept for all of them, with no error. A comparison of
    /// expressions is checked at every example; where the result differs, the step is an error. `relu`, `abs`, `max`
    /// and `select` choose at every example and are always right.
    Compiled,
}

/// The penalty of [`Fit::new`]: none.
pub type NoPenalty = for<'g> fn(&[Expr<'g>]) -> Expr<'g>;

/// Parameters that learn from examples, with the loss to minimize: the mean over a batch of a loss of the
/// parameters and one example, plus a penalty that depends on the parameters alone.
///
/// ```
/// use wengert_nn::{Backend, Examples, Fit, Sgd};
///
/// // A line through points of y = 2x + 1.
/// let examples = Examples::from_rows([[0.0, 1.0], [1.0, 3.0], [2.0, 5.0]])?;
/// let mut fit = Fit::new(Backend::Compiled, &[0.0, 0.0], &examples, |p, example| {
///     (p[0] * example[0] + p[1] - example[1]).powi(2)
/// })?;
/// let mut optimizer = Sgd::new(0.2);
/// for _ in 0..500 {
///     fit.step(&mut optimizer, examples.all())?;
/// }
/// assert!((fit.parameters()[0] - 2.0).abs() < 1e-9 && (fit.parameters()[1] - 1.0).abs() < 1e-9);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
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
    /// Starts from these values of the parameters. `loss(parameters, example)` is the loss of one example, a
    /// row of `examples`. [`Backend::Compiled`] records it here, at the first example.
    ///
    /// ```
    /// use wengert_nn::{Backend, Examples, Fit};
    ///
    /// let examples = Examples::from_rows([[1.0, 2.0], [2.0, 4.0]])?;
    /// let mut fit = Fit::new(Backend::Compiled, &[1.0], &examples, |p, row| (p[0] * row[0] - row[1]).powi(2))?;
    /// assert_eq!(fit.loss(examples.all())?, 2.5); // the mean
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// With [`Backend::Compiled`], [`Error::Compiled`] where the loss is too large for a program or depends on
    /// a leaf of its own, and [`Error::ForeignLoss`] where it is of another graph. [`Backend::Eager`] records
    /// nothing yet.
    ///
    /// # Panics
    /// Where there are more parameters than the 2^28 nodes that a graph can hold, and where `loss` panics.
    pub fn new(backend: Backend, parameters: &[f64], examples: &Examples, loss: L) -> Result<Fit<L>, Error> {
        let compiled = match backend {
            Backend::Eager => None,
            Backend::Compiled => Some(Compiled::new(parameters, examples.all(), &loss)?),
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
    /// Sets the penalty, for example [`l2`](crate::l2). Both backends record it at every step.
    ///
    /// ```
    /// use wengert_nn::{Backend, Examples, Fit, l2};
    ///
    /// let examples = Examples::from_rows([[3.0]])?;
    /// let fit = Fit::new(Backend::Eager, &[2.0], &examples, |p, example| p[0] * example[0])?;
    /// let mut fit = fit.penalty(|p| l2(p, 0.1));
    /// assert_eq!(fit.record(examples.all())?, 2.0 * 3.0 + 0.1 * 4.0);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn penalty<Q>(self, penalty: Q) -> Fit<L, Q>
    where
        Q: for<'g> Fn(&[Expr<'g>]) -> Expr<'g>,
    {
        Fit { trainer: self.trainer, compiled: self.compiled, width: self.width, loss: self.loss, penalty }
    }

    /// Sets the number of threads of [`Backend::Compiled`]; the default is one for each core. The results have
    /// the same bits with any number.
    ///
    /// ```
    /// use wengert_nn::{Backend, Examples, Fit};
    ///
    /// let examples = Examples::from_rows([[1.0, 2.0], [2.0, 4.0]])?;
    /// let mut fit = Fit::new(Backend::Compiled, &[1.0], &examples, |p, row| (p[0] * row[0] - row[1]).powi(2))?.threads(1);
    /// assert_eq!(fit.loss(examples.all())?, 2.5);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn threads(mut self, threads: usize) -> Fit<L, P> {
        if let Some(compiled) = &mut self.compiled {
            compiled.threads(threads);
        }
        self
    }

    /// The values of the parameters.
    ///
    /// ```
    /// use wengert_nn::{Backend, Examples, Fit};
    ///
    /// let examples = Examples::from_rows([[1.0, 2.0], [2.0, 4.0]])?;
    /// let fit = Fit::new(Backend::Compiled, &[1.0], &examples, |p, row| (p[0] * row[0] - row[1]).powi(2))?;
    /// assert_eq!(fit.parameters(), [1.0]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn parameters(&self) -> &[f64] {
        self.trainer.parameters()
    }

    /// Sets the parameters, for example to those of training that is resumed.
    ///
    /// ```
    /// use wengert_nn::{Backend, Examples, Fit};
    ///
    /// let examples = Examples::from_rows([[1.0, 2.0], [2.0, 4.0]])?;
    /// let mut fit = Fit::new(Backend::Compiled, &[1.0], &examples, |p, row| (p[0] * row[0] - row[1]).powi(2))?;
    /// fit.set_parameters(&[2.0])?;
    /// assert_eq!(fit.loss(examples.all())?, 0.0);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Parameters`] where there are more or fewer; they are as before.
    pub fn set_parameters(&mut self, parameters: &[f64]) -> Result<(), Error> {
        self.trainer.set_parameters(parameters)
    }

    /// The derivative of the last loss with respect to each parameter; 0 before the first loss.
    ///
    /// ```
    /// use wengert_nn::{Backend, Examples, Fit};
    ///
    /// let examples = Examples::from_rows([[1.0, 2.0], [2.0, 4.0]])?;
    /// let mut fit = Fit::new(Backend::Compiled, &[1.0], &examples, |p, row| (p[0] * row[0] - row[1]).powi(2))?;
    /// fit.record(examples.all())?;
    /// assert_eq!(fit.gradient(), [-5.0]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn gradient(&self) -> &[f64] {
        self.trainer.gradient()
    }

    /// The graph, with what the last step recorded: loss and penalty with [`Backend::Eager`], the penalty alone
    /// with [`Backend::Compiled`].
    pub fn graph(&self) -> &Graph {
        self.trainer.graph()
    }

    /// The program of [`Backend::Compiled`], whose outputs are the sums over the examples of the loss and of its
    /// derivatives.
    ///
    /// ```
    /// use wengert_nn::{Backend, Examples, Fit};
    ///
    /// let examples = Examples::from_rows([[1.0, 2.0], [2.0, 4.0]])?;
    /// let fit = Fit::new(Backend::Compiled, &[1.0], &examples, |p, row| (p[0] * row[0] - row[1]).powi(2))?;
    /// assert!(fit.program().is_some());
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn program(&self) -> Option<&Program> {
        self.compiled.as_ref().map(Compiled::program)
    }

    /// The loss over a batch at the current parameters; computes its gradient too.
    ///
    /// ```
    /// use wengert_nn::{Backend, Examples, Fit};
    ///
    /// let examples = Examples::from_rows([[3.0], [5.0]])?;
    /// let mut fit = Fit::new(Backend::Eager, &[2.0], &examples, |p, example| p[0] * example[0])?;
    /// assert_eq!(fit.record(examples.all())?, 8.0);
    /// assert_eq!(fit.gradient(), [4.0]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Columns`] where the batch has another number of columns than the examples of [`Fit::new`];
    /// [`Error::Compiled`] where a comparison has another result than when the loss was compiled;
    /// [`Error::ForeignLoss`] where the loss or the penalty is of another graph; [`Error::Sweep`] where the sweep back
    /// fails. The parameters and the gradient are as before.
    ///
    /// # Panics
    /// Where the graph is full.
    pub fn record(&mut self, batch: Batch<'_>) -> Result<f64, Error> {
        self.check_width(batch)?;
        let share = 1.0 / batch.len() as f64;
        let Fit { trainer, loss, penalty, .. } = self;
        let Some(compiled) = &mut self.compiled else {
            return trainer.record_checked(|graph, parameters| {
                Ok(mean(graph, parameters, batch, loss)? + of_graph(graph, penalty(parameters))?)
            });
        };
        let (sum, slopes) = compiled.run(trainer.parameters(), batch)?;
        add_penalty(trainer, penalty, share, sum, slopes)
    }

    /// As [`Fit::record`], from sums that were computed elsewhere: what [`Fit::program`] gives at the current parameters,
    /// added up over this number of examples. So the examples can be on several machines.
    ///
    /// ```
    /// use wengert_nn::{Backend, Examples, Fit};
    ///
    /// let examples = Examples::from_rows([[1.0, 2.0], [2.0, 4.0]])?;
    /// let mut fit = Fit::new(Backend::Compiled, &[1.0], &examples, |p, row| (p[0] * row[0] - row[1]).powi(2))?;
    /// // The losses are 1 and 4, and their derivatives -2 and -8.
    /// assert_eq!(fit.record_sums(2, &[5.0, -10.0])?, 2.5);
    /// assert_eq!(fit.gradient(), [-5.0]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::EmptyBatch`] for 0 examples; [`Error::ForeignLoss`] where the penalty is of another graph, and
    /// [`Error::Sweep`] where it has no gradient. The gradient is as before.
    ///
    /// # Panics
    /// Where `sums` does not have the loss and a derivative for each parameter, and where the graph is full.
    #[track_caller]
    pub fn record_sums(&mut self, examples: usize, sums: &[f64]) -> Result<f64, Error> {
        assert_eq!(sums.len(), 1 + self.parameters().len(), "number of sums, and of the loss and its derivatives");
        if examples == 0 {
            return Err(Error::EmptyBatch);
        }
        add_penalty(&mut self.trainer, &self.penalty, 1.0 / examples as f64, sums[0], &sums[1..])
    }

    /// The loss over a batch at the current parameters, without its gradient: for held-out examples. [`Fit::gradient`]
    /// stays as it is.
    ///
    /// [`Backend::Compiled`] compiles a program of the loss alone on the first call.
    ///
    /// ```
    /// use wengert_nn::{Backend, Examples, Fit};
    ///
    /// let examples = Examples::from_rows([[1.0, 2.0], [2.0, 4.0]])?;
    /// let mut fit = Fit::new(Backend::Compiled, &[1.0], &examples, |p, row| (p[0] * row[0] - row[1]).powi(2))?;
    /// assert_eq!(fit.loss(examples.all())?, 2.5);
    /// assert_eq!(fit.gradient(), [0.0]); // not computed
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Fit::record`].
    ///
    /// # Panics
    /// As [`Fit::record`].
    pub fn loss(&mut self, batch: Batch<'_>) -> Result<f64, Error> {
        self.check_width(batch)?;
        let share = 1.0 / batch.len() as f64;
        let Fit { trainer, loss, penalty, .. } = self;
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
            false => Err(Error::Columns { example: 1, expected: self.width, given: batch.width() }),
        }
    }

    /// Takes a step of the optimizer by the gradient of the last loss.
    ///
    /// ```
    /// use wengert_nn::{Backend, Examples, Fit, Sgd};
    ///
    /// let examples = Examples::from_rows([[1.0, 2.0], [2.0, 4.0]])?;
    /// let mut fit = Fit::new(Backend::Compiled, &[1.0], &examples, |p, row| (p[0] * row[0] - row[1]).powi(2))?;
    /// fit.record(examples.all())?;
    /// fit.update(&mut Sgd::new(0.1));
    /// assert_eq!(fit.parameters(), [1.5]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Panics
    /// Where the optimizer refuses the step: see [`Optimizer::step`].
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

    /// One step of training: [`Fit::record`], then [`Fit::update`]. Returns the loss before the update.
    ///
    /// ```
    /// use wengert_nn::{Backend, Examples, Fit, Sgd};
    ///
    /// let examples = Examples::from_rows([[1.0, 2.0], [2.0, 4.0]])?;
    /// let mut fit = Fit::new(Backend::Compiled, &[1.0], &examples, |p, row| (p[0] * row[0] - row[1]).powi(2))?;
    /// for _ in 0..50 {
    ///     fit.step(&mut Sgd::new(0.1), examples.all())?;
    /// }
    /// assert!((fit.parameters()[0] - 2.0).abs() < 1e-9);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
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

/// Leaves out the loss and the penalty, which are code.
impl<L, P> fmt::Debug for Fit<L, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fit")
            .field("trainer", &self.trainer)
            .field("compiled", &self.compiled)
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}

/// The mean loss and its gradient from the sums over the examples, and the penalty with its gradient.
fn add_penalty<P>(trainer: &mut Trainer, penalty: &P, share: f64, sum: f64, slopes: &[f64]) -> Result<f64, Error>
where
    P: for<'g> Fn(&[Expr<'g>]) -> Expr<'g>,
{
    let penalty = trainer.try_record(|_, parameters| penalty(parameters))?;
    for (slope, more) in trainer.gradient_mut().iter_mut().zip(slopes) {
        *slope += more * share;
    }
    Ok(sum * share + penalty)
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
