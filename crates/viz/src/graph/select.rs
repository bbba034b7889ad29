//! Which nodes a picture shows: those that the roots depend on, nearest first, up to the limits. A collapsed scope
//! counts as one.
//!
//! Operands stand before what uses them, so one scan down the tape finds all that the roots depend
//! on; a breadth-first walk over what is left then stops at the limits. Neither recurses.

use std::collections::{BTreeSet, HashMap, VecDeque};

use wengert::{Graph, Node, NodeId};

use crate::error::Error;
use crate::options::Options;

/// What becomes one box: a node, by its position on the tape, or a collapsed scope, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Unit {
    Node(usize),
    Scope(usize),
}

/// A collapsed scope.
#[derive(Debug)]
pub(crate) struct Collapsed {
    pub(crate) path: Vec<String>,
    /// Positions of its nodes among those that the roots depend on, ascending.
    pub(crate) members: Vec<usize>,
    /// Positions of those among them that something outside uses.
    pub(crate) yields: BTreeSet<usize>,
}

/// What the roots depend on, and how it is grouped into units.
#[derive(Debug)]
pub(crate) struct Cone {
    /// For each position whether a root depends on it.
    reached: Vec<bool>,
    /// For each position the scope it is collapsed into, or `LOOSE`; empty where none is.
    scope_at: Vec<u32>,
    pub(crate) scopes: Vec<Collapsed>,
    pub(crate) nodes: usize,
}

/// The mark of a node that is in no collapsed scope.
const LOOSE: u32 = u32::MAX;

/// What was left out of a picture, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hidden {
    pub(crate) nodes: usize,
    pub(crate) by_depth: bool,
    pub(crate) by_count: bool,
}

/// The node at a position that is on the tape.
pub(crate) fn node_at(graph: &Graph, position: usize) -> Node {
    graph.get(position).expect("operands and roots stand on the tape")
}

impl Cone {
    pub(crate) fn new(graph: &Graph, roots: &[NodeId], options: &Options) -> Result<Cone, Error> {
        let mut len = 0;
        for &root in roots {
            graph.try_node(root)?;
            len = len.max(root.index() + 1);
        }
        let mut reached = vec![false; len];
        for root in roots {
            reached[root.index()] = true;
        }
        let mut nodes = 0;
        for position in (0..len).rev() {
            if reached[position] {
                nodes += 1;
                for operand in node_at(graph, position).operands {
                    reached[operand.index()] = true;
                }
            }
        }
        let mut cone = Cone { reached, scope_at: Vec::new(), scopes: Vec::new(), nodes };
        cone.collapse(graph, options)?;
        Ok(cone)
    }

    fn collapse(&mut self, graph: &Graph, options: &Options) -> Result<(), Error> {
        if options.collapse_level == 0 && options.collapsed.is_empty() {
            return Ok(());
        }
        self.scope_at = vec![LOOSE; self.reached.len()];
        let mut numbers: HashMap<Vec<String>, usize> = HashMap::new();
        for position in (0..self.reached.len()).filter(|&position| self.reached[position]) {
            let mut path = graph.scope_of(node_at(graph, position).id);
            let Some(level) = collapsed_level(&path, options) else {
                continue;
            };
            path.truncate(level);
            let number = *numbers.entry(path).or_insert_with_key(|path| {
                self.scopes.push(Collapsed { path: path.clone(), members: Vec::new(), yields: BTreeSet::new() });
                self.scopes.len() - 1
            });
            self.scope_at[position] = number as u32;
            self.scopes[number].members.push(position);
        }
        for position in (0..self.reached.len()).filter(|&position| self.reached[position]) {
            for operand in node_at(graph, position).operands {
                let (scope, at) = (self.scope_at[operand.index()], operand.index());
                if scope != LOOSE && scope != self.scope_at[position] {
                    self.scopes[scope as usize].yields.insert(at);
                }
            }
        }
        let missing = |path: &&Vec<String>| !self.scopes.iter().any(|scope| path.starts_with(&scope.path));
        match options.collapsed.iter().find(missing) {
            Some(path) => Err(Error::NoSuchScope { path: path.join("/") }),
            None => Ok(()),
        }
    }

    /// The unit that shows the node at a position.
    pub(crate) fn unit(&self, position: usize) -> Unit {
        match self.scope_at.get(position) {
            Some(&scope) if scope != LOOSE => Unit::Scope(scope as usize),
            _ => Unit::Node(position),
        }
    }

    /// The positions of a unit's nodes.
    pub(crate) fn members<'a>(&'a self, unit: &'a Unit) -> &'a [usize] {
        match unit {
            Unit::Node(position) => std::slice::from_ref(position),
            Unit::Scope(number) => &self.scopes[*number].members,
        }
    }

    /// The units to show, in the order of the tape, and what is left out.
    pub(crate) fn select(&self, graph: &Graph, roots: &[NodeId], options: &Options) -> (Vec<Unit>, Hidden) {
        let mut seen_node = vec![false; self.reached.len()];
        let mut seen_scope = vec![false; self.scopes.len()];
        let mut is_new = |unit: Unit| {
            let seen = match unit {
                Unit::Node(position) => &mut seen_node[position],
                Unit::Scope(number) => &mut seen_scope[number],
            };
            !std::mem::replace(seen, true)
        };
        let mut queue: VecDeque<(Unit, usize)> = VecDeque::new();
        for root in roots {
            let unit = self.unit(root.index());
            if is_new(unit) {
                queue.push_back((unit, 0));
            }
        }
        let mut shown = Vec::new();
        let mut hidden = Hidden { nodes: self.nodes, by_depth: false, by_count: false };
        while let Some((unit, depth)) = queue.pop_front() {
            if shown.len() == options.node_limit {
                hidden.by_count = true;
                break;
            }
            shown.push(unit);
            hidden.nodes -= self.members(&unit).len();
            for &member in self.members(&unit) {
                for operand in node_at(graph, member).operands {
                    let operand = self.unit(operand.index());
                    if !is_new(operand) {
                        continue;
                    }
                    // Everything within the limit was queued before, so this operand lies beyond it.
                    if depth == options.depth_limit {
                        hidden.by_depth = true;
                    } else {
                        queue.push_back((operand, depth + 1));
                    }
                }
            }
        }
        shown.sort_unstable_by_key(|unit| self.members(unit)[0]);
        (shown, hidden)
    }
}

/// How many scopes of a node's path, from the outermost, lead to the one it is collapsed into.
fn collapsed_level(path: &[String], options: &Options) -> Option<usize> {
    let by_level = (1..=path.len()).contains(&options.collapse_level).then_some(options.collapse_level);
    let by_path =
        options.collapsed.iter().filter(|given| !given.is_empty() && path.starts_with(given)).map(Vec::len).min();
    by_level.into_iter().chain(by_path).min()
}
