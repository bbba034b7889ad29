//! Programs as source text, compiled by rustc and by the C compiler, and run.
//!
//! Each test writes one file for each language, with all its functions, and a `main` that reads points and writes what
//! the functions give.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::dag::{Recorded, bits, ops, record};
use wengert::{Expr, Graph, Imm, NodeId, Op, Scalar};
use wengert_program::{Error, Language, Options, Output, Program, Workspace};

/// What stands in the outputs before a call.
const SENTINEL: f64 = -7.25;

/// A function of a file, and the points to run it at.
struct Case {
    program: Program,
    points: Vec<Vec<f64>>,
}

/// What a function gives at a point: 0 or 1 + the guard that flipped, and the outputs.
type Answer = (usize, Vec<f64>);

/// Writes a program that answers for all cases, builds it, and runs it.
fn answers(name: &str, language: Language, cases: &[Case]) -> Vec<Vec<Answer>> {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("source-{}-{name}-{language:?}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let executable = match language {
        Language::Rust => rust(&folder, name, cases),
        _ => c(&folder, name, cases),
    };
    let mut child =
        Command::new(&executable).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
    let mut questions = String::new();
    for (k, case) in cases.iter().enumerate() {
        for point in &case.points {
            let _ = write!(questions, "{k}");
            for x in point {
                let _ = write!(questions, " {}", x.to_bits());
            }
            questions.push('\n');
        }
    }
    let mut stdin = child.stdin.take().expect("it is piped");
    let writer = std::thread::spawn(move || stdin.write_all(questions.as_bytes()).expect("it reads"));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("it writes");
    assert!(output.status.success(), "{executable:?}: {}", output.status);
    let text = String::from_utf8(output.stdout).expect("numbers");
    let mut lines = text.lines().map(|line| {
        let mut words = line.split(' ').map(|word| word.parse::<u64>().expect("a number"));
        let flag = words.next().expect("a flag") as usize;
        (flag, words.map(f64::from_bits).collect())
    });
    let answers = cases.iter().map(|case| lines.by_ref().take(case.points.len()).collect()).collect();
    std::fs::remove_dir_all(&folder).expect("it goes");
    answers
}

fn texts(language: Language, cases: &[Case]) -> String {
    let text = |(k, case): (usize, &Case)| case.program.source(language, &format!("f{k}")).expect("has a text");
    cases.iter().enumerate().map(text).collect()
}

fn rust(folder: &Path, name: &str, cases: &[Case]) -> PathBuf {
    let mut text = format!("#![deny(warnings)]\n\n{}\nfn main() {{\n", texts(Language::Rust, cases));
    text += "    for line in std::io::stdin().lines() {\n        let line = line.unwrap();\n";
    text += "        let mut words = line.split(' ').map(|word| word.parse::<u64>().unwrap());\n";
    text += "        let (case, x) = (words.next().unwrap(), words.map(f64::from_bits).collect::<Vec<f64>>());\n";
    text += "        let (flag, out) = match case {\n";
    for (k, case) in cases.iter().enumerate() {
        let _ = write!(text, "            {k} => {{ let mut out = [{SENTINEL}_f64; {}]; ", case.program.output_count());
        let call = format!("f{k}(x[..].try_into().unwrap(), &mut out)");
        let flag = match case.program.report().guards {
            0 => format!("{{ {call}; 0 }}"),
            _ => format!("{call}.map_or_else(|guard| guard + 1, |()| 0)"),
        };
        let _ = writeln!(text, "let flag: usize = {flag}; (flag, out.to_vec()) }}");
    }
    text += "            _ => unreachable!(),\n        };\n        print!(\"{flag}\");\n";
    text += "        out.iter().for_each(|y| print!(\" {}\", y.to_bits()));\n        println!();\n    }\n}\n";
    let (source, executable) = (folder.join(format!("{name}.rs")), folder.join(name));
    std::fs::write(&source, text).expect("the file is written");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let base = || {
        let mut command = Command::new(&rustc);
        command.arg("--edition=2021").arg(&source).arg("-o").arg(&executable);
        command
    };
    // Flags such as those of a sanitizer must be those of the library.
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    let mut failure = String::new();
    for library in libraries() {
        let library_folder = library.parent().expect("it is in a folder").display().to_string();
        let output = base()
            .args(flags.split_whitespace())
            .arg(format!("-Ldependency={library_folder}"))
            .arg(format!("--extern=wengert={}", library.display()))
            .output()
            .expect("rustc starts");
        if output.status.success() {
            return executable;
        }
        failure = String::from_utf8_lossy(&output.stderr).into_owned();
    }
    panic!("{}: {failure}", source.display());
}

