//! The number: a node of the graph that is recorded on, or a constant.

use std::cmp::Ordering;
use std::fmt;
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign};
use std::sync::Arc;

use num_traits::{Float, Pow};
use wengert::{Expr, External, Graph, Imm, NodeId, Op, Real, Scalar};

use crate::session;

/// A number for generic code: a node of the graph that this thread records on ([`record`](crate::record)), or a
/// constant of no graph.
///
/// It holds a key, not a value; the value is read from the graph. Comparisons and conversions to plain
/// numbers leave guards, as with [`wengert::Expr`]. It can be sent to another thread, and is used on the thread that records
/// on its graph.
///
/// # Panics
/// Every method of a node panics where the thread records on no graph. It panics with the text of a
/// [`wengert::Error`] where the node is of another graph, was dropped, or is stale.
#[derive(Clone, Copy)]
pub struct Var(Kind);

const _: () = assert!(size_of::<Var>() == 16);

#[derive(Clone, Copy)]
enum Kind {
    Constant(f64),
    Node(NodeId),
}

/// Evaluates a body with the numbers as expressions. Constants alone need no graph. A macro, since a panic in a closure
/// would point to the closure, not to the caller.
macro_rules! expressions {
    ($($x:ident = $number:expr),+ => $body:expr) => {{
        let open = $crate::session::open();
        let open = open.borrow();
        $(let $x = $number.expr(open.as_ref());)+
        $body
    }};
}
pub(crate) use expressions;

impl Var {
    /// An input with this value: a new leaf of the graph that is recorded on.
    ///
    /// ```
    /// use wengert::Graph;
    /// use wengert_var::{Var, record};
    ///
    /// let mut g = Graph::new();
    /// let x = record(&mut g, || Var::leaf(3.0));
    /// assert_eq!(g.value(x.id()), 3.0);
    /// ```
    ///
    /// # Panics
    /// Where this thread records on no graph, and where the graph is full.
    #[track_caller]
    pub fn leaf(value: f64) -> Var {
        Var(Kind::Node(session::graph(session::open().borrow().as_ref()).leaf(value)))
    }

    /// The key of the node. With it, the graph gives values and derivatives after the recording.
    ///
    /// ```
    /// use wengert::Graph;
    /// use wengert_var::{Var, record};
    ///
    /// let mut g = Graph::new();
    /// let [x, square] = record(&mut g, || {
    ///     let x = Var::leaf(3.0);
    ///     [x, x * x]
    /// });
    /// assert_eq!(g.gradient(square.id(), &[x.id()]), [6.0]);
    /// ```
    ///
    /// # Panics
    /// Where the number is a constant.
    #[track_caller]
    pub fn id(self) -> NodeId {
        match self.0 {
            Kind::Node(id) => id,
            Kind::Constant(_) => panic!("a constant is not a node of a graph and has no key: make it with Var::leaf"),
        }
    }

    /// The value, as a plain number: what is computed from it does not depend on this node. A branch on it
    /// leaves no guard; a comparison of the `Var` itself does.
    ///
    /// ```
    /// use wengert_var::{Var, record};
    ///
    /// let value = record(&mut wengert::Graph::new(), || (Var::leaf(3.0) * 2.0).value());
    /// assert_eq!(value, 6.0);
    /// ```
    #[track_caller]
    pub fn value(self) -> f64 {
        expressions!(x = self => x.value())
    }

    /// The derivative of the last swept output with respect to this number; 0 for a constant.
    ///
    /// ```
    /// use wengert::Graph;
    /// use wengert_var::{Var, record};
    ///
    /// let mut g = Graph::new();
    /// let slope = record(&mut g, || {
    ///     let x = Var::leaf(3.0);
    ///     (x * x).backward();
    ///     x.grad()
    /// });
    /// assert_eq!(slope, 6.0);
    /// ```
    #[track_caller]
    pub fn grad(self) -> f64 {
        expressions!(x = self => x.grad())
    }

    /// Sweeps back from here: see [`Graph::backward`]. Does nothing for a constant.
    ///
    /// ```
    /// use wengert_var::{Var, record};
    ///
    /// let slope = record(&mut wengert::Graph::new(), || {
    ///     let x = Var::leaf(3.0);
    ///     (x * x).backward();
    ///     x.grad()
    /// });
    /// assert_eq!(slope, 6.0);
    /// ```
    #[track_caller]
    pub fn backward(self) {
        expressions!(x = self => x.backward());
    }

