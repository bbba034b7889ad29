//! Values: reading them, setting leaves, recomputing.

use crate::error::{Error, expect, same_length};
use crate::graph::Graph;
use crate::node::NodeId;
use crate::sweep;

/// Values.
impl Graph {
    /// The value of a node.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaf(3.0);
    /// assert_eq!(g.value(g.mul(x, x)), 9.0);
    /// ```
    ///
    /// # Panics
    /// On a wrong key, and on a computed value that a [`Graph::set`] made stale.
    #[inline]
    #[track_caller]
    pub fn value(&self, node: NodeId) -> f64 {
        match self.usual_entry(node) {
            Some(entry) => entry.value,
            None => expect(self.try_value(node)),
        }
    }

    /// As [`Graph::value`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`].
    pub fn try_value(&self, node: NodeId) -> Result<f64, Error> {
        Ok(self.tape.entry(self.fresh(node)?).value)
    }

    /// Sets the value of a leaf. All values computed so far are stale until the next [`Graph::forward`]. Leaves are
    /// never stale: you can read and set any number of them before that call.
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
    /// [`Error::NotInGraph`], [`Error::NotALeaf`]. On an error, the graph is unchanged.
    pub fn try_set(&mut self, leaf: NodeId, value: f64) -> Result<(), Error> {
        let position = self.leaf_position(leaf)? as u32;
        self.tape.write(position, value);
        self.make_stale(position);
        Ok(())
    }

    /// Sets many leaves to values, in order, as [`Graph::set`] does for one.
    ///
    /// ```
    /// let mut g = wengert::Graph::new();
    /// let x = g.leaves(&[1.0, 2.0]);
    /// let l = g.mul(x[0], x[1]);
    /// g.set_all(&x, &[3.0, 5.0]);
    /// g.forward()?;
    /// assert_eq!(g.value(l), 15.0);
    /// # Ok::<(), wengert::Error>(())
    /// ```
    ///
    /// # Panics
    /// On a wrong key, on a node that is not a leaf, and where there are not as many values as leaves.
    #[track_caller]
    pub fn set_all(&mut self, leaves: &[NodeId], values: &[f64]) {
        expect(self.try_set_all(leaves, values));
    }

    /// As [`Graph::set_all`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::NotALeaf`], [`Error::Length`]; the graph is as before.
    pub fn try_set_all(&mut self, leaves: &[NodeId], values: &[f64]) -> Result<(), Error> {
        same_length("values to set, one for each leaf", leaves.len(), values.len())?;
        for &leaf in leaves {
            self.leaf_position(leaf)?;
        }
        for (&leaf, &value) in leaves.iter().zip(values) {
            self.tape.write(leaf.position(), value);
            self.make_stale(leaf.position());
        }
        Ok(())
    }

    /// Sets leaves, recomputes, and writes the values of `outputs` to `out`: [`Graph::set_all`],
    /// [`Graph::forward`], [`Graph::value`]. Allocates nothing.
    ///
    /// ```
    /// let mut g = wengert::Graph::new();
    /// let x = g.leaves(&[1.0, 2.0]);
    /// let outputs = [g.mul(x[0], x[1]), g.sin(x[0])];
    /// let mut values = [0.0; 2];
    /// g.evaluate_into(&x, &[0.0, 5.0], &outputs, &mut values)?;
    /// assert_eq!(values, [0.0, 0.0]);
    /// # Ok::<(), wengert::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::NotALeaf`], [`Error::Length`]: the graph is as before.
    /// [`Error::GuardFlipped`], [`Error::External`]: the leaves are set and computed values are stale. `out` is as before
    /// in all cases.
    pub fn evaluate_into(
        &mut self,
        leaves: &[NodeId],
        values: &[f64],
        outputs: &[NodeId],
        out: &mut [f64],
    ) -> Result<(), Error> {
        same_length("places for values, one for each output", outputs.len(), out.len())?;
        for &output in outputs {
            self.position(output)?;
        }
        self.try_set_all(leaves, values)?;
        self.forward()?;
        for (value, &output) in out.iter_mut().zip(outputs) {
            *value = self.try_value(output)?;
        }
        Ok(())
    }

    /// Recomputes the values after the first leaf that was [set](Graph::set) since the last time. O(these nodes),
    /// without allocation; O(1) if none was set. Gradients stay those of the last sweep until the next [`Graph::backward`].
    ///
    /// The nodes stay as they were recorded. A comparison of expressions is checked to have the same result
    /// as before. A branch on [`Expr::value`](crate::Expr::value) is not checked.
    ///
    /// ```
    /// let mut g = wengert::Graph::new();
    /// let x = g.leaf(3.0);
    /// let y = g.mul(x, x);
    /// g.set(x, 5.0);
    /// g.forward()?;
    /// assert_eq!(g.value(y), 25.0);
    /// # Ok::<(), wengert::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::GuardFlipped`] if a comparison made while recording has another result at the new values,
    /// so that the formula would have been recorded differently. [`Error::External`] if an external function fails.
    /// Computed values stay stale then: set other leaves and call again, or record the formula again.
    pub fn forward(&mut self) -> Result<(), Error> {
        if self.lowest_set == u32::MAX {
            return Ok(());
        }
        let recomputed = sweep::recompute(&mut self.tape, self.lowest_set, self.operands.get_mut());
        if let Err(failure) = recomputed
            .and_then(|()| self.first_flipped(|at| Some(self.tape.entry(at as u32).value)).map_or(Ok(()), Err))
        {
            self.make_stale(self.lowest_set);
            return Err(failure);
        }
        self.refuse_stale_below(0);
        self.lowest_set = u32::MAX;
        Ok(())
    }

    /// Whether computed values are stale, that is, a leaf was set since the last [`Graph::forward`].
    ///
    /// ```
    /// let mut g = wengert::Graph::new();
    /// let x = g.leaf(3.0);
    /// g.sin(x);
    /// g.set(x, 5.0);
    /// assert!(g.is_stale());
    /// ```
    pub fn is_stale(&self) -> bool {
        self.stale_below > 0
    }

    /// The position of a key whose value may be read.
    #[inline(always)]
    pub(crate) fn fresh(&self, node: NodeId) -> Result<u32, Error> {
        match self.is_stale() {
            false => self.position(node),
            true => self.fresh_among_stale(node),
        }
    }

    #[cold]
    #[inline(never)]
    fn fresh_among_stale(&self, node: NodeId) -> Result<u32, Error> {
        let position = self.position(node)?;
        match position >= self.stale_below || self.tape.entry(position).is_source() {
            true => Ok(position),
            false => Err(Error::StaleValue { node, label: self.message_label(node) }),
        }
    }

    /// After a leaf was set.
    fn make_stale(&mut self, leaf: u32) {
        self.lowest_set = self.lowest_set.min(leaf);
        self.stale_below = self.tape.len();
        self.limit_staleness();
    }

    /// Limits `stale_below` to the length of the tape, and sets it to 0 if only leaves and constants are below it.
    pub(super) fn limit_staleness(&mut self) {
        let below = self.stale_below.min(self.tape.len());
        self.refuse_stale_below(if below <= self.tape.sources() { 0 } else { below });
    }

    /// Refuses computed values below this position.
    pub(super) fn refuse_stale_below(&mut self, position: u32) {
        self.stale_below = position;
        self.generations.accept_newest(position == 0);
    }
}
