//! Share: equal things are computed once (common subexpressions, by hash). Read `dead.rs` next.

use rustc_hash::FxHashMap;
use wengert::Op;

use crate::ir::{Ir, MOST};

/// What makes two instructions equal: op, immediates, operands.
type Key = (Op, [u64; 2], [u32; MOST]);

/// Lets equal instructions be one, and says how many were one already.
pub(crate) fn share(ir: &mut Ir) -> usize {
    let mut known: FxHashMap<Key, u32> = FxHashMap::default();
    known.reserve(ir.insts.len());
    let mut now: Vec<u32> = Vec::with_capacity(ir.insts.len());
    let mut count = 0;
    for (k, inst) in ir.insts.iter_mut().enumerate() {
        inst.operands_mut().iter_mut().for_each(|x| *x = now[*x as usize]);
        let mut args = inst.args;
        // These give the same bits either way round.
        if matches!(inst.op, Op::Add | Op::Mul | Op::Gmul | Op::Max | Op::Min | Op::Eq | Op::Ne) && args[0] > args[1] {
            args.swap(0, 1);
        }
        let first = *known.entry((inst.op, inst.imm.map(f64::to_bits), args)).or_insert(k as u32);
        count += usize::from(first != k as u32);
        now.push(first);
    }
    ir.for_each_root(|value| *value = now[*value as usize]);
    count
}
