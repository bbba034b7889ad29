//! A job of which rank 1 fails while the others go on: by an error, a panic or a signal. The script `ends` times how long
//! the job takes to end.

use std::error::Error;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wengert_mpi::{RankedBatch, Ranks};
use wengert_program::{Blocks, Options, Output, Program};

fn main() {
    let how = std::env::args().nth(1).unwrap_or_default();
    wengert_mpi::run(|ranks| fail(ranks, &how));
}

fn fail(ranks: &Ranks, how: &str) -> Result<(), Box<dyn Error>> {
    let program = ranks.program(|| {
        let g = wengert::Graph::new();
        let x = g.leaf(1.0);
        Program::compile(&g, [x], [Output::sum(g.exp(x))], &Options::new())
    })?;
    let mut batch = RankedBatch::new(ranks, program, Blocks::of(10_000), |_, x| x[0] = 1.0)?;
    let begun = SystemTime::now();
    loop {
        if ranks.rank() == 1 && begun.elapsed()? > Duration::from_secs(1) {
            println!("{}", SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64());
            match how {
                "error" => return Err("an error".into()),
                "panic" => panic!("a panic"),
                "kill" => Command::new("kill").args(["-9", &std::process::id().to_string()]).status().map(drop)?,
                _ => return Err("usage: failing error | panic | kill, under mpirun".into()),
            }
        }
        batch.sums(&[])?;
    }
}
