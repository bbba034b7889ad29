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
//! A loss that is no mean over examples is trained by a [`Trainer`], which records whatever it is
//! given.
//!
//! In reading order: `net` neurons, layers, nets · `loss` what to make small · `train` the loop ·
//! `examples` what to learn from · `compiled` a loss as a program · `fit` training in either way ·
//! `optimize` how to step · `random` where parameters start · `store` files of parameters ·
//! `sketch` nets for pictures · `error` what can go wrong.
#![forbid(unsafe_code)]

mod classes;
mod compiled;
mod error;
mod examples;
mod fit;
mod init;
mod loss;
mod net;
mod optimizer;
mod random;
mod shape;
mod sketch;
mod store;
mod train;

pub use classes::{argmax, softmax};
pub use error::Error;
pub use examples::{Batch, Examples};
pub use fit::{Fit, NoPenalty, Way};
pub use init::Initialization;
pub use loss::{cross_entropy, l2, max_margin, shared_cross_entropy, squared_error};
pub use net::{Activation, Layer, Mlp, Neuron, Outputs};
pub use optimizer::{Adam, Optimizer, SavedOptimizer, Sgd};
pub use random::SplitMix64;
pub use shape::Shape;
pub use store::{load, parse, save, text};
pub use train::Trainer;
