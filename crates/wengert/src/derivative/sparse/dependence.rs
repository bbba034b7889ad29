//! Which variables each node depends on.
//!
//! One pass along the tape gives every node a set of variables; nodes with equal sets share one. A set larger than a
//! limit is not kept: the node is [`Deps::Many`]. Where its variables are needed, its operands are visited instead.

use alloc::vec::Vec;

use smallvec::SmallVec;

use crate::derivative::sparse::interaction::{Interaction, InteractionCache};
use crate::derivative::sparse::matrix::Pattern;
use crate::error::Error;
use crate::graph::Graph;
use crate::hash::FxHashMap;
use crate::node::NodeId;
use crate::op::Op;
use crate::room::{Grow, Refused, Room, collected, filled, with_room};
use crate::tape::Tape;

/// The size of the largest set that is kept. With up to 512 variables, every set is kept: then a sum of
/// a million terms in a few hundred unknowns is one set, not a million operands.
pub(crate) fn limit(variables: &Variables) -> usize {
    if variables.leaves.len() <= 512 { 512 } else { 32 }
}

/// What a node depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deps {
    Nothing,
    /// A set of [`Sets`].
    Few(u32),
    /// More variables than are kept in a set.
    Many,
}

/// The leaves to differentiate with respect to, without repetitions.
#[derive(Debug)]
pub(crate) struct Variables {
    /// The positions of the leaves.
    pub(crate) leaves: Vec<usize>,
    /// For each node of `wrt`, its index in `leaves`.
    pub(crate) of_wrt: Vec<u32>,
}

impl Variables {
    pub(crate) fn new(graph: &Graph, wrt: &[NodeId]) -> Result<Variables, Error> {
        let (mut leaves, mut of_wrt) = (with_room(wrt.len())?, with_room(wrt.len())?);
        let mut index_of = FxHashMap::default();
        index_of.room(wrt.len())?;
        for &node in wrt {
            let leaf = graph.leaf_position(node)?;
            of_wrt.push(*index_of.entry(leaf).or_insert_with(|| {
                leaves.push(leaf);
                leaves.len() as u32 - 1
            }));
        }
        Ok(Variables { leaves, of_wrt })
    }

    /// The pattern with a column for each node of `wrt`, which may hold a leaf more than once; with
    /// `rows_too`, with a row for each as well.
    pub(crate) fn for_wrt(&self, pattern: Pattern, rows_too: bool) -> Result<Pattern, Refused> {
        if self.of_wrt.len() == self.leaves.len() {
            return Ok(pattern);
        }
        let mut places = filled(Vec::new(), self.leaves.len())?;
        for (place, &variable) in self.of_wrt.iter().enumerate() {
            places[variable as usize].try_push(place as u32)?;
        }
        let mut entries = Vec::new();
        for (row, col) in pattern.iter() {
            for &col in &places[col] {
                if rows_too {
                    entries.try_extend(places[row].iter().map(|&row| (row, col)))?;
                } else {
                    entries.try_push((row as u32, col))?;
                }
            }
        }
        let rows = if rows_too { self.of_wrt.len() } else { pattern.rows() };
        Pattern::of(rows, self.of_wrt.len(), &entries)
    }
}

/// Sets of variables, each in ascending order. The first sets hold one variable each, in order.
#[derive(Debug)]
pub(crate) struct Sets {
    members: Vec<u32>,
    spans: Vec<(u32, u32)>,
    unions: FxHashMap<(u32, u32), Deps>,
    limit: usize,
    scratch: Vec<u32>,
}

impl Sets {
    fn new(variables: usize, limit: usize) -> Result<Sets, Refused> {
        let variables = variables as u32;
        Ok(Sets {
            members: collected(0..variables)?,
            spans: collected((0..variables).map(|v| (v, v + 1)))?,
            unions: FxHashMap::default(),
            limit,
            scratch: Vec::new(),
        })
    }

    pub(crate) fn get(&self, set: u32) -> &[u32] {
        let (from, to) = self.spans[set as usize];
        &self.members[from as usize..to as usize]
    }

    fn union(&mut self, a: Deps, b: Deps) -> Result<Deps, Refused> {
        let (a, b) = match (a, b) {
            (Deps::Nothing, x) | (x, Deps::Nothing) => return Ok(x),
            (Deps::Many, _) | (_, Deps::Many) => return Ok(Deps::Many),
            (Deps::Few(a), Deps::Few(b)) => (a, b),
        };
        if a == b {
            return Ok(Deps::Few(a));
        }
        let (small, large) = if self.get(a).len() <= self.get(b).len() { (a, b) } else { (b, a) };
        // The common case, and cheaper than a lookup.
        if let [x] = *self.get(small)
            && self.get(large).binary_search(&x).is_ok()
        {
            return Ok(Deps::Few(large));
        }
        let key = (a.min(b), a.max(b));
        if let Some(&union) = self.unions.get(&key) {
            return Ok(union);
        }
        self.unions.room(1)?;
        let mut merged = core::mem::take(&mut self.scratch);
        merged.clear();
        merged.room(self.get(small).len() + self.get(large).len())?;
        merge(self.get(small), self.get(large), &mut merged);
        let union = if merged.len() > self.limit {
            Deps::Many
        } else if merged.len() == self.get(large).len() {
            Deps::Few(large)
        } else {
            let from = self.members.len() as u32;
            self.members.try_extend(merged.iter().copied())?;
            self.spans.try_push((from, self.members.len() as u32))?;
            Deps::Few(self.spans.len() as u32 - 1)
        };
        self.scratch = merged;
        self.unions.insert(key, union);
        Ok(union)
    }
}

