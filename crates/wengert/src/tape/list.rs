//! Lists that grow behind a shared reference.
//!
//! Recording takes `&self`, so that calls nest and expressions can be kept side by side. A `RefCell` around the tape
//! would write its flag twice for each node, and recording is bound by stores: without the flag it takes two thirds of
//! the time. So a list is a slice of cells and a count. Appending writes a cell and the count.
//!
//! A slice cannot move while it is shared. When it is full, a slice twice as long is allocated beside it, the elements
//! are copied, and the old slice stays until the list is borrowed exclusively and consolidated. So a list that grew
//! takes up to twice its memory until then. One that was made with enough room never does.

use alloc::boxed::Box;
use core::cell::{Cell, OnceCell};
use core::fmt;

use bytemuck::Zeroable;
use bytemuck::allocation::try_zeroed_slice_box;

use crate::cold::rare;
use crate::error::{Error, expect};
use crate::tape::entry::MAX_NODES;

/// How many slices there can be. A power of two, so that an index modulo it needs no bounds check.
const LEVELS: usize = 32;
/// The length of the shortest slice.
const FEWEST: usize = 64;

/// Doubling the shortest slice reaches every length.
const _: () = assert!((FEWEST as u64) << (LEVELS - 2) >= MAX_NODES as u64);

pub(crate) struct GrowList<T> {
    len: Cell<usize>,
    first: Box<[Cell<T>]>,
    /// Slice `k`, from 1 on, took over when slice `k - 1` was full.
    more: [OnceCell<Box<[Cell<T>]>>; LEVELS],
    /// Which slice is in use, 0 for the first. The slices below it are full and hold the same elements that it begins
    /// with. So appending can try the first slice without reading the level, and a list that is cut short can go back
    /// to a lower slice.
    level: Cell<usize>,
    /// The most elements there may be.
    limit: usize,
    /// The limit that [`Error::Full`] reports.
    reported_limit: usize,
}

impl<T: Copy + Zeroable> GrowList<T> {
    /// An empty list of at most `limit` elements, for a graph of at most `reported_limit` nodes.
    pub(crate) fn new(limit: usize, reported_limit: usize) -> Self {
        GrowList {
            len: Cell::new(0),
            first: Box::new([]),
            more: [const { OnceCell::new() }; LEVELS],
            level: Cell::new(0),
            limit,
            reported_limit,
        }
    }

