//! Derivatives of nodes or of a closure, compiled: Jacobians, Hessians, and their products with vectors.
//!
//! The functions of a closure record it in a graph, and call those of nodes.
//!
//! Matrices are recorded as graph by the directions of wengert's sparse plans: columns (or rows) without a common
//! entry share one pass over the graph, and each entry is read off one of its results.

use std::collections::HashMap;

use wengert::room::filled;
use wengert::{Expr, Graph, NodeId, Pattern};

use crate::error::Error;
use crate::options::{Input, Options};
use crate::program::{Program, node};
use crate::recording::MOST_VALUES;

/// A closure recorded once.
pub(crate) struct Recorded {
    pub(crate) graph: Graph,
    pub(crate) inputs: Vec<NodeId>,
    pub(crate) outputs: Vec<NodeId>,
}

impl Recorded {
    /// # Errors
    /// As [`node`].
    pub(crate) fn at(at: &[f64], f: impl for<'g> FnOnce(&[Expr<'g>]) -> Vec<Expr<'g>>) -> Result<Recorded, Error> {
        let graph = Graph::new();
        let x: Vec<Expr<'_>> = at.iter().map(|&x| graph.var(x)).collect();
        let inputs = x.iter().map(|x| x.id()).collect();
        let outputs = f(&x).into_iter().map(|output| node(&graph, output)).collect::<Result<_, _>>()?;
        Ok(Recorded { graph, inputs, outputs })
    }
}

/// Records the entries of the Jacobian of `outputs` with respect to leaves that can differ from 0, as nodes, in the
/// order of the pattern: a row for each output, a column for each of `wrt`.
///
/// To compile them together with other nodes, such as the outputs themselves; [`SparseProgram::compile_jacobian`](crate::SparseProgram::compile_jacobian)
/// compiles them alone. Columns or rows without a common entry share a pass over the graph.
///
/// ```
/// let g = wengert::Graph::new();
/// let [x, y] = [g.leaf(2.0), g.leaf(3.0)];
/// let (pattern, entries) = wengert_program::jacobian_nodes(&g, &[g.mul(x, y), g.powi(y, 2)], &[x, y])?;
/// assert_eq!(pattern.iter().collect::<Vec<_>>(), [(0, 0), (0, 1), (1, 1)]);
/// assert_eq!(entries.iter().map(|&entry| g.value(entry)).collect::<Vec<_>>(), [3.0, 2.0, 6.0]);
/// # Ok::<(), wengert_program::Error>(())
/// ```
///
/// # Errors
/// As [`Graph::plan_jacobian`] and [`Graph::try_jvp_nodes`].
pub fn jacobian_nodes(graph: &Graph, outputs: &[NodeId], wrt: &[NodeId]) -> Result<(Pattern, Vec<NodeId>), Error> {
    let plan = graph.plan_jacobian(outputs, wrt)?;
    let one = graph.try_constant(1.0)?;
    let entries = entries(&plan.directions(), &plan.places(), |seeds, read| {
        let seeds: Vec<_> = seeds.iter().map(|&seed| (seed, one)).collect();
        match plan.is_forward() {
            true => graph.try_jvp_nodes(&seeds, read),
            false => graph.try_vjp_nodes(&seeds, read),
        }
    })?;
    Ok((plan.pattern().clone(), entries))
}

/// Records the entries of the Hessian of `output` with respect to leaves that can differ from 0, as nodes, in the order
/// of the pattern: both triangles, symmetric to the bit. As [`jacobian_nodes`].
///
/// ```
/// let g = wengert::Graph::new();
/// let [x, y] = [g.leaf(2.0), g.leaf(3.0)];
/// let (pattern, entries) = wengert_program::hessian_nodes(&g, g.mul(g.powi(x, 2), y), &[x, y])?;
/// assert_eq!(pattern.iter().collect::<Vec<_>>(), [(0, 0), (1, 0), (0, 1)]);
/// assert_eq!(entries.iter().map(|&entry| g.value(entry)).collect::<Vec<_>>(), [6.0, 4.0, 4.0]);
/// # Ok::<(), wengert_program::Error>(())
/// ```
///
/// # Errors
/// As [`Graph::plan_hessian`] and [`Graph::try_gradient_nodes`].
pub fn hessian_nodes(graph: &Graph, output: NodeId, wrt: &[NodeId]) -> Result<(Pattern, Vec<NodeId>), Error> {
    let plan = graph.plan_hessian(output, wrt)?;
    let gradient = graph.try_gradient_nodes(output, wrt)?;
    let slope: HashMap<NodeId, NodeId> = wrt.iter().copied().zip(gradient).collect();
    let one = graph.try_constant(1.0)?;
    let entries = entries(&plan.directions(), &plan.places(), |seeds, read| {
        let seeds: Vec<_> = seeds.iter().map(|&seed| (seed, one)).collect();
        let slopes: Vec<_> = read.iter().map(|leaf| slope[leaf]).collect();
        graph.try_jvp_nodes(&seeds, &slopes)
    })?;
    Ok((plan.pattern().clone(), entries))
}

