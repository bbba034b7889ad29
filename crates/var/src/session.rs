//! Which graph a thread records on.

use std::cell::RefCell;
use std::mem;
use std::rc::Rc;

use wengert::Graph;

/// The graph that a thread records on. It is borrowed without a closure, so that panics point to the caller.
pub(crate) type Open = Rc<RefCell<Option<Graph>>>;

thread_local! {
    /// The graph that this thread records on, moved here while it does.
    static OPEN: Open = Open::default();
    /// Empty graphs that stand in for the graphs moved away, one for each nested call. They are kept for the
    /// next time, since a new graph uses up a generation of keys.
    static SPARE: RefCell<Vec<Graph>> = const { RefCell::new(Vec::new()) };
}

/// Runs `f`, and records on the graph what it does with [`Var`](crate::Var)s on this thread.
///
/// Meanwhile the graph is out of reach; [`with_graph`] lends it. It is back when `record` returns or
/// unwinds. Calls nest: the innermost graph is recorded on. Moving the graph there and back copies a few
/// thousand bytes, whatever its size.
///
/// ```
/// use wengert_var::{Var, record};
///
/// let mut g = wengert::Graph::new();
/// let (x, y) = record(&mut g, || {
///     let x = Var::leaf(3.0);
///     (x, x * x)
/// });
/// assert_eq!(g.gradient(y.id(), &[x.id()]), [6.0]);
/// ```
///
/// # Panics
/// Where it is called within [`with_graph`], and within a function of the user's own ([`wengert::External`]) that a `Var`
/// calls or sweeps: there, record on the graph by expressions, or use [`wengert::gradient`].
#[track_caller]
pub fn record<R>(graph: &mut Graph, f: impl FnOnce() -> R) -> R {
    let session = Session::open(graph);
    let result = f();
    drop(session);
    result
}

/// Lends the graph that this thread records on, for labels, scopes, sweeps and gradients during a recording.
/// `Var`s may be used meanwhile.
///
/// ```
/// use wengert_var::{Var, record, with_graph};
///
/// let mut g = wengert::Graph::new();
/// let x = record(&mut g, || {
///     let x = Var::leaf(3.0);
///     with_graph(|g| g.label(x.id(), "x"));
///     x
/// });
/// assert_eq!(g.label_of(x.id()).as_deref(), Some("x"));
/// ```
///
/// # Panics
/// Where this thread records on no graph.
#[track_caller]
pub fn with_graph<R>(f: impl FnOnce(&Graph) -> R) -> R {
    f(graph(open().borrow().as_ref()))
}

/// What this thread records on.
pub(crate) fn open() -> Open {
    OPEN.with(Rc::clone)
}

/// The graph, or a panic where there is none.
#[track_caller]
pub(crate) fn graph(open: Option<&Graph>) -> &Graph {
    open.expect(
        "this thread records on no graph: use numbers of a graph within wengert_var::record, \
         and read them afterwards from the graph, by their id()",
    )
}

/// A recording; dropping it ends the recording.
struct Session<'g> {
    graph: &'g mut Graph,
    outer: Option<Graph>,
}

/// An empty graph.
fn spare() -> Graph {
    SPARE.with_borrow_mut(Vec::pop).unwrap_or_default()
}

impl<'g> Session<'g> {
    #[track_caller]
    fn open(graph: &'g mut Graph) -> Self {
        let open = open();
        let Ok(mut open) = open.try_borrow_mut() else {
            panic!(
                "the graph is lent out: call wengert_var::record outside with_graph, and outside functions of the user's \
                 own that a Var calls"
            )
        };
        let outer = open.replace(mem::replace(graph, spare()));
        Session { graph, outer }
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        // The graph is not lent out any more: `with_graph` has returned or unwound.
        let ours = mem::replace(&mut *open().borrow_mut(), self.outer.take());
        if let Some(ours) = ours {
            SPARE.with_borrow_mut(|spare| spare.push(mem::replace(self.graph, ours)));
        }
    }
}
