//! Sparse patterns and matrices, compressed by columns.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::error::{Error, expect, same_length};
use crate::room::{Refused, collected, filled, with_room, zeroed};

/// Which entries of a matrix can differ from 0, compressed by columns (CSC).
///
/// ```
/// let g = wengert::Graph::new();
/// let [x, y] = [g.leaf(2.0), g.leaf(3.0)];
/// let pattern = g.jacobian_pattern(&[g.mul(x, y), g.sin(y)], &[x, y]);
/// assert_eq!((pattern.rows(), pattern.cols(), pattern.len()), (2, 2, 3));
/// assert_eq!(pattern.col_starts(), [0, 1, 3]);
/// assert_eq!(pattern.row_indices(), [0, 0, 1]);
/// assert!(!pattern.contains(1, 0));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Pattern {
    rows: usize,
    starts: Vec<usize>,
    indices: Vec<usize>,
}

impl Pattern {
    /// The pattern of these entries (row, column), in any order, with or without repetitions.
    /// O(entries + rows + columns).
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn of(rows: usize, cols: usize, entries: &[(u32, u32)]) -> Result<Pattern, Refused> {
        // Two stable sorts, by row and then by column, so that rows ascend in each column.
        let by_row = bucket(rows, entries.iter().map(|&(row, col)| (row, (row, col))))?;
        let by_col = bucket(cols, by_row.1.iter().map(|&(row, col)| (col, row)))?;
        let mut pattern = Pattern { rows, starts: with_room(cols + 1)?, indices: with_room(by_col.1.len())? };
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
        Ok(pattern)
    }

    /// The pattern of these entries (row, column), in any order, with or without repetitions. O(entries + rows +
    /// columns).
    ///
    /// ```
    /// let pattern = wengert::Pattern::from_entries(2, 3, [(1, 2), (0, 0), (1, 2)]);
    /// assert_eq!(pattern.iter().collect::<Vec<_>>(), [(0, 0), (1, 2)]);
    /// ```
    ///
    /// # Panics
    /// Where an entry is outside the matrix, where the matrix has more than 2^32 rows or columns, and where memory runs
    /// out.
    #[track_caller]
    pub fn from_entries(rows: usize, cols: usize, entries: impl IntoIterator<Item = (usize, usize)>) -> Pattern {
        let mut numbers = Vec::new();
        for (row, col) in entries {
            assert!(row < rows && col < cols, "the entry ({row}, {col}) is not in a matrix of {rows} x {cols}");
            match (u32::try_from(row), u32::try_from(col)) {
                (Ok(row), Ok(col)) => numbers.push((row, col)),
                _ => panic!("the entry ({row}, {col}): a pattern has at most 2^32 rows and columns"),
            }
        }
        expect(Pattern::of(rows, cols, &numbers).map_err(Error::from))
    }

