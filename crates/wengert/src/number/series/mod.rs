//! Truncated Taylor series: derivatives of any order along one direction, in one pass.
//!
//! A series `x(t) = x_0 + x_1 t + x_2 t^2 + ...` goes through a formula like a number. The `k`-th coefficient
//! of the result times `k!` is the `k`-th derivative of the formula along `x(t)`. Arithmetic is written here,
//! by Cauchy products. All other ops follow from `y' = f'(x) x'` and the op's row of the table.

mod external;
pub(crate) mod recurrence;
mod symbols;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use smallvec::SmallVec;

use crate::error::{Error, direction_length, expect};
use crate::external::External;
use crate::external::checked::outputs_of;
use crate::graph::Graph;
use crate::graph::opened::Opened;
use crate::node::NodeId;
use crate::number::Real;
use crate::op::kernel::{gdiv, gmul};
use crate::op::{Imm, Op, for_each_op};
use crate::room::{collected, zeroed};
use crate::scalar::{Scalar, define_number, operators};
use crate::tape::entry::Entry;

/// A power series in one variable `t` with `K` coefficients: a value, and the terms of orders 1 to `K - 1`.
///
/// An addition costs O(`K`). Other ops cost O(`K^2`), and up to O(`K^4`) if each derivative is a new function
/// (powers, `erf`, `lgamma`, `atan2`, `hypot`). Of these, terms of an order above [`MAX_ORDER`](crate::MAX_ORDER), and
/// those whose derivative overflows, are NaN or infinite. Arithmetic allocates nothing.
///
/// ```
/// use wengert::{Scalar, Series};
///
/// let y = Series::<3>::moving(2.0, 1.0).powi(3);
/// assert_eq!([y.value(), y.derivative(1), y.derivative(2)], [8.0, 12.0, 12.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Series<const K: usize> {
    /// The coefficients: the value first, then of `t`, `t^2`, ...
    pub coefficients: [f64; K],
}

impl<const K: usize> Series<K> {
    /// A constant series.
    ///
    /// ```
    /// assert_eq!(wengert::Series::<3>::new(2.0).coefficients, [2.0, 0.0, 0.0]);
    /// ```
    #[inline]
    pub const fn new(value: f64) -> Self {
        const { assert!(K > 0, "a series has at least one coefficient") };
        let mut coefficients = [0.0; K];
        coefficients[0] = value;
        Series { coefficients }
    }

    /// The series `value + speed * t`: an input, for a derivative along a direction.
    ///
    /// ```
    /// assert_eq!(wengert::Series::<3>::moving(2.0, 1.0).coefficients, [2.0, 1.0, 0.0]);
    /// ```
    #[inline]
    pub const fn moving(value: f64, speed: f64) -> Self {
        let mut x = Series::new(value);
        if K > 1 {
            x.coefficients[1] = speed;
        }
        x
    }

    /// The value: the coefficient of order 0.
    ///
    /// ```
    /// assert_eq!(wengert::Series::<3>::moving(0.0, 1.0).exp().value(), 1.0);
    /// ```
    #[inline]
    pub const fn value(self) -> f64 {
        self.coefficients[0]
    }

    /// The `k`-th derivative at 0: the coefficient times `k!`.
    ///
    /// ```
    /// let y = wengert::Series::<4>::moving(1.0, 1.0).powi(3);
    /// assert_eq!([1, 2, 3].map(|k| y.derivative(k)), [3.0, 6.0, 6.0]);
    /// ```
    ///
    /// # Panics
    /// Where `k` is not below `K`.
    #[track_caller]
    pub fn derivative(self, k: usize) -> f64 {
        assert!(k < K, "no derivative of order {k}: a Series<{K}> has the orders below {K}");
        (1..=k).fold(self.coefficients[k], |d, j| d * j as f64)
    }
}

impl<const K: usize> Series<K> {
    /// Applies an op that [`combine`] computes.
    fn arithmetic(self, op: Op, rhs: Self) -> Self {
        let mut coefficients = [0.0; K];
        for order in 0..K {
            coefficients[order] = combine(op, order, &self.coefficients, &rhs.coefficients, &coefficients);
        }
        Series { coefficients }
    }
}

impl<const K: usize> Scalar for Series<K> {
    #[inline]
    fn constant(c: f64) -> Self {
        Series::new(c)
    }

    #[inline]
    fn primal(self) -> f64 {
        self.coefficients[0]
    }

    #[track_caller]
    fn external(f: &Arc<dyn External>, x: &[Self]) -> Vec<Self> {
        let m = expect(outputs_of(&**f, x.len()));
        expect(external::through(&**f, x, m, K))
    }

    fn apply(op: Op, imm: Imm, args: &[Self]) -> Self {
        expect(op.check(imm, args.len()));
        if op.check_immediates(imm).is_err() {
            return Series { coefficients: [f64::NAN; K] };
        }
        let c = Series::new(imm[0]);
        match (op, args) {
            (Op::AddC, &[x]) => x.arithmetic(Op::Add, c),
            (Op::SubC, &[x]) => x.arithmetic(Op::Sub, c),
            (Op::CSub, &[x]) => c.arithmetic(Op::Sub, x),
            (Op::MulC, &[x]) => x.arithmetic(Op::Mul, c),
            (Op::DivC, &[x]) => x.arithmetic(Op::Div, c),
            (Op::CDiv, &[x]) => c.arithmetic(Op::Div, x),
            (_, &[x]) if arithmetic(op) => x.arithmetic(op, x),
            (_, &[x, y]) if arithmetic(op) => x.arithmetic(op, y),
            _ => {
                let args: SmallVec<[[f64; K]; 4]> = args.iter().map(|x| x.coefficients).collect();
                let coefficients = recurrence::apply(op, imm, &args);
                Series { coefficients }
            }
        }
    }
}

