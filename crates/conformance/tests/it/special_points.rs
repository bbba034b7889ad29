//! The special points of docs/conventions.md, every line of its table, through every route.
//!
//! `special_points.txt` holds them and says how they are written.

use conformance::formula::{Formula, Instruction};
use conformance::route::dual::evaluate;
use conformance::route::sweep::record;
use conformance::route::{self, Answer, Question, Route};
use conformance::words::{Operands, WORDS};
use wengert::Series;

const TABLE: &str = include_str!("special_points.txt");

/// The number of rows, so that a lost row is noticed.
const ROWS: usize = 284;

/// Reads a number of the table; `None` leaves it unspecified.
fn number(text: &str) -> Option<f64> {
    use std::f64::consts::{FRAC_PI_2, PI};
    Some(match text {
        "-" => return None,
        "pi" => PI,
        "-pi" => -PI,
        "pi/2" => FRAC_PI_2,
        "-pi/2" => -FRAC_PI_2,
        _ => match text.split_once('/') {
            Some((p, q)) => p.parse::<f64>().unwrap() / q.parse::<f64>().unwrap(),
            None => text.parse().unwrap_or_else(|_| panic!("{text:?} is not a number")),
        },
    })
}

fn agrees(actual: f64, expected: f64) -> bool {
    actual == expected || (actual.is_nan() && expected.is_nan())
}

/// What is wrong with `actual` against a column of a row.
fn column(what: &str, column: Option<&&str>, actual: &[f64], problems: &mut Vec<String>) {
    let Some(column) = column else { return };
    let expected: Vec<&str> = column.split_whitespace().collect();
    assert_eq!(expected.len(), actual.len(), "{what}: {column}");
    for (k, (text, &actual)) in expected.iter().zip(actual).enumerate() {
        let signed = what == "value" && (*text == "+0" || *text == "-0");
        let wrong = number(text).is_some_and(|expected| {
            !agrees(actual, expected) || (signed && actual.is_sign_negative() != expected.is_sign_negative())
        });
        if wrong {
            problems.push(format!("{what}[{k}] is {actual:e}, expected {text}"));
        }
    }
}

/// The rows of the table: the line, its columns, the formula and the point.
fn rows() -> impl Iterator<Item = (&'static str, Vec<&'static str>, Formula, Vec<f64>)> {
    let lines = TABLE.lines().filter(|l| !l.is_empty() && !l.starts_with('#'));
    lines.map(|line| {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let x = columns[0].split_whitespace();
        let x: Vec<f64> = x.map(|t| number(t).unwrap()).collect();
        let formula = Formula::parse(x.len(), columns[1]).unwrap();
        (line, columns, formula, x)
    })
}

fn answer(route: &dyn Route, formula: &Formula, x: &[f64]) -> Answer {
    let question = Question { formula, outputs: &[formula.code.len() - 1], points: &[x], hessian: true };
    let answer = route.answer(question).unwrap().remove(0).remove(0);
    let entries = route.gives_hessians().then_some(x.len() * (x.len() + 1) / 2);
    assert_eq!(answer.hessian.as_ref().map(Vec::len), entries, "{}", route.name());
    answer
}

