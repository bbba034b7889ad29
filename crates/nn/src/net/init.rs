//! The first values of weights.

use crate::net::Mlp;
use crate::random::SplitMix64;

/// How weights are drawn. Biases start at 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Initialization {
    /// Uniform in (-1, 1), as [`Mlp::new`] and micrograd draw them.
    Uniform,
    /// Normal, of variance `2 / inputs`: keeps the scale of values from layer to layer in relu layers (He, Zhang, Ren
    /// and Sun 2015).
    Kaiming,
    /// Uniform, of variance `2 / (inputs + outputs)`: keeps the scale of values and of slopes about the same in tanh
    /// and sigmoid layers (Glorot and Bengio 2010).
    Xavier,
}

impl Mlp {
    /// The net with new random weights. The same seed gives the same net.
    ///
    /// ```
    /// use wengert_nn::{Initialization, Mlp};
    ///
    /// let net = Mlp::new(2, &[16, 16, 1], 0)?.initialized(Initialization::Kaiming, 7);
    /// assert_eq!(net, Mlp::new(2, &[16, 16, 1], 1)?.initialized(Initialization::Kaiming, 7));
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn initialized(self, how: Initialization, seed: u64) -> Mlp {
        let mut random = SplitMix64::new(seed);
        let Mlp { layers, mut parameters } = self;
        parameters.clear();
        for layer in &layers {
            let (inputs, outputs) = (layer.neuron().input_count() as f64, layer.width() as f64);
            for _ in 0..layer.width() {
                parameters.extend((0..layer.neuron().input_count()).map(|_| match how {
                    Initialization::Uniform => random.uniform(-1.0, 1.0),
                    Initialization::Kaiming => (2.0 / inputs).sqrt() * random.normal(),
                    Initialization::Xavier => (6.0 / (inputs + outputs)).sqrt() * random.uniform(-1.0, 1.0),
                }));
                parameters.push(0.0);
            }
        }
        Mlp { layers, parameters }
    }
}
