//! The scan: a step, recorded once, and the programs made of it.

use std::collections::HashSet;
use std::sync::OnceLock;

use wengert::Expr;
use wengert_program::{Options, Program};

use crate::ends::Ends;
use crate::error::{Error, same_length};
use crate::inputs::{Inputs, Steps};
use crate::run::Run;
use crate::schedule::Schedule;
use crate::unroll::{Loop, Losses, Step, Widths};
use crate::watch::Watch;
use crate::workspace::Workspace;

/// Which states a loop keeps for the way back. It changes memory and time, and not a bit of the result.
///
/// States are kept before *blocks* of [`Scan::block`] steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keep {
    /// Every one. No block runs again, except inside its own sweep.
    All,
    /// About twice the root of the number of blocks: each runs again at most once.
    Sqrt,
    /// At most this number, the first among them, with as few blocks run again as possible: [`Schedule::binomial`]. More
    /// than there are steps is [`Error::TooManySnapshots`]: the number of steps is known, so one of the two is a mistake.
    Snapshots(usize),
    /// At most this number, the first among them, where the number of steps is not known: [`Schedule::online`]. It may be
    /// larger than the number of steps turns out to be.
    Online(usize),
}

/// A loop: a step from a state to the next one, recorded once.
///
/// It is `Sync`: any number of threads may run it at the same time, each with its own [`Workspace`].
#[derive(Debug)]
pub struct Scan {
    step: Step,
    once: Loop,
    /// With tangents, made when they are first needed.
    twice: OnceLock<Loop>,
}

/// The loss of a loop and where it ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// The loss.
    pub value: f64,
    /// The state after the last step.
    pub end: Vec<f64>,
    /// The number of steps.
    pub steps: usize,
}

/// The loss of a loop and its derivatives.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Gradient {
    /// The loss.
    pub value: f64,
    /// With respect to the first state.
    pub state: Vec<f64>,
    /// With respect to the parameters.
    pub params: Vec<f64>,
    /// With respect to the inputs of each step, step after step. Empty for [`Inputs::frozen`].
    pub inputs: Vec<f64>,
    /// The state after the last step.
    pub end: Vec<f64>,
    /// The number of steps.
    pub steps: usize,
    /// What it cost.
    pub work: Work,
}

/// What a gradient of a loop cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Work {
    /// The number of blocks; the last may be shorter than the others.
    pub blocks: usize,
    /// How many blocks ran again, not counting the runs inside their sweeps. A block that ran again twice counts as two.
    pub again: usize,
    /// The most states that were kept.
    pub states: usize,
}

/// What to compile of a step: see [`Scan::with`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    losses: Losses,
    without_guards: bool,
}

impl Settings {
    /// The defaults: the loss is the sum of those of all steps, and comparisons are checked.
    pub fn new() -> Settings {
        Settings::default()
    }

    /// Which steps add to the loss.
    #[must_use]
    pub fn losses(self, losses: Losses) -> Settings {
        Settings { losses, ..self }
    }

    /// Whether the comparisons of expressions in a step are checked at every step. By default they are. If not, every step
    /// takes the recorded branch.
    #[must_use]
    pub fn guards(self, on: bool) -> Settings {
        Settings { without_guards: !on, ..self }
    }
}

