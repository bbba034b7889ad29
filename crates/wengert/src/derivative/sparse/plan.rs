//! Sparse derivatives as numbers: a plan of sweeps, made once and run at any values.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::Cell;
use core::fmt;

use crate::derivative::closures::Recording;
use crate::derivative::sparse::color::{Colors, Stars, columns};
use crate::derivative::sparse::dependence::{At, Variables, changing_at_nan};
use crate::derivative::sparse::hessian::hessian;
use crate::derivative::sparse::jacobian::jacobian;
use crate::derivative::sparse::matrix::{Pattern, Sparse};
use crate::error::{Error, expect};
use crate::graph::Graph;
use crate::graph::opened::Opened;
use crate::node::NodeId;
use crate::number::expr::Expr;
use crate::room::{Refused, collected, filled, with_room, zeroed};
use crate::scalar::tangents::Tangents;
use crate::sweep;
use crate::sweep::hvp::HvpWorkspace;

/// How many colors one sweep carries: as many as in the dense Hessian, so that the numbers are the same.
const LANES: usize = 4;

impl Graph {
    /// The Hessian of `l` with respect to `wrt`, as a sparse matrix.
    ///
    /// The values are those of [`Graph::hessian`], NaN included, but symmetric to the bit. Where the two triangles of
    /// the dense matrix differ, in the last place or by a NaN, one of the two values stands in both places here.
    ///
    /// Finds the pattern, colors it and sweeps. For more than one point, [`Graph::plan_hessian`] keeps what
    /// does not depend on the values.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaves(&[2.0, 3.0, 5.0]);
    /// let l = g.add(g.mul(x[0], x[1]), g.powi(x[2], 2));
    /// let h = g.sparse_hessian(l, &x);
    /// assert_eq!(h.triplets().collect::<Vec<_>>(), [(1, 0, 1.0), (0, 1, 1.0), (2, 2, 2.0)]);
    /// ```
    ///
    /// Nodes of `wrt` need not be leaves: see [`Graph::hessian`].
    ///
    /// # Panics
    /// On a wrong key, and where `l` is stale.
    #[track_caller]
    pub fn sparse_hessian(&self, l: NodeId, wrt: &[NodeId]) -> Sparse {
        expect(self.try_sparse_hessian(l, wrt))
    }

    /// As [`Graph::sparse_hessian`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::External`], [`Error::OutOfMemory`].
    pub fn try_sparse_hessian(&self, l: NodeId, wrt: &[NodeId]) -> Result<Sparse, Error> {
        if self.leaf_positions(wrt.iter().copied())?.is_none() {
            let Opened { graph, outputs, inputs, .. } = self.opened(&[l], wrt)?;
            return graph.try_sparse_hessian(outputs[0], &inputs);
        }
        self.plan_hessian(l, wrt)?.evaluate(self)
    }

    /// Finds and colors the pattern of the Hessian of `l` with respect to the leaves `wrt`, so that it can be
    /// evaluated at many points. A plan sweeps the graph itself, so computed nodes are refused:
    /// [`Graph::sparse_hessian`] takes them, since it sweeps a copy in which a leaf is added to each. Costs O(nodes * d) for at most `d` edges at a node, and O(colors * entries).
    ///
    /// ```
    /// let mut g = wengert::Graph::new();
    /// let x = g.leaves(&[2.0, 3.0]);
    /// let l = g.mul(g.powi(x[0], 2), x[1]);
    /// let mut plan = g.plan_hessian(l, &x)?;
    /// g.set(x[0], 5.0);
    /// g.forward()?;
    /// assert_eq!(plan.evaluate(&g)?.to_dense(), [[6.0, 10.0], [10.0, 0.0]]);
    /// # Ok::<(), wengert::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::NotALeaf`], [`Error::OutOfMemory`].
    pub fn plan_hessian(&self, l: NodeId, wrt: &[NodeId]) -> Result<HessianPlan, Error> {
        self.plan_hessian_at(At::Numbers, l, wrt)
    }

    fn plan_hessian_at(&self, at: At, l: NodeId, wrt: &[NodeId]) -> Result<HessianPlan, Error> {
        let position = self.fresh(l)? as usize;
        let variables = Variables::new(self, wrt)?;
        let pattern = hessian(self, position, &variables, at)?;
        let stars = Stars::new(&pattern)?;
        let of = |k: usize| variables.of_wrt[k] as usize;
        let places = |row, col| {
            // Both entries of a pair are read at one place, so that the matrix is symmetric.
            let (from, color) = stars.place(of(row).max(of(col)), of(row).min(of(col)));
            (color, from)
        };
        let pattern = variables.for_wrt(pattern, true)?;
        let sweeps = Sweeps::new(self, wrt, &variables, position + 1, pattern, &stars.colors, places)?;
        Ok(HessianPlan { l, sweeps, hvp: None })
    }

