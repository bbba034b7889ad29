//! Derivatives as graph: the rules of the table run over terms that record. Read [`crate::dual`]
//! next, for derivatives as numbers.
//!
//! The reverse sweep over [`Term`]s appends the gradient to the graph as ordinary nodes, which can
//! be looked at, drawn, differentiated again and compiled. A term folds what arithmetic makes
//! certain (a product by 1, a guarded product by 0) and shares what the graph computed already,
//! so that `exp'` is the node of `exp` itself; adjoints that no wanted node depends on are never
//! recorded.

use std::cell::RefCell;
use std::hash::BuildHasher;
use std::ops::{Add, Div, Mul, Neg, Sub};

use rustc_hash::{FxBuildHasher, FxHashMap};
use smallvec::SmallVec;

use crate::error::{Error, expect};
use crate::graph::Graph;
use crate::node::NodeId;
use crate::op::{Imm, NO_IMM, Op};
use crate::scalar::{Adj, Scalar, rule, value};
use crate::tape::{Extent, Handle, Tape};

impl Graph {
    /// The gradient of `l` in the nodes `wrt`, as nodes: one for each, in order. A node that `l`
    /// does not depend on gives the constant 0; the same node twice gives the same node twice.
    /// `wrt` may hold computed nodes: their adjoint is what comes.
    ///
    /// Appends a small multiple of the nodes between `wrt` and `l`; O(nodes up to `l`). The result
    /// is differentiable again, to any order.
    ///
    /// # Panics
    /// On a wrong key, where `l` is stale, and where the graph is full.
    pub fn gradient(&self, l: NodeId, wrt: &[NodeId]) -> Vec<NodeId> {
        expect(self.try_gradient(l, wrt))
    }

    /// As [`Graph::gradient`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::Full`], [`Error::OutOfMemory`]; the
    /// graph is as before.
    pub fn try_gradient(&self, l: NodeId, wrt: &[NodeId]) -> Result<Vec<NodeId>, Error> {
        let recorder = Recorder::new(self, &[l], wrt)?;
        recorder.pullback(&[(l, Term::Constant(1.0))], wrt)
    }

    /// The pullback as nodes: the sum over `seeds` of `seed * d(output)/dn` for every `n` in `wrt`,
    /// where a seed is a node too. [`Graph::gradient`] with several outputs.
    ///
    /// # Panics
    /// On a wrong key, and where an output or seed is stale.
    pub fn pullback(&self, seeds: &[(NodeId, NodeId)], wrt: &[NodeId]) -> Vec<NodeId> {
        expect(self.try_pullback(seeds, wrt))
    }

    /// As [`Graph::pullback`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::Full`], [`Error::OutOfMemory`]; the
    /// graph is as before.
    pub fn try_pullback(&self, seeds: &[(NodeId, NodeId)], wrt: &[NodeId]) -> Result<Vec<NodeId>, Error> {
        let outputs: Vec<NodeId> = seeds.iter().map(|&(output, _)| output).collect();
        let recorder = Recorder::new(self, &outputs, wrt)?;
        let seeds = seeds
            .iter()
            .map(|&(output, seed)| Ok((output, recorder.term(self.borrow().fresh(seed)?))))
            .collect::<Result<Vec<_>, Error>>()?;
        recorder.pullback(&seeds, wrt)
    }

    /// The pushforward as nodes: for every output the sum over `seeds` of `d(output)/dn * tangent`,
    /// where a tangent is a node too. The forward counterpart of [`Graph::pullback`].
    ///
    /// # Panics
    /// On a wrong key, and where an output or tangent is stale.
    pub fn pushforward(&self, seeds: &[(NodeId, NodeId)], outputs: &[NodeId]) -> Vec<NodeId> {
        expect(self.try_pushforward(seeds, outputs))
    }

    /// As [`Graph::pushforward`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`], [`Error::Full`], [`Error::OutOfMemory`]; the
    /// graph is as before.
    pub fn try_pushforward(&self, seeds: &[(NodeId, NodeId)], outputs: &[NodeId]) -> Result<Vec<NodeId>, Error> {
        let wrt: Vec<NodeId> = seeds.iter().map(|&(node, _)| node).collect();
        let recorder = Recorder::new(self, outputs, &wrt)?;
        let seeds = seeds
            .iter()
            .map(|&(node, tangent)| Ok((node, recorder.term(self.borrow().fresh(tangent)?))))
            .collect::<Result<Vec<_>, Error>>()?;
        recorder.pushforward(&seeds, outputs)
    }
}

