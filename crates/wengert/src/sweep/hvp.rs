//! Hessian-vector products: forward over reverse.

use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::mem;

use super::{reverse_dual, tangents};
use crate::error::Error;
use crate::room::{Refused, Room};
use crate::scalar::AdjointScalar;
use crate::scalar::dual::Dual;
use crate::scalar::tangents::Tangents;
use crate::tape::Tape;

/// The buffers for a forward sweep with `N` tangents and a reverse sweep over duals that have these tangents. Together
/// they compute the derivative of the gradient in `N` directions.
#[derive(Debug, Default)]
pub(crate) struct HvpWorkspace<const N: usize> {
    /// The directions, at the positions of the leaves.
    pub(crate) tangents: Vec<Tangents<N>>,
    adjoints: Vec<Dual<N>>,
    scratch: Vec<Dual<N>>,
}

impl<const N: usize> HvpWorkspace<N> {
    /// Makes room for sweeps from the node at position `l`, past ops of at most `most_operands` operands, and sets all
    /// directions to 0.
    pub(crate) fn fit(&mut self, l: usize, most_operands: usize) -> Result<(), Refused> {
        self.tangents.clear();
        self.tangents.room(l + 1)?;
        self.tangents.resize(l + 1, Tangents::ZERO);
        self.adjoints.room((l + 1).saturating_sub(self.adjoints.len()))?;
        self.adjoints.resize(l + 1, Dual::ZERO);
        self.scratch.clear();
        self.scratch.room(most_operands)
    }

    /// Sweeps forward and back. Overwrites the tangents of computed nodes. `args` is a buffer for the operands of an
    /// n-ary op.
    ///
    /// # Errors
    /// Those of external functions.
    pub(crate) fn sweep(&mut self, tape: &Tape, args: &RefCell<Vec<f64>>) -> Result<(), Error> {
        tangents(tape, &mut self.tangents, args)?;
        let seeds = [(self.adjoints.len() as u32 - 1, Dual::new(1.0))];
        let adjoints = Cell::from_mut(&mut self.adjoints[..]).as_slice_of_cells();
        let scratch = RefCell::new(mem::take(&mut self.scratch));
        let swept = reverse_dual(tape, &self.tangents, adjoints, &seeds, &scratch);
        self.scratch = scratch.into_inner();
        swept
    }

    /// The derivatives in all directions of the gradient's component for this leaf.
    pub(crate) fn tangents_of(&self, leaf: usize) -> [f64; N] {
        self.adjoints.get(leaf).map_or([0.0; N], |adjoint| adjoint.tangents)
    }

    /// The derivative in direction `k` of the gradient's component for this leaf.
    pub(crate) fn along(&self, leaf: usize, k: usize) -> f64 {
        self.adjoints.get(leaf).map_or(0.0, |adjoint| adjoint.tangents[k])
    }
}
