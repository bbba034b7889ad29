//! How a tape is read: three slices, borrowed for one walk.

use core::cell::Cell;

use crate::op::{Encoding, Imm, NO_IMM};
use crate::tape::entry::{Constant, Entry, Stored};

/// The entries of a tape and its side pools.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'t> {
    pub(crate) entries: &'t [Cell<Stored>],
    pub(crate) lists: &'t [Cell<u32>],
    pub(crate) imms: &'t [Cell<f64>],
}

impl<'t> View<'t> {
    /// The first `len` entries.
    #[inline(always)]
    pub(crate) fn below(self, len: usize) -> Self {
        View { entries: &self.entries[..len], ..self }
    }

    /// The entry at a position, which must be among them.
    #[inline(always)]
    pub(crate) fn entry(self, position: u32) -> Entry {
        self.entries[position as usize].get().into()
    }

    #[inline(always)]
    fn listed(self, at: u32) -> u32 {
        debug_assert!((at as usize) < self.lists.len());
        match self.lists.get(at as usize) {
            Some(place) => place.get(),
            None => 0,
        }
    }

    /// The operands of an entry whose op has `N` operands and `IMMS` immediates.
    #[inline(always)]
    pub(crate) fn fixed<const N: usize, const IMMS: usize>(self, entry: Entry) -> [u32; N] {
        let mut operands = [entry.a(); N];
        if N == 2 && IMMS == 0 {
            operands[1] = entry.b();
        } else {
            // Not an iterator: it would stay a call in some builds.
            let mut k = 1;
            while k < N {
                operands[k] = self.listed(entry.b() + k as u32 - 1);
                k += 1;
            }
        }
        operands
    }

    /// The immediates of an entry whose op has `N` operands and `IMMS` immediates. (Places are never beyond the end of
    /// the pool. If one were, the immediate would be NaN, so that no panic is compiled into the sweeps.)
    #[inline(always)]
    pub(crate) fn imm<const N: usize, const IMMS: usize>(self, entry: Entry) -> Imm {
        let place = match (IMMS, N) {
            (0, _) => return NO_IMM,
            (_, 1) => entry.b(),
            (_, _) => self.listed(entry.b() + N as u32 - 1),
        };
        let mut imm = NO_IMM;
        let pooled = |place: usize| self.imms.get(place).map_or(f64::NAN, Cell::get);
        if IMMS == 1 {
            imm[0] = Constant::read(place).unwrap_or_else(pooled);
            return imm;
        }
        imm[0] = pooled(place as usize);
        imm[1] = pooled(place as usize + 1);
        imm
    }

    /// The operands of an entry whose op is n-ary.
    #[inline(always)]
    pub(crate) fn list(self, entry: Entry) -> &'t [Cell<u32>] {
        let start = entry.a() as usize;
        &self.lists[start..start + entry.b() as usize]
    }

    /// Passes the operands of an entry to `each` in order, and returns its immediates.
    pub(crate) fn operands(self, entry: Entry, mut each: impl FnMut(u32)) -> Imm {
        if entry.op().encoding() == Encoding::List {
            self.list(entry).iter().for_each(|x| each(x.get()));
            return NO_IMM;
        }
        let (operands, count, imm) = self.few(entry);
        operands[..count].iter().for_each(|&x| each(x));
        imm
    }

    /// The operands of an entry whose op is not n-ary, how many they are, and its immediates.
    pub(crate) fn few(self, entry: Entry) -> ([u32; 3], usize, Imm) {
        macro_rules! fixed {
            ($n:literal, $imms:literal) => {{
                let mut operands = [0; 3];
                operands[..$n].copy_from_slice(&self.fixed::<$n, $imms>(entry));
                (operands, $n, self.imm::<$n, $imms>(entry))
            }};
        }
        match entry.op().encoding() {
            Encoding::Fixed { operands: 1, imms: 0 } => fixed!(1, 0),
            Encoding::Fixed { operands: 1, imms: 1 } => fixed!(1, 1),
            Encoding::Fixed { operands: 1, .. } => fixed!(1, 2),
            Encoding::Fixed { operands: 2, imms: 0 } => fixed!(2, 0),
            Encoding::Fixed { operands: 2, .. } => fixed!(2, 2),
            Encoding::Fixed { .. } => fixed!(3, 0),
            Encoding::Source | Encoding::List => ([0; 3], 0, NO_IMM),
        }
    }
}
