//! Hash-consing: finding nodes by what they compute, so that nothing is recorded twice.
//!
//! An ordinary hash table as large as a graph would miss the cache at every lookup, which costs more than the
//! rest of recording. But lookups are local: one rule after the other asks for users of nearby nodes on the
//! tape. So a node is searched for at the place of its latest operand, constants not counted. If that operand
//! has more users, the search goes on near that place, and then anywhere in the table.

use alloc::vec::Vec;
use core::ops::Range;

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
    pub(crate) fn plain(op: Op, x: u32, y: u32, latest: u32) -> Signature {
        let form = |x, y| Entry::new(op, x, y, true, 0.0).form();
        let given = form(x, y);
        let exchanged = if op.is_symmetric() { form(y, x) } else { given };
        Signature { forms: [given.min(exchanged), given.max(exchanged)], rest: None, latest }
    }

    /// As [`Signature::plain`], with the latest operand looked up.
    #[inline(always)]
    fn plain_on(view: View<'_>, op: Op, x: u32, y: u32) -> Signature {
        let latest = match unless_constant(view, x.max(y)) {
            0 => unless_constant(view, x.min(y)),
            latest => latest,
        };
        Signature::plain(op, x, y, latest)
    }

    /// The signature of any op of up to three operands; missing ones are 0.
    pub(crate) fn new(view: View<'_>, op: Op, imm: Imm, [x, y, z]: [u32; 3]) -> Signature {
        let first = Signature::plain_on(view, op, x, y);
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
            Encoding::Fixed { operands: 1 | 2, imms: 0 } => Some(Signature::plain_on(view, op, entry.a(), entry.b())),
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

/// The number of slots for the users of one node. They fill in order, not as the hash says, so that the search goes as
/// it went for nodes before, which processors predict.
const OWN: usize = 2;

/// The number of slots near those of a node where the hash chooses a place for more users.
const NEAR: usize = 64;

/// How many slots in a row are searched at each place that the hash chooses, first near the latest operand.
const STEPS: usize = 12;

/// The bits of a slot that hold a position. The other four are from the hash, so that a node with another signature is
/// rarely compared.
const POSITION: u32 = (1 << 28) - 1;

/// Positions of nodes by their signatures. The signatures themselves are read from the tape.
///
/// Of the function's nodes, only those of the usual ops are put into it at once. (Most others are of ops that no rule
/// records: the rules of products and exponentials record guarded products.) The rest follow if one of their ops is asked
/// for.
#[derive(Debug)]
pub(crate) struct NodeTable {
    /// Their number is a power of two. 0 is an empty slot: the first node of a tape has no operands.
    slots: Vec<u32>,
    held: usize,
    /// The nodes of the function that have their values.
    function: Range<u32>,
    /// For the code of each op: whether the function has nodes of it that are not in the table.
    missing: [bool; 1 << 7],
}

/// Whether nearly all gradients record the op.
#[inline(always)]
fn is_usual(op: Op) -> bool {
    matches!(op, Op::Add | Op::Gmul | Op::Neg)
}

/// How many slots are made for this many nodes.
fn slots_for(nodes: usize) -> usize {
    (nodes + nodes / 2 + 4).next_power_of_two()
}

/// The slot for a signature that was not found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vacancy {
    slot: usize,
    tag: u32,
}

