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
//! `bars(k)` is `bar`, or `None` if operand `k` wants no gradient. [`rule::of`] calls the function of an op. `bar` is a
//! [`Guarded`] here, so `*` is `gmul` of `src/op/kernel/arith.rs`: a product that is 0 if either factor is 0, even if the
//! other is infinite or NaN.
//!
//! `sweep` runs in tests only. Users run `sweep/reverse.rs`, which computes the same bits for every node that wants a
//! gradient, but faster, and is tested against this. [`pullback`] also serves `Graph::explain_nan`.

use smallvec::SmallVec;

use crate::scalar::{Guarded, rule};
use crate::tape::Tape;

/// Computes in `adjoint`, for every node, the derivative of the sum of `seed * output` with respect to that node.
#[cfg(test)]
pub(crate) fn sweep(tape: &Tape, seeds: &[(u32, f64)], adjoint: &mut [f64]) {
    adjoint.fill(0.0);
    for &(output, seed) in seeds {
        adjoint[output as usize] += seed;
    }
    for node in (0..adjoint.len()).rev() {
        for (operand, part) in pullback(tape, node as u32, adjoint[node]) {
            adjoint[operand as usize] += part;
        }
    }
}

/// What a node with the adjoint `bar` adds to the adjoint of each operand. An operand that wants no gradient, such as a
/// constant, receives nothing. If both operands are the same node, as in `x * x`, their parts are added up first.
pub(crate) fn pullback(tape: &Tape, node: u32, bar: f64) -> SmallVec<[(u32, f64); 4]> {
    let mut parts = SmallVec::new();
    let entry = tape.entry(node);
    if bar == 0.0 || !entry.wants() {
        return parts;
    }
    let mut operands: SmallVec<[u32; 4]> = SmallVec::new();
    // Lists the operands, and returns the immediates.
    let imm = tape.operands(entry, |x| operands.push(x));
    let values: SmallVec<[f64; 4]> = operands.iter().map(|&x| tape.entry(x).value).collect();
    rule::of(
        entry.op(),
        imm,
        &values,
        entry.value,
        |k| tape.entry(operands[k]).wants().then_some(Guarded(bar)),
        |k, part| parts.push((operands[k], part.0)),
    );
    if let [(x, p), (y, q)] = parts[..]
        && x == y
        && operands.len() == 2
    {
        parts = SmallVec::from_slice(&[(x, p + q)]);
    }
    parts
}