/// The ops that [`combine`] computes.
pub(crate) fn arithmetic(op: Op) -> bool {
    matches!(op, Op::Neg | Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Gmul | Op::Gdiv)
}

/// The coefficient of order `m` of an arithmetic op of `a` and `b`; `c` holds the coefficients below `m`.
///
/// From order 1 on, products are guarded, as in every chain rule. The terms that contain coefficients of order `m` of
/// the operands are computed as in the op's rule.
#[inline(always)]
pub(crate) fn combine(op: Op, m: usize, a: &[f64], b: &[f64], c: &[f64]) -> f64 {
    let cauchy = |a: &[f64], b: &[f64], from: usize, to: usize| (from..to).fold(0.0, |s, i| s + gmul(a[i], b[m - i]));
    match op {
        Op::Neg => -a[m],
        Op::Add => a[m] + b[m],
        Op::Sub => a[m] - b[m],
        Op::Mul if m == 0 => a[0] * b[0],
        Op::Gmul if m == 0 => gmul(a[0], b[0]),
        Op::Mul | Op::Gmul => cauchy(a, b, 0, m + 1),
        Op::Div if m == 0 => a[0] / b[0],
        Op::Gdiv if m == 0 => gdiv(a[0], b[0]),
        _ => {
            let lead = gdiv(a[m], b[0]) - gdiv(gmul(b[m], c[0]), b[0]);
            if m == 1 { lead } else { lead - gdiv(cauchy(b, c, 1, m), b[0]) }
        }
    }
}

for_each_op!(define_number [const K: usize] Series<K>;);

/// The value; the alternate form `{:#}` shows the series, such as `8 + 12 t + 6 t^2`.
impl<const K: usize> fmt::Display for Series<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return self.value().fmt(f);
        }
        let number = |c: f64, f: &mut fmt::Formatter<'_>| match f.precision() {
            Some(digits) => write!(f, "{c:.digits$}"),
            None => write!(f, "{c}"),
        };
        number(self.value(), f)?;
        for (order, &c) in self.coefficients.iter().enumerate().skip(1) {
            f.write_str(if c.is_sign_negative() { " - " } else { " + " })?;
            number(c.abs(), f)?;
            f.write_str(" t")?;
            if order > 1 {
                write!(f, "^{order}")?;
            }
        }
        Ok(())
    }
}

impl<const K: usize> Real for Series<K> {}

impl Graph {
    /// The Taylor coefficients of `l` along a line: `l(wrt + t * direction)` as a series in `t`. The `k`-th
    /// coefficient times `k!` is the `k`-th directional derivative.
    ///
    /// One forward sweep over the nodes up to `l`. Each node costs its op on [`Series`] and `8 K` bytes. Nodes of
    /// `wrt` need not be leaves: see [`Graph::jacobian`].
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaf(2.0);
    /// assert_eq!(g.taylor(g.powi(x, 3), &[x], &[1.0]), [8.0, 12.0, 6.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// On a wrong key, where `l` is stale, and where the lengths of `direction` and `wrt` differ.
    #[track_caller]
    pub fn taylor<const K: usize>(&self, l: NodeId, wrt: &[NodeId], direction: &[f64]) -> [f64; K] {
        expect(self.try_taylor(l, wrt, direction))
    }

    /// As [`Graph::taylor`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::Length`], [`Error::OutOfMemory`], [`Error::External`].
    pub fn try_taylor<const K: usize>(&self, l: NodeId, wrt: &[NodeId], direction: &[f64]) -> Result<[f64; K], Error> {
        direction_length(wrt.len(), direction.len())?;
        let Some(leaves) = self.leaf_positions(wrt.iter().copied())? else {
            let Opened { graph, outputs, inputs, .. } = self.opened(&[l], wrt)?;
            return graph.try_taylor(outputs[0], &inputs, direction);
        };
        let entries = &self.tape.view().entries[..=self.fresh(l)? as usize];
        let mut series: Vec<Series<K>> =
            collected(entries.iter().map(|entry| Series::new(Entry::from(entry.get()).value)))?;
        let mut varies = zeroed::<bool>(entries.len())?;
        for (&leaf, &component) in leaves.iter().zip(direction) {
            if leaf < entries.len() && K > 1 {
                series[leaf].coefficients[1] += component;
                varies[leaf] = true;
            }
        }
        external::sweep(&self.tape, &mut series, &mut varies, K)?;
        Ok(series[entries.len() - 1].coefficients)
    }
}

/// The Taylor coefficients of `f` along a line: `f(x + t * direction)` as a series in `t`. Records no graph.
///
/// ```
/// let coefficients = wengert::taylor::<5>(|x| x[0].powi(3), &[2.0], &[1.0]);
/// assert_eq!(coefficients, [8.0, 12.0, 6.0, 1.0, 0.0]);
/// ```
///
/// # Panics
/// Where the lengths of `direction` and `x` differ.
#[track_caller]
pub fn taylor<const K: usize>(f: impl Fn(&[Series<K>]) -> Series<K>, x: &[f64], direction: &[f64]) -> [f64; K] {
    expect(direction_length(x.len(), direction.len()));
    let line: Vec<Series<K>> = x.iter().zip(direction).map(|(&x, &d)| Series::moving(x, d)).collect();
    f(&line).coefficients
}
