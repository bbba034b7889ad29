//! micrograd's moons demo whole: the same points, the same first parameters, a hundred steps, and
//! every loss as it was there.

use serde_json::Value;
use wengert_nn::{Activation, Mlp, Sgd, Trainer, l2, max_margin};

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .expect("a list")
        .iter()
        .map(|x| x.as_f64().expect("a number"))
        .collect()
}

#[test]
fn every_loss_of_the_moons_demo_is_within_1e_12_and_all_points_end_up_right() {
    let reference: Value = serde_json::from_str(include_str!("data/moons.json")).unwrap();
    let points: Vec<Vec<f64>> = reference["X"].as_array().unwrap().iter().map(numbers).collect();
    let targets = numbers(&reference["y"]);
    let losses = numbers(&reference["loss"]);
    let accuracies = numbers(&reference["accuracy"]);
    let scores0 = numbers(&reference["scores0"]);
    let grad0 = numbers(&reference["grad0"]);
    assert_eq!([points.len(), targets.len(), losses.len()], [100; 3]);

    let shape = [(16, Activation::Relu), (16, Activation::Relu), (1, Activation::Linear)];
    let net = Mlp::from_parameters(2, &shape, numbers(&reference["p0"])).unwrap();
    assert_eq!(net.parameters().len(), 337);
    let mut trainer = Trainer::new(net.parameters());
    let mut optimiser = Sgd::new(1.0);
    let mut scores = Vec::new();
    let mut record = |trainer: &mut Trainer| {
        let loss = trainer.record(|graph, parameters| {
            let outputs: Vec<_> = points
                .iter()
                .map(|point| {
                    let x = [point[0], point[1]].map(|x| graph.expr(graph.constant(x)));
                    net.forward(parameters, &x)[0]
                })
                .collect();
            scores = outputs.iter().map(|score| score.value()).collect();
            let wanted: Vec<_> = targets.iter().map(|&y| y.into()).collect();
            max_margin(&outputs, &wanted) + l2(parameters, 1e-4)
        });
        let right = scores
            .iter()
            .zip(&targets)
            .filter(|&(score, y)| (*score > 0.0) == (*y > 0.0));
        (loss, right.count() as f64 / 100.0, scores.clone())
    };

    for k in 0..100 {
        let (loss, accuracy, scores) = record(&mut trainer);
        let off = (loss - losses[k]).abs();
        assert!(off <= 1e-12, "step {k}: {loss} is off by {off:e}");
        assert_eq!(accuracy, accuracies[k], "step {k}");
        if k == 0 {
            assert_eq!(scores, scores0, "scores of the untrained net, bit for bit");
            for (got, expected) in trainer.gradient().iter().zip(&grad0) {
                assert!((got - expected).abs() <= 1e-15, "{got} {expected}");
            }
        }
        optimiser.rate = 1.0 - 0.9 * k as f64 / 100.0;
        trainer.update(&mut optimiser);
    }
    let (loss, accuracy, _) = record(&mut trainer);
    assert!(
        (loss - reference["loss_after"].as_f64().unwrap()).abs() <= 1e-12,
        "{loss}"
    );
    assert_eq!(accuracy, 1.0);
    for (got, expected) in trainer.parameters().iter().zip(numbers(&reference["final_params"])) {
        assert!((got - expected).abs() <= 1e-12, "{got} {expected}");
    }
}
