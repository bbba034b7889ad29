//! Where a NaN or an infinity comes from.
//!
//! A value that is not finite is traced from the output through operands that are not finite, to a node whose operands
//! are all finite. A derivative that is not finite is traced from the leaf back through the sweep, to the node where
//! finite adjoints first led to one that is not finite. Values that are not finite but do no harm (an unused branch, a
//! product with 0) are skipped.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::error::{Error, expect};
use crate::graph::Graph;
use crate::node::{ExternalOutput, NodeId};
use crate::op::{Imm, Op};
use crate::room::{Grow, Refused, collected, filled, with_room, zeroed};
use crate::scalar::Guarded;
use crate::sweep::plain::{Parts, pullback};

/// A node at the time of the report.
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
    /// Which output of which function it is, for [`Op::External`].
    pub external: Option<ExternalOutput>,
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

/// The first value, in order of evaluation, that is not finite although its operands are.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ValueOrigin {
    /// The node with this value. For a leaf or a constant, the value was given.
    pub site: Site,
    /// The path from there to the output: nodes that are not finite, each an operand of the next, with their values. If
    /// the output is finite, the path ends at the node whose value makes a derivative not finite.
    pub path: Vec<(NodeId, f64)>,
    /// Where infinities on the path became NaN, as in `inf - inf`, `0 * inf` and `inf / inf`: the first node of the path
    /// that is NaN although none of its operands is. `None` where there is no such node after the first of the path.
    pub nan: Option<Site>,
}

/// The first place, in the order of the reverse sweep, where a finite adjoint leads to one that is not.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AdjointOrigin {
    /// The node where this happens.
    pub site: Site,
    /// The adjoint of the site: the derivative of the output with respect to it.
    pub adjoint: f64,
    /// The index of the operand that received a part that is not finite, and the part. `None` where the adjoint
    /// of the site is a sum of finite parts that overflows.
    pub sent: Option<(usize, f64)>,
    /// A leaf whose derivative is not finite because of it.
    pub leaf: NodeId,
    /// The path from the site to the output, each node an operand of the next.
    pub path: Vec<NodeId>,
}

/// Why an output or its gradient is not finite: made by [`Graph::explain_nan`]. Display it for a report in words.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NanOrigin {
    /// The output asked about.
    pub output: NodeId,
    /// Its value.
    pub output_value: f64,
    /// Where a value stopped being finite; `None` if only derivatives did.
    pub value: Option<ValueOrigin>,
    /// Where an adjoint stopped being finite; `None` if the derivatives with respect to all leaves are finite.
    pub adjoint: Option<AdjointOrigin>,
}

