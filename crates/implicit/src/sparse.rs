//! Matrices that are mostly zeros. Their factors are those of faer: a column ordering (COLAMD) that is found once, then
//! elimination with partial pivoting.

use std::fmt;

use faer::ColMut;
use faer::linalg::solvers::Solve as _;
use faer::sparse::linalg::LuError;
use faer::sparse::linalg::solvers::{Lu, SymbolicLu};
use faer::sparse::{SparseColMatRef, SymbolicSparseColMat};

use crate::error::Error;
use crate::map::Map;
use crate::matrix::{Matrix, equilibrated, refuse_singular};
use crate::solve::solve_with;

/// The solution `x` of `A x = b` for a matrix of `n` rows and columns that is 0 except at these `places`, given as (row,
/// column). Inputs: the entries at these places, in their order, then `b`.
///
/// As [`linear_solve`](crate::linear_solve), but factors and solves in time that depends on the entries, not on `n^3`: for
/// a tridiagonal matrix, `O(n)`. The order of elimination is found once, here. There are derivatives with respect to the
/// entries at `places` only. To find out whether the matrix is singular, a call solves for four more right sides.
///
/// ```
/// use wengert_implicit::sparse_solve;
///
/// // [2 1; 0 4] x = [4 8]
/// let solve = sparse_solve("solve", 2, &[(0, 0), (1, 1), (0, 1)])?;
/// assert_eq!(solve.call(&[2.0, 4.0, 1.0, 4.0, 8.0]), [1.0, 2.0]);
/// # Ok::<(), wengert_implicit::Error>(())
/// ```
///
/// # Errors
/// [`Error::Outside`], [`Error::Twice`].
pub fn sparse_solve(name: &str, n: usize, places: &[(usize, usize)]) -> Result<Map, Error> {
    Ok(solve_with(name, Matrix::Sparse(Box::new(Layout::new(n, places)?))))
}

/// Where the entries of a sparse matrix are.
#[derive(Clone)]
pub(crate) struct Layout {
    places: Vec<(usize, usize)>,
    columns: SymbolicSparseColMat<usize>,
    /// The entry of each stored value.
    order: Vec<usize>,
    symbolic: SymbolicLu<usize>,
}

impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Layout").field(&self.places).finish()
    }
}

impl Layout {
    fn new(n: usize, places: &[(usize, usize)]) -> Result<Layout, Error> {
        if let Some(&(row, column)) = places.iter().find(|&&(row, column)| row >= n || column >= n) {
            return Err(Error::Outside { row, column, n });
        }
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.sort_unstable_by_key(|&at| (places[at].1, places[at].0));
        if let Some(pair) = order.windows(2).find(|pair| places[pair[0]] == places[pair[1]]) {
            let (row, column) = places[pair[0]];
            return Err(Error::Twice { row, column });
        }
        let mut starts = vec![0; n + 1];
        places.iter().for_each(|&(_, column)| starts[column + 1] += 1);
        (0..n).for_each(|column| starts[column + 1] += starts[column]);
        let rows = order.iter().map(|&at| places[at].0).collect();
        let columns = SymbolicSparseColMat::new_checked(n, n, starts, None, rows);
        let symbolic = SymbolicLu::try_new(columns.as_ref()).map_err(|_| Error::OutOfMemory)?;
        Ok(Layout { places: places.to_vec(), columns, order, symbolic })
    }

    pub(crate) fn order(&self) -> usize {
        self.columns.nrows()
    }

    pub(crate) fn places(&self) -> &[(usize, usize)] {
        &self.places
    }

    pub(crate) fn factor(&self, entries: &[f64]) -> Result<SparseFactors, String> {
        let factors = self.eliminate(entries)?;
        match equilibrated(self.order(), entries, &self.places[..]) {
            None => self.refuse_singular(entries, &factors)?,
            Some(entries) => self.refuse_singular(&entries, &self.eliminate(&entries)?)?,
        }
        Ok(factors)
    }

    fn eliminate(&self, entries: &[f64]) -> Result<SparseFactors, String> {
        let values: Vec<f64> = self.order.iter().map(|&at| entries[at]).collect();
        let matrix = SparseColMatRef::new(self.columns.as_ref(), &values);
        let lu = Lu::try_new_with_symbolic(self.symbolic.clone(), matrix).map_err(|error| match error {
            LuError::SymbolicSingular { index } => format!("the matrix is singular: step {index} finds no pivot"),
            LuError::Generic(error) => format!("the matrix cannot be factored: {error:?}"),
        })?;
        Ok(SparseFactors { lu })
    }

    /// The pivots of faer's factors are not public, so solutions alone tell.
    fn refuse_singular(&self, entries: &[f64], factors: &SparseFactors) -> Result<(), String> {
        refuse_singular(self.order(), entries, &self.places[..], |b| factors.solve(false, b))
    }
}

/// The factors of a sparse matrix.
#[derive(Debug)]
pub(crate) struct SparseFactors {
    lu: Lu<usize, f64>,
}

impl SparseFactors {
    /// Solves `A x = b`, or `A^T x = b`, in place.
    pub(crate) fn solve(&self, transposed: bool, b: &mut [f64]) {
        if transposed {
            self.lu.solve_transpose_in_place(ColMut::from_slice_mut(b));
        } else {
            self.lu.solve_in_place(ColMut::from_slice_mut(b));
        }
    }
}
