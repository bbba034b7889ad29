//! The limits of a graph: its own, the highest possible, and memory. Going beyond is a named error, and what was
//! recorded stays.

use crate::common::Faults;
use wengert::{Error, Expr, Graph, NO_IMM, NodeId, Op};

/// The most nodes that a graph may hold.
const MOST: usize = 1 << 28;

/// A graph with no room left: two leaves, a product, its sine.
fn full() -> (Graph, [NodeId; 2], NodeId, Error) {
    let g = Graph::with_limit(4);
    let [x, y] = [2.0, 3.0].map(|v| g.leaf(v));
    let l = g.sin(g.mul(x, y));
    g.label(l, "l");
    assert!(g.expr(x) < g.expr(y));
    g.backward(l);
    (g, [x, y], l, Error::Full { limit: 4 })
}

#[test]
fn a_graph_tells_its_limit() {
    assert_eq!(Graph::with_limit(4).limit(), 4);
    assert_eq!(Graph::new().limit(), MOST);
    assert_eq!(Graph::with_capacity(10).limit(), MOST);
    assert_eq!(Graph::with_limit(usize::MAX).limit(), MOST);
    let text = full().3.to_string();
    assert!(text.contains("full") && text.contains('4'), "{text}");
}

#[test]
fn a_clamp_with_room_for_only_one_of_its_nodes_records_none() {
    let mut g = Graph::with_limit(3);
    let x = g.leaves(&[2.0, 1.0]);
    let mut faults = Faults::default();
    faults.panics("clamp", &mut g, &Error::Full { limit: 3 }, |g| g.clamp(x[0], x[0], x[1]));
}

