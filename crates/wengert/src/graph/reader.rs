//! The tape as compilers read it: by position, without keys.

use super::Graph;
use crate::op::{Imm, Op};
use crate::tape::entry::Entry;
use crate::tape::view::View;

impl Graph {
    /// The nodes that are there now.
    #[doc(hidden)]
    #[inline]
    pub fn reader(&self) -> Reader<'_> {
        Reader(self.tape.view())
    }
}

/// The nodes of a graph by their positions.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Reader<'g>(View<'g>);

impl Reader<'_> {
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
