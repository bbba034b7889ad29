//! The special points of docs/conventions.md, every line of its table, through every route.
//!
//! A row of the table below: `inputs | code | value | gradient | Hessian's lower triangle`.
//! The inputs are the first instructions, so the first of `code` has the index after theirs;
//! the last one is the output. `-` leaves a number unspecified, a missing column all of them.
//! In the value column `+0` and `-0` tell the zeros apart, `0` means either.

use conformance::formula::{Formula, Instruction};
use conformance::route::dual::evaluate;
use conformance::route::sweep::record;
use conformance::route::{self, Answer, Question, Route};
use conformance::words::{Operands, WORDS};
use wengert::Series;

const TABLE: &str = "
# Values: IEEE 754 and C Annex F.
0 0            | pow 0 1     | 1
nan 0          | pow 0 1     | 1
inf 0          | pow 0 1     | 1
1 nan          | pow 0 1     | 1
1 -inf         | pow 0 1     | 1
inf nan        | hypot 0 1   | inf
nan -inf       | hypot 0 1   | inf
0 0            | atan2 0 1   | +0
-0 0           | atan2 0 1   | -0
0 -0           | atan2 0 1   | pi
-0 -0          | atan2 0 1   | -pi
-0 1           | atan2 0 1   | -0
-0 -1          | atan2 0 1   | -pi
-0             | sqrt 0      | -0
0              | ln 0        | -inf
-0             | ln 0        | -inf

# max and min with a NaN.
nan 1          | max 0 1     | nan | nan nan | nan nan nan
1 nan          | max 0 1     | nan | nan nan | nan nan nan
nan nan        | max 0 1     | nan | nan nan | nan nan nan
nan inf        | max 0 1     | nan | nan nan | nan nan nan
nan 1          | min 0 1     | nan | nan nan | nan nan nan
1 nan          | min 0 1     | nan | nan nan | nan nan nan
-inf nan       | min 0 1     | nan | nan nan | nan nan nan
1 nan 3        | max_of 0 1 2 | nan | nan nan nan
1 nan 3        | min_of 0 1 2 | nan | nan nan nan
nan            | clamp 0 0 0 | nan | nan | nan

# max and min at a tie.
2 2            | max 0 1     | 2   | 1/2 1/2 | 0 0 0
2 2            | min 0 1     | 2   | 1/2 1/2 | 0 0 0
0 -0           | max 0 1     | +0  | 1/2 1/2 | 0 0 0
0 -0           | min 0 1     | -0  | 1/2 1/2 | 0 0 0
inf inf        | max 0 1     | inf | 1/2 1/2 | 0 0 0
3              | max 0 0     | 3   | 1 | 0
3              | min 0 0     | 3   | 1 | 0
7 7 7 1        | max_of 0 1 2 3 | 7 | 1/3 1/3 1/3 0 | 0 0 0 0 0 0 0 0 0 0
7 9 7 7        | min_of 0 1 2 3 | 7 | 1/3 0 1/3 1/3 | 0 0 0 0 0 0 0 0 0 0
7 7 1          | max_of 0 1 2   | 7 | 1/2 1/2 0 | 0 0 0 0 0 0
5              | max_of 0 0 0 0 | 5 | 1 | 0
2 1 3          | clamp 0 1 2 | 2   | 1 0 0 | 0 0 0 0 0 0
0 1 3          | clamp 0 1 2 | 1   | 0 1 0 | 0 0 0 0 0 0
4 1 3          | clamp 0 1 2 | 3   | 0 0 1 | 0 0 0 0 0 0
1 1 3          | clamp 0 1 2 | 1   | 1/2 1/2 0 | 0 0 0 0 0 0
3 1 3          | clamp 0 1 2 | 3   | 1/2 0 1/2 | 0 0 0 0 0 0
1 1 1          | clamp 0 1 2 | 1   | 1/4 1/4 1/2 | 0 0 0 0 0 0

# Kinks at zero.
0              | abs 0       | +0  | 0 | 0
-0             | abs 0       | +0  | 0 | 0
0              | relu 0      | 0   | 0 | 0
-0             | relu 0      | 0   | 0 | 0
0              | sign 0      | 0   | 0 | 0
-0             | sign 0      | 0   | 0 | 0
-3             | sign 0      | -1  | 0 | 0

