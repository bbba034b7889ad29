//! Hash-consing: finding nodes by what they compute, so that nothing is recorded twice.
//!
//! An ordinary hash table as large as a graph would miss the cache at every lookup, which costs more than the
//! rest of recording. But lookups are local: one rule after the other asks for users of nearby nodes on the
//! tape. So the table consists of lines as large as a cache line. A node belongs to the line of its latest
//! operand, constants not counted; four neighboring nodes share a line. Where that line is full, the
//! signature chooses one of the sixteen lines around it, then one of 256, and so on. So the users of a node
//! that has thousands of them stay as close together as possible.

use alloc::vec::Vec;

use crate::op::{Encoding, Imm, NO_IMM, Op};
use crate::room::{Refused, zeroed};
use crate::tape::Tape;
use crate::tape::entry::Entry;

/// What a node computes: nodes with the same signature have the same value to the bit. (The fields are whole
/// words: storing a byte and loading its word costs as much as a cache miss.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    /// The op and the first two operands.
    word: u64,
    third: u64,
    imm: [u64; 2],
}

impl Signature {
    /// The signature of an op of up to three operands; missing ones are 0. The operands of symmetric ops are
    /// sorted: `x * y` and `y * x` are the same to the bit.
    #[inline(always)]
    pub(crate) fn new(op: Op, imm: Imm, operands: [u32; 3]) -> Signature {
        let [x, y, third] = operands.map(u64::from);
        let [first, second] = if op.is_symmetric() { [x.min(y), x.max(y)] } else { [x, y] };
        Signature { word: first | second << 28 | (op as u64) << 56, third, imm: imm.map(f64::to_bits) }
    }

    /// The signature of a node on the tape; `None` for leaves, constants and n-ary ops.
    #[inline(always)]
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

    /// The latest of the operands that are not constants.
    #[inline(always)]
    fn latest(&self, tape: &Tape) -> u32 {
        let operands = [self.word, self.word >> 28, self.third].map(|x| x as u32 & POSITION);
        operands.into_iter().fold(0, |latest, x| {
            let constant = x > latest && tape.entry(x).code() == Op::Const.code();
            if constant { latest } else { latest.max(x) }
        })
    }

    #[inline(always)]
    fn hash(&self) -> u64 {
        let rest = self.third ^ self.imm[0] ^ self.imm[1].rotate_left(9);
        mixed(self.word ^ if rest == 0 { 0 } else { mixed(rest) })
    }
}

/// A hash of `x`: every bit of it depends on every bit of `x`.
#[inline(always)]
fn mixed(x: u64) -> u64 {
    let product = u128::from(x ^ 0x2d35_8dcc_aa6c_78a5) * 0x9e37_79b9_7f4a_7c15;
    (product >> 64) as u64 ^ product as u64
}

/// The number of nodes in a line of 64 bytes.
const WIDTH: usize = 16;

/// The number of neighboring nodes whose users share a line. If each of them is the latest operand of one node, three
/// quarters of the line stay empty.
const NEIGHBORS: usize = 4;

/// The bits of a slot that hold a position. The other four are from the hash, so that a node with another signature is
/// rarely compared.
const POSITION: u32 = (1 << 28) - 1;

/// Positions of nodes by their signatures. The signatures themselves are read from the tape.
#[derive(Debug)]
pub(crate) struct NodeTable {
    /// Their number is a power of two. 0 is an empty slot: the first node of a tape has no operands.
    lines: Vec<[u32; WIDTH]>,
    held: usize,
}

/// The slot for a signature that was not found.
#[derive(Debug)]
pub(crate) struct Vacancy {
    line: usize,
    slot: usize,
    tag: u32,
}

