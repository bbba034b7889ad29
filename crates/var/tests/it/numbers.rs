//! What a number is, within a recording and outside.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::{Arc, Mutex};

use approx::{AbsDiffEq, RelativeEq, UlpsEq};
use nalgebra_0_35::{ComplexField, RealField};
use num_traits::{One, Signed, Zero};
use simba_0_10::scalar::SupersetOf;
use wengert::{Arity, Graph, NO_IMM, Op, Scalar};
use wengert_var::{Var, record, with_graph};

use crate::panic_of;

#[test]
fn constants_need_no_graph() {
    let (x, y) = (Var::from(3.0), Var::from(4.0));
    assert_eq!((x * x + y * y).value(), 25.0);
    assert_eq!((x + 1.0).sqrt().value(), 2.0);
    assert_eq!((ComplexField::hypot(x, y).value(), RealField::max(x, y).value()), (5.0, 4.0));
    assert_eq!([x, y, y].into_iter().sum::<Var>().value(), 11.0);
    assert_eq!([x, y, y].into_iter().product::<Var>().value(), 48.0);
    assert!(x < y && x != y && x == 3.0 && y > 3.5 && !x.is_negative());
    assert_eq!((x.grad(), format!("{x} {y:?}")), (0.0, "3 4.0".to_owned()));
    assert_eq!((Var::zero().value(), Var::one().value()), (0.0, 1.0));
    assert_eq!((1.0 - x, 6.0 / x, y % x, -y), ((-2.0).into(), 2.0.into(), 1.0.into(), (-4.0).into()));
}

/// Every op with operands that are nodes, constants, or some of each has the bits it has over f64.
#[test]
fn every_op_is_the_engines_own() {
    let mut g = Graph::new();
    for &op in Op::ALL {
        let count = match op.arity() {
            Arity::Fixed(0) => continue,
            Arity::Fixed(n) => n,
            _ => 2 * op.lists(),
        };
        let values = &[0.375, 0.625, 0.25, 0.75][..count];
        let mut imm = NO_IMM;
        imm[..op.immediates()].copy_from_slice(&[2.0, 1.0][..op.immediates()]);
        let expected = f64::apply(op, imm, values).to_bits();
        for nodes in 0..1 << count {
            let actual = record(&mut g, || {
                let args: Vec<Var> = (0..count)
                    .map(|k| if nodes >> k & 1 == 1 { Var::leaf(values[k]) } else { values[k].into() })
                    .collect();
                Var::apply(op, imm, &args).value()
            });
            assert_eq!(actual.to_bits(), expected, "{op} with nodes {nodes:b}");
        }
    }
}

#[test]
fn an_op_is_not_applied_to_what_it_does_not_take() {
    let mut g = Graph::new();
    for &op in Op::ALL {
        let applied = !matches!(op, Op::Leaf | Op::Const);
        for given in (0..5).filter(|&given| !applied || !op.takes(given)) {
            let expected = wengert::Error::Operands { op, given }.to_string();
            assert_eq!(panic_of(|| Var::apply(op, NO_IMM, &vec![1.0.into(); given])), expected);
            let recorded = panic_of(|| record(&mut g, || Var::apply(op, NO_IMM, &vec![Var::leaf(1.0); given])));
            assert_eq!(recorded, expected);
        }
    }
}

#[test]
fn operators_record_what_they_record_by_expression() {
    let mut g = Graph::new();
    let l = record(&mut g, || {
        let (x, y) = (Var::leaf(1.5), Var::leaf(-0.5));
        let mut z = x * y + 2.0 * x - y / 4.0 + (1.0 - x);
        z += x;
        z *= y;
        z -= 0.25;
        z /= x;
        z % y
    });
    let h = Graph::new();
    let (x, y) = (h.var(1.5), h.var(-0.5));
    let mut z = x * y + 2.0 * x - y / 4.0 + (1.0 - x);
    z += x;
    z *= y;
    z -= 0.25;
    z /= x;
    let m = z % y;
    let nodes = |g: &Graph| -> Vec<_> {
        g.nodes().map(|node| (node.op, node.imm.map(f64::to_bits), node.value.to_bits())).collect()
    };
    assert_eq!(nodes(&g), nodes(&h), "constants are kept with the ops");
    g.backward(l.id());
    m.backward();
    assert_eq!(
        g.nodes().map(|node| g.grad(node.id)).collect::<Vec<_>>(),
        h.nodes().map(|node| h.grad(node.id)).collect::<Vec<_>>()
    );
}

