//! W4: one training step of a perceptron on 100 points, as in micrograd's demo.
//!
//! MLP(2, [16, 16, 1]) with tanh in the hidden layers and a linear output, 337 parameters uniform in (-1, 1); the loss
//! is `mean(relu(1 - y*score)) + 1e-4*sum(p^2)`. The scalar products are written out as products and additions, or
//! given to the engine as `dot`. Both have the operation count of the written-out form, in which the sum over the
//! points counts as one operation.

use super::Workload;
use crate::number::Number;
use crate::random::SplitMix64;
use std::ops::Mul;

/// The neurons of a layer.
pub const WIDTH: usize = 16;
const POINTS: usize = 100;
/// The weight of the squares of the parameters in the loss.
pub const DECAY: f64 = 1e-4;
const MEAN: f64 = 1.0 / POINTS as f64;

/// Where each layer's parameters start: per neuron its weights, then its bias.
const HIDDEN: usize = WIDTH * 3;
const OUTPUT: usize = HIDDEN + WIDTH * (WIDTH + 1);
const PARAMETERS: usize = OUTPUT + WIDTH + 1;

/// Operations of the score of a point.
const SCORE: usize = WIDTH * 5 + WIDTH * (2 * WIDTH + 1) + 2 * WIDTH;

/// The training step.
///
/// `DOT` says whether the scalar products of the inner and the last layer and the sum of squares
/// are recorded as `dot`, or written out.
#[derive(Clone, Debug)]
pub struct Perceptron<const DOT: bool> {
    parameters: Vec<f64>,
    points: Vec<Point>,
}

#[derive(Clone, Copy, Debug)]
struct Point {
    x: [f64; 2],
    label: f64,
}

impl<const DOT: bool> Perceptron<DOT> {
    /// The step on the workload's data.
    pub fn new() -> Self {
        let mut random = SplitMix64::new(1);
        let parameters = (0..PARAMETERS).map(|_| random.symmetric()).collect();
        let mut random = SplitMix64::new(2);
        let points = (0..POINTS)
            .map(|_| {
                let x = [random.symmetric(), random.symmetric()];
                let label = if x[0] * x[1] > 0.0 { 1.0 } else { -1.0 };
                Point { x, label }
            })
            .collect();
        Self { parameters, points }
    }

    /// What one point adds to the loss. Its coordinates and label are variables too.
    pub fn share<T: Number>(p: &[T], [x0, x1, label]: [T; 3]) -> T {
        (Self::score(p, [x0, x1]) * label).subtracted_from(1.0).relu() * MEAN
    }

    /// The points: a column of each coordinate, and one of the labels.
    pub fn columns(&self) -> [Vec<f64>; 3] {
        let column = |of: fn(&Point) -> f64| self.points.iter().map(of).collect();
        [column(|p| p.x[0]), column(|p| p.x[1]), column(|p| p.label)]
    }

    #[inline]
    fn neuron<T: Number>(parameters: &[T], inputs: &[T; WIDTH]) -> T {
        let (weights, bias) = parameters.split_at(WIDTH);
        if DOT {
            T::dot(weights, inputs) + bias[0]
        } else {
            let mut sum = weights[0] * inputs[0];
            for i in 1..WIDTH {
                sum = sum + weights[i] * inputs[i];
            }
            sum + bias[0]
        }
    }

    #[inline]
    fn score<X: Copy, T: Number + Mul<X, Output = T>>(p: &[T], x: [X; 2]) -> T {
        Self::score_by(p, x, Self::neuron)
    }

    /// The score, with this sum of a neuron, from its weights and bias, and its inputs.
    #[inline(always)]
    fn score_by<X: Copy, T: Number + Mul<X, Output = T>>(
        p: &[T],
        x: [X; 2],
        neuron: impl Fn(&[T], &[T; WIDTH]) -> T,
    ) -> T {
        let first: [T; WIDTH] = std::array::from_fn(|j| {
            let p = &p[3 * j..][..3];
            (p[0] * x[0] + p[1] * x[1] + p[2]).tanh()
        });
        let second: [T; WIDTH] = std::array::from_fn(|j| {
            let p = &p[HIDDEN + j * (WIDTH + 1)..][..WIDTH + 1];
            neuron(p, &first).tanh()
        });
        neuron(&p[OUTPUT..], &second)
    }
}

impl<const DOT: bool> Perceptron<DOT> {
    /// The loss, with this sum of a neuron, from its weights and bias, and its inputs.
    #[inline(always)]
    pub fn loss<T: Number + Mul<f64, Output = T>>(&self, p: &[T], neuron: impl Fn(&[T], &[T; WIDTH]) -> T + Copy) -> T {
        let losses: [T; POINTS] = std::array::from_fn(|i| {
            let Point { x, label } = self.points[i];
            (Self::score_by(p, x, neuron) * label).subtracted_from(1.0).relu()
        });
        let squares = if DOT { T::dot(p, p) } else { p[1..].iter().fold(p[0] * p[0], |sum, &p| sum + p * p) };
        T::sum(&losses) * MEAN + squares * DECAY
    }
}

impl<const DOT: bool> Default for Perceptron<DOT> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const DOT: bool> Workload for Perceptron<DOT> {
    type Scratch = ();

