//! The picture as blocks within blocks: each open scope is laid out by itself, and then is one item
//! of the block around it.
//!
//! A wire from one block into another leaves through a port of each block that it leaves, and enters through a port of
//! each that it enters. All uses of a value share its ports.

use std::collections::{HashMap, HashSet};

use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::graph::{Drawing, Link, Value, Vertex};

/// An item of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A box, by number.
    Card(usize),
    /// A block, by number.
    Block(usize),
    /// Where the wires of a value enter, or leave.
    In,
    Out,
}

/// A box: a vertex, and the op that it is the result of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Boxed {
    pub(crate) vertex: NodeIndex,
    pub(crate) op: Option<NodeIndex>,
}

/// An end of a wire: an entry of the block. If that is a block too, `port` is the entry of it that the wire uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Tip {
    pub(crate) entry: usize,
    pub(crate) port: Option<usize>,
}

/// A wire between entries of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strand {
    pub(crate) from: Tip,
    pub(crate) to: Tip,
    /// The link that it draws, if it ends at a box.
    pub(crate) link: Option<Link>,
    /// How many operands flow along it.
    pub(crate) operands: usize,
}

/// A scope that is open, or the whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    /// The names of the scopes, outermost first.
    pub(crate) path: Vec<String>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) strands: Vec<Strand>,
    /// The block around it and which of its entries it is.
    parent: Option<(usize, usize)>,
    /// The strands to ports.
    led: HashMap<(Tip, Tip), usize>,
    /// For each value whose wires enter or leave, or for each bundle of them, the port.
    ins: HashMap<Key, usize>,
    outs: HashMap<Key, usize>,
    /// Whether the values that enter, or leave, go in bundles, since there are too many.
    crowded_in: bool,
    crowded_out: bool,
}

/// What shares a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// All that uses a box.
    Box(usize),
    /// All that comes from one entry of the block around.
    From(Tip),
    /// All that leaves.
    All,
}

/// The blocks, the whole first and each before those within it.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(crate) boxes: Vec<Boxed>,
    pub(crate) blocks: Vec<Block>,
    /// For each box the block that it is in, and which entry of it it is.
    pub(crate) homes: Vec<(usize, usize)>,
    /// For each vertex the box that it is drawn in.
    pub(crate) box_of: Vec<usize>,
}

/// What a tree is made from: the scopes of each value, and how many values may enter a block, or leave it, before they
/// go in bundles.
pub(crate) struct Plan<'a> {
    pub(crate) scopes: &'a dyn Fn(NodeIndex, &'a Value) -> &'a [String],
    pub(crate) most_ports: usize,
}

