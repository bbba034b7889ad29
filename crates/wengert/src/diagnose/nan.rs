//! Where a NaN or an infinity comes from. Read `story.rs` for how that is told, [`crate::graph`] for
//! the engine.
//!
//! A value that is not finite is followed from the output down through operands that are not, to
//! where the operands still were. A derivative that is not finite is followed from the leaf up
//! through what it was sent, to where a finite adjoint first became something else. What is not
//! finite but harms nothing (an unused branch, a product with 0) is passed over.

use crate::error::{Error, expect};
use crate::graph::Graph;
use crate::node::NodeId;
use crate::op::{Imm, Op};
use crate::sweep::plain::pullback;

/// A node as it stood when it was looked at.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Site {
    /// The node.
    pub node: NodeId,
    /// What it computes.
    pub op: Op,
    /// The immediates of the op.
    pub imm: Imm,
    /// Its value.
    pub value: f64,
    /// Its label, if it has one.
    pub label: Option<String>,
    /// The scopes it was recorded in, outermost first.
    pub scope: Vec<String>,
    /// Its operands, in order.
    pub operands: Vec<Operand>,
}

/// An operand of a [`Site`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Operand {
    /// The node.
    pub node: NodeId,
    /// Its value.
    pub value: f64,
    /// Its label, if it has one.
    pub label: Option<String>,
}

/// The first value, in the order of evaluation, that is not finite although its operands are.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ValueOrigin {
    /// Where it was born. A leaf or a constant was given so.
    pub site: Site,
    /// From there up to the output, each an operand of the next, none finite; where the output is
    /// finite, up to the node whose derivative it spoils.
    pub path: Vec<(NodeId, f64)>,
}

/// The first adjoint, on the way back, that is not finite although what it was made of is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AdjointOrigin {
    /// Where it was born.
    pub site: Site,
    /// The adjoint of the site: the derivative of the output in it.
    pub adjoint: f64,
    /// Which operand received what is not finite, from 0, and what it received; none where the
    /// adjoint of the site itself is the overflowing sum of finite parts.
    pub sent: Option<(usize, f64)>,
    /// A leaf whose derivative is not finite because of it.
    pub leaf: NodeId,
    /// From the site up to the output, each an operand of the next.
    pub path: Vec<NodeId>,
}

/// Why an output or its gradient is not finite: made by [`Graph::explain_nan`]. It displays as a
/// story.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NanOrigin {
    /// The output asked about.
    pub output: NodeId,
    /// Its value.
    pub output_value: f64,
    /// What went wrong in evaluation; none where only derivatives did.
    pub value: Option<ValueOrigin>,
    /// What went wrong on the way back; none where every leaf's derivative is finite.
    pub adjoint: Option<AdjointOrigin>,
}

impl Graph {
    /// Where the first NaN or infinity is born that makes `l`, or its derivative in some leaf, not
    /// finite; none where all of them are finite. Leaves the gradients of the last sweep alone.
    ///
    /// Three passes along the tape: O(nodes up to `l`).
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaf(0.0);
    /// g.label(x, "variance");
    /// let l = g.mul(g.ln(x), g.constant(2.0));
    /// let story = g.explain_nan(l).unwrap().to_string();
    /// assert!(story.starts_with("n1 = ln(n0) is -inf"), "{story}");
    /// assert!(story.contains("n0 \"variance\" = 0"));
    /// ```
    ///
    /// # Panics
    /// On a wrong key, and where `l` is stale.
    #[track_caller]
    pub fn explain_nan(&self, l: NodeId) -> Option<NanOrigin> {
        expect(self.try_explain_nan(l))
    }

    /// As [`Graph::explain_nan`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`].
    pub fn try_explain_nan(&self, l: NodeId) -> Result<Option<NanOrigin>, Error> {
        let position = self.fresh(l)?;
        let output_value = self.value_at(position);
        let (adjoint, spoilt) = Back::new(self, position).origin();
        // The output first; else the operand that makes a derivative what it is.
        let start = if output_value.is_finite() {
            spoilt
        } else {
            Some(position)
        };
        let value = start.map(|start| value_origin(self, start));
        let site = |position| self.site(position);
        let key = |position| self.generations.key(position);
        let adjoint = adjoint.map(|found| AdjointOrigin {
            site: site(found.at),
            adjoint: found.adjoint,
            sent: found.sent,
            leaf: key(found.leaf),
            path: found.path.into_iter().map(key).collect(),
        });
        let value = value.map(|path| ValueOrigin {
            site: site(path[0]),
            path: path.iter().map(|&at| (key(at), self.value_at(at))).collect(),
        });
        let found = value.is_some() || adjoint.is_some();
        Ok(found.then_some(NanOrigin {
            output: l,
            output_value,
            value,
            adjoint,
        }))
    }

