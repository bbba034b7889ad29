//! Criterion benches of compiled programs: W5 with all paths in a call and with one, W4 with all points in a call.
//!
//! `cargo bench -p benches --bench programs` runs all. Throughput is in operations of the workload,
//! as in the benches of the tapes.

#![allow(missing_docs, reason = "criterion's macros generate undocumented functions")]

use benches::programs::{EXACT, FUSED, NATIVE, One, Paths, SHARED, SINGLE, Step};
use benches::workloads::{Workload, asian::Asian, perceptron::Perceptron};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::time::Duration;

/// Benches one program. `calls(n)` runs it `n` times and returns the time taken; each run evaluates `ops` operations.
fn bench(criterion: &mut Criterion, name: &str, ops: usize, mut calls: impl FnMut(usize) -> Result<Duration, String>) {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(ops as u64));
    group.warm_up_time(Duration::from_millis(200));
    group.measurement_time(Duration::from_secs(1));
    group.sample_size(10);
    group.bench_function("call", |b| {
        b.iter_custom(|n| {
            let n = usize::try_from(n).unwrap_or(usize::MAX);
            calls(n).unwrap_or_else(|error| panic!("{error}"))
        });
    });
    group.finish();
}

fn programs(criterion: &mut Criterion) {
    let asian = Asian::new(10_000);
    for manner in [EXACT, FUSED, SHARED] {
        let mut paths = Paths::new(&asian, manner).unwrap_or_else(|error| panic!("{error}"));
        let ops = asian.ops() * asian.cases();
        bench(criterion, &format!("W5/{}", manner.name), ops, |n| paths.time_batches(n));
    }
    for manner in [SINGLE, NATIVE] {
        let mut path = One::new(&asian, manner).unwrap_or_else(|error| panic!("{error}"));
        bench(criterion, &format!("W5/{}", manner.name), asian.ops(), |n| path.time(n));
    }

    let perceptron = Perceptron::<false>::new();
    for manner in [EXACT, FUSED] {
        let mut step = Step::new(&perceptron, manner).unwrap_or_else(|error| panic!("{error}"));
        bench(criterion, &format!("W4/{}", manner.name), perceptron.ops(), |n| step.time(n));
    }
}

criterion_group!(benches, programs);
criterion_main!(benches);