    /// An empty list of at most `limit` elements, with room for `capacity`.
    pub(crate) fn with_capacity(limit: usize, capacity: usize) -> Result<Self, Error> {
        if capacity > limit {
            return Err(Error::Full { limit });
        }
        let first = zeroed(capacity)?;
        Ok(GrowList { first, ..GrowList::new(limit, limit) })
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len.get()
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    #[inline(always)]
    fn at_level(&self, level: usize) -> &[Cell<T>] {
        if level == 0 { &self.first } else { self.above(level) }
    }

    /// As [`GrowList::at_level`], for levels from 1 on. Empty for 0, and for a slice that does not exist yet.
    #[inline(always)]
    fn above(&self, level: usize) -> &[Cell<T>] {
        match self.more[level % LEVELS].get() {
            Some(cells) => cells,
            None => &[],
        }
    }

    /// The slice in use: the elements and the free cells.
    #[inline(always)]
    pub(crate) fn room(&self) -> &[Cell<T>] {
        self.at_level(self.level.get())
    }

    /// How many elements fit before it grows.
    pub(crate) fn capacity(&self) -> usize {
        self.room().len()
    }

    /// The elements.
    #[inline(always)]
    pub(crate) fn slice(&self) -> &[Cell<T>] {
        &self.room()[..self.len.get()]
    }

    #[inline(always)]
    pub(crate) fn get(&self, index: usize) -> Option<T> {
        match index < self.len.get() {
            true => self.room().get(index).map(Cell::get),
            false => None,
        }
    }

    /// The cell after the last element, and its index. `None` if the slice is full.
    #[inline(always)]
    pub(crate) fn vacant(&self) -> Option<(&Cell<T>, usize)> {
        let index = self.len.get();
        // The first slice is tried directly: finding out which one is in use takes longer than a write.
        if index < self.first.len() {
            return Some((&self.first[index], index));
        }
        rare();
        let cells = self.above(self.level.get());
        match index < cells.len() {
            true => Some((&cells[index], index)),
            false => None,
        }
    }

    /// The first slice. It is the one in use if it is longer than the list.
    #[inline(always)]
    pub(crate) fn first(&self) -> &[Cell<T>] {
        &self.first
    }

    /// Writes the element to the cell that [`GrowList::vacant`] returned, and counts it.
    #[inline(always)]
    pub(crate) fn occupy(&self, (cell, index): (&Cell<T>, usize), element: T) -> usize {
        cell.set(element);
        self.len.set(index + 1);
        index
    }

    /// Appends an element and returns its index.
    ///
    /// # Panics
    /// With [`Error::Full`] beyond the limit, with [`Error::OutOfMemory`] if it cannot grow.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn push(&self, element: T) -> usize {
        match self.vacant() {
            Some(vacant) => self.occupy(vacant, element),
            None => self.push_growing(element),
        }
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn push_growing(&self, element: T) -> usize {
        expect(self.reserve(1));
        let index = self.len.get();
        self.room()[index].set(element);
        self.len.set(index + 1);
        index
    }

    /// The next `count` cells after the last element, or as many as there are. [`GrowList::advance`] makes them
    /// elements.
    #[inline]
    pub(crate) fn spare(&self, count: usize) -> &[Cell<T>] {
        let spare = &self.room()[self.len.get()..];
        &spare[..count.min(spare.len())]
    }

    /// Counts the next `count` cells as elements. They were written through [`GrowList::spare`].
    pub(crate) fn advance(&self, count: usize) {
        let given = self.spare(count).len();
        debug_assert_eq!(given, count, "there is room for what was written");
        self.len.set(self.len.get() + given);
    }

    /// As [`GrowList::advance`], for cells that are known to be there.
    #[inline(always)]
    pub(crate) fn fill(&self, count: usize) {
        debug_assert!(self.spare(count).len() == count, "there is room for what was written");
        self.len.set(self.len.get() + count);
    }

    /// Checks the limit for `more` elements.
    ///
    /// # Errors
    /// [`Error::Full`].
    pub(crate) fn allow(&self, more: usize) -> Result<(), Error> {
        match more > self.limit - self.len.get() {
            true => Err(Error::Full { limit: self.reported_limit }),
            false => Ok(()),
        }
    }

    /// Makes room for `more` contiguous elements. If that needs a longer slice, the free cells left in the present one
    /// (fewer than `more`) are skipped: they become elements with arbitrary values.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::OutOfMemory`].
    #[inline(always)]
    pub(crate) fn reserve(&self, more: usize) -> Result<(), Error> {
        if self.first.len().saturating_sub(self.len.get()) >= more {
            return Ok(());
        }
        self.reserve_beyond(more)
    }

    #[inline(never)]
    fn reserve_beyond(&self, more: usize) -> Result<(), Error> {
        let capacity = self.capacity();
        if capacity - self.len.get() >= more {
            return Ok(());
        }
        if more > self.limit - capacity {
            return Err(Error::Full { limit: self.reported_limit });
        }
        let level = self.level.get() + 1;
        // There may be one already, from before the list was cut short.
        if self.above(level).is_empty() {
            let wanted = (2 * capacity).max(FEWEST).min(self.limit).max(capacity + more);
            let placed = self.more[level % LEVELS].set(zeroed(wanted)?);
            debug_assert!(placed.is_ok(), "the level was empty");
        }
        for (old, new) in self.room().iter().zip(self.above(level)) {
            new.set(old.get());
        }
        self.len.set(capacity);
        self.level.set(level);
        self.reserve_beyond(more)
    }

    /// Keeps the first `len` elements. None of them may have been overwritten: a lower slice may come into use again,
    /// and it holds them as they were appended.
    pub(crate) fn truncate(&self, len: usize) {
        self.len.set(len.min(self.len.get()));
        while self.level.get() > 0 && self.at_level(self.level.get() - 1).len() >= self.len.get() {
            self.level.set(self.level.get() - 1);
        }
    }
}

/// What needs exclusive access.
impl<T: Copy + Zeroable> GrowList<T> {
    /// Makes the slice in use the first slice, and frees the others. Elements may be overwritten from then on.
    #[inline(always)]
    pub(crate) fn consolidate(&mut self) {
        if self.level.get() > 0 {
            self.consolidate_first();
        }
    }

    /// Drops all elements of a consolidated list. Keeps the memory.
    #[inline(always)]
    pub(crate) fn clear(&mut self) {
        *self.len.get_mut() = 0;
    }

