//! Criterion benches: recording, the sweep back, and both, of every workload on every engine.
//!
//! `cargo bench -p benches` runs all, `cargo bench -p benches -- W4/` one workload and
//! `cargo bench -p benches -- /reverse/` one engine. Throughput is in operations. The table of
//! ratios, in interleaved rounds, is the binary `ratios`.

#![allow(missing_docs, reason = "criterion's macros generate undocumented functions")]

use benches::engines::{Engine, echidna, reverse, rustquant, wengert};
use benches::measure::TapeContender;
use benches::workloads::{Workload, asian, chain, lecture, mixture, perceptron, rosenbrock};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::cell::{LazyCell, RefCell};
use std::time::Duration;

/// The three benches of one engine on one workload. The first bench that runs makes the tape.
fn tape<E: Engine, W: Workload>(criterion: &mut Criterion, workload: &W) {
    let ops = workload.ops();
    let tape = LazyCell::new(|| {
        let tape = TapeContender::<E, W>::new(workload).unwrap_or_else(|error| panic!("{error}"));
        let bytes = tape.bytes_in_use() as f64 / (ops + workload.inputs().len()) as f64;
        println!("{}/{}: {bytes:.1} bytes per operation or input", workload.name(), E::NAME);
        RefCell::new(tape)
    });
    let mut group = criterion.benchmark_group(format!("{}/{}", workload.name(), E::NAME));
    group.throughput(Throughput::Elements(ops as u64));
    group.warm_up_time(Duration::from_millis(200));
    group.measurement_time(Duration::from_secs(1));
    if ops > 100_000 {
        group.sample_size(10);
    }
    let repetitions = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    group.bench_function("record", |b| {
        b.iter_custom(|n| tape.borrow_mut().time_record(repetitions(n)));
    });
    group.bench_function("backward", |b| {
        b.iter_custom(|n| tape.borrow_mut().time_phases(repetitions(n)).1);
    });
    group.bench_function("both", |b| {
        b.iter_custom(|n| tape.borrow_mut().time_total(repetitions(n)));
    });
    group.finish();
}

fn engines<W: Workload>(criterion: &mut Criterion, workload: &W) {
    tape::<wengert::Wengert, W>(criterion, workload);
    tape::<wengert::WengertKeys, W>(criterion, workload);
    tape::<reverse::Reverse, W>(criterion, workload);
    tape::<rustquant::RustQuant, W>(criterion, workload);
    tape::<echidna::Echidna, W>(criterion, workload);
}

fn workloads(criterion: &mut Criterion) {
    engines(criterion, &lecture::Lecture::new());
    engines(criterion, &chain::Chain::new("W2", 250_000));
    engines(criterion, &rosenbrock::Rosenbrock::new(100_000));
    engines(criterion, &perceptron::Perceptron::<false>::new());
    engines(criterion, &perceptron::Perceptron::<true>::new());
    engines(criterion, &asian::Asian::new(10_000));
    engines(criterion, &mixture::Mixture::new("W6-2x5", 2, 5, 1_000));
    engines(criterion, &mixture::Mixture::new("W6-10x25", 10, 25, 1_000));
    engines(criterion, &chain::Chain::new("W2-5M", 5_000_000));
}

criterion_group!(benches, workloads);
criterion_main!(benches);
