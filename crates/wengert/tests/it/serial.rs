//! Graphs through serde: JSON and postcard.

use std::sync::Arc;

use proptest::prelude::*;
use wengert::{Error, External, Graph, NO_IMM, NodeId, Op};

use crate::common::dag;

fn json(g: &Graph) -> String {
    serde_json::to_string(g).expect("it can be saved")
}

/// The text that is in the JSON.
fn text(g: &Graph) -> String {
    serde_json::from_str(&json(g)).expect("a string")
}

fn loaded(text: &str) -> Result<Graph, String> {
    serde_json::from_str(&serde_json::to_string(text).expect("a string")).map_err(|error| error.to_string())
}

fn bits(x: f64) -> u64 {
    if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }
}

/// Everything that can be asked of the nodes and guards of a graph. The bits of leaves and constants are exact.
fn all(g: &Graph) -> Vec<String> {
    let nodes = g.nodes().map(|node| {
        let operands: Vec<usize> = node.operands.iter().map(|x| x.index()).collect();
        let value = if node.op.form() == wengert::Form::Source { node.value.to_bits() } else { bits(node.value) };
        let (label, scopes) = (g.label_of(node.id), g.scope_of(node.id));
        format!(
            "{} {operands:?} {:?} {value:x} {} {label:?} {scopes:?}",
            node.op,
            node.imm.map(f64::to_bits),
            node.wants_gradient
        )
    });
    let guards = g.guards().into_iter();
    let guards = guards.map(|guard| format!("{} {:?} {} {}", guard.left, guard.relation, guard.right, guard.recorded));
    nodes.chain(guards).collect()
}

#[track_caller]
fn assert_comes_back(g: &Graph) {
    let by_json: Graph = serde_json::from_str(&json(g)).expect("its own JSON");
    let by_postcard: Graph = postcard::from_bytes(&postcard::to_stdvec(g).unwrap()).expect("its own bytes");
    for other in [by_json, by_postcard] {
        assert_eq!(all(&other), all(g));
        assert_eq!(text(&other), text(g));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Also the gradients have the same bits, and so has what comes after a leaf is set.
    #[test]
    fn a_graph_comes_back_to_the_bit(recipe in dag::recipes(30, |_, _, _, _| true), at in any::<f64>()) {
        let mut g = Graph::new();
        let nodes = recipe.record(&g);
        assert_comes_back(&g);
        let mut other = loaded(&text(&g)).unwrap();
        let output = nodes[nodes.len() - 1].index();
        let slopes = |g: &mut Graph| {
            let key = |g: &Graph, at| g.get(at).expect("a node").id;
            let before: Vec<u64> = {
                let x: Vec<NodeId> = (0..dag::LEAVES).map(|k| key(g, k)).collect();
                g.gradient(key(g, output), &x).into_iter().map(bits).collect()
            };
            g.set(key(g, 0), at);
            g.forward().expect("there are no guards");
            (before, all(g))
        };
        prop_assert_eq!(slopes(&mut g), slopes(&mut other));
    }

    #[test]
    fn any_number_comes_back_to_the_bit(value in any::<u64>().prop_map(f64::from_bits)) {
        let g = Graph::new();
        let x = g.leaf(value);
        g.constant(value);
        g.try_record(Op::MulC, [value, 0.0], &[x]).unwrap();
        assert_comes_back(&g);
    }

    #[test]
    fn any_name_comes_back(label in any::<String>(), scope in any::<String>()) {
        let g = Graph::new();
        let _scope = g.scope(scope);
        g.var(1.0).named(&label);
        assert_comes_back(&g);
    }
}

#[test]
fn the_text_is_as_documented() {
    let g = Graph::new();
    let a = g.var(2.0).named("a");
    let b = g.var(-3.0);
    let layer = g.scope("layer 1");
    let scaled = a * b * 0.1;
    drop(layer);
    assert!(a * b < scaled);
    let expected = "wengert-graph 1\nleaf 2.0\nlabel a\nleaf -3.0\nscope layer 1\nmul 0 1\nmul_c 2 0.1\nleave 0\nmul 0 1\nguard 4 lt 3 true\nend\n";
    assert_eq!(text(&g), expected);
    assert_eq!(text(&loaded(expected).unwrap()), expected);
    assert_eq!(text(&Graph::new()), "wengert-graph 1\nend\n");
}

#[test]
fn special_numbers_and_empty_lists_come_back() {
    let g = Graph::new();
    let special =
        [f64::from_bits(0xfff8_0000_0000_1234), f64::INFINITY, f64::NEG_INFINITY, -0.0, 5e-324, 1e300, f64::MAX];
    for value in special {
        let x = g.leaf(value);
        g.constant(value);
        g.try_record(Op::AddC, [value, 0.0], &[x]).unwrap();
    }
    g.sum(&[]);
    g.product(&[]);
    g.dot(&[], &[]);
    assert_comes_back(&g);
}

/// Equal constants of a tape that was cut are nodes of their own, so every line is a node.
#[test]
fn equal_constants_keep_their_places() {
    let text = "wengert-graph 1\nconst 5.0\nconst 5.0\nleaf 1.0\nadd 2 1\nend\n";
    let g = loaded(text).unwrap();
    assert_eq!((g.len(), self::text(&g).as_str()), (4, text));
}

#[test]
fn scopes_that_cross_and_scopes_of_a_tape_that_was_cut_come_back() {
    let mut g = Graph::new();
    g.leaf(1.0);
    let outer = g.scope("outer");
    let inner = g.scope("inner");
    g.leaf(2.0);
    drop(outer);
    g.leaf(3.0);
    drop(g.scope("empty"));
    drop(inner);
    let cut = g.scope("cut");
    g.leaf(4.0);
    let mark = g.mark();
    g.leaf(5.0);
    drop(cut);
    g.rewind(mark);
    g.leaf(6.0);
    assert_comes_back(&g);
    std::mem::forget(g.scope("left open"));
    g.leaf(7.0);
    assert_comes_back(&g);
    let paths: Vec<String> = g.nodes().map(|node| g.scope_of(node.id).join("/")).collect();
    assert_eq!(paths, ["", "outer/inner", "inner", "cut", "", "left open"]);
}

#[test]
fn what_cannot_be_saved_is_an_error_that_says_what_to_do() {
    struct Double;
    impl External for Double {
        fn name(&self) -> &str {
            "double"
        }
        fn shape(&self) -> (usize, usize) {
            (1, 1)
        }
        fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
            y[0] = 2.0 * x[0];
            Ok(())
        }
        fn vjp(&self, _: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
            xbar[0] = 2.0 * ybar[0];
            Ok(())
        }
    }
    let message = |g: &Graph| serde_json::to_string(g).unwrap_err().to_string();
    let mut g = Graph::new();
    let x = g.leaf(3.0);
    g.sin(x);
    g.set(x, 4.0);
    assert!(message(&g).contains("call forward"), "{}", message(&g));
    g.forward().unwrap();
    assert_comes_back(&g);
    g.external_nodes(Arc::new(Double), &[x]);
    assert!(message(&g).contains("n2 is an output of the function \"double\""), "{}", message(&g));
}