    /// Labels the node, and returns the number. Does nothing for a constant.
    ///
    /// ```
    /// use wengert_var::{Var, record};
    ///
    /// let mut g = wengert::Graph::new();
    /// let x = record(&mut g, || Var::leaf(3.0).named("x"));
    /// assert_eq!(g.label_of(x.id()).as_deref(), Some("x"));
    /// ```
    #[track_caller]
    pub fn named(self, label: &str) -> Var {
        expressions!(x = self => Var::of(x.named(label)))
    }

    fn constant_value(self) -> Option<f64> {
        match self.0 {
            Kind::Constant(value) => Some(value),
            Kind::Node(_) => None,
        }
    }

    /// The number as an expression of the graph that is recorded on.
    #[track_caller]
    pub(crate) fn expr(self, open: Option<&Graph>) -> Expr<'_> {
        match self.0 {
            Kind::Constant(value) => Expr::constant(value),
            Kind::Node(id) => session::graph(open).expr(id),
        }
    }

    pub(crate) fn of(x: Expr<'_>) -> Var {
        Var(match x.graph() {
            Some(_) => Kind::Node(x.id()),
            None => Kind::Constant(x.value()),
        })
    }
}

impl From<f64> for Var {
    /// A constant.
    fn from(value: f64) -> Var {
        Var(Kind::Constant(value))
    }
}

impl From<NodeId> for Var {
    /// A node of the graph that is recorded on, for example a leaf that was made before.
    fn from(id: NodeId) -> Var {
        Var(Kind::Node(id))
    }
}

/// Every op. It is recorded if an operand is a node, and computed as plain numbers if all are constants.
impl Scalar for Var {
    fn constant(c: f64) -> Var {
        c.into()
    }

    #[track_caller]
    fn apply(op: Op, imm: Imm, args: &[Var]) -> Var {
        let constants: Option<Vec<f64>> = args.iter().map(|x| x.constant_value()).collect();
        if let Some(values) = constants {
            return f64::apply(op, imm, &values).into();
        }
        let open = session::open();
        let open = open.borrow();
        let mut expressions = Vec::with_capacity(args.len());
        for x in args {
            expressions.push(x.expr(open.as_ref()));
        }
        Var::of(Expr::apply(op, imm, &expressions))
    }

    #[track_caller]
    fn external(f: &Arc<dyn External>, x: &[Var]) -> Vec<Var> {
        let open = session::open();
        let open = open.borrow();
        let mut expressions = Vec::with_capacity(x.len());
        for x in x {
            expressions.push(x.expr(open.as_ref()));
        }
        Expr::external(f, &expressions).into_iter().map(Var::of).collect()
    }

    #[track_caller]
    fn primal(self) -> f64 {
        self.value()
    }
}

impl Real for Var {}

macro_rules! shared_names {
    ($($name:ident($($y:ident),*))+) => {
        /// Methods that two of [`Scalar`], `num_traits` and nalgebra's traits have. An inherent method takes precedence, so calls
        /// need not name a trait. An operand may be a number: `x.max(0.0)`.
        impl Var {
            $(#[doc = concat!("[`Scalar::", stringify!($name), "`].")]
            #[track_caller]
            pub fn $name(self $(, $y: impl Into<Var>)*) -> Var {
                Scalar::$name(self $(, $y.into())*)
            })+
        }
    };
}
shared_names! {
    abs() floor() ceil() round() trunc() fract() recip() sqrt() cbrt() exp() exp2() exp_m1() ln() ln_1p() log2() log10()
    sin() cos() tan() asin() acos() atan() sinh() cosh() tanh() asinh() acosh() atanh()
    hypot(other) atan2(other) max(other) min(other) clamp(low, high) copysign(sign) mul_add(a, b)
}

impl Var {
    /// [`Scalar::powi`].
    ///
    /// ```
    /// use wengert::Graph;
    /// use wengert_var::{Var, record};
    ///
    /// let mut g = Graph::new();
    /// let cube = record(&mut g, || Var::leaf(-2.0).powi(3));
    /// assert_eq!(g.value(cube.id()), -8.0);
    /// ```
    #[track_caller]
    pub fn powi(self, n: i32) -> Var {
        Scalar::powi(self, n)
    }

    /// To the power `n`: a number, which is kept with the op, or a `Var`.
    ///
    /// ```
    /// use wengert::Graph;
    /// use wengert_var::{Var, record};
    ///
    /// let mut g = Graph::new();
    /// let y = record(&mut g, || Var::leaf(4.0).powf(1.5));
    /// assert_eq!((g.value(y.id()), g.len()), (8.0, 2));
    /// ```
    #[track_caller]
    pub fn powf(self, n: impl Into<Var>) -> Var {
        let n = n.into();
        match n.0 {
            Kind::Constant(n) => Scalar::powf(self, n),
            Kind::Node(_) => Scalar::pow(self, n),
        }
    }

