//! Sparse derivatives as numbers: a plan of sweeps, made once and run at any values. Read
//! `sweep.rs` of the engine for the sweeps.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;

use crate::derivative::closures::Recording;
use crate::derivative::sparse::color::{Colors, Stars, columns};
use crate::derivative::sparse::dependence::{At, Variables, changing_at_nan};
use crate::derivative::sparse::jacobian::{hessian, jacobian, repeated};
use crate::derivative::sparse::matrix::{Pattern, Sparse};
use crate::error::{Error, expect};
use crate::graph::Graph;
use crate::node::NodeId;
use crate::number::expr::Expr;
use crate::scalar::tangents::Tangents;
use crate::sweep;
use crate::sweep::hvp::HvpWorkspace;

/// How many colors one sweep carries: as the dense Hessian, so that the numbers are the same.
const LANES: usize = 4;

impl Graph {
    /// The Hessian of `l` in the leaves `wrt`, as a sparse matrix: values equal to those of
    /// [`Graph::hessian`], NaN included, but symmetric to the bit: where the two sides of that differ, in a
    /// last place or by a NaN, both are what one of them is. Finds the pattern, colors it and sweeps; [`Graph::plan_hessian`] keeps
    /// what does not depend on the values.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaves(&[2.0, 3.0, 5.0]);
    /// let l = g.add(g.mul(x[0], x[1]), g.powi(x[2], 2));
    /// let h = g.sparse_hessian(l, &x);
    /// assert_eq!(h.triplets().collect::<Vec<_>>(), [(1, 0, 1.0), (0, 1, 1.0), (2, 2, 2.0)]);
    /// ```
    ///
    /// # Panics
    /// On a wrong key, where `l` is stale, and where a node of `wrt` is no leaf.
    #[track_caller]
    pub fn sparse_hessian(&self, l: NodeId, wrt: &[NodeId]) -> Sparse {
        expect(self.try_sparse_hessian(l, wrt))
    }

    /// As [`Graph::sparse_hessian`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::NotALeaf`].
    pub fn try_sparse_hessian(&self, l: NodeId, wrt: &[NodeId]) -> Result<Sparse, Error> {
        self.plan_hessian(l, wrt)?.evaluate(self)
    }

