//! What to show and how: limits, direction, scopes to collapse. Read [`crate::select`] next, for
//! what a limit leaves of a graph.

use std::path::PathBuf;
use std::time::Duration;

use wengert::{Graph, NodeId};

use crate::error::Error;
use crate::model::{self, Drawing};
use crate::picture::Picture;

/// Where the arrows point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// From inputs at the left to outputs at the right, as in the lecture.
    #[default]
    LeftToRight,
    /// From inputs at the top to outputs at the bottom.
    TopToBottom,
}

/// How to draw a graph.
///
/// The default draws left to right, 500 values at most, the ones nearest to the roots, and gives
/// Graphviz a minute. What a limit leaves out is said in the picture.
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) depth_limit: usize,
    pub(crate) node_limit: usize,
    pub(crate) direction: Direction,
    /// Scopes nested this deep are one box each; 0 collapses none.
    pub(crate) collapse_level: usize,
    /// Scopes that are one box each, by path.
    pub(crate) collapsed: Vec<Vec<String>>,
    pub(crate) graphviz: PathBuf,
    pub(crate) time_limit: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            depth_limit: usize::MAX,
            node_limit: 500,
            direction: Direction::LeftToRight,
            collapse_level: 0,
            collapsed: Vec::new(),
            graphviz: PathBuf::from("dot"),
            time_limit: Duration::from_secs(60),
        }
    }
}

impl Options {
    /// The default.
    pub fn new() -> Options {
        Options::default()
    }

    /// Shows only what is at most `steps` ops away from a root: 0 shows the roots alone. A
    /// collapsed scope is one step, however long it is inside.
    pub fn depth_limit(self, steps: usize) -> Options {
        Options {
            depth_limit: steps,
            ..self
        }
    }

    /// Shows only the `boxes` values and collapsed scopes that are nearest to the roots; op nodes
    /// do not count. `usize::MAX` lifts the limit.
    pub fn node_limit(self, boxes: usize) -> Options {
        Options {
            node_limit: boxes,
            ..self
        }
    }

    /// Where the arrows point.
    pub fn direction(self, direction: Direction) -> Options {
        Options { direction, ..self }
    }

    /// Draws each scope that is nested `level` deep as one box: 1 the outermost scopes, 2 those
    /// directly within them. What was recorded in no scope as deep is drawn node by node. A scope
    /// opened several times under the same path is one box. 0 collapses nothing.
    pub fn collapse_level(self, level: usize) -> Options {
        Options {
            collapse_level: level,
            ..self
        }
    }

    /// Draws one scope, and all within it, as one box: its path as [`Graph::scope_of`] tells it,
    /// outermost first. Call it again for more of them.
    pub fn collapse<S: Into<String>>(mut self, path: impl IntoIterator<Item = S>) -> Options {
        self.collapsed.push(path.into_iter().map(Into::into).collect());
        self
    }

    /// The command that lays pictures out: Graphviz's `dot`, looked up as the system looks
    /// commands up.
    pub fn graphviz(self, command: impl Into<PathBuf>) -> Options {
        Options {
            graphviz: command.into(),
            ..self
        }
    }

    /// How long Graphviz may take for a picture before it is stopped.
    pub fn time_limit(self, limit: Duration) -> Options {
        Options {
            time_limit: limit,
            ..self
        }
    }

    /// Draws what the roots depend on, and the derivatives that the last backward left there.
    ///
    /// Looks at every node up to the last root once, without recursion: O(nodes), with a byte a
    /// node (4 more where scopes are collapsed) beside what is shown.
    ///
    /// # Errors
    /// [`Error::Graph`] where a root is of another graph or was dropped, or a value to be shown
    /// is stale; [`Error::NoSuchScope`].
    pub fn draw(self, graph: &Graph, roots: &[NodeId]) -> Result<Picture, Error> {
        let (drawing, hidden) = model::build(graph, roots, &self)?;
        Ok(Picture {
            drawing,
            hidden,
            options: self,
        })
    }
}

/// What the roots depend on, whole, as a petgraph: a vertex for each value, one for each op, an
/// edge from an op to its value and from each operand to the op, so `x + x` has two.
///
/// Vertices stand in the order of the tape, and a value right before its op. Derivatives are those
/// of the last backward. O(nodes); about 250 bytes a node.
///
/// # Errors
/// [`Error::Graph`] where a root is of another graph or was dropped, or a value is stale.
pub fn to_petgraph(graph: &Graph, roots: &[NodeId]) -> Result<Drawing, Error> {
    Ok(model::build(graph, roots, &Options::new().node_limit(usize::MAX))?.0)
}

/// A picture of what the roots depend on: [`Options::draw`] with the default options.
///
/// # Errors
/// As [`Options::draw`].
pub fn draw(graph: &Graph, roots: &[NodeId]) -> Result<Picture, Error> {
    Options::new().draw(graph, roots)
}
