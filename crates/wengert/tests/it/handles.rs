//! Wrong keys: of another graph, from before a reset, of nodes dropped by a rewind, the null key. Every method that
//! takes a key refuses them with a named error and leaves the graph unchanged.

use crate::common::Faults;
use crate::common::methods::Form;
use wengert::{Arity, Error, Expr, Graph, NO_IMM, NodeId, Op, Scalar};

/// Three leaves, a product, its sine and a constant, swept, with a label, a scope and a guard. Returns the keys.
fn filled(g: &Graph) -> Vec<NodeId> {
    let before = g.len();
    let scope = g.scope("layer");
    let [x, y, z] = [0.5, -1.25, 3.0].map(|v| g.leaf(v));
    let product = g.mul(x, y);
    drop(scope);
    let sine = g.sin(g.add(product, z));
    g.label(product, "product");
    assert!(g.expr(x) < g.expr(z));
    g.backward(sine);
    g.constant(7.0);
    g.nodes().skip(before).map(|node| node.id).collect()
}

/// Every way to get a wrong key: its name, a graph, and keys that are wrong there.
fn wrong_keys() -> Vec<(&'static str, Graph, Vec<NodeId>)> {
    let mut cases = Vec::new();

    let g = Graph::new();
    filled(&g);
    let other = Graph::new();
    cases.push(("of another graph", g, filled(&other)));

    let g = Graph::new();
    filled(&g);
    let dropped = filled(&Graph::new());
    cases.push(("of a graph that is gone", g, dropped));

    let g = Graph::new();
    filled(&g);
    let larger = Graph::new();
    larger.leaves(&[1.0; 100]);
    cases.push(("of another graph, beyond the end", g, vec![larger.leaf(1.0)]));

    let mut g = Graph::new();
    let old = filled(&g);
    g.reset();
    filled(&g);
    cases.push(("from before a reset", g, old));

    let mut g = Graph::new();
    g.leaf(1.0);
    let mark = g.mark();
    let old = filled(&g);
    g.rewind(mark);
    cases.push(("rewound past, the tape shorter since", g, old));

    let mut g = Graph::new();
    g.leaf(1.0);
    let mark = g.mark();
    let old = filled(&g);
    g.rewind(mark);
    filled(&g);
    cases.push(("rewound past, its place taken", g, old));

    // Segments of many generations, with wrong keys in the middle ones.
    let mut g = Graph::new();
    let mut old = Vec::new();
    for _ in 0..20 {
        filled(&g);
        let mark = g.mark();
        old.extend(filled(&g));
        g.rewind(mark);
    }
    cases.push(("of one of many rewinds", g, old));

    let g = Graph::new();
    filled(&g);
    cases.push(("the null key", g, vec![NodeId::default()]));
    cases
}

/// The error of a wrong key of this kind.
fn refusal_of(kind: &str, node: NodeId) -> Error {
    match kind {
        "of another graph" | "of a graph that is gone" | "of another graph, beyond the end" | "the null key" => {
            Error::NotInGraph { node }
        }
        _ => Error::Dropped { node },
    }
}

#[test]
fn every_method_refuses_every_wrong_key_and_changes_nothing() {
    let methods = crate::common::methods::all();
    let mut faults = Faults::default();
    for (kind, mut g, keys) in wrong_keys() {
        // The first key, the last and one in between are enough.
        for key in [keys[0], keys[keys.len() / 2], keys[keys.len() - 1]] {
            let error = refusal_of(kind, key);
            for method in &methods {
                let what = format!("{} with a key {kind}", method.name);
                match method.form {
                    Form::Panics(call) => faults.panics(&what, &mut g, &error, |g| call(g, key)),
                    Form::Fails(call) => faults.fails(&what, &mut g, &error, |g| call(g, key)),
                }
            }
        }
    }
}