    fn site(&self, position: u32) -> Site {
        let node = self.node_at(position);
        let operand = |&id: &NodeId| Operand {
            node: id,
            value: self.value_at(id.position()),
            label: self.label_of(id),
        };
        Site {
            node: node.id,
            op: node.op,
            imm: node.imm,
            value: node.value,
            label: self.label_of(node.id),
            scope: self.scope_of(node.id),
            operands: node.operands.iter().map(operand).collect(),
        }
    }

    fn value_at(&self, position: u32) -> f64 {
        self.tape.entry(position).value
    }
}

/// The path from where the value at `start`, which is not finite, comes from.
fn value_origin(graph: &Graph, start: u32) -> Vec<u32> {
    const NOT: u32 = u32::MAX;
    // For what is on a way to `start` that is nowhere finite, the next on it.
    let mut next = vec![NOT; start as usize + 1];
    next[start as usize] = start;
    let mut born = start;
    for position in (0..=start).rev() {
        if next[position as usize] == NOT {
            continue;
        }
        let mut first = true;
        graph.tape.operands(graph.tape.entry(position), |x| {
            if !graph.value_at(x).is_finite() {
                first = false;
                if next[x as usize] == NOT {
                    next[x as usize] = position;
                }
            }
        });
        if first {
            born = position;
        }
    }
    let mut path = vec![born];
    while let Some(&last) = path.last()
        && last != start
    {
        path.push(next[last as usize]);
    }
    path
}

/// Where an adjoint was born, by position.
struct Found {
    at: u32,
    adjoint: f64,
    sent: Option<(usize, f64)>,
    leaf: u32,
    path: Vec<u32>,
}

/// A sweep back that remembers who sent what.
struct Back<'a> {
    graph: &'a Graph,
    adjoints: Vec<f64>,
    /// For every node, one that sent it something; itself for the output.
    sender: Vec<u32>,
    /// Whether a node was sent something that is not finite.
    spoilt: Vec<bool>,
}

impl<'a> Back<'a> {
    fn new(graph: &'a Graph, l: u32) -> Back<'a> {
        let len = l as usize + 1;
        let mut back = Back {
            graph,
            adjoints: vec![0.0; len],
            sender: vec![l; len],
            spoilt: vec![false; len],
        };
        back.adjoints[len - 1] = 1.0;
        for position in (0..=l).rev() {
            for (x, part) in pullback(&graph.tape, position, back.adjoints[position as usize]) {
                let x = x as usize;
                if part != 0.0 && back.adjoints[x] == 0.0 {
                    back.sender[x] = position;
                }
                back.spoilt[x] |= !part.is_finite();
                back.adjoints[x] += part;
            }
        }
        back
    }

    /// The origin, and the first operand there (or the site) that is itself not finite.
    fn origin(&self) -> (Option<Found>, Option<u32>) {
        const NONE: u32 = u32::MAX;
        // For every node, a leaf that it spoils.
        let mut spoils = vec![NONE; self.adjoints.len()];
        let mut found = None;
        for position in 0..self.adjoints.len() {
            let entry = self.graph.tape.entry(position as u32);
            let bar = self.adjoints[position];
            if entry.op() == Op::Leaf {
                if !bar.is_finite() {
                    spoils[position] = position as u32;
                }
            } else {
                let parts = pullback(&self.graph.tape, position as u32, bar);
                let spoiling = parts.iter().find(|(_, part)| !part.is_finite());
                let leaf = spoiling.map_or(NONE, |&(x, _)| spoils[x as usize]);
                spoils[position] = leaf;
                if leaf != NONE && bar.is_finite() {
                    found = Some((position as u32, spoiling.copied(), leaf));
                }
            }
            if spoils[position] != NONE && !bar.is_finite() && !self.spoilt[position] {
                found = Some((position as u32, None, spoils[position]));
            }
        }
        let Some((at, sent, leaf)) = found else {
            return (None, None);
        };
        let mut path = vec![at];
        let l = self.adjoints.len() as u32 - 1;
        while let Some(&last) = path.last()
            && last != l
        {
            path.push(self.sender[last as usize]);
        }
        let entry = self.graph.tape.entry(at);
        let mut operands = Vec::new();
        self.graph.tape.operands(entry, |x| operands.push(x));
        let sent = sent.and_then(|(to, part)| Some((operands.iter().position(|&x| x == to)?, part)));
        let culprit = operands.into_iter().find(|&x| !self.graph.value_at(x).is_finite());
        let culprit = culprit.or_else(|| (!entry.value.is_finite()).then_some(at));
        let adjoint = self.adjoints[at as usize];
        (
            Some(Found {
                at,
                adjoint,
                sent,
                leaf,
                path,
            }),
            culprit,
        )
    }
}
