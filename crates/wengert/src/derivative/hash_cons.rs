//! Nodes found again by what they compute, so that nothing is recorded twice. Read
//! [`crate::derivative::term`] next, which asks for them.
//!
//! A hash table as large as a graph misses the cache at every look, which costs more than all
//! else that recording does. But a rule looks for users of nodes that stand near to one another on
//! the tape, one rule after the other along it. So the table is made of lines, as large as a cache
//! line; a node's is that of its latest operand (but for constants, which stand anywhere) and that
//! operand's neighbors. Where a line is full, the next is chosen by the signature among the four around it, then among sixteen, and so on:
//! the users of a node that has thousands stand no farther apart than they must.

use crate::op::{Encoding, Imm, NO_IMM, Op};
use crate::tape::Tape;
use crate::tape::entry::Entry;

/// What a node computes: two of the same signature have the same value to the bit. (Whole words: to
/// write a byte and read it back with what is beside it costs as much as a miss.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    /// The op and the first two operands.
    word: u64,
    third: u64,
    imm: [u64; 2],
}

impl Signature {
    /// The signature of an op of up to three operands; those that are not there are 0. Operands of
    /// symmetric ops are sorted: `x * y` and `y * x` are the same to the bit.
    #[inline(always)]
    pub(crate) fn new(op: Op, imm: Imm, operands: [u32; 3]) -> Signature {
        let [x, y, third] = operands.map(u64::from);
        let [first, second] = if op.is_symmetric() {
            [x.min(y), x.max(y)]
        } else {
            [x, y]
        };
        Signature {
            word: first | second << 28 | (op as u64) << 56,
            third,
            imm: imm.map(f64::to_bits),
        }
    }

    /// The signature of a node on the tape; `None` for sources and for ops of any number of operands.
    #[inline]
    pub(crate) fn of(tape: &Tape, entry: Entry) -> Option<Signature> {
        let op = entry.op();
        let (mut operands, mut imm) = ([0; 3], NO_IMM);
        match op.encoding() {
            Encoding::Source | Encoding::List => return None,
            Encoding::Fixed { operands: 1, imms: 0 } => operands[0] = entry.a(),
            Encoding::Fixed { operands: 2, imms: 0 } => operands[..2].copy_from_slice(&[entry.a(), entry.b()]),
            Encoding::Fixed { .. } => {
                let mut places = operands.iter_mut();
                imm = tape.operands(entry, |x| places.by_ref().take(1).for_each(|place| *place = x));
            }
        }
        Some(Signature::new(op, imm, operands))
    }

    /// The latest of the operands that is no constant.
    #[inline(always)]
    fn latest(&self, tape: &Tape) -> u64 {
        let operands = [self.word & POSITION, self.word >> 28 & POSITION, self.third];
        operands.into_iter().fold(0, |latest, x| {
            let constant = x > latest && tape.entry(x as u32).op() == Op::Const;
            if constant { latest } else { latest.max(x) }
        })
    }

    #[inline(always)]
    fn hash(&self) -> u64 {
        let rest = self.third ^ self.imm[0] ^ self.imm[1].rotate_left(9);
        mixed(self.word ^ if rest == 0 { 0 } else { mixed(rest) })
    }
}

/// Every bit of `x` acts on every bit of this.
#[inline(always)]
fn mixed(x: u64) -> u64 {
    let product = u128::from(x ^ 0x2d35_8dcc_aa6c_78a5) * 0x9e37_79b9_7f4a_7c15;
    (product >> 64) as u64 ^ product as u64
}

/// How many nodes a line holds: 64 bytes.
const WIDTH: usize = 8;

/// How many nodes have their users in one line. Half of it stays empty where each has one user
/// that was recorded after its other operands.
const NEIGHBORS: usize = 4;

/// The bits of a slot that hold a position. The others are of the hash, so that a node of another
/// signature is hardly ever looked at; the lowest of these is set where there is a node.
const POSITION: u64 = (1 << 28) - 1;

