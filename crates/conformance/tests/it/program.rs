//! What must not change a bit of a program's results: lanes, the place in a batch, batch or single point,
//! threads, passes, saving. The values themselves are checked with those of all routes.
//!
//! `cargo test -p conformance --test it program -- --nocapture` prints how much was compared.

use conformance::dag::{Case, parse};
use conformance::data;
use conformance::formula::{Formula, Instruction};
use conformance::route::derive::Derive;
use conformance::route::program::Compiled;
use conformance::route::{Answer, Question, Route};
use conformance::table;
use conformance::words::{Operands, WORDS};
use wengert_program::{InstructionSet, Options, Setup, Workspace};

/// Numbers of lanes: those that a program chooses (16 to 64), fewer, more, and some that are rounded.
const LANES: [usize; 10] = [1, 4, 8, 12, 16, 20, 32, 64, 99, 5000];

/// Each file of formulas, and how many points it has in all.
const FILES: [(&str, usize); 4] =
    [("exprs.txt", 667), ("exprs_replay.txt", 602), ("mgh_dags.txt", 15), ("adbench_dags.txt", 1)];

fn question<'a>(case: &'a Case, points: &'a [&'a [f64]]) -> Question<'a> {
    Question { formula: &case.formula, outputs: &case.outputs, points, hessian: case.hessian }
}

fn points(case: &Case) -> Vec<&[f64]> {
    case.points.iter().map(|point| &point.x[..]).collect()
}

fn compile(question: Question<'_>, options: &Options) -> Compiled {
    Compiled::new(question, options).unwrap_or_else(|e| panic!("{e}"))
}

/// Every instruction set of this processor, to be run on one thread.
fn setups() -> Vec<Setup> {
    let sets = InstructionSet::available();
    sets.into_iter().map(|set| Setup::new().instructions(set).threads(1)).collect()
}

fn bits(answers: &[Answer]) -> Vec<u64> {
    answers.iter().flat_map(Answer::bits).collect()
}

/// Asserts that the answers, at `points[k]` for each `k` of `order`, have these bits.
fn assert_bits(
    actual: &[Vec<Answer>],
    order: impl Iterator<Item = usize>,
    expected: &[Vec<u64>],
    at: &dyn std::fmt::Debug,
) {
    let mut order = order.into_iter();
    for (place, (actual, k)) in actual.iter().zip(order.by_ref()).enumerate() {
        assert_eq!(bits(actual), expected[k], "{at:?}: point {k} at place {place}");
    }
    assert!(order.next().is_none(), "{at:?}: too few answers");
}

/// The bits of a program at each of the points, alone; asserts that it gives the same ones in
/// batches of any number of lanes at any place. Returns the number of answers compared too.
fn assert_any_lanes_and_place(compiled: &Compiled, points: &[&[f64]], setup: Setup, lanes: &[usize]) -> usize {
    let mut workspace = Workspace::with(setup);
    let alone = |x: &&[f64]| bits(&compiled.at(x, &mut workspace).unwrap());
    let alone: Vec<Vec<u64>> = points.iter().map(alone).collect();
    // Enough points that every block of lanes leaves a remainder, and that every point is run in
    // several lanes and next to different points.
    let many = points.len().max(6) * 2 + 3;
    let mut compared = alone.len();
    for &lanes in lanes {
        let mut workspace = Workspace::with(setup.lanes(lanes));
        let at = (workspace.instructions(), lanes);
        let order = |start: usize| (0..many).map(move |k| (start + k) % points.len());
        for start in 0..points.len().min(2) {
            let batch: Vec<&[f64]> = order(start).map(|k| points[k]).collect();
            let actual = compiled.at_all(&batch, &mut workspace).unwrap();
            assert_bits(&actual, order(start), &alone, &at);
            compared += many;
        }
        let actual = points.iter().map(|x| compiled.at(x, &mut workspace).unwrap());
        assert_bits(&actual.collect::<Vec<_>>(), 0..points.len(), &alone, &at);
        compared += points.len();
    }
    compared
}

#[test]
fn formulas_have_the_same_bits_with_any_lanes_and_at_any_place_of_a_batch() {
    for (file, count) in FILES {
        let parsed = parse(&data(file)).unwrap();
        let (mut seen, mut compared) = (0, 0);
        for case in &parsed {
            let points = points(case);
            for options in [Options::new(), Options::fast()] {
                let compiled = compile(question(case, &points), &options);
                for setup in setups() {
                    compared += assert_any_lanes_and_place(&compiled, &points, setup, &LANES);
                }
            }
            seen += points.len();
        }
        assert_eq!(seen, count, "points of {file}");
        println!("{file}: {compared} answers compared");
    }
}

