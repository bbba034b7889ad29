//! Derivatives as graph nodes: the rules of the table run over terms that record.
//!
//! A reverse sweep over [`Term`]s appends the gradient to the graph as ordinary nodes, which can be read,
//! drawn, differentiated again and compiled. It records only what the wanted nodes need.

use alloc::vec::Vec;
use core::cell::Cell;

use crate::derivative::term::{Decoded, Operands, Packed, Recorder, Term};
use crate::error::{Error, expect};
use crate::external::{self, checked};
use crate::graph::Graph;
use crate::hash::{FxHashMap, FxHashSet};
use crate::node::NodeId;
use crate::number::expr::Expr;
use crate::op::{Encoding, NO_IMM, Op};
use crate::room::{collected, zeroed};
use crate::scalar::{Guarded, Scalar, rule};
use crate::tape::calls::Call;
use crate::tape::entry::Entry;
use crate::tape::view::View;

impl Graph {
    /// The gradient of `l` with respect to the nodes `wrt`, as nodes: one for each, in order. The result can be
    /// differentiated again, up to the highest order that its ops have ([`MAX_ORDER`](crate::MAX_ORDER)).
    ///
    /// `wrt` may hold computed nodes; their adjoints are given. A node that `l` does not depend on gives the constant
    /// 0, and so does a constant or the result of `detach`. The same node twice gives the same derivative twice.
    ///
    /// Costs O(nodes up to `l`). Appends a small multiple of the nodes between `wrt` and `l`.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaf(2.0);
    /// let first = g.gradient_nodes(g.powi(x, 3), &[x])[0];
    /// let second = g.gradient_nodes(first, &[x])[0];
    /// assert_eq!([first, second].map(|node| g.value(node)), [12.0, 12.0]);
    /// ```
    ///
    /// # Panics
    /// On a wrong key, where `l` is stale, where the graph is full, and where an op has no derivative of so high
    /// an order ([`MAX_ORDER`](crate::MAX_ORDER)).
    #[track_caller]
    pub fn gradient_nodes(&self, l: NodeId, wrt: &[NodeId]) -> Vec<NodeId> {
        expect(self.try_gradient_nodes(l, wrt))
    }

    /// As [`Graph::gradient_nodes`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::External`], [`Error::Order`], [`Error::Full`],
    /// [`Error::OutOfMemory`]; the graph is as before.
    pub fn try_gradient_nodes(&self, l: NodeId, wrt: &[NodeId]) -> Result<Vec<NodeId>, Error> {
        let recorder = Recorder::new(self, &[l], wrt)?;
        recorder.pullback(&[(l, Term::constant(1.0))], wrt)
    }

