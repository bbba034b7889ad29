//! The format of files: accidents are noticed, every version since 2 is read, and what a file can ask for is
//! bounded by its size.

use allocation_counter::measure;
use wengert::{Expr, Graph, Op};
use wengert_program::{Error, Input, InstructionSet, Options, Output, Program, Setup, Spread, Workspace};

use crate::raw::{Raw, sealed};

/// A program with something in every field of a file.
fn sample() -> Program {
    let graph = Graph::new();
    let w = graph.var(0.5).named("weight");
    let x = graph.var(2.0).named("x");
    let y = graph.var(-1.5);
    let larger = if x > y { x } else { y };
    let plane = graph.expr(graph.logsumexp(&[w.id(), x.id(), y.id()]));
    let outputs = [
        Output::per_point((larger * w + 0.1).tanh().named("tangent").id()),
        Output::sum((plane.powf(2.5) / x.hypot(y)).named("loss").id()),
        Output::per_point((x * graph.expr(graph.detach(w.id())) - 3.0).id()),
    ];
    let inputs = [Input::uniform(w.id()), Input::per_point(x.id()), Input::per_point(y.id())];
    Program::compile(&graph, inputs, outputs, &Options::new().fuse(true)).expect("compiles")
}

fn refused(bytes: &[u8]) -> String {
    match Program::from_bytes(bytes) {
        Err(Error::Malformed { what }) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_bit_that_flips_is_noticed() {
    let good = sample().to_bytes();
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << bit;
            let what = refused(&bytes);
            let expected = match at {
                0..8 => "start",
                8 => "version",
                _ => "checksum",
            };
            assert!(what.contains(expected), "byte {at}, bit {bit}: {what}");
        }
    }
}

#[test]
fn every_file_that_is_cut_or_too_long_is_noticed() {
    let mut bytes = sample().to_bytes();
    for end in 0..bytes.len() {
        refused(&bytes[..end]);
        // Also with a correct checksum for what is left.
        if (9..bytes.len() - 4).contains(&end) {
            refused(&sealed(bytes[..end].to_vec()));
        }
    }
    bytes.push(0);
    assert!(refused(&bytes).contains("checksum"));
    let mut longer = bytes[..bytes.len() - 5].to_vec();
    longer.push(0);
    assert!(refused(&sealed(longer)).contains("1 bytes follow"));
}

#[test]
fn a_version_that_is_not_supported_is_refused_with_what_to_do() {
    let good = sample().to_bytes();
    let with = |version: &[u8]| refused(&sealed([&good[..8], version, &good[9..good.len() - 4]].concat()));
    for older in [0, 1] {
        let what = with(&[older]);
        assert!(what.contains(&format!("version {older}")) && what.contains("record the program again"), "{what}");
    }
    for (bytes, version) in [(&[3][..], "3"), (&[0xff, 0xff, 0xff, 0xff, 0x0f], "4294967295")] {
        let what = with(bytes);
        assert!(what.contains(&format!("version {version}")) && what.contains("up to version 2"), "{what}");
    }
}

/// The outputs of a program at three points, on the instruction set that every machine has.
fn run(program: &Program) -> [Vec<f64>; 3] {
    let plain = *InstructionSet::available().last().expect("there is one everywhere");
    let mut workspace = Workspace::with(Setup::new().instructions(plain).threads(1));
    let (mut tangent, mut loss, mut rest) = (vec![0.0; 3], vec![0.0], vec![0.0; 3]);
    let inputs: [&[f64]; 3] = [&[0.25], &[1.0, 2.0, 3.5], &[0.5, -1.0, 2.0]];
    program.eval_batch(3, &inputs, &mut [&mut tangent, &mut loss, &mut rest], &mut workspace).expect("runs");
    [tangent, loss, rest]
}

#[test]
fn a_file_of_version_2_is_read() {
    let program = Program::from_bytes(include_bytes!("data/program-v2.bin")).expect("it was written as one");
    // From 50-digit arithmetic.
    let expected: [&[f64]; 3] = [
        &[0.336_375_544_336_332_2, 0.537_049_566_998_035_3, 0.750_893_283_625_167_2],
        &[13.424_662_524_742_934],
        &[-2.75, -2.5, -2.125],
    ];
    for (got, expected) in run(&program).into_iter().zip(expected) {
        for (got, &expected) in got.into_iter().zip(expected) {
            assert!((got - expected).abs() <= 1e-14 * expected.abs(), "{got} for {expected}");
        }
    }
    assert_eq!(
        (0..3).map(|k| program.input_spread(k)).collect::<Vec<_>>(),
        [Spread::Uniform, Spread::PerPoint, Spread::PerPoint]
    );
    assert_eq!([0, 1, 2].map(|k| program.input_label(k)), [Some("weight"), Some("x"), None]);
    assert_eq!([0, 1, 2].map(|k| program.output_label(k)), [Some("tangent"), Some("loss"), None]);
    let error = program.eval(&[0.25, 1.0, 2.0], &mut [0.0; 3], &mut Workspace::new()).expect_err("the guard");
    assert!(error.to_string().contains("n2 < x was true"), "{error}");
}

