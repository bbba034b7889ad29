//! Tapes whose statements are one node each: `Graph::call`.

use crate::engines::agree;
use crate::engines::wengert::graph;
use crate::measure::{Contender, Part, Times, Yardstick, mean};
use crate::workloads::Workload;
use crate::workloads::burgers::{ADVECTION, Burgers, DIFFUSION, energy};
use crate::workloads::mixture::Mixture;
use crate::workloads::perceptron::{Perceptron, WIDTH};
use std::hint::black_box;
use std::time::{Duration, Instant};
use wengert::{Expr, Formula, Function, Graph, Real, Statement};

/// A workload that is written with statements.
pub trait Fused: Workload {
    /// The statements, made once.
    type Statements;

    /// The statements.
    fn statements(&self) -> Self::Statements;

    /// [`Workload::body`] with calls.
    fn fused<'g>(&self, statements: &Self::Statements, g: &'g Graph, x: &[Expr<'g>]) -> Expr<'g>;
}

/// A workload with statements, recorded and swept.
pub struct FusedContender<'w, W: Fused> {
    graph: Graph,
    workload: &'w W,
    statements: W::Statements,
    gradient: Vec<f64>,
}

impl<'w, W: Fused> FusedContender<'w, W> {
    /// A fresh tape, its gradient checked.
    ///
    /// # Errors
    /// A message, if the gradient differs from the hand-written one.
    pub fn new(workload: &'w W) -> Result<Self, String> {
        let inputs = workload.inputs().len();
        let (graph, statements) = (graph(workload.ops()), workload.statements());
        let mut contender = Self { graph, workload, statements, gradient: vec![0.0; inputs] };
        let mut expected = vec![0.0; inputs];
        let by_hand = workload.by_hand(0, workload.inputs(), &mut workload.scratch(), &mut expected);
        let value = contender.gradient(|| {});
        agree("wengert-fused", workload.name(), [value, by_hand], [&contender.gradient, &expected])?;
        Ok(contender)
    }

    fn gradient(&mut self, recorded: impl FnOnce()) -> f64 {
        self.graph.reset();
        let x: Vec<Expr<'_>> = self.workload.inputs().iter().map(|&x| self.graph.var(x)).collect();
        let output = self.workload.fused(&self.statements, &self.graph, &x);
        recorded();
        output.backward();
        for (partial, x) in self.gradient.iter_mut().zip(&x) {
            *partial = x.grad();
        }
        output.value()
    }
}

impl<W: Fused> Contender for FusedContender<'_, W> {
    fn name(&self) -> &str {
        "wengert-fused"
    }

    fn yardsticks(&self) -> &'static [Yardstick] {
        &[Yardstick { label: "xwengert", contender: "wengert", part: Part::Total }]
    }

    fn run(&mut self, repetitions: usize) -> Times {
        let (mut record, mut backward) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..repetitions {
            let start = Instant::now();
            let mut recorded = start;
            black_box(self.gradient(|| recorded = Instant::now()));
            record += recorded - start;
            backward += recorded.elapsed();
        }
        Times {
            record: Some(mean(record, repetitions)),
            backward: Some(mean(backward, repetitions)),
            total: mean(record + backward, repetitions),
        }
    }

    fn bytes(&self) -> Option<usize> {
        Some(self.graph.memory())
    }
}

/// The update of a cell of [`Burgers`].
#[derive(Clone, Copy, Debug)]
pub struct Cell;

#[inline(always)]
fn cell() -> impl Function {
    let [l, u, r] = [0, 1, 2].map(Formula::input);
    u - (r - l) * u * ADVECTION + (r + l - u * 2.0) * DIFFUSION
}

impl Function for Cell {
    #[inline(always)]
    fn call<T: Real>(&self, x: &[T]) -> T {
        cell().call(x)
    }
    #[inline(always)]
    fn value_and_gradient(&self, x: &[f64], gradient: &mut [f64]) -> f64 {
        cell().value_and_gradient(x, gradient)
    }
}

impl Fused for Burgers {
    type Statements = Statement<Cell>;

    fn statements(&self) -> Statement<Cell> {
        Statement::new("cell", 3, Cell)
    }

