//! Neural nets on [`wengert`], after micrograd: a neuron is a sum, a layer is a list of neurons, a net is
//! a list of layers, and training is a loop.
//!
//! The crate uses public functions of the engine only. Formulas are generic over [`wengert::Scalar`] and
//! take the parameters as a slice, so the same net is evaluated over `f64`, recorded over
//! [`wengert::Expr`], or run over any other scalar.
//!
//! Training has two backends. [`Backend::Eager`] records every example at every step;
//! [`Backend::Compiled`] compiles the loss of one example and runs it at all of them.
//!
//! ```
//! use wengert_nn::{Examples, Fit, Mlp, Sgd, Backend, squared_error};
//!
//! // Exclusive or, with three tanh neurons.
//! let examples = Examples::from_rows([[0., 0., 0.], [0., 1., 1.], [1., 0., 1.], [1., 1., 0.]])?;
//! let mut net = Mlp::with_layers(2, &[(3, "tanh".parse()?), (1, "linear".parse()?)], 1)?;
//! let mut fit = Fit::new(Backend::Compiled, net.parameters(), &examples, |parameters, example| {
//!     squared_error(&net.forward(parameters, &example[..2]), &example[2..])
//! })?;
//! let mut optimizer = Sgd::new(0.2);
//! for _ in 0..1000 {
//!     fit.step(&mut optimizer, examples.all())?;
//! }
//! let trained = fit.parameters().to_vec();
//! net.set_parameters(&trained)?;
//! for (x, y) in [([0., 0.], 0.), ([0., 1.], 1.), ([1., 0.], 1.), ([1., 1.], 0.)] {
//!     assert!((net.predict(&x)[0] - y).abs() < 0.1);
//! }
//! # Ok::<(), wengert_nn::Error>(())
//! ```
//!
//! To train a loss that is not a mean over examples, use a [`Trainer`], which records any loss.
//!
//! | folder | holds |
//! |--|--|
//! | `net/` | neurons, layers, nets; their files; nets recorded for pictures |
//! | `train/` | examples, losses, optimizers, the training loops, logs of training |
#![forbid(unsafe_code)]

mod error;
mod net;
mod random;
mod train;

pub use error::Error;
pub use net::init::Initialization;
pub use net::shape::Shape;
pub use net::{Activation, Layer, Mlp, Neuron, Outputs};
pub use random::SplitMix64;
pub use train::classes::{argmax, log_softmax, softmax};
pub use train::examples::{Batch, Examples};
pub use train::fit::{Backend, Fit, NoPenalty};
pub use train::log::{Histogram, LayerSpread, LoggedStep, Plane, Snapshot, TrainingLog};
pub use train::loss::{cross_entropy, l2, max_margin, shared_cross_entropy, squared_error};
pub use train::optimizer::{Adam, Optimizer, SavedOptimizer, Sgd};
pub use train::trainer::Trainer;

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