impl Tree {
    /// The blocks of a drawing.
    pub(crate) fn new<'a>(drawing: &'a Drawing, plan: &Plan<'a>) -> Tree {
        let mut tree = Tree {
            boxes: Vec::new(),
            blocks: vec![Block::default()],
            homes: Vec::new(),
            box_of: vec![usize::MAX; drawing.node_count()],
        };
        let mut by_path: HashMap<&[String], usize> = HashMap::from([(&[][..], 0)]);
        for vertex in drawing.node_indices() {
            if matches!(drawing[vertex], Vertex::Op(_)) {
                continue;
            }
            let path = scopes(drawing, vertex, plan);
            let block = tree.block(path, &mut by_path);
            let number = tree.boxes.len();
            let op = operation(drawing, vertex);
            tree.boxes.push(Boxed { vertex, op });
            tree.homes.push((block, tree.blocks[block].entries.len()));
            tree.blocks[block].entries.push(Entry::Card(number));
            for vertex in [Some(vertex), op].into_iter().flatten() {
                tree.box_of[vertex.index()] = number;
            }
        }
        tree.find_crowds(drawing, plan.most_ports);
        for edge in drawing.edge_references() {
            if let Some([from, to]) = tree.ends(drawing, edge.id()) {
                tree.connect(from, to, *edge.weight());
            }
        }
        tree
    }

    /// The boxes that an edge of the drawing leads from and to; `None` for an edge within a box.
    pub(crate) fn ends(&self, drawing: &Drawing, edge: EdgeIndex) -> Option<[usize; 2]> {
        let (from, to) = drawing.edge_endpoints(edge)?;
        (drawing[edge] != Link::Result).then(|| [from, to].map(|end| self.box_of[end.index()]))
    }

    /// The blocks that a wire between these boxes leaves (true) or enters (false).
    pub(crate) fn crossed(&self, [from, to]: [usize; 2], mut each: impl FnMut(usize, bool)) {
        // Every block has a higher number than the one around it, so both meet where they must.
        let [mut a, mut b] = [from, to].map(|number| self.homes[number].0);
        while a != b {
            let out = a > b;
            let side = if out { &mut a } else { &mut b };
            each(*side, out);
            *side = self.parent(*side).0;
        }
    }

    /// Finds the blocks that more values enter or leave than may have a port each.
    fn find_crowds(&mut self, drawing: &Drawing, most: usize) {
        let mut seen: HashSet<(usize, usize, bool)> = HashSet::new();
        let mut counts = vec![[0usize; 2]; self.blocks.len()];
        for ends in drawing.edge_indices().filter_map(|edge| self.ends(drawing, edge)) {
            self.crossed(ends, |block, out| {
                if seen.insert((block, ends[0], out)) {
                    counts[block][usize::from(out)] += 1;
                }
            });
        }
        for (block, [ins, outs]) in self.blocks.iter_mut().zip(counts) {
            (block.crowded_in, block.crowded_out) = (ins > most, outs > most);
        }
    }

    /// The block around one that is not the whole, and which of its entries it is.
    pub(crate) fn parent(&self, block: usize) -> (usize, usize) {
        self.blocks[block].parent.expect("block 0 is around all others")
    }

    /// The block of a path, created if it is missing.
    fn block<'a>(&mut self, path: &'a [String], by_path: &mut HashMap<&'a [String], usize>) -> usize {
        if let Some(&block) = by_path.get(path) {
            return block;
        }
        let mut parent = 0;
        for depth in 1..=path.len() {
            let path = &path[..depth];
            parent = match by_path.get(path) {
                Some(&block) => block,
                None => {
                    let block = self.blocks.len();
                    let entry = self.blocks[parent].entries.len();
                    self.blocks[parent].entries.push(Entry::Block(block));
                    self.blocks.push(Block { path: path.to_vec(), parent: Some((parent, entry)), ..Block::default() });
                    by_path.insert(path, block);
                    block
                }
            };
        }
        parent
    }

    /// Leads a wire from one box to another: out of the blocks around the one, into those around
    /// the other.
    fn connect(&mut self, from: usize, to: usize, link: Link) {
        let [(home, entry_a), (_, entry_b)] = [from, to].map(|number| self.homes[number]);
        let tip = |entry| Tip { entry, port: None };
        let (mut outward, mut inward) = (Vec::new(), Vec::new());
        self.crossed([from, to], |block, out| if out { &mut outward } else { &mut inward }.push(block));
        let (mut here, mut source) = (home, tip(entry_a));
        for inner in outward {
            let (parent, entry) = self.parent(inner);
            let block = &mut self.blocks[inner];
            let key = if block.crowded_out { Key::All } else { Key::Box(from) };
            let port = block.port(Entry::Out, key);
            block.lead(source, tip(port), link.operands());
            source = Tip { entry, port: Some(port) };
            here = parent;
        }
        for &inner in inward.iter().rev() {
            let (_, entry) = self.parent(inner);
            let block = &mut self.blocks[inner];
            let key = if block.crowded_in { Key::From(source) } else { Key::Box(from) };
            let port = block.port(Entry::In, key);
            let target = Tip { entry, port: Some(port) };
            self.blocks[here].lead(source, target, link.operands());
            source = tip(port);
            here = inner;
        }
        self.blocks[here].strands.push(Strand {
            from: source,
            to: tip(entry_b),
            link: Some(link),
            operands: link.operands(),
        });
    }
}

impl Block {
    /// The same entries with other wires between them.
    pub(crate) fn with_strands(&self, strands: Vec<Strand>) -> Block {
        Block { path: self.path.clone(), entries: self.entries.clone(), strands, ..Block::default() }
    }

    /// The port of a key, created if it is missing.
    fn port(&mut self, kind: Entry, key: Key) -> usize {
        let ports = if kind == Entry::In { &mut self.ins } else { &mut self.outs };
        *ports.entry(key).or_insert_with(|| {
            self.entries.push(kind);
            self.entries.len() - 1
        })
    }

    /// A wire from a tip to a port, once, however many operands flow along it.
    fn lead(&mut self, from: Tip, to: Tip, operands: usize) {
        let strand = *self.led.entry((from, to)).or_insert_with(|| {
            self.strands.push(Strand { from, to, link: None, operands: 0 });
            self.strands.len() - 1
        });
        self.strands[strand].operands += operands;
    }
}

/// The open scopes that a vertex stands in.
fn scopes<'a>(drawing: &'a Drawing, vertex: NodeIndex, plan: &Plan<'a>) -> &'a [String] {
    match &drawing[vertex] {
        Vertex::Value(value) => (plan.scopes)(vertex, value),
        Vertex::Scope(scope) => &scope.path[..scope.path.len() - 1],
        Vertex::Op(_) | Vertex::Cut { .. } => match drawing.neighbors(vertex).next() {
            Some(next) => scopes(drawing, next, plan),
            None => &[],
        },
    }
}

/// The op that a value is the result of.
fn operation(drawing: &Drawing, value: NodeIndex) -> Option<NodeIndex> {
    let mut into = drawing.edges_directed(value, petgraph::Direction::Incoming);
    into.find(|edge| *edge.weight() == Link::Result).map(|edge| edge.source())
}
