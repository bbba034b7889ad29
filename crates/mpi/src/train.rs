//! Training on examples that are spread on the ranks.

use wengert::Expr;
use wengert_nn::{Fit, SavedOptimizer};
use wengert_program::Blocks;

use crate::batch::RankedBatch;
use crate::error::Error;
use crate::job::Ranks;
use crate::saved::Saved;

/// What is saved: the parameters, and the optimizer as text. Both keep every bit.
type State = (Vec<f64>, String);

impl Ranks {
    /// Trains until `steps` steps of the optimizer were taken, each by the gradient of the mean loss over all examples, and
    /// returns the loss before each step of this job. Afterwards, every rank has the trained parameters in `fit` and what the
    /// optimizer remembers in `optimizer`. The bits are those of [`Fit::step`] on one process with
    /// [`Backend::Compiled`](wengert_nn::Backend::Compiled), on any number of ranks. The examples are cut
    /// into at most 64 blocks, so further ranks have none.
    ///
    /// Every rank makes the same `fit`; one example is enough for it. `example` fills in the row of an example by its number,
    /// from 0 to `examples - 1`. Each rank asks for its own, once, and keeps them. With `saved`, the job goes on from the state
    /// that another one left there, on any number of ranks; without a state, from what rank 0 has.
    ///
    /// ```no_run
    /// use wengert_mpi::Saved;
    /// use wengert_nn::{Adam, Backend, Examples, Fit, Mlp, squared_error};
    ///
    /// wengert_mpi::run(|ranks| {
    ///     let mut net = Mlp::with_layers(1, &[(8, "tanh".parse()?), (1, "linear".parse()?)], 1)?;
    ///     let shape = net.shape();
    ///     let first = Examples::from_rows([[0.0, 0.0]])?;
    ///     let mut fit = Fit::new(Backend::Compiled, net.parameters(), &first, move |parameters, row| {
    ///         squared_error(&shape.forward(parameters, &row[..1]), &row[1..])
    ///     })?;
    ///     let saved = Saved::new("net.state", 100);
    ///     ranks.train(&mut fit, &mut Adam::new(0.01), 1_000_000, |k, row| {
    ///         row[0] = k as f64 * 1e-6;
    ///         row[1] = row[0].sin();
    ///     }, 10_000, Some(&saved))?;
    ///     net.set_parameters(fit.parameters())?;
    ///     Ok(())
    /// });
    /// ```
    ///
    /// # Errors
    /// On every rank alike: [`Error::OnRank`] if the fit of a rank has no program, the program fails at an example, or the
    /// state cannot be read or written; [`Error::DifferentInputs`] if the ranks have different fits; [`Error::Training`] if
    /// the optimizer refuses a step. The parameters and the optimizer are those after the last step that was taken.
    ///
    /// # Panics
    /// As [`Fit::record`], and where there are no examples.
    #[track_caller]
    pub fn train<L, P, O>(
        &self,
        fit: &mut Fit<L, P>,
        optimizer: &mut O,
        examples: usize,
        example: impl FnMut(usize, &mut [f64]),
        steps: u64,
        saved: Option<&Saved>,
    ) -> Result<Vec<f64>, Error>
    where
        L: for<'g> Fn(&[Expr<'g>], &[Expr<'g>]) -> Expr<'g>,
        P: for<'g> Fn(&[Expr<'g>]) -> Expr<'g>,
        O: wengert_nn::Optimizer + SavedOptimizer,
    {
        assert!(examples > 0, "training needs an example");
        let compiled = fit.program().cloned();
        self.agree(compiled.as_ref().map(drop).ok_or_else(|| "the fit has no program: use Backend::Compiled".into()))?;
        let program = self.program(|| Ok(compiled.expect("all ranks have one")))?;
        let mut batch = RankedBatch::new(self, program, Blocks::of(examples), example)?;

        let resumed = saved.map_or(Ok(None), |saved| saved.resume::<State>(self))?;
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
            if let Some(saved) = saved {
                saved.save(self, step + 1, &(fit.parameters(), optimizer.text()))?;
            }
        }
        Ok(losses)
    }
}
