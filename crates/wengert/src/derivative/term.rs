//! Terms: the scalars over which the rules of the table run to record derivatives as graph nodes.
//!
//! A term is a number or a node, and applying an op to terms records it. A result that is certain is folded (a product
//! with 1, a guarded product with 0). What the graph has computed already is shared: the derivative of `exp(x)` is the
//! node of `exp(x)`.

use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::ops::{Add, Div, Mul, Neg, Sub};

use smallvec::SmallVec;

use crate::derivative::hash_cons::{NodeTable, Signature};
use crate::error::Error;
use crate::graph::{Graph, Mark};
use crate::node::NodeId;
use crate::number::expr::Expr;
use crate::op::{Certain, Encoding, Imm, NO_IMM, Op};
use crate::room::{with_room, zeroed};
use crate::scalar::{Scalar, operators_by_apply, value};
use crate::tape::Tape;
use crate::tape::entry::{Entry, Handle};

/// A derivation in progress.
#[derive(Debug)]
pub(crate) struct Recorder<'g> {
    pub(crate) graph: &'g Graph,
    /// The nodes of the graph, to be shared.
    table: RefCell<NodeTable>,
    /// For each node up to the last output: whether it depends on a node of `wrt`, through nodes that want a gradient.
    pub(crate) active: Vec<bool>,
    /// The graph before the derivation. After an error or a panic it is cut back to that.
    before: Mark,
    /// Whether the derivation succeeded.
    done: Cell<bool>,
    /// The first error. What is recorded after it is dropped.
    failure: RefCell<Option<Error>>,
}

/// A number, or a node of the graph. A struct of two words is passed in registers and loaded as it was stored. An enum
/// would be stored as two words and loaded as one value, and the load would stall.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Term<'r> {
    recorder: Option<&'r Recorder<'r>>,
    /// The bits of the number, or the handle of the node.
    bits: u64,
}

