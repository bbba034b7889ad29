//! Building with operators: an [`Expr`] is a node and its value, and ops on it are recorded.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::iter::{Product, Sum};

use smallvec::SmallVec;

use crate::error::{Error, expect};
use crate::external::External;
use crate::external::statement::Statement;
use crate::graph::Graph;
use crate::node::NodeId;
use crate::number::Function;
use crate::number::recording::{common, operation};
use crate::op::{Imm, Op, for_each_op};
use crate::scalar::{Scalar, imm, operators, value};
use crate::tape::entry::Handle;

/// A node with its value, for writing formulas with operators.
///
/// It borrows the graph, so it cannot outlive its node, and recording checks no keys. A free constant
/// ([`Expr::constant`]) belongs to no graph; it joins the graph of the expression it is combined with.
///
/// Comparisons (`x < y`, `==`, `is_nan`) are recorded as guards: see [`Graph::forward`].
///
/// ```
/// let g = wengert::Graph::new();
/// let [x, y] = [g.var(2.0), g.var(0.0)];
/// let l = x * y.sin() + 1.0;
/// l.backward();
/// assert_eq!((l.value(), x.grad(), y.grad()), (1.0, 0.0, 2.0));
/// ```
///
/// # Panics
/// Operators and methods panic with the text of an [`Error`] where expressions of two graphs are combined and
/// where the graph is full.
#[derive(Clone, Copy)]
pub struct Expr<'g> {
    pub(super) graph: Option<&'g Graph>,
    pub(super) handle: Handle,
    pub(super) value: f64,
}

impl Graph {
    /// An input with this value, as an expression.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.var(3.0);
    /// assert_eq!((x * x).value(), 9.0);
    /// ```
    ///
    /// # Panics
    /// Where the graph is full.
    // Inlined, since an expression that is returned in memory is stored in pieces and loaded as a whole, which stalls.
    #[inline]
    #[track_caller]
    pub fn var(&self, value: f64) -> Expr<'_> {
        let (handle, value) = self.tape.push_leaf(value);
        Expr { graph: Some(self), handle, value }
    }

    /// The node as an expression.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let key = g.leaf(3.0);
    /// assert_eq!((g.expr(key) + 1.0).value(), 4.0);
    /// ```
    ///
    /// # Panics
    /// On a wrong key, and where the value of the node is stale.
    #[track_caller]
    pub fn expr(&self, node: NodeId) -> Expr<'_> {
        expect(self.try_expr(node))
    }

    /// As [`Graph::expr`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`].
    pub fn try_expr(&self, node: NodeId) -> Result<Expr<'_>, Error> {
        let (handle, value) = self.operand(node)?;
        Ok(Expr { graph: Some(self), handle, value })
    }

    /// Nodes as expressions, in order.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.exprs(&g.leaves(&[1.0, 2.0]));
    /// assert_eq!((x[0] + x[1]).value(), 3.0);
    /// ```
    ///
    /// # Panics
    /// As [`Graph::expr`].
    #[track_caller]
    pub fn exprs(&self, nodes: &[NodeId]) -> Vec<Expr<'_>> {
        expect(nodes.iter().map(|&node| self.try_expr(node)).collect())
    }
}

impl<'g> Expr<'g> {
    /// A free constant: a number that belongs to no graph. Combined with an expression, it joins that graph.
    ///
    /// ```
    /// use wengert::{Expr, Graph};
    ///
    /// let g = Graph::new();
    /// let two = Expr::constant(2.0);
    /// assert!(two.graph().is_none());
    /// assert_eq!((g.var(3.0) * two).value(), 6.0);
    /// ```
    #[inline(always)]
    pub const fn constant(value: f64) -> Self {
        Expr { graph: None, handle: Handle::NONE, value }
    }

    /// The value, as a plain number.
    ///
    /// A decision that depends on it is made only once, while recording: replays at other values ([`Graph::forward`],
    /// compiled programs) do not notice a branch on it or an index computed from it. Compare the expression itself,
    /// which leaves a guard, or use the op `select`. A function that needs plain numbers (a table, a solver) is recorded by
    /// [`Graph::external`], which replays it and gives it derivatives.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// assert_eq!((g.var(3.0) + 1.0).value(), 4.0);
    /// ```
    #[inline(always)]
    pub fn value(self) -> f64 {
        self.value
    }

    /// The node of this handle.
    pub(crate) fn of(graph: &'g Graph, handle: Handle, value: f64) -> Self {
        Expr { graph: Some(graph), handle, value }
    }

