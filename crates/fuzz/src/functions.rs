//! Functions of a user's own that the target of calls records, and what the model knows of them.

use std::array;
use std::sync::{Arc, LazyLock};

use wengert::{Error, Expr, External, Formula, Function, Graph, NO_IMM, NodeId, Op, Real, Scalar, Statement};

use crate::model::guarded;

/// Where an input is larger, [`Twist`] has no value, or no derivative.
const LIMIT: f64 = 60.0;

/// A function that is recorded as one call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Called {
    /// `x0 x1 + x0`: a formula, whose partials are compiled.
    Shear,
    /// `x0 x1` where `x0 < x1`, else `x0 - 2 x1`: partials by duals.
    Bent,
    /// The sum of the products of neighbors in a ring of nine: partials by a recording.
    Ring,
    /// `x0 x1` and `x0 - x1`: an external function that may fail.
    Twist,
}

impl Called {
    pub(crate) fn inputs(self) -> usize {
        if self == Called::Ring { 9 } else { 2 }
    }

    pub(crate) fn is_statement(self) -> bool {
        self != Called::Twist
    }

    /// What a statement does at these inputs, if it decides something.
    pub(crate) fn branch(self, x: &[f64]) -> bool {
        self == Called::Bent && x[0] < x[1]
    }

    /// The outputs, in plain `f64`. `None` where the function fails.
    pub(crate) fn values(self, x: &[f64]) -> Option<Vec<f64>> {
        match self {
            Called::Shear => Some(vec![x[0] * x[1] + x[0]]),
            Called::Bent if self.branch(x) => Some(vec![x[0] * x[1]]),
            Called::Bent => Some(vec![x[0] - x[1] * 2.0]),
            Called::Ring => Some(vec![(1..9).fold(x[8] * x[0], |sum, k| sum + x[k - 1] * x[k])]),
            Called::Twist => (x[0] <= LIMIT).then(|| vec![x[0] * x[1], x[0] - x[1]]),
        }
    }

    /// What the adjoints of the outputs send to the inputs. `None` where the function fails.
    pub(crate) fn pull(self, x: &[f64], bars: &[f64]) -> Option<Vec<f64>> {
        let partials = match self {
            Called::Shear => vec![x[1] + 1.0, x[0]],
            Called::Bent if self.branch(x) => vec![x[1], x[0]],
            Called::Bent => vec![1.0, -2.0],
            Called::Ring => (0..9).map(|k| x[(k + 1) % 9] + x[(k + 8) % 9]).collect(),
            Called::Twist => {
                let [p, q] = [guarded(bars[0], x[1]) + bars[1], guarded(bars[0], x[0]) - bars[1]];
                return (x[1] <= LIMIT).then(|| vec![p, q]);
            }
        };
        Some(partials.into_iter().map(|partial| guarded(bars[0], partial)).collect())
    }

    /// The magnitudes of the terms of the partial with respect to each input, added up over the outputs.
    pub(crate) fn sizes(self, x: &[f64]) -> Vec<f64> {
        match self {
            Called::Shear => vec![x[1].abs() + 1.0, x[0].abs()],
            Called::Bent => vec![x[1].abs().max(1.0), x[0].abs().max(2.0)],
            Called::Ring => (0..9).map(|k| x[(k + 1) % 9].abs() + x[(k + 8) % 9].abs()).collect(),
            Called::Twist => vec![x[1].abs() + 1.0, x[0].abs() + 1.0],
        }
    }

    /// Records a call: a key for each output.
    pub(crate) fn record(self, graph: &Graph, x: &[NodeId]) -> Result<Vec<NodeId>, Error> {
        static BENT: LazyLock<Statement<Bent>> = LazyLock::new(|| Statement::new("bent", 2, Bent));
        static RING: LazyLock<Statement<Ring>> = LazyLock::new(|| Statement::new("ring", 9, Ring));
        match self {
            Called::Shear => {
                let [x0, x1] = array::from_fn(Formula::input);
                graph.try_call_node(&Statement::new("shear", 2, x0 * x1 + x0), x).map(|y| vec![y])
            }
            // In a graph, clones are one function.
            Called::Bent => graph.try_call_node(&BENT.clone(), x).map(|y| vec![y]),
            Called::Ring => graph.try_call_node(&RING.clone(), x).map(|y| vec![y]),
            Called::Twist => graph.try_external_nodes(twist(), x),
        }
    }
}

struct Bent;

impl Function for Bent {
    fn call<T: Real>(&self, x: &[T]) -> T {
        if x[0] < x[1] { x[0] * x[1] } else { x[0] - x[1] * 2.0 }
    }
}

struct Ring;

impl Function for Ring {
    fn call<T: Real>(&self, x: &[T]) -> T {
        (1..9).fold(x[8] * x[0], |sum, k| sum + x[k - 1] * x[k])
    }
}

/// The external function, the same at every call.
pub(crate) fn twist() -> Arc<dyn External> {
    static TWIST: LazyLock<Arc<dyn External>> = LazyLock::new(|| Arc::new(Twist));
    Arc::clone(&TWIST)
}

struct Twist;

impl External for Twist {
    fn name(&self) -> &str {
        "twist"
    }
    fn shape(&self) -> (usize, usize) {
        (2, 2)
    }
    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        y.copy_from_slice(&Called::Twist.values(x).ok_or("too large for a value")?);
        Ok(())
    }
    fn vjp(&self, x: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        xbar.copy_from_slice(&Called::Twist.pull(x, ybar).ok_or("too large for a derivative")?);
        Ok(())
    }
    fn pullback<'g>(&self, x: &[Expr<'g>], _: &[Expr<'g>], ybar: &[Expr<'g>]) -> Option<Vec<Expr<'g>>> {
        let guarded = |k: usize| Expr::apply(Op::Gmul, NO_IMM, &[ybar[0], x[k]]);
        Some(vec![guarded(1) + ybar[1], guarded(0) - ybar[1]])
    }
}
