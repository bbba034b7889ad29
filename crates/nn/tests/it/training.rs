//! Losses, optimizers and the loop.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::{Arc, Mutex};

use wengert::{Dual, Expr, Graph};
use wengert_nn::{
    Activation, Adam, Error, Examples, Mlp, Neuron, Optimizer, Sgd, SplitMix64, Trainer, TrainingLog, cross_entropy,
    l2, max_margin, shared_cross_entropy, squared_error,
};
use wengert_program::{Options, Program, Workspace};

#[test]
fn losses_are_means_over_examples() {
    assert_eq!(max_margin(&[2.0, 0.5, -1.0], &[1.0, 1.0, 1.0]), (0.0 + 0.5 + 2.0) * (1.0 / 3.0));
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

/// The loss at the logits and its derivatives with respect to them. Checks that the reverse sweep, dual numbers, the
/// gradient as graph and a compiled program agree.
fn value_and_slopes(
    logits: [f64; 3],
    loss: impl for<'g> Fn(&[Expr<'g>]) -> Expr<'g>,
    dual: impl Fn([Dual<3>; 3]) -> Dual<3>,
) -> (f64, [f64; 3]) {
    let graph = Graph::new();
    let x = graph.leaves(&logits);
    let l = match loss(&graph.exprs(&x)) {
        l if l.graph().is_some() => l.id(),
        free => graph.constant(free.value()),
    };
    graph.backward(l);
    let slopes = [0, 1, 2].map(|k| graph.grad(x[k]));
    let value = graph.value(l);
    let (forward, tangents) = wengert::forward_gradient(dual, logits);
    let recorded: Vec<f64> = graph.gradient_nodes(l, &x).iter().map(|&d| graph.value(d)).collect();
    let program = Program::value_and_gradient(&logits, &loss, &Options::new()).unwrap();
    let mut compiled = [0.0; 4];
    program.eval(&logits, &mut compiled, &mut Workspace::new()).unwrap();
    let close = |a: f64, b: f64| a == b || (a - b).abs() <= 1e-15 * b.abs() || a.is_nan() && b.is_nan();
    assert!(close(forward, value) && close(compiled[0], value), "{logits:?}: {forward} {compiled:?} for {value}");
    for k in 0..3 {
        for route in [tangents[k], recorded[k], compiled[k + 1]] {
            assert!(close(route, slopes[k]), "{logits:?} slope {k}: {route} for {}", slopes[k]);
        }
    }
    (value, slopes)
}

const INF: f64 = f64::INFINITY;

#[test]
fn infinite_logits_give_the_limit() {
    let shared = |logits, shares: [f64; 3]| {
        value_and_slopes(
            logits,
            |x| shared_cross_entropy(x, &shares.map(Expr::from)),
            |x| shared_cross_entropy(&x, &shares.map(Dual::new)),
        )
    };
    let single = |logits, class| value_and_slopes(logits, |x| cross_entropy(x, class), |x| cross_entropy(&x, class));
    let e = 1f64.exp() / (1.0 + 1f64.exp());
    for (value, slopes) in [shared([0.0, 1.0, -INF], [1.0, 0.0, 0.0]), single([0.0, 1.0, -INF], 0)] {
        assert_eq!(value, 1.3132616875182228);
        assert!((slopes[0] + e).abs() < 1e-15 && (slopes[1] - e).abs() < 1e-15 && slopes[2] == 0.0, "{slopes:?}");
    }
    // The right class is impossible, or another certain.
    assert_eq!(single([-INF, 1.0, -INF], 0), (INF, [-1.0, 1.0, 0.0]));
    assert_eq!(shared([-INF, 1.0, -INF], [1.0, 0.0, 0.0]), (INF, [-1.0, 1.0, 0.0]));
    assert_eq!(single([0.0, 1.0, INF], 0), (INF, [-1.0, 0.0, 1.0]));
    assert_eq!(shared([0.0, 1.0, INF], [1.0, 0.0, 0.0]), (INF, [-1.0, 0.0, 1.0]));
    // The right class is certain.
    assert_eq!(single([INF, 1.0, 2.0], 0), (0.0, [0.0; 3]));
    assert_eq!(single([-1e300, -INF, -INF], 0), (0.0, [0.0; 3]));
    assert_eq!(shared([7.0, -INF, -INF], [1.0, 0.0, 0.0]), (0.0, [0.0; 3]));
    // Undefined.
    assert!(shared([-INF; 3], [1.0, 0.0, 0.0]).0.is_nan() && shared_cross_entropy(&[-INF], &[1.0]).is_nan());
    assert!(shared([INF, 1.0, 2.0], [1.0, 0.0, 0.0]).0.is_nan());
    assert!(single([INF, INF, 2.0], 0).0.is_nan() && single([-INF; 3], 0).0.is_nan());
    assert!(single([0.0, f64::NAN, 2.0], 0).0.is_nan() && shared([0.0, f64::NAN, 2.0], [1.0, 0.0, 0.0]).0.is_nan());
}

