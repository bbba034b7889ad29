//! Guards: every comparison made while recording is remembered, and replaying where it would come
//! out otherwise is an error that names it.

use std::num::FpCategory;

use num_traits::{Float, ToPrimitive, Zero};
use wengert::{Error, Expr, Graph, NodeId, Relation};

/// A question asked of one or two expressions while recording.
type Question = for<'g> fn(Expr<'g>, Expr<'g>) -> Answer;

/// What was answered.
#[derive(Debug, PartialEq)]
enum Answer {
    Yes(bool),
    Order(Option<std::cmp::Ordering>),
    Class(FpCategory),
    Whole(Option<i64>),
    Parts(u64, i16, i8),
    Number(Option<u64>),
}
use Answer::{Class, Number, Order, Parts, Whole, Yes};

/// Every question, by name, with values (`x`, `y`) at which it has one answer and such at which it
/// has another.
const QUESTIONS: &[(&str, Question, [f64; 2], [f64; 2])] = &[
    ("x < y", |x, y| Yes(x < y), [1.0, 2.0], [2.0, 1.0]),
    ("x < y at a tie", |x, y| Yes(x < y), [1.0, 2.0], [2.0, 2.0]),
    ("x < y beside NaN", |x, y| Yes(x < y), [1.0, 2.0], [1.0, f64::NAN]),
    ("x <= y", |x, y| Yes(x <= y), [2.0, 2.0], [2.0, 1.0]),
    ("x > y", |x, y| Yes(x > y), [1.0, 2.0], [2.0, 1.0]),
    ("x > y at a tie", |x, y| Yes(x > y), [2.0, 1.0], [2.0, 2.0]),
    ("x >= y", |x, y| Yes(x >= y), [2.0, 2.0], [1.0, 2.0]),
    ("x >= y beside NaN", |x, y| Yes(x >= y), [2.0, 2.0], [f64::NAN, 2.0]),
    ("x == y", |x, y| Yes(x == y), [1.0, 2.0], [2.0, 2.0]),
    ("x != y", |x, y| Yes(x != y), [2.0, 2.0], [1.0, 2.0]),
    ("x < 1", |x, _| Yes(x < 1.0), [0.0, 0.0], [1.0, 0.0]),
    ("x <= 1", |x, _| Yes(x <= 1.0), [1.0, 0.0], [1.5, 0.0]),
    ("x > 1", |x, _| Yes(x > 1.0), [1.0, 0.0], [1.5, 0.0]),
    ("x >= 1", |x, _| Yes(x >= 1.0), [1.0, 0.0], [0.5, 0.0]),
    ("x == 1", |x, _| Yes(x == 1.0), [1.0, 0.0], [1.5, 0.0]),
    ("x != 1", |x, _| Yes(x != 1.0), [1.5, 0.0], [1.0, 0.0]),
    (
        "partial_cmp less",
        |x, y| Order(x.partial_cmp(&y)),
        [1.0, 2.0],
        [2.0, 2.0],
    ),
    (
        "partial_cmp equal",
        |x, y| Order(x.partial_cmp(&y)),
        [2.0, 2.0],
        [1.0, 2.0],
    ),
    (
        "partial_cmp greater",
        |x, y| Order(x.partial_cmp(&y)),
        [3.0, 2.0],
        [2.0, 2.0],
    ),
    (
        "partial_cmp unordered",
        |x, y| Order(x.partial_cmp(&y)),
        [f64::NAN, 2.0],
        [2.0, 2.0],
    ),
    (
        "partial_cmp to a number",
        |x, _| Order(x.partial_cmp(&1.0)),
        [0.0, 0.0],
        [2.0, 0.0],
    ),
    ("is_nan", |x, _| Yes(Float::is_nan(x)), [1.0, 0.0], [f64::NAN, 0.0]),
    (
        "is_nan of NaN",
        |x, _| Yes(Float::is_nan(x)),
        [f64::NAN, 0.0],
        [1.0, 0.0],
    ),
    (
        "is_infinite",
        |x, _| Yes(Float::is_infinite(x)),
        [1.0, 0.0],
        [f64::NEG_INFINITY, 0.0],
    ),
    (
        "is_finite",
        |x, _| Yes(Float::is_finite(x)),
        [1.0, 0.0],
        [f64::NAN, 0.0],
    ),
    ("is_normal", |x, _| Yes(Float::is_normal(x)), [1.0, 0.0], [1e-310, 0.0]),
    (
        "is_subnormal",
        |x, _| Yes(Float::is_subnormal(x)),
        [1.0, 0.0],
        [1e-310, 0.0],
    ),
    (
        "classify a zero",
        |x, _| Class(Float::classify(x)),
        [0.0, 0.0],
        [1e-310, 0.0],
    ),
    (
        "classify a subnormal",
        |x, _| Class(Float::classify(x)),
        [1e-310, 0.0],
        [1.0, 0.0],
    ),
    (
        "classify a normal",
        |x, _| Class(Float::classify(x)),
        [1.0, 0.0],
        [f64::INFINITY, 0.0],
    ),
    (
        "classify an infinity",
        |x, _| Class(Float::classify(x)),
        [f64::INFINITY, 0.0],
        [1.0, 0.0],
    ),
    (
        "classify NaN",
        |x, _| Class(Float::classify(x)),
        [f64::NAN, 0.0],
        [1.0, 0.0],
    ),
    (
        "is_sign_negative",
        |x, _| Yes(Float::is_sign_negative(x)),
        [0.0, 0.0],
        [-0.0, 0.0],
    ),
    (
        "is_sign_positive",
        |x, _| Yes(Float::is_sign_positive(x)),
        [3.0, 0.0],
        [-3.0, 0.0],
    ),
    ("is_zero", |x, _| Yes(x.is_zero()), [-0.0, 0.0], [1.0, 0.0]),
    ("to_i64", |x, _| Whole(x.to_i64()), [2.5, 0.0], [3.5, 0.0]),
    ("to_i64 beyond", |x, _| Whole(x.to_i64()), [2.5, 0.0], [1e30, 0.0]),
    (
        "to_i32",
        |x, _| Whole(x.to_i32().map(i64::from)),
        [2.5, 0.0],
        [-2.5, 0.0],
    ),
    (
        "to_isize",
        |x, _| Whole(x.to_isize().map(|n| n as i64)),
        [2.5, 0.0],
        [5.5, 0.0],
    ),
    (
        "to_i128",
        |x, _| Whole(x.to_i128().map(|n| n as i64)),
        [2.5, 0.0],
        [5.5, 0.0],
    ),
    ("to_u64", |x, _| Number(x.to_u64()), [2.5, 0.0], [-2.5, 0.0]),
    (
        "to_usize",
        |x, _| Number(x.to_usize().map(|n| n as u64)),
        [2.5, 0.0],
        [7.5, 0.0],
    ),
    (
        "to_u8",
        |x, _| Number(x.to_u8().map(u64::from)),
        [255.5, 0.0],
        [256.0, 0.0],
    ),
    (
        "to_u128",
        |x, _| Number(x.to_u128().map(|n| n as u64)),
        [2.5, 0.0],
        [7.5, 0.0],
    ),
    (
        "to_f64",
        |x, _| Number(x.to_f64().map(f64::to_bits)),
        [0.0, 0.0],
        [-0.0, 0.0],
    ),
    (
        "to_f32",
        |x, _| Number(x.to_f32().map(|n| n.to_bits().into())),
        [0.5, 0.0],
        [0.25, 0.0],
    ),
    (
        "integer_decode",
        |x, _| {
            let (m, e, s) = Float::integer_decode(x);
            Parts(m, e, s)
        },
        [0.5, 0.0],
        [0.25, 0.0],
    ),
];