/// The files of the crate `wengert` that cargo built beside this test, newest first: other builds may be there too.
fn libraries() -> Vec<PathBuf> {
    let test = std::env::current_exe().expect("a path");
    let entries = std::fs::read_dir(test.parent().expect("in a folder")).expect("a folder");
    let mut found: Vec<_> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            let is_engine = name.starts_with("libwengert-") && name.ends_with(".rlib");
            is_engine.then(|| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))?
        })
        .collect();
    found.sort();
    assert!(!found.is_empty(), "no library of the crate wengert beside {}", test.display());
    found.into_iter().rev().map(|(_, path)| path).collect()
}

fn c(folder: &Path, name: &str, cases: &[Case]) -> PathBuf {
    let mut text = texts(Language::C, cases);
    text += "\n#include <stdint.h>\n#include <inttypes.h>\n#include <stdio.h>\n#include <string.h>\n\n";
    text += "static double read_number(void)\n{\n    uint64_t bits;\n    double x;\n";
    text +=
        "    if (scanf(\"%\" SCNu64, &bits) != 1) return 0.0;\n    memcpy(&x, &bits, sizeof x);\n    return x;\n}\n\n";
    text += "int main(void)\n{\n    int k, flag, i, n = 0;\n    static double x[1000], out[1000];\n";
    text += "    while (scanf(\"%d\", &k) == 1) {\n        flag = 0;\n        switch (k) {\n";
    for (k, case) in cases.iter().enumerate() {
        let (inputs, outputs) = (case.program.input_count(), case.program.output_count());
        assert!(inputs <= 1000 && outputs <= 1000);
        let assign = if case.program.report().guards > 0 { "flag = " } else { "" };
        let _ = writeln!(
            text,
            "        case {k}: n = {outputs}; for (i = 0; i < {inputs}; i++) x[i] = read_number(); for (i = 0; i < n; i++) out[i] = {SENTINEL}; {assign}f{k}(x, out); break;"
        );
    }
    text += "        }\n        printf(\"%d\", flag);\n        for (i = 0; i < n; i++) {\n            uint64_t bits;\n";
    text += "            memcpy(&bits, &out[i], sizeof bits);\n            printf(\" %\" PRIu64, bits);\n        }\n";
    text += "        printf(\"\\n\");\n    }\n    return 0;\n}\n";
    let (source, executable) = (folder.join(format!("{name}.c")), folder.join(format!("{name}-c")));
    std::fs::write(&source, text).expect("the file is written");
    let output = Command::new("cc")
        .args(["-std=c99", "-O1", "-pedantic", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off"])
        .arg(&source)
        .arg("-o")
        .arg(&executable)
        .arg("-lm")
        .output()
        .expect("cc starts: a C compiler is needed for this test");
    assert!(output.status.success(), "{}: {}", source.display(), String::from_utf8_lossy(&output.stderr));
    executable
}

/// Whether a number of the text may stand for that of the program: at most 1e-12 of `size` off.
fn is_close(got: f64, expected: f64, size: f64) -> bool {
    bits(got) == bits(expected) || (got - expected).abs() <= 1e-12 * size.abs() + f64::MIN_POSITIVE
}

/// What a difference is measured by.
fn size(op: Op, operands: &[f64], value: f64) -> f64 {
    match op {
        // After cancellation, what counts is the last place of the operands.
        Op::Logsumexp | Op::Logaddexp => operands.iter().fold(value.abs(), |size, x| size.max(x.abs())),
        _ => value,
    }
}

fn eval(program: &Program, x: &[f64]) -> Result<Vec<f64>, Error> {
    let mut out = vec![f64::NAN; program.output_count()];
    program.eval(x, &mut out, &mut Workspace::new()).map(|()| out)
}

/// Numbers in a fixed random order.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n
    }

    fn number(&mut self) -> f64 {
        const SPECIAL: [f64; 14] = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            2.0,
            0.5,
            -3.0,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            1e-310,
            1e300,
            -700.0,
            36.5,
        ];
        match self.below(4) {
            0 => SPECIAL[self.below(SPECIAL.len())],
            1 => (self.below(2_000_001) as f64 - 1e6) * 1e-4,
            _ => (self.below(2_000_001) as f64 - 1e6) * 3e-6,
        }
    }
}