#[test]
fn a_small_cross_entropy_keeps_its_digits() {
    let (value, slopes) = value_and_slopes([100.0, 0.0, 1.0], |x| cross_entropy(x, 0), |x| cross_entropy(&x, 0));
    // Here ln(1 + u) is u = e^-100 + e^-99. Its exponent, near -99, is rounded, so it is good to about 1e-14.
    let u = 1.383_229_090_212_532e-43;
    assert!((value / u - 1.0).abs() < 1e-14, "{value:e}");
    assert!(
        (slopes[0] / u + 1.0).abs() < 1e-14 && (slopes[1] / 3.720_075_976_020_836e-44 - 1.0).abs() < 1e-14,
        "{slopes:?}"
    );
}

#[test]
fn a_single_class_is_certain_but_for_a_nan() {
    assert_eq!((cross_entropy(&[3.0], 0), cross_entropy(&[INF], 0)), (0.0, 0.0));
    assert!(cross_entropy(&[f64::NAN], 0).is_nan());
    let graph = Graph::new();
    let x = graph.var(3.0);
    cross_entropy(&[x], 0).backward();
    assert_eq!(x.grad(), 0.0);
}

#[test]
fn margins_and_penalties_take_infinities() {
    let margin = |score: f64, target: f64| {
        let graph = Graph::new();
        let score = graph.var(score);
        let loss = max_margin(&[score], &[Expr::from(target)]);
        loss.backward();
        (loss.value(), score.grad())
    };
    assert_eq!((margin(INF, 1.0), margin(-INF, -1.0)), ((0.0, 0.0), (0.0, 0.0)));
    assert_eq!((margin(-INF, 1.0), margin(INF, -1.0)), ((INF, -1.0), (INF, 1.0)));
    assert_eq!(squared_error(&[INF], &[1.0]), INF);
    assert!(squared_error(&[INF], &[INF]).is_nan());
    assert_eq!((l2(&[1e200], 0.0), l2(&[INF], 0.0), l2(&[1e200], 0.5)), (0.0, 0.0, INF));
}

#[test]
#[should_panic(expected = "class 2 is not among the 2 classes that have logits")]
fn a_class_without_a_logit_panics() {
    cross_entropy(&[1.0, 2.0], 2);
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
    for scale in [1e-3, 1.0, 1e6, 1e150, 1e155, 1e160, 1e300, 1e308] {
        let mut p = [0.0, 0.0];
        let mut adam = Adam::new(0.1);
        for _ in 0..3 {
            adam.step(&mut p, &[scale, -scale]);
        }
        assert!((p[0] + 0.3).abs() < 1e-5 && (p[1] - 0.3).abs() < 1e-5, "{p:?}");
    }
}

#[test]
fn a_step_of_adam_is_its_rate_up_to_the_largest_and_down_to_the_smallest_slope() {
    for scale in [1e-310, 1e-200, 1e-170, 1e-151, 1.0, 1e151, 1e308, f64::MAX] {
        for rate in [0.1, 1.0, 10.0, 1e6] {
            let (mut adam, mut p) = (Adam::new(rate), [0.0, 0.0]);
            adam.epsilon = if scale < 1.0 { 0.0 } else { adam.epsilon };
            for k in 1..4 {
                adam.step(&mut p, &[scale, -scale]);
                let way = f64::from(k) * rate;
                assert!((p[0] + way).abs() < 1e-6 * way && p[1] == -p[0], "{scale:e}, rate {rate}, step {k}: {p:?}");
            }
        }
    }
}

#[test]
fn adam_that_forgets_at_once_steps_by_its_rate_after_any_slope() {
    for first in [1e-170, 1e155, 1e300] {
        let (mut adam, mut p) = (Adam::new(0.1), [0.0]);
        (adam.beta1, adam.beta2, adam.epsilon) = (0.0, 0.0, 0.0);
        for (k, slope) in [first, 1.0, 1e300, 1e-170, 1e155].into_iter().enumerate() {
            adam.step(&mut p, &[slope]);
            let way = 0.1 * (k + 1) as f64;
            assert!((p[0] + way).abs() < 1e-12, "{first:e}, step {k}: {p:?}");
        }
    }
}

