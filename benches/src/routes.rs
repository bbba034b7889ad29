//! Routes other than recording and sweeping back, and the workloads that are measured on each.
//!
//! Not every workload has every route: programs are for one function at many points, duals for few inputs.

use crate::derivatives::{Duals, GradientGraph, Hvp};
use crate::fused::FusedContender;
use crate::measure::Contender;
use crate::programs::{Manner, One, Paths, Step};
use crate::workloads::Workload;
use crate::workloads::asian::Asian;
use crate::workloads::burgers::Burgers;
use crate::workloads::chain::Chain;
use crate::workloads::formula::Formula;
use crate::workloads::lecture::Lecture;
use crate::workloads::mixture::Mixture;
use crate::workloads::perceptron::{Perceptron, Sample};
use crate::workloads::rosenbrock::Rosenbrock;

/// The routes, in the order of the table.
pub const ROUTES: [&str; 9] = [
    "program",
    "program-fused",
    "program-fused-2threads",
    "program-one",
    "native",
    "dual",
    "hvp",
    "gradient-graph",
    "wengert-fused",
];

/// A contender, if the workload has the route; a message, if its result is wrong.
pub type Route<'w> = Result<Option<Box<dyn Contender + 'w>>, String>;

/// A workload that may be measured on routes of [`ROUTES`].
pub trait Routes: Workload {
    /// The contender of this route.
    ///
    /// # Errors
    /// A message, if its gradient differs from the hand-written one.
    fn route(&self, name: &str) -> Route<'_>;
}

fn some<'w>(contender: impl Contender + 'w) -> Route<'w> {
    Ok(Some(Box::new(contender)))
}

impl Routes for Lecture {
    fn route(&self, name: &str) -> Route<'_> {
        match name {
            "dual" => some(Duals::<_, 4>::new(self)?),
            _ => Ok(None),
        }
    }
}

impl Routes for Chain {
    fn route(&self, name: &str) -> Route<'_> {
        match name {
            "dual" => some(Duals::<_, 2>::new(self)?),
            _ => Ok(None),
        }
    }
}

impl Routes for Rosenbrock {
    fn route(&self, name: &str) -> Route<'_> {
        match (name, Manner::named(name)) {
            ("hvp", _) => some(Hvp::new(self)),
            ("gradient-graph", _) => some(GradientGraph::new(self)?),
            // Code of the large one would be no faster than the interpreter.
            (_, Some(manner)) if manner.single && self.inputs().len() <= 1000 => some(One::new(self, manner)?),
            _ => Ok(None),
        }
    }
}

impl Routes for Burgers {
    fn route(&self, name: &str) -> Route<'_> {
        match name {
            "wengert-fused" => some(FusedContender::new(self)?),
            _ => Ok(None),
        }
    }
}

impl Routes for Perceptron<false> {
    fn route(&self, name: &str) -> Route<'_> {
        match name {
            "wengert-fused" => some(FusedContender::new(self)?),
            _ => self.common_route(name),
        }
    }
}

impl Routes for Perceptron<true> {
    fn route(&self, name: &str) -> Route<'_> {
        self.common_route(name)
    }
}

impl<const DOT: bool> Perceptron<DOT> {
    fn common_route(&self, name: &str) -> Route<'_> {
        match (name, Manner::named(name)) {
            ("hvp", _) => some(Hvp::new(self)),
            ("gradient-graph", _) => some(GradientGraph::new(self)?),
            // A hundred points are too few for more than one thread.
            (_, Some(manner)) if manner.threads == 1 && !manner.single => some(Step::new(self, manner)?),
            _ => Ok(None),
        }
    }
}

impl Routes for Sample {
    fn route(&self, name: &str) -> Route<'_> {
        match Manner::named(name) {
            Some(manner) if manner.single => some(One::new(self, manner)?),
            _ => Ok(None),
        }
    }
}

impl Routes for Formula {
    fn route(&self, name: &str) -> Route<'_> {
        match (name, Manner::named(name)) {
            ("dual", _) => some(Duals::<_, 5>::new(self)?),
            (_, Some(manner)) if manner.single => some(One::new(self, manner)?),
            _ => Ok(None),
        }
    }
}

impl Routes for Asian {
    fn route(&self, name: &str) -> Route<'_> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        match (name, Manner::named(name)) {
            ("dual", _) => some(Duals::<_, 4>::new(self)?),
            ("hvp", _) => some(Hvp::new(self)),
            ("gradient-graph", _) => some(GradientGraph::new(self)?),
            (_, Some(manner)) if manner.single => some(One::new(self, manner)?),
            (_, Some(manner)) if manner.threads <= cores => some(Paths::new(self, manner)?),
            _ => Ok(None),
        }
    }
}

impl Routes for Mixture {
    fn route(&self, name: &str) -> Route<'_> {
        match name {
            "hvp" => some(Hvp::new(self)),
            "wengert-fused" => some(FusedContender::new(self)?),
            // The gradient graph of the larger mixture would take a minute.
            "gradient-graph" if self.ops() < 1_000_000 => some(GradientGraph::new(self)?),
            _ => Ok(None),
        }
    }
}