impl Scan {
    /// Records a step at these numbers: a closure from a state, parameters and the inputs of a step to the next state and
    /// a loss. The loss of a loop is the sum of those of its steps; for other sums, see [`Scan::with`].
    ///
    /// The closure is called once. A comparison of expressions in it is checked at every step, and one that comes out
    /// differently is an error with the number of the step.
    ///
    /// Takes about a microsecond for each instruction of a block. A block has about a thousand instructions, or one step.
    ///
    /// ```
    /// use wengert_scan::{Keep, Scan, Workspace};
    ///
    /// // Growth at the rate p: s becomes s + 0.01 p s. The loss is the squared distance to 2 after each step.
    /// let scan = Scan::new(&[1.0], &[0.5], &[], |s, p, _| {
    ///     let next = s[0] + 0.01 * p[0] * s[0];
    ///     (vec![next], (next - 2.0) * (next - 2.0))
    /// })?;
    /// let at = |rate: f64, keep| scan.value_and_gradient(1000, &[1.0], &[rate], (), keep, &mut Workspace::new());
    /// let gradient = at(0.1, Keep::Sqrt)?;
    /// let slope = (at(0.1 + 1e-6, Keep::Sqrt)?.value - at(0.1 - 1e-6, Keep::Sqrt)?.value) / 2e-6;
    /// assert!((gradient.params[0] - slope).abs() < 1e-6 * slope.abs());
    /// assert_eq!(at(0.1, Keep::Snapshots(2))?.params, gradient.params); // the same bits
    /// # Ok::<(), wengert_scan::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::StateLength`], [`Error::ConstantLoss`], [`Error::Program`] where the step cannot be compiled.
    pub fn new<F>(state: &[f64], params: &[f64], inputs: &[f64], step: F) -> Result<Scan, Error>
    where
        F: for<'g> FnOnce(&[Expr<'g>], &[Expr<'g>], &[Expr<'g>]) -> (Vec<Expr<'g>>, Expr<'g>),
    {
        Scan::with(Settings::new(), state, params, inputs, step)
    }

    /// As [`Scan::new`], with settings.
    ///
    /// ```
    /// use wengert_scan::{Keep, Losses, Scan, Settings, Workspace};
    ///
    /// // The square of the last state alone.
    /// let settings = Settings::new().losses(Losses::Last);
    /// let scan = Scan::with(settings, &[1.0], &[0.5], &[], |s, p, _| {
    ///     let next = p[0] * s[0];
    ///     (vec![next], next * next)
    /// })?;
    /// let gradient = scan.value_and_gradient(3, &[1.0], &[0.5], (), Keep::All, &mut Workspace::new())?;
    /// assert_eq!(gradient.value, 0.5_f64.powi(6));
    /// assert_eq!(gradient.params, [6.0 * 0.5_f64.powi(5)]);
    /// # Ok::<(), wengert_scan::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Scan::new`].
    pub fn with<F>(settings: Settings, state: &[f64], params: &[f64], inputs: &[f64], step: F) -> Result<Scan, Error>
    where
        F: for<'g> FnOnce(&[Expr<'g>], &[Expr<'g>], &[Expr<'g>]) -> (Vec<Expr<'g>>, Expr<'g>),
    {
        let widths = Widths { state: state.len(), params: params.len(), inputs: inputs.len(), losses: 1 };
        let at = [state, params, inputs].concat();
        let mut given = 0;
        let program = Program::from_fn(
            &at,
            |x| {
                let (state, rest) = x.split_at(widths.state);
                let (params, inputs) = rest.split_at(widths.params);
                let (mut results, loss) = step(state, params, inputs);
                given = results.len();
                results.push(loss);
                results
            },
            &Options::new().guards(!settings.without_guards),
        )?;
        if given != widths.state {
            return Err(Error::StateLength { expected: widths.state, given });
        }
        if !depends_on_an_input(&program, widths.state) {
            return Err(Error::ConstantLoss);
        }
        let step = Step { program, at, widths, losses: settings.losses };
        let once = step.unrolled()?;
        Ok(Scan { step, once, twice: OnceLock::new() })
    }

    /// How many steps run together: as many as make about a thousand instructions on the way back, or one if the step
    /// makes comparisons or calls user's functions. Every loop adds up derivatives in these blocks, so the bits of its
    /// results depend on this number.
    pub fn block(&self) -> usize {
        self.once.block.steps
    }

    /// The recorded step: from state, parameters and inputs to the next state and the loss.
    pub fn step(&self) -> &Program {
        &self.step.program
    }

    /// The programs with tangents.
    pub(crate) fn twice(&self) -> Result<&Loop, Error> {
        if self.twice.get().is_none() {
            // Another thread may have made the same programs meanwhile.
            let _ = self.twice.set(self.step.doubled(self.block())?);
        }
        Ok(self.twice.get().expect("it was just made"))
    }

    pub(crate) fn widths(&self) -> Widths {
        self.step.widths
    }

    pub(crate) fn losses(&self) -> Losses {
        self.step.losses
    }

    /// The loss alone. Keeps no states.
    ///
    /// # Errors
    /// As [`Scan::value_and_gradient`].
    ///
    /// ```
    /// use wengert_scan::{Scan, Steps, Workspace};
    ///
    /// // Collatz's sequence from 27 reaches 1 after 111 steps.
    /// let scan = Scan::new(&[27.0], &[], &[], |s, _, _| {
    ///     let half = s[0] * 0.5;
    ///     let is_even = half.floor().equal(half);
    ///     (vec![is_even.select(half, 3.0 * s[0] + 1.0)], s[0])
    /// })?;
    /// let steps = Steps::until(|_, s| s[0] == 1.0);
    /// let outcome = scan.value(steps, &[27.0], &[], (), &mut Workspace::new())?;
    /// assert_eq!(outcome.steps, 111);
    /// # Ok::<(), wengert_scan::Error>(())
    /// ```
    pub fn value<'a>(
        &self,
        steps: impl Into<Steps<'a>>,
        state: &[f64],
        params: &[f64],
        inputs: impl Into<Inputs<'a>>,
        workspace: &mut Workspace,
    ) -> Result<Outcome, Error> {
        self.check(&[state], params)?;
        let ends = Ends::of(steps.into(), inputs.into(), self.step.widths.inputs)?;
        let Workspace { once, watch, .. } = workspace;
        let mut run = Run::new(&self.once, self.losses(), ends, once);
        run.start(&[state], params)?;
        run.forward(watch)?;
        Ok(Outcome { value: run.losses()[0], end: run.end().to_vec(), steps: run.steps() })
    }

    /// The loss and its derivatives with respect to the first state, the parameters and the inputs of each step.
    ///
    /// `steps` is a number or [`Steps`]; `inputs` are those of all steps in a row, `()`, or [`Inputs`]. The results have the
    /// same bits for every [`Keep`] and any number of threads.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::InputsEnd`], [`Error::InputsLeft`], [`Error::NoSteps`], [`Error::NoEnd`];
    /// [`Error::NoSnapshots`], [`Error::TooManySnapshots`] and [`Error::UnknownEnd`] where `keep` does not suit the steps;
    /// [`Error::Step`] where a step fails. The workspace can be used as before.
    ///
    /// ```
    /// use wengert_scan::{Keep, Scan, Workspace};
    ///
    /// // A walk: the state adds up inputs, the loss is the sum of its squares.
    /// let scan = Scan::new(&[0.0], &[], &[1.0], |s, _, x| {
    ///     let next = s[0] + x[0];
    ///     (vec![next], next * next)
    /// })?;
    /// let gradient = scan.value_and_gradient(3, &[0.0], &[], &[1.0, 1.0, 1.0], Keep::All, &mut Workspace::new())?;
    /// assert_eq!(gradient.value, 1.0 + 4.0 + 9.0);
    /// assert_eq!(gradient.state, [12.0]);
    /// assert_eq!(gradient.inputs, [12.0, 10.0, 6.0]);
    /// # Ok::<(), wengert_scan::Error>(())
    /// ```
    pub fn value_and_gradient<'a>(
        &self,
        steps: impl Into<Steps<'a>>,
        state: &[f64],
        params: &[f64],
        inputs: impl Into<Inputs<'a>>,
        keep: Keep,
        workspace: &mut Workspace,
    ) -> Result<Gradient, Error> {
        let gradients = self.gradients(steps.into(), &[state], params, inputs.into(), keep, workspace)?;
        Ok(gradients.into_iter().next().expect("one for each first state"))
    }

    /// As [`Scan::value_and_gradient`], from several first states at once, in vector instructions and on all cores. Returns a
    /// result for each, with the bits that it has alone. All share parameters and inputs.
    ///
    /// # Errors
    /// As [`Scan::value_and_gradient`]. In [`Error::Step`], the point is the number of the first state.
    ///
    /// ```
    /// use wengert_scan::{Keep, Scan, Workspace};
    ///
    /// let scan = Scan::new(&[1.0], &[2.0], &[], |s, p, _| (vec![p[0] * s[0]], s[0]))?;
    /// let [low, high] = [[1.0], [10.0]];
    /// let gradients = scan.values_and_gradients(3, &[&low, &high], &[2.0], (), Keep::All, &mut Workspace::new())?;
    /// assert_eq!((gradients[0].value, gradients[1].value), (7.0, 70.0));
    /// # Ok::<(), wengert_scan::Error>(())
    /// ```
    pub fn values_and_gradients<'a>(
        &self,
        steps: usize,
        states: &[&[f64]],
        params: &[f64],
        inputs: impl Into<Inputs<'a>>,
        keep: Keep,
        workspace: &mut Workspace,
    ) -> Result<Vec<Gradient>, Error> {
        if states.is_empty() {
            return Ok(Vec::new());
        }
        self.gradients(steps.into(), states, params, inputs.into(), keep, workspace)
    }

    fn gradients<'a>(
        &self,
        steps: Steps<'a>,
        states: &[&[f64]],
        params: &[f64],
        inputs: Inputs<'a>,
        keep: Keep,
        workspace: &mut Workspace,
    ) -> Result<Vec<Gradient>, Error> {
        self.check(states, params)?;
        let ends = Ends::of(steps, inputs, self.step.widths.inputs)?;
        let schedule = self.schedule(keep, ends.steps())?;
        let key = self.key(&workspace.watch, keep, &ends, states, params);
        let mut run = Run::new(&self.once, self.losses(), ends, &mut workspace.once);
        run.start(states, params)?;
        run.follow(schedule, &mut workspace.watch, &key)?;
        Ok((0..states.len()).map(|lane| run.gradient(lane)).collect())
    }

    /// The bytes that tell this call from others in a saved file; none if it is not saved. Inputs are compared by their
    /// checksum instead. States and parameters have as many numbers as the step says, so they follow each other without
    /// lengths.
    pub(crate) fn key(&self, watch: &Watch, keep: Keep, ends: &Ends<'_>, states: &[&[f64]], params: &[f64]) -> Vec<u8> {
        if watch.file.is_none() {
            return Vec::new();
        }
        let (losses, block, steps, lanes) = (self.losses(), self.block(), ends.steps(), states.len());
        let (has_tangents, is_frozen) = (ends.has_tangents(), ends.is_frozen());
        let what = format!("{losses:?} {block} {keep:?} {steps:?} {lanes} {has_tangents} {is_frozen}");
        let numbers = states.concat().into_iter().chain(params.iter().copied());
        [self.step.program.to_bytes(), what.into_bytes(), numbers.flat_map(f64::to_le_bytes).collect()].concat()
    }

    /// # Errors
    /// If there are too few or too many numbers.
    pub(crate) fn check(&self, states: &[&[f64]], params: &[f64]) -> Result<(), Error> {
        for state in states {
            same_length("numbers of the first state", self.step.widths.state, state.len())?;
        }
        same_length("parameters", self.step.widths.params, params.len())
    }

    /// # Errors
    /// If `keep` does not suit the number of steps.
    pub(crate) fn schedule(&self, keep: Keep, steps: Option<usize>) -> Result<Schedule, Error> {
        if let (Keep::Snapshots(snapshots), Some(steps)) = (keep, steps)
            && snapshots > steps
        {
            return Err(Error::TooManySnapshots { snapshots, steps });
        }
        if let Keep::Snapshots(0) | Keep::Online(0) = keep {
            return Err(Error::NoSnapshots);
        }
        let blocks = steps.map(|steps| steps.div_ceil(self.block()));
        match (keep, blocks) {
            (Keep::All, _) => Ok(Schedule::all()),
            (Keep::Online(snapshots), _) => Ok(Schedule::online(snapshots)),
            (Keep::Sqrt, Some(blocks)) => Ok(Schedule::sqrt(blocks)),
            (Keep::Snapshots(snapshots), Some(blocks)) => Ok(Schedule::binomial(blocks, snapshots)),
            (Keep::Sqrt, None) => Err(Error::UnknownEnd { keep: "Keep::Sqrt" }),
            (Keep::Snapshots(_), None) => Err(Error::UnknownEnd { keep: "Keep::Snapshots" }),
        }
    }
}

/// Whether an output is computed from an input.
fn depends_on_an_input(program: &Program, output: usize) -> bool {
    let mut reached = HashSet::from([program.output(output).0]);
    let instructions: Vec<_> = program.instructions().collect();
    // Backward, since operands come before the instructions that read them.
    instructions.iter().rev().any(|instruction| {
        let is_reached = reached.contains(&instruction.value);
        if is_reached {
            reached.extend(instruction.operands.iter().copied());
        }
        is_reached && instruction.input.is_some()
    })
}
