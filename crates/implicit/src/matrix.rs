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

/// The rows and columns of the entries of a matrix.
pub(crate) trait Places {
    /// Calls `f` with the number of each entry, its row and its column.
    fn for_each(&self, f: impl FnMut(usize, usize, usize));
}

/// All entries of a matrix of so many rows and columns, by columns.
struct ByColumns(usize);

impl Places for ByColumns {
    #[inline]
    fn for_each(&self, mut f: impl FnMut(usize, usize, usize)) {
        for column in 0..self.0 {
            for row in 0..self.0 {
                f(column * self.0 + row, row, column);
            }
        }
    }
}

impl Places for [(usize, usize)] {
    #[inline]
    fn for_each(&self, mut f: impl FnMut(usize, usize, usize)) {
        self.iter().enumerate().for_each(|(at, &(row, column))| f(at, row, column));
    }
}

/// The entries with rows and columns multiplied by powers of 2, so that the largest of each is about 1. `None` where this
/// is so but for a common factor. Elimination compares pivots of rows by size, so of rows of very different sizes it may take
/// one that is all rounding errors.
pub(crate) fn equilibrated(n: usize, entries: &[f64], places: &(impl Places + ?Sized)) -> Option<Vec<f64>> {
    // Less than any sum of exponents.
    const NONE: i32 = i32::MIN / 2;
    // Of 0 none; of numbers below the normal ones that of the largest of them.
    let exponent = |x: f64| if x == 0.0 { NONE } else { (x.to_bits() >> 52 & 0x7ff) as i32 - 1023 };
    // A row or column of zeros stays as it is.
    let to_1 = |largest: Vec<i32>| -> Vec<i32> {
        largest.into_iter().map(|exponent| if exponent < NONE / 2 { 0 } else { -exponent }).collect()
    };
    let (mut rows, mut columns) = (vec![0; n], vec![0; n]);
    for _ in 0..2 {
        let mut largest = vec![NONE; n];
        places.for_each(|at, row, column| largest[row] = largest[row].max(exponent(entries[at]) + columns[column]));
        rows = to_1(largest);
        let mut largest = vec![NONE; n];
        places.for_each(|at, row, column| largest[column] = largest[column].max(exponent(entries[at]) + rows[row]));
        columns = to_1(largest);
    }
    let is_even = |scales: &[i32]| scales.iter().max().zip(scales.iter().min()).is_none_or(|(max, min)| max - min <= 2);
    if is_even(&rows) && is_even(&columns) {
        return None;
    }
    let mut scaled = vec![0.0; entries.len()];
    places.for_each(|at, row, column| {
        // In two steps: one power may be beyond the numbers.
        let scale = rows[row] + columns[column];
        scaled[at] = entries[at] * 2f64.powi(scale / 2) * 2f64.powi(scale - scale / 2);
    });
    Some(scaled)
}

/// Refuses a matrix that is singular to working precision, though no pivot is 0: where changes of its entries by rounding
/// errors change a solution `x` in nearly all digits. To first order `x` changes by the inverse times the changes of `A x`,
/// which are as large as `|A| |x|` (R. D. Skeel, Scaling for numerical stability in Gaussian elimination, 1979). So neither
/// scales of rows nor of columns matter.
pub(crate) fn refuse_singular(
    n: usize,
    entries: &[f64],
    places: &(impl Places + ?Sized),
    solve: impl Fn(&mut [f64]),
) -> Result<(), String> {
    let mut largest = vec![0.0_f64; n];
    places.for_each(|at, row, _| largest[row] = largest[row].max(entries[at].abs()));
    // Two, since one right side may by chance not show it.
    for irrational in [0.618_033_988_749_894_9, std::f64::consts::SQRT_2] {
        let arbitrary = |row: usize| ((row * row) as f64 * irrational).fract();
        let side = |(row, size): (usize, &f64)| size * (1.0 + arbitrary(row));
        let mut x: Vec<f64> = largest.iter().enumerate().map(side).collect();
        solve(&mut x);
        let mut change = vec![0.0; n];
        places.for_each(|at, row, column| change[row] += (entries[at] * x[column]).abs());
        for (row, change) in change.iter_mut().enumerate() {
            *change = change.copysign(arbitrary(row + 1) - 0.5);
        }
        solve(&mut change);
        let is_kept = |(x, change): (&f64, &f64)| x.abs() >= 64.0 * f64::EPSILON * change.abs();
        if !x.iter().zip(&change).all(is_kept) {
            return Err("the matrix is singular to working precision".into());
        }
    }
    Ok(())
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
        let (n, entries) = (a.nrows(), a.as_slice().to_vec());
        let factors = DenseFactors::eliminate(a)?;
        match equilibrated(n, &entries, &ByColumns(n)) {
            None => factors.refuse_singular(&entries)?,
            Some(entries) => {
                DenseFactors::eliminate(DMatrix::from_column_slice(n, n, &entries))?.refuse_singular(&entries)?;
            }
        }
        Ok(factors)
    }

    fn eliminate(a: DMatrix<f64>) -> Result<DenseFactors, String> {
        let lu = LU::new(a);
        let packed = lu.lu_internal();
        // The exact value of a pivot may be 0 if it is at most the rounding errors of its sum.
        for k in 0..packed.nrows() {
            let (pivot, below) = (packed[(k, k)].abs(), 0..k);
            let terms: f64 = below.map(|i| (packed[(k, i)] * packed[(i, k)]).abs()).sum();
            if pivot <= 4.0 * f64::EPSILON * terms || !pivot.is_finite() {
                return Err(format!("the matrix is singular to working precision: pivot {k} is {:e}", packed[(k, k)]));
            }
        }
        Ok(DenseFactors { lu })
    }

    fn refuse_singular(&self, entries: &[f64]) -> Result<(), String> {
        let n = self.lu.lu_internal().nrows();
        refuse_singular(n, entries, &ByColumns(n), |b| self.solve(false, b))
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
