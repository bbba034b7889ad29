//! Optimisers: how parameters move down a gradient. They know values and slopes, neither graphs
//! nor nets. Read `random` next.

/// Moves parameters by a gradient.
pub trait Optimiser {
    /// One step. `gradient` holds the slope of each parameter; the lists are of one length, and
    /// of the same one at every step.
    ///
    /// # Panics
    /// Where they are not.
    fn step(&mut self, parameters: &mut [f64], gradient: &[f64]);
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

impl Optimiser for Sgd {
    fn step(&mut self, parameters: &mut [f64], gradient: &[f64]) {
        ready(&mut self.velocity, parameters, gradient);
        for ((p, &slope), v) in parameters.iter_mut().zip(gradient).zip(&mut self.velocity) {
            // Not 0 * v + slope: after one infinite slope that would stay NaN.
            *v = if self.momentum == 0.0 {
                slope
            } else {
                self.momentum * *v + slope
            };
            *p -= self.rate * *v;
        }
    }
}

/// Adam, as Kingma and Ba have it (2015, algorithm 1): steps of about `rate`, whatever the
/// gradient's scale.
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
    square: Vec<f64>,
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

impl Optimiser for Adam {
    fn step(&mut self, parameters: &mut [f64], gradient: &[f64]) {
        ready(&mut self.mean, parameters, gradient);
        ready(&mut self.square, parameters, gradient);
        self.steps = self.steps.saturating_add(1);
        let [unbias1, unbias2] = [self.beta1, self.beta2].map(|beta| 1.0 / (1.0 - beta.powi(self.steps)));
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((p, &slope), (mean, square)) in parameters.iter_mut().zip(gradient).zip(moments) {
            *mean = self.beta1 * *mean + (1.0 - self.beta1) * slope;
            *square = self.beta2 * *square + (1.0 - self.beta2) * slope * slope;
            *p -= self.rate * (*mean * unbias1) / ((*square * unbias2).sqrt() + self.epsilon);
        }
    }
}

/// What an optimiser remembers of each parameter: 0 before its first step.
fn ready(memory: &mut Vec<f64>, parameters: &[f64], gradient: &[f64]) {
    assert_eq!(parameters.len(), gradient.len(), "parameters, and slopes");
    if memory.is_empty() {
        memory.resize(parameters.len(), 0.0);
    }
    assert_eq!(
        parameters.len(),
        memory.len(),
        "parameters now, and at the optimiser's first step"
    );
}