/// Where nodes stand, by their signatures. The tape has the signatures themselves.
#[derive(Debug)]
pub(crate) struct NodeTable {
    /// A power of two of them. Slots fill from the first, and 0 is an empty one.
    lines: Vec<[u64; WIDTH]>,
    held: usize,
}

/// Where a signature goes that was not found.
#[derive(Debug)]
pub(crate) struct Vacancy {
    line: usize,
    slot: usize,
    tag: u64,
}

impl NodeTable {
    /// No node, and room for about as many.
    pub(crate) fn with_room(nodes: usize) -> NodeTable {
        NodeTable {
            lines: vec![[0; WIDTH]; (nodes / NEIGHBORS + 1).next_power_of_two()],
            held: 0,
        }
    }

    /// The lines where a signature of that hash may stand, in the order in which they fill up. All are
    /// among them in the end: from some point on they go through all numbers below a power of two.
    #[inline(always)]
    fn lines_of(&self, tape: &Tape, signature: &Signature, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let mask = self.lines.len() - 1;
        let home = (signature.latest(tape) as usize / NEIGHBORS) & mask;
        let (mut around, mut chosen) = (0, hash as usize);
        std::iter::from_fn(move || {
            let line = (home & !around) | (chosen & around);
            around = ((around << 2) | 3) & mask;
            chosen = chosen.wrapping_mul(5).wrapping_add(1);
            Some(line)
        })
    }

    /// Where a node of the signature stands, or where to put the one that will be.
    #[inline]
    pub(crate) fn find(&self, tape: &Tape, signature: &Signature) -> Result<u32, Vacancy> {
        let hash = signature.hash();
        let tag = (hash & !POSITION) | (POSITION + 1);
        for line in self.lines_of(tape, signature, hash) {
            for (slot, &held) in self.lines[line].iter().enumerate() {
                if held == 0 {
                    return Err(Vacancy { line, slot, tag });
                }
                let position = (held & POSITION) as u32;
                if held & !POSITION == tag && Signature::of(tape, tape.entry(position)) == Some(*signature) {
                    return Ok(position);
                }
            }
        }
        unreachable!("half of the slots are empty")
    }

    /// Puts the node at `position` where [`NodeTable::find`] said it goes, with nothing put in
    /// between.
    #[inline]
    pub(crate) fn put(&mut self, tape: &Tape, vacancy: Vacancy, position: u32) {
        self.lines[vacancy.line][vacancy.slot] = vacancy.tag | u64::from(position);
        self.held += 1;
        if self.held > self.lines.len() * WIDTH / 2 {
            self.grow(tape);
        }
    }