#[test]
fn a_flipped_answer_is_an_error_and_leaves_values_stale_until_it_is_flipped_back() {
    for &(name, question, here, there) in QUESTIONS {
        for (here, there) in [(here, there), (there, here)] {
            let mut g = Graph::new();
            let [x, y] = here.map(|v| g.leaf(v));
            let product = g.mul(x, y);
            let answer = question(g.expr(x), g.expr(y));
            let want = question(Expr::constant(here[0]), Expr::constant(here[1]));
            assert_eq!(answer, want, "{name} at {here:?}");
            assert_ne!(
                answer,
                question(Expr::constant(there[0]), Expr::constant(there[1])),
                "{name}"
            );
            assert!(!g.guards().is_empty(), "{name}");
            g.forward()
                .unwrap_or_else(|error| panic!("{name} at {here:?}, unchanged: {error}"));
            let set = |g: &mut Graph, [vx, vy]: [f64; 2]| {
                g.set(x, vx);
                g.set(y, vy);
            };

            set(&mut g, there);
            let error = g.forward().expect_err(name);
            let Error::GuardFlipped {
                left,
                relation,
                right,
                recorded,
            } = error
            else {
                panic!("{name}: {error}")
            };
            let named = |guard: &wengert::Guard| {
                (guard.left, guard.relation, guard.right, guard.recorded) == (left, relation, right, recorded)
            };
            assert!(g.guards().iter().any(named), "{name}: {error}");
            let text = error.to_string();
            for part in [
                left.to_string(),
                right.to_string(),
                relation.to_string(),
                recorded.to_string(),
            ] {
                assert!(text.contains(&part), "{name}: {text} without {part}");
            }
            assert_eq!(g.try_value(product), Err(Error::StaleValue { node: product }), "{name}");
            assert!(g.forward().is_err(), "{name}: asked again");

            set(&mut g, here);
            g.forward()
                .unwrap_or_else(|error| panic!("{name} at {here:?}, set back: {error}"));
            let want = here[0] * here[1];
            assert!(g.value(product) == want || want.is_nan(), "{name}");
        }
    }
}