    /// The Jacobian of the outputs with respect to `wrt`, as a sparse matrix with a row for each output and a column
    /// for each node of `wrt`. The values are those of [`Graph::jacobian`], NaN included, where both sweep in the same
    /// direction ([`JacobianPlan::is_forward`]). Otherwise they may differ in the last place, and by a NaN: where an
    /// infinite partial meets parts that cancel, as in `ln(x - x)`, the value is 0 forward and NaN in reverse; where an
    /// operand of NaN meets a partial of 0, as in `relu(x) / inf`, it is NaN forward and 0 in reverse.
    ///
    /// Finds the pattern, colors it and sweeps. For more than one point, [`Graph::plan_jacobian`] keeps what
    /// does not depend on the values.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaves(&[2.0, 3.0]);
    /// let j = g.sparse_jacobian(&[g.powi(x[0], 2), g.mul(x[0], x[1])], &x);
    /// assert_eq!(j.triplets().collect::<Vec<_>>(), [(0, 0, 4.0), (1, 0, 3.0), (1, 1, 2.0)]);
    /// ```
    ///
    /// Nodes of `wrt` need not be leaves: see [`Graph::jacobian`].
    ///
    /// # Panics
    /// On a wrong key, and where an output is stale.
    #[track_caller]
    pub fn sparse_jacobian(&self, outputs: &[NodeId], wrt: &[NodeId]) -> Sparse {
        expect(self.try_sparse_jacobian(outputs, wrt))
    }

    /// As [`Graph::sparse_jacobian`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::External`], [`Error::OutOfMemory`].
    pub fn try_sparse_jacobian(&self, outputs: &[NodeId], wrt: &[NodeId]) -> Result<Sparse, Error> {
        if self.leaf_positions(wrt.iter().copied())?.is_none() {
            let Opened { graph, outputs, inputs, .. } = self.opened(outputs, wrt)?;
            return graph.try_sparse_jacobian(&outputs, &inputs);
        }
        self.plan_jacobian(outputs, wrt)?.evaluate(self)
    }

    /// Finds the pattern of the Jacobian of the outputs with respect to the leaves `wrt`, and colors its
    /// columns or its rows, whichever makes the sweeps cheaper, so that it can be evaluated at many points.
    ///
    /// ```
    /// let mut g = wengert::Graph::new();
    /// let x = g.leaves(&[2.0, 3.0]);
    /// let outputs = [g.powi(x[0], 2), g.sin(x[1])];
    /// let mut plan = g.plan_jacobian(&outputs, &x)?;
    /// assert_eq!(plan.colors(), 1);
    /// assert_eq!(plan.evaluate(&g)?.get(0, 0), 4.0);
    /// # Ok::<(), wengert::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::NotALeaf`], [`Error::OutOfMemory`].
    pub fn plan_jacobian(&self, outputs: &[NodeId], wrt: &[NodeId]) -> Result<JacobianPlan, Error> {
        self.plan_jacobian_at(At::Numbers, outputs, wrt)
    }

    fn plan_jacobian_at(&self, at: At, outputs: &[NodeId], wrt: &[NodeId]) -> Result<JacobianPlan, Error> {
        let positions = self.all_fresh(outputs)?;
        let variables = Variables::new(self, wrt)?;
        let pattern = jacobian(self, &positions, &variables, at)?;
        let rows = pattern.try_transposed()?;
        let forward = columns(&pattern, &rows)?;
        let reverse = columns(&rows, &pattern)?;
        // A forward sweep of four tangents costs about as much as two reverse sweeps.
        let is_forward = 2 * forward.count.div_ceil(LANES) <= reverse.count;
        let colors = if is_forward { forward } else { reverse };
        let places = |row, col| {
            let col = variables.of_wrt[col] as usize;
            let (by, from) = if is_forward { (col, row) } else { (row, col) };
            (colors.of[by], from)
        };
        let pattern = variables.for_wrt(pattern, false)?;
        let sweeps = Sweeps::new(self, wrt, &variables, end(&positions), pattern, &colors, places)?;
        Ok(JacobianPlan { outputs: collected(outputs.iter().copied())?, sweeps, is_forward })
    }
}

