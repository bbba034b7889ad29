//! A picture and its formats.

use std::fmt;

use crate::error::Error;
use crate::graph::{Drawing, Hidden, Story};
use crate::layout::{Layout, lay_out};
use crate::look::{dot, svg};
use crate::options::Options;
use crate::page;
use crate::words::{counted, grouped};

/// A drawn graph. Displays as DOT text.
#[derive(Clone, Debug)]
pub struct Picture {
    pub(crate) drawing: Drawing,
    pub(crate) hidden: Hidden,
    pub(crate) options: Options,
    pub(crate) story: Option<Story>,
}

/// How many boxes, op nodes included, are laid out at most.
const MOST_BOXES: usize = 20_000;
const MOST_BOXES_OF_A_PAGE: usize = 1_000_000;

impl Picture {
    /// What is drawn.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let l = (g.var(2.0).named("a") * g.var(-3.0).named("b")).named("L");
    /// let picture = wengert_viz::draw(&g, &[l.id()])?;
    /// assert_eq!(picture.petgraph().node_count(), 4);
    /// # Ok::<(), wengert_viz::Error>(())
    /// ```
    pub fn petgraph(&self) -> &Drawing {
        &self.drawing
    }

    /// How many nodes that the roots depend on were left out by a limit.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let l = (g.var(2.0).named("a") * g.var(-3.0).named("b")).named("L");
    /// let picture = wengert_viz::Options::new().depth_limit(0).draw(&g, &[l.id()])?;
    /// assert_eq!(picture.hidden_nodes(), 2);
    /// # Ok::<(), wengert_viz::Error>(())
    /// ```
    pub fn hidden_nodes(&self) -> usize {
        self.hidden.nodes
    }

    /// What the picture says below the graph: how many nodes are not shown and by which limit.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let l = (g.var(2.0).named("a") * g.var(-3.0).named("b")).named("L");
    /// let picture = wengert_viz::Options::new().depth_limit(0).draw(&g, &[l.id()])?;
    /// assert!(picture.note().unwrap().contains("2"));
    /// # Ok::<(), wengert_viz::Error>(())
    /// ```
    pub fn note(&self) -> Option<String> {
        if self.hidden.nodes == 0 {
            let empty = self.drawing.node_count() == 0;
            return empty.then(|| "nothing to draw: no node was asked for".into());
        }
        let mut limits = Vec::new();
        if self.hidden.by_depth {
            limits.push(format!("depth limit {}", grouped(self.options.depth_limit)));
        }
        if self.hidden.by_count {
            limits.push(format!("node limit {}", grouped(self.options.node_limit)));
        }
        let (nodes, limits) = (counted(self.hidden.nodes, "node"), limits.join(", "));
        Some(format!("… {nodes} not shown ({limits})"))
    }

    /// The DOT text, for Graphviz and other tools that read it. The same graph gives the same text.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let l = (g.var(2.0).named("a") * g.var(-3.0).named("b")).named("L");
    /// let picture = wengert_viz::draw(&g, &[l.id()])?;
    /// assert!(picture.dot().starts_with("digraph"));
    /// # Ok::<(), wengert_viz::Error>(())
    /// ```
    pub fn dot(&self) -> String {
        let direction = self.options.direction.unwrap_or_default();
        dot::write(&self.drawing, self.note().as_deref(), direction)
    }

    /// The SVG text. It needs no other file, and has a dark mode. The same graph gives the same text.
    ///
    /// Boxes never overlap, and no wire crosses one. O(n log n) in the boxes and in the layers that
    /// wires pass through; a thousand boxes take about a tenth of a second.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let l = (g.var(2.0).named("a") * g.var(-3.0).named("b")).named("L");
    /// let picture = wengert_viz::draw(&g, &[l.id()])?;
    /// assert!(picture.svg()?.contains("</svg>"));
    /// # Ok::<(), wengert_viz::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond 20,000 boxes (op nodes included).
    pub fn svg(&self) -> Result<String, Error> {
        Ok(svg::write(&self.lay_out()?, self.note().as_deref()))
    }

    /// The PNG file: the SVG in light mode, at two pixels to each of its own, or fewer where it would become too large.
    /// Needs the feature `png`.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let l = (g.var(2.0).named("a") * g.var(-3.0).named("b")).named("L");
    /// let picture = wengert_viz::draw(&g, &[l.id()])?;
    /// if cfg!(feature = "png") {
    ///     assert!(picture.png()?.starts_with(b"\x89PNG"));
    /// }
    /// # Ok::<(), wengert_viz::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Picture::svg`]; [`Error::TooLargeForPng`]; [`Error::PngNotBuilt`] without the feature.
    pub fn png(&self) -> Result<Vec<u8>, Error> {
        #[cfg(feature = "png")]
        {
            let (layout, note) = (self.lay_out()?, self.note());
            let size = svg::size(&layout, note.as_deref());
            crate::look::png::draw(&svg::write(&layout, note.as_deref()), size)
        }
        #[cfg(not(feature = "png"))]
        Err(Error::PngNotBuilt)
    }

    /// A page to explore the graph in: scopes open and close, values are found by name, forward and backward are played
    /// node by node. A single file, which loads no other. It holds what this picture draws; [`page`](crate::page) draws
    /// everything.
    ///
    /// O(n log n); about 90 bytes a value.
    ///
    /// ```
    /// let g = wengert::Graph::new();
    /// let l = (g.var(2.0).named("a") * g.var(-3.0).named("b")).named("L");
    /// let picture = wengert_viz::draw(&g, &[l.id()])?;
    /// assert!(picture.html("a product")?.contains("<title>a product</title>"));
    /// # Ok::<(), wengert_viz::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond a million boxes (op nodes included).
    pub fn html(&self, title: &str) -> Result<String, Error> {
        self.at_most(MOST_BOXES_OF_A_PAGE)?;
        Ok(page::page(&self.drawing, title, self.note(), self.story.as_ref()))
    }

    fn at_most(&self, limit: usize) -> Result<(), Error> {
        let boxes = self.drawing.node_count();
        match boxes > limit {
            true => Err(Error::TooLarge { boxes, limit }),
            false => Ok(()),
        }
    }

    fn lay_out(&self) -> Result<Layout, Error> {
        self.at_most(MOST_BOXES)?;
        Ok(lay_out(&self.drawing, self.options.direction, self.options.page_width))
    }
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.dot())
    }
}
