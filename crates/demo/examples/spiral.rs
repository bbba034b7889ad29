//! A neural ODE (Chen, Rubanova, Bettencourt and Duvenaud, 2018): a net that says how fast a point moves, trained until the
//! point runs along a spiral. Each point that was seen is an input of a step.

use wengert_nn::{Activation, Adam, Mlp, Optimizer};
use wengert_scan::{Error, Keep, Scan, Workspace};

const STEPS: usize = 60;
const LENGTH: f64 = 0.1;

/// The spiral: a point that turns, and slowly comes in.
fn seen(step: usize) -> [f64; 2] {
    let time = LENGTH * step as f64;
    let (sin, cos) = (1.5 * time).sin_cos();
    [cos, sin].map(|x| x * (-0.2 * time).exp())
}

pub(crate) fn main() -> Result<(), Error> {
    let net = Mlp::with_layers(2, &[(12, Activation::Tanh), (2, Activation::Linear)], 3).expect("it has layers");
    let mut params: Vec<f64> = net.parameters().iter().map(|x| 0.5 * x).collect();
    let scan = Scan::new(&seen(0), &params, &seen(1), |s, p, x| {
        // Heun's method.
        let a = net.forward(p, s);
        let middle: Vec<_> = s.iter().zip(&a).map(|(&s, &a)| s + a * LENGTH).collect();
        let b = net.forward(p, &middle);
        let next: Vec<_> = (0..2).map(|k| s[k] + (a[k] + b[k]) * (LENGTH / 2.0)).collect();
        let loss = (next[0] - x[0]).powi(2) + (next[1] - x[1]).powi(2);
        (next, loss)
    })?;
    let points: Vec<f64> = (1..=STEPS).flat_map(seen).collect();

    let mut workspace = Workspace::new();
    let mut optimizer = Adam::new(0.01);
    let mut losses = Vec::new();
    for _ in 0..1500 {
        let gradient = scan.value_and_gradient(STEPS, &seen(0), &params, &points, Keep::Sqrt, &mut workspace)?;
        losses.push(gradient.value / STEPS as f64);
        optimizer.try_step(&mut params, &gradient.params).expect("derivatives are finite");
    }
    println!("the loss of a point\n{}", wengert_viz::terminal_chart(&losses, 70, 8));

    // Where the net takes the point, its first coordinate over time.
    let path: Vec<f64> = (1..=STEPS)
        .map(|steps| scan.value(steps, &seen(0), &params, &points[..2 * steps], &mut workspace).map(|run| run.end[0]))
        .collect::<Result<_, _>>()?;
    println!("the first coordinate\n{}", wengert_viz::terminal_chart(&path, 70, 12));
    let last = losses[losses.len() - 1];
    assert!(last < 1e-3 && last < losses[0] / 100.0, "{} {last}", losses[0]);
    Ok(())
}