/// How many nodes there are up to the last of these.
fn end(positions: &[usize]) -> usize {
    positions.iter().max().map_or(0, |&last| last + 1)
}

/// The entry that is read at `from` in the sum of the columns (or rows) of a color.
#[derive(Clone, Copy, Debug)]
struct Read {
    color: u32,
    from: u32,
    entry: u32,
}

/// What both plans hold: the pattern, its colors, and where each entry is read.
struct Sweeps {
    wrt: Vec<NodeId>,
    /// The nodes of `wrt` without repetitions.
    leaves: Vec<NodeId>,
    /// The nodes that make entries outside the pattern where their value is NaN.
    changing_at_nan: Vec<u32>,
    pattern: Arc<Pattern>,
    colors: Colors,
    /// Sorted by color.
    reads: Vec<Read>,
}

impl Sweeps {
    /// `places` gives, for an entry (row, column) of the pattern, its color and where it is read.
    fn new(
        graph: &Graph,
        wrt: &[NodeId],
        variables: &Variables,
        len: usize,
        pattern: Pattern,
        colors: &Colors,
        places: impl Fn(usize, usize) -> (u32, usize),
    ) -> Result<Sweeps, Refused> {
        let read = |(entry, (row, col))| {
            let (color, from) = places(row, col);
            Read { color, from: from as u32, entry: entry as u32 }
        };
        let mut reads: Vec<Read> = with_room(pattern.len())?;
        reads.extend(pattern.iter().enumerate().map(read));
        reads.sort_unstable_by_key(|read| (read.color, read.entry));
        let key = |&leaf: &usize| graph.generations.key(leaf as u32);
        Ok(Sweeps {
            wrt: collected(wrt.iter().copied())?,
            leaves: collected(variables.leaves.iter().map(key))?,
            changing_at_nan: changing_at_nan(&graph.tape, len)?,
            pattern: Arc::new(pattern),
            colors: Colors { of: collected(colors.of.iter().copied())?, count: colors.count },
            reads,
        })
    }

    /// Whether the pattern holds at the values of the graph: no node that could add an entry is NaN.
    ///
    /// # Errors
    /// [`Error::NotInGraph`] where the leaves are not of this graph.
    fn holds(&self, graph: &Graph) -> Result<bool, Error> {
        for &leaf in &self.leaves {
            graph.position(leaf)?;
        }
        let is_nan = |&position: &u32| graph.tape.entry(position).value.is_nan();
        Ok(!self.changing_at_nan.iter().any(is_nan))
    }

    /// The matrix, by forward sweeps of a few colors each. `sweep` runs one sweep over the seeded tangents of `state`.
    /// Then `read` gives the number at a place, in a lane.
    fn forward<S>(
        &self,
        state: &mut S,
        tangents: impl Fn(&mut S) -> &mut [Tangents<LANES>],
        sweep: impl Fn(&mut S) -> Result<(), Error>,
        read: impl Fn(&S, usize, usize) -> f64,
    ) -> Result<Sparse, Error> {
        let mut values = zeroed::<f64>(self.pattern.len())?;
        for reads in self.reads.chunk_by(|a, b| a.color as usize / LANES == b.color as usize / LANES) {
            let first = reads[0].color as usize / LANES * LANES;
            let seeded = tangents(state);
            seeded.fill(Tangents::ZERO);
            for (leaf, &color) in self.leaves.iter().zip(&self.colors.of) {
                let lane = (color as usize).wrapping_sub(first);
                if lane < LANES
                    && let Some(tangent) = seeded.get_mut(leaf.index())
                {
                    tangent.0[lane] = 1.0;
                }
            }
            sweep(state)?;
            for at in reads {
                values[at.entry as usize] = read(state, at.from as usize, at.color as usize - first);
            }
        }
        Ok(Sparse::new(Arc::clone(&self.pattern), values))
    }

    fn leaf(&self, index: usize) -> usize {
        self.leaves[index].index()
    }

    /// For each color, the keys of those that have it.
    fn directions(&self, keys: &[NodeId]) -> Vec<Vec<NodeId>> {
        let mut directions = vec![Vec::new(); self.colors.count];
        for (&key, &color) in keys.iter().zip(&self.colors.of) {
            if let Some(direction) = directions.get_mut(color as usize) {
                direction.push(key);
            }
        }
        directions
    }