    fn name(&self) -> &'static str {
        if DOT { "W4-dot" } else { "W4" }
    }

    fn ops(&self) -> usize {
        POINTS * (SCORE + 3) + 2 * PARAMETERS + 3
    }

    fn inputs(&self) -> &[f64] {
        &self.parameters
    }

    #[inline]
    fn body<T: Number>(&self, _: usize, p: &[T]) -> T {
        self.loss(p, Self::neuron)
    }

    fn scratch(&self) {}

    fn plain(&self, _: usize, p: &[f64], (): &mut ()) -> f64 {
        let mut loss = 0.0;
        for &point in &self.points {
            loss += point_plain(p, point);
        }
        let squares: f64 = p.iter().map(|p| p * p).sum();
        loss * MEAN + DECAY * squares
    }

    fn by_hand(&self, _: usize, p: &[f64], (): &mut (), gradient: &mut [f64]) -> f64 {
        let mut squares = 0.0;
        for (g, &p) in gradient.iter_mut().zip(p) {
            squares += p * p;
            *g = 2.0 * DECAY * p;
        }
        let mut loss = 0.0;
        for &point in &self.points {
            loss += add_by_hand(p, point, gradient);
        }
        loss * MEAN + DECAY * squares
    }
}

/// The loss of a point, before it is divided by their number.
#[inline]
fn point_plain(p: &[f64], Point { x, label }: Point) -> f64 {
    let mut first = [0.0; WIDTH];
    for (j, a) in first.iter_mut().enumerate() {
        let p = &p[3 * j..][..3];
        *a = (p[0] * x[0] + p[1] * x[1] + p[2]).tanh();
    }
    let mut score = p[OUTPUT + WIDTH];
    for j in 0..WIDTH {
        let p_j = &p[HIDDEN + j * (WIDTH + 1)..][..WIDTH + 1];
        let mut sum = p_j[WIDTH];
        for i in 0..WIDTH {
            sum += p_j[i] * first[i];
        }
        score += p[OUTPUT + j] * sum.tanh();
    }
    (1.0 - label * score).max(0.0)
}

/// The loss of a point before it is divided by their number. Adds the gradient, divided.
#[inline]
fn add_by_hand(p: &[f64], Point { x, label }: Point, gradient: &mut [f64]) -> f64 {
    // Forward, keeping the activations.
    let mut first = [0.0; WIDTH];
    for (j, a) in first.iter_mut().enumerate() {
        let p = &p[3 * j..][..3];
        *a = (p[0] * x[0] + p[1] * x[1] + p[2]).tanh();
    }
    let mut second = [0.0; WIDTH];
    let mut score = p[OUTPUT + WIDTH];
    for (j, a) in second.iter_mut().enumerate() {
        let p_j = &p[HIDDEN + j * (WIDTH + 1)..][..WIDTH + 1];
        let mut sum = p_j[WIDTH];
        for i in 0..WIDTH {
            sum += p_j[i] * first[i];
        }
        *a = sum.tanh();
        score += p[OUTPUT + j] * *a;
    }
    let margin = 1.0 - label * score;
    if margin <= 0.0 {
        return 0.0;
    }

    // Backward: tanh' = 1 - tanh^2.
    let score_bar = -label * MEAN;
    gradient[OUTPUT + WIDTH] += score_bar;
    let mut first_bar = [0.0; WIDTH];
    for j in 0..WIDTH {
        gradient[OUTPUT + j] += score_bar * second[j];
        let sum_bar = score_bar * p[OUTPUT + j] * (1.0 - second[j] * second[j]);
        let start = HIDDEN + j * (WIDTH + 1);
        let p_j = &p[start..][..WIDTH + 1];
        let g_j = &mut gradient[start..][..WIDTH + 1];
        for i in 0..WIDTH {
            g_j[i] += sum_bar * first[i];
            first_bar[i] += sum_bar * p_j[i];
        }
        g_j[WIDTH] += sum_bar;
    }
    for j in 0..WIDTH {
        let sum_bar = first_bar[j] * (1.0 - first[j] * first[j]);
        let g_j = &mut gradient[3 * j..][..3];
        g_j[0] += sum_bar * x[0];
        g_j[1] += sum_bar * x[1];
        g_j[2] += sum_bar;
    }
    margin
}

/// W4-point: what one point adds to the loss of [`Perceptron`], with the gradient; the points take turns.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    step: Perceptron<false>,
    /// Coordinates and label, point after point.
    numbers: Vec<[f64; 3]>,
}

impl Sample {
    /// The points of the training step.
    pub fn new() -> Self {
        let step = Perceptron::new();
        let numbers = step.points.iter().map(|p| [p.x[0], p.x[1], p.label]).collect();
        Self { step, numbers }
    }

    /// The training step that it is part of.
    pub fn step(&self) -> &Perceptron<false> {
        &self.step
    }

    /// Coordinates and label of a point.
    pub fn numbers(&self, case: usize) -> &[f64; 3] {
        &self.numbers[case]
    }
}

impl Workload for Sample {
    type Scratch = ();

    fn name(&self) -> &'static str {
        "W4-point"
    }

    fn ops(&self) -> usize {
        SCORE + 4
    }

    fn cases(&self) -> usize {
        POINTS
    }

    fn inputs(&self) -> &[f64] {
        &self.step.parameters
    }

    #[inline]
    fn body<T: Number>(&self, case: usize, p: &[T]) -> T {
        let Point { x, label } = self.step.points[case];
        (Perceptron::<false>::score(p, x) * label).subtracted_from(1.0).relu() * MEAN
    }

    fn scratch(&self) {}

    fn plain(&self, case: usize, p: &[f64], (): &mut ()) -> f64 {
        point_plain(p, self.step.points[case]) * MEAN
    }

    fn by_hand(&self, case: usize, p: &[f64], (): &mut (), gradient: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        add_by_hand(p, self.step.points[case], gradient) * MEAN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_has_337_parameters() {
        assert_eq!(Perceptron::<false>::new().inputs().len(), 337);
    }

    #[test]
    fn both_versions_compute_the_same() {
        let (a, b) = (Perceptron::<false>::new(), Perceptron::<true>::new());
        let value = a.body(0, a.inputs());
        assert!((b.body(0, b.inputs()) - value).abs() < 1e-13);
    }
}
