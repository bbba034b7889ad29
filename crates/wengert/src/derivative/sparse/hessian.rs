//! The pattern of a Hessian, found by pushing edges (Gower and Mello, "A new framework for the computation
//! of Hessians", 2012).
//!
//! An edge between two nodes says that the second derivative with respect to both can differ from 0. The walk goes back
//! along the tape. Each node that the output depends on adds edges between operands that interact in it. Each edge that
//! ends at the node moves on to the operands that the node depends on. What is left in the end are edges between
//! variables. An edge of a node that depends on few variables goes to these at once, however much graph lies between.

use alloc::vec::Vec;

use crate::derivative::sparse::dependence::{At, Dependence, Deps, NodeInteraction, Variables, limit};
use crate::derivative::sparse::interaction::Interaction;
use crate::derivative::sparse::matrix::Pattern;
use crate::error::{Error, expect};
use crate::graph::Graph;
use crate::graph::opened::Opened;
use crate::hash::{FxHashMap, FxHashSet};
use crate::node::NodeId;
use crate::room::{Grow, Refused, Room, collected, zeroed};

impl Graph {
    /// Which entries of the Hessian of `l` with respect to `wrt` can differ from 0. The pattern is symmetric
    /// and holds at all input values: it misses no entry, and has an extra one only where terms cancel.
    ///
    /// Values that are NaN are not considered. An entry that is 0 at every number and NaN at NaN, such as the
    /// second derivative of `abs`, is left out; [`Graph::sparse_hessian`] has the entry where it is NaN.
    ///
    /// Found from the graph alone, in time close to linear in its nodes and the entries found:
    /// O(nodes * d) for at most `d` edges at a node.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaves(&[2.0, 3.0, 5.0]);
    /// let l = g.add(g.mul(x[0], x[1]), x[2]);
    /// let pattern = g.hessian_pattern(l, &x);
    /// assert_eq!(pattern.iter().collect::<Vec<_>>(), [(1, 0), (0, 1)]);
    /// ```
    ///
    /// Nodes of `wrt` need not be leaves: see [`Graph::hessian`].
    ///
    /// # Panics
    /// On a wrong key, and where `l` is stale.
    #[track_caller]
    pub fn hessian_pattern(&self, l: NodeId, wrt: &[NodeId]) -> Pattern {
        expect(self.try_hessian_pattern(l, wrt))
    }

    /// As [`Graph::hessian_pattern`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::OutOfMemory`].
    pub fn try_hessian_pattern(&self, l: NodeId, wrt: &[NodeId]) -> Result<Pattern, Error> {
        if self.leaf_positions(wrt.iter().copied())?.is_none() {
            let Opened { graph, outputs, inputs, .. } = self.opened(&[l], wrt)?;
            return graph.try_hessian_pattern(outputs[0], &inputs);
        }
        let l = self.fresh(l)? as usize;
        let variables = Variables::new(self, wrt)?;
        let pattern = hessian(self, l, &variables, At::Numbers)?;
        Ok(variables.for_wrt(pattern, true)?)
    }
}

/// The pattern of the Hessian with respect to distinct variables.
pub(crate) fn hessian(graph: &Graph, l: usize, variables: &Variables, at: At) -> Result<Pattern, Refused> {
    hessian_within(graph, l, variables, limit(variables), at)
}

fn hessian_within(graph: &Graph, l: usize, variables: &Variables, limit: usize, at: At) -> Result<Pattern, Refused> {
    let mut pushing = Pushing {
        dependence: Dependence::new(graph, l + 1, variables, limit, at)?,
        variables: variables.leaves.len() as u32,
        waiting: FxHashMap::default(),
        squares: FxHashSet::default(),
        entries: Vec::new(),
        crowded: 1 << 20,
    };
    pushing.sweep(NodeInteraction::new(graph)?)?;
    let n = variables.leaves.len();
    let mut entries = pushing.entries;
    entries.room(entries.len())?;
    for k in 0..entries.len() {
        let (a, b) = entries[k];
        if a != b {
            entries.push((b, a));
        }
    }
    Pattern::of(n, n, &entries)
}

/// One end of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// The variables of a set.
    Few(u32),
    /// A node that depends on many.
    Many(u32),
}

struct Pushing<'a> {
    dependence: Dependence<'a>,
    variables: u32,
    /// For each node: the edges whose later end it is, by their other ends. Such an end is a variable, or `variables` plus
    /// the position of a node. Ends may repeat.
    waiting: FxHashMap<u32, Vec<u32>>,
    /// Pairs of sets whose entries were added. Pairs with few entries are left out.
    squares: FxHashSet<(u32, u32)>,
    /// Edges between variables, the lower first. May repeat.
    entries: Vec<(u32, u32)>,
    /// The number of entries at which repetitions are dropped.
    crowded: usize,
}