    /// For each entry of the pattern, its color, and which of the keys it is read at.
    fn places(&self, keys: &[NodeId]) -> Vec<(usize, NodeId)> {
        let mut places = vec![None; self.reads.len()];
        for read in &self.reads {
            places[read.entry as usize] = Some((read.color as usize, keys[read.from as usize]));
        }
        places.into_iter().flatten().collect()
    }
}

/// A sparse Hessian, to be evaluated at any values of the graph: made by [`Graph::plan_hessian`].
pub struct HessianPlan {
    l: NodeId,
    sweeps: Sweeps,
    /// The memory of the last evaluation.
    hvp: Option<HvpWorkspace<LANES>>,
}

impl HessianPlan {
    /// Which entries can differ from 0 where values are numbers.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaves(&[2.0, 3.0]);
    /// let plan = g.plan_hessian(g.mul(x[0], x[1]), &x)?;
    /// assert_eq!(plan.pattern().iter().collect::<Vec<_>>(), [(1, 0), (0, 1)]);
    /// # Ok::<(), wengert::Error>(())
    /// ```
    pub fn pattern(&self) -> &Pattern {
        &self.sweeps.pattern
    }

    /// How many directions are swept.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaves(&[2.0, 3.0, 5.0]);
    /// let squares: Vec<_> = x.iter().map(|&x| g.mul(x, x)).collect();
    /// let plan = g.plan_hessian(g.sum(&squares), &x)?;
    /// assert_eq!(plan.colors(), 1); // one direction gives the whole diagonal
    /// # Ok::<(), wengert::Error>(())
    /// ```
    pub fn colors(&self) -> usize {
        self.sweeps.colors.count
    }

    /// The directions that are swept: for each color, the leaves whose tangent is 1.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaves(&[2.0, 3.0]);
    /// let plan = g.plan_hessian(g.add(g.powi(x[0], 2), g.powi(x[1], 2)), &x)?;
    /// assert_eq!(plan.directions(), [[x[0], x[1]]]); // both columns at once
    /// # Ok::<(), wengert::Error>(())
    /// ```
    pub fn directions(&self) -> Vec<Vec<NodeId>> {
        self.sweeps.directions(&self.sweeps.leaves)
    }

    /// Where each entry of the pattern is read, in the order of [`Pattern::iter`]: in which of
    /// [`HessianPlan::directions`], and at the gradient with respect to which leaf.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaves(&[2.0, 3.0]);
    /// let plan = g.plan_hessian(g.add(g.powi(x[0], 2), g.powi(x[1], 2)), &x)?;
    /// assert_eq!(plan.places(), [(0, x[0]), (0, x[1])]);
    /// # Ok::<(), wengert::Error>(())
    /// ```
    pub fn places(&self) -> Vec<(usize, NodeId)> {
        self.sweeps.places(&self.sweeps.leaves)
    }

    /// The Hessian at the values that the graph has now; call [`Graph::set`] and [`Graph::forward`] first for others.
    /// One forward and one reverse sweep for every four colors. Memory is kept for the next call.
    ///
    /// The matrix has the pattern of the plan, with one exception. Where a kink or a piecewise constant
    /// (`abs`, `max`, `floor`) has the value NaN, its derivatives are NaN too, in entries that are 0 at all
    /// numbers. Then the matrix has a larger pattern, found in this call at the cost of a new plan.
    ///
    /// ```
    /// let mut g = wengert::Graph::new();
    /// let x = g.leaves(&[2.0, 3.0]);
    /// let l = g.mul(g.powi(x[0], 2), x[1]);
    /// let mut plan = g.plan_hessian(l, &x)?;
    /// g.set(x[1], 4.0);
    /// g.forward()?;
    /// assert_eq!(plan.evaluate(&g)?.get(0, 0), 8.0);
    /// # Ok::<(), wengert::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotInGraph`] if the plan was made from another graph or its nodes were dropped; [`Error::StaleValue`],
    /// [`Error::External`], [`Error::OutOfMemory`].
    pub fn evaluate(&mut self, graph: &Graph) -> Result<Sparse, Error> {
        let l = graph.fresh(self.l)? as usize;
        if !self.sweeps.holds(graph)? {
            let mut plan = graph.plan_hessian_at(At::Values, self.l, &self.sweeps.wrt)?;
            return plan.sweep(graph, l);
        }
        self.sweep(graph, l)
    }

