//! Share: computes equal values once (common subexpression elimination, by hash).

use std::hash::Hasher;

use rustc_hash::FxHasher;
use wengert::Op;

use crate::ir::{Inst, Ir, MOST};
use crate::recording::NOTHING;

/// How many places near its latest operand an instruction may take.
const NEAR: usize = 8;

/// Uses the first of equal instructions for all of them, and returns how many were not the first.
pub(crate) fn share(ir: &mut Ir) -> usize {
    // An open-addressing table of instructions, at most half full. Keys are read from the list. An instruction
    // stands near its latest operand, so the search stays in the cache; where these places are taken, its hash
    // says where.
    let size = (2 * ir.insts.len()).next_power_of_two().max(16);
    let mut table = vec![NOTHING; size];
    let mut now: Vec<u32> = Vec::with_capacity(ir.insts.len());
    let mut count = 0;
    for k in 0..ir.insts.len() {
        let inst = &mut ir.insts[k];
        inst.operands_mut().iter_mut().for_each(|x| *x = now[*x as usize]);
        let key = key(inst);
        let hash = hash(&key);
        let near = match inst.operands().iter().max() {
            Some(&latest) => 2 * latest as usize..2 * latest as usize + NEAR,
            None => 0..0,
        };
        let mut places = near.chain(hash..).map(|place| place & (size - 1));
        let first = loop {
            let place = places.next().expect("half of the places are free");
            match table[place] {
                NOTHING => {
                    table[place] = k as u32;
                    break k as u32;
                }
                other if self::key(&ir.insts[other as usize]) == key => break other,
                _ => {}
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

fn hash(&(op, [c, d], [x, y, z]): &Key) -> usize {
    let mut hasher = FxHasher::default();
    for word in [op as u64 | u64::from(z) << 32, c, d, u64::from(x) << 32 | u64::from(y)] {
        hasher.write_u64(word);
    }
    // Halved, since places are counted up from it.
    (hasher.finish() >> 1) as usize
}
