//! With `RUSTFLAGS="--cfg mutate"`: each part of each derivative rule is made wrong by 1e-12 in turn, and a test must
//! notice it. `just mutate` prints which.

use std::env::current_exe;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use wengert::{Arity, Op};

/// Tests that compare with numbers from elsewhere, the fastest first: other tests compare routes, which have the same
/// rules.
const TESTS: [&str; 4] = [
    "rules::every_rule_has_the_partials_of_its_formula",
    "special_points::every_special_point_is_as_the_conventions_say",
    "points::functions_of_one_argument_are_accurate",
    "points::functions_of_two_arguments_are_accurate",
];

/// The rules that send 0 everywhere, where a factor would change nothing.
const SEND_ZERO: [(Op, usize); 13] = [
    (Op::Sign, 0),
    (Op::Step, 0),
    (Op::Floor, 0),
    (Op::Ceil, 0),
    (Op::Round, 0),
    (Op::Trunc, 0),
    (Op::Flat, 0),
    (Op::Copysign, 1),
    (Op::Select, 0),
    (Op::Sech2, 1),
    (Op::Unit, 2),
    (Op::Prefer, 0),
    (Op::Prefer, 1),
];

/// Whether the test fails with this part wrong.
fn notices(test: &str, wrong: &str) -> bool {
    let mut run = Command::new(current_exe().expect("this file"));
    run.args(["--exact", test]).env("WENGERT_MUTATE", wrong).stdout(Stdio::null()).stderr(Stdio::null());
    !run.status().expect("it runs").success()
}

#[test]
#[ignore = "a test of tests: just mutate"]
fn every_part_of_every_rule_is_held_by_a_test() {
    let mut parts = Vec::new();
    for &op in Op::ALL {
        let operands = match op.arity() {
            Arity::Fixed(count) => count,
            _ => op.lists(),
        };
        for k in (0..operands).filter(|_| !op.stops_gradient()) {
            let more = if SEND_ZERO.contains(&(op, k)) { " more" } else { "" };
            parts.push(format!("{op} {k}{more}"));
        }
    }
    for test in TESTS {
        assert!(!notices(test, "nothing"), "{test} fails anyway");
    }
    let (next, table) = (AtomicUsize::new(0), Mutex::new(vec![None; parts.len()]));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let k = next.fetch_add(1, Ordering::Relaxed);
                    let Some(part) = parts.get(k) else { return };
                    let found = TESTS.into_iter().find(|test| notices(test, part));
                    table.lock().expect("no panic")[k] = found;
                }
            });
        }
    });
    let table = table.into_inner().expect("no panic");
    for (part, test) in parts.iter().zip(&table) {
        println!("{part:20} {}", test.unwrap_or("NONE"));
    }
    let missed: Vec<&String> = parts.iter().zip(&table).filter(|(_, test)| test.is_none()).map(|(p, _)| p).collect();
    assert!(missed.is_empty(), "no test notices {missed:?}");
}
