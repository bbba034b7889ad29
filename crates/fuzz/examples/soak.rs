//! A program, graphs and nested recordings on eight threads, for as many minutes as the argument says (10 without one).
//!
//! Every round gives the bits of the first one, and after the first tenth of the time the process takes no more memory.
//! Exits with an error otherwise. Memory is what Linux reports as resident.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use wengert::{Expr, Graph};
use wengert_program::{Options, Program, Setup, Workspace};
use wengert_var::{Var, record, with_graph};

const THREADS: usize = 8;

/// How far the memory may be above its size after the first tenth, in bytes: threads free late what others allocate.
const SLACK: u64 = 8 << 20;

fn formula<'g>(x: &[Expr<'g>]) -> Expr<'g> {
    x.windows(2).fold(Expr::from(0.0), |sum, w| sum + (w[0] * w[1]).sin() + (w[0] - w[1]).exp().ln_1p())
}

fn point() -> Vec<f64> {
    (0..20).map(|k| 0.1 * f64::from(k) - 0.7).collect()
}

/// One program, shared by all threads: a batch over several threads and single points, which become machine code.
fn programs(program: &Program, workspace: &mut Workspace) -> Vec<u64> {
    let columns: Vec<Vec<f64>> = point().iter().map(|x| (0..300).map(|k| x + f64::from(k) / 300.0).collect()).collect();
    let inputs: Vec<&[f64]> = columns.iter().map(|column| &column[..]).collect();
    let mut outputs = vec![vec![0.0; 300]; program.output_count()];
    let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(|column| &mut column[..]).collect();
    program.eval_batch(300, &inputs, &mut slices, workspace).expect("it runs");
    let mut out = vec![0.0; program.output_count()];
    program.eval(&point(), &mut out, workspace).expect("it runs");
    outputs.concat().into_iter().chain(out).map(f64::to_bits).collect()
}

/// Graphs that are made, filled, rewound, reset and dropped, and programs compiled from them.
fn graphs() -> Vec<u64> {
    let mut bits = Vec::new();
    for size in [3, 20, 200] {
        let x: Vec<f64> = (0..size).map(|k| (k as f64 / 7.0).cos()).collect();
        let mut graph = Graph::new();
        let leaves = graph.leaves(&x);
        let mark = graph.mark();
        for _ in 0..3 {
            let l = formula(&graph.exprs(&leaves)).id();
            bits.extend(graph.gradient(l, &leaves).into_iter().map(f64::to_bits));
            let slopes = graph.gradient_nodes(l, &leaves);
            bits.push(graph.value(slopes[1]).to_bits());
            graph.rewind(mark);
        }
        graph.reset();
        let small = Program::value_and_gradient(&x[..3], formula, &Options::new()).expect("it compiles");
        let small = Program::from_bytes(&small.to_bytes()).expect("its own bytes");
        let mut out = [0.0; 4];
        small.eval(&x[..3], &mut out, &mut Workspace::with(Setup::new().threads(1))).expect("it runs");
        bits.extend(out.map(f64::to_bits));
    }
    bits
}

/// Recordings within recordings, with numbers of nalgebra's kind, one of them left by a panic.
fn sessions() -> Vec<u64> {
    let (mut outer, mut inner) = (Graph::new(), Graph::new());
    let (x, y) = record(&mut outer, || {
        let x = Var::leaf(0.5);
        let slope = record(&mut inner, || {
            let z = Var::leaf(1.5);
            let l = (z * z).sin();
            with_graph(|g| g.gradient(l.id(), &[z.id()])[0])
        });
        let left = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            record(&mut inner, || std::panic::resume_unwind(Box::new("left")))
        }));
        assert!(left.is_err());
        (x, (x * slope).exp() + x.sqrt())
    });
    outer.gradient(y.id(), &[x.id()]).into_iter().chain([outer.value(y.id())]).map(f64::to_bits).collect()
}

/// The memory of this process, in bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: u64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number of pages");
    pages * 4096
}

fn main() -> ExitCode {
    let minutes: f64 = std::env::args().nth(1).map_or(10.0, |minutes| minutes.parse().expect("minutes"));
    let time = Duration::from_secs_f64(60.0 * minutes);
    let program = Program::value_and_gradient(&point(), formula, &Options::new()).expect("it compiles");
    let expected = (programs(&program, &mut Workspace::new()), graphs(), sessions());
    let (wrong, stop, rounds) = (AtomicBool::new(false), AtomicBool::new(false), AtomicU64::new(0));
    let (settled, most) = thread::scope(|scope| {
        for number in 0..THREADS {
            let (program, expected, wrong, stop, rounds) = (&program, &expected, &wrong, &stop, &rounds);
            scope.spawn(move || {
                let mut workspace = Workspace::with(Setup::new().threads(1 + number % 3));
                while !stop.load(Ordering::Relaxed) {
                    if (programs(program, &mut workspace), graphs(), sessions()) != *expected {
                        wrong.store(true, Ordering::Relaxed);
                    }
                    rounds.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let (begun, mut settled, mut most) = (Instant::now(), 0, 0);
        while begun.elapsed() < time && !wrong.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(100).min(time / 100));
            match begun.elapsed() < time / 10 {
                true => settled = resident().max(settled),
                false => most = resident().max(most),
            }
        }
        stop.store(true, Ordering::Relaxed);
        (settled, most)
    });
    let flat = most <= settled + SLACK;
    let (rounds, settled, most) = (rounds.into_inner(), settled >> 20, most >> 20);
    println!("{rounds} rounds on {THREADS} threads; memory {settled} MiB at first, at most {most} MiB later");
    match (wrong.into_inner(), flat) {
        (false, true) => ExitCode::SUCCESS,
        (true, _) => {
            eprintln!("a round gave other bits than the first one");
            ExitCode::FAILURE
        }
        (false, false) => {
            eprintln!("the memory grew");
            ExitCode::FAILURE
        }
    }
}