    #[cold]
    #[inline(never)]
    fn consolidate_first(&mut self) {
        self.first = self.more[self.level.get()].take().unwrap_or_default();
        self.more.iter_mut().for_each(|cells| drop(cells.take()));
        self.level.set(0);
    }
}

/// Zeroed cells. For a long slice the system hands out pages only when they are written to.
fn zeroed<T: Zeroable>(len: usize) -> Result<Box<[Cell<T>]>, Error> {
    try_zeroed_slice_box(len).map_err(|()| Error::OutOfMemory { nodes: len })
}

impl<T: Copy + Zeroable + fmt::Debug> fmt::Debug for GrowList<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.slice().iter().map(Cell::get)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push_all(cells: &GrowList<u32>, elements: impl IntoIterator<Item = u32>) {
        for element in elements {
            cells.push(element);
        }
    }

    fn held(cells: &GrowList<u32>) -> Vec<u32> {
        cells.slice().iter().map(Cell::get).collect()
    }

    #[test]
    fn what_was_pushed_stays_through_growth() {
        let mut cells = GrowList::with_capacity(1 << 20, 3).unwrap();
        for k in 0..10_000 {
            assert_eq!(cells.push(k), k as usize);
        }
        assert_eq!(held(&cells), (0..10_000).collect::<Vec<_>>());
        let capacity = cells.capacity();
        cells.consolidate();
        assert_eq!((cells.level.get(), cells.capacity()), (0, capacity));
        assert_eq!(held(&cells), (0..10_000).collect::<Vec<_>>());
        assert_eq!((cells.get(9_999), cells.get(10_000)), (Some(9_999), None));
    }

    /// Cut under a shared reference, then grown again: the longer slices are used again, with the new elements.
    #[test]
    fn a_list_that_was_cut_grows_again() {
        let cells = GrowList::new(1 << 20, 1 << 20);
        for cut in [0, 1, 63, 64, 65, 100, 128, 129, 1000] {
            push_all(&cells, 0..1000);
            cells.truncate(cut);
            assert_eq!(held(&cells), (0..cut as u32).collect::<Vec<_>>());
            push_all(&cells, (cut as u32..3000).map(|k| k + 7));
            let expected = (0..cut as u32).chain((cut as u32..3000).map(|k| k + 7));
            assert_eq!(held(&cells), expected.collect::<Vec<_>>(), "cut to {cut}");
            cells.truncate(0);
        }
    }

    #[test]
    fn a_list_cut_to_nothing_begins_anew() {
        let mut cells = GrowList::new(1 << 20, 1 << 20);
        push_all(&cells, 0..300);
        cells.consolidate();
        cells.clear();
        assert!(cells.capacity() >= 300, "the memory is kept");
        assert_eq!((cells.push(5), held(&cells)), (0, vec![5]));
    }

    #[test]
    fn no_more_than_the_limit_fits() {
        let cells = GrowList::new(70, 9);
        push_all(&cells, 0..70);
        assert_eq!(cells.reserve(1), Err(Error::Full { limit: 9 }));
        assert_eq!(held(&cells), (0..70).collect::<Vec<_>>());
        cells.truncate(69);
        assert_eq!(cells.reserve(1), Ok(()));
        assert_eq!(GrowList::<u32>::with_capacity(5, 6).err(), Some(Error::Full { limit: 5 }));
        assert!(std::panic::catch_unwind(|| GrowList::new(0, 0).push(1)).is_err());
    }

    #[test]
    fn spare_cells_become_elements() {
        let cells = GrowList::new(1 << 20, 1 << 20);
        push_all(&cells, 0..60);
        assert_eq!(cells.spare(10).len(), 4, "no more than there is room for");
        cells.reserve(10).unwrap();
        assert_eq!(cells.len(), 64, "the rest of the shorter slice is skipped");
        for (k, cell) in cells.spare(10).iter().enumerate() {
            cell.set(100 + k as u32);
        }
        cells.advance(10);
        cells.truncate(74);
        assert_eq!(held(&cells)[64..], [100, 101, 102, 103, 104, 105, 106, 107, 108, 109]);
        cells.truncate(30);
        push_all(&cells, 200..300);
        assert_eq!(held(&cells)[28..32], [28, 29, 200, 201]);
        assert_eq!((cells.len(), cells.get(129)), (130, Some(299)));
    }
}
