//! A batch whose points are spread on the ranks.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use wengert_program::{BlockSums, Blocks, Program, Setup, Spread, Workspace};

use crate::error::Error;
use crate::job::Ranks;

/// A program whose outputs are sums over points, and this rank's share of the points.
///
/// The uniform inputs are the parameters: [`RankedBatch::sums`] takes them. The inputs that have a number for each point
/// are the data, which stay on their rank. So an optimizer runs alike on every rank, and the ranks share each evaluation.
#[derive(Debug)]
pub struct RankedBatch<'r> {
    ranks: &'r Ranks,
    program: Program,
    blocks: Blocks,
    share: Range<usize>,
    /// A column for each input that has a number for each point, of the points of this rank.
    columns: Vec<Vec<f64>>,
    workspace: Workspace,
}

/// What a rank sends to rank 0.
#[derive(Serialize, Deserialize)]
enum Own {
    Sums {
        /// A checksum of the uniform inputs.
        uniform: u32,
        rounding: String,
        parts: Vec<(usize, usize, Vec<f64>)>,
    },
    Failed(String),
}

/// What all ranks get.
#[derive(Serialize, Deserialize)]
enum Agreed {
    Total(Vec<f64>),
    Failed(usize, String),
    DifferentInputs(usize),
    /// The rank, the rounding of rank 0 and its own.
    DifferentRounding(usize, String, String),
}

impl<'r> RankedBatch<'r> {
    /// Takes the points of this rank from a function of the point's number, which fills in the inputs that have a number
    /// for each point, in order. It must set every input at every point: one that it does not set is NaN. `blocks` is the
    /// cut. With [`Blocks::of`] there are at most 64 blocks, and the bits are those of [`Program::eval_batch`]; use
    /// [`Blocks::at_most`] if the ranks need more.
    ///
    /// # Errors
    /// [`Error::OnRank`], on every rank, if an output of the program is not a sum, or a rank has another program or cuts
    /// otherwise than rank 0.
    ///
    /// # Panics
    /// As [`Program::to_bytes`].
    pub fn new(
        ranks: &'r Ranks,
        program: Program,
        blocks: Blocks,
        mut point: impl FnMut(usize, &mut [f64]),
    ) -> Result<RankedBatch<'r>, Error> {
        let own = RankedBatch::own_points(ranks, blocks);
        let mut inputs = vec![f64::NAN; per_point(&program)];
        let mut columns: Vec<_> = inputs.iter().map(|_| Vec::with_capacity(own.len())).collect();
        for k in own {
            // If the function does not set an input, the number of the point before would be used, which depends on
            // where the rank starts.
            inputs.fill(f64::NAN);
            point(k, &mut inputs);
            columns.iter_mut().zip(&inputs).for_each(|(column, &x)| column.push(x));
        }
        RankedBatch::with_columns(ranks, program, blocks, columns)
    }

    /// Takes the points of this rank as columns, one for each input that has a number for each point. [`own_points`] says
    /// which points they are.
    ///
    /// [`own_points`]: RankedBatch::own_points
    ///
    /// # Errors
    /// As [`RankedBatch::new`]. [`Error::OnRank`], on every rank, with what is wrong with the columns of one.
    ///
    /// # Panics
    /// As [`Program::to_bytes`].
    pub fn with_columns(
        ranks: &'r Ranks,
        program: Program,
        blocks: Blocks,
        columns: Vec<Vec<f64>>,
    ) -> Result<RankedBatch<'r>, Error> {
        let own = RankedBatch::own_points(ranks, blocks);
        // If a rank had another program or cut, the sum would be of two functions.
        let first = ranks.share_first(|| (blocks.points(), blocks.count(), checksum_of(&program)))?;
        let check = || {
            same("points of the batch, as on rank 0", first.0, blocks.points())?;
            same("blocks of the batch, as on rank 0", first.1, blocks.count())?;
            if first.2 != checksum_of(&program) {
                return Err(
                    "another program than on rank 0: make the same on every rank, or one by Ranks::program".into()
                );
            }
            if let Some(k) = (0..program.output_count()).find(|&k| program.output(k).1 != Spread::Uniform) {
                return Err(format!("output {k} has a number for each point: make it a sum, see Output::sum"));
            }
            same("columns, one for each input with a number for each point", per_point(&program), columns.len())?;
            columns.iter().try_for_each(|column| same("numbers in a column", own.len(), column.len()))
        };
        ranks.agree(check())?;
        let share = blocks.share(ranks.rank(), ranks.count());
        Ok(RankedBatch { ranks, program, blocks, share, columns, workspace: Workspace::new() })
    }

    /// The same batch with another setup of the workspace: the number of threads of each rank, say. The rounding
    /// of the instruction set decides the bits, so use sets of one rounding on all machines.
    #[must_use]
    pub fn setup(self, setup: Setup) -> RankedBatch<'r> {
        RankedBatch { workspace: Workspace::with(setup), ..self }
    }

    /// The points of this rank in a batch that is cut into these blocks.
    pub fn own_points(ranks: &Ranks, blocks: Blocks) -> Range<usize> {
        blocks.points_of(blocks.share(ranks.rank(), ranks.count()))
    }

    /// The outputs of the program, summed over all points, on every rank. The bits are those of [`Program::block_sums`] with
    /// all these blocks on one machine. `uniform` are the uniform inputs, in order, the same on every rank. A NaN or an
    /// infinity is a value as any other.
    ///
    /// The ranks send what they have to rank 0: together at most a row of sums for each block. Rank 0 sends the total.
    ///
    /// # Errors
    /// On every rank alike: [`Error::OnRank`] if the program fails on one, [`Error::DifferentInputs`],
    /// [`Error::DifferentRounding`], [`Error::TooLong`].
    pub fn sums(&mut self, uniform: &[f64]) -> Result<Vec<f64>, Error> {
        let own = match self.own(uniform) {
            Ok(sums) => {
                let parts = sums.parts().map(|(range, sums)| (range.start, range.end, sums.to_vec()));
                Own::Sums {
                    uniform: checksum(uniform),
                    rounding: self.workspace.instructions().rounding().to_owned(),
                    parts: parts.collect(),
                }
            }
            Err(what) => Own::Failed(what),
        };
        let all = self.ranks.gather(&own)?;
        match self.ranks.share_first(|| merge(self.blocks, self.program.output_count(), all))? {
            Agreed::Total(total) => Ok(total),
            Agreed::Failed(rank, what) => Err(Error::OnRank { rank, what }),
            Agreed::DifferentInputs(rank) => Err(Error::DifferentInputs { rank }),
            Agreed::DifferentRounding(rank, first, other) => Err(Error::DifferentRounding { rank, first, other }),
        }
    }

    fn own(&mut self, uniform: &[f64]) -> Result<BlockSums, String> {
        same("uniform inputs", self.program.input_count() - self.columns.len(), uniform.len())?;
        let (mut uniform, mut columns) = (uniform.chunks(1), self.columns.iter());
        let inputs: Vec<&[f64]> = (0..self.program.input_count())
            .map(|k| match self.program.input_spread(k) {
                Spread::PerPoint => columns.next().expect("they were counted"),
                _ => uniform.next().expect("they were counted"),
            })
            .collect();
        self.program
            .block_sums(self.blocks, self.share.clone(), &inputs, &mut self.workspace)
            .map_err(|error| error.to_string())
    }
}

