//! faer's matrices, compressed by columns.

use faer::sparse::{SparseColMat, SparseColMatRef, SymbolicSparseColMat, SymbolicSparseColMatRef};
use wengert::{Pattern, Sparse};

/// The matrix for faer, which borrows it. O(entries), to check the pattern.
///
/// ```
/// let m = wengert::sparse_jacobian(|x| vec![x[0] * x[1], x[1]], &[2.0, 3.0]);
/// assert_eq!(wengert_sparse::as_faer(&m) * faer::col![1.0, 10.0], faer::col![23.0, 10.0]);
/// ```
pub fn as_faer(matrix: &Sparse) -> SparseColMatRef<'_, usize, f64> {
    let (rows, cols) = (matrix.rows(), matrix.cols());
    let pattern = SymbolicSparseColMatRef::new_checked(rows, cols, matrix.col_starts(), None, matrix.row_indices());
    SparseColMatRef::new(pattern, matrix.values())
}

/// A copy of the matrix for faer.
///
/// ```
/// let m = wengert::sparse_jacobian(|x| vec![x[0] * x[1], x[1]], &[2.0, 3.0]);
/// assert_eq!(wengert_sparse::to_faer(&m).val(), [3.0, 2.0, 1.0]);
/// ```
pub fn to_faer(matrix: &Sparse) -> SparseColMat<usize, f64> {
    let (starts, indices) = (matrix.col_starts().to_vec(), matrix.row_indices().to_vec());
    let pattern = SymbolicSparseColMat::new_checked(matrix.rows(), matrix.cols(), starts, None, indices);
    SparseColMat::new(pattern, matrix.values().to_vec())
}

/// The matrix of faer. Values of repeated entries are added up. O(entries log entries) at most.
///
/// ```
/// use faer::sparse::{SparseColMat, Triplet};
///
/// let m = SparseColMat::try_new_from_triplets(2, 2, &[Triplet::new(1, 0, 5.0), Triplet::new(0, 0, 3.0)])?;
/// assert_eq!(wengert_sparse::from_faer(m.as_ref()).to_dense(), [[3.0, 0.0], [5.0, 0.0]]);
/// # Ok::<(), faer::sparse::CreationError>(())
/// ```
///
/// # Panics
/// Where the matrix has more than 2^32 rows or columns.
#[track_caller]
pub fn from_faer(matrix: SparseColMatRef<'_, usize, f64>) -> Sparse {
    let entries = matrix.triplet_iter().map(|entry| (entry.row, entry.col));
    let pattern = Pattern::from_entries(matrix.nrows(), matrix.ncols(), entries);
    let mut values = vec![None; pattern.len()];
    for entry in matrix.triplet_iter() {
        let place = pattern.col(entry.col).binary_search(&entry.row).expect("the pattern has all entries");
        let value = &mut values[pattern.col_starts()[entry.col] + place];
        *value = Some(value.map_or(*entry.val, |value: f64| value + entry.val));
    }
    Sparse::new(pattern, values.into_iter().flatten().collect())
}
