//! Terms: the scalars over which the rules of the table run to record derivatives as graph nodes.
//!
//! A term is a number or a node, and applying an op to terms records it. A result that is certain is folded (a product
//! with 1, a guarded product with 0). What the graph has computed already is shared: the derivative of `exp(x)` is the
//! node of `exp(x)`.

use std::cell::RefCell;
use std::ops::{Add, Div, Mul, Neg, Sub};

use smallvec::SmallVec;

use crate::derivative::hash_cons::{NodeTable, Signature};
use crate::error::Error;
use crate::graph::Graph;
use crate::node::NodeId;
use crate::op::{Certain, Imm, NO_IMM, Op};
use crate::scalar::{Scalar, operators_by_apply, value};
use crate::tape::Extent;
use crate::tape::entry::Handle;

/// A derivation in progress.
#[derive(Debug)]
pub(crate) struct Recorder<'g> {
    pub(crate) graph: &'g Graph,
    /// The nodes of the graph, to be shared.
    table: RefCell<NodeTable>,
    /// For each node up to the last output: whether it depends on a node of `wrt`, through nodes that want a gradient.
    pub(crate) active: Vec<bool>,
    /// The extent of the graph before the derivation. After an error the graph is cut back to it.
    before: Extent,
    /// The first error. What is recorded after it is dropped.
    failure: RefCell<Option<Error>>,
}

/// A number, or a node of the graph. It has two words, so that it is passed in registers. In memory it would be stored
/// as two words and loaded as one value, and the load would stall.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Term<'r> {
    Constant(f64),
    Node { recorder: &'r Recorder<'r>, handle: Handle },
}

