//! What a number is, within a recording and outside.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::{Arc, Mutex};

use approx::{AbsDiffEq, RelativeEq, UlpsEq};
use nalgebra::{ComplexField, RealField};
use num_traits::{One, Signed, Zero};
use simba::scalar::SupersetOf;
use simba::simd::SimdValue;
use wengert::{Arity, Graph, NO_IMM, Op, Scalar};
use wengert_nalgebra::{Var, record, with_graph};

/// The text of the panic that `f` ends in.
fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else { panic!("it should have panicked") };
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned())).expect("a text")
}

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
fn recordings_nest_and_come_back_by_a_panic_too() {
    let (mut g, mut h) = (Graph::new(), Graph::new());
    let (x, y) = record(&mut g, || {
        let x = Var::leaf(1.0);
        let y = record(&mut h, || Var::leaf(2.0) * 3.0);
        (x + 1.0, y)
    });
    assert_eq!((g.len(), h.len(), g.value(x.id()), h.value(y.id())), (2, 2, 2.0, 6.0));
    let text = panic_of(|| {
        record(&mut g, || {
            let _ = Var::leaf(5.0);
            panic!("halfway")
        })
    });
    assert_eq!((text.as_str(), g.len()), ("halfway", 3));
    assert_eq!(g.value(x.id()), 2.0);
    assert!(panic_of(|| Var::leaf(1.0)).contains("record"), "and no graph is recorded on");
}

