//! The tape: a Wengert list of 16-byte entries, and the side pools of what few entries have. Read
//! [`crate::generation`] for how keys are checked, [`crate::sweep`] for what walks the tape.
//!
//! An entry is its value and a word of four fields, from the lowest bit: `a` 28 bits, `b` 28, op 7,
//! wants-gradient 1, so that the top byte says at once what a reverse sweep has to do.
//! One or two operands stand in `a` and `b`. Immediates stand in a pool of their own, third
//! operands and the operands of n-ary ops in a pool of lists:
//!
//! | operands | immediates | `a` | `b` |
//! |--|--|--|--|
//! | 1 | no | x | |
//! | 1 | yes | x | where the immediates start |
//! | 2 | no | x | y |
//! | 2 | yes | x | list: y, where the immediates start |
//! | 3 | no | x | list: y, z |
//! | n-ary | no | where the list starts | its length |

use crate::error::{Error, expect};
use crate::op::{Imm, Layout, NO_IMM, Op};

/// The most nodes that the 28 bits of an operand can tell apart.
pub(crate) const MAX_NODES: usize = 1 << 28;

const MASK: u64 = (1 << 28) - 1;
const WANTS: u64 = 1 << 63;

/// A node as it is stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) value: f64,
    word: u64,
}

const _: () = assert!(size_of::<Entry>() == 16);

impl Entry {
    /// An entry of these fields; `a` may carry the wants-gradient bit of its handle.
    #[inline(always)]
    fn new(op: Op, a: Handle, b: u32, wants: u64, value: f64) -> Entry {
        Entry {
            value,
            word: a.0 | u64::from(b) << 28 | (op as u64) << 56 | wants,
        }
    }

    /// The number of the op, and 128 more where the entry wants a gradient.
    #[inline(always)]
    pub(crate) fn top(self) -> u8 {
        (self.word >> 56) as u8
    }

    #[inline(always)]
    pub(crate) fn op_bits(self) -> u8 {
        self.top() & 0x7f
    }

    #[inline(always)]
    pub(crate) fn op(self) -> Op {
        Op::from_bits(self.op_bits())
    }

    #[inline(always)]
    pub(crate) fn wants(self) -> bool {
        self.word & WANTS != 0
    }

    #[inline(always)]
    pub(crate) fn a(self) -> u32 {
        (self.word & MASK) as u32
    }

    #[inline(always)]
    pub(crate) fn b(self) -> u32 {
        (self.word >> 28 & MASK) as u32
    }

    /// Whether the value is given from outside rather than computed.
    #[inline(always)]
    pub(crate) fn is_source(self) -> bool {
        self.op_bits() <= Op::Const as u8
    }
}

/// Where an entry stands, and whether it wants a gradient: what recording needs of an operand.
/// The bits are where an entry's word has them, so recording is a few shifts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handle(u64);

impl Handle {
    /// What stands nowhere.
    pub(crate) const NONE: Handle = Handle(0);

    #[inline(always)]
    pub(crate) fn new(index: u32, wants: bool) -> Handle {
        Handle(u64::from(index) | u64::from(wants) << 63)
    }

    #[inline(always)]
    fn of(index: u32, wants: u64) -> Handle {
        Handle(u64::from(index) | wants)
    }

    #[inline(always)]
    pub(crate) fn index(self) -> u32 {
        self.0 as u32
    }

    /// The wants-gradient bit, in its place.
    #[inline(always)]
    fn wants(self) -> u64 {
        self.0 & WANTS
    }
}

/// Where numbers were put lately, by their bits. An entry may be out of date: whoever reads it
/// checks that the place still holds the number.
#[derive(Debug)]
struct Lately([u32; 64]);

impl Lately {
    #[inline(always)]
    fn place(&mut self, bits: u64) -> &mut u32 {
        &mut self.0[(bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58) as usize]
    }
}

/// The entries and their side pools.
#[derive(Debug)]
pub(crate) struct Tape {
    pub(crate) entries: Vec<Entry>,
    lists: Vec<u32>,
    imms: Vec<f64>,
    limit: usize,
    /// The entries below this are leaves and constants.
    pub(crate) sources: u32,
    /// Where the first leaf stands; `u32::MAX` without one.
    pub(crate) first_leaf: u32,
    constants: Lately,
    lately: Lately,
}

