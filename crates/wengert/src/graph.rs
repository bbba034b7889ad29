//! The arena: a graph of nodes over a tape, and what can be asked of it. Read [`crate::build`] for
//! how it grows, [`crate::sweep`] for how derivatives are made.

use std::cell::{Ref, RefCell};

use slotmap::SparseSecondaryMap;

use crate::error::{Error, expect};
use crate::generation::Generations;
use crate::guard::{Guard, Relation};
use crate::node::{Node, NodeId, Operands};
use crate::numbers::Curvature;
use crate::op::Op;
use crate::scope::{Scope, Scopes};
use crate::sweep;
use crate::tape::{Extent, Handle, MAX_NODES, Tape};

/// An arena of nodes, each a number and how it was computed.
///
/// Building appends nodes and computes their values at once; [`Graph::backward`] leaves on every
/// node the derivative of one of them in it. Builders take `&self`, so expressions nest
/// (`g.mul(g.sin(a), b)`) and live side by side; what moves values or drops nodes takes
/// `&mut self`.
///
/// Every key is checked, in release builds too. Plain methods panic with the text of the
/// [`Error`]; the `try_` forms return it.
///
/// A node takes 16 bytes, and 8 more once its adjoint was swept. A graph is `Send`.
#[derive(Debug)]
pub struct Graph {
    pub(crate) inner: RefCell<Inner>,
}

/// What the one `RefCell` of a graph holds. It is never borrowed while code of the user runs.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) tape: Tape,
    pub(crate) generations: Generations,
    /// Computed values below this were recorded before the last `set`.
    pub(crate) stale_below: u32,
    pub(crate) adjoints: Vec<f64>,
    scratch: Vec<f64>,
    /// The buffers of the last Hessian-vector product.
    pub(crate) curvature: Option<Curvature<1>>,
    /// What recording needs of the operands of an op, kept for the next.
    pub(crate) operands: (Vec<Handle>, Vec<f64>),
    /// How many adjoints are of the last sweep; those beyond read as 0.
    swept: u32,
    pub(crate) guards: Vec<RawGuard>,
    /// The serial number of the next guard.
    next_guard: u32,
    labels: SparseSecondaryMap<NodeId, String>,
    /// One more than the highest position that has a label.
    labelled_below: u32,
    scopes: Scopes,
}

/// A guard between positions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawGuard {
    pub(crate) left: u32,
    pub(crate) right: u32,
    pub(crate) relation: Relation,
    pub(crate) recorded: bool,
    /// Tells it from guards that stood in its place before.
    serial: u32,
}

/// How far a graph had got, for [`Graph::rewind`].
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    extent: Extent,
    stamp: u32,
    guards: u32,
    last_guard: Option<u32>,
    scopes: u32,
}

impl Default for Graph {
    fn default() -> Self {
        Graph::new()
    }
}

impl Graph {
    /// An empty graph, which may grow to 2^28 nodes.
    pub fn new() -> Graph {
        Graph::with_limit(MAX_NODES)
    }

    /// An empty graph with room for `nodes` nodes: none is allocated while it has fewer. (Operand
    /// lists, immediates and adjoints take their memory when they are first needed.)
    ///
    /// # Panics
    /// Where that is more than 2^28 or the memory cannot be had.
    pub fn with_capacity(nodes: usize) -> Graph {
        expect(Graph::try_with_capacity(nodes))
    }

    /// As [`Graph::with_capacity`].
    ///
    /// # Errors
    /// [`Error::Full`] beyond 2^28 nodes, [`Error::OutOfMemory`] where the allocator refuses.
    pub fn try_with_capacity(nodes: usize) -> Result<Graph, Error> {
        let graph = Graph::new();
        graph.inner.borrow_mut().tape.reserve(nodes)?;
        Ok(graph)
    }

    /// An empty graph that may hold `nodes` nodes (2^28 at most) and refuses more.
    pub fn with_limit(nodes: usize) -> Graph {
        Graph {
            inner: RefCell::new(Inner {
                tape: Tape::new(nodes),
                generations: Generations::new(),
                stale_below: 0,
                adjoints: Vec::new(),
                scratch: Vec::new(),
                curvature: None,
                operands: (Vec::new(), Vec::new()),
                swept: 0,
                guards: Vec::new(),
                next_guard: 0,
                labels: SparseSecondaryMap::new(),
                labelled_below: 0,
                scopes: Scopes::default(),
            }),
        }
    }

    /// How many nodes the graph holds.
    pub fn len(&self) -> usize {
        self.inner.borrow().tape.entries.len()
    }

