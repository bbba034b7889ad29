//! Which graph a thread records on. Read `var` next.

use std::cell::RefCell;
use std::mem;

use wengert::Graph;

thread_local! {
    /// The graph that this thread records on, moved in here for as long.
    static OPEN: RefCell<Option<Graph>> = const { RefCell::new(None) };
    /// Empty graphs, one for each call that was nested in another, to stand where a graph was moved
    /// from. They are kept for the next time: each new one would use up a generation of keys.
    static SPARE: RefCell<Vec<Graph>> = const { RefCell::new(Vec::new()) };
}

/// Runs `f` and records on the graph what it does with [`Var`](crate::Var)s on this thread.
///
/// The graph is moved out of reach meanwhile ([`with_graph`] lends it) and is back when this
/// returns, also by a panic. Calls nest: the innermost graph is recorded on. Moving it there and
/// back costs the copying of some thousand bytes, whatever its size.
///
/// # Panics
/// Where it is called from within [`with_graph`].
#[track_caller]
pub fn record<R>(graph: &mut Graph, f: impl FnOnce() -> R) -> R {
    let session = Session::open(graph);
    let result = f();
    drop(session);
    result
}

/// Lends the graph that this thread records on: for labels, scopes, sweeps and gradients in the
/// middle of a recording. `Var`s may be used meanwhile.
///
/// # Panics
/// Where this thread records on none.
#[track_caller]
pub fn with_graph<R>(f: impl FnOnce(&Graph) -> R) -> R {
    // Not within the closure, so that the panic points to the caller.
    match try_with_graph(|graph| graph.map(f)) {
        Some(result) => result,
        None => panic!("{NONE_OPEN}"),
    }
}

const NONE_OPEN: &str = "this thread records on no graph: use numbers of a graph within wengert_nalgebra::record, \
                         and after it read them from the graph, by their id()";

/// As [`with_graph`], where there may be none.
pub(crate) fn try_with_graph<R>(f: impl FnOnce(Option<&Graph>) -> R) -> R {
    OPEN.with_borrow(|open| f(open.as_ref()))
}

/// A graph that is recorded on, until it is dropped.
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
        let swap = |open: &RefCell<Option<Graph>>| {
            let mut open = open.try_borrow_mut().ok()?;
            Some(open.replace(mem::replace(graph, spare())))
        };
        match OPEN.with(swap) {
            Some(outer) => Session { graph, outer },
            None => panic!("the graph is lent: call wengert_nalgebra::record outside with_graph"),
        }
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        // Nothing is lent by now: what lends it has returned or unwound.
        let ours = OPEN.with_borrow_mut(|open| mem::replace(open, self.outer.take()));
        if let Some(ours) = ours {
            SPARE.with_borrow_mut(|spare| spare.push(mem::replace(self.graph, ours)));
        }
    }
}