/// Every op with immediates, also those that need operands that fit together.
fn all_ops() -> Vec<(Op, usize, Imm)> {
    let mut all = ops();
    all.push((Op::Copysign, 2, [0.0; 2]));
    for [first, second] in [[1.0, 1.0], [2.0, 0.0], [0.0, 2.0], [2.0, 1.0], [2.0, 2.0], [2.0, 3.0], [1.0, 2.0]] {
        all.extend([Op::PowPartial, Op::HypotPartial, Op::Zpow].map(|op| (op, 2, [first, second])));
    }
    for p in [2.0, 3.0, 0.5, -1.0, 2.5, 7.0, -2.0] {
        all.extend([0.0, 1.0, 2.0].map(|k| (Op::Powd, 1, [p, k])));
    }
    all.extend([2.0, 4.0].map(|n| (Op::CbrtD, 1, [n, 0.0])));
    all
}

/// A program of one op of as many inputs as it has operands.
fn alone(op: Op, operands: usize, imm: Imm) -> Program {
    let graph = Graph::new();
    let x = graph.leaves(&vec![0.5; operands]);
    let node = graph.try_record(op, imm, &x).expect("a valid node");
    Program::compile(&graph, x, [node], &Options::new()).expect("compiles")
}

/// The ops that the language has text for.
fn ops_of(language: Language) -> Vec<(Op, usize, Imm)> {
    all_ops().into_iter().filter(|&(op, n, imm)| alone(op, n, imm).source(language, "f").is_ok()).collect()
}

fn every_op_is_that_of_the_program(language: Language) {
    let mut random = Random(1);
    let ops = ops_of(language);
    let case = |&(op, operands, imm): &(Op, usize, Imm)| Case {
        program: alone(op, operands, imm),
        points: (0..400).map(|_| (0..operands).map(|_| random.number()).collect()).collect(),
    };
    let cases: Vec<Case> = ops.iter().map(case).collect();
    let answers = answers("ops", language, &cases);
    let mut wrong = BTreeMap::new();
    for ((case, answers), &(op, _, imm)) in cases.iter().zip(&answers).zip(&ops) {
        assert_eq!(answers.len(), case.points.len());
        for (point, (flag, out)) in case.points.iter().zip(answers) {
            let expected = eval(&case.program, point).expect("runs")[0];
            assert_eq!(*flag, 0);
            // The sign of a NaN is not guaranteed, and `copysign` shows it.
            let shows_nan = op == Op::Copysign && point[1].is_nan();
            if !shows_nan && !is_close(out[0], expected, size(op, point, expected)) {
                wrong.entry(format!("{op}{imm:?}")).or_insert(format!("{point:?}: {:e} for {expected:e}", out[0]));
            }
        }
    }
    assert!(wrong.is_empty(), "{language:?}: {wrong:#?}");
}