/// What makes two nodes the same: op, operands, immediates.
type Shape = (Op, [u32; 3], [u64; 2]);

/// A derivation under way: the graph, and which nodes it has.
#[derive(Debug)]
struct Recorder<'g> {
    graph: &'g Graph,
    /// Where a node of a shape stands, by the hash of the shape; the node itself says whether it
    /// is that shape or one of the same hash.
    known: RefCell<FxHashMap<u64, Handle>>,
    /// Whether the node at a position depends on one of `wrt`; as long as the last output is far.
    active: Vec<bool>,
    /// How far the graph had got, to go back to where the derivatives do not fit.
    before: Extent,
    /// Why they do not; what is recorded then is of no use any more.
    failure: RefCell<Option<Error>>,
}

/// A number, or a node that the recorder knows.
#[derive(Clone, Copy, Debug)]
enum Term<'r> {
    Constant(f64),
    Node {
        recorder: &'r Recorder<'r>,
        handle: Handle,
        value: f64,
    },
}

impl<'g> Recorder<'g> {
    fn new(graph: &'g Graph, outputs: &[NodeId], wrt: &[NodeId]) -> Result<Recorder<'g>, Error> {
        let inner = graph.borrow();
        let mut len = 0;
        for &output in outputs {
            len = len.max(inner.fresh(output)? as usize + 1);
        }
        let mut active = vec![false; len];
        for &node in wrt {
            let position = inner.position(node)? as usize;
            if position < len {
                active[position] = true;
            }
        }
        let mut known = FxHashMap::with_capacity_and_hasher(len, FxBuildHasher);
        for (position, &entry) in inner.tape.entries[..len].iter().enumerate() {
            let mut operands = SmallVec::<[u32; 3]>::new();
            let imm = inner.tape.operands(entry, |x| operands.push(x));
            let passes = !entry.op().stops_gradient();
            active[position] |= passes && operands.iter().any(|&x| active[x as usize]);
            if position >= inner.stale_below as usize
                && !entry.is_source()
                && let Some(shape) = shape(entry.op(), imm, operands.iter().copied())
            {
                known
                    .entry(hash(&shape))
                    .or_insert(Handle::new(position as u32, entry.wants()));
            }
        }
        let before = inner.tape.extent();
        drop(inner);
        Ok(Recorder {
            graph,
            known: RefCell::new(known),
            active,
            before,
            failure: RefCell::new(None),
        })
    }

    fn term(&self, position: u32) -> Term<'_> {
        let entry = self.graph.borrow().tape.entries[position as usize];
        if entry.op() == Op::Const {
            return Term::Constant(entry.value);
        }
        Term::Node {
            recorder: self,
            handle: Handle::new(position, entry.wants()),
            value: entry.value,
        }
    }

