//! What happens while a loop runs: a callback that may stop it, and a file from which it can be resumed.

use std::fmt;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// How far a loop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The number of steps that ran at least once.
    pub forward: usize,
    /// The number of steps that are swept.
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
    /// Saves and calls where that is due. `saved` says what to save.
    ///
    /// # Errors
    /// [`Error::Stopped`], [`Error::File`].
    pub(crate) fn look(&mut self, progress: Progress, saved: impl FnOnce() -> Vec<u8>) -> Result<(), Error> {
        if self.callback.is_none() && self.file.is_none() {
            return Ok(());
        }
        let now = Instant::now();
        if let Some(file) = &mut self.file
            && file.is_due(now)
        {
            let path = &file.what;
            wengert_file::save(path, &saved()).map_err(|source| Error::File { path: path.clone(), source })?;
        }
        if let Some(callback) = &mut self.callback
            && callback.is_due(now)
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
    pub(crate) fn saved(&self, key: &[u8]) -> Result<Option<Saved>, Error> {
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Saved {
    /// How many actions of the schedule were begun.
    pub(crate) actions: u64,
    /// After how many of them the end was met.
    pub(crate) ended: Option<u64>,
    /// The blocks of the last action that are still to run.
    pub(crate) rest: Option<(usize, usize)>,
    pub(crate) frontier: usize,
    pub(crate) left: usize,
    pub(crate) steps: Option<usize>,
    /// For how many steps inputs were read, and their checksum.
    pub(crate) read: (usize, u32),
    /// Blocks, those that ran again, states kept.
    pub(crate) work: [usize; 3],
    pub(crate) state: Vec<f64>,
    pub(crate) kept: Vec<f64>,
    pub(crate) end: Vec<f64>,
    pub(crate) losses: Vec<f64>,
    pub(crate) adjoint: Vec<f64>,
    pub(crate) params: Vec<f64>,
    pub(crate) inputs: Vec<f64>,
}

/// How a file begins. The last character is its version.
const MAGIC: &[u8] = b"wengert-scan 2";

impl Saved {
    pub(crate) fn to_bytes(&self, key: &[u8]) -> Vec<u8> {
        let body = postcard::to_stdvec(&(key, self)).expect("memory suffices");
        let mut bytes = [MAGIC, &body].concat();
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8], key: &[u8], path: &Path) -> Result<Saved, Error> {
        let malformed = |what| Error::Malformed { path: path.into(), what };
        let (content, sum) = bytes.split_last_chunk().ok_or_else(|| malformed("it ends early"))?;
        let body = content.strip_prefix(MAGIC).ok_or_else(|| malformed("it does not start like one"))?;
        if crc32fast::hash(content) != u32::from_le_bytes(*sum) {
            return Err(malformed("its checksum does not match: it was cut short, or some bytes changed"));
        }
        let (of, saved): (Vec<u8>, Saved) = postcard::from_bytes(body).map_err(|_| malformed("it ends early"))?;
        if of != key {
            return Err(Error::OtherRun { path: path.into() });
        }
        Ok(saved)
    }
}
