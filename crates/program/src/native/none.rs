//! In place of `code.rs` where there is no machine code.

use super::Refusal;
use crate::lanes::{InstructionSet, Kernel1};
use crate::layout::Layout;
use crate::recording::Check;
use crate::report::MachineCode;

/// There is none.
#[derive(Debug)]
pub(crate) enum Code {}

impl Code {
    pub(super) fn new(_: &Layout, _: &[Check]) -> Result<Code, Refusal> {
        Err(Refusal::Nowhere)
    }

    pub(super) fn runs_on(_: InstructionSet) -> bool {
        false
    }

    pub(super) fn elsewhere(_: InstructionSet) -> Refusal {
        Refusal::Nowhere
    }

    pub(super) fn report(&self) -> MachineCode {
        match *self {}
    }

    pub(crate) fn slots(&self) -> usize {
        match *self {}
    }

    pub(crate) fn constants(&self) -> &[f64] {
        match *self {}
    }

    pub(crate) unsafe fn run(
        &self,
        _: &Layout,
        _: &[Kernel1],
        _: *mut f64,
        _: &mut [f64],
        _: &[f64],
        _: &mut [f64],
    ) -> bool {
        match *self {}
    }
}
