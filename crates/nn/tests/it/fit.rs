//! Training on examples: both backends, batches, any number of threads, and refusals.

use std::sync::Arc;

use wengert::{Expr, External, Graph, Scalar};
use wengert_nn::{
    Activation, Adam, Backend, Error, Examples, Fit, Mlp, Optimizer, Sgd, SplitMix64, Trainer, cross_entropy, l2,
    max_margin, shared_cross_entropy, squared_error,
};
use wengert_program::{Blocks, Workspace, fold_blocks};

const BACKENDS: [Backend; 2] = [Backend::Eager, Backend::Compiled];

/// Points around the origin, of class 1 inside a circle and -1 outside it.
fn rings(count: usize) -> Examples {
    let mut random = SplitMix64::new(3);
    let rows = (0..count).map(|_| {
        let (x, y) = (random.normal(), random.normal());
        [x, y, if x * x + y * y < 1.2 { 1.0 } else { -1.0 }]
    });
    Examples::from_rows(rows).unwrap()
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn a_loss_is_the_mean_over_the_examples_plus_the_penalty() {
    let examples = Examples::from_rows([[1.0, 4.0], [2.0, 6.0], [-1.0, 0.0], [4.0, 10.0]]).unwrap();
    for backend in BACKENDS {
        let mut fit =
            Fit::new(backend, &[2.0, 1.0], &examples, |p, e| squared_error(&[p[0] * e[0] + p[1]], &e[1..])).unwrap();
        assert_eq!(fit.gradient(), [0.0, 0.0]);
        // Each residual is -1; all numbers are exact.
        assert_eq!(fit.record(examples.all()).unwrap(), 1.0);
        assert_eq!(fit.gradient(), [-3.0, -2.0]);
        let mut fit = fit.penalty(|p| l2(p, 0.5));
        assert_eq!(fit.record(examples.all()).unwrap(), 3.5);
        assert_eq!(fit.gradient(), [-1.0, -1.0]);
        fit.update(&mut Sgd::new(1.0));
        assert_eq!(fit.parameters(), [3.0, 2.0]);
    }
}

#[test]
fn minibatches_train_either_way_to_the_same_net() {
    let mut examples = rings(500);
    let net = Mlp::with_layers(2, &[(8, Activation::Tanh), (1, Activation::Linear)], 5).unwrap();
    let start = examples.clone();
    let trained = BACKENDS.map(|backend| {
        examples.clone_from(&start);
        let mut random = SplitMix64::new(1);
        let mut fit = Fit::new(backend, net.parameters(), &examples, |parameters, example| {
            max_margin(&net.forward(parameters, &example[..2]), &example[2..])
        })
        .unwrap()
        .penalty(|parameters| l2(parameters, 1e-4));
        let mut optimizer = Adam::new(0.02);
        for _ in 0..20 {
            examples.shuffle(&mut random);
            for batch in examples.batches(32).unwrap() {
                fit.step(&mut optimizer, batch).unwrap();
            }
        }
        (fit.record(examples.all()).unwrap(), fit.parameters().to_vec())
    });
    let [(eager, eager_parameters), (compiled, parameters)] = &trained;
    assert!(*compiled < 0.25, "{compiled}");
    assert!((eager - compiled).abs() < 1e-9, "{eager} {compiled}");
    for (a, b) in eager_parameters.iter().zip(parameters) {
        assert!((a - b).abs() < 1e-9, "{a} {b}");
    }
}

#[test]
fn the_compiled_way_gives_the_same_bits_on_any_number_of_threads() {
    let net = Mlp::new(2, &[16, 16, 1], 9).unwrap();
    for count in [100, 2000] {
        let examples = rings(count);
        let run = |threads: Option<usize>| {
            let fit = Fit::new(Backend::Compiled, net.parameters(), &examples, |parameters, example| {
                max_margin(&net.forward(parameters, &example[..2]), &example[2..])
            });
            let fit = fit.unwrap().penalty(|parameters| l2(parameters, 1e-4));
            let mut fit = match threads {
                Some(threads) => fit.threads(threads),
                None => fit,
            };
            let mut optimizer = Sgd::with_momentum(0.1, 0.9);
            let mut losses = Vec::new();
            for _ in 0..5 {
                for batch in examples.batches(900).unwrap() {
                    losses.push(fit.step(&mut optimizer, batch).unwrap());
                }
            }
            [bits(&losses), bits(fit.parameters())]
        };
        let one = run(Some(1));
        for threads in [Some(2), Some(3), None] {
            assert!(run(threads) == one, "{count} examples on {threads:?} threads");
        }
    }
}

#[test]
fn sums_from_elsewhere_take_the_same_steps() {
    let examples = rings(300);
    let net = Mlp::with_layers(2, &[(4, Activation::Tanh), (1, Activation::Linear)], 5).unwrap();
    let make = |examples: &Examples| {
        let shape = net.shape();
        let fit = Fit::new(Backend::Compiled, net.parameters(), examples, move |p, e| {
            max_margin(&shape.forward(p, &e[..2]), &e[2..])
        });
        fit.unwrap().penalty(|p| l2(p, 1e-3))
    };
    // One example is enough to compile the loss.
    let first = Examples::from_rows([examples.all().row(0).collect::<Vec<_>>()]).unwrap();
    let (mut whole, mut fed) = (make(&examples), make(&first));
    let (mut one, mut other) = (Adam::new(0.02), Adam::new(0.02));
    let blocks = Blocks::of(300);
    for _ in 0..20 {
        let parts = [2..5, 0..2].map(|range| {
            let own = blocks.points_of(range.clone());
            let columns = examples.all().columns().map(|column| &column[own.clone()]);
            let inputs: Vec<&[f64]> = fed.parameters().chunks(1).chain(columns).collect();
            fed.program().unwrap().block_sums(blocks, range, &inputs, &mut Workspace::new()).unwrap()
        });
        let sums = fold_blocks(parts).unwrap();
        let loss = fed.record_sums(300, &sums).unwrap();
        fed.update(&mut other);
        assert_eq!(whole.step(&mut one, examples.all()).unwrap().to_bits(), loss.to_bits());
        assert_eq!(bits(whole.gradient()), bits(fed.gradient()));
        assert_eq!(bits(whole.parameters()), bits(fed.parameters()));
    }
    let start = net.parameters();
    fed.set_parameters(start).unwrap();
    assert_eq!(bits(fed.parameters()), bits(start));
    let refused = fed.set_parameters(&start[1..]);
    assert!(matches!(refused, Err(Error::Parameters { expected: 17, given: 16 })), "{refused:?}");
    assert_eq!(bits(fed.parameters()), bits(start));
}

#[test]
#[should_panic(expected = "number of sums, and of the loss and its derivatives")]
fn too_few_sums_are_refused() {
    let examples = Examples::from_rows([[1.0]]).unwrap();
    let mut fit = Fit::new(Backend::Compiled, &[2.0, 3.0], &examples, |p, e| p[0] * e[0] + p[1]).unwrap();
    let _ = fit.record_sums(1, &[1.0, 2.0]);
}

#[test]
fn classes_given_as_shares_are_learned_with_either_backend() {
    let mut random = SplitMix64::new(11);
    let centers = [(0.0, 2.0), (2.0, -1.0), (-2.0, -1.0)];
    let rows: Vec<[f64; 5]> = (0..60)
        .map(|k| {
            let (x, y) = centers[k % 3];
            let [a, b, c] = [0, 1, 2].map(|class| f64::from(class == k % 3));
            [x + 0.5 * random.normal(), y + 0.5 * random.normal(), a, b, c]
        })
        .collect();
    // The error of `shared_cross_entropy` is that of a logsumexp of 2.46; that of `cross_entropy` is in its last bit.
    let (loss, off) = (0.464_368_784_107_944_83, f64::EPSILON);
    assert!((shared_cross_entropy(&[1.0, 2.0, 0.5], &[0.0, 1.0, 0.0]) - loss).abs() <= 2.0 * off);
    assert!((cross_entropy(&[1.0, 2.0, 0.5], 1) - loss).abs() <= 0.5 * off);
    let examples = Examples::from_rows(&rows).unwrap();
    let net = Mlp::with_layers(2, &[(8, Activation::Tanh), (3, Activation::Linear)], 4).unwrap();
    let losses = BACKENDS.map(|backend| {
        let mut fit = Fit::new(backend, net.parameters(), &examples, |parameters, example| {
            shared_cross_entropy(&net.forward(parameters, &example[..2]), &example[2..])
        })
        .unwrap();
        let mut optimizer = Adam::new(0.05);
        for _ in 0..100 {
            fit.step(&mut optimizer, examples.all()).unwrap();
        }
        fit.record(examples.all()).unwrap()
    });
    assert!(losses[1] < 0.05 && (losses[0] - losses[1]).abs() < 1e-9, "{losses:?}");
}

#[test]
fn a_loss_that_does_not_depend_on_parameters_or_examples_has_no_slope() {
    let examples = Examples::from_rows([[1.0], [2.0], [6.0], [3.0]]).unwrap();
    for backend in BACKENDS {
        let mut fit = Fit::new(backend, &[5.0], &examples, |_, e| e[0] * 2.0).unwrap();
        assert_eq!(fit.record(examples.all()).unwrap(), 6.0);
        assert_eq!(fit.gradient(), [0.0]);
        let mut fit = Fit::new(backend, &[5.0], &examples, |_, _| Expr::from(4.0)).unwrap();
        assert_eq!(fit.record(examples.all()).unwrap(), 4.0);
        assert_eq!(fit.gradient(), [0.0]);
        let mut fit = Fit::new(backend, &[5.0], &examples, |p, _| p[0] * p[0]).unwrap();
        assert_eq!(fit.record(examples.all()).unwrap(), 25.0);
        assert_eq!(fit.gradient(), [10.0]);
    }
}

#[test]
fn a_comparison_that_comes_out_otherwise_is_an_error_the_compiled_way_and_changes_nothing() {
    let examples = Examples::from_rows([[1.0], [2.0], [-3.0]]).unwrap();
    fn branching<'g>(p: &[Expr<'g>], e: &[Expr<'g>]) -> Expr<'g> {
        if e[0] < 0.0 { p[0] * 10.0 } else { p[0] * e[0] }
    }
    let mut eager = Fit::new(Backend::Eager, &[1.0], &examples, branching).unwrap();
    assert!((eager.record(examples.all()).unwrap() - 13.0 / 3.0).abs() < 1e-15);

    let mut compiled = Fit::new(Backend::Compiled, &[1.0], &examples, branching).unwrap();
    let alike = Examples::from_rows([[1.0], [2.0]]).unwrap();
    assert_eq!(compiled.record(alike.all()).unwrap(), 1.5);
    let error = compiled.step(&mut Sgd::new(1.0), examples.all()).unwrap_err();
    let Error::Compiled { source: wengert_program::Error::GuardFlipped { point: Some(2), .. } } = error else {
        panic!("{error}")
    };
    let said = error.to_string();
    assert!(said.contains("point 2") && said.contains("Backend::Eager"), "{said}");
    assert_eq!((compiled.parameters(), compiled.gradient()), (&[1.0][..], &[1.5][..]));
}

#[test]
fn a_loss_with_a_leaf_of_its_own_does_not_compile() {
    let examples = Examples::from_rows([[1.0]]).unwrap();
    fn with_leaf<'g>(p: &[Expr<'g>], _: &[Expr<'g>]) -> Expr<'g> {
        p[0] * p[0].graph().expect("a parameter is a leaf").var(2.0)
    }
    assert!(Fit::new(Backend::Eager, &[1.0], &examples, with_leaf).is_ok());
    let error = Fit::new(Backend::Compiled, &[1.0], &examples, with_leaf).unwrap_err();
    assert!(matches!(error, Error::Compiled { source: wengert_program::Error::LooseLeaf { .. } }), "{error}");
}

#[test]
fn a_loss_or_penalty_of_another_graph_is_refused_by_name() {
    let other: &'static Graph = Box::leak(Box::new(Graph::new()));
    let y = other.var(2.0);
    let examples = Examples::from_rows([[1.0], [2.0]]).unwrap();
    let compiled = Fit::new(Backend::Compiled, &[5.0], &examples, |_, _| y);
    assert!(matches!(compiled, Err(Error::ForeignLoss)));
    let mut eager = Fit::new(Backend::Eager, &[5.0], &examples, |_, _| y).unwrap();
    assert!(matches!(eager.record(examples.all()), Err(Error::ForeignLoss)));
    // Foreign at only some of the examples.
    let mut eager = Fit::new(Backend::Eager, &[5.0], &examples, |p, e| if e[0] > 1.5 { y } else { p[0] }).unwrap();
    assert!(matches!(eager.record(examples.all()), Err(Error::ForeignLoss)));
    for backend in BACKENDS {
        let mut fit = Fit::new(backend, &[5.0], &examples, |p, e| p[0] * e[0]).unwrap();
        assert_eq!(fit.record(examples.all()).unwrap(), 7.5);
        let mut fit = fit.penalty(|_| y);
        let refused = fit.step(&mut Sgd::new(1.0), examples.all());
        assert!(matches!(refused, Err(Error::ForeignLoss)), "{refused:?}");
        assert_eq!((fit.parameters(), fit.gradient()), (&[5.0][..], &[1.5][..]));
    }
}

/// Has values, but no derivative at 0 or below.
struct Root;

impl External for Root {
    fn name(&self) -> &str {
        "root"
    }
    fn shape(&self) -> (usize, usize) {
        (1, 1)
    }
    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        y[0] = x[0].max(0.0).sqrt();
        Ok(())
    }
    fn vjp(&self, x: &[f64], y: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        xbar[0] = 0.5 * ybar[0] / y[0];
        if x[0] > 0.0 { Ok(()) } else { Err(format!("no slope at {}", x[0])) }
    }
}

