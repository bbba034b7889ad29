//! A job: the same function on every rank, which ends everywhere if it fails anywhere.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mpi::Threading;
use mpi::collective::{CommunicatorCollectives, Root};
use mpi::datatype::PartitionMut;
use mpi::topology::{Communicator, SimpleCommunicator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wengert_program::Program;

use crate::error::Error;

/// Starts MPI, and runs the function on this rank with all ranks of the job.
///
/// If the function returns an error or panics on any rank, the job ends on all of them, with status 1: MPI itself would
/// let the others wait forever. Standard error has the rank and the message.
///
/// Call it once, from the main thread. The function may use other threads, but [`Ranks`] stays on this one:
///
/// ```compile_fail,E0277
/// wengert_mpi::run(|ranks| {
///     std::thread::scope(|scope| scope.spawn(|| ranks.rank()).join());
///     Ok(())
/// });
/// ```
///
/// If the MPI library does not allow other threads, the job ends and says so.
///
/// # Panics
/// If MPI was started before.
pub fn run(f: impl FnOnce(&Ranks) -> Result<(), Box<dyn StdError>>) {
    let (universe, threading) =
        mpi::initialize_with_threading(Threading::Funneled).expect("MPI was not started before");
    let ranks = Ranks { world: universe.world(), on_this_thread: PhantomData };
    if threading < Threading::Funneled {
        ranks.end(&"this MPI library allows no threads: use one with MPI_THREAD_FUNNELED");
    }
    match catch_unwind(AssertUnwindSafe(|| f(&ranks))) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => ranks.end(&error),
        Err(panic) => ranks.end(&format_args!("panicked: {}", text_of(&*panic))),
    }
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "without a message",
    }
}

/// The ranks of a job. All of them must call the same methods in the same order, with the same arguments where a method
/// does not say otherwise. If one rank does not, the others wait forever.
pub struct Ranks {
    world: SimpleCommunicator,
    /// MPI was started for calls of this thread alone.
    on_this_thread: PhantomData<*const ()>,
}

impl Ranks {
    /// Which rank this is, from 0.
    pub fn rank(&self) -> usize {
        self.world.rank() as usize
    }

    /// How many ranks there are.
    pub fn count(&self) -> usize {
        self.world.size() as usize
    }

    /// Makes a program on rank 0, and gives it to every rank.
    ///
    /// # Errors
    /// [`Error::OnRank`] on every rank, if rank 0 fails or the program cannot be read elsewhere. A program that calls a
    /// user's function cannot be read: record it on every rank instead.
    pub fn program(&self, make: impl FnOnce() -> Result<Program, wengert_program::Error>) -> Result<Program, Error> {
        let made = self.share_first(|| make().map(|program| program.to_bytes()).map_err(|error| error.to_string()))?;
        let bytes = made.map_err(|what| Error::OnRank { rank: 0, what })?;
        let read = Program::from_bytes(&bytes);
        self.agree(read.as_ref().map(|_| ()).map_err(|error| error.to_string()))?;
        read.map_err(|error| Error::OnRank { rank: self.rank(), what: error.to_string() })
    }

    /// Gives every rank what rank 0 makes.
    pub(crate) fn share_first<T: Serialize + DeserializeOwned>(&self, make: impl FnOnce() -> T) -> Result<T, Error> {
        let mut bytes = if self.rank() == 0 { encode(&make()) } else { Vec::new() };
        let mut length = bytes.len() as u64;
        let root = self.world.process_at_rank(0);
        root.broadcast_into(&mut length);
        // Every rank sees the length, so all of them refuse it, before they make room.
        fits(length as usize)?;
        bytes.resize(length as usize, 0);
        root.broadcast_into(&mut bytes[..]);
        postcard::from_bytes(&bytes).map_err(|_| Error::Message { rank: 0 })
    }

    /// On rank 0: what each rank has, in order of ranks. On the others: nothing.
    pub(crate) fn gather<T: Serialize + DeserializeOwned>(&self, own: &T) -> Result<Vec<T>, Error> {
        let bytes = encode(own);
        let root = self.world.process_at_rank(0);
        let mut lengths = vec![0u64; self.count()];
        self.world.all_gather_into(&(bytes.len() as u64), &mut lengths[..]);
        fits(lengths.iter().sum::<u64>() as usize)?;
        if self.rank() != 0 {
            root.gather_varcount_into(&bytes[..]);
            return Ok(Vec::new());
        }
        let counts: Vec<i32> = lengths.iter().map(|&length| length as i32).collect();
        let starts: Vec<i32> =
            counts.iter().scan(0, |next, count| Some(std::mem::replace(next, *next + count))).collect();
        let mut all = vec![0u8; lengths.iter().sum::<u64>() as usize];
        let mut parts = PartitionMut::new(&mut all[..], &counts[..], &starts[..]);
        root.gather_varcount_into_root(&bytes[..], &mut parts);
        let read = |(rank, (&start, &count)): (usize, (&i32, &i32))| {
            let part = &all[start as usize..(start + count) as usize];
            postcard::from_bytes(part).map_err(|_| Error::Message { rank })
        };
        starts.iter().zip(&counts).enumerate().map(read).collect()
    }

    /// The first error of any rank, on every rank.
    pub(crate) fn agree(&self, own: Result<(), String>) -> Result<(), Error> {
        let all = self.gather(&own)?;
        let first = self.share_first(|| all.into_iter().zip(0..).find_map(|(one, rank)| Some((rank, one.err()?))))?;
        match first {
            Some((rank, what)) => Err(Error::OnRank { rank, what }),
            None => Ok(()),
        }
    }

    /// Whether all ranks have the same checksum of their numbers.
    pub(crate) fn alike(&self, own: u32) -> Result<(), Error> {
        let all = self.gather(&own)?;
        match self.share_first(|| all.iter().position(|one| *one != all[0]))? {
            Some(rank) => Err(Error::DifferentInputs { rank }),
            None => Ok(()),
        }
    }

    /// Ends the job on all ranks.
    fn end(&self, why: &dyn fmt::Display) -> ! {
        eprintln!("rank {} of {}: {why}", self.rank(), self.count());
        self.world.abort(1)
    }
}

impl fmt::Debug for Ranks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ranks").field("rank", &self.rank()).field("count", &self.count()).finish()
    }
}

fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).expect("has a length")
}

pub(crate) fn fits(bytes: usize) -> Result<(), Error> {
    if bytes > i32::MAX as usize { Err(Error::TooLong { bytes }) } else { Ok(()) }
}
