//! A picture as a petgraph: what its vertices and edges are, and how they are made of a graph.

use std::collections::HashMap;

use petgraph::graph::{DiGraph, NodeIndex};
use wengert::{Arity, ExternalOutput, Graph, Imm, Node, NodeId, Op, Operands};

use super::select::{Cone, Hidden, Unit, node_at};
use crate::error::Error;
use crate::label::inline;
use crate::options::Options;

/// A picture before it is laid out.
pub type Drawing = DiGraph<Vertex, Link>;

/// A vertex of a picture.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Vertex {
    /// A value: leaf, constant or result of an op.
    Value(Value),
    /// The op that a value is the result of.
    Op(Operation),
    /// A scope drawn as one box.
    Scope(ScopeBox),
    /// A mark in place of operands that a limit left out.
    Cut {
        /// How many operands of its only neighbor it replaces.
        operands: usize,
    },
}

/// A value in a picture.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Value {
    /// The key of the node.
    pub id: NodeId,
    /// The op that it is the result of; [`Op::Leaf`] and [`Op::Const`] have no op vertex.
    pub op: Op,
    /// Its value.
    pub data: f64,
    /// The derivative that the last backward left on it.
    pub grad: f64,
    /// Whether it depends on a leaf through ops that let gradients pass; if not, `grad` has no meaning.
    pub wants_gradient: bool,
    /// Its name, if it was given one.
    pub label: Option<String>,
    /// Whether the picture was asked for this node.
    pub root: bool,
    /// The scopes that it was recorded in, outermost first.
    pub scope: Vec<String>,
    /// For [`Op::External`], the name of the function, and which output it is where there are several: `polar[1]`.
    pub external: Option<String>,
}

impl Value {
    /// The name of the op or the function.
    pub(crate) fn op_name(&self) -> &str {
        self.external.as_deref().unwrap_or(self.op.name())
    }
}

/// An op in a picture.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Operation {
    /// The key of the node that it computes.
    pub id: NodeId,
    /// The op.
    pub op: Op,
    /// Its immediates.
    pub imm: Imm,
    /// The keys of its operands, in order, of those that are not shown too.
    pub operands: Operands,
    /// For [`Op::External`], the function and which output it gives.
    pub external: Option<ExternalOutput>,
}

impl Operation {
    /// The name of the op or the function.
    pub(crate) fn name(&self) -> String {
        self.external.as_ref().map_or(self.op.name().into(), |external| inline(&external.to_string()))
    }

    /// The text in the picture.
    pub(crate) fn caption(&self) -> String {
        self.external.as_ref().map_or_else(|| self.op.caption(self.imm), |external| inline(&external.to_string()))
    }

    /// Whether its operands are numbered, since exchanging them would change the value. More than three are not, since
    /// their numbers have no room. The op's tooltip lists them in order.
    pub(crate) fn order_matters(&self) -> bool {
        let in_order = match &self.external {
            Some(_) => true,
            None => matches!(self.op.arity(), Arity::Fixed(_)) && !self.op.is_symmetric(),
        };
        in_order && (2..=3).contains(&self.operands.len())
    }
}

/// A collapsed scope in a picture.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ScopeBox {
    /// The names of the scopes, outermost first.
    pub path: Vec<String>,
    /// How many of the nodes that the roots depend on are in it.
    pub nodes: usize,
    /// How many of these are leaves: inputs and parameters.
    pub leaves: usize,
    /// What it yields: the values in it that are used outside, or that the picture was asked for.
    pub outputs: Vec<Value>,
    /// Whether a node that the picture was asked for is among them.
    pub root: bool,
}

/// An edge of a picture, in the direction in which values flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Link {
    /// From an op to its value.
    Result,
    /// From a value, or a collapsed scope, to an op that it is an operand of.
    Operand {
        /// Which operand, from 0.
        position: usize,
    },
    /// Several operands from a collapsed scope, or any number into one.
    Bundle {
        /// How many operands flow along it.
        operands: usize,
    },
    /// From operands that a limit left out.
    Cut,
}

impl Link {
    /// How many wires flow along it; those of operands that a limit left out are one.
    pub(crate) fn operands(&self) -> usize {
        match *self {
            Link::Operand { .. } => 1,
            Link::Bundle { operands } => operands,
            Link::Cut => 1,
            Link::Result => 0,
        }
    }
}

/// Why a number of a picture is not finite.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    /// The node where it began.
    pub(crate) node: NodeId,
    pub(crate) text: String,
}

/// The story of the first root that is not finite, or whose gradient is not.
pub(crate) fn story(graph: &Graph, roots: &[NodeId], drawing: &Drawing) -> Option<Story> {
    let bad = drawing.node_weights().any(|vertex| match vertex {
        Vertex::Value(value) => value.is_bad(),
        Vertex::Scope(scope) => scope.outputs.iter().any(Value::is_bad),
        _ => false,
    });
    let origin = roots.iter().filter(|_| bad).find_map(|&root| graph.try_explain_nan(root).ok().flatten())?;
    let site = origin.value.as_ref().map(|value| value.site.node);
    let site = site.or_else(|| origin.adjoint.as_ref().map(|adjoint| adjoint.site.node));
    Some(Story { node: site?, text: origin.to_string() })
}

