//! The net that learns the moons: gradient descent on the max-margin loss, as in micrograd's demo.
//! Read `chart` next.

use std::error::Error;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use wengert::Graph;
use wengert_nn::{Mlp, Sgd, Trainer, l2, max_margin, save};
use wengert_viz::Options;

use crate::data::Moons;
use crate::folder::Folder;
use crate::say;

/// How strongly large parameters are punished.
const STRENGTH: f64 = 1e-4;

/// What micrograd's own run of a hundred steps ends at.
const MICROGRAD_LOSS: f64 = 0.010977891483772166;

/// How training went.
pub(crate) struct Run {
    pub(crate) net: Mlp,
    /// The loss before each step, and after the last.
    pub(crate) losses: Vec<f64>,
    /// The share of points on their side before each step, and after the last.
    pub(crate) accuracies: Vec<f64>,
}

/// Trains, with a progress bar, and prints how it went and how fast.
pub(crate) fn show(moons: &Moons, steps: usize) -> Run {
    let widths: Vec<String> = moons
        .net
        .layers()
        .iter()
        .map(|layer| layer.width().to_string())
        .collect();
    say!(
        "The moons: {} points, a net of {} -> {} neurons, {} parameters, {steps} step{}",
        moons.points.len(),
        moons.net.inputs(),
        widths.join(" -> "),
        moons.net.parameters().len(),
        if steps == 1 { "" } else { "s" },
    );
    say!();
    let mut trainer = Trainer::new(moons.net.parameters());
    let mut optimiser = Sgd::new(1.0);
    let mut run = Run {
        net: moons.net.clone(),
        losses: Vec::new(),
        accuracies: Vec::new(),
    };
    let mut times = Vec::with_capacity(steps);
    let bar = ProgressBar::new(steps as u64).with_style(style());
    for k in 0..steps {
        let started = Instant::now();
        let (loss, accuracy) = record(moons, &mut trainer);
        optimiser.rate = 1.0 - 0.9 * k as f64 / steps as f64;
        trainer.update(&mut optimiser);
        times.push(started.elapsed());
        run.losses.push(loss);
        run.accuracies.push(accuracy);
        bar.set_message(format!("loss {loss:.4}, accuracy {:.0} %", 100.0 * accuracy));
        bar.inc(1);
    }
    bar.finish_and_clear();
    let (loss, accuracy) = record(moons, &mut trainer);
    run.losses.push(loss);
    run.accuracies.push(accuracy);
    if let Err(error) = run.net.set_parameters(trainer.parameters()) {
        unreachable!("the parameters are those of the net: {error}");
    }

    say!("  step      loss   accuracy");
    say!("  ─────────────────────────");
    for tenth in 0..=10 {
        let k = steps * tenth / 10;
        if tenth == 0 || k > steps * (tenth - 1) / 10 {
            say!("  {k:<6} {:>7.4}   {:>6.0} %", run.losses[k], 100.0 * run.accuracies[k]);
        }
    }
    say!();
    if moons.micrograd && steps == 100 {
        say!("micrograd's own run ends at a loss of {MICROGRAD_LOSS}, this one at {loss}.");
    }
    let nodes = trainer.graph().len() - trainer.leaves().len();
    times.sort();
    let [fastest, median] = [times[0], times[steps / 2]].map(|time| time.max(Duration::from_nanos(1)));
    say!(
        "A step (record {} nodes, sweep back, update) took {:.3} ms, the fastest {:.3} ms: {:.0} million nodes per second.",
        grouped(nodes),
        1e3 * median.as_secs_f64(),
        1e3 * fastest.as_secs_f64(),
        1e-6 * nodes as f64 / median.as_secs_f64(),
    );
    say!();
    run
}

/// The loss of all points, swept back, and the share of points on their side.
fn record(moons: &Moons, trainer: &mut Trainer) -> (f64, f64) {
    let mut right = 0;
    let loss = trainer.record(|graph, parameters| {
        let mut scores = Vec::with_capacity(moons.points.len());
        let mut targets = Vec::with_capacity(moons.points.len());
        for (point, &class) in moons.points.iter().zip(&moons.classes) {
            let x = point.map(|x| graph.expr(graph.constant(x)));
            let score = moons.net.forward(parameters, &x)[0];
            right += usize::from((score.value() > 0.0) == (class > 0.0));
            scores.push(score);
            targets.push(class.into());
        }
        max_margin(&scores, &targets) + l2(parameters, STRENGTH)
    });
    (loss, right as f64 / moons.points.len() as f64)
}

/// Draws a neuron of the trained net and the net whole, and saves the net.
pub(crate) fn draw(moons: &Moons, run: &Run, folder: &mut Folder) -> Result<(), Box<dyn Error>> {
    let graph = Graph::new();
    let x = moons.points[0].map(|x| graph.var(x));
    let x = [x[0].named("x1"), x[1].named("x2")];
    let layer = run.net.layers()[0];
    // One that is on at this point, so that its gradients say something.
    let mut neurons = run.net.parameters()[..layer.parameters()].chunks(layer.neuron().parameters());
    let first = &run.net.parameters()[..layer.neuron().parameters()];
    let x_values = moons.points[0];
    let on = neurons
        .find(|own| layer.neuron().forward(own, &x_values) > 0.0)
        .unwrap_or(first);
    let output = layer.neuron().sketch(&graph, on, &x).named("out");
    output.backward();
    folder.draw(
        "neuron",
        "a neuron of the trained net",
        &wengert_viz::draw(&graph, &[output.id()])?,
    )?;

    let graph = Graph::new();
    let x = moons.points[0].map(|x| graph.var(x));
    let x = [x[0].named("x1"), x[1].named("x2")];
    let score = run.net.sketch(&graph, &x)[0].named("score");
    score.backward();
    let net = Options::new().collapse_level(1).draw(&graph, &[score.id()])?;
    folder.draw("net", "the net, a box a layer", &net)?;

    save(&run.net, folder.place("moons.net", "the parameters of the trained net"))?;
    Ok(())
}

fn style() -> ProgressStyle {
    let style = ProgressStyle::with_template("  {bar:40} {pos}/{len}  {msg}");
    style.unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A count with its thousands set apart.
fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let first = digits.len() % 3;
    let (head, tail) = digits.split_at(first);
    let mut groups: Vec<&str> = if head.is_empty() { Vec::new() } else { vec![head] };
    groups.extend(
        tail.as_bytes()
            .chunks(3)
            .filter_map(|group| std::str::from_utf8(group).ok()),
    );
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (66_155, "66,155"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(count), text);
        }
    }
}
