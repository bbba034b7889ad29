//! Times of the Asian option of the benchmarks, with its Greeks: one process without MPI, ranks, and what ranks exchange. The
//! script `efficiency` runs it and prints medians.

#[path = "../../blocks/tests/it/asian.rs"]
mod asian;

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use wengert_mpi::{RankedBatch, Ranks};
use wengert_program::{BlockSums, Blocks, Input, Options, Output, Program, Setup, Workspace};

/// Enough that a call takes longer than what else a machine does now and then.
const PATHS: usize = 100_000;
/// The paths of 64 blocks of 320.
const FEW_PATHS: usize = 20_000;
/// Calls that are timed one by one, after one that is not.
const CALLS: usize = 9;

fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1).as_deref() {
        Some("alone") => alone(),
        Some("block") => block(),
        Some("ranks") => {
            wengert_mpi::run(ranks);
            Ok(())
        }
        Some("exchange") => {
            wengert_mpi::run(exchange);
            Ok(())
        }
        _ => Err("usage: efficiency alone | block | ranks | exchange, the last two under mpirun".into()),
    }
}

/// One thread, so that a rank and this process have the same core.
fn setup() -> Setup {
    Setup::new().threads(1)
}

/// The median of the times of some calls, and the least, which other processes disturbed least.
fn times(mut call: impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<(f64, f64), Box<dyn Error>> {
    call()?;
    let mut times = Vec::new();
    for _ in 0..CALLS {
        let begun = Instant::now();
        call()?;
        times.push(begun.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok((times[CALLS / 2], times[0]))
}

/// Seconds for all paths on one thread, without MPI.
fn alone() -> Result<(), Box<dyn Error>> {
    let (program, columns) = (asian::program()?, asian::columns(PATHS));
    let mut workspace = Workspace::with(setup());
    let inputs: Vec<&[f64]> = asian::MARKET.chunks(1).chain(columns.iter().map(Vec::as_slice)).collect();
    let mut sums = [0.0; 4];
    let (median, least) = times(|| {
        let mut outputs: Vec<&mut [f64]> = sums.chunks_mut(1).collect();
        program.eval_batch(PATHS, black_box(&inputs), &mut outputs, &mut workspace)?;
        Ok(())
    })?;
    assert_eq!(sums, asian::sums(&columns));
    println!("{median} {least}");
    Ok(())
}

/// Seconds for one block of 320 paths on one thread, the bytes of its sums in a message and of the program, and the seconds
/// that rank 0 needs to add up the sums of a thousand blocks.
fn block() -> Result<(), Box<dyn Error>> {
    let blocks = Blocks::of(FEW_PATHS);
    let paths = blocks.points_of(0..1).len();
    let (program, columns) = (asian::program()?, asian::columns(paths));
    let mut workspace = Workspace::with(setup());
    let inputs: Vec<&[f64]> = asian::MARKET.chunks(1).chain(columns.iter().map(Vec::as_slice)).collect();
    let mut bytes = 0;
    let (median, least) = times(|| {
        let sums = program.block_sums(blocks, 0..1, black_box(&inputs), &mut workspace)?;
        let parts: Vec<(usize, usize, Vec<f64>)> =
            sums.parts().map(|(range, sums)| (range.start, range.end, sums.to_vec())).collect();
        bytes = postcard::to_stdvec(&parts[0])?.len();
        Ok(())
    })?;
    let thousand = Blocks::at_most(64_000, 1000);
    let (merged, merged_least) = times(|| {
        let mut sums = BlockSums::new(thousand, 4);
        (0..1000).try_for_each(|k| sums.insert(k..k + 1, black_box(&[0.1; 4])))?;
        black_box(sums.total()?);
        Ok(())
    })?;
    println!("{median} {least} {bytes} {} {merged} {merged_least}", program.to_bytes().len());
    Ok(())
}

/// Seconds for all paths, one thread a rank.
fn ranks(ranks: &Ranks) -> Result<(), Box<dyn Error>> {
    let program = ranks.program(asian::program)?;
    let mut batch = RankedBatch::new(ranks, program, Blocks::of(PATHS), asian::normals)?.setup(setup());
    let (median, least) = times(|| {
        black_box(batch.sums(&asian::MARKET)?);
        Ok(())
    })?;
    if ranks.rank() == 0 {
        println!("{median} {least}");
    }
    Ok(())
}

/// Seconds for an evaluation whose program does nothing but add four numbers for each of 64 points: what ranks exchange.
fn exchange(ranks: &Ranks) -> Result<(), Box<dyn Error>> {
    const MANY: usize = 1000;
    let program = ranks.program(|| {
        let g = wengert::Graph::new();
        let x = g.leaves(&[1.0; 4]);
        Program::compile(&g, x.iter().map(|&x| Input::per_point(x)), x.iter().map(|&x| Output::sum(x)), &Options::new())
    })?;
    let mut batch =
        RankedBatch::new(ranks, program, Blocks::of(64 * ranks.count()), |_, x| x.fill(1.0))?.setup(setup());
    let (median, least) = times(|| {
        for _ in 0..MANY {
            black_box(batch.sums(&[])?);
        }
        Ok(())
    })?;
    if ranks.rank() == 0 {
        println!("{} {}", median / MANY as f64, least / MANY as f64);
    }
    Ok(())
}