/// Adam with the root of the second moment as its state, which cannot overflow.
fn adam_by_roots(slopes: impl Iterator<Item = f64>, rate: f64) -> f64 {
    let (mut p, mut mean, mut root) = (0.0, 0.0, 0.0f64);
    for (k, slope) in slopes.enumerate() {
        let [unbias1, unbias2] = [0.9f64, 0.999].map(|beta| 1.0 / (1.0 - beta.powi(k as i32 + 1)));
        mean = 0.9 * mean + (1.0 - 0.9) * slope;
        root = (0.999f64.sqrt() * root).hypot((1.0 - 0.999f64).sqrt() * slope);
        p -= rate * (mean * unbias1) / (root * unbias2.sqrt() + 1e-8);
    }
    p
}

#[test]
fn one_slope_beyond_all_others_does_not_freeze_a_parameter_of_adam() {
    // An outlier of 1e155 weighs less than a slope of 1 after some 700,000 steps.
    let slopes = || (0..800_000).map(|k| if k == 5 { 1e155 } else { 1.0 });
    let (mut adam, mut p) = (Adam::new(0.01), [0.0]);
    let mut last = 0.0;
    for slope in slopes() {
        last = p[0];
        adam.step(&mut p, &[slope]);
    }
    let expected = adam_by_roots(slopes(), 0.01);
    assert!((p[0] - expected).abs() < 1e-9 * expected.abs(), "{} for {expected}", p[0]);
    assert!((p[0] - last + 0.01).abs() < 1e-6, "the last step was {}", p[0] - last);
}

#[test]
fn adam_agrees_with_roots_across_all_scales() {
    let mut random = SplitMix64::new(4);
    for exponent in [-100, 0, 100, 149, 150, 151, 153, 154, 200, 300] {
        let slopes: Vec<f64> =
            (0..200).map(|_| 10f64.powi(exponent + random.below(7) as i32) * random.normal()).collect();
        let (mut adam, mut p) = (Adam::new(0.01), [0.0]);
        slopes.iter().for_each(|&slope| adam.step(&mut p, &[slope]));
        let expected = adam_by_roots(slopes.iter().copied(), 0.01);
        assert!((p[0] - expected).abs() < 1e-12, "1e{exponent}: {} for {expected}", p[0]);
    }
}

#[test]
fn adam_keeps_the_bits_of_its_formula_on_ordinary_slopes() {
    let mut random = SplitMix64::new(6);
    let (mut adam, mut p) = (Adam::new(0.01), [0.5]);
    let (mut q, mut mean, mut square) = (0.5f64, 0.0, 0.0f64);
    for k in 1..500 {
        let slope = random.normal();
        adam.step(&mut p, &[slope]);
        let [unbias1, unbias2] = [0.9f64, 0.999].map(|beta| 1.0 / (1.0 - beta.powi(k)));
        mean = 0.9 * mean + (1.0 - 0.9) * slope;
        square = 0.999 * square + (1.0 - 0.999) * slope * slope;
        q -= 0.01 * (mean * unbias1) / ((square * unbias2).sqrt() + 1e-8);
        assert_eq!(p[0].to_bits(), q.to_bits(), "step {k}");
    }
}

/// Refusals leave parameters and optimizer as they were.
fn refuses(mut optimizer: impl Optimizer + Clone + PartialEq + Debug) {
    let mut p = [1.0, 2.0, 3.0];
    optimizer.step(&mut p, &[0.5, -0.5, 1.0]);
    let (before, remembered) = (p, optimizer.clone());
    for wrong in [f64::NAN, INF, -INF] {
        let Err(Error::Slope { parameter: 1, slope }) = optimizer.try_step(&mut p, &[1.0, wrong, f64::NAN]) else {
            panic!("{wrong} was stepped by")
        };
        assert_eq!(slope.to_bits(), wrong.to_bits());
        assert_eq!((p, &optimizer), (before, &remembered));
    }
    let text = catch_unwind(AssertUnwindSafe(|| optimizer.step(&mut p, &[1.0, 1.0, INF]))).unwrap_err();
    let text = text.downcast_ref::<String>().unwrap();
    assert!(text.contains("parameter 2 is inf") && text.contains("explain_nan"), "{text}");
    assert_eq!((p, &optimizer), (before, &remembered));
    // It goes on as if nothing had happened.
    let (mut q, mut other) = (before, remembered);
    optimizer.step(&mut p, &[0.25; 3]);
    other.step(&mut q, &[0.25; 3]);
    assert_eq!(p, q);
}

