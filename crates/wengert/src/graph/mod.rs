//! The arena: a graph of nodes over a tape, and what can be asked of it. Read [`crate::graph::build`] for
//! how it grows, [`crate::sweep`] for how derivatives are made.

pub(crate) mod build;
pub(crate) mod display;
pub(crate) mod generation;
pub(crate) mod guard;
pub(crate) mod opened;
pub(crate) mod scope;

use std::cell::{Cell, RefCell};
use std::fmt;

use slotmap::SparseSecondaryMap;
use smallvec::SmallVec;

use crate::error::{Error, expect, same_length};
use crate::graph::generation::Generations;
use crate::graph::guard::Guard;
use crate::graph::scope::{Scope, Scopes};
use crate::node::{Node, NodeId, Operands};
use crate::op::Relation;
use crate::sweep;
use crate::sweep::adjoints::Adjoints;
use crate::sweep::hvp::HvpWorkspace;
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
pub struct Graph {
    pub(crate) tape: Tape,
    pub(crate) generations: Generations,
    /// Computed values below this were recorded before the last `set`.
    pub(crate) stale_below: u32,
    /// What the last sweep back left.
    adjoints: Adjoints,
    /// Room for the operands of an n-ary op while a sweep is at it, kept for the next.
    scratch: RefCell<Vec<f64>>,
    /// The buffers of the last Hessian-vector product.
    pub(crate) hvp: RefCell<Option<HvpWorkspace<1>>>,
    guards: RefCell<Vec<RawGuard>>,
    /// The serial number of the next guard.
    next_guard: Cell<u32>,
    /// The values of the operands of an n-ary op while it is recorded, kept for the next.
    pub(crate) operands: RefCell<Vec<f64>>,
    notes: RefCell<Notes>,
}

/// What few nodes have.
#[derive(Debug, Default)]
struct Notes {
    labels: SparseSecondaryMap<NodeId, String>,
    /// One more than the highest position that has a label.
    labeled_below: u32,
    scopes: Scopes,
}

impl Notes {
    #[inline(always)]
    fn clear(&mut self) {
        if self.labeled_below > 0 || !self.scopes.is_empty() {
            self.forget();
        }
    }

