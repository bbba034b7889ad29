//! Square matrices given by their entries in a fixed order, and their factors.

use nalgebra::{DMatrix, DVector, Dyn, LU};

#[cfg(feature = "sparse")]
use crate::sparse::{Layout, SparseFactors};

/// Which entries of a matrix are given, and in which order.
#[derive(Clone, Debug)]
pub(crate) enum Matrix {
    /// All, by rows.
    Dense(usize),
    /// Some; the others are 0.
    #[cfg(feature = "sparse")]
    Sparse(Box<Layout>),
}

impl Matrix {
    /// How many rows and columns there are.
    pub(crate) fn order(&self) -> usize {
        match self {
            Matrix::Dense(n) => *n,
            #[cfg(feature = "sparse")]
            Matrix::Sparse(layout) => layout.order(),
        }
    }

    /// How many entries are given.
    pub(crate) fn entries(&self) -> usize {
        match self {
            Matrix::Dense(n) => n * n,
            #[cfg(feature = "sparse")]
            Matrix::Sparse(layout) => layout.places().len(),
        }
    }

    /// The row and column of each entry.
    pub(crate) fn places(&self) -> Box<dyn Iterator<Item = (usize, usize)> + '_> {
        match self {
            &Matrix::Dense(n) => Box::new((0..n).flat_map(move |row| (0..n).map(move |column| (row, column)))),
            #[cfg(feature = "sparse")]
            Matrix::Sparse(layout) => Box::new(layout.places().iter().copied()),
        }
    }

    /// Checks that these entries are finite.
    fn check(&self, entries: &[f64]) -> Result<(), String> {
        match self.places().zip(entries).find(|(_, entry)| !entry.is_finite()) {
            Some((place, entry)) => Err(format!("the entry {place:?} of the matrix is {entry}, not a finite number")),
            None => Ok(()),
        }
    }

    /// The factors of the matrix with these entries.
    pub(crate) fn factor(&self, entries: &[f64]) -> Result<Factors, String> {
        self.check(entries)?;
        match self {
            &Matrix::Dense(n) => DenseFactors::new(DMatrix::from_row_slice(n, n, entries)).map(Factors::Dense),
            #[cfg(feature = "sparse")]
            Matrix::Sparse(layout) => layout.factor(entries).map(|factors| Factors::Sparse(Box::new(factors))),
        }
    }
}

/// Whether all seeds are finite. If not, callers write NaN: `explain_nan` finds where such a seed comes from.
pub(crate) fn all_finite(seeds: &[f64]) -> bool {
    seeds.iter().all(|seed| seed.is_finite())
}

/// The factors of a matrix that is not singular.
#[derive(Debug)]
pub(crate) enum Factors {
    Dense(DenseFactors),
    #[cfg(feature = "sparse")]
    Sparse(Box<SparseFactors>),
}

impl Factors {
    /// Solves `A x = b`, or `A^T x = b`, in place.
    pub(crate) fn solve(&self, transposed: bool, b: &mut [f64]) -> Result<(), String> {
        match self {
            Factors::Dense(factors) => factors.solve(transposed, b),
            #[cfg(feature = "sparse")]
            Factors::Sparse(factors) => factors.solve(transposed, b),
        }
        match b.iter().all(|x| x.is_finite()) {
            true => Ok(()),
            false => Err("the solution of the linear system overflows".into()),
        }
    }
}

/// `P A = L U`, by partial pivoting.
#[derive(Debug)]
pub(crate) struct DenseFactors {
    lu: LU<f64, Dyn, Dyn>,
}

impl DenseFactors {
    /// Factors the matrix of `n` rows with these entries, by rows.
    pub(crate) fn of(n: usize, entries: &[f64]) -> Result<DenseFactors, String> {
        Matrix::Dense(n).check(entries)?;
        DenseFactors::new(DMatrix::from_row_slice(n, n, entries))
    }

    /// Factors a matrix of finite numbers.
    pub(crate) fn new(a: DMatrix<f64>) -> Result<DenseFactors, String> {
        let lu = LU::new(a);
        let packed = lu.lu_internal();
        // The exact value of a pivot may be 0 if it is no greater than the rounding errors of its sum.
        for k in 0..packed.nrows() {
            let (pivot, below) = (packed[(k, k)].abs(), 0..k);
            let terms: f64 = below.map(|i| (packed[(k, i)] * packed[(i, k)]).abs()).sum();
            if pivot <= 4.0 * f64::EPSILON * terms || !pivot.is_finite() {
                return Err(format!("the matrix is singular to working precision: pivot {k} is {:e}", packed[(k, k)]));
            }
        }
        Ok(DenseFactors { lu })
    }

    /// Solves `A x = b`, or `A^T x = b`, in place.
    pub(crate) fn solve(&self, transposed: bool, b: &mut [f64]) {
        if b.is_empty() {
            return;
        }
        let mut x = DVector::from_column_slice(b);
        if transposed {
            let packed = self.lu.lu_internal();
            packed.tr_solve_upper_triangular_mut(&mut x);
            for k in (0..x.len()).rev() {
                let sum = packed.column(k).rows_range(k + 1..).dot(&x.rows_range(k + 1..));
                x[k] -= sum;
            }
            self.lu.p().inv_permute_rows(&mut x);
        } else {
            self.lu.solve_mut(&mut x);
        }
        b.copy_from_slice(x.as_slice());
    }

    /// The logarithm of the absolute value of the determinant.
    pub(crate) fn log_abs_det(&self) -> f64 {
        self.lu.lu_internal().diagonal().iter().map(|pivot| pivot.abs().ln()).sum()
    }
}