#[test]
fn functions_have_the_same_bits_beside_any_others() {
    // A kernel that computes only some lanes must not change the bits of the others.
    for (file, functions, count) in [("unary.tsv", 47, 4843), ("binary.tsv", 20, 2910)] {
        let rows = table::parse(&data(file)).unwrap();
        let (mut names, mut seen, mut compared) = (Vec::new(), 0, 0);
        for group in rows.chunk_by(|a, b| a.formula == b.formula) {
            let points: Vec<&[f64]> = group.iter().map(|row| &row.x[..]).collect();
            let formula = &group[0].formula;
            let outputs = [formula.code.len() - 1];
            let question = Question { formula, outputs: &outputs, points: &points, hessian: true };
            let compiled = compile(question, &Options::new());
            for setup in setups() {
                compared += assert_any_lanes_and_place(&compiled, &points, setup, &LANES);
            }
            names.push(&group[0].key[0]);
            seen += points.len();
        }
        names.sort();
        names.dedup();
        assert_eq!((names.len(), seen), (functions, count), "{file}");
        println!("{file}: {compared} answers compared");
    }
}

#[test]
fn threads_change_no_bit() {
    let mut shared = 0;
    for file in ["exprs_replay.txt", "adbench_dags.txt"] {
        for case in parse(&data(file)).unwrap().iter().step_by(9) {
            let points = points(case);
            let compiled = compile(question(case, &points), &Options::new());
            // Enough work for a batch to be split among threads.
            let many = 200_000 / compiled.program().report().body_steps + 67;
            let order = || (0..many).map(|k| k % points.len());
            let batch: Vec<&[f64]> = order().map(|k| points[k]).collect();
            let mut one = Workspace::with(Setup::new().threads(1));
            let alone: Vec<Vec<u64>> = points.iter().map(|x| bits(&compiled.at(x, &mut one).unwrap())).collect();
            for threads in [1, 2, 3, 8] {
                let mut workspace = Workspace::with(Setup::new().threads(threads));
                let actual = compiled.at_all(&batch, &mut workspace).unwrap();
                assert_bits(&actual, order(), &alone, &(file, &case.id, threads));
            }
            shared += 1;
        }
    }
    assert_eq!(shared, 14);
}

/// Every combination of fold, share, dead, order and reuse, on and off.
fn all_passes() -> Vec<Options> {
    let on = |k: usize, pass: usize| k >> pass & 1 == 1;
    let options = |k| {
        let options = Options::new().fold(on(k, 0)).share(on(k, 1)).dead(on(k, 2));
        options.order(on(k, 3)).reuse(on(k, 4))
    };
    (0..32).map(options).collect()
}

/// No pass, each pass alone, all but each, all.
fn few_passes() -> Vec<Options> {
    let all = all_passes();
    let few = (0..32_usize).filter(|k| matches!(k.count_ones(), 0 | 1 | 4 | 5));
    few.map(|k| all[k]).collect()
}

/// Asserts that a case has the same bits with these passes. Returns the number of answers compared.
fn assert_any_passes(case: &Case, passes: &[Options]) -> usize {
    let points = points(case);
    let mut workspaces: Vec<Workspace> = setups().into_iter().map(Workspace::with).collect();
    let mut run = |options: &Options| -> Vec<Vec<Vec<u64>>> {
        let compiled = compile(question(case, &points), options);
        let answers = workspaces.iter_mut().map(|w| compiled.at_all(&points, w).unwrap());
        answers.map(|answers| answers.iter().map(|a| bits(a)).collect()).collect()
    };
    let plain = run(&Options::plain());
    for options in passes {
        assert_eq!(run(options), plain, "case {} (line {}) with {options:?}", case.id, case.line);
    }
    passes.len() * points.len() * plain.len()
}

#[test]
fn no_pass_but_fusing_changes_a_bit() {
    for (file, count) in FILES {
        let passes = if file == "exprs_replay.txt" { all_passes() } else { few_passes() };
        let parsed = parse(&data(file)).unwrap();
        let compared: usize = parsed.iter().map(|case| assert_any_passes(case, &passes)).sum();
        assert_eq!(compared, count * passes.len() * setups().len(), "{file}");
        println!("{file}: {compared} answers compared");
    }
}