    /// The keys of what was derived. Where it did not all fit, none of it stays: no key of it was
    /// given out.
    fn nodes<'r>(&self, terms: impl Iterator<Item = Option<Term<'r>>>) -> Result<Vec<NodeId>, Error> {
        let inner = &mut *self.graph.inner.borrow_mut();
        let node = |term| {
            let handle = match term {
                Some(Term::Node { handle, .. }) => handle,
                Some(Term::Constant(c)) => inner.tape.try_constant(c)?,
                None => inner.tape.try_constant(0.0)?,
            };
            Ok(inner.generations.key(handle.index()))
        };
        let nodes = match self.failure.take() {
            Some(failure) => Err(failure),
            None => terms.map(node).collect(),
        };
        if nodes.is_err() {
            inner.tape.truncate(self.before);
        }
        nodes
    }

    /// The op, immediates and operands of a node, as terms.
    fn decode<'r>(&'r self, position: u32, operands: &mut Vec<u32>, args: &mut Vec<Term<'r>>) -> (Op, Imm) {
        operands.clear();
        args.clear();
        let inner = self.graph.borrow();
        let entry = inner.tape.entries[position as usize];
        let imm = inner.tape.operands(entry, |x| operands.push(x));
        drop(inner);
        args.extend(operands.iter().map(|&x| self.term(x)));
        (entry.op(), imm)
    }

    fn pullback<'r>(&'r self, seeds: &[(NodeId, Term<'r>)], wrt: &[NodeId]) -> Result<Vec<NodeId>, Error> {
        let mut adjoints: Vec<Option<Term<'r>>> = vec![None; self.active.len()];
        let add = |adjoint: &mut Option<Term<'r>>, bar: Term<'r>| {
            if !bar.is_nothing() {
                *adjoint = Some(adjoint.map_or(bar, |sum| sum + bar));
            }
        };
        for &(output, seed) in seeds {
            add(&mut adjoints[output.index()], seed);
        }
        let lowest = wrt.iter().map(|node| node.index()).min().unwrap_or(usize::MAX);
        let (mut operands, mut args) = (Vec::new(), Vec::new());
        for position in (lowest.min(adjoints.len())..adjoints.len()).rev() {
            let Some(bar) = adjoints[position] else { continue };
            if !self.active[position] {
                continue;
            }
            let (op, imm) = self.decode(position as u32, &mut operands, &mut args);
            rule::of(
                op,
                imm,
                &args,
                self.term(position as u32),
                |k| self.active[operands[k] as usize].then_some(Adj(bar)),
                |k, bar| add(&mut adjoints[operands[k] as usize], bar.0),
            );
        }
        self.nodes(wrt.iter().map(|node| adjoints.get(node.index()).copied().flatten()))
    }

    fn pushforward<'r>(&'r self, seeds: &[(NodeId, Term<'r>)], outputs: &[NodeId]) -> Result<Vec<NodeId>, Error> {
        let mut tangents: Vec<Option<Term<'r>>> = vec![None; self.active.len()];
        for &(node, seed) in seeds {
            if let Some(tangent) = tangents.get_mut(node.index()) {
                *tangent = Some(tangent.map_or(seed, |sum| sum + seed));
            }
        }
        let (mut operands, mut args) = (Vec::new(), Vec::new());
        for position in 0..tangents.len() {
            if !self.active[position] {
                continue;
            }
            let (op, imm) = self.decode(position as u32, &mut operands, &mut args);
            // A seeded node keeps its seed; what else reaches it is added.
            let mut sum = tangents[position];
            rule::of(
                op,
                imm,
                &args,
                self.term(position as u32),
                |k| tangents[operands[k] as usize].map(Adj),
                |_, part| {
                    if !part.0.is_nothing() {
                        sum = Some(sum.map_or(part.0, |sum| sum + part.0));
                    }
                },
            );
            tangents[position] = sum;
        }
        self.nodes(outputs.iter().map(|node| tangents[node.index()]))
    }

    /// The node of the op at these operands: one that the graph has, or a new one.
    fn record<'r>(&'r self, op: Op, imm: Imm, args: &[Term<'r>]) -> Term<'r> {
        self.try_record(op, imm, args).unwrap_or_else(|failure| {
            self.failure.replace(Some(failure));
            Term::Constant(f64::NAN)
        })
    }

    fn try_record<'r>(&'r self, op: Op, imm: Imm, args: &[Term<'r>]) -> Result<Term<'r>, Error> {
        let values: SmallVec<[f64; 8]> = args.iter().map(|x| x.primal()).collect();
        let mut inner = self.graph.inner.borrow_mut();
        let tape = &mut inner.tape;
        let handles = args
            .iter()
            .map(|x| match *x {
                Term::Node { handle, .. } => Ok(handle),
                Term::Constant(c) => tape.try_constant(c),
            })
            .collect::<Result<SmallVec<[Handle; 8]>, Error>>()?;
        let shape = shape(op, imm, handles.iter().map(|x| x.index())).map(|shape| (hash(&shape), shape));
        let mut known = self.known.borrow_mut();
        if let Some((hash, shape)) = &shape
            && let Some(&handle) = known.get(hash)
            && shape_of(tape, handle) == Some(*shape)
        {
            let value = tape.entries[handle.index() as usize].value;
            return Ok(Term::Node {
                recorder: self,
                handle,
                value,
            });
        }
        tape.make_room(handles.len())?;
        let value = value::of(op, imm, &values);
        let handle = tape.push_op(op, imm, &handles, value);
        if let Some((hash, _)) = shape {
            known.insert(hash, handle);
        }
        Ok(Term::Node {
            recorder: self,
            handle,
            value,
        })
    }
}

fn hash(shape: &Shape) -> u64 {
    FxBuildHasher.hash_one(shape)
}

/// The shape of a node that is recorded.
fn shape_of(tape: &Tape, node: Handle) -> Option<Shape> {
    let entry = tape.entries[node.index() as usize];
    let mut operands = SmallVec::<[u32; 3]>::new();
    let imm = tape.operands(entry, |x| operands.push(x));
    shape(entry.op(), imm, operands.iter().copied())
}

/// The shape of a node with at most three operands. Those of symmetric ops are sorted: `x * y` and
/// `y * x` are the same to the bit.
fn shape(op: Op, imm: Imm, operands: impl ExactSizeIterator<Item = u32>) -> Option<Shape> {
    if operands.len() > 3 || op.layout() == crate::op::Layout::List {
        return None;
    }
    let mut three = [u32::MAX; 3];
    for (place, operand) in three.iter_mut().zip(operands) {
        *place = operand;
    }
    if op.is_symmetric() && three[0] > three[1] {
        three.swap(0, 1);
    }
    Some((op, three, imm.map(f64::to_bits)))
}

impl<'r> Term<'r> {
    fn is_nothing(self) -> bool {
        matches!(self, Term::Constant(0.0))
    }

    /// What the op gives without recording anything: an operand or a constant, where that is the
    /// value to the bit whatever the operands that vary turn out to be.
    fn folded(op: Op, imm: Imm, args: &[Self]) -> Option<Self> {
        use Term::Constant as C;
        let is_one = |c: f64| c == 1.0;
        Some(match (op, args) {
            (Op::Gmul, &[C(c), x] | &[x, C(c)]) if is_one(c) => x,
            (Op::Gmul, &[C(0.0), _] | &[_, C(0.0)]) => C(0.0),
            (Op::Gdiv, &[C(0.0), _]) => C(0.0),
            (Op::Mul, &[C(c), x] | &[x, C(c)]) if is_one(c) => x,
            (Op::Div | Op::Gdiv, &[x, C(c)]) if is_one(c) => x,
            // x - 0 is x even for -0; x + 0 is not.
            (Op::Sub, &[x, C(c)]) if c.to_bits() == 0 => x,
            // The derivatives of whole powers end: x^0 is 1, even for NaN.
            (Op::Powd, _) if imm[1] >= imm[0] && imm[0] >= 0.0 && imm[0].fract() == 0.0 => C(value::powd([1.0], imm)),
            (Op::Powd, &[x]) if imm == [1.0, 0.0] => x,
            _ => return None,
        })
    }
}

impl<'r> Scalar for Term<'r> {
    fn constant(c: f64) -> Self {
        Term::Constant(c)
    }

    fn primal(self) -> f64 {
        match self {
            Term::Constant(value) | Term::Node { value, .. } => value,
        }
    }

    fn apply(op: Op, imm: Imm, args: &[Self]) -> Self {
        if let Some(known) = Term::folded(op, imm, args) {
            return known;
        }
        let recorder = args.iter().find_map(|x| match *x {
            Term::Node { recorder, .. } => Some(recorder),
            Term::Constant(_) => None,
        });
        match recorder {
            Some(recorder) => recorder.record(op, imm, args),
            None => {
                let values: SmallVec<[f64; 8]> = args.iter().map(|x| x.primal()).collect();
                Term::Constant(value::of(op, imm, &values))
            }
        }
    }
}

impl Neg for Term<'_> {
    type Output = Self;
    fn neg(self) -> Self {
        Self::apply(Op::Neg, NO_IMM, &[self])
    }
}

macro_rules! operators {
    ($($Trait:ident $method:ident $op:expr;)+) => {$(
        impl<'r> $Trait for Term<'r> {
            type Output = Self;
            fn $method(self, rhs: Self) -> Self {
                Self::apply($op, NO_IMM, &[self, rhs])
            }
        }
        impl<'r> $Trait<f64> for Term<'r> {
            type Output = Self;
            fn $method(self, rhs: f64) -> Self {
                Self::apply($op, NO_IMM, &[self, Term::Constant(rhs)])
            }
        }
    )+};
}
operators! { Add add Op::Add; Sub sub Op::Sub; Mul mul Op::Mul; Div div Op::Div; }