#[test]
fn what_is_wrong_is_an_error_with_its_line() {
    let line = |line: &str| match loaded(&format!("wengert-graph 1\nleaf 2.0\nleaf 3.0\n{line}\nend\n")) {
        Ok(g) => panic!("{line}: {g:?}"),
        Err(what) => what,
    };
    for (wrong, what) in [
        ("mul 0 2", "n2 does not come before"),
        ("mul 0 4294967295", "n4294967295 does not come before"),
        ("mul 0 4294967296", "is not the position of a node"),
        ("mul 0 -1", "is not the position of a node"),
        ("mul 0", "mul takes 2 operands, 1 was given"),
        ("mul 0 1 1", "mul takes 2 operands, 3 were given"),
        ("mul  0 1", "\"\" is not the position of a node"),
        ("mul_c 0", "mul_c takes 1 operand, 0 were given"),
        ("mul_c", "mul_c has 1 immediates"),
        ("mul_c 0 x", "\"x\" is not a number"),
        ("dot 0 1 1", "dot"),
        ("polygamma 0 0.5", "polygamma"),
        ("polygamma 0 1e9", "polygamma"),
        ("sine 0", "no op is named \"sine\""),
        ("external 0", "no op is named \"external\""),
        ("", "no op is named \"\""),
        ("leaf", "\"\" is not a number"),
        ("leaf 0x", "is not a number"),
        ("const 0x10000000000000000", "is not a number"),
        ("label a\\", "a \\ in a name"),
        ("label a\\r", "a \\ in a name"),
        ("leave 0", "scope 0 is not open"),
        ("leave", "is not the number of a scope"),
        ("guard 0 lt 1 false", "2.0 < 3.0 is true, but the guard says false"),
        ("guard 0 lt 2 true", "n2 does not come before"),
        ("guard 0 less 1 true", "no relation is named \"less\""),
        ("guard 0 lt 1 yes", "expected true or false"),
        ("guard 0 lt 1 true 1", "more follows"),
    ] {
        let message = line(wrong);
        assert!(message.contains("line 4 of the graph: ") && message.contains(what), "{wrong}: {message}");
    }
    assert!(line("scope a").contains("line 5 of the graph: a scope is not closed"), "{}", line("scope a"));
    assert!(line("scope a\nleave 0\nleave 0").contains("line 6 of the graph: scope 0 is not open"));
    let long = line(&"long".repeat(1000));
    assert!(long.len() < 200 && long.contains("and so on"), "{long}");
    for (text, what) in [
        ("", "line 1 of the graph: expected \"wengert-graph 1\""),
        ("wengert-graph 2\nend\n", "line 1 of the graph: the graph has version 2, and this reads version 1"),
        ("wengert-graph 1\nlabel a\nend\n", "line 2 of the graph: a label follows its node"),
        ("wengert-graph 1\nleaf 1.0\n", "line 3 of the graph: no op is named \"\""),
        ("wengert-graph 1\nleaf 1.0", "line 3 of the graph: the graph ends early"),
        ("wengert-graph 1\nend", "follows \"end\""),
        ("wengert-graph 1\nend\n\n", "follows \"end\""),
        ("wengert-graph 1\r\nend\r\n", "line 1 of the graph: expected"),
    ] {
        let message = loaded(text).unwrap_err();
        assert!(message.contains(what), "{text:?}: {message}");
    }
    let other = serde_json::from_str::<Graph>("[1]").unwrap_err().to_string();
    assert!(other.contains("the text of a graph"), "{other}");
}

/// A guard of the text is checked when a leaf is set, as that of a recording is.
#[test]
fn a_loaded_guard_is_checked() {
    let mut g = loaded("wengert-graph 1\nleaf 2.0\nleaf 3.0\nguard 0 lt 1 true\nmul 0 1\nend\n").unwrap();
    let x = g.get(0).unwrap().id;
    g.set(x, 4.0);
    assert!(matches!(g.forward(), Err(Error::GuardFlipped { .. })));
    assert!(g.try_record(Op::Mul, NO_IMM, &[x, x]).is_ok());
}