/// How long a tape was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) entries: u32,
    lists: u32,
    imms: u32,
}

impl Tape {
    pub(crate) fn new(limit: usize) -> Tape {
        Tape {
            entries: Vec::new(),
            lists: Vec::new(),
            imms: Vec::new(),
            limit: limit.min(MAX_NODES),
            sources: 0,
            first_leaf: u32::MAX,
            constants: Lately([0; 64]),
            lately: Lately([0; 64]),
        }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> u32 {
        self.entries.len() as u32
    }

    /// The bytes that entries, lists and immediates take.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&self.entries[..]) + size_of_val(&self.lists[..]) + size_of_val(&self.imms[..])
    }

    /// Makes room for `more` entries.
    pub(crate) fn reserve(&mut self, more: usize) -> Result<(), Error> {
        let nodes = self.entries.len() + more;
        if nodes > self.limit {
            return Err(Error::Full { limit: self.limit });
        }
        self.entries
            .try_reserve_exact(more)
            .map_err(|_| Error::OutOfMemory { nodes })
    }

    /// Makes room for one more entry: twice as many as there are, within the limit.
    #[cold]
    #[inline(never)]
    pub(crate) fn grow(&mut self) -> Result<(), Error> {
        let len = self.entries.len();
        self.reserve(len.max(64).min(self.limit - len).max(1))
    }

    /// Makes room for an entry of as many operands, and for its immediates.
    #[inline(always)]
    pub(crate) fn make_room(&mut self, operands: usize) -> Result<(), Error> {
        let lists = self.lists.capacity() - self.lists.len() > operands;
        let imms = self.imms.capacity() - self.imms.len() >= 2;
        if lists && imms && self.has_room() {
            Ok(())
        } else {
            self.grow_for(operands)
        }
    }

    #[cold]
    #[inline(never)]
    fn grow_for(&mut self, operands: usize) -> Result<(), Error> {
        if !self.has_room() {
            self.grow()?;
        }
        if self.lists.len() + operands + 1 > MAX_NODES || self.imms.len() + 2 > MAX_NODES {
            return Err(Error::Full { limit: self.limit });
        }
        let room = self
            .lists
            .try_reserve(operands + 1)
            .and_then(|()| self.imms.try_reserve(2));
        room.map_err(|_| Error::OutOfMemory {
            nodes: self.entries.len() + 1,
        })
    }

    #[cold]
    #[inline(never)]
    fn push_growing(&mut self, entry: Entry) {
        expect(self.grow());
        self.entries.push(entry);
    }

    #[inline(always)]
    fn push(&mut self, entry: Entry) -> u32 {
        let index = self.entries.len();
        if index < self.entries.capacity() {
            self.entries.push(entry);
        } else {
            self.push_growing(entry);
        }
        index as u32
    }

    /// Whether one more entry fits without growing.
    pub(crate) fn has_room(&self) -> bool {
        self.entries.len() < self.entries.capacity()
    }

    pub(crate) fn push_leaf(&mut self, value: f64) -> Handle {
        let index = self.push(Entry::new(Op::Leaf, Handle::NONE, 0, WANTS, value));
        self.sources += u32::from(self.sources == index);
        self.first_leaf = self.first_leaf.min(index);
        Handle::new(index, true)
    }

    /// A constant of this value: one that stands on the tape already, if it was used lately.
    #[inline]
    pub(crate) fn constant(&mut self, value: f64) -> Handle {
        match self.known_constant(value) {
            Some(known) => known,
            None => self.push_constant(value),
        }
    }

    /// As [`Tape::constant`], where the tape may be full.
    pub(crate) fn try_constant(&mut self, value: f64) -> Result<Handle, Error> {
        if let Some(known) = self.known_constant(value) {
            return Ok(known);
        }
        if !self.has_room() {
            self.grow()?;
        }
        Ok(self.push_constant(value))
    }