#[test]
fn gradients_are_there_within_the_recording_too() {
    let mut g = Graph::new();
    record(&mut g, || {
        let x = Var::leaf(3.0).named("x");
        let l = x * x;
        l.backward();
        assert_eq!((l.value(), x.grad()), (9.0, 6.0));
        assert_eq!(format!("{x} {l:?}"), "3 9.0");
        let label = with_graph(|graph| {
            assert_eq!((x + 1.0).value(), 4.0, "numbers may be used meanwhile");
            graph.label_of(x.id())
        });
        assert_eq!(label.as_deref(), Some("x"));
    });
    assert_eq!(g.nodes().filter(|node| node.op == Op::Leaf).count(), 1);
}

#[test]
fn a_graph_is_recorded_on_again_and_grows() {
    let mut g = Graph::new();
    let x = record(&mut g, || Var::leaf(2.0));
    let l = record(&mut g, || x * x * x);
    g.backward(l.id());
    assert_eq!(g.grad(x.id()), 12.0);
    g.set(x.id(), 3.0);
    g.forward().unwrap();
    assert_eq!(g.value(l.id()), 27.0);
    assert_eq!(record(&mut g, || (l + x).value()), 30.0, "its value is the graph's");
}

#[test]
fn what_becomes_a_plain_number_is_guarded() {
    type Question = fn(Var) -> bool;
    let tests: [(&str, Question); 12] = [
        ("zero", |x| x.is_zero()),
        ("sign", |x| x.is_negative()),
        ("sign of a real", |x| RealField::is_sign_positive(&x)),
        ("square root", |x| ComplexField::try_sqrt(x).is_some()),
        ("argument", |x| ComplexField::argument(x) == 0.0),
        ("finite", |x| ComplexField::is_finite(&(1.0 / x))),
        ("order", |x| x < 0.5),
        ("absolute", |x| x.abs_diff_eq(&Var::from(0.75), 0.5.into())),
        ("relative", |x| x.relative_eq(&Var::from(0.75), 0.0.into(), 0.3.into())),
        ("ulps", |x| x.ulps_eq(&Var::from(1.0), 0.0.into(), 4)),
        ("plain", |x| <Var as SupersetOf<f64>>::to_subset(&x) == Some(1.0)),
        ("single", |x| <Var as SupersetOf<f32>>::to_subset(&x) == Some(1.0)),
    ];
    for (name, test) in tests {
        // The answer at 1 differs from the answer at one of these, so a guard must flip there.
        let flips = [-1.0, 0.0, 0.25].into_iter().any(|other| {
            let mut g = Graph::new();
            let x = record(&mut g, || {
                let x = Var::leaf(1.0);
                test(x);
                x
            });
            g.set(x.id(), other);
            g.forward().is_err()
        });
        assert!(flips, "{name}");
    }
}

#[test]
fn a_comparison_with_a_number_holds_where_it_has_the_same_answer() {
    type Question = fn(Var) -> bool;
    let questions: [(&str, Question); 4] =
        [("<", |x| x < 0.5), ("<=", |x| x <= 1.0), (">", |x| x > 1.0), (">=", |x| x >= 0.5)];
    for (name, question) in questions {
        let mut g = Graph::new();
        let (x, answer) = record(&mut g, || {
            let x = Var::leaf(1.0);
            (x, question(x))
        });
        for other in [0.25, 0.5, 0.75, 1.0, 2.0] {
            let same = question(other.into()) == answer;
            g.set(x.id(), other);
            assert_eq!(g.forward().is_ok(), same, "{name} at {other}");
        }
    }
}