    /// [`Pow::pow`]: to the power of a `Var`, an `f64` or an `i32`.
    ///
    /// ```
    /// assert_eq!(wengert_var::Var::from(3.0).pow(2).value(), 9.0);
    /// ```
    #[track_caller]
    pub fn pow<N>(self, n: N) -> Var
    where
        Var: Pow<N, Output = Var>,
    {
        Pow::pow(self, n)
    }

    /// [`Float::log`]: the logarithm to this base.
    ///
    /// ```
    /// assert_eq!(wengert_var::Var::from(8.0).log(2.0).value(), 3.0);
    /// ```
    #[track_caller]
    pub fn log(self, base: impl Into<Var>) -> Var {
        Float::log(self, base.into())
    }

    /// [`Float::signum`].
    ///
    /// ```
    /// assert_eq!(wengert_var::Var::from(-3.0).signum().value(), -1.0);
    /// ```
    #[track_caller]
    pub fn signum(self) -> Var {
        Float::signum(self)
    }

    /// The sine and the cosine.
    ///
    /// ```
    /// let (sin, cos) = wengert_var::Var::from(0.0).sin_cos();
    /// assert_eq!((sin.value(), cos.value()), (0.0, 1.0));
    /// ```
    #[track_caller]
    pub fn sin_cos(self) -> (Var, Var) {
        (self.sin(), self.cos())
    }

    /// Whether it is neither infinite nor NaN. Leaves a guard.
    ///
    /// ```
    /// assert!(wengert_var::Var::from(1.0).is_finite());
    /// ```
    #[track_caller]
    pub fn is_finite(self) -> bool {
        Float::is_finite(self)
    }

    /// Whether its sign is positive, that of `0.0` included. Leaves a guard.
    ///
    /// ```
    /// assert!(wengert_var::Var::from(0.0).is_sign_positive());
    /// ```
    #[track_caller]
    pub fn is_sign_positive(self) -> bool {
        Float::is_sign_positive(self)
    }

    /// Whether its sign is negative, that of `-0.0` included. Leaves a guard.
    ///
    /// ```
    /// assert!(wengert_var::Var::from(-0.0).is_sign_negative());
    /// ```
    #[track_caller]
    pub fn is_sign_negative(self) -> bool {
        Float::is_sign_negative(self)
    }
}

/// The operators between two numbers and with `f64` on either side, by value and by reference, and those that assign. A constant is
/// kept with the op and does not become a node.
macro_rules! operators {
    ($($Trait:ident $method:ident $Assign:ident $assign:ident $sign:tt;)+) => {$(
        impl $Trait for Var {
            type Output = Var;
            #[track_caller]
            fn $method(self, rhs: Var) -> Var {
                match (self.0, rhs.0) {
                    (Kind::Node(_), Kind::Constant(c)) => expressions!(x = self => Var::of(x $sign c)),
                    (Kind::Constant(c), Kind::Node(_)) => expressions!(y = rhs => Var::of(c $sign y)),
                    _ => expressions!(x = self, y = rhs => Var::of(x $sign y)),
                }
            }
        }
        operators! { @one $Trait $method $sign, Var, f64, |x, y| x, Var::from(y) }
        operators! { @one $Trait $method $sign, f64, Var, |x, y| Var::from(x), y }
        operators! { @one $Trait $method $sign, Var, &Var, |x, y| x, *y }
        operators! { @one $Trait $method $sign, &Var, Var, |x, y| *x, y }
        operators! { @one $Trait $method $sign, &Var, &Var, |x, y| *x, *y }
        operators! { @one $Trait $method $sign, &Var, f64, |x, y| *x, Var::from(y) }
        operators! { @one $Trait $method $sign, f64, &Var, |x, y| Var::from(x), *y }
        operators! { @assign $Trait $Assign $assign $sign, Var }
        operators! { @assign $Trait $Assign $assign $sign, &Var }
        operators! { @assign $Trait $Assign $assign $sign, f64 }
    )+};
    (@one $Trait:ident $method:ident $sign:tt, $Left:ty, $Right:ty, |$x:ident, $y:ident| $left:expr, $right:expr) => {
        impl $Trait<$Right> for $Left {
            type Output = Var;
            #[track_caller]
            fn $method(self, rhs: $Right) -> Var {
                let ($x, $y) = (self, rhs);
                $left $sign $right
            }
        }
    };
    (@assign $Trait:ident $Assign:ident $assign:ident $sign:tt, $Right:ty) => {
        impl $Assign<$Right> for Var {
            #[track_caller]
            fn $assign(&mut self, rhs: $Right) {
                *self = *self $sign rhs;
            }
        }
    };
}
operators! {
    Add add AddAssign add_assign +;
    Sub sub SubAssign sub_assign -;
    Mul mul MulAssign mul_assign *;
    Div div DivAssign div_assign /;
    Rem rem RemAssign rem_assign %;
}