impl NodeTable {
    /// An empty table with room for about this many nodes. The nodes of the function at these positions have their
    /// values.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn with_room(nodes: usize, function: Range<u32>) -> Result<NodeTable, Refused> {
        Ok(NodeTable { slots: zeroed(slots_for(nodes))?, held: 0, function, missing: [false; 1 << 7] })
    }

    /// Makes room for about this many nodes in all.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn reserve(&mut self, view: View<'_>, nodes: usize) -> Result<(), Refused> {
        match slots_for(nodes) {
            slots if slots > self.slots.len() => self.grow(view, slots),
            _ => Ok(()),
        }
    }

    /// Adds a node of the function, or notes that it is missing.
    ///
    /// # Errors
    /// [`Refused`].
    #[inline(always)]
    pub(crate) fn meet(&mut self, view: View<'_>, entry: Entry, position: u32) -> Result<(), Refused> {
        let op = entry.op();
        if !is_usual(op) {
            self.missing[usize::from(entry.code())] = true;
        } else if position >= self.function.start {
            self.add(view, &Signature::plain_on(view, op, entry.a(), entry.b()), position)?;
        }
        Ok(())
    }

    /// Whether a node of the op can be searched for and put into the table: nothing is to be done first by
    /// [`NodeTable::complete`] and [`NodeTable::make_room`].
    #[inline(always)]
    pub(crate) fn is_ready(&self, op: Op) -> bool {
        !self.missing[usize::from(op.code())] && !self.is_full()
    }

    /// Adds what is missing, if the op is among it.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn complete(&mut self, tape: &Tape, op: Op) -> Result<(), Refused> {
        match self.missing[usize::from(op.code())] {
            true => self.add_missing(tape),
            false => Ok(()),
        }
    }

    fn add_missing(&mut self, tape: &Tape) -> Result<(), Refused> {
        let (missing, view) = (self.missing, tape.view());
        let is_missing = |&position: &u32| missing[usize::from(view.entry(position).code())];
        self.function.clone().filter(is_missing).try_for_each(|position| self.add_any(view, position))?;
        self.missing = [false; 1 << 7];
        Ok(())
    }

    /// Adds the nodes from a position on, after all of the function.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn add_from(&mut self, tape: &Tape, start: u32) -> Result<(), Refused> {
        self.add_missing(tape)?;
        (start..tape.len()).try_for_each(|position| self.add_any(tape.view(), position))
    }

    /// The slots where a signature with that hash may be, in the order in which they fill. Every slot is reached in the
    /// end, since `chosen` runs through all numbers of slots.
    #[inline(always)]
    fn slots_of(&self, signature: &Signature, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let (mask, hash) = (self.slots.len() - 1, hash as usize);
        let mut next = OWN * signature.latest as usize;
        let (mut left, mut chosen) = (OWN, (next & !(NEAR - 1)) | (hash & (NEAR - 1)));
        core::iter::from_fn(move || {
            if left == 0 {
                (next, left) = (chosen, STEPS);
                chosen = chosen.wrapping_mul(5).wrapping_add(hash | 1);
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

    #[inline(always)]
    fn is_full(&self) -> bool {
        self.held >= self.slots.len() / 4 * 3
    }

    /// Makes room for a node.
    ///
    /// # Errors
    /// [`Refused`].
    #[inline(always)]
    pub(crate) fn make_room(&mut self, view: View<'_>) -> Result<(), Refused> {
        match self.is_full() {
            true => self.grow(view, 2 * self.slots.len()),
            false => Ok(()),
        }
    }

    /// Puts the node at `position` into the slot that [`NodeTable::find`] gave. No other node may have been put
    /// in between, and the table must not be full, so that there are always empty slots.
    #[inline(always)]
    pub(crate) fn put(&mut self, vacancy: Vacancy, position: u32) {
        self.slots[vacancy.slot] = vacancy.tag | position;
        self.held += 1;
    }

    /// Adds the node at `position`, unless there is one with its signature.
    ///
    /// # Errors
    /// [`Refused`].
    #[inline(always)]
    pub(crate) fn add(&mut self, view: View<'_>, signature: &Signature, position: u32) -> Result<(), Refused> {
        self.make_room(view)?;
        if let Err(vacancy) = self.find(view, signature) {
            self.put(vacancy, position);
        }
        Ok(())
    }

    /// As [`NodeTable::add`], for any node: one that has no signature is left out.
    #[inline(never)]
    fn add_any(&mut self, view: View<'_>, position: u32) -> Result<(), Refused> {
        match Signature::of(view, view.entry(position)) {
            Some(signature) => self.add(view, &signature, position),
            None => Ok(()),
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, view: View<'_>, slots: usize) -> Result<(), Refused> {
        let empty = zeroed(slots)?;
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
        let mut table = NodeTable::with_room(room, 0..0).unwrap();
        (0..tape.len()).for_each(|position| table.add_any(tape.view(), position).unwrap());
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
            assert!(table.find(tape.view(), &Signature::plain(Op::Cos, 0, 0, 0)).is_err());
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
        let of = |op, x, y| Signature::plain_on(view, op, x, y);
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
