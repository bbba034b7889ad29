//! Random graphs, with derivatives, against the scalar ops: every node must be its op of its
//! operands.
//!
//! `cargo +nightly fuzz run differential` in `crates/program`. The bytes are: a flag whether to
//! derive, the three inputs, two constants, then five bytes for each node.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/dag/mod.rs"]
mod dag;

fuzz_target!(|bytes: &[u8]| {
    let Some((&derive, rest)) = bytes.split_first() else { return };
    let (numbers, nodes) = rest.split_at(rest.len().min(40));
    let numbers: Vec<f64> = numbers.chunks_exact(8).map(|eight| f64::from_le_bytes(eight.try_into().expect("eight"))).collect();
    let &[x, y, z, c, d] = &numbers[..] else { return };
    let choices: Vec<(usize, [usize; 4])> = nodes
        .chunks_exact(5)
        .take(200)
        .map(|five| (usize::from(five[0]), [five[1], five[2], five[3], five[4]].map(usize::from)))
        .collect();
    let recorded = dag::record(&choices, &[c, d], derive & 1 == 1);
    if let Err(what) = dag::check_every_node(&recorded, &[x, y, z]) {
        panic!("{what}");
    }
});
