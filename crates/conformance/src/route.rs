//! The routes: ways to evaluate a formula, behind one trait.
//!
//! A route takes a formula, the instructions wanted, and points. It returns the
//! value, the gradient and, if it can, the Hessian of each output at each point.
//! All tests of the corpus run over [`all`], so a new route is one file here and
//! one line in the list.

use crate::formula::Formula;

pub mod derive;
pub mod dual;
pub mod program;
pub mod sweep;
pub mod tangent;

/// A question to a route.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The code.
    pub formula: &'a Formula,
    /// The instructions whose value and derivatives are wanted.
    pub outputs: &'a [usize],
    /// The points, one number per input each.
    pub points: &'a [&'a [f64]],
    /// Whether Hessians are wanted, if the route can give them.
    pub hessian: bool,
}

/// The numbers of one output at one point.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The value.
    pub value: f64,
    /// The partials, one per input.
    pub gradient: Vec<f64>,
    /// The Hessian's lower triangle, row by row, if asked for and given.
    pub hessian: Option<Vec<f64>>,
}

impl Answer {
    /// All numbers as bits, with the same bits for every NaN.
    pub fn bits(&self) -> Vec<u64> {
        let numbers = [self.value].into_iter().chain(self.gradient.iter().copied());
        let numbers = numbers.chain(self.hessian.iter().flatten().copied());
        numbers.map(|x| if x.is_nan() { f64::NAN } else { x }.to_bits()).collect()
    }
}

/// A way to evaluate.
pub trait Route: Sync {
    /// The name on the command line.
    fn name(&self) -> &str;

    /// Whether second partials are given.
    fn gives_hessians(&self) -> bool;

    /// Whether derivatives are added up from the output back, as in micrograd. Their
    /// bits depend on the order.
    fn sweeps_back(&self) -> bool;

    /// Whether functions such as exp have lane kernels: as accurate, but with other last bits.
    fn has_lanes(&self) -> bool {
        false
    }

    /// The same route with this number of lanes, if it has lanes. One lane is one point at a time.
    fn with_lanes(&self, _lanes: usize) -> Option<Box<dyn Route>> {
        None
    }

    /// Answers `answers[point][output]`.
    ///
    /// # Errors
    /// The error of the engine, in words. A formula read from a file gives none,
    /// unless it is too large for a graph.
    fn answer(&self, question: Question<'_>) -> Result<Vec<Vec<Answer>>, String>;
}

/// Every route, as the tests run them.
pub fn all() -> Vec<Box<dyn Route>> {
    let mut routes: Vec<Box<dyn Route>> =
        vec![Box::new(sweep::Sweep), Box::new(derive::Derive), Box::new(tangent::Tangent), Box::new(dual::Duals)];
    for program in program::Programs::all() {
        routes.push(Box::new(program));
    }
    routes
}

/// The route with this name, and with this number of lanes if one is given.
///
/// # Errors
/// A message for the user: an unknown name, or lanes for a route without them.
pub fn named(name: &str, lanes: Option<usize>) -> Result<Box<dyn Route>, String> {
    let mut routes = all();
    match (routes.iter().position(|route| route.name() == name), lanes) {
        (Some(k), None) => Ok(routes.swap_remove(k)),
        (Some(k), Some(lanes)) => {
            let route = routes[k].with_lanes(lanes);
            route.ok_or_else(|| format!("route {name} has no lanes"))
        }
        (None, _) => {
            let names: Vec<&str> = routes.iter().map(|route| route.name()).collect();
            let names = names.join(", ");
            Err(format!("unknown route {name:?}; there are: {names}"))
        }
    }
}
