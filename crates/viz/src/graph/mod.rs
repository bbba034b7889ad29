//! What is drawn, as a petgraph: the nodes of a graph that remain after limits and collapsed scopes.

mod model;
mod select;

pub use model::{Drawing, Link, Operation, ScopeBox, Value, Vertex};
pub(crate) use model::{Story, build, story};
pub(crate) use select::Hidden;
