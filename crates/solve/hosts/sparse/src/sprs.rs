//! The matrices of sprs, compressed by columns or by rows.

use sprs::{CsMat, CsMatView};
use wengert::{Pattern, Sparse};

/// The matrix for sprs, which borrows it. O(entries), to check the pattern.
///
/// ```
/// let m = wengert::sparse_jacobian(|x| vec![x[0] * x[1], x[1]], &[2.0, 3.0]);
/// assert_eq!(wengert_sparse::as_sprs(&m).get(0, 1), Some(&2.0));
/// ```
pub fn as_sprs(matrix: &Sparse) -> CsMatView<'_, f64> {
    let shape = (matrix.rows(), matrix.cols());
    CsMatView::new_csc(shape, matrix.col_starts(), matrix.row_indices(), matrix.values())
}

/// A copy of the matrix for sprs, compressed by columns.
///
/// ```
/// let m = wengert::sparse_jacobian(|x| vec![x[0] * x[1], x[1]], &[2.0, 3.0]);
/// assert_eq!(wengert_sparse::to_sprs(&m).transpose_into().get(1, 0), Some(&2.0));
/// ```
pub fn to_sprs(matrix: &Sparse) -> CsMat<f64> {
    as_sprs(matrix).to_owned()
}

/// The matrix of sprs, compressed by columns or by rows.
///
/// ```
/// let mut triplets = sprs::TriMat::new((2, 2));
/// triplets.add_triplet(1, 0, 5.0);
/// triplets.add_triplet(0, 0, 3.0);
/// let m = wengert_sparse::from_sprs(triplets.to_csr::<usize>().view());
/// assert_eq!(m.to_dense(), [[3.0, 0.0], [5.0, 0.0]]);
/// ```
///
/// # Panics
/// Where the matrix has more than 2^32 rows or columns.
#[track_caller]
pub fn from_sprs(matrix: CsMatView<'_, f64>) -> Sparse {
    if matrix.is_csr() {
        return from_sprs(matrix.to_csc().view());
    }
    let entries = matrix.iter().map(|(_, (row, col))| (row, col));
    let pattern = Pattern::from_entries(matrix.rows(), matrix.cols(), entries);
    Sparse::new(pattern, matrix.iter().map(|(&value, _)| value).collect())
}