#[test]
fn every_method_takes_the_keys_of_leaves() {
    for method in crate::common::methods::all() {
        let mut g = Graph::new();
        let x = g.leaf(2.5);
        match method.form {
            Form::Panics(call) => call(&mut g, x),
            Form::Fails(call) => assert_eq!(call(&mut g, x), Ok(()), "{}", method.name),
        }
        let read = g.try_value(x).is_ok();
        assert!(method.reads || read, "{}", method.name);
    }
}

#[test]
fn every_wrong_key_is_refused_in_every_place() {
    for (kind, g, keys) in wrong_keys() {
        for &key in &keys {
            assert_eq!(g.try_value(key), Err(refusal_of(kind, key)), "{kind}, {key}");
            assert!(g.nodes().all(|node| node.id != key), "{kind}, {key}");
        }
    }
}

#[test]
fn every_op_refuses_a_wrong_key_in_every_place() {
    let mut g = Graph::new();
    let x = g.leaf(0.5);
    let wrong = Graph::new().leaf(0.5);
    let error = Error::NotInGraph { node: wrong };
    let mut tried = 0;
    let mut faults = Faults::default();
    for &op in Op::ALL {
        let count = match op.arity() {
            Arity::Fixed(n) => n,
            _ => 6,
        };
        for place in 0..count {
            let mut operands = vec![x; count];
            operands[place] = wrong;
            let mut imm = NO_IMM;
            imm[..op.immediates()].fill(1.0);
            faults.fails(op.name(), &mut g, &error, |g| g.try_record(op, imm, &operands));
            tried += 1;
        }
    }
    assert!(tried > 120, "{tried}");
}

#[test]
fn a_right_key_is_accepted_in_every_segment_of_the_tape() {
    let mut g = Graph::new();
    let mut kept = Vec::new();
    for round in 0..30 {
        kept.push((g.leaf(f64::from(round)), f64::from(round)));
        let mark = g.mark();
        filled(&g);
        g.rewind(mark);
    }
    for &(key, value) in &kept {
        assert_eq!(g.value(key), value);
        assert_eq!(g.get(key.index()).unwrap().id, key);
        assert_eq!(g.expr(key).id(), key);
    }
    let sum = g.sum(&kept.iter().map(|&(key, _)| key).collect::<Vec<_>>());
    assert_eq!(g.value(sum), 435.0);
    assert!(g.node(sum).operands.iter().eq(kept.iter().map(|(key, _)| key)));
}

#[test]
fn a_key_moves_with_its_graph() {
    let g = Graph::new();
    let x = g.leaf(2.0);
    let y = g.sin(x);
    let (value, mut g) = std::thread::spawn(move || {
        g.backward(y);
        (g.value(y), g)
    })
    .join()
    .unwrap();
    assert_eq!(value, 2f64.sin());
    assert_eq!(g.grad(x), 2f64.cos());
    // Two graphs that are swapped keep their keys.
    let mut other = Graph::new();
    let z = other.leaf(5.0);
    std::mem::swap(&mut g, &mut other);
    assert_eq!((g.value(z), other.value(x)), (5.0, 2.0));
    assert_eq!(g.try_value(x), Err(Error::NotInGraph { node: x }));
}

