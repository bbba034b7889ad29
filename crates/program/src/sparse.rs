//! Sparse Jacobians and Hessians, compiled: the entries that can differ from 0, with their pattern.

use wengert::{Expr, Graph, NodeId, Pattern};

use crate::derive::{Recorded, hessian_nodes, jacobian_nodes};
use crate::error::{Error, same_length};
use crate::options::{Input, Options};
use crate::program::Program;
use crate::run::workspace::Workspace;

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
    /// The Jacobian of nodes with respect to leaves, as a function of `inputs`: a row for each of `outputs`, a column for
    /// each of `wrt`. As [`Program::compile_jacobian`].
    ///
    /// ```
    /// use wengert::Graph;
    /// use wengert_program::{Options, SparseProgram, Workspace};
    ///
    /// let g = Graph::new();
    /// let (x, y, c) = (g.leaf(1.0), g.leaf(1.0), g.leaf(1.0));
    /// let outputs = [g.mul(c, x), g.powi(y, 2)];
    /// let jacobian = SparseProgram::compile_jacobian(&g, [x, y, c], &outputs, &[x, y], &Options::new())?;
    /// assert_eq!(jacobian.pattern().iter().collect::<Vec<_>>(), [(0, 0), (1, 1)]);
    /// let mut values = [0.0; 2];
    /// jacobian.eval(&[2.0, 3.0, 10.0], &mut values, &mut Workspace::new())?;
    /// assert_eq!(values, [10.0, 6.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::compile_jacobian`]; [`Error::NoOutputs`] where no entry can differ from 0.
    pub fn compile_jacobian<I>(
        graph: &Graph,
        inputs: I,
        outputs: &[NodeId],
        wrt: &[NodeId],
        options: &Options,
    ) -> Result<SparseProgram, Error>
    where
        I: IntoIterator<Item: Into<Input>>,
    {
        let (pattern, entries) = jacobian_nodes(graph, outputs, wrt)?;
        let program = Program::compile(graph, inputs, entries, options)?;
        Ok(SparseProgram { program, pattern })
    }

    /// The Hessian of a node with respect to leaves, as a function of `inputs`: both triangles, symmetric to the bit. As
    /// [`Program::compile_hessian`].
    ///
    /// ```
    /// use wengert::Graph;
    /// use wengert_program::{Options, SparseProgram, Workspace};
    ///
    /// let g = Graph::new();
    /// let (x, y, c) = (g.leaf(1.0), g.leaf(1.0), g.leaf(1.0));
    /// let energy = g.add(g.mul(c, g.powi(x, 3)), y);
    /// let hessian = SparseProgram::compile_hessian(&g, [x, y, c], energy, &[x, y], &Options::new())?;
    /// assert_eq!(hessian.pattern().iter().collect::<Vec<_>>(), [(0, 0)]);
    /// let mut values = [0.0];
    /// hessian.eval(&[2.0, 0.0, 10.0], &mut values, &mut Workspace::new())?;
    /// assert_eq!(values, [120.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::compile_hessian`]; [`Error::NoOutputs`] where no entry can differ from 0.
    pub fn compile_hessian<I>(
        graph: &Graph,
        inputs: I,
        output: NodeId,
        wrt: &[NodeId],
        options: &Options,
    ) -> Result<SparseProgram, Error>
    where
        I: IntoIterator<Item: Into<Input>>,
    {
        let (pattern, entries) = hessian_nodes(graph, output, wrt)?;
        let program = Program::compile(graph, inputs, entries, options)?;
        Ok(SparseProgram { program, pattern })
    }

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
        let Recorded { graph, inputs, outputs } = Recorded::at(at, f)?;
        SparseProgram::compile_jacobian(&graph, inputs.iter().copied(), &outputs, &inputs, options)
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
        let Recorded { graph, inputs, outputs } = Recorded::at(at, |x| vec![f(x)])?;
        SparseProgram::compile_hessian(&graph, inputs.iter().copied(), outputs[0], &inputs, options)
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

    /// The program: its inputs are those of the closure or the nodes, its outputs the entries, in the order of the pattern.
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
