//! Linear systems, inverses, determinants.

use proptest::prelude::*;
use wengert::{Error as EngineError, Expr, Graph, Real};
use wengert_implicit::{Error, Map, inverse, linear_solve, log_det, sparse_solve};

use crate::routes::{agree, close};

/// Gauss's elimination without pivoting, for any number. The matrix by rows.
fn eliminate<T: Real>(n: usize, a: &[T], b: &[T]) -> Vec<T> {
    let (mut a, mut x) = (a.to_vec(), b.to_vec());
    for k in 0..n {
        let (pivot, above) = (a[k * n..(k + 1) * n].to_vec(), x[k]);
        for row in k + 1..n {
            let factor = a[row * n + k] / pivot[k];
            (k..n).for_each(|column| a[row * n + column] -= factor * pivot[column]);
            x[row] -= factor * above;
        }
    }
    for k in (0..n).rev() {
        let rest: T = (k + 1..n).map(|column| a[k * n + column] * x[column]).sum();
        x[k] = (x[k] - rest) / a[k * n + k];
    }
    x
}

fn weighted<'g>(y: &[Expr<'g>]) -> Expr<'g> {
    y.iter().enumerate().map(|(k, &y)| y * y * (1.0 + k as f64)).sum()
}

const DENSE: [&[f64]; 2] = [
    &[4.0, 1.0, -0.5, 0.3, 5.0, 1.0, 1.0, -2.0, 6.0, 1.0, 2.0, 3.0],
    &[2.0, 0.5, 0.1, -1.0, 3.0, 0.2, 0.7, 0.1, -4.0, -1.0, 0.5, 2.0],
];

#[test]
fn a_dense_solve_has_the_derivatives_of_elimination() {
    let solve = linear_solve("solve", 3);
    agree(&solve.externals(), &DENSE, |x| weighted(&solve.call(x)), |x| weighted(&eliminate(3, &x[..9], &x[9..])));
}

#[test]
fn a_sparse_solve_has_the_derivatives_of_elimination() {
    // Not symmetric, and out of order.
    let places = [(0, 0), (1, 1), (2, 2), (0, 2), (1, 0), (2, 1)];
    let solve = sparse_solve("solve", 3, &places).unwrap();
    let points: [&[f64]; 2] =
        [&[4.0, 5.0, 6.0, 0.5, -1.0, 2.0, 1.0, 2.0, 3.0], &[1.0, -3.0, 2.0, 0.1, 0.2, 0.3, 1.0, -1.0, 0.5]];
    agree(
        &solve.externals(),
        &points,
        |x| weighted(&solve.call(x)),
        |x| {
            let mut a = [Expr::constant(0.0); 9];
            places.iter().zip(x).for_each(|(&(row, column), &x)| a[3 * row + column] = x);
            weighted(&eliminate(3, &a, &x[6..]))
        },
    );
}

#[test]
fn an_inverse_and_a_determinant_have_the_derivatives_of_their_formulas() {
    let inverse = inverse("inverse", 2);
    let points: [&[f64]; 2] = [&[2.0, 1.0, -0.5, 3.0], &[1.0, 2.0, 3.0, 4.0]];
    agree(
        &inverse.externals(),
        &points,
        |x| weighted(&inverse.call(x)),
        |x| {
            let det = x[0] * x[3] - x[1] * x[2];
            weighted(&[x[3] / det, -x[1] / det, -x[2] / det, x[0] / det])
        },
    );
    let log_det = log_det("log_det", 3);
    let points = [&DENSE[0][..9], &DENSE[1][..9]];
    agree(
        &log_det.externals(),
        &points,
        |x| log_det.call(x)[0],
        |x| {
            let minor = |a: usize, b: usize| x[3 + a] * x[6 + b] - x[3 + b] * x[6 + a];
            (x[0] * minor(1, 2) - x[1] * minor(0, 2) + x[2] * minor(0, 1)).abs().ln()
        },
    );
    // Where the determinant itself would overflow.
    let big = wengert_implicit::log_det("big", 2).call(&[1e200, 0.0, 0.0, -1e200])[0];
    assert!((big / (400.0 * 10f64.ln()) - 1.0).abs() < 1e-15);
}

#[track_caller]
fn refused(map: &Map, x: &[f64], text: &str) {
    let g = Graph::new();
    let error = g.try_external_nodes(map.function().clone(), &g.leaves(x)).unwrap_err();
    assert!(matches!(error, EngineError::External { .. }));
    assert!(error.to_string().contains(text), "{error}");
}

