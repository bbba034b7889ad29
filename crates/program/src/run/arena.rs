//! Memory of the workspace: numbers at an address that does not change, aligned to a cache line.
//!
//! The unsafe code rests on this: the start and the length are those of one allocation, or dangling and 0.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

use crate::error::Error;

/// The alignment: a cache line, so that no vector crosses two.
const LINE: usize = 64;

/// Numbers, all 0 at first, that are read and written through pointers alone.
///
/// A step reads some columns of a group while it writes another, so columns are pointers, not slices.
#[derive(Debug)]
pub(crate) struct Arena {
    start: NonNull<f64>,
    len: usize,
}

// SAFETY: an arena owns its memory, as a `Vec` does.
unsafe impl Send for Arena {}
// SAFETY: only unsafe code reads or writes through a shared arena, and it makes sure that no two threads
// write the same numbers.
unsafe impl Sync for Arena {}

impl Arena {
    pub(crate) const fn empty() -> Arena {
        Arena { start: NonNull::dangling(), len: 0 }
    }

    /// Room for `rows` rows of `numbers` numbers.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub(crate) fn new(rows: usize, numbers: usize) -> Result<Arena, Error> {
        let refused = || Error::OutOfMemory { bytes: rows.saturating_mul(numbers).saturating_mul(size_of::<f64>()) };
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

    /// The layout of this many numbers, if the address space has room for them.
    fn layout(len: usize) -> Option<Layout> {
        Layout::array::<f64>(len).ok()?.align_to(LINE).ok()
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The first number. It is valid for reading and writing [`Arena::len`] numbers as long as the arena
    /// lives.
    pub(crate) fn start(&self) -> *mut f64 {
        self.start.as_ptr()
    }

    /// The address of a number.
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
                panic!("there was room for {rows} times {numbers} numbers")
            };
            assert!(bytes > isize::MAX as usize);
        }
    }
}
