//! Which graph is recorded on: recordings within recordings, panics, threads, and wrong uses with their messages.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use wengert::{Graph, NodeId};
use wengert_var::{Var, record, with_graph};

use crate::panic_of;

const NO_GRAPH: &str = "this thread records on no graph: use numbers of a graph within wengert_var::record, and read \
                        them afterwards from the graph, by their id()";
const LENT: &str = "the graph is lent out: call wengert_var::record outside with_graph, and outside functions of the user's \
                    own that a Var calls";

/// What the engine says of a key that is not one of this graph.
fn refusal(g: &Graph, id: NodeId) -> String {
    g.try_value(id).unwrap_err().to_string()
}

#[test]
fn recordings_nest() {
    let (mut g, mut h, mut k) = (Graph::new(), Graph::new(), Graph::new());
    let (x, y, z) = record(&mut g, || {
        let x = Var::leaf(1.0);
        let (y, z) = record(&mut h, || {
            let y = Var::leaf(2.0);
            let z = record(&mut k, || Var::leaf(5.0) * 2.0);
            (y * 3.0, z)
        });
        (x + 1.0, y, z)
    });
    assert_eq!([g.len(), h.len(), k.len()], [2, 2, 2]);
    assert_eq!([g.value(x.id()), h.value(y.id()), k.value(z.id())], [2.0, 6.0, 10.0]);
}

#[test]
fn a_number_of_an_outer_recording_is_not_taken_for_one_of_the_inner() {
    let (mut outer, mut inner) = (Graph::new(), Graph::new());
    record(&mut outer, || {
        let x = Var::leaf(2.0);
        let y = record(&mut inner, || {
            let y = Var::leaf(3.0);
            let refusal = with_graph(|g| refusal(g, x.id()));
            assert_eq!(panic_of(|| x + y), refusal);
            assert_eq!(panic_of(|| x.value()), refusal);
            assert_eq!(panic_of(|| x < y), refusal);
            y
        });
        assert_eq!(panic_of(|| x * y), with_graph(|g| refusal(g, y.id())));
        assert_eq!((x * x).value(), 4.0);
    });
}

#[test]
fn a_panic_gives_the_graph_back() {
    let mut g = Graph::new();
    let x = record(&mut g, || Var::leaf(1.0));
    let text = panic_of(|| {
        record(&mut g, || {
            let _ = Var::leaf(5.0);
            panic!("halfway")
        })
    });
    assert_eq!((text.as_str(), g.len(), g.value(x.id())), ("halfway", 2, 1.0));
    assert_eq!(panic_of(|| Var::leaf(1.0)), NO_GRAPH, "and no graph is recorded on");
    assert_eq!(record(&mut g, || (x + 1.0).value()), 2.0);
}

#[test]
fn a_panic_of_an_inner_recording_leaves_the_outer_one() {
    let (mut g, mut h) = (Graph::new(), Graph::new());
    let y = record(&mut g, || {
        let x = Var::leaf(3.0);
        let text = panic_of(|| {
            record(&mut h, || {
                let _ = Var::leaf(1.0);
                with_graph(|_| panic!("inside"))
            })
        });
        assert_eq!(text, "inside");
        x * x
    });
    assert_eq!((g.value(y.id()), g.len(), h.len()), (9.0, 2, 1));
}

#[test]
fn a_panic_while_the_graph_is_lent_gives_it_back() {
    let mut g = Graph::new();
    let y = record(&mut g, || {
        let x = Var::leaf(3.0);
        assert_eq!(panic_of(|| with_graph(|_| panic!("lent"))), "lent");
        x * x
    });
    assert_eq!(g.value(y.id()), 9.0);
}

#[test]
fn a_recording_within_with_graph_is_refused_and_loses_nothing() {
    let (mut g, mut h) = (Graph::new(), Graph::new());
    let x = record(&mut h, || Var::leaf(4.0));
    let y = record(&mut g, || {
        let y = Var::leaf(3.0);
        assert_eq!(panic_of(|| with_graph(|_| record(&mut h, || ()))), LENT);
        y
    });
    assert_eq!((g.value(y.id()), h.value(x.id())), (3.0, 4.0));
}

