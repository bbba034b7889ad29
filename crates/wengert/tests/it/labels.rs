//! Labels of nodes and scopes. They live as long as the nodes they name, and never apply to nodes recorded in the same
//! place later.

use wengert::{Graph, NodeId};

fn paths(g: &Graph) -> Vec<String> {
    g.nodes().map(|node| g.scope_of(node.id).join("/")).collect()
}

fn labels(g: &Graph) -> Vec<Option<String>> {
    g.nodes().map(|node| g.label_of(node.id)).collect()
}

#[test]
fn a_label_is_the_last_one_given() {
    let g = Graph::new();
    let x = g.leaves(&[1.0, 2.0]);
    assert_eq!(g.label_of(x[0]), None);
    g.label(x[0], "a");
    assert_eq!((g.label_of(x[0]).as_deref(), g.label_of(x[1])), (Some("a"), None));
    g.label(x[0], String::from("b"));
    assert_eq!(g.label_of(x[0]).as_deref(), Some("b"));
    g.label(x[1], "b");
    assert_eq!(g.label_of(x[1]).as_deref(), Some("b"), "two nodes may have one name");
    g.label(x[1], "");
    assert_eq!(g.label_of(x[1]).as_deref(), Some(""));
}

#[test]
fn an_expression_is_named_and_handed_on() {
    let g = Graph::new();
    let x = g.var(2.0).named("x");
    let y = (x * 3.0).named("y") + 1.0;
    assert_eq!(labels(&g), [Some("x".into()), Some("y".into()), None]);
    assert_eq!(y.value(), 7.0);
}

#[test]
fn any_text_is_a_label() {
    let g = Graph::new();
    let texts = ["|{}<>\"\\", "two\nlines", "\u{3b1}\u{2032}", " ", "\0", &"long ".repeat(1000)];
    for text in texts {
        let x = g.leaf(1.0);
        g.label(x, text);
        assert_eq!(g.label_of(x).as_deref(), Some(text));
    }
}

#[test]
fn a_rewind_drops_the_labels_of_what_it_drops() {
    let mut g = Graph::new();
    let x = g.leaf(1.0);
    g.label(x, "x");
    let mark = g.mark();
    for round in 0..5 {
        let y = g.sin(x);
        assert_eq!(g.label_of(y), None, "round {round}: no name of what stood here before");
        g.label(y, format!("y{round}"));
        let z = g.cos(y);
        g.label(z, "z");
        assert_eq!(g.label_of(y), Some(format!("y{round}")));
        g.rewind(mark);
        assert_eq!(g.label_of(x).as_deref(), Some("x"));
    }
    g.label(x, "still x");
    let y = g.sin(x);
    assert_eq!(labels(&g), [Some("still x".into()), None]);
    g.label(y, "y");
    assert_eq!(g.label_of(y).as_deref(), Some("y"), "a place whose node was dropped can be named again");
}

#[test]
fn a_reset_drops_every_name() {
    let mut g = Graph::new();
    {
        let _scope = g.scope("layer");
        let x = g.leaf(1.0);
        g.label(x, "x");
    }
    g.reset();
    let x = g.leaves(&[1.0, 2.0]);
    assert_eq!((labels(&g), paths(&g)), (vec![None, None], vec![String::new(); 2]));
    g.label(x[0], "again");
    assert_eq!(g.label_of(x[0]).as_deref(), Some("again"));
}

#[test]
fn labels_survive_set_forward_and_backward() {
    let mut g = Graph::new();
    let x = g.leaf(1.0);
    let y = g.exp(x);
    g.label(x, "x");
    g.label(y, "y");
    g.set(x, 2.0);
    g.forward().unwrap();
    g.backward(y);
    assert_eq!(labels(&g), [Some("x".into()), Some("y".into())]);
}

#[test]
fn scopes_nest() {
    let g = Graph::new();
    let x = g.leaf(1.0);
    let net = g.scope("net");
    g.sin(x);
    for layer in 0..2 {
        let _layer = g.scope(format!("layer {layer}"));
        g.cos(x);
        {
            let _neuron = g.scope("neuron");
            g.tan(x);
        }
        g.exp(x);
    }
    g.ln(x);
    drop(net);
    g.abs(x);
    let want = [
        "",
        "net",
        "net/layer 0",
        "net/layer 0/neuron",
        "net/layer 0",
        "net/layer 1",
        "net/layer 1/neuron",
        "net/layer 1",
        "net",
        "",
    ];
    assert_eq!(paths(&g), want);
    assert_eq!(g.scope_of(x), [""; 0]);
}

#[test]
fn scopes_may_be_closed_in_any_order() {
    let g = Graph::new();
    let record = || g.leaf(1.0);
    let a = g.scope("a");
    let b = g.scope("b");
    let c = g.scope("c");
    record();
    drop(b);
    record();
    let d = g.scope("d");
    record();
    drop(a);
    record();
    drop(d);
    record();
    drop(c);
    record();
    assert_eq!(paths(&g), ["a/b/c", "a/c", "a/c/d", "c/d", "c", ""]);
}

