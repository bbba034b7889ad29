//! Derivatives as numbers, by key: sweeps over `f64`, over tangents, and over duals. Read
//! [`crate::derivative::closures`] for the same over closures.

use std::cell::{Cell, RefCell};

use smallvec::SmallVec;

use crate::error::{Error, direction_length, expect, same_length};
use crate::graph::Graph;
use crate::graph::opened::Opened;
use crate::node::NodeId;
use crate::op::Op;
use crate::scalar::tangents::Tangents;
use crate::sweep;
use crate::sweep::hvp::HvpWorkspace;

/// How many directions one sweep of a Jacobian or Hessian carries. Measured on Rosenbrock and a
/// perceptron: four cost little more than one, eight spill registers.
const LANES: usize = 4;

impl Graph {
    /// The gradient of `l`: its derivative with respect to each node of `wrt`, as numbers. One sweep back;
    /// [`Graph::grad`] reads it afterwards. [`Graph::gradient_nodes`] gives it as nodes.
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
    /// [`Error::NotInGraph`], [`Error::StaleValue`].
    pub fn try_gradient(&self, l: NodeId, wrt: &[NodeId]) -> Result<Vec<f64>, Error> {
        self.try_vjp(&[(l, 1.0)], wrt)
    }

    /// The vector-Jacobian product: for every `n` of `wrt` the sum over `seeds` of
    /// `seed * d(output)/dn`. One sweep back; [`Graph::grad`] reads it afterwards.
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
    /// [`Error::NotInGraph`], [`Error::StaleValue`].
    pub fn try_vjp(&self, seeds: &[(NodeId, f64)], wrt: &[NodeId]) -> Result<Vec<f64>, Error> {
        for &node in wrt {
            self.position(node)?;
        }
        self.try_backward_seeded(seeds)?;
        wrt.iter().map(|&node| self.try_grad(node)).collect()
    }

