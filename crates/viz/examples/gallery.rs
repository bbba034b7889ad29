//! Draws graphs of every kind, to be looked at: `cargo run -p wengert-viz --features png,training
//! --example gallery FOLDER`.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use wengert::{Expr, External, Formula, Graph, NodeId, Statement, function};
use wengert_nn::{Mlp, Trainer, TrainingLog, max_margin};
use wengert_viz::{Direction, Options, Picture, draw, page, to_tex, training_page};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).ok_or("usage: gallery FOLDER")?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    let save = |name: &str, picture: &Picture| -> Result<(), Box<dyn Error>> {
        for form in ["svg", "png", "html", "dot"] {
            picture.save(folder.join(format!("{name}.{form}")))?;
        }
        Ok(())
    };

    let g = Graph::new();
    let [a, b, c, f] = [("a", 2.0), ("b", -3.0), ("c", 10.0), ("f", -2.0)].map(|(name, x)| g.var(x).named(name));
    let e = (a * b).named("e");
    let d = (e + c).named("d");
    let l = (d * f).named("L");
    l.backward();
    save("lecture", &draw(&g, &[l.id()])?)?;
    save("lecture_down", &Options::new().direction(Direction::TopToBottom).draw(&g, &[l.id()])?)?;

    let g = Graph::new();
    let price = black_scholes(&g);
    price.backward();
    save("black_scholes", &draw(&g, &[price.id()])?)?;

    let g = Graph::new();
    let y = (0..60).fold(g.var(0.5).named("x"), |x, k| if k % 3 == 0 { x.sin() } else { x + 1.0 });
    y.backward();
    save("chain", &draw(&g, &[y.id()])?)?;

    let g = Graph::new();
    let y = net(&g, &[2, 4, 4, 1]);
    y.backward();
    save("net_open", &draw(&g, &[y.id()])?)?;
    save("net_layers", &Options::new().collapse_level(1).draw(&g, &[y.id()])?)?;
    save("net_neurons", &Options::new().collapse_level(2).draw(&g, &[y.id()])?)?;
    save("net_one_open", &Options::new().collapse(["layer 1"]).collapse(["layer 2"]).draw(&g, &[y.id()])?)?;

    std::fs::write(folder.join("empty.html"), page(&Graph::new(), &[])?.html("Nothing")?)?;

    let g = Graph::new();
    let x = g.var(0.0).named("variance");
    let y = (x.ln() * 0.5 + x).named("loss");
    y.backward();
    save("nan", &draw(&g, &[y.id()])?)?;

    // A difference whose first operand is not shown.
    let g = Graph::new();
    let near = g.var(2.0).named("near");
    let l = (g.var(3.0).named("far").sin() - near * near).named("L");
    l.backward();
    let shown = [near.id(), g.nodes().nth(3).ok_or("no node")?.id, l.id()];
    save("cut", &Options::new().depth_limit(0).draw(&g, &shown)?)?;

    // Small and large numbers, and ties of the last digit.
    let g = Graph::new();
    let sizes = [1e-7, 0.03125, 2.03125, 2.09375, -0.0078125, 0.0, -0.0, 1.2345e12, 1.2355e12, f64::MAX];
    let leaves: Vec<NodeId> = sizes.iter().map(|&x| g.leaf(x)).collect();
    save("sizes", &draw(&g, &leaves)?)?;

    let (g, l) = calls();
    save("calls", &draw(&g, &[l])?)?;
    save("calls_scopes", &Options::new().collapse_level(1).draw(&g, &[l])?)?;
    std::fs::write(folder.join("calls.tex"), to_tex(&g, l)?)?;

    let g = Graph::new();
    let labels = [
        "<script>alert(1)</script>",
        "\"quotes\" 'and' `more`",
        "]]>",
        "\u{202e}backwards",
        "שלום",
        "😀 emoji 👩‍👩‍👧",
        "NUL \0 here",
        "日本語のラベル",
        "a long label that goes on and on and on, over several lines of text, until it ends",
    ];
    let leaves: Vec<NodeId> = labels.iter().map(|label| g.var(1.0).named(label).id()).collect();
    save("labels", &draw(&g, &leaves)?)?;

    let g = Graph::new();
    let mut nodes = vec![g.var(0.5), g.var(0.25), g.var(-0.75)];
    let mut state = 7u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % below
    };
    for _ in 0..40 {
        let recent = nodes.len().saturating_sub(8);
        let [x, y] = [0, 1].map(|_| nodes[recent + random(nodes.len() - recent)]);
        nodes.push(match random(4) {
            0 => x + y,
            1 => x * y,
            2 => x - y,
            _ => x.sin(),
        });
    }
    let last = *nodes.last().ok_or("no node")?;
    last.backward();
    save("random", &draw(&g, &[last.id()])?)?;

    // A net as it is trained: one sample in scopes, and a batch of a hundred without any.
    let net = Mlp::with_layers(2, &[(16, "relu".parse()?), (16, "relu".parse()?), (1, "linear".parse()?)], 1)?;
    let g = Graph::new();
    let x = [g.var(0.7).named("x1"), g.var(-0.3).named("x2")];
    let score = net.sketch(&g, &x)[0].named("score");
    score.backward();
    std::fs::write(folder.join("moons_one.html"), page(&g, &[score.id()])?.html("The moons net at one point")?)?;
    let points =
        (0..40).map(|k| ([(0.16 * f64::from(k)).cos(), (0.16 * f64::from(k)).sin()], if k < 20 { 1.0 } else { -1.0 }));
    let mut log = TrainingLog::new(30).with_points(points);
    for step in 0..20 {
        log.record(step, 1.0 / f64::from(step as u32 + 1), Some(0.5 + 0.02 * step as f64));
        log.snapshot(step, &net, net.parameters());
        log.sample_plane((-1.5, 1.5), (-1.2, 1.2), [31, 25], |[x, y]| x * 0.1 * step as f64 - y);
    }
    std::fs::write(folder.join("training.html"), training_page(&log, "A training under way"))?;
    let mut log = TrainingLog::new(200_000);
    (0..200_000).for_each(|step| log.record(step, 1e-3 + (-1e-4 * step as f64).exp(), None));
    std::fs::write(folder.join("training_long.html"), training_page(&log, "A long training"))?;
    let mut log = TrainingLog::new(2);
    (0..2).for_each(|step| log.record(step, -1.0 - 1e-9 * step as f64, None));
    std::fs::write(folder.join("training_close.html"), training_page(&log, "Losses that are nearly equal"))?;
    let mut trainer = Trainer::new(net.parameters());
    trainer.record(|_, parameters| {
        let losses = (0..100).map(|k| {
            let (angle, class) = (0.0628 * f64::from(k), if k % 2 == 0 { 1.0 } else { -1.0 });
            let x = [angle.cos() + 0.5 * class, class * angle.sin()].map(Expr::from);
            max_margin(&net.forward(parameters, &x), &[Expr::from(class)])
        });
        losses.fold(Expr::from(0.0), |sum, loss| sum + loss) / 100.0
    });
    let last = trainer.graph().nodes().last().ok_or("no node")?;
    let start = Instant::now();
    let batch = page(trainer.graph(), &[last.id])?.html("The moons net at a hundred points")?;
    println!("a page of {} nodes: {:?}, {:.1} MB", trainer.graph().len(), start.elapsed(), batch.len() as f64 / 1e6);
    std::fs::write(folder.join("moons_batch.html"), batch)?;
    Ok(())
}

