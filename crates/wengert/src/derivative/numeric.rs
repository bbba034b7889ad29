//! Derivatives as numbers, by key: sweeps over `f64`, tangents and duals.

use alloc::vec::Vec;
use core::cell::Cell;

use crate::error::{Error, direction_length, expect, same_length};
use crate::graph::Graph;
use crate::graph::opened::Opened;
use crate::node::NodeId;
use crate::op::Op;
use crate::room::{collected, filled, with_room, zeroed};
use crate::scalar::tangents::Tangents;
use crate::sweep;
use crate::sweep::hvp::HvpWorkspace;

/// The number of directions in one sweep of a Jacobian or Hessian. On Rosenbrock and a perceptron, four cost
/// little more than one, and eight spill registers.
const LANES: usize = 4;

impl Graph {
    /// The gradient of `l`: its derivative with respect to each node of `wrt`, as numbers. One reverse sweep;
    /// afterwards [`Graph::grad`] returns the adjoints of that sweep. [`Graph::gradient_nodes`] gives the gradient as
    /// nodes.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y] = [g.leaf(2.0), g.leaf(5.0)];
    /// assert_eq!(g.gradient(g.mul(x, y), &[x, y]), [5.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// On a wrong key, and where `l` is stale.
    #[track_caller]
    pub fn gradient(&self, l: NodeId, wrt: &[NodeId]) -> Vec<f64> {
        expect(self.try_gradient(l, wrt))
    }

    /// As [`Graph::gradient`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::External`], [`Error::OutOfMemory`].
    pub fn try_gradient(&self, l: NodeId, wrt: &[NodeId]) -> Result<Vec<f64>, Error> {
        self.try_vjp(&[(l, 1.0)], wrt)
    }

    /// The vector-Jacobian product: for each node `n` of `wrt`, the sum over the `seeds` (output, seed) of
    /// `seed * d(output)/dn`. One reverse sweep; afterwards [`Graph::grad`] returns the adjoints of that sweep.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y] = [g.leaf(2.0), g.leaf(3.0)];
    /// assert_eq!(g.vjp(&[(g.mul(x, y), 1.0), (y, 10.0)], &[x, y]), [3.0, 12.0]);
    /// ```
    ///
    /// # Panics
    /// On a wrong key, and where an output is stale.
    #[track_caller]
    pub fn vjp(&self, seeds: &[(NodeId, f64)], wrt: &[NodeId]) -> Vec<f64> {
        expect(self.try_vjp(seeds, wrt))
    }

    /// As [`Graph::vjp`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::External`], [`Error::OutOfMemory`].
    pub fn try_vjp(&self, seeds: &[(NodeId, f64)], wrt: &[NodeId]) -> Result<Vec<f64>, Error> {
        let mut slopes = zeroed::<f64>(wrt.len())?;
        self.try_vjp_into(seeds, wrt, &mut slopes)?;
        Ok(slopes)
    }

    /// As [`Graph::vjp`], but writes to `out`. Allocates nothing if an earlier call ran on at least as many nodes.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y] = [g.leaf(2.0), g.leaf(5.0)];
    /// let mut slopes = [0.0; 2];
    /// g.vjp_into(&[(g.mul(x, y), 10.0)], &[x, y], &mut slopes);
    /// assert_eq!(slopes, [50.0, 20.0]);
    /// ```
    ///
    /// # Panics
    /// As [`Graph::vjp`], and where `out` is not as long as `wrt`.
    #[track_caller]
    pub fn vjp_into(&self, seeds: &[(NodeId, f64)], wrt: &[NodeId], out: &mut [f64]) {
        expect(self.try_vjp_into(seeds, wrt, out));
    }

