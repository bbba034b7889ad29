//! Fuse: a product that only one sum uses, or only one output that is summed over the points,
//! becomes one step with it. Read [`crate::code`] next.
//!
//! The step rounds the product, then the sum, as the two did; with [`crate::Options::fuse`] it
//! rounds once where the instruction set can. Either way one write and one read of memory are
//! saved.

use wengert::Op;

use crate::ir::Ir;
use crate::options::Spread;
use crate::recording::NOTHING;

/// Which products go into which sums.
#[derive(Debug)]
pub(crate) struct Pairs {
    /// For each value, the product that its step takes in, if any.
    pub(crate) product_of: Vec<u32>,
    /// For each value, whether its step was taken in by another.
    pub(crate) taken: Vec<bool>,
    /// For each output, whether it takes in the product that is its value.
    pub(crate) by_output: Vec<bool>,
}

impl Pairs {
    /// No pair.
    pub(crate) fn none(ir: &Ir) -> Pairs {
        Pairs {
            product_of: vec![NOTHING; ir.insts.len()],
            taken: vec![false; ir.insts.len()],
            by_output: vec![false; ir.outputs.len()],
        }
    }

    /// How many steps were saved.
    pub(crate) fn count(&self) -> usize {
        self.taken.iter().filter(|&&taken| taken).count()
    }
}

/// Pairs products with sums. `uniform` says which values are the same at all points: those are
/// computed apart from the others.
pub(crate) fn pairs(ir: &Ir, uniform: &[bool]) -> Pairs {
    let uses = ir.uses();
    let mut pairs = Pairs::none(ir);
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
        // The later of two products: the earlier one was computed while its operands were near.
        let [x, y, _] = inst.args;
        let candidates = if x > y { [x, y] } else { [y, x] };
        if let Some(product) = candidates.into_iter().find(|&x| free(x)) {
            pairs.product_of[k] = product;
            pairs.taken[product as usize] = true;
        }
    }
    pairs
}
