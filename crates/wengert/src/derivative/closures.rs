//! Derivatives of closures.
//!
//! A closure over slices of [`Expr`] is recorded and swept. [`forward_gradient`] runs a closure over
//! [`Dual`] numbers without a tape, which is faster for few inputs. [`function_gradient`] takes a
//! [`Function`], which is generic over the number, and chooses.

use alloc::vec;
use alloc::vec::Vec;

use crate::error::{direction_length, expect, same_length};
use crate::graph::Graph;
use crate::node::NodeId;
use crate::number::Function;
use crate::number::expr::Expr;
use crate::scalar::dual::Dual;

/// The value and gradient of `f` at `x`: one recording and one reverse sweep.
///
/// ```
/// use wengert::Real;
///
/// fn f<T: Real>(x: &[T]) -> T {
///     x[0] * x[1].sin()
/// }
/// let (value, gradient) = wengert::value_and_gradient(|x| f(x), &[2.0, 0.0]);
/// assert_eq!((value, gradient), (0.0, vec![0.0, 2.0]));
/// ```
///
/// A generic function goes in as `|x| f(x)`. Its bare name does not compile ("implementation of `FnOnce` is not general
/// enough"): it has one fixed lifetime of expressions, and the closure works for every lifetime.
///
/// # Panics
/// As the ops of [`Graph`].
#[track_caller]
pub fn value_and_gradient(f: impl for<'g> Fn(&[Expr<'g>]) -> Expr<'g>, x: &[f64]) -> (f64, Vec<f64>) {
    let recording = Recording::of(x, |x| vec![f(x)]);
    let [l] = recording.outputs[..] else { unreachable!("one result of the closure is one output") };
    (recording.graph.value(l), recording.graph.vjp(&[(l, 1.0)], &recording.inputs))
}

/// The gradient of `f` at `x`: [`value_and_gradient`] without the value.
///
/// ```
/// assert_eq!(wengert::gradient(|x| x[0] * x[1], &[2.0, 5.0]), [5.0, 2.0]);
/// ```
///
/// # Panics
/// As the ops of [`Graph`].
#[track_caller]
pub fn gradient(f: impl for<'g> Fn(&[Expr<'g>]) -> Expr<'g>, x: &[f64]) -> Vec<f64> {
    value_and_gradient(f, x).1
}

/// The value and gradient of `f` at `x`, in one pass over duals with `N` tangents. No tape, no allocation.
/// Faster than recording for up to about 8 inputs.
///
/// ```
/// let (value, gradient) = wengert::forward_gradient(|[x, y]| x * y.sin(), [2.0, 0.0]);
/// assert_eq!((value, gradient), (0.0, [0.0, 2.0]));
/// ```
pub fn forward_gradient<const N: usize>(f: impl Fn([Dual<N>; N]) -> Dual<N>, x: [f64; N]) -> (f64, [f64; N]) {
    let result = f(core::array::from_fn(|k| Dual::input(x[k], k)));
    (result.value, result.tangents)
}

/// The value and gradient of a [`Function`] at `x`: by [`Function::value_and_gradient`].
///
/// ```
/// use wengert::{Real, Scalar, function};
///
/// let f = function!(|x| x[0] * x[1].sin());
/// assert_eq!(wengert::function_gradient(&f, &[2.0, 0.0]), (0.0, vec![0.0, 2.0]));
/// ```
///
/// # Panics
/// As the ops of [`Graph`].
#[track_caller]
pub fn function_gradient(f: &impl Function, x: &[f64]) -> (f64, Vec<f64>) {
    let mut gradient = vec![0.0; x.len()];
    let value = f.value_and_gradient(x, &mut gradient);
    (value, gradient)
}

