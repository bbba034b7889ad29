//! Graphs, programs and nets through serde, from inputs with a few changes: an error or a value that comes back, never a
//! panic, in memory bounded by the size of the input.

use std::fmt::Debug;

use allocation_counter::measure;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wengert::{Arity, Graph, NO_IMM, Op};
use wengert_nn::{Activation, Mlp};
use wengert_program::{Input, Options, Output, Program};

use crate::random::{Random, cases};

/// A kind of value that is read and written as a text or as bytes.
struct Kind<T> {
    name: &'static str,
    /// What a value is written as.
    contents: fn(&T) -> Content,
    seeds: Vec<T>,
    /// Bytes of memory for each byte of the input.
    memory: usize,
}

/// What serde is given.
#[derive(Clone, PartialEq, Debug)]
enum Content {
    Text(String),
    Bytes(Vec<u8>),
}

impl Content {
    fn read<T: DeserializeOwned>(json: &str) -> T {
        serde_json::from_str(json).expect("what it was written as")
    }

    fn changed(&self, random: &mut Random) -> Content {
        match self {
            Content::Text(text) => {
                let bytes = mutated(text.as_bytes(), LETTERS, random);
                Content::Text(String::from_utf8_lossy(&bytes).into_owned())
            }
            Content::Bytes(bytes) => {
                // A changed file has a checksum that fits.
                let mut bytes = mutated(&bytes[..bytes.len() - 4], BYTES, random);
                bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
                Content::Bytes(bytes)
            }
        }
    }

    fn json(&self) -> Vec<u8> {
        match self {
            Content::Text(text) => serde_json::to_vec(text),
            Content::Bytes(bytes) => serde_json::to_vec(bytes),
        }
        .expect("a list or a string")
    }

    fn postcard(&self) -> Vec<u8> {
        match self {
            Content::Text(text) => postcard::to_stdvec(text),
            Content::Bytes(bytes) => postcard::to_stdvec(bytes),
        }
        .expect("a list or a string")
    }
}

const LETTERS: &[u8] = b"0123456789 \\n\n\"-.exNnif[]{},leafmulscopelabelguardtruelayerparametersinputsend";
const BYTES: &[u8] = &[0, 1, 2, 3, 7, 16, 0x3f, 0x7f, 0x80, 0xff, b's', b'm', b'0', b'9', b',', b'['];

/// A few bytes set, inserted, dropped or doubled, or the end cut off.
fn mutated(seed: &[u8], likely: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len().max(1));
        let byte = if random.below(4) == 0 { random.next() as u8 } else { likely[random.below(likely.len())] };
        match random.below(8) {
            0..3 if at < bytes.len() => bytes[at] = byte,
            3 if at < bytes.len() => drop(bytes.remove(at)),
            4 => {
                let end = (at + random.below(24)).min(bytes.len());
                let piece = bytes[at.min(end)..end].to_vec();
                let to = random.below(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
            5 if random.below(4) == 0 => bytes.truncate(at),
            _ => bytes.insert(at.min(bytes.len()), byte),
        }
    }
    bytes
}

