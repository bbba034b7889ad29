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
//! DOT text needs nothing but this crate. SVG, PNG and HTML are laid out by Graphviz's `dot`, which
//! must be installed; [`Error::GraphvizMissing`] says so where it is not.
//!
//! | colour | what it marks |
//! |--|--|
//! | green | a leaf: an input or a parameter |
//! | grey | a constant |
//! | white | the result of an op |
//! | amber | a node that the picture was asked for |
//! | blue | a collapsed scope |
//!
//! # Large graphs
//!
//! Nobody reads ten thousand boxes, and Graphviz would take minutes to lay them out. A picture
//! therefore shows the 500 values nearest to the roots unless told otherwise, and says below how
//! many it left out; [`Options`] limit the depth as well, and draw scopes as one box each:
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
//! Limits and the walk behind them need no recursion, so a chain of ten million nodes is no harder
//! than one of ten.
//!
//! # As a petgraph
//!
//! [`to_petgraph`] gives the whole as a [`petgraph::graph::DiGraph`] of [`Vertex`] and [`Link`],
//! for other layouts and for what graph algorithms tell.
//!
//! In reading order: `options` what to show and how · `select` which nodes that is · `model` the
//! petgraph of them · `dot` its look · `escape` labels that survive it · `graphviz` running `dot` ·
//! `picture` saving · `page` the HTML · `error` what can go wrong.
#![forbid(unsafe_code)]

mod dot;
mod error;
mod escape;
mod graphviz;
mod model;
mod options;
mod page;
mod picture;
mod select;

pub use error::Error;
pub use model::{Drawing, Link, Operation, ScopeBox, Value, Vertex};
pub use options::{Direction, Options, draw, to_petgraph};
pub use picture::Picture;
