//! The cost of compiling a program and of making its machine code, and what a point then costs, by the length.

use crate::measure::{Contender, Figure, Times, Yardstick, compete, mean};
use crate::programs::{Manner, NATIVE, Recorded, SINGLE};
use crate::report::{Row, rows};
use crate::workloads::asian::Asian;
use crate::workloads::chain::Chain;
use crate::workloads::perceptron::Perceptron;
use crate::workloads::rosenbrock::Rosenbrock;
use std::hint::black_box;
use std::time::{Duration, Instant};
use wengert_program::{MachineCode, Native, Options, Program, Setup, Workspace};

/// The lengths of the compiled chain and Rosenbrock function, in operations.
pub const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];

/// Nanoseconds of compiling with all passes, of making machine code, and of a point by the interpreter and by the
/// code, for each operation that was recorded: W4's point and W5's path with their gradients, and the values of the
/// chain and of Rosenbrock at [`SIZES`]. All take turns for about `budget`.
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
        contenders.push(Box::new(Preparing(recorded)));
        contenders.push(Box::new(Running::new(recorded, SINGLE)?));
        contenders.push(Box::new(Running::new(recorded, NATIVE)?));
    }
    let each = contenders.len() / recorded.len();
    let summaries = compete(&mut contenders, budget);
    let mut table = Vec::new();
    for ((name, recorded), summaries) in recorded.iter().zip(summaries.chunks(each)) {
        table.extend(rows(name, recorded.ops(), 0, summaries));
    }
    Ok(table)
}

/// Makes the machine code of a program that was just compiled.
struct Preparing<'r>(&'r Recorded);

impl Contender for Preparing<'_> {
    fn name(&self) -> &str {
        "prepare"
    }

    fn run(&mut self, repetitions: usize) -> Times {
        let mut total = Duration::ZERO;
        for _ in 0..repetitions {
            let program = self.0.compile(&Options::fast());
            let program = program.unwrap_or_else(|error| panic!("{error}"));
            let start = Instant::now();
            // Where there can be none, that is soon found.
            let _ = black_box(program.prepare());
            total += start.elapsed();
        }
        Times { record: None, backward: None, total: mean(total, repetitions) }
    }
}

/// A point by the interpreter or by machine code.
struct Running {
    manner: Manner,
    program: Program,
    workspace: Workspace,
    x: Vec<f64>,
    out: Vec<f64>,
}

impl Running {
    fn new(recorded: &Recorded, manner: Manner) -> Result<Self, String> {
        let program = recorded.compile(&Options::fast())?;
        // Where there can be no code, the interpreter runs.
        let _ = program.prepare();
        let native = if manner == NATIVE { Native::Auto } else { Native::Never };
        Ok(Self {
            manner,
            workspace: Workspace::with(Setup::new().native(native)),
            x: recorded.numbers(),
            out: vec![f64::NAN; program.output_count()],
            program,
        })
    }
}

impl Contender for Running {
    fn name(&self) -> &str {
        self.manner.name
    }

    fn yardsticks(&self) -> &'static [Yardstick] {
        if self.manner == NATIVE { self.manner.yardsticks() } else { &[] }
    }

    fn figures(&self) -> Vec<Figure> {
        match self.program.report().machine_code {
            MachineCode::Made { bytes, .. } if self.manner == NATIVE => vec![("code", bytes as f64)],
            _ => Vec::new(),
        }
    }

    fn run(&mut self, repetitions: usize) -> Times {
        let start = Instant::now();
        for _ in 0..repetitions {
            let done = self.program.eval(black_box(&self.x), &mut self.out, &mut self.workspace);
            done.unwrap_or_else(|error| panic!("{error}"));
            black_box(&self.out);
        }
        Times { record: None, backward: None, total: mean(start.elapsed(), repetitions) }
    }
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