    #[cold]
    fn grow(&mut self, tape: &Tape) {
        let empty = vec![[0; WIDTH]; 2 * self.lines.len()];
        let old = std::mem::replace(&mut self.lines, empty);
        for &held in old.iter().flatten().filter(|&&held| held != 0) {
            let position = (held & POSITION) as u32;
            let signature = Signature::of(tape, tape.entry(position));
            if let Some(Err(vacancy)) = signature.map(|signature| self.find(tape, &signature)) {
                self.lines[vacancy.line][vacancy.slot] = vacancy.tag | u64::from(position);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(tape: &Tape, position: u32) -> Signature {
        Signature::of(tape, tape.entry(position)).unwrap()
    }

    /// A table of all of a tape that is no leaf.
    fn known(tape: &Tape, room: usize) -> NodeTable {
        let mut known = NodeTable::with_room(room);
        for (position, entry) in tape.entries().enumerate() {
            if let Some(signature) = Signature::of(tape, entry) {
                let vacancy = known.find(tape, &signature).unwrap_err();
                known.put(tape, vacancy, position as u32);
            }
        }
        known
    }

    /// How many lines are looked at, on average, to find a node.
    fn lines_looked_at(known: &NodeTable, tape: &Tape) -> f64 {
        let looked_at = |signature: Signature| {
            let hash = signature.hash();
            let is_there = |&held: &u64| held & !POSITION == (hash & !POSITION) | (POSITION + 1);
            let mut lines = known.lines_of(tape, &signature, hash);
            lines.position(|line| known.lines[line].iter().any(is_there)).unwrap() + 1
        };
        let signatures = tape.entries().filter_map(|entry| Signature::of(tape, entry));
        signatures.map(looked_at).sum::<usize>() as f64 / known.held as f64
    }

    #[test]
    fn every_node_is_found_again_however_the_table_grew() {
        let tape = Tape::new(1 << 20, 0).unwrap();
        let (x, _) = tape.push_leaf(1.0);
        for k in 0..20_000 {
            let user = tape.push_op(Op::MulC, [f64::from(k), 0.0], &[x], 0.0);
            tape.push_unary(Op::Sin, user, 0.0);
        }
        for room in [0, 100, 40_000] {
            let known = known(&tape, room);
            for position in 1..tape.len() {
                assert_eq!(known.find(&tape, &signature(&tape, position)).unwrap(), position);
            }
            assert!(known.find(&tape, &Signature::new(Op::Cos, NO_IMM, [0; 3])).is_err());
        }
    }

    #[test]
    fn a_node_that_all_others_use_does_not_make_the_search_long() {
        let tape = Tape::new(1 << 20, 0).unwrap();
        let (x, _) = tape.push_leaf(1.0);
        for k in 0..100_000 {
            tape.push_op(Op::MulC, [f64::from(k), 0.0], &[x], 0.0);
        }
        let mean = lines_looked_at(&known(&tape, tape.len() as usize), &tape);
        assert!(mean < 9.0, "{mean} lines");
    }

    #[test]
    fn full_lines_in_a_row_are_not_searched_one_by_one() {
        // Every leaf has as many users as fill its line, and one more with a node that they share.
        let tape = Tape::new(1 << 20, 0).unwrap();
        let leaves: Vec<_> = (0..20_000).map(|k| tape.push_leaf(f64::from(k)).0).collect();
        for &leaf in &leaves {
            tape.push_unary(Op::Sin, leaf, 0.0);
            tape.push_unary(Op::Exp, leaf, 0.0);
        }
        let shared = tape.push_unary(Op::Cos, leaves[0], 0.0);
        for &leaf in &leaves {
            tape.push_binary(Op::Mul, leaf, shared, 0.0);
            tape.push_binary(Op::Sub, leaf, leaves[0], 0.0);
        }
        let mean = lines_looked_at(&known(&tape, tape.len() as usize), &tape);
        assert!(mean < 5.0, "{mean} lines");
    }

    #[test]
    fn a_shape_tells_ops_operands_and_immediates_apart_but_not_the_order_of_a_sum() {
        let of = |op, imm, x, y| Signature::new(op, imm, [x, y, 0]);
        assert_eq!(of(Op::Add, NO_IMM, 3, 4), of(Op::Add, NO_IMM, 4, 3));
        assert_eq!(of(Op::Gmul, NO_IMM, 3, 4), of(Op::Gmul, NO_IMM, 4, 3));
        assert_ne!(of(Op::Sub, NO_IMM, 3, 4), of(Op::Sub, NO_IMM, 4, 3));
        assert_ne!(of(Op::Add, NO_IMM, 3, 4), of(Op::Mul, NO_IMM, 3, 4));
        assert_ne!(of(Op::AddC, [0.0, 0.0], 3, 0), of(Op::AddC, [-0.0, 0.0], 3, 0));
        let tape = Tape::new(10, 0).unwrap();
        let (x, _) = tape.push_leaf(1.0);
        tape.push_op(Op::Sum, NO_IMM, &[x, x], 2.0);
        assert!(tape.entries().all(|entry| Signature::of(&tape, entry).is_none()));
    }
}
