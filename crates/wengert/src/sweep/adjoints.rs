//! The results of a reverse sweep: an adjoint for every entry that it reached.

use alloc::boxed::Box;
use core::cell::{Cell, RefCell};

use bytemuck::allocation::try_zeroed_slice_box;

use crate::error::Error;

/// The adjoints of the last sweep. The next sweep uses their memory again.
#[derive(Default)]
pub(crate) struct Adjoints {
    /// Borrowed mutably only to be replaced by a larger one.
    room: RefCell<Box<[Cell<f64>]>>,
    /// The memory of the next sweep that can fail.
    spare: RefCell<Box<[Cell<f64>]>>,
    /// How many the last sweep wrote. Those beyond read as 0.
    len: Cell<usize>,
}

impl Adjoints {
    pub(crate) fn len(&self) -> usize {
        self.len.get()
    }

    /// The adjoint at an index, or 0 if the last sweep did not reach it.
    #[inline(always)]
    pub(crate) fn get(&self, index: usize) -> f64 {
        match index < self.len.get() {
            true => self.room.borrow().get(index).map_or(0.0, Cell::get),
            false => 0.0,
        }
    }

    /// Calls `sweep` with room for `len` adjoints, which hold arbitrary values until `sweep` overwrites them. If new
    /// memory is needed, room for `most` adjoints is tried first, then room for `len`.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`]: the adjoints are unchanged.
    #[inline(always)]
    pub(crate) fn fill(&self, len: usize, most: usize, sweep: impl FnOnce(&[Cell<f64>])) -> Result<(), Error> {
        if self.room.borrow().len() < len {
            grow(&self.room, len, most)?;
        }
        self.len.set(len);
        sweep(&self.room.borrow()[..len]);
        Ok(())
    }

    /// As [`Adjoints::fill`], for a sweep that can fail or panic: it runs in memory of its own, so that the adjoints are
    /// unchanged then.
    #[cold]
    #[inline(never)]
    pub(crate) fn try_fill(
        &self,
        len: usize,
        most: usize,
        sweep: impl FnOnce(&[Cell<f64>]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.spare.borrow().len() < len {
            grow(&self.spare, len, most)?;
        }
        sweep(&self.spare.borrow()[..len])?;
        self.room.swap(&self.spare);
        self.len.set(len);
        Ok(())
    }

    /// Keeps the first `len`.
    #[inline(always)]
    pub(crate) fn truncate(&mut self, len: usize) {
        let all = self.len.get_mut();
        *all = len.min(*all);
    }
}

#[cold]
#[inline(never)]
fn grow(room: &RefCell<Box<[Cell<f64>]>>, len: usize, most: usize) -> Result<(), Error> {
    // The system hands out zeroed pages only when they are written to, so unused room costs nothing.
    let zeroed = |len| try_zeroed_slice_box(len).ok();
    let roomy = zeroed(most.max(len)).or_else(|| zeroed(len));
    *room.borrow_mut() = roomy.ok_or(Error::OutOfMemory { nodes: len })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(adjoints: &Adjoints, len: usize, most: usize, with: f64) -> Result<(), Error> {
        adjoints.fill(len, most, |room| {
            assert_eq!(room.len(), len);
            room.iter().for_each(|cell| cell.set(with));
        })
    }

    #[test]
    fn only_adjoints_of_the_last_sweep_are_kept() {
        let mut adjoints = Adjoints::default();
        assert_eq!((adjoints.len(), adjoints.get(0)), (0, 0.0));
        assert_eq!(filled(&adjoints, 3, 10, 7.0), Ok(()));
        assert_eq!([0, 2, 3].map(|index| adjoints.get(index)), [7.0, 7.0, 0.0]);
        assert_eq!(filled(&adjoints, 2, 10, 8.0), Ok(()));
        assert_eq!([1, 2].map(|index| adjoints.get(index)), [8.0, 0.0]);
        adjoints.truncate(1);
        assert_eq!([0, 1].map(|index| adjoints.get(index)), [8.0, 0.0]);
        adjoints.truncate(5);
        assert_eq!(adjoints.len(), 1);
    }

    #[test]
    fn a_refused_allocation_falls_back_to_what_is_needed() {
        let adjoints = Adjoints::default();
        let all = usize::MAX / 8;
        assert_eq!(filled(&adjoints, 3, all, 1.0), Ok(()), "falls back to what is needed");
        assert_eq!(filled(&adjoints, all, 0, 2.0), Err(Error::OutOfMemory { nodes: all }));
        assert_eq!((adjoints.len(), adjoints.get(2)), (3, 1.0), "as before");
    }

    #[test]
    fn a_sweep_that_fails_leaves_the_adjoints_as_they_were() {
        let adjoints = Adjoints::default();
        assert_eq!(filled(&adjoints, 3, 10, 7.0), Ok(()));
        for _ in 0..2 {
            let failed = adjoints.try_fill(2, 10, |room| {
                room.iter().for_each(|cell| cell.set(8.0));
                Err(Error::MixedGraphs)
            });
            assert_eq!((failed, adjoints.len(), adjoints.get(1)), (Err(Error::MixedGraphs), 3, 7.0));
        }
        let filled = adjoints.try_fill(2, 10, |room| {
            room.iter().for_each(|cell| cell.set(9.0));
            Ok(())
        });
        assert_eq!((filled, adjoints.len(), adjoints.get(1)), (Ok(()), 2, 9.0));
    }
}