impl Pushing<'_> {
    fn sweep(&mut self, mut node: NodeInteraction) -> Result<(), Refused> {
        let len = self.dependence.of.len();
        // Whether the output depends on the node.
        let mut live = zeroed::<bool>(len)?;
        live[len - 1] = true;
        let mut ends: Vec<End> = Vec::new();
        for position in (0..len).rev() {
            let deps = self.dependence.of[position];
            if deps == Deps::Nothing || self.dependence.tape.entry(position as u32).is_source() {
                continue;
            }
            let others = match deps {
                Deps::Many => self.waiting.remove(&(position as u32)),
                _ => None,
            };
            if !live[position] && others.is_none() {
                continue;
            }
            self.dependence.read(position, &mut node)?;
            if live[position] {
                node.each_dependency(|x| {
                    live[x as usize] = true;
                    Ok(())
                })?;
                self.connect_interacting(&node)?;
            }
            if let Some(mut others) = others {
                others.sort_unstable();
                others.dedup();
                ends.clear();
                node.each_dependency(|x| self.end(x).map_or(Ok(()), |end| ends.try_push(end)))?;
                ends.sort_unstable();
                ends.dedup();
                self.push_edges(position as u32, &others, &ends)?;
            }
        }
        Ok(())
    }

    fn end(&self, position: u32) -> Option<End> {
        match self.dependence.of[position as usize] {
            Deps::Nothing => None,
            Deps::Few(set) => Some(End::Few(set)),
            Deps::Many => Some(End::Many(position)),
        }
    }

    /// Adds the edges between the operands that interact in a node.
    fn connect_interacting(&mut self, node: &NodeInteraction) -> Result<(), Refused> {
        let Interaction { same, other, .. } = node.interaction;
        for p in 0..node.lists {
            for q in 0..node.lists {
                // Each pair of lists once.
                let interact = |of: [u32; 3]| of[p] & 1 << q != 0 && (q <= p || of[q] & 1 << p == 0);
                if interact(same) {
                    for (&x, &y) in node.list(p).iter().zip(node.list(q)) {
                        self.connect_nodes(x, y)?;
                    }
                }
                if interact(other) {
                    self.connect_lists(node.list(p), node.list(q), p == q)?;
                }
            }
        }
        Ok(())
    }

    fn connect_nodes(&mut self, x: u32, y: u32) -> Result<(), Refused> {
        match (self.end(x), self.end(y)) {
            (Some(x), Some(y)) => self.connect(x, y),
            _ => Ok(()),
        }
    }

    /// Connects each operand of `xs` with each operand of `ys`. If both are one list, an operand is connected with
    /// every other operand.
    fn connect_lists(&mut self, xs: &[u32], ys: &[u32], same_list: bool) -> Result<(), Refused> {
        let ends = |list: &[u32]| {
            let mut ends: Vec<End> = collected(list.iter().filter_map(|&x| self.end(x)))?;
            ends.sort_unstable();
            Ok(ends)
        };
        let (xs, ys) = (ends(xs)?, ends(ys)?);
        let heads = |ends: &[End]| {
            let groups = ends.chunk_by(|a, b| a == b);
            collected(groups.map(|group| (group[0], group.len())))
        };
        let (xs, ys) = (heads(&xs)?, heads(&ys)?);
        for (i, &(x, times)) in xs.iter().enumerate() {
            if same_list {
                // Two operands that are the same end.
                if times > 1 {
                    self.connect(x, x)?;
                }
                ys[i + 1..].iter().try_for_each(|&(y, _)| self.connect(x, y))?;
            } else {
                ys.iter().try_for_each(|&(y, _)| self.connect(x, y))?;
            }
        }
        Ok(())
    }

    /// Moves the edges of a node on to what it depends on.
    fn push_edges(&mut self, position: u32, others: &[u32], ends: &[End]) -> Result<(), Refused> {
        for &other in others {
            let other = match other.checked_sub(self.variables) {
                // The first sets are the variables.
                None => End::Few(other),
                Some(node) if node == position => {
                    for (i, &x) in ends.iter().enumerate() {
                        ends[..=i].iter().try_for_each(|&y| self.connect(x, y))?;
                    }
                    continue;
                }
                Some(node) => End::Many(node),
            };
            ends.iter().try_for_each(|&x| self.connect(x, other))?;
        }
        Ok(())
    }

    fn connect(&mut self, x: End, y: End) -> Result<(), Refused> {
        match (x, y) {
            (End::Few(a), End::Few(b)) => self.fill(a.min(b), a.max(b)),
            (End::Few(set), End::Many(node)) | (End::Many(node), End::Few(set)) => {
                let variables = self.dependence.sets.get(set).iter().copied();
                self.waiting.room(1)?;
                self.waiting.entry(node).or_default().try_extend(variables)
            }
            (End::Many(x), End::Many(y)) => {
                self.waiting.room(1)?;
                let others = self.waiting.entry(x.max(y)).or_default();
                others.try_push(self.variables + x.min(y))
            }
        }
    }

    /// Adds the entries between two sets of variables.
    fn fill(&mut self, a: u32, b: u32) -> Result<(), Refused> {
        /// Adding so few entries twice is cheaper than a lookup.
        const CHEAP: usize = 9;
        let sets = &self.dependence.sets;
        let (xs, ys) = (sets.get(a), sets.get(b));
        if xs.len() * ys.len() > CHEAP {
            self.squares.room(1)?;
            if !self.squares.insert((a, b)) {
                return Ok(());
            }
        }
        for &x in xs {
            for &y in ys {
                if a != b || x <= y {
                    self.entries.try_push((x.min(y), x.max(y)))?;
                }
            }
        }
        if self.entries.len() > self.crowded {
            self.compact()?;
        }
        Ok(())
    }

    fn compact(&mut self) -> Result<(), Refused> {
        let n = self.variables as usize;
        let pattern = Pattern::of(n, n, &self.entries)?;
        self.entries.clear();
        self.entries.extend(pattern.iter().map(|(row, col)| (row as u32, col as u32)));
        self.crowded = (2 * self.entries.len()).max(1 << 20);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers below `n`.
    fn random(seed: u64) -> impl FnMut(usize) -> usize {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        move |n| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize % n
        }
    }

    /// A graph of ops whose second derivatives do not cancel.
    fn grow(g: &Graph, leaves: &[NodeId], ops: usize, next: &mut impl FnMut(usize) -> usize) -> NodeId {
        let mut nodes = leaves.to_vec();
        for _ in 0..ops {
            let mut pick = || {
                // Late nodes are picked as often as all others, for depth.
                let from = if next(2) == 0 { nodes.len().saturating_sub(6) } else { 0 };
                nodes[from + next(nodes.len() - from)]
            };
            let [a, b, c, d] = [pick(), pick(), pick(), pick()];
            nodes.push(match next(14) {
                0..5 => g.add(a, b),
                5 | 6 => g.mul(a, b),
                7 => g.sin(a),
                8 => g.mul_add(a, b, c),
                9 => g.sum(&[a, b, c, d]),
                10 => g.dot(&[a, b], &[c, d]),
                11 => g.product(&[a, b, c]),
                12 => g.max(a, g.relu(b)),
                _ => g.div(a, b),
            });
        }
        g.sum(&nodes[nodes.len() - 3..])
    }

    #[test]
    fn the_pattern_is_the_same_however_few_variables_a_set_may_hold() {
        for seed in 0..400 {
            let mut next = random(seed);
            let g = Graph::new();
            let leaves = g.leaves(&vec![1.0; 2 + next(20)]);
            let ops = 1 + next(60);
            let l = grow(&g, &leaves, ops, &mut next);
            let variables = Variables::new(&g, &leaves).unwrap();
            let all = hessian_within(&g, l.index(), &variables, 512, At::Numbers).unwrap();
            for limit in [0, 1, 2, 3, 7] {
                let some = hessian_within(&g, l.index(), &variables, limit, At::Numbers).unwrap();
                assert!(some == all, "seed {seed}, sets of {limit}");
            }
        }
    }

    #[test]
    fn the_pattern_holds_every_entry_that_is_not_zero_and_few_others() {
        let (mut entries, mut zeros) = (0, 0);
        for seed in 0..200 {
            let mut next = random(seed ^ 0xdead);
            let g = Graph::new();
            let values: Vec<f64> = (0..2 + next(12)).map(|_| 0.5 + next(1000) as f64 / 997.0).collect();
            let leaves = g.leaves(&values);
            let ops = 1 + next(40);
            let l = grow(&g, &leaves, ops, &mut next);
            let pattern = g.hessian_pattern(l, &leaves);
            for (row, values) in g.hessian(l, &leaves).iter().enumerate() {
                for (col, &value) in values.iter().enumerate() {
                    let there = pattern.contains(row, col);
                    assert!(there || value == 0.0, "seed {seed}: ({row}, {col}) is {value}");
                    entries += usize::from(there);
                    zeros += usize::from(there && value == 0.0);
                }
            }
        }
        // Some ops are flat at the values drawn (`max`, `relu`), and `x / x` cancels.
        assert!(zeros * 4 < entries, "{zeros} of {entries} entries are 0");
    }
}
