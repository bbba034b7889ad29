//! Sums over points in pieces: by many processes, or one after another, with the bits that one call has.
//!
//! The points of a batch are cut into blocks, by a rule that knows only how many points there are. The sums of the blocks
//! are added in pairs of neighbors, then pairs of pairs, and so on. A process that has neighbors can add them itself.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::error::{Error, same_length};

/// The points of a block are a multiple of this, which is a multiple of the strands and of most numbers
/// of lanes.
const GRAIN: usize = 64;

/// How the points of a batch are cut into blocks: the unit of work that threads, processes and jobs share. It depends
/// only on the number of points, and so do the bits of a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks {
    points: usize,
    /// How many points a block has. The last one may have fewer.
    length: usize,
}

impl Blocks {
    /// The most blocks of a batch that runs in one call.
    pub(crate) const MOST: usize = 64;

    /// The blocks that [`Program::eval_batch`](crate::Program::eval_batch) cuts so many points into: at most 64.
    ///
    /// ```
    /// use wengert_program::Blocks;
    ///
    /// let blocks = Blocks::of(1000);
    /// assert_eq!((blocks.count(), blocks.points_of(15..16)), (16, 960..1000));
    /// ```
    pub fn of(points: usize) -> Blocks {
        Blocks::at_most(points, Blocks::MOST)
    }

    /// At most `most` blocks, each of at least 64 points, for more processes than [`Blocks::of`] has blocks. At most one
    /// block, if `most` is 0. The bits of a sum depend on the number of blocks, so choose it once.
    ///
    /// ```
    /// use wengert_program::Blocks;
    ///
    /// assert_eq!(Blocks::at_most(1_000_000, 1024).count(), 977);
    /// ```
    pub fn at_most(points: usize, most: usize) -> Blocks {
        let length = points.div_ceil(most.max(1)).max(1);
        Blocks { points, length: length.checked_next_multiple_of(GRAIN).unwrap_or(length) }
    }

    /// How many blocks there are.
    ///
    /// ```
    /// assert_eq!(wengert_program::Blocks::of(0).count(), 0);
    /// ```
    pub fn count(self) -> usize {
        self.points.div_ceil(self.length)
    }

    /// How many points there are in all blocks.
    ///
    /// ```
    /// assert_eq!(wengert_program::Blocks::of(1000).points(), 1000);
    /// ```
    pub fn points(self) -> usize {
        self.points
    }

    /// The points of these blocks. Blocks beyond the last have none.
    ///
    /// ```
    /// assert_eq!(wengert_program::Blocks::of(1000).points_of(0..2), 0..128);
    /// ```
    pub fn points_of(self, blocks: Range<usize>) -> Range<usize> {
        let place = |block: usize| block.saturating_mul(self.length).min(self.points);
        place(blocks.start)..place(blocks.end)
    }

    /// The blocks of process `rank` out of `ranks`: neighbors, and as many as any other has, or one less. None if `rank`
    /// is not below `ranks`.
    ///
    /// ```
    /// let blocks = wengert_program::Blocks::of(1000);
    /// assert_eq!([0, 1, 2].map(|rank| blocks.share(rank, 3)), [0..5, 5..10, 10..16]);
    /// ```
    pub fn share(self, rank: usize, ranks: usize) -> Range<usize> {
        let count = self.count() as u128;
        // The product fits, and the quotient is at most the count.
        let start = |rank: usize| (count * rank as u128 / ranks as u128) as usize;
        if rank < ranks { start(rank)..start(rank + 1) } else { self.count()..self.count() }
    }

    pub(crate) fn length(self) -> usize {
        self.length
    }

    /// The level at which these blocks are one node of the tree of pairs: a node of level `k` starts at a multiple of
    /// `2^k`, and has `2^k` blocks or, at the end, the rest.
    fn level(self, blocks: &Range<usize>) -> Option<u32> {
        let len = blocks.end.checked_sub(blocks.start).filter(|&len| len > 0)?;
        let level = len.checked_next_power_of_two()?.ilog2();
        let aligned = blocks.start.is_multiple_of(1 << level);
        let whole = len == 1 << level || blocks.end == self.count();
        (aligned && whole && blocks.end <= self.count()).then_some(level)
    }
}

/// Sums over some of the blocks of a batch, one number for each output of a program. [`Program::block_sums`] makes
/// them. Merge those of all blocks, in any order, for the sums over all points.
///
/// ```
/// use wengert_program::{Blocks, BlockSums, Options, Output, Program, Workspace};
///
/// let g = wengert::Graph::new();
/// let x = g.leaf(1.0);
/// let program = Program::compile(&g, [x], [Output::sum(g.mul(x, x))], &Options::new())?;
/// let points: Vec<f64> = (0..1000).map(f64::from).collect();
/// let blocks = Blocks::of(points.len());
/// let mut sums = BlockSums::new(blocks, 1);
/// for rank in [1, 0] {
///     let share = blocks.share(rank, 2);
///     let own = &points[blocks.points_of(share.clone())];
///     sums.merge(program.block_sums(blocks, share, &[own], &mut Workspace::new())?)?;
/// }
/// assert_eq!(sums.total()?, [332_833_500.0]);
/// # Ok::<(), wengert_program::Error>(())
/// ```
///
/// [`Program::block_sums`]: crate::Program::block_sums
#[derive(Clone, Debug, PartialEq)]
pub struct BlockSums {
    blocks: Blocks,
    width: usize,
    /// By the first block of each node: its level, and its sums. No two have the same parent.
    nodes: BTreeMap<usize, (u32, Vec<f64>)>,
}

