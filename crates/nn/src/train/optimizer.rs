//! Optimizers: how parameters change by a gradient.

mod state;

pub use state::SavedOptimizer;

use crate::error::{Error, expect};

/// Changes parameters by a gradient.
///
/// A NaN or an infinity would stay in the parameters and in the state of the optimizer. So a step with one is
/// refused by a named error, and nothing changes.
pub trait Optimizer {
    /// One step. `gradient` holds the derivative with respect to each parameter. Both lists have the same
    /// length at every step.
    ///
    /// ```
    /// use wengert_nn::{Error, Optimizer, Sgd};
    ///
    /// let mut parameters = [1.0];
    /// let refused = Sgd::new(0.1).try_step(&mut parameters, &[f64::NAN]);
    /// assert!(matches!(refused, Err(Error::Slope { parameter: 0, .. })));
    /// assert_eq!(parameters, [1.0]);
    /// ```
    ///
    /// # Errors
    /// [`Error::Slope`] where a derivative is NaN or infinite; [`Error::Step`] where a parameter would become
    /// so; [`Error::Slopes`] where there is not one slope for each parameter, and [`Error::OtherNet`] where there were
    /// more or fewer at earlier steps. The parameters and the optimizer are as before.
    fn try_step(&mut self, parameters: &mut [f64], gradient: &[f64]) -> Result<(), Error>;

    /// As [`Optimizer::try_step`].
    ///
    /// # Panics
    /// With the text of the error where that fails.
    #[track_caller]
    fn step(&mut self, parameters: &mut [f64], gradient: &[f64]) {
        expect(self.try_step(parameters, gradient));
    }
}

/// Gradient descent, with or without momentum: `velocity = momentum * velocity + slope`, then
/// `parameter -= rate * velocity`, where `slope` is the derivative with respect to the parameter.
///
/// ```
/// use wengert_nn::{Optimizer, Sgd};
///
/// let mut parameters = [1.0, 2.0];
/// Sgd::new(0.5).step(&mut parameters, &[2.0, -2.0]);
/// assert_eq!(parameters, [0.0, 3.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sgd {
    /// The step size; may be changed between steps.
    pub rate: f64,
    /// The share of the last velocity that is kept; 0 for none.
    pub momentum: f64,
    velocity: Vec<f64>,
}

impl Sgd {
    /// Gradient descent without momentum.
    ///
    /// ```
    /// use wengert_nn::{Optimizer, Sgd};
    ///
    /// let mut x = [3.0];
    /// Sgd::new(0.5).step(&mut x, &[2.0]);
    /// assert_eq!(x, [2.0]);
    /// ```
    pub fn new(rate: f64) -> Sgd {
        Sgd::with_momentum(rate, 0.0)
    }

    /// Gradient descent with momentum; 0.9 is common.
    ///
    /// ```
    /// use wengert_nn::{Optimizer, Sgd};
    ///
    /// let (mut sgd, mut x) = (Sgd::with_momentum(0.5, 0.5), [3.0]);
    /// sgd.step(&mut x, &[2.0]);
    /// sgd.step(&mut x, &[0.0]);
    /// assert_eq!(x, [1.5]); // half of the last step once more
    /// ```
    pub fn with_momentum(rate: f64, momentum: f64) -> Sgd {
        Sgd { rate, momentum, velocity: Vec::new() }
    }
}

impl Optimizer for Sgd {
    fn try_step(&mut self, parameters: &mut [f64], gradient: &[f64]) -> Result<(), Error> {
        let is_new = self.velocity.is_empty();
        ready(&mut self.velocity, parameters, gradient)?;
        let (rate, momentum) = (self.rate, self.momentum);
        let moved = |p: f64, slope: f64, v: f64| {
            let v = momentum * v + slope;
            (p - rate * v, v)
        };
        if let Err(error) = finite(parameters, gradient, |k| moved(parameters[k], gradient[k], self.velocity[k]).0) {
            if is_new {
                self.velocity.clear();
            }
            return Err(error);
        }
        for ((p, &slope), v) in parameters.iter_mut().zip(gradient).zip(&mut self.velocity) {
            (*p, *v) = moved(*p, slope, *v);
        }
        Ok(())
    }
}

/// Adam (Kingma and Ba 2015, algorithm 1): steps of about `rate`, whatever the scale of the gradient.
///
/// Squares of slopes neither over- nor underflow, however large or small a slope is. One very large slope makes steps small until
/// it is forgotten, by the factor `beta2` per step.
///
/// ```
/// use wengert_nn::{Adam, Optimizer};
///
/// let mut parameters = [1.0];
/// Adam::new(0.01).step(&mut parameters, &[1e6]);
/// assert!((parameters[0] - 0.99).abs() < 1e-9);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Adam {
    /// The step size; may be changed between steps.
    pub rate: f64,
    /// The share of the mean slope that is kept.
    pub beta1: f64,
    /// The share of the mean squared slope that is kept.
    pub beta2: f64,
    /// Added to the denominator, so that the step is finite where all slopes were 0.
    pub epsilon: f64,
    steps: i32,
    mean: Vec<f64>,
    square: Vec<Square>,
}

