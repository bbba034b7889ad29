//! The pattern of a Jacobian: the variables that each output depends on.

use alloc::vec::Vec;

use crate::derivative::sparse::dependence::{At, Dependence, Deps, NodeInteraction, Variables, limit};
use crate::derivative::sparse::matrix::Pattern;
use crate::error::{Error, expect};
use crate::graph::Graph;
use crate::graph::opened::Opened;
use crate::node::NodeId;
use crate::room::{Grow, Refused, filled};

impl Graph {
    /// Which entries of the Jacobian of the outputs with respect to `wrt` can differ from 0: a
    /// row for each output, a column for each node of `wrt`. The pattern holds at all input values.
    ///
    /// Values that are NaN are not considered. The derivative of `floor` is 0 at every number and NaN at
    /// NaN, so its entry is left out; [`Graph::sparse_jacobian`] has the entry where it is NaN.
    ///
    /// One pass along the tape; for each output that depends on many variables, one more over the nodes it depends on.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y] = [g.leaf(2.0), g.leaf(3.0)];
    /// let pattern = g.jacobian_pattern(&[g.sin(x), g.mul(x, y)], &[x, y]);
    /// assert_eq!(pattern.iter().collect::<Vec<_>>(), [(0, 0), (1, 0), (1, 1)]);
    /// ```
    ///
    /// Nodes of `wrt` need not be leaves: see [`Graph::jacobian`].
    ///
    /// # Panics
    /// On a wrong key, and where an output is stale.
    #[track_caller]
    pub fn jacobian_pattern(&self, outputs: &[NodeId], wrt: &[NodeId]) -> Pattern {
        expect(self.try_jacobian_pattern(outputs, wrt))
    }

    /// As [`Graph::jacobian_pattern`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::OutOfMemory`].
    pub fn try_jacobian_pattern(&self, outputs: &[NodeId], wrt: &[NodeId]) -> Result<Pattern, Error> {
        if self.leaf_positions(wrt.iter().copied())?.is_none() {
            let Opened { graph, outputs, inputs, .. } = self.opened(outputs, wrt)?;
            return graph.try_jacobian_pattern(&outputs, &inputs);
        }
        let outputs = self.all_fresh(outputs)?;
        let variables = Variables::new(self, wrt)?;
        let pattern = jacobian(self, &outputs, &variables, At::Numbers)?;
        Ok(variables.for_wrt(pattern, false)?)
    }
}

/// The pattern of the Jacobian with respect to distinct variables.
pub(crate) fn jacobian(graph: &Graph, outputs: &[usize], variables: &Variables, at: At) -> Result<Pattern, Refused> {
    let len = outputs.iter().max().map_or(0, |&last| last + 1);
    let mut dependence = Dependence::new(graph, len, variables, limit(variables), at)?;
    let mut entries = Vec::new();
    // The output that last visited each node, and each variable.
    let mut visited = filled(u32::MAX, len)?;
    let mut found = filled(u32::MAX, variables.leaves.len())?;
    let mut stack = Vec::new();
    let mut node = NodeInteraction::new(graph)?;
    for (row, &output) in outputs.iter().enumerate() {
        let row = row as u32;
        stack.try_push(output as u32)?;
        while let Some(position) = stack.pop() {
            match dependence.of[position as usize] {
                Deps::Nothing => {}
                Deps::Few(set) => {
                    for &variable in dependence.sets.get(set) {
                        if found[variable as usize] != row {
                            found[variable as usize] = row;
                            entries.try_push((row, variable))?;
                        }
                    }
                }
                Deps::Many => {
                    dependence.read(position as usize, &mut node)?;
                    node.each_dependency(|x| {
                        if visited[x as usize] != row {
                            visited[x as usize] = row;
                            stack.try_push(x)?;
                        }
                        Ok(())
                    })?;
                }
            }
        }
    }
    Pattern::of(outputs.len(), variables.leaves.len(), &entries)
}