#[test]
fn every_special_point_is_as_the_conventions_say() {
    assert_eq!(rows().count(), ROWS);
    let mut problems = Vec::new();
    for route in route::all() {
        for (line, columns, formula, x) in rows() {
            let answer = answer(&*route, &formula, &x);
            let mut wrong = Vec::new();
            column("value", columns.get(2), &[answer.value], &mut wrong);
            column("gradient", columns.get(3), &answer.gradient, &mut wrong);
            if let Some(hessian) = &answer.hessian {
                column("hessian", columns.get(4), hessian, &mut wrong);
            }
            let name = route.name();
            problems.extend(wrong.into_iter().map(|w| format!("{name}: {line}: {w}")));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn special_points_have_the_same_bits_recorded_at_another_point() {
    let mut formulas: Vec<(Formula, Vec<Vec<f64>>)> = Vec::new();
    for (_, _, formula, x) in rows() {
        match formulas.iter_mut().find(|(known, _)| *known == formula) {
            Some((_, points)) => points.push(x),
            None => formulas.push((formula, vec![x])),
        }
    }
    for (formula, points) in &mut formulas {
        let ordinary = (0..formula.inputs).map(|k| [0.75, 0.25, 0.5, 0.125][k]);
        points.insert(0, ordinary.collect());
    }
    assert_eq!(formulas.iter().map(|(_, points)| points.len() - 1).sum::<usize>(), ROWS);
    for route in route::all() {
        for (formula, points) in &formulas {
            let points: Vec<&[f64]> = points.iter().map(|x| &x[..]).collect();
            let question = Question { formula, outputs: &[formula.code.len() - 1], points: &points, hessian: true };
            let together = route.answer(question).unwrap();
            for (x, together) in points.iter().zip(&together) {
                let alone = answer(&*route, formula, x);
                let (name, code) = (route.name(), &formula.code);
                assert_eq!(alone.bits(), together[0].bits(), "{name} {code:?} {x:?}: {alone:?}, {together:?}");
            }
        }
    }
}

#[test]
fn routes_agree_at_special_points_to_the_second_order() {
    let mut problems = Vec::new();
    let agree = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(&a, &b)| agrees(a, b));
    for (line, _, formula, x) in rows() {
        let (mut first, mut second): (Option<Answer>, Option<Vec<f64>>) = (None, None);
        for route in route::all() {
            let name = route.name();
            let actual = answer(&*route, &formula, &x);
            let first = first.get_or_insert_with(|| actual.clone());
            if !agrees(actual.value, first.value) || !agree(&actual.gradient, &first.gradient) {
                problems.push(format!("{line}: {name} {actual:?}, not {first:?}"));
            }
            let Some(hessian) = actual.hessian else { continue };
            let second = second.get_or_insert_with(|| hessian.clone());
            if !agree(&hessian, second) {
                problems.push(format!("{line}: {name} {hessian:?}, not {second:?}"));
            }
        }
        // Both triangles of a Hessian must be right.
        let (graph, inputs, nodes) = record(&formula, &x).unwrap();
        let output = *nodes.last().unwrap();
        let tangents = graph.hessian(output, &inputs);
        let partials = graph.gradient_nodes(output, &inputs);
        let values = |nodes: Vec<_>| nodes.into_iter().map(|n| graph.value(n)).collect();
        let nodes: Vec<Vec<f64>> =
            partials.into_iter().map(|partial| values(graph.gradient_nodes(partial, &inputs))).collect();
        let names = ["tangent", "derive"];
        for (name, rows) in names.into_iter().zip([tangents, nodes]) {
            for j in 0..x.len() {
                for k in 0..j {
                    if !agrees(rows[j][k], rows[k][j]) {
                        problems.push(format!("{line}: {name}: not symmetric: {rows:?}"));
                    }
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn series_along_an_axis_agree_at_special_points_to_the_second_order() {
    let mut problems = Vec::new();
    for (line, _, formula, x) in rows() {
        let routes = route::all();
        let second = routes.iter().find(|route| route.gives_hessians());
        let answer = answer(&**second.unwrap(), &formula, &x);
        let hessian = answer.hessian.unwrap();
        for k in 0..x.len() {
            let input = |(j, &x): (usize, &f64)| Series::<3>::moving(x, if j == k { 1.0 } else { 0.0 });
            let inputs: Vec<Series<3>> = x.iter().enumerate().map(input).collect();
            let actual = *evaluate(&formula, &inputs).unwrap().last().unwrap();
            // The diagonal of a lower triangle.
            let expected = [answer.value, answer.gradient[k], hessian[k * (k + 3) / 2]];
            let actual: [f64; 3] = std::array::from_fn(|order| actual.derivative(order));
            if !actual.into_iter().zip(expected).all(|(g, e)| agrees(g, e)) {
                problems.push(format!("{line}: along {k}: {actual:?}, not {expected:?}"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_function_of_a_nan_is_nan_and_so_is_its_derivative() {
    let mut problems = Vec::new();
    for route in route::all() {
        let functions = WORDS.iter().filter(|word| {
            // The negative is arithmetic; detach, a stop, has a derivative of 0 by definition.
            word.operands == Operands::Exactly(1) && !["neg", "detach"].contains(&word.name)
        });
        for word in functions {
            // The cube is the lowest power whose second derivative still depends on the operand.
            let integer = if word.name == "powi" { 3 } else { i32::from(word.integer) };
            let apply = Instruction::Apply { word, operands: vec![0], integer };
            let formula = Formula { inputs: 1, code: vec![Instruction::Input(0), apply] };
            let answer = answer(&*route, &formula, &[f64::NAN]);
            let mut numbers = vec![answer.value, answer.gradient[0]];
            numbers.extend(answer.hessian.iter().flatten());
            if !numbers.iter().all(|n| n.is_nan()) {
                problems.push(format!("{}: {}: {numbers:?}", route.name(), word.name));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn sums_products_and_means_have_the_bits_of_the_fold_from_the_left() {
    let x: Vec<f64> = (0..25).map(|k| (1.3 + f64::from(k)).sin() * 3.7).collect();
    let operands: Vec<String> = (0..x.len()).map(|k| k.to_string()).collect();
    let sum = x.iter().fold(0.0, |sum, x| sum + x);
    let product = x.iter().fold(1.0, |product, x| product * x);
    let folds = [("sum", sum), ("product", product), ("mean", sum / 25.0)];
    for route in route::all() {
        for (name, expected) in folds {
            let code = format!("{name} {}", operands.join(" "));
            let formula = Formula::parse(x.len(), &code).unwrap();
            let answer = answer(&*route, &formula, &x);
            assert_eq!(answer.value.to_bits(), expected.to_bits(), "{} {name}", route.name());
        }
    }
}

#[test]
fn the_partial_of_a_remainder_is_the_whole_part_of_the_quotient_next_to_its_jumps() {
    // Numbers from 0.1 to 100 are multiples of 2^-56: times 2^56 they are whole numbers below 2^63.
    let whole = |x: f64| (x * 2f64.powi(56)) as u64;
    let formula = Formula::parse(2, "rem 0 1").unwrap();
    for route in route::all() {
        for k in 1..1000 {
            let x = [f64::from(k) / 10.0, 0.1];
            let quotient = whole(x[0]) / whole(x[1]);
            let actual = answer(&*route, &formula, &x);
            assert_eq!(actual.gradient, [1.0, -(quotient as f64)], "{}: {x:?}", route.name());
        }
    }
}

#[test]
fn the_partial_of_a_remainder_is_exact_up_to_2_to_the_51_and_then_within_2_ulps() {
    let mut state = 1u64;
    let mut mantissa = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 12 | 1 << 52
    };
    let cases: Vec<(u64, u64, i32)> =
        (0..70).flat_map(|shift| std::iter::repeat_n(shift, 40)).map(|shift| (mantissa(), mantissa(), shift)).collect();
    let points: Vec<[f64; 2]> = cases.iter().map(|&(x, y, shift)| [x as f64 * 2f64.powi(shift), y as f64]).collect();
    let points: Vec<&[f64]> = points.iter().map(|x| &x[..]).collect();
    let formula = Formula::parse(2, "rem 0 1").unwrap();
    for route in route::all() {
        let question = Question { formula: &formula, outputs: &[2], points: &points, hessian: false };
        let answers = route.answer(question).unwrap();
        for (&(x, y, shift), answer) in cases.iter().zip(answers) {
            let quotient = (u128::from(x) << shift) / u128::from(y);
            let off = (-answer[0].gradient[1]) as i128 - quotient as i128;
            let allowed = match quotient.max(1).ilog2() {
                ..51 => 0,
                51 => 1,
                bits => 2 << (bits - 52),
            };
            assert!(off.abs() <= allowed, "{}: {x} 2^{shift} / {y}: off by {off}", route.name());
        }
    }
}

#[test]
fn norms_keep_their_digits_over_the_whole_range() {
    let inf = f64::INFINITY;
    let third = 1.0 / 3f64.sqrt();
    let half = 0.5f64.sqrt();
    // The point, the gradient, the Hessian's lower triangle.
    let cases: [(&[f64], &[f64], &[f64]); 8] = [
        (&[5e-324; 2], &[half; 2], &[inf, -inf, inf]),
        (&[5e-324; 3], &[third; 3], &[inf, -inf, inf, -inf, -inf, inf]),
        (&[1.0, 1e-9], &[1.0, 1e-9], &[1e-18, -1e-9, 1.0]),
        (&[1e-200, 1.0], &[1e-200, 1.0], &[1.0, -1e-200, 0.0]),
        (&[1e-170, 1e-200], &[1.0, 1e-30], &[1e110, -1e140, 1e170]),
        (
            &[1e-300, 2e-300],
            &[0.2f64.sqrt(), 0.8f64.sqrt()],
            &[0.8 / (5f64.sqrt() * 1e-300), -0.4 / (5f64.sqrt() * 1e-300), 0.2 / (5f64.sqrt() * 1e-300)],
        ),
        // The norm itself overflows.
        (
            &[1.5e308; 3],
            &[third; 3],
            &[
                2.566001196398e-309,
                -1.283000598199e-309,
                2.566001196398e-309,
                -1.283000598199e-309,
                -1.283000598199e-309,
                2.566001196398e-309,
            ],
        ),
        (&[-1.5e308, 1.5e308], &[-half, half], &[0.5 * half / 1.5e308, 0.5 * half / 1.5e308, 0.5 * half / 1.5e308]),
    ];
    for route in route::all() {
        for (x, gradient, hessian) in cases {
            let operands: Vec<String> = (0..x.len()).map(|k| k.to_string()).collect();
            let formula = Formula::parse(x.len(), &format!("norm {}", operands.join(" "))).unwrap();
            let actual = answer(&*route, &formula, x);
            let close = |actual: &[f64], want: &[f64], by: f64| {
                actual.iter().zip(want).all(|(g, w)| g == w || (g - w).abs() <= by * w.abs())
            };
            let name = route.name();
            assert!(close(&actual.gradient, gradient, 4e-16), "{name} {x:?}: {actual:?}");
            // Subnormal numbers have no more than twelve digits here.
            let second = actual.hessian.as_deref();
            assert!(second.is_none_or(|second| close(second, hessian, 1e-12)), "{name} {x:?}: {actual:?}");
        }
    }
}

#[test]
fn infinite_slopes_that_cancel_are_0_forward_and_nan_in_reverse() {
    // The root of the mean square less the square of the mean, at equal numbers.
    let code = "mul 0 0; mul 1 1; mean 2 3; mean 0 1; mul 5 5; sub 4 6; sqrt 7";
    let formula = Formula::parse(2, code).unwrap();
    for route in route::all() {
        let actual = answer(&*route, &formula, &[3.0, 3.0]);
        assert_eq!(actual.value, 0.0, "{}", route.name());
        let right = |x: &f64| if route.sweeps_back() { x.is_nan() } else { *x == 0.0 };
        assert!(actual.gradient.iter().all(right), "{}: {actual:?}", route.name());
        // Written as the norm of the deviations, all routes agree.
        let code = "mean 0 1; sub 0 2; sub 1 2; norm 3 4";
        let actual = answer(&*route, &Formula::parse(2, code).unwrap(), &[3.0, 3.0]);
        assert_eq!((actual.value, &actual.gradient[..]), (0.0, &[0.0; 2][..]), "{}", route.name());
    }
}
