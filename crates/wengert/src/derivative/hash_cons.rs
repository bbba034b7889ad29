//! Hash-consing: finding nodes by what they compute, so that nothing is recorded twice.
//!
//! An ordinary hash table as large as a graph would miss the cache at every lookup, which costs more than the
//! rest of recording. But lookups are local: one rule after the other asks for users of nearby nodes on the
//! tape. So a node is searched for near the place of its latest operand, constants not counted. If that
//! operand has so many users that they fill their places, the search goes on anywhere in the table.

use alloc::vec::Vec;

use crate::op::{Encoding, Form, Imm, Op};
use crate::room::{Refused, zeroed};
use crate::tape::Tape;
use crate::tape::entry::Entry;
use crate::tape::view::View;

/// What a node computes: nodes with the same signature have the same value to the bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    /// The word of an entry with the op and the first two operands, and that with the operands exchanged if the op is
    /// symmetric: `x * y` and `y * x` are the same to the bit. The smaller is first.
    forms: [u64; 2],
    /// The third operand and the immediates. `None` if the op has neither: then an entry is compared by its word alone.
    rest: Option<[u64; 3]>,
    /// The latest of the operands that are not constants, else 0.
    latest: u32,
}

impl Signature {
    /// The signature of an op of one or two operands without immediates; a missing operand is 0.
    #[inline(always)]
    pub(crate) fn plain(view: View<'_>, op: Op, x: u32, y: u32) -> Signature {
        let form = |x, y| Entry::new(op, x, y, true, 0.0).form();
        let given = form(x, y);
        let exchanged = if op.is_symmetric() { form(y, x) } else { given };
        let forms = [given.min(exchanged), given.max(exchanged)];
        Signature { forms, rest: None, latest: unless_constant(view, x).max(unless_constant(view, y)) }
    }

    /// The signature of any op of up to three operands; missing ones are 0.
    pub(crate) fn new(view: View<'_>, op: Op, imm: Imm, [x, y, z]: [u32; 3]) -> Signature {
        let first = Signature::plain(view, op, x, y);
        let [c, p] = imm.map(f64::to_bits);
        Signature { rest: Some([z.into(), c, p]), latest: first.latest.max(unless_constant(view, z)), ..first }
    }

    /// Whether rules record the op. They record no n-ary op, and none with a constant: `bar * 2.0` is a product.
    #[inline(always)]
    pub(crate) fn is_for(op: Op) -> bool {
        !matches!(op.encoding(), Encoding::Source | Encoding::List)
            && !matches!(op.form(), Form::BeforeConstant | Form::AfterConstant)
    }

    /// The signature of a node on the tape; `None` if rules do not record its op.
    fn of(view: View<'_>, entry: Entry) -> Option<Signature> {
        let op = entry.op();
        if !Signature::is_for(op) {
            return None;
        }
        match op.encoding() {
            Encoding::Fixed { operands: 1 | 2, imms: 0 } => Some(Signature::plain(view, op, entry.a(), entry.b())),
            _ => {
                let (mut operands, mut count) = ([0; 3], 0);
                let imm = view.operands(entry, |x| {
                    operands[count] = x;
                    count += 1;
                });
                Some(Signature::new(view, op, imm, operands))
            }
        }
    }

    #[inline(always)]
    fn hash(&self) -> u64 {
        let rest = self.rest.map_or(0, |[z, c, p]| mixed(z ^ c ^ p.rotate_left(9)));
        mixed(self.forms[0] ^ rest)
    }

    /// Whether the node of an entry has this signature.
    #[inline(always)]
    fn is_of(&self, view: View<'_>, entry: Entry) -> bool {
        match self.rest {
            None => self.forms.contains(&entry.form()),
            Some(_) => Signature::of(view, entry) == Some(*self),
        }
    }
}

/// The position, or 0 if a constant is there.
#[inline(always)]
fn unless_constant(view: View<'_>, x: u32) -> u32 {
    if view.entry(x).code() == Op::Const.code() { 0 } else { x }
}

/// A hash of `x`: every bit of it depends on every bit of `x`.
#[inline(always)]
fn mixed(x: u64) -> u64 {
    let product = u128::from(x ^ 0x2d35_8dcc_aa6c_78a5) * 0x9e37_79b9_7f4a_7c15;
    (product >> 64) as u64 ^ product as u64
}

