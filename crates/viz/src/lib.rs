//! Pictures of wengert graphs.
//!
//! A picture shows what some nodes depend on, as micrograd's `draw_dot` does: a box for each value,
//! a small node for each op, arrows in the direction in which values flow.
//!
//! ```
//! use wengert::Graph;
//!
//! let g = Graph::new();
//! let [a, b, c, f] = [("a", 2.0), ("b", -3.0), ("c", 10.0), ("f", -2.0)].map(|(name, x)| g.var(x).named(name));
//! let e = (a * b).named("e");
//! let d = (e + c).named("d");
//! let l = (d * f).named("L");
//! l.backward();
//!
//! let picture = wengert_viz::draw(&g, &[l.id()])?;
//! assert!(picture.dot().contains("{ d | data 4.0000 | grad -2.0000 }"));
//! assert_eq!(picture.petgraph().node_count(), 7 + 3); // values, ops
//! # let folder = std::env::temp_dir().join(format!("wengert-viz-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! # let here = folder.join("lecture.dot");
//! # let path = here.to_str().unwrap();
//! # /*
//! let path = "lecture.svg"; // or .dot, .png, .html
//! # */
//! picture.save(path)?;
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Nothing else needs to be installed: pictures are laid out here. PNG needs the feature `png`. DOT text is for
//! Graphviz and other tools that read it.
//!
//! | color | what it marks |
//! |--|--|
//! | green | a leaf: an input or a parameter |
//! | gray | a constant |
//! | white | the result of an op |
//! | amber | a node that the picture was asked for |
//! | blue | a collapsed scope |
//!
//! # Large graphs
//!
//! Nobody reads ten thousand boxes. A picture therefore shows the 500 values nearest to the roots by default, and says
//! below how many it left out; [`Options`] limit the depth as well, and draw scopes as one box each:
//!
//! ```
//! use wengert::Graph;
//! use wengert_viz::{Direction, Options};
//!
//! let g = Graph::new();
//! let mut x = g.var(0.5);
//! for layer in 1..=3 {
//!     let _scope = g.scope(format!("layer {layer}"));
//!     for _ in 0..100 {
//!         x = x.sin() + 1.0;
//!     }
//! }
//! let whole = Options::new().collapse_level(1).direction(Direction::TopToBottom).draw(&g, &[x.id()])?;
//! assert_eq!(whole.petgraph().node_count(), 1 + 3); // the leaf, three layers
//!
//! let end = Options::new().depth_limit(2).draw(&g, &[x.id()])?;
//! assert_eq!(end.note().unwrap(), "… 598 nodes not shown (depth limit 2)");
//! # Ok::<(), wengert_viz::Error>(())
//! ```
//!
//! Nothing recurses, so a chain of ten million nodes does not overflow the stack.
//!
//! # Functions recorded as one node
//!
//! A function of the user's own, and a formula that was recorded as one node ([`wengert::Graph::call`]), are ops with its
//! name. Over expressions, the function is recorded op by op, so what is in it can be drawn too:
//!
//! ```
//! use wengert::{Expr, Function, Graph, Real, Scalar, Statement, function};
//!
//! let area = Statement::new("area", 3, function!(|x| x[0] * x[1] * x[2].sin() * 0.5));
//! let g = Graph::new();
//! let x: Vec<Expr> = [("a", 2.0), ("b", 3.0), ("angle", 0.5)].map(|(name, x)| g.var(x).named(name)).to_vec();
//! let closed = wengert_viz::draw(&g, &[g.call(&area, &x).id()])?;
//! assert_eq!(closed.petgraph().node_count(), 3 + 2);
//! let open = wengert_viz::draw(&g, &[area.function().call(&x).id()])?;
//! assert_eq!(open.petgraph().node_count(), 3 + 2 * 4);
//! # Ok::<(), wengert_viz::Error>(())
//! ```
//!
//! # As a petgraph
//!
//! [`to_petgraph`] gives the whole as a [`petgraph::graph::DiGraph`] of [`Vertex`] and [`Link`], for other layouts and
//! for graph algorithms.
//!
//! # The files
//!
//! | | |
//! |--|--|
//! | `options` | what to show, and how |
//! | `graph` | which nodes that is, as a petgraph |
//! | `layout` | where everything stands |
//! | `look` | colors; SVG, PNG and DOT |
//! | `formula` | TeX, and local derivatives as text |
//! | `page` | HTML |
//! | `picture`, `save` | a picture and its formats; saving it |
//! | `summary` | a table of a graph |
//! | `curve`, `terminal`, `scale` | a curve as SVG, and in a terminal; its scale |
//! | `label`, `words` | texts that all formats share |
#![forbid(unsafe_code)]

