//! The arena: a tape, with keys for its nodes and everything that can be asked of them.

mod adjoint;
mod build;
pub(crate) mod display;
mod external;
pub(crate) mod generation;
pub(crate) mod guard;
mod notes;
pub(crate) mod opened;
pub(crate) mod reader;
mod rewind;
pub(crate) mod scope;
#[cfg(feature = "serde")]
mod serial;
mod values;

use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::fmt;

use generation::Generations;
use guard::RawGuard;
use notes::Notes;

use crate::error::{Error, expect};
use crate::node::{Node, NodeId, Operands};
use crate::room::{Refused, Room};
use crate::sweep::adjoints::Adjoints;
use crate::sweep::hvp::HvpWorkspace;
use crate::tape::Tape;
use crate::tape::entry::{Entry, Handle, MAX_NODES};

pub use rewind::Mark;

/// An arena of nodes: numbers, and how each was computed.
///
/// Building appends nodes and computes their values at once. [`Graph::backward`] computes the derivative of one node
/// with respect to every node before it. Builders take `&self`, so calls nest (`g.mul(g.sin(a), b)`) and expressions
/// can be kept side by side. What changes values or drops nodes takes `&mut self`.
///
/// Every key is checked, in release builds too. Plain methods panic with the text of the [`Error`]. The
/// `try_` forms return it.
///
/// A node takes 16 bytes, and 8 more once a sweep has reached it. A graph is `Send`.
pub struct Graph {
    pub(crate) tape: Tape,
    pub(crate) generations: Generations,
    /// Computed values below this position were recorded before the last `set`.
    pub(crate) stale_below: u32,
    /// The lowest leaf that was set since the last `forward`; `u32::MAX` without one.
    lowest_set: u32,
    /// What the last reverse sweep left.
    adjoints: Adjoints,
    /// The buffers of the last Hessian-vector product.
    pub(crate) hvp: RefCell<Option<HvpWorkspace<1>>>,
    guards: RefCell<Vec<RawGuard>>,
    /// The serial number of the next guard.
    next_guard: Cell<u32>,
    /// A buffer for the values of the operands of an n-ary op, while it is recorded and during sweeps. It has room for
    /// those of every op of the tape, so that sweeps need not ask.
    pub(crate) operands: RefCell<Vec<f64>>,
    notes: RefCell<Notes>,
}

/// A summary. `Display` lists the nodes.
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
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// assert!(g.is_empty());
    /// ```
    pub fn new() -> Graph {
        Graph::with_limit(MAX_NODES)
    }

    /// An empty graph with room for `nodes` nodes. Recording up to that many allocates no memory for nodes. (Operand
    /// lists, immediates and adjoints get their memory when they are first needed.)
    ///
    /// ```
    /// let g = wengert::Graph::with_capacity(1000);
    /// assert_eq!(g.len(), 0);
    /// ```
    ///
    /// # Panics
    /// If that is more than 2^28, or more than the allocator has.
    #[track_caller]
    pub fn with_capacity(nodes: usize) -> Graph {
        expect(Graph::try_with_capacity(nodes))
    }

    /// As [`Graph::with_capacity`].
    ///
    /// # Errors
    /// [`Error::Full`] beyond 2^28 nodes, [`Error::OutOfMemory`] if the allocator refuses.
    pub fn try_with_capacity(nodes: usize) -> Result<Graph, Error> {
        Ok(Graph::of(Tape::new(MAX_NODES, nodes)?))
    }

    /// An empty graph that may hold `nodes` nodes (2^28 at most) and refuses more.
    ///
    /// ```
    /// let g = wengert::Graph::with_limit(1);
    /// let x = g.leaf(3.0);
    /// let error = g.try_record(wengert::Op::Sin, wengert::NO_IMM, &[x]).unwrap_err();
    /// assert!(matches!(error, wengert::Error::Full { .. }));
    /// ```
    #[track_caller]
    pub fn with_limit(nodes: usize) -> Graph {
        Graph::of(expect(Tape::new(nodes, 0)))
    }

    fn of(tape: Tape) -> Graph {
        Graph {
            tape,
            generations: Generations::new(),
            stale_below: 0,
            lowest_set: u32::MAX,
            adjoints: Adjoints::default(),
            hvp: RefCell::default(),
            guards: RefCell::default(),
            next_guard: Cell::new(0),
            operands: RefCell::default(),
            notes: RefCell::default(),
        }
    }

    /// How many nodes the graph holds.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// g.sin(g.leaf(3.0));
    /// assert_eq!(g.len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        self.tape.len() as usize
    }

    /// Whether the graph holds no nodes.
    ///
    /// ```
    /// assert!(wengert::Graph::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many nodes the graph may hold.
    ///
    /// ```
    /// assert_eq!(wengert::Graph::new().limit(), 1 << 28);
    /// ```
    pub fn limit(&self) -> usize {
        self.tape.limit()
    }

    /// The bytes in use for nodes, their operand lists, immediates, partials of statements, adjoints and guards.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// g.leaf(3.0);
    /// assert_eq!(g.memory(), 16);
    /// ```
    pub fn memory(&self) -> usize {
        let adjoints = self.adjoints.len() * size_of::<f64>();
        self.tape.bytes() + adjoints + size_of_val(&self.guards.borrow()[..])
    }
}

