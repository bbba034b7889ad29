//! Fuse: pairs a product with the only sum that uses it, or the only output summed over the points. The two
//! become one step.
//!
//! The step rounds the product and then the sum, as two steps would; with [`crate::Options::fuse`] it rounds
//! once where the instruction set can. Either way it saves one write and one read of memory.

use wengert::Op;
use wengert::room::{Refused, zeroed};

use crate::ir::Ir;
use crate::options::Spread;

/// Whether each value is a product that is paired. `uniform` says which values are the same at all points; the prologue
/// computes them, so they are not paired. `uses` says how often each value is used.
///
/// # Errors
/// [`Refused`].
pub(crate) fn pairs(ir: &Ir, uniform: &[bool], uses: &[u32]) -> Result<Vec<bool>, Refused> {
    let mut paired = zeroed::<bool>(ir.insts.len())?;
    let free = |x: u32| {
        let k = x as usize;
        uses[k] == 1 && !uniform[k] && matches!(ir.insts[k].op, Op::Mul | Op::Gmul)
    };
    for outlet in &ir.outputs {
        if outlet.spread == Spread::Uniform && free(outlet.value) {
            paired[outlet.value as usize] = true;
        }
    }
    for (inst, uniform) in ir.insts.iter().zip(uniform) {
        if *uniform || !matches!(inst.op, Op::Add | Op::Sub) {
            continue;
        }
        // If both operands are products, pairs the later one: the operands of the earlier one may be farther back.
        let [x, y, _] = inst.padded();
        if let Some(product) = [x.max(y), x.min(y)].into_iter().find(|&x| free(x)) {
            paired[product as usize] = true;
        }
    }
    Ok(paired)
}
