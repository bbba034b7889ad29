//! Neurons, layers and nets; their files; their pictures.
//!
//! A net is a list of layers and a flat list of parameters: layer by layer, neuron by neuron, first the
//! weights in the order of the inputs, then the bias. `forward` takes the parameters as a slice in that
//! order, over any scalar.

pub(crate) mod file;
pub(crate) mod init;
#[cfg(feature = "serde")]
mod serial;
pub(crate) mod shape;
mod sketch;

use std::fmt;
use std::str::FromStr;

use smallvec::SmallVec;
use wengert::{Graph, Scalar};

use crate::error::Error;
use crate::net::init::Initialization;
use crate::net::shape::{count, through};

/// The outputs of a layer. Up to 16 of them need no allocation.
pub type Outputs<T> = SmallVec<[T; 16]>;

/// The function that a neuron applies to its weighted sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    /// The identity: `x`.
    Linear,
    /// `x` where it is positive, else 0.
    Relu,
    /// The hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e^-x)`.
    Sigmoid,
}

impl Activation {
    const ALL: [Activation; 4] = [Activation::Linear, Activation::Relu, Activation::Tanh, Activation::Sigmoid];

    /// The activation of `x`.
    ///
    /// ```
    /// use wengert_nn::Activation;
    ///
    /// assert_eq!(Activation::Relu.of(-2.0), 0.0);
    /// assert_eq!(Activation::Linear.of(-2.0), -2.0);
    /// ```
    #[inline]
    pub fn of<T: Scalar>(self, x: T) -> T {
        match self {
            Activation::Linear => x,
            Activation::Relu => x.relu(),
            Activation::Tanh => x.tanh(),
            Activation::Sigmoid => x.sigmoid(),
        }
    }

    /// The name in files; [`str::parse`] reads it.
    ///
    /// ```
    /// use wengert_nn::Activation;
    ///
    /// assert_eq!(Activation::Tanh.name(), "tanh");
    /// assert_eq!("tanh".parse::<Activation>()?, Activation::Tanh);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
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
    /// A neuron with this number of inputs.
    ///
    /// ```
    /// use wengert_nn::{Activation, Neuron};
    ///
    /// assert_eq!(Neuron::new(2, Activation::Relu).to_string(), "ReLUNeuron(2)");
    /// ```
    pub const fn new(inputs: usize, activation: Activation) -> Neuron {
        Neuron { inputs, activation }
    }

    /// The number of inputs.
    ///
    /// ```
    /// use wengert_nn::{Activation, Neuron};
    ///
    /// assert_eq!(Neuron::new(2, Activation::Relu).input_count(), 2);
    /// ```
    pub const fn input_count(self) -> usize {
        self.inputs
    }

    /// The activation.
    ///
    /// ```
    /// use wengert_nn::{Activation, Neuron};
    ///
    /// assert_eq!(Neuron::new(2, Activation::Relu).activation(), Activation::Relu);
    /// ```
    pub const fn activation(self) -> Activation {
        self.activation
    }

    /// The number of parameters: a weight for each input, and a bias. `usize::MAX` where there are more.
    ///
    /// ```
    /// use wengert_nn::{Activation, Neuron};
    ///
    /// assert_eq!(Neuron::new(2, Activation::Relu).parameter_count(), 3);
    /// ```
    pub const fn parameter_count(self) -> usize {
        self.inputs.saturating_add(1)
    }

    /// The output at the inputs `x`, for these parameters: the weights, then the bias.
    ///
    /// ```
    /// use wengert_nn::{Activation, Neuron};
    ///
    /// let neuron = Neuron::new(2, Activation::Relu);
    /// assert_eq!(neuron.forward(&[2.0, 3.0, 0.5], &[1.0, -0.5]), 0.5 + 2.0 * 1.0 + 3.0 * -0.5);
    /// ```
    ///
    /// # Panics
    /// Where the number of parameters or inputs is not the neuron's.
    #[inline]
    #[track_caller]
    pub fn forward<T: Scalar>(self, parameters: &[T], x: &[T]) -> T {
        assert_eq!(x.len(), self.inputs, "number of inputs given, and number of inputs of {self}");
        let (&bias, weights) = parameters.split_last().expect("a neuron has a bias");
        assert_eq!(weights.len(), self.inputs, "number of weights given, and number of inputs of {self}");
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

/// Neurons that share the same inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    neuron: Neuron,
    width: usize,
}

impl Layer {
    /// A layer of `width` neurons like this one.
    ///
    /// ```
    /// use wengert_nn::{Activation, Layer, Neuron};
    ///
    /// let layer = Layer::new(Neuron::new(2, Activation::Tanh), 4);
    /// assert_eq!(layer.width(), 4);
    /// ```
    pub const fn new(neuron: Neuron, width: usize) -> Layer {
        Layer { neuron, width }
    }