# An end of the domain: the one-sided limit.
0              | sqrt 0      | +0  | inf | -inf
-0             | sqrt 0      | -0  | inf | -inf
0              | ln 0        | -inf | inf | -inf
-0             | ln 0        | -inf | inf | -inf
0              | log2 0      | -inf | inf | -inf
0              | log10 0     | -inf | inf | -inf
-1             | ln_1p 0     | -inf | inf | -inf
1              | asin 0      | -   | inf | inf
-1             | asin 0      | -   | inf | -inf
1              | acos 0      | +0  | -inf | -inf
-1             | acos 0      | pi  | -inf | inf
1              | acosh 0     | +0  | inf | -inf
1              | atanh 0     | inf | inf | inf
-1             | atanh 0     | -inf | inf | -inf
0              | cbrt 0      | +0  | inf | -inf
-0             | cbrt 0      | -0  | inf | inf

# Outside the domain.
-1             | sqrt 0      | nan | nan | nan
-inf           | sqrt 0      | nan | nan | nan
-1             | ln 0        | nan | nan | nan
-5e-324        | ln 0        | nan | nan | nan
-inf           | ln 0        | nan | nan | nan
-1             | log2 0      | nan | nan | nan
-1             | log10 0     | nan | nan | nan
-2             | ln_1p 0     | nan | nan | nan
-inf           | ln_1p 0     | nan | nan | nan
2              | asin 0      | nan | nan | nan
-2             | asin 0      | nan | nan | nan
inf            | asin 0      | nan | nan | nan
2              | acos 0      | nan | nan | nan
-2             | acos 0      | nan | nan | nan
0.5            | acosh 0     | nan | nan | nan
0              | acosh 0     | nan | nan | nan
-0             | acosh 0     | nan | nan | nan
-1             | acosh 0     | nan | nan | nan
-2             | acosh 0     | nan | nan | nan
-inf           | acosh 0     | nan | nan | nan
2              | atanh 0     | nan | nan | nan
-2             | atanh 0     | nan | nan | nan
inf            | atanh 0     | nan | nan | nan
inf            | sin 0       | nan | nan | nan
-inf           | cos 0       | nan | nan | nan
inf            | tan 0       | nan | nan | nan
-2             | digamma 0   | nan | nan | nan
-inf           | digamma 0   | nan | nan | nan
inf            | fract 0     | nan | nan | nan
-inf           | fract 0     | nan | nan | nan

# pow at x = 0: d/dx is y 0^(y-1), d/dy is 0.
0 0            | pow 0 1     | 1   | 0 0
0 0.5          | pow 0 1     | 0   | inf 0 | -inf - 0
0 1            | pow 0 1     | 0   | 1 0   | 0 - 0
0 1.5          | pow 0 1     | 0   | 0 0   | inf 0 0
0 2            | pow 0 1     | 0   | 0 0   | 2 0 0
0 3            | pow 0 1     | 0   | 0 0   | 0 0 0
0 1e308        | pow 0 1     | 0   | 0 0   | 0 0 0
0 inf          | pow 0 1     | 0   | 0 0   | 0 0 0
-0 3           | pow 0 1     | -0  | 0 0   | 0 0 0
0 -1           | pow 0 1     | inf | -inf -
0              | const 4000000000000000; pow 0 1 | 0 | 0 | 2
0              | const 3ff0000000000000; pow 0 1 | 0 | 1 | 0
0              | const 0000000000000000; pow 0 1 | 1 | 0 | 0

# pow at x < 0: d/dx exact for whole y, d/dy NaN.
-2 3           | pow 0 1     | -8  | 12 nan | -12 - -
-2 -2          | pow 0 1     | 1/4 | 1/4 nan | 3/8 - -
-2 0           | pow 0 1     | 1   | 0 nan | 0 - -
-2 1           | pow 0 1     | -2  | 1 nan | 0 - -
-2 0.5         | pow 0 1     | nan | nan nan
-2             | const 4008000000000000; pow 0 1 | -8 | 12 | -12

# powi, with any exponent.
0              | powi 0 0    | 1   | 0 | 0
5              | powi 0 0    | 1   | 0 | 0
-5             | powi 0 0    | 1   | 0 | 0
inf            | powi 0 0    | 1   | 0 | 0
nan            | powi 0 0    | 1   | 0 | 0
0              | powi 0 1    | 0   | 1 | 0
0              | powi 0 2    | 0   | 0 | 2
0              | powi 0 3    | 0   | 0 | 0
nan            | powi 0 1    | nan | 1 | 0
nan            | powi 0 2    | nan | nan | 2
-0             | powi 0 3    | -0  | 0 | 0
0              | powi 0 -1   | inf | -inf | inf
1              | powi 0 -2147483648  | 1  | -2147483648 | 4611686020574871552
-1             | powi 0 -2147483648  | 1  | 2147483648 | 4611686020574871552
-1             | powi 0 2147483647   | -1 | 2147483647 | -4611686011984936962
2              | powi 0 -2147483648  | 0  | 0 | 0
0              | powi 0 -2147483648  | inf | -inf | inf
2              | powi 0 2147483647   | inf | inf | inf

