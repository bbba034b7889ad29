//! What to compile, and how: inputs, outputs, and which passes to run.

use wengert::{Expr, NodeId};

/// Whether an input or output has a number for each point of a batch, or one for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Spread {
    /// A number for each point.
    PerPoint,
    /// One number: an input that is the same at all points, or an output that is the sum over them.
    Uniform,
}

/// An input of a program: a leaf of the graph, and its [`Spread`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    pub(crate) node: NodeId,
    pub(crate) spread: Spread,
}

impl Input {
    /// A leaf with a number for each point. A bare `NodeId` or `Expr` converts to this.
    ///
    /// ```
    /// use wengert::Graph;
    /// use wengert_program::{Input, Options, Program, Spread};
    ///
    /// let g = Graph::new();
    /// let x = g.leaf(1.0);
    /// let program = Program::compile(&g, [Input::per_point(x)], [g.sin(x)], &Options::new())?;
    /// assert_eq!(program.input_spread(0), Spread::PerPoint);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn per_point(leaf: NodeId) -> Input {
        Input { node: leaf, spread: Spread::PerPoint }
    }

    /// A leaf with one number for all points, such as a parameter of a net. What depends on such inputs alone is
    /// computed once per call, no matter how many points there are.
    ///
    /// ```
    /// use wengert::Graph;
    /// use wengert_program::{Input, Options, Output, Program, Workspace};
    ///
    /// // The sum of (a * x)^2 over the points, with one `a` for all.
    /// let g = Graph::new();
    /// let [a, x] = [g.leaf(1.0), g.leaf(1.0)];
    /// let square = g.powi(g.mul(a, x), 2);
    /// let inputs = [Input::uniform(a), Input::per_point(x)];
    /// let program = Program::compile(&g, inputs, [Output::sum(square)], &Options::new())?;
    /// let mut sum = [0.0];
    /// program.eval_batch(3, &[&[10.0], &[1.0, 2.0, 3.0]], &mut [&mut sum], &mut Workspace::new())?;
    /// assert_eq!(sum, [1400.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn uniform(leaf: NodeId) -> Input {
        Input { node: leaf, spread: Spread::Uniform }
    }
}

impl From<NodeId> for Input {
    fn from(leaf: NodeId) -> Input {
        Input::per_point(leaf)
    }
}

impl From<Expr<'_>> for Input {
    fn from(leaf: Expr<'_>) -> Input {
        Input::per_point(leaf.id())
    }
}

/// An output of a program: a node of the graph, wanted at each point or summed over the points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    pub(crate) node: NodeId,
    pub(crate) spread: Spread,
}

impl Output {
    /// A number for each point. A bare `NodeId` or `Expr` converts to this.
    ///
    /// ```
    /// use wengert::Graph;
    /// use wengert_program::{Options, Output, Program, Workspace};
    ///
    /// let g = Graph::new();
    /// let x = g.leaf(1.0);
    /// let program = Program::compile(&g, [x], [Output::per_point(g.powi(x, 2))], &Options::new())?;
    /// let mut squares = [0.0; 3];
    /// program.eval_batch(3, &[&[1.0, 2.0, 3.0]], &mut [&mut squares], &mut Workspace::new())?;
    /// assert_eq!(squares, [1.0, 4.0, 9.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn per_point(node: NodeId) -> Output {
        Output { node, spread: Spread::PerPoint }
    }

    /// The sum over the points, added in an order that depends only on how many there are.
    ///
    /// ```
    /// use wengert::Graph;
    /// use wengert_program::{Input, Options, Output, Program, Workspace};
    ///
    /// // The sum of (a * x)^2 over the points, with one `a` for all.
    /// let g = Graph::new();
    /// let [a, x] = [g.leaf(1.0), g.leaf(1.0)];
    /// let square = g.powi(g.mul(a, x), 2);
    /// let inputs = [Input::uniform(a), Input::per_point(x)];
    /// let program = Program::compile(&g, inputs, [Output::sum(square)], &Options::new())?;
    /// let mut sum = [0.0];
    /// program.eval_batch(3, &[&[10.0], &[1.0, 2.0, 3.0]], &mut [&mut sum], &mut Workspace::new())?;
    /// assert_eq!(sum, [1400.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn sum(node: NodeId) -> Output {
        Output { node, spread: Spread::Uniform }
    }
}

impl From<NodeId> for Output {
    fn from(node: NodeId) -> Output {
        Output::per_point(node)
    }
}

impl From<Expr<'_>> for Output {
    fn from(node: Expr<'_>) -> Output {
        Output::per_point(node.id())
    }
}