    /// The kind of its neurons.
    ///
    /// ```
    /// use wengert_nn::{Activation, Layer, Neuron};
    ///
    /// let layer = Layer::new(Neuron::new(2, Activation::Tanh), 4);
    /// assert_eq!(layer.neuron(), Neuron::new(2, Activation::Tanh));
    /// ```
    pub const fn neuron(self) -> Neuron {
        self.neuron
    }

    /// The number of neurons, which is the number of outputs.
    ///
    /// ```
    /// use wengert_nn::{Activation, Layer, Neuron};
    ///
    /// let layer = Layer::new(Neuron::new(2, Activation::Tanh), 4);
    /// assert_eq!(layer.width(), 4);
    /// ```
    pub const fn width(self) -> usize {
        self.width
    }

    /// The number of parameters of all its neurons. `usize::MAX` where there are more.
    ///
    /// ```
    /// use wengert_nn::{Activation, Layer, Neuron};
    ///
    /// let layer = Layer::new(Neuron::new(2, Activation::Tanh), 4);
    /// assert_eq!(layer.parameter_count(), 4 * (2 + 1));
    /// ```
    pub const fn parameter_count(self) -> usize {
        self.width.saturating_mul(self.neuron.parameter_count())
    }

    /// The outputs at the inputs `x`, for these parameters, neuron by neuron.
    ///
    /// ```
    /// use wengert_nn::{Activation, Layer, Neuron};
    ///
    /// let layer = Layer::new(Neuron::new(1, Activation::Linear), 2);
    /// assert_eq!(layer.forward(&[2.0, 0.0, 3.0, 1.0], &[5.0])[..], [10.0, 16.0]);
    /// ```
    ///
    /// # Panics
    /// Where the number of parameters or inputs is not the layer's.
    #[track_caller]
    pub fn forward<T: Scalar>(self, parameters: &[T], x: &[T]) -> Outputs<T> {
        assert_eq!(
            parameters.len(),
            self.parameter_count(),
            "number of parameters given, and number of parameters of the layer"
        );
        // A loop, since a panic in a closure would not point to the caller.
        let mut outputs = Outputs::with_capacity(self.width);
        for own in parameters.chunks_exact(self.neuron.parameter_count()) {
            outputs.push(self.neuron.forward(own, x));
        }
        outputs
    }
}

/// As micrograd writes it: `Layer of [ReLUNeuron(2), ReLUNeuron(2)]`.
impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Layer of [{}]", vec![self.neuron.to_string(); self.width].join(", "))
    }
}

/// A multilayer perceptron: layers, each fed by the one before, and the values of their parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Mlp {
    layers: Vec<Layer>,
    parameters: Vec<f64>,
}

impl Mlp {
    /// A net with this number of inputs and layers of these widths: relu in the hidden layers, linear in the
    /// last. Weights start uniformly distributed in (-1, 1), biases at 0. The same seed gives the same net.
    ///
    /// ```
    /// let net = wengert_nn::Mlp::new(2, &[16, 16, 1], 7)?;
    /// assert_eq!(net.parameters().len(), 337);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NoInputs`], [`Error::NoLayers`], [`Error::NoNeurons`], [`Error::TooLarge`].
    pub fn new(inputs: usize, widths: &[usize], seed: u64) -> Result<Mlp, Error> {
        let activation = |k| {
            if k + 1 < widths.len() { Activation::Relu } else { Activation::Linear }
        };
        let layers: Vec<_> = widths.iter().enumerate().map(|(k, &width)| (width, activation(k))).collect();
        Mlp::with_layers(inputs, &layers, seed)
    }

