//! Machine code for single points: the program as instructions of x86-64, for workspaces that run on AVX2 with
//! FMA. The bits are those of the interpreter.
//!
//! | file | holds |
//! |--|--|
//! | `pack.rs` | the steps as a list in SSA form, with calls of one kernel side by side |
//! | `emit.rs` | instructions for each of them |
//! | `calls.rs` | those of calls |
//! | `registers.rs` | which value is in which register |
//! | `encode.rs` | the bytes of instructions |
//! | `memory.rs` | memory that may be executed |
//! | `shims.rs` | what the code calls |
//! | `code.rs` | the code of a program, made and run |
//!
//! The code raises a flag where a guard flips, or where a guarded product that no output depends on is NaN. Then,
//! and where an output is NaN, the interpreter runs the point again: it names the guard, and its guarded
//! products are 0 where they must be.

#[cfg(all(feature = "native", target_arch = "x86_64", not(miri)))]
mod calls;
#[cfg(all(feature = "native", target_arch = "x86_64", not(miri)))]
mod code;
#[cfg(not(all(feature = "native", target_arch = "x86_64", not(miri))))]
#[path = "none.rs"]
mod code;
#[cfg(all(feature = "native", target_arch = "x86_64", not(miri)))]
mod emit;
#[cfg(all(feature = "native", target_arch = "x86_64", not(miri)))]
mod encode;
#[cfg(all(feature = "native", target_arch = "x86_64", not(miri)))]
mod memory;
#[cfg(all(feature = "native", target_arch = "x86_64", not(miri)))]
mod pack;
#[cfg(all(feature = "native", target_arch = "x86_64", not(miri)))]
mod registers;
#[cfg(all(feature = "native", target_arch = "x86_64", not(miri)))]
mod shims;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use wengert::room::Refused;

pub(crate) use code::Code;
#[cfg(all(feature = "native", target_arch = "x86_64", not(miri)))]
pub(crate) use shims::Context;

use crate::error::Error;
use crate::layout::Layout;
use crate::program::Program;
use crate::recording::Check;
use crate::report::MachineCode;
use crate::run::workspace::Workspace;

/// Whether single points run as machine code: see [`Setup::native`](crate::Setup::native).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Native {
    /// From the eighth call of a program on, where that is possible.
    #[default]
    Auto,
    /// Never: the interpreter runs.
    Never,
    /// From the first call on. A call fails where that is not possible.
    Always,
}

/// The call at which code is made: what it costs is soon made up for, and programs that run a few times
/// never pay it.
const CALL: u32 = 8;

/// The machine code of a program, once it is made.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    /// Calls that would have run it.
    calls: AtomicU32,
    code: OnceLock<Result<Code, Refusal>>,
}

/// Why there is no machine code.
#[cfg_attr(
    not(all(feature = "native", target_arch = "x86_64", not(miri))),
    allow(dead_code, reason = "where there never is any, one reason is enough")
)]
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("this build or processor has none: it needs the feature `native`, x86-64, AVX2 and FMA")]
    Nowhere,
    #[error("the workspace runs on {0}, not on avx2+fma or avx512")]
    Elsewhere(&'static str),
    #[error("more than {most} {what} do not pay")]
    TooLarge { what: &'static str, most: usize },
    #[error("memory may not be executed: {0}")]
    Memory(String),
    #[error("there was no memory to make it")]
    OutOfMemory(Refused),
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Refusal {
        Refusal::OutOfMemory(refused)
    }
}

impl Slot {
    /// The code, made now if it is not there yet. Where there is no memory to make it, a later call tries again.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    #[cold]
    fn make(&self, layout: &Layout, checks: &[Check]) -> Result<&Result<Code, Refusal>, Error> {
        if let Some(made) = self.code.get() {
            return Ok(made);
        }
        match Code::new(layout, checks) {
            Err(Refusal::OutOfMemory(refused)) => {
                self.calls.store(0, Ordering::Relaxed);
                Err(refused.into())
            }
            made => Ok(self.code.get_or_init(|| made)),
        }
    }

    pub(crate) fn report(&self) -> MachineCode {
        match self.code.get() {
            None => MachineCode::NotYet,
            Some(Ok(code)) => code.report(),
            Some(Err(why)) => MachineCode::Refused { why: why.to_string() },
        }
    }
}

impl Program {
    /// Makes the machine code for single points now, so that no later call has to. It is shared by clones of
    /// the program and by threads. Takes up to a microsecond for an instruction.
    ///
    /// Workspaces run it unless they are made with [`Native::Never`] or run on another instruction set than
    /// `avx512` or `avx2+fma`. Without it, the interpreter gives the same bits.
    ///
    /// # Errors
    /// [`Error::NoMachineCode`] says why there can be none. [`Error::OutOfMemory`].
    ///
    /// # Examples
    /// ```
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// let program = Program::value_and_gradient(&[1.0, 2.0], |x| x[0] * x[1].exp(), &Options::new())?;
    /// if let Err(why) = program.prepare() {
    ///     eprintln!("slower: {why}");
    /// }
    /// let mut out = [0.0; 3];
    /// program.eval(&[3.0, 0.0], &mut out, &mut Workspace::new())?;
    /// assert_eq!(out, [3.0, 1.0, 3.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn prepare(&self) -> Result<(), Error> {
        match self.native().make(self.layout(), &self.ir().checks)? {
            Ok(_) => Ok(()),
            Err(why) => Err(no_machine_code(why)),
        }
    }

    /// The code that a call with this workspace runs, if it does not run the interpreter.
    ///
    /// # Errors
    /// [`Error::NoMachineCode`] and [`Error::OutOfMemory`] where the workspace demands code.
    #[inline]
    pub(crate) fn machine_code(&self, workspace: &Workspace) -> Result<Option<&Code>, Error> {
        let (want, slot) = (workspace.native(), self.native());
        if want == Native::Never {
            return Ok(None);
        }
        if !Code::runs_on(workspace.isa) {
            return match want {
                Native::Always => Err(no_machine_code(&Code::elsewhere(workspace.isa))),
                _ => Ok(None),
            };
        }
        let made = match slot.code.get() {
            Some(made) => made,
            // Other threads go on with the interpreter while one makes the code.
            None if want == Native::Auto && slot.calls.fetch_add(1, Ordering::Relaxed) + 1 != CALL => return Ok(None),
            None => match slot.make(self.layout(), &self.ir().checks) {
                Err(error) if want == Native::Always => return Err(error),
                Err(_) => return Ok(None),
                Ok(made) => made,
            },
        };
        match made {
            Ok(code) => Ok(Some(code)),
            Err(why) if want == Native::Always => Err(no_machine_code(why)),
            Err(_) => Ok(None),
        }
    }
}

#[cold]
fn no_machine_code(why: &Refusal) -> Error {
    Error::NoMachineCode { why: why.to_string() }
}