#[test]
fn a_function_that_has_no_derivative_is_an_error_and_changes_nothing() {
    let root: Arc<dyn External> = Arc::new(Root);
    let mut trainer = Trainer::new(&[4.0]);
    trainer.record(|g, p| g.external(root.clone(), p)[0]);
    assert_eq!(trainer.gradient(), [0.25]);
    trainer.set_parameters(&[0.0]).unwrap();
    let error = trainer.try_record(|g, p| g.external(root.clone(), p)[0]).unwrap_err();
    assert!(matches!(error, Error::Sweep { source: wengert::Error::External { .. } }), "{error}");
    assert!(error.to_string().contains("\"root\"") && error.to_string().contains("no slope at 0"), "{error}");
    assert_eq!((trainer.parameters(), trainer.gradient()), (&[0.0][..], &[0.25][..]));
    let examples = Examples::from_rows([[1.0], [2.0]]).unwrap();
    let mut fit =
        Fit::new(Backend::Eager, &[-1.0], &examples, |p, e| Expr::external(&root, &[p[0] * e[0]])[0]).unwrap();
    assert!(matches!(fit.step(&mut Sgd::new(1.0), examples.all()), Err(Error::Sweep { .. })));
    // A program needs a pullback, which the backend that the error names does not.
    let error =
        Fit::new(Backend::Compiled, &[1.0], &examples, |p, e| Expr::external(&root, &[p[0] * e[0]])[0]).unwrap_err();
    assert!(
        matches!(error, Error::Compiled { .. }) && error.to_string().ends_with("Backend::Eager needs no program"),
        "{error}"
    );
}

