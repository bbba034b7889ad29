//! What happens while a loop runs: a callback that may stop it, and a file from which it can be resumed.

use std::borrow::Cow;
use std::fmt;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use wengert::room::{Refused, with_room};

use crate::error::Error;

/// How far a loop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The number of steps that ran at least once.
    pub forward: usize,
    /// The number of steps that were swept back over.
    pub back: usize,
    /// The number of steps of the loop, where it is known.
    pub steps: Option<usize>,
}

pub(crate) type Callback = dyn FnMut(Progress) -> ControlFlow<()> + Send;

/// What to call, and where to save.
#[derive(Default)]
pub(crate) struct Watch {
    pub(crate) callback: Option<Timed<Box<Callback>>>,
    pub(crate) file: Option<Timed<PathBuf>>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("callback", &self.callback.as_ref().map(|timed| timed.every))
            .field("file", &self.file.as_ref().map(|timed| &timed.what))
            .finish()
    }
}

/// Something that is due from time to time.
pub(crate) struct Timed<T> {
    pub(crate) what: T,
    every: Duration,
    last: Instant,
}

impl<T> Timed<T> {
    pub(crate) fn new(what: T, every: Duration) -> Timed<T> {
        Timed { what, every, last: Instant::now() }
    }

    fn is_due(&mut self, now: Instant) -> bool {
        let is_due = now.duration_since(self.last) >= self.every;
        if is_due {
            self.last = now;
        }
        is_due
    }
}

impl Watch {
    /// Calls the callback and saves the run, each if it is due. A run that is stopped is saved too. `saved` gives what to
    /// save.
    ///
    /// # Errors
    /// [`Error::Stopped`], [`Error::File`], and those of `saved`.
    pub(crate) fn look<E: Into<Error>>(
        &mut self,
        progress: Progress,
        saved: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<(), Error> {
        if self.callback.is_none() && self.file.is_none() {
            return Ok(());
        }
        let asked = self.ask(progress);
        if let Some(file) = &mut self.file
            && (file.is_due(Instant::now()) || asked.is_err())
        {
            let (path, bytes) = (&file.what, saved().map_err(E::into)?);
            wengert_file::save(path, &bytes).map_err(|source| Error::File { path: path.clone(), source })?;
        }
        asked
    }

    /// Calls the callback if it is due.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub(crate) fn ask(&mut self, progress: Progress) -> Result<(), Error> {
        if let Some(callback) = &mut self.callback
            && callback.is_due(Instant::now())
            && (callback.what)(progress).is_break()
        {
            return Err(Error::Stopped);
        }
        Ok(())
    }

    /// What was saved before, if there is a file.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Malformed`]; [`Error::OtherRun`] if it is of a run with another key.
    pub(crate) fn saved(&self, key: &[u8]) -> Result<Option<Saved<'static>>, Error> {
        let Some(Timed { what: path, .. }) = &self.file else { return Ok(None) };
        match std::fs::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::File { path: path.clone(), source }),
            Ok(bytes) => Saved::from_bytes(&bytes, key, path).map(Some),
        }
    }

    /// [`Error::OtherRun`] for the file.
    pub(crate) fn other_run(&self) -> Error {
        Error::OtherRun { path: self.file.as_ref().map(|file| file.what.clone()).unwrap_or_default() }
    }

    /// Removes the file of a run that is done.
    pub(crate) fn done(&self) -> Result<(), Error> {
        let Some(Timed { what: path, .. }) = &self.file else { return Ok(()) };
        match std::fs::remove_file(path) {
            Err(source) if source.kind() != ErrorKind::NotFound => Err(Error::File { path: path.clone(), source }),
            _ => Ok(()),
        }
    }
}

/// A run that was interrupted.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Saved<'a> {
    /// How many actions of the schedule were begun.
    pub(crate) actions: u64,
    /// The number of actions begun when the end was reached.
    pub(crate) ended: Option<u64>,
    /// The blocks of the last action that are still to run.
    pub(crate) rest: Option<(usize, usize)>,
    pub(crate) frontier: usize,
    pub(crate) left: usize,
    pub(crate) steps: Option<usize>,
    /// For how many steps inputs were read, and their checksum.
    pub(crate) read: (usize, u32),
    /// The numbers of blocks, of blocks that ran again, and of states kept.
    pub(crate) work: [usize; 3],
    pub(crate) state: Cow<'a, [f64]>,
    pub(crate) kept: Cow<'a, [f64]>,
    pub(crate) end: Cow<'a, [f64]>,
    pub(crate) losses: Cow<'a, [f64]>,
    pub(crate) adjoint: Cow<'a, [f64]>,
    pub(crate) params: Cow<'a, [f64]>,
    pub(crate) inputs: Cow<'a, [f64]>,
}

/// How a file begins. The last character is its version.
const MAGIC: &[u8] = b"wengert-scan 2";

/// The most bytes of a file beside its key and its numbers: 30 integers and lengths of up to 10 bytes, and the rest.
const FRAME: usize = 400;

impl Saved<'_> {
    /// # Errors
    /// If memory runs out.
    pub(crate) fn to_bytes(&self, key: &[u8]) -> Result<Vec<u8>, Refused> {
        let lists = [&self.state, &self.kept, &self.end, &self.losses, &self.adjoint, &self.params, &self.inputs];
        let numbers: usize = lists.iter().map(|list| list.len()).sum();
        let mut bytes = with_room(FRAME + key.len() + size_of::<f64>() * numbers)?;
        bytes.extend_from_slice(MAGIC);
        let mut bytes = postcard::to_extend(&(key, self), bytes).expect("there is room");
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        Ok(bytes)
    }

    fn from_bytes(bytes: &[u8], key: &[u8], path: &Path) -> Result<Saved<'static>, Error> {
        let malformed = |what| Error::Malformed { path: path.into(), what };
        let (content, sum) = bytes.split_last_chunk().ok_or_else(|| malformed("it ends early"))?;
        let body = content.strip_prefix(MAGIC).ok_or_else(|| malformed("it does not start like one"))?;
        if crc32fast::hash(content) != u32::from_le_bytes(*sum) {
            return Err(malformed("its checksum does not match: it was cut short, or some bytes changed"));
        }
        let (of, saved): (Vec<u8>, Saved<'static>) =
            postcard::from_bytes(body).map_err(|_| malformed("it ends early"))?;
        if of != key {
            return Err(Error::OtherRun { path: path.into() });
        }
        Ok(saved)
    }
}
