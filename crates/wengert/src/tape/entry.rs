//! An entry of the tape: a value, and a word that says how it was computed.

use crate::op::{Encoding, Op};

/// The most nodes that 28 bits can number.
pub(crate) const MAX_NODES: usize = 1 << 28;

/// The bit of an entry's word that says it wants no gradient.
const INERT_WORD: u64 = 1 << 7;
/// Where the field `b` starts.
const B: u32 = 8;
/// Where the field `a` starts.
const A: u32 = 36;
const MASK: u64 = (1 << 28) - 1;

/// An entry as it is stored: its value and its word. (A pair is passed in two registers. An array would
/// go through memory.)
pub(crate) type Stored = (f64, u64);

const _: () = assert!(size_of::<Stored>() == 16);

/// An entry as it is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) value: f64,
    word: u64,
}

impl From<Stored> for Entry {
    #[inline(always)]
    fn from((value, word): Stored) -> Entry {
        Entry { value, word }
    }
}

impl Entry {
    /// The entry with this value, to be stored.
    #[inline(always)]
    pub(crate) fn with(self, value: f64) -> Stored {
        (value, self.word)
    }

    #[inline(always)]
    pub(crate) fn new(op: Op, a: u32, b: u32, wants: bool, value: f64) -> Entry {
        Entry::from(Entry::stored(op, a, b, wants, value))
    }

    /// As [`Entry::new`], to be stored.
    #[inline(always)]
    pub(crate) fn stored(op: Op, a: u32, b: u32, wants: bool, value: f64) -> Stored {
        let inert = if wants { 0 } else { INERT_WORD };
        (value, op as u64 | inert | (b as u64) << B | (a as u64) << A)
    }

    /// The word but for "wants no gradient": the op and both fields.
    #[inline(always)]
    pub(crate) fn form(self) -> u64 {
        self.word & !INERT_WORD
    }

    /// The code of the op, plus 128 if the entry wants no gradient.
    #[inline(always)]
    pub(crate) fn tag(self) -> u8 {
        self.word as u8
    }

    #[inline(always)]
    pub(crate) fn code(self) -> u8 {
        self.tag() & 0x7f
    }

    #[inline(always)]
    pub(crate) fn op(self) -> Op {
        Op::from_code(self.code())
    }

    #[inline(always)]
    pub(crate) fn wants(self) -> bool {
        self.word & INERT_WORD == 0
    }

    /// Whether one of the two wants a gradient.
    #[inline(always)]
    pub(crate) fn one_wants(self, other: Entry) -> bool {
        self.word & other.word & INERT_WORD == 0
    }

    #[inline(always)]
    pub(crate) fn a(self) -> u32 {
        (self.word >> A) as u32
    }

    #[inline(always)]
    pub(crate) fn b(self) -> u32 {
        (self.word >> B & MASK) as u32
    }

    /// How many operands it has.
    #[inline]
    pub(crate) fn operands(self) -> usize {
        match self.op().encoding() {
            Encoding::Source => 0,
            Encoding::Fixed { operands, .. } => operands.into(),
            Encoding::List => self.b() as usize,
        }
    }

    /// Whether it is a leaf or a constant, whose value is given rather than computed.
    #[inline(always)]
    pub(crate) fn is_source(self) -> bool {
        matches!(self.op(), Op::Leaf | Op::Const)
    }
}

/// A single immediate in 28 bits. The numbers in programs, such as 0.5 or 100, often end in many zero bits. If all but
/// the first 27 bits of a number are 0, those bits are stored here. Any other number is stored in the pool of
/// immediates, and its place is stored here. For a literal, the compiler knows which case it is.
pub(crate) struct Constant;

impl Constant {
    /// The bit that says the rest is a place in the pool.
    const POOLED: u32 = 1 << 27;

    /// The most immediates that the other bits can number.
    pub(crate) const MOST: usize = 1 << 27;

    #[inline(always)]
    pub(super) fn short(c: f64) -> Option<u32> {
        let bits = c.to_bits();
        match bits << 27 {
            0 => Some((bits >> 37) as u32),
            _ => None,
        }
    }

    #[inline(always)]
    pub(super) fn pooled(place: usize) -> u32 {
        Constant::POOLED | place as u32
    }

    /// The number itself, or its place in the pool.
    #[inline(always)]
    pub(crate) fn read(code: u32) -> Result<f64, usize> {
        match code & Constant::POOLED {
            0 => Ok(f64::from_bits(u64::from(code) << 37)),
            _ => Err((code & !Constant::POOLED) as usize),
        }
    }
}

/// The position of an entry, and whether the entry wants a gradient: what recording needs to know about an operand.
///
/// The handle of an entry that wants a gradient is its position. Nearly all operands want one, so recording tests one
/// bit and then shifts the handle into the entry, without a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handle(pub(crate) u32);

/// The bit of a handle that says no gradient is wanted.
const INERT: u32 = 1 << 31;

impl Handle {
    /// The handle of no entry.
    pub(crate) const NONE: Handle = Handle(INERT);

    #[inline(always)]
    pub(crate) fn new(index: u32, wants: bool) -> Handle {
        Handle(index | if wants { 0 } else { INERT })
    }

    #[inline(always)]
    pub(crate) fn index(self) -> u32 {
        self.0 & !INERT
    }

    #[inline(always)]
    pub(crate) fn wants(self) -> bool {
        self.0 & INERT == 0
    }

    /// Whether both want a gradient.
    #[inline(always)]
    pub(crate) fn both_want(self, other: Handle) -> bool {
        (self.0 | other.0) & INERT == 0
    }

    /// The position of an entry that wants a gradient, with no bit to mask away.
    #[inline(always)]
    pub(super) fn position_if_wanting(self) -> u32 {
        debug_assert!(self.wants());
        self.0
    }
}