#[test]
fn sums_over_no_examples_are_refused() {
    let examples = Examples::from_rows([[1.0]]).unwrap();
    let mut fit = Fit::new(Backend::Compiled, &[2.0], &examples, |p, e| p[0] * e[0]).unwrap();
    fit.record(examples.all()).unwrap();
    assert!(matches!(fit.record_sums(0, &[0.0, 0.0]), Err(Error::EmptyBatch)));
    assert_eq!(fit.gradient(), [1.0]);
}

#[test]
fn a_slope_that_is_not_finite_is_an_error_either_way_and_changes_nothing() {
    let examples = Examples::from_rows([[0.0], [2.0]]).unwrap();
    for backend in BACKENDS {
        let mut fit = Fit::new(backend, &[1.0], &examples, |p, e| (p[0] * e[0]).sqrt() + (p[0] - 1.0).sqrt()).unwrap();
        let mut adam = Adam::new(0.1);
        let refused = fit.step(&mut adam, examples.all());
        assert!(matches!(refused, Err(Error::Slope { parameter: 0, .. })), "{refused:?}");
        assert_eq!(
            (fit.parameters(), adam),
            (&[1.0][..], {
                let mut untouched = Adam::new(0.1);
                let _ = untouched.try_step(&mut [1.0], &[f64::NAN]);
                untouched
            })
        );
    }
}