#[test]
fn tolerances_are_those_of_plain_numbers() {
    let numbers = [0.0, -0.0, 1.0, 1.0 + f64::EPSILON, 1.5, -1.0, 1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    for x in numbers {
        for y in numbers {
            let (v, w) = (Var::from(x), Var::from(y));
            for epsilon in [0.0, 1e-10, 0.75] {
                assert_eq!(v.abs_diff_eq(&w, epsilon.into()), x.abs_diff_eq(&y, epsilon), "{x} {y} {epsilon}");
                for relative in [0.0, 1e-10, 0.75] {
                    let expected = x.relative_eq(&y, epsilon, relative);
                    assert_eq!(
                        v.relative_eq(&w, epsilon.into(), relative.into()),
                        expected,
                        "{x} {y} {epsilon} {relative}"
                    );
                }
                assert_eq!(v.ulps_eq(&w, epsilon.into(), 4), x.ulps_eq(&y, epsilon, 4), "{x} {y} {epsilon}");
            }
        }
    }
}

#[test]
fn refusals_point_to_the_line_that_asked() {
    let place = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&place);
    let loud = take_hook();
    set_hook(Box::new(move |panic| {
        // Other tests of this file panic meanwhile.
        if std::thread::current().name().is_some_and(|name| name.ends_with("refusals_point_to_the_line_that_asked")) {
            *seen.lock().unwrap() = panic.location().map_or_else(String::new, |at| at.file().to_owned());
        }
    }));
    let mut g = Graph::new();
    let x = record(&mut g, || Var::leaf(1.0));
    // A recording where `x` is of another graph.
    fn elsewhere(call: impl FnOnce()) {
        record(&mut Graph::new(), call);
    }
    // A recording of a graph that is full with one leaf.
    fn full<R>(call: impl FnOnce(Var) -> R) {
        record(&mut Graph::with_limit(1), || _ = call(Var::leaf(0.5)));
    }
    let calls: [(&str, &dyn Fn()); 34] = [
        ("foreign sine", &|| elsewhere(|| _ = x.sin())),
        ("foreign sum", &|| elsewhere(|| _ = Var::leaf(1.0) + x)),
        ("foreign difference with a number", &|| elsewhere(|| _ = 1.0 - x)),
        ("foreign negative", &|| elsewhere(|| _ = -x)),
        ("foreign power", &|| elsewhere(|| _ = Scalar::powf(x, 0.5))),
        ("foreign list", &|| elsewhere(|| _ = Var::max_of(&[x]))),
        ("foreign comparison", &|| elsewhere(|| _ = x < Var::leaf(1.0))),
        ("foreign label", &|| elsewhere(|| _ = x.named("x"))),
        ("foreign slope", &|| elsewhere(|| _ = x.grad())),
        ("foreign sweep", &|| elsewhere(|| x.backward())),
        ("foreign sine of a field", &|| elsewhere(|| _ = ComplexField::sin(x))),
        ("foreign power of a field", &|| elsewhere(|| _ = ComplexField::powf(x, 2.0.into()))),
        ("foreign maximum of a field", &|| elsewhere(|| _ = RealField::max(x, 2.0.into()))),
        ("foreign sign", &|| elsewhere(|| _ = Signed::signum(&x))),
        ("foreign test of a zero", &|| elsewhere(|| _ = x.is_zero())),
        ("foreign tolerance", &|| elsewhere(|| _ = x.abs_diff_eq(&x, 0.5.into()))),
        ("full: sine", &|| full(|x| x.sin())),
        ("full: sum", &|| full(|x| x + x)),
        ("full: sum with a number", &|| full(|x| x + 1.0)),
        ("full: remainder of a number", &|| full(|x| 1.0 % x)),
        ("full: negative", &|| full(|x| -x)),
        ("full: list", &|| full(|x| Var::max_of(&[x, x]))),
        ("full: comparison with a number", &|| full(|x| x < 2.5)),
        ("full: leaf", &|| full(|_| Var::leaf(1.0))),
        ("order", &|| record(&mut Graph::new(), || _ = Scalar::polygamma(Var::leaf(2.5), 171))),
        ("immediates", &|| record(&mut Graph::new(), || _ = Var::apply(Op::Powd, [0.5; 2], &[Var::leaf(1.0)]))),
        ("operands", &|| record(&mut Graph::new(), || _ = Var::apply(Op::Sin, NO_IMM, &[]))),
        ("leaf", &|| _ = Var::leaf(1.0)),
        ("value", &|| _ = x.value()),
        ("sum", &|| _ = x + x),
        ("product with a number", &|| _ = x * Var::from(2.0)),
        ("id", &|| _ = Var::from(1.0).id()),
        ("with_graph", &|| with_graph(|_| ())),
        ("record while lent", &|| {
            record(&mut Graph::new(), || with_graph(|_| record(&mut Graph::new(), || ())));
        }),
    ];
    let mut wrong = Vec::new();
    for (name, call) in calls {
        assert!(catch_unwind(AssertUnwindSafe(call)).is_err(), "{name}");
        let place = place.lock().unwrap().clone();
        if !place.ends_with("numbers.rs") {
            wrong.push(format!("{name} points to {place}"));
        }
    }
    set_hook(loud);
    assert!(wrong.is_empty(), "{wrong:?}");
}