    /// The number of rows.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y] = [g.leaf(2.0), g.leaf(3.0)];
    /// let pattern = g.jacobian_pattern(&[g.mul(x, y)], &[x, y]);
    /// assert_eq!((pattern.rows(), pattern.cols()), (1, 2));
    /// ```
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y] = [g.leaf(2.0), g.leaf(3.0)];
    /// let pattern = g.jacobian_pattern(&[g.mul(x, y), g.sin(y)], &[x, y]);
    /// assert_eq!(pattern.cols(), 2);
    /// ```
    pub fn cols(&self) -> usize {
        self.starts.len() - 1
    }

    /// The number of entries.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y] = [g.leaf(2.0), g.leaf(3.0)];
    /// let pattern = g.jacobian_pattern(&[g.mul(x, y), g.sin(y)], &[x, y]);
    /// assert_eq!(pattern.len(), 3);
    /// ```
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether there are no entries: the matrix is 0 everywhere.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaf(2.0);
    /// assert!(g.hessian_pattern(g.mul_c(x, 3.0), &[x]).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// For each column, where it starts in [`Pattern::row_indices`]; then, where the last one ends.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y] = [g.leaf(2.0), g.leaf(3.0)];
    /// let pattern = g.jacobian_pattern(&[g.mul(x, y), g.sin(y)], &[x, y]);
    /// assert_eq!(pattern.col_starts(), [0, 1, 3]);
    /// ```
    pub fn col_starts(&self) -> &[usize] {
        &self.starts
    }

    /// The rows of the entries, column by column, ascending in each column.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y] = [g.leaf(2.0), g.leaf(3.0)];
    /// let pattern = g.jacobian_pattern(&[g.mul(x, y), g.sin(y)], &[x, y]);
    /// assert_eq!(pattern.row_indices(), [0, 0, 1]);
    /// ```
    pub fn row_indices(&self) -> &[usize] {
        &self.indices
    }

    /// The rows of the entries of a column, ascending.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y] = [g.leaf(2.0), g.leaf(3.0)];
    /// let pattern = g.jacobian_pattern(&[g.mul(x, y), g.sin(y)], &[x, y]);
    /// assert_eq!(pattern.col(1), [0, 1]);
    /// ```
    ///
    /// # Panics
    /// Where `col` is not below the number of columns.
    #[track_caller]
    pub fn col(&self, col: usize) -> &[usize] {
        assert!(col < self.cols(), "no column {col}: there are {}, counted from 0", self.cols());
        &self.indices[self.starts[col]..self.starts[col + 1]]
    }

    /// Whether the entry can differ from 0.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y] = [g.leaf(2.0), g.leaf(3.0)];
    /// let pattern = g.jacobian_pattern(&[g.mul(x, y), g.sin(y)], &[x, y]);
    /// assert!(pattern.contains(0, 0) && !pattern.contains(1, 0));
    /// ```
    ///
    /// # Panics
    /// Where `col` is not below the number of columns.
    #[track_caller]
    pub fn contains(&self, row: usize, col: usize) -> bool {
        self.place(row, col).is_some()
    }

    /// The entries (row, column), column by column.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y] = [g.leaf(2.0), g.leaf(3.0)];
    /// let pattern = g.jacobian_pattern(&[g.mul(x, y), g.sin(y)], &[x, y]);
    /// assert_eq!(pattern.iter().collect::<Vec<_>>(), [(0, 0), (0, 1), (1, 1)]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (usize, usize)> + Clone + '_ {
        (0..self.cols()).flat_map(|col| self.col(col).iter().map(move |&row| (row, col)))
    }

    /// The transposed pattern.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y] = [g.leaf(2.0), g.leaf(3.0)];
    /// let pattern = g.jacobian_pattern(&[g.sin(y)], &[x, y]);
    /// assert!(pattern.contains(0, 1) && pattern.transposed().contains(1, 0));
    /// ```
    pub fn transposed(&self) -> Pattern {
        expect(self.try_transposed().map_err(Error::from))
    }

    pub(crate) fn try_transposed(&self) -> Result<Pattern, Refused> {
        let (starts, indices) = bucket(self.rows, self.iter().map(|(row, col)| (row as u32, col)))?;
        Ok(Pattern { rows: self.cols(), starts, indices })
    }

    /// The index of the entry among all.
    fn place(&self, row: usize, col: usize) -> Option<usize> {
        let found = self.col(col).binary_search(&row).ok()?;
        Some(self.starts[col] + found)
    }
}

/// Shows the size only, since there may be millions of entries.
impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({} x {}, {} entries)", self.rows, self.cols(), self.len())
    }
}

/// A stable counting sort of (key, item) pairs: where the items of each key start, and the items.
fn bucket<T: Copy + Default>(
    keys: usize,
    items: impl Iterator<Item = (u32, T)> + Clone,
) -> Result<(Vec<usize>, Vec<T>), Refused> {
    let mut starts = zeroed::<usize>(keys + 1)?;
    for (key, _) in items.clone() {
        starts[key as usize + 1] += 1;
    }
    for key in 0..keys {
        starts[key + 1] += starts[key];
    }
    let mut sorted = filled(T::default(), starts[keys])?;
    let mut next = collected(starts.iter().copied())?;
    for (key, item) in items {
        let place = &mut next[key as usize];
        sorted[*place] = item;
        *place += 1;
    }
    Ok((starts, sorted))
}

/// A sparse matrix, compressed by columns (CSC). Entries that are not stored are 0; stored entries may happen to be 0.
///
/// ```
/// let m = wengert::sparse_jacobian(|x| vec![x[0] * x[1], x[1]], &[2.0, 3.0]);
/// assert_eq!(m.values(), [3.0, 2.0, 1.0]);
/// assert_eq!((m.get(0, 1), m.get(1, 0)), (2.0, 0.0));
/// assert_eq!(m.to_dense(), [[3.0, 2.0], [0.0, 1.0]]);
/// assert_eq!(m.times(&[1.0, 10.0]), [23.0, 10.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sparse {
    pattern: Arc<Pattern>,
    values: Vec<f64>,
}

impl Sparse {
    /// The matrix with these values at the entries of the pattern, in its order.
    ///
    /// ```
    /// use wengert::{Pattern, Sparse};
    ///
    /// let m = Sparse::new(Pattern::from_entries(2, 2, [(0, 0), (1, 1)]), vec![3.0, 5.0]);
    /// assert_eq!(m.to_dense(), [[3.0, 0.0], [0.0, 5.0]]);
    /// ```
    ///
    /// # Panics
    /// Where there is not a value for each entry.
    #[track_caller]
    pub fn new(pattern: impl Into<Arc<Pattern>>, values: Vec<f64>) -> Sparse {
        let pattern = pattern.into();
        expect(same_length("values, one for each entry of the pattern", pattern.len(), values.len()));
        Sparse { pattern, values }
    }

