//! What is drawn: the nodes that limits and collapsed scopes leave of a graph, as a petgraph.

mod model;
mod select;

pub use model::{Drawing, Link, Operation, ScopeBox, Value, Vertex};
pub(crate) use model::{Story, build, story};
pub(crate) use select::Hidden;