    /// Whether the graph holds no node.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many nodes the graph may hold.
    pub fn limit(&self) -> usize {
        self.inner.borrow().tape.limit()
    }

    /// The bytes in use for nodes, their operand lists, immediates, adjoints and guards.
    pub fn memory(&self) -> usize {
        let inner = self.inner.borrow();
        inner.tape.bytes() + inner.swept as usize * size_of::<f64>() + size_of_val(&inner.guards[..])
    }

    // ---- values

    /// The value of a node.
    ///
    /// # Panics
    /// On a wrong key, and on a computed value that a [`Graph::set`] made stale.
    pub fn value(&self, node: NodeId) -> f64 {
        expect(self.try_value(node))
    }

    /// As [`Graph::value`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`].
    pub fn try_value(&self, node: NodeId) -> Result<f64, Error> {
        let inner = self.inner.borrow();
        let position = inner.fresh(node)?;
        Ok(inner.tape.entries[position as usize].value)
    }

    /// Sets the value of a leaf. What was computed before is stale from then on, until
    /// [`Graph::forward`]; leaves may be read and set one after another.
    ///
    /// # Panics
    /// On a wrong key, and on a node that is no leaf.
    pub fn set(&mut self, leaf: NodeId, value: f64) {
        expect(self.try_set(leaf, value));
    }

    /// As [`Graph::set`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::NotALeaf`]; the graph is as before.
    pub fn try_set(&mut self, leaf: NodeId, value: f64) -> Result<(), Error> {
        let inner = self.inner.get_mut();
        let position = inner.position(leaf)?;
        let entry = &mut inner.tape.entries[position as usize];
        if entry.op() != Op::Leaf {
            return Err(Error::NotALeaf {
                node: leaf,
                op: entry.op(),
            });
        }
        entry.value = value;
        inner.make_stale();
        Ok(())
    }

    /// Recomputes every value from the leaves: after [`Graph::set`]. O(nodes), allocates nothing.
    ///
    /// # Errors
    /// [`Error::GuardFlipped`] where a comparison made while recording comes out otherwise at the
    /// new values, so that the recorded expression is no longer the one meant. Computed values
    /// stay stale then; set other leaves and call again, or record anew.
    pub fn forward(&mut self) -> Result<(), Error> {
        let inner = self.inner.get_mut();
        sweep::recompute(&mut inner.tape, &mut inner.scratch);
        let entries = &inner.tape.entries;
        for guard in &inner.guards {
            let [left, right] = [guard.left, guard.right].map(|x| entries[x as usize].value);
            if guard.relation.holds(left, right) != guard.recorded {
                let error = inner.flipped(guard);
                inner.make_stale();
                return Err(error);
            }
        }
        inner.stale_below = 0;
        Ok(())
    }

    // ---- derivatives

    /// Sweeps back from `l` and leaves `dl/dn` on every node `n`. Overwrites what the last sweep
    /// left. O(nodes up to `l`); allocates nothing once it ran on as many nodes.
    ///
    /// # Panics
    /// On a wrong key, and where `l` is stale.
    pub fn backward(&self, l: NodeId) {
        expect(self.try_backward(l));
    }

    /// As [`Graph::backward`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`]; the last sweep's gradients stay.
    pub fn try_backward(&self, l: NodeId) -> Result<(), Error> {
        self.try_backward_seeded(&[(l, 1.0)])
    }

    /// Sweeps back from several outputs at once: leaves on every node `n` the sum of
    /// `seed * d(output)/dn`.
    ///
    /// # Panics
    /// As [`Graph::backward`].
    pub fn backward_seeded(&self, seeds: &[(NodeId, f64)]) {
        expect(self.try_backward_seeded(seeds));
    }

    /// As [`Graph::backward_seeded`].
    ///
    /// # Errors
    /// As [`Graph::try_backward`].
    pub fn try_backward_seeded(&self, seeds: &[(NodeId, f64)]) -> Result<(), Error> {
        let inner = &mut *self.inner.borrow_mut();
        for &(output, _) in seeds {
            inner.fresh(output)?;
        }
        inner.backward(seeds.iter().map(|&(output, seed)| (output.position(), seed)))
    }

    /// The derivative that the last [`Graph::backward`] left on the node: 0 before any, for nodes
    /// recorded since, and for what wants no gradient.
    ///
    /// # Panics
    /// On a wrong key.
    pub fn grad(&self, node: NodeId) -> f64 {
        expect(self.try_grad(node))
    }

    /// As [`Graph::grad`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`].
    pub fn try_grad(&self, node: NodeId) -> Result<f64, Error> {
        let inner = self.inner.borrow();
        Ok(inner.adjoint(inner.position(node)?))
    }