impl Neg for &Var {
    type Output = Var;
    #[track_caller]
    fn neg(self) -> Var {
        -*self
    }
}

impl Neg for Var {
    type Output = Var;
    #[track_caller]
    fn neg(self) -> Var {
        expressions!(x = self => Var::of(-x))
    }
}

/// Records one node, whatever the number of operands.
impl Sum for Var {
    #[track_caller]
    fn sum<I: Iterator<Item = Var>>(terms: I) -> Var {
        <Var as Scalar>::sum(&terms.collect::<Vec<_>>())
    }
}

/// Records one node, whatever the number of operands.
impl Product for Var {
    #[track_caller]
    fn product<I: Iterator<Item = Var>>(factors: I) -> Var {
        <Var as Scalar>::product(&factors.collect::<Vec<_>>())
    }
}

impl<'a> Sum<&'a Var> for Var {
    #[track_caller]
    fn sum<I: Iterator<Item = &'a Var>>(terms: I) -> Var {
        terms.copied().sum()
    }
}

impl<'a> Product<&'a Var> for Var {
    #[track_caller]
    fn product<I: Iterator<Item = &'a Var>>(factors: I) -> Var {
        factors.copied().product()
    }
}

/// Leaves a guard.
impl PartialEq for Var {
    #[track_caller]
    fn eq(&self, other: &Var) -> bool {
        expressions!(x = *self, y = *other => x == y)
    }
}

/// Leaves a guard.
impl PartialEq<f64> for Var {
    #[track_caller]
    fn eq(&self, other: &f64) -> bool {
        *self == Var::from(*other)
    }
}

/// Leaves guards.
impl PartialOrd for Var {
    #[track_caller]
    fn partial_cmp(&self, other: &Var) -> Option<Ordering> {
        expressions!(x = *self, y = *other => x.partial_cmp(&y))
    }
    #[track_caller]
    fn lt(&self, other: &Var) -> bool {
        expressions!(x = *self, y = *other => x < y)
    }
    #[track_caller]
    fn le(&self, other: &Var) -> bool {
        expressions!(x = *self, y = *other => x <= y)
    }
    #[track_caller]
    fn gt(&self, other: &Var) -> bool {
        expressions!(x = *self, y = *other => x > y)
    }
    #[track_caller]
    fn ge(&self, other: &Var) -> bool {
        expressions!(x = *self, y = *other => x >= y)
    }
}

/// Leaves guards.
impl PartialOrd<f64> for Var {
    #[track_caller]
    fn partial_cmp(&self, other: &f64) -> Option<Ordering> {
        self.partial_cmp(&Var::from(*other))
    }
    #[track_caller]
    fn lt(&self, other: &f64) -> bool {
        PartialOrd::lt(self, &Var::from(*other))
    }
    #[track_caller]
    fn le(&self, other: &f64) -> bool {
        PartialOrd::le(self, &Var::from(*other))
    }
    #[track_caller]
    fn gt(&self, other: &f64) -> bool {
        PartialOrd::gt(self, &Var::from(*other))
    }
    #[track_caller]
    fn ge(&self, other: &f64) -> bool {
        PartialOrd::ge(self, &Var::from(*other))
    }
}

impl Var {
    /// The value, or the key where the value cannot be read: formatting must not panic.
    fn shown(self) -> Result<f64, NodeId> {
        match self.0 {
            Kind::Constant(value) => Ok(value),
            Kind::Node(id) => session::open().borrow().as_ref().and_then(|graph| graph.try_value(id).ok()).ok_or(id),
        }
    }
}

/// The value; the key, where the graph that is recorded on does not have the node.
impl fmt::Display for Var {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shown() {
            Ok(value) => fmt::Display::fmt(&value, f),
            Err(id) => fmt::Display::fmt(&id, f),
        }
    }
}

/// As displayed.
impl fmt::Debug for Var {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shown() {
            Ok(value) => fmt::Debug::fmt(&value, f),
            Err(id) => fmt::Debug::fmt(&id, f),
        }
    }
}