#[test]
fn examples_are_kept_by_column_and_cut_into_batches() {
    let mut examples = Examples::from_rows((0..7).map(|k| [f64::from(k), f64::from(-k)])).unwrap();
    assert_eq!((examples.width(), examples.all().len()), (2, 7));
    let sizes: Vec<usize> = examples.batches(3).unwrap().map(|batch| batch.len()).collect();
    assert_eq!(sizes, [3, 3, 1]);
    let second = examples.batches(3).unwrap().nth(1).unwrap();
    assert_eq!(second.row(2).collect::<Vec<_>>(), [5.0, -5.0]);
    assert_eq!(second.columns().next().unwrap(), [3.0, 4.0, 5.0]);
    assert_eq!(examples.batches(usize::MAX).unwrap().count(), 1);

    examples.shuffle(&mut SplitMix64::new(2));
    let mut rows: Vec<Vec<f64>> = (0..7).map(|k| examples.all().row(k).collect()).collect();
    assert!(rows.iter().all(|row| row[0] == -row[1]), "rows stay whole");
    assert!(!rows.is_sorted_by(|a, b| a[0] < b[0]));
    rows.sort_by(|a, b| a[0].total_cmp(&b[0]));
    assert!(rows.iter().enumerate().all(|(k, row)| row[0] == k as f64));
}

#[test]
fn examples_that_cannot_be_learned_from_are_refused_by_name() {
    let none: [[f64; 2]; 0] = [];
    assert!(matches!(Examples::from_rows(none), Err(Error::NoExamples)));
    assert!(matches!(Examples::from_rows([[0.0; 0]]), Err(Error::NoColumns)));
    let ragged = Examples::from_rows([vec![1.0, 2.0], vec![1.0, 2.0], vec![1.0]]).unwrap_err();
    assert_eq!(ragged.to_string(), "example 3 has 1 numbers, but 2 are needed");
    let examples = Examples::from_rows([[1.0, 2.0]]).unwrap();
    assert!(matches!(examples.batches(0).map(|_| ()), Err(Error::EmptyBatch)));
    let other = Examples::from_rows([[1.0, 2.0, 3.0]]).unwrap();
    for backend in BACKENDS {
        let mut fit = Fit::new(backend, &[1.0], &examples, |p, e| p[0] * e[0] * e[1]).unwrap();
        let refused = fit.record(other.all()).unwrap_err();
        assert!(matches!(refused, Error::Columns { expected: 2, given: 3, .. }), "{refused}");
    }
}
