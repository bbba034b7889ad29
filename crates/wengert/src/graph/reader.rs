//! The tape as compilers read it: by position, without keys.

use super::Graph;
use crate::op::{Imm, Op};
use crate::tape::entry::Entry;
use crate::tape::view::View;

impl Graph {
    /// Reads the nodes that are there now. Those recorded later are beyond its end.
    #[doc(hidden)]
    #[inline]
    pub fn reader(&self) -> TapeReader<'_> {
        TapeReader(self.tape.view())
    }
}

/// The nodes of a graph by their positions.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct TapeReader<'g>(View<'g>);

impl TapeReader<'_> {
    /// The op, the immediates and the value of the node at a position, which must be on the tape. Passes the
    /// positions of its operands to `each`.
    ///
    /// # Panics
    /// Beyond the end of the tape.
    #[inline]
    #[track_caller]
    pub fn read(self, index: usize, mut each: impl FnMut(usize)) -> (Op, Imm, f64) {
        let entry = Entry::from(self.0.entries[index].get());
        let imm = self.0.operands(entry, |x| each(x as usize));
        (entry.op(), imm, entry.value)
    }

    /// The op of the node at a position.
    ///
    /// # Panics
    /// Beyond the end of the tape.
    #[inline]
    #[track_caller]
    pub fn op(self, index: usize) -> Op {
        Entry::from(self.0.entries[index].get()).op()
    }
}
