//! The tape: a Wengert list of 16-byte entries, and the side pools of what few entries have. Read
//! [`crate::generation`] for how keys are checked, [`crate::sweep`] for what walks the tape.
//!
//! An entry is its value and a word of four fields: op 7 bits, wants-gradient 1, `a` 28, `b` 28.
//! One or two operands stand in `a` and `b`. Immediates stand in a pool of their own, third
//! operands and the operands of n-ary ops in a pool of lists:
//!
//! | operands | immediates | `a` | `b` |
//! |--|--|--|--|
//! | 1 | no | x | |
//! | 1 | yes | x | index of the immediates |
//! | 2 | no | x | y |
//! | 2 | yes | x | list: y, index of the immediates |
//! | 3 | no | x | list: y, z |
//! | n-ary | no | where the list starts | its length |

use crate::error::{Error, expect};
use crate::op::{Imm, Layout, NO_IMM, Op};

/// The most nodes that the 28 bits of an operand can tell apart.
pub(crate) const MAX_NODES: usize = 1 << 28;

const MASK: u64 = (1 << 28) - 1;

/// A node as it is stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) value: f64,
    word: u64,
}

const _: () = assert!(size_of::<Entry>() == 16);

impl Entry {
    #[inline(always)]
    fn new(op: Op, wants: bool, a: u32, b: u32, value: f64) -> Entry {
        let word = op as u64 | u64::from(wants) << 7 | u64::from(a) << 8 | u64::from(b) << 36;
        Entry { value, word }
    }

    #[inline(always)]
    pub(crate) fn op_bits(self) -> u8 {
        (self.word & 0x7f) as u8
    }

    #[inline(always)]
    pub(crate) fn op(self) -> Op {
        Op::from_bits(self.op_bits())
    }

    #[inline(always)]
    pub(crate) fn wants(self) -> bool {
        self.word & 0x80 != 0
    }

    #[inline(always)]
    pub(crate) fn a(self) -> u32 {
        (self.word >> 8 & MASK) as u32
    }

    #[inline(always)]
    pub(crate) fn b(self) -> u32 {
        (self.word >> 36) as u32
    }

    /// Whether the value is given from outside rather than computed.
    #[inline(always)]
    pub(crate) fn is_source(self) -> bool {
        self.op_bits() <= Op::Const as u8
    }
}

const WANTS: u32 = 1 << 31;

/// Where an entry stands, and whether it wants a gradient: what recording needs of an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handle(u32);

impl Handle {
    /// What stands nowhere.
    pub(crate) const NONE: Handle = Handle(0);

    #[inline(always)]
    pub(crate) fn new(index: u32, wants: bool) -> Handle {
        Handle(index | u32::from(wants) << 31)
    }

    #[inline(always)]
    pub(crate) fn index(self) -> u32 {
        self.0 & !WANTS
    }

    #[inline(always)]
    pub(crate) fn wants(self) -> bool {
        self.0 & WANTS != 0
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
    imms: Vec<Imm>,
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
        let index = self.push(Entry::new(Op::Leaf, true, 0, 0, value));
        self.sources += u32::from(self.sources == index);
        self.first_leaf = self.first_leaf.min(index);
        Handle::new(index, true)
    }

    /// A constant of this value: one that stands on the tape already, if it was used lately.
    #[inline]
    pub(crate) fn constant(&mut self, value: f64) -> Handle {
        let bits = value.to_bits();
        let place = *self.constants.place(bits);
        if let Some(entry) = self.entries.get(place as usize)
            && entry.op_bits() == Op::Const as u8
            && entry.value.to_bits() == bits
        {
            return Handle::new(place, false);
        }
        let index = self.push(Entry::new(Op::Const, false, 0, 0, value));
        self.sources += u32::from(self.sources == index);
        *self.constants.place(bits) = index;
        Handle::new(index, false)
    }