impl BlockSums {
    /// The sums of none of the blocks, `width` numbers wide.
    ///
    /// ```
    /// use wengert_program::{BlockSums, Blocks};
    ///
    /// assert_eq!(BlockSums::new(Blocks::of(0), 2).total()?, [0.0, 0.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn new(blocks: Blocks, width: usize) -> BlockSums {
        BlockSums { blocks, width, nodes: BTreeMap::new() }
    }

    /// How the points are cut.
    ///
    /// ```
    /// use wengert_program::{BlockSums, Blocks};
    ///
    /// assert_eq!(BlockSums::new(Blocks::of(1000), 2).blocks().count(), 16);
    /// ```
    pub fn blocks(&self) -> Blocks {
        self.blocks
    }

    /// How many sums a block has.
    ///
    /// ```
    /// use wengert_program::{BlockSums, Blocks};
    ///
    /// assert_eq!(BlockSums::new(Blocks::of(1000), 2).width(), 2);
    /// ```
    pub fn width(&self) -> usize {
        self.width
    }

    /// The blocks that were added up so far, and their sums, in order: to be sent elsewhere, or written to a file.
    /// [`BlockSums::insert`] takes them.
    ///
    /// ```
    /// use wengert_program::{BlockSums, Blocks};
    ///
    /// let mut sums = BlockSums::new(Blocks::of(1000), 1);
    /// sums.insert(1..2, &[4.0])?;
    /// sums.insert(0..1, &[3.0])?;
    /// assert_eq!(sums.parts().collect::<Vec<_>>(), [(0..2, &[7.0][..])]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn parts(&self) -> impl Iterator<Item = (Range<usize>, &[f64])> {
        self.nodes.iter().map(|(&start, (level, sums))| (self.range(start, *level), &sums[..]))
    }

    /// Adds a part of another [`BlockSums`] of the same blocks.
    ///
    /// ```
    /// use wengert_program::{BlockSums, Blocks};
    ///
    /// let mut sums = BlockSums::new(Blocks::of(128), 1);
    /// sums.insert(1..2, &[4.0])?;
    /// assert!(sums.insert(1..2, &[4.0]).is_err()); // twice
    /// sums.insert(0..1, &[3.0])?;
    /// assert_eq!(sums.total()?, [7.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Length`] if there are not `width` sums. [`Error::Blocks`] if no [`BlockSums`] has these blocks as a part,
    /// or if some of them are here already. On an error, nothing changes.
    pub fn insert(&mut self, blocks: Range<usize>, sums: &[f64]) -> Result<(), Error> {
        same_length(|| "sums of a block".into(), self.width, sums.len())?;
        let refused = |what: String| Error::Blocks { what };
        let Some(level) = self.blocks.level(&blocks) else {
            return Err(refused(format!("blocks {blocks:?} of {} are not one part", self.blocks.count())));
        };
        let before = self.nodes.range(..blocks.end).next_back();
        if let Some((&start, &(level, _))) = before
            && self.range(start, level).end > blocks.start
        {
            return Err(refused(format!("some of blocks {blocks:?} are here already")));
        }
        self.place(blocks.start, level, sums.to_vec());
        Ok(())
    }

    /// Adds all parts of another [`BlockSums`].
    ///
    /// ```
    /// use wengert_program::{BlockSums, Blocks};
    ///
    /// let blocks = Blocks::of(128);
    /// let [mut first, mut second] = [BlockSums::new(blocks, 1), BlockSums::new(blocks, 1)];
    /// first.insert(0..1, &[3.0])?;
    /// second.insert(1..2, &[4.0])?;
    /// first.merge(second)?;
    /// assert_eq!(first.total()?, [7.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`BlockSums::insert`], also if the other one has no parts, and [`Error::Blocks`] if its blocks are cut otherwise.
    /// On an error, nothing changes.
    pub fn merge(&mut self, other: BlockSums) -> Result<(), Error> {
        if other.blocks != self.blocks {
            let what = format!("{:?} cannot be added to {:?}", other.blocks, self.blocks);
            return Err(Error::Blocks { what });
        }
        same_length(|| "sums of a block".into(), self.width, other.width)?;
        let mut merged = self.clone();
        for (blocks, sums) in other.parts() {
            merged.insert(blocks, sums)?;
        }
        *self = merged;
        Ok(())
    }

    /// The sums over all points.
    ///
    /// ```
    /// use wengert_program::{BlockSums, Blocks};
    ///
    /// let mut sums = BlockSums::new(Blocks::of(128), 1);
    /// sums.insert(1..2, &[4.0])?;
    /// assert_eq!(sums.total().unwrap_err().to_string(), "blocks 0..1 are missing");
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Blocks`] with the first blocks that are missing.
    pub fn total(&self) -> Result<Vec<f64>, Error> {
        let count = self.blocks.count();
        let mut next = 0;
        for (blocks, sums) in self.parts() {
            if blocks == (0..count) {
                return Ok(sums.to_vec());
            }
            if blocks.start > next {
                return Err(Error::Blocks { what: format!("blocks {next}..{} are missing", blocks.start) });
            }
            next = blocks.end;
        }
        match count {
            0 => Ok(vec![0.0; self.width]),
            _ => Err(Error::Blocks { what: format!("blocks {next}..{count} are missing") }),
        }
    }

    fn range(&self, start: usize, level: u32) -> Range<usize> {
        start..start.saturating_add(1 << level).min(self.blocks.count())
    }

    /// Adds a node, and adds up the pairs that are now complete.
    fn place(&mut self, mut start: usize, mut level: u32, mut sums: Vec<f64>) {
        let count = self.blocks.count();
        while 1 << level < count {
            let width = 1 << level;
            let is_right = (start >> level) % 2 == 1;
            let neighbor = if is_right { start - width } else { start + width };
            if neighbor < count {
                match self.nodes.remove(&neighbor) {
                    Some((same, other)) if same == level => {
                        let (left, right) = if is_right { (other, sums) } else { (sums, other) };
                        sums = left.iter().zip(&right).map(|(left, right)| left + right).collect();
                    }
                    None => break,
                    Some(smaller) => {
                        self.nodes.insert(neighbor, smaller);
                        break;
                    }
                }
            }
            // A node without a right neighbor goes up as it is.
            start = start.min(neighbor);
            level += 1;
        }
        self.nodes.insert(start, (level, sums));
    }
}

/// The sums over all points, from those of parts in any order.
///
/// ```
/// use wengert_program::{BlockSums, Blocks, fold_blocks};
///
/// let part = |block: usize, sum| {
///     let mut part = BlockSums::new(Blocks::of(128), 1);
///     part.insert(block..block + 1, &[sum]).map(|()| part)
/// };
/// assert_eq!(fold_blocks([part(1, 4.0)?, part(0, 3.0)?])?, [7.0]);
/// # Ok::<(), wengert_program::Error>(())
/// ```
///
/// # Errors
/// [`Error::Blocks`] if a part is there twice, is cut otherwise, or is missing; [`Error::Length`] if one has another number
/// of sums.
pub fn fold_blocks(parts: impl IntoIterator<Item = BlockSums>) -> Result<Vec<f64>, Error> {
    let mut parts = parts.into_iter();
    let mut all = parts.next().ok_or_else(|| Error::Blocks { what: "there are no parts".into() })?;
    for part in parts {
        all.merge(part)?;
    }
    all.total()
}

