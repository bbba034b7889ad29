//! Memory of the workspace: numbers at an address that stays, aligned to a cache line. Read
//! [`crate::workspace`] next.
//!
//! The unsafe code rests on the start and the length being those of one allocation, or dangling
//! and 0. It buys the alignment, and pointers that a `Vec` would take back at every borrow.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

use crate::error::Error;

/// The alignment: a cache line, so that no vector straddles two.
const LINE: usize = 64;

/// Numbers, all 0 at first, that are read and written through pointers alone.
///
/// It hands out pointers rather than slices because a block's columns are read and written in the
/// same step; a `Vec` would have to be borrowed whole for each.
#[derive(Debug)]
pub(crate) struct Arena {
    start: NonNull<f64>,
    len: usize,
}

// SAFETY: an arena owns its memory, as a `Vec` does.
unsafe impl Send for Arena {}
// SAFETY: nothing is read or written through a shared arena but by unsafe code, which sees to it
// that no two threads write the same numbers.
unsafe impl Sync for Arena {}

impl Arena {
    /// No numbers.
    pub(crate) const fn empty() -> Arena {
        Arena {
            start: NonNull::dangling(),
            len: 0,
        }
    }

    /// Room for so many numbers, in so many rows.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub(crate) fn new(rows: usize, numbers: usize) -> Result<Arena, Error> {
        let refused = || Error::OutOfMemory {
            bytes: rows.saturating_mul(numbers).saturating_mul(size_of::<f64>()),
        };
        let len = rows.checked_mul(numbers).ok_or_else(refused)?;
        if len == 0 {
            return Ok(Arena::empty());
        }
        let layout = Arena::layout(len).ok_or_else(refused)?;
        // SAFETY: the layout's size is not 0.
        let memory = unsafe { alloc_zeroed(layout) };
        let start = NonNull::new(memory.cast()).ok_or_else(refused)?;
        Ok(Arena { start, len })
    }

    /// The layout of so many numbers, unless the address space has no room for them.
    fn layout(len: usize) -> Option<Layout> {
        Layout::array::<f64>(len).ok()?.align_to(LINE).ok()
    }

    /// How many numbers there is room for.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The first number, valid for reading and writing [`Arena::len`] of them while the arena is.
    pub(crate) fn start(&self) -> *mut f64 {
        self.start.as_ptr()
    }

    /// The place of a number.
    ///
    /// # Panics
    /// Beyond the end.
    pub(crate) fn at(&self, index: usize) -> *mut f64 {
        assert!(index <= self.len, "{index} of {} numbers", self.len);
        // SAFETY: within the allocation, or one past its end.
        unsafe { self.start().add(index) }
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        if let (1.., Some(layout)) = (self.len, Arena::layout(self.len)) {
            // SAFETY: allocated by `new` with this layout.
            unsafe { dealloc(self.start.as_ptr().cast(), layout) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_address_space_is_a_named_error() {
        for (rows, numbers) in [(usize::MAX, 2), (usize::MAX, 1), (1 << 20, 1 << 40)] {
            let Err(Error::OutOfMemory { bytes }) = Arena::new(rows, numbers) else {
                panic!("room for {rows} times {numbers} numbers")
            };
            assert!(bytes > isize::MAX as usize);
        }
    }
}
