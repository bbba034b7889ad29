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

/// The powers of 2 that give all rows of a matrix about the same size, where columns have about the same size too. Then
/// partial pivoting compares entries by what they are in their equations, and a pivot of rounding errors is one.
#[derive(Debug)]
pub(crate) struct RowScales(Vec<i32>);

impl RowScales {
    /// `place` gives the row and the column of an entry.
    pub(crate) fn of(n: usize, entries: &[f64], place: impl Fn(usize) -> (usize, usize)) -> RowScales {
        // Of 0 none; of numbers below the normal ones that of the largest of them.
        let exponent = |x: f64| (x != 0.0).then_some((x.to_bits() >> 52 & 0x7ff) as i32 - 1023);
        let (mut rows, mut columns) = (vec![0; n], vec![0; n]);
        for _ in 0..2 {
            for is_row in [true, false] {
                let mut largest = vec![None; n];
                for (at, &entry) in entries.iter().enumerate() {
                    let (row, column) = place(at);
                    let (own, other) = if is_row { (row, columns[column]) } else { (column, rows[row]) };
                    largest[own] = largest[own].max(exponent(entry).map(|exponent| exponent + other));
                }
                let scales = if is_row { &mut rows } else { &mut columns };
                scales.iter_mut().zip(largest).for_each(|(scale, largest)| *scale = -largest.unwrap_or(0));
            }
        }
        RowScales(rows)
    }

    /// A number in a row, times the scale of the row.
    pub(crate) fn scaled(&self, row: usize, x: f64) -> f64 {
        // In two steps: one power may be beyond the numbers.
        let half = self.0[row] / 2;
        x * 2f64.powi(half) * 2f64.powi(self.0[row] - half)
    }

    pub(crate) fn scale(&self, b: &mut [f64]) {
        b.iter_mut().enumerate().for_each(|(row, b)| *b = self.scaled(row, *b));
    }
}

/// Refuses a matrix that is singular to working precision, though no pivot is 0. This solves for right sides that are as
/// large as the rows, and otherwise arbitrary: a pivot of rounding errors leads to a solution whose terms cancel in nearly
/// all digits. Scales of rows and columns do not matter. `place` gives the row and the column of an entry.
pub(crate) fn refuse_singular(
    n: usize,
    entries: &[f64],
    place: impl Fn(usize) -> (usize, usize),
    solve: impl Fn(&mut [f64]),
) -> Result<(), String> {
    let terms = |x: &[f64]| {
        let mut terms = vec![0.0; x.len()];
        for (at, entry) in entries.iter().enumerate() {
            let (row, column) = place(at);
            terms[row] += (entry * x[column]).abs();
        }
        terms
    };
    let rows = terms(&vec![1.0; n]);
    // Two, since one may happen to be near to what the matrix can give.
    for irrational in [0.618_033_988_749_894_9, std::f64::consts::SQRT_2] {
        let arbitrary = |row: usize| 1.0 + ((row * row) as f64 * irrational).fract();
        let mut x: Vec<f64> = rows.iter().enumerate().map(|(row, size)| size * arbitrary(row)).collect();
        solve(&mut x);
        if !terms(&x).iter().zip(&rows).all(|(terms, size)| *terms <= size / (64.0 * f64::EPSILON)) {
            return Err("the matrix is singular to working precision".into());
        }
    }
    Ok(())
}

/// `P R A = L U`, by partial pivoting, where `R` scales rows.
#[derive(Debug)]
pub(crate) struct DenseFactors {
    lu: LU<f64, Dyn, Dyn>,
    rows: RowScales,
}

impl DenseFactors {
    /// Factors the matrix of `n` rows with these entries, by rows.
    pub(crate) fn of(n: usize, entries: &[f64]) -> Result<DenseFactors, String> {
        Matrix::Dense(n).check(entries)?;
        DenseFactors::new(DMatrix::from_row_slice(n, n, entries))
    }

    /// Factors a matrix of finite numbers.
    pub(crate) fn new(mut a: DMatrix<f64>) -> Result<DenseFactors, String> {
        let (n, entries) = (a.nrows(), a.as_slice().to_vec());
        let place = |at: usize| (at % n, at / n);
        let rows = RowScales::of(n, &entries, place);
        a.column_iter_mut().for_each(|mut column| rows.scale(column.as_mut_slice()));
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
        let factors = DenseFactors { lu, rows };
        refuse_singular(n, &entries, place, |b| factors.solve(false, b))?;
        Ok(factors)
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
            b.copy_from_slice(x.as_slice());
            self.rows.scale(b);
        } else {
            self.rows.scale(x.as_mut_slice());
            self.lu.solve_mut(&mut x);
            b.copy_from_slice(x.as_slice());
        }
    }

    /// The logarithm of the absolute value of the determinant.
    pub(crate) fn log_abs_det(&self) -> f64 {
        let scales: i32 = self.rows.0.iter().sum();
        let scaled: f64 = self.lu.lu_internal().diagonal().iter().map(|pivot| pivot.abs().ln()).sum();
        scaled - f64::from(scales) * std::f64::consts::LN_2
    }
}
