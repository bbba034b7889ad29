//! Misuse other than wrong keys: setting computed nodes, names that no op has, wrong counts, lengths that do not agree.
//! Each is a named error and changes nothing.

use crate::common::Faults;
use wengert::{Arity, Dual, Error, Expr, Graph, NO_IMM, Op, Scalar, Series};

/// Two leaves, a constant, their product and sum. Swept, so that a change of gradients shows.
fn filled() -> Graph {
    let g = Graph::new();
    let x = g.leaves(&[2.0, 3.0]);
    let c = g.constant(5.0);
    let l = g.add(g.mul(x[0], x[1]), c);
    g.backward(l);
    g
}

#[test]
fn only_leaves_can_be_set() {
    let mut g = filled();
    let mut faults = Faults::default();
    for node in g.nodes().skip(2).collect::<Vec<_>>() {
        let error = Error::NotALeaf { node: node.id, label: None, op: node.op };
        faults.panics("set", &mut g, &error, |g| g.set(node.id, 1.0));
        faults.fails("try_set", &mut g, &error, |g| g.try_set(node.id, 1.0));
        let text = match node.op {
            Op::Const => "is a constant, not a leaf, so it never changes: make it with Graph::leaf or Graph::var, and pass that key".into(),
            op => format!("is not a leaf, its op is {op}: pass the key of a leaf"),
        };
        assert_eq!(error.to_string(), format!("{} {text}", node.id));
    }
}

#[test]
fn plans_are_with_respect_to_leaves() {
    let mut g = filled();
    let node = g.get(3).unwrap();
    let (l, error) = (node.id, Error::NotALeaf { node: node.id, label: None, op: Op::Mul });
    let mut faults = Faults::default();
    faults.fails("plan_hessian", &mut g, &error, |g| g.plan_hessian(l, &[l]));
    faults.fails("plan_jacobian", &mut g, &error, |g| g.plan_jacobian(&[l], &[l]));
}

#[test]
fn an_unknown_name_finds_no_op() {
    for name in ["", "sine", "Sin", "sin ", " sin", "sin\0", "+", "leafs", "max_of_"] {
        assert_eq!(Op::from_name(name), None, "{name:?}");
    }
    for &op in Op::ALL {
        assert_eq!(Op::from_name(op.name()), Some(op));
    }
    let error = Error::UnknownOp { name: "sine".into() };
    assert_eq!(error.to_string(), "no op has the name \"sine\": Op::ALL lists all ops");
}

#[test]
fn every_op_refuses_a_wrong_number_of_operands() {
    let mut g = filled();
    let x = g.get(0).unwrap().id;
    let mut faults = Faults::default();
    for &op in Op::ALL {
        let takes = |given: usize| match op.arity() {
            Arity::Fixed(n) => given == n && !matches!(op, Op::Leaf | Op::Const),
            Arity::AtLeast(n) => given >= n && given.is_multiple_of(op.lists()),
            _ => false,
        };
        for given in (0..6).filter(|&given| !takes(given)) {
            let error = Error::Operands { op, given };
            faults.fails(op.name(), &mut g, &error, |g| g.try_record(op, NO_IMM, &vec![x; given]));
        }
    }
    let text = |op, given| Error::Operands { op, given }.to_string();
    assert_eq!(text(Op::Mul, 3), "mul takes 2 operands, 3 were given");
    assert_eq!(text(Op::Mul, 1), "mul takes 2 operands, 1 was given");
    assert_eq!(text(Op::Sin, 0), "sin takes 1 operand, 0 were given");
    assert_eq!(
        text(Op::Leaf, 0),
        "leaf cannot be applied like other ops: make the node with Graph::leaf or Graph::constant"
    );
}

#[test]
fn every_op_refuses_an_immediate_that_it_does_not_have() {
    let mut g = filled();
    let x = g.get(0).unwrap().id;
    let mut faults = Faults::default();
    for (op, count) in applied() {
        for place in op.immediates()..2 {
            for c in [2.0, f64::NAN] {
                let mut imm = [0.0; 2];
                imm[..op.immediates()].fill(1.0);
                imm[place] = c;
                let said = match g.try_record(op, imm, &vec![x; count]) {
                    Err(error) => error.to_string(),
                    Ok(_) => "nothing".into(),
                };
                let error = Error::Immediates { op, given: imm };
                assert_eq!(said, error.to_string());
                faults.panics(op.name(), &mut g, &error, |_| f64::apply(op, imm, &vec![0.5; count]));
            }
        }
    }
    assert_eq!(
        Error::Immediates { op: Op::Sin, given: [3.0, 0.0] }.to_string(),
        "sin has 0 immediates, but [3.0, 0.0] was given: the unused numbers must be 0"
    );
}