#[test]
fn saving_changes_no_bit_and_there_are_no_guards_to_drop() {
    for (file, count) in FILES {
        let mut seen = 0;
        for case in parse(&data(file)).unwrap() {
            let points = points(&case);
            for options in [Options::new(), Options::fast()] {
                let compiled = compile(question(&case, &points), &options);
                // A max chooses at every point; it is not a comparison with a guard.
                assert_eq!(compiled.program().report().guards, 0, "case {}", case.id);
                let loaded = compiled.saved_and_loaded().unwrap();
                for setup in setups() {
                    let mut workspace = Workspace::with(setup);
                    let [before, after] = [&compiled, &loaded].map(|c| c.at_all(&points, &mut workspace).unwrap());
                    let before: Vec<Vec<u64>> = before.iter().map(|a| bits(a)).collect();
                    assert_bits(&after, 0..points.len(), &before, &(file, &case.id));
                }
            }
            seen += points.len();
        }
        assert_eq!(seen, count, "points of {file}");
    }
}

#[test]
fn arithmetic_has_the_bits_of_the_graph_on_every_instruction_set() {
    const ARITHMETIC: [&str; 11] = ["neg", "recip", "sqrt", "abs", "relu", "add", "sub", "mul", "div", "max", "min"];
    let plain = |i: &Instruction| match i {
        Instruction::Apply { word, .. } => ARITHMETIC.contains(&word.name),
        Instruction::Input(_) | Instruction::Const(_) => true,
    };
    let mut compared = 0;
    for (file, _) in FILES {
        for case in parse(&data(file)).unwrap() {
            if !case.formula.code.iter().all(plain) {
                continue;
            }
            let points = points(&case);
            let graph = Derive.answer(question(&case, &points)).unwrap();
            let graph: Vec<Vec<u64>> = graph.iter().map(|a| bits(a)).collect();
            let compiled = compile(question(&case, &points), &Options::new());
            for setup in setups() {
                let actual = compiled.at_all(&points, &mut Workspace::with(setup)).unwrap();
                assert_bits(&actual, 0..points.len(), &graph, &(file, &case.id));
            }
            compared += points.len();
        }
    }
    println!("{compared} points compared");
    assert!(compared > 0);
}

#[test]
fn every_op_has_the_same_bits_beside_any_values_and_without_passes() {
    use std::f64::consts::{E, PI};
    let values = [
        [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, 3.0],
        [-3.0, 1e-310, 5e-324, -1e-310, 1e-20, 0.1, 0.9, -0.9],
        [E, -PI, 12.0, -12.0, 40.0, -40.0, 709.0, 746.0],
        [-746.0, 1e6, -1e6, 1e18, 1e300, -1e300, f64::MAX, f64::MIN],
        [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1.5, 2.5, -2.5, 1e-5, 171.5],
    ];
    let values = values.as_flattened();
    // The operands combined in different ways: six points per value for an op of several operands.
    let point = |inputs: usize, k: usize| -> Vec<f64> {
        let place = |i: usize| k * [1, 11, 7][i] + i * (k / values.len());
        (0..inputs).map(|i| values[place(i) % values.len()]).collect()
    };
    let (mut compared, mut problems) = (0, Vec::new());
    for word in WORDS {
        let inputs = match word.operands {
            Operands::Exactly(n) => n,
            Operands::AtLeast(_) => 3,
        };
        let integers: &[&str] = if word.integer { &["0", "1", "2", "3", "7"] } else { &[""] };
        for integer in integers {
            let operands = ["0", "0 1", "0 1 2"][inputs - 1];
            let formula = Formula::parse(inputs, &format!("{} {operands} {integer}", word.name)).unwrap();
            let count = values.len() * if inputs == 1 { 1 } else { 6 };
            let x: Vec<Vec<f64>> = (0..count).map(|k| point(inputs, k)).collect();
            let points: Vec<&[f64]> = x.iter().map(|x| &x[..]).collect();
            let question = Question { formula: &formula, outputs: &[inputs], points: &points, hessian: true };
            let compiled = compile(question, &Options::new());
            let plain = compile(question, &Options::plain());
            for setup in setups() {
                compared += assert_any_lanes_and_place(&compiled, &points, setup, &[4, 16, 20, 64]);
                let mut workspace = Workspace::with(setup);
                let [actual, plain] = [&compiled, &plain].map(|c| c.at_all(&points, &mut workspace).unwrap());
                let plain: Vec<Vec<u64>> = plain.iter().map(|a| bits(a)).collect();
                let at = (word.name, integer, workspace.instructions());
                for ((k, x), actual) in points.iter().enumerate().zip(&actual) {
                    if bits(actual) != plain[k] {
                        problems.push(format!("{at:?} at {x:?}: {actual:?}, without passes {:x?}", plain[k]));
                    }
                }
            }
        }
    }
    println!("{compared} answers compared");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