#[test]
fn a_matrix_that_cannot_be_inverted_is_refused() {
    let everything = [[0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 2.0, 4.0], [0.1, 0.3, 0.2, 0.6], [0.7, 0.1, 2.1, 0.3]];
    let solve = linear_solve("solve", 2);
    let sparse = sparse_solve("sparse", 2, &[(0, 0), (0, 1), (1, 0), (1, 1)]).unwrap();
    for a in everything {
        refused(&solve, &[&a[..], &[1.0, 1.0]].concat(), "\"solve\": value failed: the matrix is singular");
        refused(&sparse, &[&a[..], &[1.0, 1.0]].concat(), "\"sparse\": value failed: the ");
        refused(&inverse("inverse", 2), &a, "the matrix is singular");
        refused(&log_det("log_det", 2), &a, "the matrix is singular");
    }
    // Also where there are solutions.
    for b in [[0.0, 0.0], [1.0, 3.0], [1.0, -1.0]] {
        let system = [&everything[3][..], &b].concat();
        refused(&solve, &system, "the matrix is singular to working precision");
        refused(&sparse, &system, "the matrix is singular to working precision");
    }
    // Badly scaled, but not singular.
    for solve in [&solve, &sparse] {
        assert_eq!(solve.call(&[1.0, 1e17, 0.0, 1.0, 0.0, 1.0]), [-1e17, 1.0]);
        assert_eq!(solve.call(&[1e17, 0.0, 1.0, 1.0, 0.0, 1.0]), [0.0, 1.0]);
        assert_eq!(solve.call(&[1e-200, 0.0, 0.0, 1e200, 0.0, 0.0]), [0.0, 0.0]);
    }
    for scale in [1e-200, 1e200] {
        close(&solve.call(&[scale, 0.0, 0.0, 1.0, scale, 1.0]), &[1.0, 1.0], "scaled");
        close(&solve.call(&[1.0, 1.0, 0.0, scale, 3.0, 2.0 * scale]), &[1.0, 2.0], "triangular");
    }
    // A permutation needs pivots.
    assert_eq!(solve.call(&[0.0, 1.0, 1.0, 0.0, 3.0, 4.0]), [4.0, 3.0]);
    assert_eq!(sparse.call(&[0.0, 1.0, 1.0, 0.0, 3.0, 4.0]), [4.0, 3.0]);
    refused(&solve, &[1.0, f64::NAN, 0.0, 1.0, 1.0, 1.0], "the entry (0, 1) of the matrix is NaN");
    refused(&solve, &[1.0, 0.0, 0.0, 1.0, 1.0, f64::INFINITY], "number 1 of the right side is inf");
    refused(&solve, &[1.0, 0.0, 0.0, 1.0, 1.0], "expected 6 inputs, got 5");
    refused(&solve, &[1e-300, 0.0, 0.0, 1e-300, 1e300, 1.0], "overflows");
    let no_row = sparse_solve("no_row", 2, &[(0, 0), (0, 1)]).unwrap();
    refused(&no_row, &[1.0, 1.0, 1.0, 1.0], "the matrix is singular");
    assert_eq!(sparse_solve("s", 2, &[(0, 0), (2, 1)]).unwrap_err(), Error::Outside { row: 2, column: 1, n: 2 });
    assert_eq!(sparse_solve("s", 2, &[(0, 1), (0, 0), (0, 1)]).unwrap_err(), Error::Twice { row: 0, column: 1 });
    assert!(linear_solve("none", 0).call::<f64>(&[]).is_empty());
}

/// Of `n` rows, with these entries on the diagonal and beside it.
fn bidiagonal(n: usize, diagonal: f64, beside: f64, lower: bool) -> Vec<f64> {
    let entry =
        |row: usize, column: usize| match (row == column, if lower { row == column + 1 } else { column == row + 1 }) {
            (true, _) => diagonal,
            (_, true) => beside,
            _ => 0.0,
        };
    (0..n * n).map(|at| entry(at / n, at % n)).collect()
}

#[test]
fn regular_matrices_whose_solutions_grow_or_shrink_are_solved() {
    let chains = [(46, 1.0, -2.0, false), (30, 1.0, -3.0, false), (16, 1.0, -10.0, true), (75, 1.0, -1.5, true)];
    let mut systems: Vec<Vec<f64>> =
        chains.map(|(n, diagonal, beside, lower)| bidiagonal(n, diagonal, beside, lower)).into();
    systems.push(vec![1.0, 1e15, 0.0, 0.0, 1.0, 1e15, 0.0, 0.0, 1.0]);
    systems.push(vec![1e10, 0.0, 1e10, 1e-300]);
    systems.push(vec![1e-300, 1e300, 2e-300, 1e300]);
    for a in systems {
        let n = a.len().isqrt();
        let places: Vec<(usize, usize)> = (0..n * n).map(|at| (at / n, at % n)).collect();
        let inputs = [&a[..], &vec![0.0; n]].concat();
        for solve in [linear_solve("dense", n), sparse_solve("sparse", n, &places).unwrap()] {
            assert_eq!(solve.call(&inputs), vec![0.0; n], "{a:?}");
        }
    }
}