    /// Whether it is a node of this graph.
    #[inline(always)]
    pub(crate) fn is_of(self, graph: &Graph) -> bool {
        self.graph.is_some_and(|own| core::ptr::eq(own, graph))
    }

    /// The handle of what is known to be a node.
    #[inline(always)]
    pub(crate) fn known_handle(self) -> Handle {
        self.handle
    }

    /// The handle of the node; `None` for a free constant.
    pub(crate) fn handle(self) -> Option<Handle> {
        self.graph.map(|_| self.handle)
    }

    /// The key of the node.
    ///
    /// ```
    /// let mut g = wengert::Graph::new();
    /// let x = g.var(3.0);
    /// let (x, y) = (x.id(), (x * x).id());
    /// g.set(x, 5.0);
    /// g.forward()?;
    /// assert_eq!(g.value(y), 25.0);
    /// # Ok::<(), wengert::Error>(())
    /// ```
    ///
    /// # Panics
    /// Where the expression is a free constant.
    #[track_caller]
    pub fn id(self) -> NodeId {
        let graph = self.graph.expect(
            "a free constant belongs to no graph, so it has no key: make it with Graph::constant, or combine it with an expression first",
        );
        graph.generations.key(self.handle.index())
    }

    /// The graph; `None` for a free constant.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// assert!(std::ptr::eq(g.var(2.0).graph().unwrap(), &g));
    /// assert!(wengert::Expr::constant(2.0).graph().is_none());
    /// ```
    pub fn graph(self) -> Option<&'g Graph> {
        self.graph
    }

    /// The derivative of the last swept output with respect to this node; 0 for a free constant.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.var(3.0);
    /// (x * x).backward();
    /// assert_eq!(x.grad(), 6.0);
    /// ```
    #[inline]
    pub fn grad(self) -> f64 {
        match self.graph {
            Some(graph) if self.handle.wants() => graph.adjoint(self.handle.index()),
            _ => 0.0,
        }
    }

    /// Sweeps back from here: see [`Graph::backward`]. Does nothing for a free constant.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y] = [g.var(2.0), g.var(5.0)];
    /// (x * y).backward();
    /// assert_eq!([x.grad(), y.grad()], [5.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn backward(self) {
        if let Some(graph) = self.graph {
            expect(graph.sweep_back(&[(self.handle.index(), 1.0)]));
        }
    }

    /// Labels the node, and returns the expression. Does nothing for a free constant.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.var(2.0).named("x");
    /// assert_eq!(g.label_of(x.id()).as_deref(), Some("x"));
    /// ```
    #[track_caller]
    pub fn named(self, label: &str) -> Self {
        if let Some(graph) = self.graph {
            graph.label(self.id(), label);
        }
        self
    }

    /// `x` to the integer power `n`. All derivatives are exact, also at 0.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// assert_eq!(g.var(-2.0).powi(3).value(), -8.0);
    /// ```
    #[track_caller]
    pub fn powi(self, n: i32) -> Self {
        Scalar::powi(self, n)
    }

    /// `x` to the constant power `p`; see [`Expr::pow`] for a power that is an expression.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// assert_eq!(g.var(4.0).powf(1.5).value(), 8.0);
    /// ```
    #[track_caller]
    pub fn powf(self, p: f64) -> Self {
        Scalar::powf(self, p)
    }

    /// The `n`-th derivative of `digamma`; `digamma` itself for `n = 0`.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let trigamma = g.var(1.0).polygamma(1);
    /// assert!((trigamma.value() - std::f64::consts::PI.powi(2) / 6.0).abs() < 1e-15);
    /// ```
    ///
    /// # Panics
    /// With [`Error::Order`] where `n` is above [`MAX_ORDER`](crate::MAX_ORDER).
    #[track_caller]
    pub fn polygamma(self, n: u32) -> Self {
        Scalar::polygamma(self, n)
    }

    /// `min(max(x, low), high)`.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// assert_eq!(g.var(3.0).clamp(0.0, 1.0).value(), 1.0);
    /// ```
    #[track_caller]
    pub fn clamp(self, low: impl Into<Expr<'g>>, high: impl Into<Expr<'g>>) -> Self {
        let (low, high) = (low.into(), high.into());
        // Checked first, so that nothing is recorded if `high` is of another graph.
        common(&[self, low, high]);
        self.max(low).min(high)
    }
}

impl From<f64> for Expr<'_> {
    #[inline(always)]
    fn from(value: f64) -> Self {
        Expr::constant(value)
    }
}

