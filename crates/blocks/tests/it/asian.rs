//! W5 of the benchmarks: one path of an arithmetic Asian call over 252 days, with its Greeks. The ranks of `wengert-mpi`
//! run it too.

use wengert_nn::SplitMix64;
use wengert_program::{Error, Input, Options, Output, Program, Workspace};

pub(crate) const STEPS: usize = 252;
const DT: f64 = 1.0 / STEPS as f64;
const STRIKE: f64 = 100.0;

/// The uniform inputs: spot, rate and volatility.
pub(crate) const MARKET: [f64; 3] = [100.0, 0.03, 0.2];

/// The discounted payoff of a path, and its derivatives with respect to spot, rate and volatility, summed over the paths.
/// The normals of the steps are the inputs with a number for each path.
pub(crate) fn program() -> Result<Program, Error> {
    let g = wengert::Graph::new();
    let x = [g.var(MARKET[0]).named("spot"), g.var(MARKET[1]).named("rate"), g.var(MARKET[2]).named("volatility")];
    let z: Vec<_> = (0..STEPS).map(|_| g.var(0.1)).collect();
    let [mut s, r, sigma] = x;
    let drift = (r - sigma * sigma * 0.5) * DT;
    let volatility = sigma * DT.sqrt();
    let mut sum = None;
    for &z in &z {
        s *= (volatility * z + drift).exp();
        sum = Some(sum.map_or(s, |sum| sum + s));
    }
    let mean = sum.expect("a path has steps") * DT;
    let payoff = ((-r).exp() * (mean - STRIKE).relu()).named("price");
    let greeks = g.gradient_nodes(payoff.id(), &x.map(|x| x.id()));
    let inputs = x.map(|x| Input::uniform(x.id())).into_iter().chain(z.iter().map(|&z| z.into()));
    let outputs = [payoff.id()].into_iter().chain(greeks).map(Output::sum);
    Program::compile(&g, inputs, outputs, &Options::new())
}

/// The standard normals of a path.
pub(crate) fn normals(path: usize, normals: &mut [f64]) {
    let mut random = SplitMix64::new(path as u64);
    normals.iter_mut().for_each(|z| *z = random.normal());
}

/// The normals of the first `paths` paths: a column for each step.
pub(crate) fn columns(paths: usize) -> Vec<Vec<f64>> {
    let mut columns = vec![Vec::new(); STEPS];
    let mut path = [0.0; STEPS];
    for k in 0..paths {
        normals(k, &mut path);
        columns.iter_mut().zip(path).for_each(|(column, z)| column.push(z));
    }
    columns
}

/// The sums of one run of `Program::eval_batch` over these paths.
pub(crate) fn sums(columns: &[Vec<f64>]) -> [f64; 4] {
    let program = program().expect("compiles");
    let inputs: Vec<&[f64]> = MARKET.chunks(1).chain(columns.iter().map(Vec::as_slice)).collect();
    let mut sums = [0.0; 4];
    let mut outputs: Vec<&mut [f64]> = sums.chunks_mut(1).collect();
    program.eval_batch(columns[0].len(), &inputs, &mut outputs, &mut Workspace::new()).expect("runs");
    sums
}