    // ---- going back

    /// How far the graph has got, to come back to.
    pub fn mark(&self) -> Mark {
        let inner = self.inner.borrow();
        Mark {
            extent: inner.tape.extent(),
            stamp: inner.generations.stamp(inner.tape.len()),
            guards: inner.guards.len() as u32,
            last_guard: inner.guards.last().map(|guard| guard.serial),
            scopes: inner.scopes.extent(),
        }
    }

    /// Drops every node recorded since the mark, with labels, scopes and guards; keeps the memory.
    /// Keys of dropped nodes are refused from then on.
    ///
    /// # Panics
    /// On a stale mark.
    pub fn rewind(&mut self, mark: Mark) {
        expect(self.try_rewind(mark));
    }

    /// As [`Graph::rewind`].
    ///
    /// # Errors
    /// [`Error::StaleMark`]; the graph is as before.
    pub fn try_rewind(&mut self, mark: Mark) -> Result<(), Error> {
        let inner = self.inner.get_mut();
        let len = mark.extent.entries;
        let last_guard = mark
            .guards
            .checked_sub(1)
            .and_then(|last| inner.guards.get(last as usize));
        let last_guard = last_guard.map(|guard| guard.serial);
        if len > inner.tape.len() || inner.generations.stamp(len) != mark.stamp || last_guard != mark.last_guard {
            return Err(Error::StaleMark);
        }
        if len < inner.tape.len() {
            inner.generations.cut(len);
        }
        inner.tape.truncate(mark.extent);
        inner.guards.truncate(mark.guards as usize);
        inner.scopes.truncate(mark.scopes, len);
        inner.swept = inner.swept.min(len);
        if inner.labelled_below > len {
            inner.labels.retain(|node, _| node.position() < len);
            inner.labelled_below = len;
        }
        inner.settle();
        Ok(())
    }

    /// Drops every node; keeps the memory. Keys and marks from before are refused from then on.
    pub fn reset(&mut self) {
        let inner = self.inner.get_mut();
        inner.generations.restart();
        inner.tape.clear();
        inner.guards.clear();
        inner.scopes.clear();
        if inner.labelled_below > 0 {
            inner.labels.clear();
            inner.labelled_below = 0;
        }
        inner.swept = 0;
        inner.stale_below = 0;
    }

    // ---- labels and scopes

    /// Names a node, for pictures and messages; the last name given counts.
    ///
    /// # Panics
    /// On a wrong key.
    pub fn label(&self, node: NodeId, label: impl Into<String>) {
        let label = label.into();
        let inner = &mut *self.inner.borrow_mut();
        let position = expect(inner.position(node));
        inner.labels.insert(node, label);
        inner.labelled_below = inner.labelled_below.max(position + 1);
    }

    /// The name a node was given.
    ///
    /// # Panics
    /// On a wrong key.
    pub fn label_of(&self, node: NodeId) -> Option<String> {
        let inner = self.inner.borrow();
        expect(inner.position(node));
        inner.labels.get(node).cloned()
    }

    /// Opens a scope: what is recorded until the guard is dropped belongs to it. Scopes nest.
    pub fn scope(&self, name: impl Into<String>) -> Scope<'_> {
        let name = name.into();
        let inner = &mut *self.inner.borrow_mut();
        inner.scopes.enter(name, inner.tape.len());
        Scope { graph: self }
    }

    pub(crate) fn leave_scope(&self) {
        let inner = &mut *self.inner.borrow_mut();
        inner.scopes.leave(inner.tape.len());
    }

    /// The scopes a node was recorded in, outermost first.
    ///
    /// # Panics
    /// On a wrong key.
    pub fn scope_of(&self, node: NodeId) -> Vec<String> {
        let inner = self.inner.borrow();
        inner.scopes.path(expect(inner.position(node)))
    }

    // ---- looking in

    /// The node of a key, as it is now.
    ///
    /// # Panics
    /// On a wrong key.
    pub fn node(&self, node: NodeId) -> Node {
        expect(self.try_node(node))
    }

    /// As [`Graph::node`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`].
    pub fn try_node(&self, node: NodeId) -> Result<Node, Error> {
        let inner = self.inner.borrow();
        Ok(inner.node(inner.position(node)?))
    }

    /// The node at a position of the tape, if it is as long.
    pub fn get(&self, index: usize) -> Option<Node> {
        let inner = self.inner.borrow();
        (index < inner.tape.entries.len()).then(|| inner.node(index as u32))
    }

    /// The nodes in the order of the tape, operands before what uses them.
    pub fn nodes(&self) -> impl Iterator<Item = Node> + '_ {
        (0..).map_while(|index| self.get(index))
    }

    /// The comparisons made while recording, in order.
    pub fn guards(&self) -> Vec<Guard> {
        let inner = self.inner.borrow();
        let key = |position| inner.generations.key(position);
        let public = |guard: &RawGuard| Guard {
            left: key(guard.left),
            relation: guard.relation,
            right: key(guard.right),
            recorded: guard.recorded,
        };
        inner.guards.iter().map(public).collect()
    }

    /// Whether computed values are stale, that is, a leaf was set since the last `forward`.
    pub fn is_stale(&self) -> bool {
        self.inner.borrow().stale_below > 0
    }

    pub(crate) fn borrow(&self) -> Ref<'_, Inner> {
        self.inner.borrow()
    }
}