# hypot and atan2 at the origin.
0 0            | hypot 0 1   | +0  | 0 0 | 0 0 0
-0 0           | hypot 0 1   | +0  | 0 0 | 0 0 0
0 0            | atan2 0 1   | +0  | 0 0 | 0 0 0
-0 0           | atan2 0 1   | -0  | 0 0 | 0 0 0
0 -0           | atan2 0 1   | pi  | 0 0 | 0 0 0

# logaddexp at the infinities.
inf inf        | logaddexp 0 1 | inf  | 1/2 1/2 | 1/4 -1/4 1/4
-inf -inf      | logaddexp 0 1 | -inf | 1/2 1/2 | 1/4 -1/4 1/4
inf -inf       | logaddexp 0 1 | inf  | 1 0 | 0 0 0
-inf inf       | logaddexp 0 1 | inf  | 0 1 | 0 0 0
3 -inf         | logaddexp 0 1 | 3    | 1 0 | 0 0 0
inf 3          | logaddexp 0 1 | inf  | 1 0 | 0 0 0
-inf -inf      | logsumexp 0 1 | -inf | 1/2 1/2 | 1/4 -1/4 1/4
inf inf        | logsumexp 0 1 | inf  | 1/2 1/2 | 1/4 -1/4 1/4
-inf 3         | logsumexp 0 1 | 3    | 0 1 | 0 0 0

# The limits at the infinities.
inf            | atan 0      | pi/2  | 0 | 0
-inf           | atan 0      | -pi/2 | 0 | 0
inf            | asinh 0     | inf   | 0 | 0
-inf           | asinh 0     | -inf  | 0 | 0
inf            | acosh 0     | inf   | 0 | 0
inf            | erf 0       | 1     | 0 | 0
-inf           | erf 0       | -1    | 0 | 0
inf            | erfc 0      | 0     | 0 | 0
-inf           | erfc 0      | 2     | 0 | 0
inf            | norm_cdf 0  | 1     | 0 | 0
-inf           | norm_cdf 0  | 0     | 0 | 0
inf            | tanh 0      | 1     | 0 | 0
-inf           | tanh 0      | -1    | 0 | 0
inf            | sigmoid 0   | 1     | 0 | 0
-inf           | sigmoid 0   | 0     | 0 | 0
inf            | softplus 0  | inf   | 1 | 0
-inf           | softplus 0  | 0     | 0 | 0
inf            | ln 0        | inf   | 0 | 0
inf            | log2 0      | inf   | 0 | 0
inf            | log10 0     | inf   | 0 | 0
inf            | ln_1p 0     | inf   | 0 | 0
inf            | sqrt 0      | inf   | 0 | 0
inf            | cbrt 0      | inf   | 0 | 0
-inf           | cbrt 0      | -inf  | 0 | 0
inf            | recip 0     | 0     | 0 | 0
-inf           | recip 0     | -0    | 0 | 0
-inf           | exp 0       | 0     | 0 | 0
-inf           | exp2 0      | 0     | 0 | 0
-inf           | exp_m1 0    | -1    | 0 | 0
inf            | exp 0       | inf   | inf | inf
inf            | lgamma 0    | inf   | inf | 0
inf            | digamma 0   | inf   | 0 | 0
inf            | relu 0      | inf   | 1 | 0
-inf           | relu 0      | 0     | 0 | 0
-inf           | abs 0       | inf   | -1 | 0
inf 1          | hypot 0 1   | inf   | 1 0 | 0 0 0
1 -inf         | hypot 0 1   | inf   | 0 -1 | 0 0 0

# The guarded product: an unused branch, a factor of zero, an inner zero.
-1             | const 0000000000000000; gt 0 1; sqrt 0; select 2 3 1 | 0 | 0 | 0
0              | const 0000000000000000; gt 0 1; sqrt 0; select 2 3 1 | 0 | 0 | 0
4              | const 0000000000000000; gt 0 1; sqrt 0; select 2 3 1 | 2 | 1/4 | -1/32
0              | const 0000000000000000; sqrt 0; mul 1 2 | 0 | 0 | 0
0              | mul 0 0; sqrt 1 | 0 | 0
0 0            | mul 0 1     | 0   | 0 0 | 0 1 0
0 5            | mul 0 1     | 0   | 5 0 | 0 1 0
0 4            | sqrt 1; mul 0 2 | 0 | 2 0 | 0 1/4 0

