//! Neural nets on [`wengert`], after micrograd: a neuron is a sum, a layer is neurons, a net is
//! layers, and training is a loop that anyone can read.
//!
//! Nothing here knows more of the engine than its public functions. Formulas are generic over
//! [`wengert::Scalar`] and take the parameters as a slice, so the same net is evaluated over
//! `f64`, recorded over [`wengert::Expr`], or run through whatever else is a scalar.
//!
//! ```
//! use wengert_nn::{Mlp, Sgd, Trainer, squared_error};
//!
//! // Exclusive or, with three tanh neurons.
//! let examples = [([0., 0.], 0.), ([0., 1.], 1.), ([1., 0.], 1.), ([1., 1.], 0.)];
//! let mut net = Mlp::with_layers(2, &[(3, "tanh".parse()?), (1, "linear".parse()?)], 1)?;
//! let mut trainer = Trainer::new(net.parameters());
//! let mut optimiser = Sgd::new(0.2);
//! for _ in 0..1000 {
//!     trainer.step(&mut optimiser, |graph, parameters| {
//!         let outputs = examples.map(|(x, _)| {
//!             let x = x.map(|value| graph.expr(graph.constant(value)));
//!             net.forward(parameters, &x)[0]
//!         });
//!         squared_error(&outputs, &examples.map(|(_, y)| y.into()))
//!     });
//! }
//! net.set_parameters(trainer.parameters())?;
//! for (x, y) in examples {
//!     assert!((net.predict(&x)[0] - y).abs() < 0.1);
//! }
//! # Ok::<(), wengert_nn::Error>(())
//! ```
//!
//! In reading order: `net` neurons, layers, nets · `loss` what to make small · `train` the loop ·
//! `optimise` how to step · `random` where parameters start · `store` files of parameters ·
//! `sketch` nets for pictures · `error` what can go wrong.
#![forbid(unsafe_code)]

mod error;
mod loss;
mod net;
mod optimise;
mod random;
mod sketch;
mod store;
mod train;

pub use error::Error;
pub use loss::{cross_entropy, l2, max_margin, squared_error};
pub use net::{Activation, Layer, Mlp, Neuron, Outputs};
pub use optimise::{Adam, Optimiser, Sgd};
pub use random::SplitMix64;
pub use store::{load, parse, save, text};
pub use train::Trainer;
