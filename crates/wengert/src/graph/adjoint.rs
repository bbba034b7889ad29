//! Sweeping back, and reading what the sweep left.

use smallvec::SmallVec;

use crate::error::{Error, expect};
use crate::graph::Graph;
use crate::node::NodeId;
use crate::sweep;

/// The reverse sweep.
impl Graph {
    /// Sweeps back from `l`. For every node `n`, [`Graph::grad`] is `dl/dn` afterwards; the results of the last sweep
    /// are overwritten. O(nodes up to `l`). Allocates only if every sweep before was over fewer nodes.
    ///
    /// # Panics
    /// On a wrong key, and if `l` is stale.
    #[track_caller]
    pub fn backward(&self, l: NodeId) {
        expect(self.try_backward(l));
    }

    /// As [`Graph::backward`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::OutOfMemory`]. On an error, the gradients of the last
    /// sweep are kept.
    pub fn try_backward(&self, l: NodeId) -> Result<(), Error> {
        let position = self.fresh(l)?;
        self.sweep_back(&[(position, 1.0)])
    }

    /// Sweeps back from several outputs at once. For every node `n`, [`Graph::grad`] is the sum of
    /// `seed * d(output)/dn` afterwards.
    ///
    /// # Panics
    /// As [`Graph::backward`].
    #[track_caller]
    pub fn backward_seeded(&self, seeds: &[(NodeId, f64)]) {
        expect(self.try_backward_seeded(seeds));
    }

    /// As [`Graph::backward_seeded`].
    ///
    /// # Errors
    /// As [`Graph::try_backward`].
    pub fn try_backward_seeded(&self, seeds: &[(NodeId, f64)]) -> Result<(), Error> {
        for &(output, _) in seeds {
            self.fresh(output)?;
        }
        let seeds: SmallVec<[(u32, f64); 4]> = seeds.iter().map(|&(output, seed)| (output.position(), seed)).collect();
        self.sweep_back(&seeds)
    }

    /// The derivative that the last [`Graph::backward`] left at the node. 0 if there was none, for nodes
    /// recorded since, and for nodes that want no gradient.
    ///
    /// # Panics
    /// On a wrong key.
    #[track_caller]
    pub fn grad(&self, node: NodeId) -> f64 {
        expect(self.try_grad(node))
    }

    /// As [`Graph::grad`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`].
    pub fn try_grad(&self, node: NodeId) -> Result<f64, Error> {
        let position = self.position(node)?;
        Ok(match self.tape.entry(position).wants() {
            true => self.adjoint(position),
            false => 0.0,
        })
    }

    /// Sweeps back from these positions, each with its seed.
    pub(crate) fn sweep_back(&self, seeds: &[(u32, f64)]) -> Result<(), Error> {
        let len = seeds.iter().map(|&(output, _)| output as usize + 1).max().unwrap_or(0);
        self.adjoints.fill(len, self.tape.capacity(), |adjoints| {
            sweep::reverse(&self.tape, adjoints, seeds, &self.scratch);
        })
    }

    /// What the last sweep left at a position that wants a gradient.
    #[inline(always)]
    pub(crate) fn adjoint(&self, position: u32) -> f64 {
        self.adjoints.get(position as usize)
    }
}
