//! The state of an iteration, saved every few steps, so that a job that was killed can go on.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use postcard::ser_flavors::Size;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::job::{Ranks, fits};

/// A file that holds the state of an iteration: the step, the parameters, what the optimizer remembers. Any number of
/// ranks can go on from it, with the same bits. By a checksum, a file that was changed or cut short is an error. The caller
/// must ask for the type that was saved.
///
/// ```no_run
/// # fn advance(state: &mut Vec<f64>) {}
/// wengert_mpi::run(|ranks| {
///     let saved = wengert_mpi::Saved::new("fit.state", 100);
///     let (first, mut state) = saved.resume(ranks)?.unwrap_or((0, vec![0.0; 3]));
///     for step in first..10_000 {
///         advance(&mut state);
///         saved.save(ranks, step + 1, &state)?;
///     }
///     Ok(())
/// });
/// ```
#[derive(Clone, Debug)]
pub struct Saved {
    path: PathBuf,
    every: u64,
}

impl Saved {
    /// A file that is written every `every` steps; 0 counts as 1.
    pub fn new(path: impl AsRef<Path>, every: u64) -> Saved {
        Saved { path: path.as_ref().to_owned(), every: every.max(1) }
    }

    /// The number of steps from one write of the file to the next.
    pub(crate) fn every(&self) -> u64 {
        self.every
    }

    /// The step and the state that were saved last, on every rank; `None` if there is no file. Rank 0 reads it.
    ///
    /// # Errors
    /// [`Error::OnRank`] on every rank, if the file cannot be read or is of another state.
    pub fn resume<T: Serialize + DeserializeOwned>(&self, ranks: &Ranks) -> Result<Option<(u64, T)>, Error> {
        let read = || match fs::read(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", self.path.display())),
            Ok(bytes) => match parse(&bytes) {
                Some(state) => Ok(Some(state)),
                None => Err(format!("{}: not a state of this job: move it away to start anew", self.path.display())),
            },
        };
        ranks.share_first(read)?.map_err(|what| Error::OnRank { rank: 0, what })
    }

    /// Saves the state after `steps` steps, if this is a multiple of `every`. Rank 0 writes the file, completely or not at
    /// all, and the others wait until it is there.
    ///
    /// # Errors
    /// [`Error::OnRank`] on every rank, if the file cannot be written; [`Error::TooLong`], on every rank, if
    /// the state has 2^31 bytes or more. The file is then as before.
    pub fn save<T: Serialize>(&self, ranks: &Ranks, steps: u64, state: &T) -> Result<(), Error> {
        if !steps.is_multiple_of(self.every) {
            return Ok(());
        }
        // What `resume` could not send is not written.
        let write = || {
            let state = (steps, state);
            let length = postcard::serialize_with_flavor(&state, Size::default()).map_err(|error| error.to_string())?;
            if fits(length + 4).is_err() {
                return Ok(Some(length + 4));
            }
            let mut bytes = postcard::to_stdvec(&state).map_err(|error| error.to_string())?;
            bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
            let saved = wengert_file::save(&self.path, &bytes);
            saved.map(|()| None).map_err(|error| format!("{}: {error}", self.path.display()))
        };
        match ranks.share_first(write)? {
            Ok(None) => Ok(()),
            Ok(Some(bytes)) => Err(Error::TooLong { bytes }),
            Err(what) => Err(Error::OnRank { rank: 0, what }),
        }
    }
}

/// The state in the bytes of a file: the state, then the CRC-32 of its bytes.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (state, checksum) = bytes.split_last_chunk::<4>()?;
    if crc32fast::hash(state) != u32::from_le_bytes(*checksum) {
        return None;
    }
    match postcard::take_from_bytes(state) {
        Ok((state, [])) => Some(state),
        _ => None,
    }
}
