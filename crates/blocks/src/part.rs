//! A part: the sums of some blocks, and what they are the sums of.
//!
//! A file has the eight bytes `wengertb`, then in [postcard](https://postcard.jamesmunns.com/wire-format)'s encoding the
//! version as a `u32` and the fields of [`Part`], then the CRC-32 of all bytes before it, lowest byte first.

use std::fs;
use std::ops::Range;
use std::path::Path;

use serde::{Deserialize, Serialize};
use wengert_program::{BlockSums, Blocks};

use crate::error::Error;

const MAGIC: &[u8; 8] = b"wengertb";
const VERSION: u32 = 2;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    /// The checksum of the program; the checksum or the name of the points.
    pub(crate) program: String,
    pub(crate) points: String,
    pub(crate) count: usize,
    /// The most blocks that the points are cut into.
    pub(crate) most: usize,
    pub(crate) range: Range<usize>,
    /// The uniform inputs.
    pub(crate) parameters: Vec<f64>,
    /// That of sums of products, which the instruction set decides.
    pub(crate) rounding: String,
    /// The label of each output.
    pub(crate) labels: Vec<Option<String>>,
    pub(crate) sums: Vec<(Range<usize>, Vec<f64>)>,
}

impl Part {
    pub(crate) fn blocks(&self) -> Blocks {
        Blocks::at_most(self.count, self.most)
    }

    /// The sums, if they are those of `range`.
    pub(crate) fn block_sums(&self) -> Result<BlockSums, String> {
        let mut sums = BlockSums::new(self.blocks(), self.labels.len());
        let mut next = self.range.start;
        for (range, numbers) in &self.sums {
            if range.start != next {
                return Err(format!("it does not have block {next}"));
            }
            sums.insert(range.clone(), numbers).map_err(|error| error.to_string())?;
            next = range.end;
        }
        if next == self.range.end { Ok(sums) } else { Err(format!("it does not have block {next}")) }
    }

    pub(crate) fn save(&self, path: &Path) -> Result<(), Error> {
        let bytes = postcard::to_extend(&(VERSION, self), MAGIC.to_vec());
        let mut bytes = bytes.expect("lists and strings of known length can be written");
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        wengert_file::save(path, &bytes).map_err(|source| Error::File { path: path.into(), source })
    }

    pub(crate) fn load(path: &Path) -> Result<Part, Error> {
        let bytes = fs::read(path).map_err(|source| Error::File { path: path.into(), source })?;
        parse(&bytes).map_err(|what| Error::Part { path: path.into(), what: what.into() })
    }
}

fn parse(bytes: &[u8]) -> Result<Part, &'static str> {
    if bytes.is_empty() {
        return Err("it is empty");
    }
    let body = bytes.strip_prefix(MAGIC).ok_or("it does not start like one")?;
    let (body, checksum) = body.split_last_chunk().ok_or("it ends early")?;
    if crc32fast::hash(&bytes[..bytes.len() - checksum.len()]) != u32::from_le_bytes(*checksum) {
        return Err("its checksum does not match: it was cut short, or some bytes changed");
    }
    let (version, body): (u32, &[u8]) = postcard::take_from_bytes(body).map_err(|_| "it ends early")?;
    if version != VERSION {
        return Err("it has another version");
    }
    match postcard::take_from_bytes(body) {
        Ok((part, [])) => Ok(part),
        _ => Err("its fields cannot be read"),
    }
}
