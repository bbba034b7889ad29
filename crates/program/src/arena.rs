//! Memory of the workspace: numbers at an address that stays, aligned to a cache line. Read
//! [`crate::workspace`] next.
//!
//! The unsafe code rests on the start and the length being those of one allocation, or dangling
//! and 0. It buys the alignment, and pointers that a `Vec` would take back at every borrow.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;

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
    /// Room for so many numbers.
    pub(crate) fn new(len: usize) -> Arena {
        let Some(layout) = Arena::layout(len) else {
            return Arena {
                start: NonNull::dangling(),
                len: 0,
            };
        };
        // SAFETY: the layout's size is not 0.
        let memory = unsafe { alloc_zeroed(layout) };
        let Some(start) = NonNull::new(memory.cast()) else {
            handle_alloc_error(layout)
        };
        Arena { start, len }
    }

    /// The layout of so many numbers, unless there are none.
    fn layout(len: usize) -> Option<Layout> {
        (len > 0).then(|| {
            Layout::array::<f64>(len)
                .and_then(|layout| layout.align_to(LINE))
                .expect("a workspace beyond the address space")
        })
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
        if let Some(layout) = Arena::layout(self.len) {
            // SAFETY: allocated by `new` with this layout.
            unsafe { dealloc(self.start.as_ptr().cast(), layout) };
        }
    }
}
