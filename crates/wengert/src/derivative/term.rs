//! Terms: the scalars over which the rules of the table run to record derivatives as graph nodes.
//!
//! A term is a number or a node, and applying an op to terms records it. A result that is certain is folded (a product
//! with 1, a guarded product with 0). What the graph has computed already is shared: the derivative of `exp(x)` is the
//! node of `exp(x)`.

use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::ops::{Add, Div, Mul, Neg, Sub};

use smallvec::SmallVec;

use crate::cold::rarely;
use crate::derivative::hash_cons::{NodeTable, Signature};
use crate::error::Error;
use crate::graph::{Graph, Mark};
use crate::node::NodeId;
use crate::number::expr::Expr;
use crate::op::{Certain, Encoding, Imm, NO_IMM, Op};
use crate::room::{Refused, filled, with_room, zeroed};
use crate::scalar::{Scalar, operators_by_apply, value};
use crate::tape::Tape;
use crate::tape::entry::{Entry, Handle};
use crate::tape::view::View;

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
        // A gradient has about two nodes for each operand of an op with partials other than 1 and -1. (Each output of a
        // call has all its inputs as operands.)
        let added = |entry: Entry| match entry.op() {
            Op::External => 2,
            op if op.is_linear() => 0,
            _ => 2 * entry.operands(),
        };
        let mut table = NodeTable::with_room(len + tape.entries().take(len).map(added).sum::<usize>())?;
        let view = tape.view().below(len);
        for (position, at) in (0..len).zip(0..) {
            let entry = view.entry(at);
            let (op, x, y) = (entry.op(), entry.a(), entry.b());
            let is_fresh = at >= graph.stale_below;
            let depends = match op.encoding() {
                Encoding::Source => false,
                Encoding::Fixed { operands: 1, imms } => {
                    match imms {
                        0 if is_fresh => table.add(tape, &view, &Signature::plain(view, op, x, 0), at)?,
                        _ if is_fresh && Signature::is_for(op) => table.add_any(tape, &view, at)?,
                        _ => (),
                    }
                    active[x as usize]
                }
                Encoding::Fixed { operands: 2, imms: 0 } => {
                    if is_fresh {
                        table.add(tape, &view, &Signature::plain(view, op, x, y), at)?;
                    }
                    active[x as usize] | active[y as usize]
                }
                _ => {
                    if is_fresh && Signature::is_for(op) {
                        table.add_any(tape, &view, at)?;
                    }
                    let mut any = false;
                    view.operands(entry, |x| any |= active[x as usize]);
                    any
                }
            };
            active[position] |= depends && entry.wants();
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

    fn term_at(&self, position: u32) -> Term<'_> {
        self.term_of_entry(self.graph.tape.entry(position), position)
    }

    #[inline(always)]
    fn term_of_entry(&self, entry: Entry, position: u32) -> Term<'_> {
        match entry.code() == Op::Const.code() {
            true => Term::constant(entry.value),
            false => self.node(Handle::new(position, entry.wants())),
        }
    }

    #[inline(always)]
    fn node(&self, handle: Handle) -> Term<'_> {
        Term { recorder: Some(self), bits: handle.0.into() }
    }

    /// Reads the node at a position. `bars` is for the caller to fill in.
    #[inline(always)]
    pub(crate) fn decode<'r, 'b>(
        &'r self,
        view: &View<'_>,
        position: u32,
        buffer: &'b mut Operands<'r>,
    ) -> Decoded<'r, 'b> {
        let entry = view.entry(position);
        let op = entry.op();
        let (count, imm) = match op.encoding() {
            Encoding::Fixed { operands: 1, imms: 0 } => {
                buffer.positions[0] = entry.a();
                (1, NO_IMM)
            }
            Encoding::Fixed { operands: 2, imms: 0 } => {
                buffer.positions[0] = entry.a();
                buffer.positions[1] = entry.b();
                (2, NO_IMM)
            }
            Encoding::Fixed { operands: 1, imms: 1 } => {
                buffer.positions[0] = entry.a();
                (1, view.imm::<1, 1>(entry))
            }
            _ => buffer.read(view, entry),
        };
        let (operands, args) = (&buffer.positions[..count], &mut buffer.args[..count]);
        if !op.is_linear() {
            for (arg, &x) in args.iter_mut().zip(operands) {
                *arg = self.term_of_entry(view.entry(x), x);
            }
        }
        let result = self.term_of_entry(entry, position);
        Decoded { op, imm, operands, args, result, bars: &mut buffer.bars[..count] }
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
        (start..tape.len()).try_for_each(|position| Ok(table.add_any(tape, &tape.view(), position)?))
    }

    /// A recorded node as a term. After an error, NaN.
    #[inline(always)]
    fn recorded(&self, node: Result<Handle, Error>) -> Term<'_> {
        match node {
            Ok(handle) => self.node(handle),
            Err(failure) => rarely(|| {
                self.fail(failure);
                Term::constant(f64::NAN)
            }),
        }
    }

    /// The node of an op without immediates with these operands, one or two: one that the graph has, or a new one. (An
    /// array of the positions would be stored in halves and loaded as one word, and the load would stall.)
    #[inline(always)]
    fn try_plain(&self, op: Op, x: Term<'_>, y: Option<Term<'_>>) -> Result<Handle, Error> {
        debug_assert!(Signature::is_for(op), "the table holds no {op}");
        let tape = &self.graph.tape;
        let a = x.handle_on(tape)?.index();
        let b = match y {
            Some(y) => y.handle_on(tape)?.index(),
            None => 0,
        };
        let view = tape.view();
        let (x, second) = (view.entry(a), view.entry(b));
        let table = &mut *self.table.borrow_mut();
        let vacancy = match table.find(view, &Signature::plain(view, op, a, b)) {
            Ok(position) => return Ok(Handle::new(position, view.entry(position).wants())),
            Err(vacancy) => vacancy,
        };
        let (value, wants) = match y {
            Some(_) => (value::of(op, NO_IMM, &[x.value, second.value]), x.wants() || second.wants()),
            None => (value::of(op, NO_IMM, &[x.value]), x.wants()),
        };
        let wants = wants && !op.stops_gradient();
        let handle = match tape.try_plain(op, a, b, wants, value) {
            Some(handle) => handle,
            None => rarely(|| {
                tape.make_room(op, 2)?;
                Ok::<_, Error>(tape.try_plain(op, a, b, wants, value).expect("there is room"))
            })?,
        };
        table.put(tape, vacancy, handle.index())?;
        Ok(handle)
    }

    /// The node of any op of up to three operands.
    fn try_record(&self, op: Op, imm: Imm, args: &[Term<'_>]) -> Result<Handle, Error> {
        // A rule can record a derivative of the next order, which may be too high.
        op.check_immediates(imm)?;
        debug_assert!(Signature::is_for(op), "the table holds no {op}");
        let tape = &self.graph.tape;
        let (mut handles, mut values, mut operands) =
            (SmallVec::<[Handle; 3]>::new(), SmallVec::<[f64; 3]>::new(), [0; 3]);
        for (arg, place) in args.iter().zip(&mut operands) {
            let handle = arg.handle_on(tape)?;
            *place = handle.index();
            handles.push(handle);
            values.push(tape.entry(handle.index()).value);
        }
        let (table, view) = (&mut *self.table.borrow_mut(), tape.view());
        let vacancy = match table.find(view, &Signature::new(view, op, imm, operands)) {
            Ok(position) => return Ok(Handle::new(position, tape.entry(position).wants())),
            Err(vacancy) => vacancy,
        };
        tape.make_room(op, args.len())?;
        let handle = tape.push_op(op, imm, &handles, value::of(op, imm, &values));
        table.put(tape, vacancy, handle.index())?;
        Ok(handle)
    }
}

