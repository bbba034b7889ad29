//! Building with operators: an [`Expr`] is a node and its value, and ops on it are recorded.

use std::cmp::Ordering;
use std::fmt;
use std::iter::{Product, Sum};

use smallvec::SmallVec;

use crate::error::{Error, expect, operand_count};
use crate::graph::Graph;
use crate::node::NodeId;
use crate::op::{Imm, NO_IMM, Op, Relation, for_each_op};
use crate::scalar::{Scalar, imm, operators, sums_of_references, value};
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
    graph: Option<&'g Graph>,
    handle: Handle,
    value: f64,
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
    /// which leaves a guard, or use the op `select`.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// assert_eq!((g.var(3.0) + 1.0).value(), 4.0);
    /// ```
    #[inline(always)]
    pub fn value(self) -> f64 {
        self.value
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
    pub fn graph(self) -> Option<&'g Graph> {
        self.graph
    }

    /// The derivative of the last swept output with respect to this node; 0 for a free constant.
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
    #[track_caller]
    pub fn clamp(self, low: impl Into<Expr<'g>>, high: impl Into<Expr<'g>>) -> Self {
        let (low, high) = (low.into(), high.into());
        // Check first, so that nothing is recorded if the second op would panic.
        common(&[self, low, high]);
        self.max(low).min(high)
    }

    /// The address of the graph, or null if there is none, so that one comparison covers both cases.
    #[inline(always)]
    fn address(self) -> *const Graph {
        self.graph.map_or(std::ptr::null(), std::ptr::from_ref)
    }

    #[inline(always)]
    fn place(self) -> Place<'g> {
        (self.graph, self.handle)
    }

    #[inline(always)]
    fn at((graph, handle): Place<'g>, value: f64) -> Self {
        Expr { graph, handle, value }
    }

    #[inline(always)]
    #[track_caller]
    fn unary(self, op: Op, value: f64) -> Self {
        let place = if let Some(graph) = self.graph
            && let Some(handle) = graph.tape.try_unary(op, self.handle, value)
        {
            (self.graph, handle)
        } else {
            unary_apart(op, NO_IMM, self.place(), self.value, value)
        };
        Expr::at(place, value)
    }

    #[inline(always)]
    #[track_caller]
    fn binary(self, op: Op, rhs: Self, value: f64) -> Self {
        let (x, y) = (self, rhs);
        let place = if x.address() == y.address()
            && let Some(graph) = x.graph
            && let Some(handle) = graph.tape.try_binary(op, x.handle, y.handle, value)
        {
            (x.graph, handle)
        } else {
            binary_apart(op, x.place(), x.value, y.place(), y.value, value)
        };
        Expr::at(place, value)
    }

    #[inline(always)]
    #[track_caller]
    fn with_constant(self, op: Op, c: f64, value: f64) -> Self {
        let place = if let Some(graph) = self.graph
            && let Some(handle) = graph.tape.try_with_constant(op, self.handle, c, value)
        {
            (self.graph, handle)
        } else {
            unary_apart(op, [c, 0.0], self.place(), self.value, value)
        };
        Expr::at(place, value)
    }

    /// Appends any op. Free constants among its operands become nodes.
    #[inline(never)]
    #[track_caller]
    fn record(op: Op, imm: Imm, operands: &[Self], value: f64) -> Self {
        let Some(graph) = common(operands) else {
            return Expr::constant(value);
        };
        // Check first, so that nothing is recorded if not all of it fits.
        let new = operands.iter().filter(|x| x.is_new_to(graph)).count();
        expect(graph.tape.allow(1 + new));
        let handles: SmallVec<[Handle; 3]> = operands.iter().map(|x| x.handle_in(graph)).collect();
        let handle = graph.tape.push_op(op, imm, &handles, value);
        Expr { graph: Some(graph), handle, value }
    }

    /// Appends an n-ary op, its operands given as lists of equal length.
    #[track_caller]
    fn fold<const N: usize>(op: Op, lists: [&[Self]; N]) -> Self {
        let count = expect(operand_count(op, &lists.map(<[Self]>::len)));
        let mut graph: Option<&'g Graph> = None;
        for list in lists {
            match (graph, common(list)) {
                (Some(one), Some(other)) if !std::ptr::eq(one, other) => Error::MixedGraphs.panic(),
                (None, found) => graph = found,
                _ => {}
            }
        }
        let Some(graph) = graph else {
            let values: SmallVec<[f64; 8]> = lists.iter().copied().flatten().map(|x| x.value).collect();
            return Expr::constant(value::of(op, NO_IMM, &values));
        };
        // Check first, so that nothing is recorded if not all of it fits.
        let new = lists.iter().copied().flatten().filter(|x| x.is_new_to(graph)).count();
        expect(graph.tape.allow(1 + new));
        expect(graph.tape.make_room(op, count));
        let mut values = graph.operands.borrow_mut();
        values.clear();
        let (mut written, mut wants) = (0, false);
        for list in lists {
            values.extend(list.iter().map(|x| x.value));
            wants |= graph.tape.write_operands(written, list.iter().map(|x| x.handle_in(graph)));
            written += list.len();
        }
        let value = value::of(op, NO_IMM, &values);
        Expr { graph: Some(graph), handle: graph.tape.push_fold(op, count, wants, value), value }
    }

    /// Whether it is a free constant that needs a new node.
    fn is_new_to(&self, graph: &Graph) -> bool {
        self.graph.is_none() && graph.tape.known_constant(self.value).is_none()
    }

    /// The handle of the node. A free constant becomes a node first.
    #[inline(always)]
    #[track_caller]
    fn handle_in(&self, graph: &Graph) -> Handle {
        match self.graph {
            Some(_) => self.handle,
            None => graph.tape.constant(self.value),
        }
    }

    /// Whether `self relation other` holds. Leaves a guard with the answer.
    #[track_caller]
    pub(crate) fn guarded(self, relation: Relation, other: Self) -> bool {
        let recorded = relation.holds(self.value, other.value);
        if let Some(graph) = common(&[self, other]) {
            let [left, right] = [self, other].map(|x| x.handle_in(graph));
            graph.push_guard(left, relation, right, recorded);
        }
        recorded
    }
}

