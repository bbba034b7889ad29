//! Examples to learn from, stored by column, and batches of them.

use std::ops::Range;

use crate::error::Error;
use crate::random::SplitMix64;

/// Examples to learn from: rows of equal length, which hold features and targets. What each column means is
/// up to the loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    /// At least one column; all of one length, which is not 0.
    columns: Vec<Vec<f64>>,
}

impl Examples {
    /// Examples from their rows.
    ///
    /// ```
    /// let examples = wengert_nn::Examples::from_rows([[0.0, 1.0], [1.0, 3.0], [2.0, 5.0]])?;
    /// assert_eq!((examples.width(), examples.all().len()), (2, 3));
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
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
                return Err(Error::Columns { example: k + 1, expected, given });
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

    /// The number of columns.
    ///
    /// ```
    /// let examples = wengert_nn::Examples::from_rows([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])?;
    /// assert_eq!(examples.width(), 2);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// All examples, as one batch.
    ///
    /// ```
    /// let examples = wengert_nn::Examples::from_rows([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])?;
    /// assert_eq!(examples.all().len(), 3);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn all(&self) -> Batch<'_> {
        self.part(0..self.columns[0].len())
    }

    /// Batches of `size` examples, in order; the last may have fewer.
    ///
    /// ```
    /// let examples = wengert_nn::Examples::from_rows([[1.0], [2.0], [3.0]])?;
    /// let sizes: Vec<usize> = examples.batches(2)?.map(|batch| batch.len()).collect();
    /// assert_eq!(sizes, [2, 1]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
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

    /// Puts the examples in random order; all orders are equally likely (Fisher and Yates 1938).
    ///
    /// ```
    /// use wengert_nn::{Examples, SplitMix64};
    ///
    /// let mut examples = Examples::from_rows([[1.0], [2.0], [3.0]])?;
    /// examples.shuffle(&mut SplitMix64::new(7));
    /// let sum: f64 = examples.all().columns().flatten().sum();
    /// assert_eq!(sum, 6.0);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn shuffle(&mut self, random: &mut SplitMix64) {
        for last in (1..self.columns[0].len()).rev() {
            let other = random.below(last + 1);
            self.columns.iter_mut().for_each(|column| column.swap(last, other));
        }
    }

    fn part(&self, range: Range<usize>) -> Batch<'_> {
        Batch { columns: &self.columns, start: range.start, end: range.end }
    }
}

/// Consecutive examples, at least one: the data of one training step.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'e> {
    columns: &'e [Vec<f64>],
    start: usize,
    end: usize,
}

impl<'e> Batch<'e> {
    /// The number of examples.
    ///
    /// ```
    /// let examples = wengert_nn::Examples::from_rows([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])?;
    /// assert_eq!(examples.batches(2)?.next().unwrap().len(), 2);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    #[expect(clippy::len_without_is_empty, reason = "a batch is never empty")]
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// The number of columns.
    ///
    /// ```
    /// let examples = wengert_nn::Examples::from_rows([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])?;
    /// assert_eq!(examples.all().width(), 2);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn width(self) -> usize {
        self.columns.len()
    }

    /// The columns, each with a number for every example.
    ///
    /// ```
    /// let examples = wengert_nn::Examples::from_rows([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])?;
    /// assert_eq!(examples.all().columns().nth(1), Some(&[10.0, 20.0, 30.0][..]));
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn columns(self) -> impl Iterator<Item = &'e [f64]> {
        self.columns.iter().map(move |column| &column[self.start..self.end])
    }

    /// The row of an example, counted from 0.
    ///
    /// ```
    /// let examples = wengert_nn::Examples::from_rows([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])?;
    /// assert_eq!(examples.all().row(1).collect::<Vec<_>>(), [2.0, 20.0]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Panics
    /// Where `example` is not below [`Batch::len`].
    #[track_caller]
    pub fn row(self, example: usize) -> impl Iterator<Item = f64> {
        assert!(example < self.len(), "example {example} of a batch of {}, counted from 0", self.len());
        self.columns().map(move |column| column[example])
    }
}