#[test]
fn slopes_that_are_not_finite_are_refused_and_change_nothing() {
    refuses(Sgd::new(0.1));
    refuses(Sgd::with_momentum(0.1, 0.9));
    refuses(Adam::new(0.1));
}

#[test]
fn a_step_out_of_the_numbers_is_refused_and_changes_nothing() {
    let mut p = [1.0, 1e308];
    let mut sgd = Sgd::with_momentum(1.0, 1.0);
    let outcome = sgd.try_step(&mut p, &[1.0, -1e308]);
    assert!(matches!(outcome, Err(Error::Step { parameter: 1, value: INF })), "{outcome:?}");
    assert_eq!(p, [1.0, 1e308]);
    // Two slopes whose sum overflows in the velocity.
    let mut p = [0.0];
    sgd = Sgd::with_momentum(1e-300, 1.0);
    sgd.step(&mut p, &[1e308]);
    let (before, remembered) = (p, sgd.clone());
    assert!(matches!(sgd.try_step(&mut p, &[1e308]), Err(Error::Step { parameter: 0, .. })));
    assert_eq!((p, sgd), (before, remembered));
}

#[test]
fn a_trainer_whose_slope_is_infinite_keeps_its_parameters() {
    let mut trainer = Trainer::new(&[0.0]);
    let outcome = trainer.try_step(&mut Sgd::new(0.1), |_, p| p[0].sqrt());
    assert!(matches!(outcome, Err(Error::Slope { parameter: 0, slope: INF })), "{outcome:?}");
    assert_eq!(trainer.parameters(), [0.0]);
    assert_eq!(trainer.gradient(), [INF], "the gradient can still be read");
}

/// An expression of a graph that no closure gets.
fn foreign() -> Expr<'static> {
    Box::leak(Box::new(Graph::new())).var(2.0)
}

#[test]
fn a_loss_of_another_graph_is_refused_and_leaves_the_gradient() {
    let y = foreign();
    let mut trainer = Trainer::new(&[3.0]);
    trainer.record(|_, p| p[0] * p[0]);
    let refused = trainer.try_record(|_, _| y);
    assert!(matches!(refused, Err(Error::ForeignLoss)), "{refused:?}");
    assert!(matches!(trainer.try_step(&mut Sgd::new(1.0), |_, _| y * y), Err(Error::ForeignLoss)));
    assert_eq!((trainer.parameters(), trainer.gradient()), (&[3.0][..], &[6.0][..]));
    // A loss of another trainer is foreign too.
    let other: &'static Trainer = Box::leak(Box::new(Trainer::new(&[3.0])));
    let leaf = other.graph().expr(other.leaves()[0]);
    assert!(matches!(trainer.try_record(|_, _| leaf), Err(Error::ForeignLoss)));
    assert_eq!(trainer.record(|_, p| p[0] * 2.0), 6.0);
}

