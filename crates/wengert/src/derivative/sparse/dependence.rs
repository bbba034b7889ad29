//! Which variables a node depends on, as long as they are few. Read `pattern.rs` next.
//!
//! One pass along the tape gives every node a set of variables, shared among nodes with the same
//! operands' sets. A set over a limit is not kept: the node is [`Deps::Many`], and what it depends
//! on is asked of its operands when it matters.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::derivative::sparse::interaction::{Structure, Structures};
use crate::error::Error;
use crate::graph::Graph;
use crate::node::NodeId;
use crate::tape::Tape;

/// How large the sets are that are kept. With up to 512 variables all are, so that a sum of a
/// million terms in a few hundred unknowns is one set, not a million operands.
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

/// The leaves to differentiate in, without repetitions.
#[derive(Debug)]
pub(crate) struct Variables {
    /// The positions of the leaves.
    pub(crate) leaves: Vec<usize>,
    /// For every node of `wrt` which of `leaves` it is.
    pub(crate) of_wrt: Vec<u32>,
}

impl Variables {
    pub(crate) fn new(graph: &Graph, wrt: &[NodeId]) -> Result<Variables, Error> {
        let mut leaves = Vec::with_capacity(wrt.len());
        let mut known = FxHashMap::default();
        let of_wrt = wrt
            .iter()
            .map(|&node| {
                let leaf = graph.leaf_position(node)?;
                Ok(*known.entry(leaf).or_insert_with(|| {
                    leaves.push(leaf);
                    leaves.len() as u32 - 1
                }))
            })
            .collect::<Result<_, Error>>()?;
        Ok(Variables { leaves, of_wrt })
    }
}

/// Sets of variables, each ascending. The first ones are those of one variable, in order.
#[derive(Debug)]
pub(crate) struct Sets {
    members: Vec<u32>,
    spans: Vec<(u32, u32)>,
    unions: FxHashMap<(u32, u32), Deps>,
    limit: usize,
    scratch: Vec<u32>,
}

impl Sets {
    fn new(variables: usize, limit: usize) -> Sets {
        let variables = variables as u32;
        Sets {
            members: (0..variables).collect(),
            spans: (0..variables).map(|v| (v, v + 1)).collect(),
            unions: FxHashMap::default(),
            limit,
            scratch: Vec::new(),
        }
    }

    pub(crate) fn get(&self, set: u32) -> &[u32] {
        let (from, to) = self.spans[set as usize];
        &self.members[from as usize..to as usize]
    }

    fn union(&mut self, a: Deps, b: Deps) -> Deps {
        let (a, b) = match (a, b) {
            (Deps::Nothing, x) | (x, Deps::Nothing) => return x,
            (Deps::Many, _) | (_, Deps::Many) => return Deps::Many,
            (Deps::Few(a), Deps::Few(b)) => (a, b),
        };
        if a == b {
            return Deps::Few(a);
        }
        let (small, large) = if self.get(a).len() <= self.get(b).len() {
            (a, b)
        } else {
            (b, a)
        };
        // The common case, and cheaper than to look it up.
        if let [x] = *self.get(small)
            && self.get(large).binary_search(&x).is_ok()
        {
            return Deps::Few(large);
        }
        let key = (a.min(b), a.max(b));
        if let Some(&union) = self.unions.get(&key) {
            return union;
        }
        let mut merged = std::mem::take(&mut self.scratch);
        merge(self.get(small), self.get(large), &mut merged);
        let union = if merged.len() > self.limit {
            Deps::Many
        } else if merged.len() == self.get(large).len() {
            Deps::Few(large)
        } else {
            let from = self.members.len() as u32;
            self.members.extend_from_slice(&merged);
            self.spans.push((from, self.members.len() as u32));
            Deps::Few(self.spans.len() as u32 - 1)
        };
        self.scratch = merged;
        self.unions.insert(key, union);
        union
    }
}

/// The union of two ascending lists.
fn merge(a: &[u32], b: &[u32], into: &mut Vec<u32>) {
    into.clear();
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
    structures: Structures,
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

/// The nodes, of the first `len`, whose operands act on them otherwise where their value is NaN.
pub(crate) fn changing_at_nan(tape: &Tape, len: usize) -> Vec<u32> {
    let mut structures = Structures::default();
    let changes = |&position: &u32| {
        let entry = tape.entry(position);
        let acts = structures.of(entry.op(), tape.operands(entry, |_| ()));
        entry.wants() && acts.number != acts.nan
    };
    (0..len as u32).filter(changes).collect()
}

/// A node's operands, and how they act.
pub(crate) struct Acting {
    pub(crate) operands: SmallVec<[u32; 4]>,
    pub(crate) structure: Structure,
    /// How many lists the operands are made of.
    lists: usize,
}

impl<'a> Dependence<'a> {
    /// Of the first `len` nodes, with sets of at most `limit` variables. Close to linear in them: each union costs at most as much as a
    /// set may hold.
    pub(crate) fn new(tape: &'a Tape, len: usize, variables: &Variables, limit: usize, at: At) -> Dependence<'a> {
        let mut dependence = Dependence {
            tape,
            of: vec![Deps::Nothing; len],
            sets: Sets::new(variables.leaves.len(), limit),
            structures: Structures::default(),
            at,
        };
        for (variable, &leaf) in variables.leaves.iter().enumerate() {
            if leaf < len {
                dependence.of[leaf] = Deps::Few(variable as u32);
            }
        }
        let mut acting = Acting::new();
        for position in 0..len {
            let entry = tape.entry(position as u32);
            if entry.is_source() || !entry.wants() {
                continue;
            }
            dependence.acting(position, &mut acting);
            let mut deps = Deps::Nothing;
            acting.each_moving(|x| {
                if deps != Deps::Many {
                    deps = dependence.sets.union(deps, dependence.of[x as usize]);
                }
            });
            dependence.of[position] = deps;
        }
        dependence
    }

    /// Reads the operands of a node.
    #[inline]
    pub(crate) fn acting(&mut self, position: usize, acting: &mut Acting) {
        let entry = self.tape.entry(position as u32);
        acting.operands.clear();
        let imm = self.tape.operands(entry, |x| acting.operands.push(x));
        let acts = self.structures.of(entry.op(), imm);
        acting.structure = match self.at == At::Values && entry.value.is_nan() {
            true => acts.nan,
            false => acts.number,
        };
        acting.lists = entry.op().lists();
    }
}

impl Acting {
    pub(crate) fn new() -> Acting {
        Acting {
            operands: SmallVec::new(),
            structure: Structure::Few {
                moves: 0,
                bends: [0; 3],
            },
            lists: 1,
        }
    }

    /// The operands that the value changes with.
    #[inline]
    pub(crate) fn each_moving(&self, mut each: impl FnMut(u32)) {
        match self.structure {
            Structure::Few { moves, .. } => {
                for (k, &x) in self.operands.iter().enumerate() {
                    if moves & 1 << k != 0 {
                        each(x);
                    }
                }
            }
            Structure::Lists { moves, .. } => {
                for list in 0..2 {
                    if moves & 1 << list != 0 {
                        self.list(list).iter().for_each(|&x| each(x));
                    }
                }
            }
        }
    }

    /// The operands of one list of a fold.
    #[inline]
    pub(crate) fn list(&self, list: usize) -> &[u32] {
        let length = self.operands.len() / self.lists;
        self.operands.get(list * length..(list + 1) * length).unwrap_or(&[])
    }
}
