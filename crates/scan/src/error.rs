//! What can go wrong, each with a name and what to do about it.

use wengert::room::Refused;

/// Why a scan could not be made or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The step gives a state of another length than it takes.
    #[error("the step takes a state of {expected} numbers and gives one of {given}: give as many as it takes")]
    StateLength {
        /// The numbers of the state that it takes.
        expected: usize,
        /// The numbers of the state that it gives.
        given: usize,
    },
    /// A loss that no state, parameter or input changes.
    #[error("the loss depends on no state, parameter or input, so its derivatives are 0: is it computed from them?")]
    ConstantLoss,
    /// The loop has no step.
    #[error("a loop of 0 steps has no loss: run at least one step")]
    NoSteps,
    /// Nothing says how many steps there are.
    #[error("nothing ends the loop: give a number of steps, a condition (Steps::until), or inputs that end")]
    NoEnd,
    /// No room for the first state.
    #[error("0 snapshots: the first state is a snapshot, so give at least 1")]
    NoSnapshots,
    /// More snapshots than the loop has steps.
    #[error("{snapshots} snapshots for {steps} steps: give at most one for each step, or use Keep::All")]
    TooManySnapshots {
        /// The number of snapshots.
        snapshots: usize,
        /// The number of steps.
        steps: usize,
    },
    /// [`Keep::Sqrt`](crate::Keep::Sqrt) or [`Keep::Snapshots`](crate::Keep::Snapshots) for a loop without a known end.
    #[error("{keep} needs the number of steps, which is not known: use Keep::Online or Keep::All")]
    UnknownEnd {
        /// What was asked for.
        keep: &'static str,
    },
    /// Two lengths that must agree do not.
    #[error("{what}: expected {expected}, got {given}")]
    Length {
        /// What was counted.
        what: &'static str,
        /// How many were expected.
        expected: usize,
        /// How many were given.
        given: usize,
    },
    /// The inputs end before the loop does.
    #[error("there are inputs for {given} steps, and the loop has {steps}: give inputs for each step")]
    InputsEnd {
        /// The number of steps.
        steps: usize,
        /// For how many there are inputs.
        given: usize,
    },
    /// There are more inputs than the steps take.
    #[error(
        "inputs are left over after those of {steps} steps: give {width} for each step, and end an iterator where the loop ends (`take`)"
    )]
    InputsLeft {
        /// For how many steps there are inputs, or how many the loop has.
        steps: usize,
        /// How many inputs a step has.
        width: usize,
    },
    /// A step failed: a comparison came out differently from when it was recorded, or a user's function failed.
    #[error("step {step}: {}", of_step(source))]
    Step {
        /// Which step, counted from 0.
        step: usize,
        /// What went wrong.
        source: wengert_program::Error,
    },
    /// The callback of [`Workspace::on_progress`](crate::Workspace::on_progress) stopped the loop.
    #[error(
        "stopped by the progress callback; a gradient that Workspace::save_to saves goes on from its file at the next call"
    )]
    Stopped,
    /// A file of an interrupted run could not be read, written or removed.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: std::path::PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// A file that is not of an interrupted run.
    #[error("{path} is not the file of an interrupted run: {what}")]
    Malformed {
        /// Which file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A file of another run.
    #[error(
        "{path} is of another run: it has another step, losses, first state, parameters, inputs (or only one of the two is frozen), direction, number of steps or Keep; to start anew, remove it"
    )]
    OtherRun {
        /// Which file.
        path: std::path::PathBuf,
    },
    /// The step could not be recorded or compiled.
    #[error(transparent)]
    Program(#[from] wengert_program::Error),
}

impl From<wengert::Error> for Error {
    fn from(error: wengert::Error) -> Error {
        Error::Program(error.into())
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Error {
        Error::Program(refused.into())
    }
}

/// The message for a failed step.
fn of_step(error: &wengert_program::Error) -> String {
    match error {
        wengert_program::Error::GuardFlipped { point, left, relation, right, recorded, .. } => {
            let lane = point.map_or_else(String::new, |state| format!(" from first state {state}"));
            let now = !recorded;
            format!(
                "the comparison {left} {relation} {right} was {recorded} when the step was recorded and is {now}{lane}: \
                 write it as `select`, or where it does not matter use Settings::guards(false)"
            )
        }
        other => other.to_string(),
    }
}

/// [`Error::Length`] if the two differ.
pub(crate) fn same_length(what: &'static str, expected: usize, given: usize) -> Result<(), Error> {
    if expected == given { Ok(()) } else { Err(Error::Length { what, expected, given }) }
}