/// The number of slots that hold the users of half as many neighboring nodes.
const NEAR: usize = 64;

/// How many slots in a row are searched, first near the latest operand, then at each place that the hash chooses.
const STEPS: usize = 12;

/// The bits of a slot that hold a position. The other four are from the hash, so that a node with another signature is
/// rarely compared.
const POSITION: u32 = (1 << 28) - 1;

/// Positions of nodes by their signatures. The signatures themselves are read from the tape.
#[derive(Debug)]
pub(crate) struct NodeTable {
    /// Their number is a power of two. 0 is an empty slot: the first node of a tape has no operands.
    slots: Vec<u32>,
    held: usize,
}

/// The slot for a signature that was not found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vacancy {
    slot: usize,
    tag: u32,
}

impl NodeTable {
    /// An empty table with room for about this many nodes.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn with_room(nodes: usize) -> Result<NodeTable, Refused> {
        Ok(NodeTable { slots: zeroed((nodes + nodes / 2 + 1).next_power_of_two())?, held: 0 })
    }

    /// The slots where a signature with that hash may be, in the order in which they fill. Every slot is reached in the
    /// end, since `chosen` runs through all numbers of slots.
    #[inline(always)]
    fn slots_of(&self, signature: &Signature, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let mask = self.slots.len() - 1;
        let mut next = ((2 * signature.latest as usize) & !(NEAR - 1)) | (hash as usize & (NEAR - 1));
        let (mut left, mut chosen) = (STEPS, (hash >> 6) as usize);
        core::iter::from_fn(move || {
            if left == 0 {
                (next, left) = (chosen, STEPS);
                chosen = chosen.wrapping_mul(5).wrapping_add(1);
            }
            let slot = next & mask;
            (next, left) = (next.wrapping_add(1), left - 1);
            Some(slot)
        })
    }

    /// The position of the node with this signature, or the slot for it.
    #[inline(always)]
    pub(crate) fn find(&self, view: View<'_>, signature: &Signature) -> Result<u32, Vacancy> {
        let hash = signature.hash();
        let tag = (hash >> 32) as u32 & !POSITION;
        for slot in self.slots_of(signature, hash) {
            let held = self.slots[slot];
            if held == 0 {
                return Err(Vacancy { slot, tag });
            }
            let position = held & POSITION;
            if held & !POSITION == tag && signature.is_of(view, view.entry(position)) {
                return Ok(position);
            }
        }
        unreachable!("a quarter of the slots are empty")
    }

    /// Puts the node at `position` into the slot that [`NodeTable::find`] gave. No other node may have been put
    /// in between.
    ///
    /// # Errors
    /// [`Refused`]; the node is not there, so that there are always empty slots.
    #[inline(always)]
    pub(crate) fn put(&mut self, tape: &Tape, vacancy: Vacancy, position: u32) -> Result<(), Refused> {
        self.slots[vacancy.slot] = vacancy.tag | position;
        self.held += 1;
        if self.held > self.slots.len() / 4 * 3 {
            return self.grow(tape.view()).inspect_err(|_| {
                self.slots[vacancy.slot] = 0;
                self.held -= 1;
            });
        }
        Ok(())
    }

    /// Adds the node at `position`, unless there is one with its signature.
    ///
    /// # Errors
    /// As [`NodeTable::put`].
    #[inline(always)]
    pub(crate) fn add(
        &mut self,
        tape: &Tape,
        view: &View<'_>,
        signature: &Signature,
        position: u32,
    ) -> Result<(), Refused> {
        match self.find(*view, signature) {
            Ok(_) => Ok(()),
            Err(vacancy) => self.put(tape, vacancy, position),
        }
    }

    /// As [`NodeTable::add`], for any node: one that has no signature is left out.
    #[inline(never)]
    pub(crate) fn add_any(&mut self, tape: &Tape, view: &View<'_>, position: u32) -> Result<(), Refused> {
        match Signature::of(*view, view.entry(position)) {
            Some(signature) => self.add(tape, view, &signature, position),
            None => Ok(()),
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, view: View<'_>) -> Result<(), Refused> {
        let empty = zeroed(2 * self.slots.len())?;
        let old = core::mem::replace(&mut self.slots, empty);
        for position in old.into_iter().filter(|&held| held != 0).map(|held| held & POSITION) {
            let signature = Signature::of(view, view.entry(position));
            if let Some(Err(vacancy)) = signature.map(|signature| self.find(view, &signature)) {
                self.slots[vacancy.slot] = vacancy.tag | position;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::NO_IMM;

    fn signature(tape: &Tape, position: u32) -> Option<Signature> {
        Signature::of(tape.view(), tape.entry(position))
    }

    /// A table of all nodes of a tape that have a signature.
    fn table_of(tape: &Tape, room: usize) -> NodeTable {
        let mut table = NodeTable::with_room(room).unwrap();
        (0..tape.len()).for_each(|position| table.add_any(tape, &tape.view(), position).unwrap());
        assert_eq!(table.held, (0..tape.len()).filter_map(|position| signature(tape, position)).count());
        table
    }

    /// The mean number of slots searched to find a node.
    fn slots_searched(table: &NodeTable, tape: &Tape) -> f64 {
        let searched = |position| {
            let signature = signature(tape, position)?;
            let mut slots = table.slots_of(&signature, signature.hash());
            slots.position(|slot| table.slots[slot] & POSITION == position).map(|before| before + 1)
        };
        (0..tape.len()).filter_map(searched).sum::<usize>() as f64 / table.held as f64
    }

    #[test]
    fn every_node_is_found_again_however_the_table_grew() {
        let tape = Tape::new(1 << 20, 0).unwrap();
        let (x, _) = tape.push_leaf(1.0);
        for k in 0..20_000 {
            let user = tape.push_op(Op::Gauss, [f64::from(k), 0.0], &[x], 0.0);
            tape.push_op(Op::Sin, NO_IMM, &[user], 0.0);
        }
        for room in [0, 100, 40_000] {
            let table = table_of(&tape, room);
            for position in 1..tape.len() {
                assert_eq!(table.find(tape.view(), &signature(&tape, position).unwrap()).unwrap(), position);
            }
            assert!(table.find(tape.view(), &Signature::plain(tape.view(), Op::Cos, 0, 0)).is_err());
        }
    }

    #[test]
    fn a_node_that_all_others_use_does_not_make_the_search_long() {
        let tape = Tape::new(1 << 20, 0).unwrap();
        let (x, _) = tape.push_leaf(1.0);
        for k in 0..100_000 {
            tape.push_op(Op::Gauss, [f64::from(k), 0.0], &[x], 0.0);
        }
        let mean = slots_searched(&table_of(&tape, tape.len() as usize), &tape);
        assert!(mean < 30.0, "{mean} slots");
    }

    #[test]
    fn full_places_in_a_row_are_not_searched_one_by_one() {
        // Each leaf has as many users as it has places. Two more combine it with a node that is the same for all
        // leaves.
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
        let mean = slots_searched(&table_of(&tape, tape.len() as usize), &tape);
        assert!(mean < 15.0, "{mean} slots");
    }

    #[test]
    fn signatures_differ_by_op_operands_and_immediates_but_not_by_the_order_of_a_sum() {
        let tape = Tape::new(10, 0).unwrap();
        let leaves: Vec<_> = (0..5).map(|k| tape.push_leaf(f64::from(k)).0).collect();
        let view = tape.view();
        let of = |op, x, y| Signature::plain(view, op, x, y);
        assert_eq!(of(Op::Add, 3, 4), of(Op::Add, 4, 3));
        assert_eq!(of(Op::Gmul, 3, 4), of(Op::Gmul, 4, 3));
        assert_ne!(of(Op::Sub, 3, 4), of(Op::Sub, 4, 3));
        assert_ne!(of(Op::Add, 3, 4), of(Op::Mul, 3, 4));
        let with_zero = |c| Signature::new(view, Op::AddC, [c, 0.0], [3, 0, 0]);
        assert_ne!(with_zero(0.0), with_zero(-0.0));
        let mul_add = |z| Signature::new(view, Op::MulAdd, NO_IMM, [1, 2, z]);
        assert_ne!(mul_add(3), mul_add(4));
        tape.push_op(Op::Sum, NO_IMM, &leaves, 10.0);
        assert!((0..tape.len()).all(|position| signature(&tape, position).is_none()));
    }
}