#[test]
fn the_graph_is_lent_any_number_of_times() {
    let mut g = Graph::new();
    let sizes = record(&mut g, || {
        with_graph(|a| {
            let x = Var::leaf(1.0);
            let inside = with_graph(|b| b.len());
            (a.len(), inside, (x + 1.0).value())
        })
    });
    assert_eq!(sizes, (1, 1, 2.0));
}

#[test]
fn wrong_uses_are_refused_with_their_messages() {
    let (mut g, mut h) = (Graph::new(), Graph::new());
    let x = record(&mut g, || Var::leaf(1.0));
    for text in [panic_of(|| x + 1.0), panic_of(|| x.value()), panic_of(|| x < 2.0), panic_of(|| x.sin())] {
        assert_eq!(text, NO_GRAPH, "outside a recording");
    }
    assert_eq!(panic_of(|| with_graph(|_| ())), NO_GRAPH);
    assert_eq!(panic_of(|| record(&mut h, || x + 1.0)), refusal(&h, x.id()), "of another graph");
    assert_eq!(
        panic_of(|| Var::from(1.0).id()),
        "a constant is not a node of a graph and has no key: make it with Var::leaf"
    );
    let y = record(&mut g, || x * 2.0);
    g.set(x.id(), 2.0);
    assert_eq!(panic_of(|| record(&mut g, || y + 1.0)), refusal(&g, y.id()), "stale");
    g.reset();
    assert_eq!(panic_of(|| record(&mut g, || x + 1.0)), refusal(&g, x.id()), "from before a reset");
    assert_eq!(format!("{x:?}"), format!("{:?}", x.id()), "what cannot be read is shown by its key");
}

