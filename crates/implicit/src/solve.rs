//! Linear systems: `A x = b`, with a factorization that the sweeps share.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use wengert::{Expr, External};

use crate::map::Map;
use crate::matrix::{Factors, Matrix, all_finite};
use crate::pool::Pool;

/// The solution `x` of `A x = b` for a matrix of `n` rows and columns. Inputs: the `n * n` entries of `A` by rows, then `b`.
///
/// A call takes `n` nodes, and costs a factorization, by elimination with partial pivoting. The factors of the last eight
/// matrices are kept, so sweeps in both directions, and calls with other right sides, cost `O(n^2)`. Derivatives of every
/// order are linear systems with `A` or its transpose: Giles, "Collected matrix derivative results for forward and
/// reverse mode algorithmic differentiation" (2008), section 2.3.
///
/// `name` stands in messages, pictures and files. Functions of one program need different names.
///
/// The call fails if an entry is not finite or the matrix is singular to working precision: rounding errors of its entries
/// change a solution in nearly all digits. Scales of rows and columns do not matter.
///
/// ```
/// use wengert::Graph;
/// use wengert_implicit::linear_solve;
///
/// let solve = linear_solve("beam", 2);
/// let mut g = Graph::new();
/// let (a, b) = (g.leaves(&[2.0, 1.0, 1.0, 3.0]), g.leaves(&[3.0, 5.0]));
/// let x = g.external_nodes(solve.function().clone(), &[a.clone(), b].concat());
/// assert_eq!(g.gradient(x[0], &a[1..2])[0], -0.6 * 1.4); // -(A^-1)[0][0] * x[1]
///
/// g.set_all(&a, &[1.0, 2.0, 2.0, 4.0]);
/// let error = g.forward().unwrap_err().to_string();
/// assert!(error.starts_with("the function \"beam\": value failed: the matrix is singular"), "{error}");
/// ```
pub fn linear_solve(name: &str, n: usize) -> Map {
    solve_with(name, Matrix::Dense(n))
}

/// The solution of linear systems with matrices of this layout.
pub(crate) fn solve_with(name: &str, matrix: Matrix) -> Map {
    let shared = Shared::new(name, matrix);
    Map::new(Shared::solver(&shared, false), vec![Shared::solver(&shared, true)])
}

/// What solving with a matrix and with its transpose share.
pub(crate) struct Shared {
    names: [String; 2],
    matrix: Matrix,
    factored: Pool<(Vec<f64>, Factors)>,
    /// The two functions, while they are in use.
    solvers: Mutex<[Weak<Solve>; 2]>,
}

impl Shared {
    pub(crate) fn new(name: &str, matrix: Matrix) -> Arc<Shared> {
        let names = [name.into(), format!("{name} transposed")];
        Arc::new(Shared { names, matrix, factored: Pool::new(), solvers: Mutex::default() })
    }

    /// The function that solves with the matrix, or with its transpose. It is the same as long as any is in use, since
    /// a program is saved with one function of each name.
    pub(crate) fn solver(shared: &Arc<Shared>, transposed: bool) -> Arc<Solve> {
        let mut solvers = shared.solvers.lock().unwrap_or_else(PoisonError::into_inner);
        let place = &mut solvers[usize::from(transposed)];
        place.upgrade().unwrap_or_else(|| {
            let made = Arc::new(Solve { shared: Arc::clone(shared), transposed });
            *place = Arc::downgrade(&made);
            made
        })
    }
}

/// Solves `A x = b`, or `A^T x = b`.
pub(crate) struct Solve {
    shared: Arc<Shared>,
    transposed: bool,
}

impl Solve {
    /// Runs `f` with the factors of the matrix with these entries.
    fn factored(&self, entries: &[f64], f: impl FnOnce(&Factors) -> Result<(), String>) -> Result<(), String> {
        let same =
            |(known, _): &(Vec<f64>, Factors)| known.iter().zip(entries).all(|(a, b)| a.to_bits() == b.to_bits());
        let (entries, factors) = match self.shared.factored.take(same) {
            Some(found) => found,
            None => (entries.to_vec(), self.shared.matrix.factor(entries)?),
        };
        let outcome = f(&factors);
        self.shared.factored.keep((entries, factors));
        outcome
    }

