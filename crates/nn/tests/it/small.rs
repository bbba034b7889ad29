//! What a small net needs besides layers and a loss: probabilities, initial weights, the loss of held-out examples, and
//! training that is stopped and resumed.

use wengert::{Dual, Expr, Graph};
use wengert_nn::{
    Activation, Adam, Backend, Error, Examples, Fit, Initialization, Mlp, Optimizer, SavedOptimizer, Sgd, SplitMix64,
    argmax, cross_entropy, l2, shared_cross_entropy, softmax,
};

fn examples() -> Examples {
    let mut random = SplitMix64::new(11);
    let rows = (0..40).map(|k| {
        let class = k % 3;
        let [x, y] = [1.0, 2.0].map(|s: f64| (s * class as f64).sin() * 2.0 + 0.4 * random.normal());
        let share = |c| f64::from(c == class);
        [x, y, share(0), share(1), share(2)]
    });
    Examples::from_rows(rows).unwrap()
}

fn fit(backend: Backend, net: &Mlp) -> Fit<impl for<'g> Fn(&[Expr<'g>], &[Expr<'g>]) -> Expr<'g>> {
    let shape = net.shape();
    Fit::new(backend, net.parameters(), &examples(), move |parameters, example| {
        shared_cross_entropy(&shape.forward(parameters, &example[..2]), &example[2..])
    })
    .unwrap()
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn softmax_has_the_probabilities_and_their_derivatives() {
    let logits = [0.3, -1.2, 2.0];
    let p = softmax(&logits);
    assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-15);
    for (class, p) in p.iter().enumerate() {
        assert!((p - (-cross_entropy(&logits, class)).exp()).abs() < 1e-15);
    }
    let dual = softmax(&[0, 1, 2].map(|k| Dual::<3>::input(logits[k], k)));
    let g = Graph::new();
    let x = g.leaves(&logits);
    let outputs: Vec<_> = softmax(&g.exprs(&x)).iter().map(|p| p.id()).collect();
    let jacobian = g.jacobian(&outputs, &x);
    for i in 0..3 {
        for j in 0..3 {
            let want = p[i] * (f64::from(i == j) - p[j]);
            assert!((dual[i].tangents[j] - want).abs() < 1e-16);
            assert!((jacobian[i][j] - want).abs() < 1e-16);
        }
    }
}

#[test]
fn softmax_is_the_limit_at_the_ends_of_the_range() {
    let inf = f64::INFINITY;
    let all: [(&[f64], &[f64]); 6] = [
        (&[1e300, 0.0], &[1.0, 0.0]),
        (&[-1e300, -1e300], &[0.5, 0.5]),
        (&[inf, 5.0], &[1.0, 0.0]),
        (&[inf, inf, 0.0], &[0.5, 0.5, 0.0]),
        (&[-inf, 0.0], &[0.0, 1.0]),
        (&[-inf, -inf], &[0.5, 0.5]),
    ];
    for (logits, want) in all {
        assert_eq!(softmax(logits).to_vec(), want, "{logits:?}");
    }
    assert!(softmax(&[f64::NAN, 1.0]).iter().all(|p| p.is_nan()));
}

#[test]
fn the_largest_is_the_first_of_those_that_tie() {
    for (numbers, want) in [
        (&[1.0][..], 0),
        (&[1.0, 3.0, 3.0], 1),
        (&[f64::NAN, -1.0, -2.0], 1),
        (&[5.0, f64::NAN], 0),
        (&[f64::NAN, f64::NAN], 0),
        (&[f64::NEG_INFINITY, f64::NEG_INFINITY], 0),
    ] {
        assert_eq!(argmax(numbers), want, "{numbers:?}");
    }
}

#[test]
fn weights_start_with_the_variance_that_their_authors_ask_for() {
    let net = Mlp::with_layers(300, &[(200, Activation::Relu)], 0).unwrap();
    for (how, variance) in [
        (Initialization::Uniform, 1.0 / 3.0),
        (Initialization::Kaiming, 2.0 / 300.0),
        (Initialization::Xavier, 2.0 / 500.0),
    ] {
        let net = net.clone().initialized(how, 5);
        let neurons = net.parameters().chunks(301);
        assert!(neurons.clone().all(|neuron| neuron[300] == 0.0));
        let weights: Vec<f64> = neurons.flat_map(|neuron| &neuron[..300]).copied().collect();
        let n = weights.len() as f64;
        let mean = weights.iter().sum::<f64>() / n;
        let spread = weights.iter().map(|w| w * w).sum::<f64>() / n;
        assert!(mean.abs() < 5.0 * (variance / n).sqrt(), "{how:?}: {mean}");
        assert!((spread / variance - 1.0).abs() < 0.03, "{how:?}: {spread}, {variance}");
    }
    let drawn = Mlp::new(2, &[4, 1], 9).unwrap();
    assert_eq!(drawn.clone().initialized(Initialization::Uniform, 9), drawn);
}

#[test]
fn a_loss_without_gradient_is_that_with_and_leaves_the_gradient() {
    let (net, examples) = (Mlp::new(2, &[8, 3], 4).unwrap(), examples());
    for backend in [Backend::Eager, Backend::Compiled] {
        let mut fit = fit(backend, &net).penalty(|parameters| l2(parameters, 1e-3));
        let of_batch = examples.batches(7).unwrap().last().unwrap();
        let alone = fit.loss(of_batch).unwrap();
        assert!(fit.gradient().iter().all(|&slope| slope == 0.0));
        assert_eq!(fit.record(of_batch).unwrap().to_bits(), alone.to_bits());
        let gradient = fit.gradient().to_vec();
        fit.loss(examples.all()).unwrap();
        assert_eq!(fit.gradient(), gradient);
        let narrow = Examples::from_rows([[1.0]]).unwrap();
        assert!(matches!(fit.loss(narrow.all()), Err(Error::Columns { .. })));
    }
}

/// Trains for 30 steps, and for 12 and 18 with everything saved and loaded in between: the same bits.
fn resumes<O: Optimizer + SavedOptimizer>(backend: Backend, make: impl Fn() -> O) {
    let (net, examples) = (Mlp::new(2, &[8, 3], 4).unwrap(), examples());
    macro_rules! run {
        ($fit:expr, $optimizer:expr, $steps:expr) => {
            $steps
                .map(|k| {
                    let batch = examples.batches(9).unwrap().nth(k % 4).unwrap();
                    $fit.step(&mut $optimizer, batch).unwrap().to_bits()
                })
                .collect::<Vec<u64>>()
        };
    }
    let (mut through, mut optimizer) = (fit(backend, &net), make());
    let losses = run!(through, optimizer, 0..30);

    let folder = tempfile::tempdir().unwrap();
    let (net_file, optimizer_file) = (folder.path().join("net"), folder.path().join("optimizer"));
    let (mut first, mut half) = (fit(backend, &net), make());
    let mut resumed_losses = run!(first, half, 0..12);
    let mut stopped = net.clone();
    stopped.set_parameters(first.parameters()).unwrap();
    stopped.save(&net_file).unwrap();
    half.save(&optimizer_file).unwrap();

    let (net, mut half) = (Mlp::load(&net_file).unwrap(), O::load(&optimizer_file).unwrap());
    let mut second = fit(backend, &net);
    resumed_losses.extend(run!(second, half, 12..30));
    assert_eq!(resumed_losses, losses);
    assert_eq!(bits(second.parameters()), bits(through.parameters()));
    assert_eq!(half.text(), optimizer.text());
}

#[test]
fn training_that_is_stopped_and_resumed_takes_the_same_steps_to_the_bit() {
    for backend in [Backend::Eager, Backend::Compiled] {
        resumes(backend, || Adam::new(0.03));
        resumes(backend, || Sgd::with_momentum(0.05, 0.9));
        resumes(backend, || Sgd::new(0.05));
    }
}

#[test]
fn a_state_of_an_optimizer_that_is_damaged_is_refused_with_its_line() {
    let mut adam = Adam::new(0.1);
    let mut parameters = [1.0, 2.0];
    adam.step(&mut parameters, &[1e155, -0.5]);
    let text = adam.text();
    assert_eq!(Adam::parse(&text).unwrap(), adam);
    let count = text.lines().count();
    // Every line left out, and cut off after every line.
    for k in 0..count {
        let without: Vec<&str> = text.lines().enumerate().filter(|&(n, _)| n != k).map(|(_, line)| line).collect();
        assert!(Adam::parse(&without.join("\n")).is_err(), "line {}", k + 1);
        let cut: Vec<&str> = text.lines().take(k).collect();
        match Adam::parse(&cut.join("\n")) {
            Err(Error::Malformed { line, .. }) => assert_eq!(line, k + 1),
            other => panic!("{other:?}"),
        }
    }
    for (from, to, line) in [
        ("adam", "sgd", 2),
        ("steps 1", "steps -1", 7),
        ("steps 1", "steps 2147483648", 7),
        ("end", "end\nmore", 12),
        ("rate ", "rate +", 3),
    ] {
        let damaged = text.replacen(from, to, 1);
        match Adam::parse(&damaged) {
            Err(Error::Malformed { line: at, .. }) => assert_eq!(at, line, "{to:?}"),
            other => panic!("{to:?}: {other:?}"),
        }
    }
    assert!(Sgd::parse(&text).is_err());
    // Numbers that no step leaves behind: a mean, a part and a unit of a parameter.
    let words: Vec<&str> = text.lines().nth(9).unwrap().split(' ').collect();
    for (word, wrong) in
        [(0, f64::NAN), (1, f64::INFINITY), (1, -1.0), (1, f64::NAN), (2, 0.0), (2, 3.0), (2, f64::NAN)]
    {
        let mut damaged = words.clone();
        let bits = format!("{:016x}", wrong.to_bits());
        damaged[word] = &bits;
        match Adam::parse(&text.replace(&words.join(" "), &damaged.join(" "))) {
            Err(Error::Malformed { line: 10, reason }) => assert!(reason.contains("no step leaves"), "{reason}"),
            other => panic!("{wrong}: {other:?}"),
        }
    }
    let mut sgd = Sgd::with_momentum(0.1, 0.9);
    sgd.step(&mut [1.0], &[0.5]);
    let damaged =
        sgd.text().replace(&format!("{:016x}\nend", 0.5f64.to_bits()), &format!("{:016x}\nend", f64::NAN.to_bits()));
    assert!(matches!(Sgd::parse(&damaged), Err(Error::Malformed { line: 6, .. })));
}