/// The entries that are read at these places, each in a direction. `along` gives what is read in one.
fn entries(
    directions: &[Vec<NodeId>],
    places: &[(usize, NodeId)],
    along: impl Fn(&[NodeId], &[NodeId]) -> Result<Vec<NodeId>, wengert::Error>,
) -> Result<Vec<NodeId>, Error> {
    let mut entries = vec![None; places.len()];
    let mut of_direction = vec![Vec::new(); directions.len()];
    for (entry, &(direction, _)) in places.iter().enumerate() {
        of_direction[direction].push(entry);
    }
    for (seeds, read) in directions.iter().zip(of_direction) {
        let at: Vec<NodeId> = read.iter().map(|&entry| places[entry].1).collect();
        for (entry, node) in read.into_iter().zip(along(seeds, &at)?) {
            entries[entry] = Some(node);
        }
    }
    let entries = entries.into_iter().collect::<Option<Vec<_>>>();
    Ok(entries.expect("every entry is read in a direction"))
}

/// A dense matrix has an output for each entry.
fn refuse_too_large(rows: usize, cols: usize) -> Result<(), Error> {
    match rows.checked_mul(cols) {
        Some(entries) if entries <= MOST_VALUES => Ok(()),
        _ => Err(Error::TooLarge {
            what: "a matrix of more than 2^30 entries: see SparseProgram for the entries that can differ from 0",
        }),
    }
}

/// All entries, row after row.
fn dense(graph: &Graph, pattern: &Pattern, entries: &[NodeId]) -> Result<Vec<NodeId>, Error> {
    let zero = graph.try_constant(0.0)?;
    let mut outputs = filled(zero, pattern.rows() * pattern.cols())?;
    for ((row, col), &entry) in pattern.iter().zip(entries) {
        outputs[row * pattern.cols() + col] = entry;
    }
    Ok(outputs)
}

/// Compiles nodes that are linear in a vector. `of` records them, from pairs of one of these nodes and the leaf of its
/// number in the vector. The vector comes after the other inputs.
fn with_vector<I>(
    graph: &Graph,
    inputs: I,
    nodes: &[NodeId],
    of: impl FnOnce(&[(NodeId, NodeId)]) -> Result<Vec<NodeId>, wengert::Error>,
    options: &Options,
) -> Result<Program, Error>
where
    I: IntoIterator<Item: Into<Input>>,
{
    let vector = nodes.iter().map(|_| graph.try_leaf(1.0)).collect::<Result<Vec<_>, _>>()?;
    let seeds: Vec<(NodeId, NodeId)> = nodes.iter().copied().zip(vector.iter().copied()).collect();
    let outputs = of(&seeds)?;
    let vector = vector.into_iter().map(Input::per_point);
    Program::compile(graph, inputs.into_iter().map(Into::into).chain(vector), outputs, options)
}

impl Program {
    /// Compiles the Jacobian of nodes with respect to leaves, as a function of `inputs`: the outputs of the program are
    /// its entries, row after row, with a row for each of `outputs` and a column for each of `wrt`.
    ///
    /// `inputs` are as in [`Program::compile`]: usually those of `wrt` and the leaves that the formula has besides. The
    /// derivatives are recorded in the graph. Where most entries are 0, [`SparseProgram::compile_jacobian`](crate::SparseProgram::compile_jacobian) gives the
    /// others alone.
    ///
    /// ```
    /// use wengert::Graph;
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// let g = Graph::new();
    /// let (x, y, c) = (g.leaf(1.0), g.leaf(1.0), g.leaf(1.0));
    /// let outputs = [g.mul(c, g.mul(x, y)), g.powi(x, 2)];
    /// let program = Program::compile_jacobian(&g, [x, y, c], &outputs, &[x, y], &Options::new())?;
    /// let mut out = [0.0; 4];
    /// program.eval(&[2.0, 3.0, 10.0], &mut out, &mut Workspace::new())?;
    /// assert_eq!(out, [30.0, 20.0, 4.0, 0.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::compile`], [`Graph::plan_jacobian`] and [`Graph::try_jvp_nodes`].
    pub fn compile_jacobian<I>(
        graph: &Graph,
        inputs: I,
        outputs: &[NodeId],
        wrt: &[NodeId],
        options: &Options,
    ) -> Result<Program, Error>
    where
        I: IntoIterator<Item: Into<Input>>,
    {
        refuse_too_large(outputs.len(), wrt.len())?;
        let (pattern, entries) = jacobian_nodes(graph, outputs, wrt)?;
        Program::compile(graph, inputs, dense(graph, &pattern, &entries)?, options)
    }