    #[inline(never)]
    fn forget(&mut self) {
        self.scopes.clear();
        self.labels.clear();
        self.labeled_below = 0;
    }
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

/// Its size; `Display` lists the nodes.
impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph")
            .field("nodes", &self.len())
            .field("swept", &self.adjoints.len())
            .field("guards", &self.guards.borrow().len())
            .field("stale", &self.is_stale())
            .finish_non_exhaustive()
    }
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
    #[track_caller]
    pub fn with_capacity(nodes: usize) -> Graph {
        expect(Graph::try_with_capacity(nodes))
    }

    /// As [`Graph::with_capacity`].
    ///
    /// # Errors
    /// [`Error::Full`] beyond 2^28 nodes, [`Error::OutOfMemory`] where the allocator refuses.
    pub fn try_with_capacity(nodes: usize) -> Result<Graph, Error> {
        Ok(Graph::of(Tape::new(MAX_NODES, nodes)?))
    }

    /// An empty graph that may hold `nodes` nodes (2^28 at most) and refuses more.
    #[track_caller]
    pub fn with_limit(nodes: usize) -> Graph {
        Graph::of(expect(Tape::new(nodes, 0)))
    }

    fn of(tape: Tape) -> Graph {
        Graph {
            tape,
            generations: Generations::new(),
            stale_below: 0,
            adjoints: Adjoints::default(),
            scratch: RefCell::default(),
            hvp: RefCell::default(),
            guards: RefCell::default(),
            next_guard: Cell::new(0),
            operands: RefCell::default(),
            notes: RefCell::default(),
        }
    }

    /// How many nodes the graph holds.
    pub fn len(&self) -> usize {
        self.tape.len() as usize
    }

    /// Whether the graph holds no node.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many nodes the graph may hold.
    pub fn limit(&self) -> usize {
        self.tape.limit()
    }

    /// The bytes in use for nodes, their operand lists, immediates, adjoints and guards.
    pub fn memory(&self) -> usize {
        let adjoints = self.adjoints.len() * size_of::<f64>();
        self.tape.bytes() + adjoints + size_of_val(&self.guards.borrow()[..])
    }

    // ---- values

    /// The value of a node.
    ///
    /// # Panics
    /// On a wrong key, and on a computed value that a [`Graph::set`] made stale.
    #[track_caller]
    pub fn value(&self, node: NodeId) -> f64 {
        expect(self.try_value(node))
    }

    /// As [`Graph::value`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::StaleValue`].
    pub fn try_value(&self, node: NodeId) -> Result<f64, Error> {
        Ok(self.tape.entry(self.fresh(node)?).value)
    }

    /// Sets the value of a leaf. What was computed before is stale from then on, until
    /// [`Graph::forward`]; leaves may be read and set one after another.
    ///
    /// An [`Expr`](crate::Expr) borrows the graph, so none may be in use any more: keep its key.
    ///
    /// ```
    /// let mut g = wengert::Graph::new();
    /// let x = g.leaf(3.0);
    /// let start = g.mark();
    /// for _ in 0..20 {
    ///     let loss = {
    ///         let x = g.expr(x);
    ///         ((x - 1.0) * (x - 1.0)).id()
    ///     };
    ///     g.backward(loss);
    ///     let step = 0.25 * g.grad(x);
    ///     g.rewind(start);
    ///     g.set(x, g.value(x) - step);
    /// }
    /// assert!((g.value(x) - 1.0).abs() < 1e-5);
    /// ```
    ///
    /// # Panics
    /// On a wrong key, and on a node that is no leaf.
    #[track_caller]
    pub fn set(&mut self, leaf: NodeId, value: f64) {
        expect(self.try_set(leaf, value));
    }

    /// As [`Graph::set`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::NotALeaf`]; the graph is as before.
    pub fn try_set(&mut self, leaf: NodeId, value: f64) -> Result<(), Error> {
        let position = self.leaf_position(leaf)?;
        self.tape.write(position as u32, value);
        self.make_stale();
        Ok(())
    }

    /// Sets leaves to values, in order: [`Graph::set`] of many.
    ///
    /// ```
    /// let mut g = wengert::Graph::new();
    /// let x = g.leaves(&[1.0, 2.0]);
    /// let l = g.mul(x[0], x[1]);
    /// g.set_all(&x, &[3.0, 5.0]);
    /// g.forward()?;
    /// assert_eq!(g.value(l), 15.0);
    /// # Ok::<(), wengert::Error>(())
    /// ```
    ///
    /// # Panics
    /// On a wrong key, on a node that is not a leaf, and where there are not as many values as leaves.
    #[track_caller]
    pub fn set_all(&mut self, leaves: &[NodeId], values: &[f64]) {
        expect(self.try_set_all(leaves, values));
    }

    /// As [`Graph::set_all`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::NotALeaf`], [`Error::Length`]; the graph is as before.
    pub fn try_set_all(&mut self, leaves: &[NodeId], values: &[f64]) -> Result<(), Error> {
        same_length("values to set", leaves.len(), values.len())?;
        for &leaf in leaves {
            self.leaf_position(leaf)?;
        }
        for (&leaf, &value) in leaves.iter().zip(values) {
            self.tape.write(leaf.position(), value);
        }
        if !leaves.is_empty() {
            self.make_stale();
        }
        Ok(())
    }

    /// Sets leaves, recomputes, and writes the values of `outputs` to `out`: [`Graph::set_all`],
    /// [`Graph::forward`], [`Graph::value`]. Allocates nothing.
    ///
    /// ```
    /// let mut g = wengert::Graph::new();
    /// let x = g.leaves(&[1.0, 2.0]);
    /// let outputs = [g.mul(x[0], x[1]), g.sin(x[0])];
    /// let mut values = [0.0; 2];
    /// g.evaluate_into(&x, &[0.0, 5.0], &outputs, &mut values)?;
    /// assert_eq!(values, [0.0, 0.0]);
    /// # Ok::<(), wengert::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::NotALeaf`], [`Error::Length`]: the graph is as before.
    /// [`Error::GuardFlipped`]: the leaves are set and computed values are stale. `out` is as before either way.
    pub fn evaluate_into(
        &mut self,
        leaves: &[NodeId],
        values: &[f64],
        outputs: &[NodeId],
        out: &mut [f64],
    ) -> Result<(), Error> {
        same_length("places for values", outputs.len(), out.len())?;
        for &output in outputs {
            self.position(output)?;
        }
        self.try_set_all(leaves, values)?;
        self.forward()?;
        for (value, &output) in out.iter_mut().zip(outputs) {
            *value = self.try_value(output)?;
        }
        Ok(())
    }

    /// Recomputes every value from the leaves: after [`Graph::set`]. O(nodes), allocates nothing.
    /// Gradients stay those of the last sweep until the next [`Graph::backward`].
    ///
    /// What was recorded is recomputed as it is. A comparison of expressions is checked to come out as
    /// before; a branch on [`Expr::value`](crate::Expr::value) leaves nothing to check.
    ///
    /// # Errors
    /// [`Error::GuardFlipped`] where a comparison made while recording comes out otherwise at the
    /// new values, so that the recorded expression is no longer the one meant. Computed values
    /// stay stale then; set other leaves and call again, or record anew.
    pub fn forward(&mut self) -> Result<(), Error> {
        sweep::recompute(&mut self.tape, self.scratch.get_mut());
        if let Some(flipped) = self.first_flipped() {
            self.make_stale();
            return Err(flipped);
        }
        self.stale_below = 0;
        Ok(())
    }

    // ---- derivatives

    /// Sweeps back from `l` and leaves `dl/dn` on every node `n`. Overwrites what the last sweep
    /// left. O(nodes up to `l`); allocates nothing once it ran on as many nodes.
    ///
    /// # Panics
    /// On a wrong key, and where `l` is stale.
    #[track_caller]
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
    #[track_caller]
    pub fn backward_seeded(&self, seeds: &[(NodeId, f64)]) {
        expect(self.try_backward_seeded(seeds));
    }

    /// As [`Graph::backward_seeded`].
    ///
    /// # Errors
    /// As [`Graph::try_backward`].
    pub fn try_backward_seeded(&self, seeds: &[(NodeId, f64)]) -> Result<(), Error> {
        for &(output, _) in seeds {
            self.fresh(output)?;
        }
        let seeds: SmallVec<[(u32, f64); 4]> = seeds.iter().map(|&(output, seed)| (output.position(), seed)).collect();
        self.sweep_back(&seeds)
    }

    /// The derivative that the last [`Graph::backward`] left on the node: 0 before any, for nodes
    /// recorded since, and for what wants no gradient.
    ///
    /// # Panics
    /// On a wrong key.
    #[track_caller]
    pub fn grad(&self, node: NodeId) -> f64 {
        expect(self.try_grad(node))
    }

    /// As [`Graph::grad`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`].
    pub fn try_grad(&self, node: NodeId) -> Result<f64, Error> {
        let position = self.position(node)?;
        Ok(match self.tape.entry(position).wants() {
            true => self.adjoint(position),
            false => 0.0,
        })
    }

    // ---- going back

    /// How far the graph has got, to come back to.
    pub fn mark(&self) -> Mark {
        let guards = self.guards.borrow();
        Mark {
            extent: self.tape.extent(),
            stamp: self.generations.stamp(self.tape.len()),
            guards: guards.len() as u32,
            last_guard: guards.last().map(|guard| guard.serial),
            scopes: self.notes.borrow().scopes.extent(),
        }
    }

    /// Drops every node recorded since the mark, with labels, scopes and guards; keeps the memory.
    /// Keys of dropped nodes are refused from then on.
    ///
    /// # Panics
    /// On a stale mark.
    #[track_caller]
    pub fn rewind(&mut self, mark: Mark) {
        expect(self.try_rewind(mark));
    }

    /// As [`Graph::rewind`].
    ///
    /// # Errors
    /// [`Error::StaleMark`]; the graph is as before.
    pub fn try_rewind(&mut self, mark: Mark) -> Result<(), Error> {
        let len = mark.extent.entries;
        let guards = self.guards.get_mut();
        let last_guard = mark.guards.checked_sub(1).and_then(|last| guards.get(last as usize));
        let last_guard = last_guard.map(|guard| guard.serial);
        if len > self.tape.len() || self.generations.stamp(len) != mark.stamp || last_guard != mark.last_guard {
            return Err(Error::StaleMark);
        }
        if len < self.tape.len() {
            self.generations.cut(len);
        }
        self.tape.truncate(mark.extent);
        guards.truncate(mark.guards as usize);
        self.adjoints.truncate(len as usize);
        let notes = self.notes.get_mut();
        notes.scopes.truncate(mark.scopes, len);
        if notes.labeled_below > len {
            notes.labels.retain(|node, _| node.position() < len);
            notes.labeled_below = len;
        }
        self.limit_staleness();
        Ok(())
    }

    /// Drops every node; keeps the memory. Keys and marks from before are refused from then on.
    pub fn reset(&mut self) {
        self.generations.restart();
        self.tape.clear();
        self.guards.get_mut().clear();
        self.notes.get_mut().clear();
        self.adjoints.truncate(0);
        self.stale_below = 0;
    }

    // ---- labels and scopes

    /// Names a node, for pictures and messages; the last name given counts.
    ///
    /// # Panics
    /// On a wrong key.
    #[track_caller]
    pub fn label(&self, node: NodeId, label: impl Into<String>) {
        let label = label.into();
        let position = expect(self.position(node));
        let notes = &mut *self.notes.borrow_mut();
        notes.labels.insert(node, label);
        notes.labeled_below = notes.labeled_below.max(position + 1);
    }

    /// The name a node was given.
    ///
    /// # Panics
    /// On a wrong key.
    #[track_caller]
    pub fn label_of(&self, node: NodeId) -> Option<String> {
        expect(self.position(node));
        self.notes.borrow().labels.get(node).cloned()
    }

    /// Opens a scope: what is recorded until the guard is dropped belongs to it.
    ///
    /// Scopes nest, and may be closed in any order: a node is in the scopes whose guards lived when it
    /// was recorded, in the order in which they were opened. A guard that is never dropped
    /// ([`std::mem::forget`]) leaves its scope open until a reset or rewind.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let mut layer = g.scope("layer 1");
    /// let x = g.leaf(1.0);
    /// layer = g.scope("layer 2");
    /// let y = g.leaf(2.0);
    /// drop(layer);
    /// assert_eq!((g.scope_of(x), g.scope_of(y)), (vec!["layer 1".into()], vec!["layer 2".into()]));
    /// ```
    pub fn scope(&self, name: impl Into<String>) -> Scope<'_> {
        let name = name.into();
        let guard = self.notes.borrow_mut().scopes.enter(name, self.tape.len());
        Scope { graph: self, guard }
    }

    pub(crate) fn leave_scope(&self, guard: u32) {
        self.notes.borrow_mut().scopes.leave(guard, self.tape.len());
    }

    /// The scopes a node was recorded in, outermost first.
    ///
    /// # Panics
    /// On a wrong key.
    #[track_caller]
    pub fn scope_of(&self, node: NodeId) -> Vec<String> {
        let position = expect(self.position(node));
        self.notes.borrow().scopes.path(position)
    }

    // ---- looking in

    /// The node of a key, as it is now.
    ///
    /// # Panics
    /// On a wrong key.
    #[track_caller]
    pub fn node(&self, node: NodeId) -> Node {
        expect(self.try_node(node))
    }

    /// As [`Graph::node`].
    ///
    /// # Errors
    /// [`Error::NotInGraph`].
    pub fn try_node(&self, node: NodeId) -> Result<Node, Error> {
        Ok(self.node_at(self.position(node)?))
    }

    /// The node at a position of the tape, if it is as long.
    pub fn get(&self, index: usize) -> Option<Node> {
        (index < self.len()).then(|| self.node_at(index as u32))
    }

    /// The nodes in the order of the tape, operands before what uses them.
    pub fn nodes(&self) -> impl Iterator<Item = Node> + '_ {
        (0..).map_while(|index| self.get(index))
    }

    /// The comparisons made while recording, in order.
    pub fn guards(&self) -> Vec<Guard> {
        let key = |position| self.generations.key(position);
        let public = |guard: &RawGuard| Guard {
            left: key(guard.left),
            relation: guard.relation,
            right: key(guard.right),
            recorded: guard.recorded,
        };
        self.guards.borrow().iter().map(public).collect()
    }

    /// Whether computed values are stale, that is, a leaf was set since the last `forward`.
    pub fn is_stale(&self) -> bool {
        self.stale_below > 0
    }
}

