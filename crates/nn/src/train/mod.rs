//! Training: examples and losses, the optimizers, a loop for any loss, and one for losses of examples.

pub(crate) mod classes;
pub(crate) mod compiled;
pub(crate) mod examples;
pub(crate) mod fit;
pub(crate) mod log;
pub(crate) mod loss;
pub(crate) mod optimizer;
pub(crate) mod trainer;
