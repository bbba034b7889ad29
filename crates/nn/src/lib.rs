//! Neural nets on [`wengert`], after micrograd: a neuron is a sum, a layer is neurons, a net is
//! layers, and training is a loop that anyone can read.
//!
//! Nothing here knows more of the engine than its public functions. Formulas are generic over
//! [`wengert::Scalar`] and take the parameters as a slice, so the same net is evaluated over
//! `f64`, recorded over [`wengert::Expr`], or run through whatever else is a scalar.
//!
//! Training goes one of two ways, and one word chooses: [`Way::Eager`] records every example at
//! every step, [`Way::Compiled`] compiles the loss of one example and runs it at all of them.
//!
//! ```
//! use wengert_nn::{Examples, Fit, Mlp, Sgd, Way, squared_error};
//!
//! // Exclusive or, with three tanh neurons.
//! let examples = Examples::from_rows([[0., 0., 0.], [0., 1., 1.], [1., 0., 1.], [1., 1., 0.]])?;
//! let mut net = Mlp::with_layers(2, &[(3, "tanh".parse()?), (1, "linear".parse()?)], 1)?;
//! let mut fit = Fit::new(Way::Compiled, net.parameters(), &examples, |parameters, example| {
//!     squared_error(&net.forward(parameters, &example[..2]), &example[2..])
//! })?;
//! let mut optimiser = Sgd::new(0.2);
//! for _ in 0..1000 {
//!     fit.step(&mut optimiser, examples.all())?;
//! }
//! let trained = fit.parameters().to_vec();
//! net.set_parameters(&trained)?;
//! for (x, y) in [([0., 0.], 0.), ([0., 1.], 1.), ([1., 0.], 1.), ([1., 1.], 0.)] {
//!     assert!((net.predict(&x)[0] - y).abs() < 0.1);
//! }
//! # Ok::<(), wengert_nn::Error>(())
//! ```
//!
//! A loss that is no mean over examples is trained by a [`Trainer`], which records whatever it is
//! given.
//!
//! In reading order: `net` neurons, layers, nets · `loss` what to make small · `train` the loop ·
//! `examples` what to learn from · `compiled` a loss as a program · `fit` training in either way ·
//! `optimise` how to step · `random` where parameters start · `store` files of parameters ·
//! `sketch` nets for pictures · `log` how training went · `error` what can go wrong.
#![forbid(unsafe_code)]

mod compiled;
mod error;
mod examples;
mod fit;
mod log;
mod loss;
mod net;
mod optimise;
mod random;
mod sketch;
mod store;
mod train;

pub use error::Error;
pub use examples::{Batch, Examples};
pub use fit::{Fit, NoPenalty, Way};
pub use log::{Histogram, LayerSpread, LoggedStep, Plane, Snapshot, TrainingLog};
pub use loss::{cross_entropy, l2, max_margin, shared_cross_entropy, squared_error};
pub use net::{Activation, Layer, Mlp, Neuron, Outputs};
pub use optimise::{Adam, Optimiser, Sgd};
pub use random::SplitMix64;
pub use store::{load, parse, save, text};
pub use train::Trainer;
