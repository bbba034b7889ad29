//! Derivatives of a closure, compiled: Jacobians, Hessians, and their products with vectors.
//!
//! Matrices are recorded as graph by the directions of wengert's sparse plans: columns (or rows) without a common
//! entry share one pass over the graph, and each entry is read off one of its results.

use std::collections::HashMap;

use wengert::{Expr, Graph, NodeId, Pattern};

use crate::error::{Error, same_length};
use crate::options::Options;
use crate::program::{Program, node};
use crate::run::workspace::Workspace;

/// A closure recorded once.
struct Recorded {
    graph: Graph,
    inputs: Vec<NodeId>,
    outputs: Vec<NodeId>,
}

impl Recorded {
    fn at(at: &[f64], f: impl for<'g> FnOnce(&[Expr<'g>]) -> Vec<Expr<'g>>) -> Recorded {
        let graph = Graph::new();
        let x: Vec<Expr<'_>> = at.iter().map(|&x| graph.var(x)).collect();
        let inputs = x.iter().map(|x| x.id()).collect();
        let outputs = f(&x).into_iter().map(|output| node(&graph, output)).collect();
        Recorded { graph, inputs, outputs }
    }

    /// As many leaves more, and each of the nodes with one of them.
    fn seeded(&self, nodes: &[NodeId]) -> (Vec<NodeId>, Vec<(NodeId, NodeId)>) {
        let seeds = self.graph.leaves(&vec![1.0; nodes.len()]);
        let pairs = nodes.iter().copied().zip(seeds.iter().copied()).collect();
        (seeds, pairs)
    }

    /// The entries of the Jacobian that can differ from 0, as nodes, in the order of the pattern.
    fn jacobian(&self) -> Result<(Pattern, Vec<NodeId>), Error> {
        let plan = self.graph.plan_jacobian(&self.outputs, &self.inputs)?;
        let one = self.graph.constant(1.0);
        let entries = self.entries(&plan.directions(), &plan.places(), |seeds, read| {
            let seeds: Vec<_> = seeds.iter().map(|&seed| (seed, one)).collect();
            match plan.is_forward() {
                true => self.graph.try_jvp_nodes(&seeds, read),
                false => self.graph.try_vjp_nodes(&seeds, read),
            }
        })?;
        Ok((plan.pattern().clone(), entries))
    }

    /// The same of the Hessian of the only output.
    fn hessian(&self) -> Result<(Pattern, Vec<NodeId>), Error> {
        let plan = self.graph.plan_hessian(self.outputs[0], &self.inputs)?;
        let gradient = self.graph.try_gradient_nodes(self.outputs[0], &self.inputs)?;
        let slope: HashMap<NodeId, NodeId> = self.inputs.iter().copied().zip(gradient).collect();
        let one = self.graph.constant(1.0);
        let entries = self.entries(&plan.directions(), &plan.places(), |seeds, read| {
            let seeds: Vec<_> = seeds.iter().map(|&seed| (seed, one)).collect();
            let slopes: Vec<_> = read.iter().map(|leaf| slope[leaf]).collect();
            self.graph.try_jvp_nodes(&seeds, &slopes)
        })?;
        Ok((plan.pattern().clone(), entries))
    }

    /// The entries that are read at these places, each in a direction. `along` gives what is read in one.
    fn entries(
        &self,
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

    fn compile(&self, outputs: Vec<NodeId>, options: &Options) -> Result<Program, Error> {
        Program::compile(&self.graph, self.inputs.iter().copied(), outputs, options)
    }

    /// All entries, row after row.
    fn dense(&self, pattern: &Pattern, entries: &[NodeId], options: &Options) -> Result<Program, Error> {
        let zero = self.graph.constant(0.0);
        let mut outputs = vec![zero; pattern.rows() * pattern.cols()];
        for ((row, col), &entry) in pattern.iter().zip(entries) {
            outputs[row * pattern.cols() + col] = entry;
        }
        self.compile(outputs, options)
    }
}

impl Program {
    /// Compiles the Jacobian of a closure, recorded at `at`. The outputs are its entries, row after row: a row for
    /// each output of the closure, a column for each input.
    ///
    /// Where most entries are 0, [`SparseProgram::jacobian`] gives the others alone.
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
        let recorded = Recorded::at(at, f);
        let (pattern, entries) = recorded.jacobian()?;
        recorded.dense(&pattern, &entries, options)
    }

    /// Compiles the Hessian of a closure, recorded at `at`. The outputs are its entries, row after row; the matrix
    /// is symmetric to the bit.
    ///
    /// Where most entries are 0, [`SparseProgram::hessian`] gives the others alone.
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
        let recorded = Recorded::at(at, |x| vec![f(x)]);
        let (pattern, entries) = recorded.hessian()?;
        recorded.dense(&pattern, &entries, options)
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
        let mut recorded = Recorded::at(at, f);
        let (vector, seeds) = recorded.seeded(&recorded.inputs);
        let outputs = recorded.graph.try_jvp_nodes(&seeds, &recorded.outputs)?;
        recorded.inputs.extend(vector);
        recorded.compile(outputs, options)
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
        let mut recorded = Recorded::at(at, f);
        let (vector, seeds) = recorded.seeded(&recorded.outputs);
        let outputs = recorded.graph.try_vjp_nodes(&seeds, &recorded.inputs)?;
        recorded.inputs.extend(vector);
        recorded.compile(outputs, options)
    }
}

