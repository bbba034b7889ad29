//! The inverse and the determinant of a matrix.

use std::sync::Arc;

use nalgebra::{DMatrix, DMatrixView};
use wengert::{Expr, External, Scalar};

use crate::map::Map;
use crate::matrix::DenseFactors;
use crate::pool::Pool;

/// The inverse of a matrix of `n` rows and columns. Inputs and outputs are the entries by rows.
///
/// A call takes `n * n` nodes, and costs `O(n^3)`; so does a sweep through it. Derivatives as nodes take `O(n^2)` dot
/// products. To solve a linear system, [`linear_solve`](crate::linear_solve) is cheaper and more accurate. See it also for
/// `name`, and for matrices that are refused.
///
/// ```
/// use wengert_implicit::inverse;
///
/// assert_eq!(inverse("inverse", 2).call(&[2.0, 0.0, 0.0, 4.0]), [0.5, 0.0, 0.0, 0.25]);
/// ```
pub fn inverse(name: &str, n: usize) -> Map {
    Map::new(Arc::new(Inverse { name: name.into(), of: Inverter::new(n) }), vec![])
}

/// The logarithm of the absolute value of the determinant of a matrix of `n` rows and columns. It is finite also where the
/// determinant would over- or underflow. Inputs: the entries by rows.
///
/// A call takes one node, and costs a factorization. The gradient is the transposed inverse; derivatives of higher order
/// go through [`inverse`]. For `name`, and for matrices that are refused, see [`linear_solve`](crate::linear_solve).
///
/// ```
/// use wengert_implicit::log_det;
///
/// let log_det = log_det("log_det", 2);
/// let (value, gradient) = wengert::value_and_gradient(|a| log_det.call(a)[0], &[2.0, 0.0, 0.0, 4.0]);
/// assert!((value - 8f64.ln()).abs() < 1e-15);
/// assert_eq!(gradient, [0.5, 0.0, 0.0, 0.25]);
/// ```
pub fn log_det(name: &str, n: usize) -> Map {
    let inverse = Arc::new(Inverse { name: format!("{name}: inverse"), of: Inverter::new(n) });
    Map::new(Arc::new(LogDet { name: name.into(), inverse: Arc::clone(&inverse) }), vec![inverse])
}

/// Factors matrices and inverts them. Keeps the last few.
struct Inverter {
    n: usize,
    known: Pool<Known>,
}

struct Known {
    entries: Vec<f64>,
    factors: DenseFactors,
    inverse: Option<DMatrix<f64>>,
}

impl Inverter {
    fn new(n: usize) -> Inverter {
        Inverter { n, known: Pool::new() }
    }

    fn with<R>(&self, entries: &[f64], f: impl FnOnce(&mut Known) -> Result<R, String>) -> Result<R, String> {
        let same = |known: &Known| known.entries.iter().zip(entries).all(|(a, b)| a.to_bits() == b.to_bits());
        let mut known = match self.known.take(same) {
            Some(known) => known,
            None => {
                let factors = DenseFactors::of(self.n, entries)?;
                Known { entries: entries.to_vec(), factors, inverse: None }
            }
        };
        let outcome = f(&mut known);
        self.known.keep(known);
        outcome
    }

    /// The inverse of the matrix with these entries.
    fn inverse(&self, entries: &[f64]) -> Result<DMatrix<f64>, String> {
        self.with(entries, |known| {
            if known.inverse.is_none() {
                let mut inverse = DMatrix::identity(self.n, self.n);
                inverse.column_iter_mut().for_each(|mut column| known.factors.solve(false, column.as_mut_slice()));
                if !inverse.iter().all(|entry| entry.is_finite()) {
                    return Err("the inverse overflows".into());
                }
                known.inverse = Some(inverse);
            }
            known.inverse.clone().ok_or_else(String::new)
        })
    }

