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
    pub fn per_point(leaf: NodeId) -> Input {
        Input { node: leaf, spread: Spread::PerPoint }
    }

    /// A leaf with one number for all points, such as a parameter of a net. What depends on such inputs alone is
    /// computed once per call, no matter how many points there are.
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
    pub fn per_point(node: NodeId) -> Output {
        Output { node, spread: Spread::PerPoint }
    }

    /// The sum over the points, added in an order that depends only on how many there are.
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
    pub fn new() -> Options {
        Options::default()
    }

    /// [`Options::new`] with [`Options::fuse`]: the fastest.
    pub fn fast() -> Options {
        Options::default().fuse(true)
    }

    /// No passes: the program does what was recorded, node by node.
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
    pub fn fold(self, on: bool) -> Options {
        Options { fold: on, ..self }
    }

    /// Whether to compute equal values once.
    pub fn share(self, on: bool) -> Options {
        Options { share: on, ..self }
    }

    /// Whether to drop what no output needs.
    pub fn dead(self, on: bool) -> Options {
        Options { dead: on, ..self }
    }

    /// Whether to reorder instructions so that fewer values are alive at a time.
    pub fn order(self, on: bool) -> Options {
        Options { order: on, ..self }
    }

    /// Whether values that are not alive at the same time share a slot.
    pub fn reuse(self, on: bool) -> Options {
        Options { reuse: on, ..self }
    }

    /// Whether a product that only one sum uses shares a step with it. Both are rounded as before.
    pub fn pair(self, on: bool) -> Options {
        Options { pair: on, ..self }
    }

    /// Whether such a step rounds once instead of twice, where the processor can. This changes bits, by no more than
    /// the rounding error of two steps, so it is off by default. It turns pairing on.
    pub fn fuse(self, on: bool) -> Options {
        Options { fuse: on, pair: self.pair || on, ..self }
    }

    /// Whether the comparisons made while recording are checked at every point. Without the checks a
    /// program gives numbers of the recorded branch where the code would have taken another.
    pub fn guards(self, on: bool) -> Options {
        Options { guards: on, ..self }
    }

    /// Whether leaves that are not listed as inputs become constants with their current values. If not,
    /// they are an error.
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
