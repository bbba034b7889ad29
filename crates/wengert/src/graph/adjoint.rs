//! Sweeping back, and reading what the sweep left.

use smallvec::SmallVec;

use crate::error::{Error, expect};
use crate::graph::Graph;
use crate::node::NodeId;
use crate::room::Room;
use crate::sweep;

/// The reverse sweep.
impl Graph {
    /// Sweeps back from `l`. For every node `n` that wants a gradient, [`Graph::grad`] is `dl/dn` afterwards. The results
    /// of the last sweep are overwritten. O(nodes up to `l`). Allocates only if every sweep before was over fewer nodes.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y] = [g.leaf(2.0), g.leaf(5.0)];
    /// g.backward(g.mul(x, y));
    /// assert_eq!([g.grad(x), g.grad(y)], [5.0, 2.0]);
    /// ```
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
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::External`], [`Error::OutOfMemory`]. On an error, the
    /// gradients of the last sweep are kept.
    pub fn try_backward(&self, l: NodeId) -> Result<(), Error> {
        let position = self.fresh(l)?;
        self.sweep_back(&[(position, 1.0)])
    }

    /// Sweeps back from several outputs at once. For every node `n` that wants a gradient, [`Graph::grad`] is the sum of
    /// `seed * d(output)/dn` afterwards.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaf(2.0);
    /// let outputs = [g.mul(x, x), g.add_c(x, 1.0)];
    /// g.backward_seeded(&[(outputs[0], 1.0), (outputs[1], 10.0)]);
    /// assert_eq!(g.grad(x), 14.0); // 1 * 2x + 10 * 1
    /// ```
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
        let mut positions = SmallVec::<[(u32, f64); 4]>::new();
        positions.room(seeds.len())?;
        positions.extend(seeds.iter().map(|&(output, seed)| (output.position(), seed)));
        self.sweep_back(&positions)
    }

    /// Sweeps back from `l` as [`Graph::backward`] does, except that 0 times infinity is NaN, not 0, on every path to
    /// `l`: also on one that a `select` does not take. [`Graph::audit`] tells which of these NaNs matter.
    ///
    /// Slower than [`Graph::backward`]: for checks, not for a loop.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaf(0.0);
    /// let root = g.sqrt(x);
    /// let l = g.mul(root, root);
    /// g.backward_strict(l);
    /// assert!(g.grad(x).is_nan());
    /// ```
    ///
    /// # Panics
    /// On a wrong key, and where `l` is stale.
    #[track_caller]
    pub fn backward_strict(&self, l: NodeId) {
        expect(self.try_backward_strict(l));
    }

    /// As [`Graph::backward_strict`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::External`], [`Error::OutOfMemory`].
    pub fn try_backward_strict(&self, l: NodeId) -> Result<(), Error> {
        let l = self.fresh(l)?;
        let swept = sweep::strict(&self.tape, l)?;
        self.adjoints.fill(swept.len(), swept.len(), |adjoints| {
            adjoints.iter().zip(swept).for_each(|(adjoint, value)| adjoint.set(value));
        })
    }

    /// The derivative with respect to the node, from the last [`Graph::backward`]. It is 0 if there was no sweep, for nodes
    /// recorded since, and for nodes that want no gradient: constants, and nodes that depend on no leaf, or only through
    /// ops like [`detach`](Graph::detach).
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaf(3.0);
    /// assert_eq!(g.grad(x), 0.0);
    /// g.backward(g.mul(x, x));
    /// assert_eq!(g.grad(x), 6.0);
    /// ```
    ///
    /// # Panics
    /// On a wrong key.
    #[inline]
    #[track_caller]
    pub fn grad(&self, node: NodeId) -> f64 {
        match self.usual_entry(node) {
            Some(entry) if entry.wants() => self.adjoint(node.position()),
            Some(_) => 0.0,
            None => expect(self.try_grad(node)),
        }
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
        let (most, operands) = (self.tape.capacity(), &self.operands);
        match self.tape.functions.can_fail() {
            false => self.adjoints.fill(len, most, |adjoints| {
                sweep::reverse_without_failure(&self.tape, adjoints, seeds, operands);
            }),
            true => self.adjoints.try_fill(len, most, |adjoints| sweep::reverse(&self.tape, adjoints, seeds, operands)),
        }
    }

    /// What the last sweep left at a position that wants a gradient.
    #[inline(always)]
    pub(crate) fn adjoint(&self, position: u32) -> f64 {
        self.adjoints.get(position as usize)
    }
}