/// On rank 0: the total, if every rank has its sums. The results on other ranks are not used.
fn merge(blocks: Blocks, width: usize, all: Vec<Own>) -> Agreed {
    let mut total = BlockSums::new(blocks, width);
    let mut first = None;
    for (rank, own) in all.into_iter().enumerate() {
        let (uniform, rounding, parts) = match own {
            Own::Failed(what) => return Agreed::Failed(rank, what),
            Own::Sums { uniform, rounding, parts } => (uniform, rounding, parts),
        };
        let (first_uniform, first_rounding) = first.get_or_insert_with(|| (uniform, rounding.clone()));
        if *first_uniform != uniform {
            return Agreed::DifferentInputs(rank);
        }
        if *first_rounding != rounding {
            return Agreed::DifferentRounding(rank, first_rounding.clone(), rounding);
        }
        for (start, end, sums) in parts {
            if let Err(error) = total.insert(start..end, &sums) {
                return Agreed::Failed(rank, error.to_string());
            }
        }
    }
    match total.total() {
        Ok(total) => Agreed::Total(total),
        Err(error) => Agreed::Failed(0, error.to_string()),
    }
}

fn per_point(program: &Program) -> usize {
    (0..program.input_count()).filter(|&k| program.input_spread(k) == Spread::PerPoint).count()
}

fn same(what: &str, expected: usize, given: usize) -> Result<(), String> {
    if expected == given { Ok(()) } else { Err(format!("{what}: {expected} expected, {given} given")) }
}

/// What tells a program from others.
fn checksum_of(program: &Program) -> u32 {
    let bytes = program.to_bytes();
    // They end in a checksum of their own, and with that the checksum of all programs would be the same.
    crc32fast::hash(&bytes[..bytes.len() - 4])
}

/// A checksum of the bits.
pub(crate) fn checksum(numbers: &[f64]) -> u32 {
    let mut checksum = crc32fast::Hasher::new();
    numbers.iter().for_each(|x| checksum.update(&x.to_le_bytes()));
    checksum.finalize()
}
