//! A formula recorded at a point, and the nodes of its derivatives.

use std::sync::Arc;

use wengert::{Expr, Graph, NO_IMM, NodeId, Op, Pattern};
use wengert_program::{hessian_nodes, jacobian_nodes};

use crate::error::Error;

/// A closure from variables and data to outputs.
pub(crate) type Formula = Arc<dyn for<'g> Fn(&[Expr<'g>], &[Expr<'g>]) -> Vec<Expr<'g>> + Send + Sync>;

/// A formula recorded once.
pub(crate) struct Recorded {
    pub(crate) graph: Graph,
    pub(crate) variables: Vec<NodeId>,
    pub(crate) data: Vec<NodeId>,
    pub(crate) outputs: Vec<NodeId>,
}

/// What a program is to compute from variables, data and further inputs: `outputs`, of which the last are the entries
/// of a matrix.
pub(crate) struct Derived {
    pub(crate) further: Vec<NodeId>,
    pub(crate) outputs: Vec<NodeId>,
    pub(crate) pattern: Pattern,
}

/// Records what a program is to compute.
pub(crate) type Derive = fn(&Recorded) -> Result<Derived, Error>;

/// The pattern of a matrix that is not asked for.
fn no_matrix() -> Pattern {
    Pattern::from_entries(0, 0, [])
}

/// Which triangle of a symmetric matrix to give. The diagonal is part of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Triangle {
    /// Entries whose row is not above their column.
    Lower,
    /// Entries whose row is not below their column.
    Upper,
    /// All entries.
    Both,
}

impl Triangle {
    fn has(self, row: usize, col: usize) -> bool {
        match self {
            Triangle::Lower => row >= col,
            Triangle::Upper => row <= col,
            Triangle::Both => true,
        }
    }
}

impl Recorded {
    pub(crate) fn at(formula: &Formula, variables: &[f64], data: &[f64]) -> Result<Recorded, Error> {
        let graph = Graph::new();
        let leaves = |values: &[f64]| values.iter().map(|&value| graph.try_leaf(value)).collect::<Result<Vec<_>, _>>();
        let (variables, data) = (leaves(variables)?, leaves(data)?);
        let outputs = formula(&graph.exprs(&variables), &graph.exprs(&data));
        let node = |output: Expr<'_>| match output.graph() {
            Some(_) => Ok(output.id()),
            None => graph.try_constant(output.value()),
        };
        let outputs = outputs.into_iter().map(node).collect::<Result<Vec<_>, _>>()?;
        Ok(Recorded { graph, variables, data, outputs })
    }

    /// A leaf for each of `nodes`, paired with it: a vector to multiply with.
    fn vector(&self, nodes: &[NodeId]) -> Result<Vec<(NodeId, NodeId)>, Error> {
        let leaves = nodes.iter().map(|&node| Ok((node, self.graph.try_leaf(1.0)?)));
        leaves.collect()
    }

    /// The outputs.
    pub(crate) fn values(&self) -> Result<Derived, Error> {
        Ok(Derived { further: Vec::new(), outputs: self.outputs.clone(), pattern: no_matrix() })
    }

    /// The first output, and its gradient.
    pub(crate) fn gradient(&self) -> Result<Derived, Error> {
        let mut outputs = vec![self.outputs[0]];
        outputs.extend(self.graph.try_gradient_nodes(self.outputs[0], &self.variables)?);
        Ok(Derived { further: Vec::new(), outputs, pattern: no_matrix() })
    }

    /// The first output, its gradient, and its Hessian.
    pub(crate) fn hessian(&self) -> Result<Derived, Error> {
        let mut derived = self.gradient()?;
        let (pattern, entries) = hessian_nodes(&self.graph, self.outputs[0], &self.variables)?;
        derived.outputs.extend(entries);
        Ok(Derived { pattern, ..derived })
    }

    /// The outputs, and the Jacobian of those from `first` on with respect to `wrt`.
    pub(crate) fn jacobian(&self, first: usize, wrt: &[NodeId]) -> Result<Derived, Error> {
        let mut outputs = self.outputs.clone();
        let (pattern, entries) = jacobian_nodes(&self.graph, &self.outputs[first..], wrt)?;
        outputs.extend(entries);
        Ok(Derived { further: Vec::new(), outputs, pattern })
    }

    /// The Hessian of the first output times a vector.
    pub(crate) fn hvp(&self) -> Result<Derived, Error> {
        let gradient = self.graph.try_gradient_nodes(self.outputs[0], &self.variables)?;
        let seeds = self.vector(&self.variables)?;
        let outputs = self.graph.try_jvp_nodes(&seeds, &gradient)?;
        Ok(Derived { further: further(&seeds), outputs, pattern: no_matrix() })
    }

    /// The Jacobian with respect to `wrt` times a vector.
    pub(crate) fn jvp(&self, wrt: &[NodeId]) -> Result<Derived, Error> {
        let seeds = self.vector(wrt)?;
        let outputs = self.graph.try_jvp_nodes(&seeds, &self.outputs)?;
        Ok(Derived { further: further(&seeds), outputs, pattern: no_matrix() })
    }

    /// A vector times the Jacobian with respect to `wrt`.
    pub(crate) fn vjp(&self, wrt: &[NodeId]) -> Result<Derived, Error> {
        let seeds = self.vector(&self.outputs)?;
        let outputs = self.graph.try_vjp_nodes(&seeds, wrt)?;
        Ok(Derived { further: further(&seeds), outputs, pattern: no_matrix() })
    }

    /// A triangle of the Hessian of a weighted sum of the outputs. The weights are the further inputs.
    pub(crate) fn lagrangian(&self, triangle: Triangle) -> Result<Derived, Error> {
        let g = &self.graph;
        let weights = self.vector(&self.outputs)?;
        let term = |&(output, weight): &(NodeId, NodeId)| g.try_record(Op::Mul, NO_IMM, &[weight, output]);
        let mut sum = term(&weights[0])?;
        for weighted in &weights[1..] {
            sum = g.try_record(Op::Add, NO_IMM, &[sum, term(weighted)?])?;
        }
        let (pattern, entries) = hessian_nodes(g, sum, &self.variables)?;
        let kept = pattern.iter().zip(&entries).filter(|&((row, col), _)| triangle.has(row, col));
        let outputs = kept.clone().map(|(_, &entry)| entry).collect();
        let pattern = Pattern::from_entries(pattern.rows(), pattern.cols(), kept.map(|(at, _)| at));
        Ok(Derived { further: further(&weights), outputs, pattern })
    }
}

/// The leaves of a vector.
fn further(seeds: &[(NodeId, NodeId)]) -> Vec<NodeId> {
    seeds.iter().map(|&(_, leaf)| leaf).collect()
}