    /// A list of entries by rows as a matrix: the transpose of the list by columns.
    fn transposed<'a>(&self, by_rows: &'a [f64]) -> DMatrixView<'a, f64> {
        DMatrixView::from_slice(by_rows, self.n, self.n)
    }
}

struct Inverse {
    name: String,
    of: Inverter,
}

impl External for Inverse {
    fn name(&self) -> &str {
        &self.name
    }

    fn shape(&self) -> (usize, usize) {
        (self.of.n * self.of.n, self.of.n * self.of.n)
    }

    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        y.copy_from_slice(self.of.inverse(x)?.transpose().as_slice());
        Ok(())
    }

    // With the inverse B, the adjoint of the matrix is -B^T Bbar B^T. Lists by rows, read by columns, are transposes.
    fn vjp(&self, _: &[f64], y: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        let (b, bar) = (self.of.transposed(y).transpose(), self.of.transposed(ybar));
        xbar.copy_from_slice((-(&b * bar * &b)).as_slice());
        Ok(())
    }

    fn jvp(&self, _: &[f64], y: &[f64], v: &[f64], w: &mut [f64]) -> Result<(), String> {
        let (b, v) = (self.of.transposed(y), self.of.transposed(v));
        w.copy_from_slice((-(b * v * b)).as_slice());
        Ok(())
    }

    fn pullback<'g>(&self, _: &[Expr<'g>], y: &[Expr<'g>], ybar: &[Expr<'g>]) -> Option<Vec<Expr<'g>>> {
        let n = self.of.n;
        let transposed: Vec<Expr<'g>> = (0..n * n).map(|at| y[at % n * n + at / n]).collect();
        let bars: Vec<Expr<'g>> = (0..n * n).map(|at| ybar[at % n * n + at / n]).collect();
        let row = |matrix: &[Expr<'g>], k: usize| matrix[k * n..(k + 1) * n].to_vec();
        // half[r][c] is row r of B^T times column c of Bbar.
        let half: Vec<Expr<'g>> =
            (0..n * n).map(|at| Expr::dot(&row(&transposed, at / n), &row(&bars, at % n))).collect();
        Some((0..n * n).map(|at| -<Expr<'g> as Scalar>::dot(&row(&half, at / n), &row(y, at % n))).collect())
    }
}

struct LogDet {
    name: String,
    inverse: Arc<Inverse>,
}

impl External for LogDet {
    fn name(&self) -> &str {
        &self.name
    }

    fn shape(&self) -> (usize, usize) {
        (self.inverse.of.n * self.inverse.of.n, 1)
    }

    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        y[0] = self.inverse.of.with(x, |known| Ok(known.factors.log_abs_det()))?;
        Ok(())
    }

    fn vjp(&self, x: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        let inverse = self.inverse.of.inverse(x)?;
        xbar.iter_mut().zip(&inverse).for_each(|(xbar, entry)| *xbar = ybar[0] * entry);
        Ok(())
    }

    // The inverse B changes by -B A' B.
    fn hvp(&self, x: &[f64], _: &[f64], ybar: &[f64], v: &[f64], xdot: &mut [f64]) -> Option<Result<(), String>> {
        let inverse = self.inverse.of.inverse(x);
        Some(inverse.map(|b| {
            let change = &b * self.inverse.of.transposed(v).transpose() * &b;
            xdot.iter_mut().zip(&change).for_each(|(xdot, change)| *xdot = -ybar[0] * change);
        }))
    }

    fn pullback<'g>(&self, x: &[Expr<'g>], _: &[Expr<'g>], ybar: &[Expr<'g>]) -> Option<Vec<Expr<'g>>> {
        let n = self.inverse.of.n;
        let graph = x.iter().chain(ybar).find_map(|x| x.graph())?;
        let inverse = graph.external(Arc::clone(&self.inverse) as Arc<dyn External>, x);
        Some((0..n * n).map(|at| ybar[0] * inverse[at % n * n + at / n]).collect())
    }
}