impl Value {
    /// Whether a number of it is not finite.
    pub(crate) fn is_bad(&self) -> bool {
        !self.data.is_finite() || (self.wants_gradient && !self.grad.is_finite())
    }
}

/// What flows into one vertex. All that flows from or to one collapsed scope goes along one edge.
#[derive(Default)]
struct Incoming {
    /// In the order they were met: where from, the position of the first operand, how many.
    edges: Vec<(NodeIndex, usize, usize)>,
    bundles: HashMap<NodeIndex, usize>,
    cut: usize,
}

impl Incoming {
    fn operand(&mut self, source: NodeIndex, position: usize) {
        self.edges.push((source, position, 1));
    }

    fn bundled(&mut self, source: NodeIndex, position: usize) {
        match self.bundles.get(&source) {
            Some(&edge) => self.edges[edge].2 += 1,
            None => {
                self.bundles.insert(source, self.edges.len());
                self.operand(source, position);
            }
        }
    }

    fn connect(self, drawing: &mut Drawing, target: NodeIndex) {
        let into_op = matches!(drawing[target], Vertex::Op(_));
        for (source, position, operands) in self.edges {
            let single = into_op && operands == 1;
            let link = if single { Link::Operand { position } } else { Link::Bundle { operands } };
            drawing.add_edge(source, target, link);
        }
        if self.cut > 0 {
            let cut = drawing.add_node(Vertex::Cut { operands: self.cut });
            drawing.add_edge(cut, target, Link::Cut);
        }
    }
}

/// The drawing of what the roots depend on, and what the limits left out.
pub(crate) fn build(graph: &Graph, roots: &[NodeId], options: &Options) -> Result<(Drawing, Hidden), Error> {
    let cone = Cone::new(graph, roots, options)?;
    let (units, hidden) = cone.select(graph, roots, options);
    let mut is_root: Vec<usize> = roots.iter().map(|root| root.index()).collect();
    is_root.sort_unstable();
    let is_root = |position: &usize| is_root.binary_search(position).is_ok();

    let mut drawing = Drawing::new();
    // Where edges leave a unit, and where they arrive.
    let mut outlet: HashMap<Unit, NodeIndex> = HashMap::with_capacity(units.len());
    let mut inlets = Vec::with_capacity(units.len());
    for &unit in &units {
        let (out, inlet) = match unit {
            Unit::Node(position) => {
                let node = node_at(graph, position);
                let value = drawing.add_node(Vertex::Value(value_of(graph, &node, is_root(&position))?));
                let op = (!matches!(node.op, Op::Leaf | Op::Const)).then(|| {
                    let Node { id, op, imm, operands, external, .. } = node;
                    let op = Operation { id, op, imm, operands, external };
                    let op = drawing.add_node(Vertex::Op(op));
                    drawing.add_edge(op, value, Link::Result);
                    op
                });
                (value, op)
            }
            Unit::Scope(number) => {
                let scope = &cone.scopes[number];
                let root = scope.members.iter().any(is_root);
                let leaf = |&&position: &&usize| node_at(graph, position).op == Op::Leaf;
                let outputs = scope
                    .members
                    .iter()
                    .filter(|position| scope.yields.contains(position) || is_root(position))
                    .map(|position| value_of(graph, &node_at(graph, *position), is_root(position)));
                let shown = ScopeBox {
                    path: scope.path.clone(),
                    nodes: scope.members.len(),
                    leaves: scope.members.iter().filter(leaf).count(),
                    outputs: outputs.collect::<Result<_, Error>>()?,
                    root,
                };
                let scope = drawing.add_node(Vertex::Scope(shown));
                (scope, Some(scope))
            }
        };
        outlet.insert(unit, out);
        inlets.push(inlet);
    }

    for (unit, inlet) in units.iter().zip(inlets) {
        let Some(inlet) = inlet else { continue };
        let mut incoming = Incoming::default();
        for &member in cone.members(unit) {
            for (position, operand) in node_at(graph, member).operands.iter().enumerate() {
                let source = cone.unit(operand.index());
                match (outlet.get(&source), unit, source) {
                    (None, ..) => incoming.cut += 1,
                    (Some(&from), Unit::Node(_), Unit::Node(_)) => incoming.operand(from, position),
                    (Some(_), ..) if source == *unit => {}
                    (Some(&from), ..) => incoming.bundled(from, position),
                }
            }
        }
        incoming.connect(&mut drawing, inlet);
    }
    Ok((drawing, hidden))
}

fn value_of(graph: &Graph, node: &Node, root: bool) -> Result<Value, Error> {
    Ok(Value {
        id: node.id,
        op: node.op,
        data: graph.try_value(node.id)?,
        grad: graph.try_grad(node.id)?,
        wants_gradient: node.wants_gradient,
        label: graph.label_of(node.id),
        root,
        scope: graph.scope_of(node.id),
        external: node.external.as_ref().map(ToString::to_string),
    })
}