macro_rules! define_expr {
    (
        ops { $($(#[doc = $doc:literal])+ $vis:vis $Op:ident = $name:ident($x:ident $(, $y:ident)* $(; $($k:ident: $kind:ident),+)?) -> $r:ident, $cost:ident $form:ident $symbol:literal, $value:block, $bar:ident => [$($pull:expr),*];)+ }
        folds { $($(#[doc = $fdoc:literal])+ $Fo:ident = $fname:ident($($fx:ident),+) -> $fr:ident, $fform:ident $fsym:literal, least $least:literal, $fval:block, $emit:ident => $partials:block;)+ }
    ) => {
        /// The ops, one method each. An operand may be a number: `x.max(0.0)`.
        ///
        /// ```
        /// let g = wengert::Graph::new();
        /// let [x, y] = [g.var(3.0), g.var(4.0)];
        /// assert_eq!(x.hypot(y).value(), 5.0);
        /// assert_eq!(x.max(10.0).value(), 10.0);
        /// ```
        #[allow(clippy::should_implement_trait, reason = "the operators are implemented too, under the same names")]
        impl<'g> Expr<'g> {
            $($(#[doc = $doc])+
            #[inline(always)]
            #[track_caller]
            #[allow(dead_code, reason = "helpers are methods of `Scalar`")]
            $vis fn $name(self $(, $y: impl Into<Expr<'g>>)* $($(, $k: f64)+)?) -> Expr<'g> {
                $(let $y = $y.into();)*
                let value = value::$name([self.value $(, $y.value)*], imm(&[$($($k),+)?]));
                operation!(Op::$Op, value, [self $(, $y)*], [$($($k: $kind),+)?])
            })+
        }

        impl<'g> Scalar for Expr<'g> {
            #[inline(always)]
            fn constant(c: f64) -> Self {
                Expr::constant(c)
            }

            #[inline(always)]
            fn primal(self) -> f64 {
                self.value
            }

            #[track_caller]
            fn external(f: &Arc<dyn External>, x: &[Self]) -> Vec<Self> {
                match common(x) {
                    Some(graph) => graph.external(Arc::clone(f), x),
                    None => {
                        let x: Vec<f64> = x.iter().map(|x| x.value).collect();
                        f64::external(f, &x).into_iter().map(Expr::constant).collect()
                    }
                }
            }

            #[inline]
            #[track_caller]
            fn call<F: Function + Send + Sync + 'static>(f: &Statement<F>, x: &[Self]) -> Self {
                match common(x) {
                    Some(graph) => graph.call(f, x),
                    None => {
                        let x: SmallVec<[f64; 8]> = x.iter().map(|x| x.value).collect();
                        Expr::constant(f64::call(f, &x))
                    }
                }
            }

            #[track_caller]
            fn apply(op: Op, imm: Imm, args: &[Self]) -> Self {
                expect(op.check(imm, args.len()));
                expect(op.check_immediates(imm));
                let values: SmallVec<[f64; 8]> = args.iter().map(|x| x.value).collect();
                Expr::record(op, imm, args, value::of(op, imm, &values))
            }

            $(#[inline(always)]
            #[track_caller]
            fn $name(self $(, $y: impl Into<Self>)* $($(, $k: f64)+)?) -> Self {
                Expr::$name(self $(, $y)* $($(, $k)+)?)
            })+
            $(fn $fname($($fx: &[Self]),+) -> Self {
                Expr::fold(Op::$Fo, [$($fx),+])
            })+
        }
    };
}

for_each_op!(define_expr);

operators! { ['g] Expr<'g> }

/// Records one n-ary node: the sum from left to right.
impl Sum for Expr<'_> {
    #[track_caller]
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        Scalar::sum(&iter.collect::<SmallVec<[Self; 8]>>())
    }
}

/// Records one n-ary node: the product from left to right.
impl Product for Expr<'_> {
    #[track_caller]
    fn product<I: Iterator<Item = Self>>(iter: I) -> Self {
        Scalar::product(&iter.collect::<SmallVec<[Self; 8]>>())
    }
}

/// The value, formatted as an `f64`; the alternate form `{:#}` shows the gradient too.
impl fmt::Display for Expr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return write!(f, "Value(data={}, grad={})", self.value, self.grad());
        }
        self.value.fmt(f)
    }
}

impl fmt::Debug for Expr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.graph {
            Some(_) => write!(f, "Expr(n{} = {:?})", self.handle.index(), self.value),
            None => write!(f, "Expr({:?})", self.value),
        }
    }
}
