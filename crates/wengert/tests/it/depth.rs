//! Depth: nothing recurses. A chain of ten million nodes is built, swept, recomputed and dropped on a stack of 64 KiB.
//! Every other derivative works on a long chain too.

use wengert::Graph;

/// Runs `f` in a thread with a stack of 64 KiB.
fn on_a_small_stack(f: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(64 << 10).spawn(f);
    thread.expect("a thread can be had").join().expect("the stack is enough");
}

#[test]
fn a_chain_of_ten_million_nodes_needs_no_stack() {
    on_a_small_stack(|| {
        const LENGTH: usize = 10_000_000;
        let mut g = Graph::with_capacity(LENGTH);
        let x = g.leaf(0.5);
        let mut l = x;
        while g.len() + 2 <= LENGTH {
            l = g.neg(g.neg(l));
        }
        l = g.add(l, x);
        assert_eq!(g.len(), LENGTH);
        g.backward(l);
        assert_eq!((g.value(l), g.grad(x)), (1.0, 2.0));
        g.set(x, 3.0);
        g.forward().unwrap();
        assert_eq!(g.value(l), 6.0);
        let keep = g.mark();
        g.sin(l);
        g.rewind(keep);
        g.backward(l);
        assert_eq!(g.grad(x), 2.0);
        drop(g);
    });
}

#[test]
fn every_derivative_of_a_long_chain_needs_no_stack() {
    on_a_small_stack(|| {
        let g = Graph::new();
        let x = g.leaf(0.5);
        let mut e = g.expr(x);
        for _ in 0..10_000 {
            e = e.sin() * 1.0001 + e * 0.00005;
        }
        let l = e.id();
        let slope = g.vjp(&[(l, 1.0)], &[x])[0];
        let close = |got: f64| (got / slope - 1.0).abs() < 1e-9;
        assert!(slope.is_finite() && slope != 0.0);
        assert!(close(g.jvp(&[(x, 1.0)], &[l])[0]));
        assert!(close(g.jacobian(&[l], &[x])[0][0]));
        assert!(close(g.taylor::<3>(l, &[x], &[1.0])[1]));
        let curvature = g.hvp(l, &[x], &[1.0])[0];
        assert!((g.hessian(l, &[x])[0][0] / curvature - 1.0).abs() < 1e-9);
        assert!((g.sparse_hessian(l, &[x]).get(0, 0) / curvature - 1.0).abs() < 1e-9);
        let one = g.constant(1.0);
        assert!(close(g.value(g.jvp_nodes(&[(x, one)], &[l])[0])));
        let as_graph = g.gradient_nodes(l, &[x])[0];
        assert!(close(g.value(as_graph)));
        assert!((g.vjp(&[(as_graph, 1.0)], &[x])[0] / curvature - 1.0).abs() < 1e-6);
        assert!(g.to_string().lines().count() == g.len());
    });
}
