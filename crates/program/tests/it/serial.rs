//! Programs through serde: JSON and postcard.

use wengert_program::{Options, Program, Workspace};

fn program() -> Program {
    Program::value_and_gradient(&[0.5, 2.0], |x| (x[0] * x[1]).sin() + x[0].max(x[1]).ln() * 0.1, &Options::new())
        .unwrap()
}

fn values(program: &Program) -> Vec<u64> {
    let mut out = vec![0.0; program.output_count()];
    program.eval(&[0.75, 3.0], &mut out, &mut Workspace::new()).unwrap();
    out.into_iter().map(f64::to_bits).collect()
}

#[test]
fn a_program_comes_back_to_the_bit() {
    let program = program();
    let by_json: Program = serde_json::from_str(&serde_json::to_string(&program).unwrap()).unwrap();
    let by_postcard: Program = postcard::from_bytes(&postcard::to_stdvec(&program).unwrap()).unwrap();
    for other in [by_json, by_postcard] {
        assert_eq!(other.to_bytes(), program.to_bytes());
        assert_eq!(values(&other), values(&program));
    }
}

#[test]
fn what_is_not_a_program_is_an_error_that_says_so() {
    let message = |json: &str| serde_json::from_str::<Program>(json).unwrap_err().to_string();
    assert!(message("true").contains("the bytes of a program"), "{}", message("true"));
    assert!(message("[1, 2, 3]").contains("it does not start like one"), "{}", message("[1, 2, 3]"));
    let mut bytes = program().to_bytes();
    let last = bytes.len() - 5;
    bytes[last] ^= 1;
    let changed = serde_json::to_string(&bytes).unwrap();
    assert!(message(&changed).contains("checksum"), "{}", message(&changed));
}
