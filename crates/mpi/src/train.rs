//! Training on examples that are spread on the ranks.

use wengert::Expr;
use wengert_nn::{Fit, SavedOptimizer};
use wengert_program::Blocks;

use crate::batch::{RankedBatch, checksum};
use crate::error::Error;
use crate::job::Ranks;
use crate::saved::Saved;

/// What is saved: the parameters, and the optimizer as text. Both keep every bit.
type State = (Vec<f64>, String);

/// How long to train, on how many examples: the same on every rank.
#[derive(Clone, Debug)]
pub struct Training {
    examples: usize,
    steps: u64,
    most: usize,
    saved: Option<Saved>,
}

impl Training {
    /// `steps` steps of the optimizer, each by the gradient over all `examples` examples.
    pub fn new(examples: usize, steps: u64) -> Training {
        Training { examples, steps, most: 64, saved: None }
    }

    /// Cuts the examples into at most `most` blocks: see [`Blocks::at_most`]. The default is 64. A block is run by one
    /// thread, so give a few times as many as all ranks have threads. The bits depend on this number.
    #[must_use]
    pub fn cut(self, most: usize) -> Training {
        Training { most, ..self }
    }

    /// Saves the state to this file, and goes on from the state that an earlier job left in it, on any number of ranks.
    #[must_use]
    pub fn saved(self, saved: Saved) -> Training {
        Training { saved: Some(saved), ..self }
    }
}

impl Ranks {
    /// Trains until the steps of `training` were taken, each by the gradient of the mean loss over all examples, and returns
    /// the loss before each step of this job. Afterwards, every rank has the trained parameters in `fit` and what the
    /// optimizer remembers in `optimizer`. The bits are those of [`Fit::step`] on one process with
    /// [`Backend::Compiled`](wengert_nn::Backend::Compiled), on any number of ranks, unless the examples are cut
    /// otherwise.
    ///
    /// Every rank makes the same `fit`; one example is enough for it. `example` fills in the row of an example by its number,
    /// from 0. It must set every number. Each rank asks for its own, once, and keeps them. Without a saved state, all ranks go on
    /// from what rank 0 has.
    ///
    /// ```no_run
    /// use wengert_mpi::{Saved, Training};
    /// use wengert_nn::{Adam, Backend, Examples, Fit, Mlp, squared_error};
    ///
    /// wengert_mpi::run(|ranks| {
    ///     let mut net = Mlp::with_layers(1, &[(8, "tanh".parse()?), (1, "linear".parse()?)], 1)?;
    ///     let shape = net.shape();
    ///     let first = Examples::from_rows([[0.0, 0.0]])?;
    ///     let mut fit = Fit::new(Backend::Compiled, net.parameters(), &first, move |parameters, row| {
    ///         squared_error(&shape.forward(parameters, &row[..1]), &row[1..])
    ///     })?;
    ///     let training = Training::new(1_000_000, 10_000).saved(Saved::new("net.state", 100));
    ///     ranks.train(&mut fit, &mut Adam::new(0.01), &training, |k, row| {
    ///         row[0] = k as f64 * 1e-6;
    ///         row[1] = row[0].sin();
    ///     })?;
    ///     net.set_parameters(fit.parameters())?;
    ///     Ok(())
    /// });
    /// ```
    ///
    /// # Errors
    /// On every rank alike: [`Error::OnRank`] if the fit of a rank has no program or another than that of rank 0, a rank
    /// trains otherwise, the program fails at an example, or the state cannot be read or written;
    /// [`Error::DifferentInputs`] if a step took the ranks to different parameters, as with different penalties;
    /// [`Error::DifferentRounding`]; [`Error::Training`] if the optimizer refuses a step. The parameters and the
    /// optimizer are those after the last step that was taken.
    ///
    /// # Panics
    /// As [`Fit::record`], and where there are no examples.
    #[track_caller]
    pub fn train<L, P, O>(
        &self,
        fit: &mut Fit<L, P>,
        optimizer: &mut O,
        training: &Training,
        example: impl FnMut(usize, &mut [f64]),
    ) -> Result<Vec<f64>, Error>
    where
        L: for<'g> Fn(&[Expr<'g>], &[Expr<'g>]) -> Expr<'g>,
        P: for<'g> Fn(&[Expr<'g>]) -> Expr<'g>,
        O: wengert_nn::Optimizer + SavedOptimizer,
    {
        let &Training { examples, steps, most, ref saved } = training;
        assert!(examples > 0, "training needs an example");
        // Ranks with different numbers of steps would wait for one another forever.
        let own = (examples, steps, most, saved.as_ref().map(Saved::every));
        let first = self.share_first(|| own)?;
        let program = fit.program().cloned().ok_or_else(|| "the fit has no program: use Backend::Compiled".to_owned());
        let alike = || if own == first { Ok(()) } else { Err("another Training than on rank 0".to_owned()) };
        self.agree(alike().and_then(|()| program.as_ref().map(drop).map_err(Clone::clone)))?;
        let program = program.expect("all ranks have one");
        let mut batch = RankedBatch::new(self, program, Blocks::at_most(examples, most), example)?;

        let resumed = saved.as_ref().map_or(Ok(None), |saved| saved.resume::<State>(self))?;
        let (first, (parameters, memory)) = match resumed {
            Some(resumed) => resumed,
            None => (0, self.share_first(|| (fit.parameters().to_vec(), optimizer.text()))?),
        };
        let set = O::parse(&memory).and_then(|resumed| {
            fit.set_parameters(&parameters)?;
            *optimizer = resumed;
            Ok(())
        });
        self.agree(set.map_err(|error| error.to_string()))?;

        let mut losses = Vec::new();
        for step in first..steps {
            let sums = batch.sums(fit.parameters())?;
            let refused = |source| Error::Training { step, source };
            losses.push(fit.record_sums(examples, &sums).map_err(refused)?);
            fit.try_update(optimizer).map_err(refused)?;
            if step + 1 == steps {
                // The parameters of other steps are compared by the sums of the next.
                self.alike(checksum(fit.parameters()))?;
            }
            if let Some(saved) = saved {
                saved.save(self, step + 1, &(fit.parameters(), optimizer.text()))?;
            }
        }
        Ok(losses)
    }
}
