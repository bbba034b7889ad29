//! The workloads: what is computed, written once for tapes, once in plain `f64`, once by hand.
//!
//! | name | what | operations |
//! |--|--|--|
//! | W1 | the lecture's expression `(a*b + c)*f` | 3 |
//! | W2, W2-5M | a chain of `x = sin(x)*p + x/2`, 250,000 and 5,000,000 long | 4 a link |
//! | W3 | the Rosenbrock function of 100,000 variables | 8 a pair |
//! | W3-100 | the same of 100 variables: one point | 8 a pair |
//! | W4, W4-dot | a training step of a perceptron: scalar products written out, and as `dot` | 64,977 |
//! | W4-point | what one point adds to the loss; 100 points take turns | 644 |
//! | W5 | one path of an Asian option, 252 steps; 10,000 paths take turns | 1,270 |
//! | W6-2x5, W6-10x25 | a Gaussian mixture of 1,000 points, 2 x 5 and 10 x 25 | 77,078; 3,380,378 |
//! | W7 | a formula of five variables: one point | 24 |
//! | W8 | Burgers' equation, 64 cells, 500 steps | 288,127 |

pub mod asian;
pub mod burgers;
pub mod chain;
pub mod formula;
pub mod lecture;
pub mod mixture;
pub mod perceptron;
pub mod rosenbrock;

use crate::number::{Count, Counted, Number};

/// One function and its gradient, in the three forms that are compared.
pub trait Workload {
    /// Buffers that the plain and the hand-written form use, allocated once.
    type Scratch;

    /// Short name, as on the command line.
    fn name(&self) -> &'static str;

    /// Scalar operations of one evaluation, the unit of "ns per op".
    fn ops(&self) -> usize;

    /// How many data sets take turns; a repetition evaluates one.
    fn cases(&self) -> usize {
        1
    }

    /// The point at which function and gradient are evaluated.
    fn inputs(&self) -> &[f64];

    /// The function as a tape records it, on data set `case`.
    fn body<T: Number>(&self, case: usize, x: &[T]) -> T;

    /// Allocates the scratch buffers.
    fn scratch(&self) -> Self::Scratch;

    /// P: the function in plain `f64`.
    fn plain(&self, case: usize, x: &[f64], scratch: &mut Self::Scratch) -> f64;

    /// H: the function and its gradient as one would write them by hand: scalar code, nothing
    /// allocated. Overwrites `gradient`, which is as long as `x`; returns the value.
    fn by_hand(&self, case: usize, x: &[f64], scratch: &mut Self::Scratch, gradient: &mut [f64]) -> f64;

    /// Counts the operations of the body.
    fn count(&self) -> Count {
        Counted::count(self.inputs(), |x| self.body(0, x)).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body, the plain function and the hand-written one agree, the count is the stated one,
    /// and the gradient is the slope of the plain function along a few directions.
    pub(crate) fn forms_agree<W: Workload>(workload: &W) {
        let x = workload.inputs();
        let mut scratch = workload.scratch();
        let (value, count) = Counted::count(x, |x| workload.body(0, x));
        assert_eq!(count.ops, workload.ops(), "{} operations", workload.name());

        let close = |a: f64, b: f64, what: &str| {
            let error = (a - b).abs() / b.abs().max(1e-300);
            assert!(error < 1e-12, "{} {what}: {a} {b}", workload.name());
        };
        close(workload.body(0, x), value, "body over f64");
        close(workload.plain(0, x, &mut scratch), value, "plain");
        let mut gradient = vec![f64::NAN; x.len()];
        close(workload.by_hand(0, x, &mut scratch, &mut gradient), value, "by hand");

        let mut random = crate::random::SplitMix64::new(99);
        for _ in 0..3 {
            let direction: Vec<f64> = x.iter().map(|_| random.symmetric()).collect();
            let h = 1e-6;
            let mut at = |s: f64| {
                let moved: Vec<f64> = x.iter().zip(&direction).map(|(x, d)| x + s * d).collect();
                workload.plain(0, &moved, &mut scratch)
            };
            let slope = (at(h) - at(-h)) / (2.0 * h);
            let exact: f64 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
            let size: f64 = gradient.iter().zip(&direction).map(|(g, d)| (g * d).abs()).sum();
            // Central differences carry about (eps * |f| / h) of rounding.
            let bound = 1e-7 * size + 1e-9 * value.abs();
            assert!((slope - exact).abs() <= bound, "{} slope {slope}, by hand {exact}", workload.name());
        }
    }

    #[test]
    fn the_three_forms_of_every_workload_agree() {
        forms_agree(&lecture::Lecture::new());
        forms_agree(&chain::Chain::new("W2", 1_000));
        forms_agree(&rosenbrock::Rosenbrock::new(500));
        forms_agree(&perceptron::Sample::new());
        forms_agree(&formula::Formula::new());
        forms_agree(&burgers::Burgers::new(20));
        forms_agree(&perceptron::Perceptron::<false>::new());
        forms_agree(&asian::Asian::new(2));
        forms_agree(&mixture::Mixture::new("W6-2x5", 2, 5, 20));
        forms_agree(&mixture::Mixture::new("W6-10x25", 10, 25, 20));
    }

    #[test]
    fn the_sizes_are_the_documented_ones() {
        assert_eq!(chain::Chain::new("W2", 250_000).ops(), 1_000_000);
        assert_eq!(rosenbrock::Rosenbrock::new(100_000).ops(), 799_991);
        assert_eq!(perceptron::Perceptron::<false>::new().ops(), 64_977);
        assert_eq!(asian::Asian::new(1).ops(), 1_270);
        assert_eq!(burgers::Burgers::new(500).ops(), 288_127);
        for (d, k, ops) in [(2, 5, 77_078), (10, 25, 3_380_378)] {
            let mixture = mixture::Mixture::new("W6-2x5", d, k, 1_000);
            assert_eq!(mixture.ops(), ops, "{d} x {k}");
            assert_eq!(mixture.count().ops, ops, "{d} x {k}");
        }
    }
}