#[test]
fn what_is_written_today_is_version_2() {
    // If this fails, the format has changed: it needs a new version, and a file of that version here.
    assert_eq!(sample().to_bytes(), include_bytes!("data/program-v2.bin"));
}

#[test]
fn labels_are_kept_and_must_be_in_order() {
    let program = sample();
    let again = Program::from_bytes(&program.to_bytes()).expect("its own bytes");
    for k in 0..3 {
        assert_eq!(again.input_label(k), program.input_label(k));
        assert_eq!(again.output_label(k), program.output_label(k));
    }
    assert_eq!(again.to_bytes(), program.to_bytes());
    let bytes = program.to_bytes();
    let labels = b"\x04\x00\x06weight\x01\x01x";
    let at = bytes.windows(labels.len()).position(|piece| piece == labels).expect("the labels");
    for (place, value) in [(at + 9, 0), (at + 1, 1), (at + 9, 0x7f)] {
        let mut wrong = bytes[..bytes.len() - 4].to_vec();
        wrong[place] = value;
        let what = refused(&sealed(wrong));
        assert!(what.contains("order of the values") || what.contains("value 127"), "{what}");
    }
}

/// Constants that a hash with a known key maps to one place: their products with `0xf1357aea2e62a9c5`, the factor of
/// `rustc_hash`, are 1, 2, 3 and so on.
fn colliding(count: usize) -> Vec<f64> {
    let factor = 0xf135_7aea_2e62_a9c5u64;
    // Each round doubles the number of digits that are right.
    let inverse =
        (0..6).fold(factor, |inverse, _| inverse.wrapping_mul(2u64.wrapping_sub(factor.wrapping_mul(inverse))));
    (1..=count as u64).map(|k| f64::from_bits(k.wrapping_mul(inverse))).collect()
}

/// Bytes of memory that loading takes for each byte of a file.
pub(crate) const MOST_TO_LOAD: usize = 210;

/// Files that take more than others of their size `n`, which is about their number of bytes.
pub(crate) fn greedy(n: usize) -> Vec<(&'static str, Raw)> {
    let one = || Raw { inputs: vec![false], outputs: vec![(0, false)], ..Raw::default() };
    let list = |name, count: usize| Raw {
        names: vec![name],
        ops: vec![0],
        counts: vec![count as u32],
        operands: vec![1; count],
        outputs: vec![(1, false)],
        ..one()
    };
    let lists = |name, each: usize| Raw {
        names: vec![name],
        ops: vec![0; n / each],
        counts: vec![each as u32; n / each],
        operands: (0..n / each).flat_map(|k| (0..each).map(move |j| j.min(k) as u32 + 1)).collect(),
        outputs: vec![((n / each) as u32, false)],
        ..one()
    };
    // The first operand is at each point, the others are the same at all points.
    let mut mixed = list("logsumexp", n);
    (mixed.inputs, mixed.operands[0], mixed.outputs) = (vec![false, true], 2, vec![(2, false)]);
    let uniform = Raw { inputs: vec![true], ..list("logsumexp", n) };
    vec![
        ("inputs", Raw { inputs: vec![false; n], ..one() }),
        ("uniform inputs", Raw { inputs: vec![true; n], ..one() }),
        ("labels", Raw { inputs: vec![false; n], labels: (0..n as u32).map(|k| (k, "")).collect(), ..one() }),
        ("guards", Raw { guards: vec![(0, 0, "lt", false, "", ""); n / 4], ..one() }),
        ("sums", Raw { outputs: vec![(0, true); n], ..one() }),
        ("outputs", Raw { outputs: vec![(0, false); n], ..one() }),
        ("constants", Raw { immediates: colliding(n / 8), ..chain_of(n / 8, "mul_c") }),
        ("logsumexp", list("logsumexp", n)),
        ("logsumexp of one varying operand", mixed),
        ("uniform logsumexp", uniform),
        ("norm", list("norm", n)),
        ("dot", list("dot", n / 2 * 2)),
        ("logsumexps of one operand", lists("logsumexp", 1)),
        ("logsumexps of three operands", lists("logsumexp", 3)),
        ("sines", chain_of(n, "sin")),
        ("uniform tangents", Raw { inputs: vec![true], ..chain_of(n, "tan") }),
    ]
}

