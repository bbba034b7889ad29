//! Derivatives as graph: the rules of the table run over terms that record. Read [`crate::scalar::dual`]
//! next, for derivatives as numbers.
//!
//! The reverse sweep over [`Term`]s appends the gradient to the graph as ordinary nodes, which can
//! be looked at, drawn, differentiated again and compiled. Adjoints that no wanted node depends on
//! are never recorded.

use crate::derivative::term::{Recorder, Term};
use crate::error::{Error, expect};
use crate::graph::Graph;
use crate::node::NodeId;
use crate::op::Arity;
use crate::scalar::{Guarded, rule};

impl Graph {
    /// The gradient of `l` in the nodes `wrt`, as nodes: one for each, in order. A node that `l`
    /// does not depend on gives the constant 0, and so does one that wants no gradient, a constant
    /// or what `detach` gave; the same node twice gives the same node twice. `wrt` may hold
    /// computed nodes: their adjoint is what comes.
    ///
    /// Appends a small multiple of the nodes between `wrt` and `l`; O(nodes up to `l`). The result
    /// is differentiable again, as often as its ops have orders of derivatives
    /// ([`MAX_ORDER`](crate::MAX_ORDER)).
    ///
    /// # Panics
    /// On a wrong key, where `l` is stale, where the graph is full, and where an op would get beyond
    /// the highest order of derivative that it has ([`MAX_ORDER`](crate::MAX_ORDER)).
    #[track_caller]
    pub fn gradient_nodes(&self, l: NodeId, wrt: &[NodeId]) -> Vec<NodeId> {
        expect(self.try_gradient_nodes(l, wrt))
    }

    /// As [`Graph::gradient_nodes`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::Order`], [`Error::Full`],
    /// [`Error::OutOfMemory`]; the graph is as before.
    pub fn try_gradient_nodes(&self, l: NodeId, wrt: &[NodeId]) -> Result<Vec<NodeId>, Error> {
        let recorder = Recorder::new(self, &[l], wrt)?;
        recorder.pullback(&[(l, Term::Constant(1.0))], wrt)
    }

    /// The pullback as nodes: the sum over `seeds` of `seed * d(output)/dn` for every `n` in `wrt`,
    /// where a seed is a node too. [`Graph::gradient_nodes`] with several outputs.
    ///
    /// # Panics
    /// As [`Graph::gradient_nodes`], and where a seed is stale.
    #[track_caller]
    pub fn vjp_nodes(&self, seeds: &[(NodeId, NodeId)], wrt: &[NodeId]) -> Vec<NodeId> {
        expect(self.try_vjp_nodes(seeds, wrt))
    }

    /// As [`Graph::vjp_nodes`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::Order`], [`Error::Full`],
    /// [`Error::OutOfMemory`]; the graph is as before.
    pub fn try_vjp_nodes(&self, seeds: &[(NodeId, NodeId)], wrt: &[NodeId]) -> Result<Vec<NodeId>, Error> {
        let outputs: Vec<NodeId> = seeds.iter().map(|&(output, _)| output).collect();
        let recorder = Recorder::new(self, &outputs, wrt)?;
        let seeds = seeds
            .iter()
            .map(|&(output, seed)| Ok((output, recorder.term(seed)?)))
            .collect::<Result<Vec<_>, Error>>()?;
        recorder.pullback(&seeds, wrt)
    }

    /// The pushforward as nodes: for every output the sum over `seeds` of `d(output)/dn * tangent`,
    /// where a tangent is a node too. The forward counterpart of [`Graph::vjp_nodes`]; nodes that
    /// want no gradient pass no tangent on.
    ///
    /// A tangent of NaN is no probe for what depends on what, as with [`Graph::jvp`]: guarded products end
    /// it where a partial is 0. [`Graph::jacobian_pattern`] tells.
    ///
    /// # Panics
    /// As [`Graph::gradient_nodes`], and where a tangent is stale.
    #[track_caller]
    pub fn jvp_nodes(&self, seeds: &[(NodeId, NodeId)], outputs: &[NodeId]) -> Vec<NodeId> {
        expect(self.try_jvp_nodes(seeds, outputs))
    }

    /// As [`Graph::jvp_nodes`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::Order`], [`Error::Full`],
    /// [`Error::OutOfMemory`]; the graph is as before.
    pub fn try_jvp_nodes(&self, seeds: &[(NodeId, NodeId)], outputs: &[NodeId]) -> Result<Vec<NodeId>, Error> {
        let wrt: Vec<NodeId> = seeds.iter().map(|&(node, _)| node).collect();
        let recorder = Recorder::new(self, outputs, &wrt)?;
        let seeds = seeds
            .iter()
            .map(|&(node, tangent)| Ok((node, recorder.term(tangent)?)))
            .collect::<Result<Vec<_>, Error>>()?;
        recorder.pushforward(&seeds, outputs)
    }
}

impl Recorder<'_> {
    fn pullback<'r>(&'r self, seeds: &[(NodeId, Term<'r>)], wrt: &[NodeId]) -> Result<Vec<NodeId>, Error> {
        let mut adjoints = vec![Term::NOTHING; self.active.len()];
        for &(output, seed) in seeds {
            adjoints[output.index()].gather(seed);
        }
        let lowest = wrt.iter().map(|node| node.index()).min().unwrap_or(usize::MAX);
        let (mut operands, mut args) = (Vec::new(), Vec::new());
        for position in (lowest.min(adjoints.len())..adjoints.len()).rev() {
            let bar = adjoints[position];
            if bar.is_nothing() || !self.active[position] {
                continue;
            }
            let (op, imm, r) = self.decode(position as u32, &mut operands, &mut args);
            // As in a sweep, what both of two operands receive where they are one is added up first.
            let twice = op.arity() == Arity::Fixed(2) && operands[0] == operands[1];
            let mut first = Term::NOTHING;
            rule::of(
                op,
                imm,
                &args,
                r,
                |k| self.active[operands[k] as usize].then_some(Guarded(bar)),
                |k, Guarded(mut part)| {
                    if twice {
                        part.gather(first);
                        first = part;
                    }
                    if !twice || k == 1 {
                        adjoints[operands[k] as usize].gather(part);
                    }
                },
            );
        }
        let derived = |node: &NodeId| match self.active.get(node.index()) {
            Some(true) => adjoints[node.index()],
            _ => Term::NOTHING,
        };
        self.nodes(wrt.iter().map(derived))
    }

    fn pushforward<'r>(&'r self, seeds: &[(NodeId, Term<'r>)], outputs: &[NodeId]) -> Result<Vec<NodeId>, Error> {
        let mut tangents = vec![Term::NOTHING; self.active.len()];
        for &(node, seed) in seeds {
            if let Some(true) = self.active.get(node.index()) {
                tangents[node.index()].gather(seed);
            }
        }
        let (mut operands, mut args) = (Vec::new(), Vec::new());
        for position in 0..tangents.len() {
            if !self.active[position] {
                continue;
            }
            let (op, imm, r) = self.decode(position as u32, &mut operands, &mut args);
            // A seeded node keeps its seed; what else reaches it is added.
            let mut sum = tangents[position];
            let tangent = |k: usize| tangents[operands[k] as usize];
            rule::of(
                op,
                imm,
                &args,
                r,
                |k| Some(tangent(k)).filter(|tangent| !tangent.is_nothing()).map(Guarded),
                |_, part| sum.gather(part.0),
            );
            tangents[position] = sum;
        }
        self.nodes(outputs.iter().map(|node| tangents[node.index()]))
    }
}