/// Room for what rules take of each operand of a node. (The lists keep their lengths: writing an element is faster than
/// appending one.)
#[derive(Debug)]
pub(crate) struct Operands<'r> {
    positions: Vec<u32>,
    args: Vec<Term<'r>>,
    bars: Vec<Term<'r>>,
}

impl Operands<'_> {
    /// Room for this many operands. It grows for a node that has more.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn with_room(operands: usize) -> Result<Self, Refused> {
        let nothing = || filled(Term::NOTHING, operands.max(3));
        Ok(Operands { positions: zeroed(operands.max(3))?, args: nothing()?, bars: nothing()? })
    }

    /// Reads the positions of the operands of an entry. Returns their number and the immediates.
    #[inline(never)]
    fn read(&mut self, view: &View<'_>, entry: Entry) -> (usize, Imm) {
        let count = entry.operands();
        if count > self.positions.len() {
            self.positions.resize(count, 0);
            self.args.resize(count, Term::NOTHING);
            self.bars.resize(count, Term::NOTHING);
        }
        let mut places = self.positions.iter_mut();
        let imm = view.operands(entry, |x| {
            if let Some(place) = places.next() {
                *place = x;
            }
        });
        (count, imm)
    }
}

/// A node as rules take it.
#[derive(Debug)]
pub(crate) struct Decoded<'r, 'b> {
    pub(crate) op: Op,
    pub(crate) imm: Imm,
    pub(crate) operands: &'b [u32],
    /// The operands as terms, unless the rule of the op does not read them.
    pub(crate) args: &'b [Term<'r>],
    pub(crate) result: Term<'r>,
    /// Room for the cotangent of each operand. Until it is filled, it holds those of another node.
    pub(crate) bars: &'b mut [Term<'r>],
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
    #[inline(always)]
    pub(crate) fn gather(&mut self, part: Self) {
        if !part.is_nothing() {
            *self = if self.is_nothing() { part } else { *self + part };
        }
    }

    /// Whether it is 0 at all values of the leaves.
    #[inline(always)]
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

    #[inline(always)]
    fn apply(op: Op, imm: Imm, args: &[Self]) -> Self {
        match *args {
            [x] if op.immediates() == 0 => Term::unary(op, x),
            [x, y] if op.immediates() == 0 => Term::binary(op, x, y),
            _ => Term::any(op, imm, args),
        }
    }
}

