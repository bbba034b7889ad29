//! Values: reading them, setting leaves, recomputing.

use crate::error::{Error, expect};
use crate::graph::Graph;
use crate::node::NodeId;
use crate::sweep;

/// Values.
impl Graph {
    /// The value of a node.
    ///
    /// # Panics
    /// On a wrong key, and on a computed value that a [`Graph::set`] made stale.
    #[track_caller]
    pub fn value(&self, node: NodeId) -> f64 {
        expect(self.try_value(node))
    }

    /// As [`Graph::value`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`].
    pub fn try_value(&self, node: NodeId) -> Result<f64, Error> {
        Ok(self.tape.entry(self.fresh(node)?).value)
    }

    /// Sets the value of a leaf. Values computed before are stale from then on, until
    /// [`Graph::forward`]. Leaves are never stale: any number of them can be read and set in between.
    ///
    /// An [`Expr`](crate::Expr) borrows the graph, so none can be alive across this call: keep its key.
    ///
    /// ```
    /// let mut g = wengert::Graph::new();
    /// let x = g.leaf(3.0);
    /// let start = g.mark();
    /// for _ in 0..20 {
    ///     let loss = {
    ///         let x = g.expr(x);
    ///         ((x - 1.0) * (x - 1.0)).id()
    ///     };
    ///     g.backward(loss);
    ///     let step = 0.25 * g.grad(x);
    ///     g.rewind(start);
    ///     g.set(x, g.value(x) - step);
    /// }
    /// assert!((g.value(x) - 1.0).abs() < 1e-5);
    /// ```
    ///
    /// # Panics
    /// On a wrong key, and on a node that is not a leaf.
    #[track_caller]
    pub fn set(&mut self, leaf: NodeId, value: f64) {
        expect(self.try_set(leaf, value));
    }

    /// As [`Graph::set`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::NotALeaf`]. The graph is unchanged then.
    pub fn try_set(&mut self, leaf: NodeId, value: f64) -> Result<(), Error> {
        let position = self.leaf_position(leaf)?;
        self.tape.write(position as u32, value);
        self.make_stale();
        Ok(())
    }

    /// Recomputes every value from the leaves, after [`Graph::set`]. O(nodes), without allocation.
    /// Gradients stay those of the last sweep until the next [`Graph::backward`].
    ///
    /// The nodes stay as they were recorded. A comparison of expressions is checked to have the same result
    /// as before. A branch on [`Expr::value`](crate::Expr::value) leaves nothing to check.
    ///
    /// # Errors
    /// [`Error::GuardFlipped`] if a comparison made while recording has another result at the new values,
    /// so that the formula would have been recorded differently. Computed values stay stale then: set other
    /// leaves and call again, or record the formula again.
    pub fn forward(&mut self) -> Result<(), Error> {
        sweep::recompute(&mut self.tape, self.scratch.get_mut());
        if let Some(flipped) = self.first_flipped() {
            self.make_stale();
            return Err(flipped);
        }
        self.stale_below = 0;
        Ok(())
    }

    /// Whether computed values are stale, that is, a leaf was set since the last [`Graph::forward`].
    pub fn is_stale(&self) -> bool {
        self.stale_below > 0
    }

    /// The position of a key whose value may be read.
    #[inline(always)]
    pub(crate) fn fresh(&self, node: NodeId) -> Result<u32, Error> {
        let position = self.position(node)?;
        if position >= self.stale_below || self.tape.entry(position).is_source() {
            Ok(position)
        } else {
            Err(Error::StaleValue { node })
        }
    }

    fn make_stale(&mut self) {
        self.stale_below = self.tape.len();
        self.limit_staleness();
    }

    /// Clears the staleness if only leaves and constants are below its end.
    pub(super) fn limit_staleness(&mut self) {
        self.stale_below = self.stale_below.min(self.tape.len());
        if self.stale_below <= self.tape.sources() {
            self.stale_below = 0;
        }
    }
}