/// The graph and handle of an expression: two registers.
type Place<'g> = (Option<&'g Graph>, Handle);

/// Recording in the uncommon cases, for example: an operand belongs to no graph or wants no gradient, or the tape has
/// no room left. All arguments and results are passed in registers, since taking an address here would force the common
/// case to keep its values in memory.
#[cold]
#[inline(never)]
#[track_caller]
fn unary_apart<'g>(op: Op, imm: Imm, place: Place<'g>, x: f64, value: f64) -> Place<'g> {
    Expr::record(op, imm, &[Expr::at(place, x)], value).place()
}

/// As [`unary_apart`].
#[cold]
#[inline(never)]
#[track_caller]
fn binary_apart<'g>(op: Op, x_place: Place<'g>, x: f64, y_place: Place<'g>, y: f64, value: f64) -> Place<'g> {
    // A free constant becomes an immediate of the op, as a plain number does.
    if let Some((op, c)) = with_constant(op, (x_place, x), (y_place, y)) {
        let (place, x) = if x_place.0.is_some() { (x_place, x) } else { (y_place, y) };
        if let Some(graph) = place.0
            && let Some(handle) = graph.tape.try_with_constant(op, place.1, c, value)
        {
            return (place.0, handle);
        }
        return unary_apart(op, [c, 0.0], place, x, value);
    }
    Expr::record(op, NO_IMM, &[Expr::at(x_place, x), Expr::at(y_place, y)], value).place()
}

/// If just one operand is a free constant: the op that takes it as an immediate instead, and that immediate.
#[inline(always)]
fn with_constant<'g>(op: Op, x: (Place<'g>, f64), y: (Place<'g>, f64)) -> Option<(Op, f64)> {
    let (before, after) = match op {
        Op::Add => (Op::AddC, Op::AddC),
        Op::Sub => (Op::CSub, Op::SubC),
        Op::Mul => (Op::MulC, Op::MulC),
        Op::Div => (Op::CDiv, Op::DivC),
        _ => return None,
    };
    match (x.0.0, y.0.0) {
        (None, Some(_)) => Some((before, x.1)),
        (Some(_), None) => Some((after, y.1)),
        _ => None,
    }
}

/// The graph of the expressions; `None` if all are free constants.
#[inline]
#[track_caller]
fn common<'g>(operands: &[Expr<'g>]) -> Option<&'g Graph> {
    let mut graphs = operands.iter().filter_map(|x| x.graph);
    let first = graphs.next()?;
    if graphs.any(|other| !std::ptr::eq(first, other)) {
        Error::MixedGraphs.panic();
    }
    Some(first)
}

impl From<f64> for Expr<'_> {
    #[inline(always)]
    fn from(value: f64) -> Self {
        Expr::constant(value)
    }
}

