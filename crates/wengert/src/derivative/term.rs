//! Terms: the scalars over which the rules of the table run to record derivatives as graph nodes.
//!
//! A term is a number or a node, and applying an op to terms records it. A result that is certain is folded (a product
//! with 1, a guarded product with 0). What the graph has computed already is shared: the derivative of `exp(x)` is the
//! node of `exp(x)`.

use alloc::vec::Vec;
use core::cell::{Cell, RefCell, RefMut};
use core::ops::{Add, Div, Mul, Neg, Sub};

use smallvec::SmallVec;

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

/// A term in half of the memory, for lists as long as the tape: the bits of a number, or those of a NaN with the
/// handle of a node. A number with such bits, which only a user can make, becomes the usual NaN: see [`Term::packed`].
pub(crate) type Packed = u64;

/// What a handle is added to.
const NODE: Packed = 0xffff_ffff << 32;

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
        // A gradient has about as many nodes as its function, and two for each operand of an n-ary op.
        let mut table = NodeTable::with_room(2 * len, graph.stale_below..len as u32)?;
        let mut listed = 0;
        let view = tape.view().below(len);
        for (position, at) in (0..len).zip(0..) {
            let entry = view.entry(at);
            table.meet(view, entry, at)?;
            let depends = match entry.op().encoding() {
                Encoding::Source => false,
                Encoding::Fixed { operands: 1, .. } => active[entry.a() as usize],
                Encoding::Fixed { operands: 2, imms: 0 } => active[entry.a() as usize] | active[entry.b() as usize],
                _ => {
                    if entry.op() != Op::External {
                        listed += entry.operands();
                    }
                    let mut any = false;
                    view.operands(entry, |x| any |= active[x as usize]);
                    any
                }
            };
            active[position] |= depends && entry.wants();
        }
        table.reserve(view, 2 * (len + listed))?;
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
    pub(crate) fn term_at(&self, position: u32) -> Term<'_> {
        self.term_of_entry(self.graph.tape.entry(position), position)
    }

    #[inline(always)]
    fn term_of_entry(&self, entry: Entry, position: u32) -> Term<'_> {
        match entry.code() == Op::Const.code() {
            true => Term::constant(entry.value),
            false => self.node(Handle::new(position, entry.wants())),
        }
    }

    /// The term of a list.
    #[inline(always)]
    pub(crate) fn unpacked(&self, bits: Packed) -> Term<'_> {
        match bits >= NODE {
            true => self.node(Handle(bits as u32)),
            false => Term::constant(f64::from_bits(bits)),
        }
    }

    /// Adds a part to a term of a list.
    #[inline(always)]
    pub(crate) fn gather<'r>(&'r self, place: &mut Packed, part: Term<'r>) {
        let mut sum = self.unpacked(*place);
        sum.gather(part);
        *place = sum.packed();
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
        let (count, imm) = buffer.read(view, entry);
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
        Ok(self.table.borrow_mut().add_from(&self.graph.tape, start)?)
    }

    /// The term of what could not be recorded.
    #[cold]
    fn failed(&self, failure: Error) -> Term<'_> {
        self.fail(failure);
        Term::constant(f64::NAN)
    }

    /// The node of an op of one or two operands, without immediates: one that the graph has, or a new one. `latest` is
    /// the later operand that is not a constant. (An array of operands would be stored in halves and loaded as one word,
    /// and the load would stall.)
    #[inline(never)]
    fn plain<const OPERANDS: usize>(&self, op: Op, a: u32, b: u32, latest: u32) -> Term<'_> {
        debug_assert!(Signature::is_for(op), "the table holds no {op}");
        let tape = &self.graph.tape;
        let mut table = self.table.borrow_mut();
        // One call for all rare cases, from which nothing comes back: values that are needed after a call are stored.
        let Some(vacant) = tape.vacant().filter(|_| table.is_ready(op)) else {
            return self.plain_apart::<OPERANDS>(table, op, [a, b, latest]);
        };
        let view = tape.view();
        let vacancy = match table.find(view, &Signature::plain(op, a, b, latest)) {
            Ok(position) => return self.node(Handle::new(position, view.entry(position).wants())),
            Err(vacancy) => vacancy,
        };
        let (x, y) = (view.entry(a), view.entry(b));
        // The usual ops are found by comparisons: a jump that depends on the op would be predicted worse.
        let value = match op {
            Op::Gmul => value::gmul([x.value, y.value], NO_IMM),
            Op::Add => value::add([x.value, y.value], NO_IMM),
            Op::Neg => value::neg([x.value], NO_IMM),
            _ => value::of(op, NO_IMM, &[x.value, y.value][..OPERANDS]),
        };
        let wants = (x.wants() || (OPERANDS == 2 && y.wants())) && !op.stops_gradient();
        let position = tape.append(vacant, Entry::stored(op, a, b, wants, value));
        table.put(vacancy, position);
        self.node(Handle::new(position, wants))
    }

    /// As [`Recorder::plain`], in the rare cases.
    #[cold]
    #[inline(never)]
    fn plain_apart<const OPERANDS: usize>(
        &self,
        mut table: RefMut<'_, NodeTable>,
        op: Op,
        [a, b, latest]: [u32; 3],
    ) -> Term<'_> {
        let tape = &self.graph.tape;
        let mut prepared = || {
            table.complete(tape, op)?;
            // A node that is there takes no room.
            let known = table.find(tape.view(), &Signature::plain(op, a, b, latest)).ok();
            if known.is_none() {
                tape.make_room(op, OPERANDS)?;
                table.make_room(tape.view())?;
            }
            Ok(known)
        };
        let prepared = prepared();
        debug_assert!(
            prepared != Ok(None) || tape.vacant().is_some() && table.is_ready(op),
            "`plain` would come back here"
        );
        drop(table);
        match prepared {
            Ok(Some(position)) => self.node(Handle::new(position, tape.entry(position).wants())),
            Ok(None) => self.plain::<OPERANDS>(op, a, b, latest),
            Err(failure) => self.failed(failure),
        }
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
        let (table, signature) = (&mut *self.table.borrow_mut(), Signature::new(tape.view(), op, imm, operands));
        table.complete(tape, op)?;
        if let Ok(position) = table.find(tape.view(), &signature) {
            return Ok(Handle::new(position, tape.entry(position).wants()));
        }
        tape.make_room(op, args.len())?;
        let handle = tape.push_op(op, imm, &handles, value::of(op, imm, &values));
        table.add(tape.view(), &signature, handle.index())?;
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

    /// The position of the node.
    #[inline(always)]
    fn position(self) -> u32 {
        Handle(self.bits as u32).index()
    }

    /// The handle of the node; a number becomes one.
    #[inline(always)]
    fn handle_on(self, tape: &Tape) -> Result<Handle, Error> {
        match self.number() {
            None => Ok(Handle(self.bits as u32)),
            Some(c) => tape.try_constant(c),
        }
    }

    /// The term as lists hold it. (A NaN that would look like a node becomes the usual one.)
    #[inline(always)]
    pub(crate) fn packed(self) -> Packed {
        match self.recorder {
            Some(_) => NODE | self.bits,
            None if self.bits >= NODE => f64::NAN.to_bits(),
            None => self.bits,
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

/// Recording. An op of numbers alone is computed.
impl<'r> Term<'r> {
    #[inline(always)]
    fn unary(op: Op, x: Self) -> Self {
        match x.recorder {
            Some(recorder) => recorder.plain::<1>(op, x.position(), 0, x.position()),
            None => Term::any(op, NO_IMM, &[x]),
        }
    }

    #[inline(always)]
    fn binary(op: Op, x: Self, y: Self) -> Self {
        match (x.recorder, y.recorder) {
            (Some(recorder), Some(_)) => {
                let (a, b) = (x.position(), y.position());
                recorder.plain::<2>(op, a, b, a.max(b))
            }
            _ => Term::with_number(op, x, y),
        }
    }

    #[inline(never)]
    fn with_number(op: Op, x: Self, y: Self) -> Self {
        if let Some(certain) = Term::certain(op, NO_IMM, &[x, y]) {
            return certain;
        }
        let Some(recorder) = x.recorder.or(y.recorder) else {
            return Term::constant(value::of(op, NO_IMM, &[x, y].map(Term::primal)));
        };
        let tape = &recorder.graph.tape;
        let node = if x.recorder.is_some() { x } else { y };
        match (x.handle_on(tape), y.handle_on(tape)) {
            (Ok(a), Ok(b)) => recorder.plain::<2>(op, a.index(), b.index(), node.position()),
            (Err(failure), _) | (_, Err(failure)) => recorder.failed(failure),
        }
    }

    #[inline(never)]
    fn any(op: Op, imm: Imm, args: &[Self]) -> Self {
        if let Some(certain) = Term::certain(op, imm, args) {
            return certain;
        }
        // Rules record ops of at most three operands.
        match args.iter().find_map(|x| x.recorder) {
            Some(recorder) => match recorder.try_record(op, imm, args) {
                Ok(handle) => recorder.node(handle),
                Err(failure) => recorder.failed(failure),
            },
            None => {
                let values: SmallVec<[f64; 3]> = args.iter().map(|x| x.primal()).collect();
                Term::constant(value::of(op, imm, &values))
            }
        }
    }
}

operators_by_apply! { ['r] Term<'r> }
