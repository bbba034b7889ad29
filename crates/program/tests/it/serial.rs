//! Programs through serde: JSON and postcard.

use allocation_counter::measure;
use wengert::Expr;
use wengert_program::{Options, Program, Workspace};

use crate::format::{MOST_TO_LOAD, greedy};

fn program() -> Program {
    Program::value_and_gradient(&[0.5, 2.0], |x| (x[0] * x[1]).sin() + x[0].max(x[1]).ln() * 0.1, &Options::new())
        .unwrap()
}

fn values(program: &Program) -> Vec<u64> {
    let mut out = vec![0.0; program.output_count()];
    program.eval(&[0.75, 3.0], &mut out, &mut Workspace::new()).unwrap();
    out.into_iter().map(f64::to_bits).collect()
}

#[test]
fn a_program_comes_back_to_the_bit() {
    let program = program();
    let by_json: Program = serde_json::from_str(&serde_json::to_string(&program).unwrap()).unwrap();
    let by_postcard: Program = postcard::from_bytes(&postcard::to_stdvec(&program).unwrap()).unwrap();
    for other in [by_json, by_postcard] {
        assert_eq!(other.to_bytes(), program.to_bytes());
        assert_eq!(values(&other), values(&program));
    }
}

#[test]
fn what_is_not_a_program_is_an_error_that_says_so() {
    let message = |json: &str| serde_json::from_str::<Program>(json).unwrap_err().to_string();
    assert!(message("true").contains("the bytes of a program"), "{}", message("true"));
    assert!(message("[1, 2, 3]").contains("it does not start like one"), "{}", message("[1, 2, 3]"));
    let mut bytes = program().to_bytes();
    let last = bytes.len() - 5;
    bytes[last] ^= 1;
    let changed = serde_json::to_string(&bytes).unwrap();
    assert!(message(&changed).contains("checksum"), "{}", message(&changed));
}

/// The bytes of memory that reading takes, by JSON and by postcard.
fn memory(bytes: &[u8]) -> [usize; 2] {
    let (json, packed) = (serde_json::to_vec(bytes).unwrap(), postcard::to_stdvec(bytes).unwrap());
    let by_json = measure(|| drop(serde_json::from_slice::<Program>(&json).unwrap()));
    let by_postcard = measure(|| drop(postcard::from_bytes::<Program>(&packed).unwrap()));
    [by_json, by_postcard].map(|measured| measured.bytes_max as usize)
}

#[test]
fn reading_takes_memory_by_the_size_of_the_program() {
    for (what, raw) in [65_537, 131_073].into_iter().flat_map(greedy) {
        for raw in [raw.clone(), raw.optimized()] {
            let bytes = raw.bytes();
            let [by_json, by_postcard] = memory(&bytes);
            assert!(by_postcard <= MOST_TO_LOAD * bytes.len(), "{what}: {by_postcard} for {}", bytes.len());
            // The bytes themselves, in a list that doubles.
            assert!(by_json <= (MOST_TO_LOAD + 3) * bytes.len(), "{what}: {by_json} for {}", bytes.len());
        }
    }
}

/// A path of an asset, a net and Rosenbrock's function.
#[test]
fn gradients_of_usual_formulas_take_at_most_sixteen_times_their_json() {
    fn path<'g>(x: &[Expr<'g>]) -> Expr<'g> {
        let step = |(asset, sum), (k, &x): (usize, &Expr<'g>)| {
            let asset: Expr<'g> = asset * (x * 0.5 + 0.01 / (k + 1) as f64).exp();
            (asset, asset + sum)
        };
        let (_, sum) = x.iter().enumerate().fold((x[0], x[0] * 0.0), step);
        (sum / 300.0 - 1.0).max(0.0)
    }
    fn net<'g>(x: &[Expr<'g>]) -> Expr<'g> {
        let layer = |inputs: Vec<Expr<'g>>, weights: &[Expr<'g>]| {
            let neuron = |w: &[Expr<'g>]| inputs.iter().zip(&w[1..]).fold(w[0], |sum, (&x, &w)| sum + x * w).tanh();
            weights.chunks(6).map(neuron).collect()
        };
        let outputs = x.chunks(30).fold(x[..5].to_vec(), layer);
        outputs.iter().fold(outputs[0], |sum, &x| sum + x)
    }
    fn rosenbrock<'g>(x: &[Expr<'g>]) -> Expr<'g> {
        let term = |pair: &[Expr<'g>]| {
            let (a, b) = (pair[1] - pair[0] * pair[0], 1.0 - pair[0]);
            a * a * 100.0 + b * b
        };
        x.windows(2).map(term).reduce(|sum, term| sum + term).unwrap()
    }
    let x: Vec<f64> = (0..300).map(|k| 0.5 + f64::from(k) / 1000.0).collect();
    type Formula = for<'x, 'g> fn(&'x [Expr<'g>]) -> Expr<'g>;
    let formulas: [(&str, Formula); 3] = [("path", path), ("net", net), ("Rosenbrock", rosenbrock)];
    for (what, formula) in formulas {
        let program = Program::value_and_gradient(&x, formula, &Options::new()).unwrap();
        let (bytes, json) = (program.to_bytes(), serde_json::to_vec(&program).unwrap());
        let [by_json, by_postcard] = memory(&bytes);
        let [of_json, of_bytes] = [by_json as f64 / json.len() as f64, by_postcard as f64 / bytes.len() as f64];
        println!("{what}: {of_bytes:.1} for each byte, {of_json:.1} for each of JSON");
        assert!(of_bytes <= 36.0 && of_json <= 16.0, "{what}: {of_bytes}, {of_json}");
    }
}
