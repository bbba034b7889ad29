//! What tests of refusals share: the text of a panic, and all that can be seen of a graph.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use wengert::{Error, Graph};

/// The text that `f` panics with; none where it does not.
pub(crate) fn panic_text<T>(f: impl FnOnce() -> T) -> Option<String> {
    let payload = catch_unwind(AssertUnwindSafe(f)).err()?;
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|text| String::from(*text)))
}

/// Asserts that `f` panics with the text of `error` and leaves the graph as it was.
#[track_caller]
pub(crate) fn assert_refused<T>(what: &str, g: &mut Graph, error: &Error, f: impl FnOnce(&mut Graph) -> T) {
    let before = seen(g);
    assert_eq!(panic_text(|| f(g)).as_deref(), Some(error.to_string().as_str()), "{what}");
    assert_eq!(seen(g), before, "{what} changed the graph");
}

/// Asserts that `f` returns `error` and leaves the graph as it was.
#[track_caller]
pub(crate) fn assert_error<T>(
    what: &str,
    g: &mut Graph,
    error: &Error,
    f: impl FnOnce(&mut Graph) -> Result<T, Error>,
) {
    let before = seen(g);
    assert_eq!(f(g).err().as_ref(), Some(error), "{what}");
    assert_eq!(seen(g), before, "{what} changed the graph");
}

/// All that the public API shows of a graph.
pub(crate) fn seen(g: &Graph) -> String {
    let mut text = format!("{} stale: {}, {:?}\n", g.len(), g.is_stale(), g.guards());
    for node in g.nodes() {
        let (label, scope) = (g.label_of(node.id), g.scope_of(node.id));
        writeln!(text, "{node:?} grad {} {label:?} {scope:?}", g.grad(node.id)).expect("strings take all");
    }
    text
}