/// Every op that can be applied, with a number of operands that it takes.
fn applied() -> impl Iterator<Item = (Op, usize)> {
    let count = |op: Op| (1..4).find(|&count| op.takes(count));
    Op::ALL.iter().filter_map(move |&op| Some((op, count(op)?)))
}

/// Applies the op to this many operands of 0.5.
fn apply<T: Scalar>(x: T, op: Op, given: usize) {
    T::apply(op, NO_IMM, &vec![x.lift(0.5); given]);
    T::apply(op, NO_IMM, &vec![x; given]);
}

#[test]
fn every_kind_of_number_refuses_a_wrong_number_of_operands() {
    let mut g = filled();
    let x = g.get(0).unwrap().id;
    let mut faults = Faults::default();
    for &op in Op::ALL {
        let applied = !matches!(op, Op::Leaf | Op::Const);
        for given in (0..7).filter(|&given| !applied || !op.takes(given)) {
            let error = Error::Operands { op, given };
            faults.panics(op.name(), &mut g, &error, |_| apply(0.5, op, given));
            faults.panics(op.name(), &mut g, &error, |_| apply(Dual::<2>::input(0.5, 0), op, given));
            faults.panics(op.name(), &mut g, &error, |_| apply(Series::<3>::new(0.5), op, given));
            faults.panics(op.name(), &mut g, &error, |_| apply(Expr::constant(0.5), op, given));
            faults.panics(op.name(), &mut g, &error, |g| apply(g.expr(x), op, given));
        }
    }
}

#[test]
fn leaves_and_constants_are_not_recorded_as_ops() {
    let mut g = filled();
    let x = g.get(0).unwrap().id;
    let mut faults = Faults::default();
    for op in [Op::Leaf, Op::Const] {
        for operands in [&[][..], &[x]] {
            let error = Error::Operands { op, given: operands.len() };
            faults.fails(op.name(), &mut g, &error, |g| g.try_record(op, [1.0, 0.0], operands));
            let text = error.to_string();
            assert!(!text.contains("but 0"), "{text} says nothing");
        }
    }
}

#[test]
fn a_direction_has_as_many_components_as_there_are_leaves() {
    let mut g = filled();
    let (x, l) = (g.get(0).unwrap().id, g.get(4).unwrap().id);
    let mut faults = Faults::default();
    for direction in [&[][..], &[1.0, 2.0]] {
        let error = Error::Length {
            what: "components of the direction, one for each input",
            expected: 1,
            given: direction.len(),
        };
        faults.fails("try_hvp", &mut g, &error, |g| g.try_hvp(l, &[x], direction));
        faults.panics("hvp", &mut g, &error, |g| g.hvp(l, &[x], direction));
        faults.fails("try_taylor", &mut g, &error, |g| g.try_taylor::<2>(l, &[x], direction));
        faults.panics("taylor", &mut g, &error, |g| g.taylor::<2>(l, &[x], direction));
        faults.panics("the closure's hvp", &mut g, &error, |_| wengert::hvp(|x| x[0], &[1.0], direction));
    }
}

#[test]
#[should_panic(expected = "no direction 7: a Dual<2> has 2, counted from 0")]
fn a_dual_has_no_direction_beyond_its_last() {
    let _ = Dual::<2>::input(1.0, 7);
}

#[test]
#[should_panic(expected = "no derivative of order 9: a Series<2> has the orders below 2")]
fn a_series_has_no_derivative_beyond_its_last() {
    let _ = Series::<2>::moving(1.0, 1.0).derivative(9);
}

#[test]
#[should_panic(expected = "no column 2: there are 2, counted from 0")]
fn a_sparse_matrix_has_no_column_beyond_its_last() {
    let _ = wengert::sparse_hessian(|x| x[0] * x[1], &[1.0, 2.0]).get(0, 2);
}

#[test]
#[should_panic(expected = "components of the direction, one for each input: 2 expected, 1 given")]
fn a_closures_jvp_refuses_a_direction_of_another_length() {
    wengert::jvp(|x| vec![x[0] * x[1]], &[1.0, 2.0], &[1.0]);
}

#[test]
#[should_panic(expected = "components of the seed, one for each output: 1 expected, 2 given")]
fn a_closures_vjp_refuses_a_seed_of_another_length() {
    wengert::vjp(|x| vec![x[0] * x[1]], &[1.0, 2.0], &[1.0, 1.0]);
}

