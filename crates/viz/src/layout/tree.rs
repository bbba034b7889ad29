//! The picture as blocks within blocks: each open scope is laid out by itself, and then is one item
//! of the block around it.
//!
//! A wire from one block into another leaves through a port of each block that it leaves, and
//! enters through a port of each that it enters. All that uses one value shares its ports.

use std::collections::HashMap;

use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use crate::graph::{Drawing, Link, Vertex};

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

/// An end of a wire: an entry of the block, and if that is a block, an entry of that one, its port.
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
    /// What it is, where it ends at a box.
    pub(crate) link: Option<Link>,
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
    /// For each box whose wires enter or leave, the port.
    ins: HashMap<usize, usize>,
    outs: HashMap<usize, usize>,
}

/// The blocks, the whole first and each before those within it.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(crate) boxes: Vec<Boxed>,
    pub(crate) blocks: Vec<Block>,
}

impl Tree {
    /// The blocks of a drawing.
    pub(crate) fn new(drawing: &Drawing) -> Tree {
        let mut tree = Tree {
            boxes: Vec::new(),
            blocks: vec![Block::default()],
        };
        let mut by_path: HashMap<Vec<String>, usize> = HashMap::from([(Vec::new(), 0)]);
        // For each vertex its box; for each box its block and entry.
        let mut box_of = vec![usize::MAX; drawing.node_count()];
        let mut homes: Vec<(usize, usize)> = Vec::new();
        for vertex in drawing.node_indices() {
            let (path, op) = match &drawing[vertex] {
                Vertex::Op(_) => continue,
                Vertex::Value(value) => (&value.scope[..], operation(drawing, vertex)),
                Vertex::Scope(scope) => (&scope.path[..scope.path.len() - 1], None),
                Vertex::Cut { .. } => (scope_of_target(drawing, vertex), None),
            };
            let block = tree.block(path, &mut by_path);
            let number = tree.boxes.len();
            tree.boxes.push(Boxed { vertex, op });
            homes.push((block, tree.blocks[block].entries.len()));
            tree.blocks[block].entries.push(Entry::Card(number));
            box_of[vertex.index()] = number;
            if let Some(op) = op {
                box_of[op.index()] = number;
            }
        }
        for edge in drawing.edge_references() {
            if *edge.weight() != Link::Result {
                let [from, to] = [edge.source(), edge.target()].map(|end| box_of[end.index()]);
                tree.connect(from, to, *edge.weight(), &homes);
            }
        }
        tree
    }

    /// The block of a path, made where it is missing.
    fn block(&mut self, path: &[String], by_path: &mut HashMap<Vec<String>, usize>) -> usize {
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
                    self.blocks.push(Block {
                        path: path.to_vec(),
                        parent: Some((parent, entry)),
                        ..Block::default()
                    });
                    by_path.insert(path.to_vec(), block);
                    block
                }
            };
        }
        parent
    }

    /// Leads a wire from one box to another.
    fn connect(&mut self, from: usize, to: usize, link: Link, homes: &[(usize, usize)]) {
        let [(mut a, entry_a), (mut b, entry_b)] = [from, to].map(|number| homes[number]);
        let tip = |entry| Tip { entry, port: None };
        let (mut source, mut target) = (tip(entry_a), tip(entry_b));
        // Every block has a higher number than the one around it: so both meet where they must.
        let mut link = Some(link);
        while a != b {
            if a > b {
                let (parent, entry) = self.blocks[a].parent.expect("block 0 is around all others");
                let block = &mut self.blocks[a];
                let port = match block.outs.get(&from) {
                    Some(&port) => port,
                    None => {
                        let port = block.entries.len();
                        block.entries.push(Entry::Out);
                        block.outs.insert(from, port);
                        block.strands.push(Strand {
                            from: source,
                            to: tip(port),
                            link: None,
                        });
                        port
                    }
                };
                source = Tip {
                    entry,
                    port: Some(port),
                };
                a = parent;
            } else {
                let (parent, entry) = self.blocks[b].parent.expect("block 0 is around all others");
                let block = &mut self.blocks[b];
                let known = block.ins.get(&from).copied();
                let port = known.unwrap_or_else(|| {
                    block.entries.push(Entry::In);
                    block.ins.insert(from, block.entries.len() - 1);
                    block.entries.len() - 1
                });
                block.strands.push(Strand {
                    from: tip(port),
                    to: target,
                    link,
                });
                if known.is_some() {
                    // It comes as far as here already.
                    return;
                }
                target = Tip {
                    entry,
                    port: Some(port),
                };
                (b, link) = (parent, None);
            }
        }
        self.blocks[a].strands.push(Strand {
            from: source,
            to: target,
            link,
        });
    }
}

/// The op that a value is the result of.
fn operation(drawing: &Drawing, value: NodeIndex) -> Option<NodeIndex> {
    let mut into = drawing.edges_directed(value, petgraph::Direction::Incoming);
    into.find(|edge| *edge.weight() == Link::Result)
        .map(|edge| edge.source())
}

/// The scopes of what a mark of missing operands points at.
fn scope_of_target(drawing: &Drawing, cut: NodeIndex) -> &[String] {
    let target = drawing.neighbors(cut).next();
    let value = target.map(|target| match &drawing[target] {
        Vertex::Op(_) => drawing.neighbors(target).next().unwrap_or(target),
        _ => target,
    });
    match value.map(|value| &drawing[value]) {
        Some(Vertex::Value(value)) => &value.scope,
        Some(Vertex::Scope(scope)) => &scope.path[..scope.path.len() - 1],
        _ => &[],
    }
}