/// Recording, by functions that take terms in registers. An op of numbers alone is computed.
impl<'r> Term<'r> {
    #[inline(never)]
    fn unary(op: Op, x: Self) -> Self {
        match x.recorder {
            Some(recorder) => recorder.recorded(recorder.try_plain(op, x, None)),
            None => Term::any(op, NO_IMM, &[x]),
        }
    }

    #[inline(never)]
    fn binary(op: Op, x: Self, y: Self) -> Self {
        // Nothing is certain of two nodes.
        if (x.recorder.is_none() || y.recorder.is_none())
            && let Some(certain) = Term::certain(op, NO_IMM, &[x, y])
        {
            return certain;
        }
        match x.recorder.or(y.recorder) {
            Some(recorder) => recorder.recorded(recorder.try_plain(op, x, Some(y))),
            None => Term::any(op, NO_IMM, &[x, y]),
        }
    }

    #[inline(never)]
    fn any(op: Op, imm: Imm, args: &[Self]) -> Self {
        if let Some(certain) = Term::certain(op, imm, args) {
            return certain;
        }
        // Rules record ops of at most three operands.
        match args.iter().find_map(|x| x.recorder) {
            Some(recorder) => recorder.recorded(recorder.try_record(op, imm, args)),
            None => {
                let values: SmallVec<[f64; 3]> = args.iter().map(|x| x.primal()).collect();
                Term::constant(value::of(op, imm, &values))
            }
        }
    }
}

operators_by_apply! { ['r] Term<'r> }