# Arithmetic and select keep their algebraic partials beside a NaN.
nan 2          | add 0 1     | nan | 1 1 | 0 0 0
nan 2          | sub 0 1     | nan | 1 -1 | 0 0 0
nan 2          | mul 0 1     | nan | 2 nan | 0 1 0
nan 2          | div 0 1     | nan | 1/2 nan
nan 2 1        | sum 0 1 2   | nan | 1 1 1 | 0 0 0 0 0 0
1 nan 2        | select 0 1 2 | nan | 0 1 0 | 0 0 0 0 0 0
0 nan 2        | select 0 1 2 | 2   | 0 0 1 | 0 0 0 0 0 0
";

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
            None => text.parse().unwrap_or_else(|_| panic!("{text:?} is no number")),
        },
    })
}

fn agrees(got: f64, expected: f64) -> bool {
    got == expected || (got.is_nan() && expected.is_nan())
}

/// What is wrong with `got` against a column of a row.
fn column(what: &str, column: Option<&&str>, got: &[f64], problems: &mut Vec<String>) {
    let Some(column) = column else { return };
    let expected: Vec<&str> = column.split_whitespace().collect();
    assert_eq!(expected.len(), got.len(), "{what}: {column}");
    for (k, (text, &got)) in expected.iter().zip(got).enumerate() {
        let signed = what == "value" && (*text == "+0" || *text == "-0");
        let wrong = number(text).is_some_and(|expected| {
            !agrees(got, expected) || (signed && got.is_sign_negative() != expected.is_sign_negative())
        });
        if wrong {
            problems.push(format!("{what}[{k}] is {got:e}, expected {text}"));
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
    let question = Question {
        formula,
        outputs: &[formula.code.len() - 1],
        points: &[x],
        hessian: true,
    };
    route.answer(question).unwrap().remove(0).remove(0)
}

#[test]
fn every_special_point_is_as_the_conventions_say() {
    assert_eq!(rows().count(), 199);
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
    assert_eq!(formulas.iter().map(|(_, points)| points.len() - 1).sum::<usize>(), 199);
    for route in route::all() {
        for (formula, points) in &formulas {
            let points: Vec<&[f64]> = points.iter().map(|x| &x[..]).collect();
            let question = Question {
                formula,
                outputs: &[formula.code.len() - 1],
                points: &points,
                hessian: true,
            };
            let together = route.answer(question).unwrap();
            for (x, together) in points.iter().zip(&together) {
                let alone = answer(&*route, formula, x);
                let (name, code) = (route.name(), &formula.code);
                assert_eq!(
                    alone.bits(),
                    together[0].bits(),
                    "{name} {code:?} {x:?}: {alone:?}, {together:?}"
                );
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
            let got = answer(&*route, &formula, &x);
            let first = first.get_or_insert_with(|| got.clone());
            if !agrees(got.value, first.value) || !agree(&got.gradient, &first.gradient) {
                problems.push(format!("{line}: {name} {got:?}, not {first:?}"));
            }
            let Some(hessian) = got.hessian else { continue };
            let second = second.get_or_insert_with(|| hessian.clone());
            if !agree(&hessian, second) {
                problems.push(format!("{line}: {name} {hessian:?}, not {second:?}"));
            }
        }
        // Either triangle of a Hessian must do.
        let (graph, inputs, nodes) = record(&formula, &x).unwrap();
        let output = *nodes.last().unwrap();
        let tangents = graph.hessian(output, &inputs);
        let partials = graph.gradient(output, &inputs);
        let values = |nodes: Vec<_>| nodes.into_iter().map(|n| graph.value(n)).collect();
        let nodes: Vec<Vec<f64>> = partials
            .into_iter()
            .map(|partial| values(graph.gradient(partial, &inputs)))
            .collect();
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
            let got = *evaluate(&formula, &inputs).unwrap().last().unwrap();
            // The diagonal of a lower triangle.
            let expected = [answer.value, answer.gradient[k], hessian[k * (k + 3) / 2]];
            let got: [f64; 3] = std::array::from_fn(|order| got.derivative(order));
            if !got.into_iter().zip(expected).all(|(g, e)| agrees(g, e)) {
                problems.push(format!("{line}: along {k}: {got:?}, not {expected:?}"));
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
            // The cube is the lowest power that is not algebraic up to its second derivative.
            let integer = if word.name == "powi" {
                3
            } else {
                i32::from(word.integer)
            };
            let apply = Instruction::Apply {
                word,
                operands: vec![0],
                integer,
            };
            let formula = Formula {
                inputs: 1,
                code: vec![Instruction::Input(0), apply],
            };
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
