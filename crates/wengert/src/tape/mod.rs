//! The tape: a Wengert list of 16-byte entries, with side pools for what does not fit in an entry.
//!
//! An entry is its value and a word of four fields. From the lowest bit: 7 bits for the code of the op,
//! 1 bit for "wants no gradient", 28 bits for `b`, 28 bits for `a`. So the lowest byte alone tells a
//! reverse sweep what to do, and `a`, which nearly all entries have, needs no mask.
//!
//! One or two operands fit in `a` and `b`. Third operands and the operands of n-ary ops are in a pool of
//! lists. Immediates are in a pool of their own, except a single short one, which is in the entry:
//!
//! | operands | immediates | `a` | `b` |
//! |--|--|--|--|
//! | 1 | 0 | x | |
//! | 1 | 1 | x | the immediate, or its place |
//! | 1 | 2 | x | where the immediates start |
//! | 2 | 0 | x | y |
//! | 2 | 2 | x | where this list starts: y, the place of the immediates |
//! | 3 | 0 | x | where this list starts: y, z |
//! | n-ary | 0 | where the list starts | its length |
//! | external | 0 | where the list starts, which ends with what [`calls`] says | its length |
//!
//! [`view`] reads all of this.

pub(crate) mod calls;
pub(crate) mod entry;
pub(crate) mod list;
pub(crate) mod view;

use core::cell::Cell;

use crate::error::{Error, expect};
use crate::op::{Encoding, Imm, Op};
use crate::tape::calls::Functions;
use crate::tape::entry::{Constant, Entry, Handle, MAX_NODES, Stored};
use crate::tape::list::GrowList;
use crate::tape::view::View;

/// The places of recently stored numbers, looked up by a hash of their bits. A place may be out of date, so the reader
/// checks that it still holds the number.
#[derive(Debug)]
struct RecentCache([Cell<u32>; 64]);

impl RecentCache {
    const fn new() -> RecentCache {
        RecentCache([const { Cell::new(0) }; 64])
    }

    #[inline(always)]
    fn place(&self, bits: u64) -> &Cell<u32> {
        &self.0[(bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58) as usize]
    }
}

/// The place for an entry, and its position.
pub(crate) type Vacant<'t> = (&'t Cell<Stored>, usize);

/// The first slice of entries, and how many entries there are.
pub(crate) type Cells<'t> = (&'t [Cell<Stored>], usize);

/// The entries and their side pools.
#[derive(Debug)]
pub(crate) struct Tape {
    entries: GrowList<Stored>,
    lists: GrowList<u32>,
    imms: GrowList<f64>,
    /// The entries below this are leaves and constants.
    sources: Cell<u32>,
    /// The position of the first leaf, or `u32::MAX` if there is none.
    first_leaf: Cell<u32>,
    constants: RecentCache,
    recent: RecentCache,
    pub(crate) functions: Functions,
}

/// How long a tape was at some time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) entries: u32,
    lists: u32,
    imms: u32,
    functions: u32,
    partials: u32,
}

impl Tape {
    /// An empty tape of at most `limit` entries, with room for `capacity`.
    pub(crate) fn new(limit: usize, capacity: usize) -> Result<Tape, Error> {
        let limit = limit.min(MAX_NODES);
        Ok(Tape {
            entries: GrowList::with_capacity(limit, capacity)?,
            lists: GrowList::new(MAX_NODES, limit),
            imms: GrowList::new(Constant::MOST, limit),
            sources: Cell::new(0),
            first_leaf: Cell::new(u32::MAX),
            constants: RecentCache::new(),
            recent: RecentCache::new(),
            functions: Functions::new(limit),
        })
    }

    pub(crate) fn limit(&self) -> usize {
        self.entries.limit()
    }