    #[inline(always)]
    pub(crate) fn push_unary(&mut self, op: Op, x: Handle, value: f64) -> Handle {
        let wants = x.wants() && !op.stops_gradient();
        Handle::new(self.push(Entry::new(op, wants, x.index(), 0, value)), wants)
    }

    #[inline(always)]
    pub(crate) fn push_binary(&mut self, op: Op, x: Handle, y: Handle, value: f64) -> Handle {
        let wants = (x.wants() | y.wants()) && !op.stops_gradient();
        Handle::new(self.push(Entry::new(op, wants, x.index(), y.index(), value)), wants)
    }

    /// Appends any op; `operands` are as many as it takes.
    ///
    /// # Panics
    /// Where the side pools are full.
    pub(crate) fn push_op(&mut self, op: Op, imm: Imm, operands: &[Handle], value: f64) -> Handle {
        let wants = operands.iter().any(|x| x.wants()) && !op.stops_gradient();
        let (a, b) = match (op.layout(), operands) {
            (Layout::Fixed { imm: false, .. }, &[x]) => (x.index(), 0),
            (Layout::Fixed { imm: false, .. }, &[x, y]) => (x.index(), y.index()),
            (Layout::Fixed { imm: true, .. }, &[x]) => (x.index(), self.place_imm(imm)),
            (Layout::Fixed { imm: true, .. }, &[x, y]) => {
                let imm = self.place_imm(imm);
                (x.index(), self.place_list(&[y], Some(imm)))
            }
            (Layout::List, _) => (self.place_list(operands, None), operands.len() as u32),
            (_, &[x, ref rest @ ..]) => (x.index(), self.place_list(rest, None)),
            (_, &[]) => (0, 0),
        };
        Handle::new(self.push(Entry::new(op, wants, a, b, value)), wants)
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

    fn place_imm(&mut self, imm: Imm) -> u32 {
        let [c, p] = imm.map(f64::to_bits);
        let bits = c.rotate_left(7) ^ p;
        let place = *self.lately.place(bits);
        if self
            .imms
            .get(place as usize)
            .is_some_and(|old| old.map(f64::to_bits) == [c, p])
        {
            return place;
        }
        let place = self.imms.len() as u32;
        self.imms.push(imm);
        *self.lately.place(bits) = place;
        place
    }

    #[inline(always)]
    fn listed(&self, at: u32) -> u32 {
        self.lists.get(at as usize).copied().unwrap_or(0)
    }

    #[inline(always)]
    fn imm(&self, at: u32) -> Imm {
        self.imms.get(at as usize).copied().unwrap_or(NO_IMM)
    }

    /// The operands and immediates of an entry whose op has `N` operands, and immediates if `IMM`.
    #[inline(always)]
    pub(crate) fn fixed<const N: usize, const IMM: bool>(&self, entry: Entry) -> ([u32; N], Imm) {
        let mut operands = [entry.a(); N];
        if N == 2 && !IMM {
            operands[1] = entry.b();
        } else {
            for (k, operand) in operands.iter_mut().enumerate().skip(1) {
                *operand = self.listed(entry.b() + k as u32 - 1);
            }
        }
        let imm = match (IMM, N) {
            (false, _) => NO_IMM,
            (true, 1) => self.imm(entry.b()),
            (true, _) => self.imm(self.listed(entry.b() + N as u32 - 1)),
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
            ($n:literal, $imm:literal) => {{
                let (operands, imm) = self.fixed::<$n, $imm>(entry);
                operands.into_iter().for_each(each);
                imm
            }};
        }
        match entry.op().layout() {
            Layout::Source => NO_IMM,
            Layout::Fixed {
                operands: 1,
                imm: false,
            } => fixed!(1, false),
            Layout::Fixed {
                operands: 2,
                imm: false,
            } => fixed!(2, false),
            Layout::Fixed { operands: 1, imm: true } => fixed!(1, true),
            Layout::Fixed { operands: 2, imm: true } => fixed!(2, true),
            Layout::Fixed { imm: false, .. } => fixed!(3, false),
            Layout::Fixed { imm: true, .. } => fixed!(3, true),
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
