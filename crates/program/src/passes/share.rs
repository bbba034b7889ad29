//! Share: computes equal values once (common subexpression elimination, by hash).

use std::hash::BuildHasher;

use wengert::Op;
use wengert::room::{Refused, filled, with_room};

use crate::ir::{Inst, Ir, MOST};
use crate::recording::NOTHING;

/// Hashes with a secret key. The bytes of a file decide what is hashed; if they could make hashes collide, loading it
/// would take quadratic time.
pub(crate) type Secret = foldhash::quality::RandomState;

/// How many places near its latest operand an instruction may take.
const NEAR: usize = 8;

/// Uses the first of equal instructions for all of them, and returns how many were not the first.
pub(crate) fn share(ir: &mut Ir) -> Result<usize, Refused> {
    // An open-addressing table of instructions, at most half full. Keys are read from the list. An instruction
    // stands near its latest operand, so the search stays in the cache; where these places are taken, its hash
    // says where.
    let size = (2 * ir.insts.len()).next_power_of_two().max(16);
    let mut table = filled(NOTHING, size)?;
    let secret = Secret::default();
    let mut now: Vec<u32> = with_room(ir.insts.len())?;
    let mut count = 0;
    for k in 0..ir.insts.len() {
        let inst = &mut ir.insts[k];
        inst.operands_mut().iter_mut().for_each(|x| *x = now[*x as usize]);
        let key = key(inst);
        // Halved, since places are counted up from it.
        let hash = secret.hash_one(key) as usize >> 1;
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
    Ok(count)
}

/// What makes two instructions equal: op, immediates and operands; the operands are sorted where their
/// order does not change the bits.
type Key = (Op, [u64; 2], [u32; MOST]);

/// Inlined, so that it stays in registers: hashing words that were just stored piece by piece would have to wait.
#[inline(always)]
fn key(inst: &Inst) -> Key {
    let mut args = inst.args;
    if inst.op.is_symmetric() && args[0] > args[1] {
        args.swap(0, 1);
    }
    (inst.op, inst.imm.map(f64::to_bits), args)
}

#[cfg(test)]
mod tests {
    use std::hash::Hash;

    use super::*;

    /// Numbers that a hash by multiplication with a known factor maps to neighbors: `rustc_hash` and its like. The
    /// factor times its inverse is 1 modulo 2^64.
    fn hostile(count: u64) -> impl Iterator<Item = f64> {
        const INVERSE: u64 = inverse(0xf135_7aea_2e62_a9c5);
        (1..=count).map(|k| f64::from_bits(k.wrapping_mul(INVERSE)))
    }

    const fn inverse(odd: u64) -> u64 {
        let (mut inverse, mut digits) = (odd, 3);
        while digits < 64 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(inverse)));
            digits *= 2;
        }
        inverse
    }

    /// How many pairs of keys share one of `2^bits` places, by the low and by the high bits of their hashes.
    fn colliding<K: Hash>(keys: &[K], bits: u32) -> [u64; 2] {
        let secret = Secret::default();
        [0, 64 - bits].map(|shift| {
            let mut in_place = vec![0u64; 1 << bits];
            keys.iter().for_each(|key| in_place[(secret.hash_one(key) >> shift) as usize & ((1 << bits) - 1)] += 1);
            in_place.iter().map(|&count| count * count.saturating_sub(1) / 2).sum()
        })
    }

    #[test]
    fn values_made_to_collide_are_spread_like_others() {
        let numbers: Vec<f64> = hostile(1 << 14).collect();
        let bits: Vec<u64> = numbers.iter().map(|c| c.to_bits()).collect();
        let constants: Vec<Key> = numbers.iter().map(|&c| key(&Inst::constant(c))).collect();
        let products = (0..1 << 14).map(|k| key(&Inst::new(Op::Mul, wengert::NO_IMM, &[k, k + 1]))).collect::<Vec<_>>();
        // Of n keys in 2n places, about n / 4 pairs share one. Six standard deviations are far less than n / 4 more.
        let most = 1 << 13;
        for pairs in [colliding(&bits, 15), colliding(&constants, 15), colliding(&products, 15)] {
            assert!(pairs.iter().all(|&pairs| pairs < most), "{pairs:?}");
        }
    }
}
