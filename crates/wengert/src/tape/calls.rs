//! The functions of the user's own that a tape calls, and where an entry says which.
//!
//! The outputs of a call are entries side by side, with one list of operands: the inputs, then [`TRAILER`] words: the
//! number of the function, the position of the first output, how many outputs there are, and where the partials of a
//! statement start.

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
use crate::tape::entry::{Entry, Handle, MAX_NODES};
use crate::tape::list::GrowList;
use crate::tape::view::View;

/// How many words follow the inputs in the list of a call.
pub(super) const TRAILER: usize = 4;

/// The last word of a call that has no partials.
const NO_PARTIALS: u32 = u32::MAX;

/// The functions, each once.
pub(crate) struct Functions {
    all: RefCell<Vec<Arc<dyn External>>>,
    /// The numbers of the functions by their addresses.
    numbers: RefCell<FxHashMap<usize, u32>>,
    /// How many there are.
    count: Cell<u32>,
    /// How many of them can fail: all but statements.
    fallible: Cell<u32>,
    /// The address and the number of the statement that was recorded last.
    recent: Cell<(usize, u32)>,
    /// The partials of all statements.
    partials: GrowList<f64>,
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
    /// None, for a tape of at most `limit` entries.
    pub(super) fn new(limit: usize) -> Functions {
        Functions {
            all: RefCell::default(),
            numbers: RefCell::default(),
            count: Cell::new(0),
            fallible: Cell::new(0),
            recent: Cell::new((0, 0)),
            partials: GrowList::new(MAX_NODES, limit),
            failure: RefCell::default(),
            buffer: RefCell::default(),
        }
    }

    #[inline(always)]
    pub(super) fn count(&self) -> u32 {
        self.count.get()
    }

    /// Whether a sweep over `f64` can fail.
    #[inline(always)]
    pub(crate) fn can_fail(&self) -> bool {
        self.fallible.get() > 0
    }

    /// How many partials there are.
    pub(super) fn partials(&self) -> u32 {
        self.partials.len() as u32
    }

    /// The bytes that partials take.
    pub(super) fn bytes(&self) -> usize {
        self.partials.len() * size_of::<f64>()
    }

    /// As [`Tape::consolidate`].
    #[inline(always)]
    pub(super) fn consolidate(&mut self) {
        self.partials.consolidate();
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
        self.fallible.set(self.fallible.get() + u32::from(!f.is_statement()));
        Ok(number)
    }

    /// As [`Functions::number`], fast for the statement that was recorded last. `address` is that of the function.
    #[inline(always)]
    fn number_of_statement(&self, f: &Arc<dyn External>, address: usize) -> Result<u32, Error> {
        let (recent, number) = self.recent.get();
        match recent == address {
            true => Ok(number),
            false => self.number_of_another(f, address),
        }
    }

    #[cold]
    #[inline(never)]
    fn number_of_another(&self, f: &Arc<dyn External>, address: usize) -> Result<u32, Error> {
        let number = self.number(f)?;
        self.recent.set((address, number));
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

    /// Keeps the first `count` functions, and the first `partials` partials.
    #[inline(always)]
    pub(super) fn truncate(&self, count: u32, partials: u32) {
        if self.count.get() > 0 {
            self.partials.truncate(partials as usize);
            if self.count.get() > count {
                self.drop_from(count);
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn drop_from(&self, count: u32) {
        while self.count.get() > count
            && let Some(dropped) = self.all.borrow_mut().pop()
        {
            self.count.set(self.count.get() - 1);
            self.fallible.set(self.fallible.get() - u32::from(!dropped.is_statement()));
            self.numbers.borrow_mut().remove(&address(&dropped));
        }
        // Its address may be that of another function next time.
        self.recent.set((0, 0));
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
    /// Where the partials of a statement start.
    partials: u32,
}

impl Call<'_> {
    /// The partials of a statement, one for each input. `None` for any other function.
    #[inline(always)]
    pub(crate) fn partials<'t>(&self, tape: &'t Tape) -> Option<&'t [Cell<f64>]> {
        if self.partials == NO_PARTIALS {
            return None;
        }
        let start = self.partials as usize;
        tape.functions.partials.room().get(start..start + self.inputs.len())
    }
}

impl<'t> View<'t> {
    /// The call that an entry of [`Op::External`] is an output of.
    pub(crate) fn call(self, entry: Entry) -> Call<'t> {
        let (start, count) = (entry.a() as usize, entry.b() as usize);
        let (inputs, trailer) = self.lists[start..start + count + TRAILER].split_at(count);
        Call {
            inputs,
            function: trailer[0].get(),
            first: trailer[1].get(),
            outputs: trailer[2].get(),
            partials: trailer[3].get(),
        }
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
        for word in [function, first, values.len() as u32, NO_PARTIALS] {
            self.lists.push(word);
        }
        for &value in values {
            self.entries.reserve(1)?;
            self.push(Entry::new(Op::External, start, count as u32, wants, value));
        }
        Ok(Handle::new(first, wants))
    }

    /// Makes room for a call of a statement.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::OutOfMemory`]; the tape is as before.
    #[inline(always)]
    pub(crate) fn statement(
        &self,
        f: &Arc<dyn External>,
        address: usize,
        count: usize,
    ) -> Result<NewStatement<'_>, Error> {
        let (mut list, mut partials) = self.statement_room(count);
        if list.len() < count + TRAILER || partials.len() < count || self.entries.vacant().is_none() {
            self.make_statement_room(count)?;
            (list, partials) = self.statement_room(count);
        }
        let function = self.functions.number_of_statement(f, address)?;
        let (inputs, trailer) = list.split_at(count);
        Ok(NewStatement { tape: self, inputs, trailer, partials, function })
    }

    #[inline(always)]
    fn statement_room(&self, count: usize) -> (&[Cell<u32>], &[Cell<f64>]) {
        (self.lists.spare(count + TRAILER), self.functions.partials.spare(count))
    }

    #[cold]
    #[inline(never)]
    fn make_statement_room(&self, count: usize) -> Result<(), Error> {
        let before = self.extent();
        let made = self.entries.reserve(1).and_then(|()| self.lists.reserve(count + TRAILER));
        let made = made.and_then(|()| self.functions.partials.reserve(count));
        if made.is_err() {
            self.undo(before);
        }
        made
    }
}

/// Room for a call of a statement.
pub(crate) struct NewStatement<'t> {
    tape: &'t Tape,
    /// To be written: the positions of the inputs.
    pub(crate) inputs: &'t [Cell<u32>],
    trailer: &'t [Cell<u32>],
    partials: &'t [Cell<f64>],
    function: u32,
}

impl NewStatement<'_> {
    /// Appends the call, with its value and a partial for each input.
    #[inline(always)]
    pub(crate) fn push(self, wants: bool, value: f64, partials: &[f64]) -> Handle {
        let (tape, count) = (self.tape, self.inputs.len());
        let (start, position) = (tape.lists.len(), tape.len());
        let all = &tape.functions.partials;
        for (cell, word) in self.trailer.iter().zip([self.function, position, 1, all.len() as u32]) {
            cell.set(word);
        }
        for (cell, &partial) in self.partials.iter().zip(partials) {
            cell.set(partial);
        }
        tape.lists.fill(count + TRAILER);
        all.fill(count);
        tape.push(Entry::new(Op::External, start as u32, count as u32, wants, value));
        Handle::new(position, wants)
    }
}