    fn entries(&self) -> usize {
        self.shared.matrix.entries()
    }

    /// The equation and the unknown in which each entry stands.
    fn places(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.shared.matrix.places().map(|(row, column)| if self.transposed { (column, row) } else { (row, column) })
    }

    /// Subtracts from `sum` the product of a matrix with these entries and `x`.
    fn subtract_product(&self, entries: &[f64], x: &[f64], sum: &mut [f64]) {
        for ((row, column), entry) in self.places().zip(entries) {
            sum[row] -= entry * x[column];
        }
    }
}

impl External for Solve {
    fn name(&self) -> &str {
        &self.shared.names[usize::from(self.transposed)]
    }

    fn shape(&self) -> (usize, usize) {
        (self.entries() + self.shared.matrix.order(), self.shared.matrix.order())
    }

    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        let (a, b) = x.split_at(self.entries());
        if let Some(at) = b.iter().position(|b| !b.is_finite()) {
            return Err(format!("number {at} of the right side is {}, not a finite number", b[at]));
        }
        y.copy_from_slice(b);
        self.factored(a, |factors| factors.solve(self.transposed, y))
    }

    // With A^T u = ybar, b receives u, and an entry in row r and column c receives -u[r] x[c].
    fn vjp(&self, x: &[f64], y: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        if !all_finite(ybar) {
            xbar.fill(f64::NAN);
            return Ok(());
        }
        let (a_bar, b_bar) = xbar.split_at_mut(self.entries());
        b_bar.copy_from_slice(ybar);
        self.factored(&x[..a_bar.len()], |factors| factors.solve(!self.transposed, b_bar))?;
        for ((row, column), bar) in self.places().zip(a_bar) {
            *bar = -b_bar[row] * y[column];
        }
        Ok(())
    }

    fn jvp(&self, x: &[f64], y: &[f64], v: &[f64], w: &mut [f64]) -> Result<(), String> {
        if !all_finite(v) {
            w.fill(f64::NAN);
            return Ok(());
        }
        let (a_dot, b_dot) = v.split_at(self.entries());
        w.copy_from_slice(b_dot);
        self.subtract_product(a_dot, y, w);
        self.factored(&x[..a_dot.len()], |factors| factors.solve(self.transposed, w))
    }

    // The derivative of `vjp`: A^T u' = -A'^T u, and an entry receives -u'[r] x[c] - u[r] x'[c].
    fn hvp(&self, x: &[f64], y: &[f64], ybar: &[f64], v: &[f64], xdot: &mut [f64]) -> Option<Result<(), String>> {
        if !all_finite(ybar) || !all_finite(v) {
            xdot.fill(f64::NAN);
            return Some(Ok(()));
        }
        let (a_dot, _) = v.split_at(self.entries());
        let (mut u, mut y_dot) = (ybar.to_vec(), vec![0.0; y.len()]);
        let (a_bar, u_dot) = xdot.split_at_mut(self.entries());
        let solved = self.jvp(x, y, v, &mut y_dot).and_then(|()| {
            self.factored(&x[..a_dot.len()], |factors| {
                factors.solve(!self.transposed, &mut u)?;
                u_dot.fill(0.0);
                for ((row, column), entry) in self.places().zip(a_dot) {
                    u_dot[column] -= entry * u[row];
                }
                factors.solve(!self.transposed, u_dot)
            })
        });
        for ((row, column), bar) in self.places().zip(a_bar) {
            *bar = -u_dot[row] * y[column] - u[row] * y_dot[column];
        }
        Some(solved)
    }

    fn pullback<'g>(&self, x: &[Expr<'g>], y: &[Expr<'g>], ybar: &[Expr<'g>]) -> Option<Vec<Expr<'g>>> {
        let entries = self.entries();
        let graph = x.iter().chain(y).chain(ybar).find_map(|x| x.graph())?;
        let transposed = Shared::solver(&self.shared, !self.transposed);
        let u = graph.external(transposed, &[&x[..entries], ybar].concat());
        let negative: Vec<Expr<'g>> = u.iter().map(|&u| -u).collect();
        let a_bar = self.places().map(|(row, column)| negative[row] * y[column]);
        Some(a_bar.chain(u.iter().copied()).collect())
    }
}
