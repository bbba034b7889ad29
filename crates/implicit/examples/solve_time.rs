//! Times a linear system of 100 unknowns: plain nalgebra, and value and gradient on a tape.
//! `cargo run --release -p wengert-implicit --example solve_time`

use std::hint::black_box;
use std::time::Instant;

use nalgebra::{DMatrix, DVector};
use wengert::Graph;
use wengert_implicit::linear_solve;

const N: usize = 100;
const ROUNDS: usize = 300;

/// Microseconds.
fn time(f: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    f();
    begun.elapsed().as_secs_f64() * 1e6
}

fn main() {
    let mut entries: Vec<f64> = (0..N * N).map(|at| ((at * 7919) % 101) as f64 / 50.0 - 1.0).collect();
    (0..N).for_each(|k| entries[k * N + k] += 20.0);
    let right: Vec<f64> = (0..N).map(|k| k as f64).collect();

    let solve = linear_solve("solve", N);
    let mut g = Graph::new();
    let x = g.leaves(&[&entries[..], &right].concat());
    let y = g.external_nodes(solve.function().clone(), &x);
    let l = g.dot(&y, &y);
    // Rounds of both in turn, each at a matrix of its own, so that nothing is known from the round before.
    let (mut plain, mut value, mut both) = (f64::INFINITY, f64::INFINITY, f64::INFINITY);
    for round in 0..ROUNDS {
        entries[0] = 20.0 + round as f64 * 1e-3;
        plain = plain.min(time(|| {
            let solution = DMatrix::from_row_slice(N, N, &entries).lu().solve(&DVector::from_column_slice(&right));
            black_box(solution);
        }));
        g.set(x[0], entries[0]);
        let forward = time(|| g.forward().expect("the matrix is not singular"));
        let sweep = time(|| g.backward(l));
        value = value.min(forward);
        both = both.min(forward + sweep);
    }
    println!("n = {N}, microseconds, the least of {ROUNDS} rounds:");
    println!("  nalgebra, factors and solution  {plain:8.1}");
    println!("  value on the tape               {value:8.1}  ({:.2} times)", value / plain);
    println!("  value and gradient on the tape  {both:8.1}  ({:.2} times)", both / plain);
}