    #[inline]
    fn fused<'g>(&self, cell: &Statement<Cell>, g: &'g Graph, x: &[Expr<'g>]) -> Expr<'g> {
        energy(&self.run(x, |l, u, r| g.call(cell, &[l, u, r])))
    }
}

/// The sum of a neuron of [`Perceptron`]: weights, bias, inputs.
#[derive(Clone, Copy, Debug)]
pub struct Neuron;

#[inline(always)]
fn neuron() -> impl Function {
    let product = |k| Formula::input(k) * Formula::input(WIDTH + 1 + k);
    Formula::sum(WIDTH, product) + Formula::input(WIDTH)
}

impl Function for Neuron {
    #[inline(always)]
    fn call<T: Real>(&self, x: &[T]) -> T {
        neuron().call(x)
    }
    #[inline(always)]
    fn value_and_gradient(&self, x: &[f64], gradient: &mut [f64]) -> f64 {
        neuron().value_and_gradient(x, gradient)
    }
}

impl Fused for Perceptron<false> {
    type Statements = Statement<Neuron>;

    fn statements(&self) -> Statement<Neuron> {
        Statement::new("neuron", 2 * WIDTH + 1, Neuron)
    }

    #[inline]
    fn fused<'g>(&self, neuron: &Statement<Neuron>, g: &'g Graph, x: &[Expr<'g>]) -> Expr<'g> {
        self.loss(x, |p, inputs| {
            let mut all = [p[0]; 2 * WIDTH + 1];
            all[..=WIDTH].copy_from_slice(p);
            all[WIDTH + 1..].copy_from_slice(inputs);
            g.call(neuron, &all)
        })
    }
}

/// The exponent of a component of [`Mixture`] at a point: alpha, the sum of the logarithms of the diagonal, mean,
/// diagonal, lower triangle column by column, the point.
#[derive(Clone, Copy, Debug)]
pub struct Exponent {
    d: usize,
}

impl Exponent {
    #[inline(always)]
    fn formula(self) -> impl Function {
        let d = self.d;
        let (mean, diagonal, lower, point) = (2, 2 + d, 2 + 2 * d, 2 + 2 * d + d * (d - 1) / 2);
        let centered = move |i| Formula::input(point + i) - Formula::input(mean + i);
        let square = move |j: usize| {
            let column = move |i: usize| lower + i * (2 * d - 1 - i) / 2 + (j - i - 1);
            let off = Formula::sum(j, move |i| Formula::input(column(i)) * centered(i));
            (Formula::input(diagonal + j) * centered(j) + off).powi(2)
        };
        Formula::input(0) + Formula::input(1) - Formula::sum(d, square) * 0.5
    }
}

impl Function for Exponent {
    #[inline(always)]
    fn call<T: Real>(&self, x: &[T]) -> T {
        self.formula().call(x)
    }
    #[inline(always)]
    fn value_and_gradient(&self, x: &[f64], gradient: &mut [f64]) -> f64 {
        self.formula().value_and_gradient(x, gradient)
    }
}

impl Fused for Mixture {
    type Statements = Statement<Exponent>;

    fn statements(&self) -> Statement<Exponent> {
        let d = self.dimensions();
        Statement::new("exponent", 2 + 3 * d + d * (d - 1) / 2, Exponent { d })
    }

    #[inline]
    fn fused<'g>(&self, exponent: &Statement<Exponent>, g: &'g Graph, x: &[Expr<'g>]) -> Expr<'g> {
        let mut inputs: Vec<Expr<'g>> = Vec::new();
        self.objective(
            x,
            |point| point.iter().map(|&c| g.expr(g.constant(c))).collect::<Vec<_>>(),
            |component, point| {
                inputs.clear();
                inputs.extend([component.alpha, component.log_diagonal_sum]);
                for part in [component.mean, component.diagonal, component.lower, point] {
                    inputs.extend_from_slice(part);
                }
                g.call(exponent, &inputs)
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradients_are_right() {
        for made in [
            FusedContender::new(&Burgers::new(20)).err(),
            FusedContender::new(&Perceptron::<false>::new()).err(),
            FusedContender::new(&Mixture::new("W6-2x5", 2, 5, 20)).err(),
            FusedContender::new(&Mixture::new("W6-10x25", 10, 25, 20)).err(),
        ] {
            assert_eq!(made, None);
        }
    }
}
