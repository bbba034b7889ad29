//! Share: computes equal values once (common subexpression elimination, by hash).

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;
use wengert::Op;

use crate::ir::{Inst, Ir, MOST};
use crate::recording::NOTHING;

/// Uses the first of equal instructions for all of them, and returns how many were not the first.
pub(crate) fn share(ir: &mut Ir) -> usize {
    // An open-addressing table of instructions, at most half full. Keys are read from the list.
    let size = (2 * ir.insts.len()).next_power_of_two().max(16);
    let mut table = vec![NOTHING; size];
    let mut now: Vec<u32> = Vec::with_capacity(ir.insts.len());
    let mut count = 0;
    for k in 0..ir.insts.len() {
        let mut inst = ir.insts[k];
        inst.operands_mut().iter_mut().for_each(|x| *x = now[*x as usize]);
        ir.insts[k] = inst;
        let key = key(&inst);
        let mut place = hash(&key) & (size - 1);
        let first = loop {
            match table[place] {
                NOTHING => {
                    table[place] = k as u32;
                    break k as u32;
                }
                other if self::key(&ir.insts[other as usize]) == key => break other,
                _ => place = (place + 1) & (size - 1),
            }
        };
        count += usize::from(first != k as u32);
        now.push(first);
    }
    ir.for_each_root(|value| *value = now[*value as usize]);
    count
}

/// What makes two instructions equal: op, immediates and operands; the operands are sorted where their
/// order does not change the bits.
type Key = (Op, [u64; 2], [u32; MOST]);

fn key(inst: &Inst) -> Key {
    let mut args = inst.args;
    if inst.op.is_symmetric() && args[0] > args[1] {
        args.swap(0, 1);
    }
    (inst.op, inst.imm.map(f64::to_bits), args)
}

fn hash(key: &Key) -> usize {
    let mut hasher = FxHasher::default();
    key.hash(&mut hasher);
    // The high bits of this hash are mixed best.
    (hasher.finish() >> 16) as usize
}
