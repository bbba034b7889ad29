//! Every question about a recorded value leaves a guard. `forward` refuses values with another answer, and works
//! again at values with the recorded answer.

use std::num::FpCategory;

use num_traits::{Float, ToPrimitive, Zero};
use wengert::{Error, Expr, Graph, Relation};

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

/// Every question by name, with values of `x` and `y` at which it has one answer, and values at which it has another.
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
    ("partial_cmp less", |x, y| Order(x.partial_cmp(&y)), [1.0, 2.0], [2.0, 2.0]),
    ("partial_cmp equal", |x, y| Order(x.partial_cmp(&y)), [2.0, 2.0], [1.0, 2.0]),
    ("partial_cmp greater", |x, y| Order(x.partial_cmp(&y)), [3.0, 2.0], [2.0, 2.0]),
    ("partial_cmp unordered", |x, y| Order(x.partial_cmp(&y)), [f64::NAN, 2.0], [2.0, 2.0]),
    ("partial_cmp to a number", |x, _| Order(x.partial_cmp(&1.0)), [0.0, 0.0], [2.0, 0.0]),
    ("is_nan", |x, _| Yes(Float::is_nan(x)), [1.0, 0.0], [f64::NAN, 0.0]),
    ("is_nan of NaN", |x, _| Yes(Float::is_nan(x)), [f64::NAN, 0.0], [1.0, 0.0]),
    ("is_infinite", |x, _| Yes(Float::is_infinite(x)), [1.0, 0.0], [f64::NEG_INFINITY, 0.0]),
    ("is_finite", |x, _| Yes(Float::is_finite(x)), [1.0, 0.0], [f64::NAN, 0.0]),
    ("is_normal", |x, _| Yes(Float::is_normal(x)), [1.0, 0.0], [1e-310, 0.0]),
    ("is_subnormal", |x, _| Yes(Float::is_subnormal(x)), [1.0, 0.0], [1e-310, 0.0]),
    ("classify a zero", |x, _| Class(Float::classify(x)), [0.0, 0.0], [1e-310, 0.0]),
    ("classify a subnormal", |x, _| Class(Float::classify(x)), [1e-310, 0.0], [1.0, 0.0]),
    ("classify a normal", |x, _| Class(Float::classify(x)), [1.0, 0.0], [f64::INFINITY, 0.0]),
    ("classify an infinity", |x, _| Class(Float::classify(x)), [f64::INFINITY, 0.0], [1.0, 0.0]),
    ("classify NaN", |x, _| Class(Float::classify(x)), [f64::NAN, 0.0], [1.0, 0.0]),
    ("is_sign_negative", |x, _| Yes(Float::is_sign_negative(x)), [0.0, 0.0], [-0.0, 0.0]),
    ("is_sign_positive", |x, _| Yes(Float::is_sign_positive(x)), [3.0, 0.0], [-3.0, 0.0]),
    ("is_zero", |x, _| Yes(x.is_zero()), [-0.0, 0.0], [1.0, 0.0]),
    ("to_i64", |x, _| Whole(x.to_i64()), [2.5, 0.0], [3.5, 0.0]),
    ("to_i64 beyond", |x, _| Whole(x.to_i64()), [2.5, 0.0], [1e30, 0.0]),
    ("to_i32", |x, _| Whole(x.to_i32().map(i64::from)), [2.5, 0.0], [-2.5, 0.0]),
    ("to_isize", |x, _| Whole(x.to_isize().map(|n| n as i64)), [2.5, 0.0], [5.5, 0.0]),
    ("to_i128", |x, _| Whole(x.to_i128().map(|n| n as i64)), [2.5, 0.0], [5.5, 0.0]),
    ("to_u64", |x, _| Number(x.to_u64()), [2.5, 0.0], [-2.5, 0.0]),
    ("to_usize", |x, _| Number(x.to_usize().map(|n| n as u64)), [2.5, 0.0], [7.5, 0.0]),
    ("to_u8", |x, _| Number(x.to_u8().map(u64::from)), [255.5, 0.0], [256.0, 0.0]),
    ("to_u128", |x, _| Number(x.to_u128().map(|n| n as u64)), [2.5, 0.0], [7.5, 0.0]),
    ("to_f64", |x, _| Number(x.to_f64().map(f64::to_bits)), [0.0, 0.0], [-0.0, 0.0]),
    ("to_f32", |x, _| Number(x.to_f32().map(|n| n.to_bits().into())), [0.5, 0.0], [0.25, 0.0]),
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
            assert_ne!(answer, question(Expr::constant(there[0]), Expr::constant(there[1])), "{name}");
            assert!(!g.guards().is_empty(), "{name}");
            g.forward().unwrap_or_else(|error| panic!("{name} at {here:?}, unchanged: {error}"));
            let set = |g: &mut Graph, [vx, vy]: [f64; 2]| {
                g.set(x, vx);
                g.set(y, vy);
            };

            set(&mut g, there);
            let error = g.forward().expect_err(name);
            let Error::GuardFlipped { left, relation, right, recorded, .. } = error else { panic!("{name}: {error}") };
            let named = |guard: &wengert::Guard| {
                (guard.left, guard.relation, guard.right, guard.recorded) == (left, relation, right, recorded)
            };
            assert!(g.guards().iter().any(named), "{name}: {error}");
            let text = error.to_string();
            for part in [g.name_of(left), g.name_of(right), relation.to_string(), recorded.to_string()] {
                assert!(text.contains(&part), "{name}: {text} without {part}");
            }
            assert_eq!(g.try_value(product), Err(Error::StaleValue { node: product, label: None }), "{name}");
            assert!(g.forward().is_err(), "{name}: asked again");

            set(&mut g, here);
            g.forward().unwrap_or_else(|error| panic!("{name} at {here:?}, set back: {error}"));
            let want = here[0] * here[1];
            assert!(g.value(product) == want || want.is_nan(), "{name}");
        }
    }
}

#[test]
fn relations_hold_as_documented() {
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