/// Which passes to run, and how strict to be.
///
/// The default runs every pass that keeps bits: all but [`Options::fuse`].
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    pub(crate) fold: bool,
    pub(crate) share: bool,
    pub(crate) dead: bool,
    pub(crate) order: bool,
    pub(crate) reuse: bool,
    pub(crate) pair: bool,
    pub(crate) fuse: bool,
    pub(crate) guards: bool,
    pub(crate) freeze: bool,
    pub(crate) strict: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            fold: true,
            share: true,
            dead: true,
            order: true,
            reuse: true,
            pair: true,
            fuse: false,
            guards: true,
            freeze: false,
            strict: false,
        }
    }
}

impl Options {
    /// Every pass that keeps bits.
    ///
    /// ```
    /// use wengert_program::Options;
    ///
    /// assert_eq!(Options::new(), Options::default());
    /// ```
    pub fn new() -> Options {
        Options::default()
    }

    /// [`Options::new`] with [`Options::fuse`]: the fastest.
    ///
    /// ```
    /// use wengert_program::Options;
    ///
    /// assert_eq!(Options::fast(), Options::new().fuse(true));
    /// ```
    pub fn fast() -> Options {
        Options::default().fuse(true)
    }

    /// No passes: the program does what was recorded, node by node.
    ///
    /// ```
    /// use wengert_program::{Options, Program};
    ///
    /// let count = |options: Options| {
    ///     let program = Program::from_fn(&[2.0], |x| vec![x[0] * 1.0 + x[0].sin() * x[0].sin()], &options)?;
    ///     Ok::<usize, wengert_program::Error>(program.instructions().len())
    /// };
    /// assert!(count(Options::new())? < count(Options::plain())?);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn plain() -> Options {
        Options {
            fold: false,
            share: false,
            dead: false,
            order: false,
            reuse: false,
            pair: false,
            ..Options::default()
        }
    }

    /// Whether to compute what depends on constants alone, and to drop operations whose result is known, such as `x *
    /// 1`.
    ///
    /// ```
    /// use wengert_program::{Options, Program};
    ///
    /// let count = |options: Options| {
    ///     let program = Program::from_fn(&[2.0], |x| vec![x[0].sin() * 1.0], &options)?;
    ///     Ok::<usize, wengert_program::Error>(program.instructions().len())
    /// };
    /// assert!(count(Options::new())? < count(Options::new().fold(false))?);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn fold(self, on: bool) -> Options {
        Options { fold: on, ..self }
    }

    /// Whether to compute equal values once.
    ///
    /// ```
    /// use wengert_program::{Options, Program};
    ///
    /// let count = |options: Options| {
    ///     let program = Program::from_fn(&[2.0], |x| vec![x[0].sin() * x[0].sin()], &options)?;
    ///     Ok::<usize, wengert_program::Error>(program.instructions().len())
    /// };
    /// assert!(count(Options::new())? < count(Options::new().share(false))?);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn share(self, on: bool) -> Options {
        Options { share: on, ..self }
    }

    /// Whether to drop what no output needs.
    ///
    /// ```
    /// use wengert_program::{Options, Program};
    ///
    /// // The second factor is not needed once the product with 1 is known.
    /// let program = Program::from_fn(&[2.0], |x| vec![x[0] * 1.0], &Options::new().dead(true))?;
    /// assert_eq!(program.instructions().len(), 1);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn dead(self, on: bool) -> Options {
        Options { dead: on, ..self }
    }

    /// Whether to reorder instructions so that fewer values are alive at a time, and so that functions of the same value are
    /// computed together, such as sine and cosine.
    ///
    /// ```
    /// use wengert::Expr;
    /// use wengert_program::{Options, Program};
    ///
    /// // All sines are recorded before the first sum.
    /// fn sum<'g>(x: &[Expr<'g>]) -> Vec<Expr<'g>> {
    ///     let sines: Vec<_> = (1..9).map(|k| (x[0] * f64::from(k)).sin()).collect();
    ///     vec![sines.into_iter().fold(x[0], |a, b| a + b)]
    /// }
    /// let slots = |options: Options| {
    ///     let program = Program::from_fn(&[2.0], sum, &options)?;
    ///     Ok::<usize, wengert_program::Error>(program.report().slots)
    /// };
    /// assert!(slots(Options::new())? < slots(Options::new().order(false))?);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn order(self, on: bool) -> Options {
        Options { order: on, ..self }
    }

    /// Whether values that are not alive at the same time share a slot.
    ///
    /// ```
    /// use wengert::Expr;
    /// use wengert_program::{Options, Program};
    ///
    /// // All sines are recorded before the first sum.
    /// fn sum<'g>(x: &[Expr<'g>]) -> Vec<Expr<'g>> {
    ///     let sines: Vec<_> = (1..9).map(|k| (x[0] * f64::from(k)).sin()).collect();
    ///     vec![sines.into_iter().fold(x[0], |a, b| a + b)]
    /// }
    /// let slots = |options: Options| {
    ///     let program = Program::from_fn(&[2.0], sum, &options)?;
    ///     Ok::<usize, wengert_program::Error>(program.report().slots)
    /// };
    /// assert!(slots(Options::new())? < slots(Options::new().reuse(false))?);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn reuse(self, on: bool) -> Options {
        Options { reuse: on, ..self }
    }

    /// Whether a product that only one sum uses shares a step with it. Both are rounded as before.
    ///
    /// ```
    /// use wengert_program::{Options, Program};
    ///
    /// let paired = |options: Options| {
    ///     let program = Program::from_fn(&[2.0, 3.0], |x| vec![x[0] * x[1] + x[0]], &options)?;
    ///     Ok::<usize, wengert_program::Error>(program.report().paired)
    /// };
    /// assert_eq!((paired(Options::new())?, paired(Options::new().pair(false))?), (1, 0));
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn pair(self, on: bool) -> Options {
        Options { pair: on, ..self }
    }

    /// Whether such a step rounds once instead of twice, where the processor can. This changes bits, by no more than
    /// the rounding error of two steps, so it is off by default. It turns pairing on.
    ///
    /// ```
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// let program = Program::from_fn(&[2.0, 3.0], |x| vec![x[0] * x[1] - 1.0], &Options::new().fuse(true))?;
    /// let mut out = [0.0];
    /// program.eval(&[0.1, 10.0], &mut out, &mut Workspace::new())?;
    /// assert!(out[0].abs() < 1e-16); // 0, or the error of 0.1 times 10
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn fuse(self, on: bool) -> Options {
        Options { fuse: on, pair: self.pair || on, ..self }
    }

    /// Whether the comparisons made while recording are checked at every point. Without the checks a
    /// program gives numbers of the recorded branch where the code would have taken another.
    ///
    /// ```
    /// use wengert::Expr;
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// fn absolute<'g>(x: &[Expr<'g>]) -> Vec<Expr<'g>> {
    ///     vec![if x[0] < 0.0 { -x[0] } else { x[0] }]
    /// }
    /// let mut out = [0.0];
    /// let program = Program::from_fn(&[1.0], absolute, &Options::new())?;
    /// assert!(program.eval(&[-2.0], &mut out, &mut Workspace::new()).is_err());
    /// let program = Program::from_fn(&[1.0], absolute, &Options::new().guards(false))?;
    /// program.eval(&[-2.0], &mut out, &mut Workspace::new())?;
    /// assert_eq!(out, [-2.0]); // the recorded branch
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn guards(self, on: bool) -> Options {
        Options { guards: on, ..self }
    }

    /// Whether leaves that are not listed as inputs become constants with their current values. If not,
    /// they are an error.
    ///
    /// ```
    /// use wengert::Graph;
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// let g = Graph::new();
    /// let [x, y] = [g.leaf(2.0), g.leaf(3.0)];
    /// let l = g.mul(x, y);
    /// assert!(Program::compile(&g, [x], [l], &Options::new()).is_err());
    /// let program = Program::compile(&g, [x], [l], &Options::new().freeze_leaves(true))?;
    /// let mut out = [0.0];
    /// program.eval(&[10.0], &mut out, &mut Workspace::new())?;
    /// assert_eq!(out, [30.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn freeze_leaves(self, on: bool) -> Options {
        Options { freeze: on, ..self }
    }

    /// Whether 0 times infinity is NaN in recorded derivatives, as in [`wengert::Graph::backward_strict`], instead of 0:
    /// guarded products and quotients are recorded as plain ones, so files hold them, and [`Program::record`] gives them
    /// back. Off by default: a branch that `select` does not take can then make a derivative NaN.
    ///
    /// An adjoint or a factor that is 0 at all inputs was dropped when the derivative was recorded, and stays so.
    ///
    /// ```
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// let slope_at_0 = |options: &Options| {
    ///     let program = Program::value_and_gradient(&[1.0], |x| x[0].sqrt() * x[0].sqrt(), options)?;
    ///     let mut out = [0.0; 2];
    ///     program.eval(&[0.0], &mut out, &mut Workspace::new())?;
    ///     Ok::<f64, wengert_program::Error>(out[1])
    /// };
    /// assert_eq!(slope_at_0(&Options::new())?, 0.0); // 1 is right
    /// assert!(slope_at_0(&Options::new().strict(true))?.is_nan());
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// [`Program::record`]: crate::Program::record
    pub fn strict(self, on: bool) -> Options {
        Options { strict: on, ..self }
    }
}
