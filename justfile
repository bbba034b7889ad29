# The recipes of the project; `just` alone lists them.
default:
    @just --list

# The tour: the lecture, the moons, the pictures.
demo *args:
    cargo run --release -- {{args}}

# All tests.
test:
    cargo test --workspace

# The pictures of the README and the docs, made anew; needs Chromium, which it installs.
pictures:
    crates/viz/browser/pictures

# What pictures and pages really show, checked in Chromium.
browser *args:
    crates/viz/browser/run {{args}}

# Everything that continuous integration checks.
ci:
    .ci/run

# Timings of the engine beside its peers, about a minute.
ratios *args:
    cargo run --profile bench -p benches --features rustquant --bin ratios -- {{args}}

# Criterion benchmarks.
bench:
    cargo bench -p benches --features rustquant

# The engine against values of your own: see crates/conformance.
conformance *args:
    cargo run --release -p conformance -- {{args}}