impl Graph {
    /// Finds the first NaN or infinity that makes `l`, or its derivative with respect to a leaf, not finite;
    /// `None` if all of these are finite. Does not change the adjoints of the last sweep.
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
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::External`], [`Error::OutOfMemory`].
    pub fn try_explain_nan(&self, l: NodeId) -> Result<Option<NanOrigin>, Error> {
        let position = self.fresh(l)?;
        let output_value = self.value_at(position);
        let (adjoint, spoiled) = TracedSweep::new(self, position)?.origin()?;
        // Start from the output; if it is finite, from the operand that makes a derivative not finite.
        let start = if output_value.is_finite() { spoiled } else { Some(position) };
        let step = |&at: &u32| (self.generations.key(at), self.value_at(at));
        let value = match start {
            None => None,
            Some(start) => {
                let path = value_origin(self, start)?;
                let nan = match path.iter().skip(1).find(|&&at| self.value_at(at).is_nan()) {
                    Some(&at) if !self.any_operand(at, f64::is_nan) => Some(self.site(at)?),
                    _ => None,
                };
                Some(ValueOrigin { site: self.site(path[0])?, path: collected(path.iter().map(step))?, nan })
            }
        };
        let found = value.is_some() || adjoint.is_some();
        Ok(found.then_some(NanOrigin { output: l, output_value, value, adjoint }))
    }

    pub(super) fn site(&self, position: u32) -> Result<Site, Refused> {
        let node = self.node_at(position)?;
        let operand =
            |&id: &NodeId| Operand { node: id, value: self.value_at(id.position()), label: self.label_of(id) };
        Ok(Site {
            node: node.id,
            op: node.op,
            imm: node.imm,
            value: node.value,
            label: self.label_of(node.id),
            scope: self.scope_of(node.id),
            operands: collected(node.operands.iter().map(operand))?,
            external: node.external,
        })
    }

    fn any_operand(&self, position: u32, is: impl Fn(f64) -> bool) -> bool {
        let mut any = false;
        self.tape.operands(self.tape.entry(position), |x| any |= is(self.value_at(x)));
        any
    }

    fn value_at(&self, position: u32) -> f64 {
        self.tape.entry(position).value
    }
}

/// The path to `start`, whose value is not finite, from the node that caused this.
fn value_origin(graph: &Graph, start: u32) -> Result<Vec<u32>, Refused> {
    const NOT: u32 = u32::MAX;
    // For each node from which values that are not finite lead to `start`: the next node on the way.
    let mut next = filled(NOT, start as usize + 1)?;
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
        path.try_push(next[last as usize])?;
    }
    Ok(path)
}

/// What a node with the adjoint `bar` sends to its operands.
fn parts(graph: &Graph, position: u32, bar: f64) -> Result<Parts, Error> {
    if bar == 0.0 { Ok(Parts::new()) } else { pullback::<Guarded<f64>>(&graph.tape, position, bar) }
}

/// A reverse sweep that remembers which node sent what.
struct TracedSweep<'a> {
    graph: &'a Graph,
    adjoints: Vec<f64>,
    /// For each node, the first that sent it a part; for the output, itself.
    sender: Vec<u32>,
    /// Whether a node received a part that is not finite.
    spoiled: Vec<bool>,
}

impl<'a> TracedSweep<'a> {
    fn new(graph: &'a Graph, l: u32) -> Result<TracedSweep<'a>, Error> {
        let len = l as usize + 1;
        let mut sweep = TracedSweep {
            graph,
            adjoints: zeroed::<f64>(len)?,
            sender: filled(l, len)?,
            spoiled: zeroed::<bool>(len)?,
        };
        sweep.adjoints[len - 1] = 1.0;
        for position in (0..=l).rev() {
            for (x, part) in parts(graph, position, sweep.adjoints[position as usize])? {
                let x = x as usize;
                if part != 0.0 && sweep.adjoints[x] == 0.0 {
                    sweep.sender[x] = position;
                }
                sweep.spoiled[x] |= !part.is_finite();
                sweep.adjoints[x] += part;
            }
        }
        Ok(sweep)
    }

    /// The origin, and the first of its operands whose value is not finite. If all of them are finite but the origin's
    /// value is not, the origin itself.
    fn origin(&self) -> Result<(Option<AdjointOrigin>, Option<u32>), Error> {
        const NONE: u32 = u32::MAX;
        // For each node, a leaf whose derivative is not finite because of it.
        let mut spoils = filled(NONE, self.adjoints.len())?;
        let mut found = None;
        for position in 0..self.adjoints.len() {
            let entry = self.graph.tape.entry(position as u32);
            let bar = self.adjoints[position];
            if entry.op() == Op::Leaf {
                if !bar.is_finite() {
                    spoils[position] = position as u32;
                }
            } else {
                let parts = parts(self.graph, position as u32, bar)?;
                let spoiling = parts.iter().find(|(_, part)| !part.is_finite());
                let leaf = spoiling.map_or(NONE, |&(x, _)| spoils[x as usize]);
                spoils[position] = leaf;
                if leaf != NONE && bar.is_finite() {
                    found = Some((position as u32, spoiling.copied(), leaf));
                }
            }
            if spoils[position] != NONE && !bar.is_finite() && !self.spoiled[position] {
                found = Some((position as u32, None, spoils[position]));
            }
        }
        let Some((at, sent, leaf)) = found else {
            return Ok((None, None));
        };
        let graph = self.graph;
        let mut path = vec![graph.generations.key(at)];
        while let Some(last) = path.last()
            && last.index() + 1 != self.adjoints.len()
        {
            path.try_push(graph.generations.key(self.sender[last.index()]))?;
        }
        let entry = graph.tape.entry(at);
        let mut operands = with_room(entry.operands())?;
        graph.tape.operands(entry, |x| operands.push(x));
        let sent = sent.and_then(|(to, part)| Some((operands.iter().position(|&x| x == to)?, part)));
        let culprit = operands.into_iter().find(|&x| !graph.value_at(x).is_finite());
        let culprit = culprit.or_else(|| (!entry.value.is_finite()).then_some(at));
        let (site, adjoint, leaf) = (graph.site(at)?, self.adjoints[at as usize], graph.generations.key(leaf));
        Ok((Some(AdjointOrigin { site, adjoint, sent, leaf, path }), culprit))
    }
}
