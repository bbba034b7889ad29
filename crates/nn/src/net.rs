//! Neurons, layers and nets. Read `loss` next.
//!
//! A net is a shape and a flat list of parameters: layer by layer, neuron by neuron, the weights
//! in the order of the inputs and then the bias. What is evaluated takes its parameters as a
//! slice in that order, over any scalar.

use std::fmt;
use std::str::FromStr;

use smallvec::SmallVec;
use wengert::{Graph, Scalar};

use crate::error::Error;
use crate::random::SplitMix64;
use crate::shape::through;

/// What a layer gives. Layers of up to 16 neurons need no allocation.
pub type Outputs<T> = SmallVec<[T; 16]>;

/// What a neuron does with its weighted sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    /// Nothing: `x`.
    Linear,
    /// `x` where it is positive, else 0.
    Relu,
    /// The hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e^-x)`.
    Sigmoid,
}

impl Activation {
    const ALL: [Activation; 4] = [
        Activation::Linear,
        Activation::Relu,
        Activation::Tanh,
        Activation::Sigmoid,
    ];

    /// The activation of `x`.
    #[inline]
    pub fn of<T: Scalar>(self, x: T) -> T {
        match self {
            Activation::Linear => x,
            Activation::Relu => x.relu(),
            Activation::Tanh => x.tanh(),
            Activation::Sigmoid => x.sigmoid(),
        }
    }

    /// The name that files use, and that parses.
    pub const fn name(self) -> &'static str {
        match self {
            Activation::Linear => "linear",
            Activation::Relu => "relu",
            Activation::Tanh => "tanh",
            Activation::Sigmoid => "sigmoid",
        }
    }
}

impl FromStr for Activation {
    type Err = Error;

    fn from_str(name: &str) -> Result<Activation, Error> {
        let found = Activation::ALL.into_iter().find(|activation| activation.name() == name);
        found.ok_or_else(|| Error::UnknownActivation { name: name.to_string() })
    }
}

/// A neuron: `activation(b + w0*x0 + w1*x1 + ...)`, added from left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neuron {
    inputs: usize,
    activation: Activation,
}

impl Neuron {
    /// A neuron of so many inputs.
    pub const fn new(inputs: usize, activation: Activation) -> Neuron {
        Neuron { inputs, activation }
    }

    /// How many inputs it has.
    pub const fn inputs(self) -> usize {
        self.inputs
    }

    /// Its activation.
    pub const fn activation(self) -> Activation {
        self.activation
    }

    /// How many parameters it has: a weight for every input, then a bias.
    pub const fn parameters(self) -> usize {
        self.inputs + 1
    }

    /// Its output at the inputs `x`.
    ///
    /// # Panics
    /// Where there are not as many parameters or inputs as it has.
    #[inline]
    #[track_caller]
    pub fn forward<T: Scalar>(self, parameters: &[T], x: &[T]) -> T {
        assert_eq!(x.len(), self.inputs, "inputs given, and inputs of the {self}");
        let (&bias, weights) = parameters.split_last().expect("a neuron has a bias");
        assert_eq!(weights.len(), self.inputs, "weights given, and inputs of the {self}");
        let sum = weights.iter().zip(x).fold(bias, |sum, (&w, &x)| sum + w * x);
        self.activation.of(sum)
    }
}

/// As micrograd writes it: `ReLUNeuron(2)`.
impl fmt::Display for Neuron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.activation {
            Activation::Linear => "Linear",
            Activation::Relu => "ReLU",
            Activation::Tanh => "Tanh",
            Activation::Sigmoid => "Sigmoid",
        };
        write!(f, "{name}Neuron({})", self.inputs)
    }
}

/// Neurons side by side that see the same inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    neuron: Neuron,
    width: usize,
}

impl Layer {
    /// A layer of `width` such neurons.
    pub const fn new(neuron: Neuron, width: usize) -> Layer {
        Layer { neuron, width }
    }

    /// What each of its neurons is.
    pub const fn neuron(self) -> Neuron {
        self.neuron
    }

    /// How many neurons it has, and so how many outputs.
    pub const fn width(self) -> usize {
        self.width
    }

    /// How many parameters its neurons have together.
    pub const fn parameters(self) -> usize {
        self.width * self.neuron.parameters()
    }

    /// The outputs of its neurons at the inputs `x`.
    ///
    /// # Panics
    /// Where there are not as many parameters or inputs as it has.
    #[track_caller]
    pub fn forward<T: Scalar>(self, parameters: &[T], x: &[T]) -> Outputs<T> {
        assert_eq!(
            parameters.len(),
            self.parameters(),
            "parameters given, and those of a layer"
        );
        let neurons = parameters.chunks_exact(self.neuron.parameters());
        neurons.map(|own| self.neuron.forward(own, x)).collect()
    }
}

/// As micrograd writes it: `Layer of [ReLUNeuron(2), ReLUNeuron(2)]`.
impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Layer of [{}]", vec![self.neuron.to_string(); self.width].join(", "))
    }
}