    /// How many entries fit before the tape grows.
    pub(crate) fn capacity(&self) -> usize {
        self.entries.capacity()
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> u32 {
        self.entries.len() as u32
    }

    /// The entry at `position`, which must be below [`Tape::len`].
    #[inline(always)]
    pub(crate) fn entry(&self, position: u32) -> Entry {
        Entry::from(self.entries.slice()[position as usize].get())
    }

    /// Frees the slices that the lists outgrew, and makes the lists ready to be written to.
    #[inline(always)]
    pub(crate) fn consolidate(&mut self) {
        self.entries.consolidate();
        self.lists.consolidate();
        self.imms.consolidate();
        self.functions.consolidate();
    }

    /// Writes the value of an entry.
    pub(crate) fn write(&mut self, position: u32, value: f64) {
        self.consolidate();
        let cell = &self.entries.slice()[position as usize];
        cell.set(Entry::from(cell.get()).with(value));
    }

    /// The entries below this are leaves and constants.
    pub(crate) fn sources(&self) -> u32 {
        self.sources.get()
    }

    /// The position of the first leaf, or `u32::MAX` if there is none.
    pub(crate) fn first_leaf(&self) -> u32 {
        self.first_leaf.get()
    }

    /// The bytes that entries, lists, immediates and partials of statements take.
    pub(crate) fn bytes(&self) -> usize {
        self.entries.len() * size_of::<Stored>()
            + self.lists.len() * size_of::<u32>()
            + self.imms.len() * size_of::<f64>()
            + self.functions.bytes()
    }

    /// Makes room for an entry of `op` with `count` operands, in the side pools too.
    #[inline(always)]
    pub(crate) fn make_room(&self, op: Op, count: usize) -> Result<(), Error> {
        let (lists, imms) = match op.encoding() {
            Encoding::Source | Encoding::Fixed { operands: 1 | 2, imms: 0 } => (0, 0),
            Encoding::Fixed { operands: 1, imms } => (0, imms.into()),
            Encoding::Fixed { operands, imms } => (operands.into(), imms.into()),
            // Even an empty list needs a place to start.
            Encoding::List => (count.max(1), 0),
        };
        self.entries.reserve(1)?;
        self.lists.reserve(lists)?;
        self.imms.reserve(imms)
    }

    /// Checks that `entries` more may be added, and makes room for the first of them.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::OutOfMemory`].
    pub(crate) fn allow(&self, entries: usize) -> Result<(), Error> {
        self.entries.allow(entries)?;
        self.entries.reserve(1)
    }

    #[inline(always)]
    #[track_caller]
    fn push(&self, entry: Entry) -> u32 {
        self.entries.push(entry.with(entry.value)) as u32
    }

    /// Appends a leaf. Returns the value too, so that the caller need not keep it across the call that makes room.
    /// Otherwise the compiler would spill it to memory, even where that call is not made.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn push_leaf(&self, value: f64) -> (Handle, f64) {
        match self.entries.vacant() {
            Some(vacant) => (self.occupy_leaf(vacant, value), value),
            None => self.push_leaf_growing(value),
        }
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn push_leaf_growing(&self, value: f64) -> (Handle, f64) {
        expect(self.entries.reserve(1));
        let vacant = self.entries.vacant().expect("there is room");
        (self.occupy_leaf(vacant, value), value)
    }

    #[inline(always)]
    fn occupy_leaf(&self, vacant: (&Cell<Stored>, usize), value: f64) -> Handle {
        let index = self.entries.occupy(vacant, Entry::stored(Op::Leaf, 0, 0, true, value)) as u32;
        self.note_source(index);
        if index < self.first_leaf.get() {
            self.first_leaf.set(index);
        }
        Handle::new(index, true)
    }

    #[inline(always)]
    fn note_source(&self, index: u32) {
        if self.sources.get() == index {
            self.sources.set(index + 1);
        }
    }

    /// A constant of this value. One that was used recently is used again.
    #[inline]
    #[track_caller]
    pub(crate) fn constant(&self, value: f64) -> Handle {
        match self.known_constant(value) {
            Some(known) => known,
            None => self.push_constant(value),
        }
    }

    /// As [`Tape::constant`], with an error if the tape is full.
    pub(crate) fn try_constant(&self, value: f64) -> Result<Handle, Error> {
        if let Some(known) = self.known_constant(value) {
            return Ok(known);
        }
        self.entries.reserve(1)?;
        Ok(self.push_constant(value))
    }

    /// A constant of this value that was used recently.
    #[inline]
    pub(crate) fn known_constant(&self, value: f64) -> Option<Handle> {
        let bits = value.to_bits();
        let place = self.constants.place(bits).get();
        let entry: Entry = self.entries.get(place as usize)?.into();
        let same = entry.code() == Op::Const.code() && entry.value.to_bits() == bits;
        same.then(|| Handle::new(place, false))
    }

    /// A constant of this value, as a node of its own.
    #[inline]
    #[track_caller]
    pub(crate) fn push_constant(&self, value: f64) -> Handle {
        let index = self.push(Entry::new(Op::Const, 0, 0, false, value));
        self.note_source(index);
        self.constants.place(value.to_bits()).set(index);
        Handle::new(index, false)
    }

    /// Appends an op of one operand in the usual case: the op passes gradients, its operand wants one, and there is
    /// room. Every other case returns `None`, so that the caller has a single slow path. If several slow calls returned
    /// to the fast path, it would have to keep its values in memory.
    #[inline(always)]
    pub(crate) fn try_unary(&self, op: Op, x: Handle, value: f64) -> Option<Handle> {
        if op.stops_gradient() || !x.wants() {
            return None;
        }
        if let Some(vacant) = self.entries.vacant() {
            return Some(self.occupy(vacant, op, x, 0, value));
        }
        None
    }

    /// As [`Tape::try_unary`].
    #[inline(always)]
    pub(crate) fn try_binary(&self, op: Op, x: Handle, y: Handle, value: f64) -> Option<Handle> {
        if op.stops_gradient() || !x.both_want(y) {
            return None;
        }
        if let Some(vacant) = self.entries.vacant() {
            return Some(self.occupy(vacant, op, x, y.position_if_wanting(), value));
        }
        None
    }

    /// As [`Tape::try_unary`], for an op with one immediate.
    #[inline(always)]
    pub(crate) fn try_with_constant(&self, op: Op, x: Handle, c: f64, value: f64) -> Option<Handle> {
        if !x.wants() {
            return None;
        }
        if let Some(vacant) = self.entries.vacant()
            && let Some(place) = self.try_place_constant(c)
        {
            return Some(self.occupy(vacant, op, x, place, value));
        }
        None
    }

    /// The number as the field of an entry. `None` if it must go into the pool and the pool has no free place.
    #[inline(always)]
    pub(crate) fn try_place_constant(&self, c: f64) -> Option<u32> {
        match Constant::short(c) {
            Some(short) => Some(short),
            None => Some(Constant::pooled(self.imms.occupy(self.imms.vacant()?, c))),
        }
    }

    /// Writes an op that wants a gradient, as its operand `x` does. `b` is the second operand, or the
    /// place of the immediate.
    #[inline(always)]
    fn occupy(&self, vacant: (&Cell<Stored>, usize), op: Op, x: Handle, b: u32, value: f64) -> Handle {
        let entry = Entry::stored(op, x.position_if_wanting(), b, true, value);
        Handle::new(self.entries.occupy(vacant, entry) as u32, true)
    }

    /// The first slice of entries, and how many entries there are.
    #[inline(always)]
    pub(crate) fn cells(&self) -> Cells<'_> {
        (self.entries.first(), self.entries.len())
    }

