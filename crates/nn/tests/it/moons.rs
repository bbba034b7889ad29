//! The whole of micrograd's moons demo: the same points, the same initial parameters, a hundred steps, and the same
//! loss at every step.

use serde_json::Value;
use wengert_nn::{Activation, Backend, Examples, Fit, Mlp, Sgd, Trainer, l2, max_margin};

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

/// micrograd's run.
struct Reference {
    all: Value,
    points: Vec<[f64; 2]>,
    targets: Vec<f64>,
    losses: Vec<f64>,
    accuracies: Vec<f64>,
    net: Mlp,
}

impl Reference {
    fn read() -> Reference {
        let all: Value = serde_json::from_str(include_str!("data/moons.json")).unwrap();
        let shape = [(16, Activation::Relu), (16, Activation::Relu), (1, Activation::Linear)];
        let points = all["X"].as_array().unwrap().iter().map(numbers);
        let reference = Reference {
            points: points.map(|point| [point[0], point[1]]).collect(),
            targets: numbers(&all["y"]),
            losses: numbers(&all["loss"]),
            accuracies: numbers(&all["accuracy"]),
            net: Mlp::from_parameters(2, &shape, numbers(&all["p0"])).unwrap(),
            all,
        };
        let lengths = [&reference.targets, &reference.losses, &reference.accuracies].map(Vec::len);
        assert_eq!((reference.points.len(), lengths), (100, [100; 3]));
        assert_eq!(reference.net.parameters().len(), 337);
        reference
    }

    fn accuracy(&self, scores: &[f64]) -> f64 {
        let right = scores.iter().zip(&self.targets).filter(|&(score, y)| (*score > 0.0) == (*y > 0.0));
        right.count() as f64 / 100.0
    }

    fn check_loss(&self, step: usize, loss: f64) {
        let off = (loss - self.losses[step]).abs();
        assert!(off <= 1e-12, "step {step}: {loss} is off by {off:e}");
    }

    fn check_first_gradient(&self, gradient: &[f64]) {
        for (actual, expected) in gradient.iter().zip(numbers(&self.all["grad0"])) {
            assert!((actual - expected).abs() <= 1e-15, "{actual} {expected}");
        }
    }

    fn check_end(&self, loss: f64, scores: &[f64], parameters: &[f64]) {
        let expected = self.all["loss_after"].as_f64().unwrap();
        assert!((loss - expected).abs() <= 1e-12, "{loss}");
        assert_eq!(self.accuracy(scores), 1.0);
        for (actual, expected) in parameters.iter().zip(numbers(&self.all["final_params"])) {
            assert!((actual - expected).abs() <= 1e-12, "{actual} {expected}");
        }
    }
}

#[test]
fn every_loss_of_the_moons_demo_is_within_1e_12_and_all_points_end_up_right() {
    let reference = Reference::read();
    let net = &reference.net;
    let mut trainer = Trainer::new(net.parameters());
    let mut optimizer = Sgd::new(1.0);
    let mut scores = Vec::new();
    let mut record = |trainer: &mut Trainer| {
        let loss = trainer.record(|graph, parameters| {
            let outputs: Vec<_> = reference
                .points
                .iter()
                .map(|point| {
                    let x = point.map(|x| graph.expr(graph.constant(x)));
                    net.forward(parameters, &x)[0]
                })
                .collect();
            scores = outputs.iter().map(|score| score.value()).collect();
            let wanted: Vec<_> = reference.targets.iter().map(|&y| y.into()).collect();
            max_margin(&outputs, &wanted) + l2(parameters, 1e-4)
        });
        (loss, scores.clone())
    };

    for k in 0..100 {
        let (loss, scores) = record(&mut trainer);
        reference.check_loss(k, loss);
        assert_eq!(reference.accuracy(&scores), reference.accuracies[k], "step {k}");
        if k == 0 {
            let expected = numbers(&reference.all["scores0"]);
            assert_eq!(scores, expected, "scores of the untrained net, bit for bit");
            reference.check_first_gradient(trainer.gradient());
        }
        optimizer.rate = 1.0 - 0.9 * k as f64 / 100.0;
        trainer.update(&mut optimizer);
    }
    let (loss, scores) = record(&mut trainer);
    reference.check_end(loss, &scores, trainer.parameters());
}

#[test]
fn either_way_of_training_on_examples_goes_through_the_same_losses() {
    let reference = Reference::read();
    let net = &reference.net;
    let rows = reference.points.iter().zip(&reference.targets);
    let examples = Examples::from_rows(rows.map(|(&[x, y], &class)| [x, y, class])).unwrap();
    let scores = |parameters: &[f64]| -> Vec<f64> {
        let scores = reference.points.iter().map(|point| net.forward(parameters, point)[0]);
        scores.collect()
    };
    for backend in [Backend::Eager, Backend::Compiled] {
        let mut fit = Fit::new(backend, net.parameters(), &examples, |parameters, example| {
            max_margin(&net.forward(parameters, &example[..2]), &example[2..])
        })
        .unwrap()
        .penalty(|parameters| l2(parameters, 1e-4));
        assert_eq!(fit.program().is_some(), backend == Backend::Compiled);
        let mut optimizer = Sgd::new(1.0);
        for k in 0..100 {
            let accuracy = reference.accuracy(&scores(fit.parameters()));
            assert_eq!(accuracy, reference.accuracies[k], "{backend:?}, step {k}");
            optimizer.rate = 1.0 - 0.9 * k as f64 / 100.0;
            let loss = fit.step(&mut optimizer, examples.all()).unwrap();
            reference.check_loss(k, loss);
            if k == 0 {
                reference.check_first_gradient(fit.gradient());
            }
        }
        let loss = fit.record(examples.all()).unwrap();
        reference.check_end(loss, &scores(fit.parameters()), fit.parameters());
    }
}
