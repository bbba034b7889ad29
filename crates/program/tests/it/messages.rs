//! The whole text of the errors one meets most: each names what is wrong and says what to do.

use wengert::Graph;
use wengert_program::{Error, Options, Program, SparseProgram, Workspace};

/// The text of an error.
fn text<T>(result: Result<T, Error>) -> String {
    result.err().expect("it is refused").to_string()
}

/// `x * y` as a program.
fn product() -> Program {
    let g = Graph::new();
    let (x, y) = (g.leaf(1.0), g.leaf(2.0));
    Program::compile(&g, [x, y], [g.mul(x, y)], &Options::new()).unwrap()
}

#[test]
fn lengths_that_do_not_agree() {
    let (program, mut workspace) = (product(), Workspace::new());
    let mut out = [0.0; 2];
    assert_eq!(
        text(program.eval(&[1.0], &mut out[..1], &mut workspace)),
        "numbers in `x`, one for each input: 2 expected, 1 given"
    );
    assert_eq!(
        text(program.eval(&[1.0, 2.0], &mut out, &mut workspace)),
        "places in `out`, one for each output: 1 expected, 2 given"
    );
    assert_eq!(
        text(program.eval_batch(2, &[&[1.0; 2]], &mut [&mut out], &mut workspace)),
        "columns in `inputs`, one for each input: 2 expected, 1 given"
    );
    assert_eq!(
        text(program.eval_batch(2, &[&[1.0; 2], &[1.0; 2]], &mut [], &mut workspace)),
        "columns in `outputs`, one for each output: 1 expected, 0 given"
    );
    assert_eq!(
        text(program.eval_batch(2, &[&[1.0; 2], &[1.0; 3]], &mut [&mut out], &mut workspace)),
        "numbers of input 1: 2 expected, 3 given"
    );
    assert_eq!(out, [0.0; 2]);
    let g = Graph::new();
    let x = g.leaf(1.0);
    assert_eq!(text(program.record(&g, &[x])), "nodes in `inputs`, one for each input: 2 expected, 1 given");
    let sparse = SparseProgram::hessian(&[1.0, 2.0], |x| x[0] * x[1], &Options::new()).unwrap();
    assert_eq!(
        text(sparse.eval(&[1.0, 2.0], &mut [0.0], &mut workspace)),
        "places in `values`, one for each entry of the pattern: 2 expected, 1 given"
    );
}

#[test]
fn programs_that_cannot_be_made() {
    let g = Graph::new();
    let (x, y) = (g.leaf(1.0), g.leaf(2.0));
    let l = g.mul(x, y);
    let options = Options::new();
    assert_eq!(text(Program::compile(&g, [x, l], [l], &options)), "input 1 is n2, a mul: only leaves can be inputs");
    assert_eq!(
        text(Program::compile(&g, [x, x], [l], &options)),
        "input 1 is n0, which is already an input: list each leaf once"
    );
    assert_eq!(
        text(Program::compile(&g, [x], [l], &options)),
        "the outputs, or a comparison made while recording, depend on the leaf n1, which is not an input: list it, or make such leaves constants with Options::freeze_leaves"
    );
    assert_eq!(text(Program::compile(&g, [x], [l; 0], &options)), "a program needs an output: list at least one node");
    let foreign = Graph::new().leaf(1.0);
    assert_eq!(
        text(Program::compile(&g, [x, y], [foreign], &options)),
        "n0 is not a node of this graph: the key belongs to another graph, or is from long ago and its node was dropped; use a key that this graph returned"
    );
}

#[test]
fn a_comparison_that_flips() {
    let program = {
        let g = Graph::new();
        let x = g.var(1.0).named("x");
        let l = if x < 2.0 { x * 3.0 } else { x };
        Program::compile(&g, [x.id()], [l.id()], &Options::new()).unwrap()
    };
    assert_eq!(
        text(program.eval(&[5.0], &mut [0.0], &mut Workspace::new())),
        "the comparison x < 2 was true when it was recorded and is false: record the expression again at this point, or run without guards (Program::without_guards)"
    );
}

#[test]
fn a_comparison_that_chooses_between_older_nodes_is_checked() {
    let mut out = [0.0];
    let smaller = Program::from_fn(&[1.0, 2.0], |x| vec![if x[0] < x[1] { x[0] } else { x[1] }], &Options::new());
    let smaller = smaller.unwrap();
    smaller.eval(&[5.0, 6.0], &mut out, &mut Workspace::new()).unwrap();
    assert_eq!(out, [5.0]);
    let flipped = smaller.eval(&[6.0, 5.0], &mut out, &mut Workspace::new());
    assert!(matches!(flipped, Err(Error::GuardFlipped { guard: 0, .. })), "{flipped:?}");
    // A plain number is recorded by the comparison, after the output.
    let absolute = Program::from_fn(&[1.0], |x| vec![if x[0] < 0.0 { -x[0] } else { x[0] }], &Options::new()).unwrap();
    assert!(absolute.eval(&[-2.0], &mut out, &mut Workspace::new()).is_err());
    // One that depends on no input decides nothing that changes.
    let g = Graph::new();
    let (x, other) = (g.var(1.0), g.var(2.0));
    let l = x * 3.0;
    assert!(other < 3.0);
    let program = Program::compile(&g, [x], [l], &Options::new()).unwrap();
    assert_eq!(program.report().guards, 0);
}

#[test]
fn a_workspace_of_another_program_fits_itself() {
    let large = SparseProgram::hessian(&[1.0; 20], |x| x.iter().map(|x| x.sin()).product(), &Options::new()).unwrap();
    let mut workspace = Workspace::new();
    large.eval(&[1.0; 20], &mut vec![0.0; large.pattern().len()], &mut workspace).unwrap();
    let mut out = [0.0];
    for _ in 0..10 {
        product().eval(&[3.0, 4.0], &mut out, &mut workspace).unwrap();
        assert_eq!(out, [12.0]);
    }
    product().eval_batch(1, &[&[5.0], &[6.0]], &mut [&mut out], &mut workspace).unwrap();
    assert_eq!(out, [30.0]);
}