#[test]
fn in_rust_every_op_is_that_of_the_program() {
    every_op_is_that_of_the_program(Language::Rust);
}

#[test]
fn in_c_every_op_that_is_not_refused_is_that_of_the_program() {
    every_op_is_that_of_the_program(Language::C);
}

/// Random programs of all ops that the language has. Each value is compared with its op of the text's own operands, so
/// that differences are not magnified.
fn every_value_is_its_op_of_its_operands(language: Language) {
    let mut random = Random(2);
    let known: BTreeSet<String> = ops_of(language).iter().map(|op| format!("{op:?}")).collect();
    let allowed: Vec<usize> =
        ops().iter().enumerate().filter(|(_, op)| known.contains(&format!("{op:?}"))).map(|(k, _)| k).collect();
    let (mut recordings, mut cases): (Vec<Recorded>, Vec<Case>) = (Vec::new(), Vec::new());
    for k in 0..60 {
        let choice = |random: &mut Random| {
            let op = allowed[random.below(allowed.len())];
            (op, std::array::from_fn(|_| random.below(1000)))
        };
        let choices: Vec<_> = (0..5 + k / 2).map(|_| choice(&mut random)).collect();
        let constants = [random.number(), random.number()];
        let recorded = record(&choices, &constants, false, &[0.3, 1.2, -0.7]);
        let keys: Vec<NodeId> = recorded.graph.nodes().map(|node| node.id).collect();
        let options = if k % 3 == 0 { Options::plain() } else { Options::new() };
        let program =
            Program::compile(&recorded.graph, recorded.inputs.iter().copied(), keys, &options).expect("compiles");
        let points = (0..30).map(|_| (0..3).map(|_| random.number()).collect()).collect();
        recordings.push(recorded);
        cases.push(Case { program, points });
    }
    for ((recorded, case), answers) in recordings.iter().zip(&cases).zip(answers("random", language, &cases)) {
        for (point, (_, values)) in case.points.iter().zip(answers) {
            for node in recorded.graph.nodes().filter(|node| !matches!(node.op, Op::Leaf | Op::Const)) {
                let operands: Vec<f64> = node.operands.iter().map(|x| values[x.index()]).collect();
                let (got, expected) = (values[node.id.index()], f64::apply(node.op, node.imm, &operands));
                let size = size(node.op, &operands, expected);
                assert!(
                    is_close(got, expected, size),
                    "{language:?}: {} = {}{:?}{operands:?} is {got:e}, not {expected:e}, at {point:?}",
                    node.id,
                    node.op,
                    node.imm
                );
            }
        }
    }
}

#[test]
fn in_rust_random_programs_are_their_ops() {
    every_value_is_its_op_of_its_operands(Language::Rust);
}

#[test]
fn in_c_random_programs_are_their_ops() {
    every_value_is_its_op_of_its_operands(Language::C);
}