    fn sweep(&mut self, graph: &Graph, l: usize) -> Result<Sparse, Error> {
        let sweeps = &self.sweeps;
        let mut hvp = match self.hvp.take() {
            Some(hvp) => hvp,
            None => {
                let mut hvp = HvpWorkspace::default();
                hvp.fit(l, graph.most_operands())?;
                hvp
            }
        };
        let matrix = sweeps.forward(
            &mut hvp,
            |hvp| &mut hvp.tangents,
            |hvp| hvp.sweep(&graph.tape, &graph.operands),
            |hvp, from, lane| hvp.along(sweeps.leaf(from), lane),
        )?;
        self.hvp = Some(hvp);
        Ok(matrix)
    }
}

/// Shows the sizes.
impl fmt::Debug for HessianPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HessianPlan({:?}, {} colors)", self.pattern(), self.colors())
    }
}

/// A sparse Jacobian, to be evaluated at any values of the graph: made by [`Graph::plan_jacobian`].
pub struct JacobianPlan {
    outputs: Vec<NodeId>,
    sweeps: Sweeps,
    /// Whether columns are colored, and not rows.
    is_forward: bool,
}

impl JacobianPlan {
    /// Which entries can differ from 0 where values are numbers.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaves(&[2.0, 3.0]);
    /// let outputs = [g.sin(x[0]), g.exp(x[1])];
    /// let plan = g.plan_jacobian(&outputs, &x)?;
    /// assert_eq!(plan.pattern().iter().collect::<Vec<_>>(), [(0, 0), (1, 1)]);
    /// # Ok::<(), wengert::Error>(())
    /// ```
    pub fn pattern(&self) -> &Pattern {
        &self.sweeps.pattern
    }

    /// How many directions are swept.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaves(&[2.0, 3.0]);
    /// let outputs = [g.sin(x[0]), g.exp(x[1])];
    /// let plan = g.plan_jacobian(&outputs, &x)?;
    /// assert_eq!(plan.colors(), 1); // both rows at once
    /// # Ok::<(), wengert::Error>(())
    /// ```
    pub fn colors(&self) -> usize {
        self.sweeps.colors.count
    }

    /// Whether the sweeps go forward, each direction a sum of columns. Otherwise they go in reverse, each
    /// direction a sum of rows.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaves(&[2.0, 3.0, 5.0]);
    /// let plan = g.plan_jacobian(&[g.product(&x)], &x)?;
    /// assert!(!plan.is_forward()); // one row, and three columns
    /// # Ok::<(), wengert::Error>(())
    /// ```
    pub fn is_forward(&self) -> bool {
        self.is_forward
    }

    /// The directions that are swept, one for each color. Forward: the leaves whose tangent is 1. In reverse: the
    /// outputs whose adjoint is 1.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaves(&[2.0, 3.0]);
    /// let outputs = [g.sin(x[0]), g.exp(x[1])];
    /// let plan = g.plan_jacobian(&outputs, &x)?;
    /// assert_eq!((plan.is_forward(), plan.directions()), (false, vec![outputs.to_vec()]));
    /// # Ok::<(), wengert::Error>(())
    /// ```
    pub fn directions(&self) -> Vec<Vec<NodeId>> {
        let keys = if self.is_forward { &self.sweeps.leaves } else { &self.outputs };
        self.sweeps.directions(keys)
    }

    /// Where each entry of the pattern is read, in the order of [`Pattern::iter`]: in which of
    /// [`JacobianPlan::directions`], and at which output (forward) or leaf (in reverse).
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaves(&[2.0, 3.0]);
    /// let outputs = [g.sin(x[0]), g.exp(x[1])];
    /// let plan = g.plan_jacobian(&outputs, &x)?;
    /// assert_eq!((plan.is_forward(), plan.places()), (false, vec![(0, x[0]), (0, x[1])]));
    /// # Ok::<(), wengert::Error>(())
    /// ```
    pub fn places(&self) -> Vec<(usize, NodeId)> {
        let keys = if self.is_forward { &self.outputs } else { &self.sweeps.leaves };
        self.sweeps.places(keys)
    }