const _: () = assert!(size_of::<Term<'_>>() == 16);

impl<'g> Recorder<'g> {
    /// A derivation of the outputs with respect to the nodes `wrt`.
    pub(crate) fn new(graph: &'g Graph, outputs: &[NodeId], wrt: &[NodeId]) -> Result<Recorder<'g>, Error> {
        let mut len = 0;
        for &output in outputs {
            len = len.max(graph.fresh(output)? as usize + 1);
        }
        let mut active = vec![false; len];
        for &node in wrt {
            let position = graph.position(node)? as usize;
            if let Some(active) = active.get_mut(position) {
                *active = graph.tape.entry(position as u32).wants();
            }
        }
        let tape = &graph.tape;
        let mut table = NodeTable::with_room(4 * len);
        for (position, entry) in tape.entries().take(len).enumerate() {
            if entry.wants() && !active[position] {
                let mut any = false;
                tape.operands(entry, |x| any |= active[x as usize]);
                active[position] = any;
            }
            if position >= graph.stale_below as usize
                && let Some(signature) = Signature::of(tape, entry)
                && let Err(vacancy) = table.find(tape, &signature)
            {
                table.put(tape, vacancy, position as u32);
            }
        }
        let before = tape.extent();
        Ok(Recorder { graph, table: RefCell::new(table), active, before, failure: RefCell::new(None) })
    }

    /// The node of a key; an error where its value is stale.
    pub(crate) fn term(&self, node: NodeId) -> Result<Term<'_>, Error> {
        Ok(self.term_at(self.graph.fresh(node)?))
    }

    #[inline(always)]
    fn term_at(&self, position: u32) -> Term<'_> {
        let entry = self.graph.tape.entry(position);
        if entry.op() == Op::Const {
            return Term::Constant(entry.value);
        }
        Term::Node { recorder: self, handle: Handle::new(position, entry.wants()) }
    }

    /// Reads the node at a position: its op, its immediates and its term. Writes its operands to `operands`,
    /// and to `args` as terms.
    pub(crate) fn decode<'r>(
        &'r self,
        position: u32,
        operands: &mut Vec<u32>,
        args: &mut Vec<Term<'r>>,
    ) -> (Op, Imm, Term<'r>) {
        operands.clear();
        args.clear();
        let entry = self.graph.tape.entry(position);
        let imm = self.graph.tape.operands(entry, |x| operands.push(x));
        args.extend(operands.iter().map(|&x| self.term_at(x)));
        (entry.op(), imm, self.term_at(position))
    }

    /// The keys of the derivatives. After an error, drops everything recorded; no key of it was given out.
    pub(crate) fn nodes<'r>(&self, terms: impl Iterator<Item = Term<'r>>) -> Result<Vec<NodeId>, Error> {
        let node = |term| {
            let handle = match term {
                Term::Node { handle, .. } => handle,
                Term::Constant(c) => self.graph.tape.try_constant(c)?,
            };
            Ok(self.graph.generations.key(handle.index()))
        };
        let nodes = match self.failure.take() {
            Some(failure) => Err(failure),
            None => terms.map(node).collect(),
        };
        if nodes.is_err() {
            self.graph.tape.undo(self.before);
        }
        nodes
    }

    /// The node of the op with these operands: one that the graph has, or a new one.
    fn record<'r>(&'r self, op: Op, imm: Imm, args: &[Term<'r>]) -> Term<'r> {
        self.try_record(op, imm, args).unwrap_or_else(|failure| {
            self.failure.replace(Some(failure));
            Term::Constant(f64::NAN)
        })
    }

    fn try_record<'r>(&'r self, op: Op, imm: Imm, args: &[Term<'r>]) -> Result<Term<'r>, Error> {
        // A rule can record a derivative of the next order, which may be too high.
        op.check_immediates(imm)?;
        let tape = &self.graph.tape;
        let table = &mut *self.table.borrow_mut();
        // Rules record ops of at most three operands.
        let (count, mut handles, mut operands) = (args.len(), [Handle::NONE; 3], [0; 3]);
        for (k, arg) in args.iter().enumerate() {
            handles[k] = match *arg {
                Term::Node { handle, .. } => handle,
                Term::Constant(c) => tape.try_constant(c)?,
            };
            operands[k] = handles[k].index();
        }
        let handle = match table.find(tape, &Signature::new(op, imm, operands)) {
            Ok(position) => Handle::new(position, tape.entry(position).wants()),
            Err(vacancy) => {
                tape.make_room(op, count)?;
                let values = operands.map(|x| tape.entry(x).value);
                let handle = tape.push_op(op, imm, &handles[..count], value::of(op, imm, &values[..count]));
                table.put(tape, vacancy, handle.index());
                handle
            }
        };
        Ok(Term::Node { recorder: self, handle })
    }
}

impl<'r> Term<'r> {
    /// An adjoint or tangent of 0.
    pub(crate) const NOTHING: Self = Term::Constant(0.0);

    /// Adds a part of an adjoint or tangent.
    pub(crate) fn gather(&mut self, part: Self) {
        if !part.is_nothing() {
            *self = if self.is_nothing() { part } else { *self + part };
        }
    }

    /// Whether it is 0 at all values of the leaves.
    pub(crate) fn is_nothing(self) -> bool {
        matches!(self, Term::Constant(0.0))
    }

    /// The result of the op, where it is certain without recording.
    #[inline(always)]
    fn certain(op: Op, imm: Imm, args: &[Self]) -> Option<Self> {
        let certain = op.certain(imm, |k| match args[k] {
            Term::Constant(c) => Some(c),
            Term::Node { .. } => None,
        })?;
        Some(match certain {
            Certain::Operand(k) => args[k],
            Certain::Number(c) => Term::Constant(c),
            Certain::Zero => Term::Constant(0.0),
        })
    }
}

impl<'r> Scalar for Term<'r> {
    fn constant(c: f64) -> Self {
        Term::Constant(c)
    }

    fn primal(self) -> f64 {
        match self {
            Term::Constant(value) => value,
            Term::Node { recorder, handle } => recorder.graph.tape.entry(handle.index()).value,
        }
    }

    fn apply(op: Op, imm: Imm, args: &[Self]) -> Self {
        if let Some(certain) = Term::certain(op, imm, args) {
            return certain;
        }
        let recorder = args.iter().find_map(|x| match *x {
            Term::Node { recorder, .. } => Some(recorder),
            Term::Constant(_) => None,
        });
        match recorder {
            Some(recorder) => recorder.record(op, imm, args),
            None => {
                let values: SmallVec<[f64; 3]> = args.iter().map(|x| x.primal()).collect();
                Term::Constant(value::of(op, imm, &values))
            }
        }
    }
}

operators_by_apply! { ['r] Term<'r> }