impl<T: Serialize + DeserializeOwned + Debug> Kind<T> {
    /// `FUZZ_CASES=1000000 cargo test --release -p fuzz-targets --test it serde` tries that many for each kind.
    fn check(&self) {
        let cases = cases(20_000);
        let mut random = Random(1);
        let (mut values, mut most) = (0, 0.0_f64);
        let contents: Vec<Content> = self.seeds.iter().map(self.contents).collect();
        for case in 0..cases {
            let content = &contents[random.below(contents.len())];
            let (json, input) = match case % 4 {
                0 => (true, mutated(&content.json(), LETTERS, &mut random)),
                1 => (false, mutated(&content.postcard(), BYTES, &mut random)),
                2 => (true, content.changed(&mut random).json()),
                _ => (false, content.changed(&mut random).postcard()),
            };
            let mut read: Option<T> = None;
            let memory = measure(|| {
                read = if json { serde_json::from_slice(&input).ok() } else { postcard::from_bytes(&input).ok() };
            });
            // The first term is for an error or a value of no size.
            let bound = 4096 + self.memory * input.len();
            let taken = memory.bytes_max as usize;
            assert!(taken <= bound, "{}, case {case}: {taken} bytes for {}", self.name, input.len());
            most = most.max(taken.saturating_sub(4096) as f64 / input.len().max(1) as f64);
            let Some(value) = read else { continue };
            let written = (self.contents)(&value);
            let again: T = Content::read(std::str::from_utf8(&written.json()).expect("JSON"));
            assert_eq!((self.contents)(&again), written, "{}, case {case}", self.name);
            values += 1;
        }
        println!(
            "{}: {values} of {cases} are one, at most 4096 + {most:.1} n bytes of memory for {} n",
            self.name, self.memory
        );
        assert!(values > 0 && values < cases, "{}: {values} of {cases}", self.name);
    }
}

/// A graph with labels, scopes and guards, and one with every op.
fn graphs() -> Vec<Graph> {
    let g = Graph::new();
    let (x, y) = (g.var(0.7).named("x"), g.var(-0.0).named("a \\ and\na line"));
    let outer = g.scope("outer");
    let sum = x * 0.1 + y;
    let inner = g.scope("inner");
    drop(outer);
    let larger = if x > sum { x } else { sum };
    drop(inner);
    g.constant(f64::NAN);
    let terms = [x, y, larger].map(|x| x.id());
    g.gradient_nodes(g.logsumexp(&terms), &[x.id(), y.id()]);
    vec![g, every_op().0]
}

/// Every op on two leaves and the node before.
fn every_op() -> (Graph, [wengert::NodeId; 2], wengert::NodeId) {
    let g = Graph::new();
    let (x, y) = (g.leaf(0.5), g.leaf(0.25));
    let mut last = y;
    for &op in Op::ALL {
        let count = match op.arity() {
            Arity::Fixed(count) => count,
            _ => 4,
        };
        if count > 0 {
            let imm = if op.immediates() > 0 { [1.0, 0.0] } else { NO_IMM };
            last = g.try_record(op, imm, &[last, x, y, x][..count]).expect("a valid node");
        }
    }
    (g, [x, y], last)
}

#[test]
fn a_mutated_graph_is_an_error_or_a_graph() {
    let text = |g: &Graph| {
        let json = serde_json::to_string(g).expect("it has no stale values and no functions of its own");
        Content::Text(Content::read(&json))
    };
    Kind { name: "graphs", contents: text, seeds: graphs(), memory: 16 }.check();
}

#[test]
fn a_mutated_program_is_an_error_or_a_program() {
    let guarded = Program::value_and_gradient(
        &[0.5, 2.0],
        |x| if x[0] < x[1] { (x[0] * x[1]).sin() } else { x[0].ln() * 0.1 },
        &Options::new(),
    );
    let (g, [x, y], last) = every_op();
    let every = Program::compile(
        &g,
        [Input::uniform(x), Input::per_point(y)],
        [Output::sum(last), Output::per_point(last)],
        &Options::new(),
    );
    let seeds = [guarded, every].map(|program| program.expect("compiles")).into();
    let bytes = |program: &Program| Content::Bytes(program.to_bytes());
    Kind { name: "programs", contents: bytes, seeds, memory: 16 }.check();
}

#[test]
fn a_mutated_net_is_an_error_or_a_net() {
    let special = [f64::NAN, f64::INFINITY, -0.0, 5e-324, 0.1 + 0.2, -1.0 / 3.0, 1e300];
    let layers = [(1, Activation::Tanh), (2, Activation::Linear)];
    let seeds = vec![Mlp::from_parameters(2, &layers, special.to_vec()).expect("seven parameters")];
    Kind { name: "nets", contents: |net: &Mlp| Content::Text(net.text()), seeds, memory: 16 }.check();
}