/// The Jacobian of `f` at `x`: a row for each output, with a column for each input. See [`Graph::jacobian`]
/// for the cost.
///
/// ```
/// let j = wengert::jacobian(|x| vec![x[0] * x[1], x[1]], &[2.0, 3.0]);
/// assert_eq!(j, [[3.0, 2.0], [0.0, 1.0]]);
/// ```
///
/// # Panics
/// As the ops of [`Graph`].
#[track_caller]
pub fn jacobian(f: impl for<'g> Fn(&[Expr<'g>]) -> Vec<Expr<'g>>, x: &[f64]) -> Vec<Vec<f64>> {
    let recording = Recording::of(x, f);
    recording.graph.jacobian(&recording.outputs, &recording.inputs)
}

/// The values and the Jacobian of `f` at `x`, from one recording.
///
/// ```
/// let (values, jacobian) = wengert::value_and_jacobian(|x| vec![x[0] * x[1], x[0].sin()], &[0.0, 3.0]);
/// assert_eq!(values, [0.0, 0.0]);
/// assert_eq!(jacobian, [[3.0, 0.0], [1.0, 0.0]]);
/// ```
///
/// # Panics
/// As the ops of [`Graph`].
#[track_caller]
pub fn value_and_jacobian(f: impl for<'g> Fn(&[Expr<'g>]) -> Vec<Expr<'g>>, x: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let Recording { graph, inputs, outputs } = Recording::of(x, f);
    let values = outputs.iter().map(|&output| graph.value(output)).collect();
    (values, graph.jacobian(&outputs, &inputs))
}

/// The value, the gradient and the Hessian of `f` at `x`, from one recording: what a Newton step needs.
///
/// ```
/// let (value, gradient, hessian) = wengert::value_gradient_hessian(|x| x[0] * x[0] * x[1], &[3.0, 5.0]);
/// assert_eq!((value, gradient), (45.0, vec![30.0, 9.0]));
/// assert_eq!(hessian, [[10.0, 6.0], [6.0, 0.0]]);
/// ```
///
/// # Panics
/// As the ops of [`Graph`].
#[track_caller]
pub fn value_gradient_hessian(
    f: impl for<'g> Fn(&[Expr<'g>]) -> Expr<'g>,
    x: &[f64],
) -> (f64, Vec<f64>, Vec<Vec<f64>>) {
    let Recording { graph, inputs, outputs } = Recording::of(x, |x| vec![f(x)]);
    let l = outputs[0];
    (graph.value(l), graph.gradient(l, &inputs), graph.hessian(l, &inputs))
}

/// The dense Hessian of `f` at `x`: see [`Graph::hessian`].
///
/// ```
/// let h = wengert::hessian(|x| x[0] * x[0] * x[1], &[3.0, 5.0]);
/// assert_eq!(h, [[10.0, 6.0], [6.0, 0.0]]);
/// ```
///
/// # Panics
/// As the ops of [`Graph`].
#[track_caller]
pub fn hessian(f: impl for<'g> Fn(&[Expr<'g>]) -> Expr<'g>, x: &[f64]) -> Vec<Vec<f64>> {
    let recording = Recording::of(x, |x| vec![f(x)]);
    recording.graph.hessian(recording.outputs[0], &recording.inputs)
}

/// The Hessian of `f` at `x` times `direction`: see [`Graph::hvp`].
///
/// ```
/// let product = wengert::hvp(|x| x[0] * x[0] * x[1], &[3.0, 5.0], &[1.0, 0.0]);
/// assert_eq!(product, [10.0, 6.0]);
/// ```
///
/// # Panics
/// As the ops of [`Graph`], and where the lengths of `direction` and `x` differ.
#[track_caller]
pub fn hvp(f: impl for<'g> Fn(&[Expr<'g>]) -> Expr<'g>, x: &[f64], direction: &[f64]) -> Vec<f64> {
    let recording = Recording::of(x, |x| vec![f(x)]);
    recording.graph.hvp(recording.outputs[0], &recording.inputs, direction)
}

