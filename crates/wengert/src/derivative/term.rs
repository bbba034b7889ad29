//! Terms: what the rules of the table run over where derivatives become graph. Read
//! [`crate::derivative::symbolic`] next, which runs them.
//!
//! A term is a number or a node, and applying an op to terms records it. It folds what arithmetic
//! makes certain (a product by 1, a guarded product by 0), and shares what the graph computed
//! already, so that `exp'` is the node of `exp` itself.

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

/// A derivation under way: the graph, and which nodes it has.
#[derive(Debug)]
pub(crate) struct Recorder<'g> {
    pub(crate) graph: &'g Graph,
    known: RefCell<NodeTable>,
    /// Whether the node at a position depends on one of those derived in, through nodes that want
    /// a gradient; as long as the last output is far.
    pub(crate) active: Vec<bool>,
    /// How far the graph had got, to go back to where the derivatives do not fit.
    before: Extent,
    /// Why they do not; what is recorded then is of no use any more.
    failure: RefCell<Option<Error>>,
}

/// A number, or a node that the recorder knows. Two words, so that it travels in registers: written
/// to memory in words and read back whole, it would have to be waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Term<'r> {
    Constant(f64),
    Node { recorder: &'r Recorder<'r>, handle: Handle },
}

const _: () = assert!(size_of::<Term<'_>>() == 16);

impl<'g> Recorder<'g> {
    /// A derivation of the outputs in the nodes `wrt`.
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
        let mut known = NodeTable::with_room(4 * len);
        for (position, entry) in tape.entries().take(len).enumerate() {
            if entry.wants() && !active[position] {
                let mut any = false;
                tape.operands(entry, |x| any |= active[x as usize]);
                active[position] = any;
            }
            if position >= graph.stale_below as usize
                && let Some(signature) = Signature::of(tape, entry)
                && let Err(vacancy) = known.find(tape, &signature)
            {
                known.put(tape, vacancy, position as u32);
            }
        }
        let before = tape.extent();
        Ok(Recorder {
            graph,
            known: RefCell::new(known),
            active,
            before,
            failure: RefCell::new(None),
        })
    }

    /// The node of a key whose value may be read.
    pub(crate) fn term(&self, node: NodeId) -> Result<Term<'_>, Error> {
        Ok(self.term_at(self.graph.fresh(node)?))
    }

    #[inline(always)]
    fn term_at(&self, position: u32) -> Term<'_> {
        let entry = self.graph.tape.entry(position);
        if entry.op() == Op::Const {
            return Term::Constant(entry.value);
        }
        Term::Node {
            recorder: self,
            handle: Handle::new(position, entry.wants()),
        }
    }

    /// The node at a position: its op and immediates, and itself; its operands in `operands`, and
    /// in `args` as terms.
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

    /// The keys of what was derived. Where it did not all fit, none of it stays: no key of it was
    /// given out.
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

    /// The node of the op at these operands: one that the graph has, or a new one.
    fn record<'r>(&'r self, op: Op, imm: Imm, args: &[Term<'r>]) -> Term<'r> {
        self.try_record(op, imm, args).unwrap_or_else(|failure| {
            self.failure.replace(Some(failure));
            Term::Constant(f64::NAN)
        })
    }

    fn try_record<'r>(&'r self, op: Op, imm: Imm, args: &[Term<'r>]) -> Result<Term<'r>, Error> {
        // The rule of a derivative records the one above it.
        op.check_immediates(imm)?;
        let tape = &self.graph.tape;
        let known = &mut *self.known.borrow_mut();
        // No rule records an op of any number of operands.
        let (count, mut handles, mut operands) = (args.len(), [Handle::NONE; 3], [0; 3]);
        for (k, arg) in args.iter().enumerate() {
            handles[k] = match *arg {
                Term::Node { handle, .. } => handle,
                Term::Constant(c) => tape.try_constant(c)?,
            };
            operands[k] = handles[k].index();
        }
        let handle = match known.find(tape, &Signature::new(op, imm, operands)) {
            Ok(position) => Handle::new(position, tape.entry(position).wants()),
            Err(vacancy) => {
                tape.make_room(op, count)?;
                let values = operands.map(|x| tape.entry(x).value);
                let handle = tape.push_op(op, imm, &handles[..count], value::of(op, imm, &values[..count]));
                known.put(tape, vacancy, handle.index());
                handle
            }
        };
        Ok(Term::Node { recorder: self, handle })
    }
}

impl<'r> Term<'r> {
    /// No adjoint or tangent.
    pub(crate) const NOTHING: Self = Term::Constant(0.0);

    /// Adds a part of an adjoint or tangent.
    pub(crate) fn gather(&mut self, part: Self) {
        if !part.is_nothing() {
            *self = if self.is_nothing() { part } else { *self + part };
        }
    }

    /// Whether it is 0 whatever the operands that vary turn out to be.
    pub(crate) fn is_nothing(self) -> bool {
        matches!(self, Term::Constant(0.0))
    }

    /// What the op gives without recording anything.
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
        if let Some(known) = Term::certain(op, imm, args) {
            return known;
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
