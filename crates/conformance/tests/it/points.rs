//! The files of single functions, through every route, in ulp.
//!
//! `cargo test -p conformance --test it points -- --nocapture` prints the worst figure of each function and route.
//! `just accuracy` writes the worst of all routes into `docs/promises.md`, and these tests hold it.

use std::collections::BTreeMap;

use conformance::bounds::{FIRST_ULP, HIGH_POLYGAMMA, Limit, SECOND_ULP, Tally, VALUE_ULP};
use conformance::data;
use conformance::route::{self, Question};
use conformance::table::{Row, parse};

/// Whether an infinity is excused: the value overflows and the sign is right.
fn overflows(row: &Row, actual: f64, expected: f64) -> bool {
    row.has_tag("overflow_f") && actual.is_infinite() && actual.signum() == expected.signum()
}

/// The name of the row's function, with the order of a polygamma.
fn function(row: &Row) -> String {
    let [name, n, _] = &row.key;
    match &name[..] {
        "polygamma" => format!("{name} {n}"),
        _ => name.clone(),
    }
}

/// The limit for a derivative of this order; order 0 is the value.
fn limit(row: &Row, order: usize) -> Limit {
    let polygamma = if row.key[0] == "polygamma" { row.key[1].parse().expect("an order") } else { 0 };
    if polygamma > 0 && polygamma + order >= 3 { HIGH_POLYGAMMA } else { [VALUE_ULP, FIRST_ULP, SECOND_ULP][order] }
}

/// Runs a file of functions with this number of arguments through every route.
fn run(file: &str, inputs: usize, functions: usize, rows: usize) {
    let parsed = parse(&data(file)).unwrap();
    assert_eq!(parsed.len(), rows, "rows of {file}");
    let mut problems = Vec::new();
    let mut worst: BTreeMap<String, [f64; 3]> = BTreeMap::new();
    for route in route::all() {
        let mut tallies: BTreeMap<String, [Tally; 3]> = BTreeMap::new();
        for row in &parsed {
            assert_eq!(row.x.len(), inputs, "{file} line {}", row.line);
            let question = Question {
                formula: &row.formula,
                outputs: &[row.formula.code.len() - 1],
                points: &[&row.x],
                hessian: true,
            };
            let answer = route.answer(question).unwrap().remove(0).remove(0);
            let limits = [0, 1, 2].map(|order| limit(row, order));
            let tallies = tallies.entry(function(row)).or_insert_with(|| limits.map(Tally::new));
            let (value, partials) = row.expected.split_first().expect("the corpus has values");
            let (first, second) = partials.split_at(inputs);
            let hessian = answer.hessian.as_deref().unwrap_or_default();
            assert_eq!(answer.gradient.len(), inputs);
            assert!(hessian.len() == second.len() || !route.gives_hessians());
            let pairs = [(&[*value][..], &[answer.value][..]), (first, &answer.gradient), (second, hessian)];
            for (order, (expected, actual)) in pairs.into_iter().enumerate() {
                for (k, (&exact, &actual)) in expected.iter().zip(actual).enumerate() {
                    let undefined = exact.hi.is_nan();
                    let off = exact.ulps(actual) != 0.0;
                    if undefined || (order > 0 && off && overflows(row, actual, exact.hi)) {
                        continue;
                    }
                    let [name, a, b] = &row.key;
                    let at = || format!("{file} line {} {name} {a} {b} [{k}]", row.line);
                    if limits[order].what == HIGH_POLYGAMMA.what {
                        tallies[order].check(at, actual, exact, 1e-13 * exact.hi.abs());
                    } else {
                        tallies[order].check_ulps(at, actual, exact);
                    }
                }
            }
        }
        assert_eq!(tallies.len(), functions, "functions of {file}");
        println!("{file} through {}", route.name());
        for (name, tallies) in &tallies {
            let worst = worst.entry(name.clone()).or_default();
            for (worst, tally) in worst.iter_mut().zip(tallies).filter(|(_, t)| t.limit().what != HIGH_POLYGAMMA.what) {
                *worst = worst.max(tally.worst);
            }
            for tally in tallies.iter().filter(|t| t.checked > 0) {
                println!("  {name:11} {}", tally.summary());
                let name = route.name();
                problems.extend(tally.failures().iter().map(|f| format!("{name}: {f}")));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    let promised = promised();
    for (name, worst) in worst {
        // Rounded up, so that the promise holds.
        let [value, first, second] = worst.map(|ulps| (ulps * 100.0).ceil() / 100.0);
        println!("| `{name}` | {value:.2} | {first:.2} | {second:.2} |");
        let most = promised.get(&name).copied().unwrap_or_default();
        let kept = std::env::var("WENGERT_MEASURE").is_ok() || worst.iter().zip(most).all(|(&w, most)| w <= most);
        assert!(kept, "{name}: {worst:?} ulp, but docs/promises.md promises {most:?}");
    }
}

/// What `docs/promises.md` says of each function, in ulp.
fn promised() -> BTreeMap<String, [f64; 3]> {
    let text = include_str!("../../../../docs/promises.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    rows.filter_map(|row| {
        let (name, numbers) = row.split_once("` | ")?;
        let numbers: Vec<f64> = numbers.split(" | ").map_while(|number| number.parse().ok()).collect();
        Some((name.to_string(), numbers.try_into().ok()?))
    })
    .collect()
}

#[test]
fn functions_of_one_argument_are_accurate() {
    run("unary.tsv", 1, 52, 4843);
}

#[test]
fn functions_of_two_arguments_are_accurate() {
    run("binary.tsv", 2, 20, 2910);
}
