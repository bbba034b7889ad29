//! W2: a chain of `x = sin(x)*p + x*0.5`, from x = 0.5 with p = 0.5.
//!
//! Long and narrow: every operation waits for the one before, and the tape outgrows every cache.

use super::Workload;
use crate::number::Number;

/// A chain of `links` links.
#[derive(Clone, Copy, Debug)]
pub struct Chain {
    name: &'static str,
    links: usize,
    inputs: [f64; 2],
}

/// What the hand-written gradient keeps of each link: sin(x) and cos(x).
pub type Links = Vec<(f64, f64)>;

impl Chain {
    /// A chain of `links` links, four operations each.
    pub fn new(name: &'static str, links: usize) -> Self {
        Self { name, links, inputs: [0.5, 0.5] }
    }
}

impl Workload for Chain {
    type Scratch = Links;

    fn name(&self) -> &'static str {
        self.name
    }

    fn ops(&self) -> usize {
        4 * self.links
    }

    fn inputs(&self) -> &[f64] {
        &self.inputs
    }

    #[inline]
    fn body<T: Number>(&self, _: usize, x: &[T]) -> T {
        let [mut x, p] = [x[0], x[1]];
        for _ in 0..self.links {
            x = x.sin() * p + x * 0.5;
        }
        x
    }

    fn scratch(&self) -> Links {
        vec![(0.0, 0.0); self.links]
    }

    fn plain(&self, _: usize, x: &[f64], _: &mut Links) -> f64 {
        let [mut x, p] = [x[0], x[1]];
        for _ in 0..self.links {
            x = x.sin() * p + x * 0.5;
        }
        x
    }

    fn by_hand(&self, _: usize, x: &[f64], links: &mut Links, gradient: &mut [f64]) -> f64 {
        let [mut x, p] = [x[0], x[1]];
        for link in links.iter_mut() {
            let (sin, cos) = x.sin_cos();
            *link = (sin, cos);
            x = sin * p + x * 0.5;
        }
        let (mut x_bar, mut p_bar) = (1.0, 0.0);
        for &(sin, cos) in links.iter().rev() {
            p_bar += x_bar * sin;
            x_bar *= cos * p + 0.5;
        }
        gradient[0] = x_bar;
        gradient[1] = p_bar;
        x
    }
}
