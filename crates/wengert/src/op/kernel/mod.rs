//! Accurate `f64` functions: the values of all ops, helpers included.
//!
//! `docs/conventions.md` has their bounds and their values at special points. Helpers exist because the textbook
//! formulas of derivatives lose digits (`1 - tanh^2`, `s(1-s)`, `x^2 + y^2`). The derivative of a helper is written
//! with helpers again, so every order up to [`MAX_ORDER`] is available.
//!
//! Files in reading order: `arith` (guarded products, kinks), `dd` (double-double), `core` (exp and ln to 100 bits),
//! `expo`, `trig`, `hyper`, `power`, `partials`, `gamma`, `roots`, `gauss`, `circle`, `fixed`, `soft`, `xlog`,
//! `sinc`, `mills`, `quantile`.

mod arith;
mod circle;
mod core;
mod dd;
mod elementary;
mod expo;
mod fixed;
mod gamma;
mod gauss;
mod hyper;
mod mills;
mod partials;
mod power;
mod quantile;
mod roots;
mod sinc;
mod soft;
mod trig;
mod xlog;

/// The highest order of a derivative that an op may have as an immediate: 170, the largest number whose factorial is
/// finite in `f64`. It bounds the cost of an op: `pow_partial(170, 170)`, the most costly, takes 3 to 6 ms, and
/// `hypot_partial` 0.02 ms (AMD EPYC).
///
/// A graph refuses to record any other number (not whole, negative, higher, NaN) as an order, with
/// [`Error::Order`](crate::Error::Order). So does loading a program. With plain numbers the op gives NaN. So
/// differentiating an op of this order is an error in a graph, and gives NaN with plain numbers.
pub const MAX_ORDER: u32 = 170;

/// Whether `n` is the order of a derivative: a whole number from 0 to [`MAX_ORDER`].
#[inline(always)]
pub(crate) fn is_order(n: f64) -> bool {
    // Nearly all are 0 or 1. (The cast makes 0 of NaN, and 0 is not equal to NaN.)
    n == 0.0 || n == 1.0 || f64::from(n as u8) == n && n <= MAX_ORDER as f64
}

// Accurate as they are. NaN outside of the domain; `hypot` is infinite if a coordinate is, even if the other is NaN.
pub(crate) use elementary::{
    acos, acosh, asinh, atan, atanh, cbrt, cosh, erf, erfc, exp_m1, exp2, hypot, ln_1p, log2, log10, tan,
};

pub(crate) use arith::*;
pub(crate) use circle::*;
pub(crate) use expo::*;
pub(crate) use gamma::*;
pub(crate) use gauss::*;
pub(crate) use hyper::*;
pub(crate) use mills::*;
pub(crate) use partials::*;
pub(crate) use power::*;
pub(crate) use quantile::*;
pub(crate) use sinc::*;
pub(crate) use soft::*;
pub(crate) use trig::*;
pub(crate) use xlog::*;
