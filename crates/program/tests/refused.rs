//! Where memory may not be executed, programs run in the interpreter.
//!
//! A test of its own process, since Linux takes the right away for good.
#![cfg(all(feature = "native", target_os = "linux", target_arch = "x86_64"))]

use wengert_program::{Error, InstructionSet, MachineCode, Native, Options, Program, Setup, Workspace};

/// From Linux 6.3 on: memory that was writable cannot become executable.
fn forbid_execution() -> bool {
    const PR_SET_MDWE: i32 = 65;
    const REFUSE_EXEC_GAIN: u64 = 1;
    // SAFETY: it changes what this process may do, and no memory.
    unsafe { libc::prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0u64, 0u64, 0u64) == 0 }
}

#[test]
fn where_memory_may_not_be_executed_programs_are_interpreted() {
    if !["avx512", "avx2+fma"].contains(&InstructionSet::best().name()) || !forbid_execution() {
        eprintln!("not checked: this system has no machine code, or cannot forbid it");
        return;
    }
    let program = Program::from_fn(&[0.5], |x| vec![x[0].sin() * x[0]], &Options::new()).expect("compiles");
    let mut out = [0.0];
    let mut auto = Workspace::new();
    for _ in 0..20 {
        program.eval(&[0.5], &mut out, &mut auto).expect("interprets");
        assert_eq!(out, [0.5f64.sin() * 0.5]);
    }
    let MachineCode::Refused { why, .. } = program.report().machine_code else { panic!("{}", program.report()) };
    assert!(why.contains("memory may not be executed"), "{why}");
    assert!(program.prepare().is_err_and(|error| error.to_string().contains(&why)));
    let always = program.eval(&[0.5], &mut out, &mut Workspace::with(Setup::new().native(Native::Always)));
    assert!(matches!(always, Err(Error::NoMachineCode { .. })), "{always:?}");
}
