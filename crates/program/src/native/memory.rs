//! Memory that code runs from: written first, then sealed. It is never writable and executable at once.

use std::io;

use memmap2::{Mmap, MmapMut};

/// Code that may run.
#[derive(Debug)]
pub(super) struct Executable(Mmap);

impl Executable {
    /// A copy of the code that may run and not be written.
    ///
    /// # Errors
    /// That of the system, where memory may not be made executable.
    pub(super) fn new(code: &[u8]) -> io::Result<Executable> {
        let mut memory = MmapMut::map_anon(code.len())?;
        memory.copy_from_slice(code);
        Ok(Executable(memory.make_exec()?))
    }

    /// The first instruction. It stays there as long as this lives.
    pub(super) fn start(&self) -> *const u8 {
        self.0.as_ptr()
    }
}
