//! The reverse sweep in its plainest form.
//!
//! Going back along the tape, every node adds `bar * partial` to the adjoint of each operand, where `bar` is its own
//! adjoint. The partials are in the table of ops, `src/op/table.rs`. The row of the product is
//!
//! ```text
//! pub Mul = mul(x, y) -> r, cheap infix "*", { x * y }, bar => [bar * y, bar * x];
//! ```
//!
//! The macro `define_values` in `src/scalar/mod.rs` turns the last part into a function. Without its types:
//!
//! ```text
//! fn mul([x, y], imm, r, bars, emit) {
//!     if let Some(bar) = bars(0) { emit(0, bar * y) }
//!     if let Some(bar) = bars(1) { emit(1, bar * x) }
//! }
//! ```
//!
//! `bars(k)` is `bar`, or `None` if operand `k` wants no gradient: it depends on no leaf, or only through ops that let no
//! gradient pass, such as `detach`. [`rule::of`] calls the function of an op. `bar` is
//! [`Guarded`](crate::scalar::Guarded) here, so `*` is `gmul` of `src/op/kernel/arith.rs`: a product that is 0 if either
//! factor is 0, even if the other is infinite or NaN.
//!
//! `sweep` is what users run, written plainly. They run `sweep/reverse.rs`, which computes the same bits for every node that
//! wants a gradient, but faster; tests compare the two. [`pullback`] is the step at one node, and also serves
//! `Graph::explain_nan` and `Graph::audit`. [`strict`] is the sweep of `Graph::backward_strict`.

use alloc::vec::Vec;

use smallvec::SmallVec;

use super::external;
use crate::error::Error;
use crate::op::{Encoding, Op};
use crate::room::{Room, zeroed};
#[cfg(test)]
use crate::scalar::Guarded;
use crate::scalar::{Adjoint, Unguarded, rule};
use crate::tape::Tape;

/// What a node adds to the adjoints of its operands: positions and parts.
pub(crate) type Parts = SmallVec<[(u32, f64); 4]>;

/// For every node that wants a gradient, computes in `adjoint` the derivative of the sum of `seed * output` with respect to
/// that node.
#[cfg(test)]
pub(crate) fn sweep(tape: &Tape, seeds: &[(u32, f64)], adjoint: &mut [f64]) -> Result<(), Error> {
    adjoint.fill(0.0);
    for &(output, seed) in seeds {
        adjoint[output as usize] += seed;
    }
    for node in (0..adjoint.len()).rev() {
        let bar = adjoint[node];
        if bar == 0.0 {
            continue;
        }
        for (operand, part) in pullback::<Guarded<f64>>(tape, node as u32, bar)? {
            adjoint[operand as usize] += part;
        }
    }
    Ok(())
}

/// What a node with the adjoint `bar` adds to the adjoint of each operand. An operand that wants no gradient, such as a
/// constant, receives nothing. If both operands of an op of two are the same node, as in `x * x`, their parts are added up
/// first.
///
/// # Errors
/// [`Error::OutOfMemory`], and those of external functions.
pub(crate) fn pullback<B: Adjoint<f64>>(tape: &Tape, node: u32, bar: f64) -> Result<Parts, Error> {
    let mut parts = Parts::new();
    let entry = tape.entry(node);
    if !entry.wants() {
        return Ok(parts);
    }
    if entry.op() == Op::External {
        external::pullback::<B>(tape, node, bar, |input, part| parts.push((input, part)))?;
        return Ok(parts);
    }
    let mut operands: SmallVec<[u32; 4]> = SmallVec::new();
    let mut values: SmallVec<[f64; 4]> = SmallVec::new();
    let count = entry.operands();
    operands.room(count)?;
    values.room(count)?;
    parts.room(count)?;
    // Lists the operands, and returns the immediates.
    let imm = tape.operands(entry, |x| operands.push(x));
    values.extend(operands.iter().map(|&x| tape.entry(x).value));
    rule::of(
        entry.op(),
        imm,
        &values,
        entry.value,
        &|k| tape.entry(operands[k]).wants().then_some(B::of(bar)),
        &mut |k, part| parts.push((operands[k], part.get())),
    );
    if let [(x, p), (y, q)] = parts[..]
        && x == y
        && matches!(entry.op().encoding(), Encoding::Fixed { operands: 2, .. })
    {
        parts = SmallVec::from_slice(&[(x, p + q)]);
    }
    Ok(parts)
}

/// The adjoints that a reverse sweep from the node at `l` gives if 0 times infinity is NaN.
///
/// # Errors
/// [`Error::OutOfMemory`], and those of external functions.
pub(crate) fn strict(tape: &Tape, l: u32) -> Result<Vec<f64>, Error> {
    let len = l as usize + 1;
    let (mut adjoints, mut reached) = (zeroed::<f64>(len)?, zeroed::<bool>(len)?);
    (adjoints[len - 1], reached[len - 1]) = (1.0, true);
    for node in (0..len).rev() {
        if !reached[node] {
            continue;
        }
        for (operand, part) in pullback::<Unguarded<f64>>(tape, node as u32, adjoints[node])? {
            adjoints[operand as usize] += part;
            reached[operand as usize] = true;
        }
    }
    Ok(adjoints)
}
