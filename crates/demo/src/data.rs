//! The points to classify, and the untrained net.

use std::error::Error;
use std::f64::consts::PI;

use wengert_nn::{Examples, Mlp, SplitMix64};

/// Points of two classes, and an untrained net.
pub(crate) struct Moons {
    pub(crate) points: Vec<[f64; 2]>,
    /// -1 or 1 for each point.
    pub(crate) classes: Vec<f64>,
    pub(crate) net: Mlp,
    /// Whether these are the points and the net of micrograd's demo.
    pub(crate) micrograd: bool,
}

/// The number of points.
const POINTS: usize = 100;
/// The number of neurons of each layer.
const WIDTHS: [usize; 3] = [16, 16, 1];
/// The standard deviation of the noise of each coordinate.
const NOISE: f64 = 0.1;

impl Moons {
    /// The points and the untrained net of micrograd's demo.
    pub(crate) fn of_micrograd() -> Result<Moons, Box<dyn Error>> {
        let (mut points, mut classes) = (Vec::new(), Vec::new());
        for line in include_str!("../data/moons.txt").lines().filter(|line| !line.starts_with('#')) {
            let numbers = line.split(' ').map(str::parse).collect::<Result<Vec<f64>, _>>()?;
            let [x, y, class] = numbers[..] else {
                return Err(format!("data/moons.txt: expected x, y and a class, not {line:?}").into());
            };
            points.push([x, y]);
            classes.push(class);
        }
        let net = Mlp::parse(include_str!("../data/micrograd.net"))?;
        Ok(Moons { points, classes, net, micrograd: true })
    }

    /// Two interleaving half circles with noise, and a net, all generated from the seed.
    pub(crate) fn generated(seed: u64) -> Result<Moons, Box<dyn Error>> {
        let mut random = SplitMix64::new(seed);
        let net = Mlp::new(2, &WIDTHS, random.bits())?;
        let (mut points, mut classes) = (Vec::new(), Vec::new());
        for k in 0..POINTS {
            let lower = k % 2 == 1;
            let angle = PI * (k / 2) as f64 / (POINTS / 2 - 1) as f64;
            let [x, y] = if lower { [1.0 - angle.cos(), 0.5 - angle.sin()] } else { [angle.cos(), angle.sin()] };
            points.push([x, y].map(|x| x + NOISE * random.normal()));
            classes.push(if lower { 1.0 } else { -1.0 });
        }
        Ok(Moons { points, classes, net, micrograd: false })
    }

    /// The points as rows of x, y and class.
    pub(crate) fn examples(&self) -> Result<Examples, wengert_nn::Error> {
        let rows = self.points.iter().zip(&self.classes);
        Examples::from_rows(rows.map(|(&[x, y], &class)| [x, y, class]))
    }

    /// The share of points that the net classifies right with these parameters.
    pub(crate) fn accuracy(&self, parameters: &[f64]) -> f64 {
        let scores = self.points.iter().map(|point| self.net.forward(parameters, point)[0]);
        let right = scores.zip(&self.classes).filter(|&(score, &class)| (score > 0.0) == (class > 0.0));
        right.count() as f64 / self.points.len() as f64
    }
}