impl Graph {
    /// Sweeps back from the positions given, each with its seed.
    pub(crate) fn sweep_back(&self, seeds: &[(u32, f64)]) -> Result<(), Error> {
        let len = seeds.iter().map(|&(output, _)| output as usize + 1).max().unwrap_or(0);
        self.adjoints.fill(len, self.tape.capacity(), |adjoints| {
            sweep::reverse(&self.tape, adjoints, seeds, &self.scratch);
        })
    }

    /// What the last sweep left at a position that wants a gradient.
    #[inline(always)]
    pub(crate) fn adjoint(&self, position: u32) -> f64 {
        self.adjoints.get(position as usize)
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
        if position >= self.stale_below || self.tape.entry(position).is_source() {
            Ok(position)
        } else {
            Err(Error::StaleValue { node })
        }
    }

    /// What recording needs of an operand: its handle and its value.
    #[inline(always)]
    pub(crate) fn operand(&self, node: NodeId) -> Result<(Handle, f64), Error> {
        let position = self.fresh(node)?;
        let entry = self.tape.entry(position);
        Ok((Handle::new(position, entry.wants()), entry.value))
    }

    pub(crate) fn node_at(&self, position: u32) -> Node {
        let entry = self.tape.entry(position);
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
    pub(crate) fn push_guard(&self, left: Handle, relation: Relation, right: Handle, recorded: bool) {
        let serial = self.next_guard.get();
        self.next_guard.set(serial.wrapping_add(1));
        let [left, right] = [left, right].map(Handle::index);
        self.guards.borrow_mut().push(RawGuard {
            left,
            right,
            relation,
            recorded,
            serial,
        });
    }

    /// The first comparison that comes out otherwise than it was recorded, as an error.
    fn first_flipped(&self) -> Option<Error> {
        let guards = self.guards.borrow();
        let flipped = |guard: &&RawGuard| {
            let [left, right] = [guard.left, guard.right].map(|x| self.tape.entry(x).value);
            guard.relation.holds(left, right) != guard.recorded
        };
        guards.iter().find(flipped).map(|guard| Error::GuardFlipped {
            left: self.generations.key(guard.left),
            relation: guard.relation,
            right: self.generations.key(guard.right),
            recorded: guard.recorded,
        })
    }

    fn make_stale(&mut self) {
        self.stale_below = self.tape.len();
        self.limit_staleness();
    }

    /// Nothing is stale where nothing but leaves and constants stands below.
    fn limit_staleness(&mut self) {
        self.stale_below = self.stale_below.min(self.tape.len());
        if self.stale_below <= self.tape.sources() {
            self.stale_below = 0;
        }
    }
}