/// One op of the last value after another.
fn chain_of(count: usize, name: &'static str) -> Raw {
    Raw {
        names: vec![name],
        inputs: vec![false],
        ops: vec![0; count],
        operands: vec![1; count],
        outputs: vec![(count as u32, false)],
        ..Raw::default()
    }
}

#[test]
fn what_a_file_asks_for_is_bounded_by_its_size() {
    // Lists double when they are full: just past a power of two they are half empty.
    let sizes = [2_000, 65_537, 100_000, 131_073];
    let files = sizes.into_iter().flat_map(|size| greedy(size).into_iter().map(move |(what, raw)| (size, what, raw)));
    let mut worst = [0.0f64; 4];
    for (size, what, raw) in files {
        for raw in [raw.clone(), raw.optimized()] {
            let bytes = raw.bytes();
            let what = format!("{what} {size}, passes {}", raw.passes[0]);
            for (worst, now) in worst.iter_mut().zip(asked_for(&what, &bytes)) {
                *worst = worst.max(now);
            }
        }
    }
    println!(
        "at most, per byte: loading {:.0} bytes, a point {:.0}, a batch {:.0} and 4 MB, {:.2} instructions",
        worst[0], worst[1], worst[2], worst[3]
    );
}

/// A net of two inputs, `WIDTH` neurons of tanh and a sum.
fn net<'g>(x: &[Expr<'g>]) -> Expr<'g> {
    const WIDTH: usize = 100;
    let (inputs, weights) = x.split_at(2);
    let neuron = |w: &[Expr<'g>]| (w[0] * inputs[0] + w[1] * inputs[1] + w[2]).tanh() * w[3];
    weights.chunks_exact(4).take(WIDTH).map(neuron).sum()
}

/// The payoff of an Asian option: of a strike, a drift, a volatility, and a shock for each day.
fn path<'g>(x: &[Expr<'g>]) -> Expr<'g> {
    let (mut price, mut sum) = (Expr::constant(1.0), Expr::constant(0.0));
    for &shock in &x[3..] {
        price *= (x[1] + x[2] * shock).exp();
        sum += price;
    }
    (sum / 252.0 - x[0]).max(0.0)
}

fn rosenbrock<'g>(x: &[Expr<'g>]) -> Expr<'g> {
    x.windows(2).map(|x| 100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2)).sum()
}

#[test]
fn gradients_of_usual_formulas_take_sixteen_times_their_file_to_load() {
    type Formula = for<'g> fn(&[Expr<'g>]) -> Expr<'g>;
    let formulas: [(&str, usize, Formula); 3] =
        [("net", 402, net), ("path", 255, path), ("Rosenbrock", 1000, rosenbrock)];
    for (name, inputs, formula) in formulas {
        let program = Program::value_and_gradient(&vec![0.5; inputs], formula, &Options::new()).expect("compiles");
        let bytes = program.to_bytes();
        let load = measure(|| drop(Program::from_bytes(&bytes).expect("a program"))).bytes_max as usize;
        println!("{name}: {:.1} bytes to load each", load as f64 / bytes.len() as f64);
        assert!(load <= 16 * bytes.len(), "{name}: {load} bytes to load {}", bytes.len());
    }
}

/// For each byte of a file: bytes to load it, for a point, for a batch beyond 4 MB, and instructions.
fn asked_for(what: &str, bytes: &[u8]) -> [f64; 4] {
    let mut loaded = None;
    let load = measure(|| loaded = Some(Program::from_bytes(bytes).expect("a program"))).bytes_max as usize;
    let program = loaded.expect("it ran");
    let (x, mut out) = (vec![0.5; program.input_count()], vec![0.0; program.output_count()]);
    let mut workspace = Workspace::with(Setup::new().threads(1));
    let point = measure(|| program.eval(&x, &mut out, &mut workspace).expect("runs")).bytes_max as usize;
    let columns: Vec<&[f64]> = x.chunks(1).collect();
    let mut outputs: Vec<&mut [f64]> = out.chunks_mut(1).collect();
    let batch =
        measure(|| program.eval_batch(1, &columns, &mut outputs, &mut workspace).expect("runs")).bytes_max as usize;
    let instructions = program.report().instructions;
    let (size, all) = (bytes.len(), point + batch);
    assert!(load <= MOST_TO_LOAD * size, "{what}: {load} bytes to load {size}");
    assert!(point <= 50 * size, "{what}: {point} bytes for a point of {size}");
    assert!(all <= 700 * size + (4 << 20), "{what}: {all} bytes for a batch of {size}");
    assert!(instructions <= 4 * size, "{what}: {instructions} instructions of {size} bytes");
    [load, point, all.saturating_sub(4 << 20), instructions].map(|asked| asked as f64 / size as f64)
}