/// A graph and its numbers go from thread to thread. A thread records on its own graph only.
#[test]
fn threads_record_on_graphs_of_their_own() {
    let mut g = Graph::new();
    let x = record(&mut g, || Var::leaf(3.0));
    let text = record(&mut g, || thread::spawn(move || panic_of(|| x + 1.0)).join().unwrap());
    assert_eq!(text, NO_GRAPH);
    let (g, y) = thread::spawn(move || {
        let y = record(&mut g, || x * x);
        (g, y)
    })
    .join()
    .unwrap();
    assert_eq!(g.gradient(y.id(), &[x.id()]), [6.0]);
    let slopes: Vec<f64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|k| {
                scope.spawn(move || {
                    let mut g = Graph::new();
                    let (x, y) = record(&mut g, || {
                        let x = Var::leaf(f64::from(k));
                        (x, (0..100).fold(x, |sum, _| sum + x * x))
                    });
                    g.gradient(y.id(), &[x.id()])[0]
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(slopes, (0..8).map(|k| 1.0 + 200.0 * f64::from(k)).collect::<Vec<_>>());
}

/// A thread that ends by a panic within a recording leaves other threads as they were.
#[test]
fn a_thread_that_panics_while_recording_disturbs_no_other() {
    let mut g = Graph::new();
    let y = record(&mut g, || {
        let x = Var::leaf(2.0);
        let other = thread::spawn(|| {
            let mut h = Graph::new();
            record(&mut h, || {
                let _ = Var::leaf(1.0);
                std::panic::resume_unwind(Box::new("left"))
            })
        });
        assert!(other.join().is_err());
        x * x
    });
    assert_eq!(g.value(y.id()), 4.0);
    assert!(catch_unwind(AssertUnwindSafe(|| Var::leaf(1.0))).is_err());
}

/// There are many generations of keys, but not infinitely many: recording again must not use up new ones.
#[test]
fn recording_again_and_again_uses_up_no_generations() {
    let generation = || -> u32 {
        let key = format!("{:?}", Graph::new().leaf(0.0));
        let digits = key.trim_end_matches(')').rsplit('v').next();
        digits.and_then(|digits| digits.parse().ok()).expect("NodeId(0v1)")
    };
    let mut g = Graph::new();
    record(&mut g, || Var::leaf(1.0));
    let before = generation();
    let [mut inner, mut innermost] = [Graph::new(), Graph::new()];
    for _ in 0..10_000 {
        record(&mut g, || Var::leaf(1.0));
        record(&mut g, || record(&mut inner, || record(&mut innermost, || Var::leaf(1.0))));
    }
    // Other tests take some meanwhile.
    let used = generation().wrapping_sub(before);
    assert!(used < 10_000, "{used}");
}

#[test]
fn a_node_that_was_made_before_is_a_number() {
    let mut g = Graph::new();
    let x = g.leaf(3.0);
    let y = record(&mut g, || Var::from(x) * 2.0);
    assert_eq!(g.gradient(y.id(), &[x]), [2.0]);
    let mut h = Graph::new();
    assert_eq!(panic_of(|| record(&mut h, || Var::from(x) * 2.0)), refusal(&h, x));
}

/// A number that records when it is dropped, while a panic unwinds.
#[test]
fn what_is_dropped_by_a_panic_may_record() {
    struct OnDrop<F: FnMut()>(F);
    impl<F: FnMut()> Drop for OnDrop<F> {
        fn drop(&mut self) {
            (self.0)();
        }
    }
    let (mut g, mut h) = (Graph::new(), Graph::new());
    let text = panic_of(|| {
        record(&mut g, || {
            let x = Var::leaf(3.0);
            let _inner = OnDrop(|| {
                let y = record(&mut h, || Var::leaf(2.0) * 2.0);
                assert_eq!(h.value(y.id()), 4.0);
            });
            let _outer = OnDrop(|| assert_eq!((x * x).value(), 9.0));
            panic!("halfway")
        })
    });
    assert_eq!((text.as_str(), g.len(), h.len()), ("halfway", 2, 2));
    assert_eq!(panic_of(|| Var::leaf(1.0)), NO_GRAPH);
}

#[test]
fn a_hundred_recordings_nest() {
    fn nest(depth: usize) -> f64 {
        let mut g = Graph::new();
        let y = record(&mut g, || Var::leaf(1.0) + if depth > 0 { nest(depth - 1) } else { 0.0 });
        assert_eq!(g.len(), 2);
        g.value(y.id())
    }
    assert_eq!(nest(100), 101.0);
    assert_eq!(panic_of(|| Var::leaf(1.0)), NO_GRAPH);
}

/// A key of a graph that is gone is not one of a graph in its place.
#[test]
fn a_number_of_a_dropped_graph_is_refused() {
    for _ in 0..1000 {
        let x = {
            let mut g = Graph::new();
            record(&mut g, || Var::leaf(1.0))
        };
        let mut h = Graph::new();
        record(&mut h, || Var::leaf(2.0));
        assert_eq!(panic_of(|| record(&mut h, || x * 2.0)), refusal(&h, x.id()));
    }
}

/// A function of the user's own runs while the graph is lent out.
#[test]
fn an_external_function_that_records_is_refused_and_loses_nothing() {
    struct Records;
    impl wengert::External for Records {
        fn name(&self) -> &str {
            "records"
        }
        fn shape(&self) -> (usize, usize) {
            (1, 1)
        }
        fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
            y[0] = record(&mut Graph::new(), || (Var::from(x[0]) * 2.0).value());
            Ok(())
        }
        fn vjp(&self, _: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
            xbar[0] = 2.0 * ybar[0];
            Ok(())
        }
    }
    let mut g = Graph::new();
    let x = record(&mut g, || {
        let x = Var::leaf(3.0);
        let call = || with_graph(|g| g.external_nodes(std::sync::Arc::new(Records), &[x.id()])[0]);
        assert_eq!(panic_of(call), LENT);
        x + 1.0
    });
    assert_eq!((g.len(), g.value(x.id())), (2, 4.0));
    let y = g.external_nodes(std::sync::Arc::new(Records), &[x.id()])[0];
    assert_eq!(g.value(y), 8.0, "outside a recording it may");
}