#[test]
fn neither_solutions_nor_determinants_lose_digits_to_scales() {
    let solve = linear_solve("solve", 2);
    let near = |x: f64, want: f64| assert!((x / want - 1.0).abs() < 1e-14, "{x:e}, expected {want:e}");
    near(solve.call(&[1e-160, 1e160, 1.0, 0.0, 1.0, 3e159])[1], 7e-161);
    near(solve.call(&[1e-20, 1e20, 2e-20, 1e20, 1e-250, 3e-250])[0], 2e-230);
    near(log_det("log_det", 1).call(&[0.9999999999])[0], 0.9999999999_f64.ln());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whether_a_matrix_is_singular_depends_on_no_scale_of_rows_or_columns(
        n in 2usize..12,
        seed in prop::collection::vec(0.1f64..1.0, 144),
        rows in prop::collection::vec(-60i32..60, 12),
        columns in prop::collection::vec(-60i32..60, 12),
        zero in any::<bool>(),
    ) {
        // The last row is the sum of the others, without rounding errors, or is far from it.
        let mut a: Vec<f64> = seed[..n * n].iter().map(|x| (x * 64.0).round() / 64.0).collect();
        (0..n - 1).for_each(|at| a[at * n + at] += 12.0);
        for column in 0..n {
            let sum: f64 = (0..n - 1).map(|row| a[row * n + column]).sum();
            let at = (n - 1) * n + column;
            a[at] = if zero { sum } else { sum + if column == n - 1 { 1.0 } else { 0.0 } };
        }
        let scaled = (0..n * n).map(|at| a[at] * 2f64.powi(rows[at / n] + columns[at % n]));
        let places: Vec<(usize, usize)> = (0..n * n).map(|at| (at / n, at % n)).collect();
        let sparse = sparse_solve("sparse", n, &places).unwrap();
        let inputs: Vec<f64> = scaled.chain(vec![0.0; n]).collect();
        for solve in [linear_solve("dense", n), sparse] {
            let g = Graph::new();
            let found = g.try_external_nodes(solve.function().clone(), &g.leaves(&inputs));
            prop_assert_eq!(found.is_err(), zero, "{:?}", solve);
        }
    }

    #[test]
    fn solutions_satisfy_their_equations_and_sparse_is_dense(
        n in 1usize..12,
        seed in prop::collection::vec(-1.0f64..1.0, 12 * 13),
        keep in prop::collection::vec(any::<bool>(), 144),
    ) {
        // The diagonal dominates, so that no matrix is near a singular one.
        let entry = |at: usize| match at / n == at % n {
            true => 12.0 + seed[at],
            false if keep[at] => seed[at],
            false => 0.0,
        };
        let a: Vec<f64> = (0..n * n).map(entry).collect();
        let b = &seed[144..144 + n];
        let x = linear_solve("solve", n).call(&[&a[..], b].concat());
        for row in 0..n {
            let product: f64 = (0..n).map(|column| a[row * n + column] * x[column]).sum();
            prop_assert!((product - b[row]).abs() < 1e-14 * n as f64);
        }
        let places: Vec<(usize, usize)> =
            (0..n * n).filter(|&at| a[at] != 0.0).map(|at| (at / n, at % n)).collect();
        let entries: Vec<f64> = places.iter().map(|&(row, column)| a[row * n + column]).collect();
        let sparse = sparse_solve("sparse", n, &places).unwrap().call(&[&entries[..], b].concat());
        for (sparse, dense) in sparse.iter().zip(&x) {
            prop_assert!((sparse - dense).abs() < 1e-14);
        }
    }
}

#[test]
fn a_solve_of_a_hundred_unknowns_takes_three_numbers_for_each_entry() {
    let n = 100;
    let solve = linear_solve("solve", n);
    let mut g = Graph::new();
    let inputs: Vec<f64> = (0..n * n + n)
        .map(|at| if at % (n + 1) == 0 && at < n * n { 200.0 } else { ((at * 7919) % 101) as f64 / 50.0 - 1.0 })
        .collect();
    let x = g.leaves(&inputs);
    let leaves = g.memory();
    let y = g.external_nodes(solve.function().clone(), &x);
    assert_eq!(g.len(), n * n + 2 * n);
    let l = g.sum(&y);
    g.backward(l);
    let numbers = (g.memory() - leaves) / 8;
    println!("{} nodes and {numbers} numbers beyond the leaves, for {} entries", g.len() - x.len(), n * n);
    assert!(numbers <= 3 * n * n, "{numbers}");
    // The adjoint of the right side is the solution of the transposed system with ones.
    let transposed: Vec<f64> = (0..n * n).map(|at| inputs[at % n * n + at / n]).chain(vec![1.0; n]).collect();
    let expected = solve.call(&transposed);
    let found: Vec<f64> = x[n * n..].iter().map(|&x| g.grad(x)).collect();
    close(&found, &expected, "adjoint of the right side");
    let slope = -found[3] * g.value(y[7]);
    close(&[g.grad(x[3 * n + 7])], &[slope], "adjoint of an entry");
    g.set(x[0], 300.0);
    g.forward().unwrap();
}