/// A net: layers, each fed by the one before, and the values of their parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Mlp {
    layers: Vec<Layer>,
    parameters: Vec<f64>,
}

impl Mlp {
    /// A net of so many inputs, with layers of these widths: relu in the hidden ones, linear in
    /// the last. Weights start uniformly in (-1, 1), biases at 0; one seed, one net.
    ///
    /// # Errors
    /// [`Error::NoInputs`], [`Error::NoLayers`], [`Error::NoNeurons`], [`Error::TooLarge`].
    pub fn new(inputs: usize, widths: &[usize], seed: u64) -> Result<Mlp, Error> {
        let activation = |k| {
            if k + 1 < widths.len() {
                Activation::Relu
            } else {
                Activation::Linear
            }
        };
        let layers: Vec<_> = widths
            .iter()
            .enumerate()
            .map(|(k, &width)| (width, activation(k)))
            .collect();
        Mlp::with_layers(inputs, &layers, seed)
    }

    /// A net whose layers have these widths and activations, started as [`Mlp::new`] does.
    ///
    /// # Errors
    /// As [`Mlp::new`].
    pub fn with_layers(inputs: usize, layers: &[(usize, Activation)], seed: u64) -> Result<Mlp, Error> {
        let layers = stacked(inputs, layers)?;
        let mut random = SplitMix64::new(seed);
        let mut parameters = Vec::with_capacity(count(&layers));
        for layer in &layers {
            for _ in 0..layer.width {
                parameters.extend((0..layer.neuron.inputs).map(|_| random.uniform(-1.0, 1.0)));
                parameters.push(0.0);
            }
        }
        Ok(Mlp { layers, parameters })
    }

    /// A net of these parameters.
    ///
    /// # Errors
    /// As [`Mlp::new`], and [`Error::Parameters`] where there are too few or too many.
    pub fn from_parameters(inputs: usize, layers: &[(usize, Activation)], parameters: Vec<f64>) -> Result<Mlp, Error> {
        let layers = stacked(inputs, layers)?;
        check(count(&layers), parameters.len())?;
        Ok(Mlp { layers, parameters })
    }

    /// How many inputs it has.
    pub fn input_count(&self) -> usize {
        self.layers[0].neuron.inputs
    }

    /// Its layers, from the inputs on.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The values of its parameters: layer by layer, neuron by neuron, the weights and then the
    /// bias.
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    /// Gives its parameters new values.
    ///
    /// # Errors
    /// [`Error::Parameters`] where there are too few or too many; the net is as before.
    pub fn set_parameters(&mut self, values: &[f64]) -> Result<(), Error> {
        check(self.parameters.len(), values.len())?;
        self.parameters.copy_from_slice(values);
        Ok(())
    }

    /// Its outputs at the inputs `x`, for any values of its parameters and over any scalar.
    ///
    /// Costs two flops for a weight. Over `f64` nothing is allocated in layers of up to 16
    /// neurons.
    ///
    /// # Panics
    /// Where there are not as many parameters or inputs as the net has.
    #[track_caller]
    pub fn forward<T: Scalar>(&self, parameters: &[T], x: &[T]) -> Outputs<T> {
        through(&self.layers, parameters, x)
    }

    /// Its outputs at the inputs `x`, for its own parameters.
    ///
    /// # Panics
    /// Where there are not as many inputs as the net has.
    #[track_caller]
    pub fn predict(&self, x: &[f64]) -> Outputs<f64> {
        self.forward(&self.parameters, x)
    }
}

/// As micrograd writes it: `MLP of [Layer of [ReLUNeuron(2), ...], ...]`.
impl fmt::Display for Mlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layers: Vec<String> = self.layers.iter().map(Layer::to_string).collect();
        write!(f, "MLP of [{}]", layers.join(", "))
    }
}

/// Layers of these widths, each fed by the one before.
fn stacked(inputs: usize, layers: &[(usize, Activation)]) -> Result<Vec<Layer>, Error> {
    if inputs == 0 {
        return Err(Error::NoInputs);
    }
    if layers.is_empty() {
        return Err(Error::NoLayers);
    }
    let most = Graph::new().limit();
    let (mut stack, mut fed, mut total) = (Vec::with_capacity(layers.len()), inputs, 0usize);
    for (k, &(width, activation)) in layers.iter().enumerate() {
        if width == 0 {
            return Err(Error::NoNeurons { layer: k + 1 });
        }
        let more = fed.checked_add(1).and_then(|each| each.checked_mul(width));
        total = more
            .and_then(|more| more.checked_add(total))
            .filter(|&n| n <= most)
            .ok_or(Error::TooLarge)?;
        stack.push(Layer::new(Neuron::new(fed, activation), width));
        fed = width;
    }
    Ok(stack)
}

fn count(layers: &[Layer]) -> usize {
    layers.iter().map(|layer| layer.parameters()).sum()
}

fn check(expected: usize, given: usize) -> Result<(), Error> {
    if expected == given {
        Ok(())
    } else {
        Err(Error::Parameters { expected, given })
    }
}