#[test]
fn the_guard_names_the_nodes_that_were_compared() {
    let mut g = Graph::new();
    let (x, y) = (g.leaf(1.0), g.leaf(2.0));
    let s = g.add(x, y);
    assert!(g.expr(s) > g.expr(y));
    g.set(x, -1.0);
    let flipped = Error::GuardFlipped {
        left: y,
        relation: Relation::Less,
        right: s,
        recorded: true,
    };
    assert_eq!(g.forward(), Err(flipped.clone()));
    assert_eq!(
        flipped.to_string(),
        "recorded was n1 < n2 = true, which the new values change: record the expression anew at these values"
    );
}

#[test]
fn the_first_flipped_guard_is_the_one_that_is_named() {
    let mut g = Graph::new();
    let x = g.leaf(1.0);
    let e = g.expr(x);
    assert!(e > 0.0 && e < 10.0 && e != 5.0);
    let relations: Vec<Relation> = g.guards().iter().map(|guard| guard.relation).collect();
    assert_eq!(relations, [Relation::Less, Relation::Less, Relation::Equal]);
    g.set(x, 5.0);
    assert!(matches!(
        g.forward(),
        Err(Error::GuardFlipped {
            relation: Relation::Equal,
            recorded: false,
            ..
        })
    ));
    g.set(x, 20.0);
    assert!(matches!(g.forward(), Err(Error::GuardFlipped { left, relation: Relation::Less, .. }) if left == x));
    g.set(x, -20.0);
    assert!(matches!(g.forward(), Err(Error::GuardFlipped { right, relation: Relation::Less, .. }) if right == x));
    g.set(x, 9.0);
    assert_eq!(g.forward(), Ok(()));
}

#[test]
fn values_that_branch_alike_replay() {
    let mut g = Graph::new();
    let x = g.leaf(3.0);
    let e = g.expr(x);
    let l = if e > 1.0 { e.ln() } else { e * e }.id();
    for value in [2.0, 1.5, 1e300] {
        g.set(x, value);
        g.forward().unwrap();
        assert_eq!(g.value(l), g.value(g.ln(x)));
    }
    g.set(x, 1.0);
    assert!(matches!(g.forward(), Err(Error::GuardFlipped { .. })));
}

#[test]
fn comparing_with_nan_is_held_to() {
    let mut g = Graph::new();
    let x = g.leaf(f64::NAN);
    let e = g.expr(x);
    assert!(!(e < 1.0) && !(e >= 1.0) && e != e);
    g.forward().unwrap();
    g.set(x, 0.0);
    assert!(g.forward().is_err());
}

#[test]
fn a_conversion_to_a_whole_number_holds_for_what_has_the_same_whole_part() {
    let mut g = Graph::new();
    let x = g.leaf(2.25);
    let n = g.expr(x).to_usize().unwrap();
    assert_eq!(n, 2);
    g.set(x, 2.75);
    assert_eq!(g.forward(), Ok(()));
    g.set(x, 3.0);
    assert!(g.forward().is_err());
}

#[test]
fn comparisons_among_free_constants_leave_none() {
    let g = Graph::new();
    let (a, b) = (Expr::constant(1.0), Expr::constant(2.0));
    assert!(a < b && a <= b && a != b && !(a > 3.0) && Some(std::cmp::Ordering::Less) == a.partial_cmp(&b));
    assert!(!Float::is_nan(a) && Float::is_normal(a) && Float::is_sign_positive(b) && !a.is_zero());
    assert_eq!((b.to_f64(), b.to_i64()), (Some(2.0), Some(2)));
    assert!(g.guards().is_empty() && g.is_empty());
}

#[test]
fn ops_that_decide_at_every_point_leave_none() {
    let mut g = Graph::new();
    let (x, y) = (g.leaf(1.0), g.leaf(-2.0));
    let [a, b] = [x, y].map(|n| g.expr(n));
    let l = a.max(b) + a.min(b) + b.abs() + b.relu() + Expr::lt(a, b).select(a, b) + a.clamp(b, 5.0) + b.sign();
    let l = (l + a.floor() + Float::signum(b) + b.step() + a.copysign(b)).id();
    assert!(g.guards().is_empty());
    g.set(x, -3.0);
    g.set(y, 4.0);
    g.forward().unwrap();
    let want = 4.0 - 3.0 + 4.0 + 4.0 - 3.0 + 4.0 + 1.0 - 3.0 + 1.0 + 1.0 + 3.0;
    assert_eq!(g.value(l), want);
}

