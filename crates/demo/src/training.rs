//! Training the net on the moons: gradient descent on the max-margin loss, as in micrograd's demo.

use std::error::Error;
use std::time::{Duration, Instant};

use wengert::{Expr, Graph};
use wengert_nn::{Backend, Fit, Mlp, Sgd, l2, max_margin};

use crate::data::Moons;
use crate::folder::Folder;
use crate::say;

/// The strength of the L2 penalty.
const STRENGTH: f64 = 1e-4;

/// The last loss of micrograd's own run of 100 steps.
const MICROGRAD_LOSS: f64 = 0.010977891483772166;

/// The result of training.
pub(crate) struct Run {
    pub(crate) net: Mlp,
    /// The loss before each step, and after the last.
    pub(crate) losses: Vec<f64>,
    /// The share of points classified right before each step, and after the last.
    pub(crate) accuracies: Vec<f64>,
    /// The time before the first step: compiling, if the loss is compiled.
    pub(crate) start: Duration,
    /// The times of the steps, shortest first.
    pub(crate) times: Vec<Duration>,
    /// The number of nodes recorded per step.
    pub(crate) nodes: usize,
    /// The number of instructions of the program, if there is one.
    pub(crate) instructions: usize,
}

impl Run {
    /// The loss after the last step.
    pub(crate) fn loss(&self) -> f64 {
        self.losses.last().copied().unwrap_or(f64::NAN)
    }
}

/// A step of training, as [`train`] passes it to `watch`.
pub(crate) struct Watched<'a> {
    pub(crate) step: usize,
    pub(crate) loss: f64,
    pub(crate) accuracy: f64,
    pub(crate) parameters: &'a [f64],
    pub(crate) gradient: &'a [f64],
}

/// Prints what is trained.
pub(crate) fn announce(moons: &Moons, steps: usize) {
    let widths: Vec<String> = moons.net.layers().iter().map(|layer| layer.width().to_string()).collect();
    say!(
        "The moons: {} points, a net of {} -> {} neurons, {} parameters, {steps} step{}",
        moons.points.len(),
        moons.net.input_count(),
        widths.join(" -> "),
        moons.net.parameters().len(),
        if steps == 1 { "" } else { "s" },
    );
    say!();
}

/// Trains. The times are those of the steps alone.
///
/// `watch` gets each step before its update, and the end: loss and accuracy, the parameters, and the derivatives with
/// respect to them.
pub(crate) fn train(
    moons: &Moons,
    backend: Backend,
    steps: usize,
    mut watch: impl FnMut(Watched<'_>) -> Result<(), Box<dyn Error>>,
) -> Result<Run, Box<dyn Error>> {
    let examples = moons.examples()?;
    let started = Instant::now();
    let mut fit = Fit::new(backend, moons.net.parameters(), &examples, |parameters, example| {
        max_margin(&moons.net.forward(parameters, &example[..2]), &example[2..])
    })?
    .penalty(|parameters| l2(parameters, STRENGTH));
    let start = started.elapsed();
    let mut optimizer = Sgd::new(1.0);
    let (mut losses, mut accuracies) = (Vec::new(), Vec::new());
    let mut times = Vec::with_capacity(steps);
    for k in 0..steps {
        let accuracy = moons.accuracy(fit.parameters());
        optimizer.rate = 1.0 - 0.9 * k as f64 / steps as f64;
        let started = Instant::now();
        let loss = fit.record(examples.all())?;
        let recorded = started.elapsed();
        watch(Watched { step: k, loss, accuracy, parameters: fit.parameters(), gradient: fit.gradient() })?;
        let started = Instant::now();
        fit.update(&mut optimizer);
        times.push(recorded + started.elapsed());
        losses.push(loss);
        accuracies.push(accuracy);
    }
    let (loss, accuracy) = (fit.record(examples.all())?, moons.accuracy(fit.parameters()));
    watch(Watched { step: steps, loss, accuracy, parameters: fit.parameters(), gradient: fit.gradient() })?;
    losses.push(loss);
    accuracies.push(accuracy);
    times.sort();
    let mut net = moons.net.clone();
    net.set_parameters(fit.parameters())?;
    Ok(Run {
        net,
        losses,
        accuracies,
        start,
        times,
        nodes: fit.graph().len() - fit.parameters().len(),
        instructions: fit.program().map_or(0, |program| program.report().instructions),
    })
}

/// Prints loss and accuracy by step.
pub(crate) fn show(moons: &Moons, run: &Run) {
    let steps = run.times.len();
    say!("  step      loss   accuracy");
    say!("  ─────────────────────────");
    for tenth in 0..=10 {
        let k = steps * tenth / 10;
        if tenth == 0 || k > steps * (tenth - 1) / 10 {
            say!("  {k:<6} {:>7.4}   {:>6.0} %", run.losses[k], 100.0 * run.accuracies[k]);
        }
    }
    say!();
    say!("  loss");
    for line in wengert_viz::terminal_chart(&run.losses, 60, 7).lines() {
        say!("{line}");
    }
    say!();
    if moons.micrograd && steps == 100 {
        say!("The last loss of micrograd's own run is {MICROGRAD_LOSS}, and here {}.", run.loss());
        say!();
    }
}

/// Draws a neuron of the trained net and the whole net, and saves the net.
pub(crate) fn draw(moons: &Moons, run: &Run, folder: &mut Folder) -> Result<(), Box<dyn Error>> {
    let graph = Graph::new();
    let x = inputs(&graph, moons);
    let layer = run.net.layers()[0];
    // A neuron that is active at this point, so that its gradients are not all 0.
    let mut neurons = run.net.parameters()[..layer.parameter_count()].chunks(layer.neuron().parameter_count());
    let first = &run.net.parameters()[..layer.neuron().parameter_count()];
    let x_values = moons.points[0];
    let on = neurons.find(|own| layer.neuron().forward(own, &x_values) > 0.0).unwrap_or(first);
    let output = layer.neuron().sketch(&graph, on, &x).named("out");
    output.backward();
    folder.draw("neuron.svg", "a neuron of the trained net", &wengert_viz::draw(&graph, &[output.id()])?)?;

    let graph = Graph::new();
    let x = inputs(&graph, moons);
    let score = run.net.sketch(&graph, &x)[0].named("score");
    score.backward();
    let page = wengert_viz::page(&graph, &[score.id()])?.html("The trained net at one of the points")?;
    folder.write("net.html", "the whole net: a page to open, search and play", &page)?;

    run.net.save(folder.place("moons.net", "the parameters of the trained net"))?;
    Ok(())
}

/// The first point as two named leaves.
fn inputs<'g>(graph: &'g Graph, moons: &Moons) -> [Expr<'g>; 2] {
    let [x1, x2] = moons.points[0].map(|x| graph.var(x));
    [x1.named("x1"), x2.named("x2")]
}
