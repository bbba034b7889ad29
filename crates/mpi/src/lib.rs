#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod batch;
mod error;
mod job;
mod saved;
mod train;

pub use batch::RankedBatch;
pub use error::Error;
pub use job::{Ranks, run};
pub use saved::Saved;
pub use train::Training;
