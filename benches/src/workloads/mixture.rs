//! W6: the log posterior of a Gaussian mixture, the GMM objective of ADBench.
//!
//! Parameters, in this order: `alphas` (K, logarithms of unnormalized weights), `means` (K times d), `icf` (K times
//! d(d+1)/2: per component the logarithms of the diagonal of the inverse covariance factor Q, then its strict lower
//! triangle column by column). The objective is `-n d/2 ln(2 pi) + sum over points of logsumexp_k(alpha_k + sum(log
//! diag Q_k) - |Q_k (x - mean_k)|^2 / 2) - n logsumexp(alphas) + the log of a Wishart prior`, after Srajer, Kukelova
//! and Fitzgibbon (2018), "A benchmark of selected algorithmic differentiation tools on some problems in computer
//! vision and machine learning".
//!
//! logsumexp is written with exp and ln, with the largest term subtracted as a constant. The derivative of that term
//! would cancel, so the gradient is exact.

#![allow(clippy::needless_range_loop, reason = "the formulas index several arrays at once")]

use super::Workload;
use crate::number::Number;
use crate::random::SplitMix64;

/// The Wishart prior's scale and degrees of freedom, as ADBench's data has them.
const GAMMA: f64 = 1.0;
const M: usize = 0;

/// A mixture of `k` Gaussians in `d` dimensions over `n` points.
#[derive(Clone, Debug)]
pub struct Mixture {
    name: &'static str,
    d: usize,
    k: usize,
    inputs: Vec<f64>,
    points: Vec<f64>,
    /// The part of the objective that depends on no parameter.
    constant: f64,
}

/// Buffers of the plain and the hand-written form.
#[derive(Clone, Debug)]
pub struct Buffers {
    /// Diagonals of Q, K times d, and the sums of their logarithms.
    diagonals: Vec<f64>,
    log_diagonal_sums: Vec<f64>,
    /// x - mean and Q (x - mean); K times d.
    centered: Vec<f64>,
    whitened: Vec<f64>,
    /// The terms of a logsumexp, then their weights.
    terms: Vec<f64>,
}

/// The logarithm of the gamma function at `half / 2`, by recurrence from gamma(1) = 1 or gamma(1/2) = sqrt(pi).
fn ln_gamma_of_half(half: usize) -> f64 {
    let (start, value) = if half.is_multiple_of(2) { (2, 0.0) } else { (1, 0.5 * std::f64::consts::PI.ln()) };
    (start..half).step_by(2).fold(value, |value, i| value + (0.5 * i as f64).ln())
}

impl Mixture {
    /// A mixture of `k` Gaussians in `d` dimensions over `n` standard normal points; the
    /// parameters are standard normal, the means uniform in (0, 1).
    pub fn new(name: &'static str, d: usize, k: usize, n: usize) -> Self {
        let mut random = SplitMix64::new(4);
        let mut inputs: Vec<f64> = (0..k).map(|_| random.normal()).collect();
        inputs.extend((0..k * d).map(|_| random.uniform()));
        inputs.extend((0..k * d * (d + 1) / 2).map(|_| random.normal()));
        let points = (0..n * d).map(|_| random.normal()).collect();

        let freedom = d + M + 1;
        let ln_multigamma = 0.25 * (d * (d - 1)) as f64 * std::f64::consts::PI.ln()
            + (0..d).map(|j| ln_gamma_of_half(freedom - j)).sum::<f64>();
        let prior = (freedom * d) as f64 * (GAMMA.ln() - 0.5 * std::f64::consts::LN_2);
        let constant = -0.5 * (n * d) as f64 * std::f64::consts::TAU.ln() - k as f64 * (prior - ln_multigamma);
        Self { name, d, k, inputs, points, constant }
    }

    fn n(&self) -> usize {
        self.points.len() / self.d
    }