/// A cell of three inputs as one node, a formula of seven as one node, and a function of two outputs.
fn calls() -> (Graph, NodeId) {
    let cell = Statement::new("cell", 3, function!(|u| u[1] - (u[2] - u[0]) * u[1] * 0.05));
    let products = Formula::sum(3, |k| Formula::input(k) * Formula::input(3 + k));
    let neuron = Statement::new("neuron", 7, (products + Formula::input(6)).tanh());
    let polar: Arc<dyn External> = Arc::new(Polar);
    let g = Graph::new();
    let start: Vec<Expr> = (0..3).map(|k| g.var(0.5 + f64::from(k).sin()).named(&format!("u{k}"))).collect();
    let step = g.scope("step");
    let u: Vec<Expr> = (0..3).map(|k| g.call(&cell, &[start[(k + 2) % 3], start[k], start[(k + 1) % 3]])).collect();
    drop(step);
    let parameters = ["w1", "w2", "w3", "b"].map(|name| g.var(0.25).named(name));
    let y = g.call(&neuron, &[&u[..], &parameters].concat()).named("y");
    let outputs = g.external(polar, &[y, u[0]]);
    let l = (outputs[0] + outputs[1]).named("L").id();
    g.backward(l);
    (g, l)
}

/// The radius and the angle of a point.
struct Polar;

impl External for Polar {
    fn name(&self) -> &str {
        "polar"
    }
    fn shape(&self) -> (usize, usize) {
        (2, 2)
    }
    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        y.copy_from_slice(&[x[0].hypot(x[1]), x[1].atan2(x[0])]);
        Ok(())
    }
    fn vjp(&self, x: &[f64], y: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        let [cos, sin] = [x[0], x[1]].map(|x| x / y[0]);
        xbar.copy_from_slice(&[ybar[0] * cos - ybar[1] * sin / y[0], ybar[0] * sin + ybar[1] * cos / y[0]]);
        Ok(())
    }
}

/// The price of a call (Black and Scholes 1973).
fn black_scholes(g: &Graph) -> Expr<'_> {
    let [s, k, r, v, t] =
        [("S", 100.0), ("K", 105.0), ("r", 0.05), ("σ", 0.2), ("T", 1.0)].map(|(name, x)| g.var(x).named(name));
    let root = v * t.sqrt();
    let d1 = (((s / k).ln() + (r + v * v * 0.5) * t) / root).named("d1");
    let d2 = (d1 - root).named("d2");
    (s * d1.norm_cdf() - k * (-r * t).exp() * d2.norm_cdf()).named("price")
}

/// A net of tanh neurons, in scopes.
fn net<'g>(g: &'g Graph, widths: &[usize]) -> Expr<'g> {
    let mut layer: Vec<Expr<'g>> =
        (0..widths[0]).map(|k| g.var(1.0 - 1.5 * k as f64).named(&format!("x{}", k + 1))).collect();
    for (k, &width) in widths[1..].iter().enumerate() {
        let _layer = g.scope(format!("layer {}", k + 1));
        layer = (0..width)
            .map(|j| {
                let _neuron = g.scope(format!("neuron {}", j + 1));
                let bias = g.var(0.1 * j as f64).named("b");
                let sum = layer.iter().enumerate().fold(bias, |sum, (i, &x)| {
                    sum + x * g.var(0.3 - 0.2 * i as f64 + 0.05 * j as f64).named(&format!("w{}", i + 1))
                });
                sum.tanh()
            })
            .collect();
    }
    layer[0]
}
