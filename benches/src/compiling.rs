//! The cost of compiling a program, and how it grows with the length.

use crate::measure::{Contender, Figure, Times, compete, mean};
use crate::programs::Recorded;
use crate::report::{Row, rows};
use crate::workloads::asian::Asian;
use crate::workloads::chain::Chain;
use crate::workloads::perceptron::Perceptron;
use crate::workloads::rosenbrock::Rosenbrock;
use std::hint::black_box;
use std::time::{Duration, Instant};
use wengert_program::Options;

/// The lengths of the compiled chain and Rosenbrock function, in operations.
pub const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];

/// Compiling time in nanoseconds per recorded operation, with all passes. The functions are W4's point and W5's path
/// with their gradients, and the chain and Rosenbrock, values only, at [`SIZES`]. They take turns for about `budget`.
///
/// # Errors
/// A message, if a function does not compile.
pub fn compiling(budget: Duration) -> Result<Vec<Row>, String> {
    let mut recorded = vec![
        ("W4".to_owned(), Recorded::point(&Perceptron::<false>::new())),
        ("W5".to_owned(), Recorded::path(&Asian::new(1))),
    ];
    for ops in SIZES {
        recorded.push((format!("chain-{ops:e}"), Recorded::value(&Chain::new("chain", ops / 4))));
        recorded.push((format!("rosenbrock-{ops:e}"), Recorded::value(&Rosenbrock::new(ops / 8 + 1))));
    }
    let mut contenders: Vec<Box<dyn Contender + '_>> = Vec::new();
    for (_, recorded) in &recorded {
        contenders.push(Box::new(Compiling::new(recorded)?));
    }
    let summaries = compete(&mut contenders, budget);
    let mut table = Vec::new();
    for ((name, recorded), summary) in recorded.iter().zip(summaries) {
        table.extend(rows(name, recorded.ops(), 0, &[summary]));
    }
    Ok(table)
}

struct Compiling<'r> {
    recorded: &'r Recorded,
    figures: Vec<Figure>,
}

impl<'r> Compiling<'r> {
    fn new(recorded: &'r Recorded) -> Result<Self, String> {
        let program = recorded.compile(&Options::fast())?;
        let report = program.report();
        let figures = vec![
            ("ops", recorded.ops() as f64),
            ("instructions", report.instructions as f64),
            ("steps", (report.prologue_steps + report.body_steps) as f64),
            ("bytes/lane", report.bytes_per_lane as f64),
        ];
        Ok(Self { recorded, figures })
    }
}

impl Contender for Compiling<'_> {
    fn name(&self) -> &str {
        "compile"
    }

    fn figures(&self) -> Vec<Figure> {
        self.figures.clone()
    }

    fn run(&mut self, repetitions: usize) -> Times {
        let start = Instant::now();
        for _ in 0..repetitions {
            let program = black_box(self.recorded).compile(&Options::fast());
            // `new` compiled it already, so this does not fail.
            black_box(program.unwrap_or_else(|error| panic!("{error}")));
        }
        Times { record: None, backward: None, total: mean(start.elapsed(), repetitions) }
    }
}