impl Inner {
    /// Sweeps back from the positions given, each with its seed.
    pub(crate) fn backward(&mut self, seeds: impl Iterator<Item = (u32, f64)> + Clone) -> Result<(), Error> {
        let len = seeds.clone().map(|(output, _)| output as usize + 1).max().unwrap_or(0);
        let adjoints = &mut self.adjoints;
        if adjoints.len() < len {
            let (old, most) = (adjoints.len(), self.tape.entries.capacity().max(len));
            // Room for all that the tape has room for, where there is as much memory.
            if adjoints.try_reserve_exact(most - old).is_err() {
                adjoints
                    .try_reserve_exact(len - old)
                    .map_err(|_| Error::OutOfMemory { nodes: len })?;
            }
            adjoints.fill(0.0);
            adjoints.resize(len, 0.0);
        } else {
            adjoints[..len].fill(0.0);
        }
        self.swept = len as u32;
        for (output, seed) in seeds {
            adjoints[output as usize] += seed;
        }
        sweep::reverse(&self.tape, &mut adjoints[..len], &mut self.scratch, sweep::plain);
        Ok(())
    }

    /// What the last sweep left at a position of the tape.
    #[inline(always)]
    pub(crate) fn adjoint(&self, position: u32) -> f64 {
        let wanted = position < self.swept && self.tape.entries[position as usize].wants();
        if wanted { self.adjoints[position as usize] } else { 0.0 }
    }

    /// The position of a key.
    #[inline(always)]
    pub(crate) fn position(&self, node: NodeId) -> Result<u32, Error> {
        self.generations.position(node, self.tape.len())
    }

    /// The position of a key whose value may be read.
    #[inline(always)]
    pub(crate) fn fresh(&self, node: NodeId) -> Result<u32, Error> {
        let position = self.position(node)?;
        if position >= self.stale_below || self.tape.entries[position as usize].is_source() {
            Ok(position)
        } else {
            Err(Error::StaleValue { node })
        }
    }

    /// What recording needs of an operand: its handle and its value.
    #[inline(always)]
    pub(crate) fn operand(&self, node: NodeId) -> Result<(Handle, f64), Error> {
        let position = self.fresh(node)?;
        let entry = self.tape.entries[position as usize];
        Ok((Handle::new(position, entry.wants()), entry.value))
    }

    pub(crate) fn node(&self, position: u32) -> Node {
        let entry = self.tape.entries[position as usize];
        let mut operands = Operands::new();
        let imm = self.tape.operands(entry, |x| operands.push(self.generations.key(x)));
        Node {
            id: self.generations.key(position),
            op: entry.op(),
            imm,
            operands,
            value: entry.value,
            wants_gradient: entry.wants(),
        }
    }

    /// Remembers that `left relation right` was asked, and what the answer was.
    pub(crate) fn push_guard(&mut self, left: Handle, relation: Relation, right: Handle, recorded: bool) {
        let serial = self.next_guard;
        self.next_guard = serial.wrapping_add(1);
        let [left, right] = [left, right].map(Handle::index);
        self.guards.push(RawGuard {
            left,
            right,
            relation,
            recorded,
            serial,
        });
    }

    fn flipped(&self, guard: &RawGuard) -> Error {
        Error::GuardFlipped {
            left: self.generations.key(guard.left),
            relation: guard.relation,
            right: self.generations.key(guard.right),
            recorded: guard.recorded,
        }
    }

    fn make_stale(&mut self) {
        self.stale_below = self.tape.len();
        self.settle();
    }

    /// Nothing is stale where nothing but leaves and constants stands below.
    fn settle(&mut self) {
        self.stale_below = self.stale_below.min(self.tape.len());
        if self.stale_below <= self.tape.sources {
            self.stale_below = 0;
        }
    }
}
