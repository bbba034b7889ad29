//! Share: computes equal values once (common subexpression elimination).

use std::collections::HashMap;

use wengert::Op;
use wengert::room::{Grow, Refused, Room, with_room};

use crate::ir::Inst;
use crate::recording::NOTHING;

/// Hashes with a secret key. The bytes of a file decide what is hashed; if they could make hashes collide, loading it
/// would take quadratic time.
pub(crate) type Secret = foldhash::quality::RandomState;

/// How many users of a value are in its list.
const LISTED: usize = 8;

/// The different instructions so far.
///
/// Equal ones have the same latest operand, and most values have few users. So the users of a value are in a list, which
/// is near in memory where a hash table is not. The rest, and constants, are in a hash table; inputs, which are all
/// different, are in neither.
pub(crate) struct Known {
    /// Of each instruction.
    links: Vec<Links>,
    rest: HashMap<[u64; 2], u32, Secret>,
    /// How many instructions were compared.
    #[cfg(test)]
    compared: usize,
}

struct Links {
    /// The last in the list of those whose latest operand this one is.
    last_user: u32,
    /// The one before this one, in the list that it is in.
    before: u32,
}

impl Known {
    /// None yet, with room for this many.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn new(count: usize) -> Result<Known, Refused> {
        Ok(Known {
            links: with_room(count)?,
            rest: HashMap::default(),
            #[cfg(test)]
            compared: 0,
        })
    }

    /// The first instruction that is equal to this one. If there is none, this one is to be appended to the list.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn first(&mut self, insts: &[Inst], inst: &Inst) -> Result<Option<u32>, Refused> {
        let (key, number) = (inst.key(), insts.len() as u32);
        let mut links = Links { last_user: NOTHING, before: NOTHING };
        let mut is_listed = inst.op == Op::Leaf;
        if let Some(&latest) = inst.operands().iter().max() {
            let (mut other, mut listed) = (self.links[latest as usize].last_user, 0);
            links.before = other;
            while other != NOTHING {
                #[cfg(test)]
                (self.compared += 1);
                if insts[other as usize].key() == key {
                    return Ok(Some(other));
                }
                other = self.links[other as usize].before;
                listed += 1;
            }
            is_listed = listed < LISTED;
            if is_listed {
                self.links[latest as usize].last_user = number;
            }
        }
        if !is_listed {
            self.rest.room(1)?;
            let first = *self.rest.entry(key).or_insert(number);
            if first != number {
                return Ok(Some(first));
            }
        }
        self.links.try_push(links)?;
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, Hash};

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
        let constants: Vec<_> = numbers.iter().map(|&c| Inst::constant(c).key()).collect();
        let products: Vec<_> = (0..1 << 14).map(|k| Inst::new(Op::Mul, &[k, k + 1]).key()).collect();
        // Of n keys in 2n places, about n / 4 pairs share one. Six standard deviations are far less than n / 4 more.
        let most = 1 << 13;
        for pairs in [colliding(&bits, 15), colliding(&constants, 15), colliding(&products, 15)] {
            assert!(pairs.iter().all(|&pairs| pairs < most), "{pairs:?}");
        }
    }

    /// How many comparisons finding these instructions takes, for each.
    fn compared(insts: &[Inst]) -> usize {
        let mut known = Known::new(insts.len()).expect("there is memory");
        for (k, inst) in insts.iter().enumerate() {
            assert_eq!(known.first(&insts[..k], inst).expect("there is memory"), None);
        }
        known.compared / insts.len()
    }

    #[test]
    fn each_instruction_is_compared_with_few_others() {
        let inputs = 1 << 14;
        let list = |users: &[fn(u32) -> Inst]| -> Vec<Inst> {
            let of = |k: u32| users.iter().map(move |user| user(k));
            (0..inputs).map(Inst::input).chain((2..inputs).flat_map(of)).collect()
        };
        // Neighbors with three users each; one value with many.
        let products = list(&[
            |k| Inst::new(Op::Mul, &[k, k - 1]),
            |k| Inst::new(Op::Mul, &[k, k - 2]),
            |k| Inst::new(Op::Mul, &[k, k]),
        ]);
        let functions =
            list(&[|k| Inst::new(Op::Sin, &[k]), |k| Inst::new(Op::Cos, &[k]), |k| Inst::new(Op::Exp, &[k])]);
        let last = list(&[|k| Inst::new(Op::Mul, &[(1 << 14) - 1, k])]);
        for insts in [products, functions, last] {
            assert!(compared(&insts) <= LISTED);
        }
    }
}
