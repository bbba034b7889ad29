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
