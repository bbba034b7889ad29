//! Bundle adjustment: where six cameras stood and which way they looked, and where eighty points are, from their places
//! in the pictures and the positions of four of the points. By Gauss-Newton's method, whose normal equations are mostly
//! zeros, with faer's sparse Cholesky factors.

use faer::Side;
use faer::prelude::Solve;
use wengert::{Expr, Real};
use wengert_solve::{Shape, System};

const CAMERAS: usize = 6;
const POINTS: usize = 80;
const KNOWN: usize = 4;

/// Where a camera, of three angles and a shift, sees a point.
fn project<T: Real>(camera: &[T], point: &[T]) -> [T; 2] {
    let mut at = [point[0], point[1], point[2]];
    for axis in 0..3 {
        let (sin, cos) = (camera[axis].sin(), camera[axis].cos());
        let [u, v] = [at[(axis + 1) % 3], at[(axis + 2) % 3]];
        (at[(axis + 1) % 3], at[(axis + 2) % 3]) = (cos * u - sin * v, sin * u + cos * v);
    }
    let depth = at[2] + camera[5] + 8.0;
    [(at[0] + camera[3]) / depth, (at[1] + camera[4]) / depth]
}

/// Where all cameras see all points: the cameras, then the points, of which the last are known.
fn pictures<T: Real>(numbers: &[T]) -> Vec<T> {
    let (cameras, points) = numbers.split_at(6 * CAMERAS);
    cameras.chunks(6).flat_map(|camera| points.chunks(3).flat_map(move |point| project(camera, point))).collect()
}

/// How far places in the pictures are from those seen. The data are the known points, and what is seen.
fn misses<'g>(unknown: &[Expr<'g>], data: &[Expr<'g>]) -> Vec<Expr<'g>> {
    let (known, seen) = data.split_at(3 * KNOWN);
    pictures(&[unknown, known].concat()).iter().zip(seen).map(|(&place, &seen)| place - seen).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scattered = |k: usize| (k as f64 * 12.9898 + 4.1).sin();
    let number = |k| scattered(k) * if k < 6 * CAMERAS { 0.5 } else { 2.0 };
    let truth: Vec<f64> = (0..6 * CAMERAS + 3 * POINTS).map(number).collect();
    let (unknown, known) = truth.split_at(truth.len() - 3 * KNOWN);
    let mut x: Vec<f64> = unknown.iter().enumerate().map(|(k, x)| x + 0.1 * scattered(k + 5000)).collect();
    let mut system = System::with_data(misses, &x, &[known, &pictures(&truth)].concat())?;
    for _ in 0..6 {
        let residuals = faer::Col::from_iter(system.values(&x)?.iter().copied());
        let jacobian = wengert_sparse::as_faer(system.jacobian(&x)?);
        let transposed = jacobian.transpose().to_col_major()?;
        let change = (&transposed * jacobian).sp_cholesky(Side::Lower)?.solve(&transposed * &residuals);
        x.iter_mut().zip(change.iter()).for_each(|(x, change)| *x -= change);
    }
    let error = x.iter().zip(unknown).map(|(x, truth)| (x - truth).abs()).fold(0.0, f64::max);
    println!("cameras and points are right to {error:.0e}, {} evaluations", system.evaluations());
    assert!(error < 1e-10);
    Ok(())
}