impl Adam {
    /// Adam with the constants of the paper: 0.9, 0.999 and 1e-8.
    ///
    /// ```
    /// use wengert_nn::{Adam, Optimizer};
    ///
    /// let mut x = [3.0];
    /// Adam::new(0.5).step(&mut x, &[200.0]);
    /// assert!((x[0] - 2.5).abs() < 1e-6); // the first step is as long as the rate
    /// ```
    pub fn new(rate: f64) -> Adam {
        Adam { rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, steps: 0, mean: Vec::new(), square: Vec::new() }
    }
}

/// A mean of squares, `part * unit^2`. The unit is 1 unless squares would over- or underflow.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Square {
    part: f64,
    unit: f64,
}

impl Default for Square {
    fn default() -> Square {
        Square { part: 0.0, unit: 1.0 }
    }
}

impl Square {
    /// Slopes up to this size, about 2^500, are squared without scaling.
    const LARGE: f64 = 3e150;
    /// Slopes below this size, about 2^-500, are scaled up.
    const SMALL: f64 = 3e-151;
    /// The unit of larger slopes, 2^600: their squares lie between 2^-204 and 2^848.
    const UNIT: f64 = f64::from_bits((1023 + 600) << 52);

    /// The mean with this part and this unit, if a step can leave it behind.
    fn of(part: f64, unit: f64) -> Option<Square> {
        let is_unit = [1.0, Square::UNIT, 1.0 / Square::UNIT].contains(&unit);
        (is_unit && part.is_finite() && part >= 0.0).then_some(Square { part, unit })
    }

    /// The mean with one more slope, of weight `1 - beta`.
    fn with(self, slope: f64, beta: f64) -> Square {
        let kept = Square { part: beta * self.part, unit: self.unit };
        let unit = match slope.abs().max(kept.part.sqrt() * kept.unit) {
            root if root > Square::LARGE => Square::UNIT,
            root if root < Square::SMALL && root > 0.0 => 1.0 / Square::UNIT,
            _ => 1.0,
        };
        // Exact, since units are powers of two. The ratio is multiplied twice, since its square may under- or overflow.
        let ratio = kept.unit / unit;
        let part = if kept.part == 0.0 { 0.0 } else { kept.part * ratio * ratio };
        let slope = slope / unit;
        Square { part: part + (1.0 - beta) * slope * slope, unit }
    }
}

impl Optimizer for Adam {
    fn try_step(&mut self, parameters: &mut [f64], gradient: &[f64]) -> Result<(), Error> {
        let is_new = self.mean.is_empty();
        ready(&mut self.mean, parameters, gradient)?;
        ready(&mut self.square, parameters, gradient)?;
        let steps = self.steps.saturating_add(1);
        let (rate, beta1, beta2, epsilon) = (self.rate, self.beta1, self.beta2, self.epsilon);
        let [unbias1, unbias2] = [beta1, beta2].map(|beta| 1.0 / (1.0 - beta.powi(steps)));
        let moved = |p: f64, slope: f64, mean: f64, square: Square| {
            let mean = beta1 * mean + (1.0 - beta1) * slope;
            let square = square.with(slope, beta2);
            // In multiples of the unit, so that no slope is too large or too small.
            let root = (square.part * unbias2).sqrt();
            let step = rate * (mean / square.unit * unbias1) / (root + epsilon / square.unit);
            (p - step, mean, square)
        };
        let next = |k: usize| moved(parameters[k], gradient[k], self.mean[k], self.square[k]).0;
        if let Err(error) = finite(parameters, gradient, next) {
            if is_new {
                self.mean.clear();
                self.square.clear();
            }
            return Err(error);
        }
        self.steps = steps;
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((p, &slope), (mean, square)) in parameters.iter_mut().zip(gradient).zip(moments) {
            (*p, *mean, *square) = moved(*p, slope, *mean, *square);
        }
        Ok(())
    }
}

/// Checks that all slopes are finite, and that all parameters given by `moved` are.
fn finite(parameters: &[f64], gradient: &[f64], moved: impl Fn(usize) -> f64) -> Result<(), Error> {
    if let Some(parameter) = gradient.iter().position(|slope| !slope.is_finite()) {
        let slope = gradient[parameter];
        return Err(Error::Slope { parameter, slope });
    }
    for parameter in 0..parameters.len() {
        let value = moved(parameter);
        if !value.is_finite() {
            return Err(Error::Step { parameter, value });
        }
    }
    Ok(())
}

/// Checks the lengths, and makes the state of an optimizer at its first step.
///
/// # Errors
/// [`Error::Slopes`], [`Error::OtherNet`].
fn ready<T: Clone + Default>(memory: &mut Vec<T>, parameters: &[f64], gradient: &[f64]) -> Result<(), Error> {
    if parameters.len() != gradient.len() {
        return Err(Error::Slopes { parameters: parameters.len(), slopes: gradient.len() });
    }
    if memory.is_empty() {
        memory.resize(parameters.len(), T::default());
    }
    if parameters.len() != memory.len() {
        return Err(Error::OtherNet { before: memory.len(), parameters: parameters.len() });
    }
    Ok(())
}