/// Nodes.
impl Graph {
    /// The node of a key, as it is now.
    ///
    /// ```
    /// use wengert::{Graph, Op};
    ///
    /// let g = Graph::new();
    /// let x = g.leaf(3.0);
    /// let node = g.node(g.mul(x, x));
    /// assert_eq!((node.op, node.value), (Op::Mul, 9.0));
    /// assert_eq!(&node.operands[..], [x, x]);
    /// ```
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
    /// [`Error::NotInGraph`], [`Error::OutOfMemory`].
    pub fn try_node(&self, node: NodeId) -> Result<Node, Error> {
        Ok(self.node_at(self.position(node)?)?)
    }

    /// The node at a position of the tape. `None` beyond its end.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let x = g.leaf(3.0);
    /// assert_eq!(g.get(0).map(|node| node.id), Some(x));
    /// assert!(g.get(1).is_none());
    /// ```
    pub fn get(&self, index: usize) -> Option<Node> {
        (index < self.len()).then(|| expect(self.node_at(index as u32).map_err(Error::from)))
    }

    /// The nodes in the order of the tape: operands come before the nodes that use them.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// g.sin(g.leaf(0.0));
    /// let ops: Vec<_> = g.nodes().map(|node| node.op.name()).collect();
    /// assert_eq!(ops, ["leaf", "sin"]);
    /// ```
    pub fn nodes(&self) -> impl Iterator<Item = Node> + '_ {
        (0..).map_while(|index| self.get(index))
    }

    pub(crate) fn node_at(&self, position: u32) -> Result<Node, Refused> {
        let entry = self.tape.entry(position);
        let mut operands = Operands::new();
        operands.room(entry.operands())?;
        let imm = self.tape.operands(entry, |x| operands.push(self.generations.key(x)));
        Ok(Node {
            id: self.generations.key(position),
            op: entry.op(),
            imm,
            operands,
            value: entry.value,
            wants_gradient: entry.wants(),
            external: self.external_at(position),
        })
    }

    /// The position of a key.
    #[inline(always)]
    pub(crate) fn position(&self, node: NodeId) -> Result<u32, Error> {
        self.generations.position(node, self.tape.len())
    }

    /// A bound for the number of operands of each n-ary op.
    pub(crate) fn most_operands(&self) -> usize {
        self.operands.borrow().capacity()
    }

    /// The entry of a key in the usual case, to be read without further checks: the key is of the newest generation, and
    /// no value is stale.
    #[inline(always)]
    pub(crate) fn usual_entry(&self, node: NodeId) -> Option<Entry> {
        let (word, (cells, len)) = (node.word(), self.tape.cells());
        let position = word as u32 as usize;
        if self.generations.is_newest(word) && position < len && position < cells.len() {
            return Some(Entry::from(cells[position].get()));
        }
        None
    }

    /// The handle and the value of an operand, for recording.
    #[inline(always)]
    pub(crate) fn operand(&self, node: NodeId) -> Result<(Handle, f64), Error> {
        let position = self.fresh(node)?;
        let entry = self.tape.entry(position);
        Ok((Handle::new(position, entry.wants()), entry.value))
    }
}