#[test]
fn wrong_uses_are_refused_by_name() {
    let (mut g, mut h) = (Graph::new(), Graph::new());
    let x = record(&mut g, || Var::leaf(1.0));
    assert!(panic_of(|| x + 1.0).contains("wengert_nalgebra::record"), "outside a recording");
    assert!(panic_of(|| x.value()).contains("id()"), "outside a recording");
    assert!(panic_of(|| record(&mut h, || x + 1.0)).contains("not a node of this graph"), "of another graph");
    assert!(panic_of(|| Var::from(1.0).id()).contains("Var::leaf"), "a constant has no key");
    let y = record(&mut g, || x * 2.0);
    g.set(x.id(), 2.0);
    assert!(panic_of(|| record(&mut g, || y + 1.0)).contains("forward"), "stale");
    g.reset();
    assert!(panic_of(|| record(&mut g, || x + 1.0)).contains("not a node of this graph"), "from before a reset");
    assert!(panic_of(|| record(&mut g, || with_graph(|_| record(&mut h, || ())))).contains("outside with_graph"));
    assert_eq!(format!("{x:?}"), format!("{:?}", x.id()), "what cannot be read is shown by its key");
    let elsewhere = std::thread::spawn(move || catch_unwind(|| x + 1.0).is_err());
    assert!(elsewhere.join().unwrap(), "on another thread");
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
fn the_field_has_the_values_of_plain_numbers() {
    type Unary<T> = fn(T) -> T;
    type Binary<T> = fn(T, T) -> T;
    let unary: [(&str, Unary<Var>, Unary<f64>); 12] = [
        ("signum", ComplexField::signum, ComplexField::signum),
        ("modulus", ComplexField::modulus, ComplexField::modulus),
        ("modulus_squared", ComplexField::modulus_squared, ComplexField::modulus_squared),
        ("norm1", ComplexField::norm1, ComplexField::norm1),
        ("argument", ComplexField::argument, ComplexField::argument),
        ("conjugate", ComplexField::conjugate, ComplexField::conjugate),
        ("imaginary", ComplexField::imaginary, ComplexField::imaginary),
        ("to_exp", |x| x.to_exp().0 * x.to_exp().1, |x: f64| x.to_exp().0 * x.to_exp().1),
        ("powi", |x| ComplexField::powi(x, 3), |x| ComplexField::powi(x, 3)),
        ("cube root", ComplexField::cbrt, ComplexField::cbrt),
        ("fract", ComplexField::fract, ComplexField::fract),
        ("sinc", ComplexField::sinc, ComplexField::sinc),
    ];
    for (name, of_var, of_plain) in unary {
        for x in [0.0, 0.5, 2.25, -1.75] {
            let (actual, expected): (f64, f64) = (of_var(x.into()).value(), of_plain(x));
            assert!(
                (actual - expected).abs() <= 2.0 * f64::EPSILON * expected.abs(),
                "{name} of {x}: {actual}, {expected}"
            );
        }
    }
    let binary: [(&str, Binary<Var>, Binary<f64>); 8] = [
        ("atan2", RealField::atan2, RealField::atan2),
        ("hypot", ComplexField::hypot, ComplexField::hypot),
        ("max", RealField::max, RealField::max),
        ("min", RealField::min, RealField::min),
        ("copysign", RealField::copysign, RealField::copysign),
        ("powf", ComplexField::powf, ComplexField::powf),
        ("log", ComplexField::log, ComplexField::log),
        ("unscale", ComplexField::unscale, ComplexField::unscale),
    ];
    for (name, of_var, of_plain) in binary {
        for (x, y) in [(0.5, 2.0), (3.0, 0.25), (2.0, 2.0)] {
            let (actual, expected): (f64, f64) = (of_var(x.into(), y.into()).value(), of_plain(x, y));
            assert!(
                (actual - expected).abs() <= 2.0 * f64::EPSILON * expected.abs(),
                "{name} of {x}, {y}: {actual}, {expected}"
            );
        }
    }
    let constants: [(Var, f64); 15] = [
        (Var::pi(), f64::pi()),
        (Var::two_pi(), f64::two_pi()),
        (Var::frac_pi_2(), f64::frac_pi_2()),
        (Var::frac_pi_3(), f64::frac_pi_3()),
        (Var::frac_pi_4(), f64::frac_pi_4()),
        (Var::frac_pi_6(), f64::frac_pi_6()),
        (Var::frac_pi_8(), f64::frac_pi_8()),
        (Var::frac_1_pi(), f64::frac_1_pi()),
        (Var::frac_2_pi(), f64::frac_2_pi()),
        (Var::frac_2_sqrt_pi(), f64::frac_2_sqrt_pi()),
        (Var::e(), f64::e()),
        (Var::log2_e(), f64::log2_e()),
        (Var::log10_e(), f64::log10_e()),
        (Var::ln_2(), f64::ln_2()),
        (Var::ln_10(), f64::ln_10()),
    ];
    for (k, (actual, expected)) in constants.into_iter().enumerate() {
        assert_eq!(actual.value(), expected, "constant {k}");
    }
    let mut x = Var::from(1.0);
    x.replace(0, 2.0.into());
    assert_eq!((x.extract(0).value(), SimdValue::select(x, false, 3.0.into()).value()), (2.0, 3.0));
    assert!(panic_of(|| x.extract(1)).contains("one lane"));
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
    let calls: [(&str, &dyn Fn()); 7] = [
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

/// A number of an outer recording is refused within an inner one, and is right again after it.
#[test]
fn a_number_of_an_outer_recording_is_not_taken_for_one_of_the_inner() {
    let (mut outer, mut inner) = (Graph::new(), Graph::new());
    record(&mut outer, || {
        let x = Var::leaf(2.0);
        let y = record(&mut inner, || {
            let y = Var::leaf(3.0);
            assert!(panic_of(|| x + y).contains("not a node of this graph"));
            assert!(panic_of(|| x.value()).contains("not a node of this graph"));
            y
        });
        assert!(panic_of(|| x * y).contains("not a node of this graph"));
        assert_eq!((x * x).value(), 4.0);
    });
}

/// There are many generations of keys, but not infinitely many: recording again must not use up new ones.
#[test]
fn recording_again_and_again_uses_up_no_generations() {
    let generation = || -> u32 {
        let key = format!("{:?}", Graph::new().leaf(0.0));
        let digits = key.trim_end_matches(')').rsplit('v').next();
        digits.and_then(|digits| digits.parse().ok()).expect("NodeId(0v1)")
    };
    let mut g = Graph::new();
    record(&mut g, || Var::leaf(1.0));
    let before = generation();
    let [mut inner, mut innermost] = [Graph::new(), Graph::new()];
    for _ in 0..10_000 {
        record(&mut g, || Var::leaf(1.0));
        record(&mut g, || record(&mut inner, || record(&mut innermost, || Var::leaf(1.0))));
    }
    // Other tests take some meanwhile.
    let used = generation().wrapping_sub(before);
    assert!(used < 10_000, "{used}");
}