    /// Which entries are stored.
    ///
    /// ```
    /// let m = wengert::sparse_jacobian(|x| vec![x[0] * x[1], x[1]], &[2.0, 3.0]);
    /// assert!(!m.pattern().contains(1, 0));
    /// ```
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// The number of rows.
    ///
    /// ```
    /// let m = wengert::sparse_jacobian(|x| vec![x[0] * x[1]], &[2.0, 3.0]);
    /// assert_eq!((m.rows(), m.cols()), (1, 2));
    /// ```
    pub fn rows(&self) -> usize {
        self.pattern.rows()
    }

    /// The number of columns.
    ///
    /// ```
    /// let m = wengert::sparse_jacobian(|x| vec![x[0] * x[1], x[1]], &[2.0, 3.0]);
    /// assert_eq!(m.cols(), 2);
    /// ```
    pub fn cols(&self) -> usize {
        self.pattern.cols()
    }

    /// For each column, where its entries start; then, where those of the last one end.
    ///
    /// ```
    /// let m = wengert::sparse_jacobian(|x| vec![x[0] * x[1], x[1]], &[2.0, 3.0]);
    /// assert_eq!(m.col_starts(), [0, 1, 3]);
    /// ```
    pub fn col_starts(&self) -> &[usize] {
        self.pattern.col_starts()
    }

    /// The rows of the entries, column by column, ascending in each column.
    ///
    /// ```
    /// let m = wengert::sparse_jacobian(|x| vec![x[0] * x[1], x[1]], &[2.0, 3.0]);
    /// assert_eq!(m.row_indices(), [0, 0, 1]);
    /// ```
    pub fn row_indices(&self) -> &[usize] {
        self.pattern.row_indices()
    }

    /// The values of the entries, in the order of [`Sparse::row_indices`].
    ///
    /// ```
    /// let m = wengert::sparse_jacobian(|x| vec![x[0] * x[1], x[1]], &[2.0, 3.0]);
    /// assert_eq!(m.row_indices(), [0, 0, 1]);
    /// assert_eq!(m.values(), [3.0, 2.0, 1.0]);
    /// ```
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The values of the entries, to change.
    ///
    /// ```
    /// let mut m = wengert::sparse_jacobian(|x| vec![x[0] * x[1], x[1]], &[2.0, 3.0]);
    /// m.values_mut()[2] = 7.0;
    /// assert_eq!(m.to_dense(), [[3.0, 2.0], [0.0, 7.0]]);
    /// ```
    pub fn values_mut(&mut self) -> &mut [f64] {
        &mut self.values
    }

    /// The entries as (row, column, value), column by column.
    ///
    /// ```
    /// let m = wengert::sparse_jacobian(|x| vec![x[0] * x[1], x[1]], &[2.0, 3.0]);
    /// assert_eq!(m.triplets().collect::<Vec<_>>(), [(0, 0, 3.0), (0, 1, 2.0), (1, 1, 1.0)]);
    /// ```
    pub fn triplets(&self) -> impl Iterator<Item = (usize, usize, f64)> + '_ {
        self.pattern.iter().zip(&self.values).map(|((row, col), &value)| (row, col, value))
    }

    /// The value of an entry; 0 if it is not stored.
    ///
    /// ```
    /// let m = wengert::sparse_jacobian(|x| vec![x[0] * x[1], x[1]], &[2.0, 3.0]);
    /// assert_eq!((m.get(0, 1), m.get(1, 0)), (2.0, 0.0));
    /// ```
    ///
    /// # Panics
    /// Where `col` is not below the number of columns.
    #[track_caller]
    pub fn get(&self, row: usize, col: usize) -> f64 {
        self.pattern.place(row, col).map_or(0.0, |place| self.values[place])
    }

    /// The dense matrix, a vector for each row.
    ///
    /// ```
    /// let m = wengert::sparse_jacobian(|x| vec![x[0] * x[1], x[1]], &[2.0, 3.0]);
    /// assert_eq!(m.to_dense(), [[3.0, 2.0], [0.0, 1.0]]);
    /// ```
    pub fn to_dense(&self) -> Vec<Vec<f64>> {
        let mut dense = vec![vec![0.0; self.cols()]; self.rows()];
        for (row, col, value) in self.triplets() {
            dense[row][col] = value;
        }
        dense
    }

    /// The product with a vector.
    ///
    /// ```
    /// let m = wengert::sparse_jacobian(|x| vec![x[0] * x[1], x[1]], &[2.0, 3.0]);
    /// assert_eq!(m.times(&[1.0, 10.0]), [23.0, 10.0]);
    /// ```
    ///
    /// # Panics
    /// Where the length of the vector is not the number of columns.
    #[track_caller]
    pub fn times(&self, vector: &[f64]) -> Vec<f64> {
        expect(same_length("components of the vector, one for each column", self.cols(), vector.len()));
        let mut product = vec![0.0; self.rows()];
        for (row, col, value) in self.triplets() {
            product[row] += value * vector[col];
        }
        product
    }
}
