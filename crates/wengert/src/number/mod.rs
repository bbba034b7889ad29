//! The kinds of numbers that a user's function can be generic over.

pub(crate) mod expr;
mod guards;
mod num_traits;
pub(crate) mod partials;
mod recording;
pub(crate) mod series;
pub(crate) mod statistics;

use core::iter::{Product, Sum};
use core::ops::{AddAssign, DivAssign, MulAssign, Rem, RemAssign, SubAssign};

use crate::number::expr::Expr;
use crate::scalar::Scalar;
use crate::scalar::dual::Dual;

/// Functions with `#[track_caller]`: a panic in them points to the caller's line.
macro_rules! tracked {
    ($($(#[doc = $doc:literal])* fn $name:ident $operands:tt -> $Result:ty $body:block)+) => {$(
        $(#[doc = $doc])*
        #[track_caller]
        fn $name $operands -> $Result $body
    )+};
}
pub(crate) use tracked;

/// A number of some kind: `f64`, [`Dual`], [`Expr`], [`crate::Series`].
///
/// A function `fn f<T: Real>(x: &[T]) -> T` computes plain values, tangents or a recording. All ops are methods
/// ([`Scalar`]), whose operands may be numbers: `x.max(0.0)`. Operators take an `f64` on the right only: write `1.0 - x`
/// as `T::constant(1.0) - x`, which costs no more. Where a closure over expressions is expected, pass `|x| f(x)`. Passing `f` itself does not compile, because
/// its `T` would be an `Expr` of one fixed lifetime.
///
/// ```
/// use wengert::{Real, Scalar};
///
/// fn f<T: Real>(x: &[T]) -> T {
///     T::constant(1.0) - x[0] * x[1].sin()
/// }
/// assert_eq!(f(&[2.0, 0.0]), 1.0);
/// assert_eq!(wengert::gradient(|x| f(x), &[2.0, 0.0]), [0.0, -2.0]);
/// ```
pub trait Real:
    Scalar
    + From<f64>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + AddAssign<f64>
    + SubAssign<f64>
    + MulAssign<f64>
    + DivAssign<f64>
    + Rem<Output = Self>
    + Rem<f64, Output = Self>
    + RemAssign
    + RemAssign<f64>
    + Sum
    + Product
    + for<'a> Sum<&'a Self>
    + for<'a> Product<&'a Self>
    + PartialOrd
    + PartialOrd<f64>
{
}

impl Real for f64 {}
impl<const N: usize> Real for Dual<N> {}
impl Real for Expr<'_> {}

/// A function from many numbers to one, generic over the kind of number, so that the engine can choose how to
/// differentiate it. [`crate::function!`] writes the implementation.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a function that is generic over the kind of number",
    label = "a closure takes one kind of number only",
    note = "write `wengert::function!(|x| ..)` instead of `|x| ..`, or implement `wengert::Function`"
)]
pub trait Function {
    /// The value at `x`.
    ///
    /// ```
    /// use wengert::{Function, Real, Scalar, function};
    ///
    /// let f = function!(|x| x[0] * x[1].exp());
    /// assert_eq!(f.call(&[2.0, 0.0]), 2.0);
    /// ```
    fn call<T: Real>(&self, x: &[T]) -> T;

    /// The value at `x`. Writes the partial derivative with respect to each input to `gradient`, which is as long as `x`
    /// and holds zeros.
    ///
    /// By default, it is computed over duals for at most [`FORWARD_UP_TO`](crate::FORWARD_UP_TO) inputs, and by a recording
    /// for more. A [`Formula`](crate::Formula) needs neither.
    ///
    /// ```
    /// use wengert::{Function, Real, Scalar, function};
    ///
    /// let f = function!(|x| x[0] * x[1].sin());
    /// let mut gradient = [0.0; 2];
    /// assert_eq!(f.value_and_gradient(&[2.0, 0.0], &mut gradient), 0.0);
    /// assert_eq!(gradient, [0.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// As the ops of [`Graph`](crate::Graph).
    #[inline(always)]
    fn value_and_gradient(&self, x: &[f64], gradient: &mut [f64]) -> f64 {
        partials::of(self, x, gradient)
    }
}

/// Makes a [`Function`] from a body that is generic over the number.
///
/// ```
/// use wengert::{function, Real, Scalar};
///
/// let rosenbrock = function!(|x| (x[1] - x[0] * x[0]).powi(2) * 100.0 + (-x[0] + 1.0).powi(2));
/// let (value, gradient) = wengert::function_gradient(&rosenbrock, &[-1.2, 1.0]);
/// assert_eq!(value, 24.199999999999996);
/// assert_eq!(gradient.len(), 2);
/// ```
///
/// Write captured data before the argument, with its type:
///
/// ```
/// use wengert::{function, Real, Scalar};
///
/// let data = vec![1.0, 2.0, 4.0];
/// let spread = function!([data: Vec<f64> = data] |x| data.iter().map(|&d| (x[0] - d).powi(2)).sum::<T>());
/// let (_, gradient) = wengert::function_gradient(&spread, &[2.0]);
/// assert_eq!(gradient, [-2.0]);
/// ```
///
/// In the body, the type of the numbers is `T`.
#[macro_export]
macro_rules! function {
    (|$x:ident| $body:expr) => {
        $crate::function!([] |$x| $body)
    };
    ([$($name:ident : $type:ty = $value:expr),* $(,)?] |$x:ident| $body:expr) => {{
        struct Captured {
            $($name: $type,)*
        }
        impl $crate::Function for Captured {
            fn call<T: $crate::Real>(&self, $x: &[T]) -> T {
                $(let $name = &self.$name;)*
                $body
            }
        }
        Captured { $($name: $value,)* }
    }};
}
