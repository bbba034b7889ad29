//! What the tests of refused calls share: the text of a panic, and all that can be seen of a graph.

pub(crate) mod dag;
pub(crate) mod methods;
use std::cell::Cell;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use wengert::{Error, Graph};

thread_local! {
    /// Whether a panic of this thread is expected, and should print no message.
    static LOOKED_FOR: Cell<bool> = const { Cell::new(false) };
    /// Where the last panic of this thread points to.
    static PLACE: Cell<Option<Place>> = const { Cell::new(None) };
}

/// A file and a line.
pub(crate) type Place = (String, u32);

/// The text that `f` panics with; none where it does not.
fn panic_text<T>(f: impl FnOnce() -> T) -> Option<String> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let loud = take_hook();
        set_hook(Box::new(move |panic| {
            PLACE.set(panic.location().map(|at| (at.file().into(), at.line())));
            if !LOOKED_FOR.get() {
                loud(panic);
            }
        }));
    });
    LOOKED_FOR.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(f));
    LOOKED_FOR.set(false);
    let payload = outcome.err()?;
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|&text| text.into()))
}

/// The text that `f` panics with, and where the panic points to.
pub(crate) fn refusal<T>(f: impl FnOnce() -> T) -> Option<(String, Place)> {
    panic_text(f).zip(PLACE.take())
}

/// All that the public API shows of a graph.
fn seen(g: &Graph) -> String {
    let mut text = format!("{} nodes, stale: {}, {:?}\n", g.len(), g.is_stale(), g.guards());
    for node in g.nodes() {
        let (label, scope) = (g.label_of(node.id), g.scope_of(node.id));
        writeln!(text, "{node:?} grad {} {label:?} {scope:?}", g.grad(node.id)).expect("strings take all");
    }
    text
}

/// A list of failures. When it is dropped and not empty, the test fails and shows all of them.
#[derive(Default)]
pub(crate) struct Faults(Vec<String>);

impl Faults {
    /// Expects `f` to panic with the text of `error` and to leave the graph as it was.
    pub(crate) fn panics<T>(&mut self, what: &str, g: &mut Graph, error: &Error, f: impl FnOnce(&mut Graph) -> T) {
        let before = seen(g);
        let text = panic_text(|| f(g));
        self.check(what, text, error.to_string(), before, seen(g));
    }

    /// Expects `f` to return `error` and to leave the graph as it was.
    pub(crate) fn fails<T>(
        &mut self,
        what: &str,
        g: &mut Graph,
        error: &Error,
        f: impl FnOnce(&mut Graph) -> Result<T, Error>,
    ) {
        let before = seen(g);
        let mut got = None;
        if let Some(text) = panic_text(|| got = f(g).err()) {
            self.0.push(format!("{what} panicked: {text}"));
        }
        self.check(what, got.map(|e| format!("{e:?}")), format!("{error:?}"), before, seen(g));
    }

    fn check(&mut self, what: &str, got: Option<String>, want: String, before: String, after: String) {
        if got.as_ref() != Some(&want) {
            self.0.push(format!("{what} gave {got:?} instead of {want:?}"));
        }
        if before != after {
            let changed = before.lines().zip(after.lines()).filter(|(a, b)| a != b);
            let lines: Vec<_> = changed.map(|(a, b)| format!("  {a}\n  {b}")).collect();
            self.0.push(format!("{what} changed the graph:\n{}", lines.join("\n")));
        }
    }
}

impl Drop for Faults {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.0.is_empty(), "{} faults:\n{}", self.0.len(), self.0.join("\n"));
        }
    }
}
