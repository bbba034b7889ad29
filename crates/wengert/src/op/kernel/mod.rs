//! Accurate `f64` functions: the values of all ops, and the pieces their derivatives are made of.
//!
//! Values of ops are within 1.5 ulp of the truth over the whole range, tails and subnormals included; `docs/conventions.md`
//! says what the derivative helpers hold and which exceptions are known. The helpers exist because the textbook formulas lose digits (`1 - tanh^2`, `s(1-s)`, `x^2 + y^2`); each helper's own derivative is
//! again made of helpers, so any order up to [`MAX_ORDER`] can be reached. Outside a domain value and derivative are NaN, at its ends the
//! derivative is the one-sided limit, at infinity it is the limit.
//!
//! Files in reading order: `arith` (guarded products, kinks), `dd` (double-double), `core` (exp and ln to 100 bits),
//! `expo`, `trig`, `hyper`, `power`, `partials`, `gamma`, `roots`, `gauss`, `circle`, `fixed`, `soft`. Read `arith.rs` next.

mod arith;
mod circle;
mod core;
mod dd;
mod expo;
mod fixed;
mod gamma;
mod gauss;
mod hyper;
mod partials;
mod power;
mod roots;
mod soft;
mod trig;

/// The highest order of derivative that an op may have as an immediate: 170, the largest number whose factorial is an
/// `f64`. It bounds what any op costs: `pow_partial(170, 170)`, the dearest, takes 0.7 ms, and the next, `hypot_partial`,
/// a tenth of that (AMD EPYC).
///
/// What is no order (not whole, negative, higher, NaN) is refused wherever a graph records it and where a program is
/// loaded, by [`Error::Order`](crate::Error::Order); over numbers the op is NaN. So the derivative of an op of this
/// order is a named error as graph, and NaN as a number, whatever its value would be.
pub const MAX_ORDER: u32 = 170;

/// Whether `n` is the order of a derivative that an op may have: a whole number from 0 to [`MAX_ORDER`].
#[inline(always)]
pub(crate) fn is_order(n: f64) -> bool {
    // Nearly all are 0 or 1. NaN, which becomes 0, is not what it becomes.
    n == 0.0 || n == 1.0 || f64::from(n as u8) == n && n <= MAX_ORDER as f64
}

pub(crate) use arith::*;
pub(crate) use circle::*;
pub(crate) use expo::*;
pub(crate) use gamma::*;
pub(crate) use gauss::*;
pub(crate) use hyper::*;
pub(crate) use partials::*;
pub(crate) use power::*;
pub(crate) use soft::*;
pub(crate) use trig::*;