/// A way to record, given a leaf.
type Way = (&'static str, fn(&Graph, NodeId));

#[test]
fn a_full_graph_refuses_every_way_to_record_and_keeps_what_it_has() {
    let (mut g, [x, y], l, error) = full();
    let ways: &[Way] = &[
        ("leaf", |g, _| _ = g.leaf(1.0)),
        ("leaves", |g, _| _ = g.leaves(&[1.0, 2.0])),
        ("var", |g, _| _ = g.var(1.0)),
        ("constant", |g, _| _ = g.constant(1.0)),
        ("a unary op", |g, x| _ = g.exp(x)),
        ("a stop", |g, x| _ = g.detach(x)),
        ("a binary op", |g, x| _ = g.add(x, x)),
        ("a comparison", |g, x| _ = g.less(x, x)),
        ("an op with an immediate", |g, x| _ = g.powi(x, 3)),
        ("a ternary op", |g, x| _ = g.mul_add(x, x, x)),
        ("clamp", |g, x| _ = g.clamp(x, x, x)),
        ("a fold", |g, x| _ = g.sum(&[x, x, x])),
        ("an empty fold", |g, _| _ = g.sum(&[])),
        ("negation", |g, x| _ = -g.expr(x)),
        ("an operator", |g, x| _ = g.expr(x) * g.expr(x)),
        ("an operator with a constant", |g, x| _ = g.expr(x) * 2.0),
        ("a constant with an operator", |g, x| _ = 2.0 / g.expr(x)),
        ("a method of an expression", |g, x| _ = g.expr(x).tanh()),
        ("a constant that needs a node", |g, x| _ = g.expr(x).max(Expr::constant(9.0))),
        ("a sum of expressions", |g, x| _ = [g.expr(x); 3].into_iter().sum::<Expr<'_>>()),
        ("a guard that needs a constant", |g, x| _ = g.expr(x) < 100.0),
        ("gradient", |g, x| _ = g.gradient_nodes(g.get(3).map_or(x, |l| l.id), &[x])),
        ("pushforward", |g, x| _ = g.jvp_nodes(&[(x, x)], &[g.get(3).map_or(x, |l| l.id)])),
    ];
    let mut faults = Faults::default();
    for (what, way) in ways {
        faults.panics(what, &mut g, &error, |g| way(g, x));
    }
    faults.fails("try_record", &mut g, &error, |g| g.try_record(Op::Mul, NO_IMM, &[x, y]));
    faults.fails("try_record of a fold", &mut g, &error, |g| g.try_record(Op::Dot, NO_IMM, &[x, y, x, y]));
    faults.fails("try_record with an immediate", &mut g, &error, |g| g.try_record(Op::AddC, [4.0, 0.0], &[x]));
    faults.fails("try_gradient_nodes", &mut g, &error, |g| g.try_gradient_nodes(l, &[x, y]));
    faults.fails("try_vjp_nodes", &mut g, &error, |g| g.try_vjp_nodes(&[(l, x)], &[x, y]));
    faults.fails("try_jvp_nodes", &mut g, &error, |g| g.try_jvp_nodes(&[(x, y)], &[l]));
}

#[test]
fn a_full_graph_still_works() {
    let (mut g, [x, y], l, _) = full();
    g.set(x, 0.5);
    g.forward().unwrap();
    g.backward(l);
    assert_eq!((g.value(l), g.grad(y)), (1.5f64.sin(), 1.5f64.cos() * 0.5));
    assert_eq!(g.hessian(l, &[x, y])[0][0], -9.0 * 1.5f64.sin());
    assert_eq!(g.jvp(&[(x, 1.0)], &[l]), [3.0 * 1.5f64.cos()]);
    assert!(g.expr(x) < g.expr(y), "guards between nodes need no room");
}

#[test]
fn a_full_graph_goes_on_after_a_rewind_or_a_reset() {
    let mut g = Graph::with_limit(4);
    let x = g.leaf(2.0);
    let mark = g.mark();
    for round in 0..3 {
        let y = g.exp(g.neg(g.neg(x)));
        assert_eq!(g.value(y), 2f64.exp());
        assert_eq!(g.try_record(Op::Sin, NO_IMM, &[x]), Err(Error::Full { limit: 4 }), "round {round}");
        g.rewind(mark);
    }
    let y = g.sin(x);
    g.backward(y);
    assert_eq!(g.grad(x), 2f64.cos());
    g.reset();
    assert_eq!(g.leaves(&[1.0; 4]).len(), 4);
    assert_eq!(g.limit(), 4);
}

#[test]
fn a_gradient_that_does_not_fit_leaves_no_half_of_it() {
    for limit in 5..12 {
        let mut g = Graph::with_limit(limit);
        let x = g.leaf(0.5);
        let l = g.tanh(g.mul(g.sin(x), g.exp(x)));
        let mut faults = Faults::default();
        faults.fails("try_gradient_nodes", &mut g, &Error::Full { limit }, |g| g.try_gradient_nodes(l, &[x]));
        faults.fails("try_jvp_nodes", &mut g, &Error::Full { limit }, |g| g.try_jvp_nodes(&[(x, x)], &[l]));
    }
    let g = Graph::with_limit(12);
    let x = g.leaf(0.5);
    let l = g.tanh(g.mul(g.sin(x), g.exp(x)));
    assert!(g.try_gradient_nodes(l, &[x]).is_ok(), "where it fits it is recorded");
}

#[test]
fn a_graph_with_limit_0_holds_nothing() {
    let mut g = Graph::with_limit(0);
    let mut faults = Faults::default();
    faults.panics("leaf", &mut g, &Error::Full { limit: 0 }, |g| g.leaf(1.0));
    faults.panics("var", &mut g, &Error::Full { limit: 0 }, |g| g.var(1.0).value());
    assert_eq!(g.forward(), Ok(()));
    assert!(g.is_empty() && g.nodes().next().is_none() && g.get(0).is_none());
    let mark = g.mark();
    g.rewind(mark);
}

#[test]
fn a_capacity_beyond_the_most_is_refused() {
    let error = Error::Full { limit: MOST };
    for nodes in [MOST + 1, usize::MAX / 16, usize::MAX] {
        assert_eq!(Graph::try_with_capacity(nodes).err(), Some(error.clone()), "{nodes}");
        let mut faults = Faults::default();
        faults.panics("with_capacity", &mut Graph::new(), &error, |_| Graph::with_capacity(nodes));
    }
    assert!(Graph::try_with_capacity(0).is_ok());
}

#[test]
fn immediates_and_lists_are_bounded_too() {
    // Each takes a place of eight bytes; the limit of nodes is met first.
    let g = Graph::with_limit(1000);
    let x = g.var(1.0);
    let mut y = x;
    for k in 0..499 {
        y = y * (0.1 + f64::from(k)) + 0.7;
    }
    assert_eq!(g.len(), 999);
    let fold = g.try_record(Op::Sum, NO_IMM, &[x.id(); 5000]).unwrap();
    assert_eq!(g.value(fold), 5000.0);
    assert_eq!(g.try_record(Op::Sum, NO_IMM, &[]), Err(Error::Full { limit: 1000 }));
    assert_eq!(g.vjp(&[(fold, 1.0)], &[x.id()]), [5000.0]);
}

/// What a child of this test program does under a cap on its memory.
#[cfg(target_os = "linux")]
mod without_memory {
    use super::*;

    /// 288 MiB: far less than what a capacity of [`MOST`] takes.
    const KIBIBYTES: usize = 288 << 10;

    /// Runs the test of that name once more, in a process that may take `KIBIBYTES`.
    fn run(test: &str) {
        let program = std::env::current_exe().expect("a test has a program");
        // The path of this module, without the name of the program.
        let (_, module) = module_path!().split_once("::").expect("a module of a test program");
        let script = format!("ulimit -v {KIBIBYTES} && exec \"$0\" --exact {module}::{test} --test-threads 1");
        let output = std::process::Command::new("sh")
            .args(["-c", &script])
            .arg(program)
            .env("WENGERT_LITTLE_MEMORY", "1")
            .output()
            .expect("there is a shell");
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }

    fn is_child() -> bool {
        std::env::var_os("WENGERT_LITTLE_MEMORY").is_some()
    }

    #[test]
    fn a_capacity_without_memory_is_refused() {
        if !is_child() {
            return run("a_capacity_without_memory_is_refused");
        }
        let error = Error::OutOfMemory { nodes: MOST };
        assert_eq!(Graph::try_with_capacity(MOST).err(), Some(error.clone()));
        let mut faults = Faults::default();
        faults.panics("with_capacity", &mut Graph::new(), &error, |_| Graph::with_capacity(MOST));
        assert!(error.to_string().contains("memory"), "{error}");
    }

    #[test]
    fn growing_without_memory_is_refused_and_nothing_lost() {
        if !is_child() {
            return run("growing_without_memory_is_refused_and_nothing_lost");
        }
        let mut g = Graph::new();
        let x = g.leaf(1.0);
        let mark = g.mark();
        let mut last = x;
        let error = loop {
            match g.try_record(Op::Neg, NO_IMM, &[last]) {
                Ok(node) => last = node,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, Error::OutOfMemory { nodes } if nodes > g.len()), "{error}");
        let len = g.len();
        assert!(len > 1 << 20 && g.value(last) == if len % 2 == 1 { 1.0 } else { -1.0 });
        assert_eq!(g.try_record(Op::Sin, NO_IMM, &[last]), Err(error));
        g.rewind(mark);
        assert_eq!(g.value(g.sin(x)), 1f64.sin());
    }

    #[test]
    fn a_sweep_without_memory_is_refused_and_the_last_gradients_stay() {
        if !is_child() {
            return run("a_sweep_without_memory_is_refused_and_the_last_gradients_stay");
        }
        // The nodes take 192 MB. That leaves no room for the adjoints of 12,000,000 nodes, nor for those of the
        // 11,000,000 recorded.
        let g = Graph::with_capacity(12_000_000);
        let x = g.leaf(2.0);
        g.backward(g.mul(x, x));
        let mut last = x;
        for _ in 0..11_000_000 {
            last = g.neg(last);
        }
        assert!(matches!(g.try_backward(last), Err(Error::OutOfMemory { .. })));
        assert_eq!((g.grad(x), g.value(last)), (4.0, 2.0));
    }

    #[test]
    fn a_list_of_operands_without_memory_is_refused() {
        if !is_child() {
            return run("a_list_of_operands_without_memory_is_refused");
        }
        let g = Graph::new();
        let x = g.leaf(2.0);
        // The keys take 40 MB. Recording them needs 80 MB more for handles and values, and 20 MB stay.
        let keys = vec![x; 5_000_000];
        let mut recorded = 0;
        let error = loop {
            match g.try_record(Op::Mean, NO_IMM, &keys) {
                Ok(_) => recorded += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, Error::OutOfMemory { .. }), "{error}");
        assert_eq!(g.len(), 1 + recorded);
        assert_eq!(g.value(g.sin(x)), 2f64.sin());
    }
}
