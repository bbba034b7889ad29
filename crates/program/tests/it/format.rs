//! The format of files: accidents are noticed, every version since 2 is read, and what a file can ask for is
//! bounded by its size.

use allocation_counter::measure;
use wengert::Graph;
use wengert_program::{Error, Input, InstructionSet, Options, Output, Program, Setup, Spread, Workspace};

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

/// The bytes, followed by their checksum.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
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

/// A file with inputs alone.
fn inputs(count: usize, last: u8) -> Vec<u8> {
    let mut bytes = b"wengertp\x02\x00".to_vec();
    let mut left = count;
    while left > 0x7f {
        bytes.push(left as u8 | 0x80);
        left >>= 7;
    }
    bytes.push(left as u8);
    bytes.resize(bytes.len() + count - 1, 0);
    bytes.push(last);
    // No op, operand or immediate; one output; no label or guard; no pass.
    bytes.extend([0, 0, 0, 0, 1, 0, 0, 0, 0]);
    bytes.extend([0; 7]);
    sealed(bytes)
}

/// Files that take more than others of their size: inputs alone, an op that becomes four instructions for
/// each operand, sums over points, guards.
fn greedy() -> Vec<(&'static str, Vec<u8>)> {
    let graph = Graph::new();
    let x = graph.leaf(0.5);
    let many = graph.logsumexp(&[x; 100_000]);
    let compile = |outputs: Vec<Output>| {
        let program = Program::compile(&graph, [x], outputs, &Options::plain());
        program.expect("compiles").to_bytes()
    };
    let guarded = Program::from_fn(
        &[0.5],
        |x| {
            for _ in 0..50_000 {
                assert!(x[0] < 1.0);
            }
            vec![x[0].sin()]
        },
        &Options::plain(),
    );
    vec![
        ("inputs", inputs(100_000, 0)),
        ("operands", compile(vec![Output::per_point(many)])),
        ("sums", compile(vec![Output::sum(x); 100_000])),
        ("guards", guarded.expect("compiles").to_bytes()),
    ]
}

#[test]
fn what_a_file_asks_for_is_bounded_by_its_size() {
    for (what, bytes) in greedy() {
        let size = bytes.len();
        let mut loaded = None;
        let load = measure(|| loaded = Some(Program::from_bytes(&bytes).expect("a program"))).bytes_max as usize;
        let program = loaded.expect("it ran");
        let (x, mut out) = (vec![0.5; program.input_count()], vec![0.0; program.output_count()]);
        let mut workspace = Workspace::with(Setup::new().threads(1));
        let point = measure(|| program.eval(&x, &mut out, &mut workspace).expect("runs")).bytes_max as usize;
        let columns: Vec<&[f64]> = x.chunks(1).collect();
        let mut outputs: Vec<&mut [f64]> = out.chunks_mut(1).collect();
        let batch =
            measure(|| program.eval_batch(1, &columns, &mut outputs, &mut workspace).expect("runs")).bytes_max as usize;
        let times = |bytes: usize| bytes as f64 / size as f64;
        let instructions = program.report().instructions;
        println!(
            "{what}, a file of {size} bytes; per byte: loading {:.0} bytes, a point {:.0}, a batch {:.0}, {:.2} instructions",
            times(load),
            times(point),
            times(batch),
            times(instructions)
        );
        assert!(load <= 600 * size, "{what}: {load} bytes to load {size}");
        assert!(point <= 50 * size, "{what}: {point} bytes for a point of {size}");
        assert!(point + batch <= 700 * size + (4 << 20), "{what}: {batch} bytes for a batch of {size}");
        assert!(instructions <= 4 * size, "{what}: {instructions} instructions of {size} bytes");
    }
}

#[test]
fn ten_million_inputs_are_loaded_and_run_in_bounds() {
    let bytes = inputs(10_000_000, 1);
    let mut loaded = None;
    let load = measure(|| loaded = Some(Program::from_bytes(&bytes).expect("a program"))).bytes_max as usize;
    let program = loaded.expect("it ran");
    assert_eq!((program.input_count(), program.input_spread(9_999_999)), (10_000_000, Spread::Uniform));
    let (x, mut workspace, mut out) = (vec![0.5; program.input_count()], Workspace::new(), [0.0]);
    let point = measure(|| program.eval(&x, &mut out, &mut workspace).expect("runs")).bytes_max as usize;
    assert_eq!(out, [0.5]);
    assert!(load <= 600 * bytes.len(), "{load} bytes to load {}", bytes.len());
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