/// The Jacobian of `f` at `x` times `direction`, a number for each output: see [`Graph::jvp`]. To find which
/// outputs depend on which inputs, use [`Graph::jacobian_pattern`]; a direction of NaN does not show it.
///
/// ```
/// let product = wengert::jvp(|x| vec![x[0] * x[1], x[1]], &[2.0, 3.0], &[1.0, 10.0]);
/// assert_eq!(product, [23.0, 10.0]);
/// ```
///
/// # Panics
/// As the ops of [`Graph`], and where the lengths of `direction` and `x` differ.
#[track_caller]
pub fn jvp(f: impl for<'g> Fn(&[Expr<'g>]) -> Vec<Expr<'g>>, x: &[f64], direction: &[f64]) -> Vec<f64> {
    let recording = Recording::of(x, f);
    expect(direction_length(x.len(), direction.len()));
    let seeds: Vec<_> = recording.inputs.iter().copied().zip(direction.iter().copied()).collect();
    recording.graph.jvp(&seeds, &recording.outputs)
}

/// `seed`, a number for each output, times the Jacobian of `f` at `x`: a number for each input. See [`Graph::vjp`].
///
/// ```
/// let product = wengert::vjp(|x| vec![x[0] * x[1], x[1]], &[2.0, 3.0], &[1.0, 10.0]);
/// assert_eq!(product, [3.0, 12.0]);
/// ```
///
/// # Panics
/// As the ops of [`Graph`], and where the length of `seed` is not the number of outputs.
#[track_caller]
pub fn vjp(f: impl for<'g> Fn(&[Expr<'g>]) -> Vec<Expr<'g>>, x: &[f64], seed: &[f64]) -> Vec<f64> {
    let recording = Recording::of(x, f);
    let expected = recording.outputs.len();
    expect(same_length("components of the seed, one for each output", expected, seed.len()));
    let seeds: Vec<_> = recording.outputs.iter().copied().zip(seed.iter().copied()).collect();
    recording.graph.vjp(&seeds, &recording.inputs)
}

/// A recorded closure.
pub(crate) struct Recording {
    pub(crate) graph: Graph,
    pub(crate) inputs: Vec<NodeId>,
    pub(crate) outputs: Vec<NodeId>,
}

impl Recording {
    /// Records the closure at `x`.
    ///
    /// # Panics
    /// With the text of [`crate::Error::NotInGraph`] where a result is of another graph.
    #[track_caller]
    pub(crate) fn of(x: &[f64], f: impl for<'g> Fn(&[Expr<'g>]) -> Vec<Expr<'g>>) -> Recording {
        let graph = Graph::new();
        let inputs = graph.leaves(x);
        let results = f(&graph.exprs(&inputs));
        let mut outputs = Vec::with_capacity(results.len());
        for result in results {
            outputs.push(match result.graph() {
                Some(_) => result.id(),
                // A result that depends on no input may be a free constant.
                None => graph.constant(result.value()),
            });
        }
        for &output in &outputs {
            expect(graph.position(output));
        }
        Recording { graph, inputs, outputs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Real;
    use crate::number::partials::FORWARD_UP_TO;

    #[test]
    fn a_function_of_any_number_of_inputs_has_the_gradient_that_a_recording_has() {
        struct Chain;
        impl Function for Chain {
            fn call<T: Real>(&self, x: &[T]) -> T {
                let start = T::constant(0.5);
                x.iter().fold(start, |sum, &x| (sum * x).sin() + x * x)
            }
        }
        for n in 0..=2 * FORWARD_UP_TO {
            let x: Vec<f64> = (0..n).map(|k| 0.3 + 0.1 * k as f64).collect();
            let (value, gradient) = function_gradient(&Chain, &x);
            let (recorded, expected) = value_and_gradient(|x| Chain.call(x), &x);
            assert_eq!((value, gradient.len()), (recorded, n));
            for (forward, back) in gradient.iter().zip(&expected) {
                assert!((forward - back).abs() <= 1e-15 * back.abs(), "{n} inputs: {forward} {back}");
            }
        }
    }
}