impl<'g> Recorder<'g> {
    /// A derivation of the outputs with respect to the nodes `wrt`.
    pub(crate) fn new(graph: &'g Graph, outputs: &[NodeId], wrt: &[NodeId]) -> Result<Recorder<'g>, Error> {
        let mut len = 0;
        for &output in outputs {
            len = len.max(graph.fresh(output)? as usize + 1);
        }
        let mut active = zeroed::<bool>(len)?;
        for &node in wrt {
            let position = graph.position(node)? as usize;
            if let Some(active) = active.get_mut(position) {
                *active = graph.tape.entry(position as u32).wants();
            }
        }
        let tape = &graph.tape;
        // A gradient has about two nodes for each operand.
        let operands = |entry: Entry| match entry.op().encoding() {
            Encoding::List if entry.op() != Op::External => entry.b() as usize,
            _ => 2,
        };
        let mut table = NodeTable::with_room(2 * tape.entries().take(len).map(operands).sum::<usize>())?;
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
                table.put(tape, vacancy, position as u32)?;
            }
        }
        Ok(Recorder {
            graph,
            table: RefCell::new(table),
            active,
            before: graph.mark(),
            done: Cell::new(false),
            failure: RefCell::new(None),
        })
    }

    /// The seeds as terms; an error where a value is stale.
    pub(crate) fn terms(&self, seeds: &[(NodeId, NodeId)]) -> Result<Vec<(NodeId, Term<'_>)>, Error> {
        let mut terms = with_room(seeds.len())?;
        for &(node, seed) in seeds {
            terms.push((node, self.term_at(self.graph.fresh(seed)?)));
        }
        Ok(terms)
    }

    #[inline(always)]
    fn term_at(&self, position: u32) -> Term<'_> {
        let entry = self.graph.tape.entry(position);
        match entry.code() == Op::Const.code() {
            true => Term::constant(entry.value),
            false => self.node(Handle::new(position, entry.wants())),
        }
    }

    #[inline(always)]
    fn node(&self, handle: Handle) -> Term<'_> {
        Term { recorder: Some(self), bits: handle.0.into() }
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
        let keys = || {
            let mut nodes = with_room(terms.size_hint().0)?;
            for term in terms {
                nodes.push(self.graph.generations.key(term.handle_on(&self.graph.tape)?.index()));
            }
            Ok(nodes)
        };
        let nodes = self.failure.take().map_or_else(keys, Err)?;
        self.done.set(true);
        Ok(nodes)
    }

    /// Keeps the first error.
    pub(crate) fn fail(&self, failure: Error) {
        self.failure.borrow_mut().get_or_insert(failure);
    }

    /// The node at a position as an expression.
    pub(crate) fn expr_at(&self, position: u32) -> Expr<'g> {
        let entry = self.graph.tape.entry(position);
        Expr::of(self.graph, Handle::new(position, entry.wants()), entry.value)
    }

    /// A term as an expression: a number is a free constant.
    pub(crate) fn expr(&self, term: Term<'_>) -> Expr<'g> {
        match term.number() {
            Some(c) => Expr::constant(c),
            None => self.expr_at(Handle(term.bits as u32).index()),
        }
    }

    /// An expression of this graph as a term.
    pub(crate) fn term_of(&self, expr: Expr<'_>) -> Term<'_> {
        match expr.handle() {
            Some(handle) => self.term_at(handle.index()),
            None => Term::constant(expr.value()),
        }
    }

    /// Adds the nodes from a position on to those that are shared. They were recorded by a user's pullback.
    pub(crate) fn share_from(&self, start: u32) -> Result<(), Error> {
        let (tape, table) = (&self.graph.tape, &mut *self.table.borrow_mut());
        for position in start..tape.len() {
            if let Some(signature) = Signature::of(tape, tape.entry(position))
                && let Err(vacancy) = table.find(tape, &signature)
            {
                table.put(tape, vacancy, position)?;
            }
        }
        Ok(())
    }

    /// The node of the op with these operands: one that the graph has, or a new one.
    #[inline(always)]
    fn record<'r, const N: usize>(&'r self, op: Op, imm: Imm, args: [Term<'r>; N]) -> Term<'r> {
        match self.try_record(op, imm, args) {
            Ok(handle) => self.node(handle),
            Err(failure) => {
                self.fail(failure);
                Term::constant(f64::NAN)
            }
        }
    }

    #[inline(always)]
    fn try_record<const N: usize>(&self, op: Op, imm: Imm, args: [Term<'_>; N]) -> Result<Handle, Error> {
        // A rule can record a derivative of the next order, which may be too high.
        op.check_immediates(imm)?;
        let tape = &self.graph.tape;
        let table = &mut *self.table.borrow_mut();
        let (mut handles, mut values, mut operands) = ([Handle::NONE; N], [0.0; N], [0; 3]);
        for k in 0..N {
            handles[k] = args[k].handle_on(tape)?;
            operands[k] = handles[k].index();
            values[k] = tape.entry(operands[k]).value;
        }
        let vacancy = match table.find(tape, &Signature::new(op, imm, operands)) {
            Ok(position) => return Ok(Handle::new(position, tape.entry(position).wants())),
            Err(vacancy) => vacancy,
        };
        let value = value::of(op, imm, &values);
        let usual = match handles[..] {
            [x] if op.immediates() == 0 => tape.try_unary(op, x, value),
            [x, y] if op.immediates() == 0 => tape.try_binary(op, x, y, value),
            _ => None,
        };
        let handle = match usual {
            Some(handle) => handle,
            None => {
                tape.make_room(op, N)?;
                tape.push_op(op, imm, &handles, value)
            }
        };
        table.put(tape, vacancy, handle.index())?;
        Ok(handle)
    }
}

impl Drop for Recorder<'_> {
    fn drop(&mut self) {
        if !self.done.get() {
            self.graph.undo(self.before);
        }
    }
}

impl<'r> Term<'r> {
    /// An adjoint or tangent of 0.
    pub(crate) const NOTHING: Self = Term { recorder: None, bits: 0 };

    /// The number, unless it is a node.
    #[inline(always)]
    fn number(self) -> Option<f64> {
        match self.recorder {
            None => Some(f64::from_bits(self.bits)),
            Some(_) => None,
        }
    }

    /// The handle of the node; a number becomes one.
    #[inline(always)]
    fn handle_on(self, tape: &Tape) -> Result<Handle, Error> {
        match self.number() {
            None => Ok(Handle(self.bits as u32)),
            Some(c) => tape.try_constant(c),
        }
    }

    /// Adds a part of an adjoint or tangent.
    pub(crate) fn gather(&mut self, part: Self) {
        if !part.is_nothing() {
            *self = if self.is_nothing() { part } else { *self + part };
        }
    }

    /// Whether it is 0 at all values of the leaves.
    pub(crate) fn is_nothing(self) -> bool {
        self.number() == Some(0.0)
    }

    /// The result of the op, where it is certain without recording.
    #[inline(always)]
    fn certain(op: Op, imm: Imm, args: &[Self]) -> Option<Self> {
        Some(match op.certain(imm, |k| args[k].number())? {
            Certain::Operand(k) => args[k],
            Certain::Number(c) => Term::constant(c),
            Certain::Zero => Term::NOTHING,
        })
    }
}

impl<'r> Scalar for Term<'r> {
    #[inline(always)]
    fn constant(c: f64) -> Self {
        Term { recorder: None, bits: c.to_bits() }
    }

    fn primal(self) -> f64 {
        match self.recorder {
            None => f64::from_bits(self.bits),
            Some(recorder) => recorder.graph.tape.entry(Handle(self.bits as u32).index()).value,
        }
    }

    fn apply(op: Op, imm: Imm, args: &[Self]) -> Self {
        // Nothing is certain of two nodes.
        let two_nodes = matches!(args, [x, y] if x.recorder.is_some() && y.recorder.is_some());
        if !two_nodes && let Some(certain) = Term::certain(op, imm, args) {
            return certain;
        }
        // Rules record ops of at most three operands.
        match (args.iter().find_map(|x| x.recorder), args) {
            (Some(recorder), &[x]) => recorder.record(op, imm, [x]),
            (Some(recorder), &[x, y]) => recorder.record(op, imm, [x, y]),
            (Some(recorder), _) => recorder.record::<3>(op, imm, core::array::from_fn(|k| args[k])),
            (None, _) => {
                let values: SmallVec<[f64; 3]> = args.iter().map(|x| x.primal()).collect();
                Term::constant(value::of(op, imm, &values))
            }
        }
    }
}

operators_by_apply! { ['r] Term<'r> }