    /// Compiles the Hessian of a node with respect to leaves, as a function of `inputs`: the outputs of the program are
    /// its entries, row after row; the matrix is symmetric to the bit.
    ///
    /// As [`Program::compile_jacobian`]. Where most entries are 0, [`SparseProgram::compile_hessian`](crate::SparseProgram::compile_hessian) gives the others
    /// alone.
    ///
    /// ```
    /// use wengert::Graph;
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// let g = Graph::new();
    /// let (x, y) = (g.leaf(1.0), g.leaf(1.0));
    /// let program = Program::compile_hessian(&g, [x, y], g.mul(g.powi(x, 2), y), &[x, y], &Options::new())?;
    /// let mut out = [0.0; 4];
    /// program.eval(&[2.0, 3.0], &mut out, &mut Workspace::new())?;
    /// assert_eq!(out, [6.0, 4.0, 4.0, 0.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::compile`], [`Graph::plan_hessian`] and [`Graph::try_gradient_nodes`].
    pub fn compile_hessian<I>(
        graph: &Graph,
        inputs: I,
        output: NodeId,
        wrt: &[NodeId],
        options: &Options,
    ) -> Result<Program, Error>
    where
        I: IntoIterator<Item: Into<Input>>,
    {
        refuse_too_large(wrt.len(), wrt.len())?;
        let (pattern, entries) = hessian_nodes(graph, output, wrt)?;
        Program::compile(graph, inputs, dense(graph, &pattern, &entries)?, options)
    }

    /// Compiles the product of the Jacobian of `outputs` with respect to `wrt` with a vector. The inputs are `inputs`,
    /// as in [`Program::compile_jacobian`], then the vector, as long as `wrt`; there is an output for each of `outputs`.
    ///
    /// ```
    /// use wengert::Graph;
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// let g = Graph::new();
    /// let (x, y) = (g.leaf(1.0), g.leaf(1.0));
    /// let program = Program::compile_jvp(&g, [x, y], &[g.mul(x, y)], &[y], &Options::new())?;
    /// let mut out = [0.0];
    /// program.eval(&[2.0, 3.0, 10.0], &mut out, &mut Workspace::new())?;
    /// assert_eq!(out, [20.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::compile`] and [`Graph::try_jvp_nodes`].
    pub fn compile_jvp<I>(
        graph: &Graph,
        inputs: I,
        outputs: &[NodeId],
        wrt: &[NodeId],
        options: &Options,
    ) -> Result<Program, Error>
    where
        I: IntoIterator<Item: Into<Input>>,
    {
        with_vector(graph, inputs, wrt, |seeds| graph.try_jvp_nodes(seeds, outputs), options)
    }

    /// Compiles the product of a vector with the Jacobian of `outputs` with respect to `wrt`. The inputs are `inputs`,
    /// as in [`Program::compile_jacobian`], then the vector, as long as `outputs`; there is an output for each of `wrt`.
    ///
    /// ```
    /// use wengert::Graph;
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// let g = Graph::new();
    /// let (x, y) = (g.leaf(1.0), g.leaf(1.0));
    /// let program = Program::compile_vjp(&g, [x, y], &[g.mul(x, y)], &[x, y], &Options::new())?;
    /// let mut out = [0.0; 2];
    /// program.eval(&[2.0, 3.0, 10.0], &mut out, &mut Workspace::new())?;
    /// assert_eq!(out, [30.0, 20.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::compile`] and [`Graph::try_vjp_nodes`].
    pub fn compile_vjp<I>(
        graph: &Graph,
        inputs: I,
        outputs: &[NodeId],
        wrt: &[NodeId],
        options: &Options,
    ) -> Result<Program, Error>
    where
        I: IntoIterator<Item: Into<Input>>,
    {
        with_vector(graph, inputs, outputs, |seeds| graph.try_vjp_nodes(seeds, wrt), options)
    }

