//! The value and the partials of a function.

#[cfg(feature = "std")]
use alloc::boxed::Box;
#[cfg(feature = "std")]
use core::cell::Cell;

use smallvec::SmallVec;

use crate::graph::Graph;
use crate::number::Function;
use crate::number::expr::Expr;
use crate::scalar::dual::Dual;

/// The gradient of a [`Function`] is computed over duals up to this many inputs, and by a recording above.
pub const FORWARD_UP_TO: usize = 8;

/// The value at `x`, with the partials.
#[inline(always)]
pub(super) fn of<F: Function + ?Sized>(f: &F, x: &[f64], gradient: &mut [f64]) -> f64 {
    // Tangents are computed in pairs, so an odd number of them takes longer than the next even number.
    match x.len() {
        0 => f.call::<f64>(x),
        1 => forward::<F, 1>(f, x, gradient),
        2 => forward::<F, 2>(f, x, gradient),
        3..=4 => forward::<F, 4>(f, x, gradient),
        5..=6 => forward::<F, 6>(f, x, gradient),
        7..=FORWARD_UP_TO => forward::<F, FORWARD_UP_TO>(f, x, gradient),
        _ => recorded(f, x, gradient),
    }
}

#[inline(always)]
fn forward<F: Function + ?Sized, const N: usize>(f: &F, x: &[f64], gradient: &mut [f64]) -> f64 {
    let mut inputs = [Dual::<N>::new(0.0); N];
    for (k, (input, &x)) in inputs.iter_mut().zip(x).enumerate() {
        *input = Dual::input(x, k);
    }
    let result = f.call(&inputs[..x.len()]);
    gradient.copy_from_slice(&result.tangents[..x.len()]);
    result.value
}

/// The value and the partials by a recording that is swept at once.
#[cfg(feature = "std")]
#[inline(never)]
fn recorded<F: Function + ?Sized>(f: &F, x: &[f64], gradient: &mut [f64]) -> f64 {
    std::thread_local! {
        /// A graph for recordings. Taken while it is used, since functions can call functions.
        static SCRATCH: Cell<Option<Box<Graph>>> = const { Cell::new(None) };
    }
    let mut graph = SCRATCH.take().unwrap_or_default();
    graph.reset();
    let value = recorded_in(&graph, f, x, gradient);
    SCRATCH.set(Some(graph));
    value
}

#[cfg(not(feature = "std"))]
fn recorded<F: Function + ?Sized>(f: &F, x: &[f64], gradient: &mut [f64]) -> f64 {
    recorded_in(&Graph::new(), f, x, gradient)
}

fn recorded_in<F: Function + ?Sized>(graph: &Graph, f: &F, x: &[f64], gradient: &mut [f64]) -> f64 {
    let inputs: SmallVec<[Expr<'_>; 64]> = x.iter().map(|&x| graph.var(x)).collect();
    let result = f.call(&inputs);
    result.backward();
    if result.graph().is_some() {
        gradient.iter_mut().zip(&inputs).for_each(|(partial, x)| *partial = x.grad());
    }
    result.value()
}
