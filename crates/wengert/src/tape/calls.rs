//! The functions of the user's own that a tape calls, and where an entry says which.
//!
//! The outputs of a call are entries side by side, with one list of operands: the inputs, then [`TRAILER`] words, the
//! number of the function, the position of the first output, and how many outputs there are.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::panic::UnwindSafe;

use crate::error::Error;
use crate::external::External;
use crate::hash::FxHashMap;
use crate::op::Op;
use crate::tape::Tape;
use crate::tape::entry::{Entry, Handle};
use crate::tape::view::View;

/// How many words follow the inputs in the list of a call.
pub(super) const TRAILER: usize = 3;

/// The functions, each once.
#[derive(Default)]
pub(crate) struct Functions {
    all: RefCell<Vec<Arc<dyn External>>>,
    /// The numbers of the functions by their addresses.
    numbers: RefCell<FxHashMap<usize, u32>>,
    /// How many there are.
    count: Cell<u32>,
    /// The first error of the sweep that is running. Functions are not called after it.
    failure: RefCell<Option<Error>>,
    /// A buffer for the numbers of a call.
    buffer: RefCell<Vec<f64>>,
}

/// A panic in a function leaves the tape as it was.
impl UnwindSafe for Functions {}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all.borrow().iter()).finish()
    }
}

fn address(f: &Arc<dyn External>) -> usize {
    Arc::as_ptr(f).cast::<()>() as usize
}

impl Functions {
    #[inline(always)]
    pub(crate) fn count(&self) -> u32 {
        self.count.get()
    }

    /// The number of the function, which is new or was added before.
    fn number(&self, f: &Arc<dyn External>) -> Result<u32, Error> {
        let (mut all, mut numbers) = (self.all.borrow_mut(), self.numbers.borrow_mut());
        if let Some(&number) = numbers.get(&address(f)) {
            return Ok(number);
        }
        all.try_reserve(1).map_err(|_| Error::OutOfMemory { nodes: 1 })?;
        numbers.try_reserve(1).map_err(|_| Error::OutOfMemory { nodes: 1 })?;
        let number = self.count.get();
        numbers.insert(address(f), number);
        all.push(Arc::clone(f));
        self.count.set(number + 1);
        Ok(number)
    }

    pub(crate) fn get(&self, number: u32) -> Arc<dyn External> {
        Arc::clone(&self.all.borrow()[number as usize])
    }

    /// The buffer, to be given back by [`Functions::keep_buffer`].
    pub(crate) fn take_buffer(&self) -> Vec<f64> {
        self.buffer.take()
    }

    pub(crate) fn keep_buffer(&self, buffer: Vec<f64>) {
        self.buffer.replace(buffer);
    }

    /// Keeps the first `count`.
    #[inline(always)]
    pub(super) fn truncate(&self, count: u32) {
        if self.count.get() > count {
            self.drop_from(count);
        }
    }

    #[cold]
    #[inline(never)]
    fn drop_from(&self, count: u32) {
        while self.count.get() > count
            && let Some(dropped) = self.all.borrow_mut().pop()
        {
            self.count.set(self.count.get() - 1);
            self.numbers.borrow_mut().remove(&address(&dropped));
        }
    }

    /// Runs a step of a sweep, unless one failed before. Keeps its error for [`Functions::outcome`].
    pub(crate) fn attempt(&self, step: impl FnOnce() -> Result<(), Error>) {
        if self.failure.borrow().is_none()
            && let Err(error) = step()
        {
            self.failure.replace(Some(error));
        }
    }

    /// The first error of the sweep that has just run.
    #[inline(always)]
    pub(crate) fn outcome(&self) -> Result<(), Error> {
        match self.count.get() {
            0 => Ok(()),
            _ => self.take_failure(),
        }
    }

    #[cold]
    #[inline(never)]
    fn take_failure(&self) -> Result<(), Error> {
        self.failure.take().map_or(Ok(()), Err)
    }
}

/// A call as the tape stores it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'t> {
    /// The positions of the inputs.
    pub(crate) inputs: &'t [Cell<u32>],
    /// The number of the function.
    pub(crate) function: u32,
    /// The position of the first output.
    pub(crate) first: u32,
    /// How many outputs there are.
    pub(crate) outputs: u32,
}

impl<'t> View<'t> {
    /// The call that an entry of [`Op::External`] is an output of.
    pub(crate) fn call(self, entry: Entry) -> Call<'t> {
        let (start, count) = (entry.a() as usize, entry.b() as usize);
        let (inputs, trailer) = self.lists[start..start + count + TRAILER].split_at(count);
        Call { inputs, function: trailer[0].get(), first: trailer[1].get(), outputs: trailer[2].get() }
    }
}

impl Tape {
    /// Appends a call: an entry for each of the values. Returns the handle of the first.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::OutOfMemory`]; the tape is as before.
    pub(crate) fn push_call(
        &self,
        f: &Arc<dyn External>,
        inputs: impl ExactSizeIterator<Item = Handle>,
        values: &[f64],
    ) -> Result<Handle, Error> {
        let before = self.extent();
        let pushed = self.try_push_call(f, inputs, values);
        if pushed.is_err() {
            self.undo(before);
        }
        pushed
    }

    fn try_push_call(
        &self,
        f: &Arc<dyn External>,
        inputs: impl ExactSizeIterator<Item = Handle>,
        values: &[f64],
    ) -> Result<Handle, Error> {
        let count = inputs.len();
        self.entries.allow(values.len())?;
        let function = self.functions.number(f)?;
        self.lists.reserve(count + TRAILER)?;
        let (start, first) = (self.lists.len() as u32, self.len());
        let mut wants = false;
        for input in inputs {
            wants |= input.wants();
            self.lists.push(input.index());
        }
        for word in [function, first, values.len() as u32] {
            self.lists.push(word);
        }
        for &value in values {
            self.entries.reserve(1)?;
            self.push(Entry::new(Op::External, start, count as u32, wants, value));
        }
        Ok(Handle::new(first, wants))
    }
}
