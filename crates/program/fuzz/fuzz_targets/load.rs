//! Any bytes are a program or an error; a program saves to bytes that load again, and runs.
//!
//! `cargo +nightly fuzz run load` in `crates/program`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wengert_program::{Error, Program, Setup, Workspace};

fuzz_target!(|bytes: &[u8]| {
    let Ok(program) = Program::from_bytes(bytes) else { return };
    let again = Program::from_bytes(&program.to_bytes()).expect("its own bytes load");
    assert_eq!(again.to_bytes(), program.to_bytes());
    if program.inputs() > 10_000 || program.outputs() > 10_000 {
        return;
    }
    let x = vec![0.7; program.inputs()];
    let mut out = vec![0.0; program.outputs()];
    let mut workspace = Workspace::with(Setup::new().threads(1).lanes(4));
    match program.eval(&x, &mut workspace, &mut out) {
        Ok(()) | Err(Error::GuardFlipped { .. }) => {}
        Err(error) => panic!("{error}"),
    }
});
