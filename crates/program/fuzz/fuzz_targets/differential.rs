//! Random graphs, with derivatives, against the scalar ops: the value of every node must be what its scalar op gives
//! for its operands. Equal points of a batch must give equal outputs, the same as the point run alone, for every choice
//! of uniform inputs.
//!
//! `cargo fuzz run differential` in `crates/program`, with a nightly toolchain (or `RUSTC_BOOTSTRAP=1`). The
//! bytes are: flags (whether to derive, which inputs are uniform, whether outputs are sums, whether to fuse);
//! the three inputs and two constants; then five bytes for each node.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wengert_program::{Input, Options, Output, Program};

#[path = "../../tests/it/batches/mod.rs"]
mod batches;
#[path = "../../tests/it/dag/mod.rs"]
mod dag;

fuzz_target!(|bytes: &[u8]| {
    let Some((&flags, rest)) = bytes.split_first() else {
        return;
    };
    let flag = |k: usize| flags >> k & 1 == 1;
    let (numbers, nodes) = rest.split_at(rest.len().min(40));
    let numbers: Vec<f64> =
        numbers.chunks_exact(8).map(|eight| f64::from_le_bytes(eight.try_into().expect("eight"))).collect();
    let &[x, y, z, c, d] = &numbers[..] else { return };
    let choices: Vec<(usize, [usize; 4])> = nodes
        .chunks_exact(5)
        .take(200)
        .map(|five| (usize::from(five[0]), [five[1], five[2], five[3], five[4]].map(usize::from)))
        .collect();
    let recorded = dag::record(&choices, &[c, d], flag(0), &[0.3, 1.2, -0.7]);
    if let Err(what) = dag::check_every_node(&recorded, &[x, y, z]) {
        panic!("{what}");
    }
    let inputs = recorded.inputs.iter().enumerate();
    let inputs = inputs.map(|(k, &node)| if flag(k + 1) { Input::uniform(node) } else { Input::per_point(node) });
    let outputs =
        recorded.outputs.iter().map(|&node| if flag(4) { Output::sum(node) } else { Output::per_point(node) });
    let program = Program::compile(&recorded.graph, inputs, outputs, &Options::new().fuse(flag(5))).expect("compiles");
    let points = [vec![x, y, z], vec![z, x, y], vec![c, d, 1.0]];
    for points in [&points[..1], &points[..]] {
        if let Err(what) = batches::check(&program, points, 67, &[4, 12, 1024], &[1, 2]) {
            panic!("{what}\n{program}");
        }
    }
});