    /// The Jacobian at the values that the graph has now; call [`Graph::set`] and [`Graph::forward`] first
    /// for others. One forward sweep for every four colors, or one reverse sweep for each color.
    ///
    /// The matrix has the pattern of the plan, with one exception. Where a kink or a piecewise constant
    /// (`abs`, `max`, `floor`) has the value NaN, its derivatives are NaN too, in entries that are 0 at all
    /// numbers. Then the matrix has a larger pattern, found in this call at the cost of a new plan.
    ///
    /// ```
    /// let mut g = wengert::Graph::new();
    /// let x = g.leaves(&[2.0, 3.0]);
    /// let mut plan = g.plan_jacobian(&[g.mul(x[0], x[1])], &x)?;
    /// g.set(x[1], 4.0);
    /// g.forward()?;
    /// assert_eq!(plan.evaluate(&g)?.values(), [4.0, 2.0]);
    /// # Ok::<(), wengert::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotInGraph`] if the plan was made from another graph or its nodes were dropped; [`Error::StaleValue`],
    /// [`Error::External`], [`Error::OutOfMemory`].
    pub fn evaluate(&mut self, graph: &Graph) -> Result<Sparse, Error> {
        let outputs = graph.all_fresh(&self.outputs)?;
        if !self.sweeps.holds(graph)? {
            let plan = graph.plan_jacobian_at(At::Values, &self.outputs, &self.sweeps.wrt)?;
            return plan.sweep(graph, &outputs);
        }
        self.sweep(graph, &outputs)
    }

    fn sweep(&self, graph: &Graph, outputs: &[usize]) -> Result<Sparse, Error> {
        let sweeps = &self.sweeps;
        let len = end(outputs);
        if self.is_forward {
            return sweeps.forward(
                &mut filled(Tangents::ZERO, len)?,
                |tangents| tangents,
                |tangents| sweep::tangents(&graph.tape, tangents, &graph.operands),
                |tangents, from, lane| tangents[outputs[from]].0[lane],
            );
        }
        let mut values = zeroed::<f64>(sweeps.pattern.len())?;
        let adjoints = zeroed::<Cell<f64>>(len)?;
        let mut seeds: Vec<(u32, f64)> = with_room(outputs.len())?;
        for reads in sweeps.reads.chunk_by(|a, b| a.color == b.color) {
            let colored = outputs.iter().zip(&sweeps.colors.of);
            let colored = colored.filter(|&(_, &color)| color == reads[0].color);
            seeds.clear();
            seeds.extend(colored.map(|(&output, _)| (output as u32, 1.0)));
            sweep::reverse(&graph.tape, &adjoints, &seeds, &graph.operands)?;
            for read in reads {
                values[read.entry as usize] = adjoints[sweeps.leaf(read.from as usize)].get();
            }
        }
        Ok(Sparse::new(Arc::clone(&sweeps.pattern), values))
    }
}

/// Shows the sizes.
impl fmt::Debug for JacobianPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = if self.is_forward { "forward" } else { "reverse" };
        write!(f, "JacobianPlan({:?}, {} colors {direction})", self.pattern(), self.colors())
    }
}

/// The Hessian of `f` at `x` as a sparse matrix: see [`Graph::sparse_hessian`].
///
/// ```
/// let h = wengert::sparse_hessian(|x| x[0] * x[1] + x[2].powi(2), &[2.0, 3.0, 5.0]);
/// assert_eq!(h.to_dense(), [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 2.0]]);
/// assert_eq!(h.pattern().len(), 3);
/// ```
///
/// # Panics
/// As the ops of [`Graph`].
#[track_caller]
pub fn sparse_hessian(f: impl for<'g> Fn(&[Expr<'g>]) -> Expr<'g>, x: &[f64]) -> Sparse {
    let recording = Recording::of(x, |x| vec![f(x)]);
    recording.graph.sparse_hessian(recording.outputs[0], &recording.inputs)
}

/// The Jacobian of `f` at `x` as a sparse matrix: see [`Graph::sparse_jacobian`].
///
/// ```
/// let j = wengert::sparse_jacobian(|x| vec![x[0] * x[0], x[1] * 3.0], &[2.0, 5.0]);
/// assert_eq!(j.triplets().collect::<Vec<_>>(), [(0, 0, 4.0), (1, 1, 3.0)]);
/// ```
///
/// # Panics
/// As the ops of [`Graph`].
#[track_caller]
pub fn sparse_jacobian(f: impl for<'g> Fn(&[Expr<'g>]) -> Vec<Expr<'g>>, x: &[f64]) -> Sparse {
    let recording = Recording::of(x, f);
    recording.graph.sparse_jacobian(&recording.outputs, &recording.inputs)
}
