//! Fuse: pairs a product with the only sum that uses it, or the only output summed over the points. The two
//! become one step.
//!
//! The step rounds the product and then the sum, as two steps would; with [`crate::Options::fuse`] it rounds
//! once where the instruction set can. Either way it saves one write and one read of memory.

use wengert::Op;
use wengert::room::{Refused, filled, zeroed};

use crate::ir::Ir;
use crate::options::Spread;
use crate::recording::NOTHING;

/// Which products go into which sums.
#[derive(Debug)]
pub(crate) struct Pairs {
    /// For each value, the product that is paired with it, or [`NOTHING`].
    pub(crate) product_of: Vec<u32>,
    /// For each value, whether it is a product that is paired.
    pub(crate) taken: Vec<bool>,
    /// For each output, whether it is paired with the product that is its value.
    pub(crate) by_output: Vec<bool>,
}

impl Pairs {
    /// No pairs.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn none(ir: &Ir) -> Result<Pairs, Refused> {
        Ok(Pairs {
            product_of: filled(NOTHING, ir.insts.len())?,
            taken: zeroed::<bool>(ir.insts.len())?,
            by_output: zeroed::<bool>(ir.outputs.len())?,
        })
    }

    /// How many products are paired.
    pub(crate) fn count(&self) -> usize {
        self.taken.iter().filter(|&&taken| taken).count()
    }
}

/// Pairs products with sums. `uniform` says which values are the same at all points; the prologue
/// computes them, so they are not paired.
///
/// # Errors
/// [`Refused`].
pub(crate) fn pairs(ir: &Ir, uniform: &[bool]) -> Result<Pairs, Refused> {
    let uses = ir.uses()?;
    let mut pairs = Pairs::none(ir)?;
    let free = |x: u32| {
        let k = x as usize;
        uses[k] == 1 && !uniform[k] && matches!(ir.insts[k].op, Op::Mul | Op::Gmul)
    };
    for (outlet, taken) in ir.outputs.iter().zip(&mut pairs.by_output) {
        if outlet.spread == Spread::Uniform && free(outlet.value) {
            *taken = true;
            pairs.taken[outlet.value as usize] = true;
        }
    }
    for (k, inst) in ir.insts.iter().enumerate() {
        if uniform[k] || !matches!(inst.op, Op::Add | Op::Sub) {
            continue;
        }
        // If both operands are products, pairs the later one: the operands of the earlier one may be farther back.
        let [x, y, _] = inst.padded();
        let candidates = if x > y { [x, y] } else { [y, x] };
        if let Some(product) = candidates.into_iter().find(|&x| free(x)) {
            pairs.product_of[k] = product;
            pairs.taken[product as usize] = true;
        }
    }
    Ok(pairs)
}