/// Ways to combine expressions `x` and `y`.
macro_rules! combinations {
    ($x:ident, $y:ident: $($call:expr;)+) => {
        [$({
            fn combine<'g>(#[allow(unused_mut, reason = "some are assigned to")] mut $x: Expr<'g>, $y: Expr<'g>) { _ = $call; }
            (stringify!($call), combine as for<'g> fn(Expr<'g>, Expr<'g>))
        }),+]
    };
}

#[test]
fn expressions_of_two_graphs_do_not_mix() {
    let ways = combinations! { x, y:
        x + y;
        x - y;
        x * y;
        x / y;
        x % y;
        x += y;
        x -= y;
        x *= y;
        x /= y;
        x %= y;
        x < y;
        x <= y;
        x > y;
        x >= y;
        x == y;
        x != y;
        x.partial_cmp(&y);
        x.pow(y);
        x.atan2(y);
        x.hypot(y);
        x.max(y);
        x.min(y);
        x.rem(y);
        x.copysign(y);
        x.logaddexp(y);
        Expr::less(x, y);
        Expr::less_equal(x, y);
        Expr::greater(x, y);
        Expr::greater_equal(x, y);
        Expr::equal(x, y);
        Expr::not_equal(x, y);
        x.mul_add(x, y);
        x.mul_add(y, x);
        x.mul_add(y, y);
        x.select(x, y);
        x.select(y, x);
        x.clamp(y, 2.0);
        x.clamp(0.0, y);
        [x, x, y].into_iter().sum::<Expr<'_>>();
        [x, x, y].into_iter().product::<Expr<'_>>();
        Scalar::sum(&[x, y]);
        Scalar::product(&[x, y]);
        Scalar::max_of(&[x, y]);
        Scalar::min_of(&[x, y]);
        Scalar::logsumexp(&[x, y]);
        Scalar::mean(&[x, y]);
        Scalar::norm(&[x, y]);
        Scalar::dot(&[x], &[y]);
        Scalar::dot(&[x, x], &[x, y]);
        Expr::apply(Op::Add, NO_IMM, &[x, y]);
        // A free constant between them does not connect two graphs.
        x.mul_add(Expr::constant(2.0), y);
    };
    let mut faults = Faults::default();
    for (what, combine) in ways {
        let (mut g, mut h) = (Graph::new(), Graph::new());
        let (x, y) = (g.leaf(1.5), h.leaf(2.5));
        let other = h.expr(y);
        faults.panics(what, &mut g, &Error::MixedGraphs, |g| combine(g.expr(x), other));
        let other = g.expr(x);
        faults.panics(what, &mut h, &Error::MixedGraphs, |h| combine(h.expr(y), other));
    }
}

#[test]
fn a_key_of_another_graph_does_not_become_an_expression() {
    let g = Graph::new();
    let x = g.var(1.0);
    let mut other = Graph::new();
    other.leaves(&[3.0, 4.0]);
    let error = Error::NotInGraph { node: x.id() };
    let mut faults = Faults::default();
    faults.panics("expr", &mut other, &error, |other| (other.expr(x.id()) + 1.0).value());
    faults.fails("try_expr", &mut other, &error, |other| other.try_expr(x.id()).map(|e| e.value()));
}

#[test]
fn a_closure_may_not_return_an_expression_of_another_graph() {
    let other: &'static Graph = Box::leak(Box::new(Graph::new()));
    let y = other.var(2.0);
    let mut scratch = Graph::new();
    let error = Error::NotInGraph { node: y.id() };
    let mut faults = Faults::default();
    faults.panics("gradient", &mut scratch, &error, |_| wengert::gradient(|_| y, &[1.0, 2.0]));
    faults.panics("hessian", &mut scratch, &error, |_| wengert::hessian(|_| y, &[1.0, 2.0]));
    faults.panics("jacobian", &mut scratch, &error, |_| wengert::jacobian(|_| vec![y], &[1.0, 2.0]));
    faults.panics("mixing", &mut scratch, &Error::MixedGraphs, |_| wengert::gradient(|x| x[0] * y, &[1.0]));
}

#[test]
fn keys_are_shown_as_their_position_on_the_tape() {
    let g = Graph::new();
    let keys = g.leaves(&[1.0; 12]);
    assert_eq!(keys[11].to_string(), "n11");
    assert_eq!(keys[11].index(), 11);
    assert!(keys.is_sorted());
    assert_eq!(NodeId::default().to_string(), "n-");
    let text = Error::NotInGraph { node: keys[3] }.to_string();
    assert!(text.contains("n3") && text.contains("not a node of this graph"), "{text}");
}

#[test]
fn a_graph_may_go_to_another_thread_and_its_sizes_are_pinned() {
    fn is_send<T: Send>() {}
    fn is_shared<T: Send + Sync>() {}
    is_send::<Graph>();
    is_shared::<NodeId>();
    is_shared::<Error>();
    is_shared::<wengert::Mark>();
    is_shared::<wengert::Node>();
    is_shared::<wengert::HessianPlan>();
    is_shared::<wengert::JacobianPlan>();
    is_shared::<wengert::Sparse>();
    assert_eq!(size_of::<Expr<'_>>(), 24);
    assert_eq!(size_of::<NodeId>(), 8);
    assert_eq!(size_of::<Op>(), 1);
}

#[test]
fn a_builder_records_the_same_node_wherever_its_operands_stand() {
    type Build = fn(&Graph, NodeId, NodeId) -> NodeId;
    let builds: [Build; 7] = [
        |g, x, y| g.sub(x, y),
        |g, x, y| g.atan2(x, y),
        |g, x, y| g.less(x, y),
        |g, x, _| g.tanh(x),
        |g, x, _| g.detach(x),
        |g, x, _| g.mul_c(x, 0.5),
        |g, x, _| g.c_div(x, 0.1),
    ];
    for build in builds {
        // Of the newest generation, with room for one more.
        let newest = Graph::with_capacity(8);
        // Without room: recording grows the tape.
        let full = Graph::with_capacity(4);
        // Of an older generation, before nodes of the newest.
        let mut older = Graph::with_capacity(8);
        for g in [&newest, &full, &older] {
            g.leaf(0.75);
        }
        let mark = older.mark();
        older.leaf(9.0);
        older.rewind(mark);
        let mut nodes = Vec::new();
        for g in [&newest, &full, &older] {
            let x = g.get(0).expect("a leaf").id;
            let y = g.leaf(-2.0);
            let c = g.constant(3.0);
            for (a, b) in [(x, y), (y, x), (x, x), (x, c), (c, y), (c, c)] {
                let node = g.node(build(g, a, b));
                nodes.push((
                    node.op,
                    node.imm.map(f64::to_bits),
                    node.operands.iter().map(|x| x.index()).collect::<Vec<_>>(),
                    node.value.to_bits(),
                    node.wants_gradient,
                ));
            }
        }
        let (first, rest) = nodes.split_at(6);
        assert_eq!(first, &rest[..6], "where the tape grows");
        assert_eq!(first, &rest[6..], "of an older generation");
    }
}

#[test]
fn a_list_takes_keys_of_all_generations_and_refuses_a_wrong_one_wherever_it_stands() {
    let mut g = Graph::new();
    let old = g.leaves(&[1.0, 2.0, 3.0]);
    let mark = g.mark();
    let dropped = g.leaf(9.0);
    g.rewind(mark);
    let new = g.leaves(&[4.0, 5.0, 6.0]);
    let keys = [old[2], new[0], old[0], new[2], new[1], old[1]];
    assert_eq!(g.value(g.sum(&keys)), 21.0);
    assert_eq!(g.value(g.dot(&keys[..3], &keys[3..])), 3.0 * 6.0 + 4.0 * 5.0 + 1.0 * 2.0);
    let before = g.to_string();
    let foreign = Graph::new().leaf(0.0);
    for error in [
        Error::Dropped { node: dropped },
        Error::NotInGraph { node: foreign },
        Error::NotInGraph { node: NodeId::default() },
    ] {
        let (Error::Dropped { node: wrong } | Error::NotInGraph { node: wrong }) = error else { unreachable!() };
        for k in 0..keys.len() {
            let mut keys = keys;
            keys[k] = wrong;
            let refused = g.try_record(Op::Sum, NO_IMM, &keys);
            assert_eq!(refused, Err(error.clone()), "{k}");
        }
    }
    assert_eq!(g.to_string(), before);
}