    /// A net whose layers have these widths and activations. Its parameters start as in [`Mlp::new`].
    ///
    /// ```
    /// use wengert_nn::{Activation, Mlp};
    ///
    /// let net = Mlp::with_layers(2, &[(3, Activation::Tanh), (1, Activation::Sigmoid)], 7)?;
    /// assert_eq!(net.to_string(), "MLP of [Layer of [TanhNeuron(2), TanhNeuron(2), TanhNeuron(2)], Layer of [SigmoidNeuron(3)]]");
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Mlp::new`].
    pub fn with_layers(inputs: usize, layers: &[(usize, Activation)], seed: u64) -> Result<Mlp, Error> {
        let layers = stacked(inputs, layers)?;
        let parameters = vec![0.0; count(&layers)];
        Ok(Mlp { layers, parameters }.initialized(Initialization::Uniform, seed))
    }

    /// A net with these parameters.
    ///
    /// ```
    /// use wengert_nn::{Activation, Mlp};
    ///
    /// let net = Mlp::from_parameters(1, &[(1, Activation::Linear)], vec![2.0, 0.5])?;
    /// assert_eq!(net.predict(&[3.0])[..], [6.5]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Mlp::new`], and [`Error::Parameters`] where there are too few or too many.
    pub fn from_parameters(inputs: usize, layers: &[(usize, Activation)], parameters: Vec<f64>) -> Result<Mlp, Error> {
        let layers = stacked(inputs, layers)?;
        check(count(&layers), parameters.len())?;
        Ok(Mlp { layers, parameters })
    }

    /// The number of inputs.
    ///
    /// ```
    /// let net = wengert_nn::Mlp::new(2, &[3, 1], 0)?;
    /// assert_eq!(net.input_count(), 2);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn input_count(&self) -> usize {
        self.layers[0].neuron.inputs
    }

    /// The layers, first to last.
    ///
    /// ```
    /// let net = wengert_nn::Mlp::new(2, &[3, 1], 0)?;
    /// let widths: Vec<usize> = net.layers().iter().map(|layer| layer.width()).collect();
    /// assert_eq!(widths, [3, 1]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The values of the parameters: layer by layer, neuron by neuron, the weights and then the bias.
    ///
    /// ```
    /// let net = wengert_nn::Mlp::new(2, &[3, 1], 0)?;
    /// assert_eq!(net.parameters().len(), 3 * (2 + 1) + (3 + 1));
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    /// Sets the values of the parameters, in the order of [`Mlp::parameters`].
    ///
    /// ```
    /// let mut net = wengert_nn::Mlp::new(1, &[1], 7)?;
    /// net.set_parameters(&[2.0, 0.5])?;
    /// assert_eq!(net.predict(&[3.0])[..], [6.5]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Parameters`] where there are too few or too many; the net is as before.
    pub fn set_parameters(&mut self, values: &[f64]) -> Result<(), Error> {
        check(self.parameters.len(), values.len())?;
        self.parameters.copy_from_slice(values);
        Ok(())
    }

    /// The outputs at the inputs `x`, for any values of the parameters and over any scalar.
    ///
    /// Costs two floating-point operations for each weight. Over `f64`, layers of up to 16 neurons allocate
    /// nothing.
    ///
    /// ```
    /// use wengert::Graph;
    ///
    /// let net = wengert_nn::Mlp::new(2, &[4, 1], 7)?;
    /// let g = Graph::new();
    /// let parameters = g.exprs(&g.leaves(net.parameters()));
    /// let score = net.forward(&parameters, &[g.var(0.5), g.var(-1.0)])[0];
    /// assert_eq!(score.value(), net.predict(&[0.5, -1.0])[0]);
    /// score.backward();
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Panics
    /// Where the number of parameters or inputs is not the net's.
    #[track_caller]
    pub fn forward<T: Scalar>(&self, parameters: &[T], x: &[T]) -> Outputs<T> {
        through(&self.layers, parameters, x)
    }

    /// The outputs at the inputs `x`, for the parameters of the net.
    ///
    /// ```
    /// let net = wengert_nn::Mlp::new(2, &[3, 1], 0)?;
    /// assert_eq!(net.predict(&[0.5, -1.0]), net.forward(net.parameters(), &[0.5, -1.0]));
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Panics
    /// Where the number of inputs is not the net's.
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
        total = more.and_then(|more| more.checked_add(total)).filter(|&n| n <= most).ok_or(Error::TooLarge)?;
        stack.push(Layer::new(Neuron::new(fed, activation), width));
        fed = width;
    }
    Ok(stack)
}

fn check(expected: usize, given: usize) -> Result<(), Error> {
    if expected == given { Ok(()) } else { Err(Error::Parameters { expected, given }) }
}
