//! The memory that loops run in. The caller owns it, so that calls reuse it.

use wengert::room::{Refused, Room};
use wengert_program::Setup;

/// The memory that a loop runs in. It fits itself to a scan at the first call, and is reused by later ones.
#[derive(Debug)]
pub struct Workspace {
    pub(crate) once: Memory,
    /// For numbers with their tangents.
    pub(crate) twice: Memory,
}

impl Default for Workspace {
    fn default() -> Workspace {
        Workspace::new()
    }
}

impl Workspace {
    /// A workspace that runs machine code where there is, and several first states on all cores.
    pub fn new() -> Workspace {
        Workspace::with(Setup::new())
    }

    /// A workspace that runs programs as the setup says.
    pub fn with(setup: Setup) -> Workspace {
        Workspace { once: Memory::new(setup), twice: Memory::new(setup) }
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
    /// One step, for its comparisons.
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

/// Makes a list of so many zeros.
///
/// # Errors
/// [`Refused`].
pub(crate) fn clear(list: &mut Vec<f64>, length: usize) -> Result<(), Refused> {
    list.clear();
    list.room(length)?;
    list.resize(length, 0.0);
    Ok(())
}

/// Makes a list at least so long.
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