    /// As [`Graph::vjp_into`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::External`], [`Error::Length`], [`Error::OutOfMemory`]; `out` is
    /// as before.
    pub fn try_vjp_into(&self, seeds: &[(NodeId, f64)], wrt: &[NodeId], out: &mut [f64]) -> Result<(), Error> {
        same_length("places for derivatives, one for each node of `wrt`", wrt.len(), out.len())?;
        for &node in wrt {
            self.position(node)?;
        }
        self.try_backward_seeded(seeds)?;
        for (slope, &node) in out.iter_mut().zip(wrt) {
            *slope = self.try_grad(node)?;
        }
        Ok(())
    }

    /// The Jacobian-vector product: for each output, the sum over the `seeds` (node, tangent) of
    /// `d(output)/d(node) * tangent`. One forward sweep over the whole tape. Seeded nodes need not be leaves: see
    /// [`Graph::jacobian`].
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y] = [g.leaf(2.0), g.leaf(3.0)];
    /// assert_eq!(g.jvp(&[(x, 1.0), (y, 10.0)], &[g.mul(x, y), y]), [23.0, 10.0]);
    /// ```
    ///
    /// To find which outputs depend on which leaves, use [`Graph::jacobian_pattern`]. A tangent of NaN does not
    /// show it: products are guarded, so `NaN * 0` is 0. The NaN ends at a partial of 0, such as that of `x * y`
    /// at `y = 0`, and outputs that depend on the leaf are missed.
    ///
    /// Where an infinite partial meets parts that cancel, the result can differ from that of a reverse sweep. An
    /// example is `sqrt(mean(x^2) - mean(x)^2)` where all components of `x` are equal. Tangents cancel before they
    /// reach the root, which gives 0. Adjoints leave the root as infinities of both signs, which gives NaN.
    ///
    /// # Panics
    /// On a wrong key, and where an output is stale.
    #[track_caller]
    pub fn jvp(&self, seeds: &[(NodeId, f64)], outputs: &[NodeId]) -> Vec<f64> {
        expect(self.try_jvp(seeds, outputs))
    }

    /// As [`Graph::jvp`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::External`], [`Error::OutOfMemory`].
    pub fn try_jvp(&self, seeds: &[(NodeId, f64)], outputs: &[NodeId]) -> Result<Vec<f64>, Error> {
        let Some(leaves) = self.leaf_positions(seeds.iter().map(|&(node, _)| node))? else {
            let nodes = collected(seeds.iter().map(|&(node, _)| node))?;
            let Opened { graph, outputs, inputs, .. } = self.opened(outputs, &nodes)?;
            let seeds = collected(inputs.into_iter().zip(seeds).map(|(input, &(_, tangent))| (input, tangent)))?;
            return graph.try_jvp(&seeds, &outputs);
        };
        let outputs = self.all_fresh(outputs)?;
        let mut tangents = filled(Tangents::<1>::ZERO, len(&outputs))?;
        for (&leaf, &(_, tangent)) in leaves.iter().zip(seeds) {
            if let Some(place) = tangents.get_mut(leaf) {
                place.0[0] += tangent;
            }
        }
        sweep::tangents(&self.tape, &mut tangents, &self.operands)?;
        Ok(collected(outputs.iter().map(|&output| tangents[output].0[0]))?)
    }

    /// The Jacobian: a row for each output, with a column for each node of `wrt`.
    ///
    /// Nodes of `wrt` need not be leaves. The derivative with respect to a computed node equals that with respect to a
    /// number added to it, as in [`Graph::gradient`]. It is computed on a copy of the graph.
    ///
    /// With at most twice as many leaves as outputs, it takes a forward sweep for every four leaves. Otherwise it takes
    /// a reverse sweep for each output. (A forward sweep of four tangents costs about as much as two reverse sweeps.)
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y] = [g.leaf(2.0), g.leaf(3.0)];
    /// assert_eq!(g.jacobian(&[g.mul(x, y), y], &[x, y]), [[3.0, 2.0], [0.0, 1.0]]);
    /// ```
    ///
    /// # Panics
    /// On a wrong key, and where an output is stale.
    #[track_caller]
    pub fn jacobian(&self, outputs: &[NodeId], wrt: &[NodeId]) -> Vec<Vec<f64>> {
        expect(self.try_jacobian(outputs, wrt))
    }

    /// As [`Graph::jacobian`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::External`], [`Error::OutOfMemory`].
    pub fn try_jacobian(&self, outputs: &[NodeId], wrt: &[NodeId]) -> Result<Vec<Vec<f64>>, Error> {
        let Some(leaves) = self.leaf_positions(wrt.iter().copied())? else {
            let Opened { graph, outputs, inputs, .. } = self.opened(outputs, wrt)?;
            return graph.try_jacobian(&outputs, &inputs);
        };
        let outputs = self.all_fresh(outputs)?;
        let len = len(&outputs);
        let mut rows = zeros(outputs.len(), leaves.len())?;
        if leaves.len() <= 2 * outputs.len() {
            let mut tangents = filled(Tangents::<LANES>::ZERO, len)?;
            for (batch, some) in leaves.chunks(LANES).enumerate() {
                tangents.fill(Tangents::ZERO);
                seed(&mut tangents, some, |tangent, k| tangent.0[k] = 1.0);
                sweep::tangents(&self.tape, &mut tangents, &self.operands)?;
                for (row, &output) in rows.iter_mut().zip(&outputs) {
                    for k in 0..some.len() {
                        row[batch * LANES + k] = tangents[output].0[k];
                    }
                }
            }
        } else {
            let adjoints = zeroed::<Cell<f64>>(len)?;
            for (row, &output) in rows.iter_mut().zip(&outputs) {
                // What lies beyond the output still has the adjoints of the row before.
                let adjoints = &adjoints[..=output];
                sweep::reverse(&self.tape, adjoints, &[(output as u32, 1.0)], &self.operands)?;
                for (column, &leaf) in row.iter_mut().zip(&leaves) {
                    *column = adjoints.get(leaf).map_or(0.0, Cell::get);
                }
            }
        }
        Ok(rows)
    }

    /// The Hessian-vector product: the derivative, along `direction`, of the gradient of `l` with respect to `wrt`. The
    /// nodes of `wrt` need not be leaves: see [`Graph::hessian`]. One forward sweep and one reverse sweep over duals,
    /// at a small multiple of the cost of a gradient.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y] = [g.leaf(3.0), g.leaf(5.0)];
    /// let l = g.mul(g.mul(x, x), y);
    /// assert_eq!(g.hvp(l, &[x, y], &[1.0, 0.0]), [10.0, 6.0]);
    /// ```
    ///
    /// # Panics
    /// On a wrong key, where `l` is stale, and where the lengths of `direction` and `wrt` differ.
    #[track_caller]
    pub fn hvp(&self, l: NodeId, wrt: &[NodeId], direction: &[f64]) -> Vec<f64> {
        expect(self.try_hvp(l, wrt, direction))
    }

    /// As [`Graph::hvp`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::External`], [`Error::Length`], [`Error::OutOfMemory`].
    pub fn try_hvp(&self, l: NodeId, wrt: &[NodeId], direction: &[f64]) -> Result<Vec<f64>, Error> {
        direction_length(wrt.len(), direction.len())?;
        let Some(leaves) = self.leaf_positions(wrt.iter().copied())? else {
            let Opened { graph, outputs, inputs, .. } = self.opened(&[l], wrt)?;
            return graph.try_hvp(outputs[0], &inputs, direction);
        };
        let l = self.fresh(l)? as usize;
        // The graph keeps the buffers: page faults of new ones would cost more than the sweeps.
        let mut hvp = self.hvp.take().unwrap_or_default();
        hvp.fit(l, self.most_operands())?;
        for (&leaf, &component) in leaves.iter().zip(direction) {
            if let Some(tangent) = hvp.tangents.get_mut(leaf) {
                tangent.0[0] += component;
            }
        }
        hvp.sweep(&self.tape, &self.operands)?;
        let product = collected(leaves.iter().map(|&leaf| hvp.along(leaf, 0)))?;
        self.hvp.replace(Some(hvp));
        Ok(product)
    }

    /// The dense Hessian of `l` with respect to `wrt`, a row for each node. Costs a Hessian-vector product of four
    /// directions for every four leaves. Where most entries are 0, use [`Graph::sparse_hessian`].
    ///
    /// Nodes of `wrt` need not be leaves. The row and the column of a computed node are derivatives with respect to a
    /// number added to it. They are computed on a copy of the graph, so a plan ([`Graph::plan_hessian`]), which sweeps the
    /// graph itself, takes leaves only.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y] = [g.leaf(3.0), g.leaf(5.0)];
    /// let l = g.mul(g.mul(x, x), y);
    /// assert_eq!(g.hessian(l, &[x, y]), [[10.0, 6.0], [6.0, 0.0]]);
    /// ```
    ///
    /// # Panics
    /// On a wrong key, and where `l` is stale.
    #[track_caller]
    pub fn hessian(&self, l: NodeId, wrt: &[NodeId]) -> Vec<Vec<f64>> {
        expect(self.try_hessian(l, wrt))
    }

    /// As [`Graph::hessian`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::External`], [`Error::OutOfMemory`].
    pub fn try_hessian(&self, l: NodeId, wrt: &[NodeId]) -> Result<Vec<Vec<f64>>, Error> {
        let Some(leaves) = self.leaf_positions(wrt.iter().copied())? else {
            let Opened { graph, outputs, inputs, .. } = self.opened(&[l], wrt)?;
            return graph.try_hessian(outputs[0], &inputs);
        };
        let l = self.fresh(l)? as usize;
        let mut rows = zeros(leaves.len(), leaves.len())?;
        let mut hvp = HvpWorkspace::<LANES>::default();
        hvp.fit(l, self.most_operands())?;
        for (batch, some) in leaves.chunks(LANES).enumerate() {
            hvp.tangents.fill(Tangents::ZERO);
            seed(&mut hvp.tangents, some, |tangent, k| tangent.0[k] = 1.0);
            hvp.sweep(&self.tape, &self.operands)?;
            for k in 0..some.len() {
                let column = batch * LANES + k;
                for (row, &leaf) in rows.iter_mut().zip(&leaves) {
                    row[column] = hvp.along(leaf, k);
                }
            }
        }
        Ok(rows)
    }
}