#[test]
#[should_panic(expected = "components of the direction, one for each input: 2 expected, 3 given")]
fn a_closures_series_refuses_a_direction_of_another_length() {
    wengert::taylor::<3>(|x| x[0] * x[1], &[1.0, 2.0], &[1.0; 3]);
}

#[test]
#[should_panic(expected = "components of the vector, one for each column: 2 expected, 1 given")]
fn a_sparse_matrix_refuses_a_vector_of_another_length() {
    wengert::sparse_jacobian(|x| vec![x[0] * x[1]], &[1.0, 2.0]).times(&[1.0]);
}

#[test]
#[should_panic(expected = "no graph")]
fn a_free_constant_has_no_key() {
    let _ = Expr::constant(1.0).id();
}

#[test]
fn a_free_constant_is_harmless_everywhere_else() {
    let c = Expr::constant(2.0);
    c.backward();
    assert_eq!((c.grad(), c.value()), (0.0, 2.0));
    assert!(c.graph().is_none() && c.named("c").graph().is_none());
    assert_eq!((c * 3.0 + 1.0).sin().value(), 7f64.sin());
    assert_eq!(format!("{c} {c:?} {c:#}"), "2 Expr(2.0) Value(data=2, grad=0)");
    assert_eq!(wengert::value_and_gradient(|_| Expr::constant(2.0), &[1.0]), (2.0, vec![0.0]));
    assert_eq!(wengert::hessian(|_| Expr::constant(2.0), &[1.0]), [[0.0]]);
    assert_eq!(wengert::jacobian(|_| vec![], &[1.0]), Vec::<Vec<f64>>::new());
    assert_eq!(wengert::gradient(|_| Expr::constant(2.0), &[]), [0.0; 0]);
}

#[test]
fn every_derivative_without_inputs_is_empty() {
    let g = filled();
    let (x, l) = (g.get(0).unwrap().id, g.get(4).unwrap().id);
    assert_eq!(g.vjp(&[], &[x]), [0.0]);
    assert_eq!(g.jvp(&[], &[l]), [0.0]);
    assert_eq!(g.vjp(&[(l, 1.0)], &[]), [0.0; 0]);
    assert_eq!(g.jvp(&[(x, 1.0)], &[]), [0.0; 0]);
    assert_eq!(g.jacobian(&[], &[x]), Vec::<Vec<f64>>::new());
    assert_eq!(g.jacobian(&[l], &[]), [[0.0; 0]]);
    assert_eq!(g.hessian(l, &[]), Vec::<Vec<f64>>::new());
    assert_eq!(g.hvp(l, &[], &[]), [0.0; 0]);
    assert!(g.gradient_nodes(l, &[]).is_empty() && g.jvp_nodes(&[(x, x)], &[]).is_empty());
    assert_eq!(g.vjp_nodes(&[], &[x]).iter().map(|&n| g.value(n)).collect::<Vec<_>>(), [0.0]);
    assert_eq!(g.jvp_nodes(&[], &[l]).iter().map(|&n| g.value(n)).collect::<Vec<_>>(), [0.0]);
    g.backward_seeded(&[]);
    assert!(g.nodes().all(|node| g.grad(node.id) == 0.0));
}

#[test]
fn nan_and_infinity_are_recorded_as_they_are() {
    let mut g = Graph::new();
    let x = g.leaves(&[f64::NAN, f64::INFINITY, -0.0]);
    let sum = g.sum(&x);
    assert!(g.value(sum).is_nan());
    g.set(x[0], 1.0);
    g.forward().unwrap();
    assert_eq!(g.value(sum), f64::INFINITY);
    assert_eq!(g.value(g.recip(x[2])), f64::NEG_INFINITY);
}

#[test]
fn nan_immediates_are_kept_with_their_node() {
    let mut g = Graph::new();
    let x = g.leaf(2.0);
    let nan = f64::NAN;
    // The first immediate of a graph, a NaN, must not be taken for the empty place.
    let odd = g.try_record(Op::Powd, [nan, 0.0], &[x]).unwrap();
    let cube = g.powi(x, 3);
    let bell = g.try_record(Op::Gauss, [0.5, 1.0], &[x]).unwrap();
    let values = [odd, cube, bell].map(|n| g.value(n));
    assert!(g.node(odd).imm[0].is_nan() && g.node(odd).imm[1] == 0.0, "{:?}", g.node(odd));
    assert_eq!((g.node(cube).imm, g.node(bell).imm), ([3.0, 0.0], [0.5, 1.0]));
    g.forward().unwrap();
    for (before, node) in values.into_iter().zip([odd, cube, bell]) {
        assert!(before.to_bits() == g.value(node).to_bits() || before.is_nan() && g.value(node).is_nan(), "{node}");
    }
}