    /// As [`Graph::vjp`], into `out`: allocates nothing once it ran on as many nodes.
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
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::Length`]; `out` is as before.
    pub fn try_vjp_into(&self, seeds: &[(NodeId, f64)], wrt: &[NodeId], out: &mut [f64]) -> Result<(), Error> {
        same_length("places for derivatives", wrt.len(), out.len())?;
        for &node in wrt {
            self.position(node)?;
        }
        self.try_backward_seeded(seeds)?;
        for (slope, &node) in out.iter_mut().zip(wrt) {
            *slope = self.try_grad(node)?;
        }
        Ok(())
    }

    /// The Jacobian-vector product: for every output the sum over `seeds` of
    /// `d(output)/d(node) * tangent`. One sweep forward over the whole tape. Seeded nodes may be computed ones:
    /// then a copy of the graph is swept, in which a number is added to each of these.
    ///
    /// A tangent of NaN is no probe for what depends on what: products are guarded, so it ends where it
    /// meets a partial of 0 (`NaN * 0` is 0 here, as in `x * y` at `y = 0`, or under a flat `relu`), and
    /// outputs that do depend on the leaf are missed. [`Graph::jacobian_pattern`] tells, at no values.
    ///
    /// Where an infinite partial meets parts that cancel, the result can differ from that of a sweep back:
    /// of `sqrt(mean(x^2) - mean(x)^2)` at equal numbers, tangents cancel before they reach the root, which
    /// gives 0, and adjoints come from the root as infinities of both signs, which gives NaN.
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
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::OutOfMemory`].
    pub fn try_jvp(&self, seeds: &[(NodeId, f64)], outputs: &[NodeId]) -> Result<Vec<f64>, Error> {
        let nodes: SmallVec<[NodeId; 8]> = seeds.iter().map(|&(node, _)| node).collect();
        if !self.are_leaves(&nodes)? {
            let Opened { graph, outputs, inputs } = self.opened(outputs, &nodes)?;
            let seeds: Vec<_> = inputs
                .into_iter()
                .zip(seeds)
                .map(|(input, &(_, tangent))| (input, tangent))
                .collect();
            return graph.try_jvp(&seeds, &outputs);
        }
        let outputs = self.all_fresh(outputs)?;
        let mut tangents = vec![Tangents::<1>::ZERO; len(&outputs)];
        for &(leaf, tangent) in seeds {
            if let Some(place) = tangents.get_mut(self.leaf_position(leaf)?) {
                place.0[0] += tangent;
            }
        }
        sweep::tangents(&self.tape, &mut tangents);
        Ok(outputs.iter().map(|&output| tangents[output].0[0]).collect())
    }

    /// The Jacobian: a row for every output, in it a column for every node of `wrt`.
    ///
    /// A node of `wrt` may be a computed one: its column is the derivative with respect to a number that is added
    /// to it, as with [`Graph::gradient`]. Then the work is done on a copy of the graph.
    ///
    /// Swept forward, four leaves at a time, where there are at most twice as many leaves as
    /// outputs, and else back, an output at a time: a forward sweep of four tangents costs about
    /// what two sweeps back do.
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
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::OutOfMemory`].
    pub fn try_jacobian(&self, outputs: &[NodeId], wrt: &[NodeId]) -> Result<Vec<Vec<f64>>, Error> {
        if !self.are_leaves(wrt)? {
            let Opened { graph, outputs, inputs } = self.opened(outputs, wrt)?;
            return graph.try_jacobian(&outputs, &inputs);
        }
        let outputs = self.all_fresh(outputs)?;
        let leaves = wrt
            .iter()
            .map(|&leaf| self.leaf_position(leaf))
            .collect::<Result<Vec<_>, Error>>()?;
        let len = len(&outputs);
        let mut rows = vec![vec![0.0; leaves.len()]; outputs.len()];
        if leaves.len() <= 2 * outputs.len() {
            let mut tangents = vec![Tangents::<LANES>::ZERO; len];
            for (batch, some) in leaves.chunks(LANES).enumerate() {
                tangents.fill(Tangents::ZERO);
                seed(&mut tangents, some, |tangent, k| tangent.0[k] = 1.0);
                sweep::tangents(&self.tape, &mut tangents);
                for (row, &output) in rows.iter_mut().zip(&outputs) {
                    for k in 0..some.len() {
                        row[batch * LANES + k] = tangents[output].0[k];
                    }
                }
            }
        } else {
            let adjoints = vec![Cell::new(0.0); len];
            let scratch = RefCell::default();
            for (row, &output) in rows.iter_mut().zip(&outputs) {
                let seeds = [(output as u32, 1.0)];
                sweep::reverse(&self.tape, &adjoints[..=output], &seeds, &scratch);
                for (column, &leaf) in row.iter_mut().zip(&leaves) {
                    *column = adjoints.get(leaf).map_or(0.0, Cell::get);
                }
            }
        }
        Ok(rows)
    }

    /// The Hessian-vector product: the derivative of the gradient of `l` with respect to `wrt`, along
    /// `direction`. `wrt` may hold computed nodes, as with [`Graph::hessian`]. Forward over reverse: one sweep each, at a small multiple of a gradient's cost.
    ///
    /// # Panics
    /// On a wrong key, where `l` is stale, and where `direction` is not as long as `wrt`.
    #[track_caller]
    pub fn hvp(&self, l: NodeId, wrt: &[NodeId], direction: &[f64]) -> Vec<f64> {
        expect(self.try_hvp(l, wrt, direction))
    }

    /// As [`Graph::hvp`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::Length`], [`Error::OutOfMemory`].
    pub fn try_hvp(&self, l: NodeId, wrt: &[NodeId], direction: &[f64]) -> Result<Vec<f64>, Error> {
        direction_length(wrt.len(), direction.len())?;
        if !self.are_leaves(wrt)? {
            let Opened { graph, outputs, inputs } = self.opened(&[l], wrt)?;
            return graph.try_hvp(outputs[0], &inputs, direction);
        }
        let l = self.fresh(l)? as usize;
        let leaves = wrt
            .iter()
            .map(|&leaf| self.leaf_position(leaf))
            .collect::<Result<Vec<_>, Error>>()?;
        // The buffers are kept with the graph: fresh ones cost more than the sweeps, page by page.
        let mut hvp = self.hvp.take().unwrap_or_else(|| HvpWorkspace::new(l));
        hvp.fit(l);
        for (&leaf, &component) in leaves.iter().zip(direction) {
            if let Some(tangent) = hvp.tangents.get_mut(leaf) {
                tangent.0[0] += component;
            }
        }
        hvp.sweep(&self.tape);
        let product = leaves.iter().map(|&leaf| hvp.along(leaf, 0)).collect();
        self.hvp.replace(Some(hvp));
        Ok(product)
    }

    /// The Hessian of `l` with respect to `wrt`: symmetric, a row for each.
    ///
    /// A node of `wrt` may be a computed one: its row and column are derivatives with respect to a number that is
    /// added to it. Then the work is done on a copy of the graph. Costs a Hessian-vector
    /// product of four directions for every four leaves; see [`Graph::sparse_hessian`] where most
    /// of it is 0.
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
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::OutOfMemory`].
    pub fn try_hessian(&self, l: NodeId, wrt: &[NodeId]) -> Result<Vec<Vec<f64>>, Error> {
        if !self.are_leaves(wrt)? {
            let Opened { graph, outputs, inputs } = self.opened(&[l], wrt)?;
            return graph.try_hessian(outputs[0], &inputs);
        }
        let l = self.fresh(l)? as usize;
        let leaves = wrt
            .iter()
            .map(|&leaf| self.leaf_position(leaf))
            .collect::<Result<Vec<_>, Error>>()?;
        let mut rows = vec![vec![0.0; leaves.len()]; leaves.len()];
        let mut hvp = HvpWorkspace::<LANES>::new(l);
        for (batch, some) in leaves.chunks(LANES).enumerate() {
            hvp.tangents.fill(Tangents::ZERO);
            seed(&mut hvp.tangents, some, |tangent, k| tangent.0[k] = 1.0);
            hvp.sweep(&self.tape);
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

fn len(outputs: &[usize]) -> usize {
    outputs.iter().max().map_or(0, |&last| last + 1)
}

/// Sets direction `k` at the `k`-th of the leaves.
fn seed<T>(tangents: &mut [T], leaves: &[usize], mut set: impl FnMut(&mut T, usize)) {
    for (k, &leaf) in leaves.iter().enumerate() {
        if let Some(tangent) = tangents.get_mut(leaf) {
            set(tangent, k);
        }
    }
}

impl Graph {
    /// The position of a leaf.
    pub(crate) fn leaf_position(&self, node: NodeId) -> Result<usize, Error> {
        let position = self.position(node)? as usize;
        match self.tape.entry(position as u32).op() {
            Op::Leaf => Ok(position),
            op => Err(Error::NotALeaf { node, op }),
        }
    }

    /// The positions of nodes whose values may be read.
    pub(crate) fn all_fresh(&self, nodes: &[NodeId]) -> Result<Vec<usize>, Error> {
        nodes.iter().map(|&node| Ok(self.fresh(node)? as usize)).collect()
    }
}
