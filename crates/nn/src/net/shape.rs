//! The layers of a net without the values of its parameters: what a loss needs to know about it.

use std::sync::Arc;

use wengert::Scalar;

use crate::net::{Layer, Mlp, Outputs};

/// The layers of a net. Cheap to clone, so a loss may own one while the net changes:
///
/// ```
/// use wengert_nn::{Backend, Examples, Fit, Mlp, Sgd, squared_error};
///
/// let examples = Examples::from_rows([[0.0, 1.0], [1.0, 3.0]])?;
/// let mut net = Mlp::new(1, &[1], 3)?;
/// let shape = net.shape();
/// let mut fit = Fit::new(Backend::Eager, net.parameters(), &examples, move |parameters, example| {
///     squared_error(&shape.forward(parameters, &example[..1]), &example[1..])
/// })?;
/// let mut optimizer = Sgd::new(0.2);
/// for _ in 0..200 {
///     fit.step(&mut optimizer, examples.all())?;
///     net.set_parameters(fit.parameters())?; // at any time
/// }
/// assert!((net.predict(&[2.0])[0] - 5.0).abs() < 1e-6);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape(Arc<[Layer]>);

impl Shape {
    /// The layers, from the inputs on.
    ///
    /// ```
    /// let net = wengert_nn::Mlp::new(2, &[3, 1], 0)?;
    /// let shape = net.shape();
    /// assert_eq!(shape.layers(), net.layers());
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn layers(&self) -> &[Layer] {
        &self.0
    }

    /// How many parameters a net of this shape has.
    ///
    /// ```
    /// let net = wengert_nn::Mlp::new(2, &[3, 1], 0)?;
    /// let shape = net.shape();
    /// assert_eq!(shape.parameter_count(), net.parameters().len());
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn parameter_count(&self) -> usize {
        count(&self.0)
    }

    /// The outputs at the inputs `x` for these values of the parameters: [`Mlp::forward`].
    ///
    /// ```
    /// let net = wengert_nn::Mlp::new(2, &[3, 1], 0)?;
    /// let shape = net.shape();
    /// assert_eq!(shape.forward(net.parameters(), &[0.5, -1.0]), net.predict(&[0.5, -1.0]));
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Panics
    /// Where there are not as many parameters or inputs as the net has.
    #[track_caller]
    pub fn forward<T: Scalar>(&self, parameters: &[T], x: &[T]) -> Outputs<T> {
        through(&self.0, parameters, x)
    }
}

impl Mlp {
    /// Its layers, without the values of its parameters.
    ///
    /// ```
    /// let net = wengert_nn::Mlp::new(2, &[3, 1], 0)?;
    /// let shape = net.shape();
    /// let loss = move |parameters: &[f64]| shape.forward(parameters, &[0.5, -1.0])[0]; // does not borrow the net
    /// assert_eq!(loss(net.parameters()), net.predict(&[0.5, -1.0])[0]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn shape(&self) -> Shape {
        Shape(self.layers().into())
    }
}

/// How many parameters these layers have.
pub(crate) fn count(layers: &[Layer]) -> usize {
    layers.iter().map(|layer| layer.parameter_count()).sum()
}

/// The outputs of the layers at `x`, each fed by the one before.
///
/// # Panics
/// Where there are not as many parameters or inputs as they have.
#[track_caller]
pub(crate) fn through<T: Scalar>(layers: &[Layer], parameters: &[T], x: &[T]) -> Outputs<T> {
    assert_eq!(parameters.len(), count(layers), "parameters given, and those of the net");
    let (mut left, mut values) = (parameters, Outputs::from_slice(x));
    for layer in layers {
        let (own, rest) = left.split_at(layer.parameter_count());
        (left, values) = (rest, layer.forward(own, &values));
    }
    values
}
