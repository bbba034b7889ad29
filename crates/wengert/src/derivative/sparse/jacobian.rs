//! Patterns from the graph, as they are asked for; and that of a Jacobian, which is the variables
//! that each output depends on. Read `push.rs` for that of a Hessian.

use crate::derivative::sparse::dependence::{Acting, At, Dependence, Deps, Variables, limit};
pub(crate) use crate::derivative::sparse::hessian::hessian;
use crate::derivative::sparse::matrix::Pattern;
use crate::error::{Error, expect};
use crate::graph::Graph;
use crate::node::NodeId;

impl Graph {
    /// Which entries of the Hessian of `l` in the leaves `wrt` can differ from 0 where values are
    /// numbers: never too few, and too many only where values cancel. Symmetric.
    ///
    /// An entry that is 0 at all numbers and NaN at a NaN, as the second derivative of `abs` and the first
    /// of `floor` are, is left out: a pattern with these would hold nothing but NaN there.
    /// [`Graph::sparse_hessian`] has it where it is NaN.
    ///
    /// Found from the graph alone, in time close to linear in its nodes and the entries found:
    /// O(nodes * d) for at most `d` edges at a node.
    ///
    /// # Panics
    /// On a wrong key, where `l` is stale, and where a node of `wrt` is no leaf.
    #[track_caller]
    pub fn hessian_pattern(&self, l: NodeId, wrt: &[NodeId]) -> Pattern {
        expect(self.try_hessian_pattern(l, wrt))
    }

    /// As [`Graph::hessian_pattern`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::NotALeaf`].
    pub fn try_hessian_pattern(&self, l: NodeId, wrt: &[NodeId]) -> Result<Pattern, Error> {
        let l = self.fresh(l)? as usize;
        let variables = Variables::new(self, wrt)?;
        Ok(repeated(hessian(self, l, &variables, At::Numbers), &variables, true))
    }

    /// Which entries of the Jacobian of the outputs in the leaves `wrt` can differ from 0 where values
    /// are numbers: a row for every output, a column for every leaf. An entry that is 0 at all numbers
    /// and NaN at a NaN, as the derivative of `floor` is, is left out; [`Graph::sparse_jacobian`] has it
    /// where it is NaN.
    ///
    /// One pass along the tape, and for every output that depends on many variables one over the
    /// nodes between.
    ///
    /// # Panics
    /// On a wrong key, where an output is stale, and where a node of `wrt` is no leaf.
    #[track_caller]
    pub fn jacobian_pattern(&self, outputs: &[NodeId], wrt: &[NodeId]) -> Pattern {
        expect(self.try_jacobian_pattern(outputs, wrt))
    }

    /// As [`Graph::jacobian_pattern`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::NotALeaf`].
    pub fn try_jacobian_pattern(&self, outputs: &[NodeId], wrt: &[NodeId]) -> Result<Pattern, Error> {
        let outputs = self.all_fresh(outputs)?;
        let variables = Variables::new(self, wrt)?;
        Ok(repeated(
            jacobian(self, &outputs, &variables, At::Numbers),
            &variables,
            false,
        ))
    }
}

/// The pattern with a column (and a row, of a Hessian) for every node of `wrt`, which may hold a
/// leaf more than once.
pub(crate) fn repeated(pattern: Pattern, variables: &Variables, rows_too: bool) -> Pattern {
    let wrt = &variables.of_wrt;
    if wrt.len() == variables.leaves.len() {
        return pattern;
    }
    let mut places = vec![Vec::new(); variables.leaves.len()];
    for (place, &variable) in wrt.iter().enumerate() {
        places[variable as usize].push(place as u32);
    }
    let mut entries = Vec::new();
    for (row, col) in pattern.iter() {
        for &col in &places[col] {
            if rows_too {
                entries.extend(places[row].iter().map(|&row| (row, col)));
            } else {
                entries.push((row as u32, col));
            }
        }
    }
    let rows = if rows_too { wrt.len() } else { pattern.rows() };
    Pattern::of(rows, wrt.len(), &entries)
}

/// The pattern of the Jacobian in distinct variables.
pub(crate) fn jacobian(graph: &Graph, outputs: &[usize], variables: &Variables, at: At) -> Pattern {
    let len = outputs.iter().max().map_or(0, |&last| last + 1);
    let mut dependence = Dependence::new(&graph.tape, len, variables, limit(variables), at);
    let mut entries = Vec::new();
    // Which output last came by the node, and by the variable.
    let mut visited = vec![u32::MAX; len];
    let mut found = vec![u32::MAX; variables.leaves.len()];
    let mut stack = Vec::new();
    let mut acting = Acting::new();
    for (row, &output) in outputs.iter().enumerate() {
        let row = row as u32;
        stack.push(output as u32);
        while let Some(position) = stack.pop() {
            match dependence.of[position as usize] {
                Deps::Nothing => {}
                Deps::Few(set) => {
                    for &variable in dependence.sets.get(set) {
                        if found[variable as usize] != row {
                            found[variable as usize] = row;
                            entries.push((row, variable));
                        }
                    }
                }
                Deps::Many => {
                    dependence.acting(position as usize, &mut acting);
                    acting.each_moving(|x| {
                        if visited[x as usize] != row {
                            visited[x as usize] = row;
                            stack.push(x);
                        }
                    });
                }
            }
        }
    }
    Pattern::of(outputs.len(), variables.leaves.len(), &entries)
}