    /// The parameters of one component except its alpha: (mean, log diagonal, lower triangle).
    #[inline]
    fn component<'a, T>(&self, x: &'a [T], k: usize) -> (&'a [T], &'a [T], &'a [T]) {
        let (d, factor) = (self.d, self.d * (self.d + 1) / 2);
        let mean = &x[self.k + k * d..][..d];
        let (log_diagonal, lower) = x[self.k * (1 + d) + k * factor..][..factor].split_at(d);
        (mean, log_diagonal, lower)
    }

    /// Writes x - mean and Q (x - mean) of one point and component to `buffers`, which already holds diag Q. Returns
    /// |Q (x - mean)|^2.
    #[inline]
    fn distance(&self, x: &[f64], k: usize, point: &[f64], buffers: &mut Buffers) -> f64 {
        let d = self.d;
        let (mean, _, lower) = self.component(x, k);
        let diagonal = &buffers.diagonals[k * d..][..d];
        let centered = &mut buffers.centered[k * d..][..d];
        let whitened = &mut buffers.whitened[k * d..][..d];
        for i in 0..d {
            centered[i] = point[i] - mean[i];
            whitened[i] = diagonal[i] * centered[i];
        }
        let mut at = 0;
        for i in 0..d {
            for j in i + 1..d {
                whitened[j] += lower[at] * centered[i];
                at += 1;
            }
        }
        whitened.iter().map(|w| w * w).sum()
    }

    fn diagonals(&self, x: &[f64], buffers: &mut Buffers) {
        for k in 0..self.k {
            let (_, log_diagonal, _) = self.component(x, k);
            buffers.log_diagonal_sums[k] = log_diagonal.iter().sum();
            for (q, &log) in buffers.diagonals[k * self.d..].iter_mut().zip(log_diagonal) {
                *q = log.exp();
            }
        }
    }

    /// The prior without its constant: sum of gamma^2/2 |Q|^2 - m sum(log diag Q).
    fn prior(&self, x: &[f64], buffers: &Buffers) -> f64 {
        (0..self.k)
            .map(|k| {
                let (_, _, lower) = self.component(x, k);
                let diagonal = &buffers.diagonals[k * self.d..][..self.d];
                let squares: f64 = diagonal.iter().chain(lower).map(|q| q * q).sum();
                0.5 * GAMMA * GAMMA * squares - M as f64 * buffers.log_diagonal_sums[k]
            })
            .sum()
    }
}

/// logsumexp of `terms`, which become the weights exp(term - result).
#[inline]
fn softmax(terms: &mut [f64]) -> f64 {
    let largest = terms.iter().fold(f64::NEG_INFINITY, |m, &x| m.max(x));
    let mut sum = 0.0;
    for term in terms.iter_mut() {
        *term = (*term - largest).exp();
        sum += *term;
    }
    let scale = 1.0 / sum;
    for term in terms.iter_mut() {
        *term *= scale;
    }
    sum.ln() + largest
}

fn ln_sum_exp(terms: &[f64]) -> f64 {
    let largest = terms.iter().fold(f64::NEG_INFINITY, |m, &x| m.max(x));
    terms.iter().map(|x| (x - largest).exp()).sum::<f64>().ln() + largest
}

#[inline]
fn recorded_ln_sum_exp<T: Number>(terms: &[T]) -> T {
    let largest = terms.iter().fold(f64::NEG_INFINITY, |m, x| m.max(x.value()));
    let mut sum = (terms[0] - largest).exp();
    for &term in &terms[1..] {
        sum = sum + (term - largest).exp();
    }
    sum.ln() + largest
}

#[inline]
fn square_sum<T: Number>(values: &[T]) -> T {
    let mut sum = values[0] * values[0];
    for &x in &values[1..] {
        sum = sum + x * x;
    }
    sum
}

/// The parameters of one component, and what follows from them.
#[derive(Clone, Copy, Debug)]
pub struct Component<'x, T> {
    /// The logarithm of the weight.
    pub alpha: T,
    /// The sum of the logarithms of the diagonal of Q.
    pub log_diagonal_sum: T,
    /// The mean.
    pub mean: &'x [T],
    /// The diagonal of Q.
    pub diagonal: &'x [T],
    /// The strict lower triangle of Q, column by column.
    pub lower: &'x [T],
}

impl Mixture {
    /// The dimensions of a point.
    pub fn dimensions(&self) -> usize {
        self.d
    }