/// Appends the union of two ascending lists.
fn merge(a: &[u32], b: &[u32], into: &mut Vec<u32>) {
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        into.push(a[i].min(b[j]));
        let (x, y) = (a[i], b[j]);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    into.extend_from_slice(&a[i..]);
    into.extend_from_slice(&b[j..]);
}

/// What every node up to some position depends on.
pub(crate) struct Dependence<'a> {
    pub(crate) tape: &'a Tape,
    pub(crate) of: Vec<Deps>,
    pub(crate) sets: Sets,
    interactions: InteractionCache,
    at: At,
}

/// For which values a pattern is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// For any numbers.
    Numbers,
    /// For the values on the tape, some of which may be NaN.
    Values,
}

/// Those of the first `len` nodes whose operands interact differently where the value is NaN.
pub(crate) fn changing_at_nan(tape: &Tape, len: usize) -> Result<Vec<u32>, Refused> {
    let mut interactions = InteractionCache::default();
    let mut changing = Vec::new();
    for position in 0..len as u32 {
        let entry = tape.entry(position);
        let found = interactions.of(entry.op(), tape.operands(entry, |_| ()))?;
        if entry.wants() && found.number != found.nan {
            changing.try_push(position)?;
        }
    }
    Ok(changing)
}

/// A node's operands, and how they interact.
pub(crate) struct NodeInteraction {
    pub(crate) operands: SmallVec<[u32; 4]>,
    pub(crate) interaction: Interaction,
    /// How many lists the operands are made of.
    pub(crate) lists: usize,
}

impl<'a> Dependence<'a> {
    /// For the first `len` nodes, with sets of at most `limit` variables. A union costs O(`limit`).
    pub(crate) fn new(
        graph: &'a Graph,
        len: usize,
        variables: &Variables,
        limit: usize,
        at: At,
    ) -> Result<Dependence<'a>, Refused> {
        let tape = &graph.tape;
        let mut dependence = Dependence {
            tape,
            of: filled(Deps::Nothing, len)?,
            sets: Sets::new(variables.leaves.len(), limit)?,
            interactions: InteractionCache::default(),
            at,
        };
        for (variable, &leaf) in variables.leaves.iter().enumerate() {
            if leaf < len {
                dependence.of[leaf] = Deps::Few(variable as u32);
            }
        }
        let mut node = NodeInteraction::new(graph)?;
        for position in 0..len {
            let entry = tape.entry(position as u32);
            if entry.is_source() || !entry.wants() {
                continue;
            }
            dependence.read(position, &mut node)?;
            let mut deps = Deps::Nothing;
            node.each_dependency(|x| {
                if deps != Deps::Many {
                    deps = dependence.sets.union(deps, dependence.of[x as usize])?;
                }
                Ok(())
            })?;
            dependence.of[position] = deps;
        }
        Ok(dependence)
    }

    #[inline]
    pub(crate) fn read(&mut self, position: usize, node: &mut NodeInteraction) -> Result<(), Refused> {
        let entry = self.tape.entry(position as u32);
        node.operands.clear();
        let imm = self.tape.operands(entry, |x| node.operands.push(x));
        if entry.op() == Op::External {
            let call = self.tape.view().call(entry);
            let (f, output) = (self.tape.functions.get(call.function), position - call.first as usize);
            let mut inputs = 0..;
            node.operands.retain(|_| inputs.next().is_some_and(|input| f.depends(output, input)));
        }
        let found = self.interactions.of(entry.op(), imm)?;
        node.interaction = match self.at == At::Values && entry.value.is_nan() {
            true => found.nan,
            false => found.number,
        };
        node.lists = found.lists;
        Ok(())
    }
}

impl NodeInteraction {
    /// With room for the operands of every node of the graph.
    pub(crate) fn new(graph: &Graph) -> Result<NodeInteraction, Refused> {
        let mut operands = SmallVec::new();
        operands.room(graph.most_operands())?;
        Ok(NodeInteraction { operands, interaction: Interaction::NONE, lists: 0 })
    }

    /// Calls `each` with the operands that the value depends on.
    #[inline]
    pub(crate) fn each_dependency(&self, mut each: impl FnMut(u32) -> Result<(), Refused>) -> Result<(), Refused> {
        for list in 0..self.lists {
            if self.interaction.depends & 1 << list != 0 {
                self.list(list).iter().try_for_each(|&x| each(x))?;
            }
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn list(&self, list: usize) -> &[u32] {
        let length = self.operands.len() / self.lists;
        &self.operands[list * length..(list + 1) * length]
    }
}
