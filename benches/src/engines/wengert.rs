//! The engine of this project, through its two recording front ends: expressions and keys.
//!
//! The graph is made with room for the workload and reset before each repetition. `wengert` records through [`Expr`],
//! `wengert-keys` through the methods over [`NodeId`], which check their keys.

use super::{Engine, Inputs, entered};
use crate::number::Number;
use crate::workloads::Workload;
use std::ops::{Add, Mul, Neg, Sub};
use wengert::{Dual, Expr, Graph, NodeId, Scalar};

/// What expressions and duals have in common.
macro_rules! functions {
    ($inline:meta; $($name:ident)*) => {
        #[$inline]
        fn value(self) -> f64 {
            Scalar::primal(self)
        }
        #[$inline]
        fn subtracted_from(self, c: f64) -> Self {
            c - self
        }
        $(#[$inline]
        fn $name(self) -> Self {
            Scalar::$name(self)
        })*
    };
}

impl Number for Expr<'_> {
    functions!(inline(always); sin exp ln tanh relu);

    #[inline(always)]
    fn sum(terms: &[Self]) -> Self {
        Scalar::sum(terms)
    }
    #[inline(always)]
    fn dot(a: &[Self], b: &[Self]) -> Self {
        Scalar::dot(a, b)
    }
}

// Inlined like the methods of `Scalar`, so that a body costs the same as a function over `Real`, which calls those
// directly.
impl<const N: usize> Number for Dual<N> {
    functions!(inline(always); sin exp ln tanh relu);
}

/// A graph with room for `ops` operations, their inputs and constants.
pub(crate) fn graph(ops: usize) -> Graph {
    Graph::with_capacity(ops + ops / 4 + 64)
}

/// The graph, recorded through expressions.
#[derive(Debug)]
pub struct Wengert {
    graph: Graph,
}

impl Wengert {
    #[inline(always)]
    fn enter<'t>(&'t mut self, x: &[f64], inputs: &mut Inputs<Expr<'t>>) {
        self.graph.reset();
        entered(inputs, x, |x| self.graph.var(x));
    }
}

impl Engine for Wengert {
    const NAME: &'static str = "wengert";

    fn new(ops: usize) -> Self {
        Self { graph: graph(ops) }
    }

    #[inline(always)]
    fn record<W: Workload>(&mut self, workload: &W, case: usize) -> f64 {
        let mut inputs = Inputs::new();
        self.enter(workload.inputs(), &mut inputs);
        workload.body(case, &inputs).value()
    }

    #[inline(always)]
    fn gradient<W: Workload>(
        &mut self,
        workload: &W,
        case: usize,
        gradient: &mut [f64],
        recorded: impl FnOnce(),
    ) -> f64 {
        let mut inputs = Inputs::new();
        self.enter(workload.inputs(), &mut inputs);
        let output = workload.body(case, &inputs);
        recorded();
        output.backward();
        for (g, x) in gradient.iter_mut().zip(&inputs) {
            *g = x.grad();
        }
        output.value()
    }

    fn bytes<W: Workload>(&self, _: &W) -> usize {
        self.graph.memory()
    }
}

/// A key with its graph: a number whose operations call the methods of the graph.
///
/// The key comes first: a [`SmallVec`](smallvec::SmallVec) reads the second word of its first element as a length, and
/// would wait for the two halves of a key.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct Key<'g> {
    id: NodeId,
    graph: &'g Graph,
}

macro_rules! key_operators {
    ($($trait:ident $method:ident $with_constant:ident),*) => {$(
        impl $trait for Key<'_> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self { id: self.graph.$method(self.id, other.id), ..self }
            }
        }
        impl $trait<f64> for Key<'_> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: f64) -> Self {
                Self { id: self.graph.$with_constant(self.id, other), ..self }
            }
        }
    )*};
}
key_operators!(Add add add_c, Sub sub sub_c, Mul mul mul_c);

impl Neg for Key<'_> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self { id: self.graph.neg(self.id), ..self }
    }
}

macro_rules! key_functions {
    ($($name:ident)*) => {$(
        #[inline(always)]
        fn $name(self) -> Self {
            Self { id: self.graph.$name(self.id), ..self }
        }
    )*};
}

impl Key<'_> {
    #[inline(always)]
    fn ids(keys: &[Self]) -> Inputs<NodeId> {
        keys.iter().map(|key| key.id).collect()
    }
}

impl Number for Key<'_> {
    key_functions!(sin exp ln tanh relu);

    #[inline(always)]
    fn value(self) -> f64 {
        self.graph.value(self.id)
    }
    #[inline(always)]
    fn subtracted_from(self, c: f64) -> Self {
        Self { id: self.graph.c_sub(self.id, c), ..self }
    }
    #[inline(always)]
    fn sum(terms: &[Self]) -> Self {
        let graph = terms[0].graph;
        Self { id: graph.sum(&Self::ids(terms)), graph }
    }
    #[inline(always)]
    fn dot(a: &[Self], b: &[Self]) -> Self {
        let graph = a[0].graph;
        Self { id: graph.dot(&Self::ids(a), &Self::ids(b)), graph }
    }
}

/// The graph, recorded through keys.
#[derive(Debug)]
pub struct WengertKeys {
    graph: Graph,
}

impl WengertKeys {
    #[inline(always)]
    fn enter<'t>(&'t mut self, x: &[f64], inputs: &mut Inputs<Key<'t>>) {
        self.graph.reset();
        let graph = &self.graph;
        entered(inputs, x, |x| Key { graph, id: graph.leaf(x) });
    }
}

impl Engine for WengertKeys {
    const NAME: &'static str = "wengert-keys";

    fn new(ops: usize) -> Self {
        Self { graph: graph(ops) }
    }

    #[inline(always)]
    fn record<W: Workload>(&mut self, workload: &W, case: usize) -> f64 {
        let mut inputs = Inputs::new();
        self.enter(workload.inputs(), &mut inputs);
        workload.body(case, &inputs).value()
    }

    #[inline(always)]
    fn gradient<W: Workload>(
        &mut self,
        workload: &W,
        case: usize,
        gradient: &mut [f64],
        recorded: impl FnOnce(),
    ) -> f64 {
        let mut inputs = Inputs::new();
        self.enter(workload.inputs(), &mut inputs);
        let output = workload.body(case, &inputs);
        recorded();
        output.graph.backward(output.id);
        for (g, x) in gradient.iter_mut().zip(&inputs) {
            *g = x.graph.grad(x.id);
        }
        output.value()
    }

    fn bytes<W: Workload>(&self, _: &W) -> usize {
        self.graph.memory()
    }
}
