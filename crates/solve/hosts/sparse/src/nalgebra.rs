//! nalgebra's matrices, compressed by columns.

use nalgebra_sparse::CscMatrix;
use wengert::{Pattern, Sparse};

/// A copy of the matrix for nalgebra.
///
/// ```
/// let m = wengert::sparse_jacobian(|x| vec![x[0] * x[1], x[1]], &[2.0, 3.0]);
/// assert_eq!(wengert_sparse::to_nalgebra(&m).values(), [3.0, 2.0, 1.0]);
/// ```
pub fn to_nalgebra(matrix: &Sparse) -> CscMatrix<f64> {
    let (starts, indices) = (matrix.col_starts().to_vec(), matrix.row_indices().to_vec());
    let values = matrix.values().to_vec();
    let made = CscMatrix::try_from_csc_data(matrix.rows(), matrix.cols(), starts, indices, values);
    made.expect("rows ascend in each column")
}

/// The matrix of nalgebra.
///
/// ```
/// use nalgebra_sparse::{CooMatrix, CscMatrix};
///
/// let coordinates = CooMatrix::try_from_triplets(2, 2, vec![1, 0, 1], vec![0, 0, 0], vec![5.0, 3.0, 1.0])?;
/// let m = wengert_sparse::from_nalgebra(&CscMatrix::from(&coordinates));
/// assert_eq!(m.to_dense(), [[3.0, 0.0], [6.0, 0.0]]);
/// # Ok::<(), nalgebra_sparse::SparseFormatError>(())
/// ```
///
/// # Panics
/// Where the matrix has more than 2^32 rows or columns.
#[track_caller]
pub fn from_nalgebra(matrix: &CscMatrix<f64>) -> Sparse {
    let entries = matrix.triplet_iter().map(|(row, col, _)| (row, col));
    let pattern = Pattern::from_entries(matrix.nrows(), matrix.ncols(), entries);
    Sparse::new(pattern, matrix.values().to_vec())
}
