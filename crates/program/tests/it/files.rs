//! Files from anywhere: each is a program or an error, never a panic, and takes no more memory than a multiple
//! of its size. Equal points of a batch give equal outputs.
//!
//! `WENGERT_MUTATIONS=1000000 cargo test --release -p wengert-program --test it files -- --nocapture` tries that many,
//! and prints how many are programs. With `WENGERT_SEEDS=folder` it also writes the files that it starts from to the
//! folder, as seeds for the fuzzer.

use allocation_counter::measure;
use wengert::{Arity, Expr, Graph, NO_IMM, Op};
use wengert_program::{Error, Input, Native, Options, Output, Program, Setup, Workspace};

use crate::raw::sealed;

/// The most memory that loading takes, in bytes for each byte of the file. A `logsumexp`, which becomes four
/// steps for each operand, takes four times that.
const MOST_MEMORY: usize = 150;

/// The bytes of a program before the checksum.
fn unsealed(program: &Program) -> Vec<u8> {
    let mut bytes = program.to_bytes();
    bytes.truncate(bytes.len() - 4);
    bytes
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// Programs of several kinds: derivatives, guards, uniform inputs and sums, constants.
fn seeds() -> Vec<Program> {
    let smooth = Program::value_and_gradient(
        &[0.3, 1.7],
        |x| (x[0] * x[1]).sin() + x[1].powi(3).ln() / x[0].atan2(x[1]) + x[0].erf() * x[1].polygamma(2),
        &Options::new(),
    );
    let guarded = Program::from_fn(
        &[0.3, 1.7],
        |x| {
            let top = if x[0] < x[1] { x[1] } else { x[0] };
            vec![top.named("top").sqrt(), x[0].max(x[1]).hypot(2.0)]
        },
        &Options::fast(),
    );
    let graph = Graph::new();
    let (w, x) = (graph.var(0.5), graph.var(2.0));
    let loss = (w * x).tanh() * x - Expr::from(1.5).pow(w) * 3.0;
    let slope = graph.gradient_nodes(loss.id(), &[w.id()])[0];
    let sums = [Output::sum(loss.id()), Output::sum(slope)];
    let trained = Program::compile(&graph, [Input::uniform(w.id()), Input::per_point(x.id())], sums, &Options::new());
    // Every op that a program can have, each with a uniform input.
    let graph = Graph::new();
    let (w, x) = (graph.leaf(0.5), graph.leaf(0.7));
    let mut nodes = vec![w, x];
    for &op in Op::ALL {
        let count = match op.arity() {
            Arity::Fixed(count) => count,
            _ => 4,
        };
        if count > 0 {
            let operands = [w, x, nodes[nodes.len() - 1], x];
            let imm = if op.immediates() > 0 { [1.0, 0.0] } else { NO_IMM };
            nodes.push(graph.try_record(op, imm, &operands[..count]).expect("a valid node"));
        }
    }
    let every = Program::compile(&graph, [Input::uniform(w), Input::per_point(x)], nodes, &Options::new());
    [smooth, guarded, trained, every].map(|program| program.expect("compiles")).into()
}

/// One of the seeds with a few changes: bits flipped; bytes set, inserted, dropped, doubled or cut; a number
/// of up to 32 bits, like a length, inserted or written over; a piece of another seed.
fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..1 + random.below(4) {
        let at = random.below(bytes.len());
        let byte = [0, 1, 0x7f, 0x80, 0xff, random.next() as u8][random.below(6)];
        match random.below(10) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            1 | 2 if !bytes.is_empty() => bytes[at] = byte,
            3 => bytes.insert(at, byte),
            4 if !bytes.is_empty() => drop(bytes.remove(at)),
            5 => {
                let end = (at + random.below(16)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            6 => {
                let mut length = (random.next() as u32) >> random.below(32);
                let mut number = Vec::new();
                while length > 0x7f {
                    number.push(length as u8 | 0x80);
                    length >>= 7;
                }
                number.push(length as u8);
                let end = (at + random.below(2) * number.len()).min(bytes.len());
                bytes.splice(at..end, number);
            }
            7 => {
                let other = &seeds[random.below(seeds.len())];
                let start = random.below(other.len());
                let end = (start + random.below(64)).min(other.len());
                bytes.splice(at..at, other[start..end].iter().copied());
            }
            8 => bytes.truncate(random.below(bytes.len() + 1)),
            _ => bytes.truncate(bytes.len() - random.below(4).min(bytes.len())),
        }
    }
    bytes
}

#[test]
fn mutated_files_are_an_error_or_a_program() {
    let count = std::env::var("WENGERT_MUTATIONS").map_or(100_000, |count| count.parse().expect("a number"));
    let seeds: Vec<Vec<u8>> = seeds().iter().map(unsealed).collect();
    if let Ok(folder) = std::env::var("WENGERT_SEEDS") {
        for (k, seed) in seeds.iter().enumerate() {
            std::fs::write(format!("{folder}/{k}"), seed).expect("a folder to write to");
        }
    }
    let mut random = Random(5);
    let natives = [Native::Never, if crate::native::is_possible() { Native::Always } else { Native::Auto }];
    let mut workspaces = natives.map(|native| Workspace::with(Setup::new().threads(1).lanes(4).native(native)));
    let (mut programs, mut errors, mut most) = (0, 0, 0.0_f64);
    for _ in 0..count {
        let bytes = sealed(mutated(&seeds, &mut random));
        let mut loaded = None;
        let memory = measure(|| loaded = Some(Program::from_bytes(&bytes))).bytes_max as usize;
        assert!(memory <= MOST_MEMORY * (bytes.len() + 64), "{memory} bytes for {}", bytes.len());
        most = most.max(memory as f64 / (bytes.len() + 64) as f64);
        match loaded.expect("ran") {
            Err(Error::Malformed { .. }) => errors += 1,
            Err(error) => panic!("{error}"),
            Ok(program) => {
                programs += 1;
                assert_eq!(
                    Program::from_bytes(&program.to_bytes()).expect("its own bytes").to_string(),
                    program.to_string()
                );
                let x = vec![0.7; program.input_count()];
                let mut out = vec![0.0; program.output_count()];
                match program.eval(&x, &mut out, &mut workspaces[programs % 2]) {
                    Ok(()) | Err(Error::GuardFlipped { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
                if programs % 16 == 0 && program.input_count() + program.output_count() < 100 {
                    let other = (0..program.input_count()).map(|k| 1.9 - k as f64).collect();
                    crate::batches::check(&program, &[x, other], 70, &[4, 1024], &[1])
                        .unwrap_or_else(|what| panic!("{what}\n{program}"));
                }
            }
        }
    }
    println!("{count} files: {programs} programs, {errors} errors, at most {most:.0} bytes of memory per byte of file");
    assert!(programs > count / 100 && errors > count / 10, "{programs} programs, {errors} errors");
}

#[test]
fn loading_takes_memory_in_proportion_to_the_file() {
    let most = |bytes: &[u8]| {
        let mut result = None;
        let memory = measure(|| result = Some(Program::from_bytes(bytes).map(|program| program.output_count())));
        (memory.bytes_max as usize, result.expect("ran"))
    };
    // Lists with lengths beyond any memory.
    let honest = unsealed(&seeds()[0]);
    for at in 0..honest.len() {
        let mut bytes = honest[..at].to_vec();
        bytes.extend([0xff, 0xff, 0xff, 0xff, 0x0f]);
        bytes.extend(&honest[at..]);
        let bytes = sealed(bytes);
        let (memory, _) = most(&bytes);
        assert!(memory <= MOST_MEMORY * (bytes.len() + 64), "{memory} bytes at {at}");
    }
    // A long program with few bytes for each value.
    let graph = Graph::new();
    let x = graph.leaf(0.5);
    let last = (0..200_000).fold(x, |y, _| graph.sin(y));
    let bytes = Program::compile(&graph, [x], [last], &Options::new()).expect("compiles").to_bytes();
    let (memory, outputs) = most(&bytes);
    assert_eq!(outputs.ok(), Some(1));
    assert!(memory <= MOST_MEMORY * bytes.len(), "{memory} bytes for {}", bytes.len());
    // Ops that become many steps, with operands of one byte each.
    for (op, allowed) in [(Op::Sum, MOST_MEMORY), (Op::Dot, MOST_MEMORY), (Op::Logsumexp, 4 * MOST_MEMORY)] {
        let y = graph.try_record(op, [0.0; 2], &[x; 200_000]).expect("fits");
        let program = Program::compile(&graph, [x], [y], &Options::plain());
        let bytes = program.expect("compiles").to_bytes();
        let (memory, outputs) = most(&bytes);
        assert_eq!(outputs.ok(), Some(1));
        assert!(memory <= allowed * bytes.len(), "{op}: {memory} bytes for {}", bytes.len());
    }
}

#[test]
fn an_error_says_what_is_wrong_with_a_file() {
    let good = unsealed(&seeds()[0]);
    let said = |bytes: &[u8]| match Program::from_bytes(&sealed(bytes.to_vec())) {
        Err(Error::Malformed { what }) => what,
        other => panic!("{other:?}"),
    };
    assert!(said(b"").contains("start"));
    let mut longer = good.clone();
    longer.push(0);
    assert!(said(&longer).contains("1 bytes follow"));
    let mut renamed = good.clone();
    let at = renamed.windows(3).position(|three| three == b"sin").expect("there is a sine");
    renamed[at] = b'z';
    assert!(said(&renamed).contains("zin"));
}

#[test]
fn a_loaded_program_has_the_passes_of_its_options_and_the_defaults_of_the_others() {
    let g = Graph::new();
    let [x, y] = [g.leaf(1.0), g.leaf(2.0)];
    let product = g.mul(x, y);
    for (options, loaded) in [
        (Options::new(), Options::new()),
        (Options::fast().freeze_leaves(true).strict(true).guards(false), Options::fast()),
        (Options::plain().freeze_leaves(true), Options::plain()),
    ] {
        let program = Program::compile(&g, [x], [product], &options.freeze_leaves(true)).unwrap();
        assert_eq!(Program::from_bytes(&program.to_bytes()).unwrap().options(), loaded);
    }
}