    #[inline]
    fn known_constant(&mut self, value: f64) -> Option<Handle> {
        let bits = value.to_bits();
        let place = *self.constants.place(bits);
        let entry = self.entries.get(place as usize)?;
        let same = entry.op_bits() == Op::Const as u8 && entry.value.to_bits() == bits;
        same.then(|| Handle::new(place, false))
    }

    #[inline]
    fn push_constant(&mut self, value: f64) -> Handle {
        let index = self.push(Entry::new(Op::Const, Handle::NONE, 0, 0, value));
        self.sources += u32::from(self.sources == index);
        *self.constants.place(value.to_bits()) = index;
        Handle::new(index, false)
    }

    #[inline(always)]
    pub(crate) fn push_unary(&mut self, op: Op, x: Handle, value: f64) -> Handle {
        if op.stops_gradient() {
            return self.push_op(op, NO_IMM, &[x], value);
        }
        Handle::of(self.push(Entry::new(op, x, 0, 0, value)), x.wants())
    }

    #[inline(always)]
    pub(crate) fn push_binary(&mut self, op: Op, x: Handle, y: Handle, value: f64) -> Handle {
        if op.stops_gradient() {
            return self.push_op(op, NO_IMM, &[x, y], value);
        }
        // The shift carries y's position to its place and its wants-gradient bit out of the word.
        let word = x.0 | y.0 << 28 | y.wants() | (op as u64) << 56;
        let index = self.push(Entry { value, word });
        Handle(word & WANTS | u64::from(index))
    }

    /// Appends any op; `operands` are as many as it takes.
    ///
    /// # Panics
    /// Where the side pools are full.
    pub(crate) fn push_op(&mut self, op: Op, imm: Imm, operands: &[Handle], value: f64) -> Handle {
        let wants = if op.stops_gradient() {
            0
        } else {
            operands.iter().fold(0, |wants, x| wants | x.wants())
        };
        let (a, b) = match (op.layout(), operands) {
            (Layout::Fixed { imms: 0, .. }, &[x]) => (x.index(), 0),
            (Layout::Fixed { imms: 0, .. }, &[x, y]) => (x.index(), y.index()),
            (Layout::Fixed { imms, .. }, &[x]) => (x.index(), self.place_imms(imm, imms)),
            (Layout::Fixed { imms, .. }, &[x, y]) => {
                let imm = self.place_imms(imm, imms);
                (x.index(), self.place_list(&[y], Some(imm)))
            }
            (Layout::List, _) => (self.place_list(operands, None), operands.len() as u32),
            (_, &[x, ref rest @ ..]) => (x.index(), self.place_list(rest, None)),
            (_, &[]) => (0, 0),
        };
        Handle::of(self.push(Entry::new(op, Handle::new(a, false), b, wants, value)), wants)
    }

    fn place_list(&mut self, operands: &[Handle], last: Option<u32>) -> u32 {
        let start = self.lists.len();
        if start + operands.len() + 1 > MAX_NODES {
            Error::Full { limit: self.limit }.panic();
        }
        self.lists.extend(operands.iter().map(|x| x.index()));
        self.lists.extend(last);
        start as u32
    }

    /// Appends an op of one operand and one immediate.
    #[inline(always)]
    pub(crate) fn push_with_constant(&mut self, op: Op, x: Handle, c: f64, value: f64) -> Handle {
        let place = self.place_constant(c);
        Handle::of(self.push(Entry::new(op, x, place, 0, value)), x.wants())
    }

    /// Where the number stands among the immediates: at their end, where it may stand already. (To
    /// look further back costs more than the eight bytes it would spare.)
    #[inline(always)]
    fn place_constant(&mut self, c: f64) -> u32 {
        let end = self.imms.len();
        if let Some(last) = self.imms.last()
            && last.to_bits() == c.to_bits()
        {
            return end as u32 - 1;
        }
        if end < self.imms.capacity() {
            self.imms.push(c);
        } else {
            self.push_imm_growing(c);
        }
        end as u32
    }

    #[cold]
    #[inline(never)]
    fn push_imm_growing(&mut self, c: f64) {
        if self.imms.len() >= MAX_NODES {
            Error::Full { limit: self.limit }.panic();
        }
        self.imms.push(c);
    }