    /// The vector-Jacobian product (pullback) as nodes: for each node `n` of `wrt`, the sum over the `seeds` (output,
    /// seed) of `seed * d(output)/dn`. A seed is a node too. As [`Graph::gradient_nodes`], but with several outputs.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y, seed] = [g.leaf(2.0), g.leaf(3.0), g.leaf(10.0)];
    /// let product = g.vjp_nodes(&[(g.mul(x, y), seed)], &[x, y]);
    /// assert_eq!(product.iter().map(|&node| g.value(node)).collect::<Vec<_>>(), [30.0, 20.0]);
    /// ```
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
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::External`], [`Error::Order`], [`Error::Full`],
    /// [`Error::OutOfMemory`]; the graph is as before.
    pub fn try_vjp_nodes(&self, seeds: &[(NodeId, NodeId)], wrt: &[NodeId]) -> Result<Vec<NodeId>, Error> {
        let outputs = collected(seeds.iter().map(|&(output, _)| output))?;
        let recorder = Recorder::new(self, &outputs, wrt)?;
        recorder.pullback(&recorder.terms(seeds)?, wrt)
    }

    /// The Jacobian-vector product (pushforward) as nodes: for each output, the sum over the `seeds` (`n`, tangent) of
    /// `d(output)/dn * tangent`. A tangent is a node too. Constants and the results of `detach` pass no tangent on.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let [x, y, tangent] = [g.leaf(2.0), g.leaf(3.0), g.leaf(10.0)];
    /// let product = g.jvp_nodes(&[(x, tangent)], &[g.mul(x, y)]);
    /// assert_eq!(g.value(product[0]), 30.0);
    /// ```
    ///
    /// To find which outputs depend on which nodes, use [`Graph::jacobian_pattern`]. As with [`Graph::jvp`], a tangent
    /// of NaN does not show it: guarded products stop the NaN at a partial of 0.
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
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::External`], [`Error::Order`], [`Error::Full`],
    /// [`Error::OutOfMemory`]; the graph is as before.
    pub fn try_jvp_nodes(&self, seeds: &[(NodeId, NodeId)], outputs: &[NodeId]) -> Result<Vec<NodeId>, Error> {
        let wrt = collected(seeds.iter().map(|&(node, _)| node))?;
        let recorder = Recorder::new(self, outputs, &wrt)?;
        recorder.pushforward(&recorder.terms(seeds)?, outputs)
    }
}

/// [`rule::of`] over terms.
fn rule_of<'r>(node: &Decoded<'r, '_>, emit: &mut dyn FnMut(usize, Guarded<Term<'r>>)) {
    let bars = |k: usize| Some(node.bars[k]).filter(|bar| !bar.is_nothing()).map(Guarded);
    rule::of(node.op, node.imm, node.args, node.result, &bars, emit);
}

impl Recorder<'_> {
    fn pullback<'r>(&'r self, seeds: &[(NodeId, Term<'r>)], wrt: &[NodeId]) -> Result<Vec<NodeId>, Error> {
        let mut adjoints = zeroed::<Packed>(self.active.len())?;
        for &(output, seed) in seeds {
            self.gather(&mut adjoints[output.index()], seed);
        }
        let lowest = wrt.iter().map(|node| node.index()).min().unwrap_or(usize::MAX);
        let mut operands = Operands::with_room(self.graph.most_operands())?;
        let view = self.graph.tape.view();
        // The first output of the external function that was swept last.
        let mut swept = None;
        for position in (lowest.min(adjoints.len())..adjoints.len()).rev() {
            let bar = self.unpacked(adjoints[position]);
            if bar.is_nothing() || !self.active[position] {
                continue;
            }
            if let Some(call) = self.call_of(view.entry(position as u32)) {
                if swept.replace(call.first) != Some(call.first)
                    && let Err(failure) = self.pull_call(call, &mut adjoints)
                {
                    self.fail(failure);
                }
                continue;
            }
            let is_active = |x: u32| self.active[x as usize];
            self.pull(&view, position as u32, bar, &mut operands, is_active, |x, part| {
                self.gather(&mut adjoints[x as usize], part);
            });
        }
        let derived = |node: &NodeId| match self.active.get(node.index()) {
            Some(true) => self.unpacked(adjoints[node.index()]),
            _ => Term::NOTHING,
        };
        self.nodes(wrt.iter().map(derived))
    }

    /// Passes to `send` what the node at a position, with the adjoint `bar`, sends to each active operand.
    #[inline(always)]
    fn pull<'r>(
        &'r self,
        view: &View<'_>,
        position: u32,
        bar: Term<'r>,
        buffer: &mut Operands<'r>,
        is_active: impl Fn(u32) -> bool,
        mut send: impl FnMut(u32, Term<'r>),
    ) {
        // As in a sweep, if both operands are the same node, their parts are added first.
        let mut first = Term::NOTHING;
        let mut send = |x: u32, k: usize, twice: bool, Guarded(mut part): Guarded<Term<'r>>| {
            if twice {
                part.gather(first);
                first = part;
            }
            if !twice || k == 1 {
                send(x, part);
            }
        };
        // The usual ops are found by comparisons, as in a sweep.
        let entry = view.entry(position);
        let op = entry.op();
        if matches!(op, Op::Add | Op::Mul) {
            let operands = [entry.a(), entry.b()];
            let twice = operands[0] == operands[1];
            let bars = |k: usize| is_active(operands[k]).then_some(Guarded(bar));
            let send = |k: usize, part| send(operands[k], k, twice, part);
            return match op {
                Op::Add => rule::add([Term::NOTHING; 2], NO_IMM, Term::NOTHING, bars, send),
                _ => rule::mul(operands.map(|x| self.term_at(x)), NO_IMM, Term::NOTHING, bars, send),
            };
        }
        let node = self.decode(view, position, buffer);
        let operands = node.operands;
        for (wanted, &x) in node.bars.iter_mut().zip(operands) {
            *wanted = if is_active(x) { bar } else { Term::NOTHING };
        }
        let twice = matches!(op.encoding(), Encoding::Fixed { operands: 2, .. }) && operands[0] == operands[1];
        rule_of(&node, &mut |k, part| send(operands[k], k, twice, part));
    }

    fn pushforward<'r>(&'r self, seeds: &[(NodeId, Term<'r>)], outputs: &[NodeId]) -> Result<Vec<NodeId>, Error> {
        let mut tangents = zeroed::<Packed>(self.active.len())?;
        for &(node, seed) in seeds {
            if let Some(true) = self.active.get(node.index()) {
                self.gather(&mut tangents[node.index()], seed);
            }
        }
        let mut buffer = Operands::with_room(self.graph.most_operands())?;
        let view = self.graph.tape.view();
        for position in 0..tangents.len() {
            if !self.active[position] {
                continue;
            }
            if let Some(call) = self.call_of(view.entry(position as u32)) {
                if let Err(failure) = self.push_call(call, position as u32, &mut tangents) {
                    self.fail(failure);
                }
                continue;
            }
            let node = self.decode(&view, position as u32, &mut buffer);
            for (tangent, &x) in node.bars.iter_mut().zip(node.operands) {
                *tangent = self.unpacked(tangents[x as usize]);
            }
            // A seeded node keeps its seed; tangents that reach it are added.
            let mut sum = self.unpacked(tangents[position]);
            rule_of(&node, &mut |_, part| sum.gather(part.0));
            tangents[position] = sum.packed();
        }
        self.nodes(outputs.iter().map(|node| self.unpacked(tangents[node.index()])))
    }
}

/// Functions of the user's own.
impl Recorder<'_> {
    /// The call that the node of an entry is an output of.
    #[inline(always)]
    fn call_of(&self, entry: Entry) -> Option<Call<'_>> {
        (entry.op() == Op::External).then(|| self.graph.tape.view().call(entry))
    }

    /// Records the pullback of a call, for these adjoints of its outputs: a term for each input.
    fn record_call<'r>(
        &'r self,
        call: Call<'_>,
        ybar: &[Term<'r>],
        is_active: &dyn Fn(u32) -> bool,
    ) -> Result<Vec<Term<'r>>, Error> {
        let f = self.graph.tape.functions.get(call.function);
        let x: Vec<_> = call.inputs.iter().map(|x| self.expr_at(x.get())).collect();
        let y: Vec<_> = (0..call.outputs).map(|k| self.expr_at(call.first + k)).collect();
        let start = self.graph.tape.len();
        if let Some(l) = f.body(&x) {
            self.share_from(start)?;
            return self.pull_body(start, l, call.inputs, ybar[0], is_active);
        }
        let ybar: Vec<_> = ybar.iter().map(|&bar| self.expr(bar)).collect();
        let xbar = external::recorded(&*f, self.graph, &x, &y, &ybar)?
            .ok_or_else(|| checked::failed(&*f, "it has no derivative as nodes: implement pullback"))?;
        self.share_from(start)?;
        Ok(xbar.into_iter().map(|bar| self.term_of(bar)).collect())
    }

    /// The pullback of a statement whose body was recorded from `start` on and has the value `l`: a term for each input. If
    /// a node is given as two inputs, its whole term stands at the first.
    fn pull_body<'r>(
        &'r self,
        start: u32,
        l: Expr<'_>,
        inputs: &[Cell<u32>],
        bar: Term<'r>,
        is_active: &dyn Fn(u32) -> bool,
    ) -> Result<Vec<Term<'r>>, Error> {
        let mut adjoints: FxHashMap<u32, Term<'r>> = FxHashMap::default();
        let end = self.graph.tape.len();
        let mut active: FxHashSet<u32> = inputs.iter().map(Cell::get).filter(|&x| is_active(x)).collect();
        for position in start..end {
            let entry = self.graph.tape.entry(position);
            let mut any = false;
            self.graph.tape.operands(entry, |x| any |= active.contains(&x));
            if any && entry.wants() {
                active.insert(position);
            }
        }
        if let Some(handle) = l.handle() {
            adjoints.insert(handle.index(), bar);
        }
        let (mut operands, view) = (Operands::with_room(0)?, self.graph.tape.view());
        let gather = |adjoints: &mut FxHashMap<u32, Term<'r>>, x: u32, part: Term<'r>| {
            adjoints.entry(x).or_insert(Term::NOTHING).gather(part);
        };
        for position in (start..end).rev() {
            let Some(&bar) = adjoints.get(&position).filter(|bar| !bar.is_nothing()) else {
                continue;
            };
            if !active.contains(&position) {
                continue;
            }
            if let Some(call) = self.call_of(view.entry(position)) {
                // This is the last output with an adjoint, so all adjoints of the call are complete.
                let ybar: Vec<_> = (call.first..call.first + call.outputs)
                    .map(|at| adjoints.remove(&at).unwrap_or(Term::NOTHING))
                    .collect();
                for (part, x) in self.record_call(call, &ybar, &|x| active.contains(&x))?.into_iter().zip(call.inputs) {
                    if active.contains(&x.get()) {
                        gather(&mut adjoints, x.get(), part);
                    }
                }
                continue;
            }
            self.pull(
                &view,
                position,
                bar,
                &mut operands,
                |x| active.contains(&x),
                |x, part| {
                    gather(&mut adjoints, x, part);
                },
            );
        }
        Ok(inputs.iter().map(|x| adjoints.remove(&x.get()).unwrap_or(Term::NOTHING)).collect())
    }

    /// Whether the node at a position is to be differentiated.
    fn is_active(&self, x: u32) -> bool {
        self.active.get(x as usize).is_some_and(|&active| active)
    }

    /// Adds what the outputs of a call send to its inputs.
    fn pull_call(&self, call: Call<'_>, adjoints: &mut [Packed]) -> Result<(), Error> {
        if !call.inputs.iter().any(|input| self.is_active(input.get())) {
            return Ok(());
        }
        let first = call.first as usize;
        let bar = |k: usize| adjoints.get(first + k).map_or(Term::NOTHING, |&bar| self.unpacked(bar));
        let ybar: Vec<_> = (0..call.outputs as usize).map(bar).collect();
        for (part, input) in self.record_call(call, &ybar, &|x| self.is_active(x))?.into_iter().zip(call.inputs) {
            if self.is_active(input.get()) {
                self.gather(&mut adjoints[input.get() as usize], part);
            }
        }
        Ok(())
    }

    /// Adds the tangent that the inputs of a call give to its output at a position.
    fn push_call(&self, call: Call<'_>, position: u32, tangents: &mut [Packed]) -> Result<(), Error> {
        let given: Vec<_> = call.inputs.iter().map(|input| self.unpacked(tangents[input.get() as usize])).collect();
        if given.iter().all(|tangent| tangent.is_nothing()) {
            return Ok(());
        }
        let unit = |k: u32| if call.first + k == position { Term::constant(1.0) } else { Term::NOTHING };
        let ybar: Vec<_> = (0..call.outputs).map(unit).collect();
        let mut sum = self.unpacked(tangents[position as usize]);
        for (partial, tangent) in self.record_call(call, &ybar, &|x| self.is_active(x))?.into_iter().zip(given) {
            if !tangent.is_nothing() {
                sum.gather((Guarded(tangent) * partial).0);
            }
        }
        tangents[position as usize] = sum.packed();
        Ok(())
    }
}