impl NodeTable {
    /// An empty table with room for about this many nodes.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn with_room(nodes: usize) -> Result<NodeTable, Refused> {
        Ok(NodeTable { lines: zeroed::<[u32; WIDTH]>((nodes / NEIGHBORS + 1).next_power_of_two())?, held: 0 })
    }

    /// The lines where a signature with that hash may be, in the order in which they fill. Every line is reached in the
    /// end: once `around` covers all bits of a line number, `chosen` runs through all line numbers.
    #[inline(always)]
    fn lines_of(&self, tape: &Tape, signature: &Signature, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let mask = self.lines.len() - 1;
        let home = (signature.latest(tape) as usize / NEIGHBORS) & mask;
        let (mut around, mut chosen) = (0, hash as usize);
        core::iter::from_fn(move || {
            let line = (home & !around) | (chosen & around);
            around = ((around << 4) | 15) & mask;
            chosen = chosen.wrapping_mul(5).wrapping_add(1);
            Some(line)
        })
    }

    /// The position of the node with this signature, or the slot for it.
    #[inline]
    pub(crate) fn find(&self, tape: &Tape, signature: &Signature) -> Result<u32, Vacancy> {
        let hash = signature.hash();
        let tag = (hash >> 32) as u32 & !POSITION;
        for line in self.lines_of(tape, signature, hash) {
            // The search of a line starts anywhere, so it mostly ends at once.
            let start = (hash >> 32) as usize;
            for slot in (start..start + WIDTH).map(|slot| slot % WIDTH) {
                let held = self.lines[line][slot];
                if held == 0 {
                    return Err(Vacancy { line, slot, tag });
                }
                let position = held & POSITION;
                if held & !POSITION == tag && Signature::of(tape, tape.entry(position)) == Some(*signature) {
                    return Ok(position);
                }
            }
        }
        unreachable!("half of the slots are empty")
    }

    /// Puts the node at `position` into the slot that [`NodeTable::find`] gave. No other node may have been put
    /// in between.
    ///
    /// # Errors
    /// [`Refused`]; the node is there.
    #[inline]
    pub(crate) fn put(&mut self, tape: &Tape, vacancy: Vacancy, position: u32) -> Result<(), Refused> {
        self.lines[vacancy.line][vacancy.slot] = vacancy.tag | position;
        self.held += 1;
        if self.held > self.lines.len() * WIDTH / 2 {
            return self.grow(tape);
        }
        Ok(())
    }

    #[cold]
    fn grow(&mut self, tape: &Tape) -> Result<(), Refused> {
        let empty = zeroed::<[u32; WIDTH]>(2 * self.lines.len())?;
        let old = core::mem::replace(&mut self.lines, empty);
        for &held in old.iter().flatten().filter(|&&held| held != 0) {
            let position = held & POSITION;
            let signature = Signature::of(tape, tape.entry(position));
            if let Some(Err(vacancy)) = signature.map(|signature| self.find(tape, &signature)) {
                self.lines[vacancy.line][vacancy.slot] = vacancy.tag | position;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(tape: &Tape, position: u32) -> Signature {
        Signature::of(tape, tape.entry(position)).unwrap()
    }

    /// A table of all nodes of a tape that have a signature.
    fn table_of(tape: &Tape, room: usize) -> NodeTable {
        let mut table = NodeTable::with_room(room).unwrap();
        for (position, entry) in tape.entries().enumerate() {
            if let Some(signature) = Signature::of(tape, entry) {
                let vacancy = table.find(tape, &signature).unwrap_err();
                table.put(tape, vacancy, position as u32).unwrap();
            }
        }
        table
    }

    /// The mean number of lines searched to find a node.
    fn lines_searched(table: &NodeTable, tape: &Tape) -> f64 {
        let searched = |signature: Signature| {
            let hash = signature.hash();
            let is_there = |&held: &u32| held != 0 && held & !POSITION == (hash >> 32) as u32 & !POSITION;
            let mut lines = table.lines_of(tape, &signature, hash);
            lines.position(|line| table.lines[line].iter().any(is_there)).unwrap() + 1
        };
        let signatures = tape.entries().filter_map(|entry| Signature::of(tape, entry));
        signatures.map(searched).sum::<usize>() as f64 / table.held as f64
    }

    #[test]
    fn every_node_is_found_again_however_the_table_grew() {
        let tape = Tape::new(1 << 20, 0).unwrap();
        let (x, _) = tape.push_leaf(1.0);
        for k in 0..20_000 {
            let user = tape.push_op(Op::MulC, [f64::from(k), 0.0], &[x], 0.0);
            tape.push_op(Op::Sin, NO_IMM, &[user], 0.0);
        }
        for room in [0, 100, 40_000] {
            let table = table_of(&tape, room);
            for position in 1..tape.len() {
                assert_eq!(table.find(&tape, &signature(&tape, position)).unwrap(), position);
            }
            assert!(table.find(&tape, &Signature::new(Op::Cos, NO_IMM, [0; 3])).is_err());
        }
    }

    #[test]
    fn a_node_that_all_others_use_does_not_make_the_search_long() {
        let tape = Tape::new(1 << 20, 0).unwrap();
        let (x, _) = tape.push_leaf(1.0);
        for k in 0..100_000 {
            tape.push_op(Op::MulC, [f64::from(k), 0.0], &[x], 0.0);
        }
        let mean = lines_searched(&table_of(&tape, tape.len() as usize), &tape);
        assert!(mean < 9.0, "{mean} lines");
    }

    #[test]
    fn full_lines_in_a_row_are_not_searched_one_by_one() {
        // Two users of each leaf fill the lines of the leaves. Two more combine each leaf with a node that is the same
        // for all leaves.
        let tape = Tape::new(1 << 20, 0).unwrap();
        let leaves: Vec<_> = (0..20_000).map(|k| tape.push_leaf(f64::from(k)).0).collect();
        for &leaf in &leaves {
            tape.push_op(Op::Sin, NO_IMM, &[leaf], 0.0);
            tape.push_op(Op::Exp, NO_IMM, &[leaf], 0.0);
        }
        let shared = tape.push_op(Op::Cos, NO_IMM, &[leaves[0]], 0.0);
        for &leaf in &leaves {
            tape.push_op(Op::Mul, NO_IMM, &[leaf, shared], 0.0);
            tape.push_op(Op::Sub, NO_IMM, &[leaf, leaves[0]], 0.0);
        }
        let mean = lines_searched(&table_of(&tape, tape.len() as usize), &tape);
        assert!(mean < 5.0, "{mean} lines");
    }

    #[test]
    fn signatures_differ_by_op_operands_and_immediates_but_not_by_the_order_of_a_sum() {
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