#[test]
fn loading_computes_no_op_of_high_order() {
    let orders = |order: f64| Raw {
        names: vec!["const", "pow_partial"],
        ops: [vec![0, 0], vec![1; 500]].concat(),
        operands: [2, 1].into_iter().cycle().take(1000).collect(),
        immediates: [vec![1.5, 0.25], vec![order; 1000]].concat(),
        inputs: vec![false],
        outputs: vec![(502, false)],
        ..Raw::default()
    };
    for (order, folded) in [(2.0, true), (3.0, false), (170.0, false)] {
        let raw = Raw { passes: [true, false, false, false, true, true, false], ..orders(order) };
        let program = Program::from_bytes(&raw.bytes()).expect("a program");
        let left = program.instructions().filter(|inst| inst.op == Op::PowPartial).count();
        assert_eq!(left, if folded { 0 } else { 500 }, "order {order}");
    }
}

#[test]
fn orders_that_no_op_has_are_refused_by_name() {
    let raw = |name, count, immediates: &[f64]| Raw {
        names: vec![name],
        inputs: vec![false],
        ops: vec![0],
        operands: vec![1; count],
        immediates: immediates.to_vec(),
        outputs: vec![(1, false)],
        ..Raw::default()
    };
    for order in [0.5, -3.0, 1e9, 171.0, f64::NAN, f64::INFINITY] {
        for (name, count, immediates) in [
            ("polygamma_n", 1, vec![order]),
            ("powd", 1, vec![0.5, order]),
            ("gauss", 1, vec![1.0, order]),
            ("pow_partial", 2, vec![order, 0.0]),
            ("pow_partial", 2, vec![0.0, order]),
            ("hypot_partial", 2, vec![order, 1.0]),
        ] {
            let bytes = raw(name, count, &immediates).bytes();
            let what = refused(&bytes);
            let names = what.contains("value 1") && what.contains(name) && what.contains(&order.to_string());
            assert!(names && what.contains("170"), "{name} {immediates:?}: {what}");
        }
    }
    // A short file that would take hours.
    let bytes = raw("hypot_partial", 2, &[20_000.0, 20_000.0]).bytes();
    assert_eq!(bytes.len(), 65);
    assert!(refused(&bytes).contains("20000"));
    for allowed in [0.0, 1.0, 170.0] {
        let loaded = Program::from_bytes(&raw("polygamma_n", 1, &[allowed]).bytes());
        assert!(loaded.is_ok(), "{allowed}: {loaded:?}");
    }
}

#[test]
fn ten_million_inputs_are_loaded_and_run_in_bounds() {
    let mut inputs = vec![false; 10_000_000];
    inputs[9_999_999] = true;
    let bytes = Raw { inputs, outputs: vec![(0, false)], ..Raw::default() }.bytes();
    let mut loaded = None;
    let load = measure(|| loaded = Some(Program::from_bytes(&bytes).expect("a program"))).bytes_max as usize;
    let program = loaded.expect("it ran");
    assert_eq!((program.input_count(), program.input_spread(9_999_999)), (10_000_000, Spread::Uniform));
    let (x, mut workspace, mut out) = (vec![0.5; program.input_count()], Workspace::new(), [0.0]);
    let point = measure(|| program.eval(&x, &mut out, &mut workspace).expect("runs")).bytes_max as usize;
    assert_eq!(out, [0.5]);
    assert!(load <= MOST_TO_LOAD * bytes.len(), "{load} bytes to load {}", bytes.len());
    assert!(point <= 50 * bytes.len(), "{point} bytes for a point of {}", bytes.len());
    // With this many inputs, a block has four points.
    let columns: Vec<&[f64]> = x.chunks(1).collect();
    let mut workspace = Workspace::with(Setup::new().threads(1));
    let mut run = || program.eval_batch(1, &columns, &mut [&mut out], &mut workspace).expect("runs");
    let batch = measure(&mut run).bytes_max as usize;
    assert!(batch <= 100 * bytes.len(), "{batch} bytes for a batch of {}", bytes.len());
    println!(
        "bytes of memory per byte of file: loading {}, a point {}, a batch {}",
        load / bytes.len(),
        point / bytes.len(),
        batch / bytes.len()
    );
}
