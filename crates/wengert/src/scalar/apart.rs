//! Duals whose ops are calls. A reverse sweep over duals runs the rules of ops that mostly derivatives use over them.
//!
//! [`Dual`] inlines every op, which is fast, and long to compile for rules that rarely run. Here basic operations call those
//! of [`Dual`], and any other op runs the one copy of [`push`], with the same bits.

use core::ops::{Add, Div, Mul, Neg, Sub};

use crate::op::{Imm, Op};
use crate::scalar::dual::Dual;
use crate::scalar::tangents::push;
use crate::scalar::{Scalar, value};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Apart<const N: usize>(Dual<N>);

impl<const N: usize> From<Dual<N>> for Apart<N> {
    #[inline(always)]
    fn from(x: Dual<N>) -> Self {
        Apart(x)
    }
}

impl<const N: usize> From<Apart<N>> for Dual<N> {
    #[inline(always)]
    fn from(x: Apart<N>) -> Self {
        x.0
    }
}

impl<const N: usize> Scalar for Apart<N> {
    #[inline(always)]
    fn constant(c: f64) -> Self {
        Apart(Dual::new(c))
    }

    #[inline(always)]
    fn primal(self) -> f64 {
        self.0.value
    }

    /// For ops of at most three operands.
    #[inline(never)]
    fn apply(op: Op, imm: Imm, args: &[Self]) -> Self {
        let (mut values, mut given) = ([0.0; 3], [None; 3]);
        for (k, x) in args.iter().enumerate() {
            (values[k], given[k]) = (x.0.value, Some(x.0.bar()));
        }
        let (values, given) = (&values[..args.len()], &given[..args.len()]);
        let value = value::of(op, imm, values);
        Apart(Dual { value, tangents: push(op, imm, values, value, given).0 })
    }

    #[inline(never)]
    fn gmul(self, y: impl Into<Self>) -> Self {
        Apart(Scalar::gmul(self.0, y.into().0))
    }

    #[inline(never)]
    fn gdiv(self, y: impl Into<Self>) -> Self {
        Apart(Scalar::gdiv(self.0, y.into().0))
    }
}

impl<const N: usize> Neg for Apart<N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Apart(-self.0)
    }
}

macro_rules! operator {
    ($($Trait:ident $method:ident),+) => {
        $(impl<const N: usize> $Trait for Apart<N> {
            type Output = Self;
            #[inline(never)]
            fn $method(self, y: Self) -> Self {
                Apart(self.0.$method(y.0))
            }
        }
        impl<const N: usize> $Trait<f64> for Apart<N> {
            type Output = Self;
            #[inline(never)]
            fn $method(self, c: f64) -> Self {
                Apart(self.0.$method(c))
            }
        })+
    };
}
operator!(Add add, Sub sub, Mul mul, Div div);
