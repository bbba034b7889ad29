//! From how many inputs a recording is faster than duals: the measurement behind `wengert::FORWARD_UP_TO`.
//!
//! Three functions of n inputs. `rosenbrock`: its number of operations grows with n. `valley`: 100 Rosenbrock terms
//! over the n inputs in turn, so that the work is the same for every n. `growth`: 100 steps of a price, with each input
//! in turn as the volatility; half of the work is `exp`.

use crate::measure::{Contender, Part, Times, Yardstick, compete, mean};
use crate::report::{Row, rows};
use std::hint::black_box;
use std::time::{Duration, Instant};
use wengert::{Dual, Expr, Function, Graph, Real};

/// The largest number of inputs tried.
pub const MOST_INPUTS: usize = 16;

const TERMS: usize = 100;

struct Rosenbrock;
struct Valley;
struct Growth;

fn term<T: Real>(x: T, next: T) -> T {
    let valley = next - x * x;
    let slope = -x + 1.0;
    valley * valley * 100.0 + slope * slope
}

impl Function for Rosenbrock {
    fn call<T: Real>(&self, x: &[T]) -> T {
        let nexts = x.iter().cycle().skip(1);
        x.iter().zip(nexts).fold(T::constant(0.0), |sum, (&x, &next)| sum + term(x, next))
    }
}

impl Function for Valley {
    fn call<T: Real>(&self, x: &[T]) -> T {
        let nexts = x.iter().cycle().skip(1);
        let pairs = x.iter().cycle().zip(nexts).take(TERMS);
        pairs.fold(T::constant(0.0), |sum, (&x, &next)| sum + term(x, next))
    }
}

impl Function for Growth {
    fn call<T: Real>(&self, x: &[T]) -> T {
        let (mut s, mut sum) = (T::constant(1.0), T::constant(0.0));
        for &x in x.iter().cycle().take(TERMS) {
            s *= (x * 0.1 + 0.01).exp();
            sum += s;
        }
        sum
    }
}

/// Times value and gradient of each function at 1 to [`MOST_INPUTS`] inputs: by duals, by a new recording,
/// and by a recording with reused storage. The three take turns, and each function and number of inputs gets
/// an equal part of `budget`.
pub fn threshold(budget: Duration) -> Vec<Row> {
    let budget = budget / (3 * MOST_INPUTS as u32);
    let mut table = Vec::new();
    for n in 1..=MOST_INPUTS {
        table.extend(compare("rosenbrock", &Rosenbrock, n, budget));
    }
    for n in 1..=MOST_INPUTS {
        table.extend(compare("valley", &Valley, n, budget));
    }
    for n in 1..=MOST_INPUTS {
        table.extend(compare("growth", &Growth, n, budget));
    }
    table
}

fn compare<F: Function>(name: &str, f: &F, n: usize, budget: Duration) -> Vec<Row> {
    let x: Vec<f64> = (0..n).map(|i| 0.5 + 0.1 * i as f64).collect();
    let x = &x[..];
    let mut graph = Graph::new();
    let recorded_again = move || {
        graph.reset();
        let inputs: Vec<Expr<'_>> = x.iter().map(|&x| graph.var(x)).collect();
        let output = f.call(&inputs);
        output.backward();
        (output.value(), inputs.iter().map(|x| x.grad()).collect())
    };
    let graph = Graph::new();
    f.call(&graph.exprs(&graph.leaves(x)));
    let ops = graph.len() - n;

    let mut contenders: Vec<Box<dyn Contender + '_>> = vec![
        Box::new(Method { name: "dual", gradient: move || by_duals(f, x) }),
        Box::new(Method { name: "recorded", gradient: move || wengert::value_and_gradient(|x| f.call(x), x) }),
        Box::new(Method { name: "recorded-again", gradient: recorded_again }),
    ];
    let summaries = compete(&mut contenders, budget);
    rows(&format!("{name}-n{n}"), ops, n, &summaries)
}

/// As `wengert::function_gradient`, for more inputs.
fn by_duals<F: Function>(f: &F, x: &[f64]) -> (f64, Vec<f64>) {
    fn forward<const N: usize>(f: &impl Function, x: &[f64]) -> (f64, Vec<f64>) {
        let inputs: [Dual<N>; N] = std::array::from_fn(|k| Dual::input(x[k], k));
        let result = f.call(&inputs);
        (result.value, result.tangents.to_vec())
    }
    macro_rules! by_count {
        ($($n:literal)*) => {
            match x.len() {
                $($n => forward::<$n>(f, x),)*
                n => unreachable!("{n} inputs are not measured"),
            }
        };
    }
    by_count!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
}

/// A method to compute value and gradient.
struct Method<G> {
    name: &'static str,
    gradient: G,
}

impl<G: FnMut() -> (f64, Vec<f64>)> Contender for Method<G> {
    fn name(&self) -> &str {
        self.name
    }

    fn yardsticks(&self) -> &'static [Yardstick] {
        match self.name {
            "dual" => &[Yardstick { label: "xrecorded", contender: "recorded", part: Part::Total }],
            _ => &[],
        }
    }

    fn run(&mut self, repetitions: usize) -> Times {
        let start = Instant::now();
        for _ in 0..repetitions {
            black_box((self.gradient)());
        }
        Times { record: None, backward: None, total: mean(start.elapsed(), repetitions) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duals_and_recordings_agree_at_every_count() {
        fn agree(f: &impl Function) {
            for n in 1..=MOST_INPUTS {
                let x: Vec<f64> = (0..n).map(|i| 0.5 + 0.1 * i as f64).collect();
                let (value, gradient) = by_duals(f, &x);
                let (recorded, reference) = wengert::value_and_gradient(|x| f.call(x), &x);
                assert_eq!(crate::engines::agree("dual", "", [value, recorded], [&gradient, &reference]), Ok(()));
            }
        }
        agree(&Rosenbrock);
        agree(&Valley);
        agree(&Growth);
    }

    #[test]
    fn every_function_and_count_has_its_lines() {
        let table = threshold(Duration::ZERO);
        assert_eq!(table.len(), 3 * 3 * MOST_INPUTS);
        assert!(table.iter().filter(|row| row.engine == "dual").all(|row| row.more[0].0 == "xrecorded"));
    }
}
