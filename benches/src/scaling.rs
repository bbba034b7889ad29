//! How the cost of an operation grows with the tape, and what a cold first recording costs.

use crate::engines::Engine;
use crate::measure::{Contender, TapeContender, compete};
use crate::report::{Row, rows};
use crate::workloads::Workload;
use crate::workloads::chain::Chain;
use crate::workloads::rosenbrock::Rosenbrock;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// The tape lengths, in operations.
pub const SIZES: [usize; 4] = [10_000, 100_000, 1_000_000, 20_000_000];

/// Record and sweep of `E` with reused storage, on the chain and on Rosenbrock: the sizes of one
/// workload take turns for about `budget`.
///
/// # Errors
/// As [`TapeContender::new`].
pub fn warm<E: Engine>(budget: Duration) -> Result<Vec<Row>, String> {
    let mut table = sizes::<E, _>("chain", |ops| Chain::new("chain", ops / 4), budget)?;
    table.extend(sizes::<E, _>("rosenbrock", |ops| Rosenbrock::new(ops / 8 + 1), budget)?);
    Ok(table)
}

fn sizes<E: Engine, W: Workload>(kind: &str, make: impl Fn(usize) -> W, budget: Duration) -> Result<Vec<Row>, String> {
    let workloads = SIZES.map(make);
    let mut contenders: Vec<Box<dyn Contender + '_>> = Vec::new();
    for workload in &workloads {
        contenders.push(Box::new(TapeContender::<E, W>::new(workload)?));
    }
    let summaries = compete(&mut contenders, budget);
    let mut table = Vec::new();
    for ((size, workload), summary) in SIZES.into_iter().zip(&workloads).zip(summaries) {
        let name = format!("{kind}-{size:e}");
        let mut rows = rows(&name, workload.ops(), workload.inputs().len(), &[summary]);
        rows.iter_mut().for_each(|row| row.xreverse = None);
        table.extend(rows);
    }
    Ok(table)
}

/// Nanoseconds per operation of the first recording on a new tape, allocation included, for the chain of 2e7
/// operations. The least of `trials` recordings.
pub fn cold<E: Engine>(trials: usize) -> f64 {
    let chain = Chain::new("chain", SIZES[3] / 4);
    (0..trials)
        .map(|_| {
            let start = Instant::now();
            let mut engine = E::new(chain.ops());
            black_box(engine.record(&chain, 0));
            start.elapsed().as_nanos() as f64 / chain.ops() as f64
        })
        .fold(f64::INFINITY, f64::min)
}