    /// Compiles the Jacobian of a closure, recorded at `at`. The outputs are its entries, row after row: a row for
    /// each output of the closure, a column for each input.
    ///
    /// Where most entries are 0, [`SparseProgram::jacobian`](crate::SparseProgram::jacobian) gives the others alone.
    ///
    /// ```
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// let program = Program::jacobian(&[1.0, 1.0], |x| vec![x[0] * x[1], x[0].powi(2)], &Options::new())?;
    /// let mut out = [0.0; 4];
    /// program.eval(&[2.0, 3.0], &mut out, &mut Workspace::new())?;
    /// assert_eq!(out, [3.0, 2.0, 4.0, 0.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::compile`] and [`Graph::try_jvp_nodes`].
    pub fn jacobian<F>(at: &[f64], f: F, options: &Options) -> Result<Program, Error>
    where
        F: for<'g> FnOnce(&[Expr<'g>]) -> Vec<Expr<'g>>,
    {
        let Recorded { graph, inputs, outputs } = Recorded::at(at, f)?;
        Program::compile_jacobian(&graph, inputs.iter().copied(), &outputs, &inputs, options)
    }

    /// Compiles the Hessian of a closure, recorded at `at`. The outputs are its entries, row after row; the matrix
    /// is symmetric to the bit.
    ///
    /// Where most entries are 0, [`SparseProgram::hessian`](crate::SparseProgram::hessian) gives the others alone.
    ///
    /// ```
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// let program = Program::hessian(&[1.0, 1.0], |x| x[0].powi(2) * x[1], &Options::new())?;
    /// let mut out = [0.0; 4];
    /// program.eval(&[2.0, 3.0], &mut out, &mut Workspace::new())?;
    /// assert_eq!(out, [6.0, 4.0, 4.0, 0.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::compile`] and [`Graph::try_gradient_nodes`].
    pub fn hessian<F>(at: &[f64], f: F, options: &Options) -> Result<Program, Error>
    where
        F: for<'g> FnOnce(&[Expr<'g>]) -> Expr<'g>,
    {
        let Recorded { graph, inputs, outputs } = Recorded::at(at, |x| vec![f(x)])?;
        Program::compile_hessian(&graph, inputs.iter().copied(), outputs[0], &inputs, options)
    }

    /// Compiles the product of the Jacobian of a closure, recorded at `at`, with a vector. The inputs are those of
    /// the closure, then the vector, of the same length; there is an output for each of the closure.
    ///
    /// ```
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// let program = Program::jvp(&[1.0, 1.0], |x| vec![x[0] * x[1], x[0].powi(2)], &Options::new())?;
    /// let mut out = [0.0; 2];
    /// program.eval(&[2.0, 3.0, 1.0, 10.0], &mut out, &mut Workspace::new())?;
    /// assert_eq!(out, [23.0, 4.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::compile`] and [`Graph::try_jvp_nodes`].
    pub fn jvp<F>(at: &[f64], f: F, options: &Options) -> Result<Program, Error>
    where
        F: for<'g> FnOnce(&[Expr<'g>]) -> Vec<Expr<'g>>,
    {
        let Recorded { graph, inputs, outputs } = Recorded::at(at, f)?;
        Program::compile_jvp(&graph, inputs.iter().copied(), &outputs, &inputs, options)
    }

    /// Compiles the product of a vector with the Jacobian of a closure, recorded at `at`. The inputs are those of
    /// the closure, then the vector, as long as the closure has outputs; there is an output for each input of the
    /// closure.
    ///
    /// ```
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// let program = Program::vjp(&[1.0, 1.0], |x| vec![x[0] * x[1], x[0].powi(2)], &Options::new())?;
    /// let mut out = [0.0; 2];
    /// program.eval(&[2.0, 3.0, 1.0, 10.0], &mut out, &mut Workspace::new())?;
    /// assert_eq!(out, [43.0, 2.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::compile`] and [`Graph::try_vjp_nodes`].
    pub fn vjp<F>(at: &[f64], f: F, options: &Options) -> Result<Program, Error>
    where
        F: for<'g> FnOnce(&[Expr<'g>]) -> Vec<Expr<'g>>,
    {
        let Recorded { graph, inputs, outputs } = Recorded::at(at, f)?;
        Program::compile_vjp(&graph, inputs.iter().copied(), &outputs, &inputs, options)
    }
}
