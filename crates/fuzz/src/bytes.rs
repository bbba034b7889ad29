//! Files from anywhere are read, or are an error: never a panic.

use conformance::dag;
use conformance::route::{self, Question};
use wengert::Graph;
use wengert_nn::{Adam, Mlp, SavedOptimizer, Sgd};
use wengert_program::{Native, Program, Setup, Workspace};

use crate::batches;

/// The first byte chooses the kind of file, the others are the file.
pub fn bytes(bytes: &[u8]) {
    let Some((&kind, file)) = bytes.split_first() else {
        return;
    };
    match kind {
        b'p' => program(file),
        b'n' => text(file, net),
        b'a' => text(file, optimizer::<Adam>),
        b's' => text(file, optimizer::<Sgd>),
        b'd' => formulas(file),
        _ => {}
    }
}

fn text(file: &[u8], check: fn(&str)) {
    if let Ok(text) = std::str::from_utf8(file) {
        check(text);
    }
}

/// A program that loads also saves to bytes that load again, records as a graph, and runs: equal points of a batch give
/// equal outputs, the same as the point run alone.
fn program(file: &[u8]) {
    // A fuzzer cannot guess a checksum, so the bytes come without one, and it is appended here.
    let sealed = [file, &crc32fast::hash(file).to_le_bytes()].concat();
    let _ = Program::from_bytes(file);
    let Ok(program) = Program::from_bytes(&sealed) else {
        return;
    };
    let again = Program::from_bytes(&program.to_bytes()).expect("its own bytes load");
    assert_eq!(again.to_bytes(), program.to_bytes());
    assert_eq!(again.to_string(), program.to_string());
    // Skip slow programs: they waste fuzzing time.
    if program.input_count() + program.output_count() > 100 || program.report().instructions > 2000 {
        return;
    }
    let x: Vec<Vec<f64>> = [0.7, -1.9, 0.0, f64::INFINITY]
        .map(|x| (0..program.input_count()).map(|k| x + k as f64 / 8.0).collect())
        .into();
    // 67 points are two chunks, of 64 and 3: blocks of a multiple of 8 points, and a last one of 3.
    for points in [&x[..1], &x[..]] {
        if let Err(what) = batches::check(&program, points, 67, &[8, 24, 1024], &[1, 2]) {
            panic!("{what}\n{program}");
        }
    }
    let graph = Graph::new();
    let inputs = graph.leaves(&x[0]);
    let outputs = program.record(&graph, &inputs).expect("what was loaded records");
    assert_eq!(outputs.len(), program.output_count());
    if program.prepare().is_ok() {
        let run = |native| {
            let mut out = vec![0.0; program.output_count()];
            let result = program.eval(&x[1], &mut out, &mut Workspace::with(Setup::new().native(native)));
            result.map(|()| out.into_iter().map(crate::dag::bits).collect::<Vec<_>>()).map_err(|e| e.to_string())
        };
        assert_eq!(run(Native::Always), run(Native::Never), "{program}");
    }
}

/// A net that is read is written as a text that reads as the same net.
fn net(text: &str) {
    let Ok(net) = Mlp::parse(text) else {
        return;
    };
    let written = net.text();
    let again = Mlp::parse(&written).expect("its own text");
    let bits = |net: &Mlp| net.parameters().iter().map(|p| p.to_bits()).collect::<Vec<_>>();
    assert_eq!((bits(&again), again.layers()), (bits(&net), net.layers()));
    if net.parameters().len() < 10_000 {
        net.predict(&vec![0.5; net.input_count()]);
    }
}

fn optimizer<O: SavedOptimizer>(text: &str) {
    if let Ok(optimizer) = O::parse(text) {
        let written = optimizer.text();
        assert_eq!(O::parse(&written).expect("its own text").text(), written);
    }
}

/// Formulas that are read are evaluated by every route.
fn formulas(file: &[u8]) {
    let cases = match dag::parse(file) {
        Ok(cases) => cases,
        Err(error) => {
            let lines = file.split(|&b| b == b'\n').count();
            assert!((1..=lines).contains(&error.line), "{error}");
            return;
        }
    };
    for case in cases.iter().take(2).filter(|case| case.formula.code.len() < 50 && case.formula.inputs < 20) {
        let points: Vec<&[f64]> = case.points.iter().take(5).map(|point| &point.x[..]).collect();
        let question = Question { formula: &case.formula, outputs: &case.outputs, points: &points, hessian: true };
        for route in route::all() {
            let answers = route.answer(question).expect("it is small");
            assert_eq!(answers.len(), points.len(), "{}", route.name());
            assert!(answers.iter().all(|outputs| outputs.len() == case.outputs.len()), "{}", route.name());
        }
    }
}
