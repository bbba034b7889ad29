/// What can go wrong on one rank or on all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program could not be made, read or run. On every rank, with what one rank says.
    #[error("rank {rank}: {what}")]
    OnRank {
        /// The first rank that failed.
        rank: usize,
        /// What it says.
        what: String,
    },
    /// The ranks were asked for sums at different numbers, so the sum would be of two functions; or a step of training took
    /// them to different parameters.
    #[error("ranks 0 and {rank} have different uniform inputs or parameters: give all ranks the same")]
    DifferentInputs {
        /// The first rank with other numbers than rank 0.
        rank: usize,
    },
    /// The instruction sets of the ranks round differently, so the bits would depend on which rank has which points.
    #[error(
        "the rounding of sums of products is {first} on rank 0 and {other} on rank {rank}: choose an instruction set that all machines have, see RankedBatch::setup"
    )]
    DifferentRounding {
        /// The first rank with another rounding than rank 0.
        rank: usize,
        /// The rounding of rank 0, see [`InstructionSet::rounding`](wengert_program::InstructionSet::rounding).
        first: String,
        /// That of the other rank.
        other: String,
    },
    /// A step of training that the optimizer refused, on every rank.
    #[error("step {step}: {source}")]
    Training {
        /// Which step, from 0.
        step: u64,
        /// Why.
        source: wengert_nn::Error,
    },
    /// A message that MPI cannot send at once.
    #[error(
        "a message of {bytes} bytes: MPI sends at most 2^31 - 1 at once; make it smaller: sums by fewer outputs or blocks, a program or a state by what it holds"
    )]
    TooLong {
        /// How many bytes.
        bytes: usize,
    },
    /// A message that another version of this crate sent.
    #[error("a message from rank {rank} cannot be read: are all ranks the same program?")]
    Message {
        /// The rank that sent it.
        rank: usize,
    },
}
