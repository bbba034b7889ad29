//! Guards: those that no input decides, and those beside failing functions.

use wengert::{Graph, NodeId};
use wengert_program::{Error, Options, Program, Workspace};

/// `if t < 2 { x t } else { -x }`, recorded at `t = 1`, and a comparison of computed values: `t t < 3`.
fn recorded() -> (Graph, [NodeId; 2], NodeId) {
    let g = Graph::new();
    let [x, t] = [g.var(1.0), g.var(1.0)];
    let y = if t * t < 3.0 && t < 2.0 { x * t } else { -x };
    let (leaves, y) = ([x.id(), t.id()], y.id());
    (g, leaves, y)
}

#[test]
fn a_comparison_of_frozen_leaves_must_hold_at_their_values_of_now() {
    let frozen = Options::new().freeze_leaves(true);
    for forward in [false, true] {
        let (mut g, [x, t], y) = recorded();
        let eval = |g: &mut Graph, at: f64, options: &Options| {
            g.set(t, at);
            if forward {
                assert_eq!(g.forward().is_ok(), at < 2.0f64.min(3.0f64.sqrt()));
            }
            let mut out = [0.0];
            Program::compile(g, [x], [y], options)?.eval(&[5.0], &mut out, &mut Workspace::new())?;
            Ok::<f64, Error>(out[0])
        };
        assert_eq!(eval(&mut g, 1.5, &frozen).unwrap(), 7.5);
        for at in [1.8, 3.0, f64::NAN] {
            let error = eval(&mut g, at, &frozen).unwrap_err();
            let Error::Graph(wengert::Error::GuardFlipped { left, recorded: true, .. }) = &error else {
                panic!("{error:?}")
            };
            assert_ne!(*left, t, "the first comparison is of the square");
            assert!(error.to_string().contains("is false at the new values"), "{error}");
            assert_eq!(eval(&mut g, at, &frozen.guards(false)).unwrap().to_bits(), (5.0 * at).to_bits());
        }
        assert_eq!(eval(&mut g, -1.5, &frozen).unwrap(), -7.5);
    }
}

#[test]
fn a_comparison_of_leaves_that_are_not_inputs_must_hold_though_only_leaves_are_on_the_tape() {
    let mut g = Graph::new();
    let [x, t, u] = [g.leaf(1.0), g.leaf(1.0), g.leaf(2.0)];
    let y = if g.expr(t) < g.expr(u) { x } else { u };
    let options = Options::new();
    Program::compile(&g, [x], [y], &options).unwrap();
    g.set(t, 3.0);
    let error = Program::compile(&g, [x], [y], &options).unwrap_err();
    assert!(matches!(error, Error::Graph(wengert::Error::GuardFlipped { .. })), "{error:?}");
    // As an input, it is checked at each point.
    let program = Program::compile(&g, [x, t], [y], &options.freeze_leaves(true)).unwrap();
    let mut out = [0.0];
    program.eval(&[5.0, 1.0], &mut out, &mut Workspace::new()).unwrap();
    assert_eq!(out, [5.0]);
    assert!(matches!(program.eval(&[5.0, 3.0], &mut out, &mut Workspace::new()), Err(Error::GuardFlipped { .. })));
    // One with an input and another leaf needs both.
    let error = Program::compile(&g, [x, u], [y], &options).unwrap_err();
    assert!(matches!(error, Error::LooseLeaf { node } if node == t), "{error:?}");
    assert!(error.to_string().contains("or a comparison made while recording"), "{error}");
}
