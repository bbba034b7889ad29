//! Any bytes with a correct checksum are a program or an error, never a panic. A program that loads also saves to bytes
//! that load again, records as a graph, and runs: equal points of a batch give equal outputs, the same as the point run
//! alone.
//!
//! `cargo fuzz run load` in `crates/program`, with a nightly toolchain (or `RUSTC_BOOTSTRAP=1`).

#![no_main]

use libfuzzer_sys::fuzz_target;
use wengert::Graph;
use wengert_program::Program;

#[path = "../../tests/it/batches/mod.rs"]
mod batches;

fuzz_target!(|bytes: &[u8]| {
    // A fuzzer cannot guess a checksum, so its bytes come without one, and it is appended here.
    let sealed = [bytes, &crc32fast::hash(bytes).to_le_bytes()].concat();
    let Ok(program) = Program::from_bytes(&sealed) else {
        return;
    };
    let again = Program::from_bytes(&program.to_bytes()).expect("its own bytes load");
    assert_eq!(again.to_bytes(), program.to_bytes());
    assert_eq!(again.to_string(), program.to_string());
    // Skip slow programs: they waste fuzzing time.
    if program.input_count() + program.output_count() > 100 || program.report().instructions > 2000 {
        return;
    }
    let x: Vec<Vec<f64>> = [0.7, -1.9, 0.0, f64::INFINITY]
        .map(|x| (0..program.input_count()).map(|k| x + k as f64 / 8.0).collect())
        .into();
    // 67 points are two chunks, of 64 and 3: blocks of a multiple of 4 points, and a last one of 3.
    for points in [&x[..1], &x[..]] {
        if let Err(what) = batches::check(&program, points, 67, &[4, 12, 1024], &[1, 2]) {
            panic!("{what}\n{program}");
        }
    }
    let graph = Graph::new();
    let inputs = graph.leaves(&x[0]);
    let outputs = program.record(&graph, &inputs).expect("what was loaded records");
    assert_eq!(outputs.len(), program.output_count());
});