    /// The objective, with this exponent of a component at a point that `enter` made.
    #[inline(always)]
    pub fn objective<'m, T: Number, P>(
        &'m self,
        x: &[T],
        mut enter: impl FnMut(&'m [f64]) -> P,
        mut exponent: impl FnMut(Component<'_, T>, &P) -> T,
    ) -> T {
        let (d, kk) = (self.d, self.k);
        let alphas = &x[..kk];
        let mut diagonals = Vec::with_capacity(kk * d);
        let mut log_diagonal_sums = Vec::with_capacity(kk);
        for k in 0..kk {
            let (_, log_diagonal, _) = self.component(x, k);
            diagonals.extend(log_diagonal.iter().map(|&log| log.exp()));
            log_diagonal_sums.push(log_diagonal[1..].iter().fold(log_diagonal[0], |sum, &x| sum + x));
        }

        let mut terms = vec![x[0]; kk];
        let mut likelihood: Option<T> = None;
        for point in self.points.chunks_exact(d) {
            let point = enter(point);
            for k in 0..kk {
                let (mean, _, lower) = self.component(x, k);
                let diagonal = &diagonals[k * d..][..d];
                let (alpha, log_diagonal_sum) = (alphas[k], log_diagonal_sums[k]);
                terms[k] = exponent(Component { alpha, log_diagonal_sum, mean, diagonal, lower }, &point);
            }
            let point_likelihood = recorded_ln_sum_exp(&terms);
            likelihood = Some(likelihood.map_or(point_likelihood, |sum| sum + point_likelihood));
        }
        let likelihood = likelihood.expect("a mixture has points");

        let mut prior: Option<T> = None;
        for k in 0..kk {
            let (_, _, lower) = self.component(x, k);
            let mut squares = square_sum(&diagonals[k * d..][..d]);
            for &q in lower {
                squares = squares + q * q;
            }
            let term = squares * (0.5 * GAMMA * GAMMA) - log_diagonal_sums[k] * M as f64;
            prior = Some(prior.map_or(term, |sum| sum + term));
        }
        let prior = prior.expect("a mixture has components");
        likelihood - recorded_ln_sum_exp(alphas) * self.n() as f64 + prior + self.constant
    }
}

impl Workload for Mixture {
    type Scratch = Buffers;

    fn name(&self) -> &'static str {
        self.name
    }

    fn ops(&self) -> usize {
        let (d, k, n) = (self.d, self.k, self.n());
        let lower = d * (d - 1) / 2;
        let term = d + d + 2 * lower + (2 * d - 1) + 3;
        let ln_sum_exp = 3 * k + 1;
        let per_point = k * term + ln_sum_exp + 1;
        // exp of the diagonal and its sum; the prior: squares, their sum, scale, m, difference, sum.
        let per_component = d + (d - 1) + 2 * (d + lower) - 1 + 3 + 1;
        n * per_point - 1 + k * per_component - 1 + ln_sum_exp + 4
    }

    fn inputs(&self) -> &[f64] {
        &self.inputs
    }

    #[inline]
    fn body<T: Number>(&self, _: usize, x: &[T]) -> T {
        let d = self.d;
        let (mut centered, mut whitened) = (vec![x[0]; d], vec![x[0]; d]);
        self.objective(x, <[f64]>::to_vec, |component, point| {
            for i in 0..d {
                centered[i] = component.mean[i].subtracted_from(point[i]);
                whitened[i] = component.diagonal[i] * centered[i];
            }
            let mut at = 0;
            for i in 0..d {
                for j in i + 1..d {
                    whitened[j] = whitened[j] + component.lower[at] * centered[i];
                    at += 1;
                }
            }
            component.alpha + component.log_diagonal_sum - square_sum(&whitened) * 0.5
        })
    }

    fn scratch(&self) -> Buffers {
        Buffers {
            diagonals: vec![0.0; self.k * self.d],
            log_diagonal_sums: vec![0.0; self.k],
            centered: vec![0.0; self.k * self.d],
            whitened: vec![0.0; self.k * self.d],
            terms: vec![0.0; self.k],
        }
    }

    fn plain(&self, _: usize, x: &[f64], buffers: &mut Buffers) -> f64 {
        self.diagonals(x, buffers);
        let mut likelihood = 0.0;
        for point in self.points.chunks_exact(self.d) {
            for k in 0..self.k {
                let distance = self.distance(x, k, point, buffers);
                buffers.terms[k] = x[k] + buffers.log_diagonal_sums[k] - 0.5 * distance;
            }
            likelihood += ln_sum_exp(&buffers.terms);
        }
        likelihood - self.n() as f64 * ln_sum_exp(&x[..self.k]) + self.prior(x, buffers) + self.constant
    }