#[test]
fn refusals_point_to_the_line_that_asked() {
    let place = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&place);
    let loud = take_hook();
    set_hook(Box::new(move |panic| {
        // Other tests panic meanwhile.
        if std::thread::current().name().is_some_and(|name| name.ends_with("refusals_point_to_the_line_that_asked")) {
            *seen.lock().unwrap() = panic.location().map_or_else(String::new, |at| at.file().to_owned());
        }
    }));
    let y = foreign();
    type Call = fn(&mut Trainer, Expr<'static>);
    let calls: [(&str, Call); 13] = [
        ("record", |t, y| _ = t.record(|_, _| y)),
        ("step", |t, y| _ = t.step(&mut Sgd::new(1.0), |_, _| y)),
        ("update", |t, _| {
            t.record(|_, p| p[0].sqrt());
            t.update(&mut Sgd::new(1.0));
        }),
        ("slope", |_, _| Sgd::new(1.0).step(&mut [1.0], &[f64::NAN])),
        ("lengths", |_, _| Adam::new(1.0).step(&mut [1.0], &[])),
        ("class", |_, _| _ = cross_entropy(&[1.0], 1)),
        ("shares", |_, _| _ = shared_cross_entropy(&[1.0], &[])),
        ("inputs", |_, _| _ = Mlp::new(2, &[3, 1], 0).unwrap().predict(&[1.0])),
        ("sketched", |_, _| _ = Mlp::new(2, &[3, 1], 0).unwrap().sketch(&Graph::new(), &[])),
        ("sketched neuron", |_, _| _ = Neuron::new(2, Activation::Relu).sketch(&Graph::new(), &[1.0], &[])),
        ("row", |_, _| _ = Examples::from_rows([[1.0]]).unwrap().all().row(1)),
        ("plane", |_, _| TrainingLog::new(1).sample_plane((0.0, 1.0), (1.0, 0.0), [2, 2], |_| 0.0)),
        ("no examples", |_, _| _ = squared_error::<f64>(&[], &[])),
    ];
    let mut wrong = Vec::new();
    for (name, call) in calls {
        let mut trainer = Trainer::new(&[0.0]);
        assert!(catch_unwind(AssertUnwindSafe(|| call(&mut trainer, y))).is_err(), "{name}");
        let place = place.lock().unwrap().clone();
        if !place.ends_with("training.rs") {
            wrong.push(format!("{name} points to {place}"));
        }
    }
    set_hook(loud);
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn every_optimizer_finds_the_bottom_of_a_valley() {
    fn bottom(mut optimizer: impl Optimizer) -> f64 {
        let mut trainer = Trainer::new(&[-3.0, 2.0]);
        for _ in 0..2000 {
            trainer.step(&mut optimizer, |_, p| (p[0] - 1.0).powi(2) + (p[1] + p[0]).powi(2) * 4.0);
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
    let centers = [(0.0, 2.0), (2.0, -1.0), (-2.0, -1.0)];
    let examples: Vec<([f64; 2], usize)> = (0..60)
        .map(|k| {
            let (x, y) = centers[k % 3];
            ([x + 0.5 * random.normal(), y + 0.5 * random.normal()], k % 3)
        })
        .collect();
    let mut net = Mlp::with_layers(2, &[(8, Activation::Tanh), (3, Activation::Linear)], 4).unwrap();
    let mut trainer = Trainer::new(net.parameters());
    let mut optimizer = Adam::new(0.05);
    let mut losses = Vec::new();
    for _ in 0..100 {
        losses.push(trainer.step(&mut optimizer, |graph, parameters| {
            let loss = examples.iter().map(|(x, class)| {
                let x = x.map(|value| graph.expr(graph.constant(value)));
                cross_entropy(&net.forward(parameters, &x), *class)
            });
            loss.sum::<Expr>() / examples.len() as f64
        }));
    }
    assert!(losses[99] < 0.05 && losses[99] < losses[0] / 10.0, "{} {}", losses[0], losses[99]);
    net.set_parameters(trainer.parameters()).unwrap();
    for (x, class) in &examples {
        let logits = net.predict(x);
        assert!((0..3).all(|other| logits[other] <= logits[*class]), "{x:?}");
    }
}

#[test]
fn an_optimizer_of_another_net_is_refused_and_nothing_changes() {
    for mut optimizer in [Box::new(Sgd::with_momentum(0.1, 0.9)) as Box<dyn Optimizer>, Box::new(Adam::new(0.1))] {
        let mut of_two = [1.0, 2.0];
        optimizer.step(&mut of_two, &[0.5, 0.5]);
        let mut of_three = [1.0, 2.0, 3.0];
        let refused = optimizer.try_step(&mut of_three, &[0.5; 3]);
        assert!(matches!(refused, Err(Error::OtherNet { before: 2, parameters: 3 })), "{refused:?}");
        let refused = optimizer.try_step(&mut of_two, &[0.5; 3]);
        assert!(matches!(refused, Err(Error::Slopes { parameters: 2, slopes: 3 })), "{refused:?}");
        assert_eq!(of_three, [1.0, 2.0, 3.0]);
        optimizer.step(&mut of_two, &[0.5, 0.5]);
    }
}

#[test]
fn a_first_step_that_is_refused_leaves_a_new_optimizer() {
    let (mut sgd, mut adam) = (Sgd::with_momentum(1.0, 0.5), Adam::new(1.0));
    for slope in [f64::NAN, f64::INFINITY] {
        assert!(sgd.try_step(&mut [0.0], &[slope]).is_err() && adam.try_step(&mut [0.0], &[slope]).is_err());
    }
    assert!(sgd.try_step(&mut [-f64::MAX], &[f64::MAX]).is_err()); // the parameter would become infinite
    assert_eq!((&sgd, &adam), (&Sgd::with_momentum(1.0, 0.5), &Adam::new(1.0)));
    sgd.step(&mut [0.0; 2], &[1.0; 2]);
    adam.step(&mut [0.0; 2], &[1.0; 2]);
}
