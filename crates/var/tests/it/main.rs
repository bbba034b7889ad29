//! A number that records, and other crates over it.

use std::panic::{AssertUnwindSafe, catch_unwind};

mod crates;
mod float;
mod numbers;
mod operators;
mod sessions;

#[path = "../../examples/reparameterization.rs"]
mod reparameterization;

#[test]
fn the_example_of_reparameterization_finds_the_distribution() {
    reparameterization::main();
}

/// The same tests, over two versions of nalgebra in one program.
#[path = "."]
mod nalgebra_0_34 {
    use ::nalgebra_0_34 as nalgebra;
    use simba_0_9 as simba;
    mod field;
    mod linear;
    mod zeros;
}
#[path = "."]
#[allow(clippy::duplicate_mod, reason = "the same tests, over two versions of nalgebra")]
mod nalgebra_0_35 {
    use ::nalgebra_0_35 as nalgebra;
    use simba_0_10 as simba;
    mod field;
    mod linear;
    mod zeros;
}

/// The text of the panic that `f` ends in.
fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else { panic!("it should have panicked") };
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned())).expect("a text")
}