/// An energy with bonds, a formula of finance, and labels that mean harm.
fn formulas() -> Vec<Case> {
    fn energy<'g>(x: &[Expr<'g>]) -> Expr<'g> {
        let bonds = x.windows(2).map(|w| (w[1] - w[0] * w[0]).powi(2) * 100.0 + (w[0] * w[1]).tanh());
        bonds.sum::<Expr<'_>>() + x[0] * x[x.len() - 1]
    }
    fn price<'g>(x: &[Expr<'g>]) -> Expr<'g> {
        let [s, k, r, v, t] = [0, 1, 2, 3, 4].map(|i| x[i]);
        let d = ((s / k).ln() + (r + v * v / 2.0) * t) / (v * t.sqrt());
        s * d.norm_cdf() - k * (-r * t).exp() * (d - v * t.sqrt()).norm_cdf()
    }
    let mut random = Random(3);
    let mut points = |n: usize, from: f64, to: f64| -> Vec<Vec<f64>> {
        let number = |random: &mut Random| from + (to - from) * random.below(1_000_001) as f64 * 1e-6;
        (0..40).map(|_| (0..n).map(|_| number(&mut random)).collect()).collect()
    };
    let options = Options::new();
    vec![
        Case {
            program: Program::value_and_gradient(&[0.5; 8], energy, &options).expect("compiles"),
            points: points(8, -1.0, 1.0),
        },
        Case {
            program: Program::hessian(&[0.5; 6], energy, &options).expect("compiles"),
            points: points(6, -1.0, 1.0),
        },
        Case {
            program: Program::value_and_gradient(&[1.0; 5], price, &options).expect("compiles"),
            points: points(5, 0.5, 1.5),
        },
        Case {
            program: Program::value_and_gradient(
                &[0.5, 1.0],
                |x| {
                    let [x, y] = [x[0].named("*/ } /*\n#error \u{202e} \\"), x[1].named("fn")];
                    let branch = if x < y { x * y } else { x - y };
                    (if num_traits::Float::is_nan(branch) { branch } else { branch.sin() + y }).named("2 größe??/")
                },
                &options,
            )
            .expect("compiles"),
            points: points(2, -1.0, 1.0),
        },
        Case {
            program: Program::from_fn(
                &[1.0, 2.0, 3.0],
                |x| {
                    // Equal labels; an output that is an input, one that is a constant, and two that are one value.
                    let sum = (x[0].named("a") + x[1].named("a")).named("a");
                    vec![sum, x[0], Expr::from(-2.5), Expr::from(f64::NEG_INFINITY), sum + 0.0, x[1] - -1.0]
                },
                &options,
            )
            .expect("compiles"),
            points: points(3, -1.0, 1.0),
        },
    ]
}

