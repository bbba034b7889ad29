//! Losses, optimisers and the loop.

use wengert::{Expr, Graph};
use wengert_nn::{
    Activation, Adam, Mlp, Optimiser, Sgd, SplitMix64, Trainer, cross_entropy, l2, max_margin, squared_error,
};

#[test]
fn losses_are_means_over_examples() {
    assert_eq!(
        max_margin(&[2.0, 0.5, -1.0], &[1.0, 1.0, 1.0]),
        (0.0 + 0.5 + 2.0) * (1.0 / 3.0)
    );
    assert_eq!(max_margin(&[-2.0, 0.25], &[-1.0, -1.0]), 0.625);
    assert_eq!(squared_error(&[1.0, 5.0], &[4.0, 3.0]), 6.5);
    assert_eq!(l2(&[3.0, -4.0], 0.5), 12.5);
    assert_eq!(l2::<f64>(&[], 0.5), 0.0);
}

#[test]
fn cross_entropy_is_minus_the_log_of_the_softmax_and_its_slope_softmax_minus_one() {
    let graph = Graph::new();
    let logits: Vec<Expr> = [1.0, 2.0, 0.5].map(|x| graph.var(x)).to_vec();
    let loss = cross_entropy(&logits, 1);
    loss.backward();
    let weights = [1.0, 2.0, 0.5].map(f64::exp);
    let total: f64 = weights.iter().sum();
    assert!((loss.value() + (weights[1] / total).ln()).abs() < 1e-15);
    for (k, (logit, weight)) in logits.iter().zip(weights).enumerate() {
        let slope = weight / total - f64::from(k == 1);
        assert!((logit.grad() - slope).abs() < 1e-15);
    }
    // Far beyond the range of exp.
    assert_eq!(cross_entropy(&[1e4, 0.0], 0), 0.0);
    assert_eq!(cross_entropy(&[1e4, 0.0], 1), 1e4);
}

#[test]
#[should_panic(expected = "at least one example")]
fn a_loss_of_no_examples_panics() {
    max_margin::<f64>(&[], &[]);
}

#[test]
fn momentum_remembers_the_last_velocity() {
    let mut p = [1.0];
    let mut sgd = Sgd::with_momentum(0.5, 0.5);
    sgd.step(&mut p, &[1.0]);
    assert_eq!(p, [0.5]);
    sgd.step(&mut p, &[1.0]);
    assert_eq!(p, [-0.25]);
    let mut p = [1.0];
    let mut plain = Sgd::new(0.5);
    plain.step(&mut p, &[1.0]);
    plain.step(&mut p, &[1.0]);
    assert_eq!(p, [0.0]);
}

#[test]
fn adam_steps_by_its_rate_whatever_the_scale_of_the_gradient() {
    for scale in [1e-3, 1.0, 1e6] {
        let mut p = [0.0, 0.0];
        let mut adam = Adam::new(0.1);
        for _ in 0..3 {
            adam.step(&mut p, &[scale, -scale]);
        }
        assert!((p[0] + 0.3).abs() < 1e-5 && (p[1] - 0.3).abs() < 1e-5, "{p:?}");
    }
}

#[test]
fn every_optimiser_finds_the_bottom_of_a_valley() {
    fn bottom(mut optimiser: impl Optimiser) -> f64 {
        let mut trainer = Trainer::new(&[-3.0, 2.0]);
        for _ in 0..2000 {
            trainer.step(&mut optimiser, |_, p| {
                (p[0] - 1.0).powi(2) + (p[1] + p[0]).powi(2) * 4.0
            });
        }
        trainer.record(|_, p| (p[0] - 1.0).powi(2) + (p[1] + p[0]).powi(2) * 4.0)
    }
    assert!(bottom(Sgd::new(0.05)) < 1e-12);
    assert!(bottom(Sgd::with_momentum(0.01, 0.9)) < 1e-12);
    assert!(bottom(Adam::new(0.02)) < 1e-12);
}

#[test]
fn a_step_drops_what_the_last_one_recorded() {
    let mut trainer = Trainer::new(&[1.0, 2.0]);
    assert_eq!(trainer.gradient(), [0.0, 0.0]);
    let mut lengths = Vec::new();
    for _ in 0..3 {
        let loss = trainer.record(|_, p| p[0] * p[1] + p[0]);
        assert_eq!(loss, 3.0);
        assert_eq!(trainer.gradient(), [3.0, 1.0]);
        lengths.push(trainer.graph().len());
    }
    assert_eq!(lengths, [4; 3]);
}

#[test]
fn a_loss_that_does_not_depend_on_parameters_has_no_slope() {
    let mut trainer = Trainer::new(&[1.0]);
    trainer.record(|_, p| p[0] * 5.0);
    assert_eq!(trainer.record(|_, _| Expr::from(4.0)), 4.0);
    assert_eq!(trainer.gradient(), [0.0]);
    assert_eq!(trainer.record(|graph, _| graph.var(3.0)), 3.0);
    assert_eq!(trainer.gradient(), [0.0]);
}

#[test]
fn a_net_learns_three_classes_by_cross_entropy_and_adam() {
    let mut random = SplitMix64::new(11);
    let centres = [(0.0, 2.0), (2.0, -1.0), (-2.0, -1.0)];
    let examples: Vec<([f64; 2], usize)> = (0..60)
        .map(|k| {
            let (x, y) = centres[k % 3];
            ([x + 0.5 * random.normal(), y + 0.5 * random.normal()], k % 3)
        })
        .collect();
    let mut net = Mlp::with_layers(2, &[(8, Activation::Tanh), (3, Activation::Linear)], 4).unwrap();
    let mut trainer = Trainer::new(net.parameters());
    let mut optimiser = Adam::new(0.05);
    let mut losses = Vec::new();
    for _ in 0..100 {
        losses.push(trainer.step(&mut optimiser, |graph, parameters| {
            let loss = examples.iter().map(|(x, class)| {
                let x = x.map(|value| graph.expr(graph.constant(value)));
                cross_entropy(&net.forward(parameters, &x), *class)
            });
            loss.sum::<Expr>() / examples.len() as f64
        }));
    }
    assert!(
        losses[99] < 0.05 && losses[99] < losses[0] / 10.0,
        "{} {}",
        losses[0],
        losses[99]
    );
    net.set_parameters(trainer.parameters()).unwrap();
    for (x, class) in &examples {
        let logits = net.predict(x);
        assert!((0..3).all(|other| logits[other] <= logits[*class]), "{x:?}");
    }
}