    /// Finds and colors the pattern of the Hessian of `l` in the leaves `wrt`, to evaluate it
    /// again and again: O(nodes * d) for at most `d` edges at a node, and O(colors * entries).
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::NotALeaf`].
    pub fn plan_hessian(&self, l: NodeId, wrt: &[NodeId]) -> Result<HessianPlan, Error> {
        self.plan_hessian_at(At::Numbers, l, wrt)
    }

    fn plan_hessian_at(&self, at: At, l: NodeId, wrt: &[NodeId]) -> Result<HessianPlan, Error> {
        let position = self.fresh(l)? as usize;
        let variables = Variables::new(self, wrt)?;
        let pattern = hessian(self, position, &variables, at);
        let stars = Stars::new(&pattern);
        let lookup = repeated(pattern.clone(), &variables, true);
        let of = |place: usize| variables.of_wrt[place] as usize;
        let mut reads: Vec<Read> = lookup
            .iter()
            .enumerate()
            .map(|(value, (row, col))| {
                // Both entries of a pair are read at one place, so that the matrix is symmetric.
                let (row, col) = (of(row).max(of(col)), of(row).min(of(col)));
                let (from, color) = stars.place(row, col);
                Read {
                    color,
                    value: value as u32,
                    from: from as u32,
                }
            })
            .collect();
        reads.sort_by_key(|read| read.color);
        Ok(HessianPlan {
            l,
            wrt: wrt.to_vec(),
            changing_at_nan: changing_at_nan(&self.tape, position + 1),
            leaves: variables
                .leaves
                .iter()
                .map(|&leaf| self.generations.key(leaf as u32))
                .collect(),
            pattern: Arc::new(lookup),
            colors: stars.colors,
            reads,
            hvp: None,
        })
    }

    /// The Jacobian of the outputs in the leaves `wrt`, as a sparse matrix: values equal to those
    /// of [`Graph::jacobian`], NaN included. Finds the pattern, colors it and sweeps; [`Graph::plan_jacobian`]
    /// keeps what does not depend on the values.
    ///
    /// # Panics
    /// On a wrong key, where an output is stale, and where a node of `wrt` is no leaf.
    #[track_caller]
    pub fn sparse_jacobian(&self, outputs: &[NodeId], wrt: &[NodeId]) -> Sparse {
        expect(self.try_sparse_jacobian(outputs, wrt))
    }

    /// As [`Graph::sparse_jacobian`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::NotALeaf`].
    pub fn try_sparse_jacobian(&self, outputs: &[NodeId], wrt: &[NodeId]) -> Result<Sparse, Error> {
        self.plan_jacobian(outputs, wrt)?.evaluate(self)
    }

    /// Finds the pattern of the Jacobian of the outputs in the leaves `wrt` and colors its columns
    /// or its rows, whichever takes the cheaper sweeps, to evaluate it again and again.
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::NotALeaf`].
    pub fn plan_jacobian(&self, outputs: &[NodeId], wrt: &[NodeId]) -> Result<JacobianPlan, Error> {
        self.plan_jacobian_at(At::Numbers, outputs, wrt)
    }

    fn plan_jacobian_at(&self, at: At, outputs: &[NodeId], wrt: &[NodeId]) -> Result<JacobianPlan, Error> {
        let positions = self.all_fresh(outputs)?;
        let variables = Variables::new(self, wrt)?;
        let pattern = jacobian(self, &positions, &variables, at);
        let len = positions.iter().max().map_or(0, |&last| last + 1);
        let rows = pattern.transposed();
        let forward = columns(&pattern, &rows);
        let back = columns(&rows, &pattern);
        // A forward sweep of four tangents costs about what two sweeps back do.
        let by_columns = 2 * forward.count.div_ceil(LANES) <= back.count;
        let colors = if by_columns { forward } else { back };
        let lookup = repeated(pattern, &variables, false);
        let mut reads: Vec<Read> = lookup
            .iter()
            .enumerate()
            .map(|(value, (row, col))| {
                let col = variables.of_wrt[col] as usize;
                let (by, from) = if by_columns { (col, row) } else { (row, col) };
                Read {
                    color: colors.of[by],
                    value: value as u32,
                    from: from as u32,
                }
            })
            .collect();
        reads.sort_by_key(|read| read.color);
        Ok(JacobianPlan {
            outputs: outputs.to_vec(),
            wrt: wrt.to_vec(),
            changing_at_nan: changing_at_nan(&self.tape, len),
            leaves: variables
                .leaves
                .iter()
                .map(|&leaf| self.generations.key(leaf as u32))
                .collect(),
            pattern: Arc::new(lookup),
            colors,
            by_columns,
            reads,
        })
    }
}

/// Whether the value of one of the nodes is NaN.
fn any_nan(graph: &Graph, positions: &[u32]) -> bool {
    positions
        .iter()
        .any(|&position| graph.tape.entry(position).value.is_nan())
}

/// Which entry is read where in the sum of the columns (or rows) of a color.
#[derive(Clone, Copy, Debug)]
struct Read {
    color: u32,
    value: u32,
    from: u32,
}

/// The reads of a few colors, from `first` on, and what stands after them.
fn split_reads(reads: &[Read], first: usize) -> (&[Read], &[Read]) {
    let end = reads.partition_point(|read| (read.color as usize) < first + LANES);
    reads.split_at(end)
}

/// A sparse Hessian at whatever values the graph has: made by [`Graph::plan_hessian`].
pub struct HessianPlan {
    l: NodeId,
    wrt: Vec<NodeId>,
    /// The nodes that make entries outside the pattern where their value is NaN.
    changing_at_nan: Vec<u32>,
    leaves: Vec<NodeId>,
    pattern: Arc<Pattern>,
    colors: Colors,
    /// By color.
    reads: Vec<Read>,
    /// The tangents and adjoints of the last evaluation, for their memory.
    hvp: Option<HvpWorkspace<LANES>>,
}

impl HessianPlan {
    /// Which entries can differ from 0 where values are numbers.
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// How many directions are swept.
    pub fn colors(&self) -> usize {
        self.colors.count
    }

    /// The Hessian at the values that the graph has now: after [`Graph::set`] and
    /// [`Graph::forward`] at those. A sweep forward and one back for every four colors; memory is
    /// kept from one time to the next.
    ///
    /// The matrix has the pattern of the plan, but where the value of a kink or a piecewise constant is
    /// NaN (`abs`, `max`, `floor`): its derivatives are NaN too, in entries that are 0 at all numbers, and
    /// the matrix has a pattern of its own with these, found then and there at the cost of a plan.
    ///
    /// # Errors
    /// [`Error::NotInGraph`] for another graph than the plan was made of, and where its nodes were
    /// dropped; [`Error::StaleValue`].
    pub fn evaluate(&mut self, graph: &Graph) -> Result<Sparse, Error> {
        let l = graph.fresh(self.l)? as usize;
        for &leaf in &self.leaves {
            graph.position(leaf)?;
        }
        if any_nan(graph, &self.changing_at_nan) {
            return Ok(graph.plan_hessian_at(At::Values, self.l, &self.wrt)?.sweep(graph, l));
        }
        Ok(self.sweep(graph, l))
    }

    fn sweep(&mut self, graph: &Graph, l: usize) -> Sparse {
        let mut values = vec![0.0; self.pattern.len()];
        let hvp = self.hvp.get_or_insert_with(|| HvpWorkspace::new(l));
        let mut reads = &self.reads[..];
        for first in (0..self.colors.count).step_by(LANES) {
            let (now, later) = split_reads(reads, first);
            reads = later;
            if now.is_empty() {
                continue;
            }
            hvp.tangents.fill(Tangents::ZERO);
            for (leaf, &color) in self.leaves.iter().zip(&self.colors.of) {
                let lane = (color as usize).wrapping_sub(first);
                if lane < LANES
                    && let Some(tangent) = hvp.tangents.get_mut(leaf.index())
                {
                    tangent.0[lane] = 1.0;
                }
            }
            hvp.sweep(&graph.tape);
            for read in now {
                let leaf = self.leaves[read.from as usize].index();
                values[read.value as usize] = hvp.along(leaf, read.color as usize - first);
            }
        }
        Sparse::new(Arc::clone(&self.pattern), values)
    }
}

/// Shows the sizes.
impl fmt::Debug for HessianPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HessianPlan({:?}, {} colors)", self.pattern, self.colors.count)
    }
}

/// A sparse Jacobian at whatever values the graph has: made by [`Graph::plan_jacobian`].
pub struct JacobianPlan {
    outputs: Vec<NodeId>,
    wrt: Vec<NodeId>,
    /// The nodes that make entries outside the pattern where their value is NaN.
    changing_at_nan: Vec<u32>,
    leaves: Vec<NodeId>,
    pattern: Arc<Pattern>,
    /// Of the columns, or of the rows.
    colors: Colors,
    by_columns: bool,
    /// By color.
    reads: Vec<Read>,
}

impl JacobianPlan {
    /// Which entries can differ from 0 where values are numbers.
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// How many directions are swept.
    pub fn colors(&self) -> usize {
        self.colors.count
    }

    /// Whether the sweeps go forward, a direction being a sum of columns; else they go back, and
    /// it is a sum of rows.
    pub fn is_forward(&self) -> bool {
        self.by_columns
    }

    /// The Jacobian at the values that the graph has now: after [`Graph::set`] and
    /// [`Graph::forward`] at those. A sweep forward for every four colors, or one back for each.
    ///
    /// The matrix has the pattern of the plan, but where the value of a kink or a piecewise constant is
    /// NaN (`abs`, `max`, `floor`): its derivatives are NaN too, in entries that are 0 at all numbers, and
    /// the matrix has a pattern of its own with these, found then and there at the cost of a plan.
    ///
    /// # Errors
    /// [`Error::NotInGraph`] for another graph than the plan was made of, and where its nodes were
    /// dropped; [`Error::StaleValue`].
    pub fn evaluate(&mut self, graph: &Graph) -> Result<Sparse, Error> {
        let outputs = graph.all_fresh(&self.outputs)?;
        for &leaf in &self.leaves {
            graph.position(leaf)?;
        }
        if any_nan(graph, &self.changing_at_nan) {
            let plan = graph.plan_jacobian_at(At::Values, &self.outputs, &self.wrt)?;
            return Ok(plan.sweep(graph, &outputs));
        }
        Ok(self.sweep(graph, &outputs))
    }

    fn sweep(&self, graph: &Graph, outputs: &[usize]) -> Sparse {
        let len = outputs.iter().max().map_or(0, |&last| last + 1);
        let mut values = vec![0.0; self.pattern.len()];
        let mut reads = &self.reads[..];
        if self.by_columns {
            let mut tangents = vec![Tangents::<LANES>::ZERO; len];
            for first in (0..self.colors.count).step_by(LANES) {
                let (now, later) = split_reads(reads, first);
                reads = later;
                tangents.fill(Tangents::ZERO);
                for (leaf, &color) in self.leaves.iter().zip(&self.colors.of) {
                    let lane = (color as usize).wrapping_sub(first);
                    if lane < LANES
                        && let Some(tangent) = tangents.get_mut(leaf.index())
                    {
                        tangent.0[lane] = 1.0;
                    }
                }
                sweep::tangents(&graph.tape, &mut tangents);
                for read in now {
                    let output = outputs[read.from as usize];
                    values[read.value as usize] = tangents[output].0[read.color as usize - first];
                }
            }
        } else {
            let adjoints = vec![Cell::new(0.0); len];
            let scratch = RefCell::default();
            for reads in reads.chunk_by(|a, b| a.color == b.color) {
                let colored = outputs.iter().zip(&self.colors.of);
                let colored = colored.filter(|&(_, &color)| color == reads[0].color);
                let seeds: Vec<(u32, f64)> = colored.map(|(&output, _)| (output as u32, 1.0)).collect();
                sweep::reverse(&graph.tape, &adjoints, &seeds, &scratch);
                for read in reads {
                    values[read.value as usize] = adjoints[self.leaves[read.from as usize].index()].get();
                }
            }
        }
        Sparse::new(Arc::clone(&self.pattern), values)
    }
}

/// Shows the sizes.
impl fmt::Debug for JacobianPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = if self.by_columns { "forward" } else { "back" };
        write!(
            f,
            "JacobianPlan({:?}, {} colors {direction})",
            self.pattern, self.colors.count
        )
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
/// As [`Graph`]'s builders.
#[track_caller]
pub fn sparse_hessian(f: impl for<'g> Fn(&[Expr<'g>]) -> Expr<'g>, x: &[f64]) -> Sparse {
    let recording = Recording::of(x, |x| vec![f(x)]);
    recording.graph.sparse_hessian(recording.outputs[0], &recording.inputs)
}

/// The Jacobian of `f` at `x` as a sparse matrix: see [`Graph::sparse_jacobian`].
///
/// # Panics
/// As [`Graph`]'s builders.
#[track_caller]
pub fn sparse_jacobian(f: impl for<'g> Fn(&[Expr<'g>]) -> Vec<Expr<'g>>, x: &[f64]) -> Sparse {
    let recording = Recording::of(x, f);
    recording.graph.sparse_jacobian(&recording.outputs, &recording.inputs)
}
