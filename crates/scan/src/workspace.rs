//! The memory that loops run in. The caller owns it, so that calls reuse it.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use wengert::room::{Refused, Room};
use wengert_program::Setup;

use crate::watch::{Progress, Timed, Watch};

/// The memory that a loop runs in. It fits itself to a scan at the first call, and is reused by later ones.
#[derive(Debug)]
pub struct Workspace {
    pub(crate) once: Memory,
    /// For numbers with their tangents.
    pub(crate) twice: Memory,
    pub(crate) watch: Watch,
}

impl Default for Workspace {
    fn default() -> Workspace {
        Workspace::new()
    }
}

impl Workspace {
    /// A workspace that runs machine code where it is available, and several first states on all cores.
    pub fn new() -> Workspace {
        Workspace::with(Setup::new())
    }

    /// A workspace that runs programs as the setup says.
    pub fn with(setup: Setup) -> Workspace {
        Workspace { once: Memory::new(setup), twice: Memory::new(setup), watch: Watch::default() }
    }

    /// Calls `callback` with the progress of a loop about every `every`, at most once a block. If it returns
    /// [`Break`](ControlFlow::Break), the loop returns [`Error::Stopped`](crate::Error::Stopped), and the workspace can be used
    /// as before.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use std::time::Duration;
    /// use wengert_scan::{Keep, Scan, Workspace};
    ///
    /// let scan = Scan::new(&[1.0], &[0.5], &[], |s, p, _| (vec![p[0] * s[0]], s[0]))?;
    /// let mut workspace = Workspace::new().on_progress(Duration::from_secs(1), |progress| {
    ///     println!("{} steps forward, {} back", progress.forward, progress.back);
    ///     ControlFlow::Continue(())
    /// });
    /// scan.value_and_gradient(1000, &[1.0], &[0.5], (), Keep::Sqrt, &mut workspace)?;
    /// # Ok::<(), wengert_scan::Error>(())
    /// ```
    #[must_use]
    pub fn on_progress(
        mut self,
        every: Duration,
        callback: impl FnMut(Progress) -> ControlFlow<()> + Send + 'static,
    ) -> Workspace {
        self.watch.callback = Some(Timed::new(Box::new(callback), every));
        self
    }

    /// Saves gradients in progress ([`Scan::value_and_gradient`](crate::Scan::value_and_gradient),
    /// [`values_and_gradients`](crate::Scan::values_and_gradients), [`hvp`](crate::Scan::hvp)) to a file, about every
    /// `every`, and when the callback stops the loop. A file is written completely or not at all. A call that finds the file
    /// goes on from there, to the same bits, and removes it when it is done. It must be the same call: of the same step,
    /// losses, first state, parameters, direction, number of steps and [`Keep`](crate::Keep), with the same inputs, frozen or
    /// not. Any other is [`Error::OtherRun`](crate::Error::OtherRun). The file has a checksum of the inputs that were read,
    /// not the inputs. A condition of [`Steps::until`](crate::Steps::until) is not asked again about steps that ran before.
    /// By a checksum, a damaged file is an error; a file that is forged can cause a panic.
    ///
    /// A call that saves panics where [`Program::to_bytes`](wengert_program::Program::to_bytes) of the step would.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use std::time::Duration;
    /// use wengert_scan::{Error, Keep, Scan, Workspace};
    ///
    /// let path = std::env::temp_dir().join(format!("wengert-scan-{}", std::process::id()));
    /// let scan = Scan::new(&[1.0], &[0.5], &[], |s, p, _| (vec![p[0] * s[0]], s[0]))?;
    /// let run = |workspace: &mut Workspace| scan.value_and_gradient(1000, &[1.0], &[0.5], (), Keep::Sqrt, workspace);
    /// let saving = || Workspace::new().save_to(&path, Duration::ZERO);
    ///
    /// let interrupted = run(&mut saving().on_progress(Duration::ZERO, |_| ControlFlow::Break(())));
    /// assert!(matches!(interrupted, Err(Error::Stopped)) && path.exists());
    /// assert_eq!(run(&mut saving())?, run(&mut Workspace::new())?);
    /// assert!(!path.exists());
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn save_to(mut self, path: impl Into<PathBuf>, every: Duration) -> Workspace {
        self.watch.file = Some(Timed::new(path.into(), every));
        self
    }
}

/// The numbers that go into a program and come out of it, and the memory that it runs in.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) x: Vec<f64>,
    pub(crate) out: Vec<f64>,
    pub(crate) workspace: wengert_program::Workspace,
}

impl Call {
    fn new(setup: Setup) -> Call {
        Call { x: Vec::new(), out: Vec::new(), workspace: wengert_program::Workspace::with(setup) }
    }
}

/// What a run of a loop works on.
#[derive(Debug)]
pub(crate) struct Memory {
    /// One step and a block, forward.
    pub(crate) advance: [Call; 2],
    /// The same, back.
    pub(crate) reverse: [Call; 2],
    /// A block that gives the state and loss after each step.
    pub(crate) trace: Call,
    /// One step, to check its comparisons.
    pub(crate) checks: Call,
    /// The current state.
    pub(crate) state: Vec<f64>,
    /// The state after the block that ran last.
    pub(crate) next: Vec<f64>,
    /// The states within the last block, if it is shorter than the others.
    pub(crate) within: Vec<f64>,
    /// The states that are kept.
    pub(crate) kept: Vec<f64>,
    /// The state after the last step.
    pub(crate) end: Vec<f64>,
    pub(crate) losses: Vec<f64>,
    /// The losses of the block that ran last.
    pub(crate) part: Vec<f64>,
    /// The adjoints of the current state, of the parameters, of the inputs of each step.
    pub(crate) adjoint: Vec<f64>,
    pub(crate) params: Vec<f64>,
    pub(crate) inputs: Vec<f64>,
}

impl Memory {
    fn new(setup: Setup) -> Memory {
        let call = || Call::new(setup);
        let [state, next, within, kept, end, losses, part, adjoint, params, inputs] = [const { Vec::new() }; 10];
        Memory {
            advance: [call(), call()],
            reverse: [call(), call()],
            trace: call(),
            checks: call(),
            state,
            next,
            within,
            kept,
            end,
            losses,
            part,
            adjoint,
            params,
            inputs,
        }
    }
}

/// Makes the list `length` zeros.
///
/// # Errors
/// [`Refused`].
pub(crate) fn clear(list: &mut Vec<f64>, length: usize) -> Result<(), Refused> {
    list.clear();
    list.room(length)?;
    list.resize(length, 0.0);
    Ok(())
}

/// Adds zeros to the list if it is shorter than `length`.
///
/// # Errors
/// [`Refused`].
pub(crate) fn lengthen(list: &mut Vec<f64>, length: usize) -> Result<(), Refused> {
    if list.len() < length {
        list.room(length - list.len())?;
        list.resize(length, 0.0);
    }
    Ok(())
}