/// Appends an op. The numbers of its operands and immediates select the arm. A macro, since operands in an array would
/// go through memory.
macro_rules! operation {
    ($op:expr, $value:expr, [$x:expr], []) => {
        $x.unary($op, $value)
    };
    ($op:expr, $value:expr, [$x:expr, $y:expr], []) => {
        $x.binary($op, $y, $value)
    };
    ($op:expr, $value:expr, [$x:expr], [$c:expr]) => {{
        expect($op.check_immediates([$c, 0.0]));
        $x.with_constant($op, $c, $value)
    }};
    ($op:expr, $value:expr, [$($x:expr),+], [$($k:expr),*]) => {{
        let imm = imm(&[$($k),*]);
        expect($op.check_immediates(imm));
        Expr::record($op, imm, &[$($x),+], $value)
    }};
}

macro_rules! define_expr {
    (
        ops { $($(#[doc = $doc:literal])+ $vis:vis $Op:ident = $name:ident($x:ident $(, $y:ident)* $(; $($k:ident: $kind:ident),+)?) -> $r:ident, $cost:ident $form:ident $symbol:literal, $value:block, $bar:ident => [$($pull:expr),*];)+ }
        folds { $($(#[doc = $fdoc:literal])+ $Fo:ident = $fname:ident($($fx:ident),+) -> $fr:ident, $fform:ident $fsym:literal, least $least:literal, $fval:block, $emit:ident => $partials:block;)+ }
    ) => {
        /// The ops, one method each. An operand may be a number: `x.max(0.0)`.
        #[allow(clippy::should_implement_trait, reason = "the operators are implemented too, under the same names")]
        impl<'g> Expr<'g> {
            $($(#[doc = $doc])+
            #[inline(always)]
            #[track_caller]
            #[allow(dead_code, reason = "helpers are methods of `Scalar`")]
            $vis fn $name(self $(, $y: impl Into<Expr<'g>>)* $($(, $k: f64)+)?) -> Expr<'g> {
                $(let $y = $y.into();)*
                let value = value::$name([self.value $(, $y.value)*], imm(&[$($($k),+)?]));
                operation!(Op::$Op, value, [self $(, $y)*], [$($($k),+)?])
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
            fn apply(op: Op, imm: Imm, args: &[Self]) -> Self {
                expect(op.check(imm, args.len()));
                expect(op.check_immediates(imm));
                let values: SmallVec<[f64; 8]> = args.iter().map(|x| x.value).collect();
                Expr::record(op, imm, args, value::of(op, imm, &values))
            }

            $(#[inline(always)]
            #[track_caller]
            fn $name(self $(, $y: Self)* $($(, $k: f64)+)?) -> Self {
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
sums_of_references! { ['g] Expr<'g> }

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

impl PartialEq for Expr<'_> {
    #[track_caller]
    fn eq(&self, other: &Self) -> bool {
        self.guarded(Relation::Equal, *other)
    }
}

impl PartialOrd for Expr<'_> {
    #[track_caller]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let order = self.value.partial_cmp(&other.value);
        match order {
            Some(Ordering::Less) => self.guarded(Relation::Less, *other),
            Some(Ordering::Equal) => self.guarded(Relation::Equal, *other),
            Some(Ordering::Greater) => other.guarded(Relation::Less, *self),
            None => self.guarded(Relation::Unordered, *other),
        };
        order
    }
    #[track_caller]
    fn lt(&self, other: &Self) -> bool {
        self.guarded(Relation::Less, *other)
    }
    #[track_caller]
    fn le(&self, other: &Self) -> bool {
        self.guarded(Relation::LessEqual, *other)
    }
    #[track_caller]
    fn gt(&self, other: &Self) -> bool {
        other.guarded(Relation::Less, *self)
    }
    #[track_caller]
    fn ge(&self, other: &Self) -> bool {
        other.guarded(Relation::LessEqual, *self)
    }
}

impl PartialEq<f64> for Expr<'_> {
    #[track_caller]
    fn eq(&self, other: &f64) -> bool {
        self.guarded(Relation::Equal, Expr::constant(*other))
    }
}

impl PartialOrd<f64> for Expr<'_> {
    #[track_caller]
    fn partial_cmp(&self, other: &f64) -> Option<Ordering> {
        PartialOrd::partial_cmp(self, &Expr::constant(*other))
    }
    #[track_caller]
    fn lt(&self, other: &f64) -> bool {
        PartialOrd::lt(self, &Expr::constant(*other))
    }
    #[track_caller]
    fn le(&self, other: &f64) -> bool {
        PartialOrd::le(self, &Expr::constant(*other))
    }
    #[track_caller]
    fn gt(&self, other: &f64) -> bool {
        PartialOrd::gt(self, &Expr::constant(*other))
    }
    #[track_caller]
    fn ge(&self, other: &f64) -> bool {
        PartialOrd::ge(self, &Expr::constant(*other))
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