    fn by_hand(&self, _: usize, x: &[f64], buffers: &mut Buffers, gradient: &mut [f64]) -> f64 {
        let (d, kk, n) = (self.d, self.k, self.n() as f64);
        self.diagonals(x, buffers);
        gradient.fill(0.0);
        let (alpha_bar, rest) = gradient.split_at_mut(kk);
        let (mean_bar, factor_bar) = rest.split_at_mut(kk * d);
        let factor = d * (d + 1) / 2;

        let mut likelihood = 0.0;
        for point in self.points.chunks_exact(d) {
            for k in 0..kk {
                let distance = self.distance(x, k, point, buffers);
                buffers.terms[k] = x[k] + buffers.log_diagonal_sums[k] - 0.5 * distance;
            }
            likelihood += softmax(&mut buffers.terms);
            // The terms are now the weights: the adjoint of a component's term.
            for k in 0..kk {
                let weight = buffers.terms[k];
                let (_, _, lower) = self.component(x, k);
                let diagonal = &buffers.diagonals[k * d..][..d];
                let centered = &buffers.centered[k * d..][..d];
                let whitened = &buffers.whitened[k * d..][..d];
                let mean_bar = &mut mean_bar[k * d..][..d];
                let (log_bar, lower_bar) = factor_bar[k * factor..][..factor].split_at_mut(d);
                alpha_bar[k] += weight;
                let mut at = 0;
                for i in 0..d {
                    let own = whitened[i] * diagonal[i];
                    log_bar[i] += weight * (1.0 - own * centered[i]);
                    let mut centered_bar = own;
                    for j in i + 1..d {
                        lower_bar[at] -= weight * whitened[j] * centered[i];
                        centered_bar += whitened[j] * lower[at];
                        at += 1;
                    }
                    mean_bar[i] += weight * centered_bar;
                }
            }
        }

        buffers.terms.copy_from_slice(&x[..kk]);
        let ln_sum_alphas = softmax(&mut buffers.terms);
        for k in 0..kk {
            alpha_bar[k] -= n * buffers.terms[k];
            let (_, _, lower) = self.component(x, k);
            let diagonal = &buffers.diagonals[k * d..][..d];
            let (log_bar, lower_bar) = factor_bar[k * factor..][..factor].split_at_mut(d);
            for i in 0..d {
                log_bar[i] += GAMMA * GAMMA * diagonal[i] * diagonal[i] - M as f64;
            }
            for (bar, &q) in lower_bar.iter_mut().zip(lower) {
                *bar += GAMMA * GAMMA * q;
            }
        }
        likelihood - n * ln_sum_alphas + self.prior(x, buffers) + self.constant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ln_gamma_of_halves_is_the_known_one() {
        let ln_sqrt_pi = 0.5 * std::f64::consts::PI.ln();
        let known = [ln_sqrt_pi, 0.0, ln_sqrt_pi - 2f64.ln(), 0.0, 0.75f64.ln() + ln_sqrt_pi, 2f64.ln()];
        for (half, known) in (1..).zip(known) {
            assert!((ln_gamma_of_half(half) - known).abs() < 1e-15, "{half}");
        }
    }

    #[test]
    fn the_objective_is_that_of_adbench() {
        // ADBench's own test data (d = 2, K = 3, n = 1); the value was computed with 60 digits.
        let mut mixture = Mixture::new("test", 2, 3, 1);
        mixture.inputs = vec![
            -0.649014, 1.181166, -0.758453, 0.092339, 0.18626, 0.345561, 0.396767, 0.538817, 0.419195, 0.586443,
            -0.851887, 0.800321, -1.509405, 0.875874, -0.24279, 0.166813, -1.965419, -1.270071,
        ];
        mixture.points = vec![1.175171, 2.02916];
        let value = mixture.plain(0, &mixture.inputs, &mut mixture.scratch());
        assert!((value - 8.073804080049724).abs() < 1e-14, "{value}");
    }
}