    fn place_imms(&mut self, imm: Imm, count: usize) -> u32 {
        if count == 1 {
            return self.place_constant(imm[0]);
        }
        let [c, p] = imm.map(f64::to_bits);
        let bits = c.rotate_left(7) ^ p;
        let place = *self.lately.place(bits);
        let there = self.imms.get(place as usize..).and_then(|rest| rest.first_chunk::<2>());
        if there.is_some_and(|pair| pair.map(f64::to_bits) == [c, p]) {
            return place;
        }
        let place = self.imms.len() as u32;
        if place as usize >= MAX_NODES - 1 {
            Error::Full { limit: self.limit }.panic();
        }
        self.imms.extend(imm);
        *self.lately.place(bits) = place;
        place
    }

    #[inline(always)]
    fn listed(&self, at: u32) -> u32 {
        self.lists.get(at as usize).copied().unwrap_or(0)
    }

    /// `COUNT` immediates from a place on; NaN beyond the end, where none of an entry are.
    #[inline(always)]
    fn imm<const COUNT: usize>(&self, at: u32) -> Imm {
        let place = at as usize;
        std::array::from_fn(|k| {
            if k < COUNT {
                self.imms.get(place + k).copied().unwrap_or(f64::NAN)
            } else {
                0.0
            }
        })
    }

    /// The operands and immediates of an entry whose op has `N` operands and `IMMS` immediates.
    #[inline(always)]
    pub(crate) fn fixed<const N: usize, const IMMS: usize>(&self, entry: Entry) -> ([u32; N], Imm) {
        let mut operands = [entry.a(); N];
        if N == 2 && IMMS == 0 {
            operands[1] = entry.b();
        } else {
            for (k, operand) in operands.iter_mut().enumerate().skip(1) {
                *operand = self.listed(entry.b() + k as u32 - 1);
            }
        }
        let imm = match (IMMS, N) {
            (0, _) => NO_IMM,
            (_, 1) => self.imm::<IMMS>(entry.b()),
            (_, _) => self.imm::<IMMS>(self.listed(entry.b() + N as u32 - 1)),
        };
        (operands, imm)
    }

    /// The operands of an entry whose op is n-ary.
    #[inline(always)]
    pub(crate) fn list(&self, entry: Entry) -> &[u32] {
        let start = entry.a() as usize;
        &self.lists[start..start + entry.b() as usize]
    }

    /// The operands and immediates of any entry, handed to `each` in order.
    pub(crate) fn operands(&self, entry: Entry, mut each: impl FnMut(u32)) -> Imm {
        macro_rules! fixed {
            ($n:literal, $imms:literal) => {{
                let (operands, imm) = self.fixed::<$n, $imms>(entry);
                operands.into_iter().for_each(each);
                imm
            }};
        }
        match entry.op().layout() {
            Layout::Source => NO_IMM,
            Layout::Fixed { operands: 1, imms: 0 } => fixed!(1, 0),
            Layout::Fixed { operands: 1, imms: 1 } => fixed!(1, 1),
            Layout::Fixed { operands: 1, .. } => fixed!(1, 2),
            Layout::Fixed { operands: 2, imms: 0 } => fixed!(2, 0),
            Layout::Fixed { operands: 2, .. } => fixed!(2, 2),
            Layout::Fixed { .. } => fixed!(3, 0),
            Layout::List => {
                self.list(entry).iter().for_each(|&x| each(x));
                NO_IMM
            }
        }
    }

    pub(crate) fn extent(&self) -> Extent {
        Extent {
            entries: self.len(),
            lists: self.lists.len() as u32,
            imms: self.imms.len() as u32,
        }
    }

    /// Drops what was appended since; keeps the memory.
    pub(crate) fn truncate(&mut self, extent: Extent) {
        self.entries.truncate(extent.entries as usize);
        self.lists.truncate(extent.lists as usize);
        self.imms.truncate(extent.imms as usize);
        self.sources = self.sources.min(extent.entries);
        if self.first_leaf >= extent.entries {
            self.first_leaf = u32::MAX;
        }
    }

    pub(crate) fn clear(&mut self) {
        self.truncate(Extent {
            entries: 0,
            lists: 0,
            imms: 0,
        });
    }
}