#[test]
fn formulas_with_derivatives_guards_and_labels_are_those_of_the_program() {
    for language in [Language::Rust, Language::C] {
        let cases = formulas();
        let mut flipped = 0;
        for (k, (case, answers)) in cases.iter().zip(answers("formulas", language, &cases)).enumerate() {
            for (point, (flag, out)) in case.points.iter().zip(answers) {
                match eval(&case.program, point) {
                    Ok(expected) => {
                        assert_eq!(flag, 0);
                        let largest =
                            expected.iter().filter(|y| y.is_finite()).fold(0.0, |size: f64, y| size.max(y.abs()));
                        for (got, expected) in out.iter().zip(expected) {
                            assert!(
                                is_close(*got, expected, largest),
                                "{language:?}, {k} at {point:?}: {got:e} for {expected:e}"
                            );
                        }
                    }
                    Err(Error::GuardFlipped { guard, .. }) => {
                        assert_eq!(flag, guard + 1);
                        assert!(out.iter().all(|&y| y == SENTINEL), "out is not written: {out:?}");
                        flipped += 1;
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        }
        assert!(flipped > 5, "{flipped}");
    }
}

#[test]
fn a_value_is_called_by_its_label_and_comments_have_labels_in_quotes() {
    let program = Program::from_fn(&[1.0], |x| vec![(x[0].named("2nd price") * 3.0).named("loss")], &Options::new());
    let text = program.expect("compiles").source(Language::C, "f").expect("has a text");
    assert!(text.contains("const double v0_2nd_price = x[0]; /* \"2nd price\" */\n"), "{text}");
    assert!(
        text.contains("v2_loss = v0_2nd_price * 3.0;\n") && text.contains("out[0] = v2_loss; /* \"loss\" */"),
        "{text}"
    );
    assert!(text.contains("void f(const double x[1], double out[1])"), "{text}");
}

#[test]
fn what_no_formula_uses_is_not_in_the_text() {
    let program = Program::from_fn(&[1.0, 2.0], |x| vec![x[0] * x[1]], &Options::plain()).expect("compiles");
    let text = program.source(Language::Rust, "f").expect("has a text");
    assert!(!text.contains("fn gmul") && !text.contains("wengert::") && !text.contains("Result"), "{text}");
    let text = program.source(Language::C, "f").expect("has a text");
    assert!(!text.contains("#define") && !text.contains("int f"), "{text}");
}

#[test]
fn c_refuses_what_math_h_lacks_by_name() {
    let refused: BTreeSet<&str> = all_ops()
        .into_iter()
        .filter(|&(op, n, imm)| match alone(op, n, imm).source(Language::C, "f") {
            Ok(_) => false,
            Err(Error::NotInC { ops }) => ops == op.name(),
            Err(error) => panic!("{error}"),
        })
        .map(|(op, ..)| op.name())
        .collect();
    let expected = [
        "digamma",
        "erf_inv",
        "erf_inv_d",
        "erfc_inv",
        "erfc_inv_d",
        "gauss",
        "hypot_partial",
        "log_norm_cdf",
        "log_norm_cdf_d",
        "norm_quantile",
        "norm_quantile_d",
        "polygamma_n",
        "pow_partial",
        "sinc_d",
        "zpow",
    ];
    assert_eq!(refused, BTreeSet::from(expected));
    let two = Program::from_fn(&[1.5], |x| vec![x[0].digamma(), x[0].polygamma(2)], &Options::new()).expect("compiles");
    let error = two.source(Language::C, "f").expect_err("refused");
    assert!(error.to_string().contains("digamma, polygamma_n"), "{error}");
}

#[test]
fn a_name_that_a_function_cannot_have_is_a_named_error() {
    let program = Program::from_fn(&[1.0], |x| vec![x[0]], &Options::new()).expect("compiles");
    for name in ["", "1", "a b", "fn", "double", "exp", "f(", "größe"] {
        let refused = program.source(Language::Rust, name);
        assert!(matches!(&refused, Err(Error::FunctionName { name: given }) if given == name), "{refused:?}");
    }
}

#[test]
fn an_output_that_is_summed_is_the_value_at_the_point() {
    let graph = Graph::new();
    let x = graph.leaf(1.0);
    let program = Program::compile(&graph, [x], [Output::sum(graph.mul(x, x))], &Options::new()).expect("compiles");
    let text = program.source(Language::Rust, "f").expect("has a text");
    assert!(text.contains("out[0] = v1; // to be summed over the points"), "{text}");
}

#[test]
fn what_math_h_declares_cannot_name_a_function_and_other_names_compile() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("names-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("names.c");
    let program = Program::from_fn(&[1.0], |x| vec![x[0].sin()], &Options::new()).expect("compiles");
    let accepted = |name: &str| program.source(Language::C, name).is_ok();
    // In the default mode of the compiler, which declares more than the standard says.
    let cc = |arguments: &[&str], text: &str| {
        std::fs::write(&file, text).expect("the file is written");
        let output = Command::new("cc").args(arguments).arg(&file).output().expect("cc starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("a text")
    };
    let include = "#include <math.h>\n";
    let mut declared = 0;
    let names = cc(&["-E", "-P"], include);
    let macros = cc(&["-E", "-dM"], include);
    let macros = macros.lines().filter_map(|line| line.strip_prefix("#define ")?.split([' ', '(']).next());
    for name in names.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').chain(macros) {
        declared += 1;
        assert!(!accepted(name), "{name} is declared by math.h");
    }
    assert!(declared > 200, "{declared}");
    let names = ["f", "_f2", "l", "y2", "gamma2", "Mean", "FPS", "normal", "linear", "value_and_gradient"];
    let texts: String = names.iter().map(|name| program.source(Language::C, name).expect("a name")).collect();
    cc(&["-Wall", "-Werror", "-fsyntax-only"], &texts);
    std::fs::remove_dir_all(&folder).expect("it goes");
}
