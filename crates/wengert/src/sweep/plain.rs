//! The reverse sweep in its plainest form.
//!
//! [`super::reverse`](mod@super::reverse) computes the same bits an order of magnitude faster, and is tested
//! against this.

use smallvec::SmallVec;

use crate::scalar::{Guarded, rule};
use crate::tape::Tape;

/// Computes in `adjoint`, for every node, the derivative of the sum of `seed * output` with respect to that node.
/// Products are guarded: 0 where the adjoint is 0, whatever the partial is.
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

/// What a node with the adjoint `bar` adds to the adjoint of each operand: `bar * partial`. If both operands are
/// the same node, as in `x * x`, their parts are added up first.
pub(crate) fn pullback(tape: &Tape, node: u32, bar: f64) -> SmallVec<[(u32, f64); 4]> {
    let mut parts = SmallVec::new();
    let entry = tape.entry(node);
    if bar == 0.0 || !entry.wants() {
        return parts;
    }
    let mut operands: SmallVec<[u32; 4]> = SmallVec::new();
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
