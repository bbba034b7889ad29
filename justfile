# List the recipes.
default:
    @just --list

# Run the demo: the lecture's expression, the training on two moons, the pictures.
demo *args:
    cargo run --release -- {{args}}

# Run all tests.
test:
    cargo test --workspace

# Make the pictures of the README and the docs again. Installs Chromium if missing.
pictures:
    crates/viz/browser/pictures

# Check in Chromium what pictures and pages show. Installs it if missing.
browser *args:
    crates/viz/browser/run {{args}}

# Run everything that continuous integration checks.
ci:
    .ci/run

# Look for bytes that break a target (api, bytes, labels, routes), for so many minutes.
fuzz target minutes:
    crates/fuzz/run $(({{minutes}} * 60)) {{target}}

# Run every fuzz target for ten seconds.
fuzz-smoke:
    crates/fuzz/run 10

# Make each part of each derivative rule wrong in turn, and print which test notices.
mutate:
    .ci/mutate

# Measure the accuracy of every function, and write it into docs/promises.md.
accuracy:
    WENGERT_MEASURE=1 cargo test -p conformance --test it points -- --nocapture --test-threads 1 | grep '^| `' | sort > target/accuracy
    perl -0pi -e 'my $rows = `cat target/accuracy`; s/(\| function \| value .*?\n\|--.*?\n).*?\n(?=\| promise)/$1$rows\n/s' docs/promises.md

# Test the adapters to solvers, and run their examples.
hosts:
    crates/solve/hosts/run

# Time the shapes for solvers beside code by hand.
host-speed:
    cd crates/solve/hosts && cargo run --release -p speed

# Test sums over points on ranks of MPI. Installs OpenMPI if missing.
ranks:
    crates/mpi/run

# Run programs, graphs and nested recordings on eight threads: same bits, flat memory.
soak minutes="10":
    cargo run --release -p fuzz-targets --example soak -- {{minutes}}

# Time the engine and other tapes, in about a minute.
ratios *args:
    cargo run --profile bench -p benches --features rustquant --bin ratios -- {{args}}

# Draw the table of docs/performance.md, for the README.
plot:
    cargo run -p benches --bin plot

# Run the Criterion benchmarks.
bench:
    cargo bench -p benches --features rustquant

# Evaluate your own reference values with the engine: see crates/conformance.
conformance *args:
    cargo run --release -p conformance -- {{args}}
