//! The engine without the standard library: duals, series, graphs.
//!
//! A crate with a `panic_handler` does not compile if a crate that it needs, however deep, brings `std` with it. So that
//! this builds is the test. It is not in the workspace, where features of all crates are joined.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

use alloc::vec::Vec;

use wengert::{Dual, Graph, Real, Series};

/// A formula over any number.
pub fn formula<T: Real>(x: &[T]) -> T {
    (x[0] * x[1]).sin() + x[0].lgamma().exp() / x[1].sqrt()
}

/// By duals.
pub fn tangents(x: [f64; 2]) -> [f64; 2] {
    formula(&[Dual::input(x[0], 0), Dual::input(x[1], 1)]).tangents
}

/// By a series along the first input.
pub fn coefficients(x: [f64; 2]) -> [f64; 4] {
    formula(&[Series::moving(x[0], 1.0), Series::new(x[1])]).coefficients
}

/// By a tape, and as nodes.
pub fn gradients(x: [f64; 2]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let graph = Graph::new();
    let inputs = graph.leaves(&x);
    let output = formula(&graph.exprs(&inputs)).id();
    let slopes = graph.gradient_nodes(output, &inputs);
    (graph.gradient(output, &inputs), graph.jacobian(&slopes, &inputs))
}

#[panic_handler]
fn stop(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