/// A matrix of zeros, a list for each row.
fn zeros(rows: usize, cols: usize) -> Result<Vec<Vec<f64>>, Error> {
    let mut matrix = with_room(rows)?;
    for _ in 0..rows {
        matrix.push(zeroed::<f64>(cols)?);
    }
    Ok(matrix)
}

fn len(outputs: &[usize]) -> usize {
    outputs.iter().max().map_or(0, |&last| last + 1)
}

/// Calls `set` for each of the leaves, with its index as the direction.
fn seed<T>(tangents: &mut [T], leaves: &[usize], mut set: impl FnMut(&mut T, usize)) {
    for (k, &leaf) in leaves.iter().enumerate() {
        if let Some(tangent) = tangents.get_mut(leaf) {
            set(tangent, k);
        }
    }
}

impl Graph {
    pub(crate) fn leaf_position(&self, node: NodeId) -> Result<usize, Error> {
        let position = self.position(node)? as usize;
        match self.tape.entry(position as u32).op() {
            Op::Leaf => Ok(position),
            op => Err(Error::NotALeaf { node, label: self.message_label(node), op }),
        }
    }

    /// The positions of these nodes; an error where a value is stale.
    pub(crate) fn all_fresh(&self, nodes: &[NodeId]) -> Result<Vec<usize>, Error> {
        let mut positions = with_room(nodes.len())?;
        for &node in nodes {
            positions.push(self.fresh(node)? as usize);
        }
        Ok(positions)
    }
}