mod curve;
mod error;
mod formula;
mod graph;
mod label;
mod layout;
mod look;
mod options;
mod page;
mod picture;
mod save;
mod scale;
mod summary;
mod terminal;
mod words;

use wengert::{Graph, NodeId};

pub use curve::curve_svg;
pub use error::Error;
pub use formula::to_tex;
pub use graph::{Drawing, Link, Operation, ScopeBox, Value, Vertex};
pub use options::{Direction, Options};
#[cfg(feature = "training")]
pub use page::training_page;
pub use picture::Picture;
pub use summary::{Summary, SummaryRow, summary};
pub use terminal::terminal_chart;

impl Options {
    /// Draws what the roots depend on, and the derivatives that the last backward left there.
    ///
    /// Looks at every node up to the last root once, without recursion: O(nodes). Besides what is shown, it takes one
    /// byte per node (4 more where scopes are collapsed).
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let l = (g.var(2.0).named("a") * g.var(-3.0).named("b")).named("L");
    /// let picture = wengert_viz::Options::new().depth_limit(0).draw(&g, &[l.id()])?;
    /// assert_eq!(picture.hidden_nodes(), 2);
    /// # Ok::<(), wengert_viz::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Graph`] where a root is of another graph or was dropped, or a value to be shown
    /// is stale; [`Error::NoSuchScope`].
    pub fn draw(self, graph: &Graph, roots: &[NodeId]) -> Result<Picture, Error> {
        let (drawing, hidden) = graph::build(graph, roots, &self)?;
        let story = graph::story(graph, roots, &drawing);
        Ok(Picture { drawing, hidden, story, options: self })
    }
}

/// Everything that the roots depend on, as a petgraph: a vertex for each value, one for each op, an edge from an op to
/// its value and from each operand to the op, so `x + x` has two.
///
/// Vertices stand in the order of the tape, and a value right before its op. Derivatives are those
/// of the last backward. O(nodes); about 250 bytes a node.
///
/// ```
/// let g = wengert::Graph::new();
/// let l = (g.var(2.0).named("a") * g.var(-3.0).named("b")).named("L");
/// let drawing = wengert_viz::to_petgraph(&g, &[l.id()])?;
/// assert_eq!(drawing.node_count(), 4); // three values and an op
/// # Ok::<(), wengert_viz::Error>(())
/// ```
///
/// # Errors
/// [`Error::Graph`] where a root is of another graph or was dropped, or a value is stale.
pub fn to_petgraph(graph: &Graph, roots: &[NodeId]) -> Result<Drawing, Error> {
    Ok(graph::build(graph, roots, &Options::new().node_limit(usize::MAX))?.0)
}

/// A picture of all that the roots depend on, to be saved as a page. The page shows a part at a time: scopes, and
/// groups of what is too much at once, are boxes that open.
///
/// ```
/// use wengert::Graph;
///
/// let g = Graph::new();
/// let mut x = g.var(0.5).named("x");
/// for layer in 1..=100 {
///     let _scope = g.scope(format!("layer {layer}"));
///     for _ in 0..100 {
///         x = x.sin() + 1.0;
///     }
/// }
/// x.backward();
/// let page = wengert_viz::page(&g, &[x.id()])?.html("a hundred layers")?;
/// assert!(page.len() < 4_000_000);
/// # Ok::<(), wengert_viz::Error>(())
/// ```
///
/// # Errors
/// As [`Options::draw`].
pub fn page(graph: &Graph, roots: &[NodeId]) -> Result<Picture, Error> {
    Options::new().node_limit(usize::MAX).draw(graph, roots)
}

/// A picture of what the roots depend on: [`Options::draw`] with the default options.
///
/// ```
/// let g = wengert::Graph::new();
/// let l = (g.var(2.0).named("a") * g.var(-3.0).named("b")).named("L");
/// assert!(wengert_viz::draw(&g, &[l.id()])?.svg()?.contains("</svg>"));
/// # Ok::<(), wengert_viz::Error>(())
/// ```
///
/// # Errors
/// As [`Options::draw`].
pub fn draw(graph: &Graph, roots: &[NodeId]) -> Result<Picture, Error> {
    Options::new().draw(graph, roots)
}

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