/// Adds up rows of `width` numbers as [`BlockSums`] does, into the first row.
#[cfg(feature = "parallel")]
pub(crate) fn fold_rows(rows: &mut [f64], width: usize) {
    let mut distance = width;
    while distance < rows.len() {
        for left in (0..rows.len() - distance).step_by(2 * distance) {
            for k in left..left + width {
                rows[k] += rows[k + distance];
            }
        }
        distance *= 2;
    }
}

/// Adds rows up as [`BlockSums`] does, one after another. `rows` has room for [`LEVELS`] rows.
pub(crate) struct RowSum {
    /// How many were added. A bit that is set says that the row of this level is complete.
    added: usize,
}

/// How many rows of memory the sum over [`Blocks::MOST`] rows takes.
pub(crate) const LEVELS: usize = Blocks::MOST.ilog2() as usize + 1;

impl RowSum {
    pub(crate) fn new() -> RowSum {
        RowSum { added: 0 }
    }

    pub(crate) fn add(&mut self, rows: &mut [f64], width: usize, number: impl Fn(usize) -> f64) {
        let free = self.added.trailing_ones() as usize;
        for k in 0..width {
            rows[free * width + k] = (0..free).fold(number(k), |sum, level| rows[level * width + k] + sum);
        }
        self.added += 1;
    }

    /// Leaves the sum in the first row.
    pub(crate) fn finish(self, rows: &mut [f64], width: usize) {
        let complete = |level: &usize| self.added >> level & 1 == 1;
        let Some(lowest) = (0..LEVELS).find(complete) else {
            return;
        };
        for k in 0..width {
            let higher = (lowest + 1..LEVELS).filter(complete);
            rows[k] = higher.fold(rows[lowest * width + k], |sum, level| rows[level * width + k] + sum);
        }
    }
}
