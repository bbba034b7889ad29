//! A panic of a plain method points to the line that called it, not into the engine.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::{Arc, Mutex};

use wengert::{Dual, Expr, Graph, NO_IMM, NodeId, Op, Scalar, Series};

/// An expression of a graph that no closure is given.
fn foreign() -> Expr<'static> {
    Box::leak(Box::new(Graph::new())).var(2.0)
}

#[test]
fn a_refusal_points_to_the_line_that_asked() {
    let place = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&place);
    set_hook(Box::new(move |panic| {
        *seen.lock().unwrap() = panic.location().map_or_else(String::new, |at| at.file().to_owned());
    }));
    let wrong = NodeId::default();
    type Call = fn(&mut Graph, NodeId);
    let calls: [(&str, Call); 29] = [
        ("value", |g, x| _ = g.value(x)),
        ("set", |g, x| g.set(x, 1.0)),
        ("backward", |g, x| g.backward(x)),
        ("grad", |g, x| _ = g.grad(x)),
        ("label", |g, x| g.label(x, "x")),
        ("node", |g, x| _ = g.node(x)),
        ("expr", |g, x| _ = g.expr(x).value()),
        ("sin", |g, x| _ = g.sin(x)),
        ("mul", |g, x| _ = g.mul(x, x)),
        ("lt", |g, x| _ = g.lt(x, x)),
        ("sum", |g, x| _ = g.sum(&[x])),
        ("hessian", |g, x| _ = g.hessian(x, &[x])),
        ("gradient", |g, x| _ = g.gradient(x, &[x])),
        ("apply of a number", |_, _| _ = f64::apply(Op::Add, NO_IMM, &[1.0])),
        ("apply of a dual", |_, _| _ = Dual::<1>::apply(Op::Add, NO_IMM, &[])),
        ("apply of a series", |_, _| {
            _ = Series::<2>::apply(Op::Leaf, NO_IMM, &[])
        }),
        ("apply of an expression", |g, _| {
            _ = Expr::apply(Op::Sin, NO_IMM, &[g.var(1.0); 2]).value()
        }),
        ("gradient of a closure", |_, _| {
            _ = wengert::gradient(|_| foreign(), &[1.0])
        }),
        ("hessian of a closure", |_, _| {
            _ = wengert::hessian(|_| foreign(), &[1.0])
        }),
        ("sparse jacobian of a closure", |_, _| {
            _ = wengert::sparse_jacobian(|_| vec![foreign()], &[1.0])
        }),
        ("check of a closure", |_, _| {
            _ = wengert::check_gradient(|_| foreign(), &[1.0])
        }),
        ("jvp of a closure", |_, _| _ = wengert::jvp(|x| x.to_vec(), &[1.0], &[])),
        ("exprs", |g, x| _ = g.exprs(&[x]).len()),
        ("id of a constant", |_, _| _ = Expr::constant(1.0).id()),
        ("input of a dual", |_, _| _ = Dual::<1>::input(1.0, 1)),
        ("derivative of a series", |_, _| _ = Series::<2>::new(1.0).derivative(2)),
        ("a product with too short a vector", |g, _| {
            let x = g.leaf(1.0);
            _ = g.sparse_jacobian(&[x], &[x]).times(&[]);
        }),
        ("a fold of numbers", |_, _| _ = f64::max_of(&[])),
        ("a fold of expressions", |g, _| {
            _ = Scalar::dot(&[g.var(1.0)], &[]).value()
        }),
    ];
    for (name, call) in calls {
        let mut g = Graph::new();
        assert!(catch_unwind(AssertUnwindSafe(|| call(&mut g, wrong))).is_err());
        let place = place.lock().unwrap().clone();
        assert!(place.ends_with("places.rs"), "{name} points to {place}");
    }
}