#[test]
fn a_scope_that_takes_the_place_of_another_is_not_inside_it() {
    let g = Graph::new();
    let mut layer = g.scope("layer 0");
    g.leaf(0.0);
    for k in 1..4 {
        // The next one is opened before the last one is dropped.
        layer = g.scope(format!("layer {k}"));
        g.leaf(1.0);
    }
    drop(layer);
    g.leaf(2.0);
    assert_eq!(paths(&g), ["layer 0", "layer 1", "layer 2", "layer 3", ""]);
}

#[test]
fn a_forgotten_guard_leaves_its_scope_open_until_a_rewind_or_reset() {
    for rewinds in [true, false] {
        let mut g = Graph::new();
        let mark = g.mark();
        let outer = g.scope("outer");
        std::mem::forget(g.scope("forgotten"));
        g.leaf(1.0);
        drop(outer);
        g.leaf(2.0);
        {
            let _inner = g.scope("inner");
            g.leaf(3.0);
        }
        g.leaf(4.0);
        assert_eq!(paths(&g), ["outer/forgotten", "forgotten", "forgotten/inner", "forgotten"]);
        match rewinds {
            true => g.rewind(mark),
            false => g.reset(),
        }
        g.leaf(5.0);
        assert_eq!(paths(&g), [""]);
    }
}

#[test]
fn a_rewind_into_a_scope_closed_out_of_order_keeps_what_was_in_it() {
    let mut g = Graph::new();
    let mark = {
        let outer = g.scope("outer");
        let inner = g.scope("inner");
        g.leaf(1.0);
        drop(outer);
        g.leaf(2.0);
        let mark = g.mark();
        let _later = g.scope("later");
        g.leaf(3.0);
        drop(inner);
        mark
    };
    g.rewind(mark);
    let _new = g.scope("new");
    g.leaf(4.0);
    assert_eq!(paths(&g), ["outer/inner", "inner", "new"]);
}

#[test]
fn a_scope_without_a_node_leaves_no_trace() {
    let g = Graph::new();
    for name in ["one", "two"] {
        let _outer = g.scope(name);
        drop(g.scope("empty"));
    }
    let x = g.leaf(1.0);
    {
        let _outer = g.scope("outer");
        drop(g.scope("empty"));
        g.sin(x);
        drop(g.scope("empty"));
    }
    g.cos(x);
    assert_eq!(paths(&g), ["", "outer", ""]);
}

#[test]
fn expressions_are_recorded_in_the_open_scope() {
    let g = Graph::new();
    let x = g.var(1.0);
    let scope = g.scope("head");
    let l = (x * x + 1.0).tanh();
    drop(scope);
    l.backward();
    assert_eq!(paths(&g), ["", "head", "head", "head"]);
}

#[test]
fn a_panic_in_a_scope_closes_it() {
    let g = Graph::new();
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _scope = g.scope("doomed");
        g.leaf(1.0);
        g.value(NodeId::default());
    }));
    assert!(outcome.is_err());
    g.leaf(2.0);
    assert_eq!(paths(&g), ["doomed", ""]);
}

#[test]
fn a_rewind_drops_the_scopes_of_what_it_drops() {
    let mut g = Graph::new();
    {
        let _scope = g.scope("parameters");
        g.leaves(&[1.0, 2.0]);
    }
    let mark = g.mark();
    for round in 0..3 {
        let x = g.get(0).unwrap().id;
        {
            let _scope = g.scope(format!("step {round}"));
            let y = g.sin(x);
            let _scope = g.scope("inner");
            g.cos(y);
        }
        g.exp(x);
        let step = format!("step {round}");
        assert_eq!(paths(&g), ["parameters", "parameters", &step, &format!("{step}/inner"), ""]);
        g.rewind(mark);
    }
    g.leaf(3.0);
    assert_eq!(paths(&g), ["parameters", "parameters", ""]);
}

#[test]
fn a_mark_inside_a_scope_keeps_what_was_in_it() {
    let mut g = Graph::new();
    let mark = {
        let _outer = g.scope("outer");
        let _inner = g.scope("inner");
        let x = g.leaf(1.0);
        let mark = g.mark();
        g.sin(x);
        mark
    };
    g.leaf(2.0);
    g.rewind(mark);
    g.leaf(3.0);
    assert_eq!(paths(&g), ["outer/inner", ""], "the scopes are closed by then");
    let _scope = g.scope("new");
    g.leaf(4.0);
    assert_eq!(paths(&g), ["outer/inner", "", "new"]);
}

#[test]
fn names_of_many_nodes_stay_distinct() {
    let mut g = Graph::new();
    let mut keys = Vec::new();
    for k in 0..1000 {
        let _scope = g.scope(format!("s{}", k / 10));
        keys.push(g.leaf(f64::from(k)));
        if k % 3 == 0 {
            g.label(keys[k as usize], format!("l{k}"));
        }
    }
    let mark = g.mark();
    g.leaf(0.0);
    g.rewind(mark);
    for (k, &key) in keys.iter().enumerate() {
        assert_eq!(g.label_of(key), (k % 3 == 0).then(|| format!("l{k}")));
        assert_eq!(g.scope_of(key), [format!("s{}", k / 10)]);
    }
}