    /// The place for the next entry. `None` if there is no room.
    #[inline(always)]
    pub(crate) fn vacant(&self) -> Option<Vacant<'_>> {
        self.entries.vacant()
    }

    /// Appends an entry, and returns its position.
    #[inline(always)]
    pub(crate) fn append(&self, vacant: Vacant<'_>, entry: Stored) -> u32 {
        self.entries.occupy(vacant, entry) as u32
    }

    /// Appends any op, with as many operands as it takes.
    ///
    /// # Panics
    /// If the tape or a side pool is full.
    #[track_caller]
    pub(crate) fn push_op(&self, op: Op, imm: Imm, operands: &[Handle], value: f64) -> Handle {
        let wants = !op.stops_gradient() && operands.iter().any(|x| x.wants());
        let (a, b) = match (op.encoding(), operands) {
            (Encoding::Fixed { imms: 0, .. }, &[x]) => (x.index(), 0),
            (Encoding::Fixed { imms: 0, .. }, &[x, y]) => (x.index(), y.index()),
            (Encoding::Fixed { imms, .. }, &[x]) => (x.index(), self.place_imms(imm, imms)),
            (Encoding::Fixed { imms, .. }, &[x, y]) => {
                let imm = self.place_imms(imm, imms);
                (x.index(), self.place_list(&[y], Some(imm)))
            }
            (Encoding::List, _) => (self.place_list(operands, None), operands.len() as u32),
            (_, &[x, ref rest @ ..]) => (x.index(), self.place_list(rest, None)),
            (_, &[]) => (0, 0),
        };
        Handle::new(self.push(Entry::new(op, a, b, wants, value)), wants)
    }

    fn place_list(&self, operands: &[Handle], last: Option<u32>) -> u32 {
        expect(self.lists.reserve(operands.len() + 1));
        let start = self.lists.len();
        for place in operands.iter().map(|x| x.index()).chain(last) {
            self.lists.push(place);
        }
        start as u32
    }

    /// Writes some operands of an n-ary op, starting with its operand number `from`, to where [`Tape::push_fold`] will
    /// find them. There must be room. Returns whether one of them wants a gradient.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn write_operands(&self, from: usize, operands: impl ExactSizeIterator<Item = Handle>) -> bool {
        let cells = self.lists.spare(from + operands.len());
        debug_assert_eq!(cells.len(), from + operands.len(), "there is room");
        let mut wants = false;
        for (cell, operand) in cells[from.min(cells.len())..].iter().zip(operands) {
            cell.set(operand.index());
            wants |= operand.wants();
        }
        wants
    }

    /// Appends an n-ary op of the `count` operands written by [`Tape::write_operands`].
    #[inline(always)]
    #[track_caller]
    pub(crate) fn push_fold(&self, op: Op, count: usize, wants: bool, value: f64) -> Handle {
        let start = self.lists.len() as u32;
        let wants = wants && !op.stops_gradient();
        let index = self.push(Entry::new(op, start, count as u32, wants, value));
        self.lists.advance(count);
        Handle::new(index, wants)
    }

    /// The number as the field of an entry: see [`Constant`].
    #[inline(always)]
    fn place_constant(&self, c: f64) -> u32 {
        match Constant::short(c) {
            Some(short) => short,
            None => Constant::pooled(self.imms.push(c)),
        }
    }

    fn place_imms(&self, imm: Imm, count: u8) -> u32 {
        if count == 1 {
            return self.place_constant(imm[0]);
        }
        let [c, p] = imm.map(f64::to_bits);
        let recent = self.recent.place(c.rotate_left(7) ^ p);
        let place = recent.get() as usize;
        let there = [place, place + 1].map(|place| self.imms.get(place).map(f64::to_bits));
        if there == [Some(c), Some(p)] {
            return place as u32;
        }
        expect(self.imms.reserve(2));
        let place = self.imms.push(imm[0]) as u32;
        self.imms.push(imm[1]);
        recent.set(place);
        place
    }

    /// A view of the tape as it is now.
    #[inline(always)]
    pub(crate) fn view(&self) -> View<'_> {
        View { entries: self.entries.slice(), lists: self.lists.room(), imms: self.imms.room() }
    }

    /// Passes the operands of an entry to `each` in order, and returns its immediates.
    pub(crate) fn operands(&self, entry: Entry, each: impl FnMut(u32)) -> Imm {
        self.view().operands(entry, each)
    }

    pub(crate) fn extent(&self) -> Extent {
        Extent {
            entries: self.len(),
            lists: self.lists.len() as u32,
            imms: self.imms.len() as u32,
            functions: self.functions.count(),
            partials: self.functions.partials(),
        }
    }

    /// Drops everything appended since `extent` was taken. No value may have been overwritten since then.
    pub(crate) fn undo(&self, extent: Extent) {
        self.entries.truncate(extent.entries as usize);
        self.lists.truncate(extent.lists as usize);
        self.imms.truncate(extent.imms as usize);
        self.functions.truncate(extent.functions, extent.partials);
        self.sources.set(self.sources.get().min(extent.entries));
        if self.first_leaf.get() >= extent.entries {
            self.first_leaf.set(u32::MAX);
        }
    }

    /// Drops everything appended since `extent` was taken. Keeps the memory.
    pub(crate) fn truncate(&mut self, extent: Extent) {
        self.consolidate();
        self.undo(extent);
    }

    /// Drops everything. Keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.consolidate();
        self.entries.clear();
        self.lists.clear();
        self.imms.clear();
        self.functions.truncate(0, 0);
        *self.sources.get_mut() = 0;
        *self.first_leaf.get_mut() = u32::MAX;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_is_read_as_it_was_placed() {
        let tape = Tape::new(1 << 20, 0).unwrap();
        let short = [0.0, -0.0, 0.5, -2.0, 100.0, 65535.0, 1e-300, f64::INFINITY, f64::NAN, 2f64.powi(-1022)];
        let long = [0.1, 131071.0, 1e-300 / 3.0, f64::MAX, f64::MIN_POSITIVE / 2.0 * 1.5, f64::from_bits(1)];
        let numbers = short.map(|c| f64::from_bits(c.to_bits() >> 37 << 37));
        for c in numbers.into_iter().chain(long) {
            let (x, _) = tape.push_leaf(1.0);
            // The slow path, which makes room, and the fast one.
            let slow = tape.push_op(Op::MulC, [c, 0.0], &[x], c);
            let fast = tape.try_with_constant(Op::MulC, x, c, c).expect("there is room");
            for node in [slow, fast] {
                let imm = tape.operands(tape.entry(node.index()), |operand| assert_eq!(operand, x.index()));
                assert_eq!(imm.map(f64::to_bits), [c.to_bits(), 0], "{c:?}");
            }
        }
        assert!(Constant::short(0.1).is_none() && Constant::short(-0.75).is_some());
        assert_eq!(tape.imms.len(), 10, "short numbers are not pooled");
    }

    #[test]
    fn what_the_fast_path_refuses_leaves_nothing_behind() {
        let tape = Tape::new(2, 2).unwrap();
        let (x, _) = tape.push_leaf(1.0);
        let constant = tape.constant(2.0);
        let sizes = || (tape.len(), tape.imms.len(), tape.lists.len());
        let before = sizes();
        assert_eq!(tape.try_unary(Op::Sin, x, 0.0), None, "no room");
        assert_eq!(tape.try_binary(Op::Mul, x, x, 1.0), None, "no room");
        assert_eq!(tape.try_with_constant(Op::MulC, x, 0.1, 0.1), None, "no room");
        assert_eq!(sizes(), before);

        let tape = Tape::new(1 << 20, 8).unwrap();
        let (x, _) = tape.push_leaf(1.0);
        let sizes = || (tape.len(), tape.imms.len(), tape.lists.len());
        let before = sizes();
        assert_eq!(tape.try_with_constant(Op::MulC, x, 0.1, 0.1), None, "no room for it in the pool");
        assert_eq!(tape.try_unary(Op::Sin, constant, 0.0), None, "no gradient is wanted");
        assert_eq!(tape.try_binary(Op::Mul, x, constant, 1.0), None, "not both operands want one");
        assert_eq!(tape.try_unary(Op::Detach, x, 1.0), None, "no gradient passes");
        assert_eq!(sizes(), before);
    }
}
