//! The number that the body of a workload is generic over: the few operations that all measured tapes share.
//!
//! Each engine implements [`Number`] for its own variable type in the fastest way it offers.
//! `f64` implements it, so a body can be checked against the plain function, and so does
//! [`Counted`], which counts the scalar operations a body performs.

use std::cell::Cell;
use std::ops::{Add, Mul, Neg, Sub};

/// A number that a tape records: arithmetic with itself and with `f64`, and a few functions.
pub trait Number:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Neg<Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
{
    /// The value, for decisions that are not recorded.
    fn value(self) -> f64;

    /// `c - self`.
    fn subtracted_from(self, c: f64) -> Self;

    /// Sine, in radians.
    fn sin(self) -> Self;

    /// e to the power of `self`.
    fn exp(self) -> Self;

    /// Natural logarithm.
    fn ln(self) -> Self;

    /// Hyperbolic tangent.
    fn tanh(self) -> Self;

    /// `max(self, 0)`, with derivative 0 at and below 0.
    fn relu(self) -> Self;

    /// Sum from left to right.
    ///
    /// # Panics
    /// If `terms` is empty.
    #[inline]
    fn sum(terms: &[Self]) -> Self {
        let (&first, rest) = terms.split_first().expect("a sum of at least one term");
        rest.iter().fold(first, |sum, &x| sum + x)
    }

    /// Scalar product, from left to right.
    ///
    /// # Panics
    /// If the slices are empty or differ in length.
    #[inline]
    fn dot(a: &[Self], b: &[Self]) -> Self {
        assert_eq!(a.len(), b.len(), "a scalar product needs two slices of the same length");
        let b = &b[..a.len()];
        let mut sum = a[0] * b[0];
        for i in 1..a.len() {
            sum = sum + a[i] * b[i];
        }
        sum
    }
}

impl Number for f64 {
    #[inline]
    fn value(self) -> f64 {
        self
    }
    #[inline]
    fn subtracted_from(self, c: f64) -> Self {
        c - self
    }
    #[inline]
    fn sin(self) -> Self {
        f64::sin(self)
    }
    #[inline]
    fn exp(self) -> Self {
        f64::exp(self)
    }
    #[inline]
    fn ln(self) -> Self {
        f64::ln(self)
    }
    #[inline]
    fn tanh(self) -> Self {
        f64::tanh(self)
    }
    #[inline]
    fn relu(self) -> Self {
        if self > 0.0 { self } else { 0.0 }
    }
}

/// The number of operations of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Operations, where a sum of many terms is one.
    pub ops: usize,
    /// Operations, where a sum of n terms is n - 1 additions.
    pub folded: usize,
    /// The operands of the folded operations, not counting plain `f64` operands.
    pub operands: usize,
}

thread_local! {
    static COUNT: Cell<Count> = const { Cell::new(Count { ops: 0, folded: 0, operands: 0 }) };
}

/// A number that counts the operations it goes through.
#[derive(Clone, Copy, Debug)]
pub struct Counted(f64);

impl Counted {
    /// Runs `body` with counted copies of `inputs` and returns its value and count.
    pub fn count(inputs: &[f64], body: impl FnOnce(&[Counted]) -> Counted) -> (f64, Count) {
        COUNT.set(Count::default());
        let inputs: Vec<Counted> = inputs.iter().map(|&x| Counted(x)).collect();
        let value = body(&inputs).0;
        (value, COUNT.get())
    }

    fn step(operands: usize, value: f64) -> Self {
        let mut count = COUNT.get();
        count.ops += 1;
        count.folded += 1;
        count.operands += operands;
        COUNT.set(count);
        Counted(value)
    }
}

macro_rules! counted_operators {
    ($($trait:ident $method:ident $op:tt),*) => {$(
        impl $trait for Counted {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                Counted::step(2, self.0 $op other.0)
            }
        }
        impl $trait<f64> for Counted {
            type Output = Self;
            fn $method(self, other: f64) -> Self {
                Counted::step(1, self.0 $op other)
            }
        }
    )*};
}
counted_operators!(Add add +, Sub sub -, Mul mul *);

impl Neg for Counted {
    type Output = Self;
    fn neg(self) -> Self {
        Counted::step(1, -self.0)
    }
}

impl Number for Counted {
    fn value(self) -> f64 {
        self.0
    }
    fn subtracted_from(self, c: f64) -> Self {
        Counted::step(1, c - self.0)
    }
    fn sin(self) -> Self {
        Counted::step(1, self.0.sin())
    }
    fn exp(self) -> Self {
        Counted::step(1, self.0.exp())
    }
    fn ln(self) -> Self {
        Counted::step(1, self.0.ln())
    }
    fn tanh(self) -> Self {
        Counted::step(1, self.0.tanh())
    }
    fn relu(self) -> Self {
        Counted::step(1, Number::relu(self.0))
    }
    fn sum(terms: &[Self]) -> Self {
        let before = COUNT.get().ops;
        let (&first, rest) = terms.split_first().expect("a sum of at least one term");
        let sum = rest.iter().fold(first, |sum, &x| sum + x);
        let mut count = COUNT.get();
        count.ops = before + 1;
        COUNT.set(count);
        sum
    }
}
