//! The files of formulas, through every route: values, gradients, Hessians, no case skipped.
//!
//! `cargo test -p conformance --test it corpus -- --nocapture` prints the worst figure of each file.

use conformance::bounds::{GRADIENT, HESSIAN, Tally, VALUE, largest};
use conformance::dag::{Case, Expected, parse};
use conformance::data;
use conformance::route::{self, Answer, Question, Route};

/// A case's answers at all its points, recorded at the first of them.
fn answers(route: &dyn Route, case: &Case, points: &[&[f64]]) -> Vec<Vec<Answer>> {
    let question = Question { formula: &case.formula, outputs: &case.outputs, points, hessian: case.hessian };
    let answers = route.answer(question);
    answers.unwrap_or_else(|e| panic!("{} case {}: {e}", route.name(), case.id))
}

fn points(case: &Case) -> Vec<&[f64]> {
    case.points.iter().map(|point| &point.x[..]).collect()
}

/// Checks `actual` against `expected`, entry by entry.
fn check_all(tally: &mut Tally, at: &str, actual: &[f64], expected: &[Expected], unit: impl Fn(f64, f64) -> f64) {
    assert_eq!(actual.len(), expected.len(), "{at}: number of entries");
    let most = largest(expected);
    for (k, (&actual, e)) in actual.iter().zip(expected).enumerate() {
        tally.check(|| format!("{at} [{k}]"), actual, e.exact, unit(e.bound, most));
    }
}

/// Runs a file through every route. It must have this number of cases, points and Hessians.
fn run(file: &str, [cases, results, hessians]: [usize; 3]) {
    let parsed = parse(&data(file)).unwrap();
    assert_eq!(parsed.len(), cases, "cases of {file}");
    let mut problems = Vec::new();
    for route in route::all() {
        let [mut values, mut gradients, mut seconds] = [VALUE, GRADIENT, HESSIAN].map(Tally::new);
        let (mut checked, mut checked_hessians) = (0, 0);
        for case in &parsed {
            let answers = answers(&*route, case, &points(case));
            for (p, (point, answers)) in case.points.iter().zip(&answers).enumerate() {
                for expected in &point.outputs {
                    let at = format!("{file} case {} (line {}) point {p}", case.id, case.line);
                    let answer = &answers[expected.output];
                    let value = [expected.value.expect("the corpus has every value")];
                    let unit = |bound, most| VALUE.unit(bound, most);
                    check_all(&mut values, &at, &[answer.value], &value, unit);
                    let gradient = expected.gradient.as_ref().expect("and every gradient");
                    let unit = |bound, most| GRADIENT.unit(bound, most);
                    check_all(&mut gradients, &at, &answer.gradient, gradient, unit);
                    checked += 1;
                    let Some(hessian) = &expected.hessian else {
                        continue;
                    };
                    checked_hessians += 1;
                    if route.gives_hessians() {
                        let actual = answer.hessian.as_ref().expect("a Hessian was asked for");
                        let unit = |bound, most| HESSIAN.hessian_unit(bound, most);
                        check_all(&mut seconds, &at, actual, hessian, unit);
                    }
                }
            }
        }
        assert_eq!([checked, checked_hessians], [results, hessians], "results of {file}");
        println!("{file} through {}", route.name());
        for tally in [values, gradients, seconds] {
            println!("  {}", tally.summary());
            let name = route.name();
            problems.extend(tally.failures().iter().map(|f| format!("{name}: {f}")));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn random_expressions_are_right() {
    run("exprs.txt", [667, 667, 169]);
}

#[test]
fn random_expressions_are_right_at_every_further_point() {
    run("exprs_replay.txt", [117, 602, 0]);
}

#[test]
fn classical_optimization_problems_are_right() {
    run("mgh_dags.txt", [15, 15, 14]);
}

#[test]
fn a_gaussian_mixture_is_right() {
    run("adbench_dags.txt", [1, 1, 1]);
}

#[test]
fn a_further_point_has_the_bits_of_a_first_one() {
    let parsed = parse(&data("exprs_replay.txt")).unwrap();
    let flips = parsed.iter().flat_map(|c| &c.points).filter(|p| p.outputs[0].flips).count();
    assert_eq!(flips, 157);
    for route in route::all() {
        for case in &parsed {
            let together = answers(&*route, case, &points(case));
            for (point, answer) in points(case).into_iter().zip(&together) {
                let alone = answers(&*route, case, &[point]);
                assert_eq!(alone[0][0].bits(), answer[0].bits(), "{} case {}", route.name(), case.id);
            }
        }
    }
}

#[test]
fn routes_that_sweep_back_by_the_same_functions_give_the_same_numbers() {
    // To the bit, except for the sign of a zero: a sweep over numbers adds to +0.
    let mut compared = 0;
    for file in ["exprs.txt", "exprs_replay.txt", "mgh_dags.txt", "adbench_dags.txt"] {
        for case in parse(&data(file)).unwrap() {
            let mut routes = route::all();
            routes.retain(|route| route.sweeps_back() && !route.has_lanes());
            let mut first = None;
            for route in &routes {
                let mut found = answers(&**route, &case, &points(&case));
                for answer in found.iter_mut().flatten() {
                    answer.hessian = None;
                }
                let name = (route.name(), file, &case.id);
                assert_eq!(&found, first.get_or_insert_with(|| found.clone()), "{name:?}");
                compared += found.iter().flatten().count();
            }
        }
    }
    // The sweep and the gradient as graph.
    assert_eq!(compared, 2 * (667 + 602 + 15 + 1));
}
