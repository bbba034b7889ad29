//! Examples to learn from, kept by column, and batches of them. Read `compiled` next.

use std::ops::Range;

use crate::error::Error;
use crate::random::SplitMix64;

/// Examples: each a row of as many numbers, features and what is wanted alike. What the columns
/// mean is up to the loss that reads them.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    /// At least one, of one length, which is not 0.
    columns: Vec<Vec<f64>>,
}

impl Examples {
    /// Takes examples row by row.
    ///
    /// # Errors
    /// [`Error::NoExamples`], [`Error::NoColumns`], [`Error::Columns`].
    pub fn from_rows<R: AsRef<[f64]>>(rows: impl IntoIterator<Item = R>) -> Result<Examples, Error> {
        let mut columns: Vec<Vec<f64>> = Vec::new();
        for (k, row) in rows.into_iter().enumerate() {
            let row = row.as_ref();
            if k == 0 {
                columns.resize(row.len(), Vec::new());
            }
            let (expected, given) = (columns.len(), row.len());
            if given == 0 && k == 0 {
                return Err(Error::NoColumns);
            }
            if expected != given {
                return Err(Error::Columns {
                    example: k + 1,
                    expected,
                    given,
                });
            }
            for (column, &x) in columns.iter_mut().zip(row) {
                column.push(x);
            }
        }
        if columns.is_empty() {
            return Err(Error::NoExamples);
        }
        Ok(Examples { columns })
    }

    /// How many numbers an example has.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// All of them at once.
    pub fn all(&self) -> Batch<'_> {
        self.part(0..self.columns[0].len())
    }

    /// In their order, `size` at a time; the last batch may have fewer.
    ///
    /// # Errors
    /// [`Error::EmptyBatch`] for a size of 0.
    pub fn batches(&self, size: usize) -> Result<impl Iterator<Item = Batch<'_>>, Error> {
        if size == 0 {
            return Err(Error::EmptyBatch);
        }
        let count = self.columns[0].len();
        let starts = (0..count).step_by(size);
        Ok(starts.map(move |start| self.part(start..count.min(start.saturating_add(size)))))
    }

    /// Puts them in an order that is drawn at random, each as likely as another (Fisher and Yates
    /// 1938).
    pub fn shuffle(&mut self, random: &mut SplitMix64) {
        for last in (1..self.columns[0].len()).rev() {
            let other = random.below(last + 1);
            self.columns.iter_mut().for_each(|column| column.swap(last, other));
        }
    }

    fn part(&self, range: Range<usize>) -> Batch<'_> {
        Batch {
            columns: &self.columns,
            start: range.start,
            end: range.end,
        }
    }
}

/// Examples that stand side by side, at least one: what a step of training sees.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'e> {
    columns: &'e [Vec<f64>],
    start: usize,
    end: usize,
}

impl<'e> Batch<'e> {
    /// How many examples.
    #[expect(clippy::len_without_is_empty, reason = "a batch is never empty")]
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// How many numbers each has.
    pub fn width(self) -> usize {
        self.columns.len()
    }

    /// Column by column, a number for each example.
    pub fn columns(self) -> impl Iterator<Item = &'e [f64]> {
        self.columns.iter().map(move |column| &column[self.start..self.end])
    }

    /// The numbers of an example, counted from 0.
    ///
    /// # Panics
    /// Where there is no such example.
    pub fn row(self, example: usize) -> impl Iterator<Item = f64> {
        self.columns().map(move |column| column[example])
    }
}