/// A compiled sparse Jacobian or Hessian: a program whose outputs are the entries that can differ from 0.
///
/// The pattern holds wherever values are numbers. Where a kink or a piecewise constant (`abs`, `max`, `floor`) has
/// the value NaN, entries outside it would be NaN too, and are left out.
#[derive(Clone, Debug)]
pub struct SparseProgram {
    program: Program,
    pattern: Pattern,
}

impl SparseProgram {
    /// The Jacobian of a closure, recorded at `at`: a row for each output, a column for each input.
    ///
    /// ```
    /// use wengert_program::{Options, SparseProgram, Workspace};
    ///
    /// let jacobian = SparseProgram::jacobian(&[1.0, 1.0], |x| vec![x[0] * x[1], x[0].powi(2)], &Options::new())?;
    /// assert_eq!(jacobian.pattern().iter().collect::<Vec<_>>(), [(0, 0), (1, 0), (0, 1)]);
    /// let mut values = [0.0; 3];
    /// jacobian.eval(&[2.0, 3.0], &mut values, &mut Workspace::new())?;
    /// assert_eq!(values, [3.0, 4.0, 2.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::jacobian`]; [`Error::NoOutputs`] where no entry can differ from 0.
    pub fn jacobian<F>(at: &[f64], f: F, options: &Options) -> Result<SparseProgram, Error>
    where
        F: for<'g> FnOnce(&[Expr<'g>]) -> Vec<Expr<'g>>,
    {
        let recorded = Recorded::at(at, f);
        let (pattern, entries) = recorded.jacobian()?;
        let program = recorded.compile(entries, options)?;
        Ok(SparseProgram { program, pattern })
    }

    /// The Hessian of a closure, recorded at `at`: both triangles, symmetric to the bit.
    ///
    /// ```
    /// use wengert_program::{Options, SparseProgram, Workspace};
    ///
    /// let hessian = SparseProgram::hessian(&[1.0; 3], |x| x[0].powi(2) * x[1] + x[2].exp(), &Options::new())?;
    /// assert_eq!(hessian.pattern().iter().collect::<Vec<_>>(), [(0, 0), (1, 0), (0, 1), (2, 2)]);
    /// let mut values = [0.0; 4];
    /// hessian.eval(&[2.0, 3.0, 0.0], &mut values, &mut Workspace::new())?;
    /// assert_eq!(values, [6.0, 4.0, 4.0, 1.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::hessian`]; [`Error::NoOutputs`] where no entry can differ from 0.
    pub fn hessian<F>(at: &[f64], f: F, options: &Options) -> Result<SparseProgram, Error>
    where
        F: for<'g> FnOnce(&[Expr<'g>]) -> Expr<'g>,
    {
        let recorded = Recorded::at(at, |x| vec![f(x)]);
        let (pattern, entries) = recorded.hessian()?;
        let program = recorded.compile(entries, options)?;
        Ok(SparseProgram { program, pattern })
    }

    /// Which entries can differ from 0, column after column.
    ///
    /// ```
    /// use wengert_program::{Options, SparseProgram};
    ///
    /// let jacobian = SparseProgram::jacobian(&[1.0; 2], |x| vec![x[0] * x[1], x[1].powi(2)], &Options::new())?;
    /// assert!(!jacobian.pattern().contains(1, 0));
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// The program: its inputs are those of the closure, its outputs the entries, in the order of the pattern.
    ///
    /// ```
    /// use wengert_program::{Options, SparseProgram};
    ///
    /// let jacobian = SparseProgram::jacobian(&[1.0; 2], |x| vec![x[0] * x[1], x[1].powi(2)], &Options::new())?;
    /// assert_eq!(jacobian.program().output_count(), jacobian.pattern().len());
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The entries at a point, in the order of the pattern: with [`Pattern::col_starts`] and
    /// [`Pattern::row_indices`], a matrix in compressed columns.
    ///
    /// ```
    /// use wengert_program::{Options, SparseProgram, Workspace};
    ///
    /// let jacobian = SparseProgram::jacobian(&[1.0; 2], |x| vec![x[0] * x[1], x[1].powi(2)], &Options::new())?;
    /// let mut values = [0.0; 3];
    /// jacobian.eval(&[2.0, 3.0], &mut values, &mut Workspace::new())?;
    /// assert_eq!(values, [3.0, 2.0, 6.0]); // column after column
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::eval`].
    pub fn eval(&self, x: &[f64], values: &mut [f64], workspace: &mut Workspace) -> Result<(), Error> {
        same_length(
            || "places in `values`, one for each entry of the pattern".into(),
            self.pattern.len(),
            values.len(),
        )?;
        self.program.eval(x, values, workspace)
    }
}
