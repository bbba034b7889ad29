//! Optimizers: how parameters move down a gradient. They know values and slopes, neither graphs
//! nor nets. Read `random` next.

mod state;

pub use state::SavedOptimizer;

use crate::error::{Error, expect};

/// Moves parameters by a gradient.
///
/// A NaN or an infinity would stay: in the parameters, and in what the optimizer remembers. So a step
/// that has one is refused by name, whole.
pub trait Optimizer {
    /// One step. `gradient` holds the slope of each parameter; the lists are of one length, and
    /// of the same one at every step.
    ///
    /// # Errors
    /// [`Error::Slope`] for a slope that is NaN or infinite, [`Error::Step`] where a parameter would become
    /// so; the parameters and the optimizer are as before.
    ///
    /// # Panics
    /// Where the lists are of other lengths.
    #[track_caller]
    fn try_step(&mut self, parameters: &mut [f64], gradient: &[f64]) -> Result<(), Error>;

    /// As [`Optimizer::try_step`].
    ///
    /// # Panics
    /// Where that panics, and with the text of the error where it fails.
    #[track_caller]
    fn step(&mut self, parameters: &mut [f64], gradient: &[f64]) {
        expect(self.try_step(parameters, gradient));
    }
}

/// Gradient descent, with momentum if asked for: `velocity = momentum * velocity + slope`, then
/// `parameter -= rate * velocity`.
#[derive(Clone, Debug, PartialEq)]
pub struct Sgd {
    /// How far to step; may change from step to step.
    pub rate: f64,
    /// How much of the last velocity stays: 0 for none.
    pub momentum: f64,
    velocity: Vec<f64>,
}

impl Sgd {
    /// Plain gradient descent.
    pub fn new(rate: f64) -> Sgd {
        Sgd::with_momentum(rate, 0.0)
    }

    /// Gradient descent with momentum, often 0.9.
    pub fn with_momentum(rate: f64, momentum: f64) -> Sgd {
        Sgd {
            rate,
            momentum,
            velocity: Vec::new(),
        }
    }
}

impl Optimizer for Sgd {
    fn try_step(&mut self, parameters: &mut [f64], gradient: &[f64]) -> Result<(), Error> {
        ready(&mut self.velocity, parameters, gradient);
        let (rate, momentum) = (self.rate, self.momentum);
        let moved = |p: f64, slope: f64, v: f64| {
            let v = momentum * v + slope;
            (p - rate * v, v)
        };
        finite(parameters, gradient, |k| {
            moved(parameters[k], gradient[k], self.velocity[k]).0
        })?;
        for ((p, &slope), v) in parameters.iter_mut().zip(gradient).zip(&mut self.velocity) {
            (*p, *v) = moved(*p, slope, *v);
        }
        Ok(())
    }
}

/// Adam, as Kingma and Ba have it (2015, algorithm 1): steps of about `rate`, whatever the
/// gradient's scale. Squares of slopes do not overflow, however large a slope is; one that stands out
/// makes steps small until it is forgotten, by the factor `beta2` a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Adam {
    /// How far to step; may change from step to step.
    pub rate: f64,
    /// How much of the mean slope stays.
    pub beta1: f64,
    /// How much of the mean squared slope stays.
    pub beta2: f64,
    /// What keeps the quotient finite where slopes are 0.
    pub epsilon: f64,
    steps: i32,
    mean: Vec<f64>,
    square: Vec<Square>,
}

impl Adam {
    /// Adam with the authors' constants: 0.9, 0.999 and 1e-8.
    pub fn new(rate: f64) -> Adam {
        Adam {
            rate,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            steps: 0,
            mean: Vec::new(),
            square: Vec::new(),
        }
    }
}

/// A mean of squares, `part * unit^2`. The unit is 1, but where squares would overflow.
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
    /// Slopes up to this are squared as they are: about 2^500.
    const LARGE: f64 = 3e150;
    /// The unit of larger ones, 2^600: their squares are 2^848 at most, and 2^-204 at least.
    const UNIT: f64 = f64::from_bits((1023 + 600) << 52);

    /// With a further slope, which counts `1 - beta`.
    fn with(self, slope: f64, beta: f64) -> Square {
        let large = slope.abs() > Square::LARGE || self.root(1.0) > Square::LARGE;
        let unit = if large { Square::UNIT } else { 1.0 };
        // Powers of two: exact. One after the other, since the square of their quotient underflows.
        let part = self.part * (self.unit / unit) * (self.unit / unit);
        let slope = slope / unit;
        Square {
            part: beta * part + (1.0 - beta) * slope * slope,
            unit,
        }
    }

    /// The root of the mean times a factor.
    fn root(self, factor: f64) -> f64 {
        (self.part * factor).sqrt() * self.unit
    }
}

impl Optimizer for Adam {
    fn try_step(&mut self, parameters: &mut [f64], gradient: &[f64]) -> Result<(), Error> {
        ready(&mut self.mean, parameters, gradient);
        ready(&mut self.square, parameters, gradient);
        let steps = self.steps.saturating_add(1);
        let (rate, beta1, beta2, epsilon) = (self.rate, self.beta1, self.beta2, self.epsilon);
        let [unbias1, unbias2] = [beta1, beta2].map(|beta| 1.0 / (1.0 - beta.powi(steps)));
        let moved = |p: f64, slope: f64, mean: f64, square: Square| {
            let mean = beta1 * mean + (1.0 - beta1) * slope;
            let square = square.with(slope, beta2);
            let step = rate * (mean * unbias1) / (square.root(unbias2) + epsilon);
            (p - step, mean, square)
        };
        finite(parameters, gradient, |k| {
            moved(parameters[k], gradient[k], self.mean[k], self.square[k]).0
        })?;
        self.steps = steps;
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((p, &slope), (mean, square)) in parameters.iter_mut().zip(gradient).zip(moments) {
            (*p, *mean, *square) = moved(*p, slope, *mean, *square);
        }
        Ok(())
    }
}

/// That slopes are finite, and what `moved` says the parameters will be.
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

/// What an optimizer remembers of each parameter: 0 before its first step.
#[track_caller]
fn ready<T: Clone + Default>(memory: &mut Vec<T>, parameters: &[f64], gradient: &[f64]) {
    assert_eq!(parameters.len(), gradient.len(), "parameters, and slopes");
    if memory.is_empty() {
        memory.resize(parameters.len(), T::default());
    }
    assert_eq!(
        parameters.len(),
        memory.len(),
        "parameters now, and at the optimizer's first step"
    );
}
