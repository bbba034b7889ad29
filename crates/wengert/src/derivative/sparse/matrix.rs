//! Sparse patterns and matrices, compressed by columns. Read `structure.rs` next.

use std::fmt;
use std::sync::Arc;

use crate::error::{expect, same_length};

/// Which entries of a matrix can differ from 0, compressed by columns (CSC).
#[derive(Clone, PartialEq, Eq)]
pub struct Pattern {
    rows: usize,
    starts: Vec<usize>,
    indices: Vec<usize>,
}

impl Pattern {
    /// The pattern of these entries (row, column), in any order and any number of times. O(entries
    /// + rows + columns).
    pub(crate) fn of(rows: usize, cols: usize, entries: &[(u32, u32)]) -> Pattern {
        // By row first, then by column, each keeping the order it finds: rows ascend in a column.
        let by_row = bucket(rows, entries.iter().map(|&(row, col)| (row, (row, col))));
        let by_col = bucket(cols, by_row.1.iter().map(|&(row, col)| (col, row)));
        let mut pattern = Pattern {
            rows,
            starts: Vec::with_capacity(cols + 1),
            indices: Vec::with_capacity(by_col.1.len()),
        };
        pattern.starts.push(0);
        for col in by_col.0.windows(2) {
            let first = pattern.indices.len();
            for &row in &by_col.1[col[0]..col[1]] {
                let row = row as usize;
                if pattern.indices[first..].last() != Some(&row) {
                    pattern.indices.push(row);
                }
            }
            pattern.starts.push(pattern.indices.len());
        }
        pattern.indices.shrink_to_fit();
        pattern
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns there are.
    pub fn cols(&self) -> usize {
        self.starts.len() - 1
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether there is no entry: the matrix is 0 everywhere.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// Where each column starts in [`Pattern::row_indices`], and where the last one ends.
    pub fn col_starts(&self) -> &[usize] {
        &self.starts
    }

    /// The rows of the entries, column by column, ascending in each.
    pub fn row_indices(&self) -> &[usize] {
        &self.indices
    }

    /// The rows of the entries of a column, ascending.
    ///
    /// # Panics
    /// Where there is no such column.
    #[track_caller]
    pub fn col(&self, col: usize) -> &[usize] {
        &self.indices[self.starts[col]..self.starts[col + 1]]
    }

    /// Whether the entry is among those that can differ from 0.
    ///
    /// # Panics
    /// Where there is no such column.
    #[track_caller]
    pub fn contains(&self, row: usize, col: usize) -> bool {
        self.place(row, col).is_some()
    }

    /// The entries (row, column), column by column.
    pub fn iter(&self) -> impl Iterator<Item = (usize, usize)> + Clone + '_ {
        (0..self.cols()).flat_map(|col| self.col(col).iter().map(move |&row| (row, col)))
    }

    /// Columns for rows.
    pub fn transposed(&self) -> Pattern {
        let (starts, indices) = bucket(self.rows, self.iter().map(|(row, col)| (row as u32, col)));
        Pattern {
            rows: self.cols(),
            starts,
            indices,
        }
    }

    /// Where the entry stands among all.
    fn place(&self, row: usize, col: usize) -> Option<usize> {
        let found = self.col(col).binary_search(&row).ok()?;
        Some(self.starts[col] + found)
    }
}

/// Shows the size, not the entries, of which there may be millions.
impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({} x {}, {} entries)", self.rows, self.cols(), self.len())
    }
}

/// What has these keys, ordered by key, and where each key's starts: a counting sort.
fn bucket<T: Copy + Default>(keys: usize, items: impl Iterator<Item = (u32, T)> + Clone) -> (Vec<usize>, Vec<T>) {
    let mut starts = vec![0; keys + 1];
    for (key, _) in items.clone() {
        starts[key as usize + 1] += 1;
    }
    for key in 0..keys {
        starts[key + 1] += starts[key];
    }
    let mut sorted = vec![T::default(); starts[keys]];
    let mut next = starts.clone();
    for (key, item) in items {
        let place = &mut next[key as usize];
        sorted[*place] = item;
        *place += 1;
    }
    (starts, sorted)
}

/// A sparse matrix, compressed by columns (CSC). Entries that are not stored are 0 at every input;
/// one that is stored may happen to be 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Sparse {
    pattern: Arc<Pattern>,
    values: Vec<f64>,
}

impl Sparse {
    pub(crate) fn new(pattern: Arc<Pattern>, values: Vec<f64>) -> Sparse {
        Sparse { pattern, values }
    }

    /// Which entries are stored.
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.pattern.rows()
    }

    /// How many columns there are.
    pub fn cols(&self) -> usize {
        self.pattern.cols()
    }

    /// Where each column starts among the entries, and where the last one ends.
    pub fn col_starts(&self) -> &[usize] {
        self.pattern.col_starts()
    }

    /// The rows of the entries, column by column, ascending in each.
    pub fn row_indices(&self) -> &[usize] {
        self.pattern.row_indices()
    }

    /// The values of the entries, in the same order.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The entries as (row, column, value), column by column.
    pub fn triplets(&self) -> impl Iterator<Item = (usize, usize, f64)> + '_ {
        self.pattern
            .iter()
            .zip(&self.values)
            .map(|((row, col), &value)| (row, col, value))
    }

    /// The value of an entry; 0 where none is stored.
    ///
    /// # Panics
    /// Where there is no such column.
    #[track_caller]
    pub fn get(&self, row: usize, col: usize) -> f64 {
        self.pattern.place(row, col).map_or(0.0, |place| self.values[place])
    }

    /// The matrix with all its zeros, a vector for each row.
    pub fn to_dense(&self) -> Vec<Vec<f64>> {
        let mut dense = vec![vec![0.0; self.cols()]; self.rows()];
        for (row, col, value) in self.triplets() {
            dense[row][col] = value;
        }
        dense
    }

    /// The product with a vector.
    ///
    /// # Panics
    /// Where the vector is not as long as there are columns.
    #[track_caller]
    pub fn times(&self, vector: &[f64]) -> Vec<f64> {
        expect(same_length("components of the vector", self.cols(), vector.len()));
        let mut product = vec![0.0; self.rows()];
        for (row, col, value) in self.triplets() {
            product[row] += value * vector[col];
        }
        product
    }
}
