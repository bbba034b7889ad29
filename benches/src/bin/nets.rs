//! Where nets outgrow scalars: a training step of nets of growing width, compiled, recorded anew, and by hand with the
//! matrices of nalgebra. One thread, interleaved rounds, minima.
//!
//! ```sh
//! cargo run --profile bench -p benches --bin nets [-- LARGEST_WIDTH]
//! ```

#![forbid(unsafe_code)]

use std::hint::black_box;
use std::time::Instant;

use nalgebra::DMatrix;
use wengert_nn::{Backend, Error, Examples, Fit, Initialization, Mlp, squared_error};

const EXAMPLES: usize = 256;
const INPUTS: usize = 2;

/// A net of two hidden layers with tanh, as a matrix for each layer, the biases in the last column.
struct Matrices(Vec<DMatrix<f64>>);

impl Matrices {
    fn of(net: &Mlp) -> Matrices {
        let mut parameters = net.parameters();
        let layers = net.layers().iter().map(|layer| {
            let (own, rest) = parameters.split_at(layer.parameter_count());
            parameters = rest;
            let rows = layer.width();
            DMatrix::from_row_slice(rows, own.len() / rows, own)
        });
        Matrices(layers.collect())
    }

    /// The gradient of the mean squared error, in the order of the net's parameters. `x` has an example in each column,
    /// and ones in its last row.
    fn gradient(&self, x: &DMatrix<f64>, targets: &DMatrix<f64>) -> Vec<f64> {
        let last = self.0.len() - 1;
        let mut inputs = vec![x.clone()];
        for weights in &self.0[..last] {
            let mut next = weights * inputs.last().expect("the first is there");
            next.apply(|z| *z = z.tanh());
            let rows = next.nrows();
            inputs.push(next.insert_row(rows, 1.0));
        }
        let mut bar = (&self.0[last] * &inputs[last] - targets) * (2.0 / EXAMPLES as f64);
        let mut gradients = Vec::new();
        for k in (0..=last).rev() {
            gradients.push(&bar * inputs[k].transpose());
            if k > 0 {
                let rows = inputs[k].nrows() - 1;
                let mut below = self.0[k].columns(0, rows).tr_mul(&bar);
                below.zip_apply(&inputs[k].rows(0, rows), |bar, a| *bar *= 1.0 - a * a);
                bar = below;
            }
        }
        gradients.into_iter().rev().flat_map(|g| g.transpose().data.as_vec().clone()).collect()
    }
}

/// Nanoseconds of a call, the least of some.
fn least(mut call: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    let begun = Instant::now();
    for round in 0.. {
        let start = Instant::now();
        call();
        best = best.min(start.elapsed().as_nanos() as f64);
        if round >= 3 && begun.elapsed().as_millis() > 300 {
            break;
        }
    }
    best
}

fn main() -> Result<(), Error> {
    let largest: usize = std::env::args().nth(1).map_or(128, |text| text.parse().expect("a width"));
    println!("ns an example of a training step without the update; {EXAMPLES} examples, 2-w-w-1, tanh");
    println!("width parameters compiled recorded matrices compiled/matrices seconds-to-compile");
    let rows: Vec<[f64; INPUTS + 1]> = (0..EXAMPLES)
        .map(|k| k as f64 / EXAMPLES as f64)
        .map(|t| [(9.0 * t).sin(), (7.0 * t).cos(), (5.0 * t).sin()])
        .collect();
    let examples = Examples::from_rows(&rows)?;
    let x = DMatrix::from_fn(INPUTS + 1, EXAMPLES, |i, k| if i < INPUTS { rows[k][i] } else { 1.0 });
    let targets = DMatrix::from_fn(1, EXAMPLES, |_, k| rows[k][INPUTS]);
    let mut width = 4;
    while width <= largest {
        let hidden = "tanh".parse()?;
        let layers = [(width, hidden), (width, hidden), (1, "linear".parse()?)];
        let net = Mlp::with_layers(INPUTS, &layers, 0)?.initialized(Initialization::Xavier, 1);
        let fit = |backend| {
            let shape = net.shape();
            Fit::new(backend, net.parameters(), &examples, move |p, row| {
                squared_error(&shape.forward(p, &row[..INPUTS]), &row[INPUTS..])
            })
            .map(|fit| fit.threads(1))
        };
        let start = Instant::now();
        let mut compiled = fit(Backend::Compiled)?;
        compiled.record(examples.all())?;
        let compile = start.elapsed().as_secs_f64();
        let mut recorded = fit(Backend::Eager)?;
        recorded.record(examples.all())?;
        let matrices = Matrices::of(&net);
        let by_hand = matrices.gradient(&x, &targets);
        for (a, b) in compiled.gradient().iter().zip(&by_hand) {
            assert!((a - b).abs() <= 1e-9 * b.abs().max(1e-3), "{a} {b}");
        }
        let mut times = [f64::INFINITY; 3];
        for _ in 0..3 {
            let mut failed = None;
            times[0] = times[0].min(least(|| failed = compiled.record(examples.all()).err()));
            times[1] = times[1].min(least(|| failed = recorded.record(examples.all()).err()));
            times[2] = times[2].min(least(|| drop(black_box(matrices.gradient(&x, &targets)))));
            failed.map_or(Ok(()), Err)?;
        }
        let [a, b, c] = times.map(|time| time / EXAMPLES as f64);
        let parameters = net.parameters().len();
        println!("{width} {parameters} {a:.0} {b:.0} {c:.0} {:.1} {compile:.2}", a / c);
        width *= 2;
    }
    Ok(())
}