#[test]
fn a_rewind_drops_the_guards_made_since() {
    let mut g = Graph::new();
    let x = g.leaf(1.0);
    let y = g.sin(x);
    assert!(g.expr(x) > 0.0);
    let kept = g.guards();
    let mark = g.mark();
    assert!(g.expr(x) < 2.0 && g.expr(y) < g.expr(x));
    assert_eq!(g.guards().len(), 3);
    g.rewind(mark);
    assert_eq!(g.guards(), kept);
    g.set(x, 3.0);
    assert_eq!(g.forward(), Ok(()), "what was dropped is not held to");
    g.set(x, -3.0);
    assert!(g.forward().is_err(), "what was kept is");
}

#[test]
fn a_rewind_drops_guards_that_came_without_a_node() {
    let mut g = Graph::new();
    let (x, y) = (g.leaf(1.0), g.leaf(2.0));
    let mark = g.mark();
    assert!(g.expr(x) < g.expr(y));
    assert_eq!((g.len(), g.guards().len()), (2, 1));
    g.rewind(mark);
    assert!(g.guards().is_empty());
    g.set(x, 3.0);
    assert_eq!(g.forward(), Ok(()));
}

#[test]
fn a_reset_drops_the_guards() {
    let mut g = Graph::new();
    assert!(g.var(1.0) > 0.0);
    g.reset();
    assert!(g.guards().is_empty());
    let x = g.leaf(-1.0);
    g.set(x, -2.0);
    assert_eq!(g.forward(), Ok(()));
}

/// Bisection: as many comparisons as steps.
fn root<'g>(f: impl Fn(Expr<'g>) -> Expr<'g>, mut low: Expr<'g>, mut high: Expr<'g>) -> Expr<'g> {
    for _ in 0..30 {
        let middle = (low + high) * 0.5;
        if f(middle) > 0.0 {
            high = middle;
        } else {
            low = middle;
        }
    }
    (low + high) * 0.5
}

#[test]
fn an_algorithm_that_branches_replays_along_its_path_alone() {
    let mut g = Graph::new();
    let (low, high) = (g.leaf(0.0), g.leaf(2.0));
    let l = root(|x| x * x - 2.0, g.expr(low), g.expr(high)).id();
    assert!((g.value(l) - 2f64.sqrt()).abs() < 1e-9);
    assert_eq!(g.guards().len(), 30);
    g.set(high, 2.0000000001);
    assert_eq!(g.forward(), Ok(()));
    g.set(high, 3.0);
    let error = g.forward().unwrap_err();
    assert!(matches!(error, Error::GuardFlipped { .. }), "{error}");
    let known = |node: NodeId| g.try_node(node).is_ok();
    assert!(g.guards().iter().all(|guard| known(guard.left) && known(guard.right)));
}

#[test]
fn the_gradient_as_graph_keeps_the_guards() {
    let mut g = Graph::new();
    let x = g.leaf(3.0);
    let e = g.expr(x);
    let l = if e > 1.0 { e.ln() } else { e * e }.id();
    let slope = g.gradient(l, &[x])[0];
    assert_eq!(g.guards().len(), 1);
    g.set(x, 4.0);
    g.forward().unwrap();
    assert_eq!(g.value(slope), 0.25);
    g.set(x, 0.5);
    assert!(g.forward().is_err());
    assert!(g.try_value(slope).is_err());
}

#[test]
fn relations_are_what_they_say() {
    use Relation::*;
    let nan = f64::NAN;
    let table = [
        (Less, 1.0, 2.0, true),
        (Less, 2.0, 2.0, false),
        (Less, nan, 2.0, false),
        (LessEqual, 2.0, 2.0, true),
        (LessEqual, 3.0, 2.0, false),
        (LessEqual, 2.0, nan, false),
        (Equal, 0.0, -0.0, true),
        (Equal, nan, nan, false),
        (Unordered, nan, 1.0, true),
        (Unordered, 1.0, nan, true),
        (Unordered, 1.0, 2.0, false),
        (SameBits, 0.0, -0.0, false),
        (SameBits, nan, nan, true),
        (SameSign, 0.0, -0.0, false),
        (SameSign, -1.0, f64::NEG_INFINITY, true),
    ];
    for (relation, x, y, holds) in table {
        assert_eq!(relation.holds(x, y), holds, "{x} {relation} {y}");
    }
    let mut names: Vec<&str> = Relation::ALL.iter().map(|relation| relation.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Relation::ALL.len());
}
