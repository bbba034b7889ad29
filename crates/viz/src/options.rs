//! What to show and how: limits, direction, scopes to collapse.

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
/// The default draws 500 values at most, the ones nearest to the roots, in the direction that suits a page. The picture
/// says what a limit left out.
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) depth_limit: usize,
    pub(crate) node_limit: usize,
    pub(crate) direction: Option<Direction>,
    pub(crate) page_width: f64,
    /// Scopes nested this deep are one box each; 0 collapses none.
    pub(crate) collapse_level: usize,
    /// Scopes that are one box each, by path.
    pub(crate) collapsed: Vec<Vec<String>>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            depth_limit: usize::MAX,
            node_limit: 500,
            direction: None,
            page_width: 1200.0,
            collapse_level: 0,
            collapsed: Vec::new(),
        }
    }
}

impl Options {
    /// The default.
    ///
    /// ```
    /// use wengert_viz::Options;
    ///
    /// let g = wengert::Graph::new();
    /// let l = (g.var(2.0).named("a") * g.var(-3.0).named("b")).named("L");
    /// let picture = Options::new().draw(&g, &[l.id()])?;
    /// assert_eq!(picture.hidden_nodes(), 0);
    /// # Ok::<(), wengert_viz::Error>(())
    /// ```
    pub fn new() -> Options {
        Options::default()
    }

    /// Shows only what is at most `steps` ops away from a root: 0 shows the roots alone. A
    /// collapsed scope is one step, however long it is inside.
    ///
    /// ```
    /// use wengert_viz::Options;
    ///
    /// let g = wengert::Graph::new();
    /// let l = (g.var(2.0).named("a") * g.var(-3.0).named("b")).named("L");
    /// let picture = Options::new().depth_limit(0).draw(&g, &[l.id()])?;
    /// assert_eq!(picture.hidden_nodes(), 2);
    /// # Ok::<(), wengert_viz::Error>(())
    /// ```
    pub fn depth_limit(self, steps: usize) -> Options {
        Options { depth_limit: steps, ..self }
    }

    /// Shows only the `boxes` values and collapsed scopes that are nearest to the roots; op nodes
    /// do not count. `usize::MAX` lifts the limit.
    ///
    /// ```
    /// use wengert_viz::Options;
    ///
    /// let g = wengert::Graph::new();
    /// let l = (g.var(2.0).named("a") * g.var(-3.0).named("b")).named("L");
    /// let picture = Options::new().node_limit(1).draw(&g, &[l.id()])?;
    /// assert_eq!(picture.hidden_nodes(), 2);
    /// # Ok::<(), wengert_viz::Error>(())
    /// ```
    pub fn node_limit(self, boxes: usize) -> Options {
        Options { node_limit: boxes, ..self }
    }

    /// Where the arrows point, however wide the picture becomes. Without it, a picture is drawn from left to right if
    /// that is at most [`page_width`](Options::page_width) wide, else from top to bottom, or, if it is a long chain,
    /// from left to right in rows.
    ///
    /// ```
    /// use wengert_viz::{Direction, Options};
    ///
    /// let g = wengert::Graph::new();
    /// let l = (g.var(2.0).named("a") * g.var(-3.0).named("b")).named("L");
    /// let picture = Options::new().direction(Direction::TopToBottom).draw(&g, &[l.id()])?;
    /// assert!(picture.dot().contains("rankdir=TB"));
    /// # Ok::<(), wengert_viz::Error>(())
    /// ```
    pub fn direction(self, direction: Direction) -> Options {
        Options { direction: Some(direction), ..self }
    }

    /// How wide a picture may be, in pixels, before another direction is tried: 1200 by default. A picture that is
    /// wider in every direction is still drawn.
    ///
    /// ```
    /// use wengert_viz::Options;
    ///
    /// let g = wengert::Graph::new();
    /// let l = (g.var(2.0).named("a") * g.var(-3.0).named("b")).named("L");
    /// let picture = Options::new().page_width(2000).draw(&g, &[l.id()])?;
    /// assert!(picture.svg()?.contains("</svg>"));
    /// # Ok::<(), wengert_viz::Error>(())
    /// ```
    pub fn page_width(self, pixels: u32) -> Options {
        Options { page_width: f64::from(pixels), ..self }
    }

    /// Draws each scope that is nested `level` deep as one box: 1 the outermost scopes, 2 those directly within them.
    /// What was not recorded in a scope that deep is drawn node by node. A scope opened several times under the same
    /// path is one box. 0 collapses nothing.
    ///
    /// ```
    /// use wengert_viz::Options;
    ///
    /// let g = wengert::Graph::new();
    /// let layer = g.scope("layer");
    /// let l = g.var(2.0).sin().cos();
    /// drop(layer);
    /// let picture = Options::new().collapse_level(1).draw(&g, &[l.id()])?;
    /// assert!(picture.petgraph().node_count() < wengert_viz::draw(&g, &[l.id()])?.petgraph().node_count());
    /// # Ok::<(), wengert_viz::Error>(())
    /// ```
    pub fn collapse_level(self, level: usize) -> Options {
        Options { collapse_level: level, ..self }
    }

    /// Draws one scope, and all within it, as one box: its path as [`Graph::scope_of`](wengert::Graph::scope_of) gives
    /// it, outermost first. Call it again for more scopes.
    ///
    /// ```
    /// use wengert_viz::Options;
    ///
    /// let g = wengert::Graph::new();
    /// let layer = g.scope("layer");
    /// let l = g.var(2.0).sin().cos();
    /// drop(layer);
    /// let picture = Options::new().collapse(["layer"]).draw(&g, &[l.id()])?;
    /// assert!(picture.petgraph().node_count() < wengert_viz::draw(&g, &[l.id()])?.petgraph().node_count());
    /// # Ok::<(), wengert_viz::Error>(())
    /// ```
    pub fn collapse<S: Into<String>>(mut self, path: impl IntoIterator<Item = S>) -> Options {
        self.collapsed.push(path.into_iter().map(Into::into).collect());
        self
    }
}
